"""Log: no secret reaches a sink, and no exception goes unseen."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui import log
from trader_gui.errors import UserError
from trader_gui.log import LogSetup, install_exception_hooks, redact, register_secret, start_logging

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[LogSetup]:
    running = start_logging(tmp_path / "demo" / "trader-gui.log")
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _forget_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_secrets", set())


@pytest.mark.parametrize(
    "line",
    [
        f"GET /fapi/v1/order?symbol=BTCUSDT&timestamp=1&signature={'ab' * 32}",
        "GET /x?signature=short&symbol=BTCUSDT",
        f'{{"listenKey": "{KEY}"}}',
        f"connect to wss://example.org/private/ws/{KEY}",
        f"headers {{'X-MBX-APIKEY': '{KEY}'}}",
        "listenKey=abc123",
        "api_secret: hunter2",
    ],
)
def test_what_looks_like_a_secret_is_removed_and_the_rest_kept(line: str) -> None:
    shown = redact(line)
    for secret in (KEY, "ab" * 32, "short", "abc123", "hunter2"):
        assert secret not in shown
    assert "[redacted]" in shown
    assert shown.split("[redacted]")[0] in line


def test_ordinary_lines_stay_as_they_are() -> None:
    line = "order TABCDEFG-en-12 of 0.010 BTCUSDT at 23,847.40 is FILLED, 9007199254740993"
    assert redact(line) == line


@given(st.text(min_size=6), st.text(), st.text())
def test_a_registered_secret_never_passes(secret: str, before: str, after: str) -> None:
    register_secret(secret)
    assert secret not in redact(before + secret + after) or secret in log.REDACTED
    log._secrets.clear()


def test_tracebacks_are_redacted_in_file_and_tail(setup: LogSetup, tmp_path: Path, expect_log) -> None:
    expect_log("request failed")
    register_secret("my-short-secret")
    try:
        raise ValueError(f"https://example.org/?signature={KEY} my-short-secret")
    except ValueError:
        logging.getLogger("trader_gui.exchange").exception("request failed")
    written = (tmp_path / "demo" / "trader-gui.log").read_text(encoding="utf-8")
    (line,) = setup.tail.lines()
    for text in (written, line.text):
        assert "request failed" in text and "ValueError" in text and "[redacted]" in text
        assert KEY not in text and "my-short-secret" not in text
    assert line.level == logging.ERROR


def test_the_tail_keeps_the_newest_and_counts_all(tmp_path: Path) -> None:
    tail = log.LogTail(capacity=3)
    for number in range(5):
        tail.handle(logging.makeLogRecord({"msg": "line %d", "args": (number,), "levelno": logging.INFO}))
    assert [line.text for line in tail.lines()] == ["line 2", "line 3", "line 4"]
    assert [line.text for line in tail.lines(newest=1)] == ["line 4"]
    assert tail.revision == 5


def test_the_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "FILE_BYTES", 2_000)
    running = start_logging(tmp_path / "trader-gui.log")
    for number in range(500):
        logging.getLogger("trader_gui").info("line %d", number)
    running.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == log.FILE_COUNT
    assert sum(file.stat().st_size for file in files) < 11_000
    assert "line 499" in (tmp_path / "trader-gui.log").read_text()


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("in the way")
    with pytest.raises(UserError, match=r"cannot write the log file .*demo.*--data-dir"):
        start_logging(tmp_path / "demo" / "trader-gui.log")


def test_closing_leaves_logging_as_it_was(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    start_logging(tmp_path / "trader-gui.log").close()
    assert (root.level, root.handlers) == before


def _uncaught_in_main() -> None:
    try:
        raise RuntimeError("nobody caught this")
    except RuntimeError:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]


def _uncaught_in_thread() -> None:
    def fails() -> None:
        raise RuntimeError("nobody caught this")

    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()


@pytest.mark.parametrize("uncaught", [_uncaught_in_main, _uncaught_in_thread])
def test_an_uncaught_exception_is_logged_and_handed_on(uncaught: Callable[[], None], expect_log) -> None:
    expect_log("CRITICAL.*uncaught exception")
    errors: list[BaseException] = []
    former = sys.excepthook, threading.excepthook
    restore = install_exception_hooks(errors.append)
    try:
        uncaught()
    finally:
        restore()
    assert [str(error) for error in errors] == ["nobody caught this"]
    assert (sys.excepthook, threading.excepthook) == former
