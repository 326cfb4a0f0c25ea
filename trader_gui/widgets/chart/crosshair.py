"""The crosshair: snapped to a kline and to the tick, with its labels on both axes."""

from dataclasses import dataclass

from PySide6.QtCore import QLineF
from PySide6.QtGui import QPainter

from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import Theme

_DASHES = (3.0, 3.0)


@dataclass(frozen=True)
class Crosshair:
    """Where the cursor is.

    Attributes:
        x: The kline it points at.
        pane: Name of the pane it is in.
        value: In units of that pane; a price lies on a tick.
    """

    x: int
    pane: str
    value: float


def snapped(view: Viewport, px: float, py: float, pane: str, tick: float | None) -> Crosshair:
    """Return the crosshair for a pixel of a pane.

    Args:
        view: Of the pane.
        px: Horizontal pixel in the pane.
        py: Vertical pixel in the pane.
        pane: Name of the pane.
        tick: Prices are rounded to its multiples; None leaves the value as it is.
    """
    value = view.value_at(py)
    if tick:
        value = round(value / tick) * tick
    return Crosshair(round(view.x_at(px)), pane, value)


def paint_crosshair(painter: QPainter, cross: Crosshair, pane: str, view: Viewport, theme: Theme) -> None:
    """Draw the lines of the crosshair in a pane; the horizontal one only where the cursor is."""
    painter.setPen(line_pen(theme.color("text3"), 1.0, _DASHES))
    px = int(view.px(cross.x) // 1)
    painter.drawLine(QLineF(px, 0.0, px, view.height))
    if cross.pane == pane:
        py = round(view.py(cross.value))
        painter.drawLine(QLineF(0.0, py, view.width, py))
