"""The prices of any symbol at one moment, whoever keeps them: the session's own collectors, or the other markets."""

from decimal import Decimal
from typing import Protocol

import msgspec

from trader_gui.collectors.book_ticker import BookTickerCollector
from trader_gui.collectors.mark_price import MarkPriceCollector
from trader_gui.collectors.symbol_market import SymbolMarkets
from trader_gui.domain.step import Route


class Quotes(msgspec.Struct, frozen=True):
    """Prices of one symbol, quote asset; None is unknown.

    Attributes:
        is_watched: Its market is followed; without that nothing is known here.
        is_fresh: Both routes of its market data are.
        now_ms: Newest event time that orders of it are judged by.
    """

    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    mark_price: Decimal | None = None
    last_price: Decimal | None = None
    is_watched: bool = False
    is_fresh: bool = False
    now_ms: int = 0


class PricedCore(Protocol):
    """What of the dispatcher goes into the quotes."""

    symbol: str
    mark_price: MarkPriceCollector
    book_ticker: BookTickerCollector
    markets: SymbolMarkets
    routes_fresh: dict[Route, bool]
    now_ms: int

    @property
    def last_price(self) -> Decimal | None: ...


def quotes_of(core: PricedCore, symbol: str) -> Quotes:
    """Return the prices of a symbol as they are known now."""
    market = core.markets.of(symbol)
    if symbol == core.symbol:
        ticker, mark, last_price = core.book_ticker.ticker, core.mark_price.mark, core.last_price
        is_fresh = core.routes_fresh[Route.MARKET] and core.routes_fresh[Route.PUBLIC]
        is_watched, now_ms = True, core.now_ms
    elif market is not None:
        ticker, mark, last_price = market.book_ticker.ticker, market.mark_price.mark, market.last_price
        is_fresh, is_watched, now_ms = market.is_fresh, market.is_watched, max(core.now_ms, market.now_ms)
    else:
        return Quotes(now_ms=core.now_ms)
    return Quotes(
        best_bid=ticker.best_bid if ticker is not None else None,
        best_ask=ticker.best_ask if ticker is not None else None,
        mark_price=mark.mark_price if mark is not None else None,
        last_price=last_price,
        is_watched=is_watched,
        is_fresh=is_fresh,
        now_ms=now_ms,
    )


def mark_of(core: PricedCore, symbol: str) -> Decimal | None:
    """Return a symbol's mark price as the streams tell it, None while none does."""
    if symbol == core.symbol:
        mark = core.mark_price.mark
    else:
        market = core.markets.of(symbol)
        mark = market.mark_price.mark if market is not None else None
    return mark.mark_price if mark is not None else None
