"""The disk under the journal: full, cut off in the middle of a write, torn at its end."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.journal import samples
from trader_gui.errors import UserError
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.writer import JournalWriter, open_journal

REPOSITORY = Path(__file__).resolve().parents[3]
NAMES = ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm")

WRITING_PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.unit.journal import samples
from trader_gui.journal.writer import JournalWriter

async def main():
    journal = await JournalWriter.open(Path(sys.argv[1]))
    journal.record_step(samples.message_step(1, samples.snapshot()))
    for number in range(journal.next_sequence, 1_000_000):
        journal.record_step(samples.evaluation_step(number, number % 2 == 0, 1.0))
        await journal.write_intent(samples.approved(number))
        print(number, flush=True)

asyncio.run(main())
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX systems")


@pytest.fixture
def writing(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Give a program that writes intents without end, and says which are on disk."""
    words = [sys.executable, "-c", WRITING_PROGRAM, str(tmp_path / "live" / "journal.sqlite")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as child:
        yield child
        child.kill()


def acknowledged(child: "subprocess.Popen[str]", count: int) -> int:
    """Let it write so many intents more; return the newest that it has been told to be on disk."""
    assert child.stdout is not None
    return max(int(child.stdout.readline()) for _ in range(count))


def copy_at_one_instant(child: "subprocess.Popen[str]", source: Path, target: Path) -> None:
    """Copy the files as the power would leave them: nothing is written meanwhile."""
    os.kill(child.pid, signal.SIGSTOP)
    try:
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        target.mkdir()
        for name in NAMES:
            shutil.copy(source / name, target / name)
    finally:
        os.kill(child.pid, signal.SIGCONT)


def opened(path: Path) -> list[str]:
    """Open a journal as the next start does, write to it, and return the intents that it had."""

    async def main() -> None:
        async with open_journal(path) as journal:
            await journal.write_intent(samples.approved(journal.next_sequence))

    asyncio.run(main())
    with JournalReader(path) as reader:
        assert reader.belief() is not None
        return list(reader.intents())[:-1]


def test_a_power_cut_at_any_instant_loses_no_intent_that_was_acknowledged(
    writing: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    instants = random.Random(5)
    for number in range(6):
        sure = acknowledged(writing, instants.randrange(5, 60))
        with contextlib.suppress(subprocess.TimeoutExpired):
            writing.wait(instants.uniform(0, 0.004))  # somewhere inside a later write
        folder = tmp_path / f"copy{number}"
        copy_at_one_instant(writing, tmp_path / "live", folder)
        if number % 2:
            (folder / "journal.sqlite-shm").unlink()  # it is but an index, and made anew
        intents = opened(folder / "journal.sqlite")
        assert intents[:sure] == [samples.approved(n).client_order_id for n in range(1, sure + 1)]


def test_a_torn_end_leaves_what_was_written_before_it(writing: "subprocess.Popen[str]", tmp_path: Path) -> None:
    """A disk that lied about what it had written: the last pages are missing, or are not what they were."""
    acknowledged(writing, 40)
    whole = tmp_path / "whole"
    copy_at_one_instant(writing, tmp_path / "live", whole)
    full = [samples.approved(n).client_order_id for n in range(1, 1000)]
    size = (whole / "journal.sqlite-wal").stat().st_size
    tears = random.Random(3)
    for number in range(12):
        folder = tmp_path / f"torn{number}"
        shutil.copytree(whole, folder)
        (folder / "journal.sqlite-shm").unlink()
        wal = folder / "journal.sqlite-wal"
        with wal.open("rb+") as file:
            if number % 2:
                file.truncate(tears.randrange(size // 2, size))
            else:
                file.seek(tears.randrange(size // 2, size))
                file.write(b"\xff" * 700)
        intents = opened(folder / "journal.sqlite")
        assert intents and intents == full[: len(intents)]


FULL_DISK_PROGRAM = """
import asyncio, resource, sys
from pathlib import Path
from tests.unit.journal import samples
from trader_gui.errors import UserError
from trader_gui.journal.writer import JournalWriter

async def main():
    journal = await JournalWriter.open(Path(sys.argv[1]))
    journal.record_step(samples.message_step(1, samples.snapshot()))
    await journal.write_intent(samples.approved(1))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    number = 2
    while not journal.failure:
        try:
            await journal.write_intent(samples.approved(number))
            number += 1
        except UserError as error:
            print("refused", error)
    print("since", journal.failed_since_ms is not None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await journal.write_intent(samples.approved(number))
    print("again", number, repr(journal.failure), journal.failed_since_ms)
    await journal.close()

asyncio.run(main())
"""


def test_a_disk_without_room_refuses_orders_until_there_is_room_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    words = [sys.executable, "-W", "ignore", "-c", FULL_DISK_PROGRAM, str(path)]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=REPOSITORY, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    refused, since, again = ended.stdout.splitlines()
    assert refused.startswith(f"refused cannot use the journal {path} (disk I/O error): check the disk")
    assert since == "since True"
    number = int(again.split()[1])
    assert again == f"again {number} '' None"
    with JournalReader(path) as reader:
        assert list(reader.intents()) == [samples.approved(n).client_order_id for n in range(1, number + 1)]
        session = reader.last_session()
        assert session is not None and session.end_reason == "closed"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_file_system_is_told_and_the_journal_is_whole_afterwards(tmp_path: Path, expect_log, allow_log) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this system mounts nothing")
    expect_log("ERROR.*disk is full; free some space")
    allow_log("WARNING.*is being written again")  # what is smaller than an intent may still fit
    path = small / "journal.sqlite"

    async def main() -> int:
        journal = await JournalWriter.open(path)
        journal.record_step(samples.message_step(1, samples.snapshot()))
        number = 1
        while True:
            try:
                await journal.write_intent(samples.approved(number))
                number += 1
            except UserError as error:
                assert "disk is full; free some space" in str(error)
                break
        assert journal.failure
        await journal.close()
        return number

    try:
        number = asyncio.run(main())
        with JournalReader(path) as reader:
            assert list(reader.intents()) == [samples.approved(n).client_order_id for n in range(1, number)]
            assert reader.belief() is not None
    finally:
        subprocess.run(["umount", str(small)], check=True)
