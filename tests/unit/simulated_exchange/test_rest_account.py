import re
from decimal import Decimal

import pytest

from tests.venue_world import FUNDING_MS, World
from trader_gui.simulated_exchange.records import VenueRefusal

DAY_MS = 86_400_000
MONEY = r"-?\d+\.\d{8}"


@pytest.fixture
def world() -> World:
    return World()


def test_funding_is_paid_told_and_listed(world: World) -> None:
    user = world.listen("private")
    world.play(1)
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.100")
    world.play(1_801)
    (row,) = world.ask("GET", "/fapi/v1/fundingRate", symbol="BTCUSDT")
    assert row["fundingTime"] == FUNDING_MS
    (income,) = world.ask("GET", "/fapi/v1/income", incomeType="FUNDING_FEE")
    expected = -Decimal("0.100") * Decimal(row["fundingRate"]) * Decimal(row["markPrice"])
    assert abs(Decimal(income["income"]) - expected) < Decimal("0.001")
    told = [event for event in user.frames() if event["e"] == "ACCOUNT_UPDATE" and event["a"]["m"] == "FUNDING_FEE"]
    assert len(told) == 1
    assert told[0]["a"]["P"] == []  # cross: only the balance
    assert told[0]["a"]["S"] == "BTCUSDT"
    assert world.ask("GET", "/fapi/v1/premiumIndex", symbol="BTCUSDT")["nextFundingTime"] > FUNDING_MS


def test_an_unknown_symbol_is_refused_everywhere(world: World) -> None:
    for path in ("/fapi/v3/positionRisk", "/fapi/v1/symbolConfig", "/fapi/v1/leverageBracket", "/fapi/v1/income"):
        with pytest.raises(VenueRefusal) as caught:
            world.ask("GET", path, symbol="NOPEUSDT")
        assert caught.value.code == -1121


