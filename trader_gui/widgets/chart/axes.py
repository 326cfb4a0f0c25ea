"""Axes: values at the right of each pane with tags on them, time at the bottom with its zone in the corner."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from trader_gui.widgets.chart.canvas_item import CanvasItem
from trader_gui.widgets.chart.labels import AxisTag, Faces, paint_axis_tag
from trader_gui.widgets.chart.primitives import FloatArray, as_rects, fill_rects, line_pen
from trader_gui.widgets.chart.time_marks import TimeMark
from trader_gui.widgets.chart.viewport import Viewport, spread
from trader_gui.widgets.theme import theme

TIME_AXIS_HEIGHT = 24
_HIDE_PX = 15.0
_FUNDING_GAP_PX = 8.0


class ValueAxis(CanvasItem):
    """Labels and tags beside one pane.

    Attributes:
        labels: (value, text) of the plain labels; hidden where a tag stands.
        tags: In the order in which they are painted; those that would overlap are moved apart.
        cursor: Tag of the crosshair, over all others; None when the cursor is elsewhere.
    """

    def __init__(self, faces: Faces) -> None:
        super().__init__(faces)
        self.view: Viewport | None = None
        self.labels: Sequence[tuple[float, str]] = ()
        self.tags: Sequence[AxisTag] = ()
        self.cursor: AxisTag | None = None

    def show_values(self, view: Viewport, labels: Sequence[tuple[float, str]], tags: Sequence[AxisTag]) -> None:
        """Take what is to be shown; repaints only when it is something else."""
        if (view, labels, tags) != (self.view, self.labels, self.tags):
            self.view, self.labels, self.tags = view, labels, tags
            self.update()

    def show_cursor(self, tag: AxisTag | None) -> None:
        """Show the crosshair's value, or nothing."""
        if tag != self.cursor:
            self.cursor = tag
            self.update()

    def placed_tags(self) -> list[tuple[AxisTag, float, float]]:
        """Return (tag, pixel of its value, middle of the tag) of the tags that are seen; they do not overlap."""
        if self.view is None:
            return []
        view = self.view
        seen = [tag for tag in self.tags if 0 <= view.py(tag.value) < view.height]
        wanted = [view.py(tag.value) for tag in seen]
        return list(zip(seen, wanted, spread(wanted, [t.height for t in seen], 0, view.height, 1.0), strict=True))

    def paint_item(self, painter: QPainter) -> None:
        t, size = theme(), self.size()
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), t.color("bg1"))
        painter.setPen(line_pen(t.color("border")))
        painter.drawLine(QLineF(0, 0, 0, size.height()))
        if self.view is None:
            return
        placed = self.placed_tags()
        taken = [(middle, tag.height / 2) for tag, _, middle in placed]
        if self.cursor is not None:
            taken.append((self.view.py(self.cursor.value), self.cursor.height / 2))
        self._paint_labels(painter, taken)
        for tag, wanted, middle in placed:
            if abs(middle - wanted) > 1:
                painter.setPen(line_pen(tag.fill or tag.color))
                painter.drawLine(QLineF(0, round(wanted), 2, round(middle)))
            paint_axis_tag(painter, self.faces, tag, t.color("bg1"), size.width(), middle)
        if self.cursor is not None:
            middle = self.view.py(self.cursor.value)
            paint_axis_tag(painter, self.faces, self.cursor, t.color("bg1"), size.width(), middle)

    def _paint_labels(self, painter: QPainter, taken: Sequence[tuple[float, float]]) -> None:
        assert self.view is not None
        painter.setFont(self.faces.font("small"))
        painter.setPen(theme().color("text3"))
        metrics = self.faces.metrics("small")
        right = self.size().width() - 8
        for value, label in self.labels:
            y = self.view.py(value)
            if (
                any(abs(y - middle) < _HIDE_PX + half - 9.5 for middle, half in taken)
                or not 6 <= y <= self.view.height - 6
            ):
                continue
            left = right - self.faces.advance("small", label)
            painter.drawText(QPointF(round(left), round(y + metrics.capHeight() / 2)), label)


