"""The shown market by hand-worked sockets: which are open, whose word counts, what chart and core hear of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.core_records import RULES, START_MS, make_kline
from tests.core_rig import Rig
from tests.fake_streams import FakeStreams
from tests.road_world import RoadWorld, road_world
from tests.unit.collectors.test_symbol_market import ETHER, mark, ticker
from trader_gui.callback.quotes import quotes_of
from trader_gui.domain.market import DepthUpdate
from trader_gui.domain.step import MarketState, Message, Route, SymbolStatus
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.exchange.port import StreamItem, StreamStatus
from trader_gui.rt_trader.errands import Errands
from trader_gui.rt_trader.freshness import STALE_AFTER_NS
from trader_gui.rt_trader.shown_market import ShownMarket
from trader_gui.rt_trader.status import ShownStatus


class Desk:
    """A shown market whose queue is worked off at once."""

    def __init__(self, world: RoadWorld, rig: Rig) -> None:
        self.rig, self.steps = rig, world.steps
        self.streams, self.status = FakeStreams(), ShownStatus()
        self.wanted: list[str] = []
        self.errands = Errands()  # never started: nothing is read
        market: Any = self.streams
        terms: Any = self
        self.shown = ShownMarket(
            world.road,
            market,
            self.deliver,
            self.status,
            terms,
            self.errands,
            own=("BTCUSDT", "1m"),
            with_book=True,
        )

    def want(self, symbol: str) -> None:
        self.wanted.append(symbol)

    def deliver(self, item: StreamItem, received_ns: int) -> None:
        assert self.shown.takes(item)
        self.shown.take(item, received_ns)

    async def show(self, symbol: str, interval: str = "1m") -> None:
        self.shown.show(symbol, interval)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    def hear(self, *messages: Message, stream: int) -> None:
        for message in messages:
            self.streams.delivers[stream](message, time.monotonic_ns())

    def come_alive(self, market: int, public: int) -> None:
        """Connect both sockets, and let each tell something."""
        self.streams.connect(market)
        self.streams.connect(public)
        self.hear(mark(3000), stream=market)
        self.hear(ticker("2999.99", "3000.01"), stream=public)

    def told(self) -> list[MarketState]:
        return [s.message.state for s in self.steps if isinstance(s.message, SymbolStatus)]

    @property
    def is_fresh(self) -> bool:
        return quotes_of(self.rig.callback, "ETHUSDT").is_fresh


def drive(tmp_path: Path, body: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        rig = Rig()
        rig.send(RulesUpdate((ETHER, replace(RULES, symbol="SOLUSDT")), 0))
        async with asyncio.timeout(10), road_world(tmp_path, rig) as world, asyncio.TaskGroup() as group:
            desk = Desk(world, rig)
            desk.shown.start(group)
            await body(desk)
            desk.shown.stop()

    asyncio.run(run())


def test_another_symbol_has_a_socket_on_each_route_and_the_own_one_none(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.show("BTCUSDT")
        assert desk.streams.names == []
        await desk.show("ETHUSDT", "5m")
        assert desk.streams.names == [
            ("ethusdt@kline_5m", "ethusdt@markPrice@1s", "ethusdt@aggTrade"),
            ("ethusdt@bookTicker", "ethusdt@depth@100ms"),
        ]
        assert (desk.status.symbol, desk.wanted) == ("ETHUSDT", ["ETHUSDT"])
        await desk.show("BTCUSDT", "5m")
        assert desk.streams.names[2:] == [("btcusdt@kline_5m", "btcusdt@markPrice@1s")]
        assert (desk.status.symbol, desk.streams.running) == ("", {2})
        await desk.show("BTCUSDT")
        assert desk.streams.running == set()
        assert desk.told() == [MarketState.STALE, MarketState.UNWATCHED]

    drive(tmp_path, body)


def test_it_is_fresh_while_both_routes_are(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.show("ETHUSDT")
        desk.streams.connect(0)
        desk.streams.connect(1)
        desk.hear(mark(3000), stream=0)
        assert not desk.is_fresh
        desk.hear(ticker("2999.99", "3000.01"), stream=1)
        assert desk.is_fresh
        desk.shown.check(time.monotonic_ns() + STALE_AFTER_NS + 10**9)
        assert not desk.is_fresh
        desk.hear(mark(3001, 1000), stream=0)
        desk.hear(ticker("3000.99", "3001.01", 2), stream=1)
        assert desk.is_fresh
        desk.streams.lose(1)
        assert not desk.is_fresh
        desk.streams.connect(1)
        assert not desk.is_fresh, "connected, it has told nothing yet"
        desk.hear(DepthUpdate("ETHUSDT", 8, 11, 7, (), (), START_MS), stream=1)
        assert not desk.is_fresh, "the best prices are those of before the loss"
        desk.hear(ticker("3000.99", "3001.01", 3), stream=1)
        assert desk.is_fresh

    drive(tmp_path, body)


def test_another_interval_is_another_socket_before_the_former_one_ends(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.show("ETHUSDT")
        desk.come_alive(0, 1)
        await desk.show("ETHUSDT", "1h")
        assert desk.streams.running == {0, 1, 2} and desk.is_fresh
        desk.streams.lose(2)
        assert desk.is_fresh, "the former one still tells everything"
        desk.streams.connect(2)
        await desk.settle()
        assert desk.streams.running == {1, 2} and desk.is_fresh
        desk.streams.lose(0)
        assert desk.is_fresh, "what has ended has no say"
        desk.streams.lose(2)
        assert not desk.is_fresh

    drive(tmp_path, body)


def test_intervals_that_follow_each_other_fast_keep_the_one_socket_that_works(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.show("ETHUSDT")
        desk.come_alive(0, 1)
        await desk.show("ETHUSDT", "5m")
        await desk.show("ETHUSDT", "1h")
        assert desk.streams.running == {0, 1, 2, 3} and desk.is_fresh
        desk.streams.lose(0)
        assert not desk.is_fresh, "no other one is connected yet"
        desk.streams.connect(2)
        desk.hear(mark(3001, 1000), stream=2)
        assert desk.is_fresh
        desk.streams.connect(3)
        await desk.settle()
        assert desk.streams.running == {1, 3} and desk.is_fresh

    drive(tmp_path, body)


def test_after_sleep_nothing_is_believed_until_new_sockets_have_told_something(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.show("ETHUSDT")
        desk.come_alive(0, 1)
        desk.shown.renew()
        await desk.settle()
        assert desk.streams.running == {2, 3} and not desk.is_fresh
        desk.come_alive(2, 3)
        assert desk.is_fresh

    drive(tmp_path, body)


def test_the_chart_hears_of_its_own_klines_alone(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        heard: list[StreamItem] = []
        feed = desk.shown.feed("ETHUSDT", "5m", lambda item, _ns: heard.append(item))
        task = asyncio.create_task(feed.run(), name="chart feed")
        await desk.show("ETHUSDT")
        kline = make_kline(0, 3000, symbol="ETHUSDT", is_closed=False)
        desk.come_alive(0, 1)
        desk.hear(kline, stream=0)
        assert heard == [mark(3000)]
        await desk.show("ETHUSDT", "5m")
        desk.streams.connect(2)
        of_chart = replace(kline, interval="5m")
        desk.hear(of_chart, stream=2)
        assert heard[1:] == [StreamStatus(Route.MARKET, True, "connected"), of_chart]
        task.cancel()
        await asyncio.wait([task])
        desk.hear(of_chart, stream=2)
        assert len(heard) == 3

    drive(tmp_path, body)


def test_of_the_own_symbol_the_core_hears_nothing_here(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.show("BTCUSDT", "5m")
        desk.streams.connect(0)
        before = len(desk.steps)
        desk.hear(make_kline(0, 100_000, interval="5m"), mark(100_000, symbol="BTCUSDT"), stream=0)
        assert len(desk.steps) == before

    drive(tmp_path, body)
