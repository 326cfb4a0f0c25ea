"""Frames as a whole: wrapped and bare, markers, unknown and broken ones."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.domain.step import Route
from trader_gui.errors import ProtocolError
from trader_gui.exchange.port import DataEnd, PaceMarker
from trader_gui.exchange.wire import decode_frame

Payload = Callable[[str, str], bytes]

BOOK_TICKER = (
    b'{"e":"bookTicker","u":9000160,"E":1795305600201,"T":1795305600199,"s":"BTCUSDT","b":"60000.0","B":"12.310",'
    b'"a":"60000.1","A":"4.020","ps":"BTCUSDT","st":1}'
)
ORDER = (
    b'{"stream":"key","data":{"e":"ORDER_TRADE_UPDATE","E":2,"T":1,"o":{"s":"BTCUSDT","c":"a","S":"BUY","o":"LIMIT",'
    b'"f":"GTC","q":"0.010","p":"60000.0","ap":"0","sp":"0","x":"NEW","X":"NEW","i":1,"l":"0","z":"0","L":"0","T":1,'
    b'"t":0,"m":false,"R":false,"wt":"CONTRACT_PRICE","cp":false,"rp":"0"}}}'
)


def test_wrapped_bare_and_indented_frames_carry_the_same():
    wrapped = b'{"stream":"btcusdt@bookTicker","data":' + BOOK_TICKER + b"}"
    turned = b'{"data":' + BOOK_TICKER + b',"stream":"btcusdt@bookTicker"}'
    indented = json.dumps(json.loads(wrapped), indent=1).encode()
    bare = decode_frame(BOOK_TICKER, Route.PUBLIC)
    assert len(bare) == 1
    for frame in (wrapped, turned, indented):
        assert decode_frame(frame, Route.PUBLIC) == bare


def test_markers_carry_their_route():
    assert decode_frame(b'{"e":"pace","n":7}', Route.MARKET) == (PaceMarker(Route.MARKET, 7),)
    assert decode_frame(b'{"e":"dataEnd"}', Route.PUBLIC) == (DataEnd(Route.PUBLIC),)


@pytest.mark.parametrize(
    "frame",
    [
        b'{"result":null,"id":1}',
        b'{"e":"24hrTicker","s":"BTCUSDT"}',
        b'{"e":"STRATEGY_UPDATE","E":1,"su":{}}',
        b'{"e":["odd"],"E":1}',
        b'[{"e":"24hrMiniTicker"},{"e":"forceOrder"}]',
        b"[]",
    ],
)
def test_what_is_not_ours_is_ignored(frame: bytes):
    assert decode_frame(frame, Route.MARKET) == ()


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b"<html>", "json"),
        (b"", "json"),
        (b"\xff\xfe", "json"),
        (b"[" * 100_000, "json"),
        (b"null", "json"),
        (b'{"x":1}', "json"),
        (b'{"code":2,"msg":"Invalid request"}', "control"),
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":1}', "control"),
        (BOOK_TICKER.replace(b'"u":9000160,', b""), "bookTicker"),
        (BOOK_TICKER.replace(b'"60000.0"', b'"sixty"'), "bookTicker"),
        (BOOK_TICKER.replace(b'"60000.0"', b'"NaN"'), "number"),
        (BOOK_TICKER.replace(b'"60000.0"', b'"-Infinity"'), "number"),
        (ORDER.replace(b'"BUY"', b'"BUYS"'), "ORDER_TRADE_UPDATE"),
    ],
)
def test_what_cannot_be_read_is_a_protocol_error_of_its_kind(frame: bytes, kind: str):
    with pytest.raises(ProtocolError) as raised:
        decode_frame(frame, Route.MARKET)
    assert str(raised.value).partition(":")[0] == kind


def test_a_foreign_client_id_is_no_number():
    (item,) = decode_frame(ORDER.replace(b'"c":"a"', b'"c":"xNaN"'), Route.PRIVATE)
    assert "xNaN" in repr(item)


@given(
    st.sampled_from([BOOK_TICKER, ORDER]),
    st.integers(0, 400),
    st.binary(max_size=6),
    st.integers(0, 6),
)
def test_a_damaged_frame_gives_items_or_a_protocol_error(frame: bytes, at: int, new: bytes, gone: int):
    damaged = frame[:at] + new + frame[at + gone :]
    try:
        items = decode_frame(damaged, Route.PRIVATE)
    except ProtocolError:
        return
    assert isinstance(items, tuple)


def test_every_recorded_frame_of_a_known_type_is_read(real_data: Path):
    files = [
        *sorted((real_data / "messages" / "ws").glob("*.json")),
        *sorted((real_data / "messages" / "user").glob("*.json")),
    ]
    assert len(files) > 40
    known = {"kline", "aggTrade", "bookTicker", "depthUpdate", "markPriceUpdate"}
    known |= {"ORDER_TRADE_UPDATE", "ALGO_UPDATE", "ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE"}
    read = 0
    for path in files:
        raw = path.read_bytes()
        value = json.loads(raw)
        inner = value.get("data", value) if isinstance(value, dict) else value[0]
        items = decode_frame(raw, Route.MARKET)
        assert items == decode_frame(json.dumps(value, separators=(",", ":")).encode(), Route.MARKET)
        assert len(items) == (1 if inner["e"] in known else 0), path.name
        read += len(items)
    assert read >= 25


def test_the_first_frames_of_every_recording_are_read(real_data: Path):
    for path in sorted((real_data / "feed").glob("*.gz")):
        read = 0
        with gzip.open(path) as lines:
            for _, line in zip(range(300), lines, strict=False):
                frame = line.split(b" ", 1)[1].strip()
                if b'"lastUpdateId"' not in frame[:40]:
                    read += len(decode_frame(frame, Route.PUBLIC))
        assert read > 100, path.name


def test_a_recording_of_four_symbols_is_read(real_data: Path):
    events: dict[str, int] = {}
    with gzip.open(real_data / "messages" / "ws" / "usdm-4symbols-2021-07-22.jsonl.gz") as lines:
        for line in lines:
            for item in decode_frame(json.dumps(json.loads(line)["frame"]).encode(), Route.MARKET):
                events[type(item).__name__] = events.get(type(item).__name__, 0) + 1
    assert events.keys() >= {"AggTrade", "DepthUpdate"}
