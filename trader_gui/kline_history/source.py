"""KlineSource: the klines of one symbol and interval for a chart: the newest, what is older, and what is missing.

Older klines come in pages, from the disk where they were read before, else by request, always next to what is loaded:
so a series has no hole but where the venue has none to give. Pages are read only as far as somebody looks, one at a
time, and slowly enough to leave most of the venue's limit to the session.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from trader_gui.domain.market import FundingRate, Kline, MarkPrice
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.port import Deliver, MarketReader, Sleep, StreamItem, StreamStatus
from trader_gui.kline_history.disk import Disk
from trader_gui.kline_history.store import KlinePage, KlineStore

_log = logging.getLogger(__name__)

PAGE = 1500
"""Klines of a request; they cost 10 of the 2400 that the venue allows a minute."""
NEWEST = 499
"""Klines of the first request, which shall be answered soon; they cost 2."""
PAUSE_S = 0.6
"""Between two requests: a hundred pages a minute at most, two fifths of the venue's limit."""
RETRY_S, LONGEST_RETRY_S = 2.0, 30.0
"""Before a request that failed is made again; it doubles while it fails."""
_DISK_KLINES = 30_000
_UNSAVED = 100
"""Closed klines of the stream are written when there are so many."""


class Stream(Protocol):
    """A stream that runs until it is cancelled."""

    async def run(self) -> None: ...


@dataclass(frozen=True)
class SourceState:
    """How far the klines have come.

    Attributes:
        is_loading: A request for klines is under way or due.
        is_begin: The oldest kline that the venue has is loaded.
        problem: Why the last request failed, "" when it did not; it is tried again.
    """

    is_loading: bool = False
    is_begin: bool = False
    problem: str = ""


