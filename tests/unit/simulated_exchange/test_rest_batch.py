import json
from typing import Any

import pytest

from tests.venue_world import World
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.rest_batch import ENDPOINTS

BATCH = "/fapi/v1/batchOrders"
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.002"}


@pytest.fixture
def world() -> World:
    world = World()
    world.play(1)
    return world


def price(world: World, fraction: str) -> str:
    mark = world.venue.core.mark("BTCUSDT")
    return str(int(mark * int(fraction) / 100)) + ".0"


def place(world: World, *orders: dict[str, Any]) -> Any:
    return world.ask("POST", BATCH, batchOrders=json.dumps(orders))


def codes(replies: list[dict[str, Any]]) -> list[Any]:
    return [reply.get("code", reply.get("status")) for reply in replies]


def test_each_order_of_a_batch_is_answered_in_its_place(world: World) -> None:
    good = LIMIT | {"price": price(world, "90")}
    replies = place(
        world,
        good | {"newClientOrderId": "a"},
        good | {"newClientOrderId": "a"},
        good | {"price": "1.23"},
        good | {"symbol": "NOUSDT"},
        {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.002", "newOrderRespType": "RESULT"},
    )
    assert codes(replies) == ["NEW", -4116, -4013, -1121, "FILLED"]
    assert all(set(reply) == {"code", "msg"} for reply in replies[1:4])
    assert [row["clientOrderId"] for row in world.ask("GET", "/fapi/v1/openOrders")] == ["a"]


def test_a_batch_of_the_wrong_size_places_nothing(world: World) -> None:
    for orders in ([], [LIMIT | {"price": price(world, "90")}] * 6):
        with pytest.raises(VenueRefusal) as caught:
            place(world, *orders)
        assert (caught.value.code, caught.value.http_status) == (-4082, 400)
    assert world.ask("GET", "/fapi/v1/allOrders") == []


def test_changes_of_a_batch_count_as_concurrent(world: World) -> None:
    ids = [reply["orderId"] for reply in place(world, *[LIMIT | {"price": price(world, "90")}] * 2)]
    change = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.003", "price": price(world, "89")}
    changes = [
        change | {"orderId": ids[0], "modifyId": 5},
        change | {"orderId": ids[0], "quantity": "0.004"},
        change | {"orderId": ids[1], "side": "SELL"},
        change | {"orderId": 1},
    ]
    replies = world.ask("PUT", BATCH, batchOrders=json.dumps(changes))
    assert codes(replies) == ["NEW", -5043, -1117, -2013]
    assert (replies[0]["modifyId"], replies[0]["pair"], replies[0]["origQty"]) == (5, "BTCUSDT", "0.003")
    again = world.ask("PUT", BATCH, batchOrders=json.dumps(changes[1:2]))
    assert (again[0]["origQty"], "modifyId" in again[0]) == ("0.004", False)


def test_cancels_of_a_batch_by_id_or_client_id(world: World) -> None:
    replies = place(world, *[LIMIT | {"price": price(world, "90"), "newClientOrderId": f"c{i}"} for i in range(3)])
    first = replies[0]["orderId"]
    told = world.ask("DELETE", BATCH, symbol="BTCUSDT", orderIdList=f"[{first},1]")
    assert codes(told) == ["CANCELED", -2011]
    told = world.ask("DELETE", BATCH, symbol="BTCUSDT", origClientOrderIdList='["c2","c0"]')
    assert codes(told) == ["CANCELED", -2011]
    assert [row["clientOrderId"] for row in world.ask("GET", "/fapi/v1/openOrders")] == ["c1"]
    for parameters, code in (
        ({"symbol": "BTCUSDT"}, -1102),
        ({"symbol": "NOUSDT", "orderIdList": "[1]"}, -1121),
        ({"symbol": "BTCUSDT", "orderIdList": json.dumps(list(range(11)))}, -4032),
    ):
        with pytest.raises(VenueRefusal) as caught:
            world.ask("DELETE", BATCH, **parameters)
        assert caught.value.code == code


def test_the_dead_mans_switch_cancels_by_the_request_clock_and_spares_conditional_orders(world: World) -> None:
    place(world, *[LIMIT | {"price": price(world, "90")}] * 2)
    world.ask(
        "POST",
        "/fapi/v1/algoOrder",
        algoType="CONDITIONAL",
        symbol="BTCUSDT",
        side="SELL",
        type="STOP_MARKET",
        quantity="0.01",
        triggerPrice=price(world, "90"),
    )
    user = world.listen("private")
    path = "/fapi/v1/countdownCancelAll"
    assert world.ask("POST", path, symbol="BTCUSDT", countdownTime=120_000) == {
        "symbol": "BTCUSDT",
        "countdownTime": "120000",
    }
    world.now_ms += 119_999
    world.venue.run_countdowns()
    world.ask("POST", path, symbol="BTCUSDT", countdownTime=1000)
    world.now_ms += 999
    world.venue.run_countdowns()
    assert len(world.ask("GET", "/fapi/v1/openOrders")) == 2
    world.now_ms += 1
    world.venue.run_countdowns()
    world.venue.hub.flush()
    told = [(frame["o"]["x"], frame["o"]["X"]) for frame in user.frames() if frame["e"] == "ORDER_TRADE_UPDATE"]
    assert told == [("CANCELED", "CANCELED")] * 2
    assert world.ask("GET", "/fapi/v1/openOrders") == []
    assert len(world.ask("GET", "/fapi/v1/openAlgoOrders")) == 1
    for parameters, code in (
        ({"symbol": "BTCUSDT"}, -1102),
        ({"symbol": "NOUSDT", "countdownTime": 5}, -1121),
        ({"symbol": "BTCUSDT", "countdownTime": "-5"}, -1100),
    ):
        with pytest.raises(VenueRefusal) as caught:
            world.ask("POST", path, **parameters)
        assert caught.value.code == code
    assert not world.venue.countdowns.is_running


def test_a_batch_costs_five_orders_of_ten_seconds_and_one_of_a_minute() -> None:
    for method in ("POST", "PUT"):
        endpoint = ENDPOINTS[method, BATCH]
        assert (endpoint.cost({}), endpoint.orders, endpoint.orders_10s) == (5, 1, 5)
