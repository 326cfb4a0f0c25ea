from typing import NamedTuple

import pytest

from trader_gui.simulated_exchange.paging import DAY_MS, between, cut, week
from trader_gui.simulated_exchange.records import VenueRefusal

NOW = 100 * DAY_MS
WEEK = 7 * DAY_MS


class Row(NamedTuple):
    time_ms: int


def test_a_week_from_what_is_given() -> None:
    assert week(None, None, NOW, may_be_whole=True) == (None, None, NOW - WEEK)
    assert week(5, None, NOW, may_be_whole=True) == (5, 5 + WEEK, 5)
    assert week(None, WEEK + 9, NOW, may_be_whole=True) == (None, WEEK + 9, 9)
    assert week(5, 6, NOW, may_be_whole=False) == (5, 6, 5)


@pytest.mark.parametrize(
    ("span", "may_be_whole", "refused"),
    [
        (WEEK, True, False),
        (WEEK, False, True),
        (WEEK - 1, False, False),
        (WEEK + 1, True, True),
    ],
)
def test_a_week_is_the_most(span: int, may_be_whole: bool, refused: bool) -> None:
    if not refused:
        assert week(7, 7 + span, NOW, may_be_whole=may_be_whole)[:2] == (7, 7 + span)
        return
    with pytest.raises(VenueRefusal) as caught:
        week(7, 7 + span, NOW, may_be_whole=may_be_whole)
    assert caught.value.code == -4165


def test_rows_of_a_span_and_the_ends_of_a_list() -> None:
    newest_first = [Row(time) for time in (9, 7, 7, 4, 1)]
    assert [row.time_ms for row in between(newest_first, 4, 7)] == [7, 7, 4]
    assert [row.time_ms for row in between(newest_first, None, None)] == [9, 7, 7, 4, 1]
    assert [row.time_ms for row in cut(newest_first, from_start=True, limit=2)] == [1, 4]
    assert [row.time_ms for row in cut(newest_first, from_start=False, limit=2)] == [7, 9]


def test_only_what_is_needed_is_looked_at() -> None:
    looked: list[int] = []

    def rows():
        for time in range(1000, 0, -1):
            looked.append(time)
            yield Row(time)

    cut(between(rows(), 990, None), from_start=True, limit=3)
    assert len(looked) == 12