class KlineSource:
    """Loads one series into a store, and keeps it up to date.

    Attributes:
        symbol, interval: Of the series.
        store: The closed klines.
        open_kline, mark: The newest that the feed has told; None before.
        funding: The last fundings that were paid, oldest first.
        state: How far it has come.

    Owner: whoever runs `run`; cancelling it ends feed and requests and closes the disk's file.
    """

    def __init__(
        self,
        reader: MarketReader,
        symbol: str,
        interval: str,
        *,
        disk: Disk | None = None,
        make_feed: Callable[[Deliver], Stream] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.symbol = symbol
        self.interval = interval
        self.store = KlineStore(interval)
        self.open_kline: Kline | None = None
        self.mark: MarkPrice | None = None
        self.funding: tuple[FundingRate, ...] = ()
        self.state = SourceState(is_loading=True)
        self._reader = reader
        self._disk = disk
        self._make_feed = make_feed
        self._sleep = sleep
        self._wake = asyncio.Event()
        self._wanted: int | None = None
        self._is_newest_due = make_feed is not None
        self._is_funding_due = True
        self._next_funding_ms: int | None = None
        self._live_from: int | None = None
        self._gaps: list[tuple[int, int]] = []
        self._real_gaps: set[tuple[int, int]] = set()
        self._unsaved: list[Kline] = []

    # ---- from outside ----------------------------------------------------------------------------------------------

    def want(self, slot: int) -> None:
        """Ask for all klines from a slot on; cheap enough for every frame."""
        if self._wanted is None or slot < self._wanted:
            self._wanted = slot
            if len(self.store) and slot < self.store.first and not self.state.is_begin:
                self._wake.set()

    def merge(self, page: KlinePage, *, is_repair: bool = False) -> None:
        """Take klines in; a hole that they leave to those loaded before is filled by request."""
        store, former = self.store, (self.store.first, self.store.end)
        had_klines = bool(len(store))
        if not store.merge(page, is_repair=is_repair):
            return
        slots = store.grid.slots_of(page.open_time_ms[[0, -1]])
        first, end = int(slots[0]), int(slots[1]) + 1
        if had_klines:  # what lies between the two, and a kline on each side
            first, end = min(first, former[1]), max(end, former[0])
        asked = {*self._gaps, *self._real_gaps}
        self._gaps += [gap for gap in store.gaps(first - 1, end + 1) if gap not in asked]
        self._wake.set()

    def deliver(self, item: StreamItem, _received_ns: int) -> None:
        """Take an item of the feed."""
        if isinstance(item, Kline):
            self._take_kline(item)
        elif isinstance(item, MarkPrice):
            self.mark = item
            self.note_mark(item)
        elif isinstance(item, StreamStatus) and item.is_connected:
            self._is_newest_due = True  # nothing is replayed: what came before this connection is asked for
            self._wake.set()

    def note_mark(self, mark: MarkPrice) -> None:
        """Take the symbol's mark price: once a funding is over it is asked for."""
        if self._next_funding_ms not in (None, mark.next_funding_time_ms):
            self._is_funding_due = True
            self._wake.set()
        self._next_funding_ms = mark.next_funding_time_ms

    def _take_kline(self, kline: Kline) -> None:
        if not kline.is_closed:
            self.open_kline = kline
            return
        self.open_kline = None
        if self._live_from is None:
            self._live_from = self.store.grid.slot_of(kline.open_time_ms)
        self.merge(KlinePage.of_klines([kline]))
        self._unsaved.append(kline)
        if len(self._unsaved) >= _UNSAVED:
            self._wake.set()

    # ---- the work --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Load and follow until cancelled."""
        if self._disk is not None:
            await self._disk.open()
        try:
            async with asyncio.TaskGroup() as group:
                if self._make_feed is not None:
                    group.create_task(self._make_feed(self.deliver).run(), name=f"chart feed {self.symbol}")
                group.create_task(self._load(), name=f"chart klines {self.symbol}")
        finally:
            if self._disk is not None:
                await self._disk.append(KlinePage.of_klines(self._unsaved))
                await self._disk.close()

    async def _load(self) -> None:
        failures = 0
        while True:
            self._wake.clear()
            work = self._due()
            self.state = replace(self.state, is_loading=work is not None)
            if work is None:
                await self._wake.wait()
                continue
            try:
                has_asked = await work()
            except (VenueError, ProtocolError) as error:
                if not self.state.problem:
                    _log.info("klines of %s %s cannot be read: %s", self.symbol, self.interval, error)
                self.state = replace(self.state, problem=str(error))
                wait_s = min(RETRY_S * 2.0**failures, LONGEST_RETRY_S)
                await self._sleep(max(wait_s, error.wait_s if isinstance(error, VenueError) else 0.0))
                failures += 1
                continue
            failures = 0
            self.state = replace(self.state, problem="")
            if has_asked:
                await self._sleep(PAUSE_S)

    def _due(self) -> Callable[[], Awaitable[bool]] | None:
        """Return what is to be done next; the work tells whether it has asked the venue."""
        if self._is_newest_due:
            return self._read_newest
        if self._gaps:
            return self._fill_gap
        if self._is_funding_due and len(self.store):
            return self._read_funding
        if self._disk is not None and len(self._unsaved) >= _UNSAVED:
            return self._save
        is_older_wanted = self._wanted is not None and len(self.store) and self._wanted < self.store.first
        return self._read_older if is_older_wanted and not self.state.is_begin else None

    async def _read_newest(self) -> bool:
        """Read what follows the newest kline, or the newest ones when there is none yet."""
        store = self.store
        start_ms = store.grid.open_ms(store.end) if len(store) else None
        self._is_newest_due = False
        try:
            klines = await self._reader.klines(self.symbol, self.interval, limit=NEWEST, start_time_ms=start_ms)
        except BaseException:
            self._is_newest_due = True
            raise
        self.merge(KlinePage.of_klines(klines), is_repair=self._live_from is not None)
        await self._keep(klines)
        if start_ms is not None and len(klines) == NEWEST:
            self._is_newest_due = True
        elif klines and not klines[-1].is_closed and self.open_kline is None:
            self.open_kline = klines[-1]
        if not len(store):
            self.state = replace(self.state, is_begin=True)
        return True

    async def _fill_gap(self) -> bool:
        """Ask for the klines of a hole; what the venue does not have stays one."""
        first, end = gap = self._gaps[-1]
        grid = self.store.grid
        klines = await self._reader.klines(
            self.symbol,
            self.interval,
            limit=min(end - first, PAGE),
            start_time_ms=grid.open_ms(first),
            end_time_ms=grid.open_ms(end) - 1,
        )
        self._gaps.remove(gap)
        self._real_gaps.add(gap)
        self.merge(KlinePage.of_klines(klines), is_repair=self._live_from is not None and first >= self._live_from)
        await self._keep(klines)
        return True

    async def _read_older(self) -> bool:
        """Put the page before the oldest kline; from the disk when it is there."""
        store = self.store
        if self._disk is not None:
            page = await self._disk.before(store.first, _DISK_KLINES)
            if page is not None:
                self.merge(page)
                return False
        before_ms = store.grid.open_ms(store.first)
        klines = await self._reader.klines(self.symbol, self.interval, limit=PAGE, end_time_ms=before_ms - 1)
        if klines:
            self.merge(KlinePage.of_klines(klines))
            await self._keep(klines)
        else:
            self.state = replace(self.state, is_begin=True)
        return True

    async def _read_funding(self) -> bool:
        self._is_funding_due = False
        try:
            self.funding = await self._reader.funding_rates(self.symbol)
        except (VenueError, ProtocolError) as error:  # nobody waits for it: the next one is asked for
            _log.info("fundings of %s cannot be read: %s", self.symbol, error)
        return True

    async def _save(self) -> bool:
        unsaved, self._unsaved = self._unsaved, []
        await self._keep(unsaved)
        return False

    async def _keep(self, klines: Sequence[Kline]) -> None:
        if self._disk is not None:
            await self._disk.append(KlinePage.of_klines(klines))
