"""Slots and times of every interval, months among them."""

import calendar
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.kline_history.grid import LENGTH_MS, Grid

intervals = st.sampled_from(list(LENGTH_MS))
times = st.integers(1_500_000_000_000, 2_100_000_000_000)


def ms(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1000


@given(intervals, times)
def test_a_time_lies_in_the_kline_of_its_slot(interval: str, time_ms: int) -> None:
    grid = Grid(interval)
    slot = grid.slot_of(time_ms)
    assert grid.open_ms(slot) <= time_ms < grid.open_ms(slot + 1)
    assert grid.slot_of(grid.open_ms(slot)) == slot
    assert grid.slots_of(np.array([time_ms])).tolist() == [slot]
    assert grid.opens_ms(slot - 1, slot + 2).tolist() == [grid.open_ms(slot + n) for n in (-1, 0, 1)]


@given(intervals, times)
def test_x_and_time_are_inverse(interval: str, time_ms: int) -> None:
    grid = Grid(interval)
    assert abs(grid.time_of(grid.x_of(time_ms)) - time_ms) <= 1
    assert grid.x_of(grid.open_ms(grid.slot_of(time_ms))) == grid.slot_of(time_ms)


@pytest.mark.parametrize(
    ("interval", "time_ms", "opens_ms"),
    [
        ("1m", ms(2024, 2, 29, 23, 59, 59), ms(2024, 2, 29, 23, 59)),
        ("4h", ms(2024, 2, 29, 23, 59), ms(2024, 2, 29, 20)),
        ("1d", ms(2024, 2, 29, 23, 59), ms(2024, 2, 29)),
        ("1w", ms(2024, 3, 3, 12), ms(2024, 2, 26)),
        ("1M", ms(2024, 2, 29, 12), ms(2024, 2, 1)),
        ("1M", ms(2024, 12, 31, 23), ms(2024, 12, 1)),
    ],
)
def test_klines_open_where_the_venue_opens_them(interval: str, time_ms: int, opens_ms: int) -> None:
    grid = Grid(interval)
    assert grid.open_ms(grid.slot_of(time_ms)) == opens_ms


def test_weeks_open_on_mondays() -> None:
    assert datetime.fromtimestamp(Grid("1w").open_ms(2800) / 1000, UTC).weekday() == calendar.MONDAY
