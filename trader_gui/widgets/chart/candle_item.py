"""Candles and volume bars: whole-pixel rectangles from arrays, the open kline apart."""

import math
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QPainter

from trader_gui.domain.market import Kline
from trader_gui.kline_history.pyramid import Row
from trader_gui.widgets.chart.canvas import Canvas, ColorArray
from trader_gui.widgets.chart.primitives import as_rects, draw_polyline, fill_rects, line_pen
from trader_gui.widgets.chart.sight import Sight
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

BoolArray: TypeAlias = NDArray[np.bool_]

_VOLUME_OPACITY = 0.75


class CandleStyle(StrEnum):
    """How klines are drawn: rising ones hollow, all filled, as bars with ticks, or as a line of closes."""

    HOLLOW = "hollow"
    FILLED = "filled"
    BARS = "bars"
    LINE = "line"


def half_body(pitch: float) -> int:
    """Return the pixels of a body beside its middle column: an odd width with at least a pixel between two bodies."""
    half = int(pitch * 0.4)
    return max(0, half - 1 if 2 * half + 1 > pitch - 1 else half)


def paint_candles(canvas: Canvas, painter: QPainter, sight: Sight, view: Viewport, style: CandleStyle) -> None:
    """Draw candles; a column alone where a body would be under a pixel wide."""
    if style is CandleStyle.LINE:
        painter.setPen(line_pen(theme().color("text1")))
        draw_polyline(painter, sight.x, view.pys(sight.row(Row.CLOSE)))
        return
    rows = np.floor(view.pys(sight.rows[[Row.HIGH, Row.LOW, Row.OPEN, Row.CLOSE]]))
    if sight.is_dense:
        canvas.fill_columns(sight.columns, rows[0], rows[1], _colors(sight, 1.0))
        return
    half = half_body(view.pitch)
    for is_up, chosen in _directions(sight):
        color = theme().direction(is_up, "line")
        px, (high, low, opened, closed) = sight.px[chosen], rows[:, chosen]
        wicks = as_rects(px, high, px, low)
        if not half:
            fill_rects(painter, color, wicks)
        elif style is CandleStyle.BARS:
            ticks = as_rects(px - half, opened, px, opened), as_rects(px, closed, px + half, closed)
            fill_rects(painter, color, np.concatenate((wicks, *ticks)))
        else:
            bodies = as_rects(px - half, np.minimum(opened, closed), px + half, np.maximum(opened, closed))
            fill_rects(painter, color, np.concatenate((wicks, bodies)))
            if is_up and style is CandleStyle.HOLLOW:
                fill_rects(painter, theme().color("bg0"), inner(bodies))


def _directions(sight: Sight) -> tuple[tuple[bool, BoolArray], tuple[bool, BoolArray]]:
    """Return (is_up, which candles) for falling and rising ones; where there is no kline it is neither."""
    opened, closed = sight.row(Row.OPEN), sight.row(Row.CLOSE)
    return (False, closed < opened), (True, closed >= opened)


def _colors(sight: Sight, opacity: float) -> ColorArray:
    """Return a colour for each candle."""
    down, up = (theme().blend(theme().direction(is_up, "line"), opacity).rgb() for is_up in (False, True))
    return np.where(sight.row(Row.CLOSE) < sight.row(Row.OPEN), np.uint32(down), np.uint32(up))


def inner(rects: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the inside of rectangles with an edge of a pixel; those without an inside are left out."""
    inside = rects + np.array([1, 1, -1, -1], np.int32)
    return np.ascontiguousarray(inside[(inside[:, 0] <= inside[:, 2]) & (inside[:, 1] <= inside[:, 3])])


def paint_volume(canvas: Canvas, painter: QPainter, sight: Sight, view: Viewport) -> None:
    """Draw volume bars, rising ones hollow, in weaker colours."""
    base = np.full(len(sight.slots), np.floor(view.py(0.0)) - 1)
    top = np.minimum(np.floor(view.pys(sight.row(Row.VOLUME))), base)
    if sight.is_dense:
        canvas.fill_columns(sight.columns, top, base, _colors(sight, _VOLUME_OPACITY))
        return
    half = half_body(view.pitch)
    for is_up, chosen in _directions(sight):
        color = theme().blend(theme().direction(is_up, "line"), _VOLUME_OPACITY)
        px = sight.px[chosen]
        bars = as_rects(px - half, top[chosen], px + half, base[chosen])
        fill_rects(painter, color, bars)
        if is_up and half:
            fill_rects(painter, theme().color("bg0"), inner(bars))


def paint_open_kline(painter: QPainter, kline: Kline, slot: int, view: Viewport, style: CandleStyle) -> None:
    """Draw the kline that is still open."""
    color = theme().direction(kline.close >= kline.open, "line")
    x, half = math.floor(view.px(slot)), half_body(view.pitch)
    high, low = math.floor(view.py(float(kline.high))), math.floor(view.py(float(kline.low)))
    opened, closed = math.floor(view.py(float(kline.open))), math.floor(view.py(float(kline.close)))
    if style is CandleStyle.LINE:
        painter.fillRect(x - 1, closed - 1, 3, 3, theme().color("text1"))
        return
    painter.fillRect(x, high, 1, low - high + 1, color)
    if not half:
        return
    if style is CandleStyle.BARS:
        painter.fillRect(x - half, opened, half, 1, color)
        painter.fillRect(x, closed, half + 1, 1, color)
        return
    top, height = min(opened, closed), abs(opened - closed) + 1
    painter.fillRect(x - half, top, 2 * half + 1, height, color)
    if style is CandleStyle.HOLLOW and kline.close >= kline.open and height > 2:
        painter.fillRect(x - half + 1, top + 1, 2 * half - 1, height - 2, theme().color("bg0"))


def paint_open_volume(painter: QPainter, kline: Kline, slot: int, view: Viewport) -> None:
    """Draw the volume of the kline that is still open."""
    is_up, half = kline.close >= kline.open, half_body(view.pitch)
    x, base = math.floor(view.px(slot)), math.floor(view.py(0.0)) - 1
    top = min(math.floor(view.py(float(kline.volume))), base)
    color = theme().blend(theme().direction(is_up, "line"), _VOLUME_OPACITY)
    painter.fillRect(x - half, top, 2 * half + 1, base - top + 1, color)
    if is_up and half and base - top > 1:
        painter.fillRect(x - half + 1, top + 1, 2 * half - 1, base - top - 1, theme().color("bg0"))
