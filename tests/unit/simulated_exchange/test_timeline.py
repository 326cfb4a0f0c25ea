import asyncio
from functools import partial

from trader_gui.simulated_exchange.timeline import DelayLine, Timeline


class Market:
    def __init__(self) -> None:
        self.ms = 5_000


def test_by_the_market_clock_nothing_happens_before_it_is_moved() -> None:
    async def body() -> None:
        market = Market()
        timeline = Timeline(lambda: market.ms)
        done: list[str] = []
        for name, due_ms in (("b", 20), ("a", 10), ("c", 20), ("now", 0)):
            timeline.call_at(due_ms, partial(done.append, name))
        assert done == ["now"]
        market.ms += 9
        timeline.advance()
        assert done == ["now"]
        market.ms += 100
        assert done == ["now"]
        timeline.advance()
        assert done == ["now", "a", "b", "c"]
        timeline.call_at(timeline.now_ms + 1, partial(done.append, "never"))
        timeline.close()
        market.ms += 100
        timeline.advance()
        assert done[-1] == "c"

    asyncio.run(body())


def test_by_the_machines_clock_calls_come_by_themselves() -> None:
    async def body() -> None:
        timeline = Timeline()
        done: list[int] = []
        over = asyncio.Event()
        timeline.call_at(30, over.set)
        for due_ms in (20, 5, 10):
            timeline.call_at(due_ms, partial(done.append, due_ms))
        async with asyncio.timeout(5):
            await over.wait()
        assert done == [5, 10, 20]
        assert timeline.now_ms >= 30
        timeline.call_at(timeline.now_ms + 1_000_000, over.set)
        timeline.close()  # no timer is left behind

    asyncio.run(body())


def test_nothing_overtakes_in_a_delay_line() -> None:
    async def body() -> None:
        market = Market()
        timeline = Timeline(lambda: market.ms)
        line = DelayLine(timeline)
        done: list[str] = []
        line.put(0, partial(done.append, "at once"))
        line.put(10, partial(done.append, "first"))
        line.put(2, partial(done.append, "second"))
        line.put(15, partial(done.append, "third"))
        assert done == ["at once"]
        market.ms += 10
        timeline.advance()
        assert done == ["at once", "first", "second"]
        assert not line.is_empty
        line.put(0, partial(done.append, "fourth"))
        line.empty()
        assert done[3:] == ["third", "fourth"]
        market.ms += 10
        timeline.advance()
        assert len(done) == 5

    asyncio.run(body())
