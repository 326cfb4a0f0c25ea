"""Klines of every interval, built from the trades of one symbol.

The market source's own interval (the *base*, usually 1m) is built trade by trade. A longer interval is put together
from closed klines of the longest interval that divides it (1h from 30m) and, for the open one, from what is open below
it; so a trade costs the same however many intervals are watched, and a closed base kline little more. A kline
without a trade stands still at the close before it, with no volume. Weeks open on Mondays, months on their first day.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.records import KlineRow, Older, Print

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

MONTH = "1M"
"""The one interval of no fixed length."""

KEPT_ROWS = 20_000
"""Closed klines kept per interval; up to a quarter more between two clearings."""


def interval_open_ms(interval_ms: int, time_ms: int) -> int:
    """Return the open time of the kline of length `interval_ms` that holds `time_ms`."""
    offset = WEEK_START_MS if interval_ms == FIXED_INTERVAL_MS["1w"] else 0
    return (time_ms - offset) // interval_ms * interval_ms + offset


def interval_span(interval: str, time_ms: int) -> tuple[int, int]:
    """Return (open time, close time) of the kline of an interval, `1M` included, that holds `time_ms`."""
    if interval != MONTH:
        length = FIXED_INTERVAL_MS[interval]
        open_ms = interval_open_ms(length, time_ms)
        return open_ms, open_ms + length - 1
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    following = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    return int(first.timestamp()) * 1000, int(following.timestamp()) * 1000 - 1


def rows_between(
    rows: Sequence[KlineRow], limit: int, start_time_ms: int | None, end_time_ms: int | None
) -> Sequence[KlineRow]:
    """Return up to `limit` of `rows`, oldest first: from the start if one is given, else the newest.

    Args:
        rows: Oldest first.
        limit: At least 1.
        start_time_ms: Lowest open time wanted.
        end_time_ms: Highest open time wanted.
    """
    begin = 0 if start_time_ms is None else bisect_left(rows, start_time_ms, key=_open_time)
    end = len(rows) if end_time_ms is None else bisect_right(rows, end_time_ms, key=_open_time)
    if start_time_ms is None:
        begin = max(0, end - limit)
    return rows[begin : min(end, begin + limit)]


def _open_time(row: KlineRow) -> int:
    return row.open_time_ms


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

    def absorb(self, later: "KlineBuild") -> None:
        """Take in the kline that follows; open and close times stay."""
        if later.high > self.high:
            self.high = later.high
        if later.low < self.low:
            self.low = later.low
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.trade_count += later.trade_count
        self.taker_buy_volume += later.taker_buy_volume
        self.taker_buy_quote_volume += later.taker_buy_quote_volume
        if self.first_trade_id < 0:
            self.first_trade_id = later.first_trade_id
        if later.last_trade_id >= 0:
            self.last_trade_id = later.last_trade_id

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

    def __init__(self, history: Sequence[KlineRow], older: Older | None = None) -> None:
        """Begin after the history; what is before it is asked of `older`."""
        base_ms = history[0].close_time_ms - history[0].open_time_ms + 1
        lengths = {name: ms for name, ms in FIXED_INTERVAL_MS.items() if ms >= base_ms and ms % base_ms == 0}
        self.intervals = (*lengths, MONTH) if FIXED_INTERVAL_MS["1d"] % base_ms == 0 else tuple(lengths)
        self.base_interval = self.intervals[0]
        self._base_ms = base_ms
        self._parts = {name: _part_of(name, self.intervals[:at]) for at, name in enumerate(self.intervals) if at}
        self._wholes = {part: [name for name in self._parts if self._parts[name] == part] for part in self.intervals}
        self._closed: dict[str, list[KlineRow]] = {name: [] for name in self.intervals}
        self._partial: dict[str, KlineBuild] = {}
        self._older: Older | None = None
        self._cut: set[str] = set()  # intervals whose first kline begins before the history, and lacks that part
        for row in history:
            self._extend_longer(KlineBuild.from_row(row))
            self._closed[self.base_interval].append(row)
        last = history[-1]
        self._open = KlineBuild.flat(last.close_time_ms + 1, base_ms, last.close)
        self._first_ms = history[0].open_time_ms
        if older is not None:
            self._older = older
            self._cut = {name for name in self.intervals if interval_span(name, self._first_ms)[0] < self._first_ms}

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
        self._keep(self.base_interval, closed)
        closed_now.extend(self._extend_longer(closed))
        self._open = KlineBuild.flat(closed.close_time_ms + 1, self._base_ms, closed.close)
        return closed_now

    def _extend_longer(self, base: KlineBuild) -> list[tuple[str, KlineBuild]]:
        closed = [(self.base_interval, base)]
        for part, later in closed:  # grows while it is walked: what closes may close a longer one
            for name in self._wholes[part]:
                partial = self._partial.get(name)
                if partial is None:
                    partial = self._partial[name] = self._begun(name, later)
                else:
                    partial.absorb(later)
                if partial.close_time_ms == later.close_time_ms:
                    whole = self._with_head(name, self._partial.pop(name))
                    if whole is not partial:
                        self._cut.discard(name)
                    self._keep(name, whole)
                    closed.append((name, whole))
        return closed[1:]

    def _keep(self, interval: str, kline: KlineBuild) -> None:
        rows = self._closed[interval]
        rows.append(kline.row())
        if len(rows) > KEPT_ROWS * 5 // 4:
            del rows[:-KEPT_ROWS]

    def _with_head(self, interval: str, kline: KlineBuild) -> KlineBuild:
        """Return a kline with the part of it that is older than the history."""
        is_cut = interval in self._cut and kline.open_time_ms < self._first_ms
        head = self._older.head(interval) if is_cut and self._older is not None else None
        if head is None:
            return kline
        whole = KlineBuild.from_row(head)
        whole.absorb(kline)
        return whole

    @staticmethod
    def _begun(interval: str, base: KlineBuild) -> KlineBuild:
        """Return the kline of a longer interval as `base`, its first, makes it."""
        build = msgspec.structs.replace(base)
        build.open_time_ms, build.close_time_ms = interval_span(interval, base.open_time_ms)
        return build

    def open_kline(self, interval: str) -> KlineBuild:
        """Return the open kline of `interval`; for the base interval it is the live object, not to be changed."""
        if interval == self.base_interval:
            return self._open
        build: KlineBuild | None = None
        name = interval
        while name != self.base_interval:
            partial = self._partial.get(name)
            if partial is not None and build is None:
                build = self._begun(interval, partial)
            elif partial is not None and build is not None:
                build.absorb(partial)
            name = self._parts[name]
        if build is None:
            return self._begun(interval, self._open)
        build.absorb(self._open)
        return self._with_head(interval, build)

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
        first_ms, closed = interval_span(interval, self._first_ms)[0], self._closed[interval]
        found = self._own_rows(interval, limit, (start_time_ms, end_time_ms))
        if found and closed and found[0] is closed[0] and interval in self._cut:  # it closed within the history
            found[0] = closed[0] = self._with_head(interval, KlineBuild.from_row(closed[0])).row()
            self._cut.discard(interval)
        is_gap = bool(closed) and closed[0].open_time_ms > first_ms  # so long ago that they are not kept any more
        if self._older is None or is_gap or (start_time_ms is not None and start_time_ms >= first_ms):
            return found
        wanted = limit if start_time_ms is not None else limit - len(found)
        older = self._older.rows(interval, wanted, start_time_ms, end_time_ms) if wanted else []
        return [*older, *found][:limit]

    def _own_rows(self, interval: str, limit: int, span: tuple[int | None, int | None]) -> list[KlineRow]:
        """Return the rows since the history began."""
        closed, (start_time_ms, end_time_ms) = self._closed[interval], span
        now = self.open_kline(interval)
        if end_time_ms is not None and end_time_ms < now.open_time_ms:
            return list(rows_between(closed, limit, start_time_ms, end_time_ms))
        if start_time_ms is not None:
            found = [*rows_between(closed, limit, start_time_ms, None)]
            return [*found, now.row()] if len(found) < limit and start_time_ms <= now.open_time_ms else found
        return [*closed[len(closed) - limit + 1 if len(closed) >= limit else 0 :], now.row()]


def _part_of(interval: str, shorter: Sequence[str]) -> str:
    """Return the longest of the shorter intervals that klines of `interval` consist of."""
    length = FIXED_INTERVAL_MS["1d"] if interval == MONTH else FIXED_INTERVAL_MS[interval]
    return [name for name in shorter if length % FIXED_INTERVAL_MS[name] == 0][-1]


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
