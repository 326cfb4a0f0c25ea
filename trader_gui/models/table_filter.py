"""Which rows of a table are shown: by chosen values, by a span of time, by words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trader_gui.models.table import Column

DAY_MS = 86_400_000


@dataclass(frozen=True)
class TableFilter:
    """What a row must have to be shown.

    Attributes:
        values: By column, the value that is wanted, as plain text.
        words: All of these, in any column that is searched; case does not matter.
        since_ms, until_ms: Bounds of the row's time, both included; None where there is none.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None

    @property
    def is_empty(self) -> bool:
        """True when every row passes."""
        return not self.values and not self.words and self.since_ms is None and self.until_ms is None


def make_predicate(
    wanted: TableFilter,
    columns: Sequence[Column[Any]],
    time_column: str | None,
    text_of: Callable[[Any], str],
) -> Callable[[Any], bool] | None:
    """Return what tells whether a row passes; None when all do.

    Args:
        wanted: The filter.
        columns: Of the table.
        time_column: Key of the column that is the row's time; None in a table without one.
        text_of: The text of a row that words are looked for in, in lower case.
    """
    if wanted.is_empty:
        return None
    by_key = {column.key: column.value for column in columns}
    values = [(by_key[key], value) for key, value in wanted.values.items()]
    words = tuple(word.casefold() for word in wanted.words)
    time_of = by_key[time_column] if time_column is not None else None
    since_ms = wanted.since_ms if wanted.since_ms is not None else 0
    until_ms = wanted.until_ms if wanted.until_ms is not None else 1 << 62

    def passes(row: Any) -> bool:
        if any(str(value_of(row)) != value for value_of, value in values):
            return False
        if time_of is not None:
            time_ms = time_of(row) or 0
            if not isinstance(time_ms, int) or not since_ms <= time_ms <= until_ms:
                return False
        if not words:
            return True
        text = text_of(row)
        return all(word in text for word in words)

    return passes


def values_of(rows: Sequence[Any], column: Column[Any]) -> list[str]:
    """Return the different values of a column, sorted, as plain text; unknown ones are none."""
    found = {column.value(row) for row in rows}
    return sorted(str(value) for value in found if value is not None)


def day_start_ms(now_ms: int, days_before: int = 0) -> int:
    """Return midnight UTC of the day that a time is in, or of a day before it."""
    return now_ms - now_ms % DAY_MS - days_before * DAY_MS