class TimeAxis(CanvasItem):
    """Times under all panes; the corner names the zone.

    Attributes:
        marks: The times.
        zone_words: For the corner.
        fundings: X of the fundings that were paid or are due, oldest first.
        cursor: (x, text) of the crosshair; None when the cursor is elsewhere.
        corner_width: Pixels at the right that belong to the corner.
    """

    def __init__(self, faces: Faces) -> None:
        super().__init__(faces)
        self.view: Viewport | None = None
        self.marks: Sequence[TimeMark] = ()
        self.zone_words = ""
        self.fundings: FloatArray = np.empty(0)
        self.cursor: tuple[float, str] | None = None
        self.corner_width = 0

    def show_times(self, view: Viewport, marks: Sequence[TimeMark], zone_words: str) -> None:
        """Take what is to be shown; repaints only when it is something else."""
        if (view, marks, zone_words) != (self.view, self.marks, self.zone_words):
            self.view, self.marks, self.zone_words = view, marks, zone_words
            self.update()

    def show_fundings(self, fundings: FloatArray) -> None:
        """Mark these times."""
        if not np.array_equal(fundings, self.fundings):
            self.fundings = fundings
            self.update()

    def show_cursor(self, cursor: tuple[float, str] | None) -> None:
        """Show the time of the kline under the crosshair, or nothing."""
        if cursor != self.cursor:
            self.cursor = cursor
            self.update()

    def paint_item(self, painter: QPainter) -> None:
        t, size = theme(), self.size()
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), t.color("bg1"))
        painter.setPen(line_pen(t.color("border")))
        painter.drawLine(QLineF(0, 0, size.width(), 0))
        painter.setFont(self.faces.font("small"))
        weak, strong = t.color("text3"), t.color("text1")
        painter.setPen(weak)
        corner = QRectF(size.width() - self.corner_width, 0, self.corner_width - 8, size.height())
        painter.drawText(corner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.zone_words)
        if self.view is None:
            return
        self._paint_fundings(painter, self.view)
        box = self._cursor_box()
        for mark in self.marks:
            painter.setPen(strong if mark.is_day else weak)
            self._paint_label(painter, self.view.px(mark.x), mark.label, box)
        if self.cursor is not None and box is not None:
            painter.fillRect(box, t.color("bg3"))
            painter.setPen(strong)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.cursor[1])

    def _paint_label(self, painter: QPainter, px: float, label: str, taken: QRectF | None) -> None:
        half = self.faces.advance("small", label) / 2
        if taken is not None and taken.left() < px + half and px - half < taken.right():
            return  # half a label reads as another one
        if half <= px <= self.size().width() - self.corner_width - half:
            middle = self.size().height() / 2 + self.faces.metrics("small").capHeight() / 2
            painter.drawText(QPointF(round(px - half), round(middle)), label)

    def _paint_fundings(self, painter: QPainter, view: Viewport) -> None:
        """Draw a tick at each funding, where they do not lie too close."""
        px = np.floor(view.pxs(self.fundings))
        px = px[(px >= 0) & (px < view.width)]
        if len(px) < 2 or np.diff(px).min() >= _FUNDING_GAP_PX:
            fill_rects(
                painter, theme().color("info"), as_rects(px - 1, np.full(len(px), 1), px + 1, np.full(len(px), 4))
            )

    def _cursor_box(self) -> QRectF | None:
        if self.cursor is None or self.view is None:
            return None
        width = self.faces.advance("small", self.cursor[1]) + 14
        left = self.view.px(self.cursor[0]) - width / 2
        left = min(max(left, 0.0), self.size().width() - self.corner_width - width)
        return QRectF(round(left), 2, round(width), self.size().height() - 4)
