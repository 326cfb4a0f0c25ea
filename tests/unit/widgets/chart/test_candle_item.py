"""Candles from arrays: what is put together where klines lie denser than pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chart_scene import load_klines, make_callback, wave_klines
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.candle_item import bin_size, half_body, visible_candles
from trader_gui.widgets.chart.viewport import Viewport


@pytest.fixture(scope="module")
def series() -> SeriesModel:
    callback, made = make_callback(), SeriesModel()
    load_klines(callback, wave_klines(1000))
    made.refresh(callback)
    return made


def view(left: float, right: float, width: float) -> Viewport:
    return Viewport(left, right, 99_000.0, 101_000.0, width, 500.0)


@given(st.floats(0.001, 50.0))
def test_a_candle_never_has_less_than_a_pixel_column(pitch: float) -> None:
    size = bin_size(pitch)
    assert size * pitch >= 1.0 or size == 1
    assert size == 1 or size * pitch < 2.0


@given(st.floats(1.0, 80.0))
def test_bodies_keep_a_pixel_apart(pitch: float) -> None:
    half = half_body(pitch)
    assert half == 0 or 2 * half + 1 <= pitch - 1


def test_every_kline_is_a_candle_while_there_is_room(series: SeriesModel) -> None:
    candles = visible_candles(series, view(100.0, 200.0, 1000.0))
    np.testing.assert_array_equal(candles.x, np.arange(100, 201))
    np.testing.assert_array_equal(candles.close, series.klines.close[100:201])


def test_dense_klines_are_put_together_without_losing_an_extreme(series: SeriesModel) -> None:
    candles = visible_candles(series, view(0.0, 1000.0, 250.0))
    k = series.klines
    assert len(candles.x) == 250
    np.testing.assert_array_equal(candles.high, k.high.reshape(250, 4).max(axis=1))
    np.testing.assert_array_equal(candles.low, k.low.reshape(250, 4).min(axis=1))
    np.testing.assert_array_equal(candles.open, k.open[::4])
    np.testing.assert_array_equal(candles.close, k.close[3::4])


@pytest.mark.parametrize("shift", [1.0, 2.5, 7.0])
def test_panning_does_not_regroup_klines(series: SeriesModel, shift: float) -> None:
    whole = visible_candles(series, view(100.0, 900.0, 200.0))
    moved = visible_candles(series, view(100.0 + shift, 900.0 + shift, 200.0))
    known = dict(zip(whole.x, whole.high, strict=True))
    shared = [x for x in moved.x[:-1] if x in known]
    assert len(shared) >= len(moved.x) - 4
    assert [known[x] for x in shared] == [h for x, h in zip(moved.x, moved.high, strict=True) if x in shared]


def test_nothing_is_drawn_beyond_the_series(series: SeriesModel) -> None:
    assert len(visible_candles(series, view(2000.0, 2100.0, 1000.0)).x) == 0
    assert len(visible_candles(series, view(2000.0, 3000.0, 100.0)).x) == 0
