"""Indicators computed block by block are those computed at once, in whatever order klines and questions come."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kline_history.klines import START_SLOT, page, store_of, walk
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.store import KlineStore
from trader_gui.models.indicator_kinds import KINDS, VWAP, IndicatorKind, Stretch
from trader_gui.models.indicator_track import BLOCK, Indicator, IndicatorTrack

COUNT = 3 * BLOCK + 500
WALK = walk(COUNT)
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


def at_once(kind: IndicatorKind, values: np.ndarray, first: int = 0) -> np.ndarray:
    """Return the kept rows over a walk that begins with number `first`, computed in one go."""
    stretch = Stretch(values, START_SLOT + first, KlineStore("1m").grid)
    return np.array(kind.compute(stretch, kind.defaults()))


def always() -> bool:
    return True


@kinds
def test_blocks_are_parts_of_the_whole(kind: IndicatorKind) -> None:
    track = IndicatorTrack(Indicator(kind), store_of(WALK))
    assert track.fill(0, 2 * START_SLOT, always)
    taken = track.take(np.arange(START_SLOT, START_SLOT + COUNT))
    whole = at_once(kind, WALK)
    np.testing.assert_allclose(taken, whole, rtol=2e-7, atol=1e-6)
    if kind is not VWAP:  # it waits for a session that is there from its beginning
        assert np.isfinite(whole[0]).argmax() == kind.least(kind.defaults()) - 1
    for slot in (0, 1400, BLOCK - 1, BLOCK, COUNT - 1):
        np.testing.assert_allclose(track.at(START_SLOT + slot), whole[:, slot], rtol=1e-9, atol=1e-9)


@kinds
@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_the_order_of_pages_and_questions_changes_nothing(kind: IndicatorKind, data: st.DataObject) -> None:
    store = KlineStore("1m")
    track = IndicatorTrack(Indicator(kind), store)
    size = COUNT // 6
    middle = data.draw(st.integers(0, 5))
    first = last = middle
    while True:
        begin, end = min(first, last) * size, (max(first, last) + 1) * size
        store.merge(page(WALK, begin, end))
        for changed in store.take_changes():
            track.invalidate(*changed)
        track.fill(START_SLOT + begin, START_SLOT + end, always)
        if first == 0 and last == 5:
            break
        if last == 5 or (first > 0 and data.draw(st.booleans())):
            first -= 1
        else:
            last += 1
    taken = track.take(np.arange(START_SLOT, START_SLOT + 6 * size))
    np.testing.assert_allclose(taken, at_once(kind, WALK[:, : 6 * size]), rtol=2e-7, atol=1e-6)


def counted(most: int) -> Callable[[], bool]:
    """Return a question that is answered with yes so many times."""
    left = [most]

    def may_go_on() -> bool:
        left[0] -= 1
        return left[0] >= 0

    return may_go_on


def test_a_frame_that_is_short_of_time_computes_the_newest_first_and_the_next_one_goes_on() -> None:
    track = IndicatorTrack(Indicator(KINDS["bollinger"]), store_of(WALK))
    slots = np.arange(START_SLOT, START_SLOT + COUNT)
    assert not track.fill(START_SLOT, START_SLOT + COUNT, counted(0))
    ready = np.isfinite(track.take(slots)[0])
    assert ready[-1]
    assert 0 < ready.sum() <= BLOCK
    assert not track.fill(START_SLOT, START_SLOT + COUNT, counted(1))
    assert np.isfinite(track.take(slots)[0]).sum() > BLOCK
    assert track.fill(START_SLOT, START_SLOT + COUNT, always)
    assert np.isfinite(track.take(slots)[0]).sum() == COUNT - 19


def test_a_changed_kline_changes_what_it_takes_part_in_and_nothing_else_is_computed() -> None:
    store = store_of(WALK)
    track = IndicatorTrack(Indicator(KINDS["bollinger"]), store)
    track.fill(0, 2 * START_SLOT, always)
    slots = np.arange(START_SLOT, START_SLOT + COUNT)
    before = track.take(slots)
    changed = WALK.copy()
    changed[Row.CLOSE, 5000] += 500
    store.take_changes()
    store.merge(page(changed, 4990, 5010))
    assert store.take_changes() == [(START_SLOT + 5000, START_SLOT + 5001)]
    track.invalidate(START_SLOT + 5000, START_SLOT + 5001)
    assert track.fill(0, 2 * START_SLOT, counted(0))  # one block alone
    differs = np.flatnonzero((track.take(slots) != before).any(axis=0) & np.isfinite(before[0]))
    assert differs.tolist() == list(range(5000, 5020))


@kinds
def test_no_window_reaches_over_a_gap(kind: IndicatorKind) -> None:
    store = store_of(WALK[:, :3000], set(range(1500, 1510)))
    track = IndicatorTrack(Indicator(kind), store)
    track.fill(0, 2 * START_SLOT, always)
    taken = track.take(np.arange(START_SLOT, START_SLOT + 3000))
    assert np.isnan(taken[:, 1500 : 1510 + kind.least(kind.defaults()) - 1]).all()
    after = at_once(kind, WALK[:, 1510:3000], 1510)
    np.testing.assert_allclose(taken[:, 1510:], after, rtol=2e-7, atol=1e-6)


def test_what_is_not_there_is_unknown() -> None:
    track = IndicatorTrack(Indicator(KINDS["bollinger"]), store_of(WALK[:, :100]))
    assert np.isnan(track.take(np.array([0, START_SLOT, START_SLOT + 99]))).all()
    assert np.isnan(track.at(START_SLOT + 100)).all()
    assert all(np.isnan(value) for value in track.lines_at(START_SLOT - 1))
    assert track.fill(0, 10, always)
