"""The graphics view of the chart: lays panes and axes out, follows the series, answers mouse and keys."""

import math

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from trader_gui.models.series import SeriesChange, SeriesModel
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.axes import TIME_AXIS_HEIGHT, TimeAxis, ValueAxis, price_ticks, time_ticks
from trader_gui.widgets.chart.crosshair import Crosshair, snapped
from trader_gui.widgets.chart.labels import AxisTag, Faces
from trader_gui.widgets.chart.line_layer import last_price_tag, levels
from trader_gui.widgets.chart.navigation import Navigation
from trader_gui.widgets.chart.pane import KlinePane, Pane, RvPane, VolumePane
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

_HEIGHTS = (71.0, 13.5, 15.0)
_LEAST_AXIS_WIDTH = 64
_WHEEL_BASE, _DRAG_PX = 1.0015, 200.0
_KEY_PAN = 0.1
_ALL = SeriesChange.KLINES | SeriesChange.OPEN | SeriesChange.OVERLAY | SeriesChange.STATE


class ChartView(pg.GraphicsView):
    """Panes with linked time, their axes, and the hand on them.

    Attributes:
        navigation: Which time is seen.
        klines, volume, rv: The panes.
        price_axis: Axis of the kline pane.
        is_auto_range: Prices follow what is seen; dragging the price axis ends it, a double click there begins it anew.

    Signals:
        following_changed: Whether the newest kline is being followed is another than before (bool).
    """

    following_changed = Signal(bool)

    def __init__(self, series: SeriesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.series = series
        self.navigation = Navigation()
        self.is_auto_range = True
        self.faces = Faces(theme())
        self.klines = KlinePane(series, self.faces)
        self.volume = VolumePane(series, self.faces)
        self.rv = RvPane(series, self.faces)
        self.panes: tuple[Pane, ...] = (self.klines, self.volume, self.rv)
        self.axes = tuple(ValueAxis(self.faces) for _ in self.panes)
        self.price_axis = self.axes[0]
        self.time_axis = TimeAxis(self.faces)
        for item in (*self.panes, *self.axes, self.time_axis):
            self.addItem(item)
        self.viewport().setMouseTracking(True)
        self._missed = _ALL
        self._axis_width = _LEAST_AXIS_WIDTH
        self._drag: tuple[str, QPointF] | None = None
        self._was_following = True
        theme().changed.connect(self.on_theme_changed)
        series.changed.connect(self.on_series_changed)

    # ---- following the series ------------------------------------------------------------------------------------

    def on_series_changed(self, change: SeriesChange) -> None:
        """Bring up to date what a change touches; while hidden it is only remembered."""
        if not self.isVisible():
            self._missed |= change
            return
        self._missed = SeriesChange(0)
        if change & (SeriesChange.STATE | SeriesChange.KLINES):
            self._lay_out()
            for pane in self.panes:
                pane.invalidate()
        if change & (SeriesChange.OVERLAY | SeriesChange.STATE):
            self.klines.levels = levels(self.series, theme())
        self.navigation.set_extent(self.series.first_x, self.series.last_x)
        self.update_views()
        self.klines.update()
        if change & SeriesChange.OPEN:
            self.volume.update()

    def on_theme_changed(self) -> None:
        """Take colours and fonts anew."""
        self.faces = Faces(theme())
        for pane in self.panes:
            pane.faces = self.faces
        for axis in self.axes:
            axis.faces = self.faces
            axis.update()
        self.time_axis.faces = self.faces
        self.time_axis.update()
        self.on_series_changed(_ALL)

    def follow(self) -> None:
        """Go to the newest kline, with prices in range, and stay there."""
        self.is_auto_range = True
        self.navigation.follow()
        self.update_views()

    def update_views(self) -> None:
        """Work out what each pane and axis shows; each repaints only when that is something else."""
        for pane in self.panes:
            size = pane.size()
            view = Viewport(
                self.navigation.left, self.navigation.right, 0.0, 1.0, max(size.width(), 1.0), max(size.height(), 1.0)
            )
            if pane is self.klines and not self.is_auto_range and pane.view is not None:
                pane.set_view(view.with_values(pane.view.low, pane.view.high))
            else:
                pane.set_view(pane.fitted(view))
        self._update_axes()
        if self.navigation.is_following != self._was_following:
            self._was_following = self.navigation.is_following
            self.following_changed.emit(self._was_following)

    def _update_axes(self) -> None:
        k, v, r = (pane.view for pane in self.panes)
        if k is None or v is None or r is None:
            return
        has_klines = self.series.last_price is not None
        decimals = self.series.rules.price_decimals if self.series.rules is not None else 2
        prices = price_ticks(k, self.klines.tick_size) if has_klines else []
        tags = [level.axis_tag for level in self.klines.levels]
        last = last_price_tag(self.series, theme())
        self.price_axis.show_values(
            k, [(p, text.price(p, decimals)) for p in prices], [*tags, last] if last is not None else tags
        )
        for axis, pane, view, scale in ((self.axes[1], self.volume, v, 1.0), (self.axes[2], self.rv, r, 1e4)):
            span = pane.value_range(view)
            values = () if span is None else span if pane is self.rv else span[1:]
            axis.show_values(view, [(value, text.compact(value * scale)) for value in values], ())
        self.time_axis.show_times(k, time_ticks(self.series, k) if has_klines else [])

    def _lay_out(self) -> None:
        """Place panes and axes on whole pixels."""
        width, height = self.viewport().width(), self.viewport().height()
        self._axis_width = self._wanted_axis_width()
        inner = max(1, width - self._axis_width)
        rest = max(len(_HEIGHTS), height - TIME_AXIS_HEIGHT)
        top = 0
        for index, (pane, axis) in enumerate(zip(self.panes, self.axes, strict=True)):
            bottom = round(rest * sum(_HEIGHTS[: index + 1]) / sum(_HEIGHTS))
            pane.setGeometry(QRectF(0, top, inner, bottom - top))
            axis.setGeometry(QRectF(inner, top, self._axis_width, bottom - top))
            top = bottom
        self.time_axis.corner_width = self._axis_width
        self.time_axis.setGeometry(QRectF(0, rest, width, TIME_AXIS_HEIGHT))
        self.navigation.resize(inner)

    def _wanted_axis_width(self) -> int:
        price = self.series.last_price
        if price is None or self.series.rules is None:
            return _LEAST_AXIS_WIDTH
        words = text.price(price, self.series.rules.price_decimals)
        return max(_LEAST_AXIS_WIDTH, math.ceil(self.faces.metrics("head").horizontalAdvance(words)) + 20)

    # ---- hand ----------------------------------------------------------------------------------------------------

    def _pane_at(self, y: float) -> Pane | None:
        for pane in self.panes:
            if pane.geometry().top() <= y < pane.geometry().bottom():
                return pane
        return None

    def _place_at(self, position: QPointF) -> str:
        """Return what lies under a pixel: a pane's name, `price_axis`, `time_axis` or nothing."""
        pane = self._pane_at(position.y())
        if position.x() < self.navigation.width:
            return pane.name if pane is not None else "time_axis"
        return "price_axis" if pane is self.klines else ""

    def show_crosshair(self, position: QPointF | None) -> None:
        """Put the crosshair under a pixel of the view, or take it away."""
        cross = None if position is None else self._crosshair_at(position)
        for each, axis in zip(self.panes, self.axes, strict=True):
            each.set_crosshair(cross)
            axis.show_cursor(self._cursor_tag(cross) if cross is not None and each.name == cross.pane else None)
        self.time_axis.show_cursor(None if cross is None else cross.x, self.series.time_of(cross.x if cross else 0))

    def _crosshair_at(self, position: QPointF) -> Crosshair | None:
        pane = self._pane_at(position.y())
        if pane is None or pane.view is None or self.series.last_price is None or position.x() >= pane.view.width:
            return None
        tick = self.klines.tick_size if pane is self.klines else None
        return snapped(pane.view, position.x(), position.y() - pane.geometry().top(), pane.name, tick)

    def _cursor_tag(self, cross: Crosshair) -> AxisTag:
        if cross.pane == "klines" and self.series.rules is not None:
            words = text.price(cross.value, self.series.rules.price_decimals)
        else:
            words = text.compact(cross.value * 1e4 if cross.pane == "rv" else cross.value)
        return AxisTag(cross.value, (words,), theme().color("text1"), theme().color("bg3"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = (self._place_at(event.position()), event.position())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None and event.buttons() & Qt.MouseButton.LeftButton:
            place, former = self._drag
            self._drag = (place, event.position())
            self._drag_by(place, event.position() - former)
        self.show_crosshair(event.position())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position())
        if place == "price_axis":
            self.is_auto_range = True
            self.update_views()
        elif place == "time_axis":
            self.follow()
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        if delta.x():
            self.navigation.pan(delta.x() / 2)
        if delta.y():
            self.navigation.zoom(_WHEEL_BASE ** delta.y(), min(event.position().x(), self.navigation.width))
        self.update_views()
        self.show_crosshair(event.position())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self.show_crosshair(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = self.navigation.width * _KEY_PAN
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.navigation.pan(step if key == Qt.Key.Key_Left else -step)
            self.update_views()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.navigation.zoom(0.8 if key == Qt.Key.Key_Minus else 1.25, self.navigation.width / 2)
            self.update_views()
        elif key == Qt.Key.Key_End:
            self.follow()
        else:
            event.ignore()

    def _drag_by(self, place: str, delta: QPointF) -> None:
        view = self.klines.view
        if place == "time_axis":
            self.navigation.zoom(math.exp(delta.x() / _DRAG_PX), self.navigation.width)
        elif place == "price_axis" and view is not None:
            self.is_auto_range = False
            half = (view.high - view.low) / 2 * math.exp(delta.y() / _DRAG_PX)
            middle = (view.high + view.low) / 2
            self.klines.set_view(view.with_values(middle - half, middle + half))
        elif place:
            self.navigation.pan(delta.x())
            if place == "klines" and not self.is_auto_range and view is not None:
                shift = delta.y() * (view.high - view.low) / view.height
                self.klines.set_view(view.with_values(view.low + shift, view.high + shift))
        self.update_views()

    # ---- Qt ------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "time_axis"):  # the base class calls this from its constructor
            self._lay_out()
            self.update_views()

    def showEvent(self, event: QEvent) -> None:
        super().showEvent(event)
        self.on_series_changed(self._missed | SeriesChange.OVERLAY)
