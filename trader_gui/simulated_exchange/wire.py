"""Public records to the venue's JSON: market stream frames and the rows of market data replies.

Written from the venue's documents. Numbers that the venue sends as strings leave as plain decimal text, never with an
exponent. Functions return plain dictionaries and lists; `encode` makes the bytes. User events: `wire_user`;
replies about orders and account: `wire_account`.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from trader_gui.simulated_exchange.feed import AggTrade, FundingRow, PublicTrade, SymbolFeed
from trader_gui.simulated_exchange.klines import KlineBuild
from trader_gui.simulated_exchange.records import (
    KlineRow,
    PriceLevel,
    SymbolSpec,
)

Json: TypeAlias = dict[str, Any]

encode = msgspec.json.Encoder().encode

REQUEST_WEIGHT_LIMIT = 2400
ORDERS_PER_MINUTE = 1200
ORDERS_PER_TEN_SECONDS = 300
RATE_LIMITS: list[Json] = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": REQUEST_WEIGHT_LIMIT},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": ORDERS_PER_MINUTE},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": ORDERS_PER_TEN_SECONDS},
]
CONDITIONAL_TYPES = ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"]


def text(value: Decimal) -> str:
    """Return a number as the venue writes it: plain digits, "0" for a bare zero."""
    return format(value, "f")


def _levels(levels: Iterable[PriceLevel]) -> list[list[str]]:
    return [[format(price, "f"), format(quantity, "f")] for price, quantity in levels]


# ---- market streams --------------------------------------------------------------------------------------------------


def kline_frame(symbol: str, interval: str, kline: KlineBuild, *, is_closed: bool, time_ms: int) -> Json:
    """Return a kline event (3.2)."""
    return {
        "e": "kline",
        "E": time_ms,
        "s": symbol,
        "k": {
            "t": kline.open_time_ms,
            "T": kline.close_time_ms,
            "s": symbol,
            "i": interval,
            "f": kline.first_trade_id,
            "L": kline.last_trade_id,
            "o": text(kline.open),
            "c": text(kline.close),
            "h": text(kline.high),
            "l": text(kline.low),
            "v": text(kline.volume),
            "n": kline.trade_count,
            "x": is_closed,
            "q": text(kline.quote_volume),
            "V": text(kline.taker_buy_volume),
            "Q": text(kline.taker_buy_quote_volume),
            "B": "0",
        },
    }


def agg_trade_row(trade: AggTrade) -> Json:
    """Return a row of GET aggTrades."""
    return {
        "a": trade.agg_trade_id,
        "p": text(trade.price),
        "q": text(trade.quantity),
        "nq": text(trade.quantity),
        "f": trade.first_trade_id,
        "l": trade.last_trade_id,
        "T": trade.time_ms,
        "m": trade.is_buyer_maker,
    }


def agg_trade_frame(symbol: str, trade: AggTrade, time_ms: int) -> Json:
    """Return an aggTrade event (3.1)."""
    return {"e": "aggTrade", "E": time_ms, "s": symbol, **agg_trade_row(trade), "st": 1}


def mark_price_frame(feed: SymbolFeed, time_ms: int) -> Json:
    """Return a markPriceUpdate event (3.4)."""
    return {
        "e": "markPriceUpdate",
        "E": time_ms,
        "s": feed.symbol,
        "p": text(feed.mark_price),
        "ap": text(feed.mark_price),
        "i": text(feed.index_price),
        "P": text(feed.index_price),
        "r": text(feed.funding_rate),
        "T": feed.next_funding_time_ms,
        "st": 1,
    }


def mini_ticker_frame(feed: SymbolFeed, time_ms: int) -> Json:
    """Return a 24hrMiniTicker event (3.5)."""
    day = feed.day_row()
    return {
        "e": "24hrMiniTicker",
        "E": time_ms,
        "s": feed.symbol,
        "c": text(day.close),
        "o": text(day.open),
        "h": text(day.high),
        "l": text(day.low),
        "v": text(day.volume),
        "q": text(day.quote_volume),
        "ps": feed.symbol,
        "st": 1,
    }


def _change(day: KlineRow) -> tuple[str, str, str]:
    """Return (change, change in percent, weighted average price) of 24 hours."""
    change = day.close - day.open
    percent = (change / day.open * 100).quantize(Decimal("0.001"))
    average = day.quote_volume / day.volume if day.volume else day.close
    return text(change), text(percent), text(average.quantize(Decimal("0.00000001")))


def ticker_frame(feed: SymbolFeed, time_ms: int) -> Json:
    """Return a 24hrTicker event (3.5)."""
    change, percent, average = _change(feed.day_row())
    last_id = feed.last_trade_id
    day = feed.day_row()
    return {
        **mini_ticker_frame(feed, time_ms),
        "e": "24hrTicker",
        "p": change,
        "P": percent,
        "w": average,
        "Q": text(feed.last_quantity),
        "O": day.open_time_ms,
        "C": time_ms,
        "F": max(1, last_id - day.trade_count + 1),
        "L": last_id,
        "n": day.trade_count,
    }


def book_ticker_frame(feed: SymbolFeed, time_ms: int) -> Json:
    """Return a bookTicker event (3.6)."""
    (bid, bid_quantity), (ask, ask_quantity) = feed.book.bids[0], feed.book.asks[0]
    return {
        "e": "bookTicker",
        "u": feed.book.update_id,
        "E": time_ms,
        "T": time_ms,
        "s": feed.symbol,
        "b": text(bid),
        "B": text(bid_quantity),
        "a": text(ask),
        "A": text(ask_quantity),
        "ps": feed.symbol,
        "st": 1,
    }


def depth_frame(
    symbol: str,
    ids: tuple[int, int, int],
    sides: tuple[Iterable[PriceLevel], Iterable[PriceLevel]],
    time_ms: int,
) -> Json:
    """Return a depthUpdate event (3.7); `ids` are (U, u, pu)."""
    return {
        "e": "depthUpdate",
        "E": time_ms,
        "T": time_ms,
        "s": symbol,
        "U": ids[0],
        "u": ids[1],
        "pu": ids[2],
        "b": _levels(sides[0]),
        "a": _levels(sides[1]),
        "ps": symbol,
        "st": 1,
    }


# ---- market data by request ------------------------------------------------------------------------------------------


def kline_row(row: KlineRow) -> list[int | str]:
    """Return a row of GET klines (5.2)."""
    return [
        row.open_time_ms,
        text(row.open),
        text(row.high),
        text(row.low),
        text(row.close),
        text(row.volume),
        row.close_time_ms,
        text(row.quote_volume),
        row.trade_count,
        text(row.taker_buy_volume),
        text(row.taker_buy_quote_volume),
        "0",
    ]


def depth_reply(feed: SymbolFeed, limit: int, time_ms: int) -> Json:
    """Return the reply of GET depth."""
    return {
        "lastUpdateId": feed.book.update_id,
        "E": time_ms,
        "T": time_ms,
        "bids": _levels(feed.book.bids[:limit]),
        "asks": _levels(feed.book.asks[:limit]),
    }


def trade_row(trade: PublicTrade) -> Json:
    """Return a row of GET trades."""
    return {
        "id": trade.trade_id,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(trade.price * trade.quantity),
        "time": trade.time_ms,
        "isBuyerMaker": trade.is_buyer_maker,
        "isRPITrade": False,
    }


def premium_index(feed: SymbolFeed, time_ms: int) -> Json:
    """Return the reply of GET premiumIndex for one symbol."""
    return {
        "symbol": feed.symbol,
        "markPrice": text(feed.mark_price),
        "indexPrice": text(feed.index_price),
        "estimatedSettlePrice": text(feed.index_price),
        "lastFundingRate": text(feed.funding_rate),
        "interestRate": "0.00010000",
        "nextFundingTime": feed.next_funding_time_ms,
        "time": time_ms,
    }


def funding_row(symbol: str, row: FundingRow) -> Json:
    """Return a row of GET fundingRate."""
    return {
        "symbol": symbol,
        "fundingRate": text(row.funding_rate),
        "fundingTime": row.time_ms,
        "markPrice": text(row.mark_price),
        "rateType": "Regular",
    }


def day_ticker(feed: SymbolFeed, time_ms: int) -> Json:
    """Return the reply of GET ticker/24hr for one symbol."""
    day = feed.day_row()
    change, percent, average = _change(day)
    return {
        "symbol": feed.symbol,
        "priceChange": change,
        "priceChangePercent": percent,
        "weightedAvgPrice": average,
        "lastPrice": text(day.close),
        "lastQty": text(feed.last_quantity),
        "openPrice": text(day.open),
        "highPrice": text(day.high),
        "lowPrice": text(day.low),
        "volume": text(day.volume),
        "quoteVolume": text(day.quote_volume),
        "openTime": day.open_time_ms,
        "closeTime": time_ms,
        "firstId": max(1, feed.last_trade_id - day.trade_count + 1),
        "lastId": feed.last_trade_id,
        "count": day.trade_count,
    }


def book_ticker_row(feed: SymbolFeed, time_ms: int) -> Json:
    """Return the reply of GET ticker/bookTicker for one symbol."""
    empty = (Decimal(0), Decimal(0))  # a side that the account has bought up, or a market not yet open
    bid, bid_quantity = feed.book.bids[0] if feed.book.bids else empty
    ask, ask_quantity = feed.book.asks[0] if feed.book.asks else empty
    return {
        "symbol": feed.symbol,
        "bidPrice": text(bid),
        "bidQty": text(bid_quantity),
        "askPrice": text(ask),
        "askQty": text(ask_quantity),
        "time": time_ms,
        "lastUpdateId": feed.book.update_id,
    }


def exchange_info(specs: Sequence[SymbolSpec], stale_time_ms: int) -> Json:
    """Return the reply of GET exchangeInfo (5.3); its serverTime is old on purpose."""
    return {
        "timezone": "UTC",
        "serverTime": stale_time_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": RATE_LIMITS,
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol_info(spec) for spec in specs],
    }


def _symbol_info(spec: SymbolSpec) -> Json:
    return {
        "symbol": spec.symbol,
        "pair": spec.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4_133_404_800_000,
        "onboardDate": 1_569_398_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": spec.base_asset,
        "quoteAsset": spec.quote_asset,
        "marginAsset": spec.quote_asset,
        # Not the tick's decimals: the venue's precisions are no filters either.
        "pricePrecision": max(2, -int(spec.tick_size.as_tuple().exponent)),
        "quantityPrecision": max(0, -int(spec.step_size.as_tuple().exponent)),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": text(spec.trigger_protect),
        "liquidationFee": text(spec.liquidation_fee),
        "marketTakeBound": text(spec.market_take_bound),
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(spec),
        "orderTypes": ["LIMIT", "MARKET", *CONDITIONAL_TYPES],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def _filters(spec: SymbolSpec) -> list[Json]:
    step = text(spec.step_size)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": text(spec.min_price),
            "maxPrice": text(spec.max_price),
            "tickSize": text(spec.tick_size),
        },
        {"filterType": "LOT_SIZE", "minQty": text(spec.min_qty), "maxQty": text(spec.max_qty), "stepSize": step},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": text(spec.min_qty),
            "maxQty": text(spec.market_max_qty),
            "stepSize": step,
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": spec.max_num_orders},
        {"filterType": "MIN_NOTIONAL", "notional": text(spec.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": text(spec.multiplier_up),
            "multiplierDown": text(spec.multiplier_down),
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]
