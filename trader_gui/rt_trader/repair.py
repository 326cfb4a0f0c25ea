"""Reads anew what a cut or a gap has left out: klines, order book, account. Nothing is replayed by the venue."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import OrderStatus
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.port import MarketReader, OrderPort, StreamItem
from trader_gui.orders.adopt import LIST_LAG_NS
from trader_gui.orders.manager import OrderManager
from trader_gui.prelim import Prelim
from trader_gui.rt_trader.executions import Executions

_log = logging.getLogger(__name__)

RETRY_PAUSE_S = 1.0
"""After a repair that failed: the venue is in trouble, it must not be asked in a circle. Doubles while it fails."""

LONGEST_PAUSE_S = 30.0

IDLE_LIMIT_S = 15.0
"""How long the reading of executions waits for orders that are being asked about."""


class Repair:
    """Runs one repair of each kind at a time.

    Klines and book are tried again when they are next wanted, which the next message sees to. Nothing would tell that
    the account is still out of date, so it is read again and again until that has worked, and once more when a doubt
    came while it was being read.

    Attributes:
        executions: The venue's list of executions, held against what is booked.
        problem: Why the account could not be read the last time, "" while it could.

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
        self.executions = Executions(callback, port)
        self.problem = ""
        self._callback = callback
        self._reader = reader
        self._port = port
        self._manager = manager
        self._deliver = deliver
        self._with_book = with_book
        self._prelim = Prelim(reader, port, callback.symbol, callback.interval)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._group: asyncio.TaskGroup | None = None
        self._doubts = 0
        self._settled_doubts = 0
        self._not_before_s = 0.0
        self._newest: AccountSnapshot | None = None
        self._are_fills_wanted = False
        self._settled = asyncio.Event()
        self._settled.set()

    def start(self, group: asyncio.TaskGroup) -> None:
        """From now on, run repairs as tasks of `group`."""
        self._group = group
        if not self.is_settled:
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
        """Read the order book, where a window needs it."""
        if self._with_book:
            self._run("order book", self._read_order_book)

    # ---- account -----------------------------------------------------------------------------------------------------

    def account(self) -> None:
        """Something may have been missed: read the account, ask about orders that it does not list, read executions."""
        self._doubts += 1
        self._are_fills_wanted = True
        self._settled.clear()
        self._run("account", self._settle_account)

    def account_soon(self) -> None:
        """The account was read, and its list was not believed: read it once more when it can no longer be behind."""
        self._not_before_s = time.monotonic() + LIST_LAG_NS / 1e9
        self._doubts += 1
        self._settled.clear()
        self._run("account", self._settle_account)

    async def wait_settled(self) -> None:
        """Wait until account and executions were read after the last doubt."""
        await self._settled.wait()

    @property
    def is_settled(self) -> bool:
        """True when account and executions were read after the last doubt."""
        return self._settled.is_set()

    def has_settled(self, snapshot: AccountSnapshot) -> bool:
        """Tell whether this is the account as it was read after the last doubt."""
        return snapshot is self._newest and self._settled_doubts == self._doubts

    async def read_account(self) -> None:
        """Read the account anew now; `ask_about_orders` does the rest once the core has it.

        Raises:
            VenueError: It cannot be read.
        """
        doubts = self._doubts
        snapshot = await self.snapshot()
        self._settled_doubts, self._newest = max(doubts, self._settled_doubts), snapshot
        self.adopt(snapshot)

    async def read_executions(self) -> None:
        """Hand over executions that were not told, those of foreign orders too, as the stream would have told them.

        Raises:
            VenueError: They cannot be read.
        """
        unbooked = await self.executions.unbooked(self.executions.symbols())
        for update in await self.executions.as_told(unbooked):
            self._deliver(update, time.monotonic_ns())

    async def snapshot(self, orders_of: set[str] | None = None) -> AccountSnapshot:
        """Return the account as the venue tells it now; dated by the market's clock, which its events are dated by.

        While the market is silent that clock stands still, and what was read before is newer than it.
        """
        callback = self._callback
        times_ms = [order.update_time_ms for order in callback.orders.open_orders() if order.order_id is not None]
        times_ms += [position.update_time_ms for position in callback.account.positions.values()]
        asked_ms = max([callback.now_ms, *times_ms])
        read = await self._port.account_snapshot(self._callback.symbol, orders_of=orders_of)
        return replace(read, taken_time_ms=asked_ms)

    def adopt(self, snapshot: AccountSnapshot) -> None:
        """Hand a snapshot to the core."""
        self._deliver(snapshot, time.monotonic_ns())

    def ask_about_orders(self) -> None:
        """Ask about each order of which nobody knows what became of it, and which is not being asked about already."""
        for order in self._callback.orders.open_orders():
            is_unknown = order.status is OrderStatus.UNKNOWN
            if is_unknown and not self._manager.is_asking(order.client_order_id, order.order_family):
                self._manager.resolve(order.symbol, order.client_order_id, order.order_family)

    async def _settle_account(self) -> None:
        while self._doubts > self._settled_doubts:
            await asyncio.sleep(self._not_before_s - time.monotonic())
            await self._once_more("account", self.read_account)
        self._run("executions", self._settle_fills)

    async def _settle_fills(self) -> None:
        while self._are_fills_wanted:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_LIMIT_S):
                    await self._manager.wait_idle()  # a triggered stop tells its order of the book only when asked
            self._are_fills_wanted = False
            if not await self._once_more("executions", self.read_executions):
                self._are_fills_wanted = True
        if self._doubts == self._settled_doubts:
            self._settled.set()

    # ---- tasks -------------------------------------------------------------------------------------------------------

    async def _once_more(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do a work that is repeated until it has succeeded; after a failure wait, longer each time."""
        try:
            await work()
        except (VenueError, ProtocolError) as error:
            _log.warning("reading the %s anew failed: %s", what, error)
            self._tell_problem(what, str(error))
            failures = self._failures[what] = self._failures.get(what, 0) + 1
            wait_s = error.wait_s if isinstance(error, VenueError) else 0.0
            await asyncio.sleep(max(min(RETRY_PAUSE_S * 2 ** (failures - 1), LONGEST_PAUSE_S), wait_s))
            return False
        self._tell_problem(what, "")
        self._failures.pop(what, None)
        return True

    def _tell_problem(self, what: str, text: str) -> None:
        if what in ("account", "executions"):
            self.problem = text

    def _run(self, what: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        if self._group is None or what in self._running:
            return
        self._running[what] = self._group.create_task(self._guard(what, work), name=f"repair {what}")

    async def _guard(self, what: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        try:
            await work()
        finally:
            del self._running[what]

    async def _read_klines(self) -> None:
        history = self._prelim.load_history
        await self._once_more("klines", lambda: self._hand_over(history))

    async def _read_order_book(self) -> None:
        await self._once_more("order book", lambda: self._hand_over(lambda: self._reader.depth(self._callback.symbol)))

    async def _hand_over(self, read: Callable[[], Coroutine[Any, Any, StreamItem]]) -> None:
        self._deliver(await read(), time.monotonic_ns())
