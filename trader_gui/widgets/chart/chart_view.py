"""The graphics view of the chart: lays panes and axes out, and follows the series; the hand on it is another module."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QGraphicsView, QWidget

from trader_gui.kline_history.pyramid import Row
from trader_gui.models.indicator_track import IndicatorTrack
from trader_gui.models.series import SeriesChange, SeriesModel
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.axes import TIME_AXIS_HEIGHT, TimeAxis, ValueAxis
from trader_gui.widgets.chart.axis_labels import AxisLabels
from trader_gui.widgets.chart.chart_options import ChartOptions
from trader_gui.widgets.chart.crosshair import Crosshair, snapped
from trader_gui.widgets.chart.fill_layer import fills_at, passed_at
from trader_gui.widgets.chart.hand import Hand
from trader_gui.widgets.chart.labels import Faces
from trader_gui.widgets.chart.legend import legend_row_at, name_right, price_runs
from trader_gui.widgets.chart.line_drag import LineDrag
from trader_gui.widgets.chart.line_layer import Handle, handles, levels
from trader_gui.widgets.chart.navigation import Navigation
from trader_gui.widgets.chart.pane import Pane
from trader_gui.widgets.chart.pane_stack import PaneStack
from trader_gui.widgets.chart.price_scale import PriceScale
from trader_gui.widgets.chart.sight import Eye
from trader_gui.widgets.chart.staging import Staging
from trader_gui.widgets.chart.story_words import fills_words, passed_words
from trader_gui.widgets.chart.time_marks import moment_words, time_marks
from trader_gui.widgets.chart.trade_menu import trade_menu
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

_LEAST_AXIS_WIDTH = 64
_ALL = SeriesChange.KLINES | SeriesChange.OPEN | SeriesChange.OVERLAY | SeriesChange.STATE
_FILL_NS = 3_000_000
"""Indicators are computed for so long in one frame; what is left comes in the next ones."""
_FILL_PAUSE_MS = 10
_AHEAD = 1500
"""Klines that are read before anybody sees them, at least."""


class ChartView(pg.GraphicsView):
    """Panes with linked time, and their axes.

    Attributes:
        navigation: Which time is seen.
        stack: The panes with their axes.
        klines, volume: The first two panes.
        options: The looks; changed by `set_options`.
        drag, staging: What the hand does with lines of orders, and with an order that is not sent yet.
        is_auto_range: Prices follow what is seen; dragging the price axis ends it, a double click there begins it anew.

    Signals:
        following_changed: Whether the newest kline is being followed is another than before (bool).
        options_changed: Looks, or heights of panes, are others.
        indicators_wanted: The choice of indicators shall be opened.
    """

    following_changed = Signal(bool)
    options_changed = Signal()
    indicators_wanted = Signal()

    def __init__(self, series: SeriesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.series = series
        self.navigation = Navigation()
        self.options = ChartOptions()
        self.is_auto_range = True
        self.faces = Faces(theme())
        self.stack = PaneStack(series, self.scene(), lambda: self.faces)
        self.klines, self.volume = self.stack.klines, self.stack.volume
        self.time_axis = TimeAxis(self.faces)
        self.addItem(self.time_axis)
        self._paint_all_of_it()
        self.viewport().setMouseTracking(True)
        self._missed = _ALL
        self._axis_width = _LEAST_AXIS_WIDTH
        self._was_following = True
        self._eye = Eye()
        self._shown = series.store
        self._symbol = series.symbol
        self._axis_labels = AxisLabels(self)
        self._seen: tuple[object, ...] = ()
        self._fill_timer = QTimer(self)
        self._fill_timer.setSingleShot(True)
        self._fill_timer.setInterval(_FILL_PAUSE_MS)
        self._fill_timer.timeout.connect(self.look_again)
        self._take_tracks()
        self.drag = LineDrag(self)
        self.staging = Staging(self)
        self.drag.changed.connect(self._on_shadows_changed)
        self.staging.redraw.connect(self._on_shadows_changed)
        self.hand = Hand(self)
        theme().changed.connect(self.on_theme_changed)
        series.changed.connect(self.on_series_changed)

    def _paint_all_of_it(self) -> None:
        """The items cover the view, so nothing needs to be cleared or kept below them: half the cost of a frame."""
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)  # or neighbours repaint, too
        self.scene().setItemIndexMethod(self.scene().ItemIndexMethod.NoIndex)

    @property
    def panes(self) -> tuple[Pane, ...]:
        """The panes, from the top."""
        return self.stack.panes

    @property
    def axes(self) -> tuple[ValueAxis, ...]:
        """Axis of each pane."""
        return tuple(axis for _, axis in self.stack.rows)

    @property
    def price_axis(self) -> ValueAxis:
        """Axis of the kline pane."""
        return self.stack.rows[0][1]

    def _take_tracks(self) -> None:
        self.stack.take(self.series.tracks, has_volume=self.options.has_volume)

    # ---- following the series ------------------------------------------------------------------------------------

    def on_series_changed(self, change: SeriesChange) -> None:
        """Bring up to date what a change touches; while hidden it is only remembered."""
        if not self.isVisible():
            self._missed |= change
            return
        self._missed = SeriesChange(0)
        if change & SeriesChange.STATE:
            self._take_tracks()
        if change & (SeriesChange.STATE | SeriesChange.KLINES):
            self.lay_out()
            self._seen = ()
        if change & (SeriesChange.OVERLAY | SeriesChange.STATE):
            self._take_levels()
        self.navigation.set_extent(self.series.first_x, self.series.last_x)
        if self._shown is not self.series.store:
            self._shown = self.series.store  # another symbol or interval
            if self.series.symbol != self._symbol:
                self._symbol = self.series.symbol
                self.staging.drop()
            self.navigation.follow()
            self.is_auto_range = True
        self.update_views()
        self.klines.update()
        if change & SeriesChange.OPEN:
            self.volume.update()

    def _take_levels(self) -> None:
        """Draw the lines as they are told now, and the shadows beside them."""
        self.drag.on_lines_changed()
        self.klines.levels = self.drag.shown(levels(self.series, theme()))
        self.klines.set_shadows((*self.drag.shadows(), *self.staging.shadows()))

    def _on_shadows_changed(self) -> None:
        self.klines.levels = self.drag.shown(levels(self.series, theme()))
        self.klines.set_shadows((*self.drag.shadows(), *self.staging.shadows()))
        self.klines.update()
        self._axis_labels.show()

    def on_theme_changed(self) -> None:
        """Take colours and fonts anew."""
        self.faces = Faces(theme())
        for item in (*self.panes, *self.axes, self.time_axis):
            item.faces = self.faces
            item.update()
        self.on_series_changed(_ALL)

    def follow(self) -> None:
        """Go to the newest kline, with prices in range, and stay there."""
        self.is_auto_range = True
        self.navigation.follow()
        self.update_views()

    def set_options(self, options: ChartOptions) -> None:
        """Draw with other looks."""
        if options == self.options:
            return
        if options.scale is not self.options.scale:
            self.is_auto_range = True
        self.options = self.klines.options = options
        self._take_tracks()
        self.lay_out()
        self.look_again()
        self.options_changed.emit()

    def set_weights(self, weights: Sequence[float]) -> None:
        """Give each pane its share of the height; nothing happens unless there is one for each."""
        self.stack.set_weights(weights)
        self.lay_out()
        self.look_again()

    def look_again(self) -> None:
        """Draw anew what is seen: indicators have come further, or a choice of looks is another."""
        self._seen = ()
        self.update_views()

    def update_views(self) -> None:
        """Work out what each pane and axis shows; each repaints only when that is something else."""
        navigation = self.navigation
        pitch = navigation.pitch
        ratio = self.devicePixelRatioF()
        left = round(navigation.left * pitch * ratio) / (pitch * ratio)  # on whole pixels: nothing shimmers in a pan
        right = left + navigation.width / pitch
        seen = (left, right, pitch, ratio, self.series.store, self.series.store.revision)
        if seen != self._seen:
            self._seen = seen
            self._look(left, right, pitch, ratio)
        for pane in self.panes:
            size = pane.size()
            is_log = pane is self.klines and self.options.scale is PriceScale.LOGARITHMIC
            view = Viewport(left, right, 0.5, 1.0, max(size.width(), 1.0), max(size.height(), 1.0), is_log)
            if pane is self.klines and not self.is_auto_range and pane.view is not None:
                pane.set_view(view.with_values(pane.view.low, pane.view.high))
            else:
                pane.set_view(pane.fitted(view))
        self._axis_labels.show()
        if navigation.is_following != self._was_following:
            self._was_following = navigation.is_following
            self.following_changed.emit(self._was_following)

    def _look(self, left: float, right: float, pitch: float, ratio: float) -> None:
        """Find what is seen of the klines, and compute the indicators there, as far as a frame has time for it."""
        self.series.want(math.floor(left - max(_AHEAD, (right - left) / 2)))
        sight = self._eye.look(self.series.store, left, right, pitch, ratio)
        until_ns = time.perf_counter_ns() + _FILL_NS
        is_done = True
        for track in self.series.tracks:
            is_done &= track.fill(sight.first, sight.end, lambda: time.perf_counter_ns() < until_ns)
        if not is_done:
            self._fill_timer.start()
        view = Viewport(left, right, 0.0, 1.0, (right - left) * pitch, 1.0)
        marks = time_marks(self.series.grid, view, self.options.zone)
        for pane in self.panes:
            pane.set_sight(sight, marks)

    # ---- layout --------------------------------------------------------------------------------------------------

    def lay_out(self) -> None:
        """Place panes and axes on whole pixels."""
        width, height = self.viewport().width(), self.viewport().height()
        self._axis_width = self._wanted_axis_width()
        inner = max(1, width - self._axis_width)
        rest = max(len(self.panes), height - TIME_AXIS_HEIGHT)
        self.stack.place(inner, rest, self._axis_width)
        self.time_axis.corner_width = self._axis_width
        self.time_axis.setGeometry(QRectF(0, rest, width, TIME_AXIS_HEIGHT))
        self.navigation.resize(inner)

    def _wanted_axis_width(self) -> int:
        price = self.series.last_price
        if price is None or self.series.rules is None:
            return _LEAST_AXIS_WIDTH
        words = text.price(price, self.series.rules.price_decimals)
        return max(_LEAST_AXIS_WIDTH, math.ceil(self.faces.advance("head", words)) + 20)

    # ---- crosshair -----------------------------------------------------------------------------------------------

    def place_of(self, position: QPointF) -> Crosshair | None:
        """Return the kline and the value under a pixel of the view; None where there is none."""
        pane = self.stack.at(position.y())
        if pane is None or pane.view is None or self.series.last_price is None or position.x() >= pane.view.width:
            return None
        tick = self.klines.tick_size if pane is self.klines else None
        return snapped(pane.view, position.x(), position.y() - pane.geometry().top(), pane.name, tick)

    def handle_at(self, position: QPointF) -> Handle | None:
        """Return the handle of the line under a pixel of the view; None where there is none."""
        pane, view = self.klines, self.klines.view
        if view is None or self.stack.at(position.y()) is not pane:
            return None
        found = handles(pane.levels, view, self.faces, pane.legend_px)
        return next((handle for handle in found if handle.box.contains(position)), None)

    def story_at(self, position: QPointF) -> str:
        """Return in words what the mark under a pixel of the view stands for: own fills, or an entry not made."""
        pane, view, zone = self.klines, self.klines.view, self.options.zone
        if view is None or self.series.rules is None or self.stack.at(position.y()) is not pane:
            return ""
        fills = fills_at(self.series, view, position)
        if fills:
            return fills_words(fills, self.series, zone)
        passed = passed_at(self.series, view, position)
        return passed_words(passed, self.series, zone) if passed is not None else ""

    def legend_track_at(self, position: QPointF) -> IndicatorTrack | None:
        """Return the indicator whose name in a legend lies under a pixel of the view; None where there is none."""
        pane = self.stack.at(position.y())
        if pane is None:
            return None
        row = legend_row_at(position.y() - pane.geometry().top()) - (pane is self.klines)
        if not 0 <= row < len(pane.tracks):
            return None
        track = pane.tracks[row]
        return track if position.x() <= name_right(self.faces, track.indicator.name) else None

    def toggle_track(self, track: IndicatorTrack) -> None:
        """Draw an indicator, or draw it no longer; its legend stays."""
        changed = replace(track.indicator, is_visible=not track.indicator.is_visible)
        self.series.set_indicators([changed if t is track else t.indicator for t in self.series.tracks])

    def show_crosshair(self, position: QPointF | None) -> None:
        """Put the crosshair under a pixel of the view, or take it away."""
        self._put_crosshair(None if position is None else self.place_of(position))

    def step_crosshair(self, by: int) -> None:
        """Move the crosshair by klines, from the newest one when there is none; it is kept in sight, and told."""
        series = self.series
        if series.last_price is None:
            return
        former = self.klines.crosshair
        x = series.last_x if former is None else former.x + by
        x = min(max(x, series.first_x), series.last_x)
        kline = series.kline_at(x)
        self.navigation.show(x)
        self.update_views()
        value = kline[Row.CLOSE] if kline is not None else float(series.last_price)
        self._put_crosshair(Crosshair(x, self.klines.name, value))
        words = moment_words(series.grid.open_ms(x), self.options.zone, series.grid)
        self.setAccessibleDescription(f"{words} {' '.join(run.text for run in price_runs(series, x, theme())[1:])}")

    def _put_crosshair(self, cross: Crosshair | None) -> None:
        for pane, axis in self.stack.rows:
            pane.set_crosshair(cross)
            axis.show_cursor(
                self._axis_labels.cursor_tag(pane, cross) if cross is not None and pane.name == cross.pane else None
            )
        if cross is None:
            self.time_axis.show_cursor(None)
        else:
            words = moment_words(self.series.grid.open_ms(cross.x), self.options.zone, self.series.grid)
            self.time_axis.show_cursor((float(cross.x), words))

    # ---- Qt ------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.hand.press(event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hand.move(event)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.hand.release()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.hand.double_click(event.position())
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.hand.wheel(event)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = trade_menu(self, QPointF(event.pos()))
        if menu is not None:
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(event.globalPos())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self.show_crosshair(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.hand.key(event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self.hand.key_up(event)
        super().keyReleaseEvent(event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "hand"):  # the base class calls this from its constructor
            self.lay_out()
            self.update_views()

    def showEvent(self, event: QEvent) -> None:
        super().showEvent(event)
        self.on_series_changed(self._missed | SeriesChange.OVERLAY)
