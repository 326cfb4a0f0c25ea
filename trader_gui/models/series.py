"""SeriesModel: what the kline chart draws: closed klines, indicators over them, the open kline, own lines and fills.

Horizontal positions are `x`: kline widths since the first kline that the model saw. A kline keeps its x when older ones
fall out of the collector, so a chart that is panned by hand stands still while klines come and go.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Flag, auto

import numpy as np
from PySide6.QtCore import QObject, Signal

from trader_gui.callback import Callback
from trader_gui.collectors.kline import KlineArrays
from trader_gui.collectors.ring import FloatArray
from trader_gui.conditionals.indicators import bollinger, former_range, realized_volatility
from trader_gui.domain.market import INTERVAL_MS, Kline
from trader_gui.domain.order import Fill
from trader_gui.domain.symbol import SymbolRules
from trader_gui.models.frame import FrameModel
from trader_gui.models.series_lines import OrderLine, PositionLine, order_lines, position_line
from trader_gui.models.trader_view import StatusView

_EMPTY = KlineArrays(np.empty(0, np.int64), *(np.empty(0) for _ in range(5)))


class SeriesChange(Flag):
    """What is different since the last `changed`.

    KLINES: closed klines and indicators. OPEN: the open kline. OVERLAY: position, orders, fills, or the second of the
    countdown. STATE: symbol, rules, parameters or the state of loading.
    """

    KLINES = auto()
    OPEN = auto()
    OVERLAY = auto()
    STATE = auto()


@dataclass(frozen=True)
class IndicatorParameters:
    """Windows in klines; the deviations are multiples of the bands' sample deviation."""

    band_window: int = 20
    inner_deviations: float = 1.0
    outer_deviations: float = 2.0
    rv_window: int = 10
    rv_range_window: int = 20


@dataclass(frozen=True)
class Indicators:
    """Indicators over the closed klines, shape (n,) each, NaN where not ready.

    Attributes:
        middle, deviation: Of the bands, quote asset.
        rv, rv_low, rv_high: Realised volatility and its range over the klines before, fractions.
    """

    middle: FloatArray
    deviation: FloatArray
    rv: FloatArray
    rv_low: FloatArray
    rv_high: FloatArray

    def band(self, deviations: float) -> FloatArray:
        """Return the band `deviations` sample deviations above the middle (below it when negative)."""
        return self.middle + deviations * self.deviation


