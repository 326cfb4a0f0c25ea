"""Regimes of a generated market as a client meets them: a halt refuses orders; markets made from rules files."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.raw_exchange_client import RawClient, RawSocket, running
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import start_exchange
from trader_gui.simulated_exchange.server import SimulatedExchange
from trader_gui.simulated_exchange.sources import ALL
from trader_gui.simulated_exchange.symbols import SPECS

RULES = Path(__file__).parents[3] / "shared" / "data" / "messages" / "rest" / "exchangeInfo-2021-07-21.json"
JOIN = {"method": "PACE", "params": ["join"], "id": 1}


async def advance(exchange: SimulatedExchange, socket: RawSocket, number: int, until_ms: int) -> int:
    """Answer rounds until the market clock has reached a time; return the marker that is out."""
    while exchange.venue.market_ms < until_ms:
        await socket.answer_pace(number)
        number = (await socket.receive_until(lambda frame: frame.get("e") == "pace"))[-1]["n"]
    return number


async def limit_order(client: RawClient) -> Any:
    return await client.order(side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01", price="105000.0")


def test_a_halt_refuses_orders_changes_nothing_and_ends() -> None:
    async def body() -> None:
        options = ExchangeOptions(speed="max", regime="mixed:2s,halt:3s,mixed")
        async with running(options) as (exchange, client), client.socket("/market/ws") as socket:
            start_ms = exchange.venue.market_ms + 1
            resting = (await limit_order(client)).json
            assert resting["status"] == "NEW"
            await socket.connection.send_json(JOIN)
            first = (await socket.receive_until(lambda frame: frame.get("e") == "pace"))[-1]["n"]
            number = await advance(exchange, socket, first, start_ms + 2_500)
            before = await client.signed("GET", "/fapi/v3/account")
            for answer in (
                await limit_order(client),
                await client.order(side="SELL", type="MARKET", quantity="0.01"),
            ):
                assert (answer.status, answer.code) == (400, -1122)
            assert (await client.signed("GET", "/fapi/v3/account")).text == before.text
            book = await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=5)
            number = await advance(exchange, socket, number, start_ms + 4_000)
            assert (await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=5))["bids"] == book["bids"]
            cancelled = await client.signed("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=resting["orderId"])
            assert cancelled.json["status"] == "CANCELED"
            await advance(exchange, socket, number, start_ms + 5_100)
            assert (await limit_order(client)).json["status"] == "NEW"

    asyncio.run(body())


async def collect(options: ExchangeOptions, until_ms: int) -> list[str]:
    """Return every frame of a paced socket as it came, up to a market time."""
    async with running(options) as (exchange, client):
        streams = "btcusdt@depth@100ms/btcusdt@bookTicker"
        async with client.socket(f"/public/stream?streams={streams}") as socket:
            await socket.connection.send_json(JOIN)
            lines: list[str] = []
            start_ms = exchange.venue.market_ms
            while exchange.venue.market_ms < start_ms + until_ms:
                message = (await socket.connection.receive(timeout=10.0)).data
                lines.append(message)
                frame = json.loads(message)
                if frame.get("e") == "pace":
                    await socket.answer_pace(frame["n"])
            return lines


def test_two_runs_of_a_schedule_give_the_same_bytes() -> None:
    options = ExchangeOptions(speed="max", seed=8, regime="calm:3s,crash:3s,halt:1s,trend:3s")
    first, second = (asyncio.run(collect(options, 15_000)) for _ in range(2))
    assert len(first) > 300
    assert first == second


def test_every_symbol_of_the_table_is_served() -> None:
    async def body() -> None:
        async with running(ExchangeOptions(symbols=(ALL,))) as (_, client):
            info = await client.get("/fapi/v1/exchangeInfo")
            assert [row["symbol"] for row in info["symbols"]] == list(SPECS)
            book = await client.get("/fapi/v1/depth", symbol="XTZUSDT", limit=5)
            assert len(book["bids"]) == 5

    asyncio.run(body())


@pytest.mark.skipif(not RULES.exists(), reason="the published rules are not here")
def test_a_child_process_trades_symbols_of_a_rules_file(tmp_path: Path) -> None:
    info = json.loads(RULES.read_text(encoding="utf-8"))
    row = {"bracket": 1, "initialLeverage": 7, "notionalFloor": 0, "notionalCap": 9, "maintMarginRatio": 0.1, "cum": 0}
    brackets = tmp_path / "brackets.json"
    brackets.write_text(json.dumps([{"symbol": "YFIUSDT", "brackets": [row]}]), encoding="utf-8")

    async def body() -> None:
        options = ExchangeOptions(
            symbols=("YFIUSDT", "CHZUSDT"), rules=RULES, brackets=brackets, regime="calm:5m,crash"
        )
        child = await start_exchange(options)
        try:
            async with aiohttp.ClientSession() as session:
                client = RawClient(session, child.rest_url, child.ws_url, child.api_key, child.api_secret)
                told = {entry["symbol"]: entry for entry in (await client.get("/fapi/v1/exchangeInfo"))["symbols"]}
                wanted = {entry["symbol"]: entry for entry in info["symbols"]}
                assert list(told) == ["YFIUSDT", "CHZUSDT"]
                for symbol, entry in told.items():
                    filters, published = (
                        {found["filterType"]: found for found in side["filters"]} for side in (entry, wanted[symbol])
                    )
                    assert filters["PRICE_FILTER"] == published["PRICE_FILTER"]
                    assert filters["LOT_SIZE"] == published["LOT_SIZE"]
                reply = await client.signed("GET", "/fapi/v1/leverageBracket", symbol="YFIUSDT")
                assert json.dumps(reply.json).count("initialLeverage") == 1
        finally:
            await child.stop()

    asyncio.run(body())
