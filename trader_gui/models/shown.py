"""What is kept of the market that the window shows: the session's own collectors, or those of another symbol."""

from typing import NamedTuple

from trader_gui.callback import Callback
from trader_gui.callback.quotes import Quotes, quotes_of
from trader_gui.collectors.agg_trade import AggTradeCollector
from trader_gui.collectors.order_book import OrderBookCollector
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import SymbolRules
from trader_gui.models.trader_view import RouteView, StatusView


class ShownMarket(NamedTuple):
    """One symbol's market.

    Attributes:
        rules: Filters of the symbol; `is_unknown` where orders do not go to it.
        quotes: Its prices.
        order_book, agg_trades: Its collectors; None while it is not watched.
        public: The route that its book comes by.
    """

    rules: SymbolRules
    quotes: Quotes
    order_book: OrderBookCollector | None
    agg_trades: AggTradeCollector | None
    public: RouteView


def shown_market(callback: Callback, status: StatusView) -> ShownMarket:
    """Return the market of the symbol that is shown."""
    symbol = status.shown.symbol
    if not symbol:
        quotes, public = quotes_of(callback, callback.symbol), status.routes[Route.PUBLIC]
        return ShownMarket(callback.rules, quotes, callback.order_book, callback.agg_trades, public)
    market, rules = callback.markets.of(symbol), callback.symbol_rules.of(symbol)
    book = None if market is None or rules.is_unknown else market.order_book
    trades = None if market is None else market.agg_trades
    return ShownMarket(rules, quotes_of(callback, symbol), book, trades, status.shown.routes[Route.PUBLIC])
