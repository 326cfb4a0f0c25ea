"""The clock of a session: this machine's time put right by the venue's, and monotonic time."""

import time
from collections.abc import Awaitable, Callable

ServerTimeReader = Callable[[], Awaitable[int]]
"""Asks the venue for its time, milliseconds."""

SAMPLES = 3
"""Time requests of one synchronisation; the one with the shortest round trip counts."""


class SystemClock:
    """Venue time from the wall clock and a measured offset.

    The offset is one integer, replaced whole, so the threads of the REST client may read it without a lock.

    Attributes:
        offset_ms: Venue time minus wall time.
        is_synced: The offset has been measured.
    """

    def __init__(self) -> None:
        self.offset_ms = 0
        self.is_synced = False

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
        monotonic clock; a step of the wall clock in the middle of it cannot spoil more than that one sample.

        Raises:
            VenueError: The venue cannot be asked; the former offset stays.
        """
        best_trip_ns: int | None = None
        best_offset_ms = self.offset_ms
        for _ in range(SAMPLES):
            started_ns = time.monotonic_ns()
            server_ms = await read_server_time()
            ended_ns = time.monotonic_ns()
            wall_ms = time.time_ns() // 1_000_000
            trip_ns = ended_ns - started_ns
            if best_trip_ns is None or trip_ns < best_trip_ns:
                best_trip_ns = trip_ns
                best_offset_ms = server_ms + trip_ns // 2_000_000 - wall_ms
        self.offset_ms = best_offset_ms
        self.is_synced = True
        return best_offset_ms
