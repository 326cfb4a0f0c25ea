"""Is every position covered by a stop that lives at the exchange? Worked out from positions and open orders."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trader_gui.domain.account import Position
from trader_gui.domain.order import Order, OrderStatus, OrderType, Side

_STOP_TYPES = frozenset({OrderType.STOP, OrderType.STOP_MARKET, OrderType.TRAILING_STOP_MARKET})
_AT_VENUE = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.TRIGGERING, OrderStatus.TRIGGERED})


class ProtectionKind(StrEnum):
    """What the protection cell says."""

    NOTHING = "nothing"
    PROTECTED = "protected"
    PLACING = "placing"
    NAKED = "naked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Protection:
    """How many of the open positions have their whole size under a live stop."""

    kind: ProtectionKind
    protected: int = 0
    total: int = 0


def is_stop_for(order: Order, position: Position) -> bool:
    """Tell whether an order, once live, would get this position out at a loss limit."""
    side = Side.SELL if position.position_amount > 0 else Side.BUY
    return (
        (order.symbol, order.position_side) == position.key
        and order.side is side
        and order.order_type in _STOP_TYPES
        and order.is_reducing
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


def protection(positions: Iterable[Position], orders: Iterable[Order], *, is_known: bool) -> Protection:
    """Return the state of protection over all open positions.

    Args:
        positions: Every position that the account shows; flat ones are passed over.
        orders: Open orders of both families, SENT and UNKNOWN ones included.
        is_known: Whether the account has been read; until then nothing is claimed.
    """
    if not is_known:
        return Protection(ProtectionKind.UNKNOWN)
    held = [p for p in positions if p.position_amount]
    if not held:
        return Protection(ProtectionKind.NOTHING)
    orders = list(orders)
    naked = [p for p in held if not is_covered(p, live_stops(p, orders))]
    protected = len(held) - len(naked)
    if not naked:
        return Protection(ProtectionKind.PROTECTED, protected, len(held))
    for kind, status in ((ProtectionKind.UNKNOWN, OrderStatus.UNKNOWN), (ProtectionKind.PLACING, OrderStatus.SENT)):
        if all(any(is_stop_for(o, p) and o.status is status for o in orders) for p in naked):
            return Protection(kind, protected, len(held))
    return Protection(ProtectionKind.NAKED, protected, len(held))
