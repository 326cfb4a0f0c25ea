"""Sockets of the venue: connect, read, lose, replace, connect again."""

import asyncio
import contextlib
import gc
import itertools
import json
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from trader_gui.domain.market import BookTicker
from trader_gui.domain.step import Route
from trader_gui.exchange import streams as module
from trader_gui.exchange.addresses import Addresses
from trader_gui.exchange.dialing import Dialing, DialLimits
from trader_gui.exchange.endpoints import Endpoints, loopback
from trader_gui.exchange.port import DataEnd, PaceMarker, StreamItem, StreamStatus
from trader_gui.exchange.stream_line import StreamLimits
from trader_gui.exchange.streams import MarketStream, Silence

FRAME = (
    b'{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":%d,"E":1,"T":1,"s":"BTCUSDT","b":"60000.0",'
    b'"B":"12.310","a":"60000.1","A":"4.020","ps":"BTCUSDT","st":1}}'
)
SHORT = StreamLimits(open_s=2.0, close_s=0.2, settled_s=0.0)
AT_ONCE = DialLimits(first_s=0.0, longest_s=0.0, longest_flap_s=0.0, burst=100_000)
LIMIT_S = 10.0
Handler = Callable[[ServerConnection], Awaitable[None]]


class Inbox:
    """What a stream delivered; `until` returns once enough has come."""

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

    @property
    def told(self) -> list[tuple[bool, str]]:
        return [(s.is_connected, s.detail) for s in self.of(StreamStatus)]

    @property
    def tickers(self) -> list[int]:
        return [t.update_id for t in self.of(BookTicker)]


def run(
    handler: Handler,
    scenario: Callable[[MarketStream, Inbox], Awaitable[None]],
    limits: StreamLimits = SHORT,
    *,
    dialing: DialLimits = AT_ONCE,
    is_watched: bool = True,
    **server: Any,
) -> Inbox:
    """Serve with `handler`, run a stream on it beside the scenario, and cancel it at the end."""

    async def main() -> Inbox:
        inbox = Inbox()
        async with serve(handler, "127.0.0.1", 0, compression=None, close_timeout=0.2, **server) as listening:
            port = listening.sockets[0].getsockname()[1]
            stream = MarketStream(
                loopback(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"),
                Route.PUBLIC,
                ["btcusdt@bookTicker", "btcusdt@depth@100ms"],
                inbox.deliver,
                Dialing(dialing),
                limits=limits,
                is_watched=is_watched,
            )
            await run_beside(stream, scenario(stream, inbox))
        return inbox

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


async def stay(connection: ServerConnection) -> None:
    await connection.wait_closed()


def fall_deaf(connection: ServerConnection) -> None:
    """Read nothing more: no pong, no reply, no answer to a close frame."""
    connection.transport.pause_reading()


@contextlib.contextmanager
def aborted_at_the_end(connections: list[ServerConnection]) -> Iterator[None]:
    """Break off connections that would keep the server from ending."""
    try:
        yield
    finally:
        for connection in connections:
            connection.transport.abort()


# ---- one socket -----------------------------------------------------------------------------------------------------


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
        assert stream.life.alive_ns >= inbox.times_ns[-1]
        assert (stream.life.replaced, stream.life.reason) == (0, "")

    inbox = run(handler, scenario)
    assert paths == ["/public/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms"]
    assert inbox.items[0] == StreamStatus(Route.PUBLIC, True, "connected")
    assert inbox.tickers == list(range(3000))
    assert inbox.times_ns == sorted(inbox.times_ns)
    # Cancelled from outside, it says that it is over.
    assert inbox.told[-1] == (False, "ended")


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

    inbox = run(handler, scenario)
    assert inbox.tickers == [9]
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


# ---- losses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason"), [("close", "closed: 1001 going away"), ("abort", "cut"), ("garbage", "closed: 1002")]
)
def test_a_lost_connection_is_told_with_its_reason_and_made_anew(how: str, reason: str):
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
            await connection.ping()
            await asyncio.sleep(0.05)
            connection.transport.abort()
        else:
            connection.transport.write(b"\xff\xff no frame at all")
            await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(lambda items: inbox.tickers[-1:] == [2])
        assert stream.life.replaced == 1
        assert stream.life.reason.startswith(reason)

    inbox = run(handler, scenario)
    assert [connected for connected, _ in inbox.told] == [True, False, True, False]
    assert inbox.told[1][1].startswith(reason)


def test_why_there_is_no_connection_yet_is_told_once_for_each_reason():
    """Refused, then in maintenance, then open: a listener that nobody serves, and a venue that answers 503."""
    refusals = iter([HTTPStatus.FORBIDDEN] * 3 + [HTTPStatus.SERVICE_UNAVAILABLE] * 3)

    def process(connection: ServerConnection, request: Any) -> Any:
        status = next(refusals, None)
        return None if status is None else connection.respond(status, "")

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(1))

    inbox = run(stay, scenario, process_request=process)
    assert inbox.told[:3] == [(False, "refused: HTTP 403"), (False, "maintenance"), (True, "connected")]


