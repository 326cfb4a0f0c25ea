"""The order book: a snapshot brought up to date by diffs; a break in their chain asks for a new snapshot."""

from __future__ import annotations

import heapq
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING

from trader_gui.collectors.collector import Collector
from trader_gui.domain.market import DepthSnapshot, DepthUpdate, Level
from trader_gui.domain.step import Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_BUFFERED_UPDATES = 1000


class OrderBookCollector(Collector):
    """One symbol's book, levels keyed by integer ticks.

    Source: the venue's procedure for a local book (state of 2026-11-22): updates are buffered until a snapshot with
    `last_update_id` L is there; those with u < L are dropped; the first applied one satisfies U <= L <= u; from then on
    every `pu` equals the `u` before. Ids may skip, and the first applied `pu` is not compared with L.

    Attributes:
        is_synced: The book is whole; `top` is empty otherwise.
    """

    def __init__(self, symbol: str, tick_size: Decimal) -> None:
        super().__init__()
        self.symbol = symbol
        self.is_synced = False
        self._tick_size = tick_size
        self._bids: dict[int, Decimal] = {}
        self._asks: dict[int, Decimal] = {}
        self._snapshot: DepthSnapshot | None = None
        self._buffer: deque[DepthUpdate] = deque(maxlen=_BUFFERED_UPDATES)
        self._last_update_id = -1

    @property
    def resync_wanted(self) -> bool:
        """Whether the session shall read a `DepthSnapshot`: at the start, after a gap, after one that was too old."""
        return not self.is_synced and self._snapshot is None

    def set_tick_size(self, tick_size: Decimal) -> None:
        """Take the symbol's tick; with another one the levels kept mean nothing any more, and the book is lost."""
        if tick_size == self._tick_size:
            return
        self._tick_size = tick_size
        if self.is_synced:
            self._lose()

    def top(self, depth: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return (bids, asks), each at most `depth` levels (price, quantity), best first; empty while not synced."""
        if not self.is_synced:
            return (), ()
        tick = self._tick_size
        bids = tuple((ticks * tick, self._bids[ticks]) for ticks in heapq.nlargest(depth, self._bids))
        asks = tuple((ticks * tick, self._asks[ticks]) for ticks in heapq.nsmallest(depth, self._asks))
        return bids, asks

    def apply(self, message: Message) -> bool:
        if isinstance(message, DepthUpdate) and message.symbol == self.symbol:
            return self._apply_next(message) if self.is_synced else self._wait_with(message)
        if isinstance(message, DepthSnapshot) and message.symbol == self.symbol:
            return self._start_from(message)
        return False

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        bids, asks = self.top(max(len(self._bids), len(self._asks)))
        rows = [("BUY", *level) for level in bids] + [("SELL", *level) for level in asks]
        return pd.DataFrame(rows, columns=["side", "price", "quantity"])

    def _apply_next(self, update: DepthUpdate) -> bool:
        if update.last_update_id <= self._last_update_id:
            return False  # delivered twice
        if update.previous_update_id != self._last_update_id:
            self._lose()
            self._buffer.append(update)
            return True
        self._take(update)
        self.revision += 1
        return True

    def _wait_with(self, update: DepthUpdate) -> bool:
        self._buffer.append(update)
        return self._try_to_sync(self._snapshot) if self._snapshot is not None else False

    def _start_from(self, snapshot: DepthSnapshot) -> bool:
        if self.is_synced and snapshot.last_update_id <= self._last_update_id:
            return False
        if self.is_synced:
            self._lose()
        self._snapshot = snapshot
        return self._try_to_sync(snapshot)

    def _try_to_sync(self, snapshot: DepthSnapshot) -> bool:
        """Join the snapshot and the buffered updates, if they meet already."""
        while self._buffer and self._buffer[0].last_update_id < snapshot.last_update_id:
            self._buffer.popleft()
        if not self._buffer:
            return False
        self._snapshot = None
        if self._buffer[0].first_update_id > snapshot.last_update_id:
            return False  # too old: `resync_wanted` is set again
        self._bids = self._side(snapshot.bids)
        self._asks = self._side(snapshot.asks)
        self._last_update_id = self._buffer[0].previous_update_id
        self.is_synced = True
        self.revision += 1
        waiting, self._buffer = self._buffer, deque(maxlen=_BUFFERED_UPDATES)
        for update in waiting:
            if self.is_synced:
                self._apply_next(update)
            else:
                self._buffer.append(update)
        return True

    def _take(self, update: DepthUpdate) -> None:
        tick = self._tick_size
        for side, levels in ((self._bids, update.bids), (self._asks, update.asks)):
            for price, quantity in levels:
                if quantity:
                    side[int(price / tick)] = quantity
                else:
                    side.pop(int(price / tick), None)
        self._last_update_id = update.last_update_id

    def _side(self, levels: Iterable[Level]) -> dict[int, Decimal]:
        return {int(price / self._tick_size): quantity for price, quantity in levels if quantity}

    def _lose(self) -> None:
        self.is_synced = False
        self._bids, self._asks = {}, {}
        self._buffer.clear()
        self.revision += 1
