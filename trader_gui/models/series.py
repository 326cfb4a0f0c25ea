"""SeriesModel: what the kline chart draws: closed klines, indicators over them, the open kline, own lines and fills.

Horizontal positions are `x`: slots of the interval's grid, whole where a kline opens. A kline's x never changes,
whatever is loaded before it or after it, so a chart that is panned by hand stands still while klines come and go.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import Flag, auto

from PySide6.QtCore import QObject, Signal

from trader_gui.callback import Callback
from trader_gui.collectors.kline import KlineArrays
from trader_gui.domain.market import Kline
from trader_gui.domain.order import Fill
from trader_gui.domain.symbol import SymbolRules
from trader_gui.kline_history.grid import Grid
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.store import KlinePage, KlineStore
from trader_gui.models.frame import FrameModel
from trader_gui.models.indicator_kinds import BOLLINGER, VOLATILITY
from trader_gui.models.indicator_track import Indicator, IndicatorTrack
from trader_gui.models.series_lines import OrderLine, PositionLine, order_lines, position_line
from trader_gui.models.trader_view import StatusView

_FIRST_INTERVAL = "1m"


class SeriesChange(Flag):
    """What is different since the last `changed`.

    KLINES: closed klines and indicators. OPEN: the open kline. OVERLAY: position, orders, fills, or the second of the
    countdown. STATE: symbol, rules, the choice of indicators, or the state of loading.
    """

    KLINES = auto()
    OPEN = auto()
    OVERLAY = auto()
    STATE = auto()


class SeriesModel(FrameModel):
    """The series of one symbol and interval, brought up to date at most once a frame.

    Attributes:
        symbol, interval: "" before the first refresh.
        rules: Filters of the symbol; None before the first refresh.
        store: The closed klines.
        open_kline: The kline that is still open; None between two klines.
        tracks: The indicators over the closed klines, in the order of the legend.
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
        self.rules: SymbolRules | None = None
        self.store = KlineStore(_FIRST_INTERVAL)
        self.open_kline: Kline | None = None
        self.tracks: tuple[IndicatorTrack, ...] = ()
        self.position: PositionLine | None = None
        self.orders: tuple[OrderLine, ...] = ()
        self.fills: tuple[Fill, ...] = ()
        self.now_ms = 0
        self.loading = (0, 0)
        self._taken: KlineArrays | None = None
        self._seen_revision = 0
        self._overlay_key: tuple[int, ...] = ()
        self.set_indicators((Indicator(BOLLINGER), Indicator(VOLATILITY)))

    @property
    def grid(self) -> Grid:
        """Slots of the interval."""
        return self.store.grid

    @property
    def last_price(self) -> Decimal | None:
        """Close of the open kline, or of the last closed one right after it closed; None before the first."""
        if self.open_kline is not None:
            return self.open_kline.close
        if len(self.store) and self.rules is not None:
            close = self.store.row(Row.CLOSE, self.store.end - 1, self.store.end)[0]
            return self.rules.snap_price(Decimal(repr(float(close))))
        return None

    @property
    def last_x(self) -> int:
        """X of the newest kline, open or closed."""
        newest = self.store.end - 1
        return newest if self.open_kline is None else max(newest, self.grid.slot_of(self.open_kline.open_time_ms))

    @property
    def first_x(self) -> int:
        """X of the oldest kline that is loaded."""
        return self.store.first if len(self.store) else self.last_x

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The indicators as the user has them."""
        return tuple(track.indicator for track in self.tracks)

    def set_loading(self, done: int, total: int) -> None:
        """Tell how many klines have been read of those wanted, while the session starts."""
        if (done, total) != self.loading:
            self.loading = (done, total)
            self.changed.emit(SeriesChange.STATE)

    def set_indicators(self, indicators: Sequence[Indicator]) -> None:
        """Draw these indicators; what is computed already is kept where the indicator computes the same."""
        if tuple(indicators) == self.indicators:
            return
        spare = list(self.tracks)
        tracks = []
        for indicator in indicators:
            track = next((t for t in spare if t.computes_as(indicator)), None)
            if track is None:
                track = IndicatorTrack(indicator, self.store)
            else:
                spare.remove(track)
                track.indicator = indicator
            tracks.append(track)
        self.tracks = tuple(tracks)
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
            self._begin(callback.interval)
        self.symbol, self.interval, self.rules = state
        return SeriesChange.STATE

    def _begin(self, interval: str) -> None:
        """Begin with no klines."""
        self.store = KlineStore(interval)
        self.tracks = tuple(IndicatorTrack(indicator, self.store) for indicator in self.indicators)
        self.open_kline = None
        self._taken, self._seen_revision = None, 0
        self._overlay_key = ()

    def _take_klines(self, callback: Callback) -> SeriesChange:
        arrays = callback.klines.arrays()
        if arrays is not self._taken:
            self._taken = arrays
            self.store.merge(KlinePage.of_arrays(arrays))
        if self.store.revision == self._seen_revision:
            return SeriesChange(0)
        self._seen_revision = self.store.revision
        for first, end in self.store.take_changes():
            for track in self.tracks:
                track.invalidate(first, end)
        return SeriesChange.KLINES

    def _take_open(self, callback: Callback) -> SeriesChange:
        kline = callback.open_kline.kline
        if kline is not None and len(self.store) and self.grid.slot_of(kline.open_time_ms) < self.store.end:
            kline = None
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
