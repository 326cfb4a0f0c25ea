import gzip
import json
from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trader_gui.simulated_exchange import margin
from trader_gui.simulated_exchange.records import Bracket
from trader_gui.simulated_exchange.symbols import SPECS, make_brackets

# The bracket table of the venue in 2024, with which the worked examples were reckoned.
BRACKETS_2024 = make_brackets(
    [
        (0, 125, "0.004"),
        (50_000, 100, "0.005"),
        (600_000, 75, "0.0065"),
        (3_000_000, 50, "0.01"),
        (12_000_000, 25, "0.02"),
        (70_000_000, 20, "0.025"),
        (100_000_000, 10, "0.05"),
    ],
    230_000_000,
)
WALLET = D("1535443.01")
TABLE = Path(__file__).parents[4] / "shared" / "data" / "brackets" / "usdm-leverage-brackets-2025-07.json.gz"


@pytest.mark.parametrize(
    ("other_maintenance", "other_unrealized", "cum", "quantity", "entry", "rate", "published"),
    [
        ("71200.81144", "-56354.57", "135365", "3683.979", "1456.84", "0.10", "1153.256464696"),
        ("356512.508", "-448192.89", "16300", "109.488", "32481.980", "0.025", "26316.893308903"),
        ("0", "0", "135365", "3683.979", "1456.84", "0.10", "1114.784963746"),
        ("0", "0", "16300", "109.488", "32481.980", "0.025", "18778.725932171"),
    ],
)
def test_liquidation_price_matches_the_published_ones(
    other_maintenance: str, other_unrealized: str, cum: str, quantity: str, entry: str, rate: str, published: str
) -> None:
    price = margin.liquidation_price(
        wallet_balance=WALLET,
        other_maintenance=D(other_maintenance),
        other_unrealized=D(other_unrealized),
        legs=[(margin.Leg(1, D(quantity), D(entry)), Bracket(1, 1, D(0), D(0), D(rate), D(cum)))],
    )
    assert abs(price - D(published)) <= D("1e-9")


def test_worked_example_of_a_short_in_the_third_bracket() -> None:
    assert margin.maintenance_margin(BRACKETS_2024, D(1_200_000)) == 6850
    price = margin.bracketed_liquidation_price(
        BRACKETS_2024,
        wallet_balance=D(100_000),
        other_maintenance=D(0),
        other_unrealized=D(0),
        legs=[margin.Leg(-1, D(20), D(60_000))],
        mark_price=D(60_000),
    )
    assert round(price, 4) == D("64627.4218")


def test_liquidation_price_uses_the_bracket_of_its_own_notional() -> None:
    # 590,000 now is the second bracket; the short is liquidated above 600,000, in the third.
    price = margin.bracketed_liquidation_price(
        BRACKETS_2024,
        wallet_balance=D(100_000),
        other_maintenance=D(0),
        other_unrealized=D(0),
        legs=[margin.Leg(-1, D(10), D(59_000))],
        mark_price=D(59_000),
    )
    assert price == (D(100_000) + 950 + 590_000) / (10 * D("0.0065") + 10)


def test_hedged_liquidation_price_by_the_published_formula() -> None:
    wallet, other_maintenance, other_unrealized = D(5_000), D(120), D(-80)
    both = (1, D("0.4"), D(59_000), D("0.004"), D(0))  # direction, quantity, entry, rate, cum
    long = (1, D(9), D(60_000), D("0.005"), D(50))
    short = (-1, D("4.5"), D(61_000), D("0.005"), D(50))
    numerator = wallet - other_maintenance + other_unrealized + both[4] + long[4] + short[4]
    numerator += -both[1] * both[2] - long[1] * long[2] + short[1] * short[2]
    denominator = both[1] * both[3] + long[1] * long[3] + short[1] * short[3] - both[1] - long[1] + short[1]
    price = margin.bracketed_liquidation_price(
        BRACKETS_2024,
        wallet_balance=wallet,
        other_maintenance=other_maintenance,
        other_unrealized=other_unrealized,
        legs=[margin.Leg(*leg[:3]) for leg in (both, long, short)],
        mark_price=D(60_000),
    )
    assert price == numerator / denominator
    assert 0 < price < 60_000


def test_a_perfect_hedge_is_liquidated_only_far_away_or_never() -> None:
    def price(wallet: int) -> D:
        return margin.bracketed_liquidation_price(
            BRACKETS_2024,
            wallet_balance=D(wallet),
            other_maintenance=D(0),
            other_unrealized=D(0),
            legs=[margin.Leg(1, D(1), D(60_000)), margin.Leg(-1, D(1), D(60_000))],
            mark_price=D(60_000),
        )

    found = price(10_000)
    assert abs(10_000 - 2 * margin.maintenance_margin(BRACKETS_2024, found)) < D("1e-9")
    without_rate = [msgspec.structs.replace(row, maint_margin_ratio=D(0), cum=D(0)) for row in BRACKETS_2024]
    assert (
        margin.liquidation_price(
            wallet_balance=D(1),
            other_maintenance=D(0),
            other_unrealized=D(0),
            legs=[(margin.Leg(1, D(1), D(9)), without_rate[0]), (margin.Leg(-1, D(1), D(9)), without_rate[0])],
        )
        == 0
    )


