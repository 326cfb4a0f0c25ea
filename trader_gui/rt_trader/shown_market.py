"""The market of what the window shows, beside the session's own: one socket a route, for chart and ticket alike."""

import asyncio
import time

from trader_gui.domain.market import AggTrade, BookTicker, DepthSnapshot, DepthUpdate, Kline, KlineHistory, MarkPrice
from trader_gui.domain.step import MarketState, Route, SymbolStatus
from trader_gui.exchange.chart_feed import Market, chart_streams
from trader_gui.exchange.port import Deliver, StreamItem, StreamStatus
from trader_gui.exchange.streams import MarketStream
from trader_gui.rt_trader.errands import Errands
from trader_gui.rt_trader.freshness import CONNECTED, ROUTE_OF, STALE_AFTER_NS
from trader_gui.rt_trader.held_marks import in_play
from trader_gui.rt_trader.pulse import Pulse
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import RouteStatus, ShownStatus
from trader_gui.rt_trader.symbol_terms import SymbolTerms

_ROUTES = (Route.MARKET, Route.PUBLIC)
_PRICES = frozenset({BookTicker, MarkPrice})
"""What has to be heard by a route's own connection: a book that moves does not say what the best prices have become."""

_OF_MARKET = frozenset({AggTrade, BookTicker, DepthSnapshot, DepthUpdate, Kline, KlineHistory, MarkPrice})


class _Line:
    """One socket's stream.

    Attributes:
        names: The streams it carries.
        former: The line that it replaces, kept until this one is connected; None for none.
        is_connected: As it told.
    """

    def __init__(self, names: tuple[str, ...], former: "_Line | None") -> None:
        self.names = names
        self.former = former
        self.is_connected = False
        self.stream: MarketStream | None = None
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """Close the socket, and that of the former line."""
        if self.task is not None:
            self.task.cancel()
        if self.former is not None:
            self.former.end()
            self.former = None

    @property
    def is_up(self) -> bool:
        """Whether it, or a line that it replaces, is connected."""
        return self.is_connected or (self.former is not None and self.former.is_up)

    def stands_for(self, line: "_Line") -> bool:
        """Tell whether it is this line, or replaces it."""
        return line is self or (self.former is not None and self.former.stands_for(line))

    @property
    def alive_ns(self) -> int:
        """Of the last sign of life of either line."""
        own = self.stream.life.alive_ns if self.stream is not None else 0
        return max(own, self.former.alive_ns if self.former is not None else 0)


