"""A source of klines: pages next to each other, holes filled or left, the newest after every connection."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.unit.kline_history.fake_market import FakeMarket, kline_of, settled
from tests.unit.kline_history.klines import START_SLOT, page, walk
from trader_gui.domain.market import FundingRate, MarkPrice
from trader_gui.errors import VenueError
from trader_gui.exchange.port import Sleep
from trader_gui.kline_history.cache import KlineCache
from trader_gui.kline_history.disk import Disk
from trader_gui.kline_history.source import NEWEST, PAUSE_S, RETRY_S, KlineSource, SourceState

COUNT = 9000
WALK = walk(COUNT)


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def running(
    market: FakeMarket, *, is_followed: bool = True, cache: KlineCache | None = None, sleep: Sleep = at_once
) -> AsyncIterator[KlineSource]:
    source = KlineSource(
        market,  # type: ignore[arg-type]
        "BTCUSDT",
        "1m",
        disk=None if cache is None else Disk(cache, "BTCUSDT", "1m"),
        make_feed=market.feed if is_followed else None,
        sleep=sleep,
    )
    task = asyncio.create_task(source.run(), name="source")
    try:
        yield source
    finally:
        task.cancel()
        await asyncio.wait([task])


def loaded(source: KlineSource) -> Callable[[], bool]:
    return lambda: not source.state.is_loading and bool(len(source.store))


def check_series(source: KlineSource, first: int, end: int, missing: set[int] = frozenset()) -> None:
    """Compare what is loaded with the walk."""
    store = source.store
    assert (store.first - START_SLOT, store.end - START_SLOT) == (first, end)
    expected = WALK[:, first:end].copy()
    for number in missing:
        expected[:, number - first] = np.nan
    np.testing.assert_array_equal(store.rows(store.first, store.end), expected)


def test_the_newest_klines_come_first_and_older_ones_as_far_as_somebody_looks() -> None:
    async def run() -> None:
        market = FakeMarket(WALK, 8000)
        async with running(market) as source:
            await settled(loaded(source))
            check_series(source, 8000 - NEWEST + 1, 8000)
            assert source.open_kline == kline_of(WALK, 8000, is_closed=False)
            asked = len(market.asked)
            source.want(START_SLOT + 7800)
            await asyncio.sleep(0.01)
            assert len(market.asked) == asked
            source.want(START_SLOT + 5000)
            await settled(lambda: source.store.first <= START_SLOT + 5000 and not source.state.is_loading)
            check_series(source, 8000 - NEWEST + 1 - 3000, 8000)
            assert not source.state.is_begin

    asyncio.run(run())


def test_the_beginning_of_history_is_found_and_not_asked_for_again() -> None:
    async def run() -> None:
        market = FakeMarket(WALK, 2500)
        async with running(market) as source:
            source.want(START_SLOT - 10_000)
            await settled(lambda: source.state.is_begin and not source.state.is_loading)
            check_series(source, 0, 2500)
            asked = len(market.asked)
            source.want(START_SLOT - 20_000)
            await asyncio.sleep(0.01)
            assert len(market.asked) == asked
            assert source.state == SourceState(is_begin=True)

    asyncio.run(run())


def test_a_symbol_without_a_closed_kline_has_no_history() -> None:
    async def run() -> None:
        async with running(FakeMarket(WALK, 0)) as source:
            await settled(lambda: source.state.is_begin and not source.state.is_loading)
            assert source.open_kline is not None
            assert not len(source.store)

    asyncio.run(run())


@pytest.mark.parametrize("lost", [1, 3, 700, 1600])
def test_what_was_missed_while_the_feed_was_away_is_read_and_marked(lost: int) -> None:
    async def run() -> None:
        market = FakeMarket(WALK, 3000)
        async with running(market) as source:
            await settled(loaded(source))
            market.close_kline()
            market.now += lost
            market.connect()
            await settled(lambda: source.store.end == START_SLOT + 3001 + lost and not source.state.is_loading)
            assert source.store.repaired == {START_SLOT + 3001 + n for n in range(lost)}
            check_series(source, 3000 - NEWEST + 1, 3001 + lost)
            market.close_kline()
            assert len(source.store.repaired) == lost

    asyncio.run(run())


def test_a_hole_in_the_stream_is_noticed_by_the_kline_after_it() -> None:
    async def run() -> None:
        market = FakeMarket(WALK, 3000)
        async with running(market) as source:
            await settled(loaded(source))
            market.close_kline()
            market.now += 4
            market.close_kline()
            assert source.store.gaps(source.store.first, source.store.end)
            await settled(lambda: not source.store.gaps(source.store.first, source.store.end))
            assert source.store.repaired == {START_SLOT + 3001 + n for n in range(4)}

    asyncio.run(run())


def test_a_hole_that_the_venue_has_itself_is_asked_for_once() -> None:
    missing = {*range(7000, 7050), 7200}

    async def run() -> None:
        market = FakeMarket(WALK, 8000, missing)
        async with running(market) as source:
            source.want(START_SLOT + 6500)
            await settled(lambda: len(source.store) > 1400 and not source.state.is_loading)
            first = source.store.first - START_SLOT
            check_series(source, first, 8000, missing)
            assert source.store.gaps(source.store.first, source.store.end) == [
                (START_SLOT + 7000, START_SLOT + 7050),
                (START_SLOT + 7200, START_SLOT + 7201),
            ]
            for_holes = [a for a in market.asked if a[1] is not None and a[2] is not None]
            assert sorted(for_holes) == [(1, 7200, 7200), (50, 7000, 7049)]

    asyncio.run(run())


def test_pages_in_any_order_leave_no_hole() -> None:
    """The session's own collector gives what it has; whatever lies between is asked for."""

    async def run(seed: int) -> None:
        market = FakeMarket(WALK, 8999)
        chance = random.Random(seed)
        async with running(market, is_followed=False) as source:
            for _ in range(6):
                first = chance.randrange(0, 8900)
                source.merge(page(WALK, first, min(first + chance.randrange(1, 900), 8990)))
                await asyncio.sleep(0)
            await settled(lambda: not source.store.gaps(source.store.first, source.store.end))
            check_series(source, source.store.first - START_SLOT, source.store.end - START_SLOT)

    for seed in range(5):
        asyncio.run(run(seed))


