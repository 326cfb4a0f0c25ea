"""How one call to the venue is made: its thread, time limit, tries and error, and the pause a venue may ask for."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from enum import Enum
from typing import NamedTuple, Protocol

import msgspec

from trader_gui.clock import SystemClock
from trader_gui.errors import BugError, VenueError
from trader_gui.exchange import endpoints as paths
from trader_gui.exchange import rest_errors
from trader_gui.exchange.port import Sleep
from trader_gui.exchange.rest_threads import CallThreads
from trader_gui.exchange.wire import answer


class RestLimits(msgspec.Struct, frozen=True):
    """Time limits, seconds, and tries of the REST client.

    Attributes:
        connect_s, read_s: Of the socket: to connect, and between two bytes of the answer.
        change_s, query_s: Of a whole call, with its wait for the thread: of one that changes something, and of a read.
        queue_s: A change that has not begun by then is not sent at all: nobody wants an order that comes late.
        overtake_s: After this the next change no longer waits for the answer to the one before.
        tries: How often a read is made at most; what changes something is made once.
        backoff_s: Longest wait before the second try; it doubles from there.
        close_s: How long `aclose` waits for calls under way.
    """

    connect_s: float = 4.0
    read_s: float = 8.0
    change_s: float = 12.0
    query_s: float = 25.0
    queue_s: float = 3.0
    overtake_s: float = 1.5
    tries: int = 4
    backoff_s: float = 0.5
    close_s: float = 2.0


class Security(Enum):
    """What the venue wants to see with a call."""

    NONE = "public"
    KEY = "key in the header"
    SIGNED = "key, timestamp and signature"


class Call(NamedTuple):
    """One request; a fresh dictionary of texts each time."""

    method: str
    path: str
    parameters: dict[str, str]
    security: Security


class Answer(NamedTuple):
    """An answer as it came; `headers` compares names without case."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    latency_ms: float


class Connector(Protocol):
    """Makes one call, blocking, and raises what its HTTP library raises."""

    def make(self, call: Call) -> Answer: ...
    def close(self) -> None: ...


