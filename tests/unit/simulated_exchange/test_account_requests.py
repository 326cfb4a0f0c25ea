from decimal import Decimal as D
from typing import Any

import pytest

from trader_gui.simulated_exchange.records import AccountEvent, VenueRefusal


def test_money_comes_and_goes_by_transfer(bench: Any) -> None:
    (event,) = bench.core.transfer("USDT", D("500.25"), 7)
    assert isinstance(event, AccountEvent)
    assert (event.reason, event.positions, event.balances[0].balance_change) == ("DEPOSIT", (), D("500.25"))
    (event,) = bench.core.transfer("USDT", D(-10_000), 8)
    assert (event.reason, event.balances[0].wallet_balance) == ("WITHDRAW", D("500.25"))
    entries = bench.core.income(income_type="TRANSFER")
    assert [(e.symbol, e.income, e.info, e.trade_id) for e in entries] == [
        ("", D("500.25"), "TRANSFER", ""),
        ("", -10_000, "TRANSFER", ""),
    ]


@pytest.mark.parametrize(
    ("asset", "amount", "code"),
    [("BNB", "1", -1126), ("USDT", "0", -4055), ("USDT", "0.000000001", -1111), ("USDT", "-9697.00000001", -2018)],
)
def test_refused_transfers(bench: Any, asset: str, amount: str, code: int) -> None:
    bench.tick(bid="59999.9", ask="60000.0", mark="60000")
    bench.order("BUY", "0.1")  # margin 300, fee 3
    before = bench.picture()
    with pytest.raises(VenueRefusal) as refusal:
        bench.core.transfer(asset, D(amount), bench.now_ms)
    assert (refusal.value.code, refusal.value.http_status) == (code, 400)
    assert bench.picture() == before
    bench.core.transfer("USDT", D(-9697), bench.now_ms)


def test_leverage_tells_the_new_limit(bench: Any) -> None:
    config, events = bench.core.set_leverage("BTCUSDT", 100, 7)
    assert (config.leverage, config.max_notional_value) == (100, 800_000)
    assert [(event.symbol, event.leverage, event.time_ms) for event in events] == [("BTCUSDT", 100, 7)]


def test_fee_burn_is_kept(bench: Any) -> None:
    bench.core.set_fee_burn(True)
    assert bench.core.modes().is_fee_burn_on
    bench.order("BUY", "0.1")
    assert bench.core.trades("BTCUSDT")[0].commission == D("3.000005")  # there is no BNB to pay with
