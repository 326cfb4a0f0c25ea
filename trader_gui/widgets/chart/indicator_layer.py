"""Lines and shades of indicators. Each ends at the last closed kline and is not drawn where it is not ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from trader_gui.models.indicator_kinds import Stroke
from trader_gui.models.indicator_track import IndicatorTrack
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.candle_item import half_body
from trader_gui.widgets.chart.canvas import Canvas
from trader_gui.widgets.chart.primitives import (
    FloatArray,
    IntArray,
    area,
    as_rects,
    draw_polyline,
    fill_rects,
    line_pen,
    runs,
)
from trader_gui.widgets.chart.sight import Sight
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import Theme

_WEAK, _EDGE, _BARS = 0.65, 0.35, 0.4
_DOTS = (2.0, 3.0)


@dataclass(frozen=True)
class Drawing:
    """One indicator's lines where they are seen: pixels `x`, shape (n,), and values for each line, NaN not ready."""

    track: IndicatorTrack
    x: FloatArray
    lines: Sequence[FloatArray]
    is_dense: bool

    @cached_property
    def span(self) -> tuple[float, float] | None:
        """(lowest, highest) of all lines; None when nothing is ready."""
        values = np.concatenate(self.lines) if len(self.x) else np.empty(0)
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if len(values) else None


def drawing_of(track: IndicatorTrack, sight: Sight) -> Drawing:
    """Return what is to be drawn of an indicator; what is not computed yet is missing."""
    slots, x = sight.points()
    kind = track.indicator.kind
    return Drawing(track, x, kind.derive(track.take(slots), track.indicator.values), sight.is_dense)


def needed(track: IndicatorTrack, series: SeriesModel) -> int:
    """Return how many closed klines an indicator still lacks for its first value."""
    return max(0, track.indicator.kind.least(track.indicator.values) - len(series.store))


def paint_areas(canvas: Canvas, painter: QPainter, drawing: Drawing, view: Viewport, theme: Theme) -> None:
    """Fill between lines."""
    kind = drawing.track.indicator.kind
    color = theme.blend(theme.color(drawing.track.indicator.color), kind.area_opacity)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    for one, other in kind.areas:
        edges = view.pys(drawing.lines[one]), view.pys(drawing.lines[other])
        upper, lower = np.minimum(*edges), np.maximum(*edges)
        if drawing.is_dense:
            columns, widths = _columns(drawing, canvas.ratio)
            canvas.fill_columns(columns, np.repeat(upper, widths), np.repeat(lower, widths), np.uint32(color.rgb()))
            continue
        for start, stop in runs(upper):
            painter.drawPolygon(area(drawing.x[start:stop], upper[start:stop], lower[start:stop]))


def paint_drawing(canvas: Canvas, painter: QPainter, drawing: Drawing, view: Viewport, theme: Theme) -> None:
    """Draw the lines, those of less weight first."""
    indicator = drawing.track.indicator
    color, text = theme.color(indicator.color), theme.color("text2")
    pens = {
        Stroke.EDGE: line_pen(theme.blend(color, _EDGE)),
        Stroke.WEAK: line_pen(theme.blend(color, _WEAK)),
        Stroke.DOTTED: line_pen(text, 1.0, _DOTS),
        Stroke.PLAIN: line_pen(color),
        Stroke.STRONG: line_pen(color),
    }
    forms = indicator.kind.lines(indicator.values)
    _paint_bars(canvas, painter, drawing, view, theme)
    for stroke, pen in pens.items():
        painter.setPen(pen)
        for form, line in zip(forms, drawing.lines, strict=True):
            if form.stroke is stroke:
                y = view.pys(line)
                draw_polyline(painter, drawing.x, y)
                if stroke is Stroke.STRONG:  # once more: smoothed edges grow darker, the line looks thicker
                    draw_polyline(painter, drawing.x, y)


def _paint_bars(canvas: Canvas, painter: QPainter, drawing: Drawing, view: Viewport, theme: Theme) -> None:
    """Draw the lines that are bars from zero."""
    indicator = drawing.track.indicator
    color = theme.blend(theme.color(indicator.color), _BARS)
    zero = float(np.floor(view.py(0.0)))
    for form, line in zip(indicator.kind.lines(indicator.values), drawing.lines, strict=True):
        if form.stroke is not Stroke.BARS:
            continue
        y = np.floor(view.pys(line))
        top, bottom = np.minimum(y, zero), np.maximum(y, zero)
        if drawing.is_dense:
            columns, widths = _columns(drawing, canvas.ratio)
            canvas.fill_columns(columns, np.repeat(top, widths), np.repeat(bottom, widths), np.uint32(color.rgb()))
            continue
        half, is_there = half_body(view.pitch), np.isfinite(y)
        x = np.floor(drawing.x[is_there])
        fill_rects(painter, color, as_rects(x - half, top[is_there], x + half, bottom[is_there]))


def _columns(drawing: Drawing, ratio: float) -> tuple[IntArray, IntArray]:
    """Return the device columns that a dense drawing covers, and how many of them each point stands for."""
    starts = np.floor(drawing.x * ratio).astype(np.int64)
    widths = np.diff(np.append(starts, starts[-1] + 1))
    return np.arange(starts[0], starts[0] + widths.sum()), widths
