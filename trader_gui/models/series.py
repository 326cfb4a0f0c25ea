"""SeriesModel: what the kline chart draws: closed klines, indicators over them, the open kline, own lines and fills.

Horizontal positions are `x`: slots of the interval's grid, whole where a kline opens. A kline's x never changes,
whatever is loaded before it or after it, so a chart that is panned by hand stands still while klines come and go.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Flag, auto

from PySide6.QtCore import QObject, Signal

from trader_gui.callback import Callback
from trader_gui.collectors.kline import KlineArrays, KlineCollector
from trader_gui.domain.market import DayTicker, FundingRate, Kline, MarkPrice
from trader_gui.domain.order import Fill, Origin, Purpose
from trader_gui.domain.symbol import SymbolRules
from trader_gui.kline_history.chart_history import ChartHistory
from trader_gui.kline_history.grid import Grid
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.source import KlineSource, SourceState
from trader_gui.kline_history.store import KlinePage, KlineStore
from trader_gui.models.frame import FrameModel
from trader_gui.models.indicator_kinds import BOLLINGER, VOLATILITY
from trader_gui.models.indicator_track import Indicator, IndicatorTrack
from trader_gui.models.line_moves import Quotes, read_quotes
from trader_gui.models.series_lines import OrderLine, PositionLine, order_lines, position_lines
from trader_gui.models.story import Story
from trader_gui.models.symbol_picks import SymbolPicks
from trader_gui.models.ticket_money import terms_of
from trader_gui.models.trader_view import StatusView

_FIRST_INTERVAL = "1m"


class SeriesChange(Flag):
    """What is different since the last `changed`.

    KLINES: closed klines and indicators. OPEN: the open kline. OVERLAY: position, orders, fills, or the second of the
    countdown. STATE: symbol, interval, rules, the choice of indicators, or the state of loading.
    """

    KLINES = auto()
    OPEN = auto()
    OVERLAY = auto()
    STATE = auto()


class SeriesModel(FrameModel):
    """The series that the chart shows, brought up to date at most once a frame.

    It is the session's own until another symbol or interval is chosen; the session goes on with its own all the same.

    Attributes:
        symbol, interval: "" before the first refresh.
        is_own: The series is the one that the session trades by.
        rules: Filters of the symbol; None while they are not known.
        store: The closed klines.
        source: How far they reach back, and what is being loaded.
        open_kline: The kline that is still open; None between two klines.
        mark: Mark and index price of the symbol; None before the first.
        funding: The last fundings that were paid, oldest first.
        tracks: The indicators over the closed klines, in the order of the legend.
        positions: Lines of the position, in hedge mode of its legs; () when flat or unknown.
        orders: Lines of the open orders that have a price.
        fills: Own executions of the symbol, oldest first.
        story: Why orders were sent, and which entries were not made.
        origin_of: Tells who made an order of a client order id, and for what.
        quotes: The market that orders from this chart meet; for a moment after a choice that of the former symbol.
        is_engine_symbol: The chart is of the symbol that the engine trades.
        now_ms: Venue time of the newest message.
        loading: (klines read, klines wanted) of the session's start; (0, 0) while not told.
        picks: The symbols to go to, in the order in which they are offered.

    Signals:
        changed: Carries a `SeriesChange`.
        chosen: Another symbol or interval was chosen.
        indicators_changed: Other indicators, or other parameters or looks of them.
    """

    changed = Signal(object)
    chosen = Signal()
    indicators_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.symbol = ""
        self.interval = ""
        self.is_own = True
        self.is_engine_symbol = True
        self.rules: SymbolRules | None = None
        self.store = KlineStore(_FIRST_INTERVAL)
        self.source = SourceState()
        self.open_kline: Kline | None = None
        self.mark: MarkPrice | None = None
        self.funding: tuple[FundingRate, ...] = ()
        self.tracks: tuple[IndicatorTrack, ...] = ()
        self.positions: tuple[PositionLine, ...] = ()
        self.orders: tuple[OrderLine, ...] = ()
        self.fills: tuple[Fill, ...] = ()
        self.story = Story()
        self.origin_of: Callable[[str], tuple[Origin, Purpose | None]] = lambda _: (Origin.OTHER, None)
        self.quotes = Quotes("")
        self.now_ms = 0
        self.loading = (0, 0)
        self.picks = SymbolPicks()
        self._choice: tuple[str, str] | None = None
        self._history: ChartHistory | None = None
        self._source: KlineSource | None = None
        self._taken: KlineArrays | None = None
        self._seen_revision = 0
        self._overlay_key: tuple[object, ...] = ()
        self._taker_fraction: Decimal | None = None
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
        self.indicators_changed.emit()

    def kline_at(self, x: int) -> tuple[float, ...] | None:
        """Return the kline at x, open or closed, in the order of `Row`; None where there is none."""
        if self.store.holds(x):
            return tuple(self.store.rows(x, x + 1)[:, 0].tolist())
        o = self.open_kline
        if o is None or x != self.last_x:
            return None
        return float(o.high), float(o.low), float(o.volume), float(o.open), float(o.close)

    # ---- symbol and interval, and what is older ---------------------------------------------------------------------

    def set_history(self, history: ChartHistory) -> None:
        """From now on klines of any symbol and interval can be had, as far back as the venue has them."""
        self._history = history

    @property
    def symbols(self) -> Mapping[str, SymbolRules]:
        """All symbols of the venue; empty until they have been read, which asking for them begins."""
        if self._history is None:
            return {}
        self._history.want_rules()
        return self._history.rules

    @property
    def tickers(self) -> Mapping[str, DayTicker]:
        """Last price and change of every symbol, some seconds old at most while they are asked for."""
        if self._history is None:
            return {}
        self._history.want_tickers()
        return self._history.tickers

    @property
    def choice(self) -> tuple[str, str] | None:
        """The symbol and interval that were chosen; None for the session's own."""
        return self._choice

    def choose(self, symbol: str, interval: str) -> None:
        """Show another symbol or interval from the next refresh on; the session is not touched."""
        if (symbol, interval) != self._choice:
            self._choice = (symbol, interval)
            self.chosen.emit()

    def show(self, symbol: str) -> None:
        """Show another symbol, in the interval of now."""
        self.choose(symbol, self._choice[1] if self._choice is not None else self.interval or _FIRST_INTERVAL)

    def want(self, slot: int) -> None:
        """Somebody looks at klines from a slot on: those that are missing are loaded."""
        if self._source is not None:
            self._source.want(slot)

    # ---- once a frame ------------------------------------------------------------------------------------------------

    def refresh(self, callback: Callback, status: StatusView | None = None, now_ns: int = 0) -> None:
        """Bring the series up to date; emits `changed` once, with all that differs, or not at all."""
        self.quotes = read_quotes(callback, status)
        self.origin_of = callback.orders.origin_of
        change = self._take_state(callback)
        commission = terms_of(callback, status, self.symbol)[0] if status is not None else None
        self._taker_fraction = commission.taker_fraction if commission is not None else None
        change |= self._take_klines(callback)
        change |= self._take_open(callback)
        change |= self._take_overlay(callback, bool(change & SeriesChange.KLINES))
        if change:
            self.changed.emit(change)

    def _take_state(self, callback: Callback) -> SeriesChange:
        own = (callback.symbol, callback.interval)
        wanted = own if self._choice is None or self._history is None else self._choice
        change = SeriesChange(0)
        self.is_engine_symbol = wanted[0] == callback.symbol
        if wanted != (self.symbol, self.interval):
            self._begin(*wanted, is_own=wanted == own)
            change = SeriesChange.STATE | SeriesChange.KLINES
        is_known = self.symbol == callback.symbol or self._history is None
        rules = callback.rules if is_known else self._history.rules.get(self.symbol)  # type: ignore[union-attr]
        source = self._source.state if self._source is not None else self.source
        funding = self._source.funding if self._source is not None else ()
        if (rules, source) != (self.rules, self.source) or funding is not self.funding:
            self.rules, self.source, self.funding = rules, source, funding
            change |= SeriesChange.STATE
        return change

    def _begin(self, symbol: str, interval: str, *, is_own: bool) -> None:
        """Begin with no klines."""
        self.symbol, self.interval, self.is_own = symbol, interval, is_own
        if self._history is not None:
            self._source = self._history.open(symbol, interval, is_followed=not is_own)
            self.store = self._source.store
        else:
            self.store = KlineStore(interval)
        self.tracks = tuple(IndicatorTrack(indicator, self.store) for indicator in self.indicators)
        self.open_kline = self.mark = self._taken = None
        self._seen_revision = 0
        self._overlay_key = ()

    def _take_klines(self, callback: Callback) -> SeriesChange:
        if self.is_own:
            self._take_own(callback.klines)
        if self.store.revision == self._seen_revision:
            return SeriesChange(0)
        self._seen_revision = self.store.revision
        for first, end in self.store.take_changes():
            for track in self.tracks:
                track.invalidate(first, end)
        return SeriesChange.KLINES

    def _take_own(self, klines: KlineCollector) -> None:
        arrays = klines.arrays()
        if arrays is self._taken:
            return
        self._taken = arrays
        page = KlinePage.of_arrays(arrays)
        if self._source is not None:
            self._source.merge(page)
        else:
            self.store.merge(page)
        self.store.mark_repaired(klines.repaired)

    def _take_open(self, callback: Callback) -> SeriesChange:
        followed = self._source.open_kline if self._source is not None else None
        kline = callback.open_kline.kline if self.is_own else followed
        if kline is not None and len(self.store) and self.grid.slot_of(kline.open_time_ms) < self.store.end:
            kline = None
        if kline is self.open_kline:
            return SeriesChange(0)
        self.open_kline = kline
        return SeriesChange.OPEN

    def _take_overlay(self, callback: Callback, has_new_klines: bool) -> SeriesChange:
        self.now_ms = callback.now_ms
        if self.open_kline is not None:
            self.now_ms = max(self.now_ms, self.open_kline.event_time_ms)
        followed = self._source.mark if self._source is not None else None
        self.mark = callback.mark_price.mark if self.symbol == callback.symbol else followed
        if self._source is not None and self.mark is not None:
            self._source.note_mark(self.mark)
        orders, account = callback.orders.revision, callback.account.revision
        key = (orders, account, self.mark, self.now_ms // 1000, self.story.revision)
        if key == self._overlay_key and not has_new_klines:
            return SeriesChange(0)
        if key[:1] != self._overlay_key[:1]:
            fills = (f for f in callback.orders.fills if f.symbol == self.symbol)
            self.fills = tuple(sorted(fills, key=lambda fill: fill.trade_time_ms))  # one may be told late
        self._overlay_key = key
        self.positions = position_lines(
            callback, self.symbol, self.fills, self.mark, self._taker_fraction, self.funding
        )
        self.orders = order_lines(callback.orders.open_orders(self.symbol), self.positions)
        return SeriesChange.OVERLAY
