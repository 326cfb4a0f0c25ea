"""The clock that is put right by the venue's."""

import asyncio
import time

import pytest

from trader_gui.clock import SAMPLES, SYNC_EVERY_NS, SystemClock, sleepless_ns, wall_ns
from trader_gui.errors import VenueError


class Venue:
    """Tells its time, which is `ahead_ms` of ours, in the middle of a round trip of known length."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, trips_ms: list[int], ahead_ms: list[int]) -> None:
        self.now_ns = 1_795_305_600_000_000_000
        self.trips = iter(zip(trips_ms, ahead_ms, strict=True))
        self.asked = 0
        monkeypatch.setattr(time, "time_ns", lambda: self.now_ns)
        monkeypatch.setattr(time, "monotonic_ns", lambda: self.now_ns - 10**18)

    async def tell(self) -> int:
        trip_ms, ahead_ms = next(self.trips)
        self.asked += 1
        self.now_ns += trip_ms * 500_000
        told = self.now_ns // 1_000_000 + ahead_ms
        self.now_ns += trip_ms * 500_000
        return told


def test_the_middle_of_the_shortest_round_trip_counts(monkeypatch: pytest.MonkeyPatch):
    venue = Venue(monkeypatch, trips_ms=[900, 40, 200], ahead_ms=[-777, -90_000, 5])
    clock = SystemClock()
    before = clock.now_ms()
    assert before == venue.now_ns // 1_000_000
    assert not clock.is_synced
    assert asyncio.run(clock.sync(venue.tell)) == clock.offset_ms == -90_000
    assert clock.is_synced
    assert venue.asked == SAMPLES
    assert clock.now_ms() == venue.now_ns // 1_000_000 - 90_000


class Wall:
    """A machine whose clocks go as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall_ns, self.mono_ns = 1_795_305_600_000_000_000, 5_000_000_000
        monkeypatch.setattr(time, "time_ns", lambda: self.wall_ns)
        monkeypatch.setattr(time, "monotonic_ns", lambda: self.mono_ns)

    def go_on(self, seconds: float, wall_s: float | None = None) -> None:
        self.mono_ns += int(seconds * 1e9)
        self.wall_ns += int((seconds if wall_s is None else wall_s) * 1e9)


@pytest.mark.parametrize("wall_s", [3601.0, -3599.0, 1.6])
def test_a_wall_clock_that_was_set_or_slept_is_found_out(monkeypatch: pytest.MonkeyPatch, wall_s: float):
    machine, clock = Wall(monkeypatch), SystemClock()
    assert (clock.is_due, clock.has_jumped) == (True, False)

    async def tell() -> int:
        return machine.wall_ns // 1_000_000 + 250

    asyncio.run(clock.sync(tell))
    assert (clock.offset_ms, clock.is_due) == (250, False)
    machine.go_on(100)
    assert not clock.is_due
    machine.go_on(1, wall_s)
    assert clock.has_jumped and clock.is_due
    assert clock.jump_ms == round((wall_s - 1) * 1000)
    asyncio.run(clock.sync(tell))
    assert not clock.is_due


def test_an_offset_grows_old(monkeypatch: pytest.MonkeyPatch):
    machine, clock = Wall(monkeypatch), SystemClock()

    async def tell() -> int:
        return 0

    asyncio.run(clock.sync(tell))
    machine.go_on(SYNC_EVERY_NS / 1e9 - 1)
    assert not clock.is_due
    machine.go_on(1)
    assert (clock.is_due, clock.has_jumped) == (True, False)


def test_a_sample_during_which_the_wall_clock_was_set_does_not_count(monkeypatch: pytest.MonkeyPatch):
    """Monotonic time stands still while the machine sleeps, so its round trip looks like the shortest of all."""
    machine, clock = Wall(monkeypatch), SystemClock()
    sleeps = iter([0.0, 900.0, 0.0])
    true_ms = machine.wall_ns // 1_000_000

    async def tell() -> int:
        slept_s = next(sleeps)
        machine.go_on(0.001 if slept_s else 0.05, slept_s or None)
        return machine.wall_ns // 1_000_000

    asyncio.run(clock.sync(tell))
    assert abs(clock.offset_ms) <= 51
    assert clock.now_ms() > true_ms + 899_000


def test_a_venue_that_cannot_be_asked_leaves_the_offset(monkeypatch: pytest.MonkeyPatch):
    venue = Venue(monkeypatch, trips_ms=[10] * 3, ahead_ms=[1234] * 3)
    clock = SystemClock()
    asyncio.run(clock.sync(venue.tell))

    async def fail() -> int:
        raise VenueError(None, "down")

    with pytest.raises(VenueError):
        asyncio.run(clock.sync(fail))
    assert clock.offset_ms == 1234


def test_monotonic_time_does_not_go_back():
    clock = SystemClock()
    assert clock.monotonic_ns() <= clock.monotonic_ns()


def test_sleepless_time_goes_on_and_the_wall_is_as_wrong_as_the_machines(monkeypatch: pytest.MonkeyPatch):
    before = sleepless_ns()
    assert 0 <= sleepless_ns() - before < 1_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: 5)
    assert wall_ns() == 5
