"""Closed klines on disk, so that what was read once need not be asked for again.

One file for each symbol and interval of a venue: chunks of klines in the order in which they came, only ever appended.
A chunk is its head (magic, count, slot of the first, checksum) and its rows, kline after kline without a gap. A file
that is not as it should be is thrown away, whole: it holds nothing that the venue does not have. A last chunk that was
not written to its end is cut off. The folder is kept under a size; what was used longest ago goes first.

Everything here blocks, and one thread uses it.
"""

import logging
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import quote

import numpy as np

from trader_gui.kline_history.grid import MONTH, Grid
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.store import KlinePage

_log = logging.getLogger(__name__)

CAP_BYTES = 512 * 1024 * 1024
"""Of a whole folder: some eleven million klines."""

_MAGIC = b"TGK1"
_HEAD = struct.Struct("<4sIqI")
_ROW = np.dtype([("open_time_ms", "<i8"), ("values", "<f8", (len(Row),))])
_MONTH_NAME = "1month"
"""On a disk that does not tell capitals apart, a month would be a minute."""


class CorruptCacheError(Exception):
    """A cache file is not as it should be."""


class _Chunk(NamedTuple):
    """Klines of the slots `first` to `end` (not included), and where their rows lie."""

    first: int
    end: int
    offset: int
    checksum: int


class CacheFile:
    """The klines of one symbol and interval.

    Args:
        path: Of the file; it is made when there is none.
        interval: As the venue spells it.

    Raises:
        CorruptCacheError: It is damaged.
        OSError: It cannot be read or written.
    """

    def __init__(self, path: Path, interval: str) -> None:
        self.path = path
        self._grid = Grid(interval)
        self._file: BinaryIO = path.open("a+b")
        try:
            self._chunks = self._read_heads()
            os.utime(path)  # used now: the last to be thrown away
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def before(self, slot: int, most: int) -> KlinePage | None:
        """Return the klines before a slot, at least one and about `most`; None when the one right before is not here.

        Raises:
            CorruptCacheError: A chunk is damaged.
        """
        pages: list[KlinePage] = []
        count = 0
        while count < most:
            chunk = next((c for c in reversed(self._chunks) if c.first < slot <= c.end), None)
            if chunk is None:
                break
            rows = self._read(chunk)[: slot - chunk.first]
            pages.append(KlinePage(rows["open_time_ms"].astype(np.int64), rows["values"].T))
            count, slot = count + len(rows), chunk.first
        if not pages:
            return None
        times, values = zip(*reversed(pages), strict=True)
        return KlinePage(np.concatenate(times), np.concatenate(values, axis=1))

    def append(self, page: KlinePage) -> None:
        """Write the klines that are not here yet."""
        slots = self._grid.slots_of(page.open_time_ms)
        is_new = np.ones(len(slots), bool)
        for chunk in self._chunks:
            is_new &= (slots < chunk.first) | (slots >= chunk.end)
        new = np.flatnonzero(is_new)
        for run in np.split(new, np.flatnonzero(np.diff(slots[new]) != 1) + 1):
            if len(run):
                self._write(int(slots[run[0]]), page.open_time_ms[run], page.values[:, run])

    def _write(self, first: int, times: np.ndarray, values: np.ndarray) -> None:
        rows = np.empty(len(times), _ROW)
        rows["open_time_ms"], rows["values"] = times, values.T
        body = rows.tobytes()
        checksum = zlib.crc32(body)
        offset = self._file.seek(0, os.SEEK_END)
        self._file.write(_HEAD.pack(_MAGIC, len(times), first, checksum) + body)
        self._file.flush()
        self._chunks.append(_Chunk(first, first + len(times), offset + _HEAD.size, checksum))

    def _read(self, chunk: _Chunk) -> np.ndarray:
        self._file.seek(chunk.offset)
        body = self._file.read((chunk.end - chunk.first) * _ROW.itemsize)
        if zlib.crc32(body) != chunk.checksum:
            raise CorruptCacheError(f"a chunk of {self.path.name} is damaged")
        return np.frombuffer(body, _ROW)

    def _read_heads(self) -> list[_Chunk]:
        size = self._file.seek(0, os.SEEK_END)
        chunks: list[_Chunk] = []
        at = 0
        while at < size:
            self._file.seek(at)
            head = self._file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                break
            magic, count, first, checksum = _HEAD.unpack(head)
            end = at + _HEAD.size + count * _ROW.itemsize
            if magic != _MAGIC or not count:
                raise CorruptCacheError(f"{self.path.name} is damaged")
            if end > size:
                break
            chunks.append(_Chunk(first, first + count, at + _HEAD.size, checksum))
            at = end
        if at < size:
            _log.info("%s: %d bytes that were not written to their end are cut off", self.path.name, size - at)
            self._file.truncate(at)
        return chunks


class KlineCache:
    """The cache files of one venue.

    Args:
        folder: Of the venue's files; made when it is needed.
        cap_bytes: What all files under it may take together.
    """

    def __init__(self, folder: Path, cap_bytes: int = CAP_BYTES) -> None:
        self._folder = folder
        self._cap_bytes = cap_bytes

    def open(self, symbol: str, interval: str) -> CacheFile:
        """Return the file of a symbol and interval; a damaged one is thrown away and begun anew.

        Raises:
            OSError: It cannot be read or written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{quote(symbol, safe='')}-{_MONTH_NAME if interval == MONTH else interval}.klines"
        self._make_room(path)
        try:
            return CacheFile(path, interval)
        except CorruptCacheError as error:
            _log.warning("%s: it is thrown away, and its klines are read anew", error)
            return self.begin_anew(path, interval)

    @staticmethod
    def begin_anew(path: Path, interval: str) -> CacheFile:
        """Throw a file away and return an empty one."""
        path.unlink(missing_ok=True)
        return CacheFile(path, interval)

    def _make_room(self, wanted: Path) -> None:
        """Delete what was used longest ago while the files take too much; the wanted one last."""
        files = sorted((path == wanted, (s := path.stat()).st_mtime, s.st_size, path) for path in self._files())
        total = sum(size for _, _, size, _ in files)
        for _, _, size, path in files:
            if total <= self._cap_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _files(self) -> list[Path]:
        return [path for path in self._folder.glob("*.klines") if path.is_file()]
