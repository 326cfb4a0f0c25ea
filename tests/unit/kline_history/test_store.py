"""The store: pages in any order give one series; gaps, repairs and changes are told."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.core_records import MINUTE_MS, START_MS, make_kline
from tests.unit.kline_history.klines import START_SLOT, page, store_of, walk
from trader_gui.collectors.kline import KlineCollector
from trader_gui.domain.market import KlineHistory
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.store import KlinePage, KlineStore

WALK = walk(2000)


@given(st.lists(st.tuples(st.integers(0, 1990), st.integers(1, 400)), min_size=1, max_size=15))
def test_pages_in_any_order_give_one_series(spans: list[tuple[int, int]]) -> None:
    store, known = KlineStore("1m"), set()
    for first, length in spans:
        end = min(first + length, 2000)
        is_new = not set(range(first, end)) <= known
        assert store.merge(page(WALK, first, end)) == is_new
        known |= set(range(first, end))
    assert (store.first, store.end) == (min(known) + START_SLOT, max(known) + 1 + START_SLOT)
    rows = store.rows(store.first, store.end)
    for number in range(min(known), max(known) + 1):
        here = rows[:, number - min(known)]
        assert np.array_equal(here, WALK[:, number]) if number in known else np.isnan(here).all()
    missing = [n for n in range(min(known), max(known)) if n not in known]
    told = [n for a, b in store.gaps(store.first, store.end) for n in range(a - START_SLOT, b - START_SLOT)]
    assert told == missing


def test_a_gap_is_told_within_what_is_asked_for() -> None:
    store = store_of(WALK, {*range(100, 110), 500})
    assert store.gaps(START_SLOT, START_SLOT + 2000) == [
        (START_SLOT + 100, START_SLOT + 110),
        (START_SLOT + 500, START_SLOT + 501),
    ]
    assert store.gaps(START_SLOT + 105, START_SLOT + 400) == [(START_SLOT + 105, START_SLOT + 110)]
    assert store.gaps(START_SLOT + 111, START_SLOT + 400) == []
    assert store.gaps(0, START_SLOT) == []
    assert store.holds(START_SLOT + 99)
    assert not store.holds(START_SLOT + 100)
    assert not store.holds(START_SLOT + 2000)


def test_what_a_request_has_brought_in_later_is_marked() -> None:
    store = store_of(WALK, {100, 101})
    revision = store.revision
    assert store.merge(page(WALK, 90, 110), is_repair=True)
    assert store.repaired == {START_SLOT + 100, START_SLOT + 101}
    assert store.revision == revision + 1
    store.mark_repaired([(START_SLOT + 7) * MINUTE_MS])
    store.mark_repaired([(START_SLOT + 7) * MINUTE_MS])
    assert store.revision == revision + 2
    assert START_SLOT + 7 in store.repaired


def test_changes_are_told_once_and_only_where_something_differs() -> None:
    store = store_of(WALK[:, :1000])
    assert store.take_changes() == [(START_SLOT, START_SLOT + 1000)]
    store.merge(page(WALK, 500, 1000))
    assert store.take_changes() == []
    store.merge(page(WALK, 990, 1002))
    store.merge(page(WALK, 1002, 1003))
    assert store.take_changes() == [(START_SLOT + 1000, START_SLOT + 1003)]


def test_klines_and_columns_of_a_collector_are_pages() -> None:
    klines = [make_kline(i, f"{100_000 + i}.5") for i in range(3)]
    collector = KlineCollector("BTCUSDT", "1m")
    collector.apply(KlineHistory("BTCUSDT", "1m", tuple(klines)))
    from_columns = KlinePage.of_arrays(collector.arrays())
    from_klines = KlinePage.of_klines([*klines, make_kline(3, "1.0", is_closed=False)])
    assert from_klines.open_time_ms.tolist() == [START_MS + i * MINUTE_MS for i in range(3)]
    np.testing.assert_array_equal(from_klines.values, from_columns.values)
    np.testing.assert_array_equal(from_klines.open_time_ms, from_columns.open_time_ms)
    assert from_klines.values[Row.CLOSE].tolist() == [100_000.5, 100_001.5, 100_002.5]
    assert not KlineStore("1m").merge(KlinePage.of_klines([]))
