"""HistoryLoader: reads the past that is looked at: the journal page by page, and the exchange week by week."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from trader_gui.domain.order import Fill, OrderFamily, PastOrder
from trader_gui.errors import ProtocolError, TraderError, UserError, VenueError
from trader_gui.exchange.port import HistoryPort
from trader_gui.exchange.rest_history import KEPT_MS, LONGEST_SPAN_MS
from trader_gui.models.history_merge import Span
from trader_gui.models.trader_view import HistoryView

if TYPE_CHECKING:
    from trader_gui.models.history import History

HEAD_EVERY_NS = 30_000_000_000
"""The newest end is asked for no oftener than this; orders and executions come by stream anyway."""
LAG_MS = 60_000
"""The exchange's lists may be behind its events by some seconds: the newest minute never counts as whole."""
PART_ROWS = 250
"""Rows taken in at a time: some 3 ms."""
LONGEST_WAIT_S = 90.0
"""The exchange counts requests by the minute: a reading waits for room, and gives up when it is told a longer time."""
_INVALID_SYMBOL = -1121

T = TypeVar("T")


class HistoryLoader(QObject):
    """One reading at a time, begun by the app when `wanted` says so.

    Attributes:
        error: Why the last reading ended early; None when it did not.
        is_loading: A reading is under way.
        waits_for: Why it goes no further just now; None while it does.
        spans_done, spans_wanted: Of the reading that is under way.
        is_journal_done: The journal has been read back to its beginning.
        symbols: Those whose executions and conditional orders are asked for: the exchange lists these by symbol only.

    Signals:
        changed: One of the attributes, or what is whole.
        wanted: `load` should be run.
    """

    changed = Signal()
    wanted = Signal()

    def __init__(self, symbol: str, history: "History") -> None:
        super().__init__(history)
        self.error: TraderError | None = None
        self.is_loading = False
        self.waits_for: VenueError | None = None
        self.spans_done = self.spans_wanted = 0
        self.is_journal_done = False
        self.symbols = {symbol}
        self._history = history
        self._reader: HistoryView | None = None
        self._seen: set[str] = set()
        self._wants: list[Span] = []
        self._is_older_wanted = False
        self._is_doubted = True
        self._head_ns: int | None = None
        self._before_id: int | None = None
        self._journal_ms: int | None = None
        self._has_journal_symbols = False

    def bind(self, reader: HistoryView | None) -> None:
        """Take the reader of the session; without one nothing is read."""
        self._reader = reader

    # ---- wishes ----------------------------------------------------------------------------------------------------

    def set_seen(self, name: str, is_seen: bool) -> None:
        """Note that a table of the past is looked at, or no longer."""
        if is_seen:
            self._seen.add(name)
        else:
            self._seen.discard(name)

    def doubt(self) -> None:
        """Something has happened: the exchange's lists are longer than what was read of them."""
        self._is_doubted = True

    def look(self, now_ms: int, now_ns: int, symbols: Iterable[str]) -> None:
        """Have the newest week read when somebody looks and there is something new, once a while.

        Args:
            now_ms: Market time; 0 while it is not known.
            now_ns: Monotonic time.
            symbols: Of positions and open orders.
        """
        self.symbols.update(symbols)
        if not self._seen or not self._is_doubted or not now_ms or self._reader is None or self.is_loading:
            return
        if self._head_ns is None or now_ns - self._head_ns >= HEAD_EVERY_NS:
            self._head_ns = now_ns
            self._is_doubted = False
            self._want((now_ms - LONGEST_SPAN_MS, now_ms))

    def want_since(self, start_ms: int, end_ms: int) -> None:
        """Have a span read, as far as it is not known."""
        self._want((start_ms, end_ms))

    def want_older(self) -> None:
        """Have older rows read: week by week until some come, or there are none."""
        if self.has_older and not self._is_older_wanted:
            self._is_older_wanted = True
            self._ask()

    def try_again(self) -> None:
        """Read what an error left unread."""
        self._is_doubted, self._head_ns = True, None

    @property
    def has_older(self) -> bool:
        """False when neither the journal nor the exchange has anything older."""
        return not (self.is_journal_done and self.is_at_end)

    @property
    def is_at_end(self) -> bool:
        """True when everything is read that the exchange still keeps."""
        since = self.whole_since(self._history.now_ms)
        return since is not None and since <= self._history.now_ms - KEPT_MS

    def whole_since(self, until_ms: int) -> int | None:
        """Return from when on nothing is missing up to a time; None when something is."""
        return self._history.coverage.whole_since(until_ms)

    def _want(self, span: Span) -> None:
        self._wants.append(span)
        self._ask()

    def _ask(self) -> None:
        if self._reader is not None:
            self.wanted.emit()

    # ---- reading ---------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read what is wanted, until nothing is wanted any more or an error comes, which is kept in `error`."""
        if self.is_loading or self._reader is None:
            return
        self.is_loading, self.error = True, None
        self.changed.emit()
        try:
            await self._load(self._reader)
        except (VenueError, ProtocolError, UserError) as error:
            self.error = error
            self._wants.clear()
            self._is_older_wanted, self._is_doubted = False, True
        finally:
            self.is_loading = False
            self.spans_done = self.spans_wanted = 0
            self.changed.emit()

    async def _load(self, reader: HistoryView) -> None:
        if not self._has_journal_symbols:
            self.symbols |= await reader.journal_symbols()
            self._has_journal_symbols = True
        while self._wants or self._is_older_wanted:
            if self._wants:
                await self._read(reader, *self._wants.pop(0))
            else:
                end_ms = self.whole_since(self._history.now_ms) or self._history.now_ms
                oldest_ms = end_ms if self._journal_ms is None else min(end_ms, self._journal_ms)
                start_ms = (oldest_ms if self.is_at_end else end_ms) - LONGEST_SPAN_MS
                new = await self._read(reader, start_ms, end_ms)
                self._is_older_wanted = not new and self.has_older

    async def _read(self, reader: HistoryView, start_ms: int, end_ms: int) -> int:
        """Read a span of journal and exchange; return how many rows are new."""
        new = await self._read_journal(reader, start_ms)
        now_ms = self._history.now_ms
        gaps = self._history.coverage.missing(max(start_ms, now_ms - KEPT_MS), min(end_ms, now_ms))
        spans = [span for gap in gaps for span in _weeks(gap)]
        self.spans_done, self.spans_wanted = 0, len(spans)
        self.changed.emit()
        for start, end in spans:
            new += await self._read_span(reader.venue, start, end)
            self.spans_done += 1
            self.changed.emit()
        return new

    async def _read_journal(self, reader: HistoryView, start_ms: int) -> int:
        """Read the journal back to a time; one page at least, as its newest end is not dated before."""
        new = 0
        while not self.is_journal_done and (self._journal_ms is None or self._journal_ms >= start_ms):
            page = await reader.journal_page(self._before_id)
            self._before_id = page.before_id
            self._journal_ms = page.oldest_ms
            self.is_journal_done = page.before_id is None
            self._history.income.see_updates(page.account_updates)
            new += await _in_parts(page.orders, self._history.take_orders)
            new += await _in_parts(page.fills, self._history.take_fills)
        return new

    async def _read_span(self, venue: HistoryPort, start_ms: int, end_ms: int) -> int:
        """Read all that the exchange has of a span.

        Executions and conditional orders are listed by symbol only: those of the symbols that the journal, the
        account, or the orders and the income of the span name. Income of the newest minute is left to what was seen
        of it: the two have no identity in common, and would stand side by side.
        """
        whole_ms = min(end_ms, self._history.now_ms - LAG_MS)
        orders = list(await self._ask_venue(lambda: venue.past_orders(OrderFamily.BOOK, None, start_ms, end_ms)))
        income = await self._ask_venue(lambda: venue.past_income(start_ms, end_ms))
        self.symbols.update(past.order.symbol for past in orders)
        self.symbols.update(row.symbol for row in income if row.symbol)
        fills: list[Fill] = []
        for symbol in sorted(self.symbols):
            algo_orders, of_symbol = await self._of_symbol(venue, symbol, start_ms, end_ms)
            orders += algo_orders
            fills += of_symbol
        times = [*(p.placed_time_ms for p in orders), *(f.trade_time_ms for f in fills), *(r.time_ms for r in income)]
        if max(times, default=0) > whole_ms:
            self._is_doubted = True  # it has to be asked for once more, or it would never count as whole
        listed = [row for row in income if row.time_ms <= whole_ms]
        new = await _in_parts(orders, self._history.take_orders)
        new += await _in_parts(fills, self._history.take_fills)
        new += await _in_parts(listed, self._history.income.merge)
        self._history.cover(start_ms, whole_ms)
        return new

    async def _of_symbol(
        self, venue: HistoryPort, symbol: str, start_ms: int, end_ms: int
    ) -> tuple[Sequence[PastOrder], Sequence[Fill]]:
        """Return conditional orders and executions of a symbol; nothing of one that is not traded any more."""
        try:
            orders = await self._ask_venue(lambda: venue.past_orders(OrderFamily.ALGO, symbol, start_ms, end_ms))
            return orders, await self._ask_venue(lambda: venue.past_fills(symbol, start_ms, end_ms))
        except VenueError as error:
            if error.code != _INVALID_SYMBOL:
                raise
            return (), ()

    async def _ask_venue(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call, again after the time that the exchange or its limits ask for."""
        while True:
            try:
                return await call()
            except VenueError as error:
                if not 0 < error.wait_s <= LONGEST_WAIT_S:
                    raise
                self.waits_for = error
            self.changed.emit()
            try:
                await asyncio.sleep(self.waits_for.wait_s)
            finally:
                self.waits_for = None
            self.changed.emit()


async def _in_parts(rows: Sequence[T], take: Callable[[Sequence[T]], int]) -> int:
    """Take rows in so that the loop is never held long; return how many were new."""
    new = 0
    for start in range(0, len(rows), PART_ROWS):
        new += take(rows[start : start + PART_ROWS])
        await asyncio.sleep(0)
    return new


def _weeks(span: Span) -> list[Span]:
    """Cut a span into parts that the venue lists, newest first."""
    start_ms, end_ms = span
    parts = []
    while end_ms >= start_ms:
        first = max(start_ms, end_ms - LONGEST_SPAN_MS)
        parts.append((first, end_ms))
        end_ms = first - 1
    return parts
