from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.parameters import read_modify, read_order
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
        ({"quantity": "1e-05"}, -1100),
        ({"quantity": "NaN"}, -1100),
        ({"quantity": "0,010"}, -1100),
        ({"price": "Infinity"}, -1100),
        ({"timeInForce": ""}, -1102),
        ({"reduceOnly": "yes"}, -1102),
        ({"side": "LONG"}, -1117),
        ({"type": "ICEBERG"}, -1116),
        ({"type": "STOP_MARKET"}, -4120),
        ({"type": "TRAILING_STOP_MARKET"}, -4120),
        ({"timeInForce": "DAY"}, -1115),
        ({"positionSide": "LONG"}, -4061),
        ({"positionSide": "NET"}, -4060),
        ({"newOrderRespType": "FULL"}, -1136),
        ({"newClientOrderId": "a b"}, -4015),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"newClientOrderId": ""}, -1118),
        ({"selfTradePreventionMode": "DECREMENT"}, -5039),
        ({"priceMatch": "BEST"}, -5037),
        ({"priceMatch": "QUEUE"}, -1106),  # not beside a price
        ({"type": "MARKET", "closePosition": "true"}, -4139),
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


def test_a_price_match_stands_in_for_the_price() -> None:
    without_price = {name: value for name, value in LIMIT.items() if name != "price"}
    order = read_order(without_price | {"priceMatch": "OPPONENT_5", "timeInForce": "RPI"}, NOW_MS)
    assert (order.price, order.price_match, order.time_in_force) == (None, "OPPONENT_5", "RPI")
    with pytest.raises(VenueRefusal, match="-5038:"):
        read_order(MARKET | {"priceMatch": "OPPONENT"}, NOW_MS)
    with pytest.raises(VenueRefusal, match="-1102:"):
        read_order(without_price | {"priceMatch": "NONE"}, NOW_MS)


def test_the_mode_of_self_trade_prevention() -> None:
    assert read_order(LIMIT, NOW_MS).stp_mode == "EXPIRE_MAKER"
    for mode in ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"):
        assert read_order(MARKET | {"selfTradePreventionMode": mode}, NOW_MS).stp_mode == mode


def test_a_market_order_has_no_price() -> None:
    with pytest.raises(VenueRefusal, match="'price' sent when not required"):
        read_order(MARKET | {"price": "60000"}, NOW_MS)


def test_modify() -> None:
    base = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.020", "price": "59000", "orderId": "9100000000000001"}
    request = read_modify(base)
    assert (request.order_id, request.quantity, request.price) == (9_100_000_000_000_001, D("0.020"), 59000)
    for change, code in (({"orderId": "12x"}, -1100), ({"price": ""}, -1102), ({"quantity": ""}, -1102)):
        with pytest.raises(VenueRefusal, match=f"^{code}:"):
            read_modify(base | change)
    without_id = {name: value for name, value in base.items() if name != "orderId"}
    assert read_modify(without_id | {"origClientOrderId": "tr-1"}).orig_client_order_id == "tr-1"
    with pytest.raises(VenueRefusal, match="-1102"):
        read_modify(without_id)
    with pytest.raises(VenueRefusal, match="-1106:"):
        read_modify(base | {"priceMatch": "QUEUE"})
    without_price = {name: value for name, value in base.items() if name != "price"}
    with pytest.raises(VenueRefusal, match="-5037:"):
        read_modify(without_price | {"priceMatch": "NEAREST"})
    request = read_modify(without_price | {"priceMatch": "QUEUE", "modifyId": "77"})
    assert (request.price, request.price_match, request.modify_id) == (None, "QUEUE", 77)
