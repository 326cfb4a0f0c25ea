"""Rules of the whole suite: Qt offscreen, no network but loopback, no real keyring, nothing left running, no stray log.

A test fails when it leaves a task or a thread behind, opens a socket off loopback, or logs a warning that it did not
announce with the `expect_log` fixture. Sub-processes inherit the environment set here: offscreen Qt, and a keyring
that refuses.
"""

import asyncio
import logging
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
# Font look-ups of a bare machine are no defect of ours.
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.fonts=false;qt.text.font.db=false")
if sys.platform.startswith("linux"):
    # Without it Qt warns; and a test must never write into the home of the person who runs it.
    _home = Path(tempfile.mkdtemp(prefix="trader-gui-tests-"))
    for _name, _sub in (("XDG_RUNTIME_DIR", "run"), ("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config")):
        (_home / _sub).mkdir(mode=0o700)
        os.environ[_name] = str(_home / _sub)

import pytest
from hypothesis import settings

# Fixed seeds, and no deadline: the machine that runs this may be busy with other work.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")

T = TypeVar("T")
_LOOPBACK = re.compile(r"^(127\.\d+\.\d+\.\d+|::1|localhost)$")
_THREAD_GRACE_S = 5.0
_OTHERS_THREADS = ("pytest_timeout", "Dummy-")


def pytest_unconfigure() -> None:
    """Remove the directories that stood in for the user's own."""
    if sys.platform.startswith("linux"):
        import shutil

        shutil.rmtree(_home, ignore_errors=True)


# ---- network ------------------------------------------------------------------------------------------------------


def _check_loopback(address: object) -> None:
    host = address[0] if isinstance(address, tuple) else None
    if host is not None and not _LOOPBACK.match(str(host)):
        raise AssertionError(f"a test reached for {address!r}: only loopback is allowed")


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[None]:
    """Refuse sockets and name look-ups off loopback (AF_UNIX addresses are no tuples and pass)."""

    def guard(method: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(self: socket.socket, *args: Any) -> Any:
            _check_loopback(args[-1])
            return method(self, *args)

        return guarded

    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name:
            _check_loopback((name,))
        return look_up(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("bind", "connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guard(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


# ---- things left over ---------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """Fail a test that leaves a thread, or a task that `asyncio.run` had to cancel."""
    before = set(threading.enumerate())
    left_tasks: list[str] = []
    cancel_all = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]

    def note_and_cancel(loop: asyncio.AbstractEventLoop) -> None:
        left_tasks.extend(task.get_name() + f" ({task.get_coro()!r})" for task in asyncio.all_tasks(loop))
        cancel_all(loop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.runners, "_cancel_all_tasks", note_and_cancel)
        yield
    assert not left_tasks, f"tasks left behind: {left_tasks}"
    left_threads = [t for t in threading.enumerate() if t not in before and not t.name.startswith(_OTHERS_THREADS)]
    deadline = time.monotonic() + _THREAD_GRACE_S
    for thread in left_threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    still = [t.name for t in left_threads if t.is_alive()]
    assert not still, f"threads left behind: {still}"


# ---- log ----------------------------------------------------------------------------------------------------------


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.expected: list[str] = []
        self.allowed: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")

    def check(self) -> None:
        stray = [line for line in self.lines if not any(re.search(p, line) for p in (*self.expected, *self.allowed))]
        assert not stray, f"logged without being announced with expect_log: {stray}"
        missing = [p for p in self.expected if not any(re.search(p, line) for line in self.lines)]
        assert not missing, f"announced with expect_log, never logged: {missing}"


@pytest.fixture(autouse=True)
def _log_collector() -> Iterator[_Collector]:
    """Fail a test that logs a warning or worse which it did not announce."""
    collector = _Collector()
    root = logging.getLogger()
    root.addHandler(collector)
    yield collector
    root.removeHandler(collector)
    collector.check()


@pytest.fixture
def expect_log(_log_collector: _Collector) -> Callable[[str], None]:
    """Announce a warning: a regular expression searched in `LEVEL logger: message`; it must come at least once."""
    return _log_collector.expected.append


@pytest.fixture
def allow_log(_log_collector: _Collector) -> Callable[[str], None]:
    """Announce a warning that may come or not, as time goes."""
    return _log_collector.allowed.append


# ---- Qt and asyncio -----------------------------------------------------------------------------------------------


@pytest.fixture
def qt_run(qapp: Any) -> Callable[..., Any]:
    """Run one coroutine on a Qt-backed loop; fail if it leaves a task behind."""
    from qasync import QEventLoop

    qapp.setQuitOnLastWindowClosed(False)

    def run(coro: Coroutine[Any, Any, T], timeout_s: float = 5.0) -> T:
        async def bounded() -> T:
            try:
                async with asyncio.timeout(timeout_s):
                    return await coro
            finally:
                left = [t.get_name() for t in asyncio.all_tasks() if t is not asyncio.current_task()]
                assert not left, f"tasks left behind: {left}"

        with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp)) as runner:
            return runner.run(bounded())

    return run


# ---- keyring ------------------------------------------------------------------------------------------------------


@pytest.fixture
def memory_keyring() -> Iterator[Any]:
    """A working key store in memory, in place of the refusing one; its `entries` map (service, name) to a secret."""
    import keyring
    from keyring.backend import KeyringBackend
    from keyring.errors import PasswordDeleteError

    class MemoryKeyring(KeyringBackend):
        """Keeps entries in a dictionary."""

        priority = 1.0  # type: ignore[assignment]

        def __init__(self) -> None:
            super().__init__()
            self.entries: dict[tuple[str, str], str] = {}

        def get_password(self, service: str, username: str) -> str | None:
            return self.entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.entries[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            try:
                del self.entries[service, username]
            except KeyError:
                raise PasswordDeleteError(username) from None

    former = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(former)
