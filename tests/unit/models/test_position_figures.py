"""The figures of a position, computed by hand from the venue's formulas: ratio, ROE, liquidation, net result."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import START_MS, make_fill, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.decision.ownership import Opening, opening_of
from trader_gui.domain.account import Balance, MarginType, Position, PositionMode
from trader_gui.domain.order import Fill, FillHistory, PositionSide, Side
from trader_gui.exchange.port import IncomeRow, LeverageBracket
from trader_gui.models.position_figures import (
    MarginFacts,
    PositionResult,
    funding_since,
    maintenance_margin,
    margin_facts,
    margin_figures,
    position_result,
)
from trader_gui.rt_trader.status import FundingStatus

D = Decimal
BRACKETS = (
    LeverageBracket(D(0), D(50_000), D("0.004"), D(0), 125),
    LeverageBracket(D(50_000), D(600_000), D("0.005"), D(50), 100),
    LeverageBracket(D(600_000), D(3_000_000), D("0.0065"), D(950), 75),
)
KEY = ("BTCUSDT", PositionSide.BOTH)
FUNDING_MS = START_MS + 3_600_000


def crossed(amount: str, entry: str = "60000.0", **more: Any) -> Position:
    return make_position(amount, entry, leverage=20, margin_type=MarginType.CROSSED, **more)


def facts(*legs: Position, mark: str | None = "61000.0", wallet: str = "9985.00", **more: Any) -> MarginFacts:
    return MarginFacts(None if mark is None else D(mark), BRACKETS, D(wallet), legs, is_alone=True, **more)


def test_the_venues_worked_example_of_a_cross_position() -> None:
    """Wallet 10 000, 20×: 0.500 at 60 000 as taker, mark 61 000 (protocol reference, 10.1)."""
    position = crossed("0.500")
    figures = margin_figures(position, facts(position))
    assert round((figures.roe_fraction or D(0)) * 100, 3) == D("32.787")  # 500 / 1 525
    assert round((figures.ratio_fraction or D(0)) * 100, 4) == D("1.1636")  # 122 / 10 485
    assert figures.liquidation_price is not None
    assert round(figures.liquidation_price, 3) == D("40190.763")  # -20 015 / -0.498
    assert round(figures.distance_fraction or D(0), 6) == D("-0.341135")


def test_the_venues_worked_example_of_an_isolated_position() -> None:
    position = replace(crossed("0.500"), margin_type=MarginType.ISOLATED, isolated_wallet=D(1500))
    figures = margin_figures(position, facts(wallet="1"))
    assert figures.ratio_fraction == D(122) / D(2000)  # 1 500 + 500
    assert figures.liquidation_price is not None
    assert round(figures.liquidation_price, 3) == D("57228.916")  # (1 500 - 30 000) / -0.498


def test_a_higher_bracket_and_a_short() -> None:
    position = crossed("-20")
    assert maintenance_margin(D(-20), D(60_000), BRACKETS) == D(6_850)
    figures = margin_figures(position, facts(position, mark="60000.0", wallet="100000"))
    assert figures.ratio_fraction == D(6_850) / D(100_000)
    assert figures.liquidation_price is not None and round(figures.liquidation_price, 4) == D("64627.4218")
    assert figures.distance_fraction is not None and figures.distance_fraction > 0


def test_both_legs_of_a_cross_account_share_one_ratio() -> None:
    long = crossed("0.500", position_side=PositionSide.LONG)
    short = crossed("-0.200", "62000.0", position_side=PositionSide.SHORT)
    both = [margin_figures(leg, facts(long, short)).ratio_fraction for leg in (long, short)]
    # 0.5·61000·0.004 + 0.2·61000·0.004 = 122 + 48.8, over 9 985 + 500 + 200
    assert both == [D("170.8") / D(10_685)] * 2
    prices = [margin_figures(leg, facts(long, short)).liquidation_price for leg in (long, short)]
    assert prices[0] is not None and prices[1] is not None and abs(prices[0] - prices[1]) < 1


def test_the_venues_own_liquidation_price_goes_before_ours_and_none_is_told_as_zero() -> None:
    position = crossed("0.500", liquidation_price=D("40000.0"))
    assert margin_figures(position, facts(position)).liquidation_price == D("40000.0")
    safe = crossed("0.100")
    figures = margin_figures(safe, facts(safe))
    assert (figures.liquidation_price, figures.distance_fraction) == (D(0), None)


def test_what_cannot_be_known_is_not_told() -> None:
    position = crossed("0.500")
    told = margin_figures(position, replace(facts(position), is_alone=False))
    assert (told.ratio_fraction, told.liquidation_price) == (None, None) and told.roe_fraction is not None
    told = margin_figures(position, replace(facts(position), brackets=()))
    assert (told.ratio_fraction, told.liquidation_price) == (None, None)
    told = margin_figures(position, facts(position, mark=None))
    assert (told.roe_fraction, told.ratio_fraction, told.distance_fraction) == (None, None, None)


# ---- since it was opened ---------------------------------------------------------------------------------------------


def fill(number: int, side: Side, quantity: str, realized: str = "0", fee: str = "0.50", **more: Any) -> Fill:
    values: dict[str, Any] = {"trade_time_ms": START_MS + number * 1000, "realized_pnl": D(realized)}
    return make_fill(number, side=side, quantity=D(quantity), commission=D(fee), **(values | more))


OPENED = (
    fill(1, Side.SELL, "0.010", fee="9"),  # another position
    fill(2, Side.BUY, "0.010", "3", fee="9"),
    fill(3, Side.BUY, "0.020", fee="1.00"),
    fill(4, Side.SELL, "0.005", "2.50", fee="0.25"),
    fill(5, Side.BUY, "0.010", fee="0.50"),
)


def test_a_position_is_followed_back_to_where_it_was_opened() -> None:
    opening = opening_of(KEY, D("0.025"), OPENED)
    assert opening == Opening(START_MS + 3000, D("2.50"), {"USDT": D("1.75")})
    result = position_result(opening, D("10"), "USDT", D("-0.40"))
    assert result == PositionResult(D("12.50"), D("1.75"), D("-0.40"))
    assert result.net == D("10.35")


def test_an_execution_that_turned_a_position_round_counts_with_the_share_that_opened() -> None:
    fills = (fill(1, Side.BUY, "0.010"), fill(2, Side.SELL, "0.040", "-7", fee="2.00"))
    assert opening_of(KEY, D("-0.030"), fills) == Opening(START_MS + 2000, D(0), {"USDT": D("1.50")})


def test_what_began_before_the_known_executions_is_unknown() -> None:
    assert opening_of(KEY, D("0.050"), OPENED) is None
    assert position_result(None, D("10"), "USDT", D(0)) == PositionResult()
    assert PositionResult().net is None
    assert opening_of(("BTCUSDT", PositionSide.LONG), D("0.025"), OPENED) is None


def test_fees_in_another_asset_are_not_added_up() -> None:
    fills = (fill(1, Side.BUY, "0.010", fee="0.001", commission_asset="BNB"),)
    result = position_result(opening_of(KEY, D("0.010"), fills), D(5), "USDT", D(0))
    assert (result.gross, result.fees, result.net) == (D(5), None, None)


class Held:
    """A core that holds a position, and the funding that the venue has listed."""

    def __init__(self, *positions: Position, fills: tuple[Fill, ...] = OPENED, is_hedge: bool = False) -> None:
        rig = Rig()
        self.core = rig.callback
        rig.send(PositionMode(is_hedge, 0))
        rig.send(make_snapshot(*positions))
        rig.send(FillHistory("BTCUSDT", fills, fills[-1].trade_id))
        self.position = positions[0]
        self.opening = opening_of(self.position.key, self.position.position_amount, self.core.orders.fills)

    def funding(self, *rows: IncomeRow, since_ms: int | None = START_MS, is_whole: bool = True) -> Decimal | None:
        return funding_since(self.opening, self.position, self.core, FundingStatus(since_ms, rows, is_whole))


def paid(amount: str, time_ms: int = FUNDING_MS, symbol: str = "BTCUSDT", asset: str = "USDT") -> IncomeRow:
    return IncomeRow(symbol, "FUNDING_FEE", D(amount), asset, time_ms, time_ms)


def test_funding_of_the_symbol_since_the_opening_is_added_up() -> None:
    held = Held(make_position("0.025"))
    rows = (
        paid("-1.00", START_MS + 1500),  # of the position before
        paid("-0.30"),
        paid("0.10", FUNDING_MS + 1),
        paid("-9", FUNDING_MS + 2, "ETHUSDT"),
    )
    assert held.funding(*rows) == D("-0.20")
    assert held.funding() == D(0)


@pytest.mark.parametrize("known", [{"is_whole": False}, {"since_ms": None}, {"since_ms": START_MS + 3001}])
def test_funding_that_is_not_wholly_known_is_none(known: dict[str, Any]) -> None:
    assert Held(make_position("0.025")).funding(paid("-0.30"), **known) is None


def test_funding_in_another_asset_is_none() -> None:
    assert Held(make_position("0.025")).funding(paid("-0.30", asset="BNFCR")) is None


def test_funding_of_two_legs_cannot_be_told_apart() -> None:
    fills = (
        fill(1, Side.BUY, "0.025", position_side=PositionSide.LONG),
        fill(2, Side.SELL, "0.010", position_side=PositionSide.SHORT),
        fill(3, Side.BUY, "0.010", position_side=PositionSide.SHORT),
    )
    long = make_position("0.025", position_side=PositionSide.LONG)
    assert Held(long, fills=fills, is_hedge=True).funding(paid("-0.30")) is None
    assert Held(long, fills=fills, is_hedge=True).funding() == D(0)
    assert Held(long, fills=fills[:1], is_hedge=True).funding(paid("-0.30")) == D("-0.30")
    short = make_position("-0.010", position_side=PositionSide.SHORT)
    assert Held(long, short, fills=fills[:2], is_hedge=True).funding(paid("-0.30")) is None


def test_the_cross_wallet_is_shared_by_what_is_not_isolated() -> None:
    mine = crossed("0.025")
    other = replace(crossed("1"), symbol="ETHUSDT")
    for others, is_alone in (
        ((), True),
        ((other,), False),
        ((replace(other, margin_type=MarginType.ISOLATED),), True),
    ):
        rig = Rig()
        balance = Balance("USDT", D(10_000), D(9_000))
        rig.send(replace(make_snapshot(mine, *others), balances=(balance,)))
        told = margin_facts(mine, rig.callback, D("61000.0"), BRACKETS)
        assert (told.is_alone, told.cross_wallet_balance) == (is_alone, D(9_000))
        assert [leg.symbol for leg in told.cross_legs] == ["BTCUSDT"]
