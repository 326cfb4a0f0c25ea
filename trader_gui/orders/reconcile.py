"""What the venue, the journal and the collectors say of one account, held side by side; pure, it asks nobody.

The venue is always right. A difference is adopted, explained by what the venue itself lists (executions, income, the
order as it ended), shown and journalled, and never answered with an order.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate
from typing import TypeAlias

import msgspec

from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.domain.account import AccountSnapshot, MarginType
from trader_gui.domain.order import Order, OrderFamily, OrderStatus, OrderType, PositionSide
from trader_gui.journal.belief import Belief

_ZERO = Decimal(0)
_TRIGGERED = frozenset({OrderStatus.TRIGGERING, OrderStatus.TRIGGERED})


class RowKind(StrEnum):
    """What a row is about; `SETTINGS` are leverage and margin type of the session's symbol."""

    POSITION = "position"
    ORDER = "order"
    CONDITIONAL_ORDER = "conditional_order"
    WALLET = "wallet"
    EXECUTION = "execution"
    SETTINGS = "settings"


class RowState(StrEnum):
    """How the three stand to each other.

    DIFFERS: nobody knows yet why, or the venue is being asked. ADOPTED: the venue's word was taken over, its cause is
    being looked for. EXPLAINED: it is known. UNEXPLAINED: it was not found.
    """

    AGREES = "agrees"
    DIFFERS = "differs"
    ADOPTED = "adopted"
    EXPLAINED = "explained"
    UNEXPLAINED = "unexplained"

    @property
    def is_open(self) -> bool:
        """Whether the user should know: it differs, or did so for no reason that is known."""
        return self not in (RowState.AGREES, RowState.EXPLAINED)

    @property
    def is_past(self) -> bool:
        """Whether it is a difference of the past, in which the venue was believed."""
        return self not in (RowState.AGREES, RowState.DIFFERS)


RowKey: TypeAlias = tuple[RowKind, str]


class Row(msgspec.Struct, frozen=True):
    """One row of the table.

    Attributes:
        name: Symbol (with its leg in hedge mode), client order id, asset, or symbol and trade id.
        venue, journal, memory: What each says, as text; "" is nothing there, None is not known.
        since_ms: Market time since which the state holds.
        cause: Code of the explanation, "" for none.
    """

    kind: RowKind
    name: str
    venue: str | None
    journal: str | None
    memory: str | None
    state: RowState
    since_ms: int
    cause: str = ""

    @property
    def key(self) -> RowKey:
        """What the row is known by."""
        return self.kind, self.name

    def __str__(self) -> str:
        name = {RowKind.POSITION: f"{self.name} position", RowKind.WALLET: f"{self.name} wallet"}.get(
            self.kind, f"{self.kind.replace('_', ' ')} {self.name}"
        )
        told = (("journal", self.journal), ("memory", self.memory), ("exchange", self.venue))
        return f"{name}: " + ", ".join(f"{who} {text or 'none'}" for who, text in told if text is not None)


class Settings(msgspec.Struct, frozen=True):
    """Leverage and margin type of a symbol, None while not told."""

    leverage: int | None
    margin_type: MarginType | None


Fact: TypeAlias = Decimal | Order | Settings | None
"""A position's amount, a wallet balance, an open order, settings; None is nothing there."""


class Pair(msgspec.Struct, frozen=True):
    """What venue and collectors say of one thing.

    Attributes:
        memory_ms: Market time since which the collectors say so.
        is_asked: The collectors know that they do not know (an UNKNOWN order, an amendment in flight), and the venue is
            being asked.
    """

    venue: Fact
    memory: Fact
    memory_ms: int
    agrees: bool
    is_asked: bool = False


# ---- names and texts -------------------------------------------------------------------------------------------------


def position_key(symbol: str, side: PositionSide) -> RowKey:
    """Return the key of a position, or of one leg of it."""
    return RowKind.POSITION, symbol if side is PositionSide.BOTH else f"{symbol} {side}"


def order_key(client_order_id: str, family: OrderFamily) -> RowKey:
    """Return the key of an order."""
    return RowKind.CONDITIONAL_ORDER if family is OrderFamily.ALGO else RowKind.ORDER, client_order_id


def execution_key(symbol: str, trade_id: int) -> RowKey:
    """Return the key of an execution."""
    return RowKind.EXECUTION, f"{symbol} {trade_id}"


