"""Opening a journal: newer, older, foreign, damaged files: each is opened, refused or brought up to date in words."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.unit.journal import samples
from trader_gui.domain.order import FillHistory, OrderStatus, OutcomeKind
from trader_gui.errors import UserError
from trader_gui.journal.damage import JournalDamagedError
from trader_gui.journal.migrations import MIGRATIONS, VERSION
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.records import ORDER_KINDS, encode
from trader_gui.journal.schema import APPLICATION_ID, JournalNewerError, connect_for_writing
from trader_gui.journal.writer import open_journal


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


def run(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def make_first_version(path: Path) -> None:
    """Write a journal as the first version of the tables had it: an open order, one that ended, one never heard of."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in MIGRATIONS[0]:
        assert isinstance(statement, str)
        connection.execute(statement)
    connection.execute("INSERT INTO installation VALUES (?)", (samples.PREFIX,))
    connection.execute("INSERT INTO session VALUES (1, 'testnet', 'BTCUSDT', '1m', '0.1.0', 1)")
    row = (2, 1, 1, 1_000, "snapshot", encode(samples.snapshot(amount="0.007")))
    connection.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?)", row)
    for number in (1, 2, 3):
        intent = samples.intent(number)
        row = (2 + number, 1, samples.approved(number).client_order_id, number, intent.symbol, intent.side)
        rest = (intent.purpose, intent.origin, intent.reason, intent.wanted_time_ms, encode(intent))
        connection.execute("INSERT INTO intent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *rest))
    told = samples.update(1, OrderStatus.FILLED, trade=samples.fill(9), executed="0.010")
    for row_id, message in ((10, told), (11, samples.outcome(2, OutcomeKind.ACCEPTED))):
        name = message.order.client_order_id if message is told else message.client_order_id  # type: ignore[union-attr]
        row = (row_id, 1, 1, 2_500, ORDER_KINDS[type(message)], name, encode(message))
        connection.execute("INSERT INTO order_event VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    fill = samples.fill(9)
    row = (12, 1, "BTCUSDT", 9, fill.trade_time_ms, fill.client_order_id, encode(fill))
    connection.execute("INSERT INTO fill VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_an_older_journal_is_copied_then_brought_up_to_date_with_nothing_lost(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    make_first_version(path)
    open_and_close(path)
    copy = tmp_path / "journal.version-1.sqlite"
    assert run(copy, "PRAGMA user_version") == [(1,)]
    assert run(copy, "SELECT count(*) FROM intent") == [(3,)]
    assert run(path, "PRAGMA user_version") == [(VERSION,)]
    with JournalReader(path) as reader:
        belief = reader.belief()
        assert belief is not None
        assert {o.client_order_id: o.status for o in belief.orders} == {
            "TTEST-en-2": OrderStatus.NEW,
            "TTEST-en-3": OrderStatus.UNKNOWN,
        }
        assert belief.newest_trade_ids == {"BTCUSDT": 9}
        assert set(belief.client_order_ids.values()) == {"TTEST-en-1", "TTEST-en-2"}
        assert reader.fills() == (samples.fill(9),)
        assert (reader.id_prefix, reader.next_sequence()) == (samples.PREFIX, 4)
    copied = copy.read_bytes()
    open_and_close(path)
    assert copy.read_bytes() == copied  # made once


@pytest.mark.parametrize("what", ["copy", "migration"])
def test_an_older_journal_is_left_as_it_is_when_it_cannot_be_brought_up_to_date(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    make_first_version(path)
    if what == "copy":
        (tmp_path / "journal.version-1.sqlite").mkdir()  # the copy cannot be put there
    else:
        run(path, "CREATE TABLE venue_order (in_the_way)")
    with pytest.raises(UserError, match="cannot"):
        open_and_close(path)
    assert run(path, "PRAGMA user_version") == [(1,)]
    assert run(path, "SELECT count(*) FROM fill") == [(1,)]
    assert not list(tmp_path.glob("*.new"))


def test_a_reader_says_of_an_older_journal_that_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    make_first_version(path)
    with JournalReader(path) as reader:
        assert len(reader.intents()) == 3
        with pytest.raises(UserError, match="another version of this program"):
            reader.belief()


def test_a_newer_file_is_left_alone_and_can_be_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    make(path, 1)
    run(path, f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(JournalNewerError, match="newer version"):
        connect_for_writing(path)
    with JournalReader(path) as reader:
        assert list(reader.intents()) == ["TTEST-en-1"]
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    run(path, "CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(UserError, match="no journal of this program"):
        open_and_close(path)
    assert run(path, "SELECT name FROM sqlite_master") == [("theirs",)]


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    for attempt in (open_and_close, JournalReader):
        with pytest.raises(JournalDamagedError, match=r"journal\.sqlite is damaged.*move it aside") as caught:
            attempt(path)
    assert caught.value.path == path
    assert path.read_bytes().startswith(b"not a database")


def test_damage_inside_is_found_after_a_session_that_did_not_end(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    make(path, 400)
    run(path, "DELETE FROM session_end")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(JournalDamagedError, match="is damaged"):
        open_and_close(path)


def test_a_record_that_cannot_be_read_is_damage_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def main() -> None:
        async with open_journal(path) as journal:
            journal.record_step(samples.message_step(1, samples.snapshot()))
            journal.record_step(samples.message_step(2, FillHistory("BTCUSDT", (), 0)))

    asyncio.run(main())
    run(path, "UPDATE account SET payload = x'c1'")
    with JournalReader(path) as reader, pytest.raises(JournalDamagedError, match="a record cannot be read"):
        reader.belief()


def test_the_disk_has_a_commit_before_it_returns(tmp_path: Path) -> None:
    connection = connect_for_writing(tmp_path / "journal.sqlite")
    try:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    finally:
        connection.close()
