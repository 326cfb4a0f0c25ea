"""Kinds of chart indicators: parameters, what is computed over a stretch of klines, and the lines that come of it.

A kind computes *kept* rows, few enough to hold for a million klines, and derives its lines from them where they are
drawn. `reach` says how many klines before one take part in its value: a block of klines can so be computed by itself,
and comes out the same whatever else is loaded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from trader_gui.collectors.ring import FloatArray, IntArray
from trader_gui.conditionals.chart_indicators import atr, ema, macd, memory, rsi, vwap
from trader_gui.conditionals.indicators import bollinger, former_range, realized_volatility, sma
from trader_gui.kline_history.grid import DAY_MS, Grid
from trader_gui.kline_history.pyramid import Row

Values: TypeAlias = Mapping[str, float]
"""A value for each parameter of a kind."""


@dataclass(frozen=True)
class Stretch:
    """Klines without a gap, oldest first: rows as in `Row`, and where they lie."""

    rows: FloatArray
    first: int
    grid: Grid

    def row(self, row: Row) -> FloatArray:
        """Return one row."""
        return np.asarray(self.rows[row], np.float64)

    @property
    def close(self) -> FloatArray:
        """Closing prices."""
        return self.row(Row.CLOSE)

    @property
    def open_time_ms(self) -> IntArray:
        """Open times."""
        return self.grid.opens_ms(self.first, self.first + self.rows.shape[1])


@dataclass(frozen=True)
class Parameter:
    """One number that the user may set; whole when `step` is 1."""

    name: str
    title: str
    default: float
    least: float
    most: float
    step: float = 1.0


class Unit(StrEnum):
    """What an indicator's numbers are: a price, or a difference of prices, by the tick; basis points; plain."""

    PRICE = "price"
    DIFFERENCE = "difference"
    BASIS_POINTS = "bps"
    PLAIN = "plain"


class Stroke(StrEnum):
    """How a line is drawn."""

    STRONG = "strong"
    PLAIN = "plain"
    WEAK = "weak"
    EDGE = "edge"
    DOTTED = "dotted"
    BARS = "bars"


@dataclass(frozen=True)
class Line:
    """One line of an indicator; `label` stands before its value in the legend."""

    label: str
    stroke: Stroke = Stroke.PLAIN


@dataclass(frozen=True)
class IndicatorKind:
    """One kind.

    Attributes:
        name: Never translated; layouts are stored by it.
        title: For the legend, before the first parameters.
        words: What it is, for the menu.
        is_overlay: Drawn over the klines; otherwise in a pane of its own.
        color: Colour token that it starts with.
        unit: Of its numbers.
        shown: Names of the parameters that the legend tells.
        reach: (values, length of a kline in ms) -> klines before one that take part in its value.
        least: (values) -> klines that are needed for a first value.
        kept: Rows that `compute` returns.
        compute: (stretch, values) -> rows of the stretch's length, NaN where not ready.
        lines: (values) -> its lines.
        derive: (kept rows, values) -> the values of its lines.
        areas: Pairs of lines between which is filled, at `area_opacity`.
        guides: Values that are always in view, with a line and a label.
    """

    name: str
    title: str
    words: str
    is_overlay: bool
    color: str
    unit: Unit
    parameters: tuple[Parameter, ...]
    shown: tuple[str, ...]
    reach: Callable[[Values, int], int]
    least: Callable[[Values], int]
    kept: int
    compute: Callable[[Stretch, Values], Sequence[FloatArray]]
    lines: Callable[[Values], tuple[Line, ...]]
    derive: Callable[[FloatArray, Values], Sequence[FloatArray]]
    areas: tuple[tuple[int, int], ...] = ()
    area_opacity: float = 0.07
    guides: tuple[float, ...] = ()

    def defaults(self) -> dict[str, float]:
        """Return the value that each parameter starts with."""
        return {parameter.name: parameter.default for parameter in self.parameters}


def _same(kept: FloatArray, _values: Values) -> Sequence[FloatArray]:
    return list(kept)


