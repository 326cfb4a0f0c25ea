from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.algo_parameters import AlgoRequest, read_algo
from trader_gui.simulated_exchange.records import VenueRefusal

NOW_MS = 1_795_305_600_000
STOP = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "algoType": "CONDITIONAL",
    "quantity": "0.010",
    "triggerPrice": "59000",
}
LIMIT_STOP = STOP | {"type": "STOP", "price": "58900"}
CLOSE = {name: value for name, value in STOP.items() if name != "quantity"} | {"closePosition": "true"}
TRAIL = {name: value for name, value in STOP.items() if name != "triggerPrice"} | {
    "type": "TRAILING_STOP_MARKET",
    "callbackRate": "1.5",
}


def read(params: dict[str, str], **mode: bool) -> AlgoRequest:
    return read_algo(params, NOW_MS, **mode)


def test_conditional_orders_as_asked_for() -> None:
    algo = read(STOP | {"reduceOnly": "true", "clientAlgoId": "sl-1", "workingType": "MARK_PRICE"})
    assert (algo.price, algo.quantity, algo.reduce_only, algo.time_in_force) == (0, D("0.010"), True, "GTC")
    assert not algo.needs_position
    assert read(CLOSE).needs_position
    assert read(STOP | {"timeInForce": "GTE_GTC"}).needs_position
    dated = read(LIMIT_STOP | {"timeInForce": "GTD", "goodTillDate": str(NOW_MS + 601_234)})
    assert (dated.good_till_date_ms, dated.is_market) == (NOW_MS + 601_000, False)


def test_a_trailing_stop_has_a_rate_and_perhaps_an_activation_price() -> None:
    trail = read(TRAIL)
    assert (trail.callback_rate, trail.activate_price, trail.trigger_price) == (D("1.5"), None, 0)
    assert read(TRAIL | {"activatePrice": "61000"}).activate_price == 61000


def test_a_price_match_stands_in_for_the_limit() -> None:
    without_price = {name: value for name, value in LIMIT_STOP.items() if name != "price"}
    algo = read(without_price | {"priceMatch": "QUEUE_20"})
    assert (algo.price, algo.price_match) == (0, "QUEUE_20")


def test_the_position_side_decides_in_hedge_mode() -> None:
    assert read(STOP | {"positionSide": "LONG"}, is_hedge=True).reduce_only
    assert not read(STOP | {"positionSide": "SHORT"}, is_hedge=True).reduce_only
    with pytest.raises(VenueRefusal, match="-1128:"):
        read(CLOSE | {"positionSide": "SHORT"}, is_hedge=True)
    with pytest.raises(VenueRefusal, match="-4061:"):
        read(STOP, is_hedge=True)


@pytest.mark.parametrize(
    ("base", "change", "code"),
    [
        (STOP, {"algoType": ""}, -1102),
        (STOP, {"algoType": "VP"}, -1130),
        (STOP, {"triggerPrice": ""}, -1102),
        (STOP, {"triggerPrice": "5.9e4"}, -1100),
        (STOP, {"quantity": ""}, -1102),
        (STOP, {"type": "LIMIT"}, -1116),
        (STOP, {"type": "MARKET"}, -1116),
        (STOP, {"type": "MARKET", "closePosition": "true"}, -4139),
        (STOP, {"type": "STOP"}, -1102),
        (STOP, {"side": "LONG"}, -1117),
        (STOP, {"price": "58000"}, -1106),
        (STOP, {"callbackRate": "1"}, -1106),
        (STOP, {"activatePrice": "61000"}, -1106),
        (STOP, {"workingType": "INDEX_PRICE"}, -4031),
        (STOP, {"timeInForce": "DAY"}, -1115),
        (STOP, {"timeInForce": "GTD"}, -1102),
        (STOP, {"timeInForce": "GTD", "goodTillDate": str(NOW_MS + 600_000)}, -5040),
        (STOP, {"positionSide": "SHORT"}, -4061),
        (STOP, {"positionSide": "NET"}, -4060),
        (STOP, {"clientAlgoId": "ü"}, -4015),
        (STOP, {"newOrderRespType": "FULL"}, -1136),
        (STOP, {"selfTradePreventionMode": "SOME"}, -5039),
        (STOP, {"priceMatch": "QUEUE"}, -5038),
        (LIMIT_STOP, {"priceMatch": "WORST"}, -5037),
        (LIMIT_STOP, {"priceMatch": "QUEUE"}, -1106),
        (CLOSE, {"quantity": "0.010"}, -4137),
        (CLOSE, {"reduceOnly": "false"}, -4138),
        (CLOSE, {"reduceOnly": "true"}, -1106),
        (CLOSE, {"type": "STOP", "price": "58000"}, -4136),
        (TRAIL, {"closePosition": "true"}, -4136),
        (TRAIL, {"triggerPrice": "59000"}, -2021),
        (TRAIL, {"callbackRate": ""}, -1102),
    ],
)
def test_refused_conditional_orders(base: dict[str, str], change: dict[str, str], code: int) -> None:
    with pytest.raises(VenueRefusal) as refusal:
        read(base | change)
    assert (refusal.value.code, refusal.value.http_status) == (code, 400)
