"""Approved orders to request parameters."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trader_gui.domain.order import OrderFamily, OrderType, PositionSide, PriceMatch, Side, TimeInForce, WorkingType
from trader_gui.domain.step import ApprovedAmend, ApprovedCancel, ApprovedOrder
from trader_gui.errors import BugError
from trader_gui.exchange.wire import request

Approve = Callable[..., ApprovedOrder]
PLAIN = re.compile(r"^\d+(\.\d+)?$")
POSITIVE = st.decimals(min_value="1e-12", max_value="1e12", allow_nan=False, allow_infinity=False).map(
    Decimal.normalize
)


def test_limit_order(approve: Approve):
    assert request.order_parameters(approve(time_in_force=TimeInForce.GTX, reduce_only=True)) == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "0.010",
        "reduceOnly": "true",
        "price": "60000.0",
        "timeInForce": "GTX",
        "newClientOrderId": "tg1-hn-1",
        "newOrderRespType": "ACK",
    }


def test_market_order_has_neither_price_nor_time_in_force(approve: Approve):
    parameters = request.order_parameters(approve(order_type=OrderType.MARKET, price=None, side=Side.SELL))
    assert parameters == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "MARKET",
        "quantity": "0.010",
        "newClientOrderId": "tg1-hn-1",
        "newOrderRespType": "ACK",
    }


def test_stop_that_closes_whatever_is_there(approve: Approve):
    approved = approve(
        order_type=OrderType.STOP_MARKET,
        side=Side.SELL,
        price=None,
        quantity=None,
        trigger_price=Decimal("59000.0"),
        close_position=True,
        reduce_only=True,
        working_type=WorkingType.MARK_PRICE,
    )
    assert request.family_of(approved.intent.order_type) is OrderFamily.ALGO
    assert request.order_parameters(approved) == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_MARKET",
        "closePosition": "true",
        "algoType": "CONDITIONAL",
        "triggerPrice": "59000.0",
        "workingType": "MARK_PRICE",
        "clientAlgoId": "tg1-hn-1",
        "newOrderRespType": "ACK",
    }


def test_a_leg_is_named_and_its_orders_never_carry_reduce_only(approve: Approve):
    market = {"order_type": OrderType.MARKET, "price": None}
    opening = request.order_parameters(approve(**market, position_side=PositionSide.LONG))
    assert opening["positionSide"] == "LONG"
    closing = request.order_parameters(
        approve(**market, side=Side.SELL, reduce_only=True, position_side=PositionSide.LONG)
    )
    assert (closing["side"], closing["positionSide"], "reduceOnly" in closing) == ("SELL", "LONG", False)
    stop = approve(
        order_type=OrderType.STOP_MARKET,
        price=None,
        quantity=None,
        trigger_price=Decimal("61000.0"),
        close_position=True,
        position_side=PositionSide.SHORT,
    )
    parameters = request.order_parameters(stop)
    assert (parameters["closePosition"], parameters["positionSide"]) == ("true", "SHORT")
    with pytest.raises(BugError, match="does not reduce LONG"):
        request.order_parameters(approve(**market, reduce_only=True, position_side=PositionSide.LONG))


def test_stop_with_a_limit_price(approve: Approve):
    parameters = request.order_parameters(approve(order_type=OrderType.STOP, trigger_price=Decimal("60500.0")))
    assert (parameters["price"], parameters["timeInForce"], parameters["triggerPrice"]) == (
        "60000.0",
        "GTC",
        "60500.0",
    )


CONDITIONAL = {"algoType": "CONDITIONAL", "workingType": "CONTRACT_PRICE", "clientAlgoId": "tg1-hn-1"}
KINDS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        {"time_in_force": TimeInForce.GTD, "good_till_ms": 1_795_309_200_000},
        {"price": "60000.0", "timeInForce": "GTD", "goodTillDate": "1795309200000", "newClientOrderId": "tg1-hn-1"},
    ),
    (
        {"price": None, "price_match": PriceMatch.OPPONENT_5, "time_in_force": TimeInForce.IOC},
        {"priceMatch": "OPPONENT_5", "timeInForce": "IOC", "newClientOrderId": "tg1-hn-1"},
    ),
    (
        {"order_type": OrderType.TAKE_PROFIT, "price": None, "price_match": PriceMatch.QUEUE,
         "trigger_price": Decimal("59000.0"), "price_protect": True, "time_in_force": TimeInForce.GTX},
        CONDITIONAL | {"priceMatch": "QUEUE", "timeInForce": "GTX", "triggerPrice": "59000.0", "priceProtect": "true"},
    ),
    (
        {"order_type": OrderType.TRAILING_STOP_MARKET, "price": None, "callback_fraction": Decimal("0.1"),
         "activation_price": Decimal("59000.0"), "reduce_only": True},
        CONDITIONAL | {"callbackRate": "10", "activatePrice": "59000.0", "reduceOnly": "true"},
    ),
    (
        {"order_type": OrderType.TRAILING_STOP_MARKET, "price": None, "callback_fraction": Decimal("0.0120")},
        CONDITIONAL | {"callbackRate": "1.2"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), KINDS)
def test_parameters_of_the_other_kinds(approve: Approve, fields: dict[str, Any], expected: dict[str, str]):
    parameters = request.order_parameters(approve(**fields))
    common = {"symbol", "side", "type", "quantity", "newOrderRespType"}
    assert {name: value for name, value in parameters.items() if name not in common} == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"quantity": None},
        {"price": None},
        {"quantity": Decimal(0)},
        {"quantity": Decimal(-1)},
        {"price": Decimal("NaN")},
        {"price": Decimal("Infinity")},
        {"time_in_force": TimeInForce.GTD},
        {"close_position": True, "quantity": None},
        {"order_type": OrderType.STOP_MARKET},
        {"time_in_force": TimeInForce.GTC, "good_till_ms": 1},
        {"price_match": PriceMatch.QUEUE},
        {"order_type": OrderType.TRAILING_STOP_MARKET},
        {
            "order_type": OrderType.TRAILING_STOP_MARKET,
            "callback_fraction": Decimal("0.01"),
            "trigger_price": Decimal(1),
        },
        {"order_type": OrderType.LIQUIDATION},
    ],
)
def test_what_the_venue_has_no_words_for_is_a_bug(approve: Approve, fields: dict[str, Any]):
    with pytest.raises(BugError):
        request.order_parameters(approve(**fields))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    quantity=POSITIVE,
    price=POSITIVE,
    trigger=POSITIVE,
    order_type=st.sampled_from([t for t in OrderType if t not in (OrderType.TRAILING_STOP_MARKET, "LIQUIDATION")]),
    reduce_only=st.booleans(),
)
def test_numbers_are_digits_and_a_point_and_say_exactly_what_was_meant(
    approve: Approve, quantity: Decimal, price: Decimal, trigger: Decimal, order_type: OrderType, reduce_only: bool
):
    parameters = request.order_parameters(
        approve(
            quantity=quantity,
            price=price,
            trigger_price=trigger,
            order_type=order_type,
            reduce_only=reduce_only,
        )
    )
    assert all(type(value) is str for value in parameters.values())
    meant = {"quantity": quantity, "price": price, "triggerPrice": trigger}
    for name, value in meant.items():
        if name in parameters:
            assert PLAIN.match(parameters[name])
            assert Decimal(parameters[name]) == value


def test_one_order_is_named_by_our_own_id(approve_cancel: Callable[..., ApprovedCancel]):
    assert request.cancel_parameters(approve_cancel("tg1-hn-1")) == {
        "symbol": "BTCUSDT",
        "origClientOrderId": "tg1-hn-1",
    }
    assert request.cancel_parameters(approve_cancel("tg1-ep-3", OrderFamily.ALGO)) == {"clientAlgoId": "tg1-ep-3"}


def test_an_amendment_names_all_its_terms_and_says_reduce_only_of_such_an_order_alone(
    approve_amend: Callable[..., ApprovedAmend],
):
    told = {
        "symbol": "BTCUSDT",
        "origClientOrderId": "tg1-hn-1",
        "side": "BUY",
        "price": "60000.0",
        "quantity": "0.010",
    }
    assert request.amend_parameters(approve_amend()) == told
    assert request.amend_parameters(approve_amend(reduce_only=True)) == {**told, "reduceOnly": "true"}
    leg = approve_amend(reduce_only=True, position_side=PositionSide.SHORT)
    assert request.amend_parameters(leg) == told  # never in hedge mode
    with pytest.raises(BugError):
        request.amend_parameters(approve_amend(price=None))
