"""Market data endpoints (5.2, 5.3)."""

from collections.abc import Callable
from typing import Any

from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.endpoints import (
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
STALE_MS = 600_000
"""How old the serverTime of exchangeInfo is: clients must not use it."""


def _ping(venue: Venue, parameters: Parameters) -> Any:
    return {}


def _time(venue: Venue, parameters: Parameters) -> Any:
    return {"serverTime": venue.request_ms()}


def _exchange_info(venue: Venue, parameters: Parameters) -> Any:
    return wire.exchange_info(list(venue.core.specs.values()), venue.request_ms() - STALE_MS)


def _depth_weight(parameters: Parameters) -> int:
    given = parameters.get("limit", "")
    return DEPTH_WEIGHTS.get(int(given) if given.isdecimal() else DEFAULT_DEPTH, 20)


def _depth(venue: Venue, parameters: Parameters) -> Any:
    symbol = required(parameters, "symbol")
    depth = whole(parameters, "limit") or DEFAULT_DEPTH
    if depth not in DEPTH_WEIGHTS:
        raise VenueRefusal(-4021, "Invalid depth limit.")
    return wire.depth_reply(venue.refresh_book(symbol), depth, venue.market_ms)


def _trades(venue: Venue, parameters: Parameters) -> Any:
    trades = list(venue.feed(required(parameters, "symbol")).trades)
    return [wire.trade_row(trade) for trade in trades[-limit(parameters, 500, 1000) :]]


def _agg_trades(venue: Venue, parameters: Parameters) -> Any:
    trades = list(venue.feed(required(parameters, "symbol")).agg_trades)
    count = limit(parameters, 500, 1000)
    first_id = whole(parameters, "fromId")
    start, end = span(parameters)
    if first_id is not None:
        trades = [trade for trade in trades if trade.agg_trade_id >= first_id][:count]
    elif start is not None or end is not None:
        trades = [
            trade
            for trade in trades
            if (start is None or trade.time_ms >= start) and (end is None or trade.time_ms <= end)
        ][:count]
    return [wire.agg_trade_row(trade) for trade in trades[-count:]]


def _klines_weight(parameters: Parameters) -> int:
    given = parameters.get("limit", "")
    count = int(given) if given.isdecimal() else 500
    return 1 if count < 100 else 2 if count < 500 else 5 if count <= 1000 else 10


def _klines(venue: Venue, parameters: Parameters) -> Any:
    klines = venue.feed(required(parameters, "symbol")).klines
    interval = required(parameters, "interval")
    if interval not in klines.intervals:
        raise VenueRefusal(-1120, "Invalid interval.")
    start, end = span(parameters)
    rows = klines.rows(interval, limit(parameters, 500, 1500), start_time_ms=start, end_time_ms=end)
    return [wire.kline_row(row) for row in rows]


def _per_symbol(make: Callable[[SymbolFeed, int], Any]) -> Callable[[Venue, Parameters], Any]:
    """Return a handler that answers for one symbol, or with a list for all."""

    def handler(venue: Venue, parameters: Parameters) -> Any:
        symbol = parameters.get("symbol")
        if symbol:
            return make(venue.refresh_book(symbol), venue.market_ms)
        return [make(venue.refresh_book(name), venue.market_ms) for name in venue.feeds]

    return handler


def _price(feed: SymbolFeed, time_ms: int) -> Any:
    return {"symbol": feed.symbol, "price": wire.text(feed.last_price), "time": time_ms}


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
    return [wire.funding_row(name, row) for row, name in chosen]


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v1/ping"): Endpoint(_ping, PUBLIC),
    ("GET", "/fapi/v1/time"): Endpoint(_time, PUBLIC),
    ("GET", "/fapi/v1/exchangeInfo"): Endpoint(_exchange_info, PUBLIC),
    ("GET", "/fapi/v1/depth"): Endpoint(_depth, PUBLIC, _depth_weight),
    ("GET", "/fapi/v1/trades"): Endpoint(_trades, PUBLIC, 5),
    ("GET", "/fapi/v1/aggTrades"): Endpoint(_agg_trades, PUBLIC, 20),
    ("GET", "/fapi/v1/klines"): Endpoint(_klines, PUBLIC, _klines_weight),
    ("GET", "/fapi/v1/premiumIndex"): Endpoint(_per_symbol(wire.premium_index), PUBLIC, one_or_all(1, 10)),
    ("GET", "/fapi/v1/fundingRate"): Endpoint(_funding_rate, PUBLIC, 0),
    ("GET", "/fapi/v1/ticker/24hr"): Endpoint(_per_symbol(wire.day_ticker), PUBLIC, one_or_all(1, 40)),
    ("GET", "/fapi/v2/ticker/price"): Endpoint(_per_symbol(_price), PUBLIC, one_or_all(1, 2)),
    ("GET", "/fapi/v1/ticker/bookTicker"): Endpoint(_per_symbol(wire.book_ticker_row), PUBLIC, one_or_all(2, 5)),
}
