import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.raw_exchange_client import RawClient, RawSocket, running, write_klines
from trader_gui.simulated_exchange.mirror import FARTHEST_MS, MirrorError, MirrorMarket, read_frame
from trader_gui.simulated_exchange.options import ExchangeOptions, make_markets
from trader_gui.simulated_exchange.server import SimulatedExchange

ROWS = 40
START_MS = 1_700_000_040_000 + (500 + ROWS) * 60_000


def frame(time_ms: int = START_MS + 100, **changes: Any) -> dict[str, Any]:
    price = Decimal("60000.0")
    return {
        "symbol": "BTCUSDT",
        "time_ms": time_ms,
        "prints": [],
        "bids": [[str(price - Decimal("0.1") * n), "1.000"] for n in range(20)],
        "asks": [[str(price + Decimal("0.1") * (n + 1)), "0.500"] for n in range(20)],
        "mark": "60000.05",
        "index": "59990.1",
        "funding_rate": "-0.00010000",
        **changes,
    }


# ---- frames ---------------------------------------------------------------------------------------------------------


def test_a_frame_becomes_a_tick() -> None:
    tick = read_frame(json.dumps(frame(prints=[["60000.1", "0.25", False]])), "BTCUSDT")
    assert (tick.time_ms, tick.mark_price, tick.index_price) == (
        START_MS + 100,
        Decimal("60000.05"),
        Decimal("59990.1"),
    )
    assert tick.funding_rate == Decimal("-0.0001")
    assert tick.bids[:2] == ((Decimal("60000.0"), Decimal(1)), (Decimal("59999.9"), Decimal(1)))
    assert tick.asks[0] == (Decimal("60000.1"), Decimal("0.5"))
    (trade,) = tick.prints
    assert (trade.price, trade.quantity, trade.is_buyer_maker) == (Decimal("60000.1"), Decimal("0.25"), False)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"symbol": "ETHUSDT"}, "ETHUSDT is not mirrored here"),
    ({"time_ms": "soon"}, "int"),
    ({"bids": []}, "no level"),
    ({"asks": []}, "no level"),
    ({"bids": [["60000.0", "1"], ["60000.0", "1"]]}, "bids do not fall"),
    ({"bids": [["59999.0", "1"], ["60000.0", "1"]]}, "bids do not fall"),
    ({"asks": [["60001.0", "1"], ["60000.5", "1"]]}, "asks do not rise"),
    ({"bids": [["60000.1", "1"]]}, "crossed"),
    ({"bids": [["60000.0", "0"]]}, "above 0"),
    ({"asks": [["60000.1", "NaN"]]}, "above 0"),
    ({"asks": [["Infinity", "1"]]}, "above 0"),
    ({"asks": [["1E+999", "1"]]}, "above 0"),
    ({"mark": "0"}, "above 0"),
    ({"index": "-1"}, "above 0"),
    ({"prints": [["60000.0", "0", True]]}, "above 0"),
    ({"prints": [["60000.0", "1E-30", True]]}, "above 0"),
    ({"prints": [["60000.0", "1"]]}, "prints"),
    ({"prints": [["60000.0", "1", "yes"]]}, "prints"),
    ({"funding_rate": "NaN"}, "funding"),
    ({"funding_rate": "1"}, "funding"),
    ({"extra": 1}, "extra"),
]


@pytest.mark.parametrize(("change", "why"), BAD)
def test_a_frame_with_a_mistake_is_refused_and_says_why(change: dict[str, Any], why: str) -> None:
    with pytest.raises(MirrorError, match=why):
        read_frame(json.dumps(frame(**change)), "BTCUSDT")


@given(st.text(max_size=60) | st.from_type(type(None)).map(lambda _: "[" * 2000))
def test_whatever_comes_is_a_frame_or_an_error_with_words(text: str) -> None:
    with pytest.raises(MirrorError, match=r".+"):
        read_frame(text, "BTCUSDT")


