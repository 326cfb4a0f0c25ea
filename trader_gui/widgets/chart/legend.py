"""Legends of the panes: the values of one kline, the one under the cursor or the newest."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtGui import QPainter

from trader_gui.kline_history.pyramid import Row
from trader_gui.models.indicator_kinds import Stroke, Unit
from trader_gui.models.indicator_track import IndicatorTrack
from trader_gui.models.series import SeriesModel
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.indicator_layer import needed
from trader_gui.widgets.chart.labels import Faces, Run, paint_runs
from trader_gui.widgets.theme import Theme

_LEFT, _FIRST_ROW, _ROW = 12.0, 14.0, 17.0
_STROKE, _STROKE_GAP = "–", 3.0
"""It stands between the two ends of a range, and close to them."""


def legend_height(rows: int) -> float:
    """Return the pixels that a legend of so many rows takes at the top of a pane."""
    return _FIRST_ROW + _ROW * rows + 2.0


def legend_row_at(y: float) -> int:
    """Return the number of the row at a vertical pixel of a pane; it may be one that is not there."""
    return round((y - _FIRST_ROW) / _ROW)


def name_right(faces: Faces, name: str) -> float:
    """Return the pixel at which the name of an indicator ends."""
    return _LEFT + faces.advance("head", name)


def price_runs(series: SeriesModel, x: int, theme: Theme) -> list[Run]:
    """Return the first row: symbol, interval, open, high, low, close and change of the kline at x."""
    weak = theme.color("text3")
    runs = [Run(f"{series.symbol} Perp · {series.interval}", theme.color("text1"), "head", 10.0)]
    kline = series.kline_at(x)
    if kline is None or series.rules is None:
        return runs
    decimals = series.rules.price_decimals
    change = kline[Row.CLOSE] - kline[Row.OPEN]
    color = theme.direction(change >= 0, "text")
    for letter, row in (("O", Row.OPEN), ("H", Row.HIGH), ("L", Row.LOW), ("C", Row.CLOSE)):
        runs += [Run(letter, weak), Run(text.price(kline[row], decimals), color)]
    words = f"{text.number(change, decimals, sign=True)} ({text.percent(change / kline[Row.OPEN])})"
    return [*runs, Run(words, color)]


def volume_runs(series: SeriesModel, x: int, theme: Theme) -> list[Run]:
    """Return the legend of the volume pane."""
    runs = [Run("Volume", theme.color("text2"), "head")]
    kline = series.kline_at(x)
    if kline is None or series.rules is None:
        return runs
    words = f"{text.quantity(kline[Row.VOLUME], series.rules.quantity_decimals)} {series.rules.base_asset}"
    return [*runs, Run(words, theme.color("text1"))]


def indicator_runs(track: IndicatorTrack, series: SeriesModel, x: int, theme: Theme) -> list[Run]:
    """Return an indicator's row: its values at x, or how many klines it still needs.

    The open kline is told the values of the last closed one.
    """
    indicator, weak = track.indicator, theme.color("text3")
    kind, values = indicator.kind, indicator.values
    color = theme.color(indicator.color)
    runs = [Run(indicator.name, color if indicator.is_visible else weak, "head")]
    if not indicator.is_visible:
        runs.append(Run("hidden", weak))
    lacking = needed(track, series)
    if lacking:
        return [*runs, Run(needs(lacking), weak)]
    if series.rules is None or x < series.store.first:
        return runs
    strong = color if kind.is_overlay else theme.color("text1")
    for line, value in zip(kind.lines(values), track.lines_at(min(x, series.store.end - 1)), strict=True):
        if line.label == _STROKE:
            runs[-1] = replace(runs[-1], gap=_STROKE_GAP)
            runs.append(Run(_STROKE, weak, gap=_STROKE_GAP))
        elif line.label:
            runs.append(Run(line.label, weak))
        is_main = line.stroke is not Stroke.EDGE
        words = value_words(kind.unit, value, series.rules.price_decimals, with_unit=is_main)
        runs.append(Run(words, strong if is_main else theme.color("text2")))
    return runs


def value_words(unit: Unit, value: float, price_decimals: int, *, with_unit: bool = True) -> str:
    """Return an indicator's number in words."""
    if unit is Unit.PRICE:
        return text.price(value, price_decimals)
    if unit is Unit.DIFFERENCE:
        return text.number(value, price_decimals, sign=True)
    if unit is Unit.BASIS_POINTS:
        return text.basis_points(value) if with_unit else text.number(value * 1e4, 1)
    return text.number(value, 1)


def needs(count: int) -> str:
    """Return the words for an indicator that is not ready."""
    return f"needs {count} more kline{'' if count == 1 else 's'}"


def fitting(runs: list[Run], faces: Faces, width: float) -> list[Run]:
    """Return the runs from the first on that fit into a width: a number that is cut reads as another number."""
    kept = len(runs)
    while kept and faces.width(runs[:kept]) > width:
        kept -= 1
    return runs[:kept]


def paint_legend(painter: QPainter, faces: Faces, width: float, rows: Sequence[list[Run]]) -> None:
    """Draw rows at the top left of a pane of a width."""
    for index, row in enumerate(rows):
        paint_runs(painter, faces, _LEFT, _FIRST_ROW + _ROW * index, fitting(row, faces, width - 2 * _LEFT))
