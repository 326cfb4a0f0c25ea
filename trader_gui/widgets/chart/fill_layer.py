"""Own fills: a mark beyond the kline of each, and a tick at its exact price."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from trader_gui.domain.order import Side
from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import Theme

_WIDTH, _HEIGHT, _TICK, _AWAY = 10.0, 8.0, 8.0, 5.0


@dataclass(frozen=True)
class FillMark:
    """A mark for the fills of one side in one kline: a triangle's tip in pixels, and pixels of the exact prices."""

    is_buy: bool
    tip: QPointF
    prices: tuple[float, ...]


def fill_marks(series: SeriesModel, view: Viewport) -> Iterator[FillMark]:
    """Yield the marks that are seen, one for each kline and side: buys below the low, sells above the high."""
    grouped: dict[tuple[int, bool], Counter[float]] = {}
    earliest, latest = series.grid.time_of(view.left - 1), series.grid.time_of(view.right + 1)
    for fill in series.fills:
        if earliest <= fill.trade_time_ms <= latest:
            key = (series.grid.slot_of(fill.trade_time_ms), fill.side is Side.BUY)
            grouped.setdefault(key, Counter())[float(fill.price)] += 1
    for (x, is_buy), prices in grouped.items():
        low, high = _extremes(series, x, tuple(prices))
        y = view.py(low) + _AWAY if is_buy else view.py(high) - _AWAY
        yield FillMark(is_buy, QPointF(view.px(x), y), tuple(view.py(price) for price in prices))


def _extremes(series: SeriesModel, x: int, prices: tuple[float, ...]) -> tuple[float, float]:
    """Return low and high of the kline at x; those of the fills where no kline is known."""
    if series.store.holds(x):
        kline = series.store.rows(x, x + 1)
        return float(kline[Row.LOW, 0]), float(kline[Row.HIGH, 0])
    if series.open_kline is not None and x == series.last_x:
        return float(series.open_kline.low), float(series.open_kline.high)
    return min(prices), max(prices)


def paint_fills(painter: QPainter, series: SeriesModel, view: Viewport, theme: Theme) -> None:
    """Draw the marks of own fills."""
    for mark in fill_marks(series, view):
        painter.setPen(line_pen(theme.color("text1"), 2.0))
        for y in mark.prices:
            painter.drawLine(QPointF(mark.tip.x() - _TICK / 2, y), QPointF(mark.tip.x() + _TICK / 2, y))
        base = mark.tip.y() + (_HEIGHT if mark.is_buy else -_HEIGHT)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.direction(mark.is_buy, "text"))
        left, right = mark.tip.x() - _WIDTH / 2, mark.tip.x() + _WIDTH / 2
        painter.drawPolygon(QPolygonF([mark.tip, QPointF(left, base), QPointF(right, base)]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
