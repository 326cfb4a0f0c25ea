"""Marks of time: round by the clock of the zone, apart enough, days and months among them."""

import itertools
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader_gui.kline_history.grid import LENGTH_MS, Grid
from trader_gui.widgets.chart import time_marks as module
from trader_gui.widgets.chart.time_marks import GAP_PX, TimeMark, Zone, moment_words, time_marks, time_step_ms
from trader_gui.widgets.chart.viewport import Viewport

WIDTH = 1188.0


def marks(interval: str, begin: datetime, klines: float, zone: Zone = Zone.UTC) -> list[TimeMark]:
    grid = Grid(interval)
    left = grid.x_of(int(begin.timestamp() * 1000))
    return time_marks(grid, Viewport(left, left + klines, 0.0, 1.0, WIDTH, 1.0), zone)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("klines", "expected_minutes"),
    [(145, 15), (60, 10), (1440, 240), (1440 * 30, 7 * 1440), (5000 * 1440, None)],
)
def test_steps_are_round_by_the_clock(klines: int, expected_minutes: int | None) -> None:
    expected = None if expected_minutes is None else expected_minutes * 60_000
    assert time_step_ms(klines * 60_000, WIDTH) == expected


@settings(deadline=None)
@given(
    st.sampled_from(list(LENGTH_MS)), st.integers(0, 3000), st.floats(5.0, 5e5), st.sampled_from([Zone.UTC, Zone.KST])
)
def test_marks_are_apart_and_in_view(interval: str, day: int, klines: float, zone: Zone) -> None:
    begin = at(2017, 9, 1) + timedelta(days=day, hours=day % 24)
    if klines * LENGTH_MS[interval] > 80 * 365 * 86_400_000:
        klines = 80 * 365 * 86_400_000 / LENGTH_MS[interval]
    made = marks(interval, begin, klines, zone)
    left = Grid(interval).x_of(int(begin.timestamp() * 1000))
    assert all(left - 1e-6 <= mark.x <= left + klines + 1e-6 for mark in made)
    gaps = [(b.x - a.x) * WIDTH / klines for a, b in itertools.pairwise(made)]
    assert not gaps or min(gaps) > GAP_PX * 0.9
    assert len(made) >= 1 or WIDTH / GAP_PX < 12


def test_midnight_stands_out_and_is_that_of_the_zone() -> None:
    made = marks("1m", at(2025, 7, 6, 14, 30), 24 * 60)
    assert [mark.label for mark in made if mark.is_day] == ["07-07"]
    korean = marks("1m", at(2025, 7, 6, 14, 30), 24 * 60, Zone.KST)
    (day,) = [mark for mark in korean if mark.is_day]
    assert day.label == "07-07"
    assert Grid("1m").time_of(day.x) == int(at(2025, 7, 6, 15).timestamp() * 1000)


def test_days_are_the_venues_where_a_kline_is_a_day() -> None:
    made = marks("1d", at(2025, 7, 1), 20, Zone.KST)
    assert all(mark.x == int(mark.x) for mark in made)
    assert moment_words(int(at(2025, 7, 6).timestamp() * 1000), Zone.KST, Grid("1d")) == "2025-07-06"
    assert moment_words(int(at(2025, 7, 6).timestamp() * 1000), Zone.KST, Grid("1h")) == "2025-07-06 09:00"


def test_long_views_are_marked_by_months_and_years() -> None:
    assert [m.label for m in marks("1d", at(2023, 11, 15), 365)] == [
        "2024",
        *(f"2024-{m:02}" for m in (3, 5, 7, 9, 11)),
    ]
    labels = [m.label for m in marks("1M", at(2017, 9, 1), 100)]
    assert labels == ["2018", "2019", "2020", "2021", "2022", "2023", "2024", "2025", "2026"]


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    module._local_offset_ms.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    module._local_offset_ms.cache_clear()


@pytest.mark.skipif(os.name == "nt", reason="the zone is the system's there")
def test_the_local_clock_may_change(berlin: None) -> None:
    made = marks("1h", at(2025, 3, 29), 72, Zone.LOCAL)
    days = [mark for mark in made if mark.is_day]
    times = [datetime.fromtimestamp(Grid("1h").time_of(mark.x) / 1000, UTC).hour for mark in days]
    assert times == [23, 22, 22]
    assert Zone.LOCAL.label(int(at(2025, 7, 1).timestamp() * 1000)) == "UTC+2"
    assert Zone.LOCAL.label(int(at(2025, 1, 1).timestamp() * 1000)) == "UTC+1"
