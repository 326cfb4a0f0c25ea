"""Legends of the three panes: the values of one kline, the one under the cursor or the newest."""

from dataclasses import dataclass

from PySide6.QtGui import QPainter

from trader_gui.models.series import SeriesModel
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.indicator_layer import bands_needed, rv_needed
from trader_gui.widgets.chart.labels import Faces, Run, paint_runs
from trader_gui.widgets.theme import Theme

_LEFT, _ROW_1, _ROW_2 = 12.0, 14.0, 31.0


@dataclass(frozen=True)
class Reading:
    """One kline's prices and volume, quote and base asset."""

    open: float
    high: float
    low: float
    close: float
    volume: float


def reading_at(series: SeriesModel, x: int) -> Reading | None:
    """Return the kline at x, open or closed; None where there is none."""
    index = x - series.first_x
    k = series.klines
    if 0 <= index < len(k.close):
        return Reading(*(float(column[index]) for column in (k.open, k.high, k.low, k.close, k.volume)))
    o = series.open_kline
    if o is not None and x == series.last_x:
        return Reading(float(o.open), float(o.high), float(o.low), float(o.close), float(o.volume))
    return None


def _closed_index(series: SeriesModel, x: int) -> int | None:
    """Return the index of the closed kline whose indicators are told at x: the open kline is told the last one's."""
    index = min(x - series.first_x, len(series.klines.close) - 1)
    return index if index >= 0 else None


def price_runs(series: SeriesModel, x: int, theme: Theme) -> list[Run]:
    """Return the first row: symbol, interval, open, high, low, close and change of the kline at x."""
    weak = theme.color("text3")
    runs = [Run(f"{series.symbol} Perp · {series.interval}", theme.color("text1"), "head", 10.0)]
    reading = reading_at(series, x)
    if reading is None or series.rules is None:
        return runs
    decimals = series.rules.price_decimals
    color = theme.direction(reading.close >= reading.open, "text")
    for letter, value in (("O", reading.open), ("H", reading.high), ("L", reading.low), ("C", reading.close)):
        runs += [Run(letter, weak), Run(text.price(value, decimals), color)]
    change = reading.close - reading.open
    words = f"{text.number(change, decimals, sign=True)} ({text.percent(change / reading.open)})"
    return [*runs, Run(words, color)]


def band_runs(series: SeriesModel, x: int, theme: Theme) -> list[Run]:
    """Return the second row: the bands at x, or how many klines they still need."""
    band, weak, p = theme.color("band"), theme.color("text3"), series.parameters
    runs = [Run(f"BB {p.band_window}", band, "head")]
    needed = bands_needed(series)
    if needed:
        return [*runs, Run(needs(needed), weak)]
    index = _closed_index(series, x)
    if index is None or series.rules is None:
        return runs
    middle, deviation = float(series.indicators.middle[index]), float(series.indicators.deviation[index])
    for k in (p.outer_deviations, p.inner_deviations, 0.0, -p.inner_deviations, -p.outer_deviations):
        name = f"{'+' if k > 0 else text.MINUS}{abs(k):g}s" if k else "mid"
        runs += [Run(name, weak), Run(text.price(middle + k * deviation, series.rules.price_decimals), band)]
    return runs


def volume_runs(series: SeriesModel, x: int, theme: Theme) -> list[Run]:
    """Return the legend of the volume pane."""
    runs = [Run("Volume", theme.color("text2"), "head")]
    reading = reading_at(series, x)
    if reading is None or series.rules is None:
        return runs
    words = f"{text.quantity(reading.volume, series.rules.quantity_decimals)} {series.rules.base_asset}"
    return [*runs, Run(words, theme.color("text1"))]


def rv_runs(series: SeriesModel, x: int, theme: Theme) -> list[Run]:
    """Return the legend of the volatility pane, or how many klines it still needs."""
    weak, strong, p, i = theme.color("text3"), theme.color("text1"), series.parameters, series.indicators
    runs = [Run(f"RV {p.rv_window}", theme.color("rv"), "head")]
    needed = rv_needed(series)
    if needed:
        return [*runs, Run(needs(needed), weak)]
    index = _closed_index(series, x)
    if index is None:
        return runs
    runs.append(Run(text.basis_points(float(i.rv[index])), strong))
    runs.append(Run(f"former range ({p.rv_range_window})", weak))
    low, high = float(i.rv_low[index]) * 1e4, float(i.rv_high[index]) * 1e4
    span = text.DASH if text.is_unknown(low) else f"{text.number(low, 1)} – {text.number(high, 1)}"
    return [*runs, Run(span, theme.color("text2"))]


def needs(count: int) -> str:
    """Return the words for an indicator that is not ready."""
    return f"needs {count} more kline{'' if count == 1 else 's'}"


def fitting(runs: list[Run], faces: Faces, width: float) -> list[Run]:
    """Return the runs from the first on that fit into a width: a number that is cut reads as another number."""
    kept = len(runs)
    while kept and faces.width(runs[:kept]) > width:
        kept -= 1
    return runs[:kept]


def paint_legend(painter: QPainter, faces: Faces, width: float, *rows: list[Run]) -> None:
    """Draw one or two rows at the top left of a pane of a width."""
    for row, middle in zip(rows, (_ROW_1, _ROW_2), strict=False):
        paint_runs(painter, faces, _LEFT, middle, fitting(row, faces, width - 2 * _LEFT))
