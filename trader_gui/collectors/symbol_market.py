"""The markets of symbols beside the session's own: prices, book and trades of each, and whether they are fresh."""

from collections.abc import Callable
from decimal import Decimal

from trader_gui.collectors.agg_trade import AggTradeCollector
from trader_gui.collectors.book_ticker import BookTickerCollector
from trader_gui.collectors.mark_price import MarkPriceCollector
from trader_gui.collectors.order_book import OrderBookCollector
from trader_gui.domain.market import AggTrade, BookTicker, DepthSnapshot, DepthUpdate, Kline, KlineHistory, MarkPrice
from trader_gui.domain.step import MarketState, Message, SymbolStatus
from trader_gui.domain.symbol import RulesUpdate, SymbolRules

_OF_MARKET = frozenset(
    {AggTrade, BookTicker, DepthSnapshot, DepthUpdate, Kline, KlineHistory, MarkPrice, SymbolStatus},
)


class SymbolMarket:
    """What is known of one symbol's market.

    Attributes:
        symbol: Of the market.
        book_ticker, mark_price, agg_trades, order_book: As those of the session's own symbol.
        last_price: Close of the newest kline of any interval, quote asset; None before the first. What is not followed
            any more is forgotten, so that it cannot come back as if it were of today.
        state: As the shell has told it; never UNWATCHED.
        now_ms: Newest event time of this market; 0 before the first.
        revision: Rises with every change.
    """

    def __init__(self, rules: SymbolRules) -> None:
        self.symbol = rules.symbol
        self.book_ticker = BookTickerCollector(rules.symbol)
        self.mark_price = MarkPriceCollector(rules.symbol)
        self.agg_trades = AggTradeCollector(rules.symbol)
        self.order_book = OrderBookCollector(rules.symbol, rules.tick_size)
        self.last_price: Decimal | None = None
        self.state = MarketState.STALE
        self.now_ms = 0
        self.revision = 0
        self._kline_ms = 0

    @property
    def is_watched(self) -> bool:
        """Whether more than its mark price is followed."""
        return self.state is not MarketState.MARKS

    @property
    def is_fresh(self) -> bool:
        """Whether something may be opened by these prices: told fresh, and mark price and best prices are known."""
        return (
            self.state is MarketState.FRESH and self.book_ticker.ticker is not None and self.mark_price.mark is not None
        )

    def narrowed(self, rules: SymbolRules) -> "SymbolMarket":
        """Return a market that knows nothing but this one's mark price, which alone is still told."""
        kept = SymbolMarket(rules)
        kept.mark_price, kept.now_ms, kept.revision = self.mark_price, self.now_ms, self.revision
        return kept

    def apply(self, message: Message) -> None:
        """Take one message of this symbol; while its mark price alone is followed, all else is late, and dropped."""
        if not self.is_watched and not isinstance(message, MarkPrice | SymbolStatus):
            return
        self.revision += 1
        if isinstance(message, SymbolStatus):
            self.state = message.state
        elif isinstance(message, KlineHistory):
            if self.last_price is None and message.klines:
                self.last_price = message.klines[-1].close
        elif isinstance(message, Kline):
            self._take_kline(message)
        else:
            for collector in (self.book_ticker, self.mark_price, self.agg_trades, self.order_book):
                collector.apply(message)
            self.now_ms = max(self.now_ms, getattr(message, "event_time_ms", 0))

    def _take_kline(self, kline: Kline) -> None:
        self.now_ms = max(self.now_ms, kline.event_time_ms)
        if kline.event_time_ms >= self._kline_ms:
            self._kline_ms, self.last_price = kline.event_time_ms, kline.close


class SymbolMarkets:
    """Keeps the market of every other symbol that is watched, and nothing of those that are not.

    What comes of another symbol goes here and nowhere else: it moves no clock and calls no rule of the engine.

    Args:
        own: The session's symbol, which is not kept here.
        rules_of: The filters of a symbol, as they are known.
    """

    def __init__(self, own: str, rules_of: Callable[[str], SymbolRules]) -> None:
        self._own = own
        self._rules_of = rules_of
        self._markets: dict[str, SymbolMarket] = {}

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols that are watched in any way."""
        return frozenset(self._markets)

    def of(self, symbol: str) -> SymbolMarket | None:
        """Return a symbol's market, None while it is not watched."""
        return self._markets.get(symbol)

    def take(self, message: Message) -> bool:
        """Take a message of another symbol's market; False for all others, which are not touched."""
        if type(message) not in _OF_MARKET or message.symbol == self._own:  # type: ignore[union-attr]  # all have it
            return False
        symbol: str = message.symbol  # type: ignore[union-attr]
        if isinstance(message, SymbolStatus):
            if message.state is MarketState.UNWATCHED:
                self._markets.pop(symbol, None)
            elif symbol not in self._markets:
                self._markets[symbol] = SymbolMarket(self._rules_of(symbol))
            elif message.state is MarketState.MARKS:
                self._markets[symbol] = self._markets[symbol].narrowed(self._rules_of(symbol))
        market = self._markets.get(symbol)
        if market is not None:
            market.apply(message)
        return True

    def take_rules(self, update: RulesUpdate) -> None:
        """Let the books of watched symbols go by the ticks of today."""
        for rules in update.rules:
            market = self._markets.get(rules.symbol)
            if market is not None:
                market.order_book.set_tick_size(rules.tick_size)
