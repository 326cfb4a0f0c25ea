"""SeriesModel on real collectors: what changes, what stays, and where klines stand."""

import numpy as np
import pytest

from tests.chart_scene import load_klines, make_callback, step_mark, step_open, trading_scene, wave_klines
from tests.core_records import MINUTE_MS, START_MS, make_kline
from trader_gui.conditionals.indicators import bollinger
from trader_gui.kline_history.pyramid import Row
from trader_gui.models.indicator_kinds import BOLLINGER, VOLATILITY
from trader_gui.models.indicator_track import Indicator
from trader_gui.models.series import SeriesChange, SeriesModel


def watched(series: SeriesModel) -> list[SeriesChange]:
    changes: list[SeriesChange] = []
    series.changed.connect(changes.append)
    return changes


START_SLOT = START_MS // MINUTE_MS


def bands(series: SeriesModel) -> tuple[np.ndarray, np.ndarray]:
    """Return middle and deviation of the bands at every closed kline."""
    track, store = series.tracks[0], series.store
    rows = np.array([track.at(slot) for slot in range(store.first, store.end)])
    return rows[:, 0], rows[:, 1]


def test_first_refresh_takes_everything_and_a_second_nothing() -> None:
    callback, series = trading_scene(), SeriesModel()
    changes = watched(series)
    series.refresh(callback)
    series.refresh(callback)
    assert changes == [SeriesChange.STATE | SeriesChange.KLINES | SeriesChange.OPEN | SeriesChange.OVERLAY]
    assert (series.symbol, series.interval, series.last_x) == ("BTCUSDT", "1m", START_SLOT + 200)
    assert series.open_kline is not None
    assert series.last_price == series.open_kline.close


def test_a_tick_leaves_the_closed_klines_alone() -> None:
    callback, series = trading_scene(), SeriesModel()
    series.refresh(callback)
    revision, changes = series.store.revision, watched(series)
    step_open(callback, "100050.0", seconds=43)
    series.refresh(callback)
    assert changes == [SeriesChange.OPEN]
    assert series.store.revision == revision


def test_a_closing_kline_extends_the_indicators_to_itself_and_no_further() -> None:
    callback, series = trading_scene(), SeriesModel()
    series.refresh(callback)
    last_x = series.last_x
    callback.step(make_kline(200, "100060.0"))
    series.refresh(callback)
    assert series.open_kline is None
    assert series.last_x == last_x
    assert float(series.last_price or 0) == 100060.0
    middle, deviation = bollinger(callback.klines.arrays().close, 20)
    np.testing.assert_array_equal(bands(series)[0], middle)
    np.testing.assert_array_equal(bands(series)[1], deviation)
    assert np.isnan(series.tracks[0].at(series.store.end)).all()


def test_klines_keep_their_x_and_stay_when_the_collector_lets_them_go() -> None:
    callback, series = make_callback(capacity=50), SeriesModel()
    klines = wave_klines(80)
    load_klines(callback, klines[:50])
    series.refresh(callback)
    for kline in klines[50:]:
        callback.step(kline)
    series.refresh(callback)
    assert (series.first_x, len(series.store)) == (START_SLOT, 80)
    assert series.grid.x_of(klines[49].open_time_ms) == START_SLOT + 49
    closes = series.store.row(Row.CLOSE, series.store.first, series.store.end)
    assert closes.tolist() == [float(kline.close) for kline in klines]


def test_an_open_kline_beyond_a_hole_stands_at_its_own_time() -> None:
    callback, series = make_callback(), SeriesModel()
    load_klines(callback, wave_klines(30))
    callback.step(make_kline(33, "100000.0", is_closed=False))
    series.refresh(callback)
    assert series.last_x == START_SLOT + 33
    assert series.store.end == START_SLOT + 30
    load_klines(callback, wave_klines(3, first=30))
    series.refresh(callback)
    assert series.open_kline is not None
    assert series.last_x == START_SLOT + 33 == series.store.end


def test_the_countdown_and_the_mark_touch_the_overlay_alone() -> None:
    callback, series = trading_scene(), SeriesModel()
    series.refresh(callback)
    (before,), changes = series.positions, watched(series)
    step_mark(callback, "99000.0")
    series.refresh(callback)
    assert changes == [SeriesChange.OVERLAY]
    assert before is not None
    assert series.positions[0].unrealized_pnl < before.unrealized_pnl


def test_other_indicators_are_there_at_once_and_known_ones_are_not_computed_again() -> None:
    callback, series = trading_scene(), SeriesModel()
    series.refresh(callback)
    changes, former = watched(series), series.tracks
    chosen = (Indicator(BOLLINGER, {"window": 5.0}), Indicator(VOLATILITY, color="band"))
    series.set_indicators(chosen)
    assert np.isfinite(series.tracks[0].at(START_SLOT + 4)).all()
    assert changes == [SeriesChange.STATE | SeriesChange.KLINES]
    assert series.tracks[1] is former[1]
    assert series.tracks[1].indicator.color == "band"
    assert series.indicators == chosen
    series.set_indicators(chosen)
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
    slots = np.arange(START_SLOT, START_SLOT + 40)
    for track in series.tracks:
        assert track.fill(START_SLOT, START_SLOT + 40, lambda: True)
        ready = np.isfinite(track.take(slots)[0]).sum()
        assert ready == max(0, count - track.indicator.kind.least(track.indicator.values) + 1)
