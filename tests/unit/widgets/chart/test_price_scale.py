"""Labels of the price axis on every scale: round, apart, and where they belong."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.widgets.chart.price_scale import GAP_PX, PriceScale, fitted, price_labels
from trader_gui.widgets.chart.viewport import Viewport

lows, ratios, heights = st.floats(0.01, 100_000.0), st.floats(1.0005, 500.0), st.floats(120.0, 1200.0)


def view(low: float, high: float, height: float = 500.0, *, is_log: bool = False) -> Viewport:
    return Viewport(0.0, 100.0, low, high, 1000.0, height, is_log)


@given(lows, ratios, heights)
def test_logarithmic_labels_are_round_and_apart(low: float, ratio: float, height: float) -> None:
    v = view(low, low * ratio, height, is_log=True)
    labels = price_labels(v, PriceScale.LOGARITHMIC, low / 1e5, 6, None)
    prices = [price for price, _ in labels]
    assert all(v.low <= price <= v.high for price in prices)
    assert all(v.py(a) - v.py(b) > GAP_PX * 0.95 for a, b in itertools.pairwise(prices))
    if height > 400:
        assert len(prices) >= 2


@given(lows, ratios, heights)
def test_percents_count_from_the_base(low: float, ratio: float, height: float) -> None:
    v = view(low, low * ratio, height)
    labels = price_labels(v, PriceScale.PERCENT, 0.01, 2, low * 1.01)
    for price, words in labels:
        told = float(words.replace("−", "-").replace(" %", "").replace(",", ""))
        assert told == pytest.approx((price / (low * 1.01) - 1) * 100, abs=0.011)
    pixels = [v.py(price) for price, _ in labels]
    assert all(a - b > GAP_PX * 0.95 for a, b in itertools.pairwise(pixels))


def test_without_a_base_percents_are_prices() -> None:
    assert price_labels(view(100.0, 200.0), PriceScale.PERCENT, 0.1, 1, None)[0][1] == "100.0"


@pytest.mark.parametrize("is_log", [False, True])
def test_values_reach_from_edge_to_edge_less_the_room(is_log: bool) -> None:
    made = fitted(view(0.5, 1.0, is_log=is_log), 100.0, 400.0, 60.0, 20.0)
    assert made.py(400.0) == pytest.approx(60.0)
    assert made.py(100.0) == pytest.approx(480.0)
