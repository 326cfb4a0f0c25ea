"""Klines of every fixed interval, built from the trades of one symbol.

The market source's own interval (the *base*, usually 1m) is built trade by trade; longer intervals are put together
from closed base klines and the open one, so a trade costs the same however many intervals are watched. A kline
without a trade stands still at the close before it, with no volume.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice

import msgspec

from trader_gui.simulated_exchange.records import KlineRow, Print

MINUTE_MS = 60_000
FIXED_INTERVAL_MS: dict[str, int] = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": 1440 * MINUTE_MS,
    "3d": 3 * 1440 * MINUTE_MS,
    "1w": 7 * 1440 * MINUTE_MS,
}
"""The venue's intervals of fixed length, milliseconds."""

WEEK_START_MS = 4 * 1440 * MINUTE_MS
"""1970-01-05, a Monday: weeks open on Mondays."""

KEPT_ROWS = 20_000
"""Closed klines kept per interval."""


def interval_open_ms(interval_ms: int, time_ms: int) -> int:
    """Return the open time of the kline of length `interval_ms` that holds `time_ms`."""
    offset = WEEK_START_MS if interval_ms == FIXED_INTERVAL_MS["1w"] else 0
    return (time_ms - offset) // interval_ms * interval_ms + offset


class KlineBuild(msgspec.Struct):
    """A kline in the making, or one just closed; trade ids are -1 while it holds no trade."""

    open_time_ms: int
    close_time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)
    quote_volume: Decimal = Decimal(0)
    trade_count: int = 0
    taker_buy_volume: Decimal = Decimal(0)
    taker_buy_quote_volume: Decimal = Decimal(0)
    first_trade_id: int = -1
    last_trade_id: int = -1

    @classmethod
    def flat(cls, open_time_ms: int, interval_ms: int, price: Decimal) -> "KlineBuild":
        """Return a kline without trades that stands at `price`."""
        return cls(open_time_ms, open_time_ms + interval_ms - 1, price, price, price, price)

    @classmethod
    def from_row(cls, row: KlineRow) -> "KlineBuild":
        """Return a finished kline as a build, so that it can be merged into a longer one."""
        return cls(
            row.open_time_ms,
            row.close_time_ms,
            row.open,
            row.high,
            row.low,
            row.close,
            row.volume,
            row.quote_volume,
            row.trade_count,
            row.taker_buy_volume,
            row.taker_buy_quote_volume,
        )

    def add(self, trade: Print, trade_id: int) -> None:
        """Count one trade in."""
        price = trade.price
        if self.first_trade_id < 0 and self.trade_count == 0:
            self.open = self.high = self.low = price
            self.first_trade_id = trade_id
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.last_trade_id = trade_id
        self.trade_count += 1
        quote = price * trade.quantity
        self.volume += trade.quantity
        self.quote_volume += quote
        if not trade.is_buyer_maker:
            self.taker_buy_volume += trade.quantity
            self.taker_buy_quote_volume += quote

    def merged(self, later: "KlineBuild") -> "KlineBuild":
        """Return a new kline that holds this one and the one after it, with this one's open and close times."""
        merged = msgspec.structs.replace(self)
        merged.high = max(self.high, later.high)
        merged.low = min(self.low, later.low)
        merged.close = later.close
        merged.volume = self.volume + later.volume
        merged.quote_volume = self.quote_volume + later.quote_volume
        merged.trade_count = self.trade_count + later.trade_count
        merged.taker_buy_volume = self.taker_buy_volume + later.taker_buy_volume
        merged.taker_buy_quote_volume = self.taker_buy_quote_volume + later.taker_buy_quote_volume
        if merged.first_trade_id < 0:
            merged.first_trade_id = later.first_trade_id
        if later.last_trade_id >= 0:
            merged.last_trade_id = later.last_trade_id
        return merged

    def row(self) -> KlineRow:
        """Return the kline as a frozen row."""
        return KlineRow(
            self.open_time_ms,
            self.close_time_ms,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.quote_volume,
            self.trade_count,
            self.taker_buy_volume,
            self.taker_buy_quote_volume,
        )