def test_figures_of_a_position_fit_together(world: World) -> None:
    world.play(1)
    world.ask("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=10)
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.100")
    world.play(50)
    (row,) = world.ask("GET", "/fapi/v3/positionRisk")
    account = world.ask("GET", "/fapi/v3/account")
    amount, mark, entry = (Decimal(row[name]) for name in ("positionAmt", "markPrice", "entryPrice"))
    assert amount == Decimal("-0.100")
    assert abs(Decimal(row["unRealizedProfit"]) - amount * (mark - entry)) <= Decimal("0.00000002")
    assert abs(Decimal(row["notional"]) - amount * mark) <= Decimal("0.00000001")
    assert abs(Decimal(row["positionInitialMargin"]) - abs(amount) * mark / 10) <= Decimal("0.00000001")
    assert Decimal(row["liquidationPrice"]) > mark
    assert account["totalUnrealizedProfit"] == row["unRealizedProfit"]
    assert account["positions"][0]["positionAmt"] == row["positionAmt"]


def test_versions_two_and_three_of_the_account(world: World) -> None:
    world.play(1)
    totals = {
        "totalInitialMargin",
        "totalMaintMargin",
        "totalWalletBalance",
        "totalUnrealizedProfit",
        "totalMarginBalance",
        "totalPositionInitialMargin",
        "totalOpenOrderInitialMargin",
        "totalCrossWalletBalance",
        "totalCrossUnPnl",
        "availableBalance",
        "maxWithdrawAmount",
    }
    asset = {
        "asset",
        "walletBalance",
        "unrealizedProfit",
        "marginBalance",
        "maintMargin",
        "initialMargin",
        "positionInitialMargin",
        "openOrderInitialMargin",
        "crossWalletBalance",
        "crossUnPnl",
        "availableBalance",
        "maxWithdrawAmount",
        "updateTime",
    }
    empty = world.ask("GET", "/fapi/v3/account")
    assert (empty["positions"], set(empty)) == ([], totals | {"assets", "positions"})
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.100")
    newer, older = world.ask("GET", "/fapi/v3/account"), world.ask("GET", "/fapi/v2/account")
    flags = {"canTrade", "canDeposit", "canWithdraw", "updateTime", "multiAssetsMargin", "tradeGroupId"}
    assert set(older) == totals | flags | {"feeTier", "feeBurn", "assets", "positions"}
    assert all(re.fullmatch(MONEY, newer[name]) and newer[name] == older[name] for name in totals)
    assert set(newer["assets"][0]) == asset
    assert set(older["assets"][0]) == asset | {"marginAvailable"}
    (position,) = newer["positions"]
    assert set(position) == {
        "symbol",
        "positionSide",
        "positionAmt",
        "unrealizedProfit",
        "isolatedMargin",
        "notional",
        "isolatedWallet",
        "initialMargin",
        "maintMargin",
        "updateTime",
    }
    (position,) = older["positions"]
    assert set(position) == {
        "symbol",
        "initialMargin",
        "maintMargin",
        "unrealizedProfit",
        "positionInitialMargin",
        "openOrderInitialMargin",
        "leverage",
        "isolated",
        "entryPrice",
        "maxNotional",
        "bidNotional",
        "askNotional",
        "positionSide",
        "positionAmt",
        "notional",
        "isolatedWallet",
        "updateTime",
    }
    assert (position["leverage"], position["isolated"], position["positionAmt"]) == ("20", False, "0.100")
    assert (position["maxNotional"], position["openOrderInitialMargin"]) == ("100000000", "0")
    assert world.ask("GET", "/fapi/v2/balance") == world.ask("GET", "/fapi/v3/balance")


def test_versions_two_and_three_of_position_risk(world: World) -> None:
    world.play(1)
    assert world.ask("GET", "/fapi/v3/positionRisk") == []
    (flat,) = world.ask("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT")
    assert (flat["positionAmt"], flat["entryPrice"], flat["liquidationPrice"]) == ("0.000", "0.0", "0")
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.100")
    (newer,), (older,) = world.ask("GET", "/fapi/v3/positionRisk"), world.ask("GET", "/fapi/v2/positionRisk")
    assert set(newer) - set(older) == {
        "marginAsset",
        "initialMargin",
        "maintMargin",
        "positionInitialMargin",
        "openOrderInitialMargin",
        "adl",
        "bidNotional",
        "askNotional",
    }
    assert set(older) - set(newer) == {"marginType", "isAutoAddMargin", "leverage", "maxNotionalValue"}
    assert all(older[name] == newer[name] for name in set(older) & set(newer) - {"isolatedMargin"})
    assert (older["marginType"], older["isAutoAddMargin"], older["leverage"]) == ("cross", "false", "20")
    assert (newer["isolatedMargin"], newer["isolatedWallet"], newer["bidNotional"]) == ("0", "0", "0")
    assert newer["notional"].startswith("-") and re.fullmatch(MONEY, newer["notional"])


def test_account_config_brackets_and_fees(world: World) -> None:
    assert world.ask("GET", "/fapi/v1/accountConfig") == {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }
    (row,) = world.ask("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT")
    assert row["brackets"][1] == {
        "bracket": 2,
        "initialLeverage": 100,
        "notionalCap": 800_000,
        "notionalFloor": 300_000,
        "maintMarginRatio": 0.005,
        "cum": 300.0,
    }
    assert world.ask("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT") == {
        "symbol": "BTCUSDT",
        "makerCommissionRate": "0.0002",
        "takerCommissionRate": "0.0005",
        "rpiCommissionRate": "0.0002",
    }
    limits = world.ask("GET", "/fapi/v1/rateLimit/order")
    assert {(row["rateLimitType"], row["intervalNum"]) for row in limits} == {("ORDERS", 1), ("ORDERS", 10)}


def test_trading_status_and_adl_quantile(world: World) -> None:
    world.play(1)
    status = world.ask("GET", "/fapi/v1/apiTradingStatus", symbol="BTCUSDT")
    assert set(status["indicators"]) == {"BTCUSDT", "ACCOUNT"}
    assert not any(row["isLocked"] for rows in status["indicators"].values() for row in rows)
    assert world.ask("GET", "/fapi/v1/adlQuantile") == []
    world.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1", "positionSide": "LONG"}
    world.ask("POST", "/fapi/v1/order", **order)
    expected = {"symbol": "BTCUSDT", "adlQuantile": {"LONG": 1, "SHORT": 0, "HEDGE": 0}}
    assert world.ask("GET", "/fapi/v1/adlQuantile") == [expected]


def test_income_looks_back_a_week_unless_told(world: World) -> None:
    world.play(1)
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.100")
    (fee,) = world.ask("GET", "/fapi/v1/income")
    assert (fee["incomeType"], fee["income"][0], fee["symbol"]) == ("COMMISSION", "-", "BTCUSDT")
    world.venue.market_ms += 8 * DAY_MS
    assert world.ask("GET", "/fapi/v1/income") == []
    assert world.ask("GET", "/fapi/v1/income", startTime=fee["time"], page=3) == [fee]
    assert world.ask("GET", "/fapi/v1/income", endTime=fee["time"], incomeType="COMMISSION") == [fee]
    world.venue.market_ms += 90 * DAY_MS
    assert world.ask("GET", "/fapi/v1/income", startTime=fee["time"]) == []


def test_forced_orders_are_listed(world: World) -> None:
    world.play(1)
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.100")
    world.venue.core.auto_deleverage("BTCUSDT", "BOTH", Decimal("0.04"), world.venue.market_ms)
    (row,) = world.ask("GET", "/fapi/v1/forceOrders", autoCloseType="ADL")
    assert (row["clientOrderId"], row["side"], row["executedQty"]) == ("adl_autoclose", "SELL", "0.04")
    assert (row["type"], row["timeInForce"], row["status"], row["positionSide"]) == ("LIMIT", "IOC", "FILLED", "BOTH")
    assert world.ask("GET", "/fapi/v1/forceOrders", autoCloseType="LIQUIDATION") == []
    assert world.ask("GET", "/fapi/v1/forceOrders", symbol="BTCUSDT") == [row]
    world.venue.market_ms += 8 * DAY_MS
    assert world.ask("GET", "/fapi/v1/forceOrders") == []
    assert world.ask("GET", "/fapi/v1/forceOrders", startTime=row["time"]) == [row]


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("income", {"incomeType": "LUCK"}, -1130),
        ("income", {"limit": "1001"}, -1130),
        ("income", {"startTime": "2", "endTime": "1"}, -1023),
        ("forceOrders", {"autoCloseType": "MARGIN"}, -1130),
        ("forceOrders", {"limit": "101"}, -1130),
        ("positionMargin/history", {}, -1102),
        ("positionMargin/history", {"symbol": "BTCUSDT", "type": "3"}, -1130),
        ("commissionRate", {}, -1102),
        ("adlQuantile", {"symbol": "NOUSDT"}, -1121),
        ("apiTradingStatus", {"symbol": "NOUSDT"}, -1121),
    ],
)
def test_refused_questions(world: World, path: str, parameters: dict[str, str], code: int) -> None:
    with pytest.raises(VenueRefusal) as refusal:
        world.ask("GET", f"/fapi/v1/{path}", **parameters)
    assert (refusal.value.code, refusal.value.http_status) == (code, 400)
