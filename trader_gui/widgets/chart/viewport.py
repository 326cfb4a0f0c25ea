"""The visible part of a series and the pixels it falls on; arithmetic of ticks and of tags that keep apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trader_gui.widgets.chart.primitives import FloatArray

_LEAST = 1e-12
"""Prices on a logarithmic axis are never lower: bands may reach below zero."""


@dataclass(frozen=True)
class Viewport:
    """A pane's view: `left`..`right` in kline widths (x), `low`..`high` in units of the pane, over a size in pixels.

    With `is_log` equal ratios of values have equal heights; `low` is above 0 then.
    """

    left: float
    right: float
    low: float
    high: float
    width: float
    height: float
    is_log: bool = False

    @property
    def pitch(self) -> float:
        """Pixels from one kline to the next."""
        return self.width / (self.right - self.left)

    def px(self, x: float) -> float:
        """Return the horizontal pixel of an x."""
        return (x - self.left) * self.pitch

    def py(self, value: float) -> float:
        """Return the vertical pixel of a value; pixels grow downwards."""
        if self.is_log:
            return math.log(self.high / max(value, _LEAST)) * self.height / math.log(self.high / self.low)
        return (self.high - value) * self.height / (self.high - self.low)

    def pxs(self, x: FloatArray) -> FloatArray:
        """Return the horizontal pixels of an array of x."""
        return np.asarray((x - self.left) * self.pitch)

    def pys(self, values: FloatArray) -> FloatArray:
        """Return the vertical pixels of an array of values."""
        if self.is_log:
            scale = self.height / math.log(self.high / self.low)
            return np.asarray((math.log(self.high) - np.log(np.maximum(values, _LEAST))) * scale)
        return np.asarray((self.high - values) * (self.height / (self.high - self.low)))

    def x_at(self, px: float) -> float:
        """Return the x under a horizontal pixel."""
        return self.left + px / self.pitch

    def value_at(self, py: float) -> float:
        """Return the value under a vertical pixel."""
        if self.is_log:
            return self.high * math.exp(-py / self.height * math.log(self.high / self.low))
        return self.high - py * (self.high - self.low) / self.height

    def with_values(self, low: float, high: float) -> "Viewport":
        """Return the same view over other values."""
        return replace(self, low=low, high=high)


def nice_step(span: float, size_px: float, gap_px: float, smallest: float) -> float:
    """Return the distance between ticks: 1, 2 or 5 times a power of ten, and a multiple of the tick size.

    Args:
        span: Values from end to end, > 0.
        size_px: Pixels from end to end, > 0.
        gap_px: Least pixels between two ticks.
        smallest: No step is smaller; > 0.
    """
    wanted = max(span * gap_px / size_px, smallest)
    power = 10.0 ** math.floor(math.log10(wanted) + 1e-12)
    for factor in (1.0, 2.0, 5.0):
        if factor * power >= wanted * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def ticks(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of `step` from `low` to `high`."""
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def spread(centers: Sequence[float], sizes: Sequence[float], low: float, high: float, gap: float = 2.0) -> list[float]:
    """Move tags apart as little as needed, keeping their order.

    Args:
        centers: Where each tag would like its centre.
        sizes: Extent of each tag.
        low: No tag reaches below this.
        high: No tag reaches beyond this, unless they do not all fit.
        gap: Room between two tags.

    Returns:
        The centres, in the order of the arguments.
    """
    order = sorted(range(len(centers)), key=lambda i: (centers[i], i))
    groups: list[tuple[list[int], float]] = []  # members in order, and the middle of the stack
    for index in order:
        groups.append(([index], centers[index]))
        while len(groups) > 1 and _top(groups[-1], sizes, gap) < _bottom(groups[-2], sizes, gap) + gap:
            (lower, lower_at), (upper, upper_at) = groups.pop(), groups.pop()
            weight = len(upper) + len(lower)
            groups.append((upper + lower, (upper_at * len(upper) + lower_at * len(lower)) / weight))
    result = [0.0] * len(centers)
    tops = _fitted_tops([(_top(g, sizes, gap), _extent(g[0], sizes, gap)) for g in groups], low, high, gap)
    for (members, _), top in zip(groups, tops, strict=True):
        edge = top
        for index in members:
            result[index] = edge + sizes[index] / 2
            edge += sizes[index] + gap
    return result


def _extent(members: list[int], sizes: Sequence[float], gap: float) -> float:
    return sum(sizes[i] for i in members) + gap * (len(members) - 1)


def _top(group: tuple[list[int], float], sizes: Sequence[float], gap: float) -> float:
    return group[1] - _extent(group[0], sizes, gap) / 2


def _bottom(group: tuple[list[int], float], sizes: Sequence[float], gap: float) -> float:
    return group[1] + _extent(group[0], sizes, gap) / 2


def _fitted_tops(stacks: list[tuple[float, float]], low: float, high: float, gap: float) -> list[float]:
    """Push stacks (top, extent) up from `high`, then down from `low`, so that none overlaps."""
    tops = [top for top, _ in stacks]
    limit = high
    for index in reversed(range(len(stacks))):
        tops[index] = min(tops[index], limit - stacks[index][1])
        limit = tops[index] - gap
    limit = low
    for index, (_, extent) in enumerate(stacks):
        tops[index] = max(tops[index], limit)
        limit = tops[index] + extent + gap
    return tops
