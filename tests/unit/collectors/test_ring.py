import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.collectors.ring import Ring

ROWS = st.lists(st.tuples(st.integers(0, 10**15), st.floats(-1e9, 1e9)), max_size=60)


@given(rows=ROWS, capacity=st.integers(1, 9))
def test_ring_keeps_the_newest_rows_like_a_list(rows, capacity):
    ring = Ring({"time": np.int64, "value": np.float64}, capacity)
    for row in rows:
        ring.append(*row)
    kept = rows[-capacity:]
    assert len(ring) == len(kept)
    assert ring.column("time").tolist() == [r[0] for r in kept]
    assert ring.column("value").tolist() == [r[1] for r in kept]
    assert ring.column("value").flags.c_contiguous


@given(rows=ROWS, capacity=st.integers(1, 5))
def test_views_never_change_after_they_were_handed_out(rows, capacity):
    ring = Ring({"time": np.int64, "value": np.float64}, capacity)
    handed_out = []
    for i, row in enumerate(rows):
        ring.append(*row)
        handed_out.append((ring.column("time"), [r[0] for r in rows[max(0, i + 1 - capacity) : i + 1]]))
    ring.clear()
    ring.append(-1, 0.0)
    for view, expected in handed_out:
        assert view.tolist() == expected


def test_views_cannot_be_written_and_rows_must_be_whole():
    ring = Ring({"time": np.int64, "value": np.float64}, 3)
    ring.append(1, 2.0)
    with pytest.raises(ValueError, match="read-only"):
        ring.column("value")[0] = 3.0
    with pytest.raises(ValueError, match="zip"):
        ring.append(1)
    with pytest.raises(ValueError, match="capacity"):
        Ring({"time": np.int64}, 0)