def fact_text(fact: Fact) -> str:
    """Return a fact as text, "" for nothing there."""
    if isinstance(fact, Order):
        return order_text(fact)
    if isinstance(fact, Settings):
        return f"{fact.leverage or '?'}x {fact.margin_type or '?'}"
    return f"{fact.normalize():f}" if fact else ""


def order_text(order: Order) -> str:
    """Return `PARTIALLY_FILLED SELL 0.004/0.01 @ 60000`, in the venue's words; NEW goes without saying."""
    status = "" if order.status is OrderStatus.NEW else f"{order.status} "
    done = f"{order.executed_quantity.normalize():f}/" if order.executed_quantity else ""
    size = "position" if order.close_position else f"{done}{order.quantity.normalize():f}"
    level = order.trigger_price or order.price
    return f"{status}{order.side} {size}" + (f" @ {level.normalize():f}" if level else "")


# ---- venue against collectors ----------------------------------------------------------------------------------------


def compare(
    snapshot: AccountSnapshot, account: AccountUpdateCollector, orders: OrderUpdateCollector, symbol: str
) -> dict[RowKey, Pair]:
    """Hold a fresh snapshot against what the collectors say now.

    Args:
        snapshot: Of the venue; where it lists the open orders of some symbols only, the others are left out.
        account: What is known of balances and positions.
        orders: What is known of orders. One that is on its way is left out: nobody can know of it yet.
        symbol: The session's, whose settings are compared.
    """
    return (
        _positions(snapshot, account)
        | _wallets(snapshot, account)
        | _settings(snapshot, account, symbol)
        | _orders(snapshot, orders)
    )


def _positions(snapshot: AccountSnapshot, account: AccountUpdateCollector) -> dict[RowKey, Pair]:
    venue = {(p.symbol, p.position_side): p.position_amount for p in snapshot.positions if p.position_amount}
    ours = {key: p.position_amount for key, p in account.positions.items()}
    return {
        position_key(*key): Pair(
            venue.get(key), ours.get(key), account.position_time_ms(*key), agrees=venue.get(key) == ours.get(key)
        )
        for key in sorted(venue.keys() | ours.keys())
    }


def _wallets(snapshot: AccountSnapshot, account: AccountUpdateCollector) -> dict[RowKey, Pair]:
    venue = {b.asset: b.wallet_balance for b in snapshot.balances if b.wallet_balance}
    ours = {asset: b.wallet_balance for asset, b in account.balances.items() if b.wallet_balance}
    return {
        (RowKind.WALLET, asset): Pair(
            venue.get(asset),
            ours.get(asset),
            account.balance_time_ms(asset),
            agrees=venue.get(asset) == ours.get(asset),
        )
        for asset in sorted(venue.keys() | ours.keys())
    }


def _settings(snapshot: AccountSnapshot, account: AccountUpdateCollector, symbol: str) -> dict[RowKey, Pair]:
    told = next((p for p in snapshot.positions if p.symbol == symbol and p.leverage is not None), None)
    if told is None:
        return {}
    venue = Settings(told.leverage, told.margin_type)
    ours = Settings(account.leverage(symbol), account.margin_type(symbol))
    return {(RowKind.SETTINGS, symbol): Pair(venue, ours, 0, agrees=venue == ours)}


def _orders(snapshot: AccountSnapshot, orders: OrderUpdateCollector) -> dict[RowKey, Pair]:
    found: dict[RowKey, Pair] = {}
    listed = {order_key(o.client_order_id, o.order_family): o for o in snapshot.open_orders}
    resting = {o.order_id for o in snapshot.open_orders}
    amended = {client_order_id for client_order_id, _ in orders.amends_in_flight}
    for ours in orders.open_orders():
        if snapshot.orders_of is not None and ours.symbol not in snapshot.orders_of:
            continue
        key = order_key(ours.client_order_id, ours.order_family)
        told = listed.pop(key, None)
        if ours.status is OrderStatus.SENT:
            continue
        is_asked = ours.status is OrderStatus.UNKNOWN or ours.client_order_id in amended
        agrees = not is_asked and _is_as_listed(ours, told, resting)
        found[key] = Pair(told, ours, ours.update_time_ms, agrees=agrees, is_asked=is_asked)
    for key, told in listed.items():
        ended = orders.get(told.client_order_id, told.order_family)
        if ended is None or not knows_more(ended, told):
            found[key] = Pair(told, ended, ended.update_time_ms if ended is not None else 0, agrees=False)
    return found


