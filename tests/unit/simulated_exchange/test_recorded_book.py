from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.raw_feed import Diff, Snapshot, Top
from trader_gui.simulated_exchange.recorded_book import RecordedBook

LEVELS = st.lists(st.tuples(st.integers(1, 40).map(D), st.integers(0, 3).map(D)), max_size=12)


@given(st.lists(st.tuples(LEVELS, LEVELS), max_size=12))
def test_the_book_is_what_a_table_of_prices_says(steps: list) -> None:
    book = RecordedBook()
    plain: dict[str, dict[D, D]] = {"bids": {}, "asks": {}}
    for number, (bids, asks) in enumerate(steps):
        asks = [(price + 40, quantity) for price, quantity in asks]  # never crossed
        book.follow(Diff(number, number + 1, number, tuple(bids), tuple(asks), 0))
        for side, levels in (("bids", bids), ("asks", asks)):
            for price, quantity in levels:
                plain[side][price] = quantity
    wanted = {side: {p: q for p, q in levels.items() if q} for side, levels in plain.items()}
    assert book.bids.shown() == tuple(sorted(wanted["bids"].items(), reverse=True))
    assert book.asks.shown() == tuple(sorted(wanted["asks"].items()))
    assert book.gaps == 0
    assert book.bids.shown() is book.bids.shown()


def levels(*prices: int) -> tuple[tuple[D, D], ...]:
    return tuple((D(price), D(1)) for price in prices)


def loaded() -> RecordedBook:
    book = RecordedBook()
    book.load(Snapshot(100, levels(10, 9, 8), levels(11, 12, 13), 0))
    return book


def test_the_documented_procedure_after_a_snapshot() -> None:
    book = loaded()
    book.follow(Diff(80, 99, 79, levels(1), (), 0))
    assert len(book.bids) == 3  # older than the snapshot: dropped
    book.follow(Diff(95, 105, 94, levels(7), (), 0))
    assert (len(book.bids), book.gaps, book.update_id) == (4, 0, 105)
    book.follow(Diff(106, 110, 105, (), (), 0))
    assert book.gaps == 0
    book.follow(Diff(120, 130, 119, (), (), 0))
    assert book.gaps == 1


def test_a_snapshot_that_is_too_old_counts_as_a_gap_and_a_new_one_heals() -> None:
    book = loaded()
    book.follow(Diff(102, 105, 101, (), (), 0))
    assert book.gaps == 1
    book.load(Snapshot(200, levels(5), levels(6), 0))
    assert (book.gaps, book.bids.shown(), book.asks.shown()) == (0, levels(5), levels(6))


def test_best_prices_are_shown_on_top_and_drive_out_stale_levels_when_believed() -> None:
    book = loaded()
    assert book.bids.with_best(D(9), D(4)) == ((D(9), D(4)), (D(8), D(1)))
    assert book.asks.with_best(D("10.5"), D(4))[:2] == ((D("10.5"), D(4)), (D(11), D(1)))
    assert book.bids.with_best(D(10), D(1)) is book.bids.shown()
    assert book.bids.shown() == levels(10, 9, 8)
    top = Top(101, D(8), D(1), D(9), D(1), 0)
    assert not book.agrees_with(top)
    book.believe(top)
    assert book.bids.shown() == levels(8)
    assert book.asks.shown() == levels(11, 12, 13)


def test_a_new_level_drives_out_what_it_crosses() -> None:
    book = loaded()
    book.follow(Diff(200, 210, 199, levels(12), (), 0))
    assert (book.bids.shown()[0], book.asks.shown()[0]) == ((D(12), D(1)), (D(13), D(1)))
    assert not book.is_crossed
