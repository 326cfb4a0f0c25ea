"""Things that happen at a time: calls set for later by the machine's clock or, at speed `max`, by the market's.

At speed `max` nothing may depend on the machine: there a timeline stands while the market stands, and whoever moves
the market calls `advance`.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable

Action = Callable[[], None]


class Timeline:
    """A clock that begins at zero, and the calls that wait for it.

    Owner: whoever makes it calls `close`.
    """

    def __init__(self, market_ms: Callable[[], int] | None = None) -> None:
        """Begin now, by the running loop's clock or, if given, the market's."""
        self._loop = asyncio.get_running_loop()
        self._market_ms = market_ms
        self._waiting: list[tuple[float, int, Action]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._start = self._clock_ms()

    def _clock_ms(self) -> float:
        return self._loop.time() * 1000 if self._market_ms is None else float(self._market_ms())

    @property
    def now_ms(self) -> float:
        """Milliseconds since the beginning."""
        return self._clock_ms() - self._start

    def call_at(self, due_ms: float, action: Action) -> None:
        """Call at a time, at once when it is over; calls of one time keep the order in which they were set."""
        if due_ms <= self.now_ms:
            action()
            return
        heapq.heappush(self._waiting, (due_ms, next(self._numbers), action))
        self._set_timer()

    def advance(self) -> None:
        """Make the calls that are due."""
        while self._waiting and self._waiting[0][0] <= self.now_ms:
            heapq.heappop(self._waiting)[2]()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._market_ms is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._waiting:
            self._timer = self._loop.call_at((self._waiting[0][0] + self._start) / 1000, self.advance)

    def close(self) -> None:
        """Forget what has not happened yet."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()


class DelayLine:
    """Lets calls through after a delay, each after all that entered before it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._line: deque[tuple[float, Action]] = deque()
        self._last_due_ms = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._line

    def put(self, delay_ms: float, action: Action) -> None:
        """Let an action happen `delay_ms` from now, or later when something before it happens later."""
        due_ms = self._last_due_ms = max(self._last_due_ms, self._timeline.now_ms + delay_ms)
        self._line.append((due_ms, action))
        self._timeline.call_at(due_ms, self._release)

    def _release(self) -> None:
        now_ms = self._timeline.now_ms
        while self._line and self._line[0][0] <= now_ms:
            self._line.popleft()[1]()

    def empty(self) -> None:
        """Let everything happen now."""
        while self._line:
            self._line.popleft()[1]()