class SeriesModel(FrameModel):
    """The series of one symbol and interval, brought up to date at most once a frame.

    Attributes:
        symbol, interval: "" before the first refresh.
        interval_ms: Length of a kline, ms.
        rules: Filters of the symbol; None before the first refresh.
        klines: Columns of the closed klines; `first_x` is the x of the oldest.
        open_kline: The kline that is still open; None between two klines.
        indicators: Over `klines`.
        parameters: Windows of the indicators.
        position: None when flat or unknown.
        orders: Lines of the open orders that have a price.
        fills: Own executions of the symbol, oldest first.
        now_ms: Venue time of the newest message.
        loading: (klines read, klines wanted); (0, 0) while not told.

    Signals:
        changed: Carries a `SeriesChange`.
    """

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.symbol = ""
        self.interval = ""
        self.interval_ms = 60_000
        self.rules: SymbolRules | None = None
        self.klines = _EMPTY
        self.first_x = 0
        self.open_kline: Kline | None = None
        self.parameters = IndicatorParameters()
        self.indicators = _compute(_EMPTY.close, self.parameters)
        self.position: PositionLine | None = None
        self.orders: tuple[OrderLine, ...] = ()
        self.fills: tuple[Fill, ...] = ()
        self.now_ms = 0
        self.loading = (0, 0)
        self._origin_ms: int | None = None
        self._overlay_key: tuple[int, ...] = ()

    @property
    def last_price(self) -> Decimal | None:
        """Close of the open kline, or of the last closed one right after it closed; None before the first."""
        if self.open_kline is not None:
            return self.open_kline.close
        if len(self.klines.close) and self.rules is not None:
            return self.rules.snap_price(Decimal(repr(float(self.klines.close[-1]))))
        return None

    @property
    def last_x(self) -> int:
        """X of the newest kline, open or closed."""
        return self.first_x + len(self.klines.close) - (self.open_kline is None)

    def x_of(self, time_ms: int) -> float:
        """Return the x of a time; a kline's open time has a whole x. 0 before the first kline."""
        return 0.0 if self._origin_ms is None else (time_ms - self._origin_ms) / self.interval_ms

    def time_of(self, x: float) -> int:
        """Return the time of an x, ms UTC; the inverse of `x_of`."""
        return round((self._origin_ms or 0) + x * self.interval_ms)

    def set_loading(self, done: int, total: int) -> None:
        """Tell how many klines have been read of those wanted, while the session starts."""
        if (done, total) != self.loading:
            self.loading = (done, total)
            self.changed.emit(SeriesChange.STATE)

    def set_parameters(self, parameters: IndicatorParameters) -> None:
        """Draw indicators with other windows, those of the strategy in force."""
        if parameters != self.parameters:
            self.parameters = parameters
            self.indicators = _compute(self.klines.close, parameters)
            self.changed.emit(SeriesChange.STATE | SeriesChange.KLINES)

    def refresh(self, callback: Callback, status: StatusView | None = None, now_ns: int = 0) -> None:
        """Bring the series up to date; emits `changed` once, with all that differs, or not at all."""
        change = self._take_state(callback)
        change |= self._take_klines(callback)
        change |= self._take_open(callback)
        change |= self._take_overlay(callback, bool(change & SeriesChange.KLINES))
        if change:
            self.changed.emit(change)

    def _take_state(self, callback: Callback) -> SeriesChange:
        state = (callback.symbol, callback.interval, callback.rules)
        if state == (self.symbol, self.interval, self.rules):
            return SeriesChange(0)
        if state[:2] != (self.symbol, self.interval):
            self._origin_ms = None
            self.klines, self.open_kline = _EMPTY, None
            self._overlay_key = ()
        self.symbol, self.interval, self.rules = state
        self.interval_ms = INTERVAL_MS[self.interval]
        return SeriesChange.STATE

    def _take_klines(self, callback: Callback) -> SeriesChange:
        arrays = callback.klines.arrays()
        if arrays is self.klines:
            return SeriesChange(0)
        self.klines = arrays
        if len(arrays.close):
            if self._origin_ms is None:
                self._origin_ms = int(arrays.open_time_ms[0])
            self.first_x = (int(arrays.open_time_ms[0]) - self._origin_ms) // self.interval_ms
        self.indicators = _compute(arrays.close, self.parameters)
        return SeriesChange.KLINES

    def _take_open(self, callback: Callback) -> SeriesChange:
        kline = callback.open_kline.kline
        times = self.klines.open_time_ms
        if kline is not None and len(times) and kline.open_time_ms != int(times[-1]) + self.interval_ms:
            kline = None  # a hole lies between; the session is reading what is missing
        if kline is self.open_kline:
            return SeriesChange(0)
        self.open_kline = kline
        return SeriesChange.OPEN

    def _take_overlay(self, callback: Callback, has_new_klines: bool) -> SeriesChange:
        self.now_ms = callback.now_ms
        key = (
            callback.orders.revision,
            callback.account.revision,
            callback.mark_price.revision,
            callback.now_ms // 1000,
        )
        if key == self._overlay_key and not has_new_klines:
            return SeriesChange(0)
        if key[:1] != self._overlay_key[:1]:
            self.fills = tuple(f for f in callback.orders.fills if f.symbol == self.symbol)
        self._overlay_key = key
        self.position = position_line(callback, self.symbol, self.fills)
        self.orders = order_lines(callback.orders.open_orders(self.symbol), self.position)
        return SeriesChange.OVERLAY


def _compute(close: FloatArray, parameters: IndicatorParameters) -> Indicators:
    middle, deviation = bollinger(close, parameters.band_window)
    rv = realized_volatility(close, parameters.rv_window)
    low, high = former_range(rv, parameters.rv_range_window)
    return Indicators(middle, deviation, rv, low, high)
