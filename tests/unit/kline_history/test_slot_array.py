"""Rows that grow at both ends keep what was written, and hold NaN elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.kline_history import slot_array
from trader_gui.kline_history.slot_array import SlotArray

spans = st.lists(st.tuples(st.integers(-3000, 3000), st.integers(1, 200)), min_size=1, max_size=12)


@given(spans, st.sampled_from([1, 8, 256]))
def test_what_is_written_stays_while_it_grows(written: list[tuple[int, int]], align: int) -> None:
    array, expected = SlotArray(2, align=align), {}
    array._older_room, array._newer_room = 16, 16  # so that it has to move
    for number, (first, length) in enumerate(written):
        array.cover(first, first + length)
        array.view(first, first + length)[:] = [[number], [-number]]
        expected.update(dict.fromkeys(range(first, first + length), number))
    assert (array.first % align, array.end % align) == (0, 0)
    rows = array.view(array.first, array.end)
    for slot in range(array.first, array.end):
        value = rows[:, slot - array.first]
        if slot in expected:
            assert value.tolist() == [expected[slot], -expected[slot]]
        else:
            assert np.isnan(value).all()


def test_a_view_beyond_what_is_covered_is_an_error() -> None:
    array = SlotArray(1, align=8)
    array.cover(10, 20)
    assert (array.first, array.end) == (8, 24)
    with pytest.raises(IndexError):
        array.view(0, 10)
    with pytest.raises(IndexError):
        array.view(20, 25)


def test_pages_before_the_first_one_are_not_copied_each_time() -> None:
    array = SlotArray(1)
    array.cover(0, 100)
    buffer = array._data
    array.cover(-slot_array.OLDER_ROOM, 0)
    assert array._data is buffer
