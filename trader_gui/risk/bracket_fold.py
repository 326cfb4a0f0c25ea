"""How far a bracket has come, by what orders and executions say: each word counts once, in whatever order it comes."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.decision.ownership import fills_since_flat
from trader_gui.domain.account import Position
from trader_gui.domain.bracket import Bracket
from trader_gui.domain.order import Fill, OrderFamily

_ZERO = Decimal(0)


class _Executed(NamedTuple):
    """What an order has executed: base asset, at an average price, the last of it at a time."""

    quantity: Decimal
    price: Decimal
    time_ms: int


def with_orders(record: Bracket, orders: OrderUpdateCollector) -> Bracket:
    """Return a bracket with what its orders have executed; of a conditional order, the order of the book says it."""
    told = {}
    for name in (record.entry_id, *record.orders):
        order = orders.get(name, OrderFamily.BOOK)
        if order is not None and order.executed_quantity:
            told[name] = _Executed(order.executed_quantity, order.average_price or order.price, order.update_time_ms)
    return _with_executions(record, told)


def with_fills(record: Bracket, fills: Iterable[Fill]) -> Bracket:
    """Return a bracket with what executions say; they may be a part of all."""
    told: dict[str, _Executed] = {}
    for fill in fills:
        if fill.client_order_id in (record.entry_id, *record.orders):
            before = told.get(fill.client_order_id, _Executed(_ZERO, _ZERO, 0))
            quantity = before.quantity + fill.quantity
            price = (before.quantity * before.price + fill.quantity * fill.price) / quantity
            told[fill.client_order_id] = _Executed(quantity, price, max(before.time_ms, fill.trade_time_ms))
    return _with_executions(record, told)


def left_of_former(record: Bracket, position: Position | None, told_ms: int, fills: Sequence[Fill]) -> Bracket:
    """Return a bracket of before the session without what was closed meanwhile, as far as the executions say it.

    Args:
        record: With these executions in it.
        position: That it is a part of; None is flat.
        told_ms: Since when the position is so.
        fills: Of that position, up to now, oldest first.
    """
    if position is None or any(fill.trade_time_ms > told_ms for fill in fills):
        return record  # flat by a list that may lag, or older than the executions: it is found out in time
    made = fills_since_flat(position.position_amount, fills)
    if made is None:
        return record
    left = with_fills(replace(record, executed={}, given_up=_ZERO), made).held
    return replace(record, given_up=record.given_up + max(record.held - left, _ZERO), given_up_ms=told_ms)


def _with_executions(record: Bracket, told: Mapping[str, _Executed]) -> Bracket:
    """Return a bracket that has executed at least so much, by client order id.

    An exit that was executed before the position was found too small is what made it so: nobody else did.
    """
    more = {name: it for name, it in told.items() if it.quantity > record.executed.get(name, _ZERO)}
    if not more:
        return record
    entry = more.get(record.entry_id)
    explained = sum(
        (
            it.quantity - record.executed.get(name, _ZERO)
            for name, it in more.items()
            if name != record.entry_id and it.time_ms <= record.given_up_ms
        ),
        _ZERO,
    )
    return replace(
        record,
        executed=record.executed | {name: it.quantity for name, it in more.items()},
        executed_ms=max(record.executed_ms, *(it.time_ms for it in more.values())),
        entry_price=record.entry_price if entry is None else entry.price,
        given_up=max(record.given_up - explained, _ZERO),
    )
