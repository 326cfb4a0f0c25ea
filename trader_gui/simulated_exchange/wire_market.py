"""Rows of the replies to market data requests (5.2)."""

from collections.abc import Iterable
from decimal import Decimal

from trader_gui.simulated_exchange.book_image import BookImage
from trader_gui.simulated_exchange.feed import AggTrade, FundingRow, PublicTrade, SymbolFeed
from trader_gui.simulated_exchange.records import KlineRow, PriceLevel
from trader_gui.simulated_exchange.rounding import eight_places, rounded
from trader_gui.simulated_exchange.wire import Json, text
from trader_gui.simulated_exchange.wire_stream import day_change

FOUR_PLACES = Decimal("0.0001")


def kline_row(row: KlineRow) -> list[int | str]:
    """Return a row of GET klines."""
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


def depth_reply(book: BookImage, limit: int, time_ms: int) -> Json:
    """Return the reply of GET depth and rpiDepth."""
    return {
        "lastUpdateId": book.update_id,
        "E": time_ms,
        "T": time_ms,
        "bids": _levels(book.bids[:limit]),
        "asks": _levels(book.asks[:limit]),
    }


def _levels(levels: Iterable[PriceLevel]) -> list[list[str]]:
    return [[text(price), text(quantity)] for price, quantity in levels]


def trade_row(trade: PublicTrade) -> Json:
    """Return a row of GET trades and historicalTrades."""
    return {
        "id": trade.trade_id,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(trade.price * trade.quantity),
        "time": trade.time_ms,
        "isBuyerMaker": trade.is_buyer_maker,
        "isRPITrade": False,
    }


def agg_trade_row(trade: AggTrade) -> Json:
    """Return a row of GET aggTrades."""
    quantity = text(trade.quantity)
    return {
        "a": trade.agg_trade_id,
        "p": text(trade.price),
        "q": quantity,
        "nq": quantity,
        "f": trade.first_trade_id,
        "l": trade.last_trade_id,
        "T": trade.time_ms,
        "m": trade.is_buyer_maker,
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


def funding_info(symbol: str, interval_ms: int) -> Json:
    """Return a row of GET fundingInfo; the generated rate is bounded by the venue's usual cap."""
    return {
        "symbol": symbol,
        "adjustedFundingRateCap": "0.02000000",
        "adjustedFundingRateFloor": "-0.02000000",
        "fundingIntervalHours": interval_ms // 3_600_000,
        "disclaimer": False,
    }


def day_ticker(feed: SymbolFeed, time_ms: int) -> Json:
    """Return the reply of GET ticker/24hr for one symbol."""
    day = feed.day_row()
    change, percent, average = day_change(day)
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


def price_ticker(feed: SymbolFeed, time_ms: int) -> Json:
    """Return the reply of GET ticker/price for one symbol."""
    return {"symbol": feed.symbol, "price": text(feed.last_price), "time": time_ms}


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


def open_interest(feed: SymbolFeed, amount: Decimal, time_ms: int) -> Json:
    """Return the reply of GET openInterest; `amount` in base asset."""
    return {"openInterest": text(amount), "symbol": feed.symbol, "time": time_ms}


def open_interest_row(symbol: str, amount: Decimal, price: Decimal, time_ms: int) -> Json:
    """Return a row of GET openInterestHist; there is no circulating supply of a simulated asset."""
    return {
        "symbol": symbol,
        "sumOpenInterest": text(eight_places(amount)),
        "sumOpenInterestValue": text(eight_places(amount * price)),
        "CMCCirculatingSupply": "0",
        "timestamp": time_ms,
    }


def taker_row(row: KlineRow) -> Json:
    """Return a row of GET takerlongshortRatio from the kline of its period."""
    bought, sold = row.taker_buy_volume, row.volume - row.taker_buy_volume
    ratio = rounded(bought / sold, FOUR_PLACES) if sold else Decimal("0.0000")
    return {
        "buySellRatio": text(ratio),
        "buyVol": text(bought),
        "sellVol": text(sold),
        "timestamp": row.open_time_ms,
    }


def basis_row(pair: str, futures_price: Decimal, index_price: Decimal, time_ms: int) -> Json:
    """Return a row of GET basis for the perpetual contract."""
    basis = futures_price - index_price
    return {
        "indexPrice": text(eight_places(index_price)),
        "contractType": "PERPETUAL",
        "basisRate": text(rounded(basis / index_price, FOUR_PLACES)) if index_price else "0.0000",
        "futuresPrice": text(futures_price),
        "annualizedBasisRate": "",
        "basis": text(eight_places(basis)),
        "pair": pair,
        "timestamp": time_ms,
    }


def constituents(feed: SymbolFeed, time_ms: int) -> Json:
    """Return the reply of GET constituents: the simulated index has one part."""
    part = {"exchange": "simulated", "symbol": feed.symbol, "price": text(feed.index_price), "weight": "1.00000000"}
    return {"symbol": feed.symbol, "time": time_ms, "constituents": [part]}


def adl_risk(symbol: str, time_ms: int) -> Json:
    """Return the reply of GET symbolAdlRisk for one symbol: nobody else's losses are simulated."""
    return {"symbol": symbol, "adlRisk": "low", "updateTime": time_ms}
