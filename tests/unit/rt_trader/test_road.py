"""What happens around a step: observers are not trusted, and a bug in the core halts trading, not the session."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core_records import make_kline
from tests.core_rig import Rig
from tests.road_world import road_world
from trader_gui.domain.step import EngineMode, Step
from trader_gui.errors import UserError
from trader_gui.journal.reader import JournalReader

Expect = Callable[[str], None]


def test_an_observer_that_raises_is_dropped_and_the_others_are_told(tmp_path: Path, expect_log: Expect) -> None:
    expect_log("an observer of the session failed")
    calls: list[int] = []

    def broken(step: Step) -> None:
        calls.append(step.sequence)
        raise RuntimeError("broken")

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            world.observers.insert(0, broken)
            for index in (60, 61):
                world.road.step(make_kline(index, "100000"))
            assert len(calls) == 1
            assert len(world.steps) == 2
            assert world.tally.klines == 2

    asyncio.run(body())


def test_a_bug_in_the_core_halts_the_engine_and_leaves_the_road_open(
    tmp_path: Path, expect_log: Expect, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_log("bug while working on Kline: trading is halted")
    rig = Rig()

    def broken(message: object) -> Step:
        raise ZeroDivisionError

    async def body() -> None:
        async with road_world(tmp_path, rig) as world:
            world.status.armed_until_ns = 1
            with monkeypatch.context() as patch:
                patch.setattr(rig.callback, "step", broken)
                world.road.step(make_kline(60, "100000"))
            assert rig.callback.gate.mode is EngineMode.HALTED
            assert world.status.halt_reason == "bug"
            assert not world.status.armed_until_ns
            world.road.step(make_kline(61, "100000"))
            assert len(world.steps) == 1

    asyncio.run(body())
    with JournalReader(tmp_path / "journal.sqlite") as reader:
        session = reader.last_session()
        assert session is not None
        assert ("halt", "bug") in [(note.kind, note.text) for note in reader.notes(session.session_id)]


def test_after_the_end_nothing_comes_through_and_a_wish_is_told_so(tmp_path: Path) -> None:
    """The journal is closed by then: what it cannot hold must not happen."""

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            world.road.end()
            world.road.step(make_kline(60, "100000"))
            assert world.steps == []
            with pytest.raises(UserError, match="has ended"):
                await world.road.ask([])

    asyncio.run(body())
