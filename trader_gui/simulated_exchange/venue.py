"""The venue as one object: the core (orders, account), each symbol's public feed, and who is told what.

Holds no socket and no clock of its own: the exchange moves the market, requests and sockets come from outside.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial

import msgspec

from trader_gui.simulated_exchange.all_market import NAMES, AllMarketBroadcast
from trader_gui.simulated_exchange.broadcast import BookLooks, SymbolBroadcast
from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.countdown import Countdowns
from trader_gui.simulated_exchange.feed import AGGREGATE_MS, AggTrade, SymbolFeed
from trader_gui.simulated_exchange.generated import GeneratedMarket
from trader_gui.simulated_exchange.recorded import RecordedMarket
from trader_gui.simulated_exchange.records import (
    BookChange,
    MarketSource,
    MarketTick,
    OrderEvent,
    SymbolSpec,
    VenueEvent,
    VenueRefusal,
)
from trader_gui.simulated_exchange.streams import Hub
from trader_gui.simulated_exchange.wire_user import user_events

WHOLE_BOOK = 1_000_000
"""More levels than any book has: diff streams tell of every level, however deep."""

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
        countdowns: The dead man's switches.
        market_ms: Market clock: the time of the last tick or kline close that was played.
        is_paced: Speed `max`: rate limits are off.
    """

    def __init__(
        self,
        specs: Mapping[str, SymbolSpec],
        markets: Sequence[MarketSource],
        *,
        wallet_balance: Decimal,
        fee_tier: int = 0,
        is_paced: bool,
        request_ms: Callable[[], int],
    ) -> None:
        self.core = VenueCore(
            {market.symbol: specs[market.symbol] for market in markets},
            wallet_balance=wallet_balance,
            start_ms=min(market.start_time_ms for market in markets) - 1,
            fee_tier=fee_tier,
        )
        self.feeds = {
            market.symbol: SymbolFeed(
                specs[market.symbol],
                market.history(),
                is_recorded=market.is_recorded,
                merge_ms=AGGREGATE_MS if isinstance(market, RecordedMarket) else 0,
                older=market.older() if isinstance(market, GeneratedMarket) else None,
            )
            for market in markets
        }
        self.hub = Hub(self._on_stream_change)
        self.listen_key = ListenKey(request_ms)
        self.countdowns = Countdowns()
        self.request_ms = request_ms
        self.is_paced = is_paced
        self.market_ms = min(market.start_time_ms for market in markets) - 1
        self._broadcasts = {symbol: self._broadcast(feed) for symbol, feed in self.feeds.items()}
        self._owners = {symbol.lower(): broadcast for symbol, broadcast in self._broadcasts.items()}
        self._owners |= {f"{owner}_perpetual": broadcast for owner, broadcast in self._owners.items()}
        self._all_market = AllMarketBroadcast(self.feeds, self.hub, self.refresh_book)
        self._fresh_trades: dict[str, list[AggTrade]] = {}
        self._next_close_ms = self._earliest_close_ms()
        for market in markets:
            first = next(market.ticks(), None)
            if first is not None:  # a mirrored market shows nothing, and is closed, until its first frame
                self._prime(first)

    def _broadcast(self, feed: SymbolFeed) -> SymbolBroadcast:
        core, symbol = self.core, feed.symbol
        looks = BookLooks(
            partial(core.book, symbol, WHOLE_BOOK),
            partial(core.book_with_rpi, symbol, WHOLE_BOOK),
            partial(core.best, symbol),
        )
        return SymbolBroadcast(feed, self.hub, looks, every_tick=self.is_paced)

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
        feed.book.refresh(*self.core.book(symbol, WHOLE_BOOK))
        return feed

    def refresh_rpi_book(self, symbol: str) -> SymbolFeed:
        """Bring the symbol's book with RPI orders up to date and return its feed."""
        feed = self.feed(symbol)
        feed.rpi_book.refresh(*self.core.book_with_rpi(symbol, WHOLE_BOOK))
        return feed

    def _on_stream_change(self, stream: str) -> None:
        if stream in NAMES:
            self._all_market.on_change(stream)
        elif (broadcast := self._owners.get(stream.partition("@")[0])) is not None:
            broadcast.on_change(stream)

    # ---- the market moves --------------------------------------------------------------------------------------------

    def take_ticks(self, ticks: Iterable[MarketTick], time_ms: int) -> None:
        """Take in all ticks of one instant and push what they do to the account; market frames come by `publish`."""
        self.market_ms = time_ms
        for tick in ticks:
            feed = self.feeds[tick.symbol]
            was_trading = feed.is_trading
            fresh = feed.on_tick(tick)
            if feed.is_trading is not was_trading:
                self._all_market.note_contract(feed)
            events = self.core.on_tick(tick)
            for event in events:
                if isinstance(event, BookChange):
                    fresh.extend(feed.on_own_prints(event.prints, time_ms))
                elif isinstance(event, OrderEvent):
                    self._all_market.note_liquidation(event)
            self._fresh_trades[tick.symbol] = fresh
            if events:
                self._push_user_events(events)

    def publish(self) -> None:
        """Push the market frames that are due after `take_ticks`, and those of klines that close at this instant."""
        for symbol, fresh in self._fresh_trades.items():
            broadcast = self._broadcasts[symbol]
            if broadcast.is_heard:
                broadcast.publish(fresh, self.market_ms)
        self._fresh_trades.clear()
        self._all_market.publish(self.market_ms)
        self.close_klines(self.market_ms)

    def next_close_ms(self) -> int:
        """Return when the next kline closes."""
        return self._next_close_ms

    def _earliest_close_ms(self) -> int:
        return min(feed.klines.close_time_ms for feed in self.feeds.values())

    def close_klines(self, time_ms: int) -> None:
        """Close the klines that end at `time_ms` and push their last frames; moves the market clock there."""
        self.market_ms = max(self.market_ms, time_ms)
        if time_ms < self._next_close_ms:
            return
        for symbol, feed in self.feeds.items():
            if feed.klines.close_time_ms == time_ms:
                self._broadcasts[symbol].publish_closed(feed.close_kline(), time_ms)
        self._next_close_ms = self._earliest_close_ms()

    # ---- the account acts --------------------------------------------------------------------------------------------

    def deliver(self, events: Sequence[VenueEvent]) -> None:
        """Push what a request did: user events, and own trades and book changes to the public."""
        self._push_user_events(events)
        for event in events:
            if isinstance(event, BookChange):
                fresh = self.feeds[event.symbol].on_own_prints(event.prints, event.time_ms)
                broadcast = self._broadcasts[event.symbol]
                if broadcast.is_heard:
                    broadcast.publish_own(fresh, self.market_ms)

    def _push_user_events(self, events: Iterable[VenueEvent]) -> None:
        key = self.listen_key.value
        if key is None:
            return
        for event in user_events(events, self.market_ms):
            self.hub.publish_private(key, event)

    def run_countdowns(self) -> None:
        """Cancel the open orders of every symbol whose countdown is over."""
        for symbol in self.countdowns.take_due(self.request_ms()):
            self.deliver(self.core.cancel_all(symbol, self.market_ms))

    def expire_listen_key(self) -> None:
        """End an overdue listenKey."""
        if self.listen_key.is_overdue:
            self.end_listen_key()

    def end_listen_key(self, *, is_announced: bool = True) -> None:
        """End the listenKey now: its sockets are told unless `is_announced` is False, stay open and fall silent."""
        key = self.listen_key.value
        if key is None:
            return
        if is_announced:
            self.hub.publish_private(key, {"e": "listenKeyExpired", "E": self.market_ms, "listenKey": key})
        self.listen_key.close()
