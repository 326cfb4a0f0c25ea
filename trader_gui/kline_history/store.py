"""KlineStore: the closed klines of one symbol and interval, by slot, in whatever order they come."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from trader_gui.collectors.kline import KlineArrays
from trader_gui.collectors.ring import FloatArray, IntArray
from trader_gui.domain.market import Kline
from trader_gui.kline_history.grid import Grid
from trader_gui.kline_history.pyramid import ALIGN, Pyramid, Row
from trader_gui.kline_history.slot_array import SlotArray


class KlinePage(NamedTuple):
    """Closed klines, oldest first, no two of one slot. `values` has the rows of `Row`, prices in quote asset."""

    open_time_ms: IntArray
    values: FloatArray

    @classmethod
    def of_klines(cls, klines: Iterable[Kline]) -> "KlinePage":
        """Return the closed ones of some klines as a page."""
        rows = [(k.open_time_ms, k.high, k.low, k.volume, k.open, k.close) for k in klines if k.is_closed]
        table = np.array(rows, np.float64).reshape(-1, 1 + len(Row))
        return cls(table[:, 0].astype(np.int64), np.ascontiguousarray(table[:, 1:].T))

    @classmethod
    def of_arrays(cls, k: KlineArrays) -> "KlinePage":
        """Return the columns of a collector as a page."""
        return cls(k.open_time_ms, np.stack((k.high, k.low, k.volume, k.open, k.close)))


class KlineStore:
    """All closed klines of one symbol and interval that are loaded.

    Attributes:
        grid: Of the interval.
        first, end: Slot of the oldest kline, and the slot after the newest; equal while there is none.
        revision: Grows with every change.
        repaired: Slots whose klines the stream has missed and a request has brought.
        pyramid: Extremes of the klines.
    """

    def __init__(self, interval: str) -> None:
        self.grid = Grid(interval)
        self.first = self.end = 0
        self.revision = 0
        self.repaired: set[int] = set()
        self._klines = SlotArray(len(Row), align=ALIGN)
        self.pyramid = Pyramid(self._klines)
        self._changes: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return self.end - self.first

    def row(self, row: Row, first: int, end: int) -> FloatArray:
        """Return one row of the slots `first` to `end` (not included), which lie within the store; NaN is a gap."""
        return self.rows(first, end)[row, :]

    def rows(self, first: int, end: int) -> FloatArray:
        """Return all rows of the slots `first` to `end` (not included), which lie within the store."""
        rows: FloatArray = self._klines.view(first, end)
        return rows

    def holds(self, slot: int) -> bool:
        """Tell whether there is a kline in a slot."""
        return self.first <= slot < self.end and not np.isnan(self._klines.view(slot, slot + 1)[Row.CLOSE, 0])

    def merge(self, page: KlinePage, *, is_repair: bool = False) -> bool:
        """Take klines in; what is known already may come again. Return whether anything is different now.

        Args:
            page: The klines; those of known slots replace what was there.
            is_repair: The stream has missed these.
        """
        if not len(page.open_time_ms):
            return False
        slots = self.grid.slots_of(page.open_time_ms)
        first, end = int(slots[0]), int(slots[-1]) + 1
        self._klines.cover(first, end)
        kept, at = self._klines.view(first, end), slots - first
        is_new = (kept[:, at] != page.values).any(axis=0)
        if not is_new.any():
            return False
        kept[:, at] = page.values
        changed = slots[is_new]
        if is_repair:
            self.repaired.update(changed.tolist())
        self._note(int(changed[0]), int(changed[-1]) + 1)
        self.first, self.end = (min(first, self.first), max(end, self.end)) if len(self) else (first, end)
        return True

    def mark_repaired(self, times_ms: Iterable[int]) -> None:
        """Mark the klines that open at these times as missed by the stream."""
        slots = {self.grid.slot_of(time_ms) for time_ms in times_ms}
        if not slots <= self.repaired:
            self.repaired |= slots
            self.revision += 1

    def gaps(self, first: int, end: int) -> list[tuple[int, int]]:
        """Return the stretches (first, end) without klines between two slots, within the store, oldest first."""
        first, end = max(first, self.first), min(end, self.end)
        if first >= end:
            return []
        is_missing = np.isnan(self.row(Row.CLOSE, first, end))
        if not is_missing.any():
            return []
        edges = np.flatnonzero(np.diff(np.concatenate(([False], is_missing, [False])).astype(np.int8))) + first
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

    def take_changes(self) -> list[tuple[int, int]]:
        """Return the stretches of slots that are different since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def _note(self, first: int, end: int) -> None:
        self.pyramid.update(first, end)
        self.revision += 1
        if self._changes and self._changes[-1][1] == first:
            self._changes[-1] = (self._changes[-1][0], end)
        else:
            self._changes.append((first, end))
