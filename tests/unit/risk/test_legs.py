"""Every wish gets the one leg that it can mean, in either mode."""

import pytest
from msgspec.structs import replace

from tests.core_records import dec, make_intent, make_order, make_position, make_risk_context
from trader_gui.domain.order import OrderStatus, OrderType, Origin, PositionSide, Purpose, Side
from trader_gui.domain.step import Refusal
from trader_gui.risk import rules
from trader_gui.risk.gate import RiskGate
from trader_gui.risk.legs import leg_of, on_its_leg
from trader_gui.risk.rules import RiskLimits

BOTH, LONG, SHORT = PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT
OPENS = make_intent()
REDUCES = make_intent(purpose=Purpose.EXIT, reduce_only=True)
CLOSES = make_intent(
    purpose=Purpose.PROTECTION,
    order_type=OrderType.STOP_MARKET,
    quantity=None,
    price=None,
    trigger_price=dec(99_000),
    close_position=True,
)
HELD = (make_position("0.010", position_side=LONG), make_position("-0.004", position_side=SHORT))


def hedged(**over):
    return make_risk_context(is_hedge=True, **({"legs": HELD} | over))


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("intent", [OPENS, REDUCES, CLOSES])
def test_one_way_orders_have_no_leg(intent, side):
    assert on_its_leg(replace(intent, side=side), is_hedge=False).position_side is BOTH


@pytest.mark.parametrize(
    ("side", "intent", "leg"),
    [
        (Side.BUY, OPENS, LONG),
        (Side.SELL, OPENS, SHORT),
        (Side.SELL, REDUCES, LONG),
        (Side.BUY, REDUCES, SHORT),
        (Side.SELL, CLOSES, LONG),
        (Side.BUY, CLOSES, SHORT),
    ],
)
def test_hedge_orders_go_to_the_leg_that_they_open_or_reduce(side, intent, leg):
    placed = on_its_leg(replace(intent, side=side), is_hedge=True)
    assert placed.position_side is leg
    assert placed.is_reducing is (intent is not OPENS)
    assert on_its_leg(placed, is_hedge=True) is placed
    assert leg_of(side, reduces=intent is not OPENS, is_hedge=True) is leg


@pytest.mark.parametrize("is_hedge", [True, False])
@pytest.mark.parametrize("intent", [OPENS, REDUCES])
@pytest.mark.parametrize("side", Side)
def test_a_wish_made_for_another_leg_or_mode_is_refused(intent, side, is_hedge):
    right = leg_of(side, reduces=intent is not OPENS, is_hedge=is_hedge)
    for leg in {LONG, SHORT} - {right}:
        wish = replace(intent, side=side, position_side=leg)
        assert on_its_leg(wish, is_hedge=is_hedge) == Refusal("wrong_leg", leg)


def test_the_gate_holds_a_close_to_its_leg():
    gate = RiskGate(RiskLimits(), "tg1", 1)
    long_close = replace(REDUCES, side=Side.SELL, quantity=dec(1))
    approved = gate.review(long_close, hedged())
    assert (approved.intent.position_side, approved.intent.quantity) == (LONG, dec("0.010"))
    short_close = replace(REDUCES, side=Side.BUY, quantity=dec(1))
    assert gate.review(short_close, hedged()).intent.quantity == dec("0.004")
    assert gate.review(short_close, hedged(legs=HELD[:1])) == Refusal("nothing_to_reduce", "0")


def test_an_order_in_the_air_of_one_leg_bars_no_exit_of_the_other():
    sent = make_order(
        "x", origin=Origin.HAND, purpose=Purpose.EXIT, status=OrderStatus.UNKNOWN, side=Side.SELL, position_side=LONG
    )
    context = hedged(open_orders=(sent,))
    long_close, short_close = (on_its_leg(replace(REDUCES, side=side), is_hedge=True) for side in (Side.SELL, Side.BUY))
    assert rules.check_in_flight(short_close, context) is None
    assert rules.check_in_flight(long_close, context) == Refusal("order_in_flight", "x")
    entry = make_order("e", purpose=Purpose.ENTRY, status=OrderStatus.UNKNOWN, position_side=LONG)
    opens_short = on_its_leg(replace(OPENS, side=Side.SELL), is_hedge=True)
    assert rules.check_in_flight(opens_short, hedged(open_orders=(entry,))) == Refusal("order_in_flight", "e")


def test_the_position_limit_counts_one_leg():
    limit = RiskLimits(max_position_notional=dec(2000))
    resting = make_order("a", quantity=dec("0.005"), position_side=LONG)
    closing = make_order("b", side=Side.BUY, quantity=dec("0.004"), position_side=SHORT)
    context = hedged(limits=limit, open_orders=(resting, closing))
    buys = on_its_leg(make_intent(quantity=dec("0.006")), is_hedge=True)
    assert rules.check_position_limit(buys, context) == Refusal("position_notional_limit", "2000", dec("0.005"))
    sells = on_its_leg(make_intent(side=Side.SELL, quantity=dec("0.016")), is_hedge=True)
    assert rules.check_position_limit(sells, context) is None
    more = replace(sells, quantity=dec("0.017"))
    assert rules.check_position_limit(more, context).nearest == dec("0.016")


def test_the_engine_is_barred_from_a_hedged_account():
    exit_of_engine = replace(REDUCES, side=Side.SELL, origin=Origin.ENGINE)
    assert rules.check_mode(exit_of_engine, hedged()) == Refusal("hedge_mode")
    assert rules.check_mode(exit_of_engine, make_risk_context()) is None
