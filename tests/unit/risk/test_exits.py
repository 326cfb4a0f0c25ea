"""The gate judges an entry with its exits: one that is wrong refuses the whole."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.core_records import PREFIX, RULES, dec, make_intent, make_position, make_risk_context
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import OrderType, PriceMatch, Side
from trader_gui.domain.step import ApprovedOrder, Refusal
from trader_gui.i18n import refusal_words, sentences
from trader_gui.risk.exits import STOP_CODES, TARGET_CODES, check_exits
from trader_gui.risk.gate import RiskGate, RiskLimits


def at(price):
    return ExitLevel(price=dec(price))


def away(distance):
    return ExitLevel(distance=dec(distance))


def wish(stop=None, target=None, **more):
    return make_intent(stop=stop, target=target, **more)


def code(intent, **context):
    refusal = check_exits(intent, make_risk_context(**context))
    return None if refusal is None else refusal.code


@pytest.mark.parametrize(
    ("stop", "target", "side", "expected"),
    [
        (at("99000"), at("101000"), Side.BUY, None),
        (at("101000"), at("99000"), Side.SELL, None),
        (away("0.1"), away("0.1"), Side.BUY, None),
        (away("500"), None, Side.SELL, None),
        (at("101000"), None, Side.BUY, "stop_wrong_side"),
        (at("99000"), None, Side.SELL, "stop_wrong_side"),
        (None, at("99000"), Side.BUY, "target_wrong_side"),
        (None, at("101000"), Side.SELL, "target_wrong_side"),
        (at("99000.05"), None, Side.BUY, "stop_off_tick"),
        (None, away("100.05"), Side.BUY, "target_off_tick"),
        (away("99950"), None, Side.BUY, "stop_out_of_range"),
        (None, at("1000000.1"), Side.BUY, "target_out_of_range"),
        (ExitLevel(), None, Side.BUY, "stop_incomplete"),
        (ExitLevel(dec("99000"), dec("500")), None, Side.BUY, "stop_incomplete"),
        (None, at("-5"), Side.BUY, "target_incomplete"),
        (None, away("0"), Side.BUY, "target_incomplete"),
        (None, away("NaN"), Side.BUY, "target_incomplete"),
    ],
)
def test_each_exit_lies_on_the_tick_and_on_its_side_of_the_entry(stop, target, side, expected):
    assert code(wish(stop, target, side=side)) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, "100000.0"),
        ({"price": dec("99000.0")}, "99000.0"),
        ({"price": dec("101000.0")}, "100000.1"),  # through the market: it fills there
        ({"price": dec("99000.0"), "side": Side.SELL}, "99999.9"),
        ({"order_type": OrderType.MARKET, "price": None}, "100000.1"),
        ({"price": None, "price_match": PriceMatch.QUEUE}, "100000.1"),
        ({"order_type": OrderType.STOP_MARKET, "price": None, "trigger_price": dec("100500.0")}, "100500.0"),
        ({"order_type": OrderType.TRAILING_STOP_MARKET, "price": None, "activation_price": dec("99500.0")}, "99500.0"),
        ({"order_type": OrderType.TRAILING_STOP_MARKET, "price": None}, "100000.1"),
    ],
)
def test_the_entry_is_where_it_is_expected_to_trade(entry, expected):
    side = entry.get("side", Side.BUY)
    level = at(dec(expected) + side.sign * dec("10"))
    refusal = check_exits(wish(level, **entry), make_risk_context())
    nearest = (dec(expected) / dec("0.1")).to_integral_value() * dec("0.1") - side.sign * dec("0.1")
    assert refusal == Refusal("stop_wrong_side", expected, nearest)


def test_the_last_price_stands_for_a_market_that_is_not_known_and_without_any_nothing_is_judged():
    market = wish(at("100001"), order_type=OrderType.MARKET, price=None)
    assert code(market, best_ask=None) == "stop_wrong_side"
    assert code(market, best_ask=None, last_price=None) == "no_price"


def test_the_size_must_fit_orders_without_a_limit_price():
    rules = replace(RULES, market_max_quantity=dec("0.005"))
    assert code(wish(at("99000")), rules=rules) == "above_max_quantity"
    assert code(wish(at("99000")), rules=replace(RULES, market_min_quantity=dec("0.02"))) == "below_min_quantity"


@pytest.mark.parametrize(
    ("held", "more", "expected"),
    [
        ("-0.020", {}, "exits_not_opening"),
        ("-0.010", {}, "exits_not_opening"),
        ("-0.009", {}, None),
        ("0.020", {"reduce_only": True}, "exits_not_opening"),
    ],
)
def test_exits_belong_to_an_order_that_leaves_a_position_on_its_side(held, more, expected):
    assert code(wish(at("99000"), **more), position=make_position(held)) == expected


def test_the_gate_refuses_the_whole_and_uses_up_no_number():
    gate, context = RiskGate(RiskLimits(), PREFIX, 7), make_risk_context()
    refusal = gate.review(wish(at("99000"), at("99000")), context)
    assert isinstance(refusal, Refusal) and refusal.code == "target_wrong_side"
    approved = gate.review(wish(at("99000"), at("101000")), context)
    assert isinstance(approved, ApprovedOrder) and approved.client_order_id.endswith("-7")
    assert (approved.intent.stop, approved.intent.target) == (at("99000"), at("101000"))
    assert gate.review(wish(), context).client_order_id.endswith("-8")


def test_every_code_has_a_sentence():
    assert {*STOP_CODES, *TARGET_CODES} <= sentences()["refusal"].keys()
    refusal = Refusal("stop_wrong_side", "100000.0", Decimal("99999.9"))
    assert refusal_words(refusal) == "The stop lies on the wrong side of the entry at 100000.0. Nearest: 99,999.9."
