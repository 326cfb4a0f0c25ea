"""Streams over all symbols (`!ticker@arr` and its like), and liquidations as the public sees them.

Arrays go out at whole seconds of market time and are encoded once for all listeners. Tickers hold changed symbols only;
`!bookTicker` sends one frame for each symbol whose touch has changed. `!contractInfo` tells when a halt begins and when
it ends; nothing else about a contract ever changes here.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from trader_gui.simulated_exchange import wire_events, wire_stream
from trader_gui.simulated_exchange.coin_margined import CoinSibling, siblings
from trader_gui.simulated_exchange.feed import SymbolFeed
from trader_gui.simulated_exchange.records import OrderEvent, OrderRow
from trader_gui.simulated_exchange.stream_names import ALL_MARKET, ALL_PUBLIC
from trader_gui.simulated_exchange.streams import Hub
from trader_gui.simulated_exchange.wire_events import ForceOrderFrame

SECOND_MS = 1000
MARKS, MARKS_1S = "!markPrice@arr", "!markPrice@arr@1s"
TICKERS, MINI_TICKERS = "!ticker@arr", "!miniTicker@arr"
BOOK_TICKERS, FORCED_ORDERS, CONTRACTS = "!bookTicker", "!forceOrder@arr", "!contractInfo"
SPACING_MS = {MARKS: 3000, MARKS_1S: 1000, TICKERS: 1000, MINI_TICKERS: 1000, BOOK_TICKERS: 5000}
LIQUIDATION_PREFIX = "autoclose-"
NAMES = ALL_MARKET | ALL_PUBLIC


class AllMarketBroadcast:
    """Publishes the streams over all symbols."""

    def __init__(self, feeds: Mapping[str, SymbolFeed], hub: Hub, refresh: Callable[[str], object]) -> None:
        """Publish `feeds` through `hub`; `refresh` brings a symbol's book image up to date."""
        self._feeds = list(feeds.values())
        self._siblings = siblings(self._feeds)
        self._hub = hub
        self._refresh = refresh
        self._heard: set[str] = set()
        self._second = -1
        self._sent_ms: dict[str, int] = {}
        self._sent_ids: dict[tuple[str, str], int] = {}
        self._sent_tops: dict[str, object] = {}
        self._forced: dict[str, ForcedOrders] = {}
        self._contracts: list[SymbolFeed] = []

    def on_change(self, stream: str) -> None:
        """Note that a stream got a listener or lost one."""
        if self._hub.is_heard(stream):
            self._heard.add(stream)
        else:
            self._heard.discard(stream)

    def publish(self, time_ms: int) -> None:
        """Publish what is due at this time of the market."""
        if self._forced:
            self._publish_liquidations(time_ms)
        if self._contracts:
            self._publish_contracts(time_ms)
        second = time_ms // SECOND_MS
        if not self._heard or second == self._second:
            return
        self._second = second
        for stream in (MARKS, MARKS_1S):
            if self._is_due(stream, time_ms):
                self._hub.publish(stream, self._marks(time_ms))
        if self._is_due(TICKERS, time_ms):
            self._publish_rows(TICKERS, [self._ticker(feed, time_ms) for feed in self._traded(TICKERS)])
        if self._is_due(MINI_TICKERS, time_ms):
            self._publish_rows(MINI_TICKERS, [self._mini(feed, time_ms) for feed in self._traded(MINI_TICKERS)])
        if self._is_due(BOOK_TICKERS, time_ms):
            self._publish_tops(time_ms)

    def _is_due(self, stream: str, time_ms: int) -> bool:
        if stream not in self._heard:
            return False
        spacing = SPACING_MS[stream]
        if time_ms // spacing == self._sent_ms.get(stream, -1) // spacing:
            return False
        self._sent_ms[stream] = time_ms
        return True

    def _traded(self, stream: str) -> list[SymbolFeed]:
        """Return the symbols that have traded since the stream's last array."""
        sent = self._sent_ids
        changed = [feed for feed in self._feeds if sent.get((stream, feed.symbol)) != feed.last_trade_id]
        for feed in changed:
            sent[stream, feed.symbol] = feed.last_trade_id
        return changed

    def _publish_rows(self, stream: str, rows: Sequence[tuple[Any, Any]]) -> None:
        """Publish rows of USDⓈ-M symbols, then those of their COIN-M siblings; nothing when there are none."""
        if rows:
            self._hub.publish(stream, [row for row, _ in rows] + [row for _, row in rows if row is not None])

    def _sibling(self, feed: SymbolFeed) -> CoinSibling | None:
        return self._siblings.get(feed.symbol)

    def _marks(self, time_ms: int) -> list[wire_stream.MarkPriceFrame]:
        frames = [wire_stream.mark_price_frame(feed, time_ms) for feed in self._feeds]
        coins = [coin.mark_price(frame) for frame in frames if (coin := self._siblings.get(frame.s)) is not None]
        return frames + coins

    def _ticker(self, feed: SymbolFeed, time_ms: int) -> tuple[Any, Any]:
        frame, coin = wire_stream.ticker_frame(feed, time_ms), self._sibling(feed)
        return frame, None if coin is None else coin.ticker(frame)

    def _mini(self, feed: SymbolFeed, time_ms: int) -> tuple[Any, Any]:
        frame, coin = wire_stream.mini_ticker_frame(feed, time_ms), self._sibling(feed)
        return frame, None if coin is None else coin.mini_ticker(frame)

    def _publish_tops(self, time_ms: int) -> None:
        for feed in self._feeds:
            self._refresh(feed.symbol)
            book = feed.book
            if not (book.bids and book.asks):
                continue
            top = (book.bids[0], book.asks[0])
            if top == self._sent_tops.get(feed.symbol):
                continue
            self._sent_tops[feed.symbol] = top
            frame, coin = wire_stream.book_ticker_frame(feed, time_ms), self._sibling(feed)
            self._hub.publish(BOOK_TICKERS, frame)
            if coin is not None:
                self._hub.publish(BOOK_TICKERS, coin.book_ticker(frame))

    # ---- what happens now and then -----------------------------------------------------------------------------------

    def note_contract(self, feed: SymbolFeed) -> None:
        """Note that a symbol's trading was halted or goes on."""
        self._contracts.append(feed)

    def _publish_contracts(self, time_ms: int) -> None:
        for feed in self._contracts:
            self._hub.publish(CONTRACTS, wire_events.contract_frame(feed, time_ms))
        self._contracts.clear()

    def note_liquidation(self, event: OrderEvent) -> None:
        """Take in an order event that may be a fill of a liquidation order."""
        order, trade = event.order, event.trade
        if order.executed_qty and order.client_order_id.startswith(LIQUIDATION_PREFIX):
            forced = self._forced.setdefault(order.symbol, ForcedOrders())
            forced.add(order, order.executed_qty if trade is None else trade.qty, event.time_ms)

    def _publish_liquidations(self, time_ms: int) -> None:
        """Publish the largest liquidation of each symbol and of each second that is over."""
        for symbol in list(self._forced):
            frame = self._forced[symbol].due(time_ms)
            if frame is not None:
                del self._forced[symbol]
                self._hub.publish(f"{symbol.lower()}@forceOrder", frame)
                self._hub.publish(FORCED_ORDERS, frame)


class ForcedOrders:
    """Liquidations of one symbol within one second of market time: the public is told of the largest (3.8)."""

    def __init__(self) -> None:
        self._second = -1
        self._largest: ForceOrderFrame | None = None
        self._quantity = Decimal(0)

    def add(self, order: OrderRow, last_quantity: Decimal, time_ms: int) -> None:
        """Take in a fill of a liquidation order; `order` is a copy as it was then."""
        self._second = time_ms // SECOND_MS
        if order.executed_qty > self._quantity:
            self._quantity = order.executed_qty
            self._largest = wire_events.force_order_frame(order, last_quantity, time_ms)

    def due(self, time_ms: int) -> ForceOrderFrame | None:
        """Return the largest once its second is over."""
        return self._largest if time_ms // SECOND_MS > self._second else None
