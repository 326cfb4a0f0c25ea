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
from trader_gui.exchange.dialing import Dialing, DialLimits
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.port import StreamItem, StreamStatus
from trader_gui.exchange.stream_line import StreamLimits
from trader_gui.exchange.user_stream import PACED_RENEW_S, RENEW_S, RETRY_S, UserStream

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
    """Takes the place of sleeping: a wait ends when the test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._due = asyncio.Semaphore(0)
        self.changed = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
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

    stream: UserStream

    def __init__(self) -> None:
        self.is_watched = True
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

    @property
    def told(self) -> list[tuple[bool, str]]:
        return [(s.is_connected, s.detail) for s in self.items if isinstance(s, StreamStatus)]

    def connected(self, times: int) -> Callable[[], bool]:
        return lambda: [s.is_connected for s in self.items if isinstance(s, StreamStatus)].count(True) >= times


def run(scenario: Callable[[Scene], Awaitable[None]], prepare: Callable[[Scene], None] = lambda scene: None) -> Scene:
    async def main() -> Scene:
        scene = Scene()
        prepare(scene)
        async with serve(scene.handler, "127.0.0.1", 0, compression=None, close_timeout=0.2) as listening:
            port = listening.sockets[0].getsockname()[1]
            scene.stream = UserStream(
                loopback("http://127.0.0.1:1", f"ws://127.0.0.1:{port}"),
                scene.keys,
                scene.deliver,
                Dialing(DialLimits(first_s=0.0, longest_s=0.0)),
                limits=StreamLimits(open_s=2.0, close_s=0.2),
                is_watched=scene.is_watched,
                sleep=scene.timer,
            )
            running = asyncio.create_task(scene.stream.run())
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


def test_where_the_exchange_waits_for_the_session_the_key_is_renewed_as_seldom_as_will_do():
    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.timer.reach(1)

    def prepare(scene: Scene) -> None:
        scene.is_watched = False

    assert run(scenario, prepare).timer.asked == [PACED_RENEW_S]


def test_a_failed_renewal_is_tried_again_soon_said_once_and_the_socket_stays(
    caplog: pytest.LogCaptureFixture, expect_log: Callable[[str], None]
):
    expect_log("listenKey could not be renewed")

    def prepare(scene: Scene) -> None:
        failed = VenueError(None, "no answer in time", retryable=True)
        scene.keys.renewals = [failed, failed, "", "key1"]
        scene.is_watched = False

    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        for waits in range(1, 5):
            await scene.timer.elapse(waits)
        await scene.timer.reach(5)

    scene = run(scenario, prepare)
    assert scene.timer.asked == [PACED_RENEW_S, RETRY_S, RETRY_S, PACED_RENEW_S, PACED_RENEW_S]
    assert scene.paths == ["/private/ws/key1"]
    assert caplog.text.count("could not be renewed") == 1


@pytest.mark.parametrize(
    ("renewal", "reason"),
    [
        (VenueError(-1125, "This listenKey does not exist.", http_status=400), "listen_key_ended"),
        ("other", "listen_key_changed"),
    ],
)
@pytest.mark.parametrize("is_watched", [True, False])
def test_a_key_that_is_gone_or_changed_leads_to_a_new_socket(renewal: Any, reason: str, is_watched: bool):
    def prepare(scene: Scene) -> None:
        scene.keys.renewals = [renewal]
        scene.is_watched = is_watched

    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.timer.elapse(1)
        await scene.until(scene.connected(2))
        await scene.connections[0].wait_closed()
        assert scene.stream.life.reason == reason

    scene = run(scenario, prepare)
    assert scene.paths == ["/private/ws/key1", "/private/ws/key2"]
    assert scene.told[:3] == [(True, "connected"), (False, reason), (True, "connected")]


def test_an_expired_key_does_not_leave_a_silent_socket():
    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.connections[0].send('{"e":"listenKeyExpired","E":1,"listenKey":"someone-elses"}')
        await scene.connections[0].send(LEVERAGE)
        await scene.until(lambda: LeverageUpdate("BTCUSDT", 25, 5) in scene.items)
        assert scene.paths == ["/private/ws/key1"]
        await scene.connections[0].send('{"e":"listenKeyExpired","E":1,"listenKey":"key1"}')
        await scene.until(scene.connected(2))

    scene = run(scenario)
    assert scene.paths == ["/private/ws/key1", "/private/ws/key2"]
    assert scene.told[1] == (False, "listen_key_ended")


def test_a_replacement_asks_for_a_key_anew_and_the_old_socket_delivers_until_then():
    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.connections[0].send(LEVERAGE)
        scene.stream.replace("events_missing")
        await scene.until(lambda: LeverageUpdate("BTCUSDT", 25, 5) in scene.items)
        await scene.until(scene.connected(2))
        await scene.connections[0].wait_closed()

    scene = run(scenario)
    assert scene.paths == ["/private/ws/key1", "/private/ws/key2"]
    assert scene.told[:2] == [(True, "connected"), (True, "events_missing")]


def test_the_old_keys_end_does_not_take_the_new_socket_with_it():
    """The renewal of the old key is answered when the new socket is there already."""
    answered = asyncio.Event()

    async def scenario(scene: Scene) -> None:
        renew = scene.keys.renew_listen_key

        async def late() -> str:
            await answered.wait()
            return await renew()

        scene.keys.renew_listen_key = late  # type: ignore[method-assign]
        scene.keys.renewals = [VenueError(-1125, "This listenKey does not exist.", http_status=400)]
        await scene.until(scene.connected(1))
        await scene.timer.elapse(1)
        scene.stream.replace("grown_old")
        await scene.until(scene.connected(2))
        answered.set()
        await scene.timer.reach(2)
        assert len(scene.paths) == 2
        assert scene.told == [(True, "connected"), (True, "grown_old")]

    run(scenario)


def test_without_a_key_it_asks_again_and_says_why():
    def prepare(scene: Scene) -> None:
        scene.keys.new_errors = [
            VenueError(-1003, "Too many requests."),
            VenueError(-1016, "This service is no longer available.", http_status=503),
        ]

    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))

    scene = run(scenario, prepare)
    assert scene.keys.calls[:3] == ["new", "new", "new"]
    assert scene.told[:3] == [
        (False, "no_access: -1003: Too many requests."),
        (False, "maintenance"),
        (True, "connected"),
    ]


def test_a_request_for_a_key_that_hangs_does_not_hold_up_the_next_try():
    async def scenario(scene: Scene) -> None:
        new = scene.keys.new_listen_key
        hangs = iter([True, False])

        async def slow() -> str:
            if next(hangs):
                await asyncio.Event().wait()
            return await new()

        scene.keys.new_listen_key = slow  # type: ignore[method-assign]
        await scene.until(scene.connected(1))
        assert scene.told[0] == (False, "no_answer")

    run(scenario)


def test_a_lost_event_asks_for_a_snapshot(expect_log: Callable[[str], None]):
    expect_log("private stream: a frame cannot be read: ORDER_TRADE_UPDATE")

    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.connections[0].send('{"e":"ORDER_TRADE_UPDATE","E":1,"T":1,"o":{"s":"BTCUSDT"}}')
        await scene.until(scene.connected(2))

    scene = run(scenario)
    assert scene.paths == ["/private/ws/key1"]
    assert scene.items[1] == StreamStatus(Route.PRIVATE, True, "event_lost: ORDER_TRADE_UPDATE cannot be read")


def test_the_key_is_in_no_log_and_no_status(caplog: pytest.LogCaptureFixture):
    async def scenario(scene: Scene) -> None:
        await scene.until(scene.connected(1))
        await scene.connections[0].close()
        await scene.until(scene.connected(2))

    with caplog.at_level(logging.DEBUG):
        logging.getLogger("websockets.server").setLevel(logging.INFO)
        scene = run(scenario)
    assert "key1" not in caplog.text + repr(scene.items)
