"""The clock that is put right by the venue's."""

import asyncio
import time

import pytest

from trader_gui.clock import SAMPLES, SystemClock
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
