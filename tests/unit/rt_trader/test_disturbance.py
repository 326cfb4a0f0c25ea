"""What befalls the machine, and that nothing of before is believed afterwards."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core_rig import Rig
from tests.road_world import RoadWorld, road_world
from trader_gui.domain.step import EngineMode, ModeChange, Route
from trader_gui.journal.reader import JournalReader
from trader_gui.rt_trader import disturbance as module
from trader_gui.rt_trader.disturbance import Disturbance, DisturbanceRules, Disturbances, Look, local_addresses

S = 1_000_000_000
WALL = 1_795_305_600 * S
Expect = Callable[[str], None]


def looks(*steps: tuple[float, float, float], addresses: Any = None) -> list[Disturbance | None]:
    """Return what the rules say of looks that lie so many seconds apart: sleepless, monotonic, wall."""
    rules, now = DisturbanceRules(), Look(7 * S, 3 * S, WALL, addresses)
    assert rules.look(now) is None
    found = []
    for sleepless_s, monotonic_s, wall_s in steps:
        now = Look(
            now.sleepless_ns + int(sleepless_s * S),
            now.monotonic_ns + int(monotonic_s * S),
            now.wall_ns + int(wall_s * S),
            addresses,
        )
        found.append(rules.look(now))
    return found


QUIET = (0.25, 0.25, 0.25)


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ((3600.0, 0.25, 3600.0), Disturbance.WOKE_UP),  # Linux, macOS: monotonic time does not count sleep
        ((3600.0, 3600.0, 3600.0), Disturbance.WOKE_UP),  # Windows: it does
        ((0.25, 0.25, 3600.0), Disturbance.CLOCK_JUMPED),
        ((0.25, 0.25, -3600.0), Disturbance.CLOCK_JUMPED),
        ((0.25, 0.25, 1.3), Disturbance.CLOCK_JUMPED),
        ((0.25, 0.25, 1.0), None),  # put right by the clock's own measurement
        ((4.0, 4.0, 4.0), None),  # a busy machine
    ],
)
def test_sleep_and_a_clock_that_was_set_are_told_apart(
    step: tuple[float, float, float], found: Disturbance | None
) -> None:
    assert looks(QUIET, step, QUIET, QUIET) == [None, found, None, None]


@given(st.lists(st.floats(0.01, 5.0), max_size=50))
def test_time_that_goes_on_evenly_is_no_disturbance(steps: list[float]) -> None:
    assert looks(*((s, s, s) for s in steps), addresses=("192.168.0.7", "")) == [None] * len(steps)


def test_an_address_that_changes_goes_or_comes_is_a_network_that_changed() -> None:
    rules, found = DisturbanceRules(), []
    addresses = [
        ("192.168.0.7", ""),
        None,  # not looked at this time
        ("192.168.0.7", ""),
        ("10.0.0.3", ""),
        ("", ""),
        ("10.0.0.3", ""),
        ("10.0.0.3", "2001:0db8:0000:0001"),
        ("10.0.0.3", "2001:0db8:0000:0001"),
    ]
    for number, seen in enumerate(addresses):
        found.append(rules.look(Look(number * S, number * S, WALL + number * S, seen)))
    moved = Disturbance.NETWORK_CHANGED
    assert found == [None, None, None, moved, moved, moved, moved, None]


def test_a_network_that_changed_in_sleep_is_not_told_once_more() -> None:
    rules = DisturbanceRules()
    rules.look(Look(0, 0, WALL, ("192.168.0.7", "")))
    assert rules.look(Look(900 * S, 1, WALL + 900 * S, ("10.0.0.3", ""))) is Disturbance.WOKE_UP
    assert rules.look(Look(901 * S, 1 * S, WALL + 901 * S, ("10.0.0.3", ""))) is None


def test_the_addresses_are_those_of_the_way_outwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback stands for the way out; of an IPv6 address only the network counts, the rest changes by itself."""
    monkeypatch.setattr(module, "_DOCUMENTATION", ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")))
    four, *rest = local_addresses()
    assert four == "127.0.0.1"
    assert rest in (["0000:0000:0000:0000"], [])  # none on a machine without IPv6
    monkeypatch.setattr(module, "_DOCUMENTATION", ((socket.AF_INET6, "127.0.0.1"),))
    assert local_addresses() == ()


class World:
    """Disturbances on a road whose venue is nobody: what was asked of the connection, and a machine to disturb."""

    def __init__(self, world: RoadWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.wall_s = 0.0
        self.addresses = ("192.168.0.7", "")
        monkeypatch.setattr(module, "wall_ns", lambda: module.time.time_ns() + int(self.wall_s * S))
        monkeypatch.setattr(module, "ADDRESS_EVERY_NS", 0)

        async def sync_clocks() -> None:
            self.calls.append("clock")

        connection: Any = SimpleNamespace(replace_all=self.calls.append, sync_clocks=sync_clocks)
        self.watch = Disturbances(
            connection,
            world.parts.freshness,
            world.parts.engine,
            world.road,
            world.journal,
            world.status,
            lambda: self.calls.append("shown"),
            lambda: self.addresses,
        )


@pytest.mark.parametrize("found", [Disturbance.CLOCK_JUMPED, Disturbance.NETWORK_CHANGED])
@pytest.mark.parametrize("is_armed", [True, False])
def test_after_a_disturbance_the_engine_is_disarmed_and_nothing_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect, found: Disturbance, is_armed: bool
) -> None:
    expect_log(f"{found}: all connections are made anew{', the engine is disarmed' if is_armed else '$'}")

    async def body() -> None:
        rig = Rig()
        async with road_world(tmp_path, rig) as world:
            scene = World(world, monkeypatch)
            assert scene.watch.look() is None
            world.parts.engine.set_mode(EngineMode.ACTIVE if is_armed else EngineMode.HALTED, "by_user")
            if found is Disturbance.CLOCK_JUMPED:
                scene.wall_s = -3600.0
            else:
                scene.addresses = ("", "")
            assert scene.watch.look() is found
            assert rig.callback.gate.mode is EngineMode.HALTED
            assert world.status.halt_reason == (found if is_armed else "")
            assert world.status.disturbance == found
            assert world.status.disturbed_ns > 0
            assert rig.callback.routes_fresh == dict.fromkeys(Route, False)
            assert scene.calls == [found, "shown"]
            await scene.watch.settle(found)
            assert scene.calls == [found, "shown", "clock"]
            assert scene.watch.look() is None
            changes = [s.message for s in world.steps if isinstance(s.message, ModeChange)]
            assert [c.reason for c in changes if c.reason != "by_user"] == ([found] if is_armed else [])
            await world.journal.flush()
        with JournalReader(tmp_path / "journal.sqlite") as reader:
            (session,) = reader.sessions()
            assert ("disturbance", found) in [(n.kind, n.text) for n in reader.notes(session.session_id)]

    asyncio.run(body())
