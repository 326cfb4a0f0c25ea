"""Which stops of the exchange cover a position: worked out from position and open orders alone."""

from collections.abc import Iterable
from decimal import Decimal

from trader_gui.domain.account import Position
from trader_gui.domain.order import Order, OrderStatus, OrderType, Side

_STOP_TYPES = frozenset({OrderType.STOP, OrderType.STOP_MARKET, OrderType.TRAILING_STOP_MARKET})
_HIT = frozenset({OrderStatus.TRIGGERING, OrderStatus.TRIGGERED})
_AT_VENUE = _HIT | {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}


def is_stop_for(order: Order, position: Position) -> bool:
    """Tell whether an order, once live, would get this position out at a loss limit.

    A trailing stop does so from its activation on: before that, a price that runs against the position never meets it.
    """
    side = Side.SELL if position.position_amount > 0 else Side.BUY
    return (
        (order.symbol, order.position_side) == position.key
        and order.side is side
        and order.order_type in _STOP_TYPES
        and order.is_reducing
        and (order.order_type is not OrderType.TRAILING_STOP_MARKET or order.is_activated or order.status in _HIT)
    )


def live_stops(position: Position, orders: Iterable[Order]) -> list[Order]:
    """Return the stops of a position that the exchange has confirmed."""
    return [o for o in orders if is_stop_for(o, position) and o.status in _AT_VENUE]


def is_covered(position: Position, stops: Iterable[Order]) -> bool:
    """Tell whether the stops together close the whole position."""
    covered = Decimal(0)
    for stop in stops:
        if stop.close_position:
            return True
        covered += stop.remaining_quantity
    return covered >= abs(position.position_amount)
