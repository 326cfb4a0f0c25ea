"""An order by hand in words: when and at which price it trades, and what binds it."""

from trader_gui.domain.order import OrderIntent, OrderType, Side, TimeInForce, WorkingType
from trader_gui.domain.symbol import SymbolRules
from trader_gui.widgets.format import clock, date_time, number, price
from trader_gui.widgets.ticket_fields import match_words

_KINDS = {
    OrderType.LIMIT: "limit",
    OrderType.MARKET: "market",
    OrderType.STOP: "stop, limit",
    OrderType.STOP_MARKET: "stop, market",
    OrderType.TAKE_PROFIT: "take profit, limit",
    OrderType.TAKE_PROFIT_MARKET: "take profit, market",
    OrderType.TRAILING_STOP_MARKET: "trailing stop, market",
}
_PROFITS = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET})


def at_words(intent: OrderIntent, rules: SymbolRules) -> str:
    """Return where and when an order trades: `at 108,451.1`, `at market when the mark price falls to 108,000.0`."""
    decimals = rules.price_decimals
    place = "at market"
    if intent.price_match is not None:
        place = f"at the {match_words(intent.price_match)} price"
    elif intent.price is not None:
        place = f"at {price(intent.price, decimals)}"
    if not intent.order_type.is_conditional:
        return place
    seen = "mark" if intent.working_type is WorkingType.MARK_PRICE else "last"
    if intent.order_type is OrderType.TRAILING_STOP_MARKET:
        way = "rises" if intent.side is Side.BUY else "falls"
        peak = "lowest" if intent.side is Side.BUY else "highest"
        turn = f"{place} when the {seen} price {way} {callback_words(intent)} from its {peak}"
        if intent.activation_price is None:
            return turn
        return f"{turn}, once it has reached {price(intent.activation_price, decimals)}"
    rises = (intent.side is Side.BUY) is not (intent.order_type in _PROFITS)
    return f"{place} when the {seen} price {'rises' if rises else 'falls'} to {price(intent.trigger_price, decimals)}"


def callback_words(intent: OrderIntent) -> str:
    """Return how far a trailing stop follows: `1.2 %`."""
    return f"{number(intent.callback_fraction * 100 if intent.callback_fraction else None, 1)} %"


def flag_words(intent: OrderIntent) -> str:
    """Return symbol, kind and what binds the order."""
    parts = [intent.symbol, _KINDS[intent.order_type]]
    force = intent.time_in_force
    if force is TimeInForce.GTX:
        parts += ["post-only", "GTC"]
    elif force is TimeInForce.GTD:
        parts.append(f"GTD until {date_time(intent.good_till_ms)} UTC")
    elif force is not None:
        parts.append(force.value)
    if intent.price_protect:
        parts.append("price protect")
    if intent.reduce_only:
        parts.append("reduce-only")
    return " · ".join(parts)


def short_words(intent: OrderIntent, size: str, rules: SymbolRules) -> str:
    """Return an order in the few words that a button has room for: `0.020 @ 108,451.1`, `0.020 stop 108,000.0`."""
    decimals = rules.price_decimals
    if intent.order_type is OrderType.TRAILING_STOP_MARKET:
        return f"{size} trail {callback_words(intent)}"
    if intent.trigger_price is not None:
        word = "profit" if intent.order_type in _PROFITS else "stop"
        return f"{size} {word} {price(intent.trigger_price, decimals)}"
    if intent.price_match is not None:
        return f"{size} @ {match_words(intent.price_match)}"
    return f"{size} at market" if intent.price is None else f"{size} @ {price(intent.price, decimals)}"


def end_words(end_ms: int) -> str:
    """Return the end of an order as a time of day: `19:57`."""
    return clock(end_ms)[:5]
