"""The queue between streams and core: in order, giving the loop back, and never losing what happened to the account."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes import SYMBOL, kline
from trader_gui.domain.account import AccountSnapshot, MarginCall
from trader_gui.domain.market import BookTicker
from trader_gui.domain.step import EngineMode, FeedStatus, ModeChange, Route
from trader_gui.exchange.port import DataEnd, PaceMarker, StreamStatus
from trader_gui.rt_trader import pump as module
from trader_gui.rt_trader.pump import Pump

ONE = Decimal(1)


def ticker(update_id: int) -> BookTicker:
    return BookTicker(SYMBOL, update_id, ONE, ONE, ONE, ONE, update_id)


async def worked_off(pump: Pump, until: asyncio.Event) -> None:
    task = asyncio.create_task(pump.run(), name="pump")
    async with asyncio.timeout(5):
        await until.wait()
    task.cancel()
    await asyncio.wait({task})


def test_items_are_worked_off_in_order_also_those_that_come_meanwhile() -> None:
    async def body() -> None:
        taken: list[tuple[Any, int]] = []
        done = asyncio.Event()

        def handle(item: Any, received_ns: int) -> None:
            taken.append((item, received_ns))
            if len(taken) == 2:
                pump.deliver(ticker(7), 7)
            if len(taken) == 4:
                done.set()

        pump = Pump(handle, lambda dropped: None)
        for number in (1, 2, 3):
            pump.deliver(ticker(number), number)
        await worked_off(pump, done)
        assert [received for _, received in taken] == [1, 2, 3, 7]
        assert len(pump) == 0

    asyncio.run(body())


def test_a_long_queue_gives_the_loop_back_between_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reading of the clock is a millisecond later, so a slice of ten is over after ten items."""

    async def body() -> None:
        now = iter(range(0, 10**12, 1_000_000))
        monkeypatch.setattr("trader_gui.rt_trader.pump.time.perf_counter_ns", lambda: next(now))
        done, turns_of_others = asyncio.Event(), 0
        pump = Pump(lambda item, ns: done.set() if ns == 99 else None, lambda dropped: None)
        for number in range(100):
            pump.deliver(ticker(number), number)
        task = asyncio.create_task(pump.run(), name="pump")
        while not done.is_set():
            await asyncio.sleep(0)
            turns_of_others += 1
        task.cancel()
        await asyncio.wait({task})
        assert turns_of_others >= 8
        assert 10_000_000 < pump.longest_slice_ns <= 12_000_000

    asyncio.run(body())


def test_a_full_queue_drops_the_market_and_keeps_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE_LIMIT", 9)
    kept: list[Any] = [
        AccountSnapshot((), (), (), 0),
        StreamStatus(Route.PRIVATE, False, "cut"),
        FeedStatus(Route.PRIVATE, False, 0),
        ModeChange(EngineMode.HALTED, "by_user", 0),
        PaceMarker(Route.PUBLIC, 7),
        DataEnd(Route.PUBLIC),
        MarginCall((SYMBOL,), 0),
    ]

    async def body() -> None:
        told: list[int] = []
        taken: list[Any] = []
        done = asyncio.Event()

        def handle(item: Any, received_ns: int) -> None:
            taken.append(item)
            if received_ns == 9:
                done.set()

        pump = Pump(handle, told.append)
        for item in (kept[0], ticker(1), kept[1], kline(0, "1"), *kept[2:], ticker(9)):
            pump.deliver(item, 9 if item == ticker(9) else 0)
        assert told == [2]  # once, and how many
        await worked_off(pump, done)
        assert taken == [*kept, ticker(9)]

    asyncio.run(body())
