"""Frames of the market streams (section 3), each a record whose fields are the venue's, in the venue's order.

Records, not dictionaries: they are made and encoded a good deal faster, and a frame is made for every message.
`st` is 1 for USDⓈ-M and 2 for COIN-M contracts; `nq` equals `q`: a public trade does not tell whether it met an own RPI
order, and nobody else has one.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from trader_gui.simulated_exchange.feed import AggTrade, SymbolFeed
from trader_gui.simulated_exchange.klines import KlineBuild
from trader_gui.simulated_exchange.records import KlineRow, PriceLevel
from trader_gui.simulated_exchange.rounding import eight_places, rounded
from trader_gui.simulated_exchange.wire import levels_json, text

USD_MARGINED, COIN_MARGINED = 1, 2
THREE_PLACES = Decimal("0.001")


class AggTradeFrame(msgspec.Struct, tag_field="e", tag="aggTrade"):
    """An aggTrade event (3.1)."""

    E: int
    s: str
    a: int
    p: str
    q: str
    nq: str
    f: int
    l: int  # noqa: E741 - the venue's letter
    T: int
    m: bool
    st: int = USD_MARGINED


class KlineFigures(msgspec.Struct):
    """The `k` of a kline event (3.2)."""

    t: int
    T: int
    s: str
    i: str
    f: int
    L: int
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - the venue's letter
    v: str
    n: int
    x: bool
    q: str
    V: str
    Q: str
    B: str = "0"


class KlineFrame(msgspec.Struct, tag_field="e", tag="kline"):
    """A kline event (3.2)."""

    E: int
    s: str
    k: KlineFigures


class ContinuousFigures(msgspec.Struct):
    """The `k` of a continuous_kline event (3.3): without a symbol; `f` and `L` are update ids."""

    t: int
    T: int
    i: str
    f: int
    L: int
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - the venue's letter
    v: str
    n: int
    x: bool
    q: str
    V: str
    Q: str
    B: str = "0"


class ContinuousFrame(msgspec.Struct, tag_field="e", tag="continuous_kline"):
    """A continuous_kline event (3.3)."""

    E: int
    ps: str
    ct: str
    k: ContinuousFigures


class MarkPriceFrame(msgspec.Struct, tag_field="e", tag="markPriceUpdate"):
    """A markPriceUpdate event (3.4)."""

    E: int
    s: str
    p: str
    ap: str
    i: str
    P: str
    r: str
    T: int
    st: int = USD_MARGINED


class MiniTickerFrame(msgspec.Struct, tag_field="e", tag="24hrMiniTicker"):
    """A 24hrMiniTicker event (3.5)."""

    E: int
    s: str
    c: str
    o: str
    h: str
    l: str  # noqa: E741 - the venue's letter
    v: str
    q: str
    ps: str
    st: int = USD_MARGINED


class TickerFrame(msgspec.Struct, tag_field="e", tag="24hrTicker"):
    """A 24hrTicker event (3.5)."""

    E: int
    s: str
    p: str
    P: str
    w: str
    c: str
    Q: str
    o: str
    h: str
    l: str  # noqa: E741 - the venue's letter
    v: str
    q: str
    O: int  # noqa: E741 - the venue's letter
    C: int
    F: int
    L: int
    n: int
    ps: str
    st: int = USD_MARGINED


class BookTickerFrame(msgspec.Struct, tag_field="e", tag="bookTicker"):
    """A bookTicker event (3.6)."""

    u: int
    E: int
    T: int
    s: str
    b: str
    B: str
    a: str
    A: str
    ps: str
    st: int = USD_MARGINED


class DepthFrame(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    """A depthUpdate event (3.7)."""

    E: int
    T: int
    s: str
    U: int
    u: int
    pu: int
    b: msgspec.Raw
    a: msgspec.Raw
    ps: str
    st: int = USD_MARGINED


class DayChange(NamedTuple):
    """How a price changed in 24 hours, as text: `percent` with three places, the average price with eight."""

    change: str
    percent: str
    average: str


def day_change(day: KlineRow) -> DayChange:
    """Return what the last 24 hours changed."""
    change = day.close - day.open
    percent = rounded(change / day.open * 100, THREE_PLACES)
    average = day.quote_volume / day.volume if day.volume else day.close
    return DayChange(text(change), text(percent), text(eight_places(average)))


def agg_trade_frame(symbol: str, trade: AggTrade, time_ms: int) -> AggTradeFrame:
    """Return an aggTrade event."""
    quantity = text(trade.quantity)
    return AggTradeFrame(
        time_ms,
        symbol,
        trade.agg_trade_id,
        text(trade.price),
        quantity,
        quantity,
        trade.first_trade_id,
        trade.last_trade_id,
        trade.time_ms,
        trade.is_buyer_maker,
    )


def kline_frame(symbol: str, interval: str, kline: KlineBuild, *, is_closed: bool, time_ms: int) -> KlineFrame:
    """Return a kline event."""
    return KlineFrame(
        time_ms,
        symbol,
        KlineFigures(
            kline.open_time_ms,
            kline.close_time_ms,
            symbol,
            interval,
            kline.first_trade_id,
            kline.last_trade_id,
            text(kline.open),
            text(kline.close),
            text(kline.high),
            text(kline.low),
            text(kline.volume),
            kline.trade_count,
            is_closed,
            text(kline.quote_volume),
            text(kline.taker_buy_volume),
            text(kline.taker_buy_quote_volume),
        ),
    )


def continuous_frame(
    pair: str, interval: str, kline: KlineBuild, update_id: int, *, is_closed: bool, time_ms: int
) -> ContinuousFrame:
    """Return a continuous_kline event of the perpetual contract.

    The first update id of a kline is not kept: `f` is as far below `update_id` as the kline has trades.
    """
    return ContinuousFrame(
        time_ms,
        pair,
        "PERPETUAL",
        ContinuousFigures(
            kline.open_time_ms,
            kline.close_time_ms,
            interval,
            update_id - kline.trade_count,
            update_id,
            text(kline.open),
            text(kline.close),
            text(kline.high),
            text(kline.low),
            text(kline.volume),
            kline.trade_count,
            is_closed,
            text(kline.quote_volume),
            text(kline.taker_buy_volume),
            text(kline.taker_buy_quote_volume),
        ),
    )


def mark_price_frame(feed: SymbolFeed, time_ms: int) -> MarkPriceFrame:
    """Return a markPriceUpdate event; the estimated settle price is the index price."""
    index = text(feed.index_price)
    return MarkPriceFrame(
        time_ms,
        feed.symbol,
        text(feed.mark_price),
        text(feed.mark_average),
        index,
        index,
        text(feed.funding_rate),
        feed.next_funding_time_ms,
    )


def mini_ticker_frame(feed: SymbolFeed, time_ms: int) -> MiniTickerFrame:
    """Return a 24hrMiniTicker event."""
    day = feed.day_row()
    return MiniTickerFrame(
        time_ms,
        feed.symbol,
        text(day.close),
        text(day.open),
        text(day.high),
        text(day.low),
        text(day.volume),
        text(day.quote_volume),
        feed.symbol,
    )


def ticker_frame(feed: SymbolFeed, time_ms: int) -> TickerFrame:
    """Return a 24hrTicker event."""
    day = feed.day_row()
    return TickerFrame(
        time_ms,
        feed.symbol,
        *day_change(day),
        text(day.close),
        text(feed.last_quantity),
        text(day.open),
        text(day.high),
        text(day.low),
        text(day.volume),
        text(day.quote_volume),
        day.open_time_ms,
        time_ms,
        max(1, feed.last_trade_id - day.trade_count + 1),
        feed.last_trade_id,
        day.trade_count,
        feed.symbol,
    )


def book_ticker_frame(feed: SymbolFeed, time_ms: int) -> BookTickerFrame:
    """Return a bookTicker event; neither side of the book may be empty."""
    (bid, bid_quantity), (ask, ask_quantity) = feed.book.bids[0], feed.book.asks[0]
    return BookTickerFrame(
        feed.book.update_id,
        time_ms,
        time_ms,
        feed.symbol,
        text(bid),
        text(bid_quantity),
        text(ask),
        text(ask_quantity),
        feed.symbol,
    )


def depth_frame(
    symbol: str, ids: tuple[int, int, int], sides: tuple[Sequence[PriceLevel], Sequence[PriceLevel]], time_ms: int
) -> DepthFrame:
    """Return a depthUpdate event; `ids` are (U, u, pu)."""
    return DepthFrame(time_ms, time_ms, symbol, *ids, levels_json(sides[0]), levels_json(sides[1]), symbol)