def _deviations(v: Values) -> tuple[float, ...]:
    return v["outer"], v["inner"], 0.0, -v["inner"], -v["outer"]


def _band_lines(v: Values) -> tuple[Line, ...]:
    strokes = (Stroke.PLAIN, Stroke.WEAK, Stroke.DOTTED, Stroke.WEAK, Stroke.PLAIN)
    labels = [f"{'+' if k > 0 else '−'}{abs(k):g}s" if k else "mid" for k in _deviations(v)]
    return tuple(Line(label, stroke) for label, stroke in zip(labels, strokes, strict=True))


def _bands(kept: FloatArray, v: Values) -> Sequence[FloatArray]:
    return [kept[0] + k * kept[1] for k in _deviations(v)]


def _volatility(stretch: Stretch, v: Values) -> Sequence[FloatArray]:
    rv = realized_volatility(stretch.close, int(v["window"]))
    return rv, *former_range(rv, int(v["range_window"]))


def _ema_reach(window: float) -> int:
    return int(window) + memory(2.0 / (window + 1))


def _wilder_reach(window: float) -> int:
    return int(window) + 1 + memory(1.0 / window)


def _macd_reach(v: Values, _length_ms: int) -> int:
    return _ema_reach(max(v["fast"], v["slow"])) + _ema_reach(v["signal"])


def _macd(stretch: Stretch, v: Values) -> Sequence[FloatArray]:
    return macd(stretch.close, int(v["fast"]), int(v["slow"]), int(v["signal"]))


def _vwap(stretch: Stretch, v: Values) -> Sequence[FloatArray]:
    """Average from each session's beginning; one whose beginning is not there is not ready."""
    price = (stretch.row(Row.HIGH) + stretch.row(Row.LOW) + stretch.close) / 3.0
    length_ms = int(v["days"] * DAY_MS)
    sessions = stretch.open_time_ms // length_ms
    average = vwap(price, stretch.row(Row.VOLUME), sessions)
    if stretch.open_time_ms[0] % length_ms:
        average[sessions == sessions[0]] = np.nan
    return [average]


def _atr(stretch: Stretch, v: Values) -> Sequence[FloatArray]:
    return [atr(stretch.row(Row.HIGH), stretch.row(Row.LOW), stretch.close, int(v["window"]))]


def _one_line(_values: Values) -> tuple[Line, ...]:
    return (Line(""),)


def _one_strong_line(_values: Values) -> tuple[Line, ...]:
    return (Line("", Stroke.STRONG),)


BOLLINGER = IndicatorKind(
    name="bollinger",
    title="BB",
    words="Bollinger bands",
    is_overlay=True,
    color="band",
    unit=Unit.PRICE,
    parameters=(
        Parameter("window", "Klines", 20, 2, 1000),
        Parameter("inner", "Inner band, deviations", 1.0, 0.1, 10.0, 0.1),
        Parameter("outer", "Outer band, deviations", 2.0, 0.1, 10.0, 0.1),
    ),
    shown=("window",),
    reach=lambda v, _: int(v["window"]) - 1,
    least=lambda v: int(v["window"]),
    kept=2,
    compute=lambda stretch, v: bollinger(stretch.close, int(v["window"])),
    lines=_band_lines,
    derive=_bands,
    areas=((0, 1), (3, 4)),
)

VOLATILITY = IndicatorKind(
    name="realized_volatility",
    title="RV",
    words="Realised volatility",
    is_overlay=False,
    color="rv",
    unit=Unit.BASIS_POINTS,
    parameters=(
        Parameter("window", "Returns", 10, 1, 1000),
        Parameter("range_window", "Former range, klines", 20, 1, 1000),
    ),
    shown=("window",),
    reach=lambda v, _: int(v["window"] + v["range_window"]),
    least=lambda v: int(v["window"]) + 1,
    kept=3,
    compute=_volatility,
    lines=lambda v: (
        Line("", Stroke.STRONG),
        Line(f"former range ({v['range_window']:.0f})", Stroke.EDGE),
        Line("–", Stroke.EDGE),
    ),
    derive=_same,
    areas=((1, 2),),
    area_opacity=0.10,
)

