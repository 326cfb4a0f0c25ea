"""Which rows of a history a request gets: by time, by age and by number.

Rows are handed in newest first and looked at only as far back as needed. A request with a start (time or id) gets the
first rows from there, one without gets the latest. Both come out oldest first.
"""

from collections.abc import Iterable
from itertools import islice, takewhile
from typing import Protocol, TypeVar

from trader_gui.simulated_exchange.records import VenueRefusal

DAY_MS = 86_400_000
LONGEST_SPAN_MS = 7 * DAY_MS


class Timed(Protocol):
    """A row with the time that histories go by."""

    @property
    def time_ms(self) -> int:
        """Market time."""


_Row = TypeVar("_Row")
_TimedRow = TypeVar("_TimedRow", bound=Timed)


def week(
    start_ms: int | None, end_ms: int | None, now_ms: int, *, may_be_whole: bool
) -> tuple[int | None, int | None, int]:
    """Return (start, end, earliest) of a query that sees seven days at a time.

    One of two missing times is a week from the other; with both missing it is the week before `now_ms`. `earliest` is
    where the week begins. `may_be_whole`: whether start and end may lie seven days apart, or must lie closer.

    Raises:
        VenueRefusal: -4165, start and end too far apart.
    """
    if start_ms is not None and end_ms is not None:
        span_ms = end_ms - start_ms
        if span_ms > LONGEST_SPAN_MS or (span_ms == LONGEST_SPAN_MS and not may_be_whole):
            raise VenueRefusal(-4165, "Invalid time interval, max period is 7 days.")
        return start_ms, end_ms, start_ms
    if start_ms is not None:
        return start_ms, start_ms + LONGEST_SPAN_MS, start_ms
    return None, end_ms, (now_ms if end_ms is None else end_ms) - LONGEST_SPAN_MS


def between(newest_first: Iterable[_TimedRow], earliest_ms: int | None, end_ms: int | None) -> Iterable[_TimedRow]:
    """Return the rows from `earliest_ms` to `end_ms`, both included, newest first."""
    rows = newest_first
    if earliest_ms is not None:
        rows = takewhile(lambda row: row.time_ms >= earliest_ms, rows)
    return rows if end_ms is None else (row for row in rows if row.time_ms <= end_ms)


def cut(newest_first: Iterable[_Row], *, from_start: bool, limit: int) -> list[_Row]:
    """Return at most `limit` rows, oldest first: the first ones, or the latest."""
    if from_start:
        return list(newest_first)[::-1][:limit]
    return list(islice(newest_first, limit))[::-1]
