"""Order answers to `Order`."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType, Side, TimeInForce, WorkingType
from trader_gui.errors import ProtocolError
from trader_gui.exchange.port import OrderName
from trader_gui.exchange.wire import order_answer

Payload = Callable[[str, str], bytes]
BOOK, ALGO = OrderFamily.BOOK, OrderFamily.ALGO


def test_answer_to_a_new_order_has_no_average_price(payload: Payload):
    order = order_answer.order(payload("rest_answers", "order_post"), BOOK)
    assert (order.order_id, order.client_order_id, order.status) == (9007199254740993, "tg1-hn-1", OrderStatus.NEW)
    assert (order.executed_quantity, order.average_price, order.side) == (Decimal(0), Decimal(0), Side.BUY)
    assert (order.order_type, order.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)


def test_answer_to_a_query_has(payload: Payload):
    body = payload("rest_answers", "order_get")
    order = order_answer.order(body, BOOK)
    assert (order.executed_quantity, order.average_price) == (Decimal("0.004"), Decimal(60000))
    assert order_answer.open_orders(b"[" + body + b"]", BOOK) == (order,)
    assert order_answer.open_orders(b"[]", BOOK) == ()


def test_names_of_orders_are_read_whatever_else_an_order_of_others_is():
    strange = b'[{"orderId":9007199254740995,"clientOrderId":"web_1","type":"SOMETHING_NEW","status":"ODD"}]'
    assert order_answer.order_names(strange, BOOK) == (OrderName(9007199254740995, "web_1"),)
    rows = b'[{"clientAlgoId":"tg1-ep-3","actualOrderId":""},{"clientAlgoId":"tg1-ep-4","actualOrderId":"77"}]'
    assert order_answer.order_names(rows, ALGO) == (OrderName(None, "tg1-ep-3"), OrderName(77, "tg1-ep-4"))
    assert order_answer.order_names(b"[]", BOOK) == order_answer.order_names(b"[]", ALGO) == ()


def test_conditional_order_before_and_after_its_trigger(payload: Payload):
    resting = order_answer.order(payload("rest_answers", "algo_post"), ALGO)
    assert (resting.order_family, resting.order_id, resting.status) == (ALGO, 1000000000007001, OrderStatus.NEW)
    assert (resting.trigger_price, resting.working_type, resting.reduce_only) == (
        Decimal(59000),
        WorkingType.MARK_PRICE,
        True,
    )
    assert resting.triggered_order_id is None
    body = payload("rest_answers", "algo_triggered")
    triggered = order_answer.order(body, ALGO)
    assert (triggered.status, triggered.triggered_order_id) == (OrderStatus.FINISHED, 88000000551)
    assert (triggered.executed_quantity, triggered.average_price) == (Decimal("0.010"), Decimal(58990))
    assert order_answer.open_orders(b"[" + body + b"]", ALGO) == (triggered,)


@pytest.mark.parametrize(
    ("kind", "told", "is_activated"),
    [
        ("TRAILING_STOP_MARKET", {"activatePrice": ""}, True),
        ("TRAILING_STOP_MARKET", {"activatePrice": "0.0"}, True),
        ("TRAILING_STOP_MARKET", {"activatePrice": "78000.0"}, False),  # reached or not: no answer tells
        ("TRAILING_STOP_MARKET", {}, False),  # some lists leave it out
        ("STOP_MARKET", {"activatePrice": ""}, False),
    ],
)
def test_a_trailing_stop_without_an_activation_price_is_active_from_the_beginning(
    payload: Payload, kind: str, told: dict[str, str], is_activated: bool
):
    row = json.loads(payload("rest_answers", "algo_post"))
    del row["activatePrice"]
    body = json.dumps(row | {"orderType": kind, "callbackRate": "1.0"} | told).encode()
    assert order_answer.order(body, ALGO).is_activated is is_activated


def test_past_orders_know_when_they_were_placed(payload: Payload):
    body = payload("rest_answers", "order_get")
    (past,) = order_answer.past_orders(b"[" + body + b"]", BOOK)
    assert past.order == order_answer.order(body, BOOK) and past.placed_time_ms == 1795305600012
    body = payload("rest_answers", "algo_triggered")
    (past,) = order_answer.past_orders(b"[" + body + b"]", ALGO)
    assert past.order == order_answer.order(body, ALGO) and past.placed_time_ms == 1795305600000


def test_the_families_are_not_mixed_up(payload: Payload):
    with pytest.raises(ProtocolError, match="algoOrder"):
        order_answer.order(payload("rest_answers", "order_post"), ALGO)
    with pytest.raises(ProtocolError, match="order"):
        order_answer.order(payload("rest_answers", "algo_post"), BOOK)


def test_recorded_answers_are_read(real_data: Path):
    rest = real_data / "messages" / "rest"
    for name in ("new_order", "query_order", "cancel_order", "bn_Trading_PlaceOrder", "bn_Trading_GetOrder"):
        assert order_answer.order((rest / f"{name}.json").read_bytes(), BOOK).order_id
    for name in ("current_all_open_orders", "all_orders", "nt_http_futures_account_orders"):
        assert order_answer.open_orders((rest / f"{name}.json").read_bytes(), BOOK)
    assert order_answer.order((rest / "new_algo_order.json").read_bytes(), ALGO).order_id