def test_a_hedge_with_the_larger_long_is_liquidated_far_above_when_it_cannot_be_below() -> None:
    legs = [margin.Leg(1, D("1.1"), D(60_000)), margin.Leg(-1, D(1), D(60_000))]

    def equity_left(price: D) -> D:
        profit = sum((leg.direction * leg.quantity * (price - leg.entry_price) for leg in legs), D(0))
        needed = sum((margin.maintenance_margin(BRACKETS_2024, leg.quantity * price) for leg in legs), D(0))
        return 500_000 + profit - needed

    found = margin.bracketed_liquidation_price(
        BRACKETS_2024,
        wallet_balance=D(500_000),
        other_maintenance=D(0),
        other_unrealized=D(0),
        legs=legs,
        mark_price=D(60_000),
    )
    assert equity_left(D(1)) > 0
    assert found > 60_000
    assert abs(equity_left(found)) < D("1e-9")


@pytest.mark.skipif(not TABLE.exists(), reason="the venue's bracket table is not here")
def test_every_bracket_of_the_venue_follows_the_rule() -> None:
    checked = 0
    for symbol in json.loads(gzip.decompress(TABLE.read_bytes())):
        rows = symbol["brackets"]
        steps = [(int(row["notionalFloor"]), int(row["initialLeverage"]), row["maintMarginRatio"]) for row in rows]
        ours = make_brackets(steps, int(rows[-1]["notionalCap"]))
        for row, bracket in zip(rows, ours, strict=True):
            assert abs(bracket.cum - D(row["cum"])) < D("1e-6"), (symbol["symbol"], row)
            assert bracket.notional_cap == D(row["notionalCap"])
            checked += 1
            # At its floor a bracket demands what the one below does: no jump.
            below = ours[max(0, bracket.bracket - 2)]
            at_floor = bracket.notional_floor
            assert at_floor * (bracket.maint_margin_ratio - below.maint_margin_ratio) == bracket.cum - below.cum
    assert checked == 4839


@given(
    wallet=st.integers(1, 5_000_000),
    quantity=st.integers(1, 2_000_000),
    entry=st.integers(1_000, 100_000),
    direction=st.sampled_from([1, -1]),
)
def test_at_the_liquidation_price_equity_is_maintenance_margin(
    wallet: int, quantity: int, entry: int, direction: int
) -> None:
    size = D(quantity) / 1000
    brackets = SPECS["BTCUSDT"].brackets
    price = margin.bracketed_liquidation_price(
        brackets,
        wallet_balance=D(wallet),
        other_maintenance=D(0),
        other_unrealized=D(0),
        legs=[margin.Leg(direction, size, D(entry))],
        mark_price=D(entry),
    )
    if price == 0:  # a long with more money than it can lose
        assert wallet >= size * entry
        return
    assume(size * price <= brackets[-1].notional_cap)
    equity = wallet + direction * size * (price - entry)
    assert abs(equity - margin.maintenance_margin(brackets, size * price)) < D("1e-9")


@given(st.sampled_from(sorted(SPECS)), st.integers(1, 400_000_000), st.integers(1, 400_000_000))
def test_maintenance_margin_is_continuous_and_rises(symbol: str, one: int, other: int) -> None:
    brackets = SPECS[symbol].brackets
    low, high = sorted((one, other))
    assert 0 <= margin.maintenance_margin(brackets, D(low)) <= margin.maintenance_margin(brackets, D(high))
    for below, above in pairwise(brackets):
        edge = above.notional_floor
        assert below.notional_cap == edge
        assert edge * below.maint_margin_ratio - below.cum == edge * above.maint_margin_ratio - above.cum


def test_published_maintenance_margins() -> None:
    for notional, rate, cum, margin_of_it in (
        ("4918775.081", "0.1", "135365", "356512.5081"),
        ("3500032.458", "0.025", "16300", "71200.81145"),
    ):
        bracket = Bracket(1, 10, D(0), D(10**8), D(rate), D(cum))
        assert margin.maintenance_margin([bracket], D(notional)) == D(margin_of_it)


def test_order_cost_of_the_worked_example() -> None:
    def cost(is_buy: bool, price: int) -> D:
        return margin.order_cost(is_buy=is_buy, price=D(price), quantity=D("0.1"), leverage=20, mark_price=D(61_000))

    assert cost(True, 60_000) == 300
    assert cost(True, 62_000) == 410
    assert cost(False, 60_000) == 400
    assert cost(False, 61_000) == 305


def test_assumed_price() -> None:
    def assumed(is_buy: bool, limit: str | None, mark: str) -> D:
        return margin.assumed_price(
            is_buy=is_buy,
            limit_price=None if limit is None else D(limit),
            last_price=D(1000),
            mark_price=D(mark),
            best_ask=D(1001),
        )

    assert assumed(True, "990", "1000") == 990
    assert assumed(True, None, "1000") == D("1001") * D("1.0005")
    assert assumed(False, "990", "1000") == D("1001.5")
    assert assumed(False, "1010", "1000") == 1010
    assert assumed(False, None, "1020") == 1020


def test_max_notional_follows_the_leverage() -> None:
    assert margin.max_notional(BRACKETS_2024, 125) == 50_000
    assert margin.max_notional(BRACKETS_2024, 20) == 100_000_000
    assert margin.max_notional(BRACKETS_2024, 21) == 70_000_000
    assert margin.max_notional(BRACKETS_2024, 126) == 0


def test_cut_goes_toward_zero() -> None:
    assert margin.cut(D("1.999999999")) == D("1.99999999")
    assert margin.cut(D("-1.999999999")) == D("-1.99999999")


def test_cut_spares_an_amount_that_a_mean_price_has_brought_just_below_itself() -> None:
    assert margin.cut(D("0.00249999999999999999999999")) == D("0.0025")
    assert margin.cut(D("-0.1649999999999999999999")) == D("-0.165")
    assert margin.cut(D("0.002499999999999")) == D("0.00249999")
    assert margin.cut(D("1e25")) == D("1e25")
