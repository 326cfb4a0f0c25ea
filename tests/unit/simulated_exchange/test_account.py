import json
from decimal import ROUND_HALF_UP
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from trader_gui.simulated_exchange.account import Account
from trader_gui.simulated_exchange.settings import set_margin_type
from trader_gui.simulated_exchange.symbols import SPECS, make_brackets

BTC = "BTCUSDT"
RECORDED = Path(__file__).parents[4] / "shared" / "data" / "messages" / "user"


# The bracket table with which the worked examples were reckoned.
BRACKETS_2024 = make_brackets(
    [(0, 125, "0.004"), (50_000, 100, "0.005"), (600_000, 75, "0.0065"), (3_000_000, 50, "0.01")], 12_000_000
)


def make_account(wallet: str = "10000") -> Account:
    return Account(SPECS, D(wallet))


def fill(account: Account, side: str, quantity: str, price: str, *, is_maker: bool = False) -> tuple[D, D]:
    number = len(account.incomes) + 1
    return account.fill(BTC, side, D(price), D(quantity), is_maker=is_maker, trade_id=number, time_ms=number)


def test_worked_example_digit_by_digit() -> None:
    account = make_account()
    position = account.position(BTC)
    assert fill(account, "BUY", "0.500", "60000") == (15, 0)
    assert account.wallet_balance == 9985
    assert position.break_even_price == 60030
    account.holdings[BTC].mark_price = D(61000)
    assert position.notional == 30500
    assert position.initial_margin == 1525
    assert account.maintenance(position) == 122
    assert position.unrealized == 500
    equity = account.cross_wallet + account.cross_unrealized()
    assert equity == 10485
    assert round(account.cross_maintenance() / equity * 100, 4) == D("1.1636")
    assert account.available_balance() == 8960
    assert round(position.unrealized / position.initial_margin * 100, 3) == D("32.787")
    assert round(account.liquidation_price(position), 3) == D("40190.763")
    assert account.fund(position, 9, D(61000), D("0.0001")) == D("-3.05")
    assert fill(account, "SELL", "0.250", "61000") == (D("7.625"), 250)
    assert account.wallet_balance == D("10224.325")
    assert (position.amount, position.entry_price, position.accumulated_realized) == (D("0.25"), 60000, 250)


def test_an_isolated_position_gets_no_margin_that_is_not_there() -> None:
    account = make_account("100")
    set_margin_type(account, BTC, "ISOLATED", has_orders=False)
    fill(account, "BUY", "0.100", "60000")  # 20 times: 300 of margin, 3 of fee
    position = account.position(BTC)
    assert (position.isolated_wallet, account.cross_wallet, account.wallet_balance) == (97, 0, 97)
    fill(account, "SELL", "0.200", "59500")  # gives back 97, loses 50, costs 5.95; the short would take 297.5
    assert (position.amount, account.wallet_balance) == (D("-0.1"), D("41.05"))
    assert (position.isolated_wallet, account.cross_wallet) == (D("41.05"), 0)
    assert account.margin_changes[-1].amount == D("41.05")


def test_worked_example_without_funding() -> None:
    account = make_account()
    fill(account, "BUY", "0.500", "60000")
    fill(account, "SELL", "0.250", "61000")
    assert account.wallet_balance == D("10227.375")


def test_worked_example_of_a_bracket_change() -> None:
    account = Account(SPECS | {BTC: replace(SPECS[BTC], brackets=BRACKETS_2024)}, D(100_000), taker=D(0))
    position = account.position(BTC)
    fill(account, "SELL", "20", "60000")
    account.holdings[BTC].mark_price = D(60000)
    assert account.maintenance(position) == 6850
    price = account.liquidation_price(position)
    assert round(price, 4) == D("64627.4218")
    account.holdings[BTC].mark_price = price
    assert abs(account.cross_wallet + account.cross_unrealized() - account.cross_maintenance()) < D("1e-9")


