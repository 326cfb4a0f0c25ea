"""Kline endpoints of every price, and the statistics that follow from klines (5.2).

Open interest is a model, for nobody but the account has positions here: three tenths of the base asset traded in the
24 hours before. The taker volumes and the basis are those of the simulated trades and prices. Statistics come in the
periods 5m to 1d and not further back than 30 days; a longer span is refused (-4165), as is an unknown period (-1130).
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from trader_gui.simulated_exchange import wire_market
from trader_gui.simulated_exchange.endpoints import PUBLIC, Endpoint, Parameters, limit, required, span
from trader_gui.simulated_exchange.feed import SymbolFeed
from trader_gui.simulated_exchange.klines import FIXED_INTERVAL_MS
from trader_gui.simulated_exchange.records import KlineRow, VenueRefusal
from trader_gui.simulated_exchange.rounding import rounded
from trader_gui.simulated_exchange.venue import Venue

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
KEPT_MS = 30 * FIXED_INTERVAL_MS["1d"]
OPEN_INTEREST_SHARE = Decimal("0.3")
CONTRACT_TYPES = ("PERPETUAL", "CURRENT_QUARTER", "NEXT_QUARTER", "TRADIFI_PERPETUAL")


class _Klines(Protocol):
    def rows(
        self, interval: str, limit: int, *, start_time_ms: int | None = None, end_time_ms: int | None = None
    ) -> Sequence[KlineRow]: ...


def asked_limit(parameters: Parameters, default: int) -> int:
    """Return the limit that a request is charged for: what is no limit at all is charged as the default."""
    given = parameters.get("limit", "")
    return int(given) if given.isdecimal() and len(given) <= 4 else default


def _klines_weight(parameters: Parameters) -> int:
    count = asked_limit(parameters, 500)
    return 1 if count < 100 else 2 if count < 500 else 5 if count <= 1000 else 10


def _rows(feed: SymbolFeed, klines: _Klines, parameters: Parameters) -> Any:
    interval = required(parameters, "interval")
    if interval not in feed.klines.intervals:
        raise VenueRefusal(-1120, "Invalid interval.")
    start, end = span(parameters)
    rows = klines.rows(interval, limit(parameters, 500, 1500), start_time_ms=start, end_time_ms=end)
    return [wire_market.kline_row(row) for row in rows]


def _of_symbol(choose: Callable[[SymbolFeed], _Klines]) -> Callable[[Venue, Parameters], Any]:
    def handler(venue: Venue, parameters: Parameters) -> Any:
        feed = venue.feed(required(parameters, "symbol"))
        return _rows(feed, choose(feed), parameters)

    return handler


def _pair_feed(venue: Venue, parameters: Parameters) -> SymbolFeed:
    """Return the feed of a pair's perpetual contract; refuse (-4144) a pair that is not traded."""
    feed = venue.feeds.get(required(parameters, "pair"))
    if feed is None:
        raise VenueRefusal(-4144, "Invalid pair.")
    return feed


def _is_perpetual(parameters: Parameters) -> bool:
    """Return whether the perpetual is asked for; refuse (-4104) what is no contract type. Delivery has no rows."""
    kind = required(parameters, "contractType")
    if kind not in CONTRACT_TYPES:
        raise VenueRefusal(-4104, "Invalid contract type.")
    return kind == "PERPETUAL"


def _continuous_klines(venue: Venue, parameters: Parameters) -> Any:
    feed = _pair_feed(venue, parameters)
    is_perpetual = _is_perpetual(parameters)
    rows = _rows(feed, feed.klines, parameters)
    return rows if is_perpetual else []


def _index_klines(venue: Venue, parameters: Parameters) -> Any:
    feed = _pair_feed(venue, parameters)
    return _rows(feed, feed.index_klines, parameters)


# ---- statistics ------------------------------------------------------------------------------------------------------


def _period(feed: SymbolFeed, parameters: Parameters) -> str:
    period = required(parameters, "period")
    if period not in PERIODS or period not in feed.klines.intervals:
        raise VenueRefusal(-1130, "Data sent for parameter 'period' is not valid.")
    return period


