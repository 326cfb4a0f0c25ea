"""Readings in the background: once at a time, until they have worked, and none when nobody waits any more."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from trader_gui.errors import VenueError
from trader_gui.rt_trader import errands as module
from trader_gui.rt_trader.errands import Errands


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_PAUSE_S", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.002)


class Works:
    """Counts the tries; the first ones fail, and `may_end` lets the last one end."""

    def __init__(self, failures: int = 0) -> None:
        self.tries = 0
        self.done = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._failures = failures

    async def __call__(self) -> None:
        self.tries += 1
        if self.tries <= self._failures:
            raise VenueError(-1003, "too many")
        await self.may_end.wait()
        self.done.set()


def drive(body: Callable[[Errands], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            errands = Errands()
            errands.start(group)
            await body(errands)
            errands.stop()

    asyncio.run(run())


def test_a_reading_is_tried_until_it_works(expect_log: Callable[[str], None]) -> None:
    expect_log("reading x failed")

    async def body(errands: Errands) -> None:
        work = Works(failures=3)
        errands.run("x", work)
        await work.done.wait()
        assert work.tries == 4

    drive(body)


def test_one_of_a_name_at_a_time_and_again_when_it_is_over() -> None:
    async def body(errands: Errands) -> None:
        first, second, other = Works(), Works(), Works()
        first.may_end.clear()
        errands.run("x", first)
        errands.run("x", second)
        errands.run("y", other)
        await other.done.wait()
        assert (first.tries, second.tries) == (1, 0)
        first.may_end.set()
        await first.done.wait()
        await asyncio.sleep(0)
        errands.run("x", second)
        await second.done.wait()

    drive(body)


def test_what_is_dropped_ends_and_may_be_asked_for_anew() -> None:
    async def body(errands: Errands) -> None:
        first, second = Works(), Works()
        first.may_end.clear()
        errands.run("x", first)
        await asyncio.sleep(0)
        errands.drop("x")
        errands.run("x", second)
        await second.done.wait()
        assert not first.done.is_set()
        errands.drop("nothing of this name")

    drive(body)


def test_nothing_is_run_before_the_start_and_after_the_stop() -> None:
    async def body(errands: Errands) -> None:
        work = Works()
        work.may_end.clear()
        errands.run("x", work)
        errands.stop()
        errands.run("y", work)
        await asyncio.sleep(0)
        assert work.tries <= 1 and not work.done.is_set()

    drive(body)
    Errands().run("x", Works())
