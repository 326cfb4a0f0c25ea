"""What each stream of a symbol sends, and when: throttled by the market clock as the venue throttles by its own."""

from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.feed import AggTrade, DiffStream, SymbolFeed
from trader_gui.simulated_exchange.klines import KlineBuild
from trader_gui.simulated_exchange.streams import Hub

KLINE_MS = 250
DIFF_SPEEDS_MS = {"depth": 250, "depth@100ms": 100, "depth@500ms": 500}
PARTIAL_DEPTHS = (5, 10, 20)
TICKER_MS = 2000
MARK_SPEEDS_MS = {"markPrice": 3000, "markPrice@1s": 1000}


class SymbolBroadcast:
    """Publishes one symbol's streams.

    `every_tick` (speed `max`): each tick gives a kline frame, whatever its distance from the one before.
    """

    def __init__(self, feed: SymbolFeed, hub: Hub, *, every_tick: bool) -> None:
        self.feed = feed
        self._hub = hub
        self._every_tick = every_tick
        prefix = feed.symbol.lower() + "@"
        self._prefix = prefix
        self._kline_streams = [(name, f"{prefix}kline_{name}") for name in feed.klines.intervals]
        self._diff_streams = {prefix + name: speed for name, speed in DIFF_SPEEDS_MS.items()}
        self._partial_streams = {
            prefix + name.replace("depth", f"depth{depth}"): (depth, speed)
            for depth in PARTIAL_DEPTHS
            for name, speed in DIFF_SPEEDS_MS.items()
        }
        self._book_streams = {prefix + "bookTicker", *self._diff_streams, *self._partial_streams}
        self._sent_ms: dict[str, int] = {}
        self._sent_klines: dict[str, tuple[int, int]] = {}
        self._sent_top: object = None
        self._heard: set[str] = set()

    def on_change(self, stream: str) -> None:
        """Note that a stream got its first listener or lost its last."""
        if not self._hub.is_heard(stream):
            self._heard.discard(stream)
            self.feed.book.drop_stream(stream)
            return
        self._heard.add(stream)
        if stream in self._diff_streams:
            self.feed.book.stream(stream)

    def owns(self, stream: str) -> bool:
        """Return whether a stream is one of this symbol's."""
        return stream.startswith(self._prefix)

    @property
    def wants_book(self) -> bool:
        """Whether anybody listens to a stream that shows the book."""
        return not self._heard.isdisjoint(self._book_streams)

    def publish(self, agg_trades: list[AggTrade], time_ms: int) -> None:
        """Publish what is due after a tick, the book image being fresh when `wants_book`."""
        if not self._heard:
            return
        stream = self._prefix + "aggTrade"
        if stream in self._heard:
            for trade in agg_trades:
                self._hub.publish(stream, wire.agg_trade_frame(self.feed.symbol, trade, time_ms))
        self._publish_book(time_ms)
        self._publish_klines(time_ms)
        self._publish_statistics(time_ms)

    def publish_own(self, agg_trades: list[AggTrade], time_ms: int) -> None:
        """Publish trades and book changes that the account's own orders made between ticks."""
        stream = self._prefix + "aggTrade"
        for trade in agg_trades:
            self._hub.publish(stream, wire.agg_trade_frame(self.feed.symbol, trade, time_ms))
        self._publish_book(time_ms)

    def publish_closed(self, closed: list[tuple[str, KlineBuild]], time_ms: int) -> None:
        """Publish the last frame of klines that closed."""
        for interval, kline in closed:
            stream = f"{self._prefix}kline_{interval}"
            if stream in self._heard:
                frame = wire.kline_frame(self.feed.symbol, interval, kline, is_closed=True, time_ms=time_ms)
                self._hub.publish(stream, frame)

    def _is_due(self, stream: str, time_ms: int, spacing_ms: int) -> bool:
        return stream in self._heard and time_ms - self._sent_ms.get(stream, -spacing_ms) >= spacing_ms

    def _publish_klines(self, time_ms: int) -> None:
        for interval, stream in self._kline_streams:
            if stream not in self._heard:
                continue
            if not self._every_tick and not self._is_due(stream, time_ms, KLINE_MS):
                continue
            kline = self.feed.klines.open_kline(interval)
            state = (kline.open_time_ms, kline.last_trade_id)
            if kline.last_trade_id >= 0 and (self._every_tick or self._sent_klines.get(stream) != state):
                self._sent_klines[stream] = state
                self._sent_ms[stream] = time_ms
                frame = wire.kline_frame(self.feed.symbol, interval, kline, is_closed=False, time_ms=time_ms)
                self._hub.publish(stream, frame)

    def _publish_book(self, time_ms: int) -> None:
        if not self.wants_book:
            return
        book = self.feed.book
        stream = self._prefix + "bookTicker"
        if stream in self._heard and book.bids and book.asks:
            top = (book.bids[0], book.asks[0])
            if top != self._sent_top:
                self._sent_top = top
                self._hub.publish(stream, wire.book_ticker_frame(self.feed, time_ms))
        for stream, speed in self._diff_streams.items():
            if self._is_due(stream, time_ms, speed):
                self._publish_diff(stream, book.stream(stream), time_ms)
        for stream, (depth, speed) in self._partial_streams.items():
            if self._is_due(stream, time_ms, speed):
                self._sent_ms[stream] = time_ms
                ids = (book.update_id, book.update_id, book.update_id - 1)
                sides = (book.bids[:depth], book.asks[:depth])
                self._hub.publish(stream, wire.depth_frame(self.feed.symbol, ids, sides, time_ms))

    def _publish_diff(self, stream: str, diff: DiffStream, time_ms: int) -> None:
        taken = diff.take()
        if taken is not None:
            self._sent_ms[stream] = time_ms
            self._hub.publish(stream, wire.depth_frame(self.feed.symbol, *taken, time_ms))

    def _publish_statistics(self, time_ms: int) -> None:
        for name, speed in MARK_SPEEDS_MS.items():
            stream = self._prefix + name
            # Whole seconds of market time, as the venue sends them.
            if stream in self._heard and time_ms // speed != self._sent_ms.get(stream, -1) // speed:
                self._sent_ms[stream] = time_ms
                self._hub.publish(stream, wire.mark_price_frame(self.feed, time_ms))
        for name, make in (("ticker", wire.ticker_frame), ("miniTicker", wire.mini_ticker_frame)):
            stream = self._prefix + name
            if self._is_due(stream, time_ms, TICKER_MS):
                self._sent_ms[stream] = time_ms
                self._hub.publish(stream, make(self.feed, time_ms))
