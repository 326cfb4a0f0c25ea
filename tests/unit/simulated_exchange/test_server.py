import asyncio
from collections.abc import Callable

import pytest

from tests.raw_exchange_client import running
from trader_gui.errors import UserError
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.server import SimulatedExchange

START_MS = 1_767_225_600_000


def test_a_port_in_use_is_named_with_the_remedy() -> None:
    async def body() -> None:
        async with running() as (exchange, _):
            port = int(exchange.rest_url.rpartition(":")[2])
            second = SimulatedExchange(ExchangeOptions(port=port))
            with pytest.raises(UserError, match=rf"^port {port} is in use: .*choose another port\.$"):
                await second.start()
        async with SimulatedExchange(ExchangeOptions(port=port)) as again:  # free again at once
            assert again.rest_url.endswith(f":{port}")

    asyncio.run(body())


def test_stopping_cuts_clients_and_is_bounded() -> None:
    async def body() -> None:
        async with (
            running(ExchangeOptions(speed=100, start_time_ms=START_MS)) as (exchange, client),
            client.socket("/market/ws/btcusdt@kline_1m") as socket,
        ):
            await socket.receive()
            async with asyncio.timeout(5):
                await exchange.stop()
            while not socket.connection.closed:
                await socket.connection.receive(timeout=5)

    asyncio.run(body())


def test_a_broken_market_cuts_every_connection(
    monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("ERROR .*the simulated market failed")

    async def body() -> None:
        async with (
            running(ExchangeOptions(speed=50, start_time_ms=START_MS)) as (exchange, client),
            client.socket("/market/ws/btcusdt@kline_1m") as socket,
        ):
            await socket.receive()
            exchange.venue.feeds.clear()
            while not socket.connection.closed:
                await socket.connection.receive(timeout=5)
            assert socket.connection.close_code == 1001

    asyncio.run(body())


def test_the_market_at_one_agrees_with_the_machines_clock() -> None:
    async def body() -> None:
        async with running() as (exchange, client), client.socket("/market/ws/btcusdt@kline_1m") as socket:
            await socket.receive()
            now_ms = (await client.get("/fapi/v1/time"))["serverTime"]
            assert abs(now_ms - exchange.venue.market_ms) < 2_000

    asyncio.run(body())


def test_the_market_keeps_its_speed() -> None:
    async def body() -> None:
        loop = asyncio.get_running_loop()
        options = ExchangeOptions(speed=20, start_time_ms=START_MS)
        async with running(options) as (_, client), client.socket("/market/ws/btcusdt@markPrice@1s") as socket:
            first = (await socket.receive())["E"]
            began_s = loop.time()
            last = (await socket.receive_until(lambda frame: frame["E"] >= first + 10_000))[-1]["E"]
            speed = (last - first) / 1000 / (loop.time() - began_s)
            assert 10 < speed < 30

    asyncio.run(body())
