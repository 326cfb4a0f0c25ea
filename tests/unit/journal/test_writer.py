"""The writer: durability, refusal, trouble with the disk, and what it costs."""

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.unit.journal import samples
from trader_gui.errors import BugError, UserError
from trader_gui.journal import writer as writer_module
from trader_gui.journal.migrations import VERSION
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.writer import JournalWriter, open_journal

REPOSITORY = Path(__file__).resolve().parents[3]

KILLED_PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.unit.journal import samples
from trader_gui.journal.writer import JournalWriter

async def main():
    journal = await JournalWriter.open(Path(sys.argv[1]))
    for number in range(journal.next_sequence, 1_000_000):
        journal.record_step(samples.evaluation_step(number, number % 2 == 0, 1.0))
        approved = samples.approved(number)
        await journal.write_intent(approved)
        print(approved.client_order_id, flush=True)

asyncio.run(main())
"""


def test_an_acknowledged_intent_survives_a_kill_at_any_instant(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    instants = random.Random(7)
    acknowledged: list[str] = []
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED_PROGRAM, str(path)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )
        assert child.stdout is not None
        # Kill somewhere inside a later write: after a random number of acknowledgements and a random delay.
        for _ in range(instants.randrange(1, 12)):
            acknowledged.append(child.stdout.readline().strip())
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(instants.uniform(0, 0.02))
        child.kill()
        acknowledged += child.stdout.read().split()
        child.stdout.close()
        assert child.wait() != 0
    assert all(acknowledged)
    with JournalReader(path) as reader:
        on_disk = list(reader.intents())
        assert reader.next_sequence() == len(on_disk) + 1
    assert set(acknowledged) <= set(on_disk)
    assert len(set(acknowledged)) == len(acknowledged) >= 4


def test_an_intent_is_on_disk_when_write_intent_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def main() -> None:
        async with open_journal(path) as journal:
            await journal.write_intent(samples.approved(1))
            with JournalReader(path) as reader:  # another connection sees what is committed, nothing else
                assert reader.intents() == {samples.approved(1).client_order_id: samples.intent(1)}

    asyncio.run(main())


def test_an_amendment_is_on_disk_when_write_intent_returns(tmp_path: Path) -> None:
    path, amend = tmp_path / "journal.sqlite", samples.approved_amend(1)

    async def main() -> None:
        async with open_journal(path) as journal:
            await journal.write_intent(samples.approved(1))
            for _ in range(2):  # an order may be amended as often as one likes
                await journal.write_intent(amend)
            with JournalReader(path) as reader:
                assert reader.order_messages(amend.client_order_id) == (amend.intent, amend.intent)
                assert reader.next_sequence() == 2

    asyncio.run(main())


def test_an_intent_is_on_disk_before_its_order_is_sent_under_load_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def main() -> None:
        async with open_journal(path) as journal:
            with JournalReader(path) as reader:
                for number in range(1, 11):
                    for sequence in range(1_500):  # some seconds of a wild market, all at once
                        journal.record_step(samples.evaluation_step(sequence, sequence % 2 == 0, 1.0))
                    await journal.write_intent(samples.approved(number))
                    assert len(reader.intents()) == number
            assert journal.lost == 0

    asyncio.run(main())


def test_prefix_and_count_continue_and_differ_between_journals(tmp_path: Path) -> None:
    async def one_session(path: Path, number: int) -> tuple[str, int]:
        async with open_journal(path) as journal:
            found = journal.id_prefix, journal.next_sequence
            await journal.write_intent(samples.approved(number))
            return found

    async def main() -> None:
        first = await one_session(tmp_path / "a.sqlite", 1)
        again = await one_session(tmp_path / "a.sqlite", 41)
        third = await one_session(tmp_path / "a.sqlite", 42)
        other = await one_session(tmp_path / "b.sqlite", 1)
        assert (first[1], again[1], third[1]) == (1, 2, 42)
        assert first[0] == again[0] == third[0] != other[0]
        assert len(first[0]) <= 16 and first[0].isalnum()

    asyncio.run(main())


def test_a_client_order_id_is_never_taken_twice(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_journal(tmp_path / "journal.sqlite") as journal:
            await journal.write_intent(samples.approved(1))
            with pytest.raises(BugError, match="TTEST-en-1"):
                await journal.write_intent(samples.approved(1))
            await journal.write_intent(samples.approved(2))
            assert journal.failure == ""

    asyncio.run(main())


def test_a_second_process_is_refused_by_name_and_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED_PROGRAM, str(path)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert child.stdout is not None
    child.stdout.readline()

    async def main() -> None:
        with pytest.raises(UserError, match=rf"in use by PID {child.pid}\b"):
            await JournalWriter.open(path)
        os.kill(child.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        child.wait()
        async with open_journal(path) as journal:
            assert journal.next_sequence > 1

    try:
        asyncio.run(main())
    finally:
        child.stdout.close()


def test_a_full_disk_refuses_intents_keeps_records_and_recovers(tmp_path: Path, expect_log) -> None:
    path = tmp_path / "journal.sqlite"
    expect_log("ERROR.*disk is full; free some space")
    expect_log("WARNING.*is being written again")
    pages: list[int] = []
    former = writer_module.connect_for_writing

    def small(where: Path) -> sqlite3.Connection:
        connection = former(where)
        pages.append(connection.execute("PRAGMA page_count").fetchone()[0])
        connection.execute(f"PRAGMA max_page_count = {pages[0]}")
        connection_box.append(connection)
        return connection

    connection_box: list[sqlite3.Connection] = []
    grow = threading.Event()

    async def main() -> None:
        journal = await JournalWriter.open(path)
        work = journal._write_waiting

        def with_room(connection, rows):  # pragmas belong to the writer's thread
            if grow.is_set():
                connection.execute("PRAGMA max_page_count = 100000")
            return work(connection, rows)

        journal._write_waiting = with_room  # type: ignore[method-assign]
        for sequence in range(1, 200):
            journal.record_step(samples.evaluation_step(sequence, sequence % 2 == 0, float(sequence)))
        with pytest.raises(UserError, match="disk is full"):
            await journal.write_intent(samples.approved(1))
        assert "disk is full" in journal.failure
        grow.set()
        await journal.write_intent(samples.approved(2))
        assert journal.failure == ""
        await journal.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_module, "connect_for_writing", small)
        asyncio.run(main())
    with JournalReader(path) as reader:
        session = reader.last_session()
        assert session is not None and session.end_reason == "closed"
        assert [step.sequence for step in reader.steps(session.session_id)] == list(range(1, 200))
        assert list(reader.intents()) == [samples.approved(2).client_order_id]


def test_a_full_queue_is_told_and_noted(tmp_path: Path, expect_log) -> None:
    path = tmp_path / "journal.sqlite"
    expect_log("ERROR.*cannot keep up")
    expect_log("WARNING.*is being written again")

    async def main() -> None:
        journal = await JournalWriter.open(path, queue_limit=10)
        for sequence in range(1, 1001):  # no await in between: the loop's thread alone fills the queue
            journal.record_step(samples.evaluation_step(sequence, True, 1.0, wish=True))
        told = journal.failure, journal.lost
        await journal.flush()
        assert "cannot keep up" in told[0] and told[1] > 0
        assert journal.failure == ""
        await journal.close()

    with pytest.MonkeyPatch.context() as patch:
        # The writer's thread must not take records before the queue is full.
        patch.setattr(writer_module, "BATCH_INTERVAL_S", 30.0)
        asyncio.run(main())
    with JournalReader(path) as reader:
        session = reader.last_session()
        assert session is not None
        stored = [step.sequence for step in reader.steps(session.session_id)]
        assert stored == list(range(1, len(stored) + 1))
        assert [n.text for n in reader.notes(session.session_id)] == [f"{1000 - len(stored)} records were lost"]


def test_a_journal_of_a_newer_version_is_looked_at_and_takes_nothing(tmp_path: Path, expect_log) -> None:
    path = tmp_path / "journal.sqlite"
    expect_log("ERROR.*newer version of this program")

    async def main() -> None:
        async with open_journal(path) as journal:
            await journal.write_intent(samples.approved(4))
            prefix = journal.id_prefix
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {VERSION + 1}")
        before = path.read_bytes()
        async with open_journal(path) as journal:
            assert (journal.id_prefix, journal.next_sequence) == (prefix, 5)
            assert "newer version" in journal.failure and journal.failed_since_ms is not None
            journal.record_step(samples.evaluation_step(1, True, 1.0))
            with pytest.raises(UserError, match="newer version"):
                await journal.write_intent(samples.approved(5))
        assert path.read_bytes() == before
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("ALTER TABLE installation RENAME TO something_else")
        with pytest.raises(UserError, match="newer version"):  # not even that can be looked at
            await JournalWriter.open(path)

    asyncio.run(main())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    async def main() -> None:
        with pytest.raises(UserError, match=r"cannot write to .*file.*--data-dir"):
            await JournalWriter.open(tmp_path / "file" / "journal.sqlite")

    asyncio.run(main())


def test_a_session_that_fails_is_marked_so_and_a_closed_journal_takes_no_intent(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def main() -> None:
        with pytest.raises(RuntimeError):
            async with open_journal(path, profile="demo", symbol="BTCUSDT", interval="1m") as journal:
                raise RuntimeError
        with pytest.raises(UserError, match="closed"):
            await journal.write_intent(samples.approved(1))
        await journal.close()

    asyncio.run(main())
    with JournalReader(path) as reader:
        session = reader.last_session()
        assert session is not None
        assert (session.profile, session.symbol, session.interval, session.end_reason) == (
            "demo",
            "BTCUSDT",
            "1m",
            "failed",
        )


def test_what_is_closed_is_whole_in_its_file_though_somebody_reads_on(tmp_path: Path) -> None:
    """A copy of the file alone is the journal, and an older copy put back is not mixed with a newer log."""
    path, copy = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"

    async def main() -> None:
        async with open_journal(path) as journal:
            await journal.write_intent(samples.approved(1))
            reader = JournalReader(path)
            assert list(reader.intents()) == [samples.approved(1).client_order_id]
        copy.write_bytes(path.read_bytes())
        reader.close()

    asyncio.run(main())
    with JournalReader(copy) as reader:
        assert list(reader.intents()) == [samples.approved(1).client_order_id]


def test_a_cancelled_writer_of_an_intent_does_not_disturb_the_next(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_journal(tmp_path / "journal.sqlite") as journal:
            first = asyncio.create_task(journal.write_intent(samples.approved(1)))
            await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            await journal.write_intent(samples.approved(2))

    asyncio.run(main())


def test_market_data_is_not_stored_and_taking_a_step_is_cheap(tmp_path: Path) -> None:
    async def main() -> int:
        async with open_journal(tmp_path / "journal.sqlite") as journal:
            journal.record_step(samples.message_step(1, samples.kline()))
            assert journal.backlog == 0
            journal.record_step(samples.evaluation_step(2, True, 1.0))
            return journal.backlog

    assert asyncio.run(main()) == 1
