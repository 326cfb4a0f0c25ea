"""Chart indicators: figures worked out by hand or by the definition, edges, and what they forget."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.conditionals.chart_indicators import atr, ema, macd, memory, rsi, true_range, vwap

WILDER_CLOSES = np.concatenate(
    (
        [44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08],
        [45.89, 46.03, 45.61, 46.28, 46.28, 46.00, 46.03, 46.41, 46.22, 45.64],
    )
)
"""Closes of a table that is reprinted in many places (StockCharts' ChartSchool, RSI), with the values below."""

prices = st.lists(st.floats(1.0, 1e6), min_size=1, max_size=120).map(np.array)


def test_ema_by_hand() -> None:
    values = ema(np.array([1.0, 2.0, 3.0, 4.0, 8.0]), 3)
    assert np.isnan(values[:2]).all()
    assert values[2:].tolist() == [2.0, 3.0, 5.5]


def test_rsi_meets_a_published_table() -> None:
    values = rsi(WILDER_CLOSES, 14)
    assert np.isnan(values[:14]).all()
    np.testing.assert_allclose(values[14:], [70.46, 66.25, 66.48, 69.35, 66.29, 57.92], atol=0.06)


def test_rsi_at_its_ends_and_where_nothing_moves() -> None:
    assert rsi(np.arange(1.0, 30.0), 14)[-1] == 100.0
    assert rsi(np.arange(30.0, 1.0, -1.0), 14)[-1] == 0.0
    assert rsi(np.full(30, 5.0), 14)[-1] == 50.0


def test_macd_is_what_it_says() -> None:
    close = 100 + np.cumsum(np.random.default_rng(3).normal(0, 1, 200))
    difference, signal = macd(close, 12, 26, 9)
    np.testing.assert_array_equal(difference[25:], (ema(close, 12) - ema(close, 26))[25:])
    assert np.isnan(difference[:25]).all()
    assert np.isnan(signal[:33]).all()
    assert signal[33] == pytest.approx(difference[25:34].mean())
    assert signal[34] == pytest.approx(signal[33] + 0.2 * (difference[34] - signal[33]))


def test_true_range_and_its_average_by_hand() -> None:
    high, low, close = np.array([10.0, 12.0, 11.0]), np.array([8.0, 11.0, 7.0]), np.array([9.0, 11.5, 8.0])
    assert true_range(high, low, close).tolist() == [2.0, 3.0, 4.5]
    values = atr(high, low, close, 2)
    assert np.isnan(values[0])
    assert values[1:].tolist() == [2.5, 3.5]


def test_vwap_begins_anew_with_each_session() -> None:
    price, volume = np.array([10.0, 20.0, 40.0, 50.0]), np.array([1.0, 3.0, 0.0, 2.0])
    values = vwap(price, volume, np.array([1, 1, 2, 2]))
    assert values[[0, 1, 3]].tolist() == [10.0, 17.5, 50.0]
    assert np.isnan(values[2])


@given(prices, st.integers(1, 40))
def test_averages_lie_within_what_they_average(close: np.ndarray, window: int) -> None:
    values = ema(close, window)
    assert len(values) == len(close)
    assert np.isfinite(values).sum() == max(0, len(close) - window + 1)
    ready = values[np.isfinite(values)]
    slack = 1e-9 * close.max()
    assert not len(ready) or (close.min() - slack <= ready.min() and ready.max() <= close.max() + slack)
    index = rsi(close, window)
    told = index[np.isfinite(index)]
    assert len(told) == max(0, len(close) - window)
    assert ((told >= 0) & (told <= 100 + 1e-9)).all()


@pytest.mark.parametrize("window", [1, 2, 14, 200])
def test_what_was_forgotten_makes_no_difference(window: int) -> None:
    close = 100_000 + np.cumsum(np.random.default_rng(5).normal(0, 30, 8000))
    cut = 8000 - memory(2.0 / (window + 1)) - window - 10
    np.testing.assert_allclose(ema(close[cut:], window)[-1], ema(close, window)[-1], rtol=1e-12)
    assert memory(1.0) == 0


def test_a_window_below_one_and_two_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ema(np.ones(5), 0)
    with pytest.raises(ValueError, match="one dimension"):
        rsi(np.ones((2, 5)), 3)
    with pytest.raises(ValueError, match="one dimension"):
        vwap(np.ones((2, 5)), np.ones((2, 5)), np.ones((2, 5), int))


def test_empty_arrays_are_no_error() -> None:
    empty = np.empty(0)
    assert len(ema(empty, 3)) == len(rsi(empty, 3)) == len(atr(empty, empty, empty, 3)) == 0
    assert len(vwap(empty, empty, np.empty(0, int))) == 0
