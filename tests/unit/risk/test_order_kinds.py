from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core_records import START_MS, dec, make_intent, make_risk_context
from trader_gui.domain.order import OrderType, PriceMatch, Side, TimeInForce
from trader_gui.domain.step import Refusal
from trader_gui.risk import rules
from trader_gui.risk.order_kinds import GOOD_TILL_LEAD_MS, refuse_kind

LATER_MS = START_MS // 1000 * 1000 + GOOD_TILL_LEAD_MS + 1000

WHOLE = {
    "limit": {},
    "market": {"order_type": OrderType.MARKET, "price": None, "time_in_force": None},
    "stop": {"order_type": OrderType.STOP_MARKET, "price": None, "trigger_price": dec("101000"), "price_protect": True},
    "stop limit": {"order_type": OrderType.STOP, "trigger_price": dec("101000")},
    "take profit": {"order_type": OrderType.TAKE_PROFIT_MARKET, "price": None, "trigger_price": dec("99000")},
    "take profit limit": {"order_type": OrderType.TAKE_PROFIT, "trigger_price": dec("99000")},
    "trailing": {"order_type": OrderType.TRAILING_STOP_MARKET, "price": None, "callback_fraction": dec("0.01")},
    "good till": {"time_in_force": TimeInForce.GTD, "good_till_ms": LATER_MS},
    "price match": {"price": None, "price_match": PriceMatch.QUEUE_5},
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_order_of_each_kind_passes(kind):
    assert rules.check_shape(make_intent(**WHOLE[kind]), make_risk_context()) is None


WRONG = [
    ("stop", {"trigger_price": None}, Refusal("incomplete_order", "trigger_price")),
    ("stop limit", {"price": None}, Refusal("incomplete_order", "price")),
    ("trailing", {"callback_fraction": None}, Refusal("incomplete_order", "callback_fraction")),
    ("trailing", {"activation_price": dec(0)}, Refusal("incomplete_order", "activation_price")),
    ("trailing", {"trigger_price": dec(1)}, Refusal("not_with_this_type", "trigger_price")),
    ("trailing", {"callback_fraction": dec("0.0005")}, Refusal("callback_out_of_range", "0.0500", dec("0.1"))),
    ("trailing", {"callback_fraction": dec("0.2")}, Refusal("callback_out_of_range", "20.0", dec(10))),
    ("trailing", {"callback_fraction": dec("0.0123")}, Refusal("callback_out_of_range", "1.2300", dec("1.2"))),
    ("limit", {"callback_fraction": dec("0.01")}, Refusal("not_with_this_type", "callback_fraction")),
    ("limit", {"activation_price": dec(1)}, Refusal("not_with_this_type", "activation_price")),
    ("limit", {"trigger_price": dec(1)}, Refusal("not_with_this_type", "trigger_price")),
    ("limit", {"price_protect": True}, Refusal("not_with_this_type", "price_protect")),
    ("limit", {"good_till_ms": LATER_MS}, Refusal("not_with_this_type", "good_till_ms")),
    ("market", {"price": dec(1)}, Refusal("not_with_this_type", "price")),
    ("market", {"price_match": PriceMatch.OPPONENT}, Refusal("not_with_this_type", "price_match")),
    ("stop", {"price_match": PriceMatch.OPPONENT}, Refusal("not_with_this_type", "price_match")),
    ("price match", {"price": dec(1)}, Refusal("not_with_this_type", "price")),
    ("good till", {"good_till_ms": None}, Refusal("incomplete_order", "good_till_ms")),
    ("good till", {"good_till_ms": LATER_MS + 1}, Refusal("good_till_too_soon", "10")),
    ("good till", {"good_till_ms": LATER_MS - 2000}, Refusal("good_till_too_soon", "10")),
]


@pytest.mark.parametrize(("kind", "change", "expected"), WRONG)
def test_what_is_missing_out_of_place_or_out_of_bounds_is_refused_by_name(kind, change, expected):
    assert refuse_kind(make_intent(**(WHOLE[kind] | change)), START_MS) == expected


@given(callback=st.decimals("0.0001", "0.3", places=6))
def test_the_nearest_callback_passes(callback):
    trailing = make_intent(**(WHOLE["trailing"] | {"callback_fraction": callback}))
    refusal = refuse_kind(trailing, START_MS)
    if refusal is not None:
        nearest = make_intent(**(WHOLE["trailing"] | {"callback_fraction": refusal.nearest / 100}))
        assert refuse_kind(nearest, START_MS) is None


def test_activation_prices_lie_on_the_tick():
    trailing = make_intent(**WHOLE["trailing"], activation_price=dec("100000.05"))
    assert rules.check_price(trailing, make_risk_context()) == Refusal("off_tick", "0.10", dec("100000.1"))


@pytest.mark.parametrize(
    ("side", "price", "nearest"), [(Side.BUY, "106050.1", "106050.0"), (Side.SELL, "95949.9", "95950.0")]
)
def test_a_conditional_limit_is_measured_from_its_trigger(side, price, nearest):
    stop = make_intent(**WHOLE["stop limit"] | {"side": side, "price": dec(price), "trigger_price": dec("101000")})
    assert rules.check_percent_price(stop, make_risk_context(mark_price=dec("150000"))) == Refusal(
        "price_too_far", nearest, Decimal(nearest)
    )
    assert rules.check_percent_price(make_intent(price=dec("95950.0"), side=side), make_risk_context()) is None


def test_what_has_no_price_of_its_own_is_worth_what_it_waits_for_or_the_market():
    small = {"quantity": dec("0.001")}
    trailing = WHOLE["trailing"] | small
    assert rules.check_notional(make_intent(**trailing), make_risk_context()) is None
    low = make_intent(**trailing, activation_price=dec("40000.0"))
    assert rules.check_notional(low, make_risk_context()).nearest == dec("0.002")
    matched = make_intent(**WHOLE["price match"] | small)
    assert rules.check_notional(matched, make_risk_context(mark_price=dec("40000"))).nearest == dec("0.002")
