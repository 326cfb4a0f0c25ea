"""Times that get a grid line: round by the clock of a zone, with their labels; midnights stand out."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from trader_gui.kline_history.grid import Grid
from trader_gui.widgets.chart.viewport import Viewport

GAP_PX = 100.0
DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_KST_MS = 9 * _HOUR_MS
_MONDAY_MS = 4 * DAY_MS
_STEPS_MS = (
    *(m * 60_000 for m in (1, 2, 5, 10, 15, 30)),
    *(h * _HOUR_MS for h in (1, 2, 4, 6, 12)),
    *(d * DAY_MS for d in (1, 2, 7, 14)),
)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_MONTH_MS = 30 * DAY_MS


class Zone(StrEnum):
    """The clock that the time axis goes by; the value is stored in layouts."""

    UTC = "UTC"
    KST = "KST"
    LOCAL = "local"

    def offset_ms(self, time_ms: int) -> int:
        """Return how far the zone's clock is ahead of UTC at a time."""
        if self is Zone.UTC:
            return 0
        return _KST_MS if self is Zone.KST else _local_offset_ms(time_ms // _HOUR_MS)

    def label(self, time_ms: int) -> str:
        """Return the zone's name as the axis prints it."""
        if self is not Zone.LOCAL:
            return self.value
        minutes = self.offset_ms(time_ms) // 60_000
        sign, (hours, rest) = "−" if minutes < 0 else "+", divmod(abs(minutes), 60)
        return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


@lru_cache(maxsize=4096)
def _local_offset_ms(hour: int) -> int:
    offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone().utcoffset()
    return 0 if offset is None else int(offset.total_seconds() * 1000)


@dataclass(frozen=True)
class TimeMark:
    """One grid line: where, its label, and whether a day (month, year) begins there."""

    x: float
    label: str
    is_day: bool


def time_step_ms(span_ms: float, width_px: float, gap_px: float = GAP_PX) -> int | None:
    """Return the distance between marks, ms: round by the clock, at least `gap_px` apart; None where it is months."""
    wanted = span_ms * gap_px / width_px
    return next((step for step in _STEPS_MS if step >= wanted), None)


def time_marks(grid: Grid, view: Viewport, zone: Zone) -> list[TimeMark]:
    """Return the marks of what is seen, oldest first."""
    begin, end = grid.time_of(view.left), grid.time_of(view.right)
    step = time_step_ms(end - begin, view.width)
    if step is None or grid.interval == "1M":
        return _month_marks(grid, begin, end, view.width, zone)
    zone = Zone.UTC if grid.length_ms >= DAY_MS else zone  # the venue's days begin at midnight UTC
    step = max(step, min(grid.length_ms, 14 * DAY_MS))
    anchor = _MONDAY_MS if step >= 7 * DAY_MS else 0
    marks = []
    local = -(-(begin + zone.offset_ms(begin) - anchor) // step) * step + anchor
    while (time_ms := local - zone.offset_ms(local - zone.offset_ms(local))) <= end:
        is_day = local % DAY_MS == 0 and step < DAY_MS
        form = "%m-%d" if is_day or step >= DAY_MS else "%H:%M"
        marks.append(TimeMark(grid.x_of(time_ms), words(local, form), is_day))
        local += step
    return marks


def _month_marks(grid: Grid, begin: int, end: int, width_px: float, zone: Zone) -> list[TimeMark]:
    wanted = (end - begin) * GAP_PX / width_px / _MONTH_MS
    step = next((months for months in _MONTHS if months >= wanted), _MONTHS[-1] * math.ceil(wanted / _MONTHS[-1]))
    moment = datetime.fromtimestamp(begin / 1000, UTC)
    month = -(-(moment.year * 12 + moment.month - 1) // step) * step
    marks: list[TimeMark] = []
    while True:
        local = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        time_ms = int(local.timestamp()) * 1000
        time_ms -= zone.offset_ms(time_ms) if grid.length_ms < DAY_MS else 0
        if time_ms > end:
            return marks
        form = "%Y" if month % 12 == 0 else "%Y-%m"
        if time_ms >= begin:
            marks.append(TimeMark(grid.x_of(time_ms), local.strftime(form), month % 12 == 0))
        month += step


def moment_words(time_ms: int, zone: Zone, grid: Grid) -> str:
    """Return a kline's open time in full, for the crosshair."""
    if grid.length_ms >= DAY_MS:
        return words(time_ms, "%Y-%m-%d")
    return words(time_ms + zone.offset_ms(time_ms), "%Y-%m-%d %H:%M")


@lru_cache(maxsize=4096)
def words(local_ms: int, form: str) -> str:
    """Return a time of a zone's clock in words."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=local_ms)).strftime(form)
