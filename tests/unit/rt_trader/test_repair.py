"""Reading anew what was missed: one at a time, again after a failure, and executions as the stream would tell."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.core_records import PREFIX, make_fill, make_kline, make_order, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.market import Kline, KlineHistory
from trader_gui.domain.order import Fill, OrderFamily, OrderStatus, OrderType, OrderUpdate
from trader_gui.errors import VenueError
from trader_gui.orders.manager import OrderManager
from trader_gui.rt_trader import repair as module
from trader_gui.rt_trader.repair import Repair

Expect = Callable[[str], None]
SINCE_MS = 5


class Venue:
    """Answers what a repair asks; `failures` calls are refused first."""

    def __init__(self) -> None:
        self.failures = 0
        self.calls: list[Any] = []
        self.executions: tuple[Fill, ...] = ()
        self.klines_told: tuple[Kline, ...] = ()

    def _call(self, name: Any) -> None:
        self.calls.append(name)
        if self.failures:
            self.failures -= 1
            raise VenueError(-1001, "Internal error", http_status=500, retryable=True)

    async def klines(self, symbol: str, interval: str, *, limit: int) -> tuple[Kline, ...]:
        await asyncio.sleep(0)
        self._call("klines")
        return self.klines_told

    async def account_snapshot(self, symbol: str) -> AccountSnapshot:
        self._call("account")
        return make_snapshot()

    async def fills(self, symbol: str, **since: int) -> tuple[Fill, ...]:
        self._call(since)
        return self.executions


class World:
    """A repair around a core; what it delivers goes to the core at once."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.venue = Venue()
        self.delivered: list[Any] = []
        venue: Any = self.venue
        self.repair = Repair(
            self.rig.callback,
            venue,
            venue,
            OrderManager(venue, lambda a: asyncio.sleep(0), lambda o: None, lambda: 0),
            self._deliver,
            with_book=False,
        )

    def _deliver(self, item: Any, received_ns: int) -> None:
        self.delivered.append(item)
        self.rig.send(item)


def repaired(world: World, *wishes: Callable[[], None]) -> None:
    """Ask for repairs at once, and wait until all are done."""

    async def body() -> None:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            world.repair.start(group, SINCE_MS)
            for wish in wishes:
                wish()

    asyncio.run(body())


def test_a_gap_is_read_anew_once_however_often_it_is_seen() -> None:
    world = World()
    world.venue.klines_told = tuple(make_kline(index, "100000") for index in range(63))
    world.rig.send(make_kline(62, "100000"))  # 60 and 61 never came
    look = world.repair.look_for_gaps
    repaired(world, look, look, look)
    assert world.venue.calls == ["klines"]
    assert isinstance(world.delivered[0], KlineHistory)
    assert not world.rig.callback.klines.has_gap
    repaired(world, look)
    assert world.venue.calls == ["klines"]  # nothing is missing any more


def test_a_repair_that_failed_can_be_wanted_again(monkeypatch: pytest.MonkeyPatch, expect_log: Expect) -> None:
    expect_log("reading the klines anew failed: -1001")
    monkeypatch.setattr(module, "RETRY_PAUSE_S", 0)
    world = World()
    world.venue.failures = 1
    world.venue.klines_told = (make_kline(60, "100000"),)
    repaired(world, world.repair.klines)
    assert world.delivered == []
    repaired(world, world.repair.klines)
    assert world.venue.calls == ["klines", "klines"]
    assert len(world.delivered) == 1


def test_nothing_is_started_after_the_stop() -> None:
    world = World()
    repaired(world, world.repair.stop, world.repair.klines, world.repair.account)
    assert world.venue.calls == []


def execution(trade_id: int, order_id: int) -> Fill:
    return make_fill(trade_id, "", order_id=order_id)  # the venue's list does not tell the client order id


def test_executions_that_the_stream_did_not_tell_are_told() -> None:
    """A plain order, a stop that became an order of the book, one of a foreign order, and one that is known."""
    world = World()
    rig = world.rig
    entry, stop = f"{PREFIX}-hn-1", f"{PREFIX}-hp-2"
    rig.send(make_update(make_order(entry, order_id=100, status=OrderStatus.FILLED)))
    triggered = make_order(
        stop,
        order_family=OrderFamily.ALGO,
        order_type=OrderType.STOP_MARKET,
        status=OrderStatus.FINISHED,
        order_id=7,
        triggered_order_id=200,
    )
    rig.send(make_update(triggered))
    world.venue.executions = (execution(1, 100), execution(2, 200), execution(3, 300))
    repaired(world, world.repair.account)
    updates = [m for m in world.delivered if isinstance(m, OrderUpdate)]
    assert [(u.fill.trade_id, u.fill.client_order_id) for u in updates if u.fill] == [(1, entry), (2, stop)]
    assert world.venue.calls == ["account", {"start_time_ms": SINCE_MS}]
    assert rig.callback.result_today == -2 * make_fill().commission
    world.venue.executions = (execution(2, 200),)
    repaired(world, world.repair.account)
    assert world.venue.calls[-1] == {"from_trade_id": 3}
    assert rig.callback.result_today == -2 * make_fill().commission  # each once


def make_update(order: Any) -> OrderUpdate:
    return OrderUpdate(msgspec.structs.replace(order), order.status.value, None, 0, 0)
