"""Loggers, redaction, the tail for the log view, and the last resort for exceptions that nobody caught.

No secret reaches a sink: every line is redacted after formatting, tracebacks included. Registered secrets are replaced
word for word; signatures, listen keys, key headers and anything as long as a venue key are replaced by pattern.
"""

import logging
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import msgspec

from trader_gui.errors import UserError

_log = logging.getLogger(__name__)

FILE_BYTES = 10_000_000
FILE_COUNT = 5
TAIL_LINES = 2_000
REDACTED = "[redacted]"

_LINE_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s"
_PATTERNS = (
    (re.compile(r"(signature=)[0-9A-Za-z%+/=]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(listen_?key[\"']?\s*[=:]\s*[\"']?)[0-9A-Za-z]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(X-MBX-APIKEY[\"']?\s*[=:]\s*[\"']?)[0-9A-Za-z]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(api_?(?:key|secret)[\"']?\s*[=:]\s*[\"']?)[0-9A-Za-z]+", re.IGNORECASE), rf"\1{REDACTED}"),
    # Keys, secrets, signatures and listen keys of the venue are 64 letters and digits.
    (re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{60,}(?![0-9A-Za-z])"), REDACTED),
)
_SHORTEST_SECRET = 6
_secrets: set[str] = set()


def register_secret(secret: str) -> None:
    """Replace `secret` in every line from now on; shorter than 6 characters is ignored, it would blot out words."""
    if len(secret) >= _SHORTEST_SECRET:
        _secrets.add(secret)


def redact(text: str) -> str:
    """Return `text` without registered secrets and without anything that looks like a key or a signature."""
    for secret in tuple(_secrets):
        text = text.replace(secret, REDACTED)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats a record in UTC and redacts the whole result, traceback included."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(_LINE_FORMAT, "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class LogLine(msgspec.Struct, frozen=True):
    """One line of the tail: `level` as in `logging`, `text` redacted."""

    time_ms: int
    level: int
    logger: str
    text: str


class LogTail(logging.Handler):
    """The newest lines in memory, for the log view.

    Lines come from any thread; a view asks for `revision` once a frame and reads `lines` when it has risen.

    Attributes:
        revision: Lines received so far.
    """

    def __init__(self, capacity: int = TAIL_LINES) -> None:
        super().__init__(logging.INFO)
        self.revision = 0
        self._lines: deque[LogLine] = deque(maxlen=capacity)
        self._formatter = logging.Formatter("%(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        text = redact(self._formatter.format(record))
        self._lines.append(LogLine(int(record.created * 1000), record.levelno, record.name, text))
        self.revision += 1

    def lines(self, newest: int | None = None) -> tuple[LogLine, ...]:
        """Return the lines kept, oldest first; only the `newest` so many when given."""
        self.acquire()
        try:
            kept = tuple(self._lines)
        finally:
            self.release()
        return kept if newest is None else kept[max(0, len(kept) - newest) :]


class LogSetup:
    """Logging of one session: a rotating file and the tail.

    Attributes:
        tail: The newest lines.

    Owner: whoever called `start_logging`; `close` takes everything down again.
    """

    def __init__(self, file: RotatingFileHandler, tail: LogTail) -> None:
        self.tail = tail
        self._handlers: tuple[logging.Handler, ...] = (file, tail)
        root = logging.getLogger()
        self._former_level = root.level
        root.setLevel(logging.INFO)
        for handler in self._handlers:
            root.addHandler(handler)

    def close(self) -> None:
        """Detach and close the handlers."""
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
        root.setLevel(self._former_level)


def start_logging(path: Path) -> LogSetup:
    """Log to `path` (10 MB, five files) and to a tail in memory.

    Raises:
        UserError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILE_COUNT - 1, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot write the log file {path} ({error.strerror}): make its folder writable, or choose another with "
            "--data-dir"
        ) from error
    file.setFormatter(RedactingFormatter())
    return LogSetup(file, LogTail())


def install_exception_hooks(on_error: Callable[[BaseException], None]) -> Callable[[], None]:
    """Log every exception that nobody caught, in any thread, and hand it to `on_error`; return what undoes this.

    Args:
        on_error: Called on the thread where it happened; it must not raise. Ctrl-C keeps its usual way.
    """
    former, former_thread = sys.excepthook, threading.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            former(kind, error, trace)
            return
        _log.critical("uncaught exception", exc_info=(kind, error, trace))
        on_error(error)

    def thread_hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
            hook(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    sys.excepthook, threading.excepthook = hook, thread_hook

    def restore() -> None:
        sys.excepthook, threading.excepthook = former, former_thread

    return restore