def test_a_venue_that_is_not_there_is_tried_again_with_growing_pauses():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    tries: list[float] = []

    class Counted(Dialing):
        async def wait_turn(self, failures: int, last_ns: int, *, is_flap: bool = False) -> None:
            await super().wait_turn(failures, last_ns, is_flap=is_flap)
            tries.append(time.monotonic())

    async def main() -> None:
        inbox, enough = Inbox(), asyncio.Event()
        stream = MarketStream(
            loopback("http://127.0.0.1:1", f"ws://127.0.0.1:{port}"),
            Route.MARKET,
            ["x@aggTrade"],
            inbox.deliver,
            Counted(DialLimits(first_s=0.05, longest_s=0.2), jitter=lambda: 0.0),
        )

        async def scenario() -> None:
            while len(tries) < 6:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            enough.set()

        await run_beside(stream, scenario())
        assert inbox.told[:1] == [(False, "not_reachable: ConnectionRefusedError")]
        assert len(inbox.told) == 1

    asyncio.run(main())
    pauses = [after - before for before, after in itertools.pairwise(tries)]
    for pause, least in zip(pauses, (0.1, 0.2, 0.2, 0.2, 0.2), strict=True):
        assert least - 0.005 <= pause < least + 0.5


def test_an_address_without_a_way_to_it_is_passed_over(monkeypatch: pytest.MonkeyPatch):
    """The venue's name has two addresses; nobody is at the first one."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    hosts: list[str] = []

    async def handler(connection: ServerConnection) -> None:
        assert connection.request is not None
        hosts.append(connection.request.headers["Host"])
        await connection.wait_closed()

    async def main() -> None:
        inbox = Inbox()
        async with serve(handler, "127.0.0.1", 0, compression=None, close_timeout=0.2) as listening:
            port = listening.sockets[0].getsockname()[1]
            dialing = Dialing(AT_ONCE)
            dialing.addresses = Addresses(lambda host: ["127.0.0.9", "127.0.0.1"])
            endpoints = Endpoints("http://venue.test", *[f"ws://venue.test:{port}"] * 3)
            stream = MarketStream(endpoints, Route.PUBLIC, ["x@bookTicker"], inbox.deliver, dialing, limits=SHORT)
            await run_beside(stream, inbox.until(is_connected_times(1)))
        assert hosts == [f"venue.test:{port}"]
        assert inbox.told[0][0] is False

    asyncio.run(main())


def test_a_venue_that_says_too_many_is_left_alone_for_a_while():
    asked: list[float] = []

    def process(connection: ServerConnection, request: Any) -> Any:
        asked.append(time.monotonic())
        return connection.respond(HTTPStatus.TOO_MANY_REQUESTS, "") if len(asked) == 1 else None

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(1))

    inbox = run(stay, scenario, dialing=DialLimits(first_s=0.0, refused_s=0.3), process_request=process)
    assert inbox.told[0] == (False, "refused: HTTP 429")
    assert asked[1] - asked[0] >= 0.3


def test_a_socket_that_does_not_prove_itself_is_never_called_connected():
    """The peer upgrades and then never answers anything: a connected socket alone is no proof."""
    connections: list[ServerConnection] = []

    async def deaf(connection: ServerConnection) -> None:
        connections.append(connection)
        if len(connections) < 3:
            fall_deaf(connection)
        await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        with aborted_at_the_end(connections[:2]):
            await inbox.until(is_connected_times(1))

    limits = StreamLimits(open_s=0.2, close_s=0.1)
    inbox = run(deaf, scenario, limits, ping_interval=None)
    assert inbox.told[:2] == [(False, "no_answer"), (True, "connected")]
    assert len(connections) == 3


def test_a_connection_that_is_dead_without_a_word_is_lost_and_replaced_at_once():
    connections: list[ServerConnection] = []
    times: list[float] = []

    async def handler(connection: ServerConnection) -> None:
        connections.append(connection)
        await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(1))
        with aborted_at_the_end(connections[:1]):
            times.append(time.monotonic())
            fall_deaf(connections[0])
            await inbox.until(lambda items: (False, "no_pong") in inbox.told)
            times.append(time.monotonic())
            await inbox.until(is_connected_times(2))
            times.append(time.monotonic())
            assert stream.life.reason == "no_pong"

    limits = StreamLimits(open_s=2.0, probe_s=0.1, dead_s=0.5, close_s=0.1)
    inbox = run(handler, scenario, limits, ping_interval=None)
    assert inbox.told[:3] == [(True, "connected"), (False, "no_pong"), (True, "connected")]
    assert times[1] - times[0] < 0.5 + 0.1 + 0.2 + 0.3  # limit, probe, look, and a busy machine
    assert times[2] - times[1] < 0.5


def test_a_loop_that_stood_still_does_not_take_its_own_sleep_for_silence():
    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(1))
        time.sleep(1.5)  # noqa: ASYNC251 - that is the point
        await asyncio.sleep(0.5)
        assert inbox.told == [(True, "connected")]

    run(stay, scenario, StreamLimits(open_s=2.0, probe_s=0.1, dead_s=0.5, close_s=0.1))


# ---- replacement ----------------------------------------------------------------------------------------------------


def test_a_replacement_is_made_before_the_old_socket_is_closed_and_both_deliver():
    connections: list[ServerConnection] = []
    may_open = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        connections.append(connection)
        await connection.wait_closed()

    async def process(connection: ServerConnection, request: Any) -> None:
        if connections:
            await may_open.wait()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(1))
        stream.replace("silent")
        stream.replace("another")  # one is under way
        await connections[0].send((FRAME % 1).decode())
        await inbox.until(lambda items: inbox.tickers == [1])
        assert inbox.told == [(True, "connected")]
        await connections[0].send((FRAME % 2).decode())  # on its way when the new one is proven
        may_open.set()
        await inbox.until(is_connected_times(2))
        await connections[1].send((FRAME % 3).decode())
        await inbox.until(lambda items: 3 in inbox.tickers)
        await connections[0].wait_closed()
        assert len(connections) == 2
        assert (stream.life.replaced, stream.life.reason) == (1, "silent")

    inbox = run(handler, scenario, process_request=process)
    assert inbox.told[:2] == [(True, "connected"), (True, "silent")]
    assert sorted(inbox.tickers) == [1, 2, 3]


def test_a_replacement_that_cannot_be_had_leaves_the_old_socket_in_its_place():
    refusals = 0
    connections: list[ServerConnection] = []

    def process(connection: ServerConnection, request: Any) -> Any:
        nonlocal refusals
        if not connections or refusals > 3:
            return None
        refusals += 1
        return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "")

    async def handler(connection: ServerConnection) -> None:
        connections.append(connection)
        await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(1))
        stream.replace("grown_old")
        await inbox.until(is_connected_times(2))

    inbox = run(handler, scenario, process_request=process)
    assert refusals == 4
    assert inbox.told[:2] == [(True, "connected"), (True, "grown_old")]


def test_an_old_socket_is_replaced_without_a_gap():
    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(is_connected_times(2))

    inbox = run(stay, scenario, StreamLimits(open_s=2.0, close_s=0.2, life_s=0.05))
    assert inbox.told[:2] == [(True, "connected"), (True, "grown_old")]


def test_a_silent_socket_is_replaced_again_and_again_with_growing_pauses(monkeypatch: pytest.MonkeyPatch):
    """A frame begins the count anew."""
    monkeypatch.setitem(module.SILENCE, Route.PUBLIC, Silence(after_s=0.3, again_s=0.3, longest_s=0.9))
    times: list[float] = []

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        for count in range(2, 6):
            await inbox.until(is_connected_times(count))
            times.append(time.monotonic())

    inbox = run(stay, scenario)
    assert inbox.told[:5] == [(True, "connected")] + [(True, "silent")] * 4
    pauses = [after - before for before, after in itertools.pairwise(times)]
    for pause, least in zip(pauses, (0.3, 0.6, 0.9), strict=True):
        assert least - 0.02 <= pause < least + 0.6


def test_after_the_end_of_the_data_silence_is_no_trouble(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(module.SILENCE, Route.PUBLIC, Silence(after_s=0.2, again_s=0.2, longest_s=0.2))

    async def handler(connection: ServerConnection) -> None:
        await connection.send('{"e":"dataEnd"}')
        await connection.wait_closed()

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        await inbox.until(lambda items: DataEnd(Route.PUBLIC) in items)
        await asyncio.sleep(0.8)
        assert inbox.told == [(True, "connected")]

    run(handler, scenario)


def test_hundreds_of_losses_in_a_moment_leave_no_heap_of_tasks_or_memory():
    count = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal count
        count += 1
        await connection.send((FRAME % count).decode())
        if count <= 400:
            await connection.close(1001, "")
        else:
            await connection.wait_closed()

    tasks: list[int] = []
    objects: list[int] = []

    async def scenario(stream: MarketStream, inbox: Inbox) -> None:
        for losses in (100, 400):
            while stream.life.replaced < losses:
                tasks.append(len(asyncio.all_tasks()))
                await asyncio.sleep(0.005)
            gc.collect()
            objects.append(len(gc.get_objects()) - len(inbox.items))

    inbox = run(handler, scenario)
    assert max(tasks) < 30
    assert objects[1] - objects[0] < 500
    assert inbox.tickers == list(range(1, len(inbox.tickers) + 1))


# ---- pace -----------------------------------------------------------------------------------------------------------


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
            stream.replace("nothing is replaced by the machine's time")
            await stream.acknowledge_pace(41)
        await inbox.until(lambda items: DataEnd(Route.PUBLIC) in items)

    inbox = run(handler, scenario, is_watched=False)
    assert received == [[(["join"], 1), ([41], 41)]] * 2
    assert inbox.of(PaceMarker) == [PaceMarker(Route.PUBLIC, 41)] * 2
