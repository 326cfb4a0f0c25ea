"""A position is turned round in two parts, and the second never goes out while anything of the first is in doubt."""

import pytest
from msgspec.structs import replace

from tests.closing_world import BTC, ClosingWorld, answer_at_once
from tests.core_records import RULES, dec, make_order
from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType, OutcomeKind, PositionSide, Side
from trader_gui.domain.step import FeedStatus, Refusal, Route
from trader_gui.errors import UserError, VenueError
from trader_gui.risk.gate import RiskLimits

LONG, SHORT = ("BTCUSDT", PositionSide.LONG), ("BTCUSDT", PositionSide.SHORT)
STOP = make_order(
    "stop", side=Side.SELL, order_type=OrderType.STOP_MARKET, order_family=OrderFamily.ALGO, close_position=True
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    answer_at_once(monkeypatch)


def test_it_is_closed_with_its_stop_and_then_opened_on_the_other_side():
    world = ClosingWorld(amounts={BTC: "0.030"}, orders=(STOP,))
    plan, report = world.reverse()
    assert (plan.quantity, plan.objection, plan.disarms) == (dec("0.030"), None, False)
    assert report.is_done
    assert world.asked == ["SELL 0.030 BTCUSDT BOTH", "cancel stop", "SELL 0.030 BTCUSDT BOTH"]
    assert world.held == {BTC: dec("-0.030")}


def test_in_hedge_mode_the_other_side_is_the_other_leg():
    world = ClosingWorld(amounts={LONG: "0.030", SHORT: "-0.010"}, is_hedge=True)
    _, report = world.reverse(SHORT)
    assert report.is_done
    assert world.asked == ["BUY 0.010 BTCUSDT SHORT", "BUY 0.010 BTCUSDT LONG"]
    assert world.held == {LONG: dec("0.040")}


def test_what_is_closed_in_pieces_is_opened_in_pieces():
    world = ClosingWorld(replace(RULES, market_max_quantity=dec("0.020")), amounts={BTC: "-0.050"})
    assert world.reverse()[1].is_done
    assert world.asked == ["BUY 0.020 BTCUSDT BOTH", "BUY 0.020 BTCUSDT BOTH", "BUY 0.010 BTCUSDT BOTH"] * 2
    assert world.held == {BTC: dec("0.050")}


@pytest.mark.parametrize("answers", [[-2019] * 9, ["never"] * 9])
def test_nothing_is_opened_unless_the_close_is_proven(answers):
    world = ClosingWorld(amounts={BTC: "0.030"})
    world.answers = list(answers)
    _, report = world.reverse()
    assert not report.is_done and not report.close.is_done and report.outcomes == ()
    assert set(world.asked) - {line for line in world.asked if line.startswith("resolve")} == {
        "SELL 0.030 BTCUSDT BOTH"
    }
    assert world.held == {BTC: dec("0.030")}


def test_a_close_whose_answer_is_not_known_is_asked_about_before_anything_is_opened():
    world = ClosingWorld(amounts={BTC: "0.030"})
    world.answers = [OutcomeKind.UNKNOWN]
    _, report = world.reverse()
    assert report.is_done and world.held == {BTC: dec("-0.030")}


def test_an_account_that_cannot_be_read_after_the_close_proves_nothing():
    world = ClosingWorld(amounts={BTC: "0.030"})
    _, report = world.reverse(meanwhile=lambda: world.reads.extend([VenueError(None, "cut", retryable=True)] * 9_999))
    assert not report.is_done and world.asked.count("SELL 0.030 BTCUSDT BOTH") == 1
    assert world.held == {}


def test_a_position_that_changed_since_the_plan_was_shown_is_left_alone():
    world = ClosingWorld(amounts={BTC: "0.030"})

    def grow():
        world.amounts[BTC] = dec("0.040")
        world._put_snapshot()

    _, report = world.reverse(meanwhile=grow)
    assert report.close.changed_plan is not None and world.asked == []


def test_the_plan_says_what_the_gate_would_say_to_the_opening_part():
    world = ClosingWorld(amounts={BTC: "0.030"})
    world.core.gate.limits = RiskLimits(max_order_quantity=dec("0.010"))
    plan, report = world.reverse()
    assert plan.objection is not None and plan.objection.code == "order_quantity_limit"
    assert report.close.is_done and report.refusal is not None and report.refusal.code == "order_quantity_limit"
    assert not report.is_done and world.held == {}


def test_the_limit_of_the_position_counts_what_is_there_once_the_first_part_is_over():
    world = ClosingWorld(amounts={BTC: "0.030"})
    world.core.gate.limits = RiskLimits(max_position_notional=dec(4000))
    assert world.core.last_price is not None and dec("0.030") * world.core.last_price < 4000
    plan, report = world.reverse()
    assert plan.objection is None and report.is_done


def test_stale_prices_close_and_do_not_open():
    world = ClosingWorld(amounts={BTC: "0.030"})
    stale = FeedStatus(Route.MARKET, False, world.rig.now_ms)
    plan, report = world.reverse(meanwhile=lambda: world.rig.send(stale))
    assert plan.objection is None
    assert report.refusal == Refusal("stale_feed", "market") and world.held == {}


def test_the_first_opening_order_of_unknown_outcome_is_the_last():
    world = ClosingWorld(replace(RULES, market_max_quantity=dec("0.020")), amounts={BTC: "0.040"})
    world.answers = ["filled", "filled", OutcomeKind.UNKNOWN]
    _, report = world.reverse()
    assert [o.kind for o in report.outcomes] == [OutcomeKind.UNKNOWN] and not report.is_done
    assert len(world.asked) == 3


def test_what_cannot_be_closed_whole_cannot_be_turned_round():
    world = ClosingWorld(amounts={BTC: "0.0305"})
    with pytest.raises(UserError):
        world.reverse()
    with pytest.raises(UserError):
        ClosingWorld(amounts={}).reverse()


def test_a_resting_entry_stays_and_entries_are_not_blocked_for_others():
    entry = make_order("entry")
    world = ClosingWorld(amounts={BTC: "0.030"}, orders=(entry,))
    _, report = world.reverse()
    assert report.is_done and "cancel entry" not in world.asked
    assert world.orders["entry"].status is OrderStatus.NEW
    assert "block" not in world.asked
