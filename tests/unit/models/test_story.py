"""What steps tell: why an order was sent, and entries that were considered and not made."""

from dataclasses import dataclass
from typing import Any

from tests.core_records import MINUTE_MS, START_MS, make_intent, make_kline
from trader_gui.domain.order import Origin, Purpose, Side
from trader_gui.domain.step import Condition, Evaluation, Refusal, RuleGroup, Step
from trader_gui.models import story as story_module
from trader_gui.models.story import Story


@dataclass
class Holds:
    """Which conditions hold."""

    armed: bool = True
    crosses: bool = True
    usual: bool = True
    paused: bool = True


def groups(long: Holds, *, is_flat: bool = True) -> tuple[RuleGroup, ...]:
    def group(name: str, cross: str, holds: Holds) -> RuleGroup:
        gates = (Condition("armed", holds.armed), Condition("RV in former range", holds.usual))
        last = Condition("pause over", holds.paused)
        return RuleGroup(name, True, (*gates, Condition(cross, holds.crosses), last))

    other = Holds(long.armed, crosses=False, usual=long.usual, paused=long.paused)
    both = group("enter_long", "price > upper_inner", long), group("enter_short", "price < lower_inner", other)
    return both if is_flat else both[:1]


def step(index: int = 0, *, second: int = 30, wanted: Any = None, **more: Any) -> Step:
    time_ms = START_MS + index * MINUTE_MS + second * 1000
    kline = make_kline(index, "100000.0", is_closed=False, event_time_ms=time_ms)
    evaluation = Evaluation(more.pop("groups", ()), wanted, "")
    return Step(1, kline, time_ms, evaluation=evaluation, **more)


def told(story: Story) -> list[tuple[Side, str, str]]:
    return [(p.side, p.code, p.condition) for p in story.passed(0, 10**15)]


def test_a_chance_that_one_gate_held_back_is_told_once_a_kline_with_the_gate() -> None:
    story = Story()
    for second in (10, 20, 30):
        story.take(step(second=second, groups=groups(Holds(usual=False, paused=False))))
    story.take(step(1, groups=groups(Holds(paused=False))))
    assert told(story) == [(Side.BUY, "", "RV in former range"), (Side.BUY, "", "pause over")]
    assert story.passed(0, 10**15)[0].time_ms == START_MS + 10_000
    assert [p.condition for p in story.passed(START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS)] == ["pause over"]


def test_what_the_price_did_not_ask_for_is_no_chance_and_nor_is_one_in_position_or_disarmed() -> None:
    story = Story()
    story.take(step(0, groups=groups(Holds(crosses=False, usual=False))))
    story.take(step(1, groups=groups(Holds())))
    story.take(step(2, groups=groups(Holds(armed=False, usual=False))))
    story.take(step(3, groups=groups(Holds(usual=False), is_flat=False)))
    assert told(story) == []


def test_an_entry_that_the_gate_refused_is_told_with_its_code() -> None:
    story = Story()
    wanted = make_intent(origin=Origin.ENGINE, purpose=Purpose.ENTRY, side=Side.SELL)
    story.take(step(wanted=wanted, wished=(wanted,), refusals=(Refusal("stale_feed", "market"),)))
    exit_ = make_intent(origin=Origin.ENGINE, purpose=Purpose.EXIT)
    story.take(step(1, wanted=exit_, wished=(exit_,), refusals=(Refusal("off_tick"),)))
    assert told(story) == [(Side.SELL, "stale_feed", "")]


def test_only_so_many_are_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr(story_module, "MOST", 3)
    story = Story()
    for index in range(5):
        story.take(step(index, groups=groups(Holds(usual=False))))
    assert [p.time_ms for p in story.passed(0, 10**15)] == [START_MS + i * MINUTE_MS + 30_000 for i in (2, 3, 4)]
