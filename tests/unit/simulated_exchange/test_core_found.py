"""What the random sessions have found, each as the few steps that it takes."""

from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.records import VenueRefusal


def test_profit_of_a_mean_price_without_an_end_is_exact(bench) -> None:
    bench.tick(asks=((D("60000.1"), D("0.001")), (D("60000.2"), D("0.002"))))
    bench.order("BUY", "0.003")
    bench.tick(bid="60001.0", ask="60001.1")
    (view,) = bench.core.position_risk("BTCUSDT")
    assert (view.entry_price, view.unrealized_profit) == (D("60000.16666666"), D("0.0025"))
    bench.order("SELL", "0.003", reduceOnly="true")
    assert [entry.income for entry in bench.core.income(income_type="REALIZED_PNL")] == [D("0.0025")]


def test_closing_a_part_of_an_isolated_position_gives_back_exactly_that_part(bench) -> None:
    bench.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    bench.order("BUY", "0.029")
    bench.order("SELL", "0.013", reduceOnly="true")
    (left,) = bench.core.position_risk("BTCUSDT")
    assert left.isolated_wallet == D("48.00008")  # 87.000145 x 16 / 29


def test_turning_an_isolated_position_round_needs_the_margin_of_the_new_side(make_bench) -> None:
    bench = make_bench(wallet_balance=D(2000))
    bench.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    bench.order("SELL", "0.400")
    bench.tick(bid="61500.0", ask="61500.1")
    with pytest.raises(VenueRefusal, match="-2019"):  # 600 lost, 1200 given back: 1388 are there, 1538 needed
        bench.order("BUY", "0.900")
    bench.order("BUY", "0.800")  # as large on the other side: 1231 needed
    (view,) = bench.core.position_risk("BTCUSDT")
    assert view.isolated_wallet == D("1230.002")
    assert bench.core.account().asset.cross_wallet_balance > 0
