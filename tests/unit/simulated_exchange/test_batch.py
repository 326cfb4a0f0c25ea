import json

import pytest

from trader_gui.simulated_exchange.batch import answer_each, read_cancels, read_orders
from trader_gui.simulated_exchange.records import VenueRefusal


def code_of(function, **parameters: str) -> int:
    with pytest.raises(VenueRefusal) as caught:
        function(parameters)
    return caught.value.code


def test_json_values_become_the_texts_of_a_single_request() -> None:
    order = {"symbol": "BTCUSDT", "quantity": 0.010, "orderId": 9100000000000001, "reduceOnly": True, "price": None}
    assert read_orders({"batchOrders": json.dumps([order])}) == [
        {"symbol": "BTCUSDT", "quantity": "0.01", "orderId": "9100000000000001", "reduceOnly": "true"}
    ]


def test_one_to_five_orders() -> None:
    assert len(read_orders({"batchOrders": json.dumps([{}] * 5)})) == 5
    assert code_of(read_orders) == -1102
    assert code_of(read_orders, batchOrders="[]") == -4082
    assert code_of(read_orders, batchOrders=json.dumps([{}] * 6)) == -4082
    for text in ("{}", "[1]", "[{]", "[" * 100_000, "'x'"):
        assert code_of(read_orders, batchOrders=text) == -1130


def test_one_to_ten_cancels_by_either_kind_of_id() -> None:
    assert read_cancels({"orderIdList": "[1,2]", "origClientOrderIdList": '["a"]'}) == [(1, None), (2, None)]
    assert read_cancels({"orderidlist": "[1,2]"}) == [(1, None), (2, None)]
    assert read_cancels({"origclientorderidlist": '["a"]'}) == [(None, "a")]
    assert read_cancels({"orderIdList": '["9100000000000001"]'}) == [(9_100_000_000_000_001, None)]
    assert read_cancels({"origClientOrderIdList": '["a","b"]'}) == [(None, "a"), (None, "b")]
    assert code_of(read_cancels) == -1102
    assert code_of(read_cancels, orderIdList="[]") == -1102
    assert code_of(read_cancels, orderIdList=json.dumps(list(range(11)))) == -4032
    for text in ('["x"]', "[-1]", "[1.5]", "7"):
        assert code_of(read_cancels, orderIdList=text) == -1130


def test_each_is_answered_in_its_place() -> None:
    def halve(number: int) -> int:
        if number % 2:
            raise VenueRefusal(-2011, "odd")
        return number // 2

    assert answer_each([4, 3, 2], halve) == [2, {"code": -2011, "msg": "odd"}, 1]
