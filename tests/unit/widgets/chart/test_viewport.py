"""Pixels, ticks, and tags that keep apart."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.widgets.chart.viewport import Viewport, nice_step, spread, ticks, time_step_ms

VIEW = Viewport(left=10.0, right=110.0, low=100.0, high=200.0, width=1000.0, height=500.0)


def test_pixels_and_values_are_inverse() -> None:
    assert VIEW.pitch == 10.0
    assert (VIEW.px(10.0), VIEW.px(110.0)) == (0.0, 1000.0)
    assert (VIEW.py(200.0), VIEW.py(100.0)) == (0.0, 500.0)
    assert VIEW.x_at(VIEW.px(37.25)) == pytest.approx(37.25)
    assert VIEW.value_at(VIEW.py(123.4)) == pytest.approx(123.4)
    np.testing.assert_allclose(VIEW.pys(np.array([200.0, 150.0])), [0.0, 250.0])


@pytest.mark.parametrize(
    ("first_x", "count", "expected"),
    [(0, 500, (10, 111)), (60, 500, (0, 51)), (0, 50, (10, 50)), (200, 50, (0, 0)), (-500, 100, (100, 100))],
)
def test_visible_is_a_slice_of_the_series(first_x: int, count: int, expected: tuple[int, int]) -> None:
    start, stop = VIEW.visible(first_x, count)
    assert list(range(count))[start:stop] == list(range(count))[expected[0] : expected[1]]


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


@pytest.mark.parametrize(
    ("klines", "expected_minutes"),
    [(145, 15), (60, 10), (1440, 240), (1440 * 30, 7 * 1440), (5000 * 1440, 365 * 1440 * 2)],
)
def test_time_ticks_are_round_by_the_clock(klines: int, expected_minutes: int) -> None:
    assert time_step_ms(klines * 60_000, 1188.0) == expected_minutes * 60_000


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
