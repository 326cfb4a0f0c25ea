"""Market data endpoints (5.2, 5.3): symbols, book, trades, prices; those of `rest_klines` are joined in.

Trades are kept as far as 1,000 back, whoever asks. `fromId` beside a time is refused (-1128), a span of more than an
hour too (-1127). COIN-M symbols cannot be asked for.
"""

from collections.abc import Callable
from typing import Any

from trader_gui.simulated_exchange import rest_klines, wire, wire_market
from trader_gui.simulated_exchange.endpoints import (
    KEY,
    PUBLIC,
    Endpoint,
    Parameters,
    limit,
    one_or_all,
    required,
    span,
    whole,
)
from trader_gui.simulated_exchange.feed import SymbolFeed
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.venue import Venue

DEPTH_WEIGHTS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
DEFAULT_DEPTH = 500
RPI_DEPTH = 1000
STALE_MS = 600_000
"""How old the serverTime of exchangeInfo is: clients must not use it."""

USUAL_FUNDING_MS = 28_800_000
HOUR_MS = 3_600_000


def _ping(venue: Venue, parameters: Parameters) -> Any:
    return {}


def _time(venue: Venue, parameters: Parameters) -> Any:
    return {"serverTime": venue.request_ms()}


def _exchange_info(venue: Venue, parameters: Parameters) -> Any:
    halted = {symbol for symbol, feed in venue.feeds.items() if not feed.is_trading}
    return wire.exchange_info(list(venue.core.specs.values()), venue.request_ms() - STALE_MS, halted=halted)


def _depth_weight(parameters: Parameters) -> int:
    return DEPTH_WEIGHTS.get(rest_klines.asked_limit(parameters, DEFAULT_DEPTH), 20)


def _depth(venue: Venue, parameters: Parameters) -> Any:
    symbol = required(parameters, "symbol")
    given = whole(parameters, "limit")
    depth = DEFAULT_DEPTH if given is None else given
    if depth not in DEPTH_WEIGHTS:
        raise VenueRefusal(-4021, "Invalid depth limit.")
    return wire_market.depth_reply(venue.refresh_book(symbol).book, depth, venue.market_ms)


def _rpi_depth(venue: Venue, parameters: Parameters) -> Any:
    symbol = required(parameters, "symbol")
    if whole(parameters, "limit") not in (None, RPI_DEPTH):
        raise VenueRefusal(-4021, "Invalid depth limit.")
    return wire_market.depth_reply(venue.refresh_rpi_book(symbol).rpi_book, RPI_DEPTH, venue.market_ms)


def _trades(venue: Venue, parameters: Parameters) -> Any:
    trades = venue.feed(required(parameters, "symbol")).trades
    count = limit(parameters, 500, 1000)
    return [wire_market.trade_row(trade) for trade in list(trades)[-count:]]


def _historical_trades(venue: Venue, parameters: Parameters) -> Any:
    trades = list(venue.feed(required(parameters, "symbol")).trades)
    count = limit(parameters, 100, 500)
    first_id = whole(parameters, "fromId")
    if first_id is None:
        return [wire_market.trade_row(trade) for trade in trades[-count:]]
    return [wire_market.trade_row(trade) for trade in trades if trade.trade_id >= first_id][:count]


def _agg_trades(venue: Venue, parameters: Parameters) -> Any:
    trades = list(venue.feed(required(parameters, "symbol")).agg_trades)
    count = limit(parameters, 500, 1000)
    first_id = whole(parameters, "fromId")
    start, end = span(parameters)
    if first_id is not None and (start is not None or end is not None):
        raise VenueRefusal(-1128, "Combination of optional parameters invalid.")
    if start is not None and end is not None and end - start >= HOUR_MS:
        raise VenueRefusal(-1127, "More than 1 hours between startTime and endTime.")
    if first_id is not None:
        trades = [trade for trade in trades if trade.agg_trade_id >= first_id][:count]
    elif start is not None or end is not None:
        trades = [
            trade
            for trade in trades
            if (start is None or trade.time_ms >= start) and (end is None or trade.time_ms <= end)
        ]
        trades = trades[-count:] if start is None else trades[:count]
    return [wire_market.agg_trade_row(trade) for trade in trades[-count:]]


