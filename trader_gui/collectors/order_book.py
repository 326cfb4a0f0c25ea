"""The order book: a snapshot brought up to date by diffs; a break in their chain asks for a new snapshot."""

from __future__ import annotations

import heapq
from decimal import Decimal
from typing import TYPE_CHECKING

from trader_gui.collectors.collector import Collector
from trader_gui.domain.market import DepthSnapshot, DepthUpdate, Level
from trader_gui.domain.step import Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_MOST_GATHERED = 1000
"""Updates gathered for a snapshot that does not come; the next one begins anew, so that nothing grows meanwhile."""


class _Changes:
    """Updates that follow one another, as one: of every level that they name, the last update's id and quantity.

    The updates themselves would be a hundred times as much to keep, and to catch up with once the snapshot is there.
    """

    def __init__(self, first_update_id: int) -> None:
        self.first_update_id = first_update_id
        self.last_update_id = -1
        self.bids: dict[int, tuple[int, Decimal]] = {}
        self.asks: dict[int, tuple[int, Decimal]] = {}
        self._count = 0

    @property
    def is_full(self) -> bool:
        return self._count >= _MOST_GATHERED

    def has(self, update: DepthUpdate) -> bool:
        return self.first_update_id <= update.last_update_id <= self.last_update_id

    def add(self, update: DepthUpdate, tick_size: Decimal) -> None:
        number = self.last_update_id = update.last_update_id
        for side, levels in ((self.bids, update.bids), (self.asks, update.asks)):
            side.update((int(price / tick_size), (number, quantity)) for price, quantity in levels)
        self._count += 1


class OrderBookCollector(Collector):
    """One symbol's book, levels keyed by integer ticks.

    Source: the venue's procedure for a local book (state of 2026-11-22): updates are gathered until a snapshot with
    `last_update_id` L is there, which joins them when U of the first <= L <= u of the last; those with u < L are not
    applied; from then on every `pu` equals the `u` before. Ids may skip, and the first `pu` is not compared with L.

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
        self._changes: _Changes | None = None
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
        self._changes = None
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
            self._gather(update)
            return True
        self._take(update)
        self.revision += 1
        return True

    def _wait_with(self, update: DepthUpdate) -> bool:
        self._gather(update)
        return self._try_to_sync()

    def _gather(self, update: DepthUpdate) -> None:
        changes = self._changes
        if changes is not None and changes.has(update):
            return  # delivered twice
        if changes is None or changes.is_full or update.previous_update_id != changes.last_update_id:
            changes = self._changes = _Changes(update.first_update_id)
        changes.add(update, self._tick_size)

    def _start_from(self, snapshot: DepthSnapshot) -> bool:
        if self.is_synced and snapshot.last_update_id <= self._last_update_id:
            return False
        if self.is_synced:
            self._lose()
        self._snapshot = snapshot
        return self._try_to_sync()

    def _try_to_sync(self) -> bool:
        """Join the snapshot and the gathered updates, if they meet already."""
        snapshot, changes = self._snapshot, self._changes
        if snapshot is None or changes is None or changes.last_update_id < snapshot.last_update_id:
            return False
        self._snapshot = None
        if changes.first_update_id > snapshot.last_update_id:
            return False  # too old: `resync_wanted` is set again
        self._bids = self._joined(snapshot, snapshot.bids, changes.bids)
        self._asks = self._joined(snapshot, snapshot.asks, changes.asks)
        self._last_update_id = changes.last_update_id
        self._changes = None
        self.is_synced = True
        self.revision += 1
        return True

    def _joined(
        self, snapshot: DepthSnapshot, levels: Iterable[Level], changes: dict[int, tuple[int, Decimal]]
    ) -> dict[int, Decimal]:
        told = {int(price / self._tick_size): quantity for price, quantity in levels}
        told |= {ticks: quantity for ticks, (number, quantity) in changes.items() if number >= snapshot.last_update_id}
        return {ticks: quantity for ticks, quantity in told.items() if quantity}

    def _take(self, update: DepthUpdate) -> None:
        tick = self._tick_size
        for side, levels in ((self._bids, update.bids), (self._asks, update.asks)):
            for price, quantity in levels:
                if quantity:
                    side[int(price / tick)] = quantity
                else:
                    side.pop(int(price / tick), None)
        self._last_update_id = update.last_update_id

    def _lose(self) -> None:
        self.is_synced = False
        self._bids, self._asks = {}, {}
        self._changes = None
        self.revision += 1
