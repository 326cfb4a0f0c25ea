"""What is seen of the klines: one candle for each, or one for each pixel column where they lie denser than pixels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.store import KlineStore
from trader_gui.widgets.chart.primitives import FloatArray, IntArray

_MOST_POINTS = 420
"""Points of an indicator's line where klines lie denser than pixels: more only make it jagged, and dear."""

DENSE_PITCH = 0.999
"""Below so many device pixels a kline candles are put together; at exactly one rounding would leave columns empty."""


@dataclass(frozen=True)
class Sight:
    """Visible candles, oldest first; shape (n,) each.

    Attributes:
        first, end: Slots of the klines that are seen.
        columns: Device pixel column from the left edge, where `is_dense`; there is one candle for each without a hole.
        slots: The last kline that each candle stands for.
        px: Logical pixel column of the candle's middle.
        x: Logical pixels of the candle's middle, exact.
        rows: Rows as in `Row`; NaN where there is no kline.
        is_dense: A candle stands for a pixel column, not for a kline.
        is_point: Which candles are points of indicators' lines; None is all.
    """

    first: int
    end: int
    columns: IntArray
    slots: IntArray
    px: FloatArray
    x: FloatArray
    rows: FloatArray
    is_dense: bool = False
    is_point: NDArray[np.bool_] | None = None

    def row(self, row: Row) -> FloatArray:
        """Return one row."""
        return np.asarray(self.rows[row])

    def points(self) -> tuple[IntArray, FloatArray]:
        """Return slots and pixels at which the lines of indicators are drawn."""
        if self.is_point is None:
            return self.slots, self.x
        return self.slots[self.is_point], self.x[self.is_point]


_EMPTY = np.empty(0, np.int64)
_NOTHING = Sight(0, 0, _EMPTY, _EMPTY, np.empty(0), np.empty(0), np.empty((len(Row), 0)))


class Eye:
    """Finds what is seen of a store, and remembers it: a chart that is panned shows mostly what it showed before."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._first_column = 0
        self._edges = _EMPTY
        self._rows = np.empty((len(Row), 0))

    def look(self, store: KlineStore, left: float, right: float, pitch: float, ratio: float) -> Sight:
        """Return what is seen.

        Args:
            store: The klines.
            left: X at the left edge; `left * pitch * ratio` is whole, so that nothing shimmers while it is panned.
            right: X at the right edge.
            pitch: Logical pixels from one kline to the next.
            ratio: Device pixels in a logical one.
        """
        first, end = max(math.floor(left) - 1, store.first), min(math.ceil(right) + 2, store.end)
        if first >= end:
            return _NOTHING
        if pitch * ratio < DENSE_PITCH:
            return self._look_densely(store, left, right, pitch * ratio, ratio)
        slots = np.arange(first, end)
        x = np.asarray((slots - left) * pitch, np.float64)
        return Sight(first, end, _EMPTY, slots, np.floor(x), x, store.rows(first, end))

    def _look_densely(self, store: KlineStore, left: float, right: float, pitch: float, ratio: float) -> Sight:
        origin = round(left * pitch)
        begin = max(origin, column_of(store.first, pitch))
        end = min(round(right * pitch) + 1, column_of(store.end - 1, pitch) + 1)
        if begin >= end:
            return _NOTHING
        self._cover(store, begin, end, pitch)
        at = slice(begin - self._first_column, end - self._first_column)
        edges = self._edges[at.start : at.stop + 1]
        numbers = np.arange(begin, end)
        step = -(-len(numbers) // _MOST_POINTS)
        is_point = numbers % step == 0
        is_point[-1] = True  # lines end where the klines end
        columns = numbers - origin
        px = np.floor(columns / ratio)
        x = np.asarray((columns + 0.5) / ratio, np.float64)
        return Sight(int(edges[0]), int(edges[-1]), columns, edges[1:] - 1, px, x, self._rows[:, at], True, is_point)

    def _cover(self, store: KlineStore, begin: int, end: int, pitch: float) -> None:
        """Have the columns `begin` to `end` (not included) at hand; compute only those that were not seen before."""
        key = (store, store.revision, pitch)
        last = self._first_column + self._rows.shape[1]
        is_near = key == self._key and begin <= last and end >= self._first_column
        if is_near and self._first_column <= begin and end <= last:
            return
        if not is_near:
            self._first_column, self._edges, self._rows = begin, *columns_of(store, begin, end, pitch)
        else:
            parts = [(self._edges, self._rows)]
            if begin < self._first_column:
                parts.insert(0, columns_of(store, begin, self._first_column, pitch))
            if end > last:
                parts.append(columns_of(store, last, end, pitch))
            first = min(begin, self._first_column)
            edges = np.concatenate([e[:-1] for e, _ in parts] + [parts[-1][0][-1:]])
            rows = np.concatenate([r for _, r in parts], axis=1)
            kept = slice(begin - first, end - first)  # no more than is seen
            self._first_column, self._edges, self._rows = begin, edges[kept.start : kept.stop + 1], rows[:, kept]
        self._key = key


def column_of(slot: int, pitch: float) -> int:
    """Return the number of the pixel column, counted from slot 0, that a kline's middle lies in."""
    column = math.floor(slot * pitch)
    return column + 1 if math.ceil((column + 1) / pitch) <= slot else column  # as the columns' edges are rounded


def columns_of(store: KlineStore, begin: int, end: int, pitch: float) -> tuple[IntArray, FloatArray]:
    """Return the slots at which columns begin, with the end, shape (n + 1,), and their rows, shape (5, n).

    Args:
        store: The klines.
        begin: First column; it holds a kline of the store, or an empty slot between two.
        end: Column after the last.
        pitch: Device pixels a kline, below `DENSE_PITCH`.
    """
    edges = np.ceil(np.arange(begin, end + 1) / pitch).astype(np.int64)
    edges[0], edges[-1] = max(edges[0], store.first), min(edges[-1], store.end)
    rows = np.empty((len(Row), end - begin))
    rows[: Row.OPEN] = store.pyramid.extremes(edges)
    origin = int(edges[0])
    klines = store.rows(origin, int(edges[-1]))
    rows[Row.OPEN] = klines[Row.OPEN, edges[:-1] - origin]
    rows[Row.CLOSE] = klines[Row.CLOSE, edges[1:] - 1 - origin]
    for column in np.flatnonzero(np.isnan(rows[Row.OPEN] + rows[Row.CLOSE]) & ~np.isnan(rows[Row.HIGH])):
        part = klines[:, edges[column] - origin : edges[column + 1] - origin]
        there = np.flatnonzero(~np.isnan(part[Row.CLOSE]))
        rows[Row.OPEN, column], rows[Row.CLOSE, column] = part[Row.OPEN, there[0]], part[Row.CLOSE, there[-1]]
    return edges, rows
