"""The clock of a session: this machine's time put right by the venue's, and monotonic time."""

import sys
import time
from collections.abc import Awaitable, Callable

ServerTimeReader = Callable[[], Awaitable[int]]
"""Asks the venue for its time, milliseconds."""

SAMPLES = 3
"""Time requests of one synchronisation; the one with the shortest round trip counts."""

SYNC_EVERY_NS = 180 * 1_000_000_000
"""Two clocks drift apart by some ten milliseconds in this time."""

JUMP_MS = 500
"""Wall and monotonic time do not drift apart by this much between two synchronisations: the wall clock was set, or the
machine slept."""


class SystemClock:
    """Venue time from the wall clock and a measured offset.

    The offset is one integer, replaced whole, so the threads of the REST client may read it without a lock.

    Attributes:
        offset_ms: Venue time minus wall time.
        synced_ns: Monotonic time of the measurement; None before the first.
    """

    def __init__(self) -> None:
        self.offset_ms = 0
        self.synced_ns: int | None = None
        self._wall_minus_monotonic_ms = 0

    @property
    def is_synced(self) -> bool:
        """True once the offset has been measured."""
        return self.synced_ns is not None

    @property
    def jump_ms(self) -> int:
        """How far wall time has run away from monotonic time since the measurement, ms; 0 before the first."""
        return _wall_minus_monotonic_ms() - self._wall_minus_monotonic_ms if self.is_synced else 0

    @property
    def has_jumped(self) -> bool:
        """True when the wall clock was set, or the machine slept: the offset may be wrong by as much."""
        return abs(self.jump_ms) > JUMP_MS

    @property
    def is_due(self) -> bool:
        """True when the offset has to be measured anew: never measured, old, or the wall clock has jumped."""
        return self.synced_ns is None or time.monotonic_ns() - self.synced_ns >= SYNC_EVERY_NS or self.has_jumped

    def now_ms(self) -> int:
        """Return the venue's time, as well as it is known, ms UTC."""
        return time.time_ns() // 1_000_000 + self.offset_ms

    @staticmethod
    def monotonic_ns() -> int:
        """Return monotonic time, for ages and time-outs; it has no date."""
        return time.monotonic_ns()

    async def sync(self, read_server_time: ServerTimeReader) -> int:
        """Measure the offset anew and return it.

        The venue's time is taken for that of the middle of the round trip. The round trip is measured with the
        monotonic clock; a sample in whose middle the wall clock was set, or the machine slept, counts as that much
        longer, and as a jump afterwards should it be the best one.

        Raises:
            VenueError: The venue cannot be asked; the former offset stays.
        """
        best_trip_ns: int | None = None
        best_offset_ms, best_difference_ms = self.offset_ms, 0
        for _ in range(SAMPLES):
            difference_ms, started_ns = _wall_minus_monotonic_ms(), time.monotonic_ns()
            server_ms = await read_server_time()
            ended_ns = time.monotonic_ns()
            trip_ns = ended_ns - started_ns + abs(_wall_minus_monotonic_ms() - difference_ms) * 1_000_000
            if best_trip_ns is None or trip_ns < best_trip_ns:
                best_trip_ns = trip_ns
                best_offset_ms = server_ms - (started_ns + ended_ns) // 2_000_000 - difference_ms
                best_difference_ms = difference_ms
        self.offset_ms = best_offset_ms
        self._wall_minus_monotonic_ms = best_difference_ms
        self.synced_ns = time.monotonic_ns()
        return best_offset_ms


def wall_ns() -> int:
    """Return this machine's wall time, right or wrong, ns UTC."""
    return time.time_ns()


def _sleepless_clock() -> Callable[[], int]:
    """Return a monotonic clock that goes on while the machine sleeps, where the system has one."""
    name = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"}.get(sys.platform, "")
    clock_id: int | None = getattr(time, name, None)
    if clock_id is None:
        return time.monotonic_ns  # on Windows it does go on
    read = time.clock_gettime_ns
    return lambda: read(clock_id)


sleepless_ns = _sleepless_clock()
"""Monotonic time, ns, that counts the machine's sleep, too; `time.monotonic` does so on some systems only."""


def _wall_minus_monotonic_ms() -> int:
    return (time.time_ns() - time.monotonic_ns()) // 1_000_000
