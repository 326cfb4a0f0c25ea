"""Joins what REST replies and stream events tell of one order, in whatever order they arrive."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from trader_gui.domain.order import Order, OrderStatus

_RANK = {
    status: rank
    for rank, status in enumerate(
        (
            OrderStatus.SENT,
            OrderStatus.UNKNOWN,
            OrderStatus.NEW,
            OrderStatus.PARTIALLY_FILLED,
            OrderStatus.TRIGGERING,
            OrderStatus.TRIGGERED,
            OrderStatus.REJECTED,
            OrderStatus.EXPIRED,
            OrderStatus.EXPIRED_IN_MATCH,
            OrderStatus.CANCELED,
            OrderStatus.FILLED,
            OrderStatus.FINISHED,
        )
    )
}


def merge_order(known: Order, told: Order, *, is_latest: bool = False) -> Order:
    """Return what is known after `told` came, both records of the same order.

    The result does not depend on the order of arrival, nor on repetition: a record that carries the venue's id outranks
    one of ours (a local SENT, UNKNOWN or REJECTED), a terminal one outranks an open one, then the larger executed
    quantity, the later time and the later status decide. The executed quantity never shrinks.

    A trailing stop that was activated stays so; no list of the venue tells it.

    Price and size are those of the latest record, whatever it says of executions: an amendment may be overtaken by an
    older fill. `is_latest`: `told` is an amendment, or what the venue said when it was asked. Of two records of one
    millisecond and one executed quantity, which cannot tell it themselves, it is the later one.
    """
    winner, other = (told, known) if _weight(told) > _weight(known) else (known, told)
    executed, average = max(_execution(known), _execution(told))
    triggered = winner.triggered_order_id if winner.triggered_order_id is not None else other.triggered_order_id
    is_told_later = (*_terms_rank(told), is_latest) > (*_terms_rank(known), False)
    latest = told if is_told_later else known
    merged = replace(
        winner,
        executed_quantity=executed,
        average_price=average,
        triggered_order_id=triggered,
        is_activated=known.is_activated or told.is_activated,
        price=latest.price,
        quantity=latest.quantity,
        update_time_ms=latest.update_time_ms,
    )
    return winner if merged == winner else merged


def is_other_order(known: Order, told: Order) -> bool:
    """Tell whether the two carry different venue ids: a client id used again after its first order had ended."""
    return known.order_id is not None and told.order_id is not None and known.order_id != told.order_id


def as_heard(order: Order, former: Iterable[Order]) -> Order:
    """Return an order of the venue's list with what only an event tells: that a trailing stop was activated.

    Args:
        order: As listed.
        former: What was known of orders in an earlier session.
    """
    activated = (o for o in former if o.is_activated and o.client_order_id == order.client_order_id)
    if any(o.order_family is order.order_family and not is_other_order(o, order) for o in activated):
        return replace(order, is_activated=True)
    return order


def _weight(order: Order) -> tuple[bool, bool, Decimal, int, int]:
    return (
        order.order_id is not None,
        order.status.is_terminal,
        order.executed_quantity,
        order.update_time_ms,
        _RANK[order.status],
    )


def _terms_rank(order: Order) -> tuple[bool, int, Decimal]:
    return order.order_id is not None, order.update_time_ms, order.executed_quantity


def _execution(order: Order) -> tuple[Decimal, Decimal]:
    return order.executed_quantity, order.average_price