def test_isolated_worked_example_and_margin_moves() -> None:
    account = make_account()
    set_margin_type(account, BTC, "ISOLATED", has_orders=False)
    fill(account, "BUY", "0.500", "60000")
    position = account.position(BTC)
    account.holdings[BTC].mark_price = D(60000)
    assert (position.isolated_wallet, account.cross_wallet) == (1500, 8485)
    assert round(account.liquidation_price(position), 3) == D("57228.916")
    fill(account, "SELL", "0.250", "61000")  # half the margin comes back, with the profit, on the cross wallet
    assert (position.isolated_wallet, account.cross_wallet) == (750, D("9477.375"))
    account.fund(account.position(BTC), 9, D(60000), D("0.0001"))
    assert (position.isolated_wallet, account.cross_wallet) == (D("748.5"), D("9477.375"))
    fill(account, "SELL", "0.250", "60000")
    assert (position.isolated_wallet, account.cross_wallet) == (0, account.wallet_balance)


def test_entry_price_is_the_weighted_mean_and_a_flip_opens_anew() -> None:
    account = make_account()
    position = account.position(BTC)
    for quantity, price in (("0.010", "23843.90"), ("0.001", "23874.30"), ("0.001", "23874.30"), ("0.008", "23874.30")):
        fill(account, "SELL", quantity, price)
    assert (position.amount, position.entry_price) == (D("-0.020"), D("23859.1"))
    assert fill(account, "BUY", "0.050", "23876").realized == D("-0.338")  # type: ignore[attr-defined]
    assert (position.amount, position.entry_price) == (D("0.030"), 23876)
    assert position.break_even_price == 23876 * D("1.0005")


def test_break_even_mixes_maker_and_taker_fees() -> None:
    account = make_account()
    fill(account, "SELL", "1", "1000", is_maker=True)
    fill(account, "SELL", "1", "1000")
    assert account.position(BTC).break_even_price == 1000 - D("0.35")
    fill(account, "BUY", "1", "900")
    assert account.position(BTC).break_even_price == 1000 - D("0.35")


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded messages are not here")
def test_recorded_fills_of_a_real_account_row_by_row() -> None:
    fills = [order for order in recorded("order_trade_update", "o") if order["x"] == "TRADE"]
    updates = recorded("account_update", "a")
    assert len(fills) == len(updates) == 19
    account = Account(SPECS, D("768.82206834"), maker=D("0.0002"), taker=D("0.0004"))
    position, realized_before = account.position(BTC), D("-0.7398")
    for number, (order, update) in enumerate(zip(fills, updates, strict=True), start=1):
        result = account.fill(
            BTC, order["S"], D(order["L"]), D(order["l"]), is_maker=order["m"], trade_id=number, time_ms=number
        )
        # The venue itself cut three fees and a profit one unit of the last digit below the exact figure.
        assert abs(result.commission - D(order["n"])) <= D("1e-8")
        assert abs(result.realized - D(order["rp"])) <= D("1e-8")
        (balance,), (row,) = update["B"], update["P"]
        assert abs(account.wallet_balance - D(balance["wb"])) <= D("5e-8")
        assert abs(account.cross_wallet - D(balance["cw"])) <= D("5e-8")
        assert abs(realized_before + position.accumulated_realized - D(row["cr"])) <= D("1e-8")
        assert position.amount == D(row["pa"])
        assert position.entry_price.quantize(D("0.00001"), rounding=ROUND_HALF_UP) == D(row["ep"])
    assert abs(account.wallet_balance - D("765.65261836")) <= D("5e-8")
    assert (position.amount, position.entry_price) == (D("-0.010"), D("23729.8"))


def recorded(name: str, part: str) -> list[Any]:
    """The messages of the session's unbroken part."""
    lines = (RECORDED / f"til_session-2023-02-24_{name}.jsonl").read_text().splitlines()
    return [line["message"]["data"][part] for line in map(json.loads, lines) if line["local_time"] >= "20:16:38"]


def test_recorded_entry_prices_show_five_decimals() -> None:
    account = make_account()
    for price, shown in (("23874.60", "23874.60000"), ("23877.50", "23876.05000"), ("23880.50", "23877.53333")):
        fill(account, "SELL", "0.010", price)
        entry = account.position(BTC).entry_price
        assert str(entry.quantize(D("0.00001"), rounding=ROUND_HALF_UP)) == shown


