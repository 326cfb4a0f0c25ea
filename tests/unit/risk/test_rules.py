from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import RULES, dec, make_intent, make_order, make_position, make_risk_context
from trader_gui.domain.order import (
    OrderStatus,
    OrderType,
    Origin,
    Purpose,
    Side,
)
from trader_gui.domain.step import EngineMode, Refusal
from trader_gui.risk import rules
from trader_gui.risk.rules import RiskLimits

LONG = make_position("0.010")
EXIT = make_intent(side=Side.SELL, purpose=Purpose.EXIT, reduce_only=True)
MARKET_EXIT = replace(EXIT, order_type=OrderType.MARKET, price=None, time_in_force=None)
STOP = make_intent(
    side=Side.SELL,
    purpose=Purpose.PROTECTION,
    order_type=OrderType.STOP_MARKET,
    quantity=None,
    price=None,
    trigger_price=dec("99000.0"),
    close_position=True,
)


def code(refusal):
    return refusal.code if refusal is not None else None


def with_limits(**limits):
    return make_risk_context(limits=RiskLimits(**limits))


# ---- fitting to the position -----------------------------------------------------------------------------------------


@given(
    held=st.integers(-50, 50).map(lambda n: Decimal(n) / 1000),
    wanted=st.integers(1, 100).map(lambda n: Decimal(n) / 1000),
    side=st.sampled_from(Side),
)
def test_a_reduce_only_order_never_exceeds_the_position_nor_enlarges_it(held, wanted, side):
    context = make_risk_context(position=make_position(held) if held else None)
    fitted = rules.fit_to_position(replace(EXIT, side=side, quantity=wanted), context)
    if held * side.sign >= 0:
        assert fitted == Refusal("nothing_to_reduce", f"{held:f}")
    else:
        after = held + side.sign * fitted.quantity
        assert after * held >= 0 and fitted.quantity == min(wanted, abs(held))


def test_opening_orders_and_unsure_pictures_of_the_account_are_left_as_they_are():
    assert rules.fit_to_position(make_intent(), make_risk_context()) == make_intent()
    for blind in ({"is_account_known": False}, {"is_private_fresh": False}):
        assert rules.fit_to_position(EXIT, make_risk_context(**blind)) is EXIT
    assert rules.fit_to_position(STOP, make_risk_context(position=LONG)) is STOP
    assert code(rules.fit_to_position(STOP, make_risk_context())) == "nothing_to_reduce"


# ---- who, when, in which state -------------------------------------------------------------------------------------


def test_only_the_sessions_symbol_and_only_while_it_trades():
    assert rules.check_symbol(make_intent(), make_risk_context()) is None
    other = make_intent(symbol="ETHUSDT")
    assert code(rules.check_symbol(other, make_risk_context(is_watched=False))) == "other_symbol"
    assert rules.check_symbol(other, make_risk_context(is_watched=True)) is None
    closing = make_intent(symbol="ETHUSDT", reduce_only=True, purpose=Purpose.EXIT)
    assert rules.check_symbol(closing, make_risk_context(is_watched=False)) is None
    by_engine = make_intent(symbol="ETHUSDT", origin=Origin.ENGINE)
    assert code(rules.check_symbol(by_engine, make_risk_context(is_watched=True))) == "not_engine_symbol"
    settling = make_risk_context(rules=replace(RULES, status="SETTLING"))
    assert rules.check_symbol(EXIT, settling) == Refusal("not_trading", "SETTLING")


@pytest.mark.parametrize(
    ("mode", "origin", "intent", "expected"),
    [
        (EngineMode.HALTED, Origin.ENGINE, EXIT, "halted"),
        (EngineMode.HALTED, Origin.HAND, make_intent(), None),
        (EngineMode.REDUCING, Origin.ENGINE, make_intent(), "reducing"),
        (EngineMode.REDUCING, Origin.ENGINE, EXIT, None),
        (EngineMode.REDUCING, Origin.ENGINE, STOP, None),
        (EngineMode.ACTIVE, Origin.ENGINE, make_intent(), None),
    ],
)
def test_the_mode_binds_the_engine_alone(mode, origin, intent, expected):
    assert code(rules.check_mode(replace(intent, origin=origin), make_risk_context(mode=mode))) == expected


