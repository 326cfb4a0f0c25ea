"""When a socket may try to connect; time is the machine's, the pauses are short."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

import pytest

from trader_gui.exchange import dialing as module
from trader_gui.exchange.dialing import Dialing, DialLimits

LIMIT_S = 10.0


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S):
            await body()

    asyncio.run(main())


async def waited_s(dialing: Dialing, failures: int, last_ns: int = 0, *, is_flap: bool = False) -> float:
    started = time.monotonic()
    await dialing.wait_turn(failures, last_ns, is_flap=is_flap)
    return time.monotonic() - started


def test_pauses_grow_to_a_bound_and_count_from_the_start_of_the_try_before() -> None:
    async def body() -> None:
        dialing = Dialing(DialLimits(first_s=0.05, longest_s=0.2, longest_flap_s=0.3), jitter=lambda: 0.0)
        for failures, is_flap, pause in ((0, True, 0.05), (1, False, 0.1), (2, False, 0.2), (9, False, 0.2)):
            assert pause <= await waited_s(dialing, failures, time.monotonic_ns(), is_flap=is_flap) < pause + 0.1
        assert 0.3 <= await waited_s(dialing, 9, time.monotonic_ns(), is_flap=True) < 0.4
        assert await waited_s(dialing, 9, time.monotonic_ns() - 150_000_000) < 0.15  # the try itself took its time
        assert await waited_s(dialing, 9) < 0.05

    run(body)


def test_chance_makes_a_pause_shorter_and_never_longer() -> None:
    async def body() -> None:
        dialing = Dialing(DialLimits(first_s=0.1, spread=0.5), jitter=lambda: 1.0)
        assert 0.05 <= await waited_s(dialing, 0, time.monotonic_ns()) < 0.09

    run(body)


def test_who_meets_the_venue_wakes_all_that_wait() -> None:
    async def body() -> None:
        dialing = Dialing()
        heard: list[int] = []
        dialing.observers.append(lambda: heard.append(1))
        waits = [asyncio.create_task(waited_s(dialing, 9, time.monotonic_ns())) for _ in range(3)]
        await asyncio.sleep(0.05)
        dialing.announce()
        assert max(await asyncio.gather(*waits)) < 0.5
        assert heard == [1]
        dialing.distrust()
        assert heard == [1, 1]

    run(body)


def test_after_a_refusal_for_too_many_nobody_tries_for_a_while_whatever_is_announced() -> None:
    async def body() -> None:
        dialing = Dialing(DialLimits(refused_s=0.3))
        dialing.hold()
        waiting = asyncio.create_task(waited_s(dialing, 0))
        await asyncio.sleep(0.05)
        dialing.announce()
        assert 0.25 <= await waiting < 0.6

    run(body)


class Machine:
    """Simulated time: a wait moves it, and nobody waits for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = 10**12
        monkeypatch.setattr(module.time, "monotonic_ns", lambda: self.now_ns)

    async def wait(self, wait_s: float) -> bool:
        self.now_ns += int(wait_s * 1e9) + 1
        return False


@pytest.mark.parametrize("sockets", [1, 3, 5])
@pytest.mark.parametrize("is_unreachable", [True, False])
def test_no_five_minutes_ever_see_three_hundred_tries(
    monkeypatch: pytest.MonkeyPatch, sockets: int, is_unreachable: bool
) -> None:
    """Whether nothing gets through, or all that is opened is lost again at once: an hour of either."""
    machine = Machine(monkeypatch)
    dialing = Dialing()
    monkeypatch.setattr(dialing, "_hears_of_it", machine.wait)
    tries: list[int] = []

    async def body() -> None:
        last = [0] * sockets
        failures = [0] * sockets
        end_ns = machine.now_ns + 3600 * 10**9
        while machine.now_ns < end_ns:
            turn = min(range(sockets), key=lambda i: last[i])
            await dialing.wait_turn(failures[turn], last[turn], is_flap=not is_unreachable)
            last[turn] = machine.now_ns
            failures[turn] += is_unreachable  # a good socket begins anew each time
            tries.append(machine.now_ns)

    run(body)
    window_ns = 300 * 10**9
    most = max(sum(start <= t < start + window_ns for t in tries) for start in tries[:: max(1, len(tries) // 300)])
    assert most < 300
    longest = max(after - before for before, after in itertools.pairwise(tries))
    assert longest <= 3.1e9


def test_a_reserve_is_kept_for_those_who_have_been_told() -> None:
    async def body() -> None:
        dialing = Dialing(DialLimits(burst=10, reserve=4, per_s=0.5))
        for _ in range(6):
            assert await waited_s(dialing, 0) < 0.1
        waits = [asyncio.create_task(waited_s(dialing, 0)) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert not any(wait.done() for wait in waits)
        dialing.announce()
        assert max(await asyncio.gather(*waits)) < 0.5

    run(body)
