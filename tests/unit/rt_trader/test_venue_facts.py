"""Rules and position mode are read again in time, and at once when something tells that they are wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import RULES, dec, make_account_update, make_position, make_snapshot
from tests.core_rig import Rig
from tests.road_world import RoadWorld, road_world
from trader_gui.domain.order import OrderOutcome, OutcomeKind, PositionSide
from trader_gui.domain.step import EngineMode
from trader_gui.domain.symbol import NOT_LISTED, RulesUpdate
from trader_gui.errors import VenueError
from trader_gui.rt_trader import venue_facts
from trader_gui.rt_trader.venue_facts import HALT_INTERVAL_NS, RULES_INTERVAL_NS, RULES_PAUSE_NS, VenueFacts, changes

FINER = replace(RULES, tick_size=dec("0.01"))
LISTED = replace(RULES, symbol="ETHUSDT")


class Venue:
    """Answers with what it is told to; `error` is raised instead, once."""

    def __init__(self) -> None:
        self.rules = {"BTCUSDT": RULES}
        self.is_hedge = False
        self.error: VenueError | None = None
        self.asked: list[str] = []

    async def symbol_rules(self) -> dict[str, Any]:
        return self._answer("rules", dict(self.rules))

    async def is_hedge_mode(self) -> bool:
        return self._answer("mode", self.is_hedge)

    def _answer(self, what: str, answer: Any) -> Any:
        self.asked.append(what)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return answer


Body = Callable[[RoadWorld, VenueFacts, Venue], Awaitable[None]]


@pytest.fixture
def watch(tmp_path: Path) -> Callable[[Body], None]:
    """Run a body with facts that deliver straight into the core."""

    async def run(body: Body) -> None:
        async with road_world(tmp_path, Rig()) as world, asyncio.TaskGroup() as group:
            venue = Venue()
            facts = VenueFacts(world.road, venue, world.status, lambda item, ns: world.road.step(item))  # type: ignore[arg-type]
            facts.start(group)
            await body(world, facts, venue)
            facts.stop()

    return lambda body: asyncio.run(run(body))


async def settle(facts: VenueFacts) -> None:
    await asyncio.gather(*facts._running.values())


def refused(code: int) -> OrderOutcome:
    return OrderOutcome("x", OutcomeKind.REFUSED, False, 0, None, code, "told")


def test_rules_are_read_every_ten_minutes_and_only_news_is_told(watch: Callable[[Body], None]) -> None:
    async def body(world: RoadWorld, facts: VenueFacts, venue: Venue) -> None:
        facts.check(facts._rules_read_ns + RULES_INTERVAL_NS - 1)
        assert venue.asked == []
        facts.check(facts._rules_read_ns + RULES_INTERVAL_NS)
        facts.check(facts._rules_read_ns + RULES_INTERVAL_NS)
        await settle(facts)
        assert venue.asked == ["rules"]
        assert not any(isinstance(step.message, RulesUpdate) for step in world.steps)
        venue.rules = {"BTCUSDT": FINER, "ETHUSDT": LISTED}
        facts.check(facts._rules_read_ns + RULES_INTERVAL_NS)
        await settle(facts)
        assert world.road.callback.rules is FINER
        assert world.road.callback.symbol_rules.of("ETHUSDT") == LISTED

    watch(body)


@pytest.mark.parametrize("halted", ["BTCUSDT", "ETHUSDT"])
def test_the_end_of_a_halt_is_not_ten_minutes_late(watch: Callable[[Body], None], halted: str) -> None:
    """Of the session's symbol, and of one in which the account holds something."""

    async def body(world: RoadWorld, facts: VenueFacts, venue: Venue) -> None:
        def look(later_ns: int) -> None:
            facts.check(facts._rules_read_ns + later_ns)

        trading = {"BTCUSDT": RULES, "ETHUSDT": LISTED}
        stopped = {**trading, halted: replace(trading[halted], status="PENDING_TRADING")}
        world.road.step(RulesUpdate(tuple(stopped.values()), 0))
        world.road.step(make_account_update(make_position("0.010", symbol="ETHUSDT")))
        venue.rules = trading
        look(HALT_INTERVAL_NS - 1)
        assert venue.asked == []
        look(HALT_INTERVAL_NS)
        await settle(facts)
        assert world.road.callback.symbol_rules.all == trading
        look(HALT_INTERVAL_NS)
        world.road.step(RulesUpdate((replace(RULES, symbol="OLDUSDT", status="CLOSE"),), 0))
        look(HALT_INTERVAL_NS)  # nothing is held there
        world.road.step(RulesUpdate((replace(LISTED, status=NOT_LISTED),), 0))
        look(HALT_INTERVAL_NS)  # nor will that come back
        assert venue.asked == ["rules"]

    watch(body)