class KlineBook:
    """All klines of one symbol.

    Attributes:
        base_interval: The source's own interval ("1m").
        intervals: Every interval that can be served: the multiples of the base.
    """

    def __init__(self, history: Sequence[KlineRow]) -> None:
        base_ms = history[0].close_time_ms - history[0].open_time_ms + 1
        lengths = {name: ms for name, ms in FIXED_INTERVAL_MS.items() if ms >= base_ms and ms % base_ms == 0}
        self.intervals = tuple(lengths)
        self.base_interval = self.intervals[0]
        self._base_ms = base_ms
        self._longer = {name: ms for name, ms in lengths.items() if ms > base_ms}
        self._closed: dict[str, deque[KlineRow]] = {name: deque(maxlen=KEPT_ROWS) for name in lengths}
        self._partial: dict[str, KlineBuild] = {}
        for row in history:
            self._extend_longer(KlineBuild.from_row(row))
            self._closed[self.base_interval].append(row)
        last = history[-1]
        self._open = KlineBuild.flat(last.close_time_ms + 1, base_ms, last.close)

    @property
    def close_time_ms(self) -> int:
        """Close time of the open base kline: when the next kline closes."""
        return self._open.close_time_ms

    def add(self, trades: Iterable[Print], first_trade_id: int) -> None:
        """Count trades into the open base kline; their ids run on from `first_trade_id`."""
        for trade_id, trade in enumerate(trades, first_trade_id):
            self._open.add(trade, trade_id)

    def close_one(self) -> list[tuple[str, KlineBuild]]:
        """Close the open base kline and open the next; return every (interval, kline) that closed, base first."""
        closed = self._open
        closed_now = [(self.base_interval, closed)]
        self._closed[self.base_interval].append(closed.row())
        closed_now.extend(self._extend_longer(closed))
        self._open = KlineBuild.flat(closed.close_time_ms + 1, self._base_ms, closed.close)
        return closed_now

    def _extend_longer(self, base: KlineBuild) -> list[tuple[str, KlineBuild]]:
        finished = []
        for name, length in self._longer.items():
            partial = self._partial.get(name)
            if partial is None:
                partial = msgspec.structs.replace(base)
                partial.open_time_ms = interval_open_ms(length, base.open_time_ms)
                partial.close_time_ms = partial.open_time_ms + length - 1
            else:
                partial = partial.merged(base)
            self._partial[name] = partial
            if partial.close_time_ms == base.close_time_ms:
                self._closed[name].append(partial.row())
                finished.append((name, self._partial.pop(name)))
        return finished

    def open_kline(self, interval: str) -> KlineBuild:
        """Return the open kline of `interval`; for the base interval it is the live object, not to be changed."""
        if interval == self.base_interval:
            return self._open
        partial = self._partial.get(interval)
        if partial is not None:
            return partial.merged(self._open)
        length = self._longer[interval]
        build = msgspec.structs.replace(self._open)
        build.open_time_ms = interval_open_ms(length, build.open_time_ms)
        build.close_time_ms = build.open_time_ms + length - 1
        return build

    def rows(
        self, interval: str, limit: int, *, start_time_ms: int | None = None, end_time_ms: int | None = None
    ) -> list[KlineRow]:
        """Return up to `limit` klines, oldest first, from the start if one is given, else the newest; may end open.

        Args:
            interval: One of `intervals`.
            limit: At least 1.
            start_time_ms: Lowest open time wanted.
            end_time_ms: Highest open time wanted.
        """
        rows = [*self._closed[interval], self.open_kline(interval).row()]
        length = FIXED_INTERVAL_MS[interval]
        first = rows[0].open_time_ms
        begin = 0 if start_time_ms is None else max(0, -(-(start_time_ms - first) // length))
        end = len(rows) if end_time_ms is None else min(len(rows), max(0, (end_time_ms - first) // length + 1))
        if start_time_ms is None:
            begin = max(0, end - limit)
        return list(islice(rows, begin, min(end, begin + limit)))


class RollingDay:
    """Sums of the last 24 hours, kept up kline by kline.

    Attributes:
        volume, quote_volume: Base and quote asset, closed klines only.
        trade_count: Trades in them.
    """

    def __init__(self, history: Sequence[KlineRow]) -> None:
        base_ms = history[0].close_time_ms - history[0].open_time_ms + 1
        self._length = max(1, FIXED_INTERVAL_MS["1d"] // base_ms - 1)
        self._rows: deque[KlineRow] = deque()
        self._highs: deque[KlineRow] = deque()
        self._lows: deque[KlineRow] = deque()
        self.volume = Decimal(0)
        self.quote_volume = Decimal(0)
        self.trade_count = 0
        for row in history[-self._length :]:
            self.add(row)

    def add(self, row: KlineRow) -> None:
        """Take in a closed kline and let the one that is 24 hours old go."""
        self._rows.append(row)
        self.volume += row.volume
        self.quote_volume += row.quote_volume
        self.trade_count += row.trade_count
        while self._highs and self._highs[-1].high <= row.high:
            self._highs.pop()
        self._highs.append(row)
        while self._lows and self._lows[-1].low >= row.low:
            self._lows.pop()
        self._lows.append(row)
        if len(self._rows) > self._length:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        gone = self._rows.popleft()
        self.volume -= gone.volume
        self.quote_volume -= gone.quote_volume
        self.trade_count -= gone.trade_count
        if self._highs[0] is gone:
            self._highs.popleft()
        if self._lows[0] is gone:
            self._lows.popleft()

    def with_open(self, kline: KlineBuild) -> KlineRow:
        """Return the 24 hours up to now as one row: the closed klines and the open one."""
        first = self._rows[0]
        return KlineRow(
            first.open_time_ms,
            kline.close_time_ms,
            first.open,
            max(self._highs[0].high, kline.high),
            min(self._lows[0].low, kline.low),
            kline.close,
            self.volume + kline.volume,
            self.quote_volume + kline.quote_volume,
            self.trade_count + kline.trade_count,
            Decimal(0),
            Decimal(0),
        )
