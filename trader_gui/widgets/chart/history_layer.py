"""What the chart says of its klines themselves: holes, repaired ones, where history begins, and what is being read."""

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter

from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesModel
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.labels import Faces, Run, paint_runs
from trader_gui.widgets.chart.primitives import as_rects, fill_rects, line_pen, runs
from trader_gui.widgets.chart.sight import Sight
from trader_gui.widgets.chart.time_marks import Zone, moment_words
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

_LABEL_PX = 70.0
_TICK_BELOW, _TICK_HALF, _TICK_HEIGHT = 4, 2, 2
_MARGIN = 8.0
_MOST_FUNDINGS = 3


def gap_spans(series: SeriesModel, sight: Sight, view: Viewport) -> Iterator[tuple[float, float, int]]:
    """Yield (left pixel, right pixel, klines missing) of the holes that are seen."""
    if sight.is_dense:
        is_missing = np.where(np.isnan(sight.row(Row.HIGH)), 0.0, np.nan)
        edges = np.append(sight.first, sight.slots + 1)
        for start, stop in runs(is_missing):
            yield sight.px[start], sight.px[stop - 1] + 1, int(edges[stop] - edges[start])
        return
    holes = series.store.gaps(sight.first, sight.end)
    if series.open_kline is not None and len(series.store) and series.last_x > series.store.end:
        holes.append((series.store.end, series.last_x))
    for first, end in holes:
        yield view.px(first - 0.5), view.px(end - 0.5), end - first


def paint_gaps(painter: QPainter, series: SeriesModel, sight: Sight, view: Viewport, faces: Faces) -> None:
    """Shade holes, and say how many klines are missing where there is room for it."""
    for left, right, count in gap_spans(series, sight, view):
        painter.fillRect(QRectF(round(left), 0, max(1, round(right) - round(left)), view.height), theme().color("bg2"))
        if right - left >= _LABEL_PX:
            run = Run(f"gap: {count:,}", theme().color("text2"), "mini")
            middle = max(left, 0.0) + (min(right, view.width) - max(left, 0.0) - faces.width([run])) / 2
            paint_runs(painter, faces, middle, view.height - 12, [run])


def paint_repaired(painter: QPainter, series: SeriesModel, sight: Sight, view: Viewport) -> None:
    """Mark klines that the stream has missed with a tick under them."""
    if sight.is_dense or not series.store.repaired:
        return
    is_marked = np.isin(sight.slots, list(series.store.repaired)) & ~np.isnan(sight.row(Row.LOW))
    px, y = sight.px[is_marked], np.floor(view.pys(sight.row(Row.LOW)[is_marked])) + _TICK_BELOW
    fill_rects(painter, theme().color("info"), as_rects(px - _TICK_HALF, y, px + _TICK_HALF, y + _TICK_HEIGHT - 1))


def paint_beginning(painter: QPainter, series: SeriesModel, view: Viewport, faces: Faces, zone: Zone) -> None:
    """Say, before the oldest kline, that history begins there, or that older klines are being read."""
    edge = view.px(series.first_x - 0.5)
    if edge <= 0 or not len(series.store):
        return
    t, source = theme(), series.source
    tone = "text2"
    if source.is_begin:
        words = f"history begins {moment_words(series.grid.open_ms(series.store.first), zone, series.grid)}"
        painter.setPen(line_pen(t.color("border_strong"), 1.0, (2.0, 2.0)))
        painter.drawLine(QLineF(round(edge), 0, round(edge), view.height))
    elif source.problem:
        words, tone = f"older klines cannot be read: {source.problem}", "warn"
    elif source.is_loading:
        words = "reading older klines"
    else:
        return
    run = Run(words, t.color(tone))
    left = edge - faces.width([run]) - _MARGIN
    paint_runs(painter, faces, left if left >= _MARGIN else edge + _MARGIN, view.height - 14, [run])


def note_runs(series: SeriesModel, x: int) -> list[Run]:
    """Return what is to be said of the kline at x: that it was repaired, what funding it saw, that none is there."""
    t, store = theme(), series.store
    runs = [Run("repaired", t.color("info"))] if x in store.repaired else []
    begin, end = series.grid.open_ms(x), series.grid.open_ms(x + 1)
    at = bisect_left(series.funding, begin, key=lambda funding: funding.funding_time_ms)
    paid = [f.funding_rate_fraction for f in series.funding[at:] if f.funding_time_ms < end][:_MOST_FUNDINGS]
    if paid:
        rates = ", ".join(text.percent(rate, 4, sign=False) for rate in paid)
        runs.append(Run(f"funding {rates}", t.color("info")))
    if not store.first <= x < store.end or store.holds(x):
        return runs
    hole = next(last - first for first, last in store.gaps(store.first, store.end) if first <= x < last)
    return [*runs, Run(f"no kline: a gap of {hole:,}", t.color("warn"))]