def test_a_filters_refusal_has_the_rules_read_at_once_yet_not_in_a_circle(
    watch: Callable[[Body], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venue_facts, "RULES_PAUSE_NS", RULES_PAUSE_NS // 20)

    async def body(world: RoadWorld, facts: VenueFacts, venue: Venue) -> None:
        venue.rules = {"BTCUSDT": FINER}
        for code in (-2019, -1111, -4014, -4164):
            facts.note(refused(code))
        await settle(facts)
        assert venue.asked == ["rules"]
        assert world.road.callback.rules is FINER
        started_ns = time.monotonic_ns()
        facts.note(refused(-1111))
        await settle(facts)
        assert venue.asked == ["rules", "rules"]
        assert time.monotonic_ns() - started_ns > 0.9 * RULES_PAUSE_NS // 20

    watch(body)


@pytest.mark.parametrize(
    "sign",
    [
        refused(-4061),
        make_account_update(make_position("0.010", position_side=PositionSide.LONG)),
        make_snapshot(make_position("-0.010", position_side=PositionSide.SHORT)),
    ],
    ids=["refusal", "event", "snapshot"],
)
def test_a_mode_that_has_changed_is_read_told_and_stops_the_engine(
    watch: Callable[[Body], None], sign: Any, expect_log: Any
) -> None:
    async def body(world: RoadWorld, facts: VenueFacts, venue: Venue) -> None:
        assert world.road.callback.gate.mode is EngineMode.ACTIVE
        venue.is_hedge = True
        facts.note(sign)
        await settle(facts)
        assert venue.asked == ["mode"]
        assert (world.road.callback.account.is_hedge, world.status.is_hedge) == (True, True)
        assert (world.road.callback.gate.mode, world.status.halt_reason) == (EngineMode.HALTED, "hedge_mode")
        facts.note(sign if isinstance(sign, OrderOutcome) else make_account_update(make_position(0)))
        await settle(facts)

    expect_log("position mode has changed: it is in hedge mode")
    watch(body)


def test_what_cannot_be_read_is_read_when_it_is_next_due(watch: Callable[[Body], None], expect_log: Any) -> None:
    async def body(world: RoadWorld, facts: VenueFacts, venue: Venue) -> None:
        venue.error = VenueError(-1003, "Too many requests.")
        facts.check(facts._rules_read_ns + RULES_INTERVAL_NS)
        await settle(facts)
        facts.check(facts._rules_read_ns + RULES_INTERVAL_NS)
        await settle(facts)
        assert venue.asked == ["rules", "rules"]

    expect_log("reading the rules failed")
    watch(body)


def test_a_symbol_that_is_not_listed_any_more_keeps_its_rules_and_says_so() -> None:
    (gone,) = changes({"BTCUSDT": RULES, "ETHUSDT": LISTED}, {"BTCUSDT": RULES})
    assert gone == replace(LISTED, status=NOT_LISTED)
    assert changes({"BTCUSDT": RULES, "ETHUSDT": gone}, {"BTCUSDT": RULES}) == ()
