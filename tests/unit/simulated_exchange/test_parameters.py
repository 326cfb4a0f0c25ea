from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.parameters import read_algo, read_modify, read_order
from trader_gui.simulated_exchange.records import VenueRefusal

NOW_MS = 1_795_305_600_000
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.010",
    "price": "60000.0",
}
MARKET = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.010"}
STOP = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "algoType": "CONDITIONAL",
    "quantity": "0.010",
    "triggerPrice": "59000",
}
CLOSE = {name: value for name, value in STOP.items() if name != "quantity"} | {"closePosition": "true"}


def test_orders_as_asked_for() -> None:
    order = read_order(LIMIT | {"reduceOnly": "true", "newClientOrderId": "tr-1"}, NOW_MS)
    assert (order.price, order.quantity, order.reduce_only, order.client_order_id) == (60000, D("0.010"), True, "tr-1")
    order = read_order(MARKET | {"recvWindow": "5000", "timestamp": "1", "newOrderRespType": "RESULT"}, NOW_MS)
    assert (order.price, order.is_buy, order.is_triggered) == (None, False, False)
    dated = LIMIT | {"timeInForce": "GTD", "goodTillDate": str(NOW_MS + 601_234)}
    assert read_order(dated, NOW_MS).good_till_date_ms == NOW_MS + 601_000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": ""}, -1102),
        ({"quantity": ""}, -1102),
        ({"quantity": "1e-05"}, -1102),
        ({"quantity": "NaN"}, -1102),
        ({"quantity": "0,010"}, -1102),
        ({"price": "Infinity"}, -1102),
        ({"timeInForce": ""}, -1102),
        ({"reduceOnly": "yes"}, -1102),
        ({"side": "LONG"}, -1117),
        ({"type": "ICEBERG"}, -1116),
        ({"type": "STOP_MARKET"}, -4120),
        ({"type": "TRAILING_STOP_MARKET"}, -4120),
        ({"timeInForce": "DAY"}, -1115),
        ({"timeInForce": "RPI"}, -1115),
        ({"positionSide": "LONG"}, -4061),
        ({"positionSide": "NET"}, -4060),
        ({"newOrderRespType": "FULL"}, -1136),
        ({"newClientOrderId": "a b"}, -4015),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"newClientOrderId": ""}, -4015),
        ({"selfTradePreventionMode": "EXPIRE_TAKER"}, -5039),
        ({"priceMatch": "QUEUE"}, -5037),
        ({"stopPrice": "59000"}, -1106),
        ({"closePosition": "true"}, -1106),
        ({"goodTillDate": str(NOW_MS + 700_000)}, -1106),
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": str(NOW_MS + 600_000)}, -5040),
        ({"timeInForce": "GTD", "goodTillDate": "253402300799000"}, -5040),
        ({"type": "MARKET"}, -1106),
    ],
)
def test_refused_orders(change: dict[str, str], code: int) -> None:
    with pytest.raises(VenueRefusal) as refusal:
        read_order(LIMIT | change, NOW_MS)
    assert refusal.value.code == code
    assert refusal.value.http_status == 400


def test_a_market_order_has_no_price() -> None:
    with pytest.raises(VenueRefusal, match="'price' sent when not required"):
        read_order(MARKET | {"price": "60000"}, NOW_MS)


def test_conditional_orders_as_asked_for() -> None:
    algo = read_algo(STOP | {"reduceOnly": "true", "clientAlgoId": "sl-1", "workingType": "MARK_PRICE"})
    assert (algo.price, algo.quantity, algo.reduce_only, algo.time_in_force) == (0, D("0.010"), True, "GTC")
    assert not algo.needs_position
    assert read_algo(CLOSE).needs_position
    assert read_algo(STOP | {"timeInForce": "GTE_GTC"}).needs_position


@pytest.mark.parametrize(
    ("base", "change", "code"),
    [
        (STOP, {"algoType": ""}, -1102),
        (STOP, {"algoType": "VP"}, -1130),
        (STOP, {"triggerPrice": ""}, -1102),
        (STOP, {"quantity": ""}, -1102),
        (STOP, {"type": "TRAILING_STOP_MARKET"}, -1116),
        (STOP, {"type": "LIMIT"}, -1116),
        (STOP, {"type": "STOP"}, -1102),
        (STOP, {"price": "58000"}, -1106),
        (STOP, {"workingType": "INDEX_PRICE"}, -4031),
        (STOP, {"timeInForce": "GTD"}, -1115),
        (STOP, {"positionSide": "SHORT"}, -4061),
        (STOP, {"clientAlgoId": "ü"}, -4015),
        (CLOSE, {"quantity": "0.010"}, -4137),
        (CLOSE, {"reduceOnly": "false"}, -4138),
        (CLOSE, {"reduceOnly": "true"}, -1106),
        (CLOSE, {"type": "STOP", "price": "58000"}, -1128),
    ],
)
def test_refused_conditional_orders(base: dict[str, str], change: dict[str, str], code: int) -> None:
    with pytest.raises(VenueRefusal) as refusal:
        read_algo(base | change)
    assert refusal.value.code == code


def test_modify() -> None:
    base = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.020", "price": "59000", "orderId": "9100000000000001"}
    request = read_modify(base)
    assert (request.order_id, request.quantity, request.price) == (9_100_000_000_000_001, D("0.020"), 59000)
    for change in ({"orderId": "12x"}, {"price": ""}, {"quantity": ""}):
        with pytest.raises(VenueRefusal, match="-1102"):
            read_modify(base | change)
    without_id = {name: value for name, value in base.items() if name != "orderId"}
    assert read_modify(without_id | {"origClientOrderId": "tr-1"}).orig_client_order_id == "tr-1"
    with pytest.raises(VenueRefusal, match="-1102"):
        read_modify(without_id)
    with pytest.raises(VenueRefusal, match="-5037"):
        read_modify(base | {"priceMatch": "QUEUE"})
