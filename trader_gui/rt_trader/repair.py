"""Reads anew what a cut or a gap has left out: klines, order book, account. Nothing is replayed by the venue."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import Order, OrderFamily, OrderUpdate
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.port import MarketReader, OrderPort, StreamItem
from trader_gui.orders.manager import OrderManager
from trader_gui.prelim import Prelim

_log = logging.getLogger(__name__)

RETRY_PAUSE_S = 1.0
"""After a repair that failed: the venue is in trouble, it must not be asked in a circle."""

IDLE_LIMIT_S = 15.0
"""How long the reading of executions waits for orders that are being asked about."""

UNTOLD_LIMIT_NS = 2_000_000_000
"""The position that came of an execution is told with it; after this long the user stream is not believed."""


class Repair:
    """Runs one repair of each kind at a time.

    Klines and book are tried again when they are next wanted, which the next message sees to. Nothing would tell that
    the account is still out of date, so it is read again and again until that has worked, and once more when a doubt
    came while it was being read.

    Owner: `start` ties it to the session's TaskGroup.
    """

    def __init__(
        self,
        callback: Callback,
        reader: MarketReader,
        port: OrderPort,
        manager: OrderManager,
        deliver: Callable[[StreamItem, int], None],
        *,
        with_book: bool,
    ) -> None:
        self._callback = callback
        self._reader = reader
        self._port = port
        self._manager = manager
        self._deliver = deliver
        self._with_book = with_book
        self._prelim = Prelim(reader, port, callback.symbol, callback.interval)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._since_ms = 0
        self._doubts = 0
        self._settled_doubts = 0
        self._newest: AccountSnapshot | None = None
        self._are_fills_wanted = False
        self._newest_trade_id: int | None = None
        self._untold_since_ns: int | None = None

    def start(self, group: asyncio.TaskGroup, since_ms: int) -> None:
        """From now on, run repairs as tasks of `group`; `since_ms` is the market time that the session began at."""
        self._group = group
        self._since_ms = since_ms
        if self._doubts > self._settled_doubts:
            self._run("account", self._settle_account)

    def stop(self) -> None:
        """Start no more repairs, and end those that run."""
        self._group = None
        for task in self._running.values():
            task.cancel()

    def look_for_gaps(self) -> None:
        """Repair a series or a book that says it has missed something; cheap enough for every message."""
        if self._callback.klines.resync_wanted:
            self.klines()
        if self._with_book and self._callback.order_book.resync_wanted:
            self.order_book()

    def klines(self) -> None:
        """Read the last closed klines."""
        self._run("klines", self._read_klines)

    def order_book(self) -> None:
        """Read the order book."""
        self._run("order book", self._read_order_book)

    def account(self) -> None:
        """Something may have been missed: read the account, ask about orders that it does not list, read executions."""
        self._doubts += 1
        if not self._are_fills_wanted:  # what is told from now on may be newer than what was missed
            symbol = self._callback.symbol
            ids = (f.trade_id for f in self._callback.orders.fills if f.symbol == symbol)
            self._newest_trade_id = max(ids, default=None)
        self._are_fills_wanted = True
        self._run("account", self._settle_account)

    def look_for_untold(self, now_ns: int) -> None:
        """Doubt the user stream when the engine's order was executed and the position that came of it is not told."""
        if not self._callback.engine_untold:
            self._untold_since_ns = None
        elif self._untold_since_ns is None:
            self._untold_since_ns = now_ns
        elif now_ns - self._untold_since_ns > UNTOLD_LIMIT_NS:
            self._untold_since_ns = None
            self.account()

    def has_settled(self, snapshot: AccountSnapshot) -> bool:
        """Tell whether this is the account as it was read after the last doubt."""
        return snapshot is self._newest and self._settled_doubts == self._doubts

    async def read_account(self) -> None:
        """Read the account anew now, and ask about each of our orders that it does not list.

        Raises:
            VenueError: It cannot be read.
        """
        doubts = self._doubts
        snapshot = await self.snapshot()
        self._settled_doubts, self._newest = max(doubts, self._settled_doubts), snapshot
        self._deliver(snapshot, time.monotonic_ns())
        listed = {(o.client_order_id, o.order_family) for o in snapshot.open_orders}
        for order in self._callback.orders.open_orders():
            if (order.client_order_id, order.order_family) not in listed:
                self._manager.resolve(order.symbol, order.client_order_id, order.order_family)

    async def _settle_account(self) -> None:
        while self._doubts > self._settled_doubts:
            await self._once_more("account", self.read_account)
        self._run("executions", self._settle_fills)

    async def _settle_fills(self) -> None:
        while self._are_fills_wanted:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_LIMIT_S):
                    await self._manager.wait_idle()  # a triggered stop tells its order of the book only when asked
            await self._once_more("executions", self._read_fills)

    async def _once_more(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do a work that is repeated until it has succeeded, with a pause after a failure."""
        try:
            await work()
        except (VenueError, ProtocolError) as error:
            _log.warning("reading the %s anew failed: %s", what, error)
            wait_s = error.wait_s if isinstance(error, VenueError) else 0.0
            await asyncio.sleep(max(RETRY_PAUSE_S, wait_s))

    async def _read_fills(self) -> None:
        """Hand over executions of our orders that the user stream did not tell, as it would have told them.

        Those of foreign orders change the position, which the snapshot tells; they are listed at the next start.
        """
        orders, symbol, newest = self._callback.orders, self._callback.symbol, self._newest_trade_id
        if newest is None:
            fills = await self._port.fills(symbol, start_time_ms=self._since_ms)
        else:
            fills = await self._port.fills(symbol, from_trade_id=newest + 1)
        known = _by_venue_id(o for o in (*orders.closed, *orders.open_orders(symbol)) if o.symbol == symbol)
        for fill in fills:
            order = known.get(fill.order_id)
            if order is not None and not orders.has_fill(fill):
                told = replace(fill, client_order_id=order.client_order_id)
                update = OrderUpdate(order, "TRADE", told, fill.trade_time_ms, fill.trade_time_ms)
                self._deliver(update, time.monotonic_ns())
        self._are_fills_wanted = False

    async def snapshot(self) -> AccountSnapshot:
        """Return the account as the venue tells it now; dated by the market's clock, which its events are dated by."""
        asked_ms = self._callback.now_ms
        return replace(await self._port.account_snapshot(self._callback.symbol), taken_time_ms=asked_ms)

    def _run(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._group is None or what in self._running:
            return
        self._running[what] = self._group.create_task(self._guard(what, work), name=f"repair {what}")

    async def _guard(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await self._once_more(what, work)
        finally:
            del self._running[what]

    async def _read_klines(self) -> None:
        self._deliver(await self._prelim.load_history(), time.monotonic_ns())

    async def _read_order_book(self) -> None:
        self._deliver(await self._reader.depth(self._callback.symbol), time.monotonic_ns())


def _by_venue_id(orders: Iterable[Order]) -> dict[int, Order]:
    """Return orders by the venue's id under which they are executed."""
    found: dict[int, Order] = {}
    for order in orders:
        number = order.triggered_order_id if order.order_family is OrderFamily.ALGO else order.order_id
        if number is not None:
            found[number] = order
    return found
