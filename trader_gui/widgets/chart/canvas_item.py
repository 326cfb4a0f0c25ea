"""Base of everything that paints in the chart: a failure stays in the item that failed, and is told there."""

import logging
from abc import abstractmethod

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from trader_gui.widgets.chart.labels import Faces, Run, paint_runs
from trader_gui.widgets.theme import theme

_log = logging.getLogger(__name__)


class CanvasItem(pg.GraphicsWidget):
    """An item that paints in whole pixels from its upper left corner.

    Qt goes on painting other items after an exception has left `paint`, and the process then dies (seen with PySide6
    6.11). A picture that cannot be drawn must not end a session; so nothing leaves `paint`.

    Attributes:
        faces: Fonts, replaced when the theme changes.
        failure: Why the last painting failed, "" when it did not.
    """

    def __init__(self, faces: Faces) -> None:
        super().__init__()
        self.faces = faces
        self.failure = ""

    @abstractmethod
    def paint_item(self, painter: QPainter) -> None:
        """Paint the item."""

    def paint(self, painter: QPainter, *_: object) -> None:
        try:
            self.paint_item(painter)
        except Exception as error:  # noqa: BLE001  # whatever a picture fails of, see above
            failure = f"{type(error).__name__}: {error}"
            if failure != self.failure:
                _log.exception("%s of the chart cannot be painted", type(self).__name__)
            self.failure = failure
            self._paint_failure(painter)
        else:
            self.failure = ""

    def _paint_failure(self, painter: QPainter) -> None:
        size, t = self.size(), theme()
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), t.color("danger_bg"))
        paint_runs(painter, self.faces, 12, size.height() / 2, [Run(f"Cannot draw. {self.failure}", t.color("danger"))])
