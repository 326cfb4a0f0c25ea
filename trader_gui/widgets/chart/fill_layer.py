"""Own fills: a mark beyond the kline of each, a tick at its exact price; and entries that were not made, faintly."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from trader_gui.domain.order import Fill, Side
from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesModel
from trader_gui.models.story import Passed
from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import Theme

_WIDTH, _HEIGHT, _TICK, _AWAY = 10.0, 8.0, 8.0, 5.0
_PASSED, _REACH = 7.0, 7.0


@dataclass(frozen=True)
class FillMark:
    """A mark for the fills of one side in one kline: a triangle's tip in pixels, and pixels of the exact prices."""

    is_buy: bool
    tip: QPointF
    prices: tuple[float, ...]
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True)
class PassedMark:
    """A faint mark where an entry was considered and not made."""

    passed: Passed
    at: QPointF


def fill_marks(series: SeriesModel, view: Viewport) -> Iterator[FillMark]:
    """Yield the marks that are seen, one for each kline and side: buys below the low, sells above the high."""
    grouped: dict[tuple[int, bool], list[Fill]] = {}
    earliest, latest = series.grid.time_of(view.left - 1), series.grid.time_of(view.right + 1)
    first = bisect_left(series.fills, earliest, key=lambda fill: fill.trade_time_ms)
    last = bisect_right(series.fills, latest, key=lambda fill: fill.trade_time_ms)
    for fill in series.fills[first:last]:
        key = (series.grid.slot_of(fill.trade_time_ms), fill.side is Side.BUY)
        grouped.setdefault(key, []).append(fill)
    for (x, is_buy), fills in grouped.items():
        prices = tuple(Counter(float(fill.price) for fill in fills))
        low, high = _extremes(series, x, prices)
        y = view.py(low) + _AWAY if is_buy else view.py(high) - _AWAY
        yield FillMark(is_buy, QPointF(view.px(x), y), tuple(view.py(price) for price in prices), tuple(fills))


def passed_marks(series: SeriesModel, view: Viewport) -> Iterator[PassedMark]:
    """Yield the marks that are seen of entries that were not made; in the chart of the session's symbol only."""
    if not series.is_engine_symbol:
        return
    for passed in series.story.passed(series.grid.time_of(view.left - 1), series.grid.time_of(view.right + 1)):
        at = QPointF(view.px(series.grid.slot_of(passed.time_ms)), view.py(float(passed.price)))
        yield PassedMark(passed, at)


def fills_at(series: SeriesModel, view: Viewport, position: QPointF) -> tuple[Fill, ...]:
    """Return the fills of the mark under a pixel; () when there is none."""
    for mark in fill_marks(series, view):
        middle = mark.tip.y() + (_HEIGHT if mark.is_buy else -_HEIGHT) / 2
        is_near = any(abs(y - position.y()) <= _REACH for y in (middle, *mark.prices))
        if is_near and abs(mark.tip.x() - position.x()) <= _REACH:
            return mark.fills
    return ()


def passed_at(series: SeriesModel, view: Viewport, position: QPointF) -> Passed | None:
    """Return the entry that was not made whose mark lies under a pixel; None when there is none."""
    for mark in passed_marks(series, view):
        if abs(mark.at.x() - position.x()) <= _REACH and abs(mark.at.y() - position.y()) <= _REACH:
            return mark.passed
    return None


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


def paint_passed(painter: QPainter, series: SeriesModel, view: Viewport, theme: Theme) -> None:
    """Draw the faint marks of entries that were not made: hollow, so that none is taken for a fill."""
    painter.setPen(line_pen(theme.color("text3")))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for mark in passed_marks(series, view):
        half, x, y = _PASSED / 2, round(mark.at.x()) + 0.5, round(mark.at.y()) + 0.5
        way = 1.0 if mark.passed.side is Side.BUY else -1.0
        tip, base = QPointF(x, y - way * half), y + way * half
        painter.drawPolygon(QPolygonF([tip, QPointF(x - half, base), QPointF(x + half, base)]))
