"""Fixed-size NumPy columns behind every series."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


class Ring:
    """Columns of equal length that keep the newest `capacity` rows.

    The columns are written once from left to right in buffers of twice the capacity; when those are full the newest
    rows move to *new* buffers. So a view is contiguous, costs nothing, and never changes after it was handed out.
    """

    def __init__(self, dtypes: Mapping[str, type[np.generic]], capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._dtypes = dict(dtypes)
        self._capacity = capacity
        self.clear()

    def __len__(self) -> int:
        return self._end - self._start

    def clear(self) -> None:
        """Drop all rows; views handed out before keep theirs."""
        self._buffers = self._new_buffers()
        self._columns = tuple(self._buffers.values())
        self._start = self._end = 0

    def append(self, *values: float) -> None:
        """Add one row, values in the order of the columns; the oldest row falls out when the ring is full."""
        if self._end == 2 * self._capacity:
            self._move()
        for column, value in zip(self._columns, values, strict=True):
            column[self._end] = value
        self._end += 1
        self._start = max(self._start, self._end - self._capacity)

    def column(self, name: str) -> NDArray[Any]:
        """Return a read-only view of one column, oldest first, shape (len,)."""
        view = self._buffers[name][self._start : self._end]
        view.flags.writeable = False
        return view

    def _move(self) -> None:
        buffers = self._new_buffers()
        kept = self._end - self._start
        for name, old in self._buffers.items():
            buffers[name][:kept] = old[self._start : self._end]
        self._buffers, self._columns = buffers, tuple(buffers.values())
        self._start, self._end = 0, kept

    def _new_buffers(self) -> dict[str, NDArray[Any]]:
        return {name: np.empty(2 * self._capacity, dtype) for name, dtype in self._dtypes.items()}
