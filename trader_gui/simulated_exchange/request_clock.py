"""The request clock: the machine's time, set off by the jumps that somebody ordered."""

import time


class RequestClock:
    """Called, it returns milliseconds UTC.

    Attributes:
        offset_ms: How far it is off the machine's clock.
    """

    def __init__(self) -> None:
        self.offset_ms = 0

    def __call__(self) -> int:
        """Return the venue's time for requests."""
        return time.time_ns() // 1_000_000 + self.offset_ms

    def jump(self, ahead_ms: int) -> None:
        """Set the clock on, or back."""
        self.offset_ms += ahead_ms
