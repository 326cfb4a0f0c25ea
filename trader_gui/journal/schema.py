"""Opening a journal: made, migrated, looked over; and what its errors mean to the user."""

import contextlib
import os
import secrets
import sqlite3
from pathlib import Path

from trader_gui.errors import UserError
from trader_gui.journal.damage import JournalDamagedError, salvage
from trader_gui.journal.migrations import MIGRATIONS, VERSION

APPLICATION_ID = 0x54475549
"""Marks the file as a journal of this program ("TGUI")."""

NEXT_SEQUENCE = "SELECT max(first_sequence, coalesce((SELECT max(sequence) FROM intent), 0) + 1) FROM installation"
"""Query for the number of the next client order id."""

_PREFIX_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY_LIMIT_S = 5.0


class JournalNewerError(UserError):
    """A newer version of this program has written the journal: it may be looked at, and nothing may be added."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the journal {path} was written by a newer version of this program: use that version to trade"
        )


def connect_for_writing(path: Path) -> sqlite3.Connection:
    """Open the journal, make or migrate its tables; the connection belongs to the calling thread.

    An older journal is copied to a file beside it before it is migrated.

    Raises:
        UserError: It cannot be written, or belongs to another program.
        JournalNewerError: It was written by a newer version; it is left as it is.
        JournalDamagedError: It is damaged.
    """
    try:
        connection = sqlite3.connect(path, timeout=_BUSY_LIMIT_S, isolation_level=None)
    except sqlite3.Error as error:
        raise as_user_error(path, error) from error
    try:
        _set_up(connection, path)
    except (sqlite3.Error, OSError) as error:
        connection.close()
        raise as_user_error(path, error) from error
    except UserError:
        connection.close()
        raise
    return connection


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open the journal read-only, one of a newer version too; a file that does not exist reads as an empty journal.

    Raises:
        UserError: It cannot be read, or belongs to another program.
        JournalDamagedError: It is damaged.
    """
    try:
        if not path.exists():
            connection = sqlite3.connect(":memory:", isolation_level=None)
            _migrate(connection, 0, _new_prefix(), 1)
            return connection
        address = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY_LIMIT_S, isolation_level=None)
        try:
            _version(connection, path)
        except (sqlite3.Error, UserError):
            connection.close()
            raise
        return connection
    except sqlite3.Error as error:
        raise as_user_error(path, error) from error


def as_user_error(path: Path, error: sqlite3.Error | OSError) -> UserError:
    """Return what a database error means to the user, in one line with its remedy."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return JournalDamagedError(path, str(error))
    if code == sqlite3.SQLITE_FULL:
        return UserError(f"cannot write the journal {path}: the disk is full; free some space")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return UserError(
            f"cannot open the journal {path} ({error}): make it and its folder writable, or use another --data-dir"
        )
    if code == sqlite3.SQLITE_ERROR:
        return UserError(f"cannot read the journal {path} ({error}): it is of another version of this program")
    return UserError(f"cannot use the journal {path} ({error}): check the disk, or use another --data-dir")


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection, path)
    if version > VERSION:
        raise JournalNewerError(path)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL and fullfsync: a commit returns when the disk has it, on macOS too.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    if version == 0:
        _migrate(connection, 0, *(salvage(path) or (_new_prefix(), 1)))
        return
    if _ended_unexpectedly(connection):
        _check_pages(connection, path)
    if version < VERSION:
        _back_up(connection, path.with_name(f"{path.stem}.version-{version}{path.suffix}"))
        _migrate(connection, version)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not is_empty and application != APPLICATION_ID:
        raise UserError(f"{path} is no journal of this program: use another --data-dir")
    return version


def _new_prefix() -> str:
    return "T" + "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(7))


def _migrate(connection: sqlite3.Connection, version: int, prefix: str = "", first_sequence: int = 1) -> None:
    """Bring the tables from `version` to today's, all or nothing; a new journal gets prefix and first number."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[version:]:
            for statement in step:
                if isinstance(statement, str):
                    connection.execute(statement)
                else:
                    statement(connection)
        if version == 0:
            connection.execute("INSERT INTO installation VALUES (?, ?)", (prefix, first_sequence))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the whole journal to `target`, whole or not at all."""
    unfinished = target.with_name(target.name + ".new")
    unfinished.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(unfinished)) as copy:
            connection.backup(copy)
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _ended_unexpectedly(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT max(id), max(id) IN (SELECT session_id FROM session_end) FROM session").fetchone()
    return row[0] is not None and not row[1]


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Look the file over; done only after a session that did not end in order, as it reads every page."""
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise JournalDamagedError(path, str(finding))