def _is_as_listed(ours: Order, told: Order | None, resting: Iterable[int | None]) -> bool:
    """Tell whether the venue's list shows an open order as it is known here, or an older state of it."""
    if told is None:  # the order of the book that a conditional one became stands for it
        return ours.status in _TRIGGERED and ours.triggered_order_id in resting
    return knows_more(ours, told) or (told.order_id == ours.order_id and _terms(told) == _terms(ours))


def knows_more(ours: Order, told: Order) -> bool:
    """Tell whether the collectors know a newer state of the same order than a list, which may lag."""
    return ours.order_id == told.order_id and (
        ours.update_time_ms > told.update_time_ms
        or ours.executed_quantity > told.executed_quantity
        or (ours.status.is_terminal and ours.update_time_ms >= told.update_time_ms)
    )


def _terms(order: Order) -> tuple[Decimal, ...]:
    """Return what of an order can change: executed, size, prices."""
    if order.order_family is OrderFamily.BOOK:
        return order.executed_quantity, order.quantity, order.price
    size = _ZERO if order.close_position else order.quantity
    trigger = _ZERO if order.order_type is OrderType.TRAILING_STOP_MARKET else order.trigger_price
    return size, trigger, order.price


# ---- why -------------------------------------------------------------------------------------------------------------

_EXACT = Decimal("1e-12")


def find_sum(changes: Sequence[Decimal], difference: Decimal, tolerance: Decimal = _ZERO) -> range | None:
    """Return which changes in a row add up to a difference, as many as possible; None when none do.

    A stale amount was once the true one, and each change since led to the next: so what separates it from the amount
    now is a run of changes, oldest first.

    Args:
        changes: All changes since the stale amount was told, and perhaps later ones, oldest first.
        difference: The amount now minus the stale one, not 0.
        tolerance: What rounding may leave.
    """
    width = tolerance or _EXACT
    totals = list(accumulate(changes, initial=_ZERO))
    latest = {total // width: place for place, total in enumerate(totals)}
    for start, total in enumerate(totals):
        wanted = total + difference
        for near in (-1, 0, 1):
            end = latest.get(wanted // width + near, start)
            if end > start and abs(totals[end] - wanted) <= tolerance:
                return range(start, end)
    return None


# ---- the journal -----------------------------------------------------------------------------------------------------


def journal_facts(belief: Belief) -> dict[RowKey, Fact]:
    """Return all that the journal says, by row; what is nothing is left out."""
    return (
        {position_key(*key): position.position_amount for key, position in belief.positions.items()}
        | {(RowKind.WALLET, a): b.wallet_balance for a, b in belief.balances.items() if b.wallet_balance}
        | {order_key(o.client_order_id, o.order_family): o for o in belief.orders}
    )


def journal_differences(belief: Belief, pairs: Mapping[RowKey, Pair], *, to_venue: bool) -> dict[RowKey, Pair]:
    """Return the rows of which the journal says something else than the venue, or than the collectors.

    Args:
        belief: From the journal.
        pairs: Of all rows that venue or collectors know.
        to_venue: Against the venue, else against the collectors.

    Returns:
        Pairs with the journal's word in the place of the collectors'. Of an order only counts that it is open.
    """
    told = journal_facts(belief)
    found: dict[RowKey, Pair] = {}
    for key in sorted(pairs.keys() | told.keys()):
        pair = pairs.get(key)
        other = None if pair is None else pair.venue if to_venue else pair.memory
        ours = told.get(key)
        if key[0] in _JOURNALLED and not _is_same_to_journal(ours, other):
            found[key] = Pair(pair.venue if pair is not None else None, ours, belief.time_ms, agrees=False)
    return found


_JOURNALLED = frozenset({RowKind.POSITION, RowKind.WALLET, RowKind.ORDER, RowKind.CONDITIONAL_ORDER})


def _is_same_to_journal(ours: Fact, other: Fact) -> bool:
    if isinstance(ours, Order) or isinstance(other, Order):
        return _is_open(ours) == _is_open(other)
    return ours == other


def _is_open(fact: Fact) -> bool:
    return isinstance(fact, Order) and not fact.status.is_terminal
