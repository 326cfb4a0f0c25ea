"""Following, panning and zooming."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.widgets.chart.navigation import Navigation


def make(last_x: int = 499) -> Navigation:
    navigation = Navigation()
    navigation.resize(1188.0)
    navigation.set_extent(0, last_x)
    return navigation


def test_it_follows_the_newest_kline_with_room_at_the_right() -> None:
    navigation = make()
    assert (navigation.right - 499) * navigation.pitch == pytest.approx(0.11 * 1188)
    before = navigation.right
    navigation.set_extent(1, 500)
    assert navigation.right == pytest.approx(before + 1)


def test_the_hand_ends_following_and_the_view_then_stands_still() -> None:
    navigation = make()
    navigation.pan(300.0)
    right = navigation.right
    navigation.set_extent(1, 500)
    assert (navigation.is_following, navigation.right) == (False, right)
    navigation.follow()
    assert navigation.right == pytest.approx(500 + 0.11 * 1188 / navigation.pitch)


@given(st.floats(0.2, 5.0), st.floats(0.0, 1188.0))
def test_zoom_keeps_what_is_under_the_cursor(factor: float, at_px: float) -> None:
    navigation = make(5000)
    navigation.pan(9000.0)
    x = navigation.left + at_px / navigation.pitch
    navigation.zoom(factor, at_px)
    assert navigation.left + at_px / navigation.pitch == pytest.approx(x)


def test_zooming_while_following_keeps_the_newest_kline_in_place_from_then_on() -> None:
    navigation = make()
    navigation.zoom(1.25, 800.0)
    assert navigation.is_following
    px = (499 - navigation.left) * navigation.pitch
    navigation.set_extent(0, 507)
    assert (507 - navigation.left) * navigation.pitch == pytest.approx(px)


def test_zooming_the_newest_kline_out_of_sight_ends_following() -> None:
    navigation = make()
    navigation.zoom(6.0, 100.0)
    assert not navigation.is_following


@given(st.lists(st.tuples(st.sampled_from(["pan", "zoom"]), st.floats(-5e4, 5e4)), max_size=20))
def test_klines_never_leave_the_view(moves: list[tuple[str, float]]) -> None:
    navigation = make()
    for kind, amount in moves:
        if kind == "pan":
            navigation.pan(amount)
        else:
            navigation.zoom(2.0 ** (amount / 1e4), abs(amount) % 1188)
        assert navigation.right > 0
        assert navigation.left < 499
        assert navigation.SMALLEST_PITCH <= navigation.pitch <= navigation.LARGEST_PITCH
