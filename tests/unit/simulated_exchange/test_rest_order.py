from typing import Any

import pytest

from tests.venue_world import World
from trader_gui.simulated_exchange.paging import DAY_MS
from trader_gui.simulated_exchange.records import VenueRefusal


@pytest.fixture
def world() -> World:
    return World()


def test_own_trades_by_order_and_by_id(world: World) -> None:
    world.play(1)
    placed = [
        world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side=side, type="MARKET", quantity="0.001")
        for side in ("BUY", "SELL", "BUY")
    ]
    rows = world.ask("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
    assert [row["side"] for row in rows] == ["BUY", "SELL", "BUY"]
    assert world.ask("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", orderId=placed[1]["orderId"]) == rows[1:2]
    assert world.ask("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", fromId=rows[1]["id"]) == rows[1:]
    assert world.ask("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", limit=1) == rows[2:]


def test_one_of_two_ids_is_needed(world: World) -> None:
    for method, path in (("GET", "order"), ("DELETE", "order"), ("GET", "openOrder")):
        with pytest.raises(VenueRefusal) as caught:
            world.ask(method, f"/fapi/v1/{path}", symbol="BTCUSDT")
        assert caught.value.code == -1102
    for method in ("GET", "DELETE"):
        with pytest.raises(VenueRefusal) as caught:
            world.ask(method, "/fapi/v1/algoOrder")
        assert caught.value.code == -1102


def test_a_filled_order_is_no_longer_open_but_known(world: World) -> None:
    world.play(1)
    order = world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.001")
    found = world.ask("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=order["orderId"])
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.001")
    with pytest.raises(VenueRefusal) as caught:
        world.ask("GET", "/fapi/v1/openOrder", symbol="BTCUSDT", orderId=order["orderId"])
    assert caught.value.code == -2013


def test_a_refused_order_leaves_no_trace(world: World) -> None:
    world.play(1)
    user = world.listen("private")
    with pytest.raises(VenueRefusal):
        world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="99.000")
    world.venue.hub.flush()
    assert not list(user.frames())
    assert world.ask("GET", "/fapi/v1/allOrders", symbol="BTCUSDT") == []


LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.002"}


def resting(world: World, **extra: Any) -> Any:
    price = f"{int(world.venue.core.mark('BTCUSDT')) * 9 // 10}.0"
    return world.ask("POST", "/fapi/v1/order", **(LIMIT | {"price": price} | extra))


def test_the_reply_that_was_asked_for(world: World) -> None:
    world.play(1)
    market = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.002"}
    told = world.ask("POST", "/fapi/v1/order", **market)
    assert (told["status"], told["executedQty"], told["cumQty"]) == ("NEW", "0", "0")
    told = world.ask("POST", "/fapi/v1/order", newOrderRespType="RESULT", **market)
    assert (told["status"], told["executedQty"], told["cumQty"]) == ("FILLED", "0.002", "0.002")
    assert {"avgPrice", "cumQuote", "cumBase"}.isdisjoint(told)
    assert (told["selfTradePreventionMode"], told["priceMatch"]) == ("EXPIRE_MAKER", "NONE")


def test_a_test_order_is_answered_like_an_order_and_leaves_nothing(world: World) -> None:
    world.play(1)
    placed = resting(world)
    tested = world.ask("POST", "/fapi/v1/order/test", **(LIMIT | {"priceMatch": "QUEUE", "newClientOrderId": "t"}))
    assert set(tested) == set(placed)
    assert (tested["orderId"], tested["clientOrderId"], tested["status"]) == (0, "t", "NEW")
    assert tested["price"] == str(world.venue.core.best("BTCUSDT")[0][0])  # type: ignore[index]
    assert len(world.ask("GET", "/fapi/v1/allOrders")) == 1


def test_the_history_of_a_changed_order(world: World) -> None:
    world.play(1)
    placed = resting(world)
    change = {"symbol": "BTCUSDT", "side": "BUY", "orderId": placed["orderId"], "price": placed["price"]}
    changed = world.ask("PUT", "/fapi/v1/order", quantity="0.003", modifyId=7, **change)
    assert (changed["modifyId"], changed["pair"], changed["selfTradePreventionMode"]) == (7, "BTCUSDT", "NONE")
    told = world.ask("GET", "/fapi/v1/orderAmendment", symbol="BTCUSDT", orderId=placed["orderId"])
    assert told == [
        {
            "amendmentId": 1,
            "symbol": "BTCUSDT",
            "pair": "BTCUSDT",
            "orderId": placed["orderId"],
            "clientOrderId": placed["clientOrderId"],
            "time": world.venue.market_ms,
            "amendment": {
                "price": {"before": placed["price"], "after": placed["price"]},
                "origQty": {"before": "0.002", "after": "0.003"},
                "count": 1,
                "modifyId": 7,
            },
        }
    ]


def test_histories_see_a_week(world: World) -> None:
    world.play(1)
    first = resting(world)["orderId"]
    trade = world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.001")
    start = world.venue.market_ms
    world.venue.market_ms += 8 * DAY_MS
    second = resting(world)["orderId"]

    def seen(path: str, **parameters: Any) -> list[int]:
        return [row["orderId"] for row in world.ask("GET", f"/fapi/v1/{path}", **parameters)]

    assert seen("allOrders") == [second]
    assert seen("allOrders", symbol="BTCUSDT", startTime=start) == [first, trade["orderId"]]
    assert seen("allOrders", orderId=first) == [first, trade["orderId"], second]
    assert seen("allOrders", endTime=start + 5) == [first, trade["orderId"]]
    assert seen("userTrades", symbol="BTCUSDT") == []
    assert seen("userTrades", symbol="BTCUSDT", startTime=start) == [trade["orderId"]]
    assert seen("userTrades", symbol="BTCUSDT", fromId=1) == [trade["orderId"]]
    assert seen("userTrades", symbol="BTCUSDT", orderId=trade["orderId"]) == [trade["orderId"]]
    listed = world.ask("GET", "/fapi/v1/allOrders", orderId=first)[0]
    assert (listed["pair"], listed["cumBase"], listed["avgPrice"], listed["cumQuote"]) == ("BTCUSDT", "0", "0", "0")
