"""Shadows: lines that the exchange does not have (yet): dragged, asked for, refused, or staged by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter

from trader_gui.widgets.chart.labels import TAG_HEIGHT, Faces, paint_tag, tag_width
from trader_gui.widgets.chart.line_layer import TAG_LEFT, Level
from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.chart.viewport import Viewport, spread
from trader_gui.widgets.theme import Theme

_GAP, _HATCH = 10.0, 8.0


class Look(Enum):
    """How a shadow is drawn: dashed, hatched while the exchange has not answered, or as its tag alone."""

    DASHED = 0
    HATCHED = 1
    NOTE = 2


@dataclass(frozen=True)
class Shadow:
    """One of them; its tag stands at the right of the tags of real lines."""

    level: Level
    look: Look = Look.DASHED


@dataclass(frozen=True)
class PlacedShadow:
    """A shadow with the box of its tag and the pixel of its line."""

    shadow: Shadow
    box: QRectF
    line_y: float


def placed(
    shadows: Sequence[Shadow], levels: Sequence[Level], view: Viewport, faces: Faces, top: float
) -> list[PlacedShadow]:
    """Return the shadows with the boxes of their tags, which do not overlap; those out of sight lie at the edge.

    Args:
        shadows: All of them.
        levels: The real lines, whose tags keep the left.
        view: Of the pane.
        faces: Fonts of the tags.
        top: No tag reaches above this pixel.
    """
    seen = [level for level in levels if 0 <= view.py(level.price) < view.height]
    left = TAG_LEFT + max((tag_width(faces, level.tag) + _GAP for level in seen), default=0.0)
    wanted = [min(max(view.py(shadow.level.price), 0.0), view.height) for shadow in shadows]
    middles = spread(wanted, [TAG_HEIGHT] * len(shadows), top, view.height - 2)
    found = []
    for shadow, line_y, middle in zip(shadows, wanted, middles, strict=True):
        width = tag_width(faces, shadow.level.tag)
        x = max(min(left, view.width - width - _GAP), 2.0)
        found.append(PlacedShadow(shadow, QRectF(round(x), round(middle - TAG_HEIGHT / 2), width, TAG_HEIGHT), line_y))
    return found


def paint_shadow_lines(painter: QPainter, found: Sequence[PlacedShadow], view: Viewport) -> None:
    """Draw the lines; the tags of real lines come over them."""
    for one in found:
        level, y = one.shadow.level, round(one.line_y)
        if one.shadow.look is Look.HATCHED:
            band = QRectF(0.0, y - _HATCH / 2, view.width, _HATCH)
            painter.fillRect(band, QBrush(level.color, Qt.BrushStyle.BDiagPattern))
        elif one.shadow.look is Look.DASHED:
            painter.setPen(line_pen(level.color, 1.0, level.dashes))
            painter.drawLine(QLineF(0.0, y, view.width, y))


def paint_shadow_tags(painter: QPainter, found: Sequence[PlacedShadow], theme: Theme, faces: Faces) -> None:
    """Draw the tags, over everything."""
    for one in found:
        paint_tag(painter, theme, faces, one.shadow.level.tag, one.box.left(), one.box.center().y())
