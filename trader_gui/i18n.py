"""Words for people: one sentence for every code that the core, the risk gate, the ticket and the exchange emit.

The sentences are in `resources/i18n/<language>.json`, by section and code, with named places (`{limit}`). A code
without a sentence is shown as itself, readable, and never hidden: a refusal must not look like silence.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from trader_gui.domain.closing import Trouble
from trader_gui.domain.order import OrderOutcome
from trader_gui.domain.step import Refusal
from trader_gui.errors import OutcomeUnknownError, TraderError, VenueError
from trader_gui.resources import read_text

SECTIONS = (
    "problem",
    "ask",
    "hold",
    "held",
    "held_more",
    "venue_error",
    "refusal",
    "reason",
    "stream",
    "no_stop",
    "cause",
)
_NOT_SENT = "not sent: "
"""How this program's own refusals begin: the exchange was not asked."""

_PLACE = re.compile(r"\{([a-z_]+)\}")


@lru_cache(maxsize=4)
def sentences(language: str = "en") -> Mapping[str, Mapping[str, str]]:
    """Return all sentences of a language: section -> code -> sentence.

    Raises:
        FileNotFoundError: There is no such language.
    """
    raw = json.loads(read_text("i18n", f"{language}.json"))
    return {section: dict(raw[section]) for section in SECTIONS}


def words(section: str, code: str, values: Mapping[str, Decimal | str] | None = None) -> str:
    """Return the sentence of a code with its values put in; the code itself, readable, when there is none.

    Args:
        section: One of `SECTIONS`.
        code: As emitted.
        values: Numbers get thousands separators and keep their decimals; a place without a value stays empty.
    """
    sentence = sentences()[section].get(code)
    if sentence is None:
        return readable(code)
    told = {name: number_words(v) if isinstance(v, Decimal) else v for name, v in (values or {}).items()}
    return _PLACE.sub(lambda match: told.get(match[1], ""), sentence)


def readable(code: str) -> str:
    """Return a code as plain words: `order_in_flight` is `Order in flight`."""
    plain = code.replace("_", " ").strip()
    return plain[:1].upper() + plain[1:]


def number_words(value: Decimal) -> str:
    """Return a number inside a sentence: separators, its own decimals, a true minus."""
    return f"{value:,f}".replace("-", "−")


def refusal_words(refusal: Refusal) -> str:
    """Return why the risk gate said no, with its numbers and the nearest value that would pass."""
    nearest = "" if refusal.nearest is None else number_words(refusal.nearest)
    has_place = "{nearest}" in sentences()["refusal"].get(refusal.code, "")
    text = words("refusal", refusal.code, {"detail": refusal.detail, "nearest": nearest})
    if refusal.code not in sentences()["refusal"] and refusal.detail:
        text = f"{text}: {refusal.detail}"
    if nearest and not has_place:
        text = f"{text.rstrip('.')}. Nearest: {nearest}."
    return text


def reason_words(code: str) -> str:
    """Return why the engine or the program did something (`stop_loss`, `expired`); "" for no reason."""
    return words("reason", code) if code else ""


def stream_words(detail: str) -> str:
    """Return why a stream was lost, replaced, or is not there, other people's words in brackets; "" for nothing."""
    code, _, others = detail.partition(": ")
    if not code:
        return ""
    sentence = words("stream", code)
    return f"{sentence.rstrip('.')} ({others})." if others else sentence


def cause_words(code: str) -> str:
    """Return why exchange, journal and program differed (`funding`, `foreign_order`); "" for no difference."""
    return words("cause", code) if code else ""


def venue_error_words(code: int | None, message: str = "") -> str:
    """Return what an error answer of the exchange means, with its code; without a sentence, the exchange's own text."""
    if code is None and message.startswith(_NOT_SENT):
        return f"Not sent: {message.removeprefix(_NOT_SENT)}."
    if code is None:
        return f"The exchange answered: {message}" if message else "The exchange refused it without a reason."
    number = f"{code}".replace("-", "−")
    sentence = sentences()["venue_error"].get(str(code))
    if sentence is not None:
        return f"{sentence} ({number})"
    return f"The exchange answered {number}: {message}" if message else f"The exchange refused it ({number})."


def no_stop_words(cause: str) -> str:
    """Return why the engine's position has no stop at the exchange: a number or text of the exchange, or our code."""
    if cause.lstrip("-").isdecimal():
        return venue_error_words(int(cause))
    section = next((name for name in ("no_stop", "refusal", "reason") if cause in sentences()[name]), None)
    if section is not None:
        return words(section, cause)
    return venue_error_words(None, cause) if cause else ""


def outcome_words(outcome: OrderOutcome) -> str:
    """Return what became of a request that was refused, or whose answer is not known; some reasons are our codes."""
    if outcome.error_code is None and outcome.error_message in sentences()["reason"]:
        return reason_words(outcome.error_message)
    return venue_error_words(outcome.error_code, outcome.error_message)


def trouble_words(trouble: Trouble) -> str:
    """Return why something could not be closed: the gate's reason, the exchange's, or the program's own."""
    code, detail = trouble.code, trouble.detail
    if code.removeprefix("-").isdigit():
        text = venue_error_words(int(code), detail)
    elif code == "not_sent":
        text = venue_error_words(None, detail)
    elif code in sentences()["refusal"]:
        text = refusal_words(Refusal(code, detail))
    else:
        text = words("reason", code, {"detail": detail})
    return f"{trouble.symbol}: {text}" if trouble.symbol else text


def error_words(error: TraderError) -> str:
    """Return an exception of this program as one sentence for the user."""
    if isinstance(error, OutcomeUnknownError):
        return "No clear answer came; the exchange is being asked what it did."
    if isinstance(error, VenueError):
        return venue_error_words(error.code, error.message)
    return str(error)
