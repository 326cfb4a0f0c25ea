"""Candles and volume bars: drawn from arrays, at most one per pixel column, the open kline apart."""

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.primitives import FloatArray, draw_lines, draw_rects, line_pen
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import Theme

_VOLUME_OPACITY = 0.75


@dataclass(frozen=True)
class Candles:
    """Visible candles, each of one or more klines; shape (n,) each. `x` is the middle of the klines it stands for."""

    x: FloatArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


def bin_size(pitch: float) -> int:
    """Return the klines that one candle stands for: 1 while a kline has a pixel column, else a power of two."""
    return 1 if pitch >= 1.0 else 1 << math.ceil(math.log2(1.0 / pitch))


def visible_candles(series: SeriesModel, view: Viewport) -> Candles:
    """Return the closed klines that are seen, put together where there are more of them than pixel columns.

    Bins lie on multiples of their size in x, so a candle keeps its klines while the chart is panned.
    """
    start, stop = view.visible(series.first_x, len(series.klines.close))
    size = bin_size(view.pitch)
    if size > 1 and start < stop:
        start = max(0, start - (start + series.first_x) % size)
    k = series.klines
    x = np.arange(series.first_x + start, series.first_x + stop, dtype=np.float64)
    part = [column[start:stop] for column in (k.open, k.high, k.low, k.close, k.volume)]
    if size == 1 or not len(x):
        return Candles(x, *part)
    edges = np.flatnonzero(np.diff((np.arange(len(x)) + series.first_x + start) // size, prepend=-1))
    last = np.append(edges[1:], len(x)) - 1
    return Candles(
        x=(x[edges] + x[last]) / 2,
        open=part[0][edges],
        high=np.maximum.reduceat(part[1], edges),
        low=np.minimum.reduceat(part[2], edges),
        close=part[3][last],
        volume=np.maximum.reduceat(part[4], edges),
    )


def half_body(pitch: float) -> int:
    """Return the pixels of a body beside its middle column: an odd width with at least a pixel between two bodies."""
    half = int(pitch * 0.4)
    return max(0, half - 1 if 2 * half + 1 > pitch - 1 else half)


def paint_candles(painter: QPainter, candles: Candles, view: Viewport, theme: Theme) -> None:
    """Draw candles: rising ones hollow, falling ones filled; a line alone where a body would be under a pixel wide."""
    middle = np.floor(view.pxs(candles.x))
    high, low = np.floor(view.pys(candles.high)), np.floor(view.pys(candles.low))
    opened, closed = np.floor(view.pys(candles.open)), np.floor(view.pys(candles.close))
    top, bottom = np.minimum(opened, closed), np.maximum(opened, closed)
    half = half_body(view.pitch)
    rising = candles.close >= candles.open
    for is_up in (True, False):
        color = theme.direction(is_up, "line")
        chosen = rising if is_up else ~rising
        _paint_wicks(painter, color, middle[chosen], (high[chosen], top[chosen], bottom[chosen], low[chosen]), half)
        if half:
            painter.setBrush(Qt.BrushStyle.NoBrush if is_up else color)
            draw_rects(painter, middle[chosen] - half, top[chosen], 2 * half, bottom[chosen] - top[chosen])


def _paint_wicks(painter: QPainter, color: QColor, x: FloatArray, levels: tuple[FloatArray, ...], half: int) -> None:
    high, top, bottom, low = levels
    painter.setPen(line_pen(color))
    if not half:
        draw_lines(painter, x, high, x, np.maximum(low, high + 1))
        return
    above, below = high < top, low > bottom
    draw_lines(painter, x[above], high[above], x[above], top[above])
    draw_lines(painter, x[below], bottom[below], x[below], low[below])


def paint_volume(painter: QPainter, candles: Candles, view: Viewport, theme: Theme) -> None:
    """Draw volume bars by the same hollow and filled rule, in weaker colours."""
    middle = np.floor(view.pxs(candles.x))
    top = np.floor(view.pys(candles.volume))
    base = math.floor(view.py(0.0))
    half = half_body(view.pitch)
    rising = candles.close >= candles.open
    for is_up in (True, False):
        color = theme.blend(theme.direction(is_up, "line"), _VOLUME_OPACITY)
        chosen = rising if is_up else ~rising
        painter.setPen(line_pen(color))
        painter.setBrush(Qt.BrushStyle.NoBrush if is_up else color)
        height = np.maximum(base - top[chosen], 0.0)
        if half:
            draw_rects(painter, middle[chosen] - half, base - height, 2 * half, height)
        else:
            draw_lines(painter, middle[chosen], base - height, middle[chosen], np.full(len(height), float(base)))


def open_candle(series: SeriesModel) -> Candles | None:
    """Return the open kline as a candle; None between two klines."""
    kline = series.open_kline
    if kline is None:
        return None
    values = (kline.open, kline.high, kline.low, kline.close, kline.volume)
    return Candles(np.array([float(series.last_x)]), *(np.array([float(value)]) for value in values))


def body_rect(candles: Candles, view: Viewport) -> QRectF:
    """Return the pixels of a single candle with its wicks."""
    half = half_body(view.pitch)
    x = math.floor(view.px(float(candles.x[0])))
    top, bottom = view.py(float(candles.high[0])), view.py(float(candles.low[0]))
    return QRectF(x - half - 1, math.floor(top) - 1, 2 * half + 3, math.ceil(bottom - top) + 3)
