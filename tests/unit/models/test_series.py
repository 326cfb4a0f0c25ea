"""SeriesModel on real collectors: what changes, what stays, and where klines stand."""

import numpy as np
import pytest

from tests.chart_scene import load_klines, make_callback, step_mark, step_open, trading_scene, wave_klines
from tests.core_records import MINUTE_MS, START_MS, make_kline
from trader_gui.conditionals.indicators import bollinger
from trader_gui.models.series import IndicatorParameters, SeriesChange, SeriesModel


def watched(series: SeriesModel) -> list[SeriesChange]:
    changes: list[SeriesChange] = []
    series.changed.connect(changes.append)
    return changes


def test_first_refresh_takes_everything_and_a_second_nothing() -> None:
    callback, series = trading_scene(), SeriesModel()
    changes = watched(series)
    series.refresh(callback)
    series.refresh(callback)
    assert changes == [SeriesChange.STATE | SeriesChange.KLINES | SeriesChange.OPEN | SeriesChange.OVERLAY]
    assert (series.symbol, series.interval, series.last_x) == ("BTCUSDT", "1m", 200)
    assert series.open_kline is not None
    assert series.last_price == series.open_kline.close


def test_a_tick_leaves_the_indicators_alone() -> None:
    callback, series = trading_scene(), SeriesModel()
    series.refresh(callback)
    indicators, changes = series.indicators, watched(series)
    step_open(callback, "100050.0", seconds=43)
    series.refresh(callback)
    assert changes == [SeriesChange.OPEN]
    assert series.indicators is indicators


def test_a_closing_kline_extends_the_indicators_to_itself_and_no_further() -> None:
    callback, series = trading_scene(), SeriesModel()
    series.refresh(callback)
    last_x = series.last_x
    callback.step(make_kline(200, "100060.0"))
    series.refresh(callback)
    assert series.open_kline is None
    assert series.last_x == last_x
    assert float(series.last_price or 0) == 100060.0
    assert len(series.indicators.middle) == len(series.klines.close) == 201
    middle, deviation = bollinger(series.klines.close, 20)
    np.testing.assert_array_equal(series.indicators.band(2.0)[19:], (middle + 2.0 * deviation)[19:])
    assert np.isnan(series.indicators.middle[:19]).all()


def test_klines_keep_their_x_when_old_ones_fall_out() -> None:
    callback, series = make_callback(capacity=50), SeriesModel()
    klines = wave_klines(80)
    load_klines(callback, klines[:50])
    series.refresh(callback)
    x = series.x_of(klines[49].open_time_ms)
    for kline in klines[50:]:
        callback.step(kline)
    series.refresh(callback)
    assert (series.first_x, len(series.klines.close)) == (30, 50)
    assert series.x_of(klines[49].open_time_ms) == x == 49
    assert series.time_of(49) == START_MS + 49 * MINUTE_MS


def test_an_open_kline_beyond_a_hole_is_not_drawn_next_to_the_last_one() -> None:
    callback, series = make_callback(), SeriesModel()
    load_klines(callback, wave_klines(30))
    callback.step(make_kline(33, "100000.0", is_closed=False))
    series.refresh(callback)
    assert series.open_kline is None
    load_klines(callback, wave_klines(3, first=30))
    series.refresh(callback)
    assert series.open_kline is not None
    assert series.last_x == 33


def test_the_countdown_and_the_mark_touch_the_overlay_alone() -> None:
    callback, series = trading_scene(), SeriesModel()
    series.refresh(callback)
    before, changes = series.position, watched(series)
    step_mark(callback, "99000.0")
    series.refresh(callback)
    assert changes == [SeriesChange.OVERLAY]
    assert before is not None
    assert series.position is not None
    assert series.position.unrealized_pnl < before.unrealized_pnl


def test_other_windows_are_computed_at_once() -> None:
    callback, series = trading_scene(), SeriesModel()
    series.refresh(callback)
    changes = watched(series)
    series.set_parameters(IndicatorParameters(band_window=5))
    assert np.isfinite(series.indicators.middle[4])
    assert changes == [SeriesChange.STATE | SeriesChange.KLINES]
    series.set_parameters(IndicatorParameters(band_window=5))
    assert len(changes) == 1


def test_loading_is_told_while_there_is_nothing_yet() -> None:
    series = SeriesModel()
    changes = watched(series)
    series.set_loading(320, 500)
    series.set_loading(320, 500)
    assert changes == [SeriesChange.STATE]
    assert series.last_price is None


@pytest.mark.parametrize("count", [0, 1, 5, 20, 31])
def test_short_histories_are_no_error(count: int) -> None:
    callback, series = make_callback(), SeriesModel()
    if count:
        load_klines(callback, wave_klines(count))
    series.refresh(callback)
    i = series.indicators
    assert {len(a) for a in (i.middle, i.deviation, i.rv, i.rv_low, i.rv_high)} == {count}
