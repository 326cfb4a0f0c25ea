import asyncio
from typing import Any

import msgspec
import pytest

from tests.fault_world import Clock, make_faults
from tests.venue_world import Pipe
from trader_gui.simulated_exchange.faults import ActiveFault, Faults
from trader_gui.simulated_exchange.stream_faults import EventFaults
from trader_gui.simulated_exchange.streams import Hub, StreamSocket

KEY = "listen-key"


class World:
    """A hub behind a plan, with one listener of two market streams, one of the book, and two of the account."""

    def __init__(self, *faults: dict[str, Any]) -> None:
        self.faults: Faults
        self.clock: Clock
        self.faults, self.clock = make_faults(*faults)
        self.hub = Hub(lambda stream: None)
        self.struck: list[tuple[int, str]] = []
        self.screen = self.hub.screen = EventFaults(self.hub, self.faults, self._strike)
        self.market = self._open("market", "btcusdt@aggTrade", "ethusdt@aggTrade")
        self.book = self._open("public", "btcusdt@depth", "btcusdt@depth5")
        self.user, self.other = self._open("private"), self._open("private")

    def _open(self, route: str, *streams: str) -> Pipe:
        pipe = Pipe()
        socket = StreamSocket(route, is_combined=False, transport=pipe, now_s=0)  # type: ignore[arg-type]
        socket.listen_keys = {KEY: frozenset()} if route == "private" else {}
        self.hub.add(socket)
        self.hub.subscribe(socket, streams)
        return pipe

    def _strike(self, one: ActiveFault, socket: StreamSocket) -> None:
        self.struck.append((one.place, socket.route))

    def tell(self, *numbers: int) -> None:
        """Publish user events."""
        for number in numbers:
            self.hub.publish_private(KEY, {"e": "ORDER_TRADE_UPDATE", "o": {"s": "BTCUSDT", "t": number}})

    def pass_ms(self, ms: int) -> None:
        self.clock.ms += ms
        self.faults.timeline.advance()

    def told(self, pipe: Pipe | None = None) -> list[int]:
        self.hub.flush()
        return [event["o"]["t"] for event in (pipe or self.user).frames()]


def with_loop(test: Any) -> None:
    async def body() -> None:
        test()

    asyncio.run(body())


def test_every_listener_meets_the_same_fault() -> None:
    def body() -> None:
        world = World({"kind": "event_lost", "every": 2})
        world.tell(1, 2, 3, 4)
        assert world.told() == world.told(world.other) == [1, 3]
        assert [one.seen for one in world.faults.all] == [4]

    with_loop(body)


def test_a_delay_in_order_holds_up_what_follows_and_only_its_stream() -> None:
    def body() -> None:
        world = World({"kind": "event_delayed", "ms": 100, "count": 1}, {"kind": "event_lost", "route": "public"})
        world.tell(1, 2)
        world.hub.publish("btcusdt@aggTrade", {"e": "aggTrade", "s": "BTCUSDT"})
        world.hub.flush()
        assert len(list(world.market.frames())) == 1
        world.pass_ms(99)
        world.tell(3)
        assert world.told() == []
        world.pass_ms(1)
        assert world.told() == [1, 2, 3]
        world.tell(4)
        assert world.told() == [4]

    with_loop(body)


def test_out_of_order_within_one_stream_and_at_the_latest_after_a_while() -> None:
    def body() -> None:
        world = World({"kind": "event_reordered", "by": 2, "every": 3, "longest_ms": 500})
        world.tell(1, 2, 3, 4)
        assert world.told() == [1, 2, 4]
        world.tell(5)
        assert world.told() == [5, 3]
        world.tell(6)
        world.pass_ms(500)
        assert world.told() == [6]
        hit = "private ORDER_TRADE_UPDATE BTCUSDT: after the next 2"
        assert [line.hit for line in world.faults.log] == [hit, hit]

    with_loop(body)


