"""Frames against the reference's samples and, where they are at hand, against real and documented messages."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.wire_forms import START_MS, feed, form, unordered
from trader_gui.simulated_exchange import wire_stream
from trader_gui.simulated_exchange.records import MarketTick
from trader_gui.simulated_exchange.wire import encode

MESSAGES = Path(__file__).parents[4] / "shared/data/messages/ws"
SAMPLES = {
    "aggTrade": """{"e":"aggTrade","E":1795305600123,"s":"BTCUSDT","a":3120001001,"p":"60000.1","q":"0.250",
        "nq":"0.250","f":8200000001,"l":8200000005,"T":1795305600100,"m":false,"st":1}""",
    "kline": """{"e":"kline","E":1795305611858,"s":"BTCUSDT","k":{"t":1795305600000,"T":1795305659999,"s":"BTCUSDT",
        "i":"1m","f":8200000001,"L":8200002240,"o":"60000.1","c":"60010.0","h":"60012.4","l":"59998.0","v":"114.602",
        "n":2240,"x":false,"q":"6877021.11000","V":"48.488","Q":"2909661.02000","B":"0"}}""",
    "continuous_kline": """{"e":"continuous_kline","E":1795305611858,"ps":"BTCUSDT","ct":"PERPETUAL","k":{
        "t":1795305600000,"T":1795305659999,"i":"1m","f":8200000001,"L":8200002240,"o":"60000.1","c":"60010.0",
        "h":"60012.4","l":"59998.0","v":"114.602","n":2240,"x":false,"q":"6877021.11000","V":"48.488",
        "Q":"2909661.02000","B":"0"}}""",
    "markPriceUpdate": """{"e":"markPriceUpdate","E":1795305603000,"s":"BTCUSDT","p":"60001.20000000",
        "ap":"60000.80000000","i":"60003.11250000","P":"60002.55410000","r":"0.00010000","T":1795334400000,"st":1}""",
    "24hrMiniTicker": """{"e":"24hrMiniTicker","E":1795305602000,"s":"BTCUSDT","c":"60010.0","o":"59000.0",
        "h":"60500.0","l":"58800.0","v":"182345.120","q":"10891234567.12","ps":"BTCUSDT","st":1}""",
    "24hrTicker": """{"e":"24hrTicker","E":1795305602000,"s":"BTCUSDT","p":"1010.0","P":"1.712","w":"59730.55",
        "c":"60010.0","Q":"0.015","o":"59000.0","h":"60500.0","l":"58800.0","v":"182345.120","q":"10891234567.12",
        "O":1795219200000,"C":1795305601999,"F":8131000000,"L":8200002240,"n":1505634,"ps":"BTCUSDT","st":1}""",
    "bookTicker": """{"e":"bookTicker","u":9000160,"E":1795305600201,"T":1795305600199,"s":"BTCUSDT","b":"60000.0",
        "B":"12.310","a":"60000.1","A":"4.020","ps":"BTCUSDT","st":1}""",
    "depthUpdate": """{"e":"depthUpdate","E":1795305600500,"T":1795305600498,"s":"BTCUSDT","U":9000152,"u":9000160,
        "pu":9000149,"b":[["60000.0","10.500"],["59999.9","0"]],"a":[["60000.1","3.100"]],"ps":"BTCUSDT","st":1}""",
}
"""The samples of the reference's section 3."""


def frames() -> dict[str, Any]:
    public = feed()
    trade, kline = public.agg_trades[0], public.klines.open_kline("1m")
    sides = (public.book.bids, public.book.asks)
    made = [
        wire_stream.agg_trade_frame("BTCUSDT", trade, START_MS),
        wire_stream.kline_frame("BTCUSDT", "1m", kline, is_closed=False, time_ms=START_MS),
        wire_stream.continuous_frame("BTCUSDT", "1m", kline, 900, is_closed=False, time_ms=START_MS),
        wire_stream.mark_price_frame(public, START_MS),
        wire_stream.mini_ticker_frame(public, START_MS),
        wire_stream.ticker_frame(public, START_MS),
        wire_stream.book_ticker_frame(public, START_MS),
        wire_stream.depth_frame("BTCUSDT", (3, 4, 1), sides, START_MS),
    ]
    decoded = [json.loads(encode(frame)) for frame in made]
    return {frame["e"]: frame for frame in decoded}


@pytest.mark.parametrize("kind", SAMPLES)
def test_frames_have_the_fields_of_the_reference_in_its_order(kind: str) -> None:
    assert form(frames()[kind]) == form(json.loads(SAMPLES[kind]))


def test_frames_hold_what_documented_and_real_messages_hold() -> None:
    if not MESSAGES.is_dir():
        pytest.skip("the shared messages are not here")
    ours, seen = frames(), set()
    for path in sorted(MESSAGES.glob("*.json")):
        message = json.loads(path.read_text())
        message = message[0] if isinstance(message, list) else message
        message = message.get("data", message)
        mine = ours.get(message.get("e"))
        if mine is None:
            continue  # the trade stream, which is no more
        seen.add(message["e"])
        theirs, expected = unordered(message), unordered(mine)
        assert {key: expected.get(key) for key in theirs} == theirs, path.name
        newer = {"nq", "ap", "ps", "st"}
        assert set(expected) - set(theirs) <= newer, path.name
    assert seen == set(ours)


def test_the_days_change() -> None:
    frame = wire_stream.ticker_frame(feed(), START_MS)
    assert (frame.p, frame.P, frame.c, frame.v, frame.Q, frame.n) == ("10.0", "10.000", "110.0", "2.500", "0.500", 4)
    assert Decimal(frame.w) == Decimal("102.00000000")
    assert (frame.F, frame.L) == (1, 4)


def test_a_kline_without_trades_says_so() -> None:
    public = feed()
    public.close_kline()
    kline = public.klines.open_kline("1m")
    frame = wire_stream.kline_frame("BTCUSDT", "1m", kline, is_closed=True, time_ms=START_MS)
    assert (frame.k.x, frame.k.f, frame.k.L, frame.k.n, frame.k.o, frame.k.c) == (True, -1, -1, 0, "110.0", "110.0")


def test_a_zero_rate_keeps_its_places_and_the_average_is_of_the_marks() -> None:
    public = feed()
    public.on_tick(MarketTick("BTCUSDT", START_MS + 1000, (), (), (), Decimal(103), Decimal(100), Decimal("0E-8")))
    frame = wire_stream.mark_price_frame(public, START_MS)
    assert (frame.r, frame.ap, frame.p) == ("0.00000000", "101.50000000", "103")


def test_frames_are_json_of_the_venues_letters() -> None:
    text = encode(wire_stream.book_ticker_frame(feed(), START_MS)).decode()
    assert text.startswith('{"e":"bookTicker","u":')
    assert msgspec.json.decode(text)["A"] == "2.000"
