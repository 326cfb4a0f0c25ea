"""Reading anew what was missed: one at a time, again after a failure, and executions as the stream would tell."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.core_records import PREFIX, START_MS, make_fill, make_kline, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.market import Kline, KlineHistory
from trader_gui.domain.order import Fill, Order, OrderFamily, OrderStatus, OrderType, OrderUpdate
from trader_gui.errors import VenueError
from trader_gui.orders.manager import OrderManager
from trader_gui.rt_trader import repair as module
from trader_gui.rt_trader.repair import Repair

Expect = Callable[[str], None]
SINCE_MS = START_MS


class Venue:
    """Answers what a repair asks; `failures` calls are refused first."""

    def __init__(self) -> None:
        self.failures = 0
        self.calls: list[Any] = []
        self.executions: tuple[Fill, ...] = ()
        self.orders: dict[int, Order] = {}
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

    async def account_snapshot(self, symbol: str, *, orders_of: set[str] | None = None) -> AccountSnapshot:
        self._call("account")
        return make_snapshot()

    async def order_by_id(self, symbol: str, order_id: int) -> Order | None:
        self._call(("order", order_id))
        return self.orders.get(order_id)

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

        self.repair.executions.begin(SINCE_MS)

    def _deliver(self, item: Any, received_ns: int) -> None:
        self.delivered.append(item)
        self.rig.send(item)


def repaired(world: World, *wishes: Callable[[], None]) -> None:
    """Ask for repairs at once, and wait until all are done."""

    async def body() -> None:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            world.repair.start(group)
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
    """A plain order, a stop that became an order of the book, two of foreign orders, and one that is known."""
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
    world.venue.executions = (execution(1, 100), execution(2, 200), execution(3, 300), execution(4, 400))
    world.venue.orders[300] = make_order("web-1", order_id=300, status=OrderStatus.FILLED)
    repaired(world, world.repair.account)
    updates = [m for m in world.delivered if isinstance(m, OrderUpdate)]
    told = [(u.fill.trade_id, u.fill.client_order_id, u.is_asked) for u in updates if u.fill]
    # Of the last one the exchange has forgotten the order.
    assert told == [(1, entry, True), (2, stop, True), (3, "web-1", True), (4, "id-400", True)]
    assert world.venue.calls == ["account", {"start_time_ms": SINCE_MS}, ("order", 300), ("order", 400)]
    assert rig.callback.result_today == -4 * make_fill().commission
    world.venue.executions = (execution(2, 200),)
    repaired(world, world.repair.account)
    assert world.venue.calls[-1] == {"start_time_ms": SINCE_MS}
    repaired(world, world.repair.account)
    assert world.venue.calls[-1] == {"from_trade_id": 3}
    assert rig.callback.result_today == -4 * make_fill().commission  # each once


def make_update(order: Any) -> OrderUpdate:
    return OrderUpdate(msgspec.structs.replace(order), order.status.value, None, 0, 0)


def test_the_account_is_read_until_that_has_worked_and_only_then_settled(
    monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    """After a reconnect nothing else would tell that the account is still the one of before the cut."""
    expect_log("reading the account anew failed: -1001")
    monkeypatch.setattr(module, "RETRY_PAUSE_S", 0)
    world = World()
    world.venue.failures = 2
    repaired(world, world.repair.account)
    assert world.venue.calls == ["account", "account", "account", {"start_time_ms": SINCE_MS}]
    (snapshot,) = world.delivered
    assert world.repair.has_settled(snapshot)
    assert not world.repair.has_settled(make_snapshot())


def test_a_doubt_that_comes_while_the_account_is_read_has_it_read_once_more() -> None:
    world = World()
    answer = world.venue.account_snapshot

    async def cut_meanwhile(symbol: str, **more: Any) -> AccountSnapshot:
        if not world.venue.calls:
            world.repair.account()
        return await answer(symbol, **more)

    world.venue.account_snapshot = cut_meanwhile  # type: ignore[method-assign]
    repaired(world, world.repair.account)
    first, second = world.delivered
    assert not world.repair.has_settled(first)
    assert world.repair.has_settled(second)


def test_a_doubt_of_before_the_start_is_settled_after_it() -> None:
    world = World()
    world.repair.account()
    repaired(world)
    assert world.venue.calls[0] == "account"


def test_executions_are_asked_for_from_the_first_one_that_is_not_known_to_be_booked() -> None:
    """One that comes by stream after the cut is newer than the one that was missed."""
    world = World()
    rig = world.rig
    entry = f"{PREFIX}-hn-1"
    filled = make_order(entry, order_id=100, status=OrderStatus.FILLED)
    rig.callback.orders.load_fills([make_fill(4, entry, order_id=100)])
    world.repair.executions.begin(SINCE_MS)

    def told_after_the_cut() -> None:
        rig.send(OrderUpdate(filled, "TRADE", make_fill(6, entry, order_id=100), 0, 0))

    rig.send(OrderUpdate(filled, "TRADE", make_fill(4, entry, order_id=100), 0, 0))
    world.venue.executions = (execution(5, 100), execution(6, 100))
    repaired(world, world.repair.account, told_after_the_cut)
    assert world.venue.calls[-1] == {"from_trade_id": 5}
    assert [f.trade_id for f in rig.callback.orders.fills] == [4, 6, 5]


def test_a_snapshot_is_dated_by_the_market_as_it_was_when_it_was_asked_for() -> None:
    world = World()
    world.rig.tick()
    asked_ms = world.rig.callback.now_ms
    repaired(world, world.repair.account)
    assert world.delivered[0].taken_time_ms == asked_ms


def test_a_repair_that_runs_ends_with_the_stop() -> None:
    """A venue that never answers must not hold up the end of the session."""
    world = World()

    async def never(symbol: str, interval: str, *, limit: int) -> tuple[Kline, ...]:
        await asyncio.Event().wait()
        raise AssertionError

    world.venue.klines = never  # type: ignore[method-assign]

    async def body() -> None:
        async with asyncio.timeout(2), asyncio.TaskGroup() as group:
            world.repair.start(group)
            world.repair.klines()
            await asyncio.sleep(0)
            world.repair.stop()

    asyncio.run(body())


def test_while_the_market_is_silent_a_snapshot_is_newer_than_the_answers_that_came_before_it() -> None:
    """Else an order that ended untold would be taken for one that the list does not show yet, and never asked about."""
    world = World()
    late_ms = world.rig.callback.now_ms + 60_000
    answered = make_order(f"{PREFIX}-hx-1", order_id=100, update_time_ms=late_ms)
    world.rig.send(OrderUpdate(answered, "NEW", None, START_MS, START_MS))
    repaired(world, world.repair.account)
    assert world.delivered[0].taken_time_ms == late_ms
    assert world.rig.callback.orders.get(answered.client_order_id).status is OrderStatus.UNKNOWN


def test_while_the_market_is_silent_a_snapshot_is_newer_than_the_position_that_was_read_before_it() -> None:
    """Else a position that was closed untold would stay on the screen, as newer than the list that does not show it."""
    world = World()
    late_ms = world.rig.callback.now_ms + 60_000
    world.rig.send(make_snapshot(make_position("0.010", update_time_ms=late_ms)))
    assert world.rig.callback.account.position("BTCUSDT") is not None
    repaired(world, world.repair.account)
    assert world.delivered[0].taken_time_ms == late_ms
    assert world.rig.callback.account.position("BTCUSDT") is None
