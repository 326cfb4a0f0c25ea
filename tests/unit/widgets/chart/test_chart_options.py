"""What is stored of a chart comes back, and what cannot be read does no harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.kline_history.grid import LENGTH_MS
from trader_gui.models.indicator_kinds import KINDS
from trader_gui.models.indicator_track import Indicator
from trader_gui.widgets.chart.candle_item import CandleStyle
from trader_gui.widgets.chart.chart_options import ChartOptions, StoredChart, dump, load
from trader_gui.widgets.chart.price_scale import PriceScale
from trader_gui.widgets.chart.time_marks import Zone

options = st.builds(
    ChartOptions,
    st.sampled_from(CandleStyle),
    st.sampled_from(PriceScale),
    st.sampled_from(Zone),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
choices = st.none() | st.tuples(st.sampled_from(["BTCUSDT", "币安USDT"]), st.sampled_from(list(LENGTH_MS)))
indicators = st.builds(
    lambda kind, color, visible: Indicator(kind, {}, color, visible),
    st.sampled_from(list(KINDS.values())),
    st.sampled_from(["band", "rv", "info"]),
    st.booleans(),
)
charts = st.builds(
    StoredChart,
    options,
    choices,
    st.none() | st.lists(indicators, max_size=4).map(tuple),
    st.lists(st.sampled_from([71.0, 13.5, 15.25]), max_size=5).map(tuple),
)


@given(charts)
def test_what_was_stored_comes_back(chart: StoredChart) -> None:
    line = dump(chart)
    assert "\n" not in line
    assert load(line) == chart


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", "null", '"x"', '{"style": 3, "scale": "cubic", "zone": null, "choice": ["X"], "weights": "no"}'],
)
def test_what_cannot_be_read_is_left_at_its_default(line: str) -> None:
    assert load(line) == StoredChart()


def test_values_out_of_bounds_and_unknown_kinds_are_passed_over() -> None:
    stored = {
        "choice": ["BTCUSDT", "7m"],
        "weights": [1, -5],
        "indicators": [
            {"kind": "of_tomorrow"},
            {"kind": "bollinger", "values": {"window": 1, "inner": 1.5, "outer": "wide"}, "color": 7},
            "nonsense",
        ],
    }
    chart = load(json.dumps(stored))
    assert chart.choice is None
    assert chart.weights == ()
    assert chart.indicators is not None
    (bands,) = chart.indicators
    assert (bands.values["window"], bands.values["inner"], bands.values["outer"]) == (20, 1.5, 2.0)
    assert bands.color == "band"
