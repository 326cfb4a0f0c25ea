"""What belongs to which kind of order: the values it needs, those it must not have, and their bounds.

Source: the venue's pages on new orders and on conditional orders, as of 2026-11.
"""

from decimal import ROUND_HALF_UP, Decimal

from trader_gui.domain.order import OrderIntent, OrderType, TimeInForce
from trader_gui.domain.step import Refusal
from trader_gui.domain.symbol import is_multiple, snap

LEAST_CALLBACK, MOST_CALLBACK = Decimal("0.001"), Decimal("0.1")
CALLBACK_STEP = Decimal("0.001")
"""A trailing stop follows by a tenth of a percent to ten percent, in tenths."""

GOOD_TILL_LEAD_MS = 600_000
"""A GTD order must live longer than this."""

_SECOND_MS = 1000


def refuse_kind(intent: OrderIntent, now_ms: int) -> Refusal | None:
    """Return what is missing, out of place or out of bounds; `now_ms` is the venue's time."""
    return _incomplete(intent) or _out_of_place(intent) or _callback(intent) or _good_till(intent, now_ms)


def _incomplete(intent: OrderIntent) -> Refusal | None:
    """The order has all the numbers that its type needs, each above zero."""
    is_trailing = intent.order_type is OrderType.TRAILING_STOP_MARKET
    needed = {
        "quantity": not intent.close_position,
        "price": intent.order_type.has_limit_price and intent.price_match is None,
        "trigger_price": intent.order_type.is_conditional and not is_trailing,
        "callback_fraction": is_trailing,
        "activation_price": intent.activation_price is not None,
    }
    for name, is_needed in needed.items():
        value: Decimal | None = getattr(intent, name)
        if is_needed and (value is None or not value.is_finite() or value <= 0):
            return Refusal("incomplete_order", name)
    if intent.time_in_force is TimeInForce.GTD and intent.good_till_ms is None:
        return Refusal("incomplete_order", "good_till_ms")
    return None


def _out_of_place(intent: OrderIntent) -> Refusal | None:
    """What the venue would refuse, or pass over in silence: nobody shall believe in a setting that does nothing."""
    is_limit, is_conditional = intent.order_type.has_limit_price, intent.order_type.is_conditional
    is_trailing = intent.order_type is OrderType.TRAILING_STOP_MARKET
    present = {
        "price": intent.price is not None and (not is_limit or intent.price_match is not None),
        "price_match": intent.price_match is not None and not is_limit,
        "trigger_price": intent.trigger_price is not None and (not is_conditional or is_trailing),
        "price_protect": intent.price_protect and not is_conditional,
        "callback_fraction": intent.callback_fraction is not None and not is_trailing,
        "activation_price": intent.activation_price is not None and not is_trailing,
        "good_till_ms": intent.good_till_ms is not None and intent.time_in_force is not TimeInForce.GTD,
    }
    return next((Refusal("not_with_this_type", name) for name, is_wrong in present.items() if is_wrong), None)


def _callback(intent: OrderIntent) -> Refusal | None:
    callback = intent.callback_fraction
    if callback is None:
        return None
    nearest = min(max(snap(callback, CALLBACK_STEP, ROUND_HALF_UP), LEAST_CALLBACK), MOST_CALLBACK)
    if LEAST_CALLBACK <= callback <= MOST_CALLBACK and is_multiple(callback, CALLBACK_STEP):
        return None
    return Refusal("callback_out_of_range", f"{callback * 100:f}", nearest * 100)


def _good_till(intent: OrderIntent, now_ms: int) -> Refusal | None:
    end_ms = intent.good_till_ms
    if end_ms is None or (end_ms > now_ms + GOOD_TILL_LEAD_MS and end_ms % _SECOND_MS == 0):
        return None
    return Refusal("good_till_too_soon", str(GOOD_TILL_LEAD_MS // 60_000))
