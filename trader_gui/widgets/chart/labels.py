"""Text in the chart: runs of words in their own colours, tags with a frame, tags on the axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.theme import Theme

TAG_HEIGHT = 20.0
AXIS_TAG_HEIGHT = 19.0
_RADIUS = 3.0
_PADDING = 7.0
_ICON = 14


@dataclass(frozen=True)
class Run:
    """A piece of text; `role` is a font role, `gap` the pixels after it."""

    text: str
    color: QColor
    role: str = "small"
    gap: float = 8.0


@dataclass(frozen=True)
class Tag:
    """A framed label: icon, words, and the frame's colour; `is_dashed` frames speak of what is out of reach."""

    icon: str
    runs: tuple[Run, ...]
    color: QColor
    is_dashed: bool = False


@dataclass(frozen=True)
class AxisTag:
    """A label on the axis of values. Filled with `fill`, or outlined in `color` without one.

    Attributes:
        value: Where it belongs.
        lines: One or two lines of text, the second one small.
        color: Colour of the text, and of the outline.
    """

    value: float
    lines: tuple[str, ...]
    color: QColor
    fill: QColor | None = None

    @property
    def height(self) -> float:
        """Height in pixels."""
        return AXIS_TAG_HEIGHT + 13.0 * (len(self.lines) - 1)


class Faces:
    """Fonts of the chart with their measures, made once for a theme."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._fonts: dict[str, tuple[QFont, QFontMetricsF]] = {}

    def font(self, role: str) -> QFont:
        """Return the font of a role."""
        return self._pair(role)[0]

    def metrics(self, role: str) -> QFontMetricsF:
        """Return the measures of a role's font."""
        return self._pair(role)[1]

    def width(self, runs: Sequence[Run]) -> float:
        """Return the pixels that runs take, without the gap after the last."""
        total = sum(self.metrics(run.role).horizontalAdvance(run.text) + run.gap for run in runs)
        return total - runs[-1].gap if runs else 0.0

    def _pair(self, role: str) -> tuple[QFont, QFontMetricsF]:
        if role not in self._fonts:
            font = self._theme.font(role)
            self._fonts[role] = (font, QFontMetricsF(font))
        return self._fonts[role]


def paint_runs(painter: QPainter, faces: Faces, left: float, middle: float, runs: Sequence[Run]) -> None:
    """Draw runs from `left` on, centred on the line `middle`."""
    for run in runs:
        metrics = faces.metrics(run.role)
        painter.setFont(faces.font(run.role))
        painter.setPen(run.color)
        painter.drawText(QPointF(round(left), round(middle + metrics.capHeight() / 2)), run.text)
        left += metrics.horizontalAdvance(run.text) + run.gap


def tag_width(faces: Faces, tag: Tag) -> float:
    """Return the pixels that a tag takes."""
    return round(2 * _PADDING + faces.width(tag.runs) + (_ICON + 6.0 if tag.icon else 0.0))


def paint_tag(painter: QPainter, theme: Theme, faces: Faces, tag: Tag, left: float, middle: float) -> None:
    """Draw a tag whose left edge and middle line are given."""
    box = QRectF(round(left) + 0.5, round(middle - TAG_HEIGHT / 2) + 0.5, tag_width(faces, tag) - 1, TAG_HEIGHT - 1)
    pen = line_pen(tag.color, 1.0, (4.0, 2.0) if tag.is_dashed else ())
    _paint_frame(painter, box, pen, theme.color("bg0"))
    x = box.left() + _PADDING
    if tag.icon:
        y = round(box.center().y() - _ICON / 2)
        painter.drawPixmap(QPointF(round(x), y), theme.pixmap(tag.icon, tag.color, _ICON))
        x += _ICON + 6.0
    paint_runs(painter, faces, x, box.center().y(), tag.runs)


def paint_axis_tag(painter: QPainter, faces: Faces, tag: AxisTag, ground: QColor, width: float, middle: float) -> None:
    """Draw a tag over the whole width of an axis, centred on the line `middle`."""
    box = QRectF(1.5, round(middle - tag.height / 2) + 0.5, width - 3, tag.height - 1)
    _paint_frame(painter, box, line_pen(tag.fill or tag.color), tag.fill or ground)
    rows = len(tag.lines)
    for index, line in enumerate(tag.lines):
        role = "head" if index == 0 else "mini"
        painter.setFont(faces.font(role))
        painter.setPen(tag.color)
        row = QRectF(box.left(), box.top() + index * box.height() / rows, box.width() - 7, box.height() / rows)
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, line)


def _paint_frame(painter: QPainter, box: QRectF, pen: QPen, ground: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, _RADIUS, _RADIUS)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
