"""A snapshot of the account as it is to be taken over: with what was told while it was on its way, and just before."""

from decimal import Decimal

from msgspec.structs import replace

from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.domain.account import AccountSnapshot, Balance, Position, PositionKey
from trader_gui.domain.order import Order, OrderStatus
from trader_gui.orders.reconcile import knows_more

LIST_LAG_NS = 2_000_000_000
"""A list of positions that is behind the stream is no longer so after this."""

NEWS_MS = 5_000
"""A position that was told less long before a list was asked for is no old news: the list may not know it yet."""


class Adoption:
    """Makes of each snapshot what is to be taken over; remembers where the venue's list of positions was not believed.

    The venue answers from copies that may be behind its own stream. A list that contradicts what was told of a position
    just before (by the dates of both, or because the list leaves it out) is not believed at once: not before another
    one says the same `LIST_LAG_NS` later. Else a list that is behind would take a position from those who guard it.

    Attributes:
        doubted: Positions in which the newest snapshot was not believed; it has to be read anew.
    """

    def __init__(self, account: AccountUpdateCollector, orders: OrderUpdateCollector) -> None:
        self.doubted: frozenset[PositionKey] = frozenset()
        self._account = account
        self._orders = orders
        self._since: dict[PositionKey, tuple[Decimal, int]] = {}

    def bring_up_to_date(self, snapshot: AccountSnapshot, now_ns: int) -> AccountSnapshot:
        """Return a snapshot with what was told after it was asked for, which its lists may or may not show.

        It is what the collectors hold once they have the snapshot, so whoever begins with it (the journal) begins
        right.

        Args:
            snapshot: As the venue listed it.
            now_ns: Monotonic; when it came.
        """
        return replace(
            snapshot,
            balances=_newest_balances(snapshot, self._account),
            positions=self._newest_positions(snapshot, now_ns),
            open_orders=_newest_orders(snapshot, self._orders),
        )

    def _newest_positions(self, snapshot: AccountSnapshot, now_ns: int) -> tuple[Position, ...]:
        account = self._account
        listed = {position.key: position for position in snapshot.positions}
        former, self._since = self._since, {}
        newest = dict(listed)
        for key in account.positions.keys() | listed.keys():
            told, known = listed.get(key), account.position(*key)
            if _is_later(key, told, snapshot, account) or self._is_doubtful(key, told, snapshot, former, now_ns):
                if known is not None:
                    newest[key] = known
                elif told is not None:
                    flat_ms = account.changed_time_ms(*key)
                    newest[key] = replace(told, position_amount=Decimal(0), update_time_ms=flat_ms)
        self.doubted = frozenset(self._since)
        return tuple(newest.values())

    def _is_doubtful(
        self,
        key: PositionKey,
        told: Position | None,
        snapshot: AccountSnapshot,
        former: dict[PositionKey, tuple[Decimal, int]],
        now_ns: int,
    ) -> bool:
        """Tell whether a listed amount is not believed yet, and remember since when it is said."""
        if not self._is_behind(key, told, snapshot):
            return False
        amount = told.position_amount if told is not None else Decimal(0)
        said, since_ns = former.get(key, (amount, now_ns))
        if said != amount:
            since_ns = now_ns
        elif now_ns - since_ns >= LIST_LAG_NS:
            return False
        self._since[key] = amount, since_ns
        return True

    def _is_behind(self, key: PositionKey, told: Position | None, snapshot: AccountSnapshot) -> bool:
        """Tell whether a list may be older than what is known, by the dates of both."""
        known, known_ms = self._account.position(*key), self._account.changed_time_ms(*key)
        amounts = [position.position_amount if position is not None else Decimal(0) for position in (known, told)]
        if not known_ms or amounts[0] == amounts[1]:
            return False
        if self._executed_ms(key) > known_ms:
            return False  # what is known is itself behind an execution
        if told is not None and told.update_time_ms:
            return told.update_time_ms < known_ms
        return snapshot.taken_time_ms - known_ms < NEWS_MS

    def _executed_ms(self, key: PositionKey) -> int:
        """Return when an order last executed on a position or leg, as far as it is told; 0 for never."""
        orders = self._orders
        times_ms = [f.trade_time_ms for f in orders.fills if (f.symbol, f.position_side) == key]
        filled = (o for o in orders.closed if o.status is OrderStatus.FILLED)
        times_ms += [o.update_time_ms for o in filled if (o.symbol, o.position_side) == key]
        return max(times_ms, default=0)


def _is_later(
    key: PositionKey, told: Position | None, snapshot: AccountSnapshot, account: AccountUpdateCollector
) -> bool:
    """Tell whether a position was told after the snapshot was asked for."""
    listed_ms = told.update_time_ms if told is not None else 0
    return account.position_time_ms(*key) > max(snapshot.taken_time_ms, listed_ms)


def _newest_balances(snapshot: AccountSnapshot, account: AccountUpdateCollector) -> tuple[Balance, ...]:
    asked_ms = snapshot.taken_time_ms
    newer = {a: b for a, b in account.balances.items() if account.balance_time_ms(a) > asked_ms}
    return tuple(({b.asset: b for b in snapshot.balances} | newer).values())


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
