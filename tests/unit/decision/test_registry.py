from decimal import Decimal

import pytest

from trader_gui.conditionals.bb import BBConditional
from trader_gui.conditionals.rv import RVConditional
from trader_gui.decision.bb_rv import BbRvDecision, BbRvParameters
from trader_gui.decision.registry import STRATEGIES, make_strategy
from trader_gui.errors import UserError


def test_the_defaults_are_the_strategy_as_first_traded():
    values = STRATEGIES["bb_rv"].values({})
    assert values == {
        "band_window": 20,
        "inner_deviations": 1,
        "outer_deviations": 2,
        "rv_window": 10,
        "rv_range_window": 20,
        "quantity": Decimal("0.010"),
        "stop_fraction": Decimal("0.0011"),
        "target_fraction": Decimal("0.0016"),
        "limit_offset_fraction": Decimal("0.0001"),
        "pause_ms": 300_000,
        "protective_stop_fraction": Decimal("0.0033"),
        "entry_patience_ms": 10_000,
        "exit_patience_ms": 5_000,
        "retry_ms": 2_000,
    }
    assert set(BbRvParameters.__struct_fields__) <= set(values)
    assert all(spec.minimum <= spec.default <= spec.maximum for spec in STRATEGIES["bb_rv"].parameters)


def test_a_strategy_is_its_decision_and_its_conditionals():
    decision, (bands, volatility) = make_strategy("bb_rv", "BTCUSDT", {"quantity": "0.5", "pause_ms": "0"})
    assert isinstance(decision, BbRvDecision)
    assert isinstance(bands, BBConditional) and isinstance(volatility, RVConditional)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"quantity": "much"}, "quantity: 'much'"),
        ({"quantity": "0"}, "not between"),
        ({"quantity": "NaN"}, "quantity"),
        ({"pause_ms": "1.5"}, "pause_ms"),
        ({"colour": "red"}, "no parameter 'colour'"),
        ({"stop_fraction": "0.004"}, "protective_stop_fraction"),
        ({"outer_deviations": "1"}, "outer_deviations"),
    ],
)
def test_values_that_cannot_be_used_are_refused_by_name(given, words):
    with pytest.raises(UserError, match=words):
        make_strategy("bb_rv", "BTCUSDT", given)


def test_an_unknown_strategy_is_refused_and_the_known_ones_are_named():
    with pytest.raises(UserError, match=r"'moon'.*bb_rv"):
        make_strategy("moon", "BTCUSDT")
