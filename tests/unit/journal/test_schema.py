"""Opening a journal: newer, foreign, damaged files; and making room on the user's word."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.unit.journal import samples
from trader_gui.errors import UserError
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.schema import VERSION, JournalDamagedError, connect_for_writing, move_aside
from trader_gui.journal.writer import JournalWriter, open_journal


def make(path: Path, intents: int) -> None:
    async def main() -> None:
        async with open_journal(path) as journal:
            for number in range(1, intents + 1):
                await journal.write_intent(samples.approved(number))

    asyncio.run(main())


def open_and_close(path: Path) -> None:
    async def main() -> None:
        async with open_journal(path):
            pass

    asyncio.run(main())


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    make(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    for attempt in (open_and_close, JournalReader):
        with pytest.raises(UserError, match="newer version"):
            attempt(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    connection.close()
    with pytest.raises(UserError, match="no journal of this program"):
        open_and_close(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    connection.close()


def test_a_file_that_is_no_database_is_named_and_moved_aside_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    for attempt in (open_and_close, JournalReader):
        with pytest.raises(JournalDamagedError, match=r"journal\.sqlite is damaged.*move it aside") as caught:
            attempt(path)
    assert caught.value.path == path
    assert path.read_bytes().startswith(b"not a database")
    (tmp_path / "journal.sqlite-wal").write_bytes(b"belongs to it")
    aside = move_aside(path)
    assert aside.read_bytes().startswith(b"not a database")
    assert (tmp_path / (aside.name + "-wal")).exists() and not (tmp_path / "journal.sqlite-wal").exists()
    open_and_close(path)


def test_damage_inside_is_found_after_a_session_that_did_not_end(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    make(path, 400)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM session_end")
    connection.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(JournalDamagedError, match="is damaged"):
        open_and_close(path)


def test_a_refused_opening_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database at all" * 100)

    async def main() -> None:
        with pytest.raises(JournalDamagedError):
            await JournalWriter.open(path)
        move_aside(path)
        async with open_journal(path) as journal:
            assert journal.next_sequence == 1

    asyncio.run(main())


def test_the_disk_has_a_commit_before_it_returns(tmp_path: Path) -> None:
    connection = connect_for_writing(tmp_path / "journal.sqlite")
    try:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    finally:
        connection.close()
