"""How a trailing stop follows the price, on a bare row."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.records import AlgoRow
from trader_gui.simulated_exchange.trailing import follow, may_activate_later


def row(side: str, activate: str, rate: str) -> AlgoRow:
    return AlgoRow(
        algo_id=1,
        client_algo_id="t",
        symbol="BTCUSDT",
        side=side,
        order_type="TRAILING_STOP_MARKET",
        time_in_force="GTC",
        quantity=D("0.1"),
        trigger_price=D(0),
        price=D(0),
        working_type="CONTRACT_PRICE",
        close_position=False,
        price_protect=False,
        reduce_only=False,
        algo_status="NEW",
        create_time_ms=1,
        update_time_ms=1,
        activate_price=D(activate),
        callback_rate=D(rate),
    )


def walk(algo: AlgoRow, *prices: str) -> list[tuple[bool, bool]]:
    """(is hit, is activated) after each price."""
    return [(follow(algo, D(price)), algo.is_activated) for price in prices]


def test_a_sell_waits_for_its_activation_then_falls_back_from_the_highest_price() -> None:
    seen = walk(row("SELL", "110", "10"), "100", "80", "110", "120", "108.1", "108")
    assert seen == [(False, False), (False, False), (False, True), (False, True), (False, True), (True, True)]


def test_a_buy_waits_for_its_activation_then_comes_back_from_the_lowest_price() -> None:
    seen = walk(row("BUY", "90", "5"), "100", "120", "90", "80", "83.9", "84")
    assert seen == [(False, False), (False, False), (False, True), (False, True), (False, True), (True, True)]


@pytest.mark.parametrize(
    ("side", "activate", "later"),
    [("BUY", "99", True), ("BUY", "100", False), ("SELL", "101", True), ("SELL", "100", False)],
)
def test_an_activation_price_must_be_ahead(side: str, activate: str, later: bool) -> None:
    assert may_activate_later(side, D(activate), D(100)) is later


@given(st.sampled_from(["BUY", "SELL"]), st.lists(st.integers(50, 150), min_size=1), st.integers(1, 200))
def test_a_hit_is_always_the_rate_away_from_the_extreme(side: str, prices: list[int], tenths: int) -> None:
    algo = row(side, "100", str(D(tenths) / 10))
    rate = D(tenths) / 1000
    for index, price in enumerate(prices):
        past = prices[: index + 1]
        extreme = min(past) if side == "BUY" else max(past)
        is_active = extreme <= 100 if side == "BUY" else extreme >= 100
        away = price >= extreme * (1 + rate) if side == "BUY" else price <= extreme * (1 - rate)
        assert follow(algo, D(price)) == (is_active and away)
        assert algo.extreme_price == extreme
