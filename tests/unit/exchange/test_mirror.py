"""A public market taken to a simulated exchange: what is told, when, and what happens when either end is lost."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from trader_gui.exchange import mirror as module
from trader_gui.exchange.dialing import Dialing, DialLimits
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.mirror import STALE_AFTER_NS, Mirror
from trader_gui.exchange.stream_line import StreamLimits

LIMIT_S = 10.0
KEY = "key of the exchange"
LIMITS = StreamLimits(open_s=2.0, pong_s=2.0, close_s=0.2)
AT_ONCE = DialLimits(first_s=0.0, longest_s=0.0)
TAKEN = '{"e":"mirror","E":1,"taken":true}'
LATE = '{"e":"mirror","E":1,"taken":false}'
REFUSED = '{"code":2,"msg":"Invalid frame: the book is crossed"}'


def depth(time_ms: int, best_bid: str = "60000.0", best_ask: str = "60000.1") -> dict[str, Any]:
    levels = {"b": [[best_bid, "1.000"], ["59990.0", "2"]], "a": [[best_ask, "0.500"]]}
    return {"e": "depthUpdate", "E": time_ms, "T": time_ms, "s": "BTCUSDT", "U": 1, "u": 2, "pu": 0, **levels, "st": 1}


def trade(number: int, price: str = "60000.1", *, sold: bool = False) -> dict[str, Any]:
    fields = {"a": number, "p": price, "q": "0.010", "f": number, "l": number, "T": 5, "m": sold}
    return {"e": "aggTrade", "E": 5, "s": "BTCUSDT", **fields, "st": 1}


MARK = {"e": "markPriceUpdate", "E": 5, "s": "BTCUSDT", "p": "60001.5", "i": "60002", "r": "0.0001", "T": 9, "st": 1}


class Stage:
    """Both ends of a mirror on loopback: the market's sockets, and the exchange's, which answers by a list.

    Attributes:
        frames: What the exchange was told, oldest first.
        requests: (path, key) of every socket that was opened.
        answers: For the next frames; when it is empty, `taken`.
    """

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str | None]] = []
        self.answers: list[str] = []
        self.market: dict[str, ServerConnection] = {}
        self.exchange: ServerConnection | None = None
        self.is_answering = asyncio.Event()
        self.is_answering.set()
        self._moved = asyncio.Event()

    async def serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path = connection.request.path
        self.requests.append((path, connection.request.headers.get("X-MBX-APIKEY")))
        if path == "/mirror":
            self.exchange = connection
            await self._take_frames(connection)
        else:
            self.market[path.split("/")[1]] = connection
            self._moved.set()
            await connection.wait_closed()

    async def _take_frames(self, connection: ServerConnection) -> None:
        self._moved.set()
        with contextlib.suppress(ConnectionClosed):
            async for text in connection:
                self.frames.append(json.loads(text))
                self._moved.set()
                await self.is_answering.wait()
                await connection.send(self.answers.pop(0) if self.answers else TAKEN)

    async def until(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                self._moved.clear()
                await self._moved.wait()

    async def tell(self, route: str, *events: dict[str, Any]) -> None:
        for event in events:
            await self.market[route].send(json.dumps(event))

    async def told(self, count: int) -> list[dict[str, Any]]:
        await self.until(lambda: len(self.frames) >= count)
        return self.frames


def run(scenario: Callable[[Stage, Mirror], Awaitable[None]]) -> Stage:
    async def main() -> Stage:
        stage = Stage()
        async with serve(stage.serve, "127.0.0.1", 0, compression=None, close_timeout=0.2) as listening:
            port = listening.sockets[0].getsockname()[1]
            made = Mirror(
                loopback(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"),
                "BTCUSDT",
                f"ws://127.0.0.1:{port}/mirror",
                KEY,
                Dialing(AT_ONCE),
                Dialing(AT_ONCE),
                limits=LIMITS,
            )
            running = asyncio.create_task(made.run(), name="mirror")
            try:
                await stage.until(lambda: set(stage.market) == {"public", "market"} and stage.exchange)
                await scenario(stage, made)
            finally:
                running.cancel()
                await asyncio.wait({running})
        return stage

    return asyncio.run(main())


async def begin(stage: Stage, mirror: Mirror, *trades: dict[str, Any], time_ms: int = 1000) -> dict[str, Any]:
    """Let the market trade and tell a mark price, then an image; return the one frame that comes of it."""
    count, former = len(stage.frames), mirror._mark
    await stage.tell("market", *trades, MARK)
    await wait_for(lambda: mirror._mark is not None and mirror._mark is not former)
    await stage.tell("public", depth(time_ms))
    return (await stage.told(count + 1))[count]


def test_a_frame_tells_the_image_the_mark_and_the_trades_since_the_last_one() -> None:
    async def scenario(stage: Stage, mirror: Mirror) -> None:
        assert mirror.is_stale(time.monotonic_ns())
        first = await begin(stage, mirror, trade(1), trade(2, "60000.0", sold=True))
        assert first == {
            "symbol": "BTCUSDT",
            "time_ms": 1000,
            "prints": [["60000.1", "0.010", False], ["60000.0", "0.010", True]],
            "bids": [["60000.0", "1.000"], ["59990.0", "2"]],
            "asks": [["60000.1", "0.500"]],
            "mark": "60001.5",
            "index": "60002",
            "funding_rate": "0.0001",
        }
        second = await begin(stage, mirror, trade(3, "60005.0"), time_ms=1100)
        assert (second["time_ms"], second["prints"]) == (1100, [["60005.0", "0.010", False]])
        now_ns = time.monotonic_ns()
        assert not mirror.is_stale(now_ns)
        assert mirror.is_stale(now_ns + STALE_AFTER_NS + 1)

    stage = run(scenario)
    assert sorted(stage.requests) == [
        ("/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s", None),
        ("/mirror", KEY),
        ("/public/stream?streams=btcusdt@depth20@100ms", None),
    ]


def test_what_comes_while_a_frame_is_on_its_way_goes_into_the_next() -> None:
    async def scenario(stage: Stage, mirror: Mirror) -> None:
        stage.is_answering.clear()
        await begin(stage, mirror)
        assert mirror.is_stale(time.monotonic_ns())  # sent is not taken
        assert mirror._prints == []
        await stage.tell("market", *(trade(n) for n in range(40)))
        await wait_for(lambda: len(mirror._prints) == 40)
        for n in range(20):
            await stage.tell("public", depth(9000 + n, best_ask=f"60000.{n + 1:02}"))
        await wait_for(lambda: mirror._book is not None and mirror._book.event_time_ms == 9019)
        assert len(stage.frames) == 1
        stage.is_answering.set()
        second = (await stage.told(2))[1]
        assert (second["time_ms"], second["asks"]) == (9019, [["60000.20", "0.500"]])
        assert len(second["prints"]) == 40

    run(scenario)


def test_two_sockets_of_a_replacement_tell_no_trade_twice_and_no_old_image() -> None:
    async def scenario(stage: Stage, mirror: Mirror) -> None:
        await begin(stage, mirror, trade(1), trade(2, "60002.0"), time_ms=5000)
        mirror.replace("woke_up")
        former = dict(stage.market)
        await wait_for(lambda: all(stage.market[route] is not former[route] for route in former))
        second = await begin(stage, mirror, trade(2, "60002.0"), trade(3, "60003.0"), time_ms=5100)
        assert [row[0] for row in second["prints"]] == ["60003.0"]
        await stage.tell("public", depth(4900), depth(5200))
        third = (await stage.told(3))[2]
        assert third["time_ms"] == 5200

    run(scenario)


def test_no_frame_is_made_of_half_a_market() -> None:
    async def scenario(stage: Stage, mirror: Mirror) -> None:
        await stage.tell("public", depth(900))
        await wait_for(lambda: mirror._book is not None)
        assert stage.frames == []  # no mark price yet
        await begin(stage, mirror)
        await stage.tell("market", trade(1))
        await wait_for(lambda: mirror._prints)
        await stage.market.pop("market").close()
        await stage.until(lambda: "market" in stage.market)
        await stage.tell("public", depth(20_000))
        await wait_for(lambda: mirror._book is not None)
        assert len(stage.frames) == 1
        third = await begin(stage, mirror, trade(2, "60007.0"), time_ms=30_000)
        assert third["prints"] == [["60007.0", "0.010", False]]  # what was before the cut is too old to be told now
        assert len(stage.frames) == 2

    run(scenario)


def test_a_mark_price_that_stays_away_ends_the_frames() -> None:
    async def scenario(stage: Stage, mirror: Mirror) -> None:
        await begin(stage, mirror)
        await wait_for(lambda: not mirror.is_stale(time.monotonic_ns()))
        mirror._book = module.DepthUpdate("BTCUSDT", 1, 2, 0, (), (), 50_001)
        last_ns = mirror._mark_ns + module.MARK_STALE_AFTER_NS
        assert mirror._make_frame(last_ns + 1) is None
        assert mirror._make_frame(last_ns) is not None

    run(scenario)


@pytest.mark.parametrize("answer", [REFUSED, "no json"])
def test_a_refused_frame_is_logged_and_the_socket_opened_anew(answer: str, expect_log: Callable[[str], None]) -> None:
    expect_log("WARNING .*mirror: the simulated exchange cannot be told the market: it")

    async def scenario(stage: Stage, mirror: Mirror) -> None:
        stage.answers = [answer]
        await begin(stage, mirror)
        await stage.until(lambda: len(stage.requests) == 4)
        assert stage.requests[-1] == ("/mirror", KEY)
        assert mirror.is_stale(time.monotonic_ns())
        await begin(stage, mirror, time_ms=70_000)
        await wait_for(lambda: not mirror.is_stale(time.monotonic_ns()))

    run(scenario)


def test_frames_that_come_too_late_do_not_count_as_news() -> None:
    async def scenario(stage: Stage, mirror: Mirror) -> None:
        stage.answers = [LATE]
        await begin(stage, mirror)
        await wait_for(lambda: not stage.answers)
        stage.is_answering.clear()
        await begin(stage, mirror, time_ms=1100)  # it is sent after the answer to the first was read
        assert mirror.is_stale(time.monotonic_ns())
        stage.is_answering.set()
        await wait_for(lambda: not mirror.is_stale(time.monotonic_ns()))

    run(scenario)


def test_a_cut_of_the_exchange_is_healed_and_no_trade_told_twice(expect_log: Callable[[str], None]) -> None:
    expect_log("WARNING .*mirror: the simulated exchange cannot be told the market: ConnectionClosed")

    async def scenario(stage: Stage, mirror: Mirror) -> None:
        await begin(stage, mirror, trade(1))
        assert stage.exchange is not None
        stage.exchange.transport.abort()
        await stage.tell("market", trade(2, "60002.0"))
        await wait_for(lambda: mirror._prints)
        await stage.tell("public", depth(2000))  # the cut is noticed by what is sent
        await stage.until(lambda: len(stage.requests) == 4)
        last = await begin(stage, mirror, trade(3, "60003.0"), time_ms=3000)
        assert last["prints"][-1] == ["60003.0", "0.010", False]
        told = [tuple(row) for f in stage.frames for row in f["prints"]]
        assert len(told) == len(set(told))

    run(scenario)


def test_trades_that_nobody_takes_are_given_up_with_a_word(
    monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("WARNING .*mirror: 10 trades of the market could not be passed on")
    monkeypatch.setattr(module, "MOST_PRINTS", 10)

    async def scenario(stage: Stage, mirror: Mirror) -> None:
        await stage.tell("market", *(trade(n) for n in range(13)))
        await wait_for(lambda: len(mirror._prints) == 3)

    run(scenario)


async def wait_for(holds: Callable[[], Any]) -> None:
    """Wait for a change inside the mirror, which tells nobody."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0)
