"""The venue as one object: the core (orders, account), each symbol's public feed, and who is told what.

Holds no socket and no clock of its own: the exchange moves the market, requests and sockets come from outside.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.broadcast import SymbolBroadcast
from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.feed import AggTrade, SymbolFeed
from trader_gui.simulated_exchange.options import Market
from trader_gui.simulated_exchange.records import BookChange, MarketTick, SymbolSpec, VenueEvent, VenueRefusal
from trader_gui.simulated_exchange.streams import Hub
from trader_gui.simulated_exchange.wire_user import user_events

BOOK_LEVELS = 1000
LISTEN_KEY_MS = 3_600_000


class ListenKey:
    """The account's one listenKey, by the request clock.

    Attributes:
        value: The key, None while there is none.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._ends_ms = 0
        self.value: str | None = None

    def open(self) -> str:
        """Return the active key, made if need be, good for another hour."""
        if self.value is None:
            self.value = secrets.token_hex(32)
        self._ends_ms = self._now_ms() + LISTEN_KEY_MS
        return self.value

    def renew(self) -> str:
        """Return the active key, good for another hour; refuse (-1125) when there is none."""
        if self.value is None:
            raise VenueRefusal(-1125, "This listenKey does not exist.")
        return self.open()

    def close(self) -> None:
        """Kill the key."""
        self.value = None

    @property
    def is_overdue(self) -> bool:
        """Whether the key's hour is over."""
        return self.value is not None and self._now_ms() >= self._ends_ms


class Venue:
    """All state behind the wire.

    Attributes:
        core: Orders and account.
        feeds: Public data by symbol.
        listen_key: Of the user stream.
        market_ms: Market clock: the time of the last tick or kline close that was played.
        is_paced: Speed `max`: rate limits are off.
    """

    def __init__(
        self,
        specs: Mapping[str, SymbolSpec],
        markets: Sequence[Market],
        *,
        wallet_balance: Decimal,
        is_paced: bool,
        request_ms: Callable[[], int],
    ) -> None:
        self.core = VenueCore(
            {market.symbol: specs[market.symbol] for market in markets}, wallet_balance=wallet_balance
        )
        self.feeds = {
            market.symbol: SymbolFeed(specs[market.symbol], market.history(), is_recorded=market.is_recorded)
            for market in markets
        }
        self.hub = Hub(self._on_stream_change)
        self.listen_key = ListenKey(request_ms)
        self.request_ms = request_ms
        self.is_paced = is_paced
        self.market_ms = min(market.start_time_ms for market in markets) - 1
        self._broadcasts = {
            symbol: SymbolBroadcast(feed, self.hub, every_tick=is_paced) for symbol, feed in self.feeds.items()
        }
        self._fresh_trades: dict[str, list[AggTrade]] = {}
        for market in markets:
            first = next(market.ticks(), None)
            if first is not None:  # a mirrored market shows nothing, and is closed, until its first frame
                self._prime(first)

    def _prime(self, first: MarketTick) -> None:
        """Show a book and a mark price before the first tick: what it will bring, without its trades."""
        tick = msgspec.structs.replace(first, time_ms=self.market_ms, prints=())
        self.feeds[tick.symbol].on_tick(tick)
        self.core.on_tick(tick)

    def feed(self, symbol: str) -> SymbolFeed:
        """Return a symbol's feed; refuse (-1121) an unknown symbol."""
        feed = self.feeds.get(symbol)
        if feed is None:
            raise VenueRefusal(-1121, "Invalid symbol.")
        return feed

    def refresh_book(self, symbol: str) -> SymbolFeed:
        """Bring the symbol's public book image up to date and return its feed."""
        feed = self.feed(symbol)
        feed.book.refresh(*self.core.book(symbol, BOOK_LEVELS))
        return feed

    def _on_stream_change(self, stream: str) -> None:
        for broadcast in self._broadcasts.values():
            if broadcast.owns(stream):
                broadcast.on_change(stream)

    # ---- the market moves --------------------------------------------------------------------------------------------

    def take_ticks(self, ticks: Iterable[MarketTick], time_ms: int) -> None:
        """Take in all ticks of one instant and push what they do to the account; market frames come by `publish`."""
        self.market_ms = time_ms
        for tick in ticks:
            feed = self.feeds[tick.symbol]
            fresh = feed.on_tick(tick)
            events = self.core.on_tick(tick)
            for event in events:
                if isinstance(event, BookChange):
                    fresh.extend(feed.on_own_prints(event.prints, time_ms))
            self._fresh_trades[tick.symbol] = fresh
            if events:
                self._push_user_events(events)

    def publish(self) -> None:
        """Push the market frames that are due after `take_ticks`, and those of klines that close at this instant."""
        for symbol, fresh in self._fresh_trades.items():
            broadcast = self._broadcasts[symbol]
            if broadcast.wants_book:
                self.refresh_book(symbol)
            broadcast.publish(fresh, self.market_ms)
        self._fresh_trades.clear()
        self.close_klines(self.market_ms)

    def next_close_ms(self) -> int:
        """Return when the next kline closes."""
        return min(feed.klines.close_time_ms for feed in self.feeds.values())

    def close_klines(self, time_ms: int) -> None:
        """Close the klines that end at `time_ms` and push their last frames; moves the market clock there."""
        self.market_ms = max(self.market_ms, time_ms)
        for symbol, feed in self.feeds.items():
            if feed.klines.close_time_ms == time_ms:
                self._broadcasts[symbol].publish_closed(feed.close_kline(), time_ms)

    # ---- the account acts --------------------------------------------------------------------------------------------

    def deliver(self, events: Sequence[VenueEvent]) -> None:
        """Push what a request did: user events, and own trades and book changes to the public."""
        self._push_user_events(events)
        for event in events:
            if isinstance(event, BookChange):
                fresh = self.feeds[event.symbol].on_own_prints(event.prints, event.time_ms)
                broadcast = self._broadcasts[event.symbol]
                if broadcast.wants_book:
                    self.refresh_book(event.symbol)
                broadcast.publish_own(fresh, self.market_ms)

    def _push_user_events(self, events: Iterable[VenueEvent]) -> None:
        key = self.listen_key.value
        if key is None:
            return
        for event in user_events(events, self.market_ms):
            self.hub.publish_private(key, event)

    def expire_listen_key(self) -> None:
        """End an overdue listenKey: its sockets are told, stay open and fall silent."""
        key = self.listen_key.value
        if key is not None and self.listen_key.is_overdue:
            self.hub.publish_private(key, {"e": "listenKeyExpired", "E": self.market_ms, "listenKey": key})
            self.listen_key.close()
