"""The look at the clock: the core hears of real time, but not where the exchange waits for the session."""

import asyncio
import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.core_rig import Rig
from tests.road_world import RoadWorld, road_world
from trader_gui.domain.step import Tick
from trader_gui.rt_trader import watch as module
from trader_gui.rt_trader.pump import Pump
from trader_gui.rt_trader.watch import Watch

LOOKS = 3


async def looked(world: RoadWorld, *, is_paced: bool) -> list[Tick]:
    """Return the ticks that `LOOKS` looks told, by a session that began at the monotonic time 0."""
    looks, enough = iter(range(1, LOOKS + 1)), asyncio.Event()
    connection: Any = SimpleNamespace(
        is_paced=is_paced, read_budget=lambda status: enough.set() if next(looks, LOOKS) == LOOKS else None
    )
    journal: Any = SimpleNamespace(failure="the disk is full", failed_since_ms=7)
    pump = Pump(lambda item, received_ns: None, lambda dropped: None)
    watch = Watch(connection, world.rig.callback, world.parts, journal, world.status, pump)
    task = asyncio.create_task(watch.run(0), name="watch")
    await enough.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return [step.message for step in world.steps if isinstance(step.message, Tick)]


@pytest.mark.parametrize("is_paced", [False, True])
def test_the_core_is_told_the_time_where_it_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_paced: bool
) -> None:
    monkeypatch.setattr(module, "INTERVAL_S", 0.002)

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            ticks = await looked(world, is_paced=is_paced)
            assert len(ticks) == (0 if is_paced else LOOKS)
            elapsed = [tick.elapsed_ms for tick in ticks]
            assert elapsed == sorted(elapsed)
            status = world.status
            assert (status.journal_ok, status.journal_failure, status.journal_failed_since_ms) == (
                False,
                "the disk is full",
                7,
            )

    asyncio.run(body())
