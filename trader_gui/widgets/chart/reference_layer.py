"""Lines of prices that nobody has an order at: the mark price, and the index that it follows."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QLineF
from PySide6.QtGui import QPainter

from trader_gui.models.series import SeriesModel
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.chart_options import ChartOptions
from trader_gui.widgets.chart.labels import AxisTag, Faces, Run, paint_runs
from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

_DASHES = (4.0, 4.0)


@dataclass(frozen=True)
class Reference:
    """One line: its name, its price, and the colour token of both."""

    name: str
    price: Decimal
    token: str


def references(series: SeriesModel, options: ChartOptions) -> Iterator[Reference]:
    """Yield the lines that are wanted and known."""
    if series.mark is None:
        return
    if options.has_mark:
        yield Reference("mark", series.mark.mark_price, "text2")
    if options.has_index:
        yield Reference("index", series.mark.index_price, "band")


def reference_tags(series: SeriesModel, options: ChartOptions) -> list[AxisTag]:
    """Return the tags of the lines on the price axis."""
    if series.rules is None:
        return []
    decimals = series.rules.price_decimals
    return [
        AxisTag(float(r.price), (text.price(r.price, decimals),), theme().color(r.token))
        for r in references(series, options)
    ]


def paint_references(
    painter: QPainter, series: SeriesModel, options: ChartOptions, view: Viewport, faces: Faces
) -> None:
    """Draw the lines, each with its name above its right end."""
    for reference in references(series, options):
        y = round(view.py(float(reference.price)))
        if not 0 <= y < view.height:
            continue
        run = Run(reference.name, theme().color(reference.token), "mini")
        left = view.width - faces.width([run]) - 6
        painter.setPen(line_pen(run.color, 1.0, _DASHES))
        painter.drawLine(QLineF(0.0, y, view.width, y))
        paint_runs(painter, faces, left, y - 7, [run])
