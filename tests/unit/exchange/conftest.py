"""Payloads and approved orders for the tests of the client."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    OrderFamily,
    OrderIntent,
    OrderType,
    Origin,
    Purpose,
    Side,
)
from trader_gui.domain.step import _GATE_KEY, ApprovedAmend, ApprovedCancel, ApprovedOrder

TESTS = Path(__file__).parents[2]
REAL_DATA = TESTS.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def payload() -> Callable[[str, str], bytes]:
    """Return the bytes of one payload: `payload("user_stream", "order_new")`."""

    def read(file: str, name: str) -> bytes:
        entries = json.loads((TESTS / "payloads" / f"{file}.json").read_text())
        return json.dumps(entries[name]["payload"], separators=(",", ":")).encode()

    return read


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory of recorded data; the test is skipped where it is not at hand."""
    if not REAL_DATA.is_dir():
        pytest.skip("no recorded data beside the repository")
    return REAL_DATA


@pytest.fixture
def approve() -> Callable[..., ApprovedOrder]:
    """Make an approved order; keywords replace fields of a plain limit order."""

    def make(client_order_id: str = "tg1-hn-1", **fields: Any) -> ApprovedOrder:
        known: dict[str, Any] = {
            "symbol": "BTCUSDT",
            "side": Side.BUY,
            "order_type": OrderType.LIMIT,
            "purpose": Purpose.ENTRY,
            "origin": Origin.HAND,
            "reason": "by_hand",
            "wanted_time_ms": 0,
            "quantity": Decimal("0.010"),
            "price": Decimal("60000.0"),
        }
        return ApprovedOrder(OrderIntent(**{**known, **fields}), client_order_id, gate_key=_GATE_KEY)

    return make


@pytest.fixture
def approve_cancel() -> Callable[..., ApprovedCancel]:
    """Make an approved cancel."""

    def make(client_order_id: str = "tg1-hn-1", family: OrderFamily = OrderFamily.BOOK) -> ApprovedCancel:
        intent = CancelIntent("BTCUSDT", client_order_id, family, Origin.HAND, "by_hand", 0)
        return ApprovedCancel(intent, gate_key=_GATE_KEY)

    return make


@pytest.fixture
def approve_amend(approve: Callable[..., ApprovedOrder]) -> Callable[..., ApprovedAmend]:
    """Make an approved amendment to the price and quantity of a plain limit order; keywords as for `approve`."""

    def make(client_order_id: str = "tg1-hn-1", **fields: Any) -> ApprovedAmend:
        amended = approve(client_order_id, **fields).intent
        terms = amended.price, amended.quantity
        intent = AmendIntent("BTCUSDT", client_order_id, Origin.HAND, "by_hand", 0, *terms)
        return ApprovedAmend(intent, amended, gate_key=_GATE_KEY)

    return make


class Sent(NamedTuple):
    """One request as it came over the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


class Reply(NamedTuple):
    """One answer; with `status` 0 the connection is cut instead."""

    body: bytes = b"{}"
    status: int = 200
    headers: tuple[str, ...] = ()


CUT = Reply(status=0)
HANG = Reply(status=-1)


class HttpVenue:
    """A loopback HTTP server that answers by a list and keeps what it was sent.

    `answers` maps "METHOD /path" to replies in order, the last of which is repeated. HANG answers nothing until the
    end; `reached` is set with each request.
    """

    def __init__(self, answers: dict[str, list[Reply]]) -> None:
        self.answers = {name: list(replies) for name, replies in answers.items()}
        self.sent: list[Sent] = []
        self.reached = asyncio.Event()
        self.url = ""
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "HttpVenue":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [f"{s.method} {s.path}" for s in self.sent]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        path, _, query = target.partition("?")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        self.sent.append(Sent(method, path, query, headers))
        self.reached.set()
        replies = self.answers[f"{method} {path}"]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply is HANG:
            return
        if reply is not CUT:
            lines = [f"HTTP/1.1 {reply.status} X", f"Content-Length: {len(reply.body)}", "Connection: close"]
            writer.write("\r\n".join([*lines, *reply.headers, "", ""]).encode() + reply.body)
            await writer.drain()
        writer.close()


@pytest.fixture
def http() -> SimpleNamespace:
    """The parts of the HTTP server: `http.Venue`, `http.Reply`, `http.CUT`, `http.HANG`."""
    return SimpleNamespace(Venue=HttpVenue, Reply=Reply, CUT=CUT, HANG=HANG)
