"""A snapshot of the account as it is to be taken over: with what was told while it was on its way."""

from decimal import Decimal

from msgspec.structs import replace

from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.domain.account import AccountSnapshot, Balance, Position
from trader_gui.domain.order import Order, OrderStatus
from trader_gui.orders.reconcile import knows_more


def bring_up_to_date(
    snapshot: AccountSnapshot, account: AccountUpdateCollector, orders: OrderUpdateCollector
) -> AccountSnapshot:
    """Return a snapshot with what was told after it was asked for, which its lists may or may not show.

    It is what the collectors hold once they have the snapshot, so whoever begins with it (the journal) begins right.
    """
    return replace(
        snapshot,
        balances=_newest_balances(snapshot, account),
        positions=_newest_positions(snapshot, account),
        open_orders=_newest_orders(snapshot, orders),
    )


def _newest_balances(snapshot: AccountSnapshot, account: AccountUpdateCollector) -> tuple[Balance, ...]:
    asked_ms = snapshot.taken_time_ms
    newer = {a: b for a, b in account.balances.items() if account.balance_time_ms(a) > asked_ms}
    return tuple(({b.asset: b for b in snapshot.balances} | newer).values())


def _newest_positions(snapshot: AccountSnapshot, account: AccountUpdateCollector) -> tuple[Position, ...]:
    told = {(p.symbol, p.position_side): p for p in snapshot.positions}
    for key, position in told.items():
        if account.position_time_ms(*key) > max(snapshot.taken_time_ms, position.update_time_ms):
            told[key] = account.position(*key) or replace(position, position_amount=Decimal(0))
    unlisted = {key: p for key, p in account.positions.items() if p.update_time_ms > snapshot.taken_time_ms}
    return tuple((unlisted | told).values())


def _newest_orders(snapshot: AccountSnapshot, orders: OrderUpdateCollector) -> tuple[Order, ...]:
    found = {(o.client_order_id, o.order_family): o for o in snapshot.open_orders}
    for key, told in tuple(found.items()):
        known = orders.get(*key)
        if known is not None and knows_more(known, told):
            found[key] = known
    for order in orders.open_orders():
        is_newer = order.update_time_ms > snapshot.taken_time_ms
        if is_newer and order.order_id is not None and order.status is not OrderStatus.UNKNOWN:
            found.setdefault((order.client_order_id, order.order_family), order)
    return tuple(order for order in found.values() if not order.status.is_terminal)
