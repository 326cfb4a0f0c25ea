"""Klines: the series of closed ones, and the open one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from trader_gui.collectors.collector import Collector
from trader_gui.collectors.ring import FloatArray, IntArray, Ring
from trader_gui.domain.market import INTERVAL_MS, Kline, KlineHistory
from trader_gui.domain.step import Message

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "open_time_ms": np.int64,
    "open": np.float64,
    "high": np.float64,
    "low": np.float64,
    "close": np.float64,
    "volume": np.float64,
}


class KlineArrays(NamedTuple):
    """Columns of the closed klines, oldest first, shape (n,) each, read-only and contiguous; prices in quote asset."""

    open_time_ms: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


class KlineCollector(Collector):
    """The closed klines of one symbol and interval: a series without a hole.

    A kline that does not follow the last one is kept aside and `has_gap` is set; the series goes on when the missing
    ones come by `KlineHistory` or late by stream. An *open* kline that lies further on than the next one shows the
    same gap sooner, so that nobody decides on bands that are one kline old.

    Attributes:
        repaired: Open times of the klines that no stream has told and a later `KlineHistory` has filled in; those of
            the first one, which the series starts from, are none. The same object until the next repair.
    """

    def __init__(self, symbol: str, interval: str, capacity: int = 1500) -> None:
        super().__init__()
        self.symbol = symbol
        self.interval = interval
        self.repaired: frozenset[int] = frozenset()
        self._step_ms = INTERVAL_MS[interval]
        self._klines: deque[Kline] = deque(maxlen=capacity)
        self._ring = Ring(_COLUMNS, capacity)
        self._waiting: dict[int, Kline] = {}
        self._newest_open_ms = -1
        self._arrays: KlineArrays | None = None

    def __len__(self) -> int:
        return len(self._klines)

    @property
    def last(self) -> Kline | None:
        """The newest closed kline."""
        return self._klines[-1] if self._klines else None

    @property
    def has_gap(self) -> bool:
        """Whether klines are known to be missing after `last`."""
        if not self._klines:
            return False
        return bool(self._waiting) or self._newest_open_ms > self._klines[-1].open_time_ms + self._step_ms

    @property
    def resync_wanted(self) -> bool:
        """Whether the session shall read a `KlineHistory` (from `last` on is enough)."""
        return self.has_gap

    def arrays(self) -> KlineArrays:
        """Return the columns; the same object until the next change."""
        if self._arrays is None:
            self._arrays = KlineArrays(*(self._ring.column(name) for name in _COLUMNS))
        return self._arrays

    def klines(self) -> tuple[Kline, ...]:
        """Return the closed klines as records, oldest first."""
        return tuple(self._klines)

    def apply(self, message: Message) -> bool:
        if isinstance(message, Kline):
            if message.symbol != self.symbol or message.interval != self.interval:
                return False
            return self._add(message) if message.is_closed else self._see_open(message)
        if isinstance(message, KlineHistory) and message.symbol == self.symbol and message.interval == self.interval:
            return self._repair(message)
        return False

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        columns = [f for f in Kline.__struct_fields__ if f not in ("symbol", "interval", "is_closed", "event_time_ms")]
        frame = pd.DataFrame([[getattr(k, c) for c in columns] for k in self._klines], columns=columns)
        frame["is_repaired"] = [k.open_time_ms in self.repaired for k in self._klines]
        return frame

    def _see_open(self, kline: Kline) -> bool:
        had_gap = self.has_gap
        self._newest_open_ms = max(self._newest_open_ms, kline.open_time_ms)
        if self.has_gap == had_gap:
            return False
        self.revision += 1
        return True

    def _add(self, kline: Kline) -> bool:
        last = self.last
        if last is not None and (kline.open_time_ms <= last.open_time_ms or kline.open_time_ms in self._waiting):
            return False
        if last is None or kline.open_time_ms == last.open_time_ms + self._step_ms:
            self._append(kline)
            self._take_waiting()
        else:
            self._waiting[kline.open_time_ms] = kline
        self._changed()
        return True

    def _take_waiting(self) -> None:
        while self._waiting:
            following = self._waiting.pop(self._klines[-1].open_time_ms + self._step_ms, None)
            if following is None:
                return
            self._append(following)

    def _repair(self, history: KlineHistory) -> bool:
        """Join history and series where they touch; the run of klines around the history's last one stays."""
        told = {k.open_time_ms: k for k in history.klines if k.is_closed}
        if not told:
            return False
        heard = {k.open_time_ms: k for k in self._klines} | self._waiting
        filled = told.keys() - heard.keys() if self._klines else set()
        known = heard | told
        first = last = max(told)
        while first - self._step_ms in known:
            first -= self._step_ms
        while last + self._step_ms in known:
            last += self._step_ms
        self._klines.clear()
        self._ring.clear()
        for open_time_ms in range(first, last + 1, self._step_ms):
            self._append(known[open_time_ms])
        self._waiting = {time: known[time] for time in sorted(known) if time > last}
        oldest = self._klines[0].open_time_ms
        self.repaired = frozenset(time for time in self.repaired | filled if time >= oldest)
        self._changed()
        return True

    def _append(self, kline: Kline) -> None:
        self._klines.append(kline)
        self._ring.append(
            kline.open_time_ms,
            float(kline.open),
            float(kline.high),
            float(kline.low),
            float(kline.close),
            float(kline.volume),
        )

    def _changed(self) -> None:
        self._arrays = None
        self.revision += 1


class RealTimeKlineCollector(Collector):
    """The open kline, replaced by every message.

    Attributes:
        kline: The open kline; None after it closed until the next one's first message.
    """

    def __init__(self, symbol: str, interval: str) -> None:
        super().__init__()
        self.symbol = symbol
        self.interval = interval
        self.kline: Kline | None = None
        self._newest_ms = -1

    def apply(self, message: Message) -> bool:
        if not isinstance(message, Kline) or message.symbol != self.symbol or message.interval != self.interval:
            return False
        if message.open_time_ms < self._newest_ms or self._is_told(message):
            return False
        if message.is_closed:
            self.kline = None
            self._newest_ms = message.open_time_ms + 1  # an open message of a closed kline comes too late
        else:
            self.kline = message
            self._newest_ms = message.open_time_ms
        self.revision += 1
        return True

    def _is_told(self, message: Kline) -> bool:
        """Tell whether this message, or a newer one, came before: a socket that is being replaced tells it late."""
        known = self.kline
        if known is None or message.is_closed or message.open_time_ms != known.open_time_ms:
            return False
        return message.event_time_ms < known.event_time_ms or message == known

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame([msgspec.structs.asdict(self.kline)] if self.kline else [])
