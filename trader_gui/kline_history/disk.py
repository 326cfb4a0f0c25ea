"""Disk: one series' cache file behind an async face: a thread of its own, a time limit, and no error that matters."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from trader_gui.kline_history.cache import CacheFile, CorruptCacheError, KlineCache
from trader_gui.kline_history.store import KlinePage

_log = logging.getLogger(__name__)

T = TypeVar("T")

LIMIT_S = 5.0
"""A disk that takes longer is not asked again."""


class Disk:
    """The cached klines of one symbol and interval. What goes wrong is told in the log, and the cache left alone then.

    Owner: a `KlineSource`, which opens and closes it.
    """

    def __init__(self, cache: KlineCache, symbol: str, interval: str) -> None:
        self._cache = cache
        self._symbol = symbol
        self._interval = interval
        self._file: CacheFile | None = None
        self._is_trusted = True
        self._executor: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Open the file."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="kline cache")
        await self._do(self._open)

    async def close(self) -> None:
        """Close the file; what is being written is written to its end."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        closing = asyncio.get_running_loop().run_in_executor(executor, self._close)
        executor.shutdown(wait=False)
        await asyncio.wait([closing], timeout=LIMIT_S)

    async def before(self, slot: int, most: int) -> KlinePage | None:
        """Return klines before a slot, as `CacheFile.before` does."""
        return await self._do(lambda: self._before(slot, most))

    async def append(self, page: KlinePage) -> None:
        """Write klines."""
        if len(page.open_time_ms):
            await self._do(lambda: self._append(page))

    async def _do(self, work: Callable[[], T]) -> T | None:
        """Do blocking work in the thread; None when it fails or takes too long, and ever after."""
        if self._executor is None or not self._is_trusted:
            return None
        try:
            async with asyncio.timeout(LIMIT_S):
                return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except (OSError, TimeoutError) as error:
            reason = str(error) or "the disk does not answer"
            _log.warning("the kline cache of %s %s is left alone: %s", self._symbol, self._interval, reason)
            self._is_trusted = False
            return None

    # ---- in the thread ---------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._file = self._cache.open(self._symbol, self._interval)

    def _append(self, page: KlinePage) -> None:
        if self._file is not None:
            self._file.append(page)

    def _before(self, slot: int, most: int) -> KlinePage | None:
        if self._file is None:
            return None
        try:
            return self._file.before(slot, most)
        except CorruptCacheError as error:
            _log.warning("%s: it is thrown away, and its klines are read anew", error)
            self._file.close()
            self._file = self._cache.begin_anew(self._file.path, self._interval)
            return None

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
