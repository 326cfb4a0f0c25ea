"""`trader-gui run` as a person or a script runs it: its summary, its ends, and what it says to bad input."""

import gzip
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import LIMIT_S, finish, ran, started
from tests.session_world import FILE_NAME, SYMBOL, walk_rows, write_rows, write_walk
from trader_gui.__main__ import main
from trader_gui.credentials import Credentials
from trader_gui.errors import UserError
from trader_gui.journal.lock import FolderLock
from trader_gui.journal.reader import JournalReader
from trader_gui.settings import DataDirectory

KEYS = {
    "klines",
    "messages",
    "orders",
    "fills",
    "trades",
    "realized_pnl",
    "commission",
    "wallet_balance",
    "position_amount",
    "max_orders_in_flight",
}
NO_QT = """
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6", "pyqtgraph", "qasync"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocker())
"""


def test_a_replay_runs_to_its_end_with_qt_absent(tmp_path: Path) -> None:
    path = write_walk(tmp_path)
    words = ["run", "--profile", "replay", "--data", path, "--speed", "max", "--arm", "--json", "--data-dir", tmp_path]
    run = ran(*words, prelude=NO_QT)
    assert (run.code, run.err) == (0, "")
    summary = run.summary
    assert summary.keys() >= KEYS
    assert summary["klines"] == 600
    assert summary["trades"] >= 3
    assert summary["fills"] >= 2 * summary["trades"]
    assert summary["max_orders_in_flight"] == 1
    change = summary["wallet_balance"] - summary["start_wallet_balance"]
    assert abs(change - (summary["realized_pnl"] - summary["commission"] + summary["funding_fee"])) < 1e-8


def test_a_time_ends_it_and_without_json_it_prints_a_table(tmp_path: Path) -> None:
    run = ran("run", "--for", 0.3, "--seed", 2, "--data-dir", tmp_path)
    assert (run.code, run.err) == (0, "")
    names = [line.split()[0] for line in run.out.splitlines()]
    assert set(names) >= KEYS
    assert "orders                0" in run.out  # not armed


@pytest.mark.skipif(sys.platform == "win32", reason="there, signals of POSIX do not exist")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(number: signal.Signals, tmp_path: Path) -> None:
    with started("run", "--json", "--arm", "--seed", 2, "--data-dir", tmp_path) as process:
        wait_for_session(process, tmp_path)
        process.send_signal(number)
        run = finish(process)
    assert (run.code, run.err) == (0, "")
    assert run.summary["profile"] == "demo"
    with JournalReader(DataDirectory(tmp_path, "demo").journal_path) as reader:
        last = reader.last_session()
    assert last is not None and last.ended_ms is not None


def wait_for_session(process: "subprocess.Popen[str]", folder: Path) -> None:
    """Wait until a step of the session is on disk: then it runs."""
    path = DataDirectory(folder, "demo").journal_path
    for _ in range(int(LIMIT_S / 0.05)):
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            pass
        else:
            raise AssertionError(f"it ended by itself: {process.communicate()}")
        if path.exists() and has_steps(path):
            return
    raise AssertionError("the session did not start")


def has_steps(path: Path) -> bool:
    try:
        with JournalReader(path) as reader:
            last = reader.last_session()
            return last is not None and any(True for _ in reader.steps(last.session_id))
    except UserError:  # it is being made
        return False


# ---- bad input ------------------------------------------------------------------------------------------------------

Change = Callable[[list[str]], list[str]]

BAD_ROWS: dict[str, tuple[Change, str]] = {
    "a column is missing": (
        lambda rows: [row.replace(row.split(",")[5] + ",", "", 1) for row in rows],
        "row 2: its close time is not",
    ),
    "gap": (lambda rows: rows[:300] + rows[302:], "row 302: 2 klines are missing before it: choose a file without a"),
    "duplicate": (lambda rows: [*rows[:300], rows[299], *rows[300:]], "row 302: the same open time .* remove"),
    "unordered": (lambda rows: [*rows[:300], rows[301], rows[300], *rows[302:]], "earlier than the row before: sort"),
    "short": (lambda rows: rows[:400], "400 klines, but 500 are needed .*: choose a longer file"),
    "no number": (lambda rows: [*rows[:9], rows[9].replace(".", "x"), *rows[10:]], "row 11: .*no number"),
}


