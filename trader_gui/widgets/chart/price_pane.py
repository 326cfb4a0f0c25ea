"""The pane of the klines, with overlays, own lines and fills."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.candle_item import paint_candles, paint_open_kline
from trader_gui.widgets.chart.canvas import Canvas
from trader_gui.widgets.chart.chart_options import ChartOptions
from trader_gui.widgets.chart.fill_layer import paint_fills, paint_passed
from trader_gui.widgets.chart.history_layer import note_runs, paint_beginning, paint_gaps, paint_repaired
from trader_gui.widgets.chart.indicator_layer import paint_areas, paint_drawing
from trader_gui.widgets.chart.labels import Faces, Run, paint_runs
from trader_gui.widgets.chart.legend import indicator_runs, legend_height, price_runs
from trader_gui.widgets.chart.line_layer import Level, near_prices, paint_break_even, paint_lines, paint_tags
from trader_gui.widgets.chart.measure import Measure, paint_measure
from trader_gui.widgets.chart.pane import Pane
from trader_gui.widgets.chart.price_scale import price_labels
from trader_gui.widgets.chart.reference_layer import paint_references
from trader_gui.widgets.chart.shadow import PlacedShadow, Shadow, paint_shadow_lines, paint_shadow_tags, placed
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

_LOADING_WIDTH = 250.0


class PricePane(Pane):
    """Candles, overlays, own lines and fills.

    Attributes:
        levels: Lines of position and orders, made anew by the chart when they change.
        options: The looks.
        labels: (price, label) of the prices that get a grid line, for what is seen.
        measure: What is being measured; None mostly.
        shadows: Lines that the exchange does not have.
    """

    bottom_px = 22.0

    def __init__(self, weight: float, series: SeriesModel, faces: Faces) -> None:
        super().__init__("klines", weight, series, faces)
        self.levels: Sequence[Level] = ()
        self.options = ChartOptions()
        self.labels: Sequence[tuple[float, str]] = ()
        self.measure: Measure | None = None
        self.shadows: Sequence[Shadow] = ()

    @property
    def tick_size(self) -> float:
        """Tick size of the symbol, quote asset."""
        return float(self.series.rules.tick_size) if self.series.rules is not None else 0.01

    @property
    def legend_px(self) -> float:
        """Height of the legend."""
        return legend_height(1 + len(self.tracks))

    @property
    def base(self) -> float | None:
        """What percents are counted from: the first close that is seen."""
        closes = self.sight.row(Row.CLOSE) if self.sight is not None else np.empty(0)
        there = np.flatnonzero(~np.isnan(closes))
        return float(closes[there[0]]) if len(there) else None

    def fitted(self, view: Viewport) -> Viewport:
        self.top_px = self.legend_px + 6.0
        return super().fitted(view)

    def set_view(self, view: Viewport) -> None:
        super().set_view(view)
        decimals = self.series.rules.price_decimals if self.series.rules is not None else 2
        self.labels = price_labels(view, self.options.scale, self.tick_size, decimals, self.base)

    def set_measure(self, measure: Measure | None) -> None:
        """Show a measure, or none."""
        if measure != self.measure:
            self.measure = measure
            self.update()

    def set_shadows(self, shadows: Sequence[Shadow]) -> None:
        """Show other shadows."""
        if shadows or self.shadows:
            self.shadows = shadows
            self.update()

    def placed_shadows(self) -> list[PlacedShadow]:
        """Return the shadows with the boxes of their tags."""
        if self.view is None or not self.shadows:
            return []
        return placed(self.shadows, self.levels, self.view, self.faces, self.legend_px)

    def value_range(self, view: Viewport) -> tuple[float, float] | None:
        values: list[float] = []
        if self.sight is not None and len(self.sight.slots):
            values += [
                float(np.fmin.reduce(self.sight.row(Row.LOW))),
                float(np.fmax.reduce(self.sight.row(Row.HIGH))),
            ]
        o = self.series.open_kline
        if o is not None and view.left <= self.series.last_x <= view.right:
            values += [float(o.low), float(o.high)]
        if not values:
            return None
        values += self.drawn_span() or ()
        values += near_prices(self.levels, min(values), max(values))
        if view.is_log:  # bands may reach below zero
            values = [value for value in values if value > 0]
        low, high = min(values), max(values)
        return low, max(high, low + 10 * self.tick_size)

    def legend_rows(self) -> list[list[Run]]:
        x, t = self.reading_x, theme()
        first = [*price_runs(self.series, x, t), *note_runs(self.series, x)]
        return [first, *(indicator_runs(track, self.series, x, t) for track in self.tracks)]

    def paint_closed(self, canvas: Canvas, painter: QPainter, view: Viewport) -> None:
        t = theme()
        if self.sight is not None:
            paint_gaps(painter, self.series, self.sight, view, self.faces)
        for drawing in self.drawings:
            paint_areas(canvas, painter, drawing, view, t)
        self.paint_grid(painter, view, [price for price, _ in self.labels])
        for drawing in self.drawings:
            paint_drawing(canvas, painter, drawing, view, t)
        if self.sight is not None:
            paint_candles(canvas, painter, self.sight, view, self.options.style)
            paint_repaired(painter, self.series, self.sight, view)

    def paint_live(self, painter: QPainter, view: Viewport) -> None:
        t, series = theme(), self.series
        if series.rules is None or series.last_price is None:
            self._paint_loading(painter, view)
            return
        if series.open_kline is not None:
            paint_open_kline(painter, series.open_kline, series.last_x, view, self.options.style)
        paint_beginning(painter, series, view, self.faces, self.options.zone)
        paint_references(painter, series, self.options, view, self.faces)
        paint_lines(painter, series, self.levels, view, t)
        paint_break_even(painter, series, view, t, self.faces)
        paint_passed(painter, series, view, t)
        paint_fills(painter, series, view, t)
        paint_shadow_lines(painter, self.placed_shadows(), view)
        paint_tags(painter, self.levels, view, t, self.faces, self.legend_px)

    def paint_over(self, painter: QPainter, view: Viewport) -> None:
        paint_shadow_tags(painter, self.placed_shadows(), theme(), self.faces)
        if self.measure is not None:
            paint_measure(painter, self.measure, self.series, view, self.faces)

    def _paint_loading(self, painter: QPainter, view: Viewport) -> None:
        t, (done, total) = theme(), self.series.loading
        left, middle = round((view.width - _LOADING_WIDTH) / 2), round(view.height / 2)
        if self.series.source.problem:
            run = Run(f"Klines cannot be read: {self.series.source.problem}", t.color("warn"), "body")
            left = round((view.width - self.faces.width([run])) / 2)
            paint_runs(painter, self.faces, max(left, 12), middle - 14, [run])
            return
        paint_runs(painter, self.faces, left, middle - 14, [Run("Loading klines", t.color("text1"), "body")])
        painter.fillRect(QRectF(left, middle, _LOADING_WIDTH, 4), t.color("bg3"))
        if total:
            count = Run(f"{done} of {total}", t.color("text2"), "body")
            right = left + _LOADING_WIDTH - self.faces.width([count])
            paint_runs(painter, self.faces, right, middle - 14, [count])
            painter.fillRect(QRectF(left, middle, _LOADING_WIDTH * min(done / total, 1.0), 4), t.color("accent"))
