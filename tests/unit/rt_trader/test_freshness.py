"""Which routes are fresh: told by streams and messages, judged by the clock, and passed on to the gate once."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.core_records import make_account_update, make_kline, make_order
from tests.core_rig import Rig
from tests.road_world import RoadWorld, road_world
from trader_gui.domain.market import BookTicker
from trader_gui.domain.order import OrderUpdate
from trader_gui.domain.step import FeedStatus, Route
from trader_gui.errors import UserError
from trader_gui.exchange.port import StreamLife, StreamStatus
from trader_gui.rt_trader import freshness as module
from trader_gui.rt_trader.freshness import Freshness

Expect = Callable[[str], None]


def told(world: RoadWorld) -> list[tuple[Route, bool]]:
    return [(s.message.route, s.message.is_fresh) for s in world.steps if isinstance(s.message, FeedStatus)]


def ticker(update_id: int = 1) -> BookTicker:
    one = Decimal(1)
    return BookTicker("BTCUSDT", update_id, one, one, one, one, 0)


def test_silence_is_stale_and_a_message_is_fresh_again(tmp_path: Path) -> None:
    """The user stream says nothing for hours and is fresh all the same."""

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            freshness.note_account_read()
            now_ns = time.monotonic_ns()
            freshness.note_received(make_kline(60, "100000"), now_ns - module.STALE_AFTER_NS)
            freshness.note_received(ticker(), now_ns)
            freshness.check()
            freshness.check()
            assert told(world) == [(Route.MARKET, False)]
            since_ns = world.status.routes[Route.MARKET].fresh_since_ns
            assert since_ns >= now_ns
            freshness.note_received(make_kline(60, "100000"), time.monotonic_ns())
            assert told(world) == [(Route.MARKET, False), (Route.MARKET, True)]
            assert world.rig.callback.routes_fresh == dict.fromkeys(Route, True)
            assert world.status.routes[Route.MARKET].fresh_since_ns > since_ns

    asyncio.run(body())


def test_a_quiet_book_is_fresh_as_long_as_its_quiet_is_usual(tmp_path: Path) -> None:
    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            now_ns, second_ns = time.monotonic_ns(), 1_000_000_000
            public = world.status.routes[Route.PUBLIC]
            for age_s in (100.0, 80.0, 60.0, 40.0, 20.0):
                freshness.note_received(ticker(), int(now_ns - age_s * second_ns))
            freshness.check()
            assert public.is_fresh
            for age_s in (150.0, 0.0):  # a busy one: here three seconds are too long
                freshness = Freshness(world.road, world.status, lambda now_ns: False)
                freshness.note_received(ticker(), int(now_ns - 4 * second_ns - 1 - age_s))
                freshness.note_received(ticker(), now_ns - 4 * second_ns)
                freshness.check()
                assert not public.is_fresh

    asyncio.run(body())


@pytest.mark.parametrize("route", list(Route))
def test_a_socket_that_shows_no_life_is_stale_whatever_it_is_silent_about(tmp_path: Path, route: Route) -> None:
    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            lives = {r: StreamLife() for r in Route}
            freshness = Freshness(world.road, world.status, lambda now_ns: False, lives)
            now_ns = time.monotonic_ns()
            for life in lives.values():
                life.alive_ns = now_ns
            freshness.note_account_read()
            freshness.note_received(make_kline(60, "100000"), now_ns)
            freshness.note_received(ticker(), now_ns)
            freshness.check()
            assert told(world) == []
            lives[route].alive_ns = now_ns - module.STALE_AFTER_NS - 1
            freshness.check()
            assert told(world) == [(route, False)]
            lives[route].alive_ns = time.monotonic_ns()
            freshness.check()
            assert told(world) == [(route, False), (route, True)]
            assert world.status.routes[route].alive_ns == lives[route].alive_ns

    asyncio.run(body())


def test_a_lost_stream_is_stale_at_once_and_connecting_alone_does_not_make_it_fresh(
    tmp_path: Path, expect_log: Expect
) -> None:
    expect_log("market stream lost: cut")
    expect_log("private stream lost: cut")

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            freshness.note_received(make_kline(60, "100000"), time.monotonic_ns())
            for route in (Route.MARKET, Route.PRIVATE):
                assert freshness.on_stream_status(StreamStatus(route, False, "cut")) is False
                assert world.status.routes[route].detail == "cut"
                assert freshness.on_stream_status(StreamStatus(route, True, "connected")) is True
                freshness.check()  # the last message before the cut is not old yet
                assert not world.rig.callback.routes_fresh[route]
            freshness.note_received(make_account_update(), time.monotonic_ns())
            assert not world.rig.callback.routes_fresh[Route.PRIVATE]  # what was missed during the cut is not known yet
            freshness.note_account_read()
            assert world.rig.callback.routes_fresh[Route.PRIVATE]
            # A stream that lost an event, or whose socket was replaced, says that it is connected once more.
            assert freshness.on_stream_status(StreamStatus(Route.PRIVATE, True, "event_lost: x")) is True
            assert not world.rig.callback.routes_fresh[Route.PRIVATE]

    asyncio.run(body())


def test_a_market_whose_socket_is_replaced_stays_fresh(tmp_path: Path) -> None:
    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            freshness.note_received(make_kline(60, "100000"), time.monotonic_ns())
            assert freshness.on_stream_status(StreamStatus(Route.MARKET, True, "grown_old")) is True
            assert (Route.MARKET, False) not in told(world)

    asyncio.run(body())


def test_losses_are_counted_as_one_trouble_and_said_once_each(tmp_path: Path, expect_log: Expect) -> None:
    expect_log("market stream lost: cut")

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            status = world.status.routes[Route.MARKET]
            for _ in range(3):
                freshness.on_stream_status(StreamStatus(Route.MARKET, False, "cut"))
                freshness.on_stream_status(StreamStatus(Route.MARKET, False, "no_network"))
                assert status.detail == "no_network"
                freshness.on_stream_status(StreamStatus(Route.MARKET, True, "connected"))
            assert status.losses == 3
            status.lost_ns -= module.EPISODE_NS
            freshness.on_stream_status(StreamStatus(Route.MARKET, False, "cut"))
            assert status.losses == 1

    asyncio.run(body())


def test_after_a_disturbance_no_route_is_believed_until_it_connects_anew(tmp_path: Path) -> None:
    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            freshness.note_account_read()
            freshness.doubt_all()
            assert world.rig.callback.routes_fresh == dict.fromkeys(Route, False)
            for message in (make_kline(60, "100000"), ticker()):
                freshness.note_received(message, time.monotonic_ns())
            freshness.note_account_read()
            freshness.check()
            assert world.rig.callback.routes_fresh == dict.fromkeys(Route, False)
            for route in Route:
                freshness.on_stream_status(StreamStatus(route, True, "woke_up"))
            for message in (make_kline(60, "100000"), ticker()):
                freshness.note_received(message, time.monotonic_ns())
            freshness.note_account_read()
            assert world.rig.callback.routes_fresh == dict.fromkeys(Route, True)

    asyncio.run(body())


def test_a_doubted_stream_is_stale_until_it_says_anew_that_it_is_connected(tmp_path: Path) -> None:
    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            freshness.on_stream_status(StreamStatus(Route.PRIVATE, True, "connected"))
            freshness.note_account_read()
            fresh = world.rig.callback.routes_fresh
            assert fresh[Route.PRIVATE]
            freshness.doubt(Route.PRIVATE)
            assert not fresh[Route.PRIVATE]
            freshness.note_account_read()
            freshness.note_received(make_account_update(), time.monotonic_ns())
            freshness.check()
            assert not fresh[Route.PRIVATE]
            freshness.on_stream_status(StreamStatus(Route.PRIVATE, True, "replaced"))
            assert not fresh[Route.PRIVATE]  # what the former one did not tell is not known yet
            freshness.note_account_read()
            assert fresh[Route.PRIVATE]

    asyncio.run(body())


def test_an_execution_that_was_asked_for_says_nothing_of_the_stream(tmp_path: Path) -> None:
    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            asked = OrderUpdate(make_order(), "TRADE", None, 0, 0, is_asked=True)
            freshness.note_received(asked, 5)
            assert world.status.routes[Route.PRIVATE].last_received_ns == 0

    asyncio.run(body())


def test_a_message_that_was_still_on_its_way_does_not_make_a_lost_stream_fresh(
    tmp_path: Path, expect_log: Expect
) -> None:
    expect_log("market stream lost")

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            freshness.on_stream_status(StreamStatus(Route.MARKET, False, "cut"))
            freshness.note_received(make_kline(60, "100000"), time.monotonic_ns())
            assert not world.rig.callback.routes_fresh[Route.MARKET]

    asyncio.run(body())


def test_a_stream_that_never_connects_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_LIMIT_S", 0.05)

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            for route in world.status.routes.values():
                route.is_connected = False
            freshness = Freshness(world.road, world.status, lambda now_ns: False)
            freshness.on_stream_status(StreamStatus(Route.PUBLIC, True, "connected"))
            freshness.on_stream_status(StreamStatus(Route.MARKET, True, "connected"))
            with pytest.raises(UserError, match=r"\(private\): check the network"):
                await freshness.wait_connected(asyncio.Event())
            stop = asyncio.Event()
            stop.set()
            await freshness.wait_connected(stop)  # whoever stops does not wait
            freshness.on_stream_status(StreamStatus(Route.PRIVATE, True, "connected"))
            await freshness.wait_connected(asyncio.Event())

    asyncio.run(body())
