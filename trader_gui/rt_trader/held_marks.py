"""The mark prices of symbols that are held or ordered but not shown: what they are worth, and what margin they take."""

import asyncio

from trader_gui.callback import Callback
from trader_gui.domain.market import MarkPrice
from trader_gui.domain.step import MarketState, Route, SymbolStatus
from trader_gui.exchange.chart_feed import Market, mark_stream
from trader_gui.exchange.port import Deliver, StreamItem, StreamStatus
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import ShownStatus
from trader_gui.rt_trader.symbol_terms import SymbolTerms

MOST_SYMBOLS = 100
"""Of more symbols than this, the first by name; a socket takes 1024 streams, and a person looks at fewer."""

_PAUSE_NS = 1_000_000_000
"""Between two sockets, however fast positions come and go."""


class HeldMarks:
    """Keeps one socket for all of them; another set is another socket, and the former one ends when it is connected.

    Args:
        road: To the core.
        market: Where the data comes from.
        deliver: The session's queue.
        shown: The symbol that is shown, whose own socket tells its mark price.
        terms: Told of a symbol that is held from now on.

    Owner: `start` ties it to the session's TaskGroup; `stop` ends its socket.
    """

    def __init__(self, road: Road, market: Market, deliver: Deliver, shown: ShownStatus, terms: SymbolTerms) -> None:
        self._road = road
        self._market = market
        self._queue = deliver
        self._shown = shown
        self._terms = terms
        self._group: asyncio.TaskGroup | None = None
        self._symbols: tuple[str, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._former: list[asyncio.Task[None]] = []
        self._opened_ns = 0

    @property
    def _callback(self) -> Callback:
        return self._road.callback

    def start(self, group: asyncio.TaskGroup) -> None:
        """From now on, keep the socket as a task of `group`."""
        self._group = group

    def stop(self) -> None:
        """Close the socket."""
        self._group = None
        self._end()

    def renew(self) -> None:
        """Believe no connection of before: open a new one at the next look."""
        self._end()
        self._symbols, self._opened_ns = (), 0

    def check(self, now_ns: int) -> None:
        """Follow the symbols that are held now; cheap enough for every look at the clock."""
        wanted = tuple(sorted(in_play(self._callback) - {self._callback.symbol, self._shown.symbol}))[:MOST_SYMBOLS]
        if wanted == self._symbols or self._group is None or now_ns - self._opened_ns < _PAUSE_NS:
            return
        for symbol in set(self._symbols) - set(wanted) - {self._shown.symbol}:
            self._tell(symbol, MarketState.UNWATCHED)
        for symbol in set(wanted) - set(self._symbols):
            self._tell(symbol, MarketState.MARKS)
            self._terms.want(symbol)
        self._symbols, self._opened_ns = wanted, now_ns
        self._open(self._group)

    def _open(self, group: asyncio.TaskGroup) -> None:
        if self._task is not None:
            self._former.append(self._task)
            self._task = None
        if not self._symbols:
            self._end()
            return
        names = [mark_stream(symbol) for symbol in self._symbols]
        stream = self._market.stream(Route.MARKET, names, self._deliver)
        self._task = group.create_task(stream.run(), name="mark prices of held symbols")

    def _deliver(self, item: StreamItem, received_ns: int) -> None:
        if isinstance(item, StreamStatus) and item.is_connected:
            self._end_former()
        elif isinstance(item, MarkPrice):
            self._queue(item, received_ns)

    def _end_former(self) -> None:
        former, self._former = self._former, []
        for task in former:
            task.cancel()

    def _end(self) -> None:
        self._end_former()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _tell(self, symbol: str, state: MarketState) -> None:
        self._road.step(SymbolStatus(symbol, state, self._callback.now_ms))


def in_play(callback: Callback) -> set[str]:
    """Return the symbols with a position or an open order."""
    return {symbol for symbol, _ in callback.account.positions} | {o.symbol for o in callback.orders.open_orders()}