SMA = IndicatorKind(
    name="sma",
    title="SMA",
    words="Simple moving average",
    is_overlay=True,
    color="line1",
    unit=Unit.PRICE,
    parameters=(Parameter("window", "Klines", 50, 1, 1000),),
    shown=("window",),
    reach=lambda v, _: int(v["window"]) - 1,
    least=lambda v: int(v["window"]),
    kept=1,
    compute=lambda stretch, v: [sma(stretch.close, int(v["window"]))],
    lines=_one_line,
    derive=_same,
)

EMA = IndicatorKind(
    name="ema",
    title="EMA",
    words="Exponential moving average",
    is_overlay=True,
    color="line2",
    unit=Unit.PRICE,
    parameters=(Parameter("window", "Klines", 20, 1, 1000),),
    shown=("window",),
    reach=lambda v, _: _ema_reach(v["window"]),
    least=lambda v: int(v["window"]),
    kept=1,
    compute=lambda stretch, v: [ema(stretch.close, int(v["window"]))],
    lines=_one_line,
    derive=_same,
)

VWAP = IndicatorKind(
    name="vwap",
    title="VWAP",
    words="Average price by volume of the session",
    is_overlay=True,
    color="line3",
    unit=Unit.PRICE,
    parameters=(Parameter("days", "Session, days from midnight UTC", 1, 1, 7),),
    shown=(),
    reach=lambda v, length_ms: -(-int(v["days"] * DAY_MS) // length_ms),
    least=lambda v: 1,
    kept=1,
    compute=_vwap,
    lines=_one_line,
    derive=_same,
)

RSI = IndicatorKind(
    name="rsi",
    title="RSI",
    words="Relative strength index",
    is_overlay=False,
    color="line2",
    unit=Unit.PLAIN,
    parameters=(Parameter("window", "Klines", 14, 1, 500),),
    shown=("window",),
    reach=lambda v, _: _wilder_reach(v["window"]),
    least=lambda v: int(v["window"]) + 1,
    kept=1,
    compute=lambda stretch, v: [rsi(stretch.close, int(v["window"]))],
    lines=_one_strong_line,
    derive=_same,
    guides=(30.0, 70.0),
)

MACD = IndicatorKind(
    name="macd",
    title="MACD",
    words="Convergence of two averages (MACD)",
    is_overlay=False,
    color="line3",
    unit=Unit.DIFFERENCE,
    parameters=(
        Parameter("fast", "Fast average", 12, 1, 500),
        Parameter("slow", "Slow average", 26, 1, 500),
        Parameter("signal", "Signal", 9, 1, 500),
    ),
    shown=("fast", "slow", "signal"),
    reach=_macd_reach,
    least=lambda v: int(max(v["fast"], v["slow"])),
    kept=2,
    compute=_macd,
    lines=lambda _: (Line("", Stroke.STRONG), Line("signal", Stroke.DOTTED), Line("difference", Stroke.BARS)),
    derive=lambda kept, _: [kept[0], kept[1], kept[0] - kept[1]],
    guides=(0.0,),
)

ATR = IndicatorKind(
    name="atr",
    title="ATR",
    words="Average true range",
    is_overlay=False,
    color="line4",
    unit=Unit.PRICE,
    parameters=(Parameter("window", "Klines", 14, 1, 500),),
    shown=("window",),
    reach=lambda v, _: _wilder_reach(v["window"]),
    least=lambda v: int(v["window"]),
    kept=1,
    compute=_atr,
    lines=_one_strong_line,
    derive=_same,
)

KINDS: dict[str, IndicatorKind] = {kind.name: kind for kind in (BOLLINGER, SMA, EMA, VWAP, VOLATILITY, RSI, MACD, ATR)}
"""Every kind by name, in the order of the menu."""


def nan_rows(count: int, length: int) -> FloatArray:
    """Return rows in which nothing is ready."""
    return np.full((count, length), np.nan)
