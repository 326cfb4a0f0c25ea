import tracemalloc
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.collectors.order_book import OrderBookCollector
from trader_gui.domain.market import DepthSnapshot, DepthUpdate

TICK = Decimal("0.10")


def price(ticks):
    return (ticks * TICK).quantize(TICK)


def levels(sides):
    return tuple((price(t), Decimal(q)) for t, q in sides)


def update(first, last, previous, bids=(), asks=()):
    return DepthUpdate("BTCUSDT", first, last, previous, levels(bids), levels(asks), 1)


def snapshot(last, bids=((1000, 5),), asks=((1001, 5),)):
    return DepthSnapshot("BTCUSDT", last, levels(bids), levels(asks))


def synced():
    book = OrderBookCollector("BTCUSDT", TICK)
    book.apply(update(99, 101, 98))
    book.apply(snapshot(100))
    assert book.is_synced
    return book


def test_the_published_procedure_from_snapshot_and_buffered_updates():
    book = OrderBookCollector("BTCUSDT", TICK)
    assert book.resync_wanted and book.top(5) == ((), ())
    book.apply(update(90, 95, 89, bids=[(999, 9)]))  # u < L: dropped
    book.apply(update(96, 104, 95, bids=[(1000, 7)]))  # U <= L <= u: the first to apply
    book.apply(update(110, 112, 104, asks=[(1001, 0), (1002, 3)]))  # ids may skip, pu fits
    assert book.apply(snapshot(100))
    assert book.is_synced and not book.resync_wanted
    assert book.top(5) == (levels([(1000, 7)]), levels([(1002, 3)]))
    assert not book.apply(update(110, 112, 104))  # delivered twice
    assert book.apply(update(113, 113, 112, bids=[(998, 0)]))  # deleting an unknown level is normal


def test_a_snapshot_older_than_all_updates_is_refused_and_another_wanted():
    book = OrderBookCollector("BTCUSDT", TICK)
    book.apply(update(101, 105, 100))
    assert not book.apply(snapshot(99))
    assert not book.is_synced and book.resync_wanted
    assert book.apply(snapshot(103))
    assert book.is_synced


def test_a_snapshot_ahead_of_all_updates_waits_for_them():
    book = OrderBookCollector("BTCUSDT", TICK)
    book.apply(snapshot(100))
    assert not book.is_synced and not book.resync_wanted
    book.apply(update(90, 95, 89))
    assert not book.is_synced
    book.apply(update(96, 100, 95))
    assert book.is_synced


def test_a_break_of_the_chain_throws_the_book_away_and_keeps_the_update():
    book = synced()
    revision = book.revision
    assert book.apply(update(120, 121, 119, bids=[(1000, 1)]))
    assert not book.is_synced and book.resync_wanted and book.top(1) == ((), ())
    assert book.revision > revision
    assert book.apply(snapshot(120))
    assert book.top(1)[0] == levels([(1000, 1)])


def test_a_break_among_the_buffered_updates_asks_again():
    book = OrderBookCollector("BTCUSDT", TICK)
    for item in (update(99, 101, 98), update(105, 106, 104), update(107, 108, 106)):
        book.apply(item)
    book.apply(snapshot(100))
    assert not book.is_synced and book.resync_wanted
    book.apply(snapshot(107))
    assert book.is_synced


def test_a_newer_snapshot_begins_anew_and_an_older_one_is_passed_over():
    book = synced()
    assert not book.apply(snapshot(100, bids=((1, 1),)))
    assert book.is_synced
    book.apply(snapshot(200, bids=((990, 4),)))
    assert not book.is_synced
    book.apply(update(199, 201, 198))
    assert book.top(1)[0] == levels([(990, 4)])
    assert not book.apply(DepthSnapshot("ETHUSDT", 999, (), ()))


def test_frame_lists_both_sides():
    assert synced().frame().values.tolist() == [
        ["BUY", Decimal("100.00"), Decimal(5)],
        ["SELL", Decimal("100.10"), Decimal(5)],
    ]


