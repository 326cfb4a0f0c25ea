"""When a socket may try to connect: at once after a loss, then with growing pauses, within what the venue allows.

The venue counts new connections by address, so all sockets to one venue share one `Dialing`. A network that has come
back is met soon because whoever meets it first tells the others, who then no longer wait.
"""

import asyncio
import random
import time
from collections.abc import Callable

import msgspec

from trader_gui.exchange.addresses import Addresses

_NS = 1_000_000_000


class DialLimits(msgspec.Struct, frozen=True):
    """Pauses in seconds, each counted from the start of the try before.

    At most `burst` + 300 `per_s` tries are made in any five minutes; the venue is taken to allow 300.

    Attributes:
        first_s: The longest wait before the first try after a loss; it doubles with every failure.
        longest_s: Its bound while nothing gets through.
        longest_flap_s: Its bound for a socket that opens and is lost again at once: each time the account is read.
        spread: The share of a pause that is left to chance, downwards.
        burst, per_s: So many tries may follow each other closely, and so many a second are allowed to come after them.
        reserve: Of the burst, kept for those who have been told that the venue can be reached.
        refused_s: Nothing is tried for so long after the venue has said that there are too many tries.
    """

    first_s: float = 0.25
    longest_s: float = 3.0
    longest_flap_s: float = 4.0
    spread: float = 0.2
    burst: int = 40
    per_s: float = 0.85
    reserve: int = 8
    refused_s: float = 30.0


class Dialing:
    """The tries of all sockets to one venue.

    Attributes:
        addresses: Where they connect to.
        observers: Called on the loop when connections of before are not to be trusted; they do not raise.
    """

    def __init__(self, limits: DialLimits | None = None, *, jitter: Callable[[], float] = random.random) -> None:
        """Pace by `limits`; `jitter` gives numbers from 0 to 1."""
        self.addresses = Addresses()
        self.observers: list[Callable[[], None]] = []
        self._limits = limits or DialLimits()
        self._jitter = jitter
        self._news = asyncio.Event()
        self._spent_ns = 0
        self._held_until_ns = 0

    async def wait_turn(self, failures: int, last_ns: int, *, is_flap: bool = False) -> None:
        """Wait until a socket may try to connect, and count the try.

        Args:
            failures: Of this socket, one after another.
            last_ns: Monotonic time at which its last try began.
            is_flap: The last try got through, and what it opened was lost soon.
        """
        due_ns = last_ns + int(self._pause_s(failures, is_flap=is_flap) * _NS)
        is_told = False
        while True:
            now_ns = time.monotonic_ns()
            wait_ns = max(due_ns - now_ns, self._held_until_ns - now_ns, self._room_in_ns(now_ns, is_told=is_told))
            if wait_ns <= 0:
                break
            if await self._hears_of_it(wait_ns / _NS):
                is_told, due_ns = True, 0
        self._spent_ns = max(self._spent_ns, time.monotonic_ns()) + self._step_ns

    def announce(self) -> None:
        """Say that the venue can be reached again, or may be: who waits for his turn tries at once."""
        news, self._news = self._news, asyncio.Event()
        news.set()
        self.distrust()

    def distrust(self) -> None:
        """Say that connections of before may be dead, as a socket was without a word."""
        for observer in self.observers:
            observer()

    def hold(self) -> None:
        """Try nothing for a while: the venue has refused a connection because there were too many."""
        self._held_until_ns = time.monotonic_ns() + int(self._limits.refused_s * _NS)

    @property
    def _step_ns(self) -> int:
        return int(_NS / self._limits.per_s)

    def _pause_s(self, failures: int, *, is_flap: bool) -> float:
        limits = self._limits
        bound_s = limits.longest_flap_s if is_flap else limits.longest_s
        pause_s = min(limits.first_s * float(2 ** min(failures, 16)), bound_s)
        return pause_s * (1 - limits.spread * self._jitter())

    def _room_in_ns(self, now_ns: int, *, is_told: bool) -> int:
        """Return how long it takes until the budget has room for one more try; 0 or less when it has."""
        burst = self._limits.burst if is_told else self._limits.burst - self._limits.reserve
        return self._spent_ns - now_ns - (burst - 1) * self._step_ns

    async def _hears_of_it(self, wait_s: float) -> bool:
        """Wait, and return early and True when the venue is announced."""
        try:
            async with asyncio.timeout(wait_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True
