"""Sockets of the venue: connect, read, lose, connect again."""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from trader_gui.domain.market import BookTicker
from trader_gui.domain.step import Route
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.port import DataEnd, PaceMarker, StreamItem, StreamStatus
from trader_gui.exchange.streams import MarketStream, StreamLimits

FRAME = (
    b'{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":%d,"E":1,"T":1,"s":"BTCUSDT","b":"60000.0",'
    b'"B":"12.310","a":"60000.1","A":"4.020","ps":"BTCUSDT","st":1}}'
)
SHORT = StreamLimits(open_s=2.0, close_s=0.2, backoff_min_s=0.5, settled_s=3600.0)
LIMIT_S = 10.0
Handler = Callable[[ServerConnection], Awaitable[None]]


class Inbox:
    """What a stream delivered; `wait` returns once enough has come."""

    def __init__(self) -> None:
        self.items: list[StreamItem] = []
        self.times_ns: list[int] = []
        self._event = asyncio.Event()

    def deliver(self, item: StreamItem, received_ns: int) -> None:
        self.items.append(item)
        self.times_ns.append(received_ns)
        self._event.set()

    async def until(self, is_enough: Callable[[list[StreamItem]], bool]) -> list[StreamItem]:
        async with asyncio.timeout(LIMIT_S):
            while not is_enough(self.items):
                self._event.clear()
                await self._event.wait()
        return list(self.items)

    def of(self, kind: type) -> list[Any]:
        return [item for item in self.items if isinstance(item, kind)]


