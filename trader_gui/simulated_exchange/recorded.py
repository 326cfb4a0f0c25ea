"""A market played from a recording of raw streams: its trades, its book and its mark price at their own times.

Start. With an answer of GET depth near the recording's beginning the book follows from it by the venue's procedure,
and the market starts there. Without one the book grows from the diffs; the market starts at the first diff after which
each side has 20 levels and the best prices are those of the bookTicker (where there is no bookTicker stream: and the
book is not crossed). Such a book has holes away from the touch until those levels change for the first time. What
was traded before the start is not played, so the first kline holds the rest of its minute.

From then on the exchange shows at each diff exactly the recording's book, in between what the bookTicker says: its two
levels at the top, nothing before them. When diffs are missing (`pu` is not the `u` before) levels of the book may be
stale: the bookTicker and newer levels drive out what contradicts them, a later answer of GET depth renews the book.

Trades of the insurance fund and of deleveraging are no part of the klines, as on the venue. The mark price, index
price and funding rate are those of the markPrice stream (its first also before it came); without one both prices are
the middle of the book and the rate is zero. Nothing is known of the time before: 500 flat klines without volume stand
there. Own orders trade against the recorded book and change it no longer than until its next change.
"""

import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.flat_history import flat_history
from trader_gui.simulated_exchange.raw_feed import (
    Diff,
    Frame,
    RawMark,
    RawTrade,
    RecordingHead,
    Snapshot,
    Top,
    read_frames,
)
from trader_gui.simulated_exchange.recorded_book import RecordedBook
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, PriceLevel, Print, SymbolSpec

LEAST_LEVELS = 20
NO_FUNDING = Decimal("0.00000000")
_PLACES = Decimal("0.00000001")
_log = logging.getLogger(__name__)


class RecordedMarket:
    """One symbol's market as a recording has it.

    Attributes:
        symbol: Venue symbol.
        start_time_ms: Time of the first whole book.
        is_recorded: True: own trades do not change the klines, which stay the recording's.
    """

    is_recorded = True

    def __init__(self, spec: SymbolSpec, path: Path, head: RecordingHead) -> None:
        """Find the start of a recording whose head was read.

        Raises:
            UserError: The recording never shows a whole book, or a line before that is damaged.
        """
        self.symbol = spec.symbol
        self._path = path
        self._head = head
        first = next(self.ticks(), None)
        if first is None:
            raise UserError(
                f"{path.name}: its diffs never make a book of {LEAST_LEVELS} levels a side whose best prices agree "
                "with the bookTicker: choose a longer recording, or one with an answer of GET depth."
            )
        self.start_time_ms = first.time_ms
        self._first_price = first.bids[0][0]

    def history(self) -> tuple[KlineRow, ...]:
        """Return 500 flat klines at the first best bid."""
        return flat_history(self.start_time_ms, self._first_price)

    def ticks(self) -> Iterator[MarketTick]:
        """Yield a tick for each millisecond in which something happened; ends with the recording.

        Raises:
            UserError: A line in the middle of the file is damaged.
        """
        playback = _Playback(self.symbol, self._head)
        time_ms = 0
        for frame in read_frames(self._path, self._head):
            # Each diff has an instant of its own: a second one in the same millisecond comes one later.
            if frame.time_ms > time_ms or (playback.has_new_diff and isinstance(frame, Diff)):
                tick = playback.tick(time_ms)
                if tick is not None:
                    yield tick
                time_ms = max(frame.time_ms, time_ms + 1)
            playback.take(frame)
        tick = playback.tick(time_ms)
        if tick is not None:
            yield tick


class _Playback:
    """The state of a recording between frames.

    Attributes:
        has_new_diff: Whether a diff came since the last tick, so that the book is shown exactly as the diffs say.
    """

    def __init__(self, symbol: str, head: RecordingHead) -> None:
        self._symbol = symbol
        self._waits_for_snapshot = head.has_snapshot
        self._has_tops = "bookTicker" in head.kinds
        self._book = RecordedBook()
        self._early: list[Diff] = []
        self._is_ready = False
        self._top: Top | None = None
        self.has_new_diff = False
        self._prints: list[Print] = []
        self._mark = head.first_mark
        self._shown: tuple[object, ...] = (None, None, None)

    def take(self, frame: Frame) -> None:
        """Take in the next frame."""
        if isinstance(frame, RawTrade):
            if frame.kind == "MARKET" and self._is_ready:
                self._prints.append(Print(frame.price, frame.quantity, frame.is_buyer_maker))
        elif isinstance(frame, Top):
            self._take_top(frame)
        elif isinstance(frame, RawMark):
            self._mark = frame
        elif isinstance(frame, Diff):
            self._take_diff(frame)
        elif frame.last_id >= self._book.update_id and (not self._is_ready or self._book.gaps):
            self._begin(frame)

    def _begin(self, snapshot: Snapshot) -> None:
        self._book.load(snapshot)
        for diff in self._early:
            self._book.follow(diff)
        self._early.clear()
        self._waits_for_snapshot = False
        self._is_ready = True

    def _take_top(self, top: Top) -> None:
        self._top = top
        if self._book.gaps and top.last_id >= self._book.update_id:
            self._book.believe(top)

    def _take_diff(self, diff: Diff) -> None:
        if self._waits_for_snapshot:
            self._early.append(diff)
            return
        gaps = self._book.gaps
        self._book.follow(diff)
        if self._book.gaps > gaps and self._is_ready:
            _log.warning("the recording lacks diffs before update %d: its book is a guess for a while", diff.last_id)
        self.has_new_diff = True
        if not self._is_ready:
            self._is_ready = self._is_whole()

    def _is_whole(self) -> bool:
        book = self._book
        if min(len(book.bids), len(book.asks)) < LEAST_LEVELS or book.is_crossed:
            return False
        return not self._has_tops or (self._top is not None and book.agrees_with(self._top))

    def tick(self, time_ms: int) -> MarketTick | None:
        """Return what is to be seen at the end of this millisecond; None when nothing changed."""
        bids, asks = self._sides()
        self.has_new_diff = False
        if not (self._is_ready and bids and asks):
            return None
        shown = (bids, asks, self._mark)
        if not self._prints and all(new is old for new, old in zip(shown, self._shown, strict=True)):
            return None
        self._shown = shown
        prints = tuple(self._prints)
        self._prints.clear()
        return MarketTick(self._symbol, time_ms, prints, bids, asks, *self._figures(bids, asks))

    def _sides(self) -> tuple[tuple[PriceLevel, ...], tuple[PriceLevel, ...]]:
        """Return the book of the diffs, with a newer bookTicker on top unless a diff came in this millisecond."""
        book, top = self._book, self._top
        if top is None or self.has_new_diff or top.last_id <= book.update_id:
            return book.bids.shown(), book.asks.shown()
        return (
            book.bids.with_best(top.bid_price, top.bid_quantity),
            book.asks.with_best(top.ask_price, top.ask_quantity),
        )

    def _figures(self, bids: tuple[PriceLevel, ...], asks: tuple[PriceLevel, ...]) -> tuple[Decimal, Decimal, Decimal]:
        """Return (mark price, index price, funding rate)."""
        mark = self._mark
        if mark is not None:
            return mark.mark_price, mark.index_price, mark.funding_rate
        middle = ((bids[0][0] + asks[0][0]) / 2).quantize(_PLACES)
        return middle, middle, NO_FUNDING
