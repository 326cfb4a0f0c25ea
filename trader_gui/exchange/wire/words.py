"""The venue's words and number texts, as they appear in events and answers alike, to enums and decimals."""

from decimal import Decimal, InvalidOperation

from trader_gui.domain.account import MarginType
from trader_gui.domain.order import OrderStatus, TimeInForce, WorkingType
from trader_gui.errors import ProtocolError

_STATUS: dict[str, OrderStatus] = {s.value: s for s in OrderStatus if s is not OrderStatus.SENT}
_TIME_IN_FORCE: dict[str, TimeInForce] = {t.value: t for t in TimeInForce}
_WORKING_TYPE: dict[str, WorkingType] = {w.value: w for w in WorkingType}
_MARGIN_TYPE = {
    "cross": MarginType.CROSSED,
    "crossed": MarginType.CROSSED,
    "isolated": MarginType.ISOLATED,
}


def status(word: str) -> OrderStatus:
    """Return the status; UNKNOWN for a word that is not in our list (NEW_ADL, ...), which means "ask the venue"."""
    return _STATUS.get(word, OrderStatus.UNKNOWN)


def time_in_force(word: str | None) -> TimeInForce | None:
    """Return the time in force; None for those that only foreign orders have (RPI, GTE_GTC)."""
    return _TIME_IN_FORCE.get(word) if word else None


def working_type(word: str | None) -> WorkingType:
    """Return the price that a trigger looks at; the venue's default when it says nothing."""
    return _WORKING_TYPE.get(word or "", WorkingType.CONTRACT_PRICE)


def margin_type(word: str | None) -> MarginType | None:
    """Return the margin type, spelt `cross` in events and `CROSSED` in requests."""
    return _MARGIN_TYPE.get((word or "").lower())


def number(text: str | None) -> Decimal:
    """Return the decimal; 0 for the empty text and null, which the venue writes where there is no number.

    Raises:
        ProtocolError: The text is no finite number.
    """
    if not text:
        return Decimal(0)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ProtocolError(f"no number: {text[:40]!r}") from None
    if not value.is_finite():
        raise ProtocolError(f"no finite number: {text[:40]!r}")
    return value


def order_id(text: str | None) -> int | None:
    """Return an order id that the venue writes as a text, None for "" and "0" (none yet).

    Raises:
        ProtocolError: The text is no whole number.
    """
    if not text or text == "0":
        return None
    if not text.isdecimal():
        raise ProtocolError(f"no order id: {text[:40]!r}")
    return int(text)
