from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.book_image import BLOCK, FIRST_UPDATE_ID, BookImage, changes
from trader_gui.simulated_exchange.records import PriceLevel

ONE = Decimal(1)


def sides(draw_bids: dict[int, int], draw_asks: dict[int, int]) -> tuple[list[PriceLevel], list[PriceLevel]]:
    bids = [(Decimal(price), Decimal(size)) for price, size in sorted(draw_bids.items(), reverse=True)]
    asks = [(Decimal(price + 100), Decimal(size)) for price, size in sorted(draw_asks.items())]
    return bids, asks


ladders = st.dictionaries(st.integers(1, 30), st.integers(1, 4), max_size=12)


@given(st.lists(st.tuples(ladders, ladders, st.booleans()), min_size=1, max_size=12))
def test_diffs_applied_to_a_snapshot_give_the_book(images: list[tuple[dict[int, int], dict[int, int], bool]]) -> None:
    book = BookImage()
    stream = book.stream("fast")
    mirror: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
    last_id = FIRST_UPDATE_ID
    for bid_sizes, ask_sizes, is_due in images:
        bids, asks = sides(bid_sizes, ask_sizes)
        before = book.update_id
        had = (list(book.bids), list(book.asks))
        book.refresh(bids, asks)
        assert (book.update_id == before) == (had == (bids, asks))
        if not is_due:
            continue
        taken = stream.take()
        if taken is None:
            assert book.update_id == last_id
            continue
        (first, last, previous), changes = taken
        assert previous == last_id
        assert previous < first <= last == book.update_id
        last_id = last
        for side, changed in zip(mirror, changes, strict=True):
            for price, size in changed:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)
        assert mirror == (dict(bids), dict(asks))


def test_streams_of_two_speeds_collect_apart() -> None:
    book = BookImage()
    fast, slow = book.stream("fast"), book.stream("slow")
    book.refresh([(ONE, ONE)], [])
    assert fast.take() == ((FIRST_UPDATE_ID + 1, FIRST_UPDATE_ID + 1, FIRST_UPDATE_ID), ([(ONE, ONE)], []))
    book.refresh([(ONE, Decimal(2))], [])
    ids, (bids, _) = fast.take() or ((0, 0, 0), ([], []))
    assert ids == (FIRST_UPDATE_ID + 2, FIRST_UPDATE_ID + 2, FIRST_UPDATE_ID + 1)
    ids, (bids, _) = slow.take() or ((0, 0, 0), ([], []))
    assert ids == (FIRST_UPDATE_ID + 1, FIRST_UPDATE_ID + 2, FIRST_UPDATE_ID)
    assert bids == [(ONE, Decimal(2))]
    assert fast.take() is None


@given(
    st.lists(st.integers(0, 5), min_size=3 * BLOCK, max_size=3 * BLOCK),
    st.dictionaries(st.integers(0, 3 * BLOCK - 1), st.integers(0, 5), max_size=6),
    st.booleans(),
)
def test_changes_in_a_deep_book_are_all_found_and_no_others(
    sizes: list[int], moved: dict[int, int], descending: bool
) -> None:
    def ladder(numbers: list[int], known: dict[int, PriceLevel]) -> list[PriceLevel]:
        order = reversed(list(enumerate(numbers))) if descending else enumerate(numbers)
        rows = [(price, size) for price, size in order if size]
        return [known[p] if p in known and known[p][1] == s else (Decimal(p), Decimal(s)) for p, s in rows]

    old = ladder(sizes, {})
    later = [moved.get(price, size) for price, size in enumerate(sizes)]
    new = ladder(later, {int(level[0]): level for level in old})  # levels that stand are the same objects
    expected = {Decimal(p): Decimal(s) for p, s in moved.items() if sizes[p] != s}
    found = changes(old, new, descending=descending)
    assert dict(found) == expected
    assert len(found) == len(expected)
