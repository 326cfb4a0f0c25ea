"""The queue between streams and callback: bounded, worked off in slices of ten milliseconds."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from trader_gui.domain.account import AccountSnapshot, AccountUpdate, LeverageUpdate, MarginCall
from trader_gui.domain.order import OrderOutcome, OrderUpdate
from trader_gui.domain.step import FeedStatus, ModeChange
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.exchange.port import DataEnd, PaceMarker, StreamItem, StreamStatus

PUMP_BUDGET_NS = 10_000_000
QUEUE_LIMIT = 50_000

_NEVER_DROPPED = (
    AccountSnapshot,
    AccountUpdate,
    DataEnd,
    FeedStatus,
    LeverageUpdate,
    MarginCall,
    ModeChange,
    OrderOutcome,
    OrderUpdate,
    PaceMarker,
    RulesUpdate,
    StreamStatus,
)


class Pump:
    """Takes items from the streams and hands them on, one by one, in order of arrival.

    Owner: the session's TaskGroup runs `run`; `deliver` is called on the loop's thread.

    Attributes:
        longest_slice_ns: The longest time that one slice kept the loop, for the benchmark of the loop's freedom.
    """

    def __init__(self, handle: Callable[[StreamItem, int], None], overflowed: Callable[[int], None]) -> None:
        self.longest_slice_ns = 0
        self._handle = handle
        self._overflowed = overflowed
        self._queue: deque[tuple[StreamItem, int]] = deque()
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue)

    def deliver(self, item: StreamItem, received_ns: int) -> None:
        """Queue one item; never blocks."""
        if len(self._queue) >= QUEUE_LIMIT:
            self._shed()
        self._queue.append((item, received_ns))
        self._wake.set()

    async def run(self) -> None:
        """Work off items until cancelled; gives the loop back at least every ten milliseconds."""
        queue, handle, clock = self._queue, self._handle, time.perf_counter_ns
        while True:
            await self._wake.wait()
            self._wake.clear()
            started = clock()
            while queue:
                item, received_ns = queue.popleft()
                handle(item, received_ns)
                elapsed = clock() - started
                if elapsed > PUMP_BUDGET_NS:
                    self.longest_slice_ns = max(self.longest_slice_ns, elapsed)
                    await asyncio.sleep(0)
                    started = clock()

    def _shed(self) -> None:
        """Drop queued market data, tell it, and keep every user event: the session must resync what was dropped."""
        kept = [entry for entry in self._queue if isinstance(entry[0], _NEVER_DROPPED)]
        dropped = len(self._queue) - len(kept)
        self._queue.clear()
        self._queue.extend(kept)
        self._overflowed(dropped)
