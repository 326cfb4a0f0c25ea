"""How one call to the venue is made: its thread, time limit, tries and error, within the budget of requests."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple, Protocol

import msgspec

from trader_gui.clock import SystemClock
from trader_gui.errors import BugError, ProtocolError, VenueError
from trader_gui.exchange import endpoints as paths
from trader_gui.exchange import rest_errors
from trader_gui.exchange.port import Sleep
from trader_gui.exchange.rate_budget import ORDERS, WEIGHT, RateBudget, Spent
from trader_gui.exchange.rest_costs import Cost, Lane, cost_of, lane_of
from trader_gui.exchange.rest_threads import CallThreads
from trader_gui.exchange.wire import answer

_log = logging.getLogger(__name__)

CLOCK_LOOK_S = 1.0
"""How often is looked whether the clock has to be set."""

CLOCK_RETRY_S = 10.0
"""Wait after the venue could not be asked for its time."""

STUCK_NS = 1_000_000_000
"""A read that was under way for so long when the network came back is not waited for."""


class RestLimits(msgspec.Struct, frozen=True):
    """Time limits, seconds, and tries of the REST client.

    Attributes:
        connect_s, read_s: Of the socket: to connect, and between two bytes of the answer.
        change_s, query_s: Of a whole call, with its wait for the thread: of one that changes something, and of a read.
        queue_s: A change that has not begun by then is not sent at all: nobody wants an order that comes late.
        overtake_s: After this the next change no longer waits for the answer to the one before.
        repair_s: A change that was refused for its timestamp is sent again within this of its beginning, or not.
        patience_s: A read that would have to wait longer than this for its turn is refused at once.
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
    repair_s: float = 5.0
    patience_s: float = 10.0
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

    @property
    def cost(self) -> Cost:
        """What it uses of the venue's limits."""
        return cost_of(self.method, self.path, self.parameters)

    @property
    def lane(self) -> Lane:
        """What it is for."""
        return lane_of(self.method, self.path, self.parameters)


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
    and are tried again while the venue has trouble. No call goes out for which the budget has no room: a read waits a
    little for its turn, a change is refused at once.

    Attributes:
        rest_latency_ms: Of the last answer, None before the first.
        observers: Called on the loop when the venue answers again, after it could not be reached or was in trouble;
            they do not raise.
    """

    def __init__(
        self,
        make_connector: Callable[[], Connector],
        clock: SystemClock,
        limits: RestLimits,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        *,
        budget: RateBudget | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._sleep = sleep
        self._jitter = jitter
        self._orders: CallThreads[Connector, Answer] = CallThreads("rest-orders", 1, make_connector)
        self._reads: CallThreads[Connector, Answer] = CallThreads("rest-reads", 2, make_connector)
        self._budget = budget or RateBudget()
        self._clock_lock = asyncio.Lock()
        self._is_cut_off = False
        self.rest_latency_ms: float | None = None
        self.observers: list[Callable[[], None]] = []

    @property
    def weight_used(self) -> int | None:
        """Request weight of the running minute, ours and of others on this address; None before the first answer."""
        return None if self.rest_latency_ms is None else self._budget.used(WEIGHT, time.monotonic_ns())

    @property
    def orders_used(self) -> int | None:
        """Orders of the running minute, ours and of others on this account; None before the first answer."""
        return None if self.rest_latency_ms is None else self._budget.used(ORDERS, time.monotonic_ns())

    @property
    def weight_limit(self) -> int:
        """Request weight that the venue allows per minute."""
        return self._budget.limit(WEIGHT)

    @property
    def orders_limit(self) -> int:
        """Orders that the venue allows per minute."""
        return self._budget.limit(ORDERS)

    @property
    def banned_until_ms(self) -> int | None:
        """End of the venue's ban of this address, venue time; None when there is none."""
        return self._budget.banned_until_ms(time.monotonic_ns())

    @property
    def reads_paused_s(self) -> float:
        """For how long the venue wants to be asked nothing, seconds."""
        return self._budget.paused_s(Lane.ACCOUNT, time.monotonic_ns())

    async def aclose(self) -> None:
        """End the threads; a call that is stuck is left behind after a short while and cannot hold up the exit."""
        ends = [asyncio.wrap_future(end) for end in (*self._orders.close(), *self._reads.close())]
        if ends:
            await asyncio.wait(ends, timeout=self._limits.close_s)

    def renew(self) -> None:
        """The network was lost, or is another one: make new connections, and make reads anew that hang in old ones.

        An order that hangs is not made anew; its outcome is unknown, and asked for.
        """
        self._orders.renew()
        self._reads.renew()
        self._reads.abandon(time.monotonic_ns() - STUCK_NS)

    # ---- the clock -------------------------------------------------------------------------------------------------

    async def sync_clock(self) -> int:
        """Measure the clock's offset to the venue anew and return it, ms."""
        return await self._sync_clock(Lane.HISTORY, None)

    async def keep_clock(self) -> None:
        """Measure the offset anew whenever it is old or this machine's clock has jumped, until cancelled."""
        while True:
            await self._sleep(CLOCK_LOOK_S)
            if not self._clock.is_due:
                continue
            if self._clock.has_jumped:
                _log.warning("this computer's clock has jumped by %+d ms: it is set anew", self._clock.jump_ms)
            try:
                await self.sync_clock()
            except (VenueError, ProtocolError) as error:
                _log.info("the exchange's time could not be read: %s", error)
                await self._sleep(CLOCK_RETRY_S)

    async def _sync_clock(self, lane: Lane, refused_ns: int | None) -> int:
        """Measure the offset; not once more for a call that was sent, at `refused_ns`, before it was last measured."""
        async with self._clock_lock:
            synced_ns = self._clock.synced_ns
            if refused_ns is not None and synced_ns is not None and synced_ns > refused_ns:
                return self._clock.offset_ms
            return await self._clock.sync(lambda: self._server_time_ms(lane))

    async def _server_time_ms(self, lane: Lane = Lane.HISTORY) -> int:
        body = await self.query(Call("GET", paths.TIME, {}, Security.NONE), lane)
        return answer.server_time_ms(body)

    # ---- calls -----------------------------------------------------------------------------------------------------

    async def query(self, call: Call, lane: Lane | None = None) -> bytes:
        """Make a read (or a call that may be made twice), again and again while that can help.

        Args:
            call: The read.
            lane: What it is for, when that is not the call's own: the time is read for the sake of another call.
        """
        lane = lane or call.lane
        is_clock_synced = False
        for tries_left in range(self._limits.tries - 1, -1, -1):
            await self._wait_for_room(call, lane)
            sent_ns = time.monotonic_ns()
            try:
                return await self._send(self._reads, call, lane)
            except VenueError as error:
                is_clock_error = error.code in rest_errors.CLOCK_CODES
                is_hopeless = not error.retryable or (is_clock_error and is_clock_synced)
                if not tries_left or is_hopeless or error.wait_s > self._limits.patience_s:
                    raise
                refused = error
            if is_clock_error:
                is_clock_synced = True
                await self._sync_clock(lane, sent_ns)
            elif not refused.wait_s:
                failures = self._limits.tries - tries_left
                await self._sleep(self._jitter() * self._limits.backoff_s * 2 ** (failures - 1))
        raise BugError("a read needs at least one try")

    async def change(self, call: Call) -> bytes:
        """Make a call that changes something: once, or twice when the first was refused for its timestamp.

        Such a refusal is certain, so the same client order id may go out again; but not late: when the clock is not
        put right in time, the refusal stands.
        """
        sent_ns = time.monotonic_ns()
        lane = call.lane
        try:
            return await self._send(self._orders, call, lane, is_change=True)
        except VenueError as error:
            if error.code not in rest_errors.CLOCK_CODES:
                raise
            refused = error
        left_s = self._limits.repair_s - (time.monotonic_ns() - sent_ns) / 1e9
        try:
            async with asyncio.timeout(left_s):
                await self._sync_clock(lane, sent_ns)
        except (TimeoutError, VenueError, ProtocolError):
            raise refused from None
        return await self._send(self._orders, call, lane, is_change=True)

    def why_not_now(self, call: Call) -> VenueError | None:
        """Return why a call cannot be sent now: a ban, a pause, no room in the budget; None when it can."""
        now_ns, lane = time.monotonic_ns(), call.lane
        return self._refusal(lane, self._budget.wait_s(lane, call.cost, now_ns), now_ns)

    async def _wait_for_room(self, call: Call, lane: Lane) -> None:
        """Wait for the turn of a read, or refuse it when that takes too long."""
        patience_s = self._limits.patience_s
        while True:
            now_ns = time.monotonic_ns()
            wait_s = self._budget.wait_s(lane, call.cost, now_ns)
            if wait_s > patience_s:
                error = self._refusal(lane, wait_s, now_ns)
                assert error is not None  # it has to wait
                raise error
            if not wait_s:
                return
            patience_s -= wait_s
            await self._sleep(wait_s)

    def _refusal(self, lane: Lane, wait_s: float, now_ns: int) -> VenueError | None:
        if wait_s <= 0:
            return None
        banned_until_ms = self._budget.banned_until_ms(now_ns)
        if banned_until_ms is not None:
            reason = ban_words(banned_until_ms)
        elif self._budget.paused_s(lane, now_ns):
            reason = f"the exchange asked for a pause, {wait_s:.0f} s left"
        else:
            reason = f"the exchange's limit of requests is used up for now, room in {wait_s:.0f} s"
        return VenueError(None, f"not sent: {reason}", retryable=True, wait_s=wait_s)

    async def _send(
        self, threads: CallThreads[Connector, Answer], call: Call, lane: Lane, *, is_change: bool = False
    ) -> bytes:
        """Make a call for which there is room; a change looks for it here."""
        refusal = self.why_not_now(call) if is_change else None
        if refusal is not None:
            raise refusal
        begin_by_ns = time.monotonic_ns() + int(self._limits.queue_s * 1e9)

        def make(connector: Connector) -> Answer:
            if is_change and time.monotonic_ns() > begin_by_ns:
                raise VenueError(None, "not sent: the calls before it took too long", retryable=True)
            return connector.make(call)

        future = threads.submit(make)
        spent = self._budget.take(call.cost, time.monotonic_ns())
        headers: Mapping[str, str] = {}
        try:
            given = await self._wait(threads, future, is_change)
            headers = given.headers
        except VenueError:
            self._is_cut_off = True
            raise
        finally:
            self._budget.settle(spent, headers, time.monotonic_ns())
        self._note(given)
        if given.status < 300:
            self._budget.take_success(lane)
            return given.body
        error = rest_errors.of_answer(given.status, given.body, is_change=is_change)
        raise self._after_pause(error, lane, spent, given.headers.get("Retry-After"))

    def _after_pause(self, error: VenueError, lane: Lane, spent: Spent, retry_after: str | None) -> VenueError:
        """Keep the pause that an error asks for; return the error with its length, and a ban with its end in words."""
        now_ns = time.monotonic_ns()
        self._budget.take_error(lane, spent, error, retry_after, self._clock.now_ms(), now_ns)
        banned_until_ms = self._budget.banned_until_ms(now_ns)
        if error.http_status == rest_errors.BANNED and banned_until_ms is not None:
            error = VenueError(error.code, ban_words(banned_until_ms), http_status=error.http_status, retryable=True)
        error.wait_s = self._budget.paused_s(lane, now_ns) if error.retryable else 0.0
        return error

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
        was_cut_off, self._is_cut_off = self._is_cut_off, given.status >= 500
        if was_cut_off and not self._is_cut_off:
            for observer in self.observers:
                observer()


def ban_words(until_ms: int) -> str:
    """Return a ban with its end in words."""
    until = datetime.fromtimestamp(until_ms / 1000, UTC)
    return f"the exchange has banned this address until {until:%Y-%m-%d %H:%M:%S} UTC"
