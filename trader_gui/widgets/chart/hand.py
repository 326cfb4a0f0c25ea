"""The hand on the chart: what mouse and keys do."""

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip

from trader_gui.domain.order import Side
from trader_gui.models.series_lines import OrderLine
from trader_gui.widgets.chart.labels import chip_at
from trader_gui.widgets.chart.measure import Measure

if TYPE_CHECKING:
    from trader_gui.widgets.chart.chart_view import ChartView

_WHEEL_BASE, _DRAG_PX = 1.0015, 200.0
_PAGE, _LEAP = 0.9, 10
_BORDER_PX = 3.0
_STAGE_KEYS: dict[int, Side] = {Qt.Key.Key_B: Side.BUY, Qt.Key.Key_S: Side.SELL}
_PANNING = Qt.MouseButton.LeftButton | Qt.MouseButton.MiddleButton


class Hand:
    """Turns events of a chart's view into moves of it.

    Left drag pans (with Shift it measures), middle drag and Space with left drag pan whatever lies below; a drag on an
    axis scales it, one on the border of a pane moves the border. The handle of an order's line moves the order, B and S
    stage one at the pointer, Esc puts back what is in the hand. The wheel zooms at the cursor. Arrow keys step the
    crosshair from kline to kline.

    Args:
        view: The chart; its event handlers call the methods here.
    """

    def __init__(self, view: "ChartView") -> None:
        self._view = view
        self._drag: tuple[str, QPointF] | None = None
        self._is_space_down = False

    # ---- mouse -----------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        """A button went down."""
        if event.button() not in _PANNING:
            return
        is_left = event.button() == Qt.MouseButton.LeftButton and not self._is_space_down
        if is_left and not event.modifiers() and self._take_line(event.position()):
            return
        place = self.place_at(event.position())
        is_free_pan = event.button() == Qt.MouseButton.MiddleButton or self._is_space_down
        chart = self._view
        if is_free_pan and chart.stack.at(event.position().y()) is not None:
            place = "pan"
        elif place == "klines" and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            place = "measure"
            self._begin_measure(event.position())
        elif (track := chart.legend_track_at(event.position())) is not None:
            chart.toggle_track(track)
            return
        if place != "measure":
            chart.klines.set_measure(None)
        self._drag = (place, event.position())

    def move(self, event: QMouseEvent) -> None:
        """The mouse moved."""
        position = event.position()
        if self._view.drag.is_active or self._view.staging.is_held:
            self._view.drag.move(position)
            self._view.staging.move(position)
            self._view.show_crosshair(None)  # the line in the hand tells the price
            return
        if self._drag is not None and event.buttons() & _PANNING:
            place, former = self._drag
            self._drag = (place, position)
            self._drag_by(place, position - former, position)
        else:
            self._show_shape(self.place_at(position), position)
            self._tell_story(event)
        self._view.show_crosshair(position)

    def release(self) -> None:
        """The button went up."""
        self._view.drag.release()
        self._view.staging.release()
        drag, self._drag = self._drag, None
        if drag is not None and drag[0].startswith("border"):
            self._view.options_changed.emit()

    def _take_line(self, position: QPointF) -> bool:
        """Let the click go to a staged order or to the handle of a line; return whether one was there."""
        return self._view.staging.press(position) or self._view.drag.press(position)

    def double_click(self, position: QPointF) -> None:
        """On an axis: let the chart choose what it shows. On an indicator's name: open the choice of indicators."""
        place = self.place_at(position)
        track = self._view.legend_track_at(position)
        if track is not None:
            self._view.toggle_track(track)  # the first click of the two has hidden or shown it
            self._view.indicators_wanted.emit()
            return
        if place == "price_axis":
            self._view.is_auto_range = True
            self._view.update_views()
        elif place == "time_axis":
            self._view.follow()

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom at the cursor; a sideways wheel pans, and over the price axis prices are scaled."""
        navigation, delta, position = self._view.navigation, event.angleDelta(), event.position()
        if self.place_at(position) == "price_axis":
            self._scale_prices(_WHEEL_BASE ** -delta.y())
        else:
            if delta.x():
                navigation.pan(delta.x() / 2)
            if delta.y():
                navigation.zoom(_WHEEL_BASE ** delta.y(), min(position.x(), navigation.width))
        self._view.update_views()
        self._view.show_crosshair(position)

    def place_at(self, position: QPointF) -> str:
        """Return what lies under a pixel: a pane's name, `price_axis`, `time_axis`, `border N` or nothing."""
        chart = self._view
        border = chart.stack.border_at(position.y(), _BORDER_PX)
        if border is not None:
            return f"border {border}"
        pane = chart.stack.at(position.y())
        if position.x() < chart.navigation.width:
            return pane.name if pane is not None else "time_axis"
        return "price_axis" if pane is chart.klines else ""

    def _show_shape(self, place: str, position: QPointF) -> None:
        shapes = {"price_axis": Qt.CursorShape.SizeVerCursor, "time_axis": Qt.CursorShape.SizeHorCursor}
        shape = Qt.CursorShape.SplitVCursor if place.startswith("border") else shapes.get(place)
        if self._view.legend_track_at(position) is not None:
            shape = Qt.CursorShape.PointingHandCursor
        shape = self._line_shape(position) or shape
        self._view.viewport().setCursor(shape or Qt.CursorShape.CrossCursor)

    def _tell_story(self, event: QMouseEvent) -> None:
        """Say what a mark under the pointer stands for."""
        words = self._view.story_at(event.position())
        if words:
            QToolTip.showText(event.globalPosition().toPoint(), words, self._view)
        elif QToolTip.isVisible():
            QToolTip.hideText()

    def _line_shape(self, position: QPointF) -> Qt.CursorShape | None:
        """Return the pointer's shape over a handle or its buttons."""
        staged, handle = self._view.staging.place(), self._view.handle_at(position)
        if staged is not None and staged[1].contains(position):
            is_chip = bool(chip_at(self._view.faces, staged[0].tag, staged[1], position))
        elif handle is not None and isinstance(handle.level.line, OrderLine):
            is_chip = bool(self._view.drag.chip_under(handle, position))
        else:
            return None
        return Qt.CursorShape.PointingHandCursor if is_chip else Qt.CursorShape.SizeVerCursor

    def _drag_by(self, place: str, delta: QPointF, position: QPointF) -> None:
        chart, view = self._view, self._view.klines.view
        if place == "measure":
            self._go_on_measuring(position)
        elif place == "time_axis":
            chart.navigation.zoom(math.exp(delta.x() / _DRAG_PX), chart.navigation.width)
        elif place == "price_axis":
            self._scale_prices(math.exp(delta.y() / _DRAG_PX))
        elif place.startswith("border"):
            chart.stack.move_border(int(place.split()[1]), delta.y())
            chart.lay_out()
        elif place:
            chart.navigation.pan(delta.x())
            if place in ("klines", "pan") and not chart.is_auto_range and view is not None:
                chart.klines.set_view(
                    view.with_values(view.value_at(view.height - delta.y()), view.value_at(-delta.y()))
                )
        chart.update_views()

    def _scale_prices(self, factor: float) -> None:
        """Show `factor` times the height in prices, about the middle."""
        view = self._view.klines.view
        if view is None or self._view.series.last_price is None:
            return
        self._view.is_auto_range = False
        half = view.height / 2
        low, high = view.value_at(half + half * factor), view.value_at(half - half * factor)
        self._view.klines.set_view(view.with_values(low, high))

    def _begin_measure(self, position: QPointF) -> None:
        place = self._view.place_of(position)
        if place is not None:
            self._view.klines.set_measure(Measure(place.x, place.value, place.x, place.value))

    def _go_on_measuring(self, position: QPointF) -> None:
        pane = self._view.klines
        place = self._view.place_of(position)
        if pane.measure is not None and place is not None and place.pane == pane.name:
            pane.set_measure(Measure(pane.measure.from_x, pane.measure.from_price, place.x, place.value))

    # ---- keys ------------------------------------------------------------------------------------------------------

    def key(self, event: QKeyEvent) -> bool:
        """Act on a key; return whether it was one of the chart's."""
        chart, navigation, key = self._view, self._view.navigation, event.key()
        is_shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            by = _LEAP if is_shifted else 1
            chart.step_crosshair(-by if key == Qt.Key.Key_Left else by)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            navigation.pan(navigation.width * (_PAGE if key == Qt.Key.Key_PageUp else -_PAGE))
            self._show_moved()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            navigation.zoom(0.8 if key == Qt.Key.Key_Minus else 1.25, navigation.width / 2)
            self._show_moved()
        elif key == Qt.Key.Key_Home:
            navigation.show_oldest()
            self._show_moved()
        elif key == Qt.Key.Key_End:
            chart.follow()
            self._show_moved()
        elif key in _STAGE_KEYS and not event.modifiers():
            chart.staging.begin(_STAGE_KEYS[key], is_loose=chart.underMouse())
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            return chart.staging.step((_LEAP if is_shifted else 1) * (1 if key == Qt.Key.Key_Up else -1))
        elif key == Qt.Key.Key_Escape and (chart.drag.escape() or chart.staging.drop()):
            return True
        elif key == Qt.Key.Key_Escape:
            chart.klines.set_measure(None)
            chart.show_crosshair(None)
        elif key == Qt.Key.Key_Space:
            self._is_space_down = True
        else:
            return False
        return True

    def _show_moved(self) -> None:
        """Show where a key has gone, with the crosshair under the pointer, or away when its kline is out of sight."""
        chart, cross = self._view, self._view.klines.crosshair
        chart.update_views()
        if chart.underMouse():
            chart.show_crosshair(QPointF(chart.viewport().mapFromGlobal(QCursor.pos())))
        elif cross is not None and not chart.navigation.left <= cross.x <= chart.navigation.right:
            chart.show_crosshair(None)

    def key_up(self, event: QKeyEvent) -> None:
        """A key went up."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._is_space_down = False
