"""A damaged journal is moved aside on the user's word; the new one goes on with its prefix, and never repeats an id."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.journal import samples
from trader_gui.errors import UserError
from trader_gui.journal.damage import JournalDamagedError, move_aside, salvage
from trader_gui.journal.lock import FolderLock
from trader_gui.journal.writer import JournalWriter, open_journal


def write_intents(path: Path, count: int) -> tuple[str, int]:
    """Write intents with ids of the journal's own; return its prefix, and the number of its first one."""

    async def main() -> tuple[str, int]:
        async with open_journal(path) as journal:
            first = journal.next_sequence
            for number in range(first, first + count):
                await journal.write_intent(samples.approved(number, prefix=journal.id_prefix))
            return journal.id_prefix, first

    return asyncio.run(main())


def damage(path: Path) -> None:
    """Overwrite the file's beginning, without which it is no database."""
    content = path.read_bytes()
    path.write_bytes(b"\xff" * 2_000 + content[2_000:])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_a_new_journal_in_place_of_a_damaged_one_keeps_the_prefix_and_counts_on_far_above(path: Path) -> None:
    prefix, _ = write_intents(path, 30)
    damage(path)
    with pytest.raises(JournalDamagedError):
        write_intents(path, 1)
    aside = move_aside(path)
    assert aside.name == "journal.damaged-1.sqlite"
    assert not path.exists()
    assert write_intents(path, 3) == (prefix, 10_000)
    assert write_intents(path, 1) == (prefix, 10_003)


def test_each_time_anew_and_the_files_that_belong_to_it_go_with_it(path: Path) -> None:
    prefix, _ = write_intents(path, 2)
    damage(path)
    move_aside(path)
    write_intents(path, 2)
    damage(path)
    path.with_name("journal.sqlite-wal").write_bytes(f"...{prefix}-hx-23456...".encode())
    aside = move_aside(path)
    assert (aside.name, aside.with_name(f"{aside.name}-wal").exists()) == ("journal.damaged-2.sqlite", True)
    assert [file.name for file in path.parent.glob("journal.sqlite*")] == []
    assert write_intents(path, 1) == (prefix, 30_000)


def test_a_file_without_any_id_gives_a_new_prefix(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)
    move_aside(path)
    assert salvage(path) is None
    prefix, first = write_intents(path, 1)
    assert len(prefix) == 8 and first == 1


def test_ids_are_found_across_the_pieces_that_the_file_is_read_in(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix, _ = write_intents(path, 40)
    damage(path)
    move_aside(path)
    monkeypatch.setattr("trader_gui.journal.damage._CHUNK", 97)
    assert salvage(path) == (prefix, 10_000)


def test_a_journal_in_use_is_not_moved(path: Path) -> None:
    write_intents(path, 1)
    lock = FolderLock(path.parent)
    try:
        with pytest.raises(UserError, match="in use by PID"):
            move_aside(path)
    finally:
        lock.release()
    assert path.exists()


def test_a_refused_opening_leaves_no_lock_behind(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)

    async def main() -> None:
        with pytest.raises(JournalDamagedError):
            await JournalWriter.open(path)
        move_aside(path)
        async with open_journal(path) as journal:
            assert journal.next_sequence == 1

    asyncio.run(main())
