"""What the legends say, ready or not."""

from PySide6.QtWidgets import QApplication

from tests.chart_scene import load_klines, make_callback, step_open, trading_scene, wave_klines
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.labels import Faces, Run
from trader_gui.widgets.chart.legend import band_runs, fitting, price_runs, rv_runs, volume_runs
from trader_gui.widgets.theme import theme


def words(runs: list[Run]) -> str:
    return " ".join(run.text for run in runs)


def made(klines: int) -> SeriesModel:
    callback, series = make_callback(), SeriesModel()
    load_klines(callback, wave_klines(klines))
    step_open(callback, "100025.6")
    series.refresh(callback)
    return series


def test_indicators_that_are_not_ready_say_what_they_need() -> None:
    series = made(6)
    assert words(band_runs(series, series.last_x, theme())) == "BB 20 needs 14 more klines"
    assert words(rv_runs(series, series.last_x, theme())) == "RV 10 needs 5 more klines"
    assert words(band_runs(made(19), 0, theme())) == "BB 20 needs 1 more kline"


def test_a_kline_before_the_first_band_has_a_dash() -> None:
    series = made(60)
    assert words(band_runs(series, 3, theme())).count("—") == 5
    assert "— " not in words(band_runs(series, 30, theme())) + " "
    assert words(rv_runs(series, 12, theme())).endswith("—")


def test_the_open_kline_is_told_with_the_last_closed_bands() -> None:
    series = made(60)
    assert "C 100,025.6" in words(price_runs(series, series.last_x, theme()))
    assert words(band_runs(series, series.last_x, theme())) == words(band_runs(series, series.last_x - 1, theme()))


def test_outside_the_series_there_are_no_values() -> None:
    series = SeriesModel()
    series.refresh(trading_scene())
    assert words(price_runs(series, 5_000, theme())) == "BTCUSDT Perp · 1m"
    assert words(volume_runs(series, -1, theme())) == "Volume"


def test_a_narrow_legend_leaves_numbers_out_and_cuts_none(qapp: QApplication) -> None:
    series, faces = made(60), Faces(theme())
    whole = price_runs(series, series.last_x, theme())
    assert fitting(whole, faces, 10_000.0) == whole
    kept = fitting(whole, faces, 250.0)
    assert 1 < len(kept) < len(whole)
    assert kept == whole[: len(kept)]
    assert faces.width(kept) <= 250.0 < faces.width(whole[: len(kept) + 1])
    assert fitting(whole, faces, 5.0) == []
