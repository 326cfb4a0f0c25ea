"""What the legends say, ready or not."""

from PySide6.QtWidgets import QApplication

from tests.chart_scene import load_klines, make_callback, step_open, trading_scene, wave_klines
from tests.core_records import MINUTE_MS, START_MS
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.labels import Faces, Run
from trader_gui.widgets.chart.legend import fitting, indicator_runs, price_runs, volume_runs
from trader_gui.widgets.theme import theme


def words(runs: list[Run]) -> str:
    return " ".join(run.text for run in runs)


START_SLOT = START_MS // MINUTE_MS


def bands(series: SeriesModel, x: int) -> list[Run]:
    return indicator_runs(series.tracks[0], series, x, theme())


def volatility(series: SeriesModel, x: int) -> list[Run]:
    return indicator_runs(series.tracks[1], series, x, theme())


def made(klines: int) -> SeriesModel:
    callback, series = make_callback(), SeriesModel()
    load_klines(callback, wave_klines(klines))
    step_open(callback, "100025.6")
    series.refresh(callback)
    return series


def test_indicators_that_are_not_ready_say_what_they_need() -> None:
    series = made(6)
    assert words(bands(series, series.last_x)) == "BB 20 needs 14 more klines"
    assert words(volatility(series, series.last_x)) == "RV 10 needs 5 more klines"
    assert words(bands(made(19), START_SLOT)) == "BB 20 needs 1 more kline"


def test_a_kline_before_the_first_band_has_a_dash() -> None:
    series = made(60)
    assert words(bands(series, START_SLOT + 3)).count("—") == 5
    assert "— " not in words(bands(series, START_SLOT + 30)) + " "
    told = words(volatility(series, START_SLOT + 12))
    assert told.startswith("RV 10 ")
    assert told.endswith("bps former range (20) — – —")


def test_the_open_kline_is_told_with_the_last_closed_bands() -> None:
    series = made(60)
    assert "C 100,025.6" in words(price_runs(series, series.last_x, theme()))
    assert words(bands(series, series.last_x)) == words(bands(series, series.last_x - 1))


def test_outside_the_series_there_are_no_values() -> None:
    series = SeriesModel()
    series.refresh(trading_scene())
    assert words(price_runs(series, START_SLOT + 5_000, theme())) == "BTCUSDT Perp · 1m"
    assert words(volume_runs(series, START_SLOT - 1, theme())) == "Volume"


def test_a_narrow_legend_leaves_numbers_out_and_cuts_none(qapp: QApplication) -> None:
    series, faces = made(60), Faces(theme())
    whole = price_runs(series, series.last_x, theme())
    assert fitting(whole, faces, 10_000.0) == whole
    kept = fitting(whole, faces, 250.0)
    assert 1 < len(kept) < len(whole)
    assert kept == whole[: len(kept)]
    assert faces.width(kept) <= 250.0 < faces.width(whole[: len(kept) + 1])
    assert fitting(whole, faces, 5.0) == []
