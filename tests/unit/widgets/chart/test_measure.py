"""What a measure says."""

import pytest

from tests.chart_scene import trading_scene
from tests.core_records import MINUTE_MS, START_MS
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.measure import Measure, measure_lines, span_words

SLOT = START_MS // MINUTE_MS


def test_price_percent_klines_time_and_volume() -> None:
    series = SeriesModel()
    series.refresh(trading_scene())
    lines = measure_lines(Measure(SLOT + 10, 100_000.0, SLOT + 100, 99_000.0), series)
    assert lines[0] == "−1,000.0  (−1.00 %)"
    assert lines[1] == "+90 klines, 1 h 30 min"
    assert lines[2].startswith("volume ")
    assert lines[2].endswith(" BTC")
    assert measure_lines(Measure(SLOT + 100, 99_000.0, SLOT + 10, 100_000.0), series)[1] == "−90 klines, 1 h 30 min"


def test_beyond_the_klines_there_is_no_volume() -> None:
    series = SeriesModel()
    series.refresh(trading_scene())
    assert len(measure_lines(Measure(SLOT - 50, 1.0, SLOT - 10, 2.0), series)) == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 min"), (720, "12 min"), (3600, "1 h"), (16_200, "4 h 30 min"), (86_400, "1 d"), (273_600, "3 d 4 h")],
)
def test_lengths_of_time(seconds: int, words: str) -> None:
    assert span_words(seconds) == words
