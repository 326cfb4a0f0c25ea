"""One open socket: its frames, its signs of life, its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from trader_gui.exchange.stream_line import StreamLimits, StreamLine

LIMIT_S = 10.0
QUICK = StreamLimits(probe_s=0.1, close_s=0.2)


class Scene:
    """A line on a loopback server: what it took, how often it showed life, and what the server was asked."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.signs: list[int] = []
        self.pings = 0
        self.peer: ServerConnection | None = None
        self.closed: ConnectionClosed | None = None
        self._moved = asyncio.Event()

    def take(self, frame: bytes, received_ns: int) -> None:
        self.frames.append(frame)
        self._moved.set()

    def prove(self, line: StreamLine) -> None:
        self.signs.append(len(self.frames))
        self._moved.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._moved.clear()
            await self._moved.wait()


def run(scenario: Callable[[Scene, StreamLine], Awaitable[None]], *, is_probed: bool = True) -> Scene:
    scene = Scene()

    async def handler(connection: ServerConnection) -> None:
        scene.peer = connection
        process = connection.process_event

        def count(event: Frame) -> None:
            scene.pings += event.opcode is Opcode.PING
            process(event)

        connection.process_event = count  # type: ignore[method-assign,assignment]
        await connection.wait_closed()

    async def main() -> None:
        async with (
            asyncio.timeout(LIMIT_S),
            serve(handler, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=0.2) as listening,
        ):
            port = listening.sockets[0].getsockname()[1]
            socket = await connect(f"ws://127.0.0.1:{port}", compression=None, close_timeout=0.2, ping_interval=None)
            line = StreamLine(socket, scene.take, scene.prove, QUICK, is_probed=is_probed)
            running = asyncio.create_task(line.run())
            await scenario(scene, line)
            running.cancel()
            await asyncio.wait({running})
            if not running.cancelled():
                scene.closed = running.result()

    asyncio.run(main())
    return scene


def test_a_silent_socket_is_asked_for_signs_of_life_at_once_and_then_now_and_then() -> None:
    async def scenario(scene: Scene, line: StreamLine) -> None:
        assert line.alive_ns == 0
        await scene.until(lambda: len(scene.signs) >= 4)
        assert time.monotonic_ns() - line.alive_ns < 1e9
        assert line.frame_ns == line.opened_ns

    started = time.monotonic()
    scene = run(scenario)
    assert scene.frames == []
    assert scene.pings >= 4
    assert time.monotonic() - started >= 0.3


def test_one_that_talks_is_not_asked() -> None:
    """The first question is asked in any case; a frame proves the socket before it is taken."""

    async def scenario(scene: Scene, line: StreamLine) -> None:
        await scene.until(lambda: bool(scene.signs))
        assert scene.peer is not None
        end_s = time.monotonic() + 0.5
        while time.monotonic() < end_s:
            await scene.peer.send("frame")
            await asyncio.sleep(0.01)
        assert line.frame_ns == line.alive_ns

    scene = run(scenario)
    assert scene.pings <= 2
    assert scene.signs[-1] == len(scene.frames) - 1


def test_where_the_session_sets_the_pace_it_is_asked_once() -> None:
    async def scenario(scene: Scene, line: StreamLine) -> None:
        await scene.until(lambda: bool(scene.signs))
        await asyncio.sleep(0.4)

    assert run(scenario, is_probed=False).pings == 1


def test_a_retired_socket_is_closed_in_order_and_what_was_on_its_way_is_taken() -> None:
    async def scenario(scene: Scene, line: StreamLine) -> None:
        await scene.until(lambda: bool(scene.signs))
        assert scene.peer is not None
        await scene.peer.send("last")
        line.retire()
        await scene.peer.wait_closed()
        await scene.until(lambda: bool(scene.frames))

    scene = run(scenario)
    assert scene.frames == [b"last"]
    assert scene.peer is not None and scene.peer.close_code == 1000


def test_an_end_is_told_with_the_others_words() -> None:
    async def scenario(scene: Scene, line: StreamLine) -> None:
        await scene.until(lambda: bool(scene.signs))
        assert scene.peer is not None
        await scene.peer.close(1001, "going away")
        await asyncio.sleep(0.05)

    closed = run(scenario).closed
    assert closed is not None and closed.rcvd is not None
    assert (closed.rcvd.code, closed.rcvd.reason) == (1001, "going away")
