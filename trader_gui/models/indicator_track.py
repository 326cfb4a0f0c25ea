"""IndicatorTrack: one indicator over one store of klines, computed block by block, where somebody looks first."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from trader_gui.collectors.ring import FloatArray, IntArray
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.slot_array import SlotArray
from trader_gui.kline_history.store import KlineStore
from trader_gui.models.indicator_kinds import IndicatorKind, Stretch, Values, nan_rows

BLOCK = 4096
"""Klines that are computed at once; blocks lie on multiples of it."""


@dataclass(frozen=True)
class Indicator:
    """One indicator as the user has it.

    Attributes:
        values: Of its parameters.
        color: Token.
        is_visible: False hides its lines; the legend goes on telling its values.
    """

    kind: IndicatorKind
    values: Values = field(default_factory=dict)
    color: str = ""
    is_visible: bool = True

    @property
    def name(self) -> str:
        """Title with the parameters that tell it from another one: `BB 20`."""
        return " ".join((self.kind.title, *(f"{self.values[shown]:g}" for shown in self.kind.shown)))

    def __post_init__(self) -> None:
        values = {**self.kind.defaults(), **self.values}
        object.__setattr__(self, "values", {name: float(value) for name, value in values.items()})
        object.__setattr__(self, "color", self.color or self.kind.color)


class IndicatorTrack:
    """The values of an indicator over the klines of a store.

    Kept in single precision, which is finer than a pixel; `at` computes the exact values of one kline.

    Attributes:
        indicator: What is computed.
        store: From what.
    """

    def __init__(self, indicator: Indicator, store: KlineStore) -> None:
        self.indicator = indicator
        self.store = store
        self._kept = SlotArray(indicator.kind.kept, np.float32, align=BLOCK)
        self._ready: set[int] = set()
        self._reach = indicator.kind.reach(indicator.values, store.grid.length_ms)
        self._told: tuple[tuple[int, int], tuple[float, ...]] = ((-1, -1), ())

    def computes_as(self, other: Indicator) -> bool:
        """Tell whether another indicator has the same values: only its looks differ, if anything."""
        return (other.kind, other.values) == (self.indicator.kind, self.indicator.values)

    def invalidate(self, first: int, end: int) -> None:
        """Klines from `first` to `end` (not included) are others: so are the values up to `reach` after them."""
        last = (end - 1 + self._reach) // BLOCK
        self._ready -= {block for block in self._ready if first // BLOCK <= block <= last}

    def fill(self, first: int, end: int, may_go_on: Callable[[], bool]) -> bool:
        """Compute what is missing from `first` to `end`, newest first; return whether all of it is there now.

        Args:
            first: Slot.
            end: Slot after the last wanted.
            may_go_on: Asked before every block but the first.
        """
        first, end = max(first, self.store.first), min(end, self.store.end)
        if first >= end:
            return True
        missing = [b for b in range((end - 1) // BLOCK, first // BLOCK - 1, -1) if b not in self._ready]
        for count, block in enumerate(missing):
            if count and not may_go_on():
                return False
            self._compute(block)
        return True

    def take(self, slots: IntArray) -> FloatArray:
        """Return the kept rows at slots, shape (kept, n); NaN where not ready or not computed yet."""
        taken = nan_rows(self.indicator.kind.kept, len(slots))
        is_kept = (slots >= self._kept.first) & (slots < self._kept.end)
        if is_kept.any():
            rows = self._kept.view(self._kept.first, self._kept.end)
            taken[:, is_kept] = rows[:, slots[is_kept] - self._kept.first]
        return taken

    def at(self, slot: int) -> FloatArray:
        """Return the exact kept rows of one kline, shape (kept,); NaN where there is none or it is not ready."""
        if not self.store.holds(slot):
            return nan_rows(self.indicator.kind.kept, 1)[:, 0]
        return self._values(slot, slot + 1)[:, 0]

    def lines_at(self, slot: int) -> tuple[float, ...]:
        """Return the exact values of the lines at one kline; NaN where there is none or they are not ready."""
        if self._told[0] != (slot, self.store.revision):
            kind, values = self.indicator.kind, self.indicator.values
            lines = kind.derive(self.at(slot)[:, None], values)
            self._told = (slot, self.store.revision), tuple(float(line[0]) for line in lines)
        return self._told[1]

    def _compute(self, block: int) -> None:
        first, end = block * BLOCK, (block + 1) * BLOCK
        self._kept.cover(first, end)
        kept = self._kept.view(first, end)
        kept[:] = np.nan
        begin, stop = max(first, self.store.first), min(end, self.store.end)
        kept[:, begin - first : stop - first] = self._values(begin, stop)
        self._ready.add(block)

    def _values(self, first: int, end: int) -> FloatArray:
        """Return the kept rows of slots within the store; a window never reaches over a gap."""
        begin = max(first - self._reach, self.store.first)
        rows = self.store.rows(begin, end)
        is_there = np.concatenate(([False], ~np.isnan(rows[Row.CLOSE]), [False]))
        edges = np.flatnonzero(np.diff(is_there.astype(np.int8))).reshape(-1, 2)
        made = nan_rows(self.indicator.kind.kept, end - begin)
        for start, stop in edges:
            stretch = Stretch(rows[:, start:stop], begin + int(start), self.store.grid)
            made[:, start:stop] = self.indicator.kind.compute(stretch, self.indicator.values)
        return made[:, first - begin :]
