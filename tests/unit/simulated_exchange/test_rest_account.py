from decimal import Decimal

import pytest

from tests.venue_world import FUNDING_MS, World
from trader_gui.simulated_exchange.records import VenueRefusal


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