SIDE = st.lists(st.tuples(st.integers(900, 1100), st.integers(0, 3)), max_size=6)


def end_of(model, diffs):
    """Return the sides of a plain dict after the diffs, (ticks, quantity) each, best first."""
    for bids, asks in diffs:
        for side, changes in zip(model, (bids, asks), strict=True):
            side.update((ticks, Decimal(quantity)) for ticks, quantity in changes)
    bids, asks = (sorted((t, q) for t, q in side.items() if q) for side in model)
    return bids[::-1], asks


@given(
    diffs=st.lists(st.tuples(SIDE, SIDE), max_size=30),
    buffered=st.integers(0, 30),
    read_at=st.integers(0, 30),
    cut=st.integers(0, 40),
)
def test_random_diffs_end_in_the_same_book_as_a_plain_dict(diffs, buffered, read_at, cut):
    book, model = OrderBookCollector("BTCUSDT", TICK), ({1000: Decimal(5)}, {1001: Decimal(5)})
    updates, last = [], 100
    for bids, asks in diffs:
        updates.append(update(last + 1, last + 3, last, bids, asks))
        last += 3
    read_at = min(read_at, buffered, len(diffs))
    book.apply(update(99, 100, 98))
    for item in updates[:buffered]:
        book.apply(item)
    book.apply(snapshot(100 + 3 * read_at, *end_of(model, diffs[:read_at])))
    for number, item in enumerate(updates[buffered:], start=buffered):
        if number != cut:
            book.apply(item)
    lost = buffered <= cut < len(updates) - 1
    assert book.is_synced != lost
    if not lost:
        expected_bids, expected_asks = end_of(model, diffs[read_at : cut if cut >= buffered else len(diffs)])
        assert book.top(7) == (levels(expected_bids[:7]), levels(expected_asks[:7]))


def test_waiting_for_a_snapshot_costs_a_level_its_last_quantity_however_many_updates_come():
    book = OrderBookCollector("BTCUSDT", TICK)
    tracemalloc.start()
    try:
        for n in range(1, 5001):
            book.apply(update(n, n, n - 1, [(t, n) for t in range(980, 1000)], [(t, n) for t in range(1001, 1021)]))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1_000_000  # the last thousand updates themselves: ten megabytes
    assert book.apply(snapshot(4990, bids=(), asks=()))
    assert book.top(1) == (levels([(999, 5000)]), levels([(1001, 5000)]))


def test_another_tick_loses_the_book_and_asks_for_a_new_one():
    book = OrderBookCollector("BTCUSDT", Decimal("0.10"))
    level = (Decimal("100.0"), Decimal(1))
    book.apply(DepthSnapshot("BTCUSDT", 5, (level,), ()))
    book.apply(DepthUpdate("BTCUSDT", 4, 6, 3, (), (), 1))
    assert book.is_synced
    book.set_tick_size(Decimal("0.1"))
    assert book.is_synced
    book.set_tick_size(Decimal("0.01"))
    assert not book.is_synced and book.resync_wanted and book.top(1) == ((), ())
    book.apply(DepthSnapshot("BTCUSDT", 7, ((Decimal("100.03"), Decimal(2)),), ()))
    book.apply(DepthUpdate("BTCUSDT", 7, 8, 6, (), (), 2))
    assert book.top(1)[0] == ((Decimal("100.03"), Decimal(2)),)


def test_what_was_gathered_by_another_tick_is_not_joined():
    book = OrderBookCollector("BTCUSDT", TICK)
    book.apply(update(99, 101, 98, bids=[(1000, 7)]))
    book.set_tick_size(Decimal("0.01"))
    assert not book.apply(snapshot(100))
    book.apply(update(102, 103, 101))
    assert book.resync_wanted  # the snapshot is too old for what has come since
    assert book.apply(snapshot(103, bids=((1000, 3),)))
    assert book.top(1)[0] == levels([(1000, 3)])
