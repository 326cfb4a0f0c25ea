"""Margin figures as the SDK of Binance reads them, recomputed by the published formulas from what it reads besides."""

from decimal import Decimal
from typing import Any

import pytest

from tests.conformance_clients import plain, rest_of
from tests.conformance_world import Address, Ledger

OF_SYMBOL = {"symbol": "BTCUSDT"}
SIZE = Decimal("0.5")
CUT = Decimal("1e-8")
"""Amounts are cut to eight decimals."""


def bracket_of(rest: Any, notional: Decimal) -> tuple[Decimal, Decimal]:
    """Return maintenance rate and `cum` of the bracket that a notional falls into."""
    answer = plain(rest.notional_and_leverage_brackets(**OF_SYMBOL))
    (entry,) = answer if isinstance(answer, list) else [answer]
    found = next(row for row in entry.brackets if notional <= Decimal(str(row.notional_cap)))
    return Decimal(str(found.maint_margin_ratio)), Decimal(str(found.cum))


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("margin", ["CROSSED", "ISOLATED"])
def test_position_figures(address: Address, ledger: Ledger, side: str, margin: str) -> None:
    with rest_of(address) as rest:
        if margin == "ISOLATED":
            rest.change_margin_type(**OF_SYMBOL, margin_type=margin)
        leverage = rest.change_initial_leverage(**OF_SYMBOL, leverage=20).data().leverage
        rest.new_order(**OF_SYMBOL, side=side, type="MARKET", quantity=float(SIZE))
        (row,) = rest.position_information_v3(**OF_SYMBOL).data()
        amount, entry, mark = Decimal(row.position_amt), Decimal(row.entry_price), Decimal(row.mark_price)
        assert amount == (SIZE if side == "BUY" else -SIZE)
        rate, cum = bracket_of(rest, abs(amount * mark))
        is_isolated = margin == "ISOLATED"
        wallet = Decimal(row.isolated_wallet) if is_isolated else ledger.wallet()
        liquidation = (wallet + cum - amount * entry) / (SIZE * rate - amount)
        taker = Decimal(rest.user_commission_rate(**OF_SYMBOL).data().taker_commission_rate)
        expected = {
            "notional": amount * mark,
            "un_realized_profit": amount * (mark - entry),
            "position_initial_margin": SIZE * mark / leverage,
            "maint_margin": SIZE * mark * rate - cum,
            "break_even_price": entry * (1 + taker if amount > 0 else 1 - taker),
        }
        for name, value in expected.items():
            assert abs(Decimal(getattr(row, name)) - value) <= CUT, name
        assert abs(Decimal(row.liquidation_price) - max(liquidation, Decimal(0))) < Decimal("0.01")
        if is_isolated:
            margin_now = Decimal(row.isolated_wallet) + Decimal(row.un_realized_profit)
            assert abs(Decimal(row.isolated_margin) - margin_now) <= CUT
        account = rest.account_information_v3().data()
        total = {name: Decimal(value) for name, value in account if isinstance(value, str)}
        balance = total["total_wallet_balance"] + total["total_unrealized_profit"]
        assert abs(total["total_margin_balance"] - balance) <= CUT  # each is cut by itself
        cross = total["total_cross_wallet_balance"] + total["total_cross_un_pnl"]
        held = Decimal(0) if is_isolated else total["total_initial_margin"]
        assert abs(total["available_balance"] - (cross - held)) <= 2 * CUT
        assert total["total_wallet_balance"] == total["total_cross_wallet_balance"] + (wallet if is_isolated else 0)