def test_stale_routes_and_an_unknown_account_bar_opening_orders_only():
    for blind, detail in (({"is_market_fresh": False}, "market"), ({"is_private_fresh": False}, "private")):
        context = make_risk_context(**blind)
        assert rules.check_freshness(make_intent(), context) == Refusal("stale_feed", detail)
        assert rules.check_freshness(EXIT, context) is None and rules.check_freshness(STOP, context) is None
    assert rules.check_freshness(make_intent(), make_risk_context()) is None
    unknown = make_risk_context(is_account_known=False)
    assert code(rules.check_account(make_intent(), unknown)) == "unknown_account"
    assert rules.check_account(EXIT, unknown) is None


SENT, UNKNOWN, NEW = OrderStatus.SENT, OrderStatus.UNKNOWN, OrderStatus.NEW


@pytest.mark.parametrize(
    ("origin", "purpose", "other_origin", "other_purpose", "status", "bars"),
    [
        (Origin.ENGINE, Purpose.ENTRY, Origin.ENGINE, Purpose.ENTRY, SENT, True),
        (Origin.ENGINE, Purpose.ENTRY, Origin.ENGINE, Purpose.ENTRY, UNKNOWN, True),
        (Origin.ENGINE, Purpose.ENTRY, Origin.ENGINE, Purpose.ENTRY, NEW, True),
        (Origin.ENGINE, Purpose.ENTRY, Origin.ENGINE, Purpose.EXIT, UNKNOWN, False),
        (Origin.ENGINE, Purpose.ENTRY, Origin.HAND, Purpose.ENTRY, NEW, False),
        (Origin.ENGINE, Purpose.ENTRY, Origin.HAND, Purpose.ENTRY, UNKNOWN, True),
        (Origin.ENGINE, Purpose.EXIT, Origin.HAND, Purpose.EXIT, UNKNOWN, False),
        (Origin.ENGINE, Purpose.EXIT, Origin.ENGINE, Purpose.EXIT, NEW, True),
        (Origin.HAND, Purpose.ENTRY, Origin.HAND, Purpose.ENTRY, NEW, False),
        (Origin.HAND, Purpose.ENTRY, Origin.HAND, Purpose.ENTRY, SENT, True),
        (Origin.HAND, Purpose.ENTRY, Origin.ENGINE, Purpose.ENTRY, UNKNOWN, True),
        (Origin.HAND, Purpose.EXIT, Origin.HAND, Purpose.EXIT, UNKNOWN, True),
        (Origin.HAND, Purpose.EXIT, Origin.ENGINE, Purpose.EXIT, SENT, False),
    ],
)
def test_one_order_in_flight_per_purpose(origin, purpose, other_origin, other_purpose, status, bars):
    other = make_order("x", origin=other_origin, purpose=other_purpose, status=status)
    intent = replace(make_intent() if purpose is Purpose.ENTRY else EXIT, origin=origin)
    refusal = rules.check_in_flight(intent, make_risk_context(open_orders=(other,)))
    assert refusal == (Refusal("order_in_flight", "x") if bars else None)


def test_a_stop_and_a_target_by_hand_may_be_sent_together_but_no_stop_twice():
    sent = make_order(
        "x", origin=Origin.HAND, purpose=Purpose.PROTECTION, status=SENT, order_type=OrderType.STOP_MARKET
    )
    context = make_risk_context(open_orders=(sent,), position=LONG)
    assert code(rules.check_in_flight(STOP, context)) == "order_in_flight"
    assert rules.check_in_flight(replace(STOP, order_type=OrderType.TAKE_PROFIT_MARKET), context) is None


def test_the_engine_waits_until_the_position_was_told():
    context = make_risk_context(untold=frozenset({Purpose.ENTRY}))
    assert code(rules.check_in_flight(make_intent(origin=Origin.ENGINE), context)) == "position_not_told"
    assert rules.check_in_flight(make_intent(), context) is None
    assert rules.check_in_flight(replace(EXIT, origin=Origin.ENGINE), context) is None


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        (make_intent(), None),
        (STOP, None),
        (MARKET_EXIT, None),
        (make_intent(quantity=None), "quantity"),
        (make_intent(quantity=dec(0)), "quantity"),
        (make_intent(quantity=dec("-1")), "quantity"),
        (make_intent(quantity=dec("NaN")), "quantity"),
        (make_intent(price=None), "price"),
        (make_intent(price=dec("Infinity")), "price"),
        (replace(STOP, trigger_price=None), "trigger_price"),
        (replace(STOP, order_type=OrderType.STOP), "price"),
    ],
)
def test_an_order_has_all_the_numbers_of_its_type(intent, expected):
    refusal = rules.check_shape(intent, make_risk_context())
    assert refusal == (Refusal("incomplete_order", expected) if expected else None)


