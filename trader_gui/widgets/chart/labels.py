"""Text in the chart: runs of words in their own colours, tags with a frame, tags on the axis."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap

from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.theme import Theme

TAG_HEIGHT = 20.0
AXIS_TAG_HEIGHT = 19.0
_RADIUS = 3.0
_PADDING = 7.0
_ICON = 14
_CROSS, _CROSS_WIDTH = 10, 22.0
_REACH = 2.0
_MOST_ADVANCES = 4096
_MOST_STAMPS = 128


@dataclass(frozen=True)
class Run:
    """A piece of text; `role` is a font role, `gap` the pixels after it."""

    text: str
    color: QColor
    role: str = "small"
    gap: float = 8.0

    @property
    def key(self) -> Hashable:
        """Equal for runs that look the same."""
        return self.text, self.color.rgb(), self.role, self.gap


@dataclass(frozen=True)
class Chip:
    """A button inside a tag: an icon, or words on a ground of their own."""

    name: str
    color: QColor
    icon: str = ""
    text: str = ""
    fill: QColor | None = None

    @property
    def key(self) -> Hashable:
        """Equal for chips that look the same."""
        return self.name, self.color.rgb(), self.icon, self.text, None if self.fill is None else self.fill.rgb()


@dataclass(frozen=True)
class Tag:
    """A framed label: icon, words, and the frame's colour; `is_dashed` frames speak of what is out of reach.

    `chips` stand at its right end.
    """

    icon: str
    runs: tuple[Run, ...]
    color: QColor
    is_dashed: bool = False
    chips: tuple[Chip, ...] = ()

    @property
    def key(self) -> Hashable:
        """Equal for tags that look the same."""
        looks = self.icon, self.color.rgb(), self.is_dashed
        return (*looks, tuple(run.key for run in self.runs), tuple(chip.key for chip in self.chips))


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
    def key(self) -> Hashable:
        """Equal for tags that look the same."""
        return self.lines, self.color.rgb(), self.fill.rgb() if self.fill is not None else None

    @property
    def height(self) -> float:
        """Height in pixels."""
        return AXIS_TAG_HEIGHT + 13.0 * (len(self.lines) - 1)


class Faces:
    """Fonts of the chart with their measures, and labels that were painted before; made anew for a theme."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._fonts: dict[str, tuple[QFont, QFontMetricsF]] = {}
        self._advances: dict[tuple[str, str], float] = {}
        self._stamps: OrderedDict[Hashable, QPixmap] = OrderedDict()

    def font(self, role: str) -> QFont:
        """Return the font of a role."""
        return self._pair(role)[0]

    def metrics(self, role: str) -> QFontMetricsF:
        """Return the measures of a role's font."""
        return self._pair(role)[1]

    def advance(self, role: str, text: str) -> float:
        """Return the pixels that a text takes; measuring it costs more than drawing it, so it is done once."""
        key = (role, text)
        if key not in self._advances:
            if len(self._advances) >= _MOST_ADVANCES:
                self._advances.clear()
            self._advances[key] = self.metrics(role).horizontalAdvance(text)
        return self._advances[key]

    def width(self, runs: Sequence[Run]) -> float:
        """Return the pixels that runs take, without the gap after the last."""
        total = sum(self.advance(run.role, run.text) + run.gap for run in runs)
        return total - runs[-1].gap if runs else 0.0

    def stamp(self, key: Hashable, size: QSizeF, ratio: float, paint: Callable[[QPainter], None]) -> QPixmap:
        """Return a picture that is painted once and kept: a label with a frame costs ten times as much as its picture.

        Args:
            key: Equal for what looks the same.
            size: Logical pixels.
            ratio: Device pixel ratio.
            paint: Paints it from the upper left corner on.
        """
        key = (key, size.width(), size.height(), ratio)
        found = self._stamps.get(key)
        if found is not None:
            self._stamps.move_to_end(key)
            return found
        made = QPixmap((size * ratio).toSize())
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        try:
            paint(painter)
        finally:
            painter.end()
        self._stamps[key] = made
        if len(self._stamps) > _MOST_STAMPS:
            self._stamps.popitem(last=False)
        return made

    def _pair(self, role: str) -> tuple[QFont, QFontMetricsF]:
        if role not in self._fonts:
            font = self._theme.font(role)
            self._fonts[role] = (font, QFontMetricsF(font))
        return self._fonts[role]


def paint_runs(painter: QPainter, faces: Faces, left: float, middle: float, runs: Sequence[Run]) -> None:
    """Draw runs from `left` on, centred on the line `middle`."""
    role = ""
    for run in runs:
        if run.role != role:
            role = run.role
            painter.setFont(faces.font(role))
            bottom = round(middle + faces.metrics(role).capHeight() / 2)
        painter.setPen(run.color)
        painter.drawText(QPointF(round(left), bottom), run.text)
        left += faces.advance(role, run.text) + run.gap


