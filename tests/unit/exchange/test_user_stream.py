"""The life of the listenKey."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from trader_gui.domain.account import LeverageUpdate
from trader_gui.domain.step import Route
from trader_gui.errors import VenueError
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.port import StreamItem, StreamStatus
from trader_gui.exchange.streams import StreamLimits
from trader_gui.exchange.user_stream import RENEW_S, RETRY_S, UserStream

LIMIT_S = 10.0
LEVERAGE = '{"e":"ACCOUNT_CONFIG_UPDATE","E":5,"T":5,"ac":{"s":"BTCUSDT","l":25}}'


class Keys:
    """Gives out keys; errors and other keys can be put in its way."""

    def __init__(self) -> None:
        self.made = 0
        self.new_errors: list[VenueError] = []
        self.renewals: list[str | VenueError] = []
        self.calls: list[str] = []

    async def new_listen_key(self) -> str:
        self.calls.append("new")
        if self.new_errors:
            raise self.new_errors.pop(0)
        self.made += 1
        return f"key{self.made}"

    async def renew_listen_key(self) -> str:
        self.calls.append("renew")
        found = self.renewals.pop(0) if self.renewals else f"key{self.made}"
        if isinstance(found, VenueError):
            raise found
        return found


class Timer:
    """Takes the place of sleeping: short waits end at once, renewals when the test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._due = asyncio.Semaphore(0)
        self.changed = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        if seconds < RETRY_S:
            await asyncio.sleep(0)
            return
        self.asked.append(seconds)
        self.changed.set()
        await self._due.acquire()

    async def reach(self, waits: int) -> None:
        """Return when the `waits`-th wait of the test has begun."""
        while len(self.asked) < waits:
            self.changed.clear()
            await self.changed.wait()

    async def elapse(self, waits: int) -> None:
        """Let the `waits`-th wait of the test end."""
        await self.reach(waits)
        self._due.release()


class Scene:
    """A stream on a loopback server, with what it delivered."""

    def __init__(self) -> None:
        self.keys = Keys()
        self.timer = Timer()
        self.items: list[StreamItem] = []
        self.paths: list[str] = []
        self.connections: list[ServerConnection] = []
        self._changed = asyncio.Event()

    def deliver(self, item: StreamItem, received_ns: int) -> None:
        self.items.append(item)
        self._changed.set()

    async def handler(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.paths.append(connection.request.path)
        self.connections.append(connection)
        await connection.wait_closed()

    async def until(self, is_enough: Callable[[], bool]) -> None:
        while not is_enough():
            self._changed.clear()
            await self._changed.wait()

    def connected(self, times: int) -> Callable[[], bool]:
        return lambda: [s.is_connected for s in self.items if isinstance(s, StreamStatus)].count(True) >= times


def run(scenario: Callable[[Scene], Awaitable[None]], prepare: Callable[[Scene], None] = lambda scene: None) -> Scene:
    async def main() -> Scene:
        scene = Scene()
        prepare(scene)
        async with serve(scene.handler, "127.0.0.1", 0, compression=None, close_timeout=0.2) as listening:
            port = listening.sockets[0].getsockname()[1]
            stream = UserStream(
                loopback("http://127.0.0.1:1", f"ws://127.0.0.1:{port}"),
                scene.keys,
                scene.deliver,
                limits=StreamLimits(open_s=2.0, close_s=0.2),
                sleep=scene.timer,
                jitter=lambda: 0.0,
            )
            running = asyncio.create_task(stream.run())
            try:
                async with asyncio.timeout(LIMIT_S):
                    await scenario(scene)
            finally:
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
        return scene

    return asyncio.run(main())


def test_events_come_by_the_key_and_the_key_is_renewed_in_time():
    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.connections[0].send(LEVERAGE)
        await scene.until(lambda: LeverageUpdate("BTCUSDT", 25, 5) in scene.items)
        await scene.timer.elapse(1)
        await scene.timer.elapse(2)
        await scene.timer.reach(3)

    scene = run(scenario)
    assert scene.paths == ["/private/ws/key1"]
    assert scene.timer.asked[:2] == [RENEW_S, RENEW_S]
    assert scene.keys.calls[:3] == ["new", "renew", "renew"]


def test_a_failed_renewal_is_tried_again_soon_and_the_socket_stays(expect_log: Callable[[str], None]):
    expect_log("listenKey could not be renewed")

    def prepare(scene: Scene) -> None:
        scene.keys.renewals = [VenueError(None, "no answer in time", retryable=True), "", "key1"]

    async def scenario(scene: Scene) -> None:
        for waits in (1, 2, 3):
            await scene.timer.elapse(waits)
        await scene.timer.reach(4)

    scene = run(scenario, prepare)
    assert scene.timer.asked == [RENEW_S, RETRY_S, RENEW_S, RENEW_S]
    assert scene.paths == ["/private/ws/key1"]


@pytest.mark.parametrize("renewal", [VenueError(-1125, "This listenKey does not exist.", http_status=400), "other"])
def test_a_key_that_is_gone_or_changed_leads_to_a_new_socket(renewal: Any):
    def prepare(scene: Scene) -> None:
        scene.keys.renewals = [renewal]

    async def scenario(scene: Scene) -> None:
        await scene.timer.elapse(1)
        await scene.until(scene.connected(2))

    scene = run(scenario, prepare)
    assert scene.paths == ["/private/ws/key1", "/private/ws/key2"]
    statuses = [s for s in scene.items if isinstance(s, StreamStatus)]
    assert [s.is_connected for s in statuses[:3]] == [True, False, True]
    assert statuses[1].detail == "the listenKey has ended"


def test_an_expired_key_does_not_leave_a_silent_socket():
    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.connections[0].send('{"e":"listenKeyExpired","E":1,"listenKey":"someone-elses"}')
        await scene.connections[0].send(LEVERAGE)
        await scene.until(lambda: LeverageUpdate("BTCUSDT", 25, 5) in scene.items)
        assert scene.paths == ["/private/ws/key1"]
        await scene.connections[0].send('{"e":"listenKeyExpired","E":1,"listenKey":"key1"}')
        await scene.until(scene.connected(2))

    assert run(scenario).paths == ["/private/ws/key1", "/private/ws/key2"]


def test_without_a_key_it_asks_again():
    def prepare(scene: Scene) -> None:
        scene.keys.new_errors = [VenueError(-1003, "Too many requests."), VenueError(None, "cannot connect")]

    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))

    scene = run(scenario, prepare)
    assert scene.keys.calls[:3] == ["new", "new", "new"]
    assert scene.items[0] == StreamStatus(Route.PRIVATE, True, "connected")


def test_a_lost_event_asks_for_a_snapshot(expect_log: Callable[[str], None]):
    expect_log("private stream: a frame cannot be read: ORDER_TRADE_UPDATE")

    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.connections[0].send('{"e":"ORDER_TRADE_UPDATE","E":1,"T":1,"o":{"s":"BTCUSDT"}}')
        await scene.until(scene.connected(2))

    scene = run(scenario)
    assert scene.paths == ["/private/ws/key1"]
    assert scene.items[1] == StreamStatus(Route.PRIVATE, True, "an event was lost: ORDER_TRADE_UPDATE cannot be read")


def test_the_key_is_in_no_log_and_no_status(caplog: pytest.LogCaptureFixture):
    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.connections[0].close()
        await scene.until(scene.connected(2))

    with caplog.at_level(logging.DEBUG):
        logging.getLogger("websockets.server").setLevel(logging.INFO)
        scene = run(scenario)
    assert "key1" not in caplog.text + repr(scene.items)
