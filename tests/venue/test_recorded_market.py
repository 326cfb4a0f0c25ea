"""A recording played through the exchange: a client that follows the documents sees the recording's own market."""

import asyncio
import gzip
import random
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.raw_exchange_client import RawClient, RawSocket, running
from tests.recordings import START_MS, Book, depth, replay, snapshot, trade, trades, write
from trader_gui.simulated_exchange.klines import MINUTE_MS
from trader_gui.simulated_exchange.options import ExchangeOptions

REAL = Path(__file__).parents[3] / "shared" / "data" / "feed" / "BTCUSDT-perp-raw-2024-07-18.gz"
JOIN = {"method": "PACE", "params": ["join"], "id": 1}


def made_recording(path: Path) -> Path:
    """Twenty seconds: a diff every 50 ms that changes some levels around a walking price, a trade at the touch."""
    rng = random.Random(5)
    frames: list[Any] = [snapshot(START_MS, 1_000, 40)]
    middle, last_id = 1_000, 1_000
    for step in range(1, 400):
        at_ms = START_MS + 50 * step
        was, middle = middle, middle + rng.choice((-1, 0, 0, 1))
        bids = dict.fromkeys(range(middle + 1, was + 1), "0.000")
        asks = dict.fromkeys(range(was + 1, middle + 1), "0.000")
        for side, best, sign in ((bids, middle, -1), (asks, middle + 1, 1)):
            side[best] = f"{rng.randint(1, 9000) / 1000:.3f}"
            side[best + sign * rng.randint(1, 60)] = f"{rng.choice((0, 1, 2))}.000"
        ids = (last_id + (step > 1), last_id + rng.randint(1, 9), last_id)
        last_id = ids[1]
        taken = middle + rng.randint(0, 1)
        frames.append(trade(at_ms - 20, f"{taken / 10:.1f}", f"0.{step:03}", is_buyer_maker=taken == middle))
        levels = [[[f"{price / 10:.1f}", size] for price, size in side.items()] for side in (bids, asks)]
        frames.append(depth(at_ms, ids, *levels))
    return write(path, frames)


class ClientBook:
    """A local book by the documented procedure."""

    def __init__(self, reply: dict[str, Any]) -> None:
        self.last_id = reply["lastUpdateId"]
        self.levels: Book = {"b": {}, "a": {}}
        self.is_synced = False
        self._set("b", reply["bids"])
        self._set("a", reply["asks"])

    def take(self, frame: dict[str, Any]) -> None:
        if frame["u"] < self.last_id:
            return
        if self.is_synced:
            assert frame["pu"] == self.last_id
        else:
            assert frame["U"] <= self.last_id + 1
        self.is_synced, self.last_id = True, frame["u"]
        self._set("b", frame["b"])
        self._set("a", frame["a"])

    def _set(self, side: str, levels: list[list[str]]) -> None:
        for price, quantity in levels:
            if Decimal(quantity):
                self.levels[side][Decimal(price)] = Decimal(quantity)
            else:
                self.levels[side].pop(Decimal(price), None)


async def play(client: RawClient, depth_socket: RawSocket, kline_socket: RawSocket) -> list[dict[str, Any]]:
    """Answer every round to the data's end; return all frames in the order of their rounds."""
    frames: list[dict[str, Any]] = []
    for socket in (depth_socket, kline_socket):
        await socket.connection.send_json(JOIN)
    while True:
        for socket in (kline_socket, depth_socket):
            batch = await socket.receive_until(lambda frame: frame.get("e") in ("pace", "dataEnd"))
            frames += [frame for frame in batch[:-1] if "e" in frame]
            if batch[-1]["e"] == "dataEnd":
                return frames
            await socket.answer_pace(batch[-1]["n"])


@pytest.mark.parametrize(
    "is_real", [False, pytest.param(True, marks=pytest.mark.skipif(not REAL.exists(), reason="-"))]
)
def test_a_clients_book_and_klines_are_those_of_the_recording(tmp_path: Path, is_real: bool) -> None:
    path = cut(REAL, tmp_path / "BTCUSDT.txt", 1500) if is_real else made_recording(tmp_path / "BTCUSDT.gz")
    books = {instant.time_ms: {s: dict(levels) for s, levels in instant.book.items()} for instant in replay(path)}

    async def body() -> None:
        async with (
            running(ExchangeOptions(data=path, speed="max")) as (exchange, client),
            client.socket("/public/ws/btcusdt@depth@100ms") as public,
            client.socket("/market/ws/btcusdt@kline_1m") as market,
        ):
            start_ms = exchange.venue.market_ms + 1
            reply = await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
            book = ClientBook(reply)
            frames = await play(client, public, market)
            checked = 0
            for frame in frames:
                if frame["e"] == "depthUpdate":
                    book.take(frame)
                    wanted = books.get(frame["E"])
                    if wanted is not None:  # between diffs the best prices may be newer
                        for side, sign in (("b", -1), ("a", 1)):
                            best = sorted(book.levels[side].items(), key=lambda level: sign * level[0])[:500]
                            assert best == sorted(wanted[side].items(), key=lambda level: sign * level[0])[:500]
                        checked += 1
            assert checked > 20
            assert exchange.at_end.is_set()
            last = [frame["k"] for frame in frames if frame["e"] == "kline"][-1]
            rows = [
                row for row in trades(path) if row["T"] >= start_ms and row["T"] // MINUTE_MS == last["t"] // MINUTE_MS
            ]
            assert (last["o"], last["c"]) == (rows[0]["p"], rows[-1]["p"])
            assert Decimal(last["v"]) == sum(Decimal(row["q"]) for row in rows)
            assert last["n"] == len(rows)

    asyncio.run(body())


def cut(source: Path, target: Path, count: int) -> Path:
    """Write the first frames of a packed recording."""
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        target.write_text("".join(islice(lines, count)), encoding="utf-8")
    return target


def test_orders_trade_against_the_recorded_book(tmp_path: Path) -> None:
    path = made_recording(tmp_path / "BTCUSDT.txt")

    async def body() -> None:
        async with running(ExchangeOptions(data=path, speed="max")) as (_, client):
            (ask, size), *_ = (await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=5))["asks"]
            assert (ask, size) == ("100.1", "5.000")
            reply = await client.order(side="BUY", type="MARKET", quantity="1.5", newOrderRespType="RESULT")
            assert reply.json["status"] == "FILLED", reply.text
            assert (await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=5))["asks"][0] == ["100.1", "3.500"]

    asyncio.run(body())
