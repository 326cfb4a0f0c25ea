"""How histories are put together: what is the same row, which of two tellings holds, which spans of time are whole."""

from bisect import bisect_right
from collections.abc import Hashable
from typing import TypeAlias

from msgspec.structs import replace

from trader_gui.collectors.order_merge import merge_order
from trader_gui.domain.order import Fill, Order, PastOrder
from trader_gui.exchange.port import IncomeRow

Span: TypeAlias = tuple[int, int]
"""From a time to a time, ms, both included."""


def fill_key(fill: Fill) -> Hashable:
    """Return an execution's identity."""
    return fill.symbol, fill.trade_id


def order_key(order: Order) -> Hashable:
    """Return an order's identity: the venue's id, or ours while the venue has told none."""
    return order.symbol, order.order_family, order.order_id or order.client_order_id


def income_key(row: IncomeRow) -> Hashable:
    """Return an income's identity: its number is unique within its type."""
    return row.income_type, row.transaction_id


def merge_past(known: PastOrder, told: PastOrder) -> PastOrder:
    """Return what is known of an order after `told` came, whichever came first; the venue's time of placing holds."""
    order = merge_order(known.order, told.order)
    if not order.reject_reason and (known.order.reject_reason or told.order.reject_reason):
        order = replace(order, reject_reason=known.order.reject_reason or told.order.reject_reason)
    dated = min((known, told), key=lambda past: (not past.is_told, past.placed_time_ms))
    return PastOrder(order, dated.placed_time_ms, dated.is_told)


class Coverage:
    """Spans of time of which everything is known."""

    def __init__(self) -> None:
        self._spans: list[Span] = []

    @property
    def spans(self) -> tuple[Span, ...]:
        """What is covered, oldest first; neighbours are joined."""
        return tuple(self._spans)

    def add(self, start_ms: int, end_ms: int) -> None:
        """Note that a span is whole; one that ends before it starts is none."""
        if end_ms < start_ms:
            return
        apart = [span for span in self._spans if span[1] < start_ms - 1 or span[0] > end_ms + 1]
        joined = [span for span in self._spans if span not in apart]
        start = min([start_ms, *(span[0] for span in joined)])
        end = max([end_ms, *(span[1] for span in joined)])
        self._spans = sorted([*apart, (start, end)])

    def holds(self, time_ms: int) -> bool:
        """Tell whether everything of this millisecond is known."""
        place = bisect_right(self._spans, (time_ms, 1 << 62)) - 1
        return place >= 0 and time_ms <= self._spans[place][1]

    def missing(self, start_ms: int, end_ms: int) -> list[Span]:
        """Return what is not known of a span, newest first."""
        gaps: list[Span] = []
        end = end_ms
        for known in reversed(self._spans):
            if known[0] > end or known[1] < start_ms:
                continue
            if known[1] < end:
                gaps.append((known[1] + 1, end))
            end = known[0] - 1
        if end >= start_ms:
            gaps.append((start_ms, end))
        return gaps

    def whole_since(self, time_ms: int) -> int | None:
        """Return from when on everything up to `time_ms` is known, as far as anything is known before it.

        The newest span counts for what comes after it, too: the stream tells that.
        """
        place = bisect_right(self._spans, (time_ms, 1 << 62)) - 1
        if place < 0 or (place < len(self._spans) - 1 and time_ms > self._spans[place][1]):
            return None
        return self._spans[place][0]
