"""Klines of prices that nobody trades at: mark price, index price and premium of one symbol.

They follow the minutes of the symbol's trade klines. The market source tells no mark and index prices of its past, so
the history's minutes, and what is older, stand with the trades' own prices for mark and index, and with a premium of
zero. A minute's kline is made of the values at its ticks; the count is that of the whole seconds passed, as the
venue's is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.klines import FIXED_INTERVAL_MS, KEPT_ROWS, MONTH, interval_span, rows_between
from trader_gui.simulated_exchange.records import KlineRow, Older

ZERO = Decimal(0)
FLAT = Decimal("0.00000000")
LONGEST_MONTH_MS = 31 * FIXED_INTERVAL_MS["1d"]


class PriceRow(msgspec.Struct, frozen=True):
    """Open, high, low and close of one price over one interval."""

    open_time_ms: int
    close_time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def joined(self, later: "PriceRow") -> "PriceRow":
        """Return this row and a later one as one, with this one's times."""
        high, low = max(self.high, later.high), min(self.low, later.low)
        return PriceRow(self.open_time_ms, self.close_time_ms, self.open, high, low, later.close)


class PriceKlines:
    """Base klines of one price; longer ones are put together when asked for."""

    def __init__(self, history: Sequence[KlineRow], *, is_flat: bool = False, older: Older | None = None) -> None:
        """Begin after the history's last row; `is_flat`: the history, and what is `older`, stands at zero."""
        self._taken = _flat_row if is_flat else _price_row
        self._rows = [self._taken(row) for row in history[-KEPT_ROWS:]]
        self._first_ms = self._rows[0].open_time_ms
        self._older = older
        last = self._rows[-1]
        self._open_ms, self._close_ms = last.close_time_ms + 1, 2 * last.close_time_ms - last.open_time_ms + 1
        self._open = self._high = self._low = self._close = last.close
        self._is_fresh = True

    def add(self, value: Decimal) -> None:
        """Take in the price's newest value."""
        if self._is_fresh:
            self._open = self._high = self._low = value
            self._is_fresh = False
        elif value > self._high:
            self._high = value
        elif value < self._low:
            self._low = value
        self._close = value

    def close_one(self) -> None:
        """Close the open base kline and open the next, which stands at the close until a value comes."""
        self._rows.append(self._row())
        if len(self._rows) > KEPT_ROWS * 5 // 4:
            del self._rows[:-KEPT_ROWS]
        length = self._close_ms - self._open_ms + 1
        self._open_ms, self._close_ms = self._close_ms + 1, self._close_ms + length
        self._open = self._high = self._low = self._close
        self._is_fresh = True

    def _row(self) -> PriceRow:
        return PriceRow(self._open_ms, self._close_ms, self._open, self._high, self._low, self._close)

    def rows(
        self, interval: str, limit: int, *, start_time_ms: int | None = None, end_time_ms: int | None = None
    ) -> list[KlineRow]:
        """Return up to `limit` klines, oldest first, from the start if one is given, else the newest; may end open.

        Args:
            interval: One that the symbol's trade klines have.
            limit: At least 1.
            start_time_ms: Lowest open time wanted.
            end_time_ms: Highest open time wanted.
        """
        joined: list[PriceRow] = []
        close_ms = -1
        for row in self._base_rows(interval, limit, start_time_ms, end_time_ms):
            if row.open_time_ms > close_ms:
                open_ms, close_ms = interval_span(interval, row.open_time_ms)
                joined.append(PriceRow(open_ms, close_ms, row.open, row.high, row.low, row.close))
            else:
                joined[-1] = joined[-1].joined(row)
        joined = self._with_older(joined, interval, limit, (start_time_ms, end_time_ms))
        rows = [_kline_row(row, self._open_ms) for row in joined]
        return list(rows_between(rows, limit, start_time_ms, end_time_ms))

    def _with_older(
        self, joined: list[PriceRow], interval: str, limit: int, span: tuple[int | None, int | None]
    ) -> list[PriceRow]:
        """Return rows with those before the history, where they are wanted."""
        first_ms, (start_ms, end_ms) = interval_span(interval, self._first_ms)[0], span
        is_gap = self._rows[0].open_time_ms > self._first_ms  # so long ago that they are not kept any more
        if self._older is None or is_gap or (start_ms is not None and start_ms > first_ms):
            return joined
        if joined and joined[0].open_time_ms == first_ms and (head := self._older.head(interval)) is not None:
            joined[0] = self._taken(head).joined(joined[0])
        wanted = limit if start_ms is not None else limit - len(joined)
        older = self._older.rows(interval, wanted, start_ms, end_ms) if wanted > 0 else []
        return [*map(self._taken, older), *joined]

    def _base_rows(self, interval: str, limit: int, start_ms: int | None, end_ms: int | None) -> Sequence[PriceRow]:
        """Return all base rows that the wanted klines need, and few more."""
        open_ms, close_ms = interval_span(interval, self._open_ms)
        longest = max(close_ms + 1 - open_ms, LONGEST_MONTH_MS if interval == MONTH else 0)
        needed = (limit + 1) * longest // (self._close_ms + 1 - self._open_ms)
        rows = [*self._rows, self._row()]
        if start_ms is not None:
            first = bisect_left(rows, start_ms, key=_open_time)
            return rows[first : first + needed]
        if end_ms is not None and end_ms < self._open_ms:
            rows = rows[: bisect_right(rows, interval_span(interval, end_ms)[1], key=_open_time)]
        return rows[-needed:]


def _open_time(row: PriceRow) -> int:
    return row.open_time_ms


def _price_row(row: KlineRow) -> PriceRow:
    return PriceRow(row.open_time_ms, row.close_time_ms, row.open, row.high, row.low, row.close)


def _flat_row(row: KlineRow) -> PriceRow:
    return PriceRow(row.open_time_ms, row.close_time_ms, FLAT, FLAT, FLAT, FLAT)


def _kline_row(row: PriceRow, now_ms: int) -> KlineRow:
    """Return a row in the form of trade klines: no volume, and the whole seconds of the interval as count."""
    seconds = (min(row.close_time_ms + 1, max(now_ms, row.open_time_ms)) - row.open_time_ms) // 1000
    prices = (row.open, row.high, row.low, row.close)
    return KlineRow(row.open_time_ms, row.close_time_ms, *prices, ZERO, ZERO, seconds, ZERO, ZERO)
