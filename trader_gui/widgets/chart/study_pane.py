"""Panes below the klines: volume, and indicators that are no prices."""

import numpy as np
from PySide6.QtGui import QPainter

from trader_gui.kline_history.pyramid import Row
from trader_gui.models.indicator_track import IndicatorTrack
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.candle_item import paint_open_volume, paint_volume
from trader_gui.widgets.chart.canvas import Canvas
from trader_gui.widgets.chart.indicator_layer import paint_areas, paint_drawing
from trader_gui.widgets.chart.labels import Faces, Run
from trader_gui.widgets.chart.legend import indicator_runs, volume_runs
from trader_gui.widgets.chart.pane import Pane
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme


class VolumePane(Pane):
    """Volume bars."""

    bottom_px = 0.0

    def __init__(self, weight: float, series: SeriesModel, faces: Faces) -> None:
        super().__init__("volume", weight, series, faces)

    def value_range(self, view: Viewport) -> tuple[float, float] | None:
        highest = 0.0
        if self.sight is not None and len(self.sight.slots):
            highest = float(np.fmax.reduce(self.sight.row(Row.VOLUME)))
        if self.series.open_kline is not None and view.left <= self.series.last_x <= view.right:
            highest = max(highest, float(self.series.open_kline.volume))
        return (0.0, highest) if highest > 0 else None

    def labelled(self, view: Viewport) -> tuple[float, ...]:
        return super().labelled(view)[1:]

    def legend_rows(self) -> list[list[Run]]:
        return [volume_runs(self.series, self.reading_x, theme())]

    def paint_closed(self, canvas: Canvas, painter: QPainter, view: Viewport) -> None:
        self.paint_grid(painter, view)
        if self.sight is not None:
            paint_volume(canvas, painter, self.sight, view)

    def paint_live(self, painter: QPainter, view: Viewport) -> None:
        if self.series.open_kline is not None:
            paint_open_volume(painter, self.series.open_kline, self.series.last_x, view)
        self.paint_edge(painter, view)


class StudyPane(Pane):
    """One indicator in a pane of its own."""

    def __init__(self, name: str, weight: float, track: IndicatorTrack, series: SeriesModel, faces: Faces) -> None:
        super().__init__(name, weight, series, faces)
        self.tracks = (track,)

    def value_range(self, view: Viewport) -> tuple[float, float] | None:
        span = self.drawn_span()
        if span is None:
            return None
        values = (*span, *self.guides)
        low, high = min(values), max(values)
        return (low, high) if low < high else (low - 1.0, high + 1.0)

    @property
    def guides(self) -> tuple[float, ...]:
        """Values that are always in view, with a line and a label."""
        return self.tracks[0].indicator.kind.guides

    def labelled(self, view: Viewport) -> tuple[float, ...]:
        return self.guides or super().labelled(view)

    def legend_rows(self) -> list[list[Run]]:
        return [indicator_runs(track, self.series, self.reading_x, theme()) for track in self.tracks]

    def paint_closed(self, canvas: Canvas, painter: QPainter, view: Viewport) -> None:
        for drawing in self.drawings:
            paint_areas(canvas, painter, drawing, view, theme())
        self.paint_grid(painter, view, self.guides)
        for drawing in self.drawings:
            paint_drawing(canvas, painter, drawing, view, theme())

    def paint_live(self, painter: QPainter, view: Viewport) -> None:
        self.paint_edge(painter, view)
