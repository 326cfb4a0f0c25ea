"""Klines of long before a generated market's first tick: minutes in arrays, put together when somebody scrolls back.

Nothing is made before it is asked for, and no row is kept: two months of minutes are some megabytes of numbers.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trader_gui.simulated_exchange.klines import FIXED_INTERVAL_MS, MINUTE_MS, MONTH, WEEK_START_MS, interval_span
from trader_gui.simulated_exchange.records import KlineRow

Ints = npt.NDArray[np.int64]


class Minutes(NamedTuple):
    """Minutes without a gap, oldest first, as whole numbers.

    Attributes:
        prices: Open, high, low, close in ticks, shape (n, 4).
        volumes, taken: Traded, and of it bought by takers, in steps, shape (n,).
        counts: Trades, shape (n,).
    """

    prices: Ints
    volumes: Ints
    taken: Ints
    counts: Ints


class OlderKlines:
    """The klines before a moment, of every interval.

    Attributes:
        end_ms: The moment: the first minute that is not among them opens then.
    """

    def __init__(self, make: Callable[[], Minutes], end_ms: int, steps: tuple[Decimal, Decimal]) -> None:
        """Know how to make them.

        Args:
            make: Called once, when the first kline is wanted.
            end_ms: Where they end, a whole minute.
            steps: (tick size, step size).
        """
        self.end_ms = end_ms
        self._make = make
        self._tick_size, self._step_size = steps
        self._starts: dict[str, Ints] = {}
        self._heads: dict[str, KlineRow | None] = {}

    @cached_property
    def _minutes(self) -> Minutes:
        return self._make()

    @cached_property
    def _times(self) -> Ints:
        """Open times of the minutes."""
        count = len(self._minutes.counts)
        return self.end_ms + (np.arange(count, dtype=np.int64) - count) * MINUTE_MS

    def _starts_of(self, interval: str) -> Ints:
        """Return at which minute each kline of an interval begins, and at last the number of minutes."""
        if interval not in self._starts:
            opens = _opens(interval, self._times)
            starts = np.flatnonzero(np.diff(opens, prepend=opens[0] - 1))
            self._starts[interval] = np.append(starts, len(opens))
        return self._starts[interval]

    def rows(self, interval: str, limit: int, start_ms: int | None, end_ms: int | None) -> list[KlineRow]:
        """Return up to `limit` klines that are over by `end_ms` of this object, oldest first.

        Args:
            interval: Any.
            limit: 0 for none.
            start_ms: Lowest open time wanted, and the first klines from there; None: the newest ones.
            end_ms: Highest open time wanted.
        """
        starts = self._starts_of(interval)
        opens = _opens(interval, self._times[starts[:-1]])
        count = len(opens) - (interval_span(interval, int(opens[-1]))[1] >= self.end_ms)
        last = count if end_ms is None else min(count, int(np.searchsorted(opens, end_ms, "right")))
        first = max(0, last - limit) if start_ms is None else int(np.searchsorted(opens, start_ms))
        return [self._row(interval, number) for number in range(first, min(last, first + limit))]

    def head(self, interval: str) -> KlineRow | None:
        """Return what the kline that is not over at the end holds up to there; None when none is cut."""
        if interval not in self._heads:
            row = self._row(interval, len(self._starts_of(interval)) - 2)
            self._heads[interval] = row if row.close_time_ms >= self.end_ms else None
        return self._heads[interval]

    def _row(self, interval: str, number: int) -> KlineRow:
        starts, minutes = self._starts_of(interval), self._minutes
        part = slice(int(starts[number]), int(starts[number + 1]))
        prices, volumes, taken = minutes.prices[part], minutes.volumes[part], minutes.taken[part]
        ticks = int(prices[0, 0]), int(prices[:, 1].max()), int(prices[:, 2].min()), int(prices[-1, 3])
        twice_mean = prices[:, 0] + prices[:, 3]
        worth = self._tick_size * self._step_size / 2
        opened, high, low, close = (tick * self._tick_size for tick in ticks)
        open_ms, close_ms = interval_span(interval, int(self._times[part.start]))
        return KlineRow(
            open_ms,
            close_ms,
            opened,
            high,
            low,
            close,
            int(volumes.sum()) * self._step_size,
            int((volumes * twice_mean).sum()) * worth,
            int(minutes.counts[part].sum()),
            int(taken.sum()) * self._step_size,
            int((taken * twice_mean).sum()) * worth,
        )


def _opens(interval: str, times: Ints) -> Ints:
    """Return the open times of the klines that hold these times."""
    if interval == MONTH:
        months: Any = times.astype("datetime64[ms]").astype("datetime64[M]")
        return np.asarray(months.astype("datetime64[ms]").astype(np.int64))
    length = FIXED_INTERVAL_MS[interval]
    offset = WEEK_START_MS if interval == "1w" else 0
    return (times - offset) // length * length + offset
