import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.conditionals.indicators import former_range, realized_volatility
from trader_gui.conditionals.rv import NAME, RVConditional

PRICES = st.lists(st.floats(1, 1e6), max_size=40)


@given(PRICES, st.integers(0, 40))
def test_the_live_form_equals_the_array_form_bit_for_bit(closes, reset_at):
    window, range_window = 4, 6
    conditional = RVConditional(window, range_window)
    conditional.reset(np.array(closes[:reset_at], dtype=np.float64))
    for close in closes[reset_at:]:
        conditional.extend(close)
    (condition,) = conditional.evaluate(1.0)
    needs = window + 1 + range_window - len(closes)
    assert condition.name == NAME and condition.ready == (needs <= 0)
    if needs > 0:
        assert (condition.value, condition.needs) == (False, needs)
        return
    volatility = realized_volatility(np.array(closes), window)
    low, high = former_range(volatility, range_window)
    assert condition.reading == volatility[-1]
    assert condition.value == (low[-1] <= volatility[-1] <= high[-1])
    assert condition.text == f"{low[-1] * 1e4:.1f}–{high[-1] * 1e4:.1f}"


@pytest.mark.parametrize("last", [100.0, 140.0])
def test_a_value_outside_the_values_before_it_is_told(last):
    """The range must not contain the value that is compared with it, or nothing is ever outside."""
    closes = [100.0 + (i % 2) for i in range(31)]
    conditional = RVConditional(10, 20)
    conditional.reset(np.array(closes))
    assert conditional.evaluate(0.0)[0].value
    conditional.extend(101.0 if last == 100.0 else last)
    assert conditional.evaluate(0.0)[0].value == (last == 100.0)


def test_the_condition_is_made_once_a_kline():
    conditional = RVConditional(10, 20)
    assert conditional.evaluate(1.0)[0] is conditional.evaluate(2.0)[0]
    before = conditional.evaluate(1.0)[0]
    conditional.extend(5.0)
    assert conditional.evaluate(1.0)[0] is not before
