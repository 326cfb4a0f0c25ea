from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.account import Account
from trader_gui.simulated_exchange.open_orders import YEAR_MS, OpenOrders
from trader_gui.simulated_exchange.records import OrderRow
from trader_gui.simulated_exchange.symbols import SPECS


def make_order(number: int, *, side: str = "BUY", symbol: str = "BTCUSDT", reduce_only: bool = False, gtd: int = 0):
    order = OrderRow(number, f"c{number}", symbol, side, "LIMIT", "GTC", D(2), D(100), "NEW", reduce_only, 10, 10)
    order.good_till_date_ms = gtd
    return order


@pytest.fixture
def account() -> Account:
    return Account(SPECS, D(1000), maker=D(0), taker=D(0))


def test_orders_are_found_while_they_are_open(account: Account) -> None:
    orders = OpenOrders(SPECS, account)
    first, other, last = make_order(1), make_order(2, symbol="ETHUSDT"), make_order(3, reduce_only=True)
    for order in (first, last, other):
        orders.add(order)
    assert orders.of() == [first, other, last]
    assert orders.of("BTCUSDT") == [first, last]
    assert (orders.count("BTCUSDT"), orders.has_client_id("c1"), orders.has_reducing("BTCUSDT")) == (2, True, True)
    orders.drop(last)
    orders.drop(first)
    assert (orders.count("BTCUSDT"), orders.has_client_id("c1"), orders.has_reducing("BTCUSDT")) == (0, False, False)
    assert first not in orders
    assert other in orders


def test_the_account_knows_what_they_could_open(account: Account) -> None:
    orders, position = OpenOrders(SPECS, account), account.position("BTCUSDT")
    buy, sell, closing = make_order(1), make_order(2, side="SELL"), make_order(3, side="SELL", reduce_only=True)
    for order in (buy, sell, closing):
        orders.add(order)
    assert (position.bid_notional, position.ask_notional) == (200, 200)
    buy.executed_qty = D("0.5")
    orders.reckon(buy, D("-0.5"))
    assert (position.bid_notional, position.ask_notional) == (150, 200)
    for order in (buy, sell, closing):
        orders.drop(order)
    assert (position.bid_notional, position.ask_notional) == (0, 0)


def test_each_expires_in_its_time(account: Account) -> None:
    orders = OpenOrders(SPECS, account)
    plain, late, soon = make_order(1), make_order(2, gtd=YEAR_MS * 3), make_order(3, gtd=5000)
    for order in (plain, late, soon):
        orders.add(order)
    assert orders.take_due("BTCUSDT", 4999) == []
    assert orders.take_due("BTCUSDT", 5000) == [soon]
    orders.drop(soon)
    assert orders.take_due("BTCUSDT", YEAR_MS + 9) == []
    assert orders.take_due("BTCUSDT", YEAR_MS + 10) == [plain]
    orders.drop(plain)
    assert orders.take_due("BTCUSDT", YEAR_MS * 3) == [late]
    assert orders.take_due("ETHUSDT", YEAR_MS * 9) == []
