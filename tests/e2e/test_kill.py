"""`kill -9` in an armed replay: the journal opens, and the next start sends nothing."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import LIMIT_S, ran, started
from tests.session_world import write_walk
from trader_gui.errors import UserError
from trader_gui.journal.reader import JournalReader
from trader_gui.settings import DataDirectory

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, a process is ended in another way")
FILLS_BEFORE = (2, 5, 9)
"""How far each run is let before it is killed."""


@pytest.mark.parametrize("fills", FILLS_BEFORE)
def test_a_killed_session_loses_nothing_and_its_successor_sends_nothing(fills: int, tmp_path: Path) -> None:
    """The moment is as random as the machine, up to a tenth of a second after that many fills are on disk."""
    path = write_walk(tmp_path, 6_000)
    words = ["run", "--profile", "replay", "--data", path, "--json", "--data-dir", tmp_path]
    journal = DataDirectory(tmp_path, "replay").journal_path
    with started(*words, "--speed", "max", "--arm") as process:
        wait_for_fills(process, journal, fills)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(random.Random(fills).uniform(0, 0.1))
        process.kill()
        process.wait()
    with JournalReader(journal) as reader:
        killed = reader.last_session()
        assert killed is not None and killed.ended_ms is None
        told, intents = reader.fills(), reader.intents()
        assert len(told) >= fills
        assert {f.client_order_id for f in told if f.client_order_id.startswith(reader.id_prefix)} <= set(intents)
        assert reader.belief() is not None
        next_sequence = reader.next_sequence()

    again = ran(*words, "--for", 0.5)  # at 1x, not armed
    assert (again.code, again.err) == (0, "")
    summary = again.summary
    assert (summary["orders"], summary["fills"], summary["position_amount"]) == (0, 0, 0.0)
    assert summary["differences"] == []  # the simulated exchange's account is a new one: nothing of before is in it
    with JournalReader(journal) as reader:
        last = reader.last_session()
        assert last is not None and last.session_id > killed.session_id and last.ended_ms is not None
        assert reader.next_sequence() == next_sequence  # nothing new was meant to be sent
        assert reader.fills() == told
        modes = [note.text for note in reader.notes(last.session_id) if note.kind == "mode"]
        assert not any("ACTIVE" in text for text in modes)


def wait_for_fills(process: "subprocess.Popen[str]", journal: Path, fills: int) -> None:
    for _ in range(int(LIMIT_S / 0.02)):
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            pass
        else:
            raise AssertionError(f"it ended too soon: {process.communicate()}")
        if journal.exists() and count_fills(journal) >= fills:
            return
    raise AssertionError("it does not trade")


def count_fills(journal: Path) -> int:
    try:
        with JournalReader(journal) as reader:
            return len(reader.fills())
    except UserError:  # it is being made
        return 0
