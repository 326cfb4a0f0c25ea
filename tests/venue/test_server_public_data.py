"""Public data of the simulated exchange over real sockets: all-market streams, what is not offered, equal runs."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.raw_exchange_client import RawClient, RawSocket, running
from trader_gui.simulated_exchange.options import ExchangeOptions

START_MS = 1_767_225_600_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "XRPUSDT")
FAST = ExchangeOptions(speed=50, start_time_ms=START_MS, symbols=SYMBOLS)
NOT_OFFERED = (*("insuranceBalance", "assetIndex", "indexInfo", "tradingSchedule", "lvtKlines", "nothing"),)
NO_STATISTICS = (
    *("topLongShortAccountRatio", "topLongShortPositionRatio", "globalLongShortAccountRatio", "delivery-price"),
)


def with_client(test: Any, options: ExchangeOptions = FAST) -> None:
    async def body() -> None:
        async with running(options) as (_, client):
            await test(client)

    asyncio.run(body())


def test_all_market_streams_carry_every_symbol_and_both_product_lines() -> None:
    async def body(client: RawClient) -> None:
        names = {"!ticker@arr", "!miniTicker@arr", "!markPrice@arr", "!markPrice@arr@1s"}
        rows: dict[str, list[Any]] = {}
        async with client.socket("/market/stream?streams=" + "/".join(sorted(names))) as socket:
            while set(rows) != names:
                frame = await socket.receive()
                rows[frame["stream"]] = frame["data"]
        for stream, found in rows.items():
            assert {row["s"] for row in found if row["st"] == 1} <= set(SYMBOLS), stream
            assert {row["st"] for row in found} == {1, 2}
        async with client.socket("/public/ws/!bookTicker") as socket:
            seen = {(frame := await socket.receive())["s"]: frame["st"] for _ in range(6)}
        assert seen == {**dict.fromkeys(SYMBOLS, 1), "BTCUSD_PERP": 2, "ETHUSD_PERP": 2, "XRPUSD_PERP": 2}

    with_client(body)


@pytest.mark.parametrize("path", ["/ws", "/public/ws", "/stream?streams=btcusdt@bookTicker"])
def test_names_that_do_not_exist_or_belong_elsewhere_are_acknowledged_and_silent(path: str) -> None:
    async def body(client: RawClient) -> None:
        silent = ["BTCUSDT@bookTicker", "btcusdt@trade", "!ticker@arr", "nousdt@depth", "what", "btcusdt@depth@250ms"]
        async with client.socket(path) as socket:
            reply = await socket.ask("SUBSCRIBE", *silent, "btcusdt@bookTicker", number=7)
            assert reply == {"result": None, "id": 7}
            for _ in range(30):
                frame = await socket.receive()
                data = frame.get("data", frame)
                assert (data["e"], data["s"]) == ("bookTicker", "BTCUSDT")

    with_client(body)


def test_what_is_not_offered_is_an_unknown_path() -> None:
    async def body(client: RawClient) -> None:
        for path in (
            *(f"/fapi/v1/{name}" for name in NOT_OFFERED),
            *(f"/futures/data/{name}" for name in NO_STATISTICS),
        ):
            reply = await client.send("GET", path, "symbol=BTCUSDT&period=5m")
            assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (404, "text/html"), path
            assert "404" in reply.text

    with_client(body)


def test_a_book_kept_from_the_socket_is_the_one_asked_for() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/public/ws/btcusdt@depth@100ms") as socket:
            frames = [await socket.receive() for _ in range(3)]
            snapshot = await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
            last = snapshot["lastUpdateId"]
            frames += await socket.receive_until(lambda frame: frame["u"] >= last)
            target = await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
            frames += await socket.receive_until(lambda frame: frame["u"] >= target["lastUpdateId"])
        books = {letter: dict(map(tuple, snapshot[key])) for letter, key in (("b", "bids"), ("a", "asks"))}
        wanted = [frame for frame in frames if frame["u"] >= last]
        assert wanted[0]["U"] <= last <= wanted[0]["u"]
        assert all(after["pu"] == before["u"] for before, after in itertools.pairwise(wanted))
        for frame in wanted:
            for letter, side in books.items():
                for price, quantity in frame[letter]:
                    side[price] = quantity
        newest = {price: quantity for price, quantity in books["b"].items() if float(quantity)}
        changed = {level[0] for frame in wanted for level in frame["b"]}
        for price, quantity in target["bids"]:
            assert price in changed or newest[price] == quantity

    with_client(body)


async def _record(client: RawClient, path: str) -> list[str]:
    """Play a paced market for some rounds; return all that came, byte for byte."""
    async with client.socket(path) as socket:
        await socket.connection.send_json({"method": "PACE", "params": ["join"], "id": 1})
        return [text async for text in _rounds(socket)]


async def _rounds(socket: RawSocket, rounds: int = 150) -> Any:
    while True:
        message = await socket.connection.receive(timeout=10)
        assert message.type is aiohttp.WSMsgType.TEXT
        yield message.data
        if message.data.startswith('{"e":"pace"'):
            number = int(message.data.partition('"n":')[2].rstrip("}"))
            if number >= rounds:
                return
            await socket.answer_pace(number)


@pytest.mark.parametrize("route", ["market", "public"])
def test_two_paced_runs_send_the_same_bytes(route: str, tmp_path: Path) -> None:
    kinds = {
        "market": ("kline_1m", "kline_1M", "aggTrade", "ticker", "miniTicker", "markPrice@1s"),
        "public": ("bookTicker", "depth", "depth@100ms", "depth20", "rpiDepth@500ms"),
    }[route]
    names = [f"{symbol.lower()}@{kind}" for symbol in SYMBOLS for kind in kinds]
    names += ["!ticker@arr", "!markPrice@arr", "btcusdt_perpetual@continuousKline_5m"] if route == "market" else []
    names += ["!bookTicker"] if route == "public" else []
    recorded: list[list[str]] = []

    async def body(client: RawClient) -> None:
        recorded.append(await _record(client, f"/{route}/stream?streams=" + "/".join(names)))

    for _ in range(2):
        with_client(body, ExchangeOptions(speed="max", symbols=SYMBOLS, seed=5))
    assert recorded[0] == recorded[1]
    assert len(recorded[0]) > 500
