"""The exception tree of the program.

::

    TraderError                  anything this program raises on purpose
    ├── UserError                what the user gave cannot be used: show `str(error)`, change nothing
    ├── VenueError               the exchange answered with an error
    │   └── OutcomeUnknownError  the exchange may or may not have done it: ask, never send again
    ├── ProtocolError            a message that cannot be read: journal it, resync
    └── BugError                 an invariant of our own is broken: halt trading, keep the window
"""


class TraderError(Exception):
    """Base of every exception that this program raises on purpose."""


class UserError(TraderError):
    """Input that cannot be used; the text names the thing and the remedy in one line."""


class VenueError(TraderError):
    """An error answer of the exchange.

    Attributes:
        code: The venue's error code (negative), or None when the body had none (an HTML page, say).
        message: The venue's text.
        http_status: HTTP status, 0 when there was no answer.
        retryable: True when the venue says that nothing was done and the same call may be made again later.
        wait_s: Seconds until then, as far as it is known; 0 when it is not.
    """

    def __init__(
        self, code: int | None, message: str, *, http_status: int = 0, retryable: bool = False, wait_s: float = 0.0
    ) -> None:
        super().__init__(f"{code}: {message}" if code is not None else message)
        self.code = code
        self.message = message
        self.http_status = http_status
        self.retryable = retryable
        self.wait_s = wait_s


class OutcomeUnknownError(VenueError):
    """The call may have been executed: time-out, 408, 503 "Unknown error", -1006, -1007, a cut in mid-call."""


class ProtocolError(TraderError):
    """A message of the exchange that this program cannot read."""


class BugError(TraderError):
    """An invariant of this program is broken."""


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error of this program inside a group, or the first of any kind."""
    for error in group.exceptions:
        found = first_error(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, TraderError):
            return found
    first = group.exceptions[0]
    return first_error(first) if isinstance(first, BaseExceptionGroup) else first
