"""What an error answer, or no answer, means: surely not done, may be made again, or unknown.

The one question that matters after a failed order is whether the venue may have executed it. Everything that does not
surely say no is `OutcomeUnknownError` for a call that changes something. Source: the venue's pages on HTTP return
codes and error codes, as of 2026-11.

No text made here holds a URL, a header or a body: they carry keys and signatures.
"""

import re

from trader_gui.errors import OutcomeUnknownError, VenueError
from trader_gui.exchange.wire import answer

CLOCK_CODES = frozenset({-1021, -5028})
"""The timestamp was out of the window, here or at the engine; nothing was done."""

BANNED = 418
"""HTTP status while the address is banned."""

TOO_MANY_ORDERS = -1015
IN_MAINTENANCE = -1016
UNKNOWN_ORDER = -2013
CANCEL_REJECTED = -2011
LISTEN_KEY_UNKNOWN = -1125
MARGIN_TYPE_ALREADY_SET = -4046
POSITION_MODE_ALREADY_SET = -4059

_UNKNOWN_CODES = frozenset({-1000, -1006, -1007})
_REFUSED_FOR_NOW = frozenset({-1001, -1003, -1008, TOO_MANY_ORDERS, IN_MAINTENANCE, *CLOCK_CODES})
_REFUSED_TEXTS = ("service unavailable", "internal error; unable to process your request")
_BAN_END = re.compile(r"banned until (\d{13})")
_LONGEST_BAN_S = 3 * 86_400.0
_TEXT_LENGTH = 200


def of_answer(status: int, body: bytes, *, is_change: bool) -> VenueError:
    """Return the error that an answer with an HTTP status of 300 or more stands for.

    Args:
        status: HTTP status.
        body: JSON with code and text, plain text, or a page of HTML from what stands before the venue.
        is_change: The call was to change something.
    """
    found = answer.error(body)
    code, text = found if found is not None else (None, _plain_text(body))
    message = (text or f"HTTP status {status}")[:_TEXT_LENGTH]
    if _may_be_done(status, code, text):
        return unknown_or_retryable(message, code=code, http_status=status, is_change=is_change)
    retryable = code in _REFUSED_FOR_NOW or status in (403, 418, 429) or status >= 500
    if status == 403 and code is not None:
        retryable = False
    return VenueError(code, message, http_status=status, retryable=retryable)


def _may_be_done(status: int, code: int | None, text: str) -> bool:
    if status == 408 or code in _UNKNOWN_CODES or status < 400:
        return True
    if status < 500 or code in _REFUSED_FOR_NOW:
        return False
    return not text.lower().startswith(_REFUSED_TEXTS)


def unknown_or_retryable(message: str, *, is_change: bool, code: int | None = None, http_status: int = 0) -> VenueError:
    """Return the error of a call without a clear answer: unknown for a change, worth another try for a read."""
    if is_change:
        return OutcomeUnknownError(code, message, http_status=http_status)
    return VenueError(code, message, http_status=http_status, retryable=True)


def of_exception(error: Exception, *, is_change: bool) -> VenueError:
    """Return the error that an exception of the HTTP library stands for.

    A connection that never came about, a name that is not known and a request that could not be written surely
    changed nothing; whatever else happens may have come after the request was sent.
    """
    from requests import exceptions
    from urllib3 import exceptions as below

    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, exceptions.ConnectTimeout) or isinstance(
        reason, below.NewConnectionError | below.ConnectTimeoutError
    ):
        return VenueError(None, "cannot connect to the exchange", retryable=True)
    if isinstance(error, ValueError) and not isinstance(error, exceptions.JSONDecodeError):
        return VenueError(None, "the request cannot be written; is the API key well-formed?")
    if isinstance(error, exceptions.Timeout):
        return unknown_or_retryable("no answer in time", is_change=is_change)
    return unknown_or_retryable("the connection was cut before the answer", is_change=is_change)


def pause_s(error: VenueError, retry_after: str | None, now_ms: int) -> float:
    """Return for how many seconds nothing more of the kind may be sent after this error; 0 for most.

    A ban is never taken for over at once, whatever this machine's clock says: to go on asking makes it longer.

    Args:
        error: The error of an answer.
        retry_after: The header of that name, seconds.
        now_ms: Venue time; a ban names its end in it.
    """
    is_of_orders = error.code == TOO_MANY_ORDERS
    if not error.retryable or (error.http_status not in (403, BANNED, 429) and not is_of_orders):
        return 0.0
    if retry_after is not None and retry_after.isdecimal():
        return min(max(1.0, float(retry_after)), _LONGEST_BAN_S)
    end = _BAN_END.search(error.message)
    if end is not None and int(end[1]) > now_ms:
        return min((int(end[1]) - now_ms) / 1000, _LONGEST_BAN_S)
    return 10.0 if is_of_orders else {403: 60.0, BANNED: 120.0, 429: 10.0}[error.http_status]


def _plain_text(body: bytes) -> str:
    """Return a short plain text body, "" for a page or bytes."""
    text = body[: 2 * _TEXT_LENGTH].decode("utf-8", "replace").strip()
    return "" if text.startswith(("<", "{", "[")) else text
