"""Every refusal of a setting has the venue's code, HTTP 400, and leaves the account as it was."""

from decimal import Decimal as D
from typing import Any

import pytest

from trader_gui.simulated_exchange.records import AccountEvent, AssetModeEvent, VenueRefusal


def refused(bench: Any, code: int, call: Any) -> None:
    before = bench.picture()
    with pytest.raises(VenueRefusal) as refusal:
        call()
    assert (refusal.value.code, refusal.value.http_status) == (code, 400)
    assert bench.picture() == before


def test_position_mode_needs_an_empty_account(bench: Any) -> None:
    core = bench.core
    refused(bench, -4059, lambda: core.set_position_mode(False))
    order = bench.order("BUY", "0.01", "59000")
    refused(bench, -4067, lambda: core.set_position_mode(True))
    core.cancel_order("BTCUSDT", order.order_id, None, bench.now_ms)
    algo = bench.algo("SELL", "STOP_MARKET", "58000", "0.01")
    refused(bench, -4067, lambda: core.set_position_mode(True))
    core.cancel_algo(algo.algo_id, None, bench.now_ms)
    bench.order("BUY", "0.01")
    refused(bench, -4068, lambda: core.set_position_mode(True))
    bench.order("SELL", "0.01")
    core.set_position_mode(True)
    assert core.modes().is_hedge
    refused(bench, -4059, lambda: core.set_position_mode(True))


@pytest.mark.parametrize("leverage", [0, -1, 126])
def test_leverage_that_no_bracket_offers(bench: Any, leverage: int) -> None:
    refused(bench, -4028, lambda: bench.core.set_leverage("BTCUSDT", leverage, 1))


def test_leverage_too_high_for_the_position_or_too_low_for_the_margin(make_bench: Any) -> None:
    bench = make_bench(wallet_balance=D(20_000))
    bench.order("BUY", "5.1", "60000.1")
    refused(bench, -2027, lambda: bench.core.set_leverage("BTCUSDT", 125, 1))  # at most 300,000
    refused(bench, -2028, lambda: bench.core.set_leverage("BTCUSDT", 10, 1))
    bench.core.set_leverage("BTCUSDT", 100, 1)
    assert bench.core.account().asset.position_initial_margin == 3060


def test_isolated_leverage_can_only_rise_with_a_position(bench: Any) -> None:
    bench.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    bench.core.set_leverage("BTCUSDT", 10, 1)
    bench.order("BUY", "0.1")
    refused(bench, -4161, lambda: bench.core.set_leverage("BTCUSDT", 9, 1))
    bench.core.set_leverage("BTCUSDT", 20, 1)
    bench.order("SELL", "0.1")
    bench.core.set_leverage("BTCUSDT", 1, 1)


def test_margin_type_needs_a_symbol_at_rest(bench: Any) -> None:
    def change(margin_type: str) -> Any:
        return lambda: bench.core.set_margin_type("BTCUSDT", margin_type, 1)

    refused(bench, -4046, change("CROSSED"))
    refused(bench, -1102, change("cross"))
    order = bench.order("BUY", "0.01", "59000")
    refused(bench, -4047, change("ISOLATED"))
    bench.core.cancel_order("BTCUSDT", order.order_id, None, bench.now_ms)
    bench.algo("SELL", "STOP_MARKET", "58000", "0.01")
    refused(bench, -4047, change("ISOLATED"))
    bench.core.cancel_all_algo("BTCUSDT", bench.now_ms)
    bench.order("BUY", "0.01")
    refused(bench, -4048, change("ISOLATED"))
    bench.order("SELL", "0.01")
    (event,) = change("ISOLATED")()
    assert isinstance(event, AccountEvent)
    assert (event.reason, event.positions[0].margin_type) == ("MARGIN_TYPE_CHANGE", "ISOLATED")
    refused(bench, -4046, change("ISOLATED"))


