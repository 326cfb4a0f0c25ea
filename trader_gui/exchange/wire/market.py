"""Frames of the public and market routes to records of `domain.market`.

Field letters are case-sensitive and mean another thing in each event, so each event has a struct of its own, which
reads only the fields that it names. Source: the venue's pages on market streams, as of 2026-11.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import field

from trader_gui.domain.market import AggTrade, BookTicker, DepthUpdate, Kline, Level, MarkPrice
from trader_gui.domain.step import MarketMessage
from trader_gui.exchange.wire.words import number

USDM = 1
"""`st` of our product line; rows of the other one (2, COIN-M) travel on the same hosts since 2026-06."""


class _KlineRow(msgspec.Struct):
    open_time_ms: int = field(name="t")
    close_time_ms: int = field(name="T")
    symbol: str = field(name="s")
    interval: str = field(name="i")
    open: Decimal = field(name="o")
    high: Decimal = field(name="h")
    low: Decimal = field(name="l")
    close: Decimal = field(name="c")
    volume: Decimal = field(name="v")
    quote_volume: Decimal = field(name="q")
    taker_buy_volume: Decimal = field(name="V")
    trade_count: int = field(name="n")
    is_closed: bool = field(name="x")


class KlineEvent(msgspec.Struct, tag_field="e", tag="kline"):
    """`<symbol>@kline_<interval>`; it carries no `st`."""

    event_time_ms: int = field(name="E")
    row: _KlineRow = field(name="k")


class MarkPriceEvent(msgspec.Struct, tag_field="e", tag="markPriceUpdate"):
    """`<symbol>@markPrice@1s`; delivery contracts send an empty funding rate."""

    event_time_ms: int = field(name="E")
    symbol: str = field(name="s")
    mark_price: Decimal = field(name="p")
    index_price: Decimal = field(name="i")
    funding_rate: str = field(name="r")
    next_funding_time_ms: int = field(name="T")
    product: int = field(name="st", default=USDM)


class BookTickerEvent(msgspec.Struct, tag_field="e", tag="bookTicker"):
    """`<symbol>@bookTicker`."""

    event_time_ms: int = field(name="E")
    symbol: str = field(name="s")
    update_id: int = field(name="u")
    best_bid: Decimal = field(name="b")
    best_bid_quantity: Decimal = field(name="B")
    best_ask: Decimal = field(name="a")
    best_ask_quantity: Decimal = field(name="A")
    product: int = field(name="st", default=USDM)


class DepthEvent(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    """`<symbol>@depth@100ms`; the partial-book streams have the same body, an image instead of a diff."""

    event_time_ms: int = field(name="E")
    symbol: str = field(name="s")
    first_update_id: int = field(name="U")
    last_update_id: int = field(name="u")
    previous_update_id: int = field(name="pu")
    bids: tuple[Level, ...] = field(name="b")
    asks: tuple[Level, ...] = field(name="a")
    product: int = field(name="st", default=USDM)


class AggTradeEvent(msgspec.Struct, tag_field="e", tag="aggTrade"):
    """`<symbol>@aggTrade`."""

    event_time_ms: int = field(name="E")
    symbol: str = field(name="s")
    agg_trade_id: int = field(name="a")
    price: Decimal = field(name="p")
    quantity: Decimal = field(name="q")
    trade_time_ms: int = field(name="T")
    is_buyer_maker: bool = field(name="m")
    product: int = field(name="st", default=USDM)


MarketEvent = KlineEvent | MarkPriceEvent | BookTickerEvent | DepthEvent | AggTradeEvent


def _kline(event: KlineEvent) -> Kline:
    row = event.row
    return Kline(
        row.symbol,
        row.interval,
        row.open_time_ms,
        row.close_time_ms,
        row.open,
        row.high,
        row.low,
        row.close,
        row.volume,
        row.quote_volume,
        row.taker_buy_volume,
        row.trade_count,
        row.is_closed,
        event.event_time_ms,
    )


def _mark_price(event: MarkPriceEvent) -> MarkPrice | None:
    if event.product != USDM:
        return None
    return MarkPrice(
        event.symbol,
        event.mark_price,
        event.index_price,
        number(event.funding_rate),
        event.next_funding_time_ms,
        event.event_time_ms,
    )


def _book_ticker(event: BookTickerEvent) -> BookTicker | None:
    if event.product != USDM:
        return None
    return BookTicker(
        event.symbol,
        event.update_id,
        event.best_bid,
        event.best_bid_quantity,
        event.best_ask,
        event.best_ask_quantity,
        event.event_time_ms,
    )


def _depth_update(event: DepthEvent) -> DepthUpdate | None:
    if event.product != USDM:
        return None
    return DepthUpdate(
        event.symbol,
        event.first_update_id,
        event.last_update_id,
        event.previous_update_id,
        event.bids,
        event.asks,
        event.event_time_ms,
    )


def _agg_trade(event: AggTradeEvent) -> AggTrade | None:
    if event.product != USDM:
        return None
    return AggTrade(
        event.symbol,
        event.agg_trade_id,
        event.price,
        event.quantity,
        event.is_buyer_maker,
        event.trade_time_ms,
        event.event_time_ms,
    )


MARKET_RECORDS: dict[type[msgspec.Struct], Callable[[Any], MarketMessage | None]] = {
    KlineEvent: _kline,
    MarkPriceEvent: _mark_price,
    BookTickerEvent: _book_ticker,
    DepthEvent: _depth_update,
    AggTradeEvent: _agg_trade,
}
"""Maker of the record for each event; it returns None for a row of the other product line."""
