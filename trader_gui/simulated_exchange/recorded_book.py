"""The book of a recording, rebuilt from its diffs by the venue's documented procedure."""

from bisect import bisect_left
from decimal import Decimal

from trader_gui.simulated_exchange.raw_feed import Diff, Snapshot, Top
from trader_gui.simulated_exchange.records import PriceLevel


class _Side:
    """Levels of one side, best first. `_ranks` are their prices, negative on the bid side, so that they rise."""

    def __init__(self, *, is_bid: bool) -> None:
        self._is_bid = is_bid
        self._ranks: list[Decimal] = []
        self._levels: list[PriceLevel] = []
        self._shown: tuple[PriceLevel, ...] | None = ()

    def __len__(self) -> int:
        return len(self._levels)

    @property
    def best(self) -> PriceLevel | None:
        return self._levels[0] if self._levels else None

    def clear(self) -> None:
        self._ranks.clear()
        self._levels.clear()
        self._shown = None

    def put(self, level: PriceLevel) -> None:
        """Set a level's quantity; 0 removes it."""
        price, quantity = level
        rank = -price if self._is_bid else price
        at = bisect_left(self._ranks, rank)
        is_known = at < len(self._ranks) and self._ranks[at] == rank
        if not quantity:
            if is_known:
                del self._ranks[at], self._levels[at]
                self._shown = None
        elif not is_known:
            self._ranks.insert(at, rank)
            self._levels.insert(at, level)
            self._shown = None
        elif self._levels[at][1] != quantity:
            self._levels[at] = level
            self._shown = None

    def cut(self, price: Decimal, *, with_price: bool) -> None:
        """Remove the levels better than `price`, and the one at it when asked to."""
        rank = -price if self._is_bid else price
        at = bisect_left(self._ranks, rank)
        if with_price and at < len(self._ranks) and self._ranks[at] == rank:
            at += 1
        if at:
            del self._ranks[:at], self._levels[:at]
            self._shown = None

    def shown(self) -> tuple[PriceLevel, ...]:
        """Return the levels, the same object while nothing changed."""
        if self._shown is None:
            self._shown = tuple(self._levels)
        return self._shown

    def with_best(self, price: Decimal, quantity: Decimal) -> tuple[PriceLevel, ...]:
        """Return the levels with this one at the top in place of better ones; the same object when it is there."""
        shown = self.shown()
        rank = -price if self._is_bid else price
        at = bisect_left(self._ranks, rank)
        rest = at + 1 if at < len(self._ranks) and self._ranks[at] == rank else at
        if rest == 1 and at == 0 and self._levels[0][1] == quantity:
            return shown
        return ((price, quantity), *shown[rest:])


class RecordedBook:
    """A book kept up by diffs.

    Attributes:
        update_id: Of the last diff or snapshot; 0 for an empty book.
        gaps: How often a diff did not follow the one before it.
        bids, asks: The sides.
    """

    def __init__(self) -> None:
        self.update_id = 0
        self.gaps = 0
        self.bids = _Side(is_bid=True)
        self.asks = _Side(is_bid=False)
        self._is_fresh = False

    def load(self, snapshot: Snapshot) -> None:
        """Begin anew with a snapshot."""
        for side, levels in ((self.bids, snapshot.bids), (self.asks, snapshot.asks)):
            side.clear()
            for level in levels:
                side.put(level)
        self.update_id = snapshot.last_id
        self._is_fresh = True
        self.gaps = 0

    def follow(self, diff: Diff) -> None:
        """Apply a diff; one that is older than the book is dropped, one that does not follow counts as a gap.

        After a gap some levels are stale. What contradicts newer news goes: a level that a newer one of the other
        side has reached. `believe` does the same with the best prices.
        """
        if diff.last_id < self.update_id:
            return
        follows = not self.update_id or diff.previous_id == self.update_id
        if self._is_fresh:
            follows = follows or diff.first_id <= self.update_id
        self.gaps += not follows
        self._is_fresh = False
        self.update_id = diff.last_id
        for level in diff.bids:
            self.bids.put(level)
        for level in diff.asks:
            self.asks.put(level)
        if self.is_crossed:
            self._uncross(diff)

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid reaches the best ask, which no real book does."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid[0] >= ask[0]

    def _uncross(self, diff: Diff) -> None:
        bids = [price for price, quantity in diff.bids if quantity]
        asks = [price for price, quantity in diff.asks if quantity]
        if bids:
            self.asks.cut(max(bids), with_price=True)
        if asks:
            self.bids.cut(min(asks), with_price=True)

    def believe(self, top: Top) -> None:
        """Drop what lies before the best prices, which are as new as the book or newer; for a book with gaps."""
        self.bids.cut(top.bid_price, with_price=False)
        self.asks.cut(top.ask_price, with_price=False)

    def agrees_with(self, top: Top) -> bool:
        """Whether the book's best prices are those."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and (bid[0], ask[0]) == (top.bid_price, top.ask_price)