def _closed_rows(venue: Venue, feed: SymbolFeed, parameters: Parameters, klines: _Klines) -> Sequence[KlineRow]:
    """Return the finished klines that a statistics request asks for, oldest first."""
    period = _period(feed, parameters)
    count = limit(parameters, 30, 500)
    start, end = span(parameters)
    if start is not None and end is not None and end - start > KEPT_MS:
        raise VenueRefusal(-4165, "Invalid time interval. Maximum time interval is 30 days.")
    oldest = venue.market_ms - KEPT_MS
    rows = klines.rows(period, count + 1, start_time_ms=start, end_time_ms=end)
    finished = [row for row in rows if oldest <= row.open_time_ms and row.close_time_ms <= venue.market_ms]
    return finished[:count] if start is not None else finished[-count:]


def _day_volumes(feed: SymbolFeed, period: str, rows: Sequence[KlineRow]) -> list[Decimal]:
    """Return the base asset traded in the 24 hours up to each row's end."""
    if not rows:
        return []
    span_rows = max(1, FIXED_INTERVAL_MS["1d"] // FIXED_INTERVAL_MS[period])
    before = feed.klines.rows(period, len(rows) + span_rows, end_time_ms=rows[-1].open_time_ms)
    volumes = [row.volume for row in before]
    ends = {row.open_time_ms: index + 1 for index, row in enumerate(before)}
    return [sum(volumes[max(0, ends[row.open_time_ms] - span_rows) : ends[row.open_time_ms]]) for row in rows]  # type: ignore[misc]


def _open_interest(venue: Venue, parameters: Parameters) -> Any:
    feed = venue.feed(required(parameters, "symbol"))
    amount = rounded(feed.day_row().volume * OPEN_INTEREST_SHARE, feed.spec.step_size)
    return wire_market.open_interest(feed, amount, venue.market_ms)


def _open_interest_history(venue: Venue, parameters: Parameters) -> Any:
    feed = venue.feed(required(parameters, "symbol"))
    rows = _closed_rows(venue, feed, parameters, feed.klines)
    volumes = _day_volumes(feed, required(parameters, "period"), rows)
    return [
        wire_market.open_interest_row(feed.symbol, volume * OPEN_INTEREST_SHARE, row.close, row.close_time_ms + 1)
        for row, volume in zip(rows, volumes, strict=True)
    ]


def _taker_ratio(venue: Venue, parameters: Parameters) -> Any:
    feed = venue.feed(required(parameters, "symbol"))
    return [wire_market.taker_row(row) for row in _closed_rows(venue, feed, parameters, feed.klines)]


def _basis(venue: Venue, parameters: Parameters) -> Any:
    feed = _pair_feed(venue, parameters)
    is_perpetual = _is_perpetual(parameters)
    traded = _closed_rows(venue, feed, parameters, feed.klines)
    index = {row.open_time_ms: row.close for row in _closed_rows(venue, feed, parameters, feed.index_klines)}
    rows = [
        wire_market.basis_row(feed.symbol, row.close, index[row.open_time_ms], row.open_time_ms)
        for row in traded
        if row.open_time_ms in index
    ]
    return rows if is_perpetual else []


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v1/klines"): Endpoint(_of_symbol(lambda feed: feed.klines), PUBLIC, _klines_weight),
    ("GET", "/fapi/v1/continuousKlines"): Endpoint(_continuous_klines, PUBLIC, _klines_weight),
    ("GET", "/fapi/v1/indexPriceKlines"): Endpoint(_index_klines, PUBLIC, _klines_weight),
    ("GET", "/fapi/v1/markPriceKlines"): Endpoint(_of_symbol(lambda feed: feed.mark_klines), PUBLIC, _klines_weight),
    ("GET", "/fapi/v1/premiumIndexKlines"): Endpoint(
        _of_symbol(lambda feed: feed.premium_klines), PUBLIC, _klines_weight
    ),
    ("GET", "/fapi/v1/openInterest"): Endpoint(_open_interest, PUBLIC),
    ("GET", "/futures/data/openInterestHist"): Endpoint(_open_interest_history, PUBLIC, 0),
    ("GET", "/futures/data/takerlongshortRatio"): Endpoint(_taker_ratio, PUBLIC, 0),
    ("GET", "/futures/data/basis"): Endpoint(_basis, PUBLIC, 0),
}
