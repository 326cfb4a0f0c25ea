"""A market with klines of one minute: by request as the venue answers, and by a stream that tests push into."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from tests.unit.kline_history.klines import START_SLOT
from trader_gui.domain.market import FundingRate, Kline
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import SymbolRules
from trader_gui.errors import VenueError
from trader_gui.exchange.port import Deliver, StreamItem, StreamStatus
from trader_gui.kline_history.pyramid import Row

MINUTE_MS = 60_000


def kline_of(values: np.ndarray, number: int, *, is_closed: bool = True) -> Kline:
    """Return the kline number `number` of a walk."""
    open_ms = (START_SLOT + number) * MINUTE_MS
    amount = {row: Decimal(repr(float(values[row, number]))) for row in Row}
    return Kline(
        symbol="BTCUSDT",
        interval="1m",
        open_time_ms=open_ms,
        close_time_ms=open_ms + MINUTE_MS - 1,
        open=amount[Row.OPEN],
        high=amount[Row.HIGH],
        low=amount[Row.LOW],
        close=amount[Row.CLOSE],
        volume=amount[Row.VOLUME],
        quote_volume=Decimal(0),
        taker_buy_volume=Decimal(0),
        trade_count=1,
        is_closed=is_closed,
        event_time_ms=open_ms + MINUTE_MS - 1,
    )


class FakeMarket:
    """Klines number 0 to `now` (which is open), less the missing ones.

    Attributes:
        asked: (limit, start number, end number) of each request.
        failures: Errors that the next requests are answered with.
        deliver: Of the feed; None before it was made.
    """

    def __init__(self, values: np.ndarray, now: int, missing: set[int] = frozenset()) -> None:
        self.values = values
        self.now = now
        self.missing = missing
        self.asked: list[tuple[int, int | None, int | None]] = []
        self.failures: list[VenueError] = []
        self.deliver: Deliver | None = None
        self.rules: dict[str, SymbolRules] = {}
        self.fundings: list[FundingRate] = []
        self.funding_requests = 0

    async def klines(
        self,
        symbol: str,
        interval: str,
        *,
        limit: int,
        start_time_ms: int | None = None,
        end_time_ms: int | None = None,
    ) -> tuple[Kline, ...]:
        await asyncio.sleep(0)
        start = None if start_time_ms is None else -(-start_time_ms // MINUTE_MS) - START_SLOT
        end = None if end_time_ms is None else end_time_ms // MINUTE_MS - START_SLOT
        self.asked.append((limit, start, end))
        if self.failures:
            raise self.failures.pop(0)
        every = range(max(0, start or 0), min(self.now, self.now if end is None else end) + 1)
        numbers = [n for n in every if n not in self.missing]
        numbers = numbers[:limit] if start is not None else numbers[-limit:]
        return tuple(kline_of(self.values, n, is_closed=n < self.now) for n in numbers)

    async def symbol_rules(self) -> dict[str, SymbolRules]:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        return self.rules

    async def funding_rates(self, symbol: str, *, limit: int = 1000) -> tuple[FundingRate, ...]:
        await asyncio.sleep(0)
        self.funding_requests += 1
        return tuple(self.fundings[-limit:])

    def feed(self, deliver: Deliver) -> "FakeStream":
        """Return a stream of this market."""
        self.deliver = deliver
        return FakeStream(self)

    def push(self, item: StreamItem) -> None:
        """Let the feed tell something."""
        assert self.deliver is not None
        self.deliver(item, 0)

    def connect(self) -> None:
        """Let the feed connect, first or anew."""
        self.push(StreamStatus(Route.MARKET, True, "connected"))

    def close_kline(self) -> None:
        """Let the open kline close and be told, and the next one begin."""
        closed, self.now = self.now, self.now + 1
        self.push(kline_of(self.values, closed))


class FakeStream:
    """Connects, and goes on until it is cancelled."""

    def __init__(self, market: FakeMarket) -> None:
        self._market = market
        self.is_running = False

    async def run(self) -> None:
        self.is_running = True
        self._market.connect()
        try:
            await asyncio.Event().wait()
        finally:
            self.is_running = False


async def settled(holds: Callable[[], bool]) -> None:
    """Let the loop go on until `holds()`."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
