"""What became of what the journal knew: orders, executions and position of before the session, asked of the venue.

Nothing is sent and nothing is changed. The outcome is messages: they take the road into memory, ledger and journal like
any other, so that the three of them go on as if the program had never been away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from trader_gui.collectors.order_merge import as_heard
from trader_gui.decision.ownership import fills_since_flat
from trader_gui.domain.account import AccountSnapshot, Position
from trader_gui.domain.bracket import BracketsLeft
from trader_gui.domain.client_order_id import sequence_of
from trader_gui.domain.order import Fill, FillHistory, Order, OrderFamily, OrdersInDoubt, Origin
from trader_gui.domain.step import Message
from trader_gui.exchange.port import OrderPort
from trader_gui.journal.belief import Belief
from trader_gui.journal.writer import JournalWriter
from trader_gui.rt_trader.belief import read_journal
from trader_gui.rt_trader.execution_pages import since_time, since_trade

ROUNDS = 4
"""Executions and account are read this often until nothing was executed in between."""

LAG_PAUSES_S = (0.3, 0.7, 1.5)
"""Before the names of orders are asked for again, when an execution is told of an order newer than all of them."""

LOOKED_BACK = 5_000
"""Executions of the journal that may be looked through for the beginning of a position."""

_DAY_MS = 86_400_000


class Recovered(msgspec.Struct, frozen=True):
    """The account, and what happened before.

    Attributes:
        snapshot: With all of `histories` in it, unless the account never stood still.
        in_doubt: Our orders that the journal holds for open and the venue does not list; executed as far as known.
        histories: By symbol, the session's last: executions since 00:00 UTC, those that the journal does not have, and
            those that made the position.
        next_sequence: Number of the next order of ours, higher than any that journal or venue has seen.
        differences: That the venue has seen higher ones than the journal, in words.
        brackets: By hand, as the journal left them.
    """

    snapshot: AccountSnapshot
    in_doubt: OrdersInDoubt
    histories: tuple[FillHistory, ...]
    next_sequence: int
    differences: tuple[str, ...]
    brackets: BracketsLeft

    @property
    def messages(self) -> tuple[Message, ...]:
        """For the road, in this order: what is in doubt counts as executed what it says, the fills say whose it was."""
        return self.brackets, self.snapshot, self.in_doubt, *self.histories


class Past:
    """Reads what happened before the session.

    Args:
        port: The account.
        journal: Open, with nothing of this session in it yet.
        belief: What it says; None when it has never seen the account.
    """

    def __init__(self, port: OrderPort, journal: JournalWriter, belief: Belief | None) -> None:
        self._port = port
        self._journal = journal
        self._belief = belief

    async def read(
        self,
        symbol: str,
        day_start_ms: int,
        traded_today: AbstractSet[str],
        read_account: Callable[[], Awaitable[AccountSnapshot]],
    ) -> Recovered:
        """Read it.

        Args:
            symbol: The session's; others are read when the journal knows of orders, positions or executions of today
                there.
            day_start_ms: 00:00 UTC of the venue's market time.
            traded_today: Symbols of which the venue tells executions since then: they count for the day's loss.
            read_account: Takes a snapshot.

        Raises:
            UserError: The journal cannot be read.
            VenueError: The venue cannot be asked.
        """
        symbols = await self._symbols(symbol, day_start_ms, traded_today)
        told = {name: await self._executions(name, day_start_ms) for name in symbols}
        snapshot = await read_account()
        for _ in range(ROUNDS):
            if not await self._read_on(told, day_start_ms):
                break
            snapshot = await read_account()
        names, highest = await self._order_names(told, snapshot)
        fills = {name: [_named(fill, names) for fill in told[name]] for name in told}
        histories = [await self._history(name, fills[name], snapshot) for name in fills]
        next_sequence = max(self._journal.next_sequence, highest + 1)
        return Recovered(
            self._as_heard(snapshot),
            self._in_doubt(snapshot, fills),
            tuple(histories),
            next_sequence,
            self._differences(highest),
            BracketsLeft(() if self._belief is None else self._belief.brackets),
        )

    # ---- executions ------------------------------------------------------------------------------------------------

    async def _symbols(self, symbol: str, day_start_ms: int, traded_today: AbstractSet[str]) -> list[str]:
        """Return the symbols to read, the session's last."""
        others = set(traded_today)
        belief = self._belief
        if belief is not None:
            others |= {order.symbol for order in self._own_orders()} | {name for name, _ in belief.positions}
            others |= {bracket.symbol for bracket in belief.brackets}
            others |= await read_journal(self._journal.path, lambda reader: reader.traded_symbols(day_start_ms))
        return [*sorted(others - {symbol}), symbol]

    async def _executions(self, symbol: str, day_start_ms: int) -> list[Fill]:
        """Return executions since 00:00 UTC, and all that the journal may not have."""
        belief, day_end_ms = self._belief, day_start_ms + _DAY_MS
        newest = None if belief is None else belief.newest_trade_ids.get(symbol)
        read_ms = None if belief is None else belief.read_times_ms.get(symbol)
        if newest is None:
            since_ms = day_start_ms if read_ms is None else min(read_ms, day_start_ms)
            return await since_time(self._port, symbol, since_ms, day_end_ms)
        if read_ms is None:  # known by events alone, which may be of today
            later = await since_trade(self._port, symbol, newest)
            today = await since_time(self._port, symbol, day_start_ms, day_end_ms)
            by_id = {fill.trade_id: fill for fill in (*later, *today)}
            return [by_id[trade_id] for trade_id in sorted(by_id)]
        if read_ms < day_start_ms:
            return await since_trade(self._port, symbol, newest)
        return await since_time(self._port, symbol, day_start_ms, day_end_ms)

    async def _read_on(self, told: dict[str, list[Fill]], day_start_ms: int) -> bool:
        """Read what was executed since; tell whether anything was."""
        is_news = False
        for symbol, fills in told.items():
            if fills:
                later = await since_trade(self._port, symbol, fills[-1].trade_id)
            else:
                later = await self._executions(symbol, day_start_ms)
            fills += later
            is_news = is_news or bool(later)
        return is_news

    async def _history(self, symbol: str, fills: list[Fill], snapshot: AccountSnapshot) -> FillHistory:
        known = 0 if self._belief is None else self._belief.newest_trade_ids.get(symbol, 0)
        newest = fills[-1].trade_id if fills else known
        held = [p for p in snapshot.positions if p.symbol == symbol and p.position_amount]
        if any(_made_of(position, fills) is None for position in held):
            fills = _reaching_back(held, fills, await self._journalled(symbol))
        return FillHistory(symbol, tuple(fills), newest)

    async def _journalled(self, symbol: str) -> tuple[Fill, ...]:
        if self._belief is None:
            return ()
        return await read_journal(self._journal.path, lambda reader: reader.newest_fills(symbol, LOOKED_BACK))

    # ---- orders ----------------------------------------------------------------------------------------------------

    def _own_orders(self) -> Iterable[Order]:
        orders = self._belief.orders if self._belief is not None else ()
        return (order for order in orders if order.origin is not Origin.OTHER)

    async def _order_names(
        self, told: dict[str, list[Fill]], snapshot: AccountSnapshot
    ) -> tuple[dict[tuple[str, int], str], int]:
        """Return client order ids by symbol and venue's id, and the highest number of ours among them."""
        names = dict(self._belief.client_order_ids) if self._belief is not None else {}
        highest = max(
            (sequence_of(self._journal.id_prefix, o.client_order_id) for o in snapshot.open_orders), default=0
        )
        for symbol, fills in told.items():
            for pause_s in (0.0, *LAG_PAUSES_S):
                await asyncio.sleep(pause_s)
                found = await self._port.order_names(symbol)
                names |= {(symbol, o.order_id): o.client_order_id for o in found if o.order_id is not None}
                highest = max([highest, *(sequence_of(self._journal.id_prefix, o.client_order_id) for o in found)])
                newest = max((number for name, number in names if name == symbol), default=0)
                if not any(fill.order_id > newest for fill in fills):
                    break
            await self._ask_for_names(symbol, fills, names)
        return names, highest

    async def _ask_for_names(self, symbol: str, fills: list[Fill], names: dict[tuple[str, int], str]) -> None:
        """Ask about our orders of which the venue's id was never heard, while an execution has no name."""
        for order in self._own_orders():
            if all((symbol, fill.order_id) in names for fill in fills):
                return
            if order.symbol == symbol and (order.order_id is None or order.order_family is OrderFamily.ALGO):
                found = await self._port.query_order(symbol, order.client_order_id, order.order_family)
                number = None if found is None else _executed_as(found)
                if number is not None:
                    names[symbol, number] = order.client_order_id

    def _differences(self, highest: int) -> tuple[str, ...]:
        """Tell that orders were sent of which the journal knows nothing: it is an older copy, or not the whole one."""
        known = self._journal.next_sequence - 1
        if highest <= known:
            return ()
        name = self._journal.id_prefix
        return (f"highest number of an order {name}: journal {known or 'none'}, exchange {highest}",)

    def _as_heard(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Return the account with what no list tells and the journal has heard."""
        former = self._belief.orders if self._belief is not None else ()
        return replace(snapshot, open_orders=tuple(as_heard(o, former) for o in snapshot.open_orders))

    def _in_doubt(self, snapshot: AccountSnapshot, fills: dict[str, list[Fill]]) -> OrdersInDoubt:
        listed = {(order.client_order_id, order.order_family) for order in snapshot.open_orders}
        doubted = [o for o in self._own_orders() if (o.client_order_id, o.order_family) not in listed]
        return OrdersInDoubt(tuple(_with_executions(order, fills[order.symbol]) for order in doubted))


def _made_of(position: Position, fills: Iterable[Fill]) -> tuple[Fill, ...] | None:
    leg = [fill for fill in fills if fill.position_side is position.position_side]
    return fills_since_flat(position.position_amount, leg)


def _reaching_back(held: Iterable[Position], fills: list[Fill], journalled: Iterable[Fill]) -> list[Fill]:
    """Return `fills`, and before them as many of the journalled ones as are needed to explain the positions."""
    by_id = {fill.trade_id: fill for fill in (*journalled, *fills)}
    everything = [by_id[trade_id] for trade_id in sorted(by_id)]
    made = [fill.trade_id for position in held for fill in _made_of(position, everything) or ()]
    first = min([*made, *(fill.trade_id for fill in fills[:1])], default=None)
    return [fill for fill in everything if first is not None and fill.trade_id >= first]


def _named(fill: Fill, names: dict[tuple[str, int], str]) -> Fill:
    return replace(fill, client_order_id=names.get((fill.symbol, fill.order_id), ""))


def _executed_as(order: Order) -> int | None:
    return order.triggered_order_id if order.order_family is OrderFamily.ALGO else order.order_id


def _with_executions(order: Order, fills: list[Fill]) -> Order:
    """Return an order of the book with what its executions say, so that none of them counts for news later."""
    if order.order_family is OrderFamily.ALGO:
        return order
    mine = [fill for fill in fills if fill.client_order_id == order.client_order_id]
    executed = sum((fill.quantity for fill in mine), Decimal(0))
    return replace(order, executed_quantity=max(order.executed_quantity, executed))
