"""What each stream of a symbol sends, and when: throttled by the market clock as the venue throttles by its own.

Only what somebody hears costs anything: the plan of what is due is made anew whenever a stream gains its first or loses
its last listener, and the book is looked at only when a frame of it is due.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from trader_gui.simulated_exchange import wire_stream
from trader_gui.simulated_exchange.book_image import BookImage
from trader_gui.simulated_exchange.feed import AggTrade, SymbolFeed
from trader_gui.simulated_exchange.klines import KlineBuild
from trader_gui.simulated_exchange.records import PriceLevel
from trader_gui.simulated_exchange.stream_names import DIFF_SPEEDS_MS, PARTIAL_SPEEDS_MS, RPI_KIND
from trader_gui.simulated_exchange.streams import Hub

KLINE_MS = 250
RPI_MS = 500
TICKER_MS = 2000
MARK_SPEEDS_MS = {"markPrice": 3000, "markPrice@1s": 1000}

BookLook: TypeAlias = Callable[[], tuple[Sequence[PriceLevel], Sequence[PriceLevel]]]
TopLook: TypeAlias = Callable[[], tuple[PriceLevel | None, PriceLevel | None]]


class BookLooks(NamedTuple):
    """Ways to look at the public book as it is now.

    Attributes:
        whole: Returns (bids, asks), best first.
        with_rpi: The same with own RPI orders in it.
        top: Returns the best bid and the best ask, None for an empty side.
    """

    whole: BookLook
    with_rpi: BookLook
    top: TopLook


class SymbolBroadcast:
    """Publishes one symbol's streams.

    `every_tick` (speed `max`): each tick gives a kline frame, whatever its distance from the one before.

    Attributes:
        feed: What is published.
        is_heard: Whether anybody listens to a stream of this symbol.
    """

    def __init__(self, feed: SymbolFeed, hub: Hub, looks: BookLooks, *, every_tick: bool) -> None:
        """Publish `feed` through `hub`, looking at the book by `looks`."""
        self.feed = feed
        self.is_heard = False
        self._hub = hub
        self._looks = looks
        self._every_tick = every_tick
        lower = feed.symbol.lower()
        prefix = lower + "@"
        self._trade_stream, self._ticker_stream = prefix + "aggTrade", prefix + "bookTicker"
        self._kline_streams = {f"{prefix}kline_{name}": name for name in feed.klines.intervals}
        self._continuous_streams = {f"{lower}_perpetual@continuousKline_{name}": name for name in feed.klines.intervals}
        self._rpi_stream = prefix + RPI_KIND
        self._diff_streams = {prefix + name: speed for name, speed in DIFF_SPEEDS_MS.items()}
        self._partial_streams = {prefix + name: speed for name, speed in PARTIAL_SPEEDS_MS.items()}
        self._mark_streams = {prefix + name: speed for name, speed in MARK_SPEEDS_MS.items()}
        self._day_streams = {
            prefix + "ticker": wire_stream.ticker_frame,
            prefix + "miniTicker": wire_stream.mini_ticker_frame,
        }
        self._sent_ms: dict[str, int] = {}
        self._sent_klines: dict[str, tuple[int, int]] = {}
        self._sent_top: object = None
        self._heard: set[str] = set()
        self._plan()

    def _plan(self) -> None:
        """Note what the heard streams ask for at every tick."""
        heard = self._heard
        self.is_heard = bool(heard)
        self._hears_trades = self._trade_stream in heard
        self._hears_top = self._ticker_stream in heard
        self._hears_rpi = self._rpi_stream in heard
        self._klines = [(name, stream) for stream, name in self._kline_streams.items() if stream in heard]
        self._continuous = [(name, stream) for stream, name in self._continuous_streams.items() if stream in heard]
        self._diffs = [pair for pair in self._diff_streams.items() if pair[0] in heard]
        self._partials = [(stream, *pair) for stream, pair in self._partial_streams.items() if stream in heard]
        self._marks = [pair for pair in self._mark_streams.items() if pair[0] in heard]
        self._hears_book = bool(self._hears_top or self._hears_rpi or self._diffs or self._partials)
        self._days = [pair for pair in self._day_streams.items() if pair[0] in heard]

    def on_change(self, stream: str) -> None:
        """Note that a stream got a listener or lost one."""
        if self._hub.is_heard(stream):
            self._heard.add(stream)
            if stream in self._diff_streams:
                self.feed.book.stream(stream)
            elif stream == self._rpi_stream:
                self.feed.rpi_book.stream(stream)
        else:
            self._heard.discard(stream)
            self.feed.book.drop_stream(stream)
            self.feed.rpi_book.drop_stream(stream)
        self._plan()

    # ---- after a tick ------------------------------------------------------------------------------------------------

    def publish(self, agg_trades: list[AggTrade], time_ms: int) -> None:
        """Publish what is due after a tick."""
        if self._hears_trades:
            self._publish_trades(agg_trades, time_ms)
        if self._hears_book:
            self._publish_book(time_ms)
        if self._klines:
            self._publish_klines(time_ms)
        if self._continuous:
            self._publish_continuous(time_ms)
        if self._marks or self._days:
            self._publish_statistics(time_ms)

    def publish_own(self, agg_trades: list[AggTrade], time_ms: int) -> None:
        """Publish trades and book changes that the account's own orders made between ticks."""
        if self._hears_trades:
            self._publish_trades(agg_trades, time_ms)
        if self._hears_book:
            self._publish_book(time_ms)

    def publish_closed(self, closed: list[tuple[str, KlineBuild]], time_ms: int) -> None:
        """Publish the last frame of klines that closed."""
        if not (self._klines or self._continuous):
            return
        finished = dict(closed)
        symbol, update_id = self.feed.symbol, self.feed.book.update_id
        for interval, stream in self._klines:
            kline = finished.get(interval)
            if kline is not None:
                frame = wire_stream.kline_frame(symbol, interval, kline, is_closed=True, time_ms=time_ms)
                self._hub.publish(stream, frame)
        for interval, stream in self._continuous:
            kline = finished.get(interval)
            if kline is not None:
                last = wire_stream.continuous_frame(symbol, interval, kline, update_id, is_closed=True, time_ms=time_ms)
                self._hub.publish(stream, last)

    def _publish_trades(self, agg_trades: list[AggTrade], time_ms: int) -> None:
        for trade in agg_trades:
            self._hub.publish(self._trade_stream, wire_stream.agg_trade_frame(self.feed.symbol, trade, time_ms))

    def _is_due(self, stream: str, time_ms: int, spacing_ms: int) -> bool:
        return time_ms - self._sent_ms.get(stream, -spacing_ms) >= spacing_ms

    def _open_klines(self, streams: list[tuple[str, str]], time_ms: int) -> list[tuple[str, str, KlineBuild]]:
        """Return (interval, stream, open kline) of the streams that are due and have news, and note them as sent."""
        due = []
        for interval, stream in streams:
            if not self._every_tick and not self._is_due(stream, time_ms, KLINE_MS):
                continue
            kline = self.feed.klines.open_kline(interval)
            state = (kline.open_time_ms, kline.last_trade_id)
            if kline.last_trade_id >= 0 and (self._every_tick or self._sent_klines.get(stream) != state):
                self._sent_klines[stream] = state
                self._sent_ms[stream] = time_ms
                due.append((interval, stream, kline))
        return due

    def _publish_klines(self, time_ms: int) -> None:
        for interval, stream, kline in self._open_klines(self._klines, time_ms):
            frame = wire_stream.kline_frame(self.feed.symbol, interval, kline, is_closed=False, time_ms=time_ms)
            self._hub.publish(stream, frame)

    def _publish_continuous(self, time_ms: int) -> None:
        update_id = self.feed.book.update_id
        for interval, stream, kline in self._open_klines(self._continuous, time_ms):
            frame = wire_stream.continuous_frame(
                self.feed.symbol, interval, kline, update_id, is_closed=False, time_ms=time_ms
            )
            self._hub.publish(stream, frame)

    def _publish_book(self, time_ms: int) -> None:
        book = self.feed.book
        diffs = [stream for stream, spacing in self._diffs if self._is_due(stream, time_ms, spacing)]
        partials = [pair for pair in self._partials if self._is_due(pair[0], time_ms, pair[2])]
        if diffs or partials:
            book.refresh(*self._looks.whole())
        if self._hears_top:
            self._publish_top(time_ms, is_fresh=bool(diffs or partials))
        for stream in diffs:
            self._publish_diff(stream, book, time_ms)
        if self._hears_rpi and self._is_due(self._rpi_stream, time_ms, RPI_MS):
            self.feed.rpi_book.refresh(*self._looks.with_rpi())
            self._publish_diff(self._rpi_stream, self.feed.rpi_book, time_ms)
        for stream, depth, _ in partials:
            self._sent_ms[stream] = time_ms
            ids = (book.update_id, book.update_id, book.update_id - 1)
            sides = (book.bids[:depth], book.asks[:depth])
            self._hub.publish(stream, wire_stream.depth_frame(self.feed.symbol, ids, sides, time_ms))

    def _publish_diff(self, stream: str, book: BookImage, time_ms: int) -> None:
        taken = book.stream(stream).take()
        if taken is not None:
            self._sent_ms[stream] = time_ms
            self._hub.publish(stream, wire_stream.depth_frame(self.feed.symbol, *taken, time_ms))

    def _publish_top(self, time_ms: int, *, is_fresh: bool) -> None:
        """Publish the touch if it differs from the one sent last; the whole book is looked at only then."""
        top = self._looks.top()
        if top == self._sent_top or top[0] is None or top[1] is None:
            return
        self._sent_top = top
        if not is_fresh:
            self.feed.book.refresh(*self._looks.whole())
        self._hub.publish(self._ticker_stream, wire_stream.book_ticker_frame(self.feed, time_ms))

    def _publish_statistics(self, time_ms: int) -> None:
        for stream, spacing in self._marks:
            # Whole seconds of market time, as the venue sends them.
            if time_ms // spacing != self._sent_ms.get(stream, -1) // spacing:
                self._sent_ms[stream] = time_ms
                self._hub.publish(stream, wire_stream.mark_price_frame(self.feed, time_ms))
        for stream, make in self._days:
            if self._is_due(stream, time_ms, TICKER_MS):
                self._sent_ms[stream] = time_ms
                self._hub.publish(stream, make(self.feed, time_ms))
