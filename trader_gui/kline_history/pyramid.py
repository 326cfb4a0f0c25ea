"""Pyramid: extremes of stretches of klines, kept at steps of 4, 16, 64 and 256 klines.

With it a stretch of a thousand klines costs a hundred reads. Stretches lie as they are asked for; the kept steps lie on
multiples of their length, so what sticks out at both ends of a stretch is read from the klines themselves.
"""

from enum import IntEnum

import numpy as np

from trader_gui.collectors.ring import FloatArray, IntArray
from trader_gui.kline_history.slot_array import SlotArray

STEPS = (4, 16, 64, 256)
ALIGN = STEPS[-1]
"""Klines are kept in room that begins and ends at multiples of this, so that every step has all of its klines."""

_FACTOR = 4
_LEAST_SPAN = 64
"""Shorter stretches are read from the klines directly."""


class Row(IntEnum):
    """Rows of a kline store; the pyramid keeps HIGH and LOW and VOLUME, the highest of each but the lowest LOW."""

    HIGH = 0
    LOW = 1
    VOLUME = 2
    OPEN = 3
    CLOSE = 4


_KEPT = 3
_EXTREMES = ((Row.HIGH, np.fmax), (Row.LOW, np.fmin), (Row.VOLUME, np.fmax))


class Pyramid:
    """Extremes over the klines of one store.

    Args:
        klines: Rows as in `Row`, NaN where there is none; aligned to `ALIGN`. Only read here.
    """

    def __init__(self, klines: SlotArray) -> None:
        self._klines = klines
        self._levels = [SlotArray(_KEPT, align=ALIGN // step, share=step) for step in STEPS]

    def update(self, first: int, end: int) -> None:
        """Klines from `first` to `end` (not included) are others than before."""
        below = self._klines
        for level in self._levels:
            first, end = first // _FACTOR, -(-end // _FACTOR)
            level.cover(first, end)
            parts = below.view(_FACTOR * first, _FACTOR * end)[:_KEPT].reshape(_KEPT, -1, _FACTOR)
            made = level.view(first, end)
            for row, extreme in _EXTREMES:
                pairs = extreme(parts[row, :, :2], parts[row, :, 2:])
                extreme(pairs[:, 0], pairs[:, 1], out=made[row])
            below = level

    def extremes(self, edges: IntArray) -> FloatArray:
        """Return the highest HIGH, the lowest LOW and the highest VOLUME between each edge and the next.

        Args:
            edges: Slots, shape (n + 1,), n >= 1, each after the one before, all covered (the last may be the end).

        Returns:
            Shape (3, n), rows as in `Row`; NaN for a stretch without a kline.
        """
        values = self._klines.view(int(edges[0]), int(edges[-1]))[:_KEPT]
        inner = edges[:-1] - edges[0]
        span = int(np.diff(edges).min())
        if span < _LEAST_SPAN:
            return np.stack([extreme.reduceat(values[row], inner) for row, extreme in _EXTREMES])
        index = max(i for i, step in enumerate(STEPS) if step * step <= span)
        return self._by_steps(edges, values, index)

    def _by_steps(self, edges: IntArray, values: FloatArray, index: int) -> FloatArray:
        """Put each stretch together of whole steps, and of the klines before the first and after the last of them."""
        step, level = STEPS[index], self._levels[index]
        begins, ends = -(-edges[:-1] // step), edges[1:] // step  # every stretch holds at least one whole step
        bounds = np.column_stack((begins, ends)).ravel()[:-1] - begins[0]
        steps = level.view(int(begins[0]), int(ends[-1]))
        offsets = np.arange(step)[:, None]
        before = np.minimum(edges[:-1] + offsets, begins * step)
        after = np.maximum(edges[1:] - 1 - offsets, ends * step - 1)
        outer = np.concatenate((before, after)) - edges[0]
        return np.stack(
            [
                extreme(extreme.reduceat(steps[row], bounds)[::2], extreme.reduce(values[row].take(outer), axis=0))
                for row, extreme in _EXTREMES
            ]
        )