class Waits:
    """Takes the place of sleeping: yields once and keeps how long it was to be."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def run(
    handler: Handler,
    scenario: Callable[[MarketStream, Inbox], Awaitable[None]],
    limits: StreamLimits = SHORT,
    **server: Any,
) -> tuple[Inbox, Waits]:
    """Serve with `handler`, run a stream on it beside the scenario, and cancel it at the end."""

    async def main() -> tuple[Inbox, Waits]:
        inbox, waits = Inbox(), Waits()
        async with serve(handler, "127.0.0.1", 0, compression=None, close_timeout=0.2, **server) as listening:
            port = listening.sockets[0].getsockname()[1]
            stream = MarketStream(
                loopback(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"),
                Route.PUBLIC,
                ["btcusdt@bookTicker", "btcusdt@depth@100ms"],
                inbox.deliver,
                limits=limits,
                sleep=waits,
                jitter=lambda: 1.0,
            )
            await run_beside(stream, scenario(stream, inbox))
        return inbox, waits

    return asyncio.run(main())


async def run_beside(stream: MarketStream, scenario: Awaitable[None]) -> None:
    """Run a stream as long as a scenario lasts."""
    running = asyncio.create_task(stream.run())
    try:
        async with asyncio.timeout(LIMIT_S):
            await scenario
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


def is_connected_times(count: int) -> Callable[[list[StreamItem]], bool]:
    return lambda items: sum(isinstance(i, StreamStatus) and i.is_connected for i in items) >= count


def test_frames_are_delivered_in_order_with_their_time_of_receipt():
    paths: list[str] = []

    async def handler(connection: ServerConnection) -> None:
        assert connection.request is not None
        paths.append(connection.request.path)
        for i in range(3000):
            await connection.send((FRAME % i).decode())
        await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(lambda items: len(items) == 3001)

    inbox, _ = run(handler, scenario)
    assert paths == ["/public/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms"]
    assert inbox.items[0] == StreamStatus(Route.PUBLIC, True, "connected")
    assert [t.update_id for t in inbox.of(BookTicker)] == list(range(3000))
    assert inbox.times_ns == sorted(inbox.times_ns)
    # Cancelled from outside, it says that it is over.
    assert inbox.of(StreamStatus)[-1].is_connected is False


def test_a_burst_leaves_the_loop_time_for_others():
    async def handler(connection: ServerConnection) -> None:
        for i in range(4000):
            await connection.send((FRAME % i).decode())
        await connection.wait_closed()

    turns: list[int] = []

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(1))
        while len(inbox.items) < 4001:
            turns.append(len(inbox.items))
            await asyncio.sleep(0)

    run(handler, scenario)
    assert len({t for t in turns if t}) > 3


@pytest.mark.parametrize("how", ["close", "abort", "garbage"])
def test_a_lost_connection_is_told_and_made_anew(how: str):
    count = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal count
        count += 1
        await connection.send((FRAME % count).decode())
        if count == 2:
            await connection.wait_closed()
        elif how == "close":
            await connection.close(1001, "going away")
        elif how == "abort":
            connection.transport.abort()
        else:
            connection.transport.write(b"\xff\xff no frame at all")
            await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(lambda items: any(isinstance(i, BookTicker) and i.update_id == 2 for i in items))

    inbox, waits = run(handler, scenario)
    assert [s.is_connected for s in inbox.of(StreamStatus)] == [True, False, True, False]
    assert [t.update_id for t in inbox.of(BookTicker)][-1] == 2
    assert waits.seconds[0] == 0.5


def test_waits_double_up_to_a_bound_and_start_anew_after_a_good_connection():
    limits = StreamLimits(open_s=2.0, close_s=0.2, backoff_min_s=0.5, backoff_max_s=3.0, settled_s=3600.0)

    async def handler(connection: ServerConnection) -> None:
        await connection.close()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(6))

    _, waits = run(handler, scenario, limits)
    assert waits.seconds[:5] == [0.5, 1.0, 2.0, 3.0, 3.0]
    good = StreamLimits(open_s=2.0, close_s=0.2, backoff_min_s=0.5, settled_s=0.0)
    _, waits = run(handler, scenario, good)
    assert set(waits.seconds[:5]) == {0.5}


def test_a_venue_that_cannot_be_reached_is_tried_again_and_told_to_nobody():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def main() -> None:
        inbox, waits = Inbox(), Waits()
        enough = asyncio.Event()

        async def wait(seconds: float) -> None:
            await waits(seconds)
            if len(waits.seconds) == 3:
                enough.set()

        endpoints = loopback("http://127.0.0.1:1", f"ws://127.0.0.1:{port}")
        stream = MarketStream(endpoints, Route.MARKET, ["x@aggTrade"], inbox.deliver, sleep=wait, jitter=lambda: 1.0)

        async def scenario() -> None:
            await enough.wait()

        await run_beside(stream, scenario())
        assert waits.seconds[:3] == [0.25, 0.5, 1.0]
        assert inbox.items == []

    asyncio.run(main())


def test_a_dead_connection_is_noticed_without_a_word_from_the_other_side():
    """The peer accepts, upgrades, and never answers anything again, pings included."""
    limits = StreamLimits(open_s=2.0, ping_s=0.1, pong_s=0.1, close_s=0.1)

    connections: list[ServerConnection] = []

    async def deaf(connection: ServerConnection) -> None:
        connections.append(connection)
        connection.transport.pause_reading()
        await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(2))
        for connection in connections:
            connection.transport.abort()

    inbox, _ = run(deaf, scenario, limits, ping_interval=None)
    assert [s.is_connected for s in inbox.of(StreamStatus)][:3] == [True, False, True]


def test_an_old_socket_is_replaced():
    limits = StreamLimits(open_s=2.0, close_s=0.2, life_s=0.05)

    async def handler(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(2))

    inbox, _ = run(handler, scenario, limits)
    assert inbox.of(StreamStatus)[1].detail == "replaced, it has grown old"


def test_a_frame_that_cannot_be_read_is_counted_logged_once_and_passed_over(expect_log: Callable[[str], None]):
    expect_log("public stream: a frame cannot be read: bookTicker: ")
    expect_log("public stream: a frame cannot be read: json: ")

    async def handler(connection: ServerConnection) -> None:
        for _ in range(3):
            await connection.send('{"e":"bookTicker","s":1}')
            await connection.send("<html>")
        await connection.send((FRAME % 9).decode())
        await connection.wait_closed()

    streams: list[MarketStream] = []

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        streams.append(stream)
        await inbox.until(lambda items: len(items) == 2)

    inbox, _ = run(handler, scenario)
    assert [t.update_id for t in inbox.of(BookTicker)] == [9]
    assert streams[0].unreadable == {"bookTicker": 3, "json": 3}


def test_each_kind_is_logged_once(caplog: pytest.LogCaptureFixture, expect_log: Callable[[str], None]):
    expect_log("cannot be read")

    async def handler(connection: ServerConnection) -> None:
        for _ in range(5):
            await connection.send("no json")
        await connection.send((FRAME % 9).decode())
        await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(lambda items: len(items) == 2)

    with caplog.at_level(logging.WARNING):
        run(handler, scenario)
    assert len([r for r in caplog.records if "cannot be read" in r.getMessage()]) == 1


def test_pace_is_joined_again_after_a_reconnect_and_acknowledged():
    received: list[list[Any]] = []

    async def handler(connection: ServerConnection) -> None:
        mine: list[Any] = []
        received.append(mine)
        async for frame in connection:
            message = json.loads(frame)
            assert message["method"] == "PACE"
            mine.append((message["params"], message["id"]))
            if message["params"] == ["join"]:
                await connection.send('{"e":"pace","n":41}')
            elif len(received) == 1:
                await connection.close()
            else:
                await connection.send('{"e":"dataEnd"}')

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await stream.acknowledge_pace(1)
        await inbox.until(is_connected_times(1))
        await stream.join_pace()
        for count in (1, 2):
            await inbox.until(lambda items, n=count: sum(isinstance(i, PaceMarker) for i in items) == n)
            await stream.acknowledge_pace(41)
        await inbox.until(lambda items: DataEnd(Route.PUBLIC) in items)

    inbox, _ = run(handler, scenario)
    assert received == [[(["join"], 1), ([41], 41)]] * 2
    assert inbox.of(PaceMarker) == [PaceMarker(Route.PUBLIC, 41)] * 2
