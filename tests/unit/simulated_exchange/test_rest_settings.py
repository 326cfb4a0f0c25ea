from decimal import Decimal
from typing import Any

import pytest

from tests.venue_world import Pipe, World
from trader_gui.simulated_exchange.records import VenueRefusal

SUCCESS = {"code": 200, "msg": "success"}
DUAL, ASSETS, BURN = "/fapi/v1/positionSide/dual", "/fapi/v1/multiAssetsMargin", "/fapi/v1/feeBurn"
MARGIN = "/fapi/v1/positionMargin"


def told(world: World, user: Pipe) -> list[Any]:
    world.venue.hub.flush()
    return list(user.frames())


@pytest.fixture
def world() -> World:
    world = World()
    world.play(1)
    return world


def test_hedge_mode_by_request(world: World) -> None:
    user = world.listen("private")
    assert world.ask("GET", DUAL) == {"dualSidePosition": False}
    assert world.ask("POST", DUAL, dualSidePosition="true") == SUCCESS
    assert world.ask("GET", DUAL) == {"dualSidePosition": True}
    assert world.ask("GET", "/fapi/v1/accountConfig")["dualSidePosition"] is True
    assert told(world, user) == []  # no event tells of it
    order = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "0.100"}
    reply = world.ask("POST", "/fapi/v1/order", **order, side="BUY", positionSide="LONG")
    assert (reply["positionSide"], reply["reduceOnly"]) == ("LONG", False)
    reply = world.ask("POST", "/fapi/v1/order", **order, side="SELL", positionSide="LONG")
    assert (reply["positionSide"], reply["reduceOnly"]) == ("LONG", True)
    updates = [event["a"]["P"] for event in told(world, user) if event["e"] == "ACCOUNT_UPDATE"]
    assert [[row["ps"] for row in rows] for rows in updates] == [["BOTH", "LONG"]] * 2
    trades = world.ask("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
    assert [trade["positionSide"] for trade in trades] == ["LONG", "LONG"]


def test_multi_assets_mode_by_request(world: World) -> None:
    user = world.listen("private")
    assert world.ask("POST", ASSETS, multiAssetsMargin="true") == SUCCESS
    assert world.ask("GET", ASSETS) == {"multiAssetsMargin": True}
    assert world.ask("GET", "/fapi/v2/account")["multiAssetsMargin"] is True
    (event,) = told(world, user)
    assert (event["e"], event["ai"]) == ("ACCOUNT_CONFIG_UPDATE", {"j": True})
    assert "ac" not in event


def test_fee_burn_by_request(world: World) -> None:
    assert world.ask("GET", BURN) == {"feeBurn": False}
    assert world.ask("POST", BURN, feeBurn="true") == SUCCESS
    assert world.ask("GET", BURN) == {"feeBurn": True}
    assert world.ask("GET", "/fapi/v2/account")["feeBurn"] is True


def test_the_agreement_for_stocks_is_accepted(world: World) -> None:
    assert world.ask("POST", "/fapi/v1/stock/contract") == SUCCESS


def test_leverage_by_request(world: World) -> None:
    user = world.listen("private")
    reply = world.ask("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=25)
    assert reply == {"leverage": 25, "maxNotionalValue": "70000000", "symbol": "BTCUSDT"}
    (event,) = told(world, user)
    assert event["ac"] == {"s": "BTCUSDT", "l": 25}
    (config,) = world.ask("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")
    assert (config["leverage"], config["maxNotionalValue"]) == (25, "70000000")


def test_position_margin_by_request(world: World) -> None:
    world.ask("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.100")
    user = world.listen("private")
    reply = world.ask("POST", MARGIN, symbol="BTCUSDT", amount="12.5", type=1)
    assert reply == {"amount": 12.5, "code": 200, "msg": "Successfully modify position margin.", "type": 1}
    (event,) = told(world, user)
    assert (event["a"]["m"], event["a"]["P"][0]["mt"]) == ("MARGIN_TRANSFER", "isolated")
    world.ask("POST", MARGIN, symbol="BTCUSDT", amount="2.5", type=2)
    history = world.ask("GET", MARGIN + "/history", symbol="BTCUSDT")
    assert [(row["type"], row["deltaType"]) for row in history] == [
        (1, "TRADE"),
        (1, "USER_ADJUST"),
        (2, "USER_ADJUST"),
    ]
    assert history[-1] == {
        "symbol": "BTCUSDT",
        "type": 2,
        "deltaType": "USER_ADJUST",
        "amount": "2.50000000",
        "asset": "USDT",
        "time": world.venue.market_ms,
        "positionSide": "BOTH",
    }
    assert world.ask("GET", MARGIN + "/history", symbol="BTCUSDT", type=2) == history[2:]
    (row,) = world.ask("GET", "/fapi/v3/positionRisk")
    expected = sum(Decimal(move["amount"]) * (1 if move["type"] == 1 else -1) for move in history)
    assert Decimal(row["isolatedWallet"]) == expected


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        (DUAL, {}, -1102),
        (DUAL, {"dualSidePosition": "yes"}, -1102),
        (DUAL, {"dualSidePosition": "false"}, -4059),
        (ASSETS, {"multiAssetsMargin": ""}, -1102),
        (ASSETS, {"multiAssetsMargin": "false"}, -4171),
        (BURN, {"feeBurn": "1"}, -1102),
        ("/fapi/v1/leverage", {"symbol": "BTCUSDT"}, -1102),
        ("/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "ten"}, -1100),
        ("/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "0"}, -4028),
        ("/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "126"}, -4028),
        ("/fapi/v1/leverage", {"symbol": "NOUSDT", "leverage": "5"}, -1121),
        ("/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}, -4046),
        ("/fapi/v1/marginType", {"symbol": "BTCUSDT"}, -1102),
        (MARGIN, {"symbol": "BTCUSDT", "amount": "1", "type": "3"}, -1130),
        (MARGIN, {"symbol": "BTCUSDT", "amount": "one", "type": "1"}, -1100),
        (MARGIN, {"symbol": "BTCUSDT", "amount": "1", "type": "1"}, -4049),
        (MARGIN, {"symbol": "BTCUSDT", "amount": "-1", "type": "1"}, -4055),
        (MARGIN, {"symbol": "BTCUSDT", "amount": "1", "type": "1", "positionSide": "SHORT"}, -4061),
    ],
)
def test_refused_settings_change_nothing(
    world: World, picture: Any, path: str, parameters: dict[str, str], code: int
) -> None:
    before = picture(world.venue.core)
    with pytest.raises(VenueRefusal) as refusal:
        world.ask("POST", path, **parameters)
    assert (refusal.value.code, refusal.value.http_status) == (code, 400)
    assert picture(world.venue.core) == before
