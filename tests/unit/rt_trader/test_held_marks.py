"""Mark prices of what is held but not shown: one socket, another set another socket, the former one until then."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.core_records import RULES, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from tests.fake_streams import FakeStreams
from tests.road_world import RoadWorld, road_world
from tests.unit.collectors.test_symbol_market import mark
from trader_gui.domain.step import MarketState, SymbolStatus
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.rt_trader.held_marks import HeldMarks
from trader_gui.rt_trader.status import ShownStatus

S = 1_000_000_000


class Wanted:
    """Notes whose terms are wanted."""

    def __init__(self) -> None:
        self.symbols: list[str] = []

    def want(self, symbol: str) -> None:
        self.symbols.append(symbol)


class Desk:
    def __init__(self, world: RoadWorld, rig: Rig) -> None:
        self.rig = rig
        self.sockets, self.terms, self.shown = FakeStreams(), Wanted(), ShownStatus()
        self.queued: list[Any] = []
        market: Any = self.sockets
        terms: Any = self.terms
        self.marks = HeldMarks(world.road, market, lambda item, _ns: self.queued.append(item), self.shown, terms)
        self.now_ns = S
        self.steps = world.steps

    async def look(self, *, after_ns: int = 2 * S) -> None:
        self.now_ns += after_ns
        self.marks.check(self.now_ns)
        for _ in range(3):
            await asyncio.sleep(0)

    def told(self) -> list[tuple[str, MarketState]]:
        return [(s.message.symbol, s.message.state) for s in self.steps if isinstance(s.message, SymbolStatus)]

    def hold(self, *symbols: str) -> None:
        positions = tuple(make_position("1", symbol=symbol) for symbol in symbols)
        self.rig.send(replace(make_snapshot(*positions), taken_time_ms=self.rig.now_ms + self.now_ns // S))


def drive(tmp_path: Path, body: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        rig = Rig()
        rules = tuple(replace(RULES, symbol=s) for s in ("ETHUSDT", "SOLUSDT"))
        rig.send(RulesUpdate(rules, 0))
        async with asyncio.timeout(10), road_world(tmp_path, rig) as world, asyncio.TaskGroup() as group:
            desk = Desk(world, rig)
            desk.marks.start(group)
            await body(desk)
            desk.marks.stop()

    asyncio.run(run())


def test_a_socket_follows_what_is_held(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.hold("BTCUSDT")
        await desk.look()
        assert desk.sockets.names == []
        desk.hold("BTCUSDT", "ETHUSDT")
        await desk.look()
        assert desk.sockets.names == [("ethusdt@markPrice@1s",)]
        assert (desk.told(), desk.terms.symbols) == ([("ETHUSDT", MarketState.MARKS)], ["ETHUSDT"])
        desk.sockets.connect()
        desk.sockets.delivers[0](mark(3000), 0)
        assert desk.queued == [mark(3000)]
        desk.hold("ETHUSDT", "SOLUSDT")
        await desk.look()
        assert desk.sockets.names[1:] == [("ethusdt@markPrice@1s", "solusdt@markPrice@1s")]
        assert desk.sockets.running == {0, 1}, "the former one goes on until the new one is connected"
        desk.sockets.connect()
        await desk.look()
        assert desk.sockets.running == {1}
        desk.hold("SOLUSDT")
        await desk.look()
        assert desk.told()[-1] == ("ETHUSDT", MarketState.UNWATCHED)
        desk.hold()
        await desk.look()
        await asyncio.sleep(0)
        assert desk.sockets.running == set()

    drive(tmp_path, body)


def test_open_orders_count_and_the_shown_symbol_has_its_own_socket(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        order = make_order("web-1", symbol="SOLUSDT")
        desk.rig.send(replace(make_snapshot(make_position("1", symbol="ETHUSDT")), open_orders=(order,)))
        desk.shown.symbol = "ETHUSDT"
        await desk.look()
        assert desk.sockets.names == [("solusdt@markPrice@1s",)]
        desk.shown.symbol = "SOLUSDT"
        await desk.look()
        assert desk.sockets.names[-1] == ("ethusdt@markPrice@1s",)
        assert ("SOLUSDT", MarketState.UNWATCHED) not in desk.told(), "it is shown: others watch it"

    drive(tmp_path, body)


def test_positions_that_come_and_go_do_not_open_sockets_without_end(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        for number in range(20):
            desk.hold(*(["ETHUSDT"] if number % 2 else ["SOLUSDT"]))
            await desk.look(after_ns=S // 10)
        assert len(desk.sockets.names) <= 3

    drive(tmp_path, body)


def test_a_new_connection_is_opened_after_sleep(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.hold("ETHUSDT")
        await desk.look()
        desk.marks.renew()
        await desk.look()
        assert len(desk.sockets.names) == 2 and desk.sockets.running == {1}

    drive(tmp_path, body)