def test_trouble_is_told_and_overcome() -> None:
    async def run() -> None:
        market = FakeMarket(WALK, 3000)
        market.failures = [VenueError(None, "not sent: no room", retryable=True, wait_s=3.0), VenueError(-1000, "down")]
        waits: list[tuple[float, str]] = []

        async def noted(seconds: float) -> None:
            waits.append((seconds, source.state.problem))
            await asyncio.sleep(0)

        async with running(market, sleep=noted) as source:
            await settled(loaded(source))
            assert source.state.problem == ""
            check_series(source, 3000 - NEWEST + 1, 3000)
        assert waits[:2] == [(3.0, "not sent: no room"), (2 * RETRY_S, str(VenueError(-1000, "down")))]
        assert all(wait == (PAUSE_S, "") for wait in waits[2:])

    asyncio.run(run())


def test_without_a_feed_the_newest_are_the_sessions_business() -> None:
    async def run() -> None:
        market = FakeMarket(WALK, 3000)
        async with running(market, is_followed=False) as source:
            await asyncio.sleep(0.01)
            assert market.asked == []
            source.merge(page(WALK, 2500, 3000))
            source.want(START_SLOT + 2000)
            await settled(lambda: source.store.first <= START_SLOT + 2000)
            assert market.asked == [(1500, None, 2499)]
            check_series(source, 1000, 3000)

    asyncio.run(run())


def test_after_a_restart_old_klines_come_from_the_disk(tmp_path: Path) -> None:
    async def run() -> None:
        cache = KlineCache(tmp_path)
        market = FakeMarket(WALK, 6000)
        async with running(market, cache=cache) as source:
            source.want(START_SLOT + 1000)
            await settled(lambda: source.store.first <= START_SLOT + 1000 and not source.state.is_loading)
            oldest = source.store.first - START_SLOT
            for _ in range(5):
                market.close_kline()
        again = FakeMarket(WALK, 6010)
        async with running(again, cache=cache) as source:
            source.want(START_SLOT + 1000)
            await settled(lambda: source.store.first <= START_SLOT + 1000 and not source.state.is_loading)
            check_series(source, oldest, 6010)
            assert all(limit == NEWEST for limit, _, _ in again.asked)

    asyncio.run(run())


def test_fundings_are_read_at_the_start_and_after_each_one() -> None:
    def mark(next_ms: int) -> MarkPrice:
        return MarkPrice("BTCUSDT", Decimal(1), Decimal(1), Decimal("0.0001"), next_ms, 0)

    async def run() -> None:
        market = FakeMarket(WALK, 3000)
        market.fundings = [FundingRate(1000, Decimal("0.0001"))]
        async with running(market) as source:
            await settled(lambda: len(source.funding) == 1)
            market.push(mark(2000))
            market.push(mark(2000))
            market.fundings.append(FundingRate(2000, Decimal("-0.0002")))
            market.push(mark(3000))
            await settled(lambda: len(source.funding) == 2)
            assert source.mark == mark(3000)
            assert market.funding_requests == 2

    asyncio.run(run())
