from decimal import Decimal as D

from trader_gui.simulated_exchange.amendments import KEPT_MS, AmendmentBook
from trader_gui.simulated_exchange.records import OrderRow


def make_order(order_id: int) -> OrderRow:
    return OrderRow(order_id, f"c{order_id}", "BTCUSDT", "BUY", "LIMIT", "GTC", D(1), D(100), "NEW", False, 1, 1)


def test_changes_are_numbered_by_order_and_told_oldest_first() -> None:
    book, first, second = AmendmentBook(), make_order(1), make_order(2)
    for at_ms, order, price in ((10, first, 101), (20, second, 99), (30, first, 102)):
        before, order.price = order.price, D(price)
        book.write(order, before, order.orig_qty, at_ms * 7, at_ms)
    rows = book.of(first, start_ms=None, end_ms=None, limit=50, now_ms=40)
    assert [(row.amendment_id, row.count, row.price_before, row.price_after, row.modify_id) for row in rows] == [
        (1, 1, 100, 101, 70),
        (3, 2, 101, 102, 210),
    ]
    assert (first.amendment_count, second.amendment_count) == (2, 1)
    assert book.of(first, start_ms=None, end_ms=None, limit=1, now_ms=40) == rows[1:]
    assert book.of(first, start_ms=5, end_ms=None, limit=1, now_ms=40) == rows[:1]
    assert book.of(first, start_ms=None, end_ms=29, limit=50, now_ms=40) == rows[:1]
    assert book.of(first, start_ms=None, end_ms=None, limit=50, now_ms=KEPT_MS + 11) == rows[1:]
    assert book.of(make_order(3), start_ms=None, end_ms=None, limit=50, now_ms=40) == []
