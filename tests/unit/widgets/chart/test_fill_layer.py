"""Where the marks of own fills stand."""

import pytest

from tests.chart_scene import entry_fill, load_klines, make_callback, step_open, wave_klines
from tests.core_records import MINUTE_MS, START_MS
from trader_gui.domain.order import Side
from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.fill_layer import fill_marks
from trader_gui.widgets.chart.viewport import Viewport

START_SLOT = START_MS // MINUTE_MS
VIEW = Viewport(START_SLOT + 0.0, START_SLOT + 100.0, 99_000.0, 101_000.0, 1000.0, 500.0)


def series_with(*fills: tuple[int, str, Side]) -> SeriesModel:
    callback, series = make_callback(), SeriesModel()
    load_klines(callback, wave_klines(60))
    step_open(callback, "100000.0")
    callback.orders.load_fills(
        entry_fill(index, price, side, "0.005", trade_id=i) for i, (index, price, side) in enumerate(fills)
    )
    series.refresh(callback)
    return series


def test_buys_stand_below_the_low_and_sells_above_the_high() -> None:
    series = series_with((30, "100000.0", Side.BUY), (40, "100000.0", Side.SELL))
    buy, sell = fill_marks(series, VIEW)
    assert (buy.is_buy, sell.is_buy) == (True, False)
    assert buy.tip.y() > VIEW.py(float(series.store.row(Row.LOW, START_SLOT + 30, START_SLOT + 31)[0]))
    assert sell.tip.y() < VIEW.py(float(series.store.row(Row.HIGH, START_SLOT + 40, START_SLOT + 41)[0]))
    assert (buy.tip.x(), sell.tip.x()) == (pytest.approx(300.0), pytest.approx(400.0))


def test_partial_fills_share_one_mark_and_keep_their_prices() -> None:
    series = series_with((30, "100000.0", Side.BUY), (30, "100000.0", Side.BUY), (30, "100000.5", Side.BUY))
    (mark,) = fill_marks(series, VIEW)
    assert mark.prices == (VIEW.py(100_000.0), VIEW.py(100_000.5))


def test_a_fill_in_the_open_kline_has_a_mark_and_one_out_of_sight_has_none() -> None:
    series = series_with((60, "100000.0", Side.BUY), (10, "100000.0", Side.SELL))
    seen = Viewport(START_SLOT + 40.0, START_SLOT + 140.0, 99_000.0, 101_000.0, 1000.0, 500.0)
    (mark,) = fill_marks(series, seen)
    assert mark.tip.x() == pytest.approx(200.0)
    assert series.open_kline is not None
    assert mark.tip.y() > seen.py(float(series.open_kline.low))
