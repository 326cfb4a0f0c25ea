"""A chart's klines over real sockets: another interval than the session's, another symbol, back to the beginning."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.kline_history.fake_market import settled
from trader_gui.clock import SystemClock
from trader_gui.domain.step import Route
from trader_gui.exchange.chart_feed import Market, chart_streams
from trader_gui.exchange.dialing import Dialing
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.port import Deliver
from trader_gui.exchange.rest import RestClient
from trader_gui.exchange.streams import MarketStream
from trader_gui.kline_history.chart_history import ChartHistory
from trader_gui.kline_history.grid import LENGTH_MS
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.source import KlineSource
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import start_exchange


class Watched:
    """A history on an exchange of its own."""

    def __init__(self, history: ChartHistory, client: RestClient) -> None:
        self.history = history
        self.client = client

    async def until(self, source: KlineSource, slot: int | None = None) -> None:
        """Wait for the feed, and for the klines from a slot on (None: all there are)."""
        source.want(-1 if slot is None else slot)
        await settled(lambda: source.state.is_begin if slot is None else source.store.first <= slot)
        await settled(lambda: source.open_kline is not None and source.mark is not None)


def with_history(act: Any, tmp_path: Path, **options: Any) -> None:
    """Run `act(watched)` on a running exchange."""
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    async def run() -> None:
        process = await start_exchange(ExchangeOptions(seed=7, **options))
        endpoints = loopback(process.rest_url, process.ws_url)
        client = RestClient(endpoints, SystemClock())
        market = Market(client, endpoints, Dialing())

        def make_feed(symbol: str, interval: str, deliver: Deliver) -> MarketStream:
            return market.stream(Route.MARKET, chart_streams(symbol, interval), deliver)

        history = ChartHistory(market, make_feed, spawn, tmp_path)
        try:
            await act(Watched(history, client))
            await history.aclose()
        finally:
            await client.aclose()
            await process.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [task for task in tasks if not task.cancelled() and task.exception()] == []

    asyncio.run(run())


def closes(source: KlineSource) -> np.ndarray:
    store = source.store
    return store.row(Row.CLOSE, store.first, store.end)


@pytest.mark.parametrize("interval", ["15m", "1h", "1d", "1w", "1M"])
def test_any_interval_reaches_back_to_the_beginning_and_goes_on_live(tmp_path: Path, interval: str) -> None:
    async def act(watched: Watched) -> None:
        source = watched.history.open("BTCUSDT", interval, is_followed=True)
        await watched.until(source)
        assert source.open_kline is not None
        assert source.open_kline.interval == interval
        assert source.store.gaps(source.store.first, source.store.end) == []
        newest = source.store.grid.slot_of(source.open_kline.open_time_ms)
        assert not len(source.store) or source.store.end == newest

    with_history(act, tmp_path)


def test_every_interval_is_one_that_the_exchange_knows(tmp_path: Path) -> None:
    async def act(watched: Watched) -> None:
        for interval in LENGTH_MS:
            assert await watched.client.klines("BTCUSDT", interval, limit=2)

    with_history(act, tmp_path)


def test_another_symbol_comes_with_its_own_prices_and_rules(tmp_path: Path) -> None:
    async def act(watched: Watched) -> None:
        bitcoin = watched.history.open("BTCUSDT", "1h", is_followed=True)
        await watched.until(bitcoin)
        ether = watched.history.open("ETHUSDT", "1h", is_followed=True)
        await watched.until(ether)
        await settled(lambda: bool(watched.history.rules))
        assert {"BTCUSDT", "ETHUSDT"} <= watched.history.rules.keys()
        assert closes(ether).max() < closes(bitcoin).min() / 2
        assert ether.mark is not None
        assert ether.mark.symbol == "ETHUSDT"

    with_history(act, tmp_path, symbols=("BTCUSDT", "ETHUSDT"))


def test_klines_close_live_one_after_the_other(tmp_path: Path) -> None:
    async def act(watched: Watched) -> None:
        source = watched.history.open("BTCUSDT", "1m", is_followed=True)
        await settled(lambda: len(source.store) > 0 and not source.state.is_loading)
        end = source.store.end
        await settled(lambda: source.store.end >= end + 3)
        told = await watched.client.klines("BTCUSDT", "1m", limit=100)
        known = {source.store.grid.slot_of(k.open_time_ms): float(k.close) for k in told if k.is_closed}
        for slot in range(end, end + 3):
            assert source.store.row(Row.CLOSE, slot, slot + 1)[0] == known[slot]
        assert source.store.gaps(source.store.first, source.store.end) == []
        assert not source.store.repaired

    with_history(act, tmp_path, speed="60")
