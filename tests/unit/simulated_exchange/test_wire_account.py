"""Replies about the account."""

from decimal import Decimal

from trader_gui.simulated_exchange.records import IncomeEntry
from trader_gui.simulated_exchange.wire_account import income_row


def test_an_income_row_keeps_the_sign_of_the_wallet() -> None:
    entry = IncomeEntry("BTCUSDT", "COMMISSION", Decimal("-0.30000500"), "USDT", "7", 1_767_225_600_000, 3, "7")
    assert income_row(entry) == {
        "symbol": "BTCUSDT",
        "incomeType": "COMMISSION",
        "income": "-0.30000500",
        "asset": "USDT",
        "info": "7",
        "time": 1_767_225_600_000,
        "tranId": 3,
        "tradeId": "7",
    }
