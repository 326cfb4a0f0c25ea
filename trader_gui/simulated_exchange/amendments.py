"""The history of changes that the account made to its open orders (orderAmendment, 5.5).

Ids rise by one over all symbols from 1. Entries older than 90 days of market time are not shown any more.
"""

from decimal import Decimal

from trader_gui.simulated_exchange.records import AmendmentRow, OrderRow

MOST_AMENDMENTS = 10_000
KEPT_MS = 90 * 86_400_000


class AmendmentBook:
    """All changes, by order, oldest first."""

    def __init__(self) -> None:
        self._rows: dict[int, list[AmendmentRow]] = {}
        self._next_id = 1

    def write(
        self, order: OrderRow, price_before: Decimal, quantity_before: Decimal, modify_id: int | None, now_ms: int
    ) -> None:
        """Enter a change of an order that holds its new price and quantity already; counts it on the order."""
        order.amendment_count += 1
        row = AmendmentRow(
            amendment_id=self._next_id,
            symbol=order.symbol,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            time_ms=now_ms,
            price_before=price_before,
            price_after=order.price,
            quantity_before=quantity_before,
            quantity_after=order.orig_qty,
            count=order.amendment_count,
            modify_id=modify_id,
        )
        self._next_id += 1
        self._rows.setdefault(order.order_id, []).append(row)

    def of(
        self, order: OrderRow, *, start_ms: int | None, end_ms: int | None, limit: int, now_ms: int
    ) -> list[AmendmentRow]:
        """Return an order's changes, oldest first: from `start_ms` on, else the latest ones up to `end_ms`."""
        first = max(start_ms or 0, now_ms - KEPT_MS)
        rows = [
            row
            for row in self._rows.get(order.order_id, ())
            if row.time_ms >= first and (end_ms is None or row.time_ms <= end_ms)
        ]
        return rows[:limit] if start_ms is not None else rows[-limit:]
