"""The grid of an interval: which slot a time lies in, and when a slot's kline opens. Months have no fixed length."""

import math

import numpy as np

from trader_gui.collectors.ring import IntArray
from trader_gui.domain.market import INTERVAL_MS

DAY_MS = 86_400_000
MONTH = "1M"
LENGTH_MS: dict[str, int] = {**INTERVAL_MS, "3d": 3 * DAY_MS, "1w": 7 * DAY_MS, MONTH: 30 * DAY_MS}
"""Every interval of the venue, shortest first, with its length; of a month, about."""

_MONDAY_MS = 4 * DAY_MS
"""1970-01-05: weeks open on Mondays, all other intervals of fixed length at multiples since 1970."""


class Grid:
    """Slots of one interval: slot 0 holds 1970-01-01 00:00 UTC (of weeks, the Monday after it).

    Attributes:
        interval: As the venue spells it.
        length_ms: Of one kline, ms; of a month, about.
    """

    def __init__(self, interval: str) -> None:
        self.interval = interval
        self.length_ms = LENGTH_MS[interval]
        self._origin_ms = _MONDAY_MS if interval == "1w" else 0

    def slot_of(self, time_ms: int) -> int:
        """Return the slot of the kline that holds a time."""
        if self.interval == MONTH:
            return int(np.datetime64(time_ms, "ms").astype("datetime64[M]").astype(np.int64))
        return (time_ms - self._origin_ms) // self.length_ms

    def slots_of(self, times_ms: IntArray) -> IntArray:
        """Return the slots of times, shape (n,)."""
        if self.interval == MONTH:
            return times_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
        return (times_ms - self._origin_ms) // self.length_ms

    def open_ms(self, slot: int) -> int:
        """Return when the kline of a slot opens, ms UTC."""
        if self.interval == MONTH:
            return int(np.datetime64(slot, "M").astype("datetime64[ms]").astype(np.int64))
        return slot * self.length_ms + self._origin_ms

    def opens_ms(self, first: int, end: int) -> IntArray:
        """Return when the klines of the slots `first` to `end` (not included) open, ms UTC."""
        slots = np.arange(first, end)
        if self.interval == MONTH:
            return slots.astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64)
        return slots * self.length_ms + self._origin_ms

    def x_of(self, time_ms: int) -> float:
        """Return a time in slots: whole where a kline opens."""
        slot = self.slot_of(time_ms)
        begin = self.open_ms(slot)
        return slot + (time_ms - begin) / (self.open_ms(slot + 1) - begin)

    def time_of(self, x: float) -> int:
        """Return the time of an x, ms UTC; the inverse of `x_of`."""
        slot = math.floor(x)
        begin = self.open_ms(slot)
        return begin + round((x - slot) * (self.open_ms(slot + 1) - begin))