def test_a_delayed_event_is_overtaken_when_order_does_not_matter() -> None:
    def body() -> None:
        world = World({"kind": "event_delayed", "ms": "uniform:10:20", "in_order": False, "count": 1})
        world.tell(1, 2)
        assert world.told() == [2]
        world.pass_ms(20)
        assert world.told() == [1]

    with_loop(body)


def test_closing_sends_what_is_held_in_order() -> None:
    def body() -> None:
        late = {"kind": "event_delayed", "ms": 1000, "count": 1}
        world = World(late, {"kind": "event_reordered", "from_ms": 5, "by": 2})
        world.tell(1, 2)
        world.clock.ms += 5
        world.tell(3)
        world.hub.screen = None
        world.screen.close()
        assert world.told() == [1, 2, 3]

    with_loop(body)


def test_closing_sends_what_was_to_be_overtaken() -> None:
    def body() -> None:
        world = World({"kind": "event_delayed", "ms": 1000, "in_order": False, "count": 2})
        world.tell(1, 2, 3)
        world.faults.close()  # as a plan's end does: its timeline calls nobody any more
        world.hub.screen = None
        world.screen.close()
        assert world.told() == [3, 1, 2]

    with_loop(body)


def test_only_differences_of_the_book_make_a_gap() -> None:
    def body() -> None:
        world = World({"kind": "depth_gap"})
        for stream in ("btcusdt@depth", "btcusdt@depth5"):
            world.hub.publish(stream, {"e": "depthUpdate", "s": "BTCUSDT", "stream": stream})
        world.hub.flush()
        assert [frame["stream"] for frame in world.book.frames()] == ["btcusdt@depth5"]

    with_loop(body)


def test_a_silence_is_logged_once_a_stream_and_anew_when_it_comes_again() -> None:
    def body() -> None:
        world = World({"kind": "stream_silent", "route": "market", "duration_ms": 100, "every": 5})
        for _ in range(5):
            for stream in ("btcusdt@aggTrade", "ethusdt@aggTrade"):
                world.hub.publish(stream, {"e": "aggTrade", "s": stream[:7].upper()})
        assert [line.hit.partition(":")[0] for line in world.faults.log] == [
            "btcusdt@aggTrade aggTrade BTCUSDT", "ethusdt@aggTrade aggTrade ETHUSDT",
        ]  # fmt: skip
        world.hub.flush()
        assert len(list(world.market.frames())) == 4
        world.pass_ms(100)
        for _ in range(5):
            world.hub.publish("btcusdt@aggTrade", {"e": "aggTrade", "s": "BTCUSDT"})
        assert len(world.faults.log) == 3

    with_loop(body)


def test_a_socket_is_struck_before_the_frame_that_strikes_it() -> None:
    def body() -> None:
        world = World({"kind": "socket_dropped", "on": "frame", "event": "ORDER_TRADE_UPDATE", "every": 2, "count": 1})
        world.tell(1)
        assert world.struck == []
        world.tell(2, 3)
        assert world.struck == [(0, "private"), (0, "private")]

    with_loop(body)


def test_an_event_that_nobody_gets_is_not_looked_at() -> None:
    def body() -> None:
        world = World({"kind": "event_lost"}, {"kind": "event_lost", "route": "market"})
        world.hub.publish_private("another key", {"e": "ORDER_TRADE_UPDATE"})
        world.hub.publish("btcusdt@kline_1m", {"e": "kline"})
        assert [one.seen for one in world.faults.all] == [0, 0]

    with_loop(body)


@pytest.mark.parametrize("event", [[{"e": "24hrTicker", "s": "BTCUSDT"}], msgspec.Raw(b'{"e":"x"}')])
def test_lists_and_ready_made_events_pass(event: Any) -> None:
    def body() -> None:
        world = World({"kind": "event_lost", "route": "market", "event": "24hrTicker"})
        world.hub.publish("btcusdt@aggTrade", event)
        world.hub.flush()
        assert list(world.market.frames()) == ([] if isinstance(event, list) else [{"e": "x"}])

    with_loop(body)
