from decimal import Decimal

import pytest

from tests.venue_world import ENDPOINTS, World
from trader_gui.simulated_exchange.endpoints import KEY
from trader_gui.simulated_exchange.records import VenueRefusal


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
    until = world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT", endTime=middle["T"], limit=2)
    assert until == [row for row in everything if row["T"] <= middle["T"]][-2:]


def test_historical_trades_need_a_key_and_begin_at_an_id(world: World) -> None:
    world.play(600)
    assert ENDPOINTS["GET", "/fapi/v1/historicalTrades"].security == KEY
    newest = world.ask("GET", "/fapi/v1/historicalTrades", symbol="BTCUSDT", limit=5)
    assert newest == world.ask("GET", "/fapi/v1/trades", symbol="BTCUSDT", limit=5)
    first = newest[1]["id"]
    rows = world.ask("GET", "/fapi/v1/historicalTrades", symbol="BTCUSDT", limit=2, fromId=first)
    assert [row["id"] for row in rows] == [first, first + 1]


def test_weights_follow_the_parameters() -> None:
    cost = lambda path, **parameters: ENDPOINTS["GET", f"/fapi/v1/{path}"].cost(parameters)  # noqa: E731
    assert [cost("klines", limit=str(count)) for count in (99, 100, 499, 500, 1000, 1500)] == [1, 2, 2, 5, 5, 10]
    assert [cost("depth", limit=str(count)) for count in (5, 50, 100, 500, 1000)] == [2, 2, 5, 10, 20]
    assert (cost("depth"), cost("klines", limit="x"), cost("rpiDepth")) == (10, 5, 20)
    assert (cost("depth", limit="9" * 5000), cost("klines", limit="9" * 5000)) == (10, 5)
    assert (cost("openOrders"), cost("openOrders", symbol="BTCUSDT")) == (40, 1)
    for path, weights in {
        "premiumIndex": (10, 1),
        "ticker/24hr": (40, 1),
        "ticker/price": (2, 1),
        "ticker/bookTicker": (5, 2),
    }.items():
        assert (cost(path), cost(path, symbol="BTCUSDT")) == weights
    fixed = {"ping": 1, "time": 1, "exchangeInfo": 1, "trades": 5, "historicalTrades": 200, "aggTrades": 20}
    fixed |= {"openInterest": 1, "constituents": 2, "symbolAdlRisk": 1, "fundingRate": 0, "fundingInfo": 0}
    assert {path: cost(path) for path in fixed} == fixed


def test_funding_rates_by_time(world: World) -> None:
    world.play(1_801)
    (row,) = world.ask("GET", "/fapi/v1/fundingRate")
    at_ms = row["fundingTime"]
    assert world.ask("GET", "/fapi/v1/fundingRate", symbol="BTCUSDT", startTime=at_ms, endTime=at_ms) == [row]
    assert world.ask("GET", "/fapi/v1/fundingRate", symbol="BTCUSDT", startTime=at_ms + 1) == []
    assert world.ask("GET", "/fapi/v1/fundingRate", symbol="BTCUSDT", endTime=at_ms - 1) == []
    assert world.ask("GET", "/fapi/v1/fundingInfo") == []  # every symbol pays at the usual interval


def test_one_symbol_or_all() -> None:
    world = World("BTCUSDT", "ETHUSDT")
    world.play(20)
    for path in ("premiumIndex", "ticker/24hr", "ticker/price", "ticker/bookTicker", "symbolAdlRisk"):
        rows = world.ask("GET", f"/fapi/v1/{path}")
        assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT"]
        assert world.ask("GET", f"/fapi/v1/{path}", symbol="ETHUSDT") == rows[1]
    assert world.ask("GET", "/fapi/v2/ticker/price") == world.ask("GET", "/fapi/v1/ticker/price")
    info = world.ask("GET", "/fapi/v1/exchangeInfo")
    assert [entry["symbol"] for entry in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    assert info["serverTime"] < world.ask("GET", "/fapi/v1/time")["serverTime"]


def test_books_are_cut_and_the_index_is_the_premium_indexs(world: World) -> None:
    world.play(20)
    depth = world.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=5)
    whole = world.ask("GET", "/fapi/v1/rpiDepth", symbol="BTCUSDT")
    assert (depth["bids"], len(depth["asks"])) == (whole["bids"][:5], 5)
    prices = [Decimal(price) for price, _ in whole["bids"]]
    assert prices == sorted(prices, reverse=True)
    (part,) = world.ask("GET", "/fapi/v1/constituents", symbol="BTCUSDT")["constituents"]
    assert part["price"] == world.ask("GET", "/fapi/v1/premiumIndex", symbol="BTCUSDT")["indexPrice"]


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("depth", {}, -1102),
        ("depth", {"symbol": "NOUSDT"}, -1121),
        ("depth", {"symbol": "BTCUSDT", "limit": 7}, -4021),
        ("depth", {"symbol": "BTCUSDT", "limit": 0}, -4021),
        ("depth", {"symbol": "BTCUSDT", "limit": "five"}, -1100),
        ("rpiDepth", {"symbol": "BTCUSDT", "limit": 500}, -4021),
        ("trades", {"symbol": "BTCUSDT", "limit": 1001}, -1130),
        ("trades", {}, -1102),
        ("historicalTrades", {"symbol": "BTCUSDT", "limit": 501}, -1130),
        ("aggTrades", {"symbol": "BTCUSDT", "limit": 1001}, -1130),
        ("aggTrades", {"symbol": "BTCUSDT", "startTime": 2, "endTime": 1}, -1023),
        ("aggTrades", {"symbol": "BTCUSDT", "startTime": 1, "endTime": 3_600_001}, -1127),
        ("aggTrades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}, -1128),
        ("aggTrades", {"symbol": "BTCUSDT", "fromId": "1.5"}, -1100),
        ("premiumIndex", {"symbol": "NOUSDT"}, -1121),
        ("ticker/24hr", {"symbol": "NOUSDT"}, -1121),
        ("ticker/price", {"symbol": "NOUSDT"}, -1121),
        ("ticker/bookTicker", {"symbol": "NOUSDT"}, -1121),
        ("fundingRate", {"symbol": "NOUSDT"}, -1121),
        ("fundingRate", {"limit": 1001}, -1130),
        ("fundingRate", {"startTime": 2, "endTime": 1}, -1023),
        ("constituents", {}, -1102),
        ("symbolAdlRisk", {"symbol": "NOUSDT"}, -1121),
    ],
)
def test_wrong_parameters_are_refused(world: World, path: str, parameters: dict[str, object], code: int) -> None:
    with pytest.raises(VenueRefusal) as refusal:
        world.ask("GET", f"/fapi/v1/{path}", **parameters)
    assert (refusal.value.code, refusal.value.http_status) == (code, 400)