class ShownMarket:
    """Watches the market of the symbol that the window shows, when it is not the session's own.

    Its prices go to the core, which lets orders by hand be opened by them while they are fresh; the chart hears of
    klines and mark prices from the same socket. A route is fresh by the rules of `Freshness`: connected, alive, and
    heard of as it should be; and its own price must have come since it connected. With another interval a new socket is
    opened first and the former one closed then.

    Args:
        road: To the core.
        market: Where the data comes from.
        deliver: The session's queue.
        status: Kept up to date here.
        terms: Told of a symbol that is shown from now on.
        errands: Runs the readings.
        own: The session's symbol and interval.
        with_book: Also depth and public trades.

    Owner: `start` ties it to the session's TaskGroup; `stop` ends its sockets.
    """

    def __init__(
        self,
        road: Road,
        market: Market,
        deliver: Deliver,
        status: ShownStatus,
        terms: SymbolTerms,
        errands: Errands,
        *,
        own: tuple[str, str],
        with_book: bool,
    ) -> None:
        self._road = road
        self._market = market
        self._queue = deliver
        self._status = status
        self._terms = terms
        self._errands = errands
        self._own = self._shown = own
        self._with_book = with_book
        self._group: asyncio.TaskGroup | None = None
        self._lines: dict[Route, _Line] = {}
        self._heard: set[Route] = set()
        self._pulse = Pulse()
        self._is_fresh = False
        self._followers: dict[object, tuple[str, str, Deliver]] = {}

    # ---- what others may do ----------------------------------------------------------------------------------------

    def start(self, group: asyncio.TaskGroup) -> None:
        """From now on, keep sockets as tasks of `group`."""
        self._group = group
        self._connect()
        self._want_terms()

    def stop(self) -> None:
        """Close all sockets."""
        self._group = None
        self._end_lines()

    def show(self, symbol: str, interval: str) -> None:
        """Watch another symbol, or klines of another interval; the session's own pair: watch nothing more."""
        former, self._shown = self._shown, (symbol, interval)
        if symbol != former[0]:
            self._leave(former[0])
            self._enter(symbol)
        self._connect()

    def feed(self, symbol: str, interval: str, deliver: Deliver) -> "ChartFeed":
        """Return a chart's share of what is watched, while that is this symbol and interval; not yet running."""
        return ChartFeed(self._followers, (symbol, interval, deliver))

    def takes(self, item: StreamItem) -> bool:
        """Tell whether an item is of another symbol's market than the session's."""
        return type(item) in _OF_MARKET and item.symbol != self._own[0]  # type: ignore[union-attr]  # all have it

    def take(self, item: StreamItem, received_ns: int) -> None:
        """Put an item of another symbol's market through the core."""
        route = ROUTE_OF.get(type(item))
        if route is not None and item.symbol == self._status.symbol:  # type: ignore[union-attr]
            if type(item) in _PRICES and received_ns >= self._status.routes[route].connected_since_ns:
                self._heard.add(route)
            self._note_received(route, received_ns)
        self._road.step(item)  # type: ignore[arg-type]  # `takes` has seen that it is a message
        self._look_for_gap()

    def check(self, now_ns: int) -> None:
        """Grey what has gone silent or shows no life."""
        if self._status.symbol:
            believed = [self._is_believed(route, now_ns) for route in _ROUTES]
            self._tell_fresh(all(believed))

    def renew(self) -> None:
        """Believe no connection of before: open new ones."""
        self._end_lines()
        self._forget()
        self._connect()

    # ---- one symbol after the other ----------------------------------------------------------------------------------

    def _leave(self, symbol: str) -> None:
        self._end_lines()
        self._forget()
        if symbol != self._own[0]:
            self._errands.drop(_last_price_of(symbol))
            self._errands.drop(_book_of(symbol))
            callback = self._road.callback
            state = MarketState.MARKS if symbol in in_play(callback) else MarketState.UNWATCHED
            self._road.step(SymbolStatus(symbol, state, callback.now_ms))

    def _enter(self, symbol: str) -> None:
        is_own = symbol == self._own[0]
        self._status.symbol = "" if is_own else symbol
        if not is_own:
            self._road.step(SymbolStatus(symbol, MarketState.STALE, self._road.callback.now_ms))
            self._want_terms()

    def _want_terms(self) -> None:
        symbol = self._status.symbol
        if not symbol:
            return
        self._errands.run(_last_price_of(symbol), lambda: self._read_last_price(symbol))
        self._terms.want(symbol)

    def _forget(self) -> None:
        """Know nothing of the routes any more."""
        self._heard.clear()
        self._pulse = Pulse()
        self._status.routes = {route: RouteStatus() for route in _ROUTES}
        self._tell_fresh(False)

    # ---- sockets -----------------------------------------------------------------------------------------------------

    def _names(self) -> dict[Route, tuple[str, ...]]:
        symbol, interval = self._shown
        if self._shown == self._own:
            return {}
        market = chart_streams(symbol, interval)
        if symbol == self._own[0]:
            return {Route.MARKET: market}
        name = symbol.lower()
        public: tuple[str, ...] = (f"{name}@bookTicker",)
        if self._with_book:
            market = (*market, f"{name}@aggTrade")
            public = (*public, f"{name}@depth@100ms")
        return {Route.MARKET: market, Route.PUBLIC: public}

    def _connect(self) -> None:
        names = self._names()
        for route in _ROUTES:
            former = self._lines.get(route)
            if route not in names:
                if former is not None:
                    self._lines.pop(route).end()
            elif self._group is not None and (former is None or former.names != names[route]):
                self._open(self._group, route, names[route], former)

    def _open(self, group: asyncio.TaskGroup, route: Route, names: tuple[str, ...], former: _Line | None) -> None:
        line = self._lines[route] = _Line(names, former)
        line.stream = self._market.stream(route, names, lambda item, ns: self._deliver(line, item, ns))
        line.task = group.create_task(line.stream.run(), name=f"shown {names[0]}")

    def _end_lines(self) -> None:
        for route in tuple(self._lines):
            self._lines.pop(route).end()

    def _deliver(self, line: _Line, item: StreamItem, received_ns: int) -> None:
        """Take an item from a socket: the chart hears of it at once, the core in its turn."""
        if isinstance(item, StreamStatus):
            self._on_status(line, item)
        if isinstance(item, Kline | MarkPrice | StreamStatus):
            self._tell_followers(item, received_ns)
        if self.takes(item):
            self._queue(item, received_ns)

    def _tell_followers(self, item: StreamItem, received_ns: int) -> None:
        for symbol, interval, deliver in tuple(self._followers.values()):
            if isinstance(item, StreamStatus):
                is_meant = item.route is Route.MARKET and (symbol, interval) == self._shown
            else:
                is_meant = item.symbol == symbol and getattr(item, "interval", interval) == interval  # type: ignore[union-attr]
            if is_meant:
                deliver(item, received_ns)

    def _on_status(self, line: _Line, told: StreamStatus) -> None:
        line.is_connected = told.is_connected
        current = self._lines.get(told.route)
        if current is None or not current.stands_for(line):
            return  # it has ended: it has no say any more
        if told.is_connected and line.former is not None:
            line.former.end()
            line.former = None
        is_connected = current.is_up
        route = self._status.routes[told.route]
        if is_connected is not route.is_connected:
            route.is_connected, route.connected_since_ns = is_connected, time.monotonic_ns()
            self._heard.discard(told.route)
            self._pulse.pause()
        route.detail = CONNECTED if is_connected else told.detail
        if not is_connected:
            route.is_fresh = False
            self._tell_fresh(False)
        elif told.route is Route.PUBLIC and self._status.symbol:
            self._look_for_gap()

    # ---- freshness ---------------------------------------------------------------------------------------------------

    def _note_received(self, route: Route, received_ns: int) -> None:
        status = self._status.routes[route]
        status.last_received_ns = received_ns
        if route is Route.PUBLIC:
            self._pulse.note(received_ns)
        if not self._is_fresh:
            self.check(time.monotonic_ns())

    def _is_believed(self, route: Route, now_ns: int) -> bool:
        status, line = self._status.routes[route], self._lines.get(route)
        if line is not None:
            status.alive_ns = line.alive_ns
        longest_ns = STALE_AFTER_NS
        if route is Route.PUBLIC:
            longest_ns = self._pulse.longest_usual_ns(STALE_AFTER_NS)
        is_alive = status.is_connected and now_ns - status.alive_ns <= STALE_AFTER_NS
        status.is_fresh = is_alive and route in self._heard and now_ns - status.last_received_ns <= longest_ns
        return status.is_fresh

    def _tell_fresh(self, is_fresh: bool) -> None:
        """Tell the core, when it is news."""
        if is_fresh is self._is_fresh:
            return
        self._is_fresh = is_fresh
        state = MarketState.FRESH if is_fresh else MarketState.STALE
        if self._status.symbol:
            self._road.step(SymbolStatus(self._status.symbol, state, self._road.callback.now_ms))

    # ---- readings ----------------------------------------------------------------------------------------------------

    def _look_for_gap(self) -> None:
        """Have the book read when it says that it needs it."""
        symbol = self._status.symbol
        market = self._road.callback.markets.of(symbol)
        if self._with_book and market is not None and market.order_book.resync_wanted:
            self._errands.run(_book_of(symbol), lambda: self._read_book(symbol))

    async def _read_book(self, symbol: str) -> None:
        self._queue(await self._market.reader.depth(symbol), time.monotonic_ns())

    async def _read_last_price(self, symbol: str) -> None:
        """Read the newest kline: a symbol that nobody trades just now has a last price all the same."""
        klines = await self._market.reader.klines(symbol, "1m", limit=1)
        self._queue(KlineHistory(symbol, "1m", klines), time.monotonic_ns())


class ChartFeed:
    """A chart's share of the shown market; what is not watched is not delivered.

    Owner: the chart's source runs `run`; cancelling it ends the deliveries.
    """

    def __init__(self, followers: dict[object, tuple[str, str, Deliver]], wanted: tuple[str, str, Deliver]) -> None:
        self._followers = followers
        self._wanted = wanted

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._followers[self] = self._wanted
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            del self._followers[self]


def _last_price_of(symbol: str) -> str:
    return f"the last price of {symbol}"


def _book_of(symbol: str) -> str:
    return f"the book of {symbol}"
