"""Limits and life of stream connections (1.4, 1.5), with intervals that a test can wait for."""

import asyncio
import socket as tcp
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.raw_exchange_client import LIMIT_S, RawClient, running, write_klines
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.socket_host import DEFAULT_LIMITS, ConnectionLimits

START_MS = 1_767_225_600_000


def with_client(body: Callable[[RawClient], Awaitable[None]], limits: ConnectionLimits = DEFAULT_LIMITS) -> None:
    async def run() -> None:
        async with running(ExchangeOptions(speed=50, start_time_ms=START_MS, limits=limits)) as (_, client):
            await body(client)

    asyncio.run(run())


async def refused(client: RawClient, path: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with client.socket(path):
            pass
    return caught.value.status


def test_1024_streams_on_a_connection_and_not_one_more() -> None:
    async def body(client: RawClient) -> None:
        names = [f"coin{number}usdt@kline_15m" for number in range(1024)]
        assert await refused(client, "/market/stream?streams=" + "/".join([*names, "btcusdt@aggTrade"])) == 400
        async with client.socket("/market/stream?streams=" + "/".join([*names[1:], "btcusdt@aggTrade"])) as socket:
            assert (await socket.receive())["stream"] == "btcusdt@aggTrade"
            error = await socket.ask("SUBSCRIBE", *names[:1], "btcusdt@kline_1m")
            assert error["code"] == 2
            assert len((await socket.ask("LIST_SUBSCRIPTIONS", number=2))["result"]) == 1024
            await socket.ask("UNSUBSCRIBE", *names[1:], number=3)
            assert await socket.ask("SUBSCRIBE", *names[:1], number=4) == {"result": None, "id": 4}

    with_client(body)


def test_new_connections_are_counted() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/market/ws"), client.socket("/private/ws/nobody"):
            assert await refused(client, "/public/ws") == 429
            assert await client.get("/fapi/v1/ping") == {}
            async with asyncio.timeout(LIMIT_S):
                while True:
                    try:
                        async with client.socket("/market/ws/btcusdt@aggTrade") as socket:
                            await socket.receive()
                        return
                    except aiohttp.WSServerHandshakeError:
                        await asyncio.sleep(0.3)

    with_client(body, ConnectionLimits(new_connections=2, window_s=0.6))


def test_at_speed_max_connections_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-1m-2023-11.csv"
    write_klines(path, 2)

    async def run() -> None:
        limits = ConnectionLimits(new_connections=1)
        async with (
            running(ExchangeOptions(data=path, speed="max", limits=limits)) as (_, client),
            client.socket("/market/ws"),
            client.socket("/public/ws") as socket,
        ):
            for number in range(30):
                assert (await socket.ask("LIST_SUBSCRIPTIONS", number=number))["result"] == []

    asyncio.run(run())


def test_the_server_pings_and_a_pong_unasked_for_is_life_enough() -> None:
    async def body(client: RawClient) -> None:
        async with (
            client.session.ws_connect(client.ws + "/market/ws", autoping=False) as mute,
            client.session.ws_connect(client.ws + "/market/ws", autoping=False) as living,
        ):
            kinds: list[aiohttp.WSMsgType] = []
            async with asyncio.timeout(LIMIT_S):
                while not mute.closed:
                    await living.pong(b"")
                    try:
                        kinds.append((await mute.receive(timeout=0.1)).type)
                    except TimeoutError:
                        continue
            assert kinds[0] is aiohttp.WSMsgType.PING
            assert mute.close_code == 1001
            assert not living.closed
            await living.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
            while (message := await living.receive(timeout=LIMIT_S)).type is aiohttp.WSMsgType.PING:
                pass
            assert message.json() == {"result": [], "id": 1}

    with_client(body, ConnectionLimits(ping_s=0.1, pong_s=1.0))


def test_a_connection_ends_when_its_life_is_over() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/market/ws/btcusdt@aggTrade") as socket:
            while not socket.connection.closed:
                await socket.connection.receive(timeout=LIMIT_S)
            assert socket.connection.close_code == 1001

    with_client(body, ConnectionLimits(ping_s=0.1, life_s=0.5))


def test_a_client_that_reads_nothing_does_not_hold_up_the_end() -> None:
    async def run() -> None:
        async with running(ExchangeOptions(speed=100, start_time_ms=START_MS)) as (exchange, _):
            host, port = exchange.rest_url.removeprefix("http://").split(":")
            streams = "/".join(f"btcusdt@{kind}" for kind in ("depth20@100ms", "depth@100ms", "bookTicker"))
            with tcp.create_connection((host, int(port))) as stuck:
                stuck.setsockopt(tcp.SOL_SOCKET, tcp.SO_RCVBUF, 4096)
                stuck.sendall(
                    f"GET /public/ws/{streams} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
                )
                async with asyncio.timeout(LIMIT_S):
                    while True:
                        await asyncio.sleep(0.01)
                        if any(each.unsent > 100_000 for each in exchange.venue.hub.sockets):
                            break
                    await exchange.stop()

    asyncio.run(run())


def test_a_wrong_listen_key_is_welcome_and_hears_nothing() -> None:
    async def body(client: RawClient) -> None:
        async with client.user_stream() as right, client.socket("/private/ws/not-a-key") as wrong:
            for leverage in (11, 12):
                await client.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=leverage)
            assert [(await right.receive())["ac"]["l"] for _ in range(2)] == [11, 12]
            await wrong.connection.send_json({"method": "LIST_SUBSCRIPTIONS", "id": "a-text-as-id"})
            assert await wrong.receive() == {"result": ["not-a-key"], "id": "a-text-as-id"}

    with_client(body)


def test_the_official_way_to_a_user_stream_is_a_subscription() -> None:
    async def body(client: RawClient) -> None:
        opened = await client.send("POST", "/fapi/v1/listenKey", headers={"X-MBX-APIKEY": client.key})
        key = opened.json["listenKey"]
        async with client.socket("/private/stream") as user:
            await user.connection.send_json({"method": "SUBSCRIBE", "params": [key], "id": "0b8e4a52-5f0d"})
            assert await user.receive() == {"result": None, "id": "0b8e4a52-5f0d"}
            await client.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=11)
            frame = await user.receive()
            assert (frame["stream"], frame["data"]["ac"]["l"]) == (key, 11)

    with_client(body)
