"""Where a line may be put: on the tick, under the hand, and never where it would be executed at once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import RULES, make_order
from trader_gui.domain.order import Order, OrderFamily, OrderStatus, OrderType, Side
from trader_gui.domain.symbol import is_multiple
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.line_moves import (
    Quotes,
    hold_refusal,
    move_refusal,
    price_at,
    staged_kind,
    trading_refusal,
)
from trader_gui.widgets.chart.viewport import Viewport

D = Decimal
LIVE = Quotes("BTCUSDT", D("100000"), D("100010"), D("99999.9"), D("100000.1"), is_live=True, phase="running")
LIMIT = make_order(price=D("99900"), order_type=OrderType.LIMIT)


def conditional(side: Side, order_type: OrderType, trigger: str) -> Order:
    order = make_order(side=side, order_type=order_type, order_family=OrderFamily.ALGO)
    return replace(order, trigger_price=D(trigger), price=D(0), reduce_only=True)


@given(
    st.floats(10.0, 1e5),
    st.floats(1.0, 5e4),
    st.integers(200, 2_000),
    st.floats(0.0, 1.0),
    st.sampled_from(["0.01", "0.1", "0.5", "25"]),
    st.booleans(),
)
def test_the_price_under_the_hand_lies_on_the_tick_and_under_the_hand(
    low: float, span: float, height: int, part: float, tick: str, is_log: bool
) -> None:
    rules = replace(RULES, tick_size=D(tick), min_price=D(0), max_price=D(0))
    view = Viewport(0.0, 100.0, low, low + span, 1_000.0, float(height), is_log)
    y = part * height
    price = price_at(view.value_at(y), rules)
    assert is_multiple(price, rules.tick_size) and price > 0
    if price > rules.tick_size:  # else the least price there is
        half = rules.tick_size / 2
        reach = abs(view.py(float(price + half)) - view.py(float(price - half)))
        assert abs(view.py(float(price)) - y) <= reach + 1e-6
    further = price_at(view.value_at(min(y + 5, height)), rules)
    assert further <= price  # pixels grow downwards


@given(st.floats(-1e9, 1e9))
def test_a_price_stays_within_the_bounds_of_the_symbol(value: float) -> None:
    rules = replace(RULES, min_price=D("556.83"), max_price=D("4529764.07"))
    price = price_at(value, rules)
    assert rules.min_price <= price <= rules.max_price
    assert is_multiple(price, rules.tick_size)


def test_nothing_is_asked_for_in_a_foreign_chart_before_the_start_or_on_old_prices() -> None:
    assert trading_refusal("BTCUSDT", LIVE) is None
    for symbol, phase, is_live, code in (
        ("ETHUSDT", "running", True, "other_chart"),
        ("BTCUSDT", "stopping", True, "not_running"),
        ("BTCUSDT", "running", False, "stale_chart"),
    ):
        refusal = trading_refusal(symbol, Quotes("BTCUSDT", phase=phase, is_live=is_live))
        assert refusal is not None and refusal.code == code


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (LIMIT, None),
        (replace(LIMIT, status=OrderStatus.PARTIALLY_FILLED), None),
        (replace(LIMIT, status=OrderStatus.UNKNOWN), "order_in_flight"),
        (conditional(Side.SELL, OrderType.STOP_MARKET, "99000"), None),
        (conditional(Side.SELL, OrderType.TRAILING_STOP_MARKET, "0"), "not_movable"),
        (replace(LIMIT, order_type=OrderType.LIQUIDATION), "not_movable"),
    ],
)
def test_what_rests_and_is_told_whole_can_be_taken_hold_of(order: Order, code: str | None) -> None:
    refusal = hold_refusal(order)
    assert (refusal.code if refusal is not None else None) == code


@pytest.mark.parametrize(
    ("order", "price", "code"),
    [
        (LIMIT, "100000.0", None),
        (LIMIT, "100000.1", "would_take"),
        (replace(LIMIT, side=Side.SELL), "99999.9", "would_take"),
        (replace(LIMIT, side=Side.SELL), "100000.0", None),
        (conditional(Side.SELL, OrderType.STOP_MARKET, "99000"), "99999.9", None),
        (conditional(Side.SELL, OrderType.STOP_MARKET, "99000"), "100000", "would_trigger"),
        (conditional(Side.BUY, OrderType.STOP_MARKET, "101000"), "100000.1", None),
        (conditional(Side.BUY, OrderType.STOP_MARKET, "101000"), "99000", "would_trigger"),
        (conditional(Side.SELL, OrderType.TAKE_PROFIT_MARKET, "101000"), "100000.1", None),
        (conditional(Side.SELL, OrderType.TAKE_PROFIT_MARKET, "101000"), "99000", "would_trigger"),
    ],
)
def test_where_it_would_be_executed_at_once_an_order_is_not_put(order: Order, price: str, code: str | None) -> None:
    refusal = move_refusal(order, D(price), LIVE)
    assert (refusal.code if refusal is not None else None) == code


@pytest.mark.parametrize(
    ("side", "reduces", "price", "kind"),
    [
        (Side.BUY, False, "100000.0", OrderKind.LIMIT),
        (Side.BUY, False, "100000.1", OrderKind.STOP),
        (Side.SELL, False, "100000.0", OrderKind.LIMIT),
        (Side.SELL, False, "99999.9", OrderKind.STOP),
        (Side.SELL, True, "99999.9", OrderKind.STOP),
        (Side.SELL, True, "100000.1", OrderKind.TAKE_PROFIT),
        (Side.BUY, True, "100000.1", OrderKind.STOP),
        (Side.BUY, True, "99999.9", OrderKind.TAKE_PROFIT),
    ],
)
def test_what_waits_at_a_price_follows_from_side_and_market(
    side: Side, reduces: bool, price: str, kind: OrderKind
) -> None:
    assert staged_kind(side, D(price), LIVE, reduces=reduces) is kind
