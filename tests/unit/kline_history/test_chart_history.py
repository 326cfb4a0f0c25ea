"""The history behind a chart: one source at a time, symbols read once, a cache for real hosts only."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.core_records import RULES
from tests.unit.kline_history.fake_market import FakeMarket, settled
from tests.unit.kline_history.klines import START_SLOT, page, walk
from trader_gui.errors import VenueError
from trader_gui.exchange.chart_feed import Market
from trader_gui.exchange.dialing import Dialing
from trader_gui.exchange.endpoints import ENDPOINTS, Endpoints, loopback
from trader_gui.kline_history.chart_history import ChartHistory

WALK = walk(3000)
LOCAL = loopback("http://127.0.0.1:1", "ws://127.0.0.1:1")


class Desk:
    """What the app does for a history: owns its tasks."""

    def __init__(self, market: FakeMarket, folder: Path, endpoints: Endpoints = LOCAL) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        public: Any = Market(market, endpoints, Dialing())  # type: ignore[arg-type]
        self.history = ChartHistory(
            public, lambda _symbol, _interval, deliver: market.feed(deliver), self.spawn, folder
        )

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        self.tasks.append(asyncio.create_task(work, name=name))
        return self.tasks[-1]


def test_another_series_ends_the_one_before(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk(FakeMarket(WALK, 2000), tmp_path)
        first = desk.history.open("BTCUSDT", "1m", is_followed=False)
        first.merge(page(WALK, 1000, 2000))
        first.want(START_SLOT + 100)
        await settled(lambda: first.state.is_begin or first.store.first <= START_SLOT + 100)
        second = desk.history.open("BTCUSDT", "1m", is_followed=False)
        await settled(lambda: desk.tasks[0].done())
        assert not desk.tasks[1].done()
        assert len(second.store) == 0
        await desk.history.aclose()
        assert desk.tasks[1].done()
        await desk.history.aclose()

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []  # a simulated market is another one at each start


def test_klines_of_a_real_host_are_kept_in_a_folder_of_its_name(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk(FakeMarket(WALK, 2000), tmp_path, ENDPOINTS["testnet"])
        source = desk.history.open("BTCUSDT", "1m", is_followed=False)
        source.merge(page(WALK, 1900, 2000))
        source.want(START_SLOT + 1500)
        await settled(lambda: source.store.first <= START_SLOT + 1500 and not source.state.is_loading)
        await desk.history.aclose()

    asyncio.run(run())
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.klines")]
    assert files == [f"{ENDPOINTS['testnet'].host}/BTCUSDT-1m.klines"]


def test_the_symbols_are_read_once_and_again_after_a_failure(tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log("the symbols cannot be read")

    async def run() -> None:
        market = FakeMarket(WALK, 10)
        market.rules = {"BTCUSDT": RULES}
        market.failures = [VenueError(None, "down")]
        desk = Desk(market, tmp_path)
        for _ in range(2):
            desk.history.want_rules()
            desk.history.want_rules()
            await asyncio.wait(desk.tasks)
        assert desk.history.rules == {"BTCUSDT": RULES}
        assert len(desk.tasks) == 2
        desk.history.want_rules()
        assert len(desk.tasks) == 2

    asyncio.run(run())
