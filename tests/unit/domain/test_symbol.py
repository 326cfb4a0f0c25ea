"""Snapping gives multiples of the increment, as near as the rounding says, with the increment's own decimals."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.domain.symbol import decimals_of, is_multiple, snap

INCREMENTS = st.sampled_from([Decimal(t) for t in ("0.10", "0.001", "1", "10", "0.00001", "0.25", "5")])
VALUES = st.decimals("0", "1000000", places=9)


@pytest.mark.parametrize(("increment", "decimals"), [("0.10", 1), ("0.001", 3), ("1", 0), ("10", 0), ("0.25", 2)])
def test_decimals_are_those_of_the_increment(increment: str, decimals: int):
    assert decimals_of(Decimal(increment)) == decimals


@given(VALUES, INCREMENTS)
def test_a_snapped_value_is_the_nearest_multiple_on_its_side(value: Decimal, increment: Decimal):
    down, up = snap(value, increment, ROUND_DOWN), snap(value, increment, ROUND_UP)
    assert is_multiple(down, increment)
    assert is_multiple(up, increment)
    assert down <= value <= up
    assert up - down in (0, increment)
    assert abs(snap(value, increment, ROUND_HALF_UP) - value) * 2 <= increment
    assert -int(down.as_tuple().exponent) == decimals_of(increment)


@given(VALUES, INCREMENTS)
def test_snapping_twice_changes_nothing(value: Decimal, increment: Decimal):
    once = snap(value, increment, ROUND_HALF_UP)
    assert snap(once, increment, ROUND_HALF_UP) == once


def test_an_increment_of_zero_bounds_nothing():
    assert snap(Decimal("1.23"), Decimal(0), ROUND_DOWN) == Decimal("1.23")
    assert is_multiple(Decimal("1.23"), Decimal(0))
