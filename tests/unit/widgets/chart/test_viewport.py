"""Pixels, ticks, and tags that keep apart."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.widgets.chart.viewport import Viewport, nice_step, spread, ticks

VIEW = Viewport(left=10.0, right=110.0, low=100.0, high=200.0, width=1000.0, height=500.0)


def test_pixels_and_values_are_inverse() -> None:
    assert VIEW.pitch == 10.0
    assert (VIEW.px(10.0), VIEW.px(110.0)) == (0.0, 1000.0)
    assert (VIEW.py(200.0), VIEW.py(100.0)) == (0.0, 500.0)
    assert VIEW.x_at(VIEW.px(37.25)) == pytest.approx(37.25)
    assert VIEW.value_at(VIEW.py(123.4)) == pytest.approx(123.4)
    np.testing.assert_allclose(VIEW.pys(np.array([200.0, 150.0])), [0.0, 250.0])


@given(st.floats(1.0, 1e6), st.floats(1.001, 100.0), st.floats(0.0, 500.0))
def test_equal_ratios_have_equal_heights_on_a_logarithmic_axis(low: float, ratio: float, py: float) -> None:
    view = Viewport(0.0, 1.0, low, low * ratio, 100.0, 500.0, is_log=True)
    assert view.py(view.value_at(py)) == pytest.approx(py, abs=1e-6)
    assert view.py(low * ratio**0.5) == pytest.approx(250.0)
    np.testing.assert_allclose(view.pys(np.array([low, low * ratio])), [500.0, 0.0], atol=1e-6)
    assert view.py(-5.0) > 500.0


@given(
    span=st.floats(1e-6, 1e9),
    size=st.floats(50, 4000),
    smallest=st.sampled_from([1e-7, 0.1, 1.0, 10.0]),
)
def test_price_ticks_are_round_and_far_enough_apart(span: float, size: float, smallest: float) -> None:
    step = nice_step(span, size, 44.0, smallest)
    mantissa = float(f"{step:.6e}".partition("e")[0])
    assert mantissa in (1.0, 2.0, 5.0)
    assert step >= smallest * 0.999
    assert step * size / span >= 43.9
    assert step / 5.1 < max(span * 44.0 / size, smallest)


def test_ticks_are_multiples_within_the_range() -> None:
    assert ticks(108_190.0, 108_410.0, 100.0) == [108_200.0, 108_300.0, 108_400.0]
    assert ticks(100.0, 200.0, 50.0) == [100.0, 150.0, 200.0]


tags = st.lists(st.tuples(st.floats(-50, 650), st.sampled_from([18.0, 20.0, 32.0])), min_size=1, max_size=12)


@given(tags)
def test_tags_keep_apart_within_their_room_and_in_order(wanted: list[tuple[float, float]]) -> None:
    centers, sizes = [c for c, _ in wanted], [s for _, s in wanted]
    placed = spread(centers, sizes, 0.0, 600.0)
    order = sorted(range(len(wanted)), key=lambda i: placed[i])
    for above, below in itertools.pairwise(order):
        assert placed[above] + sizes[above] / 2 <= placed[below] - sizes[below] / 2 - 2.0 + 1e-6
        assert centers[above] <= centers[below]
    assert min(p - s / 2 for p, s in zip(placed, sizes, strict=True)) >= -1e-6
    assert max(p + s / 2 for p, s in zip(placed, sizes, strict=True)) <= 600.0 + 1e-6


def test_a_tag_with_room_stays_where_it_belongs() -> None:
    assert spread([100.0, 300.0], [20.0, 20.0], 0.0, 600.0) == [100.0, 300.0]
    assert spread([100.0, 100.0], [20.0, 20.0], 0.0, 600.0) == [89.0, 111.0]
