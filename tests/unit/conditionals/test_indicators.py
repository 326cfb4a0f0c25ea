import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.conditionals.indicators import bollinger, former_range, realized_volatility, sma

PRICES = st.lists(st.floats(0.01, 1e6), max_size=50).map(lambda values: np.array(values, dtype=np.float64))
# Closes and middle band of a published spreadsheet for BB(20, 2); its bands use the population deviation.
CHART_SCHOOL = np.fromstring(
    "86.1557 89.0867 88.7829 90.3228 89.0671 91.1453 89.4397 89.175 86.9302 87.6752 86.9596 89.4299 89.3221 88.7241 "
    "87.4497 87.2634 89.4985 87.9006 89.126 90.7043 92.9001 92.9784",
    sep=" ",
)


def test_published_bollinger_figures_are_met():
    middle, deviation = bollinger(CHART_SCHOOL, 20)
    assert np.isnan(middle[:19]).all() and np.isnan(deviation[:19]).all()
    assert middle[19:].tolist() == pytest.approx([88.70794, 89.04516, 89.239745], abs=1e-6)
    upper = middle + 2 * deviation * math.sqrt(19 / 20)
    assert upper[19:].tolist() == pytest.approx([91.291862, 91.949268, 92.612595], abs=1e-5)


def test_the_deviation_is_the_sample_deviation():
    _, deviation = bollinger(CHART_SCHOOL, 20)
    assert deviation[19] == pytest.approx(statistics.stdev(CHART_SCHOOL[:20].tolist()), rel=1e-12)


def test_realized_volatility_by_hand():
    close = np.array([100.0, 101.0, 99.0, 100.0])
    r = [math.log(101 / 100), math.log(99 / 101), math.log(100 / 99)]
    expected = [math.sqrt(r[0] ** 2 + r[1] ** 2), math.sqrt(r[1] ** 2 + r[2] ** 2)]
    found = realized_volatility(close, 2)
    assert np.isnan(found[:2]).all() and found[2:].tolist() == pytest.approx(expected, rel=1e-12)


def test_the_former_range_leaves_out_the_value_itself():
    low, high = former_range(np.array([np.nan, 3.0, 1.0, 2.0, 9.0, 0.0]), 3)
    assert np.isnan(low[:4]).all() and np.isnan(high[:4]).all()
    assert (low[4:].tolist(), high[4:].tolist()) == ([1.0, 1.0], [3.0, 9.0])


@given(PRICES, st.integers(2, 12))
def test_indicators_keep_the_length_and_equal_each_window_alone(close, window):
    """A window's figure depends on nothing but its own values: no digit is left over from values long gone."""
    average, (middle, deviation) = sma(close, window), bollinger(close, window)
    volatility = realized_volatility(close, window)
    low, high = former_range(close, window)
    assert {len(x) for x in (average, middle, deviation, volatility, low, high)} == {len(close)}
    for i in range(len(close)):
        if i >= window - 1:
            alone = close[i - window + 1 : i + 1].copy()
            assert average[i] == sma(alone, window)[-1] == middle[i]
            assert deviation[i] == bollinger(alone, window)[1][-1]
        if i >= window:
            alone = close[i - window : i + 1].copy()
            assert volatility[i] == realized_volatility(alone, window)[-1]
            assert (low[i], high[i]) == (alone[:-1].min(), alone[:-1].max())


def test_a_jump_long_ago_leaves_no_trace():
    """Running totals would keep the rounding of 1e15 in every later window."""
    calm = np.full(40, 0.1)
    jumped = np.concatenate(([1e15], calm))
    assert sma(jumped, 20)[-1] == sma(calm, 20)[-1]
    assert bollinger(jumped, 20)[1][-1] == bollinger(calm, 20)[1][-1]


@pytest.mark.parametrize("indicator", [sma, bollinger, realized_volatility, former_range])
def test_useless_arguments_are_refused(indicator):
    with pytest.raises(ValueError, match="window"):
        indicator(np.ones(5), 0)
    with pytest.raises(ValueError, match="dimension"):
        indicator(np.ones((5, 2)), 2)
    with pytest.raises(ValueError, match="window"):
        bollinger(np.ones(5), 1)