def refused(capfd: pytest.CaptureFixture[str], *words: object) -> str:
    """Run a command that must be refused, and return the one line that it says."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as ended:  # what the argument parser refuses
        code = int(ended.code or 0)
    out, err = capfd.readouterr()
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("trader-gui: ")
    return str(line.removeprefix("trader-gui: "))


def refused_file(capfd: pytest.CaptureFixture[str], folder: Path, path: Path) -> str:
    return refused(capfd, "run", "--profile", "replay", "--data", path, "--data-dir", folder / "data", "--for", 5)


@pytest.mark.parametrize("fault", BAD_ROWS)
def test_a_klines_file_that_cannot_be_trusted(fault: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    change, words = BAD_ROWS[fault]
    line = refused_file(capfd, tmp_path, write_rows(tmp_path / FILE_NAME, change(walk_rows(520, 1))))
    assert line.startswith(FILE_NAME)
    assert re.search(words, line), line


def test_a_table_of_something_else(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / FILE_NAME.removesuffix(".gz")
    path.write_text("time,price\n1,2\n")
    assert "2 columns instead of the 12" in refused_file(capfd, tmp_path, path)
    path.write_text(",".join(["time", "price", *"abcdefghij"]) + "\n")
    assert "the columns are time, price, a" in refused_file(capfd, tmp_path, path)
    path.write_bytes(bytes(range(256)) * 20)
    assert refused_file(capfd, tmp_path, path).startswith(path.name)


def test_a_klines_file_that_was_cut_off_or_is_not_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_walk(tmp_path, 520)
    path.write_bytes(path.read_bytes()[:-2_000])
    line = refused_file(capfd, tmp_path, path)
    assert line.startswith(f"{FILE_NAME} is damaged or cut off") and "download it again" in line
    path.write_bytes(gzip.compress(b""))
    assert refused_file(capfd, tmp_path, path).startswith(FILE_NAME)
    path.unlink()
    assert refused_file(capfd, tmp_path, path) == f"{path} does not exist: choose another file."


def test_a_symbol_that_nobody_knows(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = refused(capfd, "run", "--symbol", "NOPEUSDT", "--data-dir", tmp_path, "--for", 5)
    assert line.startswith("NOPEUSDT is not among") and SYMBOL in line


def test_a_strategy_that_does_not_exist(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = refused(capfd, "run", "--strategy", "nope", "--data-dir", tmp_path, "--for", 5)
    assert "'nope'" in line and "bb_rv" in line


def test_a_seed_below_zero(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for words in (["run", "--data-dir", tmp_path, "--for", 5], ["exchange"]):
        assert refused(capfd, *words, "--seed", -5) == "seed -5 is not possible: choose 0 or more."


def test_a_port_that_is_taken(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        line = refused(capfd, "exchange", "--port", port)
    assert line.startswith(f"port {port} is in use") and "choose another" in line


def test_a_data_directory_that_cannot_be_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Below a regular file: that stops root, too, whom rights do not."""
    (tmp_path / "file").write_text("kept")
    line = refused(capfd, "run", "--data-dir", tmp_path / "file" / "below", "--for", 5)
    assert str(tmp_path / "file" / "below") in line and "--data-dir" in line
    assert (tmp_path / "file").read_text() == "kept"


def test_a_data_directory_that_another_session_has(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock = FolderLock(DataDirectory.open(tmp_path, "demo").folder)
    try:
        line = refused(capfd, "run", "--data-dir", tmp_path, "--for", 5)
    finally:
        lock.release()
    assert str(os.getpid()) in line and "already in use" in line and "--data-dir" in line
    assert main(["run", "--data-dir", str(tmp_path), "--for", "0.1", "--json"]) == 0


def test_a_profile_without_its_key(tmp_path: Path, capfd: pytest.CaptureFixture[str], memory_keyring: object) -> None:
    line = refused(capfd, "run", "--profile", "live", "--data-dir", tmp_path, "--for", 5)
    assert line == "no API key for live: enter it in the window, menu File, Keys…"
    assert Credentials.__name__ not in line


def test_a_system_without_a_key_store(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = refused(capfd, "run", "--profile", "testnet", "--data-dir", tmp_path, "--for", 5)
    assert line.startswith("no key store that protects keys was found") and "install" in line


def test_a_process_says_one_line_and_no_traceback(tmp_path: Path) -> None:
    run = ran("run", "--profile", "replay", "--data", tmp_path / "none.csv", "--data-dir", tmp_path)
    assert (run.code, run.out) == (2, "")
    assert run.err == f"trader-gui: {tmp_path / 'none.csv'} does not exist: choose another file.\n"