def test_multi_assets_mode_and_isolated_margin_exclude_each_other(bench: Any) -> None:
    core = bench.core
    refused(bench, -4171, lambda: core.set_multi_assets_mode(False, 1))
    core.set_margin_type("ETHUSDT", "ISOLATED", 1)
    refused(bench, -4167, lambda: core.set_multi_assets_mode(True, 1))
    core.set_margin_type("ETHUSDT", "CROSSED", 1)
    bench.order("BUY", "0.01", "59000")
    refused(bench, -4170, lambda: core.set_multi_assets_mode(True, 1))
    core.cancel_all("BTCUSDT", bench.now_ms)
    before = core.account().asset
    assert core.set_multi_assets_mode(True, 5) == [AssetModeEvent(True, 5)]
    assert core.account().asset == before  # USDT is the only asset, and worth 1 USD
    refused(bench, -4168, lambda: core.set_margin_type("BTCUSDT", "ISOLATED", 1))
    refused(bench, -4171, lambda: core.set_multi_assets_mode(True, 1))
    core.set_multi_assets_mode(False, 1)
    core.set_margin_type("BTCUSDT", "ISOLATED", 1)


def test_multi_assets_mode_needs_equity_and_a_wallet_above_zero(make_bench: Any) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.order("BUY", "0.1")
    bench.tick(bid="58000.0", ask="58000.1")  # equity below the initial margin, above the maintenance margin
    refused(bench, -4169, lambda: bench.core.set_multi_assets_mode(True, 1))
    bench = make_bench(wallet_balance=D(500))
    bench.tick(bid="3000.00", ask="3000.01", symbol="ETHUSDT")
    bench.order("BUY", "0.05")
    bench.order("SELL", "1", symbol="ETHUSDT")
    bench.tick(bid="2000.00", ask="2000.01", symbol="ETHUSDT")  # 1000 of profit that is not realised
    bench.tick(bid="48000.0", ask="48000.1")
    bench.order("SELL", "0.05")
    assert bench.wallet() < 0
    refused(bench, -4172, lambda: bench.core.set_multi_assets_mode(True, 1))


@pytest.fixture
def isolated(bench: Any) -> Any:
    """0.5 long at 60000.1 with 1500.0025 set aside, mark 60000."""
    bench.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    bench.order("BUY", "0.5", "60000.1")
    return bench


def move(bench: Any, amount: str, adds: bool, side: str = "BOTH") -> Any:
    return lambda: bench.core.move_position_margin("BTCUSDT", side, D(amount), adds=adds, now_ms=bench.now_ms)


def test_margin_moves_between_the_wallets(isolated: Any) -> None:
    position = isolated.core.position_risk("BTCUSDT")[0]
    (event,) = move(isolated, "100.5", True)()
    assert (event.reason, event.positions[0].isolated_wallet) == ("MARGIN_TRANSFER", D("1600.5025"))
    assert event.balances[0].cross_wallet_balance == isolated.wallet() - D("1600.5025")
    moved = isolated.core.position_risk("BTCUSDT")[0]
    assert moved.isolated_wallet == position.isolated_wallet + D("100.5")
    assert moved.liquidation_price < position.liquidation_price
    # Margin balance 1600.5025 - 0.05, initial margin 1500: what may go is 100.4525.
    refused(isolated, -4051, move(isolated, "100.45250001", False))
    move(isolated, "100.4525", False)()
    changes = isolated.core.margin_changes("BTCUSDT")
    assert [(c.change_type, c.delta_type, c.amount) for c in changes] == [
        (1, "TRADE", D("1500.0025")),
        (1, "USER_ADJUST", D("100.5")),
        (2, "USER_ADJUST", D("100.4525")),
    ]
    assert isolated.core.income() == isolated.core.income(income_type="COMMISSION")  # no money came or went


def test_refused_margin_moves(isolated: Any) -> None:
    available = isolated.core.account().asset.available_balance
    refused(isolated, -4055, move(isolated, "0", True))
    refused(isolated, -4055, move(isolated, "-1", False))
    refused(isolated, -1111, move(isolated, "1.000000001", True))
    refused(isolated, -4050, move(isolated, str(available + D("0.00000001")), True))
    refused(isolated, -4060, move(isolated, "1", True, "NET"))
    refused(isolated, -4061, move(isolated, "1", True, "LONG"))
    move(isolated, str(available), True)()
    isolated.order("SELL", "0.5")
    refused(isolated, -4054, move(isolated, "1", True))
    isolated.core.set_margin_type("BTCUSDT", "CROSSED", 1)
    isolated.order("BUY", "0.1")
    refused(isolated, -4049, move(isolated, "1", True))