@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.PROTECTION])
def test_an_order_cannot_call_itself_an_exit_and_open_something(purpose):
    assert code(rules.check_shape(make_intent(purpose=purpose), make_risk_context())) == "exit_not_reducing"


# ---- filters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "expected", "nearest"),
    [
        ("100000.0", None, None),
        ("100000.04", "off_tick", "100000.0"),
        ("100000.05", "off_tick", "100000.1"),
        ("99.9", "price_out_of_range", "100"),
        ("1000000.1", "price_out_of_range", "1000000"),
    ],
)
@pytest.mark.parametrize("field", ["price", "trigger_price"])
def test_prices_lie_on_the_tick_and_within_bounds(field, price, expected, nearest):
    refusal = rules.check_price(make_intent(**{field: dec(price)}), make_risk_context())
    assert code(refusal) == expected
    assert (refusal and refusal.nearest) == (dec(nearest) if nearest else None)


@given(st.decimals("100", "1000000", places=4))
def test_the_nearest_price_passes_and_is_at_most_half_a_tick_away(price):
    refusal = rules.check_price(make_intent(price=price), make_risk_context())
    if refusal is not None:
        assert abs(refusal.nearest - price) <= RULES.tick_size / 2
        assert rules.check_price(make_intent(price=refusal.nearest), make_risk_context()) is None


@pytest.mark.parametrize(
    ("side", "price", "nearest"),
    [
        (Side.BUY, "105000.0", None),
        (Side.BUY, "105000.1", "105000.0"),
        (Side.BUY, "1000.0", None),
        (Side.SELL, "95000.0", None),
        (Side.SELL, "94999.9", "95000.0"),
        (Side.SELL, "900000.0", None),
    ],
)
def test_a_limit_is_not_too_far_through_the_mark_price(side, price, nearest):
    intent = make_intent(side=side, price=dec(price))
    refusal = rules.check_percent_price(intent, make_risk_context())
    assert code(refusal) == ("price_too_far" if nearest else None)
    assert (refusal and refusal.nearest) == (dec(nearest) if nearest else None)
    assert rules.check_percent_price(intent, make_risk_context(mark_price=None)) is None
    unbounded = replace(RULES, percent_up=dec(0), percent_down=dec(0))
    assert rules.check_percent_price(intent, make_risk_context(rules=unbounded)) is None


@pytest.mark.parametrize(
    ("order_type", "quantity", "expected", "nearest"),
    [
        (OrderType.LIMIT, "0.001", None, None),
        (OrderType.LIMIT, "0.0005", "below_min_quantity", "0.001"),
        (OrderType.LIMIT, "0.0105", "off_step", "0.010"),
        (OrderType.LIMIT, "500", None, None),
        (OrderType.LIMIT, "1000.001", "above_max_quantity", "1000"),
        (OrderType.MARKET, "120", None, None),
        (OrderType.MARKET, "120.001", "above_max_quantity", "120"),
        (OrderType.STOP_MARKET, "121", "above_max_quantity", "120"),
        (OrderType.STOP, "121", None, None),
    ],
)
def test_quantities_lie_on_the_step_and_within_the_bounds_of_their_type(order_type, quantity, expected, nearest):
    refusal = rules.check_quantity(make_intent(order_type=order_type, quantity=dec(quantity)), make_risk_context())
    assert code(refusal) == expected
    assert (refusal and refusal.nearest) == (dec(nearest) if nearest else None)


def test_a_close_position_order_has_no_quantity_to_check():
    for rule in (rules.check_quantity, rules.check_notional, rules.check_order_quantity_limit):
        assert rule(STOP, with_limits(max_order_quantity=dec("0.001"))) is None


