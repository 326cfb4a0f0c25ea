"""Indicators over closed klines: bands in the kline pane, realised volatility in its own.

Each ends at the last closed kline and is not drawn where it is not ready; `bands_needed` and `rv_needed` say how many
closed klines are still missing, which the legends then show.
"""

import math

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter

from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.candle_item import bin_size
from trader_gui.widgets.chart.primitives import FloatArray, area, draw_lines, line_pen, polygon
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import Theme

_BAND_FILL, _INNER_OPACITY, _RV_FILL = 0.07, 0.65, 0.10
_MIDDLE_DOTS = (2.0, 3.0)
_SMOOTH_POINTS = 400
"""Up to so many points lines are smoothed and areas are polygons. Where points lie denser nobody sees the difference,
and stroking or filling a jagged outline costs a hundred times as much as plain strokes (measured 2026-11-22)."""


def bands_needed(series: SeriesModel) -> int:
    """Return how many closed klines the bands still lack."""
    return max(0, series.parameters.band_window - len(series.klines.close))


def rv_needed(series: SeriesModel) -> int:
    """Return how many closed klines the volatility still lacks."""
    return max(0, series.parameters.rv_window + 1 - len(series.klines.close))


def _points(series: SeriesModel, view: Viewport, *columns: FloatArray) -> tuple[FloatArray, ...]:
    """Return x and the columns where all are ready, of what is seen, at most one point per pixel column."""
    start, stop = view.visible(series.first_x, len(series.klines.close))
    start = max(0, start - 1)
    step = bin_size(view.pitch)
    x = np.arange(series.first_x + start, series.first_x + stop)
    parts = [column[start:stop] for column in columns]
    keep = np.logical_and.reduce([np.isfinite(part) for part in parts])
    if step > 1 and len(x):
        keep &= (x % step == 0) | (x == x[-1])
    return x[keep].astype(np.float64), *(part[keep] for part in parts)


def visible_band_range(series: SeriesModel, view: Viewport) -> tuple[float, float] | None:
    """Return (lowest, highest) of the outer bands that are seen; None when none is ready."""
    start, stop = view.visible(series.first_x, len(series.klines.close))
    middle, deviation = series.indicators.middle[start:stop], series.indicators.deviation[start:stop]
    seen = np.isfinite(deviation)
    if not seen.any():
        return None
    reach = series.parameters.outer_deviations * deviation[seen]
    return float((middle[seen] - reach).min()), float((middle[seen] + reach).max())


def visible_rv_range(series: SeriesModel, view: Viewport) -> tuple[float, float] | None:
    """Return (lowest, highest) realised volatility that is seen, its former range included; None when none is ready."""
    start, stop = view.visible(series.first_x, len(series.klines.close))
    i = series.indicators
    seen = np.concatenate([column[start:stop] for column in (i.rv, i.rv_low, i.rv_high)])
    seen = seen[np.isfinite(seen)]
    return (float(seen.min()), float(seen.max())) if len(seen) else None


def paint_band_fill(painter: QPainter, series: SeriesModel, view: Viewport, theme: Theme) -> None:
    """Fill between inner and outer bands, both sides."""
    p, i = series.parameters, series.indicators
    x, middle, deviation = _points(series, view, i.middle, i.deviation)
    if len(x) < 2:
        return
    px = view.pxs(x)
    color = theme.blend(theme.color("band"), _BAND_FILL)
    for sign in (1.0, -1.0):
        outer = view.pys(middle + sign * p.outer_deviations * deviation)
        inner = view.pys(middle + sign * p.inner_deviations * deviation)
        _fill_between(painter, px, (outer, inner), color)


def paint_band_lines(painter: QPainter, series: SeriesModel, view: Viewport, theme: Theme) -> None:
    """Draw the outer bands, the inner bands and the dotted middle."""
    p, i = series.parameters, series.indicators
    x, middle, deviation = _points(series, view, i.middle, i.deviation)
    px = view.pxs(x)
    band = theme.color("band")
    inner_pen = line_pen(theme.blend(band, _INNER_OPACITY))
    for deviations, pen in (
        (p.inner_deviations, inner_pen),
        (-p.inner_deviations, inner_pen),
        (p.outer_deviations, line_pen(band, 1.2)),
        (-p.outer_deviations, line_pen(band, 1.2)),
    ):
        painter.setPen(pen)
        _polyline(painter, px, view.pys(middle + deviations * deviation))
    is_dense = len(x) > _SMOOTH_POINTS
    painter.setPen(line_pen(theme.blend(theme.color("text2"), 0.5 if is_dense else 1.0), 1.0, _MIDDLE_DOTS))
    _polyline(painter, px, view.pys(middle))


def paint_rv(painter: QPainter, series: SeriesModel, view: Viewport, theme: Theme) -> None:
    """Draw the former range as a shade with an edge, and the volatility over it."""
    i, rv = series.indicators, theme.color("rv")
    x, low, high = _points(series, view, i.rv_low, i.rv_high)
    if len(x) > 1:
        px, edges = view.pxs(x), (view.pys(high), view.pys(low))
        _fill_between(painter, px, edges, theme.blend(rv, _RV_FILL))
        painter.setPen(line_pen(theme.blend(rv, 0.35)))
        for edge in edges:
            _polyline(painter, px, edge)
    x, values = _points(series, view, i.rv)
    painter.setPen(line_pen(QColor(rv), 1.4))
    _polyline(painter, view.pxs(x), view.pys(values))


def _fill_between(painter: QPainter, px: FloatArray, edges: tuple[FloatArray, FloatArray], color: QColor) -> None:
    upper, lower = edges
    if len(px) <= _SMOOTH_POINTS:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(area(px, upper, lower))
        return
    painter.setPen(line_pen(color))
    for column in range(math.ceil((px[-1] - px[0]) / (len(px) - 1))):
        draw_lines(painter, np.floor(px) + column, upper, np.floor(px) + column, lower)


def _polyline(painter: QPainter, px: FloatArray, py: FloatArray) -> None:
    if len(px) < 2:
        return
    if len(px) <= _SMOOTH_POINTS:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPolyline(polygon(px, py))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        return
    painter.setPen(line_pen(painter.pen().color()))
    draw_lines(painter, px[:-1], py[:-1], px[1:], py[1:])
