"""SQLite tables and migrations by `user_version`; opening a journal, and what its errors mean to the user."""

import secrets
import sqlite3
from pathlib import Path

from trader_gui.errors import UserError

APPLICATION_ID = 0x54475549
"""Marks the file as a journal of this program ("TGUI")."""

_PREFIX_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY_LIMIT_S = 5.0

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE installation (prefix TEXT NOT NULL)",
        """CREATE TABLE session (id INTEGER PRIMARY KEY, profile TEXT NOT NULL, symbol TEXT NOT NULL,
            interval TEXT NOT NULL, version TEXT NOT NULL, started_ms INTEGER NOT NULL)""",
        """CREATE TABLE session_end (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL UNIQUE,
            ended_ms INTEGER NOT NULL, reason TEXT NOT NULL)""",
        """CREATE TABLE intent (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL,
            client_order_id TEXT NOT NULL UNIQUE, sequence INTEGER NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
            purpose TEXT NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL, wanted_time_ms INTEGER NOT NULL,
            payload BLOB NOT NULL)""",
        """CREATE TABLE step (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
            event_time_ms INTEGER NOT NULL, reason TEXT NOT NULL, payload BLOB)""",
        """CREATE TABLE order_event (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
            event_time_ms INTEGER NOT NULL, kind TEXT NOT NULL, client_order_id TEXT NOT NULL,
            payload BLOB NOT NULL)""",
        """CREATE TABLE fill (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, symbol TEXT NOT NULL,
            trade_id INTEGER NOT NULL, trade_time_ms INTEGER NOT NULL, client_order_id TEXT NOT NULL,
            payload BLOB NOT NULL, UNIQUE (symbol, trade_id))""",
        """CREATE TABLE account (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
            event_time_ms INTEGER NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL)""",
        """CREATE TABLE note (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, event_time_ms INTEGER NOT NULL,
            kind TEXT NOT NULL, text TEXT NOT NULL)""",
        "CREATE INDEX step_by_session ON step (session_id, id)",
        "CREATE INDEX order_event_by_order ON order_event (client_order_id, id)",
        "CREATE INDEX account_by_kind ON account (kind, id)",
    ),
)
"""Statements from version n to n + 1; a published step is never edited, only followed by another."""

VERSION = len(MIGRATIONS)
NUMBERED_TABLES = ("session", "session_end", "intent", "step", "order_event", "fill", "account", "note")
"""Tables whose ids come from one common count."""


class JournalDamagedError(UserError):
    """The journal's file is damaged; `move_aside(path)` makes room for a new one, on the user's word only.

    Attributes:
        path: The damaged file.
    """

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"the journal {path} is damaged ({detail}): restore a backup of it, or move it aside to start a new one"
        )
        self.path = path


def connect_for_writing(path: Path) -> sqlite3.Connection:
    """Open the journal, make or migrate its tables; the connection belongs to the calling thread.

    Raises:
        UserError: It cannot be written, belongs to a newer version or to another program.
        JournalDamagedError: It is damaged.
    """
    try:
        connection = sqlite3.connect(path, timeout=_BUSY_LIMIT_S, isolation_level=None)
    except sqlite3.Error as error:
        raise as_user_error(path, error) from error
    try:
        _set_up(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise as_user_error(path, error) from error
    except UserError:
        connection.close()
        raise
    return connection


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open the journal read-only; a file that does not exist reads as an empty journal.

    Raises:
        UserError: As `connect_for_writing`.
    """
    try:
        if not path.exists():
            connection = sqlite3.connect(":memory:", isolation_level=None)
            _migrate(connection, 0)
            return connection
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_LIMIT_S)
        try:
            _check_version(connection, path)
        except (sqlite3.Error, UserError):
            connection.close()
            raise
        return connection
    except sqlite3.Error as error:
        raise as_user_error(path, error) from error


def as_user_error(path: Path, error: sqlite3.Error) -> UserError:
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
    return UserError(f"cannot use the journal {path} ({error}): check the disk, or use another --data-dir")


def move_aside(path: Path) -> Path:
    """Rename a damaged journal, with the files that belong to it, and return its new path.

    Only on the user's word: a new journal does not know the orders that are still open.
    """
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + suffix))
    return path.rename(aside)


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    version = _check_version(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL and fullfsync: a commit returns when the disk has it, on macOS too.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    if version < VERSION:
        _migrate(connection, version)
    elif _ended_unexpectedly(connection):
        _check_pages(connection, path)


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not is_empty and application != APPLICATION_ID:
        raise UserError(f"{path} is no journal of this program: use another --data-dir")
    if version > VERSION:
        raise UserError(f"the journal {path} was written by a newer version of this program: use that version")
    return version


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        if version == 0:
            prefix = "T" + "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(7))
            connection.execute("INSERT INTO installation VALUES (?)", (prefix,))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _ended_unexpectedly(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT max(id), max(id) IN (SELECT session_id FROM session_end) FROM session").fetchone()
    return row[0] is not None and not row[1]


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Look the file over; done only after a session that did not end in order, as it reads every page."""
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise JournalDamagedError(path, str(finding))
