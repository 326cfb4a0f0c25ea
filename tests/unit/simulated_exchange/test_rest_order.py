import pytest

from tests.venue_world import World
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
