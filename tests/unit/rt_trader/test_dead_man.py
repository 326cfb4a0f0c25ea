"""The dead man's switch: when it is wanted, how it is kept, and what a failure of the venue does to it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.core_records import RULES, make_intent
from tests.core_rig import Rig
from trader_gui.domain.order import OrderStatus, OutcomeKind, Purpose, Side
from trader_gui.domain.step import EngineMode, ModeChange
from trader_gui.errors import VenueError
from trader_gui.rt_trader import dead_man as module
from trader_gui.rt_trader.dead_man import COUNTDOWN_MS, RENEW_S, RETRY_S, DeadManSwitch
from trader_gui.rt_trader.status import SessionStatus

Expect = Callable[[str], None]
NS = 1_000_000_000


class Venue:
    """Counts down, or has trouble.

    Attributes:
        asked: Every time that was asked for, ms.
        trouble: Raised instead of an answer.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.trouble: Exception | None = None

    async def set_countdown(self, symbol: str, countdown_ms: int) -> None:
        assert symbol == "BTCUSDT"
        self.asked.append(countdown_ms)
        if self.trouble is not None:
            raise self.trouble


class World:
    """A switch on a clock that the test moves."""

    def __init__(self, patch: pytest.MonkeyPatch, rig: Rig, mode: Any = "engine") -> None:
        self.now_ns = 1_000 * NS
        patch.setattr(module.time, "monotonic_ns", lambda: self.now_ns)
        self.rig = rig
        self.venue = Venue()
        self.status = SessionStatus(phase="running")
        self.switch = DeadManSwitch(self.venue, rig.callback, self.status, mode)

    async def look(self, after_s: float = 0.0) -> None:
        self.now_ns += int(after_s * NS)
        await self.switch._look()

    @property
    def left_s(self) -> float | None:
        until_ns = self.status.dead_man.until_ns
        return None if until_ns is None else (until_ns - self.now_ns) / NS


def play(body: Coroutine[Any, Any, None]) -> None:
    asyncio.run(body)


def hand_limit(rig: Rig, **more: Any) -> Any:
    (approved,) = rig.callback.request([make_intent(price=RULES.snap_price(rig.price - 100), **more)]).approved
    rig.accept(approved)
    return approved


def test_it_runs_while_the_engine_is_armed_and_is_renewed_every_thirty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        world = World(monkeypatch, Rig())
        await world.look()
        assert (world.venue.asked, world.left_s) == ([COUNTDOWN_MS], 120.0)
        await world.look(RENEW_S - 1)
        assert (world.venue.asked, world.left_s) == ([COUNTDOWN_MS], 91.0)
        await world.look(1)
        assert (world.venue.asked, world.left_s) == ([COUNTDOWN_MS] * 2, 120.0)
        # Disarmed with nothing resting: stopped at once, and started at once when armed again.
        world.rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
        await world.look()
        assert (world.venue.asked[2:], world.left_s) == ([0], None)
        await world.look(1_000)
        world.rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0))
        await world.look()
        assert world.venue.asked[3:] == [COUNTDOWN_MS]

    play(body())


def test_while_an_engine_winds_down_it_is_kept_until_its_entry_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        rig = Rig()
        world = World(monkeypatch, rig)
        entry = rig.enter_long()
        rig.accept(entry)
        await world.look()
        rig.send(ModeChange(EngineMode.REDUCING, "by_user", 0))
        await world.look(RENEW_S)
        assert world.venue.asked == [COUNTDOWN_MS] * 2
        # Halted although it still rests: neither renewed nor stopped; the venue takes it back.
        rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
        await world.look(RENEW_S)
        await world.switch.end()
        assert (world.venue.asked, world.left_s) == ([COUNTDOWN_MS] * 2, 90.0)
        await world.look(90)
        assert world.left_s is None

    play(body())


def test_an_entry_that_an_earlier_life_left_behind_is_left_to_its_countdown(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        rig = Rig()
        rig.accept(rig.enter_long())
        rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
        world = World(monkeypatch, rig)
        await world.look(1_000)
        await world.switch.end()
        assert world.venue.asked == []

    play(body())


@pytest.mark.parametrize(("mode", "expected"), [("off", []), ("engine", []), ("all", [COUNTDOWN_MS])])
def test_entries_by_hand_count_by_a_setting(mode: str, expected: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        rig = Rig(mode=EngineMode.HALTED)
        world = World(monkeypatch, rig, mode)
        resting = hand_limit(rig)
        await world.look()
        assert world.venue.asked == expected
        canceled = rig.order(resting, OrderStatus.CANCELED)
        rig.answer(resting, OutcomeKind.ACCEPTED, order=canceled)
        await world.look(1)
        assert world.venue.asked == [*expected, 0][: 2 * len(expected)]

    play(body())


def test_a_closing_order_by_hand_and_a_session_that_does_not_run_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        rig = Rig()
        rig.hold_long()
        rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
        world = World(monkeypatch, rig, "all")
        hand_limit(rig, side=Side.SELL, purpose=Purpose.EXIT, reduce_only=True)
        await world.look()
        rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0))
        world.status.phase = "stopping"
        await world.look()
        assert world.venue.asked == []

    play(body())


def test_a_failure_is_shown_and_tried_again_soon(monkeypatch: pytest.MonkeyPatch, expect_log: Expect) -> None:
    expect_log("the dead man's switch of BTCUSDT could not be set: no answer")

    async def body() -> None:
        world = World(monkeypatch, Rig())
        await world.look()
        world.venue.trouble = VenueError(None, "no answer")
        await world.look(RENEW_S)
        assert (world.status.dead_man.failure, world.left_s) == ("no answer", 90.0)
        await world.look(RETRY_S - 1)
        assert len(world.venue.asked) == 2
        await world.look(1)
        assert len(world.venue.asked) == 3
        world.venue.trouble = None
        await world.look(RETRY_S)
        assert (world.status.dead_man.failure, world.left_s) == ("", 120.0)

    play(body())


def test_a_start_whose_answer_never_came_is_stopped_too(monkeypatch: pytest.MonkeyPatch, expect_log: Expect) -> None:
    """It may run at the venue, and would cancel what a person places meanwhile."""
    expect_log("the dead man's switch of BTCUSDT could not be set")

    async def body() -> None:
        world = World(monkeypatch, Rig())
        world.venue.trouble = TimeoutError()
        await world.look()
        assert (world.status.dead_man.failure, world.left_s) == ("no answer in time", None)
        world.venue.trouble = None
        world.rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
        await world.look(1)
        assert world.venue.asked == [COUNTDOWN_MS]
        await world.look(RETRY_S)
        assert world.venue.asked == [COUNTDOWN_MS, 0]
        await world.look(1_000)
        assert world.venue.asked == [COUNTDOWN_MS, 0]

    play(body())


def test_after_the_end_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        world = World(monkeypatch, Rig())
        await world.look()
        await world.switch.end()
        await world.look(1_000)
        assert (world.venue.asked, world.left_s) == ([COUNTDOWN_MS, 0], None)

    play(body())
