"""Wishes that a person's hand leads to, made from the orders that are open."""

from collections.abc import Iterable

from trader_gui.domain.order import CancelIntent, Order, Origin, Purpose


def opening_orders(orders: Iterable[Order]) -> list[Order]:
    """Return the orders that could open or enlarge a position; stops and other exits are left out."""
    return [order for order in orders if not order.is_reducing and order.purpose is not Purpose.PROTECTION]


def cancel_wishes(orders: Iterable[Order], reason: str, now_ms: int) -> list[CancelIntent]:
    """Return a wish by hand to cancel each of `orders`; `reason` is a code."""
    return [CancelIntent(o.symbol, o.client_order_id, o.order_family, Origin.HAND, reason, now_ms) for o in orders]