class RestCalls:
    """Makes calls through a connector, reads and changes apart.

    Calls that change something are sent one after another, in the order they were made, and once; only one that the
    venue refused for its timestamp is sent a second time, with the clock put right. Reads go through two threads
    and are tried again while the venue has trouble.

    Attributes:
        rest_latency_ms: Of the last answer, None before the first.
        weight_used, orders_used: Of the running minute, as the venue last told them.
        observers: Called on the loop after every answer; they read and do not raise.
    """

    def __init__(
        self,
        make_connector: Callable[[], Connector],
        clock: SystemClock,
        limits: RestLimits,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._sleep = sleep
        self._jitter = jitter
        self._orders: CallThreads[Connector, Answer] = CallThreads("rest-orders", 1, make_connector)
        self._reads: CallThreads[Connector, Answer] = CallThreads("rest-reads", 2, make_connector)
        self._reads_paused_until_ns = 0
        self._banned_until_ns = 0
        self.rest_latency_ms: float | None = None
        self.weight_used: int | None = None
        self.orders_used: int | None = None
        self.observers: list[Callable[[], None]] = []

    async def aclose(self) -> None:
        """End the threads; a call that is stuck is left behind after a short while and cannot hold up the exit."""
        ends = [asyncio.wrap_future(end) for end in (*self._orders.close(), *self._reads.close())]
        if ends:
            await asyncio.wait(ends, timeout=self._limits.close_s)

    async def sync_clock(self) -> int:
        """Measure the clock's offset to the venue anew and return it, ms."""
        return await self._clock.sync(self._server_time_ms)

    async def _server_time_ms(self) -> int:
        body = await self.query(Call("GET", paths.TIME, {}, Security.NONE))
        return answer.server_time_ms(body)

    async def query(self, call: Call) -> bytes:
        """Make a read (or a call that may be made twice), again and again while that can help."""
        is_clock_synced = False
        for tries_left in range(self._limits.tries - 1, -1, -1):
            try:
                return await self._send(self._reads, call, is_change=False)
            except VenueError as error:
                if not tries_left or not error.retryable or time.monotonic_ns() < self._reads_paused_until_ns:
                    raise
                is_clock_error = error.code in rest_errors.CLOCK_CODES
                if is_clock_error and is_clock_synced:
                    raise
            if is_clock_error:
                is_clock_synced = True
                await self.sync_clock()
            else:
                failures = self._limits.tries - tries_left
                await self._sleep(self._jitter() * self._limits.backoff_s * 2 ** (failures - 1))
        raise BugError("a read needs at least one try")

    async def change(self, call: Call) -> bytes:
        """Make a call that changes something: once, or twice when the first was refused for its timestamp."""
        try:
            return await self._send(self._orders, call, is_change=True)
        except VenueError as error:
            if error.code not in rest_errors.CLOCK_CODES:
                raise
        await self.sync_clock()
        return await self._send(self._orders, call, is_change=True)

    async def _send(self, threads: CallThreads[Connector, Answer], call: Call, *, is_change: bool) -> bytes:
        self._check_pause(is_change)
        begin_by_ns = time.monotonic_ns() + int(self._limits.queue_s * 1e9)

        def make(connector: Connector) -> Answer:
            if is_change and time.monotonic_ns() > begin_by_ns:
                raise VenueError(None, "not sent: the calls before it took too long", retryable=True)
            return connector.make(call)

        future = threads.submit(make)
        given = await self._wait(threads, future, is_change)
        self._note(given)
        if given.status < 300:
            return given.body
        error = rest_errors.of_answer(given.status, given.body, is_change=is_change)
        self._pause(error, given.headers.get("Retry-After"))
        raise error

    async def _wait(self, threads: CallThreads[Connector, Answer], future: Future[Answer], is_change: bool) -> Answer:
        """Wait for a call within its time limit, and name what became of it otherwise."""
        limit_s = self._limits.change_s if is_change else self._limits.query_s
        waiter = asyncio.wrap_future(future)
        try:
            async with asyncio.timeout(limit_s):
                if is_change:
                    answered, _ = await asyncio.wait([waiter], timeout=self._limits.overtake_s)
                    if not answered:
                        threads.overtake(future)
                return await waiter
        except TimeoutError:
            if threads.give_up(future):
                raise VenueError(None, "not sent: the calls before it took too long", retryable=True) from None
            raise rest_errors.unknown_or_retryable("no answer in time", is_change=is_change) from None
        except (OSError, ValueError) as error:  # the bases of all that requests raises
            raise rest_errors.of_exception(error, is_change=is_change) from None
        finally:
            waiter.cancel()  # whoever was cancelled here must not have a waiting order sent after all

    def _note(self, given: Answer) -> None:
        self.rest_latency_ms = given.latency_ms
        weight = given.headers.get("X-MBX-USED-WEIGHT-1M", "")
        orders = given.headers.get("X-MBX-ORDER-COUNT-1M", "")
        self.weight_used = int(weight) if weight.isdecimal() else self.weight_used
        self.orders_used = int(orders) if orders.isdecimal() else self.orders_used
        for observer in self.observers:
            observer()

    def _pause(self, error: VenueError, retry_after: str | None) -> None:
        """Take the venue's word for it: reads wait after a 429, everything after a ban."""
        pause_s = rest_errors.pause_s(error, retry_after, self._clock.now_ms())
        if pause_s <= 0:
            return
        until_ns = time.monotonic_ns() + int(pause_s * 1e9)
        self._reads_paused_until_ns = max(self._reads_paused_until_ns, until_ns)
        if error.http_status == 418:
            self._banned_until_ns = max(self._banned_until_ns, until_ns)

    def _check_pause(self, is_change: bool) -> None:
        until_ns = self._banned_until_ns if is_change else self._reads_paused_until_ns
        left_s = (until_ns - time.monotonic_ns()) / 1e9
        if left_s > 0:
            message = f"not sent: the exchange asked for a pause, {left_s:.0f} s left"
            raise VenueError(-1003, message, http_status=429, retryable=True)
