"""ChartHistory: the klines that a session's chart shows, of whatever symbol and interval the user looks at."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from trader_gui.domain.market import DayTicker
from trader_gui.domain.symbol import SymbolRules
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.chart_feed import Market
from trader_gui.exchange.port import Deliver
from trader_gui.kline_history.cache import KlineCache
from trader_gui.kline_history.disk import Disk
from trader_gui.kline_history.source import KlineSource, Stream

_log = logging.getLogger(__name__)

_TICKERS_FOR_NS = 10_000_000_000
"""One request for all symbols weighs 40 of the 2400 that the venue allows a minute."""

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None] | None"]

MakeFeed = Callable[[str, str, Deliver], Stream]
"""Makes the stream of a symbol's klines of an interval, and of its mark price; not yet running."""


class ChartHistory:
    """Opens one source of klines at a time.

    Attributes:
        rules: Filters of every symbol; empty until they were asked for.
        tickers: Last price and change of every symbol, as of when they were last asked for.

    Owner: the app, which closes it before the session's client is closed.
    """

    def __init__(self, market: Market, make_feed: MakeFeed, spawn: Spawn, cache_folder: Path) -> None:
        """Make a history without a source.

        Args:
            market: Public data.
            make_feed: Makes the feed of a symbol and interval.
            spawn: Starts a task with a name.
            cache_folder: Where klines are kept, a folder for each host; not those of a simulated exchange, whose
                market is another one at each start.
        """
        self.rules: dict[str, SymbolRules] = {}
        self.tickers: dict[str, DayTicker] = {}
        self._market = market
        self._make_feed = make_feed
        self._spawn = spawn
        endpoints = market.endpoints
        self._cache = None if endpoints.is_loopback else KlineCache(cache_folder / endpoints.host)
        self._task: asyncio.Task[None] | None = None
        self._is_reading_rules = False
        self._is_reading_tickers = False
        self._tickers_ns = 0

    def open(self, symbol: str, interval: str, *, is_followed: bool) -> KlineSource:
        """Return the source of a symbol and interval, running; the one before ends.

        Args:
            symbol: As in exchangeInfo.
            interval: Any of the venue's.
            is_followed: False when the session's own collectors tell the newest klines.
        """
        feed = partial(self._make_feed, symbol, interval) if is_followed else None
        disk = None if self._cache is None else Disk(self._cache, symbol, interval)
        source = KlineSource(self._market.reader, symbol, interval, disk=disk, make_feed=feed)
        former, self._task = self._task, self._spawn(source.run(), f"chart {symbol} {interval}")
        if former is not None:
            former.cancel()
        if symbol not in self.rules and is_followed:
            self.want_rules()
        return source

    def want_rules(self) -> None:
        """Have the filters of all symbols read, once."""
        if not self.rules and not self._is_reading_rules:
            self._is_reading_rules = True
            self._spawn(self._read_rules(), "symbols")

    def want_tickers(self) -> None:
        """Have the last prices of all symbols read, unless that was done a moment ago."""
        now_ns = time.monotonic_ns()
        if self._is_reading_tickers or (self._tickers_ns and now_ns - self._tickers_ns < _TICKERS_FOR_NS):
            return
        self._is_reading_tickers, self._tickers_ns = True, now_ns
        self._spawn(self._read_tickers(), "last prices")

    async def aclose(self) -> None:
        """End the source."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _read_rules(self) -> None:
        try:
            self.rules = await self._market.reader.symbol_rules()
        except (VenueError, ProtocolError) as error:
            _log.warning("the symbols cannot be read: %s", error)
        finally:
            self._is_reading_rules = False

    async def _read_tickers(self) -> None:
        try:
            self.tickers = await self._market.reader.day_tickers()
        except (VenueError, ProtocolError) as error:  # they are only shown
            _log.info("the last prices of all symbols cannot be read: %s", error)
        finally:
            self._is_reading_tickers = False
