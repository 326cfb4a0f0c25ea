"""The measure: how far it is from one place of the chart to another, in price, percent, klines and time."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter

from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesModel
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.labels import Faces, Run, paint_runs
from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

_LINE_PX, _PADDING = 17.0, 8.0
_SHADE = 0.16


@dataclass(frozen=True)
class Measure:
    """From one kline and price to another; prices lie on ticks."""

    from_x: int
    from_price: float
    to_x: int
    to_price: float


def measure_lines(measure: Measure, series: SeriesModel) -> list[str]:
    """Return what a measure says, line by line."""
    decimals = series.rules.price_decimals if series.rules is not None else 2
    change = measure.to_price - measure.from_price
    fraction = change / measure.from_price if measure.from_price else None
    klines = measure.to_x - measure.from_x
    grid = series.grid
    seconds = abs(grid.open_ms(measure.to_x) - grid.open_ms(measure.from_x)) // 1000
    lines = [
        f"{text.number(change, decimals, sign=True)}  ({text.percent(fraction)})",
        f"{text.number(klines, 0, sign=True)} klines, {span_words(seconds)}",
    ]
    first, last = sorted((measure.from_x, measure.to_x))
    first, end = max(first, series.store.first), min(last + 1, series.store.end)
    if first < end and series.rules is not None:
        volume = float(np.nansum(series.store.row(Row.VOLUME, first, end)))
        lines.append(f"volume {text.compact(volume)} {series.rules.base_asset}")
    return lines


def span_words(seconds: int) -> str:
    """Return a length of time: `3 d 4 h`, `4 h 30 min`, `12 min`."""
    minutes = seconds // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days:,} d {hours} h" if hours else f"{days:,} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"


def paint_measure(painter: QPainter, measure: Measure, series: SeriesModel, view: Viewport, faces: Faces) -> None:
    """Draw the measure with its words beside its end."""
    t, is_up = theme(), measure.to_price >= measure.from_price
    begin = QPointF(round(view.px(measure.from_x)), round(view.py(measure.from_price)))
    end = QPointF(round(view.px(measure.to_x)), round(view.py(measure.to_price)))
    box = QRectF(begin, end).normalized()
    color = t.color("accent")
    shade = t.color("accent")
    shade.setAlphaF(_SHADE)
    painter.fillRect(box, shade)
    painter.setPen(line_pen(color))
    painter.drawLine(QLineF(begin.x(), end.y(), end.x(), end.y()))
    painter.drawLine(QLineF(begin.x(), begin.y(), end.x(), begin.y()))
    painter.drawLine(QLineF(end.x(), begin.y(), end.x(), end.y()))
    _paint_words(painter, measure_lines(measure, series), end, is_up, view, faces)


def _paint_words(painter: QPainter, lines: list[str], end: QPointF, is_up: bool, view: Viewport, faces: Faces) -> None:
    t = theme()
    width = max(faces.advance("small", line) for line in lines) + 2 * _PADDING
    height = len(lines) * _LINE_PX + 6
    left = min(max(end.x() - width / 2, 2.0), view.width - width - 2)
    top = end.y() - height - 8 if is_up else end.y() + 8
    box = QRectF(round(left), round(min(max(top, 2.0), view.height - height - 2)), round(width), height)
    painter.fillRect(box, t.color("bg2"))
    painter.setPen(line_pen(t.color("accent")))
    painter.drawRect(box.adjusted(0, 0, -1, -1))
    for index, line in enumerate(lines):
        middle = box.top() + 3 + _LINE_PX * (index + 0.5)
        paint_runs(painter, faces, box.left() + _PADDING, middle, [Run(line, t.color("text1"))])