def tag_width(faces: Faces, tag: Tag) -> float:
    """Return the pixels that a tag takes."""
    chips = sum(_chip_width(faces, chip) for chip in tag.chips)
    return round(2 * _PADDING + faces.width(tag.runs) + (_ICON + 6.0 if tag.icon else 0.0) + chips)


def chip_boxes(faces: Faces, tag: Tag, box: QRectF) -> list[tuple[Chip, QRectF]]:
    """Return where the chips of a tag lie whose own box is given."""
    found, right = [], box.right()
    for chip in reversed(tag.chips):
        width = _chip_width(faces, chip)
        found.append((chip, QRectF(right - width, box.top(), width, box.height())))
        right -= width
    return found


def chip_at(faces: Faces, tag: Tag, box: QRectF, position: QPointF) -> str:
    """Return the name of the chip under a pixel, "" when there is none; a little beside it counts, too."""
    reach = (0.0, -_REACH, 0.0, _REACH)
    return next((chip.name for chip, own in chip_boxes(faces, tag, box) if own.adjusted(*reach).contains(position)), "")


def _chip_width(faces: Faces, chip: Chip) -> float:
    return _CROSS_WIDTH if chip.icon else math.ceil(faces.advance("head", chip.text)) + 2 * _PADDING


def paint_tag(painter: QPainter, theme: Theme, faces: Faces, tag: Tag, left: float, middle: float) -> None:
    """Draw a tag whose left edge and middle line are given."""
    size = QSizeF(tag_width(faces, tag), TAG_HEIGHT)

    def paint(own: QPainter) -> None:
        box = QRectF(0.5, 0.5, size.width() - 1, size.height() - 1)
        _paint_frame(own, box, line_pen(tag.color, 1.0, (4.0, 2.0) if tag.is_dashed else ()), theme.color("bg0"))
        x = box.left() + _PADDING
        if tag.icon:
            y = round(box.center().y() - _ICON / 2)
            own.drawPixmap(QPointF(round(x), y), theme.pixmap(tag.icon, tag.color, _ICON))
            x += _ICON + 6.0
        paint_runs(own, faces, x, box.center().y(), tag.runs)
        for chip, place in chip_boxes(faces, tag, QRectF(0, 0, size.width(), size.height())):
            _paint_chip(own, theme, faces, chip, place)

    picture = faces.stamp(tag.key, size, painter.device().devicePixelRatio(), paint)
    painter.drawPixmap(QPointF(round(left), round(middle - TAG_HEIGHT / 2)), picture)


def _paint_chip(painter: QPainter, theme: Theme, faces: Faces, chip: Chip, box: QRectF) -> None:
    if chip.icon:
        painter.setPen(line_pen(theme.color("border")))
        painter.drawLine(QLineF(box.left() + 0.5, box.top() + 4, box.left() + 0.5, box.bottom() - 4))
        x, y = box.center().x() - _CROSS / 2, box.center().y() - _CROSS / 2
        painter.drawPixmap(QPointF(round(x), round(y)), theme.pixmap(chip.icon, chip.color, _CROSS))
        return
    _paint_frame(
        painter, box.adjusted(2.5, 2.5, -2.5, -2.5), line_pen(chip.fill or chip.color), chip.fill or theme.color("bg0")
    )
    width = faces.advance("head", chip.text)
    paint_runs(
        painter, faces, box.center().x() - width / 2, box.center().y(), [Run(chip.text, chip.color, "head", 0.0)]
    )


def paint_axis_tag(painter: QPainter, faces: Faces, tag: AxisTag, ground: QColor, width: float, middle: float) -> None:
    """Draw a tag over the whole width of an axis, centred on the line `middle`."""

    def paint(own: QPainter) -> None:
        box = QRectF(0.5, 0.5, width - 3, tag.height - 1)
        _paint_frame(own, box, line_pen(tag.fill or tag.color), tag.fill or ground)
        rows = len(tag.lines)
        for index, line in enumerate(tag.lines):
            role = "head" if index == 0 else "mini"
            own.setFont(faces.font(role))
            own.setPen(tag.color)
            row = QRectF(box.left(), box.top() + index * box.height() / rows, box.width() - 7, box.height() / rows)
            own.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, line)

    size = QSizeF(width - 1, tag.height)
    picture = faces.stamp((tag.key, ground.rgb()), size, painter.device().devicePixelRatio(), paint)
    painter.drawPixmap(QPointF(1, round(middle - tag.height / 2)), picture)


def _paint_frame(painter: QPainter, box: QRectF, pen: QPen, ground: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, _RADIUS, _RADIUS)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
