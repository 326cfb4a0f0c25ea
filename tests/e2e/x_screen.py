"""A screen, a window manager, mouse and keys: the program as a person meets it, seen from outside its process."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from trader_gui.errors import UserError
from trader_gui.journal.reader import JournalReader

NEEDED = ("Xvfb", "openbox", "xdotool", "wmctrl")
MISSING = [program for program in NEEDED if shutil.which(program) is None]
REPOSITORY = Path(__file__).resolve().parents[2]
SCREEN = (1600, 900)
LIMIT_S = 25.0
DRAG_STEPS = 6
_LOOK_S = 0.05
_never = threading.Event()


def until(what: str, look: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Look again and again at things outside this process until there is something, and return it."""
    deadline = time.monotonic() + limit_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what}")
        _never.wait(_LOOK_S)
    return seen


class XScreen:
    """A screen of its own, with openbox on it.

    Attributes:
        environment: For programs that are to be seen on it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._xvfb, display = self._start_xvfb()
        self.environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "HOME": str(folder)}
        # The size of letters must be that of the offscreen window which tells where things are.
        self.environment["QT_FONT_DPI"] = "96"
        self._openbox = subprocess.Popen(
            ["openbox"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until("the window manager", lambda: self._run("wmctrl", "-m"))

    def _start_xvfb(self) -> tuple["subprocess.Popen[bytes]", str]:
        reading, writing = os.pipe()
        size = f"{SCREEN[0]}x{SCREEN[1]}x24"
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-dpi", "96", "-nolisten", "tcp"]
        xvfb = subprocess.Popen(
            [*command, "-fbdir", str(self._folder)],
            pass_fds=(writing,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            return xvfb, f":{told.readline().strip()}"

    def close(self) -> None:
        for process in (self._openbox, self._xvfb):
            process.terminate()
            process.wait(LIMIT_S)

    def clipboard(self) -> str:
        """Return what another program would paste."""
        paste = "from PySide6.QtGui import QGuiApplication; print(QGuiApplication([]).clipboard().text())"
        return self._run(sys.executable, "-c", paste)

    def _run(self, *command: str) -> str:
        """Return what a command says, "" when it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=LIMIT_S)
        return done.stdout if done.returncode == 0 else ""

    # ---- windows -----------------------------------------------------------------------------------------------------

    def window(self, title: str) -> str:
        """Return the id of the visible window whose title has these words, "" when there is none."""
        return (self._run("xdotool", "search", "--onlyvisible", "--name", title).split() or [""])[-1]

    def wait_window(self, title: str) -> str:
        return str(until(f"the window {title!r}", lambda: self.window(title)))

    def wait_front(self, title: str) -> str:
        """Return the window of that title once it takes the keys."""
        window = self.wait_window(title)
        until(f"{title!r} is in front", lambda: self._run("xdotool", "getwindowfocus").strip() == window)
        return window

    def size(self, window: str) -> QSize:
        """Return the size of a window's inside."""
        told = self._told("xdotool", "getwindowgeometry", "--shell", window)
        return QSize(int(told["WIDTH"]), int(told["HEIGHT"]))

    def origin(self, window: str) -> QPoint:
        """Return where a window's inside begins on the screen (xdotool's own answer counts the frame twice)."""
        self._run("xdotool", "mousemove", "--sync", "--window", window, "0", "0")
        told = self._told("xdotool", "getmouselocation", "--shell")
        return QPoint(int(told["X"]), int(told["Y"]))

    def _told(self, *command: str) -> dict[str, str]:
        return dict(line.split("=") for line in self._run(*command).split())

    def ask_to_close(self, window: str) -> None:
        """Do what the cross in the window's frame does."""
        self._run("wmctrl", "-i", "-c", window)

    # ---- hands -------------------------------------------------------------------------------------------------------

    def click(self, window: str, point: QPoint) -> None:
        """Move the mouse to a point of a window and click."""
        self._run("xdotool", "mousemove", "--window", window, str(point.x()), str(point.y()), "click", "1")

    def key(self, *keys: str) -> None:
        """Press keys, one after the other, as xdotool names them."""
        self._run("xdotool", "key", "--delay", "15", *keys)

    def write(self, text: str) -> None:
        """Type a text."""
        self._run("xdotool", "type", "--delay", "15", text)

    def move(self, window: str, point: QPoint) -> None:
        """Move the mouse to a point of a window."""
        self._run("xdotool", "mousemove", "--sync", "--window", window, str(point.x()), str(point.y()))

    def turn_wheel(self, window: str, point: QPoint, times: int, *, is_up: bool) -> None:
        """Turn the wheel over a point of a window."""
        self.move(window, point)
        self._run("xdotool", "click", "--repeat", str(times), "--delay", "20", "4" if is_up else "5")

    def take(self, window: str, start: QPoint, end: QPoint) -> None:
        """Press the mouse button and move on to another point, in steps; the button stays down."""
        self.move(window, start)
        self._run("xdotool", "mousedown", "1")
        for step in range(1, DRAG_STEPS + 1):
            self.move(window, start + (end - start) * step / DRAG_STEPS)

    def let_go(self) -> None:
        """Let the mouse button go."""
        self._run("xdotool", "mouseup", "1")

    def drag(self, window: str, start: QPoint, end: QPoint) -> None:
        """Take a separator, which is lit then, move it, and let go when it is seen to have followed.

        Looked at is a line below the mouse, since the cursor is in the picture, too.
        """
        line = QRect(QPoint(0, 40), QSize(1, 40)).translated(self.origin(window))
        plain = self.pixels(line.translated(start)).copy()
        self._run("xdotool", "mousemove", "--window", window, str(start.x()), str(start.y()), "mousedown", "1")
        until("it is taken", lambda: (self.pixels(line.translated(start)) != plain).all())
        lit = self.pixels(line.translated(start)).copy()
        for step in range(1, DRAG_STEPS + 1):
            at = start + (end - start) * step / DRAG_STEPS
            self._run("xdotool", "mousemove", "--sync", "--window", window, str(at.x()), str(at.y()))
        until("it follows", lambda: (self.pixels(line.translated(end)) == lit).all())
        self._run("xdotool", "mouseup", "1")

    def type_over(self, window: str, point: QPoint, text: str) -> None:
        """Click into a field and replace what it holds."""
        self.click(window, point)
        self.key("ctrl+a")
        self.write(text)

    def pause(self) -> None:
        """Give the program the time to show what was done."""
        _never.wait(0.15)

    # ---- eyes --------------------------------------------------------------------------------------------------------

    def pixels(self, area: QRect) -> "np.ndarray[Any, np.dtype[np.uint32]]":
        """Return the screen's colours in an area, rows by columns, as 0xRRGGBB (XWD file that the server keeps)."""
        raw = (self._folder / "Xvfb_screen0").read_bytes()
        header = np.frombuffer(raw, ">u4", 25)
        size, height, line, colors = int(header[0]), int(header[5]), int(header[12]), int(header[19])
        order = "<u4" if header[7] == 0 else ">u4"
        body = np.frombuffer(raw, order, height * line // 4, size + colors * 12).reshape(height, line // 4)
        return body[area.top() : area.bottom() + 1, area.left() : area.right() + 1] & 0xFFFFFF

    def save(self, path: Path) -> None:
        """Write a picture of the screen."""
        pixels = np.ascontiguousarray(self.pixels(QRect(0, 0, *SCREEN)))
        QImage(pixels.tobytes(), *SCREEN, SCREEN[0] * 4, QImage.Format.Format_RGB32).save(str(path))

    def count(self, area: QRect, color: QColor) -> int:
        """Count the pixels of a colour."""
        return int((self.pixels(area) == _number(color)).sum())

    def longest_row(self, area: QRect, color: QColor) -> int:
        """Return the most pixels of a colour that one row of the area has."""
        return int((self.pixels(area) == _number(color)).sum(axis=1).max())


def _number(color: QColor) -> int:
    return color.rgb() & 0xFFFFFF


class Program:
    """The program as a process of its own, on a screen.

    Attributes:
        process: It.
        journal_path: Where it keeps its journal.
    """

    def __init__(self, screen: XScreen, data_dir: Path, *words: str, profile: str = "demo") -> None:
        self.screen = screen
        self.journal_path = data_dir / profile / "journal.sqlite"
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        command = [sys.executable, "-m", "trader_gui", "--profile", profile, "--data-dir", str(data_dir), *words]
        self.process = subprocess.Popen(
            command, env=screen.environment, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=self._errors
        )

    def wait_started(self, symbol: str = "BTCUSDT") -> str:
        """Return the window's id once the session has read its account."""
        window = self.screen.wait_window(f"· {symbol} · Trader GUI")
        until("the account", self._has_account)
        return window

    def _has_account(self) -> bool:
        try:
            return self.read(lambda journal: journal.belief()) is not None
        except UserError:  # its tables are just being made
            return False

    def read(self, ask: Callable[[JournalReader], Any]) -> Any:
        """Ask the journal, which the program goes on writing."""
        with JournalReader(self.journal_path) as journal:
            return ask(journal)

    def children(self) -> set[int]:
        """Return the processes that the program has started."""
        return {pid for pid in _processes() if _parent(pid) == self.process.pid}

    def wait_end(self) -> int:
        return self.process.wait(LIMIT_S)

    @property
    def complaints(self) -> str:
        """What it wrote to its standard error."""
        self._errors.seek(0)
        return self._errors.read().decode()

    def close(self) -> None:
        """End it, however it stands."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._errors.close()


@contextmanager
def program(screen: XScreen, data_dir: Path, *words: str, profile: str = "demo") -> Iterator[Program]:
    """Start the program and make sure that it is gone afterwards; `screen.png` shows where a test failed."""
    started = Program(screen, data_dir, *words, profile=profile)
    try:
        yield started
    except BaseException:
        screen.save(data_dir / "screen.png")
        raise
    finally:
        started.close()


def is_running(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    return _status(pid).get("State", "Z")[0] not in "ZX"


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int:
    return int(_status(pid).get("PPid", "0"))


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except (OSError, ProcessLookupError):
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def place_of(widget: QWidget, inner: QRect | None = None) -> QRect:
    """Return where a widget, or a part of it, lies in its window."""
    rect = inner or widget.rect()
    return QRect(widget.mapTo(widget.window(), rect.topLeft()), rect.size())
