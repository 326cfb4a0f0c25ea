"""Reads anew what a cut or a gap has left out: klines, order book, account. Nothing is replayed by the venue."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import Order, OrderFamily, OrderUpdate
from trader_gui.errors import VenueError
from trader_gui.exchange.port import MarketReader, OrderPort, StreamItem
from trader_gui.orders.manager import OrderManager
from trader_gui.prelim import Prelim

_log = logging.getLogger(__name__)

RETRY_PAUSE_S = 1.0
"""After a repair that failed: the venue is in trouble, it must not be asked in a circle."""


class Repair:
    """Runs one repair of each kind at a time; what fails is tried again when it is next wanted.

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
        self._running: set[str] = set()
        self._group: asyncio.TaskGroup | None = None
        self._since_ms = 0

    def start(self, group: asyncio.TaskGroup, since_ms: int) -> None:
        """From now on, run repairs as tasks of `group`; `since_ms` is the market time that the session began at."""
        self._group = group
        self._since_ms = since_ms

    def stop(self) -> None:
        """Start no more repairs."""
        self._group = None

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
        """Read the account, ask about each of our orders that it does not list, and read what was executed."""
        self._run("account", self._read_account_and_fills)

    async def read_account(self) -> None:
        """Read the account anew now, and ask about each of our orders that it does not list.

        Raises:
            VenueError: It cannot be read.
        """
        snapshot = await self.snapshot()
        self._deliver(snapshot, time.monotonic_ns())
        listed = {(o.client_order_id, o.order_family) for o in snapshot.open_orders}
        for order in self._callback.orders.open_orders():
            if (order.client_order_id, order.order_family) not in listed:
                self._manager.resolve(order.symbol, order.client_order_id, order.order_family)

    async def _read_account_and_fills(self) -> None:
        await self.read_account()
        await self._manager.wait_idle()  # a stop that has triggered tells its order of the book only when asked
        await self._read_fills()

    async def _read_fills(self) -> None:
        """Hand over executions of our orders that the user stream did not tell, as it would have told them.

        Those of foreign orders change the position, which the snapshot tells; they are listed at the next start.
        """
        orders, symbol = self._callback.orders, self._callback.symbol
        newest = max((f.trade_id for f in orders.fills if f.symbol == symbol), default=None)
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

    async def snapshot(self) -> AccountSnapshot:
        """Return the account as the venue tells it now."""
        return await self._port.account_snapshot(self._callback.symbol)

    def _run(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._group is None or what in self._running:
            return
        self._running.add(what)
        self._group.create_task(self._guard(what, work), name=f"repair {what}")

    async def _guard(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except VenueError as error:
            _log.warning("reading the %s anew failed: %s", what, error)
            await asyncio.sleep(RETRY_PAUSE_S)
        finally:
            self._running.discard(what)

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
