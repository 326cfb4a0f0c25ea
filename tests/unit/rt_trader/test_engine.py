"""The engine's switch: what bars arming, and how an arming ends with and without a position of the engine."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core_rig import Rig
from tests.road_world import RoadWorld, road_world
from trader_gui.callback import Callback
from trader_gui.domain.order import OrderOutcome, OutcomeKind, Purpose
from trader_gui.domain.step import EngineMode, ModeChange, Route
from trader_gui.rt_trader.engine import EngineSwitch


def mode(rig: Rig) -> EngineMode:
    return rig.callback.gate.mode


def with_switch(folder: Path, rig: Rig, work: Callable[[RoadWorld, EngineSwitch], None]) -> None:
    async def body() -> None:
        async with road_world(folder, rig) as world:
            work(world, EngineSwitch(world.road, world.status))

    asyncio.run(body())


def not_running(world: RoadWorld) -> None:
    world.status.phase = "starting"


def stale(world: RoadWorld) -> None:
    world.status.routes[Route.PRIVATE].is_fresh = False


def no_journal(world: RoadWorld) -> None:
    world.status.journal_ok = False


def no_account(world: RoadWorld) -> None:
    rig = world.rig
    rig.callback = world.road.callback = Callback(  # a core that has heard nothing yet
        "BTCUSDT", "1m", rig.callback.rules, rig.callback._decision, (), rig.callback.gate
    )


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (not_running, "not_running"),
        (stale, "stale_feed"),
        (no_journal, "journal_failed"),
        (no_account, "unknown_account"),
    ],
)
def test_what_is_not_ready_is_not_armed(spoil: Callable[[RoadWorld], None], code: str, tmp_path: Path) -> None:
    rig = Rig(mode=EngineMode.HALTED)

    def work(world: RoadWorld, switch: EngineSwitch) -> None:
        spoil(world)
        assert [r.code for r in switch.arm(None)] == [code]
        assert mode(rig) is EngineMode.HALTED

    with_switch(tmp_path, rig, work)


def test_an_arming_ends_by_time(tmp_path: Path) -> None:
    rig = Rig(mode=EngineMode.HALTED)

    def work(world: RoadWorld, switch: EngineSwitch) -> None:
        world.status.halt_reason = "bug"
        assert switch.arm(60) == ()
        assert world.status.halt_reason == ""
        until = world.status.armed_until_ns
        assert until is not None
        switch.check_expiry(until - 1)
        assert mode(rig) is EngineMode.ACTIVE
        switch.check_expiry(until)
        assert mode(rig) is EngineMode.HALTED
        assert world.status.armed_until_ns is None
        changes = [s.message for s in world.steps if isinstance(s.message, ModeChange)]
        assert [(c.mode, c.reason) for c in changes] == [
            (EngineMode.ACTIVE, "by_user"),
            (EngineMode.HALTED, "expired"),
        ]

    with_switch(tmp_path, rig, work)


def test_a_position_of_the_engine_is_still_managed_when_the_time_is_over(tmp_path: Path) -> None:
    """REDUCING: nothing new is opened, the exit still comes, and with it the switch falls to HALTED."""
    rig = Rig(mode=EngineMode.HALTED)

    def work(world: RoadWorld, switch: EngineSwitch) -> None:
        switch.arm(60)
        stop = rig.hold_long()
        assert rig.callback.engine_holds_position
        until = world.status.armed_until_ns
        assert until is not None
        switch.check_expiry(until)
        assert mode(rig) is EngineMode.REDUCING
        switch.check_expiry(until + 1)
        assert mode(rig) is EngineMode.REDUCING
        rig.tick(99_000)
        (exit_order,) = rig.approved(Purpose.EXIT)
        rig.fill(exit_order)
        rig.send(OrderOutcome(stop.client_order_id, OutcomeKind.ACCEPTED, True, rig.now_ms))
        switch.check_expiry(until + 2)
        assert mode(rig) is EngineMode.HALTED

    with_switch(tmp_path, rig, work)
