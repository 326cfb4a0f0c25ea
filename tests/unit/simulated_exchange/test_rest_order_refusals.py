"""Every refusal that an order request can meet: HTTP status, code, and that nothing has changed.

The market stands at 60000.0 / 60000.1 with ten of each level; the account holds 0.05 BTC long, has a resting buy and a
resting reduce-only sell, and a stop that closes the position.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.venue_world import ENDPOINTS, World
from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.records import MarketTick, VenueRefusal
from trader_gui.simulated_exchange.venue import Venue

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.010",
    "price": "59000",
}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
STOP = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": "0.010",
    "triggerPrice": "58000",
}
CLOSE = {name: value for name, value in STOP.items() if name != "quantity"} | {"closePosition": "true"}
TRAIL = {name: value for name, value in STOP.items() if name != "triggerPrice"} | {
    "type": "TRAILING_STOP_MARKET",
    "callbackRate": "1",
}
CHANGE = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.010", "price": "58000", "origClientOrderId": "resting"}


@pytest.fixture
def world() -> World:
    world = World()
    tick = world.play(1)
    ten = Decimal(10)
    venue = world.venue
    venue.core.on_tick(
        MarketTick(
            "BTCUSDT",
            tick.time_ms,
            (),
            tuple((Decimal(600_000 - i) / 10, ten) for i in range(15)),
            tuple((Decimal(600_001 + i) / 10, ten) for i in range(15)),
            Decimal(60_000),
            Decimal(60_000),
            Decimal(0),
        )
    )
    venue.core._books["BTCUSDT"].last_price = Decimal(60_000)
    world.ask("POST", ORDER, **(MARKET | {"quantity": "0.050"}))
    world.ask("POST", ORDER, **(LIMIT | {"newClientOrderId": "resting"}))
    closing = {"side": "SELL", "price": "61000", "quantity": "0.030", "reduceOnly": "true"}
    world.ask("POST", ORDER, **(LIMIT | closing))
    world.ask("POST", ALGO, **(CLOSE | {"clientAlgoId": "sl"}))
    return world


def without(params: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in params.items() if name not in names}


PLACING: list[tuple[dict[str, str], int]] = [
    (without(LIMIT, "symbol"), -1102),
    (without(LIMIT, "quantity"), -1102),
    (without(LIMIT, "price"), -1102),
    (without(LIMIT, "timeInForce"), -1102),
    (LIMIT | {"quantity": "1e-3"}, -1100),
    (LIMIT | {"goodTillDate": "1795305600000"}, -1106),
    (MARKET | {"timeInForce": "GTC"}, -1106),
    (MARKET | {"price": "60000"}, -1106),
    (LIMIT | {"stopPrice": "59000"}, -1106),
    (LIMIT | {"quantity": "0.0105"}, -1111),
    (LIMIT | {"price": "59000.001"}, -1111),
    (LIMIT | {"timeInForce": "DAY"}, -1115),
    (LIMIT | {"type": "ICEBERG"}, -1116),
    (LIMIT | {"side": "LONG"}, -1117),
    (LIMIT | {"newClientOrderId": ""}, -1118),
    (LIMIT | {"symbol": "NOUSDT"}, -1121),
    (LIMIT | {"newOrderRespType": "FULL"}, -1136),
    (MARKET | {"quantity": "30"}, -2019),
    (LIMIT | {"side": "SELL", "price": "61000", "quantity": "0.051", "reduceOnly": "true"}, -2022),
    (LIMIT | {"price": "59000", "reduceOnly": "true"}, -2022),
    (LIMIT | {"price": "0"}, -4001),
    (LIMIT | {"price": "4529764.1"}, -4002),
    (LIMIT | {"quantity": "0"}, -4003),
    (LIMIT | {"quantity": "1001"}, -4005),
    (MARKET | {"quantity": "121"}, -4005),
    (LIMIT | {"price": "500"}, -4013),
    (LIMIT | {"price": "59000.05"}, -4014),
    (LIMIT | {"newClientOrderId": "not good"}, -4015),
    (LIMIT | {"newClientOrderId": "x" * 37}, -4015),
    (LIMIT | {"price": "63000.1"}, -4016),
    (LIMIT | {"side": "SELL", "price": "56999.9"}, -4024),
    (LIMIT | {"positionSide": "NET"}, -4060),
    (LIMIT | {"positionSide": "LONG"}, -4061),
    (LIMIT | {"newClientOrderId": "resting"}, -4116),
    (LIMIT | {"side": "SELL", "price": "61500", "quantity": "0.021", "reduceOnly": "true"}, -4118),
    (LIMIT | {"type": "STOP_MARKET", "stopPrice": "58000"}, -4120),
    (LIMIT | {"type": "TRAILING_STOP_MARKET"}, -4120),
    (MARKET | {"closePosition": "true"}, -4139),
    (LIMIT | {"price": "40000", "quantity": "0.001"}, -4164),
    (LIMIT | {"timeInForce": "FOK", "price": "60000.1", "quantity": "10.001"}, -2019),
    (LIMIT | {"timeInForce": "FOK", "price": "60000.0", "quantity": "0.010"}, -5021),
    (LIMIT | {"timeInForce": "GTX", "price": "60000.1"}, -5022),
    (LIMIT | {"timeInForce": "RPI", "price": "60000.1"}, -5022),
    (without(LIMIT, "price") | {"priceMatch": "BEST"}, -5037),
    (MARKET | {"priceMatch": "OPPONENT"}, -5038),
    (LIMIT | {"priceMatch": "OPPONENT"}, -1106),
    (LIMIT | {"selfTradePreventionMode": "DECREMENT"}, -5039),
    (LIMIT | {"timeInForce": "GTD"}, -1102),
    (LIMIT | {"timeInForce": "GTD", "goodTillDate": "1"}, -5040),
    (without(LIMIT, "price") | {"priceMatch": "OPPONENT_20"}, -5041),
]
CHANGING: list[tuple[dict[str, str], int]] = [
    (without(CHANGE, "origClientOrderId"), -1102),
    (without(CHANGE, "price"), -1102),
    (without(CHANGE, "quantity"), -1102),
    (CHANGE | {"origClientOrderId": ""}, -1119),
    (CHANGE | {"orderId": "1"}, -2013),
    (CHANGE | {"side": "SELL"}, -1117),
    (CHANGE | {"quantity": "4"}, -2019),
    (CHANGE | {"price": "63000.1"}, -4016),
    (CHANGE | {"price": "58000.05"}, -4014),
    (CHANGE | {"quantity": "1001"}, -4005),
    (CHANGE | {"price": "59000"}, -5027),
    (CHANGE | {"price": "40000", "quantity": "0.001"}, -5029),
    (without(CHANGE, "price") | {"priceMatch": "FIRST"}, -5037),
    (CHANGE | {"priceMatch": "QUEUE"}, -1106),
    (without(CHANGE, "price") | {"priceMatch": "QUEUE_20"}, -5041),
    (CHANGE | {"reduceOnly": "true"}, -5047),
]
CONDITIONAL: list[tuple[dict[str, str], int]] = [
    (without(STOP, "algoType"), -1102),
    (without(STOP, "triggerPrice"), -1102),
    (STOP | {"algoType": "TWAP"}, -1130),
    (STOP | {"price": "58000"}, -1106),
    (STOP | {"type": "LIMIT"}, -1116),
    (STOP | {"timeInForce": "DAY"}, -1115),
    (STOP | {"triggerPrice": "60100"}, -2021),
    (TRAIL | {"activatePrice": "59000"}, -2021),
    (TRAIL | {"callbackRate": "21"}, -1130),
    (TRAIL | {"activatePrice": "0"}, -4135),
    (STOP | {"triggerPrice": "0"}, -4006),
    (STOP | {"triggerPrice": "4529764.1"}, -4007),
    (STOP | {"triggerPrice": "500"}, -4013),
    (STOP | {"triggerPrice": "58000.05"}, -4014),
    (STOP | {"quantity": "0"}, -4003),
    (STOP | {"workingType": "INDEX_PRICE"}, -4031),
    (STOP | {"clientAlgoId": "sl"}, -4116),
    (STOP | {"clientAlgoId": "x" * 37}, -4015),
    (CLOSE, -4130),
    (CLOSE | {"quantity": "0.010"}, -4137),
    (CLOSE | {"reduceOnly": "false"}, -4138),
    (STOP | {"type": "MARKET", "closePosition": "true"}, -4139),
    (TRAIL | {"closePosition": "true"}, -4136),
    (STOP | {"timeInForce": "GTE_GTC", "triggerPrice": "60001"}, -4142),
    (CLOSE | {"side": "BUY", "triggerPrice": "62000"}, -4509),
    (STOP | {"timeInForce": "GTE_GTC", "side": "BUY", "triggerPrice": "62000"}, -4509),
    (STOP | {"quantity": "0.001", "triggerPrice": "40000"}, -4164),
    (STOP | {"type": "STOP", "side": "BUY", "triggerPrice": "62000", "price": "65100.1"}, -4183),
    (STOP | {"type": "STOP", "price": "55099.9"}, -4184),
    (STOP | {"side": "BUY", "triggerPrice": "600000.1"}, -4210),
    (STOP | {"triggerPrice": "5999.9"}, -4211),
    (STOP | {"type": "STOP", "priceMatch": "FIRST"}, -5037),
    (STOP | {"priceMatch": "QUEUE"}, -5038),
    (STOP | {"selfTradePreventionMode": "X"}, -5039),
    (STOP | {"timeInForce": "GTD", "goodTillDate": "1"}, -5040),
]
ASKING: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", ORDER, {"symbol": "BTCUSDT"}, -1102),
    ("GET", ORDER, {"symbol": "BTCUSDT", "origClientOrderId": ""}, -1119),
    ("GET", ORDER, {"symbol": "BTCUSDT", "orderId": "x"}, -1100),
    ("GET", ORDER, {"symbol": "BTCUSDT", "orderId": "1"}, -2013),
    ("GET", ORDER, {"symbol": "BTCUSDT", "origClientOrderId": "sl"}, -2013),
    ("GET", "/fapi/v1/openOrder", {"symbol": "BTCUSDT", "orderId": "1"}, -2013),
    ("DELETE", ORDER, {"symbol": "BTCUSDT", "orderId": "1"}, -2011),
    ("DELETE", ORDER, {"symbol": "BTCUSDT", "origClientOrderId": "sl"}, -2011),
    ("DELETE", ORDER, {"symbol": "NOUSDT", "orderId": "1"}, -1121),
    ("DELETE", "/fapi/v1/allOpenOrders", {}, -1102),
    ("DELETE", "/fapi/v1/allOpenOrders", {"symbol": "NOUSDT"}, -1121),
    ("GET", "/fapi/v1/openOrders", {"symbol": "NOUSDT"}, -1121),
    ("GET", "/fapi/v1/allOrders", {"startTime": "9", "endTime": "8"}, -1023),
    ("GET", "/fapi/v1/allOrders", {"startTime": "0", "endTime": "604800000"}, -4165),
    ("GET", "/fapi/v1/allOrders", {"limit": "1001"}, -1130),
    ("GET", "/fapi/v1/allOrders", {"orderId": ""}, -1105),
    ("GET", "/fapi/v1/orderAmendment", {"symbol": "BTCUSDT", "orderId": "1"}, -2013),
    ("GET", "/fapi/v1/orderAmendment", {"symbol": "BTCUSDT", "orderId": "1", "limit": "101"}, -1130),
    ("GET", "/fapi/v1/userTrades", {}, -1102),
    ("GET", "/fapi/v1/userTrades", {"symbol": "BTCUSDT", "startTime": "0", "endTime": "604800001"}, -4165),
    ("GET", "/fapi/v1/userTrades", {"symbol": "BTCUSDT", "startTime": "0", "fromId": "1"}, -1128),
]
ALL = (
    [("POST", ORDER, params, code) for params, code in PLACING]
    + [("POST", "/fapi/v1/order/test", params, code) for params, code in PLACING]
    + [("PUT", ORDER, params, code) for params, code in CHANGING]
    + [("POST", ALGO, params, code) for params, code in CONDITIONAL]
    + ASKING
)


def refusal_of(venue: Venue, method: str, path: str, params: dict[str, Any]) -> tuple[int, int]:
    try:
        ENDPOINTS[method, path].handler(venue, params)
    except VenueRefusal as refusal:
        return refusal.code, refusal.http_status
    return 0, 200


def test_every_refusal_has_its_code_and_changes_nothing(world: World, picture: Callable[[VenueCore], Any]) -> None:
    user = world.listen("private")
    before = picture(world.venue.core)
    found = [(method, path, params, refusal_of(world.venue, method, path, params)) for method, path, params, _ in ALL]
    assert found == [(method, path, params, (code, 400)) for method, path, params, code in ALL]
    assert picture(world.venue.core) == before
    world.venue.hub.flush()
    assert not list(user.frames())


def test_no_more_than_the_symbol_allows(world: World, picture: Callable[[VenueCore], Any]) -> None:
    for _ in range(198):
        world.ask("POST", ORDER, **(LIMIT | {"quantity": "0.001"}))
    for _ in range(199):
        world.ask("POST", ALGO, **STOP)
    before = picture(world.venue.core)
    assert refusal_of(world.venue, "POST", ORDER, LIMIT) == (-2025, 400)
    assert refusal_of(world.venue, "POST", ALGO, STOP) == (-4045, 400)
    assert picture(world.venue.core) == before
