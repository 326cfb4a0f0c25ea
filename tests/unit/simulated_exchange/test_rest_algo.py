from typing import Any

import pytest

from tests.venue_world import World
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.rest_algo import ENDPOINTS

PATH = "/fapi/v1/algoOrder"
EXITS = {"tpOrderType", "tpTriggerPrice", "tpPrice", "slTriggerPrice", "slPrice"}


@pytest.fixture
def world() -> World:
    world = World()
    world.play(1)
    return world


def stop(world: World, **extra: Any) -> Any:
    trigger = str(int(world.venue.core.mark("BTCUSDT")) - 5000)
    parameters = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET"}
    return world.ask("POST", PATH, **(parameters | {"quantity": "0.010", "triggerPrice": trigger} | extra))


def test_a_conditional_order_from_placing_to_cancel(world: World) -> None:
    placed = stop(world, clientAlgoId="sl-1", priceProtect="true")
    assert (placed["algoStatus"], placed["orderType"], placed["priceProtect"]) == ("NEW", "STOP_MARKET", True)
    assert "actualOrderId" not in placed
    found = world.ask("GET", PATH, clientAlgoId="sl-1")
    told = {name: value for name, value in placed.items() if name not in ("activatePrice", "callbackRate")}
    assert found == told | {name: found[name] for name in {"actualOrderId", "actualPrice"} | EXITS}
    assert world.ask("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT") == [found]
    assert world.ask("GET", "/fapi/v1/openAlgoOrders", algoType="CONDITIONAL", algoId=placed["algoId"]) == [found]
    assert world.ask("GET", "/fapi/v1/openAlgoOrders", algoId=1) == []
    assert world.ask("DELETE", PATH, algoId=placed["algoId"]) == {
        "algoId": placed["algoId"],
        "clientAlgoId": "sl-1",
        "code": "200",
        "msg": "success",
    }
    assert world.ask("GET", PATH, algoId=placed["algoId"])["algoStatus"] == "CANCELED"
    assert [row["algoStatus"] for row in world.ask("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT")] == ["CANCELED"]
    assert world.ask("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")["code"] == 200


def test_a_trailing_stop_tells_its_rate(world: World) -> None:
    placed = world.ask(
        "POST",
        PATH,
        algoType="CONDITIONAL",
        symbol="BTCUSDT",
        side="SELL",
        type="TRAILING_STOP_MARKET",
        quantity="0.010",
        callbackRate="1.5",
    )
    last = world.venue.core.last_price("BTCUSDT")
    assert (placed["callbackRate"], placed["activatePrice"], placed["triggerPrice"]) == ("1.5", str(last), "0")


@pytest.mark.parametrize(
    ("method", "path", "parameters", "code"),
    [
        ("GET", PATH, {}, -1102),
        ("GET", PATH, {"algoId": 1}, -2013),
        ("GET", PATH, {"algoId": "x"}, -1100),
        ("DELETE", PATH, {"algoId": 1}, -2011),
        ("DELETE", PATH, {"clientAlgoId": "none"}, -2011),
        ("GET", "/fapi/v1/openAlgoOrders", {"symbol": "NOUSDT"}, -1121),
        ("GET", "/fapi/v1/openAlgoOrders", {"algoType": "TWAP"}, -1130),
        ("GET", "/fapi/v1/allAlgoOrders", {}, -1102),
        ("GET", "/fapi/v1/allAlgoOrders", {"symbol": "BTCUSDT", "startTime": 9, "endTime": 8}, -1023),
        ("GET", "/fapi/v1/allAlgoOrders", {"symbol": "BTCUSDT", "startTime": 0, "endTime": 604_800_000}, -4165),
        ("GET", "/fapi/v1/allAlgoOrders", {"symbol": "BTCUSDT", "limit": 1001}, -1130),
        ("DELETE", "/fapi/v1/algoOpenOrders", {"symbol": "NOUSDT"}, -1121),
    ],
)
def test_refused_requests(world: World, method: str, path: str, parameters: dict[str, Any], code: int) -> None:
    assert (method, path) in ENDPOINTS
    with pytest.raises(VenueRefusal) as caught:
        world.ask(method, path, **parameters)
    assert (caught.value.code, caught.value.http_status) == (code, 400)