def test_every_row_of_the_file_is_history_and_nothing_is_played(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-1m.csv"
    rows = write_klines(path, ROWS)
    (market,), _ = make_markets(ExchangeOptions(data=path, mirror=True))
    assert isinstance(market, MirrorMarket)
    history = market.history()
    assert [str(row.close) for row in history] == [row[4] for row in rows]
    assert market.start_time_ms == START_MS == history[-1].close_time_ms + 1
    assert list(market.ticks()) == []


# ---- over the socket ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def mirrored(folder: Path) -> AsyncIterator[tuple[SimulatedExchange, RawClient, RawSocket]]:
    """Run an exchange whose market the test pushes in."""
    path = folder / "BTCUSDT-1m.csv"
    write_klines(path, ROWS)
    async with running(ExchangeOptions(data=path, mirror=True)) as (exchange, client):
        headers = {"X-MBX-APIKEY": client.key}
        async with client.session.ws_connect(client.ws + "/mirror", headers=headers) as connection:
            yield exchange, client, RawSocket(connection)


async def push(socket: RawSocket, content: dict[str, Any] | str) -> Any:
    await socket.connection.send_str(content if isinstance(content, str) else json.dumps(content))
    return await socket.receive()


def test_the_market_is_closed_until_the_first_frame_and_then_as_told(tmp_path: Path) -> None:
    async def body() -> None:
        async with mirrored(tmp_path) as (_, client, socket):
            refused = await client.order(side="BUY", type="MARKET", quantity="0.010")
            assert (refused.status, refused.code) == (400, -1122)
            empty = await client.get("/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
            assert (empty["bidPrice"], empty["askPrice"]) == ("0", "0")

            assert await push(socket, frame()) == {"e": "mirror", "E": START_MS + 100, "taken": True}
            depth = await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=20)
            assert (depth["bids"], depth["asks"]) == (frame()["bids"], frame()["asks"])
            index = await client.get("/fapi/v1/premiumIndex", symbol="BTCUSDT")
            assert (index["markPrice"], index["lastFundingRate"]) == ("60000.05", "-0.00010000")
            # Half at the best ask, the rest one level deeper.
            answer = await client.order(side="BUY", type="MARKET", quantity="0.700", newOrderRespType="RESULT")
            assert answer.json["status"] == "FILLED"
            trades = (await client.signed("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")).json
            assert [(t["price"], t["qty"]) for t in trades] == [("60000.1", "0.500"), ("60000.2", "0.200")]
            assert {t["time"] for t in trades} == {START_MS + 100}

    asyncio.run(body())


def test_prints_fill_resting_orders_by_their_place_in_the_queue(tmp_path: Path) -> None:
    async def body() -> None:
        async with mirrored(tmp_path) as (_, client, socket):
            await push(socket, frame())
            order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.100", "price": "60000.0"}
            assert (await client.order(**order)).status == 200
            async with client.user_stream() as user:
                # One BTC stands ahead of it: the first print takes most of that, the second reaches the order.
                await push(socket, frame(START_MS + 200, prints=[["60000.0", "0.900", True]]))
                await push(socket, frame(START_MS + 300, prints=[["60000.0", "0.150", True]]))
                told = await user.receive_until(lambda event: event["e"] == "ORDER_TRADE_UPDATE")
                assert (told[-1]["o"]["l"], told[-1]["o"]["L"], told[-1]["o"]["m"]) == ("0.050", "60000.0", True)
                assert told[-1]["T"] == START_MS + 300

    asyncio.run(body())


def test_late_and_bad_frames_change_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        async with mirrored(tmp_path) as (exchange, client, socket):
            await push(socket, frame())
            before = await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
            others = [["59000.0", "1"]]
            for late_ms in (START_MS + 100, START_MS, START_MS - 90_000):
                reply = await push(socket, frame(late_ms, bids=others, prints=[["59000.0", "1", True]]))
                assert reply == {"e": "mirror", "E": START_MS + 100, "taken": False}
            far = frame(START_MS + 101 + FARTHEST_MS)
            for bad in (far, "{", "[]", "no", *(json.dumps({**frame(START_MS + 200), **change}) for change, _ in BAD)):
                reply = await push(socket, bad)
                assert reply["code"] == 2 and reply["msg"].startswith("Invalid frame: "), reply
            assert await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000) == before
            assert exchange.venue.market_ms == START_MS + 100
            assert (await push(socket, frame(START_MS + 200)))["taken"] is True

    asyncio.run(body())


def test_klines_go_on_from_the_history_by_the_frames_clock(tmp_path: Path) -> None:
    async def body() -> None:
        async with mirrored(tmp_path) as (_, client, socket):
            await push(socket, frame(prints=[["60000.0", "1", True], ["60010.0", "2", False]]))
            # Two minutes without a word: the first closes as it was, the second stands still at its close.
            await push(socket, frame(START_MS + 120_500, prints=[["60005.0", "1", True]]))
            rows = await client.get("/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=4)
            assert [row[0] for row in rows] == [START_MS + n * 60_000 for n in (-1, 0, 1, 2)]
            assert [row[4] for row in rows[1:]] == ["60010.0", "60010.0", "60005.0"]
            assert [Decimal(row[5]) for row in rows[1:]] == [3, 0, 1]

    asyncio.run(body())


def test_only_the_accounts_key_opens_the_socket_and_only_where_a_mirror_is_wanted(tmp_path: Path) -> None:
    async def body() -> None:
        async with mirrored(tmp_path) as (_, client, _socket):
            for headers in ({}, {"X-MBX-APIKEY": "someone else's"}, {"Origin": "http://page.example"}):
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await client.session.ws_connect(client.ws + "/mirror", headers=headers)
                assert refused.value.status == 401
            plain = await client.send("GET", "/mirror", headers={"X-MBX-APIKEY": client.key})
            assert plain.status == 404
        async with running() as (_, client):
            with pytest.raises(aiohttp.WSServerHandshakeError) as absent:
                await client.session.ws_connect(client.ws + "/mirror", headers={"X-MBX-APIKEY": client.key})
            assert absent.value.status == 404

    asyncio.run(body())


def test_a_broken_market_cuts_every_connection(tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log("ERROR .*the simulated market failed")
    expect_log("ERROR aiohttp.server")

    async def body() -> None:
        async with (
            mirrored(tmp_path) as (exchange, client, socket),
            client.socket("/market/ws/btcusdt@markPrice@1s") as listener,
        ):
            await push(socket, frame())
            await listener.receive()
            exchange.venue.feeds.clear()
            await socket.connection.send_str(json.dumps(frame(START_MS + 200)))
            for one in (socket, listener):
                while not one.connection.closed:
                    await one.connection.receive(timeout=5)

    asyncio.run(body())
