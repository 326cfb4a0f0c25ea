"""Records of public market data."""

from decimal import Decimal
from typing import TypeAlias

import msgspec

INTERVAL_MS: dict[str, int] = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
}
"""Length of each kline interval that has a fixed length, milliseconds."""

Level: TypeAlias = tuple[Decimal, Decimal]
"""One price level: (price, quantity); quantity 0 in a diff deletes the level."""


class Kline(msgspec.Struct, frozen=True):
    """One kline, open or closed.

    Attributes:
        open_time_ms, close_time_ms: `close_time_ms` is open + interval - 1.
        volume, taker_buy_volume: Base asset.
        quote_volume: Quote asset.
        trade_count: Trades in the kline.
        is_closed: True once the interval is over and the record is final.
        event_time_ms: Venue time of the message; for klines read by REST, the close time.
    """

    symbol: str
    interval: str
    open_time_ms: int
    close_time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    taker_buy_volume: Decimal
    trade_count: int
    is_closed: bool
    event_time_ms: int


class KlineHistory(msgspec.Struct, frozen=True):
    """Closed klines read by REST, oldest first, without a gap: what a series starts from or is repaired with."""

    symbol: str
    interval: str
    klines: tuple[Kline, ...]


class MarkPrice(msgspec.Struct, frozen=True):
    """Mark and index price with the running funding rate (a fraction: 0.0001 is 0.01 %)."""

    symbol: str
    mark_price: Decimal
    index_price: Decimal
    funding_rate_fraction: Decimal
    next_funding_time_ms: int
    event_time_ms: int


class FundingRate(msgspec.Struct, frozen=True):
    """A funding that was paid: its time, and its rate (a fraction: 0.0001 is 0.01 %; longs pay when it is above 0)."""

    funding_time_ms: int
    funding_rate_fraction: Decimal


class DayTicker(msgspec.Struct, frozen=True, gc=False):  # read by the hundred
    """Last price of a symbol and its change over 24 hours (a fraction: 0.01 is 1 %)."""

    symbol: str
    last_price: Decimal
    change_fraction: Decimal


class BookTicker(msgspec.Struct, frozen=True):
    """Best bid and ask; `update_id` is of the same sequence as the depth stream's."""

    symbol: str
    update_id: int
    best_bid: Decimal
    best_bid_quantity: Decimal
    best_ask: Decimal
    best_ask_quantity: Decimal
    event_time_ms: int


class DepthUpdate(msgspec.Struct, frozen=True):
    """A diff of the order book; quantities are absolute, and 0 deletes the level."""

    symbol: str
    first_update_id: int
    last_update_id: int
    previous_update_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    event_time_ms: int


class DepthSnapshot(msgspec.Struct, frozen=True):
    """The order book as REST gives it, best level first."""

    symbol: str
    last_update_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class AggTrade(msgspec.Struct, frozen=True):
    """Public trades of one price and one aggressor; `is_buyer_maker` True means that the aggressor sold."""

    symbol: str
    agg_trade_id: int
    price: Decimal
    quantity: Decimal
    is_buyer_maker: bool
    trade_time_ms: int
    event_time_ms: int