FILLS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 3000), st.integers(200_000, 900_000), st.booleans()),
    max_size=40,
)


@given(FILLS, st.booleans())
def test_wallet_is_start_plus_incomes_and_position_is_the_sum_of_fills(
    fills: list[tuple[str, int, int, bool]], is_isolated: bool
) -> None:
    account = make_account()
    if is_isolated:
        set_margin_type(account, BTC, "ISOLATED", has_orders=False)
    position = account.position(BTC)
    cash = expected = D(0)  # what an account of spot money would hold: independent of entry prices
    for number, (side, thousandths, tenths, is_maker) in enumerate(fills):
        quantity, price = D(thousandths) / 1000, D(tenths) / 10
        signed = quantity if side == "BUY" else -quantity
        expected += signed
        cash -= signed * price
        account.fill(BTC, side, price, quantity, is_maker=is_maker, trade_id=number, time_ms=number)
        account.holdings[BTC].mark_price = price
        assert position.amount == expected
        assert account.wallet_balance == 10_000 + sum(entry.income for entry in account.incomes)
        realized = sum(entry.income for entry in account.incomes if entry.income_type == "REALIZED_PNL")
        assert abs(cash + expected * price - realized - position.unrealized) < D("1e-6")
        assert realized == position.accumulated_realized
        assert (position.entry_price == 0) == (position.amount == 0)
        assert position.isolated_wallet >= 0 and (position.amount or not position.isolated_wallet)
    assert len({entry.tran_id for entry in account.incomes}) == len(account.incomes)


@given(st.integers(-5000, 5000), st.integers(-300, 300))
def test_funding_sums_to_zero_between_the_two_sides(thousandths: int, rate_bps: int) -> None:
    changes = []
    for sign in (1, -1):
        account = make_account()
        amount = sign * thousandths
        if amount:
            fill(account, "BUY" if amount > 0 else "SELL", str(D(abs(amount)) / 1000), "60000")
        changes.append(account.fund(account.position(BTC), 1, D("60000.1"), D(rate_bps) / 10_000))
    assert changes[0] == -changes[1]
    if thousandths > 0 and rate_bps > 0:
        assert changes[0] < 0  # longs pay


def test_break_even_of_the_documented_positions() -> None:
    for side, entry, rate, published in (
        ("BUY", "0.385", "0.0002", "0.385077"),
        ("SELL", "70.92841", "0.0004", "70.900038636"),
    ):
        account = Account(SPECS, D(10_000), taker=D(rate))
        fill(account, side, "10", entry)
        assert account.position(BTC).break_even_price == D(published)


def test_open_orders_cost_only_what_the_worse_side_adds() -> None:
    account = make_account()
    position = account.position(BTC)
    fill(account, "BUY", "0.1", "60000")
    account.holdings[BTC].mark_price = D(60000)
    account.set_open_orders(position, D(0), D(6000))
    assert position.order_margin == 0  # selling what is held
    account.set_open_orders(position, D(3000), D(6000))
    assert position.order_margin == 150
    account.set_open_orders(position, D(3000), D(20000))
    assert position.order_margin == 400  # flips to -14000: 8000 more than the 6000 held


def test_only_positions_and_orders_in_use_are_looked_at() -> None:
    account = make_account()
    assert account.active_positions() == []
    fill(account, "BUY", "0.1", "60000")
    account.set_open_orders(account.position("ETHUSDT"), D(100), D(0))
    assert [position.symbol for position in account.active_positions()] == [BTC, "ETHUSDT"]
    account.set_open_orders(account.position("ETHUSDT"), D(0), D(0))
    fill(account, "SELL", "0.1", "60000")
    assert account.active_positions() == account.open_positions() == []


def test_isolated_margin_moves_are_kept_as_history() -> None:
    account = make_account()
    set_margin_type(account, BTC, "ISOLATED", has_orders=False)
    fill(account, "BUY", "0.5", "60000")
    fill(account, "SELL", "0.8", "60000")  # closes, and opens 0.3 short
    moves = [(change.change_type, change.delta_type, change.amount) for change in account.margin_changes]
    assert moves == [(1, "TRADE", 1500), (2, "TRADE", 1500), (1, "TRADE", 900)]
