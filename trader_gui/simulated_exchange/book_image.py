"""The public book of one symbol as streams and requests show it: images, what changed between two, update ids."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

from trader_gui.simulated_exchange.records import PriceLevel

FIRST_UPDATE_ID = 9_000_000_000
GONE = Decimal(0)
BLOCK = 24
"""Levels that are compared at once, twice as many each time that none of them has changed: most of a deep book stands
still from one look to the next."""

Diff: TypeAlias = tuple[tuple[int, int, int], tuple[list[PriceLevel], list[PriceLevel]]]
"""((U, u, pu), (bids, asks))."""


class DiffStream:
    """Changes of one book collected for one diff-depth stream; two streams of other speeds collect apart."""

    def __init__(self, update_id: int) -> None:
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}
        self._first_id = 0
        self._last_id = update_id
        self._sent_id = update_id

    def collect(self, first_id: int, last_id: int, bids: Sequence[PriceLevel], asks: Sequence[PriceLevel]) -> None:
        """Add a change of the book."""
        if not self._first_id:
            self._first_id = first_id
        self._last_id = last_id
        self._bids.update(bids)
        self._asks.update(asks)

    def take(self) -> Diff | None:
        """Return all that was collected and start anew; None when nothing changed."""
        if not self._first_id:
            return None
        ids = (self._first_id, self._last_id, self._sent_id)
        sides = (list(self._bids.items()), list(self._asks.items()))
        self._sent_id = self._last_id
        self._first_id = 0
        self._bids, self._asks = {}, {}
        return ids, sides


class BookImage:
    """The public book as last looked at, with the venue's update ids.

    Attributes:
        bids, asks: Best first.
        update_id: Goes up by one with every level that changed.
    """

    def __init__(self) -> None:
        self.bids: Sequence[PriceLevel] = ()
        self.asks: Sequence[PriceLevel] = ()
        self.update_id = FIRST_UPDATE_ID
        self._streams: dict[str, DiffStream] = {}

    def stream(self, name: str) -> DiffStream:
        """Return the diff stream of that name, begun at the present image when it is new."""
        if name not in self._streams:
            self._streams[name] = DiffStream(self.update_id)
        return self._streams[name]

    def drop_stream(self, name: str) -> None:
        """Forget a diff stream that nobody listens to."""
        self._streams.pop(name, None)

    def refresh(self, bids: Sequence[PriceLevel], asks: Sequence[PriceLevel]) -> None:
        """Take a new image; every level that differs is a change."""
        bid_changes = changes(self.bids, bids, descending=True)
        ask_changes = changes(self.asks, asks, descending=False)
        self.bids, self.asks = bids, asks
        count = len(bid_changes) + len(ask_changes)
        if not count:
            return
        first_id = self.update_id + 1
        self.update_id += count
        for stream in self._streams.values():
            stream.collect(first_id, self.update_id, bid_changes, ask_changes)


def changes(old: Sequence[PriceLevel], new: Sequence[PriceLevel], *, descending: bool) -> list[PriceLevel]:
    """Return what turns `old` into `new`: absolute quantities, 0 for a level that went. Both best first."""
    if old is new:
        return []
    found: list[PriceLevel] = []
    at = here = tested = 0
    block = BLOCK
    end, length = len(old), len(new)
    while here < length and at < end:
        level, known = new[here], old[at]
        if level is known:
            # Comparing slices looks at identity first, so a block that stands still costs next to nothing.
            if here >= tested:
                if old[at : at + block] == new[here : here + block]:
                    at += block
                    here += block
                    block *= 2
                    continue
                if block > BLOCK:  # look again, closer
                    block = BLOCK
                    continue
                tested = here + block
            at += 1
            here += 1
        elif level[0] == known[0]:
            if level[1] != known[1]:
                found.append(level)
            at += 1
            here += 1
        elif (known[0] > level[0]) is descending:
            found.append((known[0], GONE))
            at += 1
        else:
            found.append(level)
            here += 1
    found.extend(new[here:])
    found.extend((known[0], GONE) for known in old[at:])
    return found