def _per_symbol(
    make: Callable[[SymbolFeed, int], Any], look: Callable[[Venue, str], SymbolFeed] = Venue.feed
) -> Callable[[Venue, Parameters], Any]:
    """Return a handler that answers for one symbol, or with a list for all; `look` gives a symbol's feed."""

    def handler(venue: Venue, parameters: Parameters) -> Any:
        symbol = parameters.get("symbol")
        if symbol:
            return make(look(venue, symbol), venue.market_ms)
        return [make(look(venue, name), venue.market_ms) for name in venue.feeds]

    return handler


def _funding_rate(venue: Venue, parameters: Parameters) -> Any:
    symbol = parameters.get("symbol")
    feeds = [venue.feed(symbol)] if symbol else list(venue.feeds.values())
    count = limit(parameters, 100, 1000)
    start, end = span(parameters)
    rows = [
        (row, feed.symbol)
        for feed in feeds
        for row in feed.fundings
        if (start is None or row.time_ms >= start) and (end is None or row.time_ms <= end)
    ]
    rows.sort(key=lambda pair: pair[0].time_ms)
    chosen = rows[:count] if start is not None else rows[-count:]
    return [wire_market.funding_row(name, row) for row, name in chosen]


def _funding_info(venue: Venue, parameters: Parameters) -> Any:
    intervals = {symbol: feed.spec.funding_interval_ms for symbol, feed in venue.feeds.items()}
    return [wire_market.funding_info(symbol, ms) for symbol, ms in intervals.items() if ms != USUAL_FUNDING_MS]


def _adl_risk(feed: SymbolFeed, time_ms: int) -> Any:
    return wire_market.adl_risk(feed.symbol, time_ms)


def _constituents(venue: Venue, parameters: Parameters) -> Any:
    return wire_market.constituents(venue.feed(required(parameters, "symbol")), venue.market_ms)


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v1/ping"): Endpoint(_ping, PUBLIC),
    ("GET", "/fapi/v1/time"): Endpoint(_time, PUBLIC),
    ("GET", "/fapi/v1/exchangeInfo"): Endpoint(_exchange_info, PUBLIC),
    ("GET", "/fapi/v1/depth"): Endpoint(_depth, PUBLIC, _depth_weight),
    ("GET", "/fapi/v1/rpiDepth"): Endpoint(_rpi_depth, PUBLIC, 20),
    ("GET", "/fapi/v1/trades"): Endpoint(_trades, PUBLIC, 5),
    ("GET", "/fapi/v1/historicalTrades"): Endpoint(_historical_trades, KEY, 200),
    ("GET", "/fapi/v1/aggTrades"): Endpoint(_agg_trades, PUBLIC, 20),
    ("GET", "/fapi/v1/premiumIndex"): Endpoint(_per_symbol(wire_market.premium_index), PUBLIC, one_or_all(1, 10)),
    ("GET", "/fapi/v1/fundingRate"): Endpoint(_funding_rate, PUBLIC, 0, is_funding=True),
    ("GET", "/fapi/v1/fundingInfo"): Endpoint(_funding_info, PUBLIC, 0, is_funding=True),
    ("GET", "/fapi/v1/ticker/24hr"): Endpoint(_per_symbol(wire_market.day_ticker), PUBLIC, one_or_all(1, 40)),
    ("GET", "/fapi/v1/ticker/price"): Endpoint(_per_symbol(wire_market.price_ticker), PUBLIC, one_or_all(1, 2)),
    ("GET", "/fapi/v2/ticker/price"): Endpoint(_per_symbol(wire_market.price_ticker), PUBLIC, one_or_all(1, 2)),
    ("GET", "/fapi/v1/ticker/bookTicker"): Endpoint(
        _per_symbol(wire_market.book_ticker_row, Venue.refresh_book), PUBLIC, one_or_all(2, 5)
    ),
    ("GET", "/fapi/v1/symbolAdlRisk"): Endpoint(_per_symbol(_adl_risk), PUBLIC),
    ("GET", "/fapi/v1/constituents"): Endpoint(_constituents, PUBLIC, 2),
    **rest_klines.ENDPOINTS,
}
