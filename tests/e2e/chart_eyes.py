"""Eyes for the chart: where its lines and their handles are, found by their colours."""

from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor

from tests.e2e.person import Person
from trader_gui.widgets.chart.line_layer import TAG_HEIGHT, TAG_LEFT
from trader_gui.widgets.theme import theme

_AXIS = 110
_LEAST_FRAME = TAG_HEIGHT / 2
_DASHED, _HATCHED = 0.45, 0.06
_HATCH_ROWS = 6
_LEAST_FILLED = 150


def stop_color() -> QColor:
    """Return the colour of a line that would lose money."""
    return theme().direction(False, "text")


def target_color() -> QColor:
    """Return the colour of a line that would win money, and of a buy."""
    return theme().direction(True, "text")


class ChartEyes:
    """Looks at the chart of the real window.

    Args:
        person: At the window.
        area: Of the chart, in the window.
    """

    def __init__(self, person: Person, area: QRect) -> None:
        self._person = person
        self.area = area

    def _seen(self, area: QRect, color: QColor) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        pixels = self._person.screen.pixels(area.translated(self._person.origin))
        return np.asarray(pixels == (color.rgb() & 0xFFFFFF))

    def handle(self, color: QColor) -> QPoint | None:
        """Return a point of a line's tag where it is taken; None while there is none of that colour."""
        left = QRect(self.area.left() + round(TAG_LEFT), self.area.top(), 1, self.area.height())
        rows = np.flatnonzero(self._seen(left, color)[:, 0])
        if len(rows) < _LEAST_FRAME:
            return None
        return QPoint(left.left() + 80, self.area.top() + int(np.median(rows)))

    def _shares(self, color: QColor) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Return how much of each row has a colour, right of the tags."""
        half = self.area.width() // 2
        right = QRect(self.area.left() + half, self.area.top(), half - _AXIS, self.area.height())
        return np.asarray(self._seen(right, color).mean(axis=1))

    def line(self, color: QColor) -> int | None:
        """Return the height in the window of a dashed line."""
        rows = np.flatnonzero(self._shares(color) > _DASHED)
        return self.area.top() + int(rows[0]) if len(rows) else None

    def is_hatched(self, color: QColor) -> bool:
        """Tell whether a line is hatched: asked for, and not answered."""
        return int((self._shares(color) > _HATCHED).sum()) >= _HATCH_ROWS

    def last_price(self) -> int | None:
        """Return the height of the last price's line, in the strip where no kline is yet."""
        strip = QRect(self.area.right() - _AXIS - 80, self.area.top(), 80, self.area.height())
        for is_rising in (True, False):
            rows = np.flatnonzero(self._seen(strip, theme().direction(is_rising, "line")).mean(axis=1) > _DASHED)
            if len(rows):
                return self.area.top() + int(rows[0])
        return None

    def blob(self, color: QColor) -> QPoint | None:
        """Return the middle of what is filled with a colour, left of the axis; None where there is too little."""
        left = QRect(self.area.topLeft(), self.area.size() - QSize(_AXIS, 0))
        rows, columns = np.nonzero(self._seen(left, color))
        if len(rows) < _LEAST_FILLED:
            return None
        return left.topLeft() + QPoint(int(np.median(columns)), int(np.median(rows)))

    def count(self, color: QColor) -> int:
        """Count the pixels of a colour."""
        return int(self._seen(self.area, color).sum())
