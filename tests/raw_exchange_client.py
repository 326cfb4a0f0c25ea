"""A client of the simulated exchange that knows only the venue's documents: raw HTTP and WebSocket, own signing."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

from trader_gui.simulated_exchange.klines_file import COLUMNS
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.server import SimulatedExchange

LIMIT_S = 10.0


class Reply:
    """An answer: status, headers, and the body as JSON (as text where it is none)."""

    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> int:
        return int(self.json["code"])


class RawClient:
    """Requests and sockets of one account."""

    def __init__(self, session: aiohttp.ClientSession, rest: str, ws: str, key: str, secret: str) -> None:
        self.session = session
        self.rest = rest
        self.ws = ws
        self.key = key
        self.secret = secret

    def sign(self, payload: str) -> str:
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    async def send(self, method: str, path: str, query: str = "", **options: Any) -> Reply:
        from yarl import URL

        url = URL(f"{self.rest}{path}" + (f"?{query}" if query else ""), encoded=True)
        async with self.session.request(method, url, **options) as answer:
            return Reply(answer.status, answer.headers, await answer.text())

    async def get(self, path: str, **parameters: Any) -> Any:
        reply = await self.send("GET", path, urlencode(parameters))
        assert reply.status == 200, reply.text
        return reply.json

    async def signed(self, method: str, path: str, **parameters: Any) -> Reply:
        parameters.setdefault("timestamp", time.time_ns() // 1_000_000)
        payload = urlencode(parameters)
        query = f"{payload}&signature={self.sign(payload)}"
        return await self.send(method, path, query, headers={"X-MBX-APIKEY": self.key})

    async def order(self, **parameters: Any) -> Reply:
        return await self.signed("POST", "/fapi/v1/order", symbol="BTCUSDT", **parameters)

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator["RawSocket"]:
        async with self.session.ws_connect(self.ws + path, compress=0) as connection:
            yield RawSocket(connection)

    @asynccontextmanager
    async def user_stream(self) -> AsyncIterator["RawSocket"]:
        reply = await self.send("POST", "/fapi/v1/listenKey", headers={"X-MBX-APIKEY": self.key})
        async with self.socket(f"/private/ws/{reply.json['listenKey']}") as socket:
            yield socket


class RawSocket:
    """One stream connection."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self.connection = connection

    async def receive(self) -> Any:
        message = await self.connection.receive(timeout=LIMIT_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def receive_until(self, wanted: Any) -> list[Any]:
        """Return all frames up to the first for which `wanted` is true, that one included."""
        frames = []
        async with asyncio.timeout(LIMIT_S):
            while True:
                frames.append(await self.receive())
                if wanted(frames[-1]):
                    return frames

    async def ask(self, method: str, *parameters: Any, number: int = 1) -> Any:
        """Send a control message and return its reply; frames before it are thrown away."""
        await self.connection.send_json({"method": method, "params": list(parameters), "id": number})
        return (await self.receive_until(lambda frame: frame.get("id") == number or "code" in frame))[-1]

    async def answer_pace(self, number: int) -> None:
        await self.connection.send_json({"method": "PACE", "params": [number], "id": number})


@asynccontextmanager
async def running(options: ExchangeOptions | None = None) -> AsyncIterator[tuple[SimulatedExchange, RawClient]]:
    """Run an exchange and a client of it."""
    async with (
        SimulatedExchange(options or ExchangeOptions()) as exchange,
        aiohttp.ClientSession() as session,
    ):
        yield (
            exchange,
            RawClient(session, exchange.rest_url, exchange.ws_url, exchange.api_key, exchange.api_secret),
        )


def write_klines(path: Path, played: int, *, start_ms: int = 1_700_000_040_000) -> list[list[str]]:
    """Write a klines file of 500 rows of history and `played` rows more; return the rows."""
    rows = []
    close = 600_000
    for index in range(500 + played):
        opened, close = close, 600_000 + (index * 7919) % 601 - 300
        high, low = max(opened, close) + index % 13, min(opened, close) - index % 7
        at = start_ms + index * 60_000
        prices = [f"{price // 10}.{price % 10}" for price in (opened, high, low, close)]
        rows.append([str(at), *prices, f"{10 + index % 90}.{index % 1000:03}", str(at + 59_999), *[""] * 5])
    path.write_text("\n".join(",".join(row) for row in [list(COLUMNS), *rows]) + "\n", encoding="utf-8")
    return rows
