"""SlotArray: rows of numbers over slots, which grow at both ends; NaN where nothing was written."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

OLDER_ROOM, NEWER_ROOM = 1 << 20, 4096
"""Room before the first slots and after them. History comes in thousands, and making more room copies everything."""


class SlotArray:
    """Rows of equal length, addressed by slot. A view stays valid until the next `cover`.

    The room kept for growth is not touched before it is used, so it takes no memory until then.

    Args:
        rows: How many.
        dtype: A floating type.
        align: The covered slots begin and end at multiples of this.
        share: One slot here stands for so many klines; less room is kept in proportion.

    Attributes:
        first, end: Slots covered; equal while empty.
    """

    def __init__(self, rows: int, dtype: DTypeLike = np.float64, *, align: int = 1, share: int = 1) -> None:
        self.first = self.end = 0
        self._align = align
        self._older_room, self._newer_room = OLDER_ROOM // share, NEWER_ROOM // share
        self._offset = 0  # column of `first`
        self._data: NDArray[Any] = np.empty((rows, 0), dtype)

    def cover(self, first: int, end: int) -> None:
        """Make room for the slots `first` to `end` (not included), and for all between them and those covered."""
        first, end = first // self._align * self._align, -(-end // self._align) * self._align
        if self.first == self.end:
            self.first = self.end = first
        else:
            first, end = min(first, self.first), max(end, self.end)
        if self._offset + first - self.first < 0 or self._offset + end - self.first > self._data.shape[1]:
            self._move(first, end)
        at = self._offset + first - self.first
        self._data[:, at : self._offset] = np.nan
        self._data[:, self._offset + self.end - self.first : at + end - first] = np.nan
        self._offset, self.first, self.end = at, first, end

    def view(self, first: int, end: int) -> NDArray[Any]:
        """Return the columns of covered slots, shape (rows, end - first), for reading and writing.

        Raises:
            IndexError: Not all of them are covered.
        """
        if not (self.first <= first <= end <= self.end):
            raise IndexError(f"slots {first} to {end} are not within {self.first} to {self.end}")
        at = self._offset - self.first
        return self._data[:, at + first : at + end]

    def _move(self, first: int, end: int) -> None:
        """Take a larger buffer."""
        size = end - first
        data = np.empty((self._data.shape[0], self._older_room + size + self._newer_room + size // 8), self._data.dtype)
        offset = self._older_room + self.first - first
        data[:, offset : offset + self.end - self.first] = self.view(self.first, self.end)
        self._data, self._offset = data, offset
