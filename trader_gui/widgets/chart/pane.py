"""Panes: klines, volume and volatility; closed klines in a kept picture, everything else painted over it."""

from abc import abstractmethod
from collections.abc import Sequence

from PySide6.QtCore import QLineF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter, QPixmap

from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.axes import price_ticks, time_ticks
from trader_gui.widgets.chart.candle_item import open_candle, paint_candles, paint_volume, visible_candles
from trader_gui.widgets.chart.canvas_item import CanvasItem
from trader_gui.widgets.chart.crosshair import Crosshair, paint_crosshair
from trader_gui.widgets.chart.fill_layer import paint_fills
from trader_gui.widgets.chart.indicator_layer import (
    paint_band_fill,
    paint_band_lines,
    paint_rv,
    visible_band_range,
    visible_rv_range,
)
from trader_gui.widgets.chart.labels import Faces, Run, paint_runs
from trader_gui.widgets.chart.legend import band_runs, paint_legend, price_runs, rv_runs, volume_runs
from trader_gui.widgets.chart.line_layer import Level, near_prices, paint_break_even, paint_lines, paint_tags
from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.chart.viewport import LEGEND_PX, Viewport
from trader_gui.widgets.theme import theme

_LOADING_WIDTH = 250.0


class Pane(CanvasItem):
    """One pane of the chart.

    Attributes:
        name: `klines`, `volume` or `rv`.
        view: What is seen; None before the first layout.
        crosshair: Where the cursor is, in this pane or another; None when it is outside.
    """

    name = ""
    top_px, bottom_px = 24.0, 10.0
    """Room between the values and the edges of the pane."""

    def __init__(self, series: SeriesModel, faces: Faces) -> None:
        super().__init__(faces)
        self.series = series
        self.view: Viewport | None = None
        self.crosshair: Crosshair | None = None
        self._picture: QPixmap | None = None

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
        """Throw the kept picture away: closed klines, view or colours are others."""
        self._picture = None
        self.update()

    def fitted(self, view: Viewport) -> Viewport:
        """Return the view with the values that are seen in it from edge to edge, less the room kept for text."""
        span = self.value_range(view)
        if span is None:
            return view.with_values(0.0, 1.0)
        low, high = span
        unit = (high - low) / max(view.height - self.top_px - self.bottom_px, 10.0)
        return view.with_values(low - unit * self.bottom_px, high + unit * self.top_px)

    @property
    def reading_x(self) -> int:
        """The kline whose values the legend tells."""
        return self.series.last_x if self.crosshair is None else self.crosshair.x

    def paint_item(self, painter: QPainter) -> None:
        if self.view is None:
            return
        ratio = painter.device().devicePixelRatio()
        if self._picture is None or self._picture.devicePixelRatio() != ratio:
            self._picture = self._make_picture(self.view, ratio)
        painter.setClipRect(QRectF(0, 0, self.view.width, self.view.height))
        painter.drawPixmap(0, 0, self._picture)
        self.paint_live(painter, self.view)
        if self.crosshair is not None:
            paint_crosshair(painter, self.crosshair, self.name, self.view, theme())

    @abstractmethod
    def value_range(self, view: Viewport) -> tuple[float, float] | None:
        """Return (low, high) of what shall be seen, low < high; None while there is nothing."""

    @abstractmethod
    def paint_closed(self, painter: QPainter, view: Viewport) -> None:
        """Paint what rests on closed klines; called when the picture is made anew."""

    @abstractmethod
    def paint_live(self, painter: QPainter, view: Viewport) -> None:
        """Paint what may change with every message."""

    def _make_picture(self, view: Viewport, ratio: float) -> QPixmap:
        size = QSizeF(view.width, view.height) * ratio
        picture = QPixmap(size.toSize())
        picture.setDevicePixelRatio(ratio)
        picture.fill(theme().color("bg0"))
        if self.series.last_price is not None:
            painter = QPainter(picture)
            try:
                self.paint_closed(painter, view)
            finally:
                painter.end()
        return picture

    def paint_grid(self, painter: QPainter, view: Viewport, values: Sequence[float] = ()) -> None:
        """Draw a line at each tick of time, and at `values`."""
        painter.setPen(line_pen(theme().color("grid")))
        for x, _ in time_ticks(self.series, view):
            px = int(view.px(x) // 1)
            painter.drawLine(QLineF(px, 0, px, view.height))
        for value in values:
            py = int(view.py(value) // 1)
            painter.drawLine(QLineF(0, py, view.width, py))


class KlinePane(Pane):
    """Candles, bands, own lines and fills.

    Attributes:
        levels: Lines of position and orders, made anew by the chart when they change.
    """

    name = "klines"
    top_px, bottom_px = LEGEND_PX + 6.0, 22.0

    def __init__(self, series: SeriesModel, faces: Faces) -> None:
        super().__init__(series, faces)
        self.levels: Sequence[Level] = ()

    @property
    def tick_size(self) -> float:
        """Tick size of the symbol, quote asset."""
        return float(self.series.rules.tick_size) if self.series.rules is not None else 0.01

    def value_range(self, view: Viewport) -> tuple[float, float] | None:
        start, stop = view.visible(self.series.first_x, len(self.series.klines.close))
        values: list[float] = []
        if start < stop:
            values += [
                float(self.series.klines.low[start:stop].min()),
                float(self.series.klines.high[start:stop].max()),
            ]
        o = self.series.open_kline
        if o is not None and view.left <= self.series.last_x <= view.right:
            values += [float(o.low), float(o.high)]
        if not values:
            return None
        values += visible_band_range(self.series, view) or ()
        values += near_prices(self.levels, min(values), max(values))
        low, high = min(values), max(values)
        return low, max(high, low + 10 * self.tick_size)

    def paint_closed(self, painter: QPainter, view: Viewport) -> None:
        t = theme()
        paint_band_fill(painter, self.series, view, t)
        self.paint_grid(painter, view, price_ticks(view, self.tick_size))
        paint_band_lines(painter, self.series, view, t)
        paint_candles(painter, visible_candles(self.series, view), view, t)

    def paint_live(self, painter: QPainter, view: Viewport) -> None:
        t, series = theme(), self.series
        if series.rules is None or series.last_price is None:
            self._paint_loading(painter, view)
            return
        candle = open_candle(series)
        if candle is not None:
            paint_candles(painter, candle, view, t)
        paint_lines(painter, series, self.levels, view, t)
        paint_break_even(painter, series, view, t, self.faces)
        paint_fills(painter, series, view, t)
        paint_tags(painter, self.levels, view, t, self.faces)
        x = self.reading_x
        paint_legend(painter, self.faces, view.width, price_runs(series, x, t), band_runs(series, x, t))

    def _paint_loading(self, painter: QPainter, view: Viewport) -> None:
        t, (done, total) = theme(), self.series.loading
        left, middle = round((view.width - _LOADING_WIDTH) / 2), round(view.height / 2)
        paint_runs(painter, self.faces, left, middle - 14, [Run("Loading klines", t.color("text1"), "body")])
        painter.fillRect(QRectF(left, middle, _LOADING_WIDTH, 4), t.color("bg3"))
        if total:
            count = Run(f"{done} of {total}", t.color("text2"), "body")
            right = left + _LOADING_WIDTH - self.faces.width([count])
            paint_runs(painter, self.faces, right, middle - 14, [count])
            painter.fillRect(QRectF(left, middle, _LOADING_WIDTH * min(done / total, 1.0), 4), t.color("accent"))


class VolumePane(Pane):
    """Volume bars."""

    name = "volume"
    bottom_px = 0.0

    def value_range(self, view: Viewport) -> tuple[float, float] | None:
        start, stop = view.visible(self.series.first_x, len(self.series.klines.close))
        values = [float(self.series.klines.volume[start:stop].max())] if start < stop else []
        if self.series.open_kline is not None and self.series.last_x <= view.right:
            values.append(float(self.series.open_kline.volume))
        highest = max(values, default=0.0)
        return (0.0, highest) if highest > 0 else None

    def paint_closed(self, painter: QPainter, view: Viewport) -> None:
        self.paint_grid(painter, view)
        paint_volume(painter, visible_candles(self.series, view), view, theme())

    def paint_live(self, painter: QPainter, view: Viewport) -> None:
        candle = open_candle(self.series)
        if candle is not None:
            paint_volume(painter, candle, view, theme())
        _paint_edge(painter, view)
        if self.series.last_price is not None:
            paint_legend(painter, self.faces, view.width, volume_runs(self.series, self.reading_x, theme()))


class RvPane(Pane):
    """Realised volatility over its former range."""

    name = "rv"

    def value_range(self, view: Viewport) -> tuple[float, float] | None:
        span = visible_rv_range(self.series, view)
        return None if span is None or span[0] >= span[1] else span

    def paint_closed(self, painter: QPainter, view: Viewport) -> None:
        self.paint_grid(painter, view)
        paint_rv(painter, self.series, view, theme())

    def paint_live(self, painter: QPainter, view: Viewport) -> None:
        _paint_edge(painter, view)
        if self.series.last_price is not None:
            paint_legend(painter, self.faces, view.width, rv_runs(self.series, self.reading_x, theme()))


def _paint_edge(painter: QPainter, view: Viewport) -> None:
    """Draw the line that parts a pane from the one above."""
    painter.setPen(line_pen(theme().color("border_strong")))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawLine(QLineF(0, 0, view.width, 0))
