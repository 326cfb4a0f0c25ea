import argparse
from decimal import Decimal as D
from itertools import pairwise
from typing import Any

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.command import add_arguments, options_of
from trader_gui.simulated_exchange.fees import FEE_TIERS
from trader_gui.simulated_exchange.options import ExchangeOptions, check_options


def test_higher_tiers_pay_less_and_the_first_is_the_regular_one() -> None:
    assert FEE_TIERS[0] == (D("0.0002"), D("0.0005"))
    assert all(high.maker < low.maker and high.taker < low.taker for low, high in pairwise(FEE_TIERS))
    assert all(0 <= rates.maker < rates.taker for rates in FEE_TIERS)


def test_a_tier_is_chosen_on_the_command_line() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert options_of(parser.parse_args([])).fee_tier == 0
    options = options_of(parser.parse_args(["--fee-tier", "9"]))
    assert options.fee_tier == 9
    check_options(options)
    with pytest.raises(UserError, match="fee tier 10 does not exist: choose 0 to 9"):
        check_options(ExchangeOptions(fee_tier=10))


def test_a_tier_is_charged_and_reported(make_bench: Any) -> None:
    for tier, fee in ((0, D("3.000005")), (1, D("2.400004")), (9, D("1.0200017"))):
        bench = make_bench(fee_tier=tier)
        bench.order("BUY", "0.1")
        assert bench.core.trades("BTCUSDT")[0].commission == fee
        assert bench.core.modes().fee_tier == tier
        assert bench.core.commission_rate("BTCUSDT").taker == FEE_TIERS[tier].taker
    bench = make_bench(fee_tier=3, taker=D("0.0004"))
    rates = bench.core.commission_rate("BTCUSDT")
    assert (rates.maker, rates.taker) == (FEE_TIERS[3].maker, D("0.0004"))