@given(
    quantity=st.integers(1, 3000).map(lambda n: Decimal(n) / 1000),
    price=st.integers(1_000, 2_000_000).map(lambda n: Decimal(n) / 10),
)
def test_the_smallest_quantity_that_is_worth_enough_is_told(quantity, price):
    intent = make_intent(quantity=quantity, price=price)
    refusal = rules.check_notional(intent, make_risk_context())
    assert (refusal is None) == (quantity * price >= 50)
    if refusal is not None:
        assert refusal.code == "below_min_notional"
        assert rules.check_notional(replace(intent, quantity=refusal.nearest), make_risk_context()) is None
        smaller = refusal.nearest - RULES.step_size
        assert rules.check_notional(replace(intent, quantity=smaller), make_risk_context()) is not None


def test_market_orders_are_valued_at_the_mark_price_and_need_some_price():
    market = make_intent(order_type=OrderType.MARKET, price=None, quantity=dec("0.001"))
    assert rules.check_notional(market, make_risk_context()) is None
    assert code(rules.check_notional(market, make_risk_context(mark_price=dec(49_999)))) == "below_min_notional"
    assert rules.check_notional(market, make_risk_context(mark_price=None)) is None
    assert code(rules.check_notional(market, make_risk_context(mark_price=None, last_price=None))) == "no_price"
    assert rules.check_notional(replace(EXIT, quantity=dec("0.0001")), make_risk_context()) is None


# ---- the user's limits -----------------------------------------------------------------------------------------


def test_limits_that_are_not_set_bar_nothing_and_limits_never_bar_a_way_out():
    limits = RiskLimits(dec("0.001"), dec(1), dec(1), 0)
    tight = make_risk_context(limits=limits, position=LONG, result_today=dec(-5), entry_times_ms=(1,))
    expected = ["order_quantity_limit", "position_notional_limit", "daily_loss_limit", "entries_per_hour_limit"]
    checks = (
        rules.check_order_quantity_limit,
        rules.check_position_limit,
        rules.check_daily_loss,
        rules.check_entries_per_hour,
    )
    assert [code(check(make_intent(), tight)) for check in checks] == expected
    for check in checks:
        assert check(make_intent(), make_risk_context(position=LONG, result_today=dec(-(10**9)))) is None
        assert check(EXIT, tight) is None and check(STOP, tight) is None and check(MARKET_EXIT, tight) is None


def test_the_limit_on_one_order_is_included_and_its_nearest_lies_on_the_step():
    context = with_limits(max_order_quantity=dec("0.0105"))
    assert rules.check_order_quantity_limit(make_intent(quantity=dec("0.010")), context) is None
    refusal = rules.check_order_quantity_limit(make_intent(quantity=dec("0.011")), context)
    assert refusal.nearest == dec("0.010")


def test_the_position_limit_counts_what_is_held_and_what_is_pending_on_the_same_side():
    resting = make_order("a", executed_quantity=dec("0.004"), quantity=dec("0.008"))
    not_counted = (
        make_order("b", side=Side.SELL),
        make_order("c", reduce_only=True),
        make_order("d", close_position=True),
    )
    context = make_risk_context(
        limits=RiskLimits(max_position_notional=dec(2000)), position=LONG, open_orders=(resting, *not_counted)
    )
    assert rules.check_position_limit(make_intent(quantity=dec("0.006")), context) is None
    refusal = rules.check_position_limit(make_intent(quantity=dec("0.007")), context)
    assert refusal == Refusal("position_notional_limit", "2000", dec("0.006"))
    against = make_intent(side=Side.SELL, quantity=dec("0.020"))
    assert rules.check_position_limit(against, replace(context, open_orders=())) is None  # long to short 0.010
    assert (
        rules.check_position_limit(replace(against, quantity=dec("0.031")), replace(context, open_orders=()))
        is not None
    )


def test_no_nearest_quantity_when_the_position_limit_has_no_room():
    context = make_risk_context(limits=RiskLimits(max_position_notional=dec(1000)), position=LONG)
    assert rules.check_position_limit(make_intent(), context) == Refusal("position_notional_limit", "1000", None)


def test_the_daily_loss_limit_is_reached_at_its_amount():
    limits = RiskLimits(max_daily_loss=dec(20))
    assert rules.check_daily_loss(make_intent(), make_risk_context(limits=limits, result_today=dec("-19.99"))) is None
    assert (
        code(rules.check_daily_loss(make_intent(), make_risk_context(limits=limits, result_today=dec(-20))))
        == "daily_loss_limit"
    )
    assert rules.check_daily_loss(make_intent(), make_risk_context(limits=limits, result_today=dec(20))) is None
