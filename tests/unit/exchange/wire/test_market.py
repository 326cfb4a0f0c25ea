"""Market streams to records."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from trader_gui.domain.market import AggTrade, BookTicker, DepthUpdate, Kline, MarkPrice
from trader_gui.domain.step import Route
from trader_gui.exchange.wire import decode_frame

Payload = Callable[[str, str], bytes]


def one(frame: bytes) -> object:
    (item,) = decode_frame(frame, Route.MARKET)
    return item


def test_kline_open_and_closed(payload: Payload):
    kline = one(payload("market_streams", "kline_open"))
    assert kline == Kline(
        symbol="BTCUSDT",
        interval="1m",
        open_time_ms=1795305600000,
        close_time_ms=1795305659999,
        open=Decimal("60000.1"),
        high=Decimal("60012.4"),
        low=Decimal("59998.0"),
        close=Decimal("60010.0"),
        volume=Decimal("114.602"),
        quote_volume=Decimal("6877021.11000"),
        taker_buy_volume=Decimal("48.488"),
        trade_count=2240,
        is_closed=False,
        event_time_ms=1795305611858,
    )
    closed = one(payload("market_streams", "kline_closed"))
    assert isinstance(closed, Kline)
    assert closed.is_closed
    assert str(closed.close) == "60011.3"


def test_mark_price(payload: Payload):
    assert one(payload("market_streams", "mark_price")) == MarkPrice(
        symbol="BTCUSDT",
        mark_price=Decimal("60001.2"),
        index_price=Decimal("60003.1125"),
        funding_rate_fraction=Decimal("0.0001"),
        next_funding_time_ms=1795334400000,
        event_time_ms=1795305603000,
    )


def test_array_drops_the_other_product_line_and_reads_a_missing_funding_rate_as_none(payload: Payload):
    items = decode_frame(payload("market_streams", "mark_price_array"), Route.MARKET)
    assert [(m.symbol, m.funding_rate_fraction) for m in items if isinstance(m, MarkPrice)] == [
        ("BTCUSDT", Decimal("0.0001")),
        ("BTCUSDT_261225", Decimal(0)),
    ]
    assert len(items) == 2


def test_book_ticker_keeps_ids_above_2_to_the_53(payload: Payload):
    ticker = one(payload("market_streams", "book_ticker"))
    assert ticker == BookTicker(
        symbol="BTCUSDT",
        update_id=9007199254740995,
        best_bid=Decimal("60000.0"),
        best_bid_quantity=Decimal("12.310"),
        best_ask=Decimal("60000.1"),
        best_ask_quantity=Decimal("4.020"),
        event_time_ms=1795305600201,
    )


@pytest.mark.parametrize("name", ["book_ticker", "depth", "agg_trade", "mark_price"])
def test_rows_of_the_other_product_line_are_dropped(payload: Payload, name: str):
    frame = payload("market_streams", name)
    assert len(decode_frame(frame, Route.PUBLIC)) == 1
    assert decode_frame(frame.replace(b'"st":1', b'"st":2'), Route.PUBLIC) == ()


def test_depth_update(payload: Payload):
    assert one(payload("market_streams", "depth")) == DepthUpdate(
        symbol="BTCUSDT",
        first_update_id=9000152,
        last_update_id=9000160,
        previous_update_id=9000149,
        bids=((Decimal("60000.0"), Decimal("10.500")), (Decimal("59999.9"), Decimal(0))),
        asks=((Decimal("60000.1"), Decimal("3.100")),),
        event_time_ms=1795305600500,
    )


def test_agg_trade(payload: Payload):
    assert one(payload("market_streams", "agg_trade")) == AggTrade(
        symbol="BTCUSDT",
        agg_trade_id=3120001001,
        price=Decimal("60000.1"),
        quantity=Decimal("0.250"),
        is_buyer_maker=True,
        trade_time_ms=1795305600100,
        event_time_ms=1795305600123,
    )
