"""Keys in a real Secret Service: stored, read by a new process, locked, absent; and in no file of ours.

Each test starts its own D-Bus session and gnome-keyring in a home of its own; nothing of the user's is touched.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

NEEDED = ("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
MISSING = [program for program in NEEDED if shutil.which(program) is None]
REPOSITORY = Path(__file__).resolve().parents[2]
KEY, SECRET = "key-Q0Zb41vHsampleKeyNotReal", "secret-7exampleNotRealEither"
LIMIT_S = 30

pytestmark = [
    pytest.mark.keyring,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the Secret Service is a thing of Linux"),
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (packaging/dev.py test as root does)"
    ),
]

PROGRAM = """
import asyncio, logging, sys
from pathlib import Path
from trader_gui.credentials import Credentials, KeyStore
from trader_gui.errors import UserError
from trader_gui.journal.writer import open_journal
from trader_gui.log import start_logging
from trader_gui.settings import DataDirectory, load_settings

async def main(command, data, *words):
    directory = DataDirectory.open(Path(data), "testnet")
    setup = start_logging(directory.log_path)
    settings = load_settings(directory)
    settings.save_trading(settings.trading)
    store = KeyStore()
    async with open_journal(directory.journal_path) as journal:
        if command == "save":
            keys = Credentials(*words)
            await store.save("testnet", keys)
            logging.getLogger("trader_gui").info("saved %r %s %s", keys, keys.api_key, keys.api_secret)
            journal.note("keys", repr(keys), 0)
        elif command == "load":
            keys = await store.load("testnet")
            print("none" if keys is None else f"{keys.api_key} {keys.api_secret}")
        else:
            await store.delete("testnet")
    setup.close()

try:
    asyncio.run(main(*sys.argv[1:]))
except UserError as error:
    print(f"UserError: {error}")
"""


class Session(NamedTuple):
    """A D-Bus session of its own: what a process started in it needs."""

    environment: dict[str, str]
    home: Path

    def program(self, *words: str, **extra: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, words[0], str(self.home / "data"), *words[1:]],
            env={**self.environment, **extra},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextlib.contextmanager
    def key_store(self, password: bytes | None) -> Iterator[None]:
        """Run gnome-keyring, unlocked with `password`; None leaves its collection locked."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        if password is not None:
            command.append("--unlock")
        daemon = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            assert daemon.stdin is not None
            with daemon.stdin:
                daemon.stdin.write(password + b"\n" if password is not None else b"")
            self._wait_for_service(daemon)
            yield
        finally:
            daemon.terminate()
            daemon.wait(LIMIT_S)

    def _wait_for_service(self, daemon: "subprocess.Popen[bytes]") -> None:
        ask = "dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner"
        for _ in range(600):  # each question takes some milliseconds
            assert daemon.poll() is None, "gnome-keyring-daemon ended"
            answer = subprocess.run(
                [*ask.split(), "string:org.freedesktop.secrets"],
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
            if "true" in answer.stdout:
                return
        raise AssertionError("gnome-keyring-daemon did not offer its service")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
    }
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert bus.stdout is not None
        address = bus.stdout.readline().strip()
        assert address, "dbus-daemon did not start"
        yield Session({**environment, "DBUS_SESSION_BUS_ADDRESS": address}, home)
    finally:
        bus.terminate()
        bus.wait(LIMIT_S)
        assert bus.stdout is not None
        bus.stdout.close()


def test_keys_survive_a_restart_and_are_in_no_file_in_clear(session: Session) -> None:
    with session.key_store(b"password"):
        assert session.program("save", KEY, SECRET) == ""
        assert session.program("load") == f"{KEY} {SECRET}"
    with session.key_store(b"password"):  # the service itself was restarted too
        assert session.program("load") == f"{KEY} {SECRET}"
        files = [path for path in session.home.rglob("*") if path.is_file()]
        assert {"journal.sqlite", "trader-gui.log", "settings.json", "login.keyring"} <= {path.name for path in files}
        for path in files:
            content = path.read_bytes()
            assert KEY.encode() not in content and SECRET.encode() not in content, path
        assert session.program("delete") == ""
        assert session.program("load") == "none"


def test_a_locked_store_is_told_and_loses_nothing(session: Session) -> None:
    with session.key_store(b"password"):
        session.program("save", KEY, SECRET)
    with session.key_store(None):
        for command in (("load",), ("save", "other-key", "other-secret")):
            assert session.program(*command).startswith("UserError: the system's key store is locked: unlock it")
    with session.key_store(b"password"):
        assert session.program("load") == f"{KEY} {SECRET}"


def test_without_a_bus_or_with_a_store_that_keeps_nothing_the_remedy_is_named(session: Session) -> None:
    without_bus = Session({**session.environment, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}, session.home)
    for command in (("load",), ("save", KEY, SECRET)):
        answers = [
            without_bus.program(*command),
            session.program(*command, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring"),
        ]
        for answer in answers:
            assert answer.startswith("UserError: ")
            assert "for this session only" in answer
