"""Panes: klines, volume, and one for each indicator; closed klines in a kept picture, everything else painted over."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from trader_gui.models.indicator_track import IndicatorTrack
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.canvas import Canvas
from trader_gui.widgets.chart.canvas_item import CanvasItem
from trader_gui.widgets.chart.crosshair import Crosshair, paint_crosshair
from trader_gui.widgets.chart.indicator_layer import Drawing, drawing_of
from trader_gui.widgets.chart.labels import Faces, Run
from trader_gui.widgets.chart.legend import paint_legend
from trader_gui.widgets.chart.price_scale import fitted
from trader_gui.widgets.chart.primitives import as_rects, fill_rects, line_pen
from trader_gui.widgets.chart.sight import Sight
from trader_gui.widgets.chart.time_marks import TimeMark
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme


class Pane(CanvasItem):
    """One pane of the chart.

    Attributes:
        name: `klines`, `volume`, or the number of the indicator's pane.
        weight: Share of the height.
        tracks: Indicators that are drawn here.
        view: What is seen; None before the first layout.
        sight: The klines that are seen.
        drawings: Lines of the indicators that are seen.
        crosshair: Where the cursor is, in this pane or another; None when it is outside.
    """

    top_px, bottom_px = 24.0, 10.0
    """Room between the values and the pane's edges; at the top for the legend."""

    def __init__(self, name: str, weight: float, series: SeriesModel, faces: Faces) -> None:
        super().__init__(faces)
        self.name = name
        self.weight = weight
        self.series = series
        self.tracks: tuple[IndicatorTrack, ...] = ()
        self.view: Viewport | None = None
        self.sight: Sight | None = None
        self.marks: Sequence[TimeMark] = ()
        self.drawings: tuple[Drawing, ...] = ()
        self.crosshair: Crosshair | None = None
        self._canvas: Canvas | None = None
        self._is_painted = False

    def set_sight(self, sight: Sight, marks: Sequence[TimeMark]) -> None:
        """Take the klines that are seen, and the times that get a grid line."""
        self.sight, self.marks = sight, marks
        self.drawings = tuple(drawing_of(track, sight) for track in self.tracks if track.indicator.is_visible)
        self.invalidate()

    def set_view(self, view: Viewport) -> None:
        """Show another part; nothing is painted when it is the same."""
        if view != self.view:
            self.view = view
            self.invalidate()

    def set_crosshair(self, crosshair: Crosshair | None) -> None:
        """Show the crosshair somewhere else, or not at all."""
        if crosshair != self.crosshair:
            self.crosshair = crosshair
            self.update()

    def invalidate(self) -> None:
        """What is kept is out of date: closed klines, view or colours are others."""
        self._is_painted = False
        self.update()

    def fitted(self, view: Viewport) -> Viewport:
        """Return the view with the values that are seen in it from edge to edge, less the room kept for text."""
        span = self.value_range(view)
        return view.with_values(0.5, 1.0) if span is None else fitted(view, *span, self.top_px, self.bottom_px)

    @property
    def reading_x(self) -> int:
        """The kline whose values the legend tells."""
        return self.series.last_x if self.crosshair is None else self.crosshair.x

    def paint_item(self, painter: QPainter) -> None:
        if self.view is None:
            return
        ratio = painter.device().devicePixelRatio()
        painter.setClipRect(QRectF(0, 0, self.view.width, self.view.height))
        painter.drawImage(0, 0, self._closed_picture(self.view, ratio))
        self.paint_live(painter, self.view)
        if self.series.last_price is not None:
            paint_legend(painter, self.faces, self.view.width, self.legend_rows())
        if self.crosshair is not None:
            paint_crosshair(painter, self.crosshair, self.name, self.view, theme())
        self.paint_over(painter, self.view)

    @abstractmethod
    def value_range(self, view: Viewport) -> tuple[float, float] | None:
        """Return (low, high) of what shall be seen, low < high; None while there is nothing."""

    @abstractmethod
    def paint_closed(self, canvas: Canvas, painter: QPainter, view: Viewport) -> None:
        """Paint what rests on closed klines; called when the picture is made anew."""

    @abstractmethod
    def paint_live(self, painter: QPainter, view: Viewport) -> None:
        """Paint what may change with every message."""

    def paint_over(self, painter: QPainter, view: Viewport) -> None:
        """Paint what lies over the crosshair: nothing in most panes."""

    @abstractmethod
    def legend_rows(self) -> list[list[Run]]:
        """Return the rows of the legend."""

    def labelled(self, view: Viewport) -> tuple[float, ...]:
        """Return the values that get a label on the axis."""
        return self.value_range(view) or ()

    def drawn_span(self) -> tuple[float, float] | None:
        """Return (lowest, highest) of the indicators' lines that are seen; None when there are none."""
        spans = [span for drawing in self.drawings if (span := drawing.span) is not None]
        return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None

    def _closed_picture(self, view: Viewport, ratio: float) -> QImage:
        canvas = self._canvas
        if canvas is None or canvas.size != (view.width, view.height, ratio):
            canvas = self._canvas = Canvas(view.width, view.height, ratio)
            self._is_painted = False
        if not self._is_painted:
            canvas.fill(theme().color("bg0"))
            if self.series.last_price is not None:
                painter = QPainter(canvas.image)
                try:
                    self.paint_closed(canvas, painter, view)
                finally:
                    painter.end()
            self._is_painted = True
        return canvas.image

    def paint_grid(self, painter: QPainter, view: Viewport, values: Sequence[float] = ()) -> None:
        """Draw a line at each mark of time, a stronger one where a day begins, and at `values`."""
        py = np.floor(view.pys(np.array(values)))
        level = as_rects(np.zeros(len(py)), py, np.full(len(py), view.width), py)
        fill_rects(painter, theme().color("grid"), level)
        for is_day in (False, True):
            px = np.floor(view.pxs(np.array([mark.x for mark in self.marks if mark.is_day is is_day])))
            upright = as_rects(px, np.zeros(len(px)), px, np.full(len(px), view.height))
            fill_rects(painter, theme().color("border" if is_day else "grid"), upright)

    def paint_edge(self, painter: QPainter, view: Viewport) -> None:
        """Draw the line that parts the pane from the one above."""
        painter.setPen(line_pen(theme().color("border_strong")))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawLine(QLineF(0, 0, view.width, 0))
