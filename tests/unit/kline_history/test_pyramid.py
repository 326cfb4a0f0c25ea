"""The pyramid's answers are those of the klines themselves, whatever is asked and however they came."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kline_history.klines import START_SLOT, page, store_of, walk
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.store import KlineStore

COUNT = 60_000
WALK = walk(COUNT)
MISSING = {*range(5, 9), *range(20_000, 26_000), COUNT - 2}


@pytest.fixture(scope="module")
def whole() -> KlineStore:
    return store_of(WALK)


@pytest.fixture(scope="module")
def holed() -> KlineStore:
    return store_of(WALK, MISSING)


def expected(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the extremes between edges by reading every kline."""
    parts = [values[:, a - START_SLOT : b - START_SLOT] for a, b in itertools.pairwise(edges)]
    rows = ((Row.HIGH, np.fmax), (Row.LOW, np.fmin), (Row.VOLUME, np.fmax))
    return np.array([[extreme.reduce(part[row]) for part in parts] for row, extreme in rows])


@settings(deadline=None)
@given(st.lists(st.integers(0, COUNT), min_size=2, max_size=30, unique=True))
def test_extremes_of_any_stretches(whole: KlineStore, holed: KlineStore, numbers: list[int]) -> None:
    edges = np.sort(np.array(numbers)) + START_SLOT
    np.testing.assert_array_equal(whole.pyramid.extremes(edges), expected(WALK, edges))
    with_holes = WALK.copy()
    with_holes[:, sorted(MISSING)] = np.nan
    np.testing.assert_array_equal(holed.pyramid.extremes(edges), expected(with_holes, edges))


@pytest.mark.parametrize("span", [1, 3, 63, 64, 65, 255, 256, 257, 1000, 4096, 5000, 20_000])
def test_equal_stretches_of_every_length(whole: KlineStore, span: int) -> None:
    edges = np.arange(17, COUNT, span) + START_SLOT
    np.testing.assert_array_equal(whole.pyramid.extremes(edges), expected(WALK, edges))


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(12)), st.integers(1, 500))
def test_klines_may_come_in_any_order(order: list[int], span: int) -> None:
    store, size = KlineStore("1m"), 700
    for number in order:
        store.merge(page(WALK, number * size, (number + 1) * size))
    edges = np.arange(0, 12 * size, span) + START_SLOT
    if len(edges) > 1:
        np.testing.assert_array_equal(store.pyramid.extremes(edges), expected(WALK, edges))
