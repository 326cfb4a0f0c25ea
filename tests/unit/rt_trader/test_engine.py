"""The engine's switch: what bars arming, and how an arming ends with and without a position of the engine."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core_rig import Rig
from tests.road_world import RoadWorld, road_world
from trader_gui.callback import Callback
from trader_gui.domain.order import OrderOutcome, OutcomeKind, Purpose
from trader_gui.domain.step import ApprovedOrder, EngineMode, ModeChange, Route
from trader_gui.rt_trader import engine as module
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


@pytest.mark.parametrize("by_time", [True, False])
def test_an_entry_that_fills_in_the_last_moment_still_gets_its_stop(by_time: bool, tmp_path: Path) -> None:
    """Halted at once, the engine would leave behind a position that has no stop and that nobody manages."""
    rig = Rig(mode=EngineMode.HALTED)

    def work(world: RoadWorld, switch: EngineSwitch) -> None:
        switch.arm(60)
        entry = rig.enter_long()
        until = world.status.armed_until_ns
        assert until is not None
        switch.check_expiry(until) if by_time else switch.disarm("by_user")
        assert rig.callback.gate.mode is EngineMode.REDUCING
        assert [o.client_order_id for o in switch.entries()] == [entry.client_order_id]
        rig.accept(entry)
        switch.check_expiry(until + 1)
        assert rig.callback.gate.mode is EngineMode.REDUCING
        (stop,) = rig.fill(entry).approved
        assert isinstance(stop, ApprovedOrder) and stop.intent.purpose is Purpose.PROTECTION
        switch.check_expiry(until + 2)
        assert rig.callback.gate.mode is EngineMode.REDUCING  # it is not at the exchange yet
        rig.accept(stop)
        switch.check_expiry(until + 3)
        # Whoever disarms wants the engine to stop; at the end of its time it brings its position home.
        assert rig.callback.gate.mode is (EngineMode.REDUCING if by_time else EngineMode.HALTED)
        switch.disarm("by_user")
        assert rig.callback.gate.mode is EngineMode.HALTED

    with_switch(tmp_path, rig, work)


def test_disarming_halts_at_once_when_nothing_needs_care_and_when_it_is_asked_for_twice(tmp_path: Path) -> None:
    rig = Rig(mode=EngineMode.HALTED)

    def work(world: RoadWorld, switch: EngineSwitch) -> None:
        switch.disarm("by_user")
        assert world.steps == []
        switch.arm(None)
        switch.disarm("by_user")
        assert rig.callback.gate.mode is EngineMode.HALTED
        switch.arm(None)
        rig.enter_long()
        switch.disarm("by_user")
        assert rig.callback.gate.mode is EngineMode.REDUCING
        switch.disarm("by_user")
        assert rig.callback.gate.mode is EngineMode.HALTED
        assert [s.message.mode for s in world.steps if isinstance(s.message, ModeChange)] == [
            EngineMode.ACTIVE,
            EngineMode.HALTED,
            EngineMode.ACTIVE,
            EngineMode.REDUCING,
            EngineMode.HALTED,
        ]

    with_switch(tmp_path, rig, work)


def test_flattening_waits_for_the_answer_to_an_entry_that_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot taken meanwhile would not show it: "flat" would be told, and the entry filled afterwards."""
    monkeypatch.setattr(module, "SETTLE_INTERVAL_S", 0.001)
    rig = Rig(mode=EngineMode.HALTED)

    async def body() -> None:
        async with road_world(tmp_path, rig) as world, asyncio.timeout(5):
            switch = EngineSwitch(world.road, world.status)
            await switch.disarm_and_wait("flatten")
            switch.arm(None)
            entry = rig.enter_long()
            waiting = asyncio.create_task(switch.disarm_and_wait("flatten"), name="flatten")
            for _ in range(3):
                await asyncio.sleep(0)
            assert rig.callback.gate.mode is EngineMode.REDUCING
            assert not waiting.done()
            rig.accept(entry)
            await waiting

    asyncio.run(body())
