"""The hand on the chart: what mouse and keys do."""

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

if TYPE_CHECKING:
    from trader_gui.widgets.chart.chart_view import ChartView

_WHEEL_BASE, _DRAG_PX = 1.0015, 200.0
_KEY_PAN = 0.1


class Hand:
    """Turns events of a chart's view into moves of it.

    Args:
        view: The chart; its event handlers call the methods here.
    """

    def __init__(self, view: "ChartView") -> None:
        self._view = view
        self._drag: tuple[str, QPointF] | None = None

    def press(self, event: QMouseEvent) -> None:
        """A button went down."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = (self.place_at(event.position()), event.position())

    def move(self, event: QMouseEvent) -> None:
        """The mouse moved."""
        if self._drag is not None and event.buttons() & Qt.MouseButton.LeftButton:
            place, former = self._drag
            self._drag = (place, event.position())
            self._drag_by(place, event.position() - former)
        self._view.show_crosshair(event.position())

    def release(self) -> None:
        """The button went up."""
        self._drag = None

    def double_click(self, position: QPointF) -> None:
        """On an axis: let the chart choose what it shows."""
        place = self.place_at(position)
        if place == "price_axis":
            self._view.is_auto_range = True
            self._view.update_views()
        elif place == "time_axis":
            self._view.follow()

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom at the cursor; a sideways wheel pans."""
        navigation, delta = self._view.navigation, event.angleDelta()
        if delta.x():
            navigation.pan(delta.x() / 2)
        if delta.y():
            navigation.zoom(_WHEEL_BASE ** delta.y(), min(event.position().x(), navigation.width))
        self._view.update_views()
        self._view.show_crosshair(event.position())

    def key(self, event: QKeyEvent) -> bool:
        """Act on a key; return whether it was one of the chart's."""
        view, navigation, key = self._view, self._view.navigation, event.key()
        step = navigation.width * _KEY_PAN
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            navigation.pan(step if key == Qt.Key.Key_Left else -step)
            view.update_views()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            navigation.zoom(0.8 if key == Qt.Key.Key_Minus else 1.25, navigation.width / 2)
            view.update_views()
        elif key == Qt.Key.Key_End:
            view.follow()
        else:
            return False
        return True

    def place_at(self, position: QPointF) -> str:
        """Return what lies under a pixel: a pane's name, `price_axis`, `time_axis` or nothing."""
        pane = self._view.pane_at(position.y())
        if position.x() < self._view.navigation.width:
            return pane.name if pane is not None else "time_axis"
        return "price_axis" if pane is self._view.klines else ""

    def _drag_by(self, place: str, delta: QPointF) -> None:
        chart, view = self._view, self._view.klines.view
        if place == "time_axis":
            chart.navigation.zoom(math.exp(delta.x() / _DRAG_PX), chart.navigation.width)
        elif place == "price_axis" and view is not None:
            chart.is_auto_range = False
            half = (view.high - view.low) / 2 * math.exp(delta.y() / _DRAG_PX)
            middle = (view.high + view.low) / 2
            chart.klines.set_view(view.with_values(middle - half, middle + half))
        elif place:
            chart.navigation.pan(delta.x())
            if place == "klines" and not chart.is_auto_range and view is not None:
                shift = delta.y() * (view.high - view.low) / view.height
                chart.klines.set_view(view.with_values(view.low + shift, view.high + shift))
        chart.update_views()
