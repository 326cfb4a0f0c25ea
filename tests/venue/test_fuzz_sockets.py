"""Nonsense on real connections: HTTP that is none, bent requests, and frames that nobody asked for.

The exchange answers what can be answered, drops the rest, and goes on.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.raw_exchange_client import LIMIT_S, RawClient, running
from tests.venue_fuzz import Bender
from trader_gui.simulated_exchange import ws_api
from trader_gui.simulated_exchange.options import ExchangeOptions

STILL = ExchangeOptions(speed="max")
HEAD = b"Host: x\r\nX-MBX-APIKEY: k\r\n"
RAW = [
    b"GET\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS greeting
    b"\x00" * 5000,
    b"GET /fapi/v1/ping HTTP/9.9\r\n\r\n",
    b"GET /fapi/v1/%zz%ff%00 HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET /fapi/v1/depth?symbol=%FF%FE&limit=%zz HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET /fapi/v1/depth?symbol=BTC\xff\xfeUSDT HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET /fapi/v1/depth?" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET //// HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET http://[::1 HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET /fapi/v1/depth?symbol=BTCUSDT&limit=" + b"9" * 5000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"BREW /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"POST /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"Content-Length: -5\r\n\r\nabc",
    b"POST /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"Content-Length: 2000000\r\n\r\n" + b"a" * 2_000_000,
    b"POST /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    b"POST /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"Content-Length: 4\r\n\r\n\xff\xfe\x00\xd8",
    b"POST /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /simulator/faults HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\n\r\n[[[",
    b"GET /market/ws HTTP/1.1\r\n" + HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /fapi/v1/ping HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    b"GET /fapi/v1/ping HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"GET /fapi/v1/ping HTTP/1.1\r\nno colon\r\n\r\n",
]


UNFINISHED = [
    b"\r\n\r\n",
    b"GET /fapi/v1/ping HTTP/1.1\r\nHo",
    b"POST /fapi/v1/order HTTP/1.1\r\n" + HEAD + b"Content-Length: 9999\r\n\r\nabc",
    b"POST /simulator/faults HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
]


async def answer_to(client: RawClient, data: bytes, *, hangs_up: bool) -> bytes:
    """Send bytes and return what comes first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(client.rest).port)
    try:
        writer.write(data)
        if hangs_up:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(500), LIMIT_S)
    finally:
        writer.close()


def test_http_that_is_none(expect_log: Callable[[str], None]) -> None:
    expect_log("ERROR aiohttp.server: Error handling request")  # the framework's word for a request that is none

    async def body() -> None:
        async with running(STILL) as (exchange, client):
            for data in RAW:
                answer = await answer_to(client, data, hangs_up=False)
                assert answer.startswith(b"HTTP/1.") and answer[9:10] == b"4", (data[:80], answer)
                assert await client.get("/fapi/v1/ping") == {}
            assert exchange.venue.core.open_orders() == []

    asyncio.run(body())


def test_requests_that_break_off() -> None:
    async def body() -> None:
        async with running(STILL) as (_, client):
            for data in UNFINISHED:
                assert not await answer_to(client, data, hangs_up=True)
                assert await client.get("/fapi/v1/ping") == {}

    asyncio.run(body())


@pytest.mark.parametrize("seed", [1, 2])
def test_bent_requests_over_http(seed: int) -> None:
    async def body() -> None:
        bender = Bender(seed)
        async with running(STILL) as (_, client):
            key = {"X-MBX-APIKEY": client.key}
            for _ in range(150):
                method, path = bender.target()
                query = bender.query(bender.parameters(method, path))
                if not query.isascii() or any(letter <= " " or letter == "#" for letter in query):
                    continue
                query += f"&timestamp={time.time_ns() // 1_000_000}"
                query += f"&signature={client.sign(query)}"
                in_body = method != "GET" and (bender.random.random() < 0.4 or len(query) > 60_000)
                if in_body:
                    reply = await client.send(method, path, headers=key, data=query.encode())
                else:
                    reply = await client.send(method, path, query, headers=key)
                assert reply.status in (200, 400), (method, path, query[:500], reply.text[:300])
                assert reply.status == 200 or set(reply.json) == {"code", "msg"}
            assert await client.get("/fapi/v1/ping") == {}

    asyncio.run(body())


@pytest.mark.parametrize("path", ["/simulator/faults", "/simulator/script"])
def test_control_calls_that_go_too_deep(path: str) -> None:
    async def body() -> None:
        async with running(STILL) as (_, client):
            for data in ('{"a":' * 30_000, "[" * 30_000, '{"faults":' + "[" * 30_000, '{"do":' + "[" * 30_000):
                reply = await client.send("POST", path, headers={"X-MBX-APIKEY": client.key}, data=data)
                assert (reply.status, reply.code) == (400, -1130)

    asyncio.run(body())


def _frames(bender: Bender, base: dict[str, Any], count: int) -> Iterator[str | bytes]:
    yield from (b"", b"\xff\xfe", b"{}", b"\x00" * 1000)
    for _ in range(count):
        yield bender.frame(base)


@pytest.mark.parametrize("path", ["/public/ws", "/market/stream", "/private/ws/none", "/ws", ws_api.PATH])
def test_frames_that_nobody_asked_for(path: str) -> None:
    async def body() -> None:
        bender = Bender(7)
        method = "ticker.price" if path == ws_api.PATH else "SUBSCRIBE"
        parameters: Any = {"symbol": "BTCUSDT"} if path == ws_api.PATH else ["btcusdt@aggTrade", "x"]
        async with running(STILL) as (_, client):
            connection = await client.session.ws_connect(client.ws + path, max_msg_size=0)
            for frame in _frames(bender, {"id": 1, "method": method, "params": parameters}, 250):
                await (connection.send_bytes(frame) if isinstance(frame, bytes) else connection.send_str(frame))
            last = {"method": "ticker.price" if path == ws_api.PATH else "LIST_SUBSCRIPTIONS", "id": "last"}
            await connection.send_json(last)
            async with asyncio.timeout(LIMIT_S):
                while True:
                    message = await connection.receive()
                    assert message.type is aiohttp.WSMsgType.TEXT, message
                    if json.loads(message.data).get("id") == "last":
                        break
            await connection.close()
            huge = await client.session.ws_connect(client.ws + path)
            with contextlib.suppress(ConnectionError):  # it may hang up before it has seen all
                await huge.send_str("[" + "1," * 2_000_000 + "1]")
            async with asyncio.timeout(LIMIT_S):
                while not huge.closed:
                    await huge.receive()
            assert await client.get("/fapi/v1/ping") == {}

    asyncio.run(body())
