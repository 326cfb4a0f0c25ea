import pytest

from tests.venue_world import ENDPOINTS, World


@pytest.fixture
def world() -> World:
    return World()


def test_agg_trades_by_id_and_by_time(world: World) -> None:
    world.play(600)
    everything = world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT")
    middle = everything[len(everything) // 2]
    by_id = world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT", fromId=middle["a"], limit=3)
    assert [row["a"] for row in by_id] == [middle["a"], middle["a"] + 1, middle["a"] + 2]
    by_time = world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT", startTime=middle["T"], endTime=middle["T"])
    assert by_time
    assert {row["T"] for row in by_time} == {middle["T"]}
    assert world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT", limit=2) == everything[-2:]


def test_weights_follow_the_parameters() -> None:
    cost = lambda path, **parameters: ENDPOINTS["GET", f"/fapi/v1/{path}"].cost(parameters)  # noqa: E731
    assert [cost("klines", limit=str(count)) for count in (99, 100, 499, 500, 1000, 1500)] == [1, 2, 2, 5, 5, 10]
    assert [cost("depth", limit=str(count)) for count in (5, 50, 100, 500, 1000)] == [2, 2, 5, 10, 20]
    assert (cost("depth"), cost("klines", limit="x")) == (10, 5)
    assert (cost("openOrders"), cost("openOrders", symbol="BTCUSDT")) == (40, 1)
    assert ENDPOINTS["POST", "/fapi/v1/order"].orders == ENDPOINTS["POST", "/fapi/v1/algoOrder"].orders == 1


def test_funding_rates_by_time(world: World) -> None:
    world.play(1_801)
    (row,) = world.ask("GET", "/fapi/v1/fundingRate")
    at_ms = row["fundingTime"]
    assert world.ask("GET", "/fapi/v1/fundingRate", symbol="BTCUSDT", startTime=at_ms, endTime=at_ms) == [row]
    assert world.ask("GET", "/fapi/v1/fundingRate", symbol="BTCUSDT", startTime=at_ms + 1) == []
    assert world.ask("GET", "/fapi/v1/fundingRate", symbol="BTCUSDT", endTime=at_ms - 1) == []


def test_klines_between_two_times(world: World) -> None:
    everything = world.ask("GET", "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=10)
    chosen = world.ask(
        "GET", "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", startTime=everything[3][0], endTime=everything[5][0]
    )
    assert chosen == everything[3:6]
