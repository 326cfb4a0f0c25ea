"""The governor of requests: counts what was used and what is on its way, and says how long the next call must wait.

The venue counts in fixed windows whose beginning is nowhere promised, and a call is counted when it arrives, which is
some time between its sending and its answer. So a call is counted here from its sending until one window's length after
its answer: whatever the venue's windows are, none of them holds more than is counted here. What other programs use is
known from the headers of the last answer; the higher of both counts holds.

No call may use the whole of a limit but the protected ones: closes, stops and cancels find room when everything else
has to stop. All methods belong to the loop's thread; times are monotonic ns.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from trader_gui.errors import VenueError
from trader_gui.exchange import rest_errors
from trader_gui.exchange.rest_costs import Cost, Lane
from trader_gui.exchange.wire.rules import RateLimit

_NS = 1_000_000_000
_INTERVAL_S = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
_LOOK_AGAIN_NS = _NS // 4
"""While calls are on their way nobody knows when their room comes free."""

WEIGHT, ORDERS = "REQUEST_WEIGHT", "ORDERS"
_HEADERS = {WEIGHT: "X-MBX-USED-WEIGHT-", ORDERS: "X-MBX-ORDER-COUNT-"}

PRODUCTION_LIMITS = (
    RateLimit(WEIGHT, "MINUTE", 1, 2400),
    RateLimit(ORDERS, "MINUTE", 1, 1200),
    RateLimit(ORDERS, "SECOND", 10, 300),
)
"""Until exchangeInfo has told the venue's own."""

PERCENT = {
    WEIGHT: {Lane.PAST: 50, Lane.HISTORY: 70, Lane.ACCOUNT: 85, Lane.ENTRY: 85, Lane.CLOSE: 100, Lane.CANCEL: 100},
    ORDERS: {Lane.PAST: 100, Lane.HISTORY: 100, Lane.ACCOUNT: 100, Lane.ENTRY: 80, Lane.CLOSE: 100, Lane.CANCEL: 100},
}
"""How much of a limit may be used by a call of each lane and all before it, percent."""

_UNPROTECTED = tuple(lane for lane in Lane if not lane.is_protected)
_PROTECTED_FIRST_S = 1.0
_LONGEST_STRIKE_S = 60.0


class Spent(NamedTuple):
    """A call that is counted: what it used and when it was sent."""

    cost: Cost
    sent_ns: int


class _Window:
    """One limit of the venue and what is counted against it."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit.limit
        self.kind = limit.kind
        self.header = f"{_HEADERS[limit.kind]}{limit.count}{limit.interval[0]}"
        self._length_ns = limit.count * _INTERVAL_S[limit.interval] * _NS
        self._on_way = 0
        self._done: deque[tuple[int, int]] = deque()
        self._done_sum = 0
        self._told = self._told_at_least = 0
        self._told_sent_ns = -1
        self._told_until_ns = 0

    def amount(self, cost: Cost) -> int:
        return cost.weight if self.kind == WEIGHT else cost.orders

    def used(self, now_ns: int, *, at_least: bool = False) -> int:
        """Return the most that the venue may have counted in its present window.

        Args:
            now_ns: Now.
            at_least: Of what may be in the venue's count, or not yet, believe the better. Our own calls are counted
                in full all the same; only the share of others may be taken for less than it is.
        """
        while self._done and self._done[0][0] + self._length_ns <= now_ns:
            self._done_sum -= self._done.popleft()[1]
        told = self._told_at_least if at_least else self._told
        return max(self._on_way + self._done_sum, told if now_ns < self._told_until_ns else 0)

    def take(self, amount: int) -> None:
        self._on_way += amount
        self._told += amount
        self._told_at_least += amount

    def settle(self, spent: Spent, told: int | None, now_ns: int) -> None:
        """Count an answered call until its window is surely over; `told` is the venue's own count."""
        amount = self.amount(spent.cost)
        self._on_way -= amount
        if told is not None and spent.sent_ns >= self._told_sent_ns:
            # What was not yet answered when this call was sent may have arrived after it, and is not in its count.
            later = sum(a for done_ns, a in self._done if done_ns >= spent.sent_ns)
            self._told, self._told_at_least = told + self._on_way + later, told
            self._told_sent_ns = spent.sent_ns
            self._told_until_ns = now_ns + self._length_ns
        if amount:
            self._done.append((now_ns, amount))
            self._done_sum += amount

    def wait_ns(self, lane: Lane, amount: int, now_ns: int) -> int:
        """Return how long until there is room, 0 for now; while calls are on their way it may be sooner or later."""
        used = self.used(now_ns, at_least=lane.is_protected)
        if not amount and (self.kind == ORDERS or lane.is_protected or used <= self.limit):
            return 0  # what costs no weight is refused all the same while the address is over its limit
        room = self.limit * PERCENT[self.kind][lane] // 100 - amount
        if used <= room:
            return 0
        told = self._told_at_least if lane.is_protected else self._told
        until_ns = self._told_until_ns if now_ns < self._told_until_ns and told > room else now_ns
        own = self._on_way + self._done_sum
        for done_ns, done in self._done:
            if own <= room:
                break
            own -= done
            until_ns = max(until_ns, done_ns + self._length_ns)
        return max(until_ns - now_ns, _LOOK_AGAIN_NS)


class RateBudget:
    """Counts against the venue's limits, and keeps the pauses that it asks for.

    Attributes:
        is_counted: False for a venue without limits (a simulated one that is paced); pauses are kept all the same.
    """

    def __init__(self, *, is_counted: bool = True) -> None:
        self.is_counted = is_counted
        self._windows: dict[tuple[str, str, int], _Window] = {}
        self._paused_until_ns = dict.fromkeys(Lane, 0)
        self._strikes = dict.fromkeys(Lane, 0)
        self._struck_ns = dict.fromkeys(Lane, -1)
        self._banned_until_ns = 0
        self._banned_until_ms = 0
        self.set_limits(PRODUCTION_LIMITS)

    def set_limits(self, limits: Iterable[RateLimit]) -> None:
        """Take the limits of exchangeInfo; a kind that it does not name keeps what held before."""
        known = [row for row in limits if row.kind in _HEADERS and row.interval in _INTERVAL_S and row.limit > 0]
        told = {row.kind for row in known}
        windows = {key: window for key, window in self._windows.items() if window.kind not in told}
        for row in known:
            key = (row.kind, row.interval, row.count)
            window = self._windows.get(key) or _Window(row)
            window.limit = row.limit
            windows[key] = window
        self._windows = windows

    def limit(self, kind: str) -> int:
        """Return the limit of `WEIGHT` or `ORDERS` per minute; 0 when the venue names none."""
        window = self._windows.get((kind, "MINUTE", 1))
        return window.limit if window is not None else 0

    def used(self, kind: str, now_ns: int) -> int:
        """Return how much of the limit per minute may be used by now."""
        window = self._windows.get((kind, "MINUTE", 1))
        return window.used(now_ns) if window is not None else 0

    # ---- calls -----------------------------------------------------------------------------------------------------

    def take(self, cost: Cost, now_ns: int) -> Spent:
        """Count a call that is sent now."""
        for window in self._windows.values():
            window.take(window.amount(cost))
        return Spent(cost, now_ns)

    def settle(self, spent: Spent, headers: Mapping[str, str], now_ns: int) -> None:
        """Take the answer of a call, or its end without one (no headers).

        Args:
            spent: As `take` gave it.
            headers: Of the answer; names compare without case.
            now_ns: When it came.
        """
        told = {name.upper(): value for name, value in headers.items() if name.upper().startswith("X-MBX-")}
        for window in self._windows.values():
            text = told.get(window.header, "")
            window.settle(spent, int(text) if text.isdecimal() else None, now_ns)

    def wait_s(self, lane: Lane, cost: Cost, now_ns: int) -> float:
        """Return how many seconds a call has to wait, 0 when it may be sent now."""
        waits = [self._paused_until_ns[lane] - now_ns, self._banned_until_ns - now_ns, 0]
        if self.is_counted:
            waits += [window.wait_ns(lane, window.amount(cost), now_ns) for window in self._windows.values()]
        return max(waits) / _NS

    # ---- pauses ----------------------------------------------------------------------------------------------------

    def banned_until_ms(self, now_ns: int) -> int | None:
        """Return the end of a ban, venue time; None when there is none."""
        return self._banned_until_ms if now_ns < self._banned_until_ns else None

    def paused_s(self, lane: Lane, now_ns: int) -> float:
        """Return for how long the venue lets no call of this lane through, seconds."""
        return max(self._paused_until_ns[lane] - now_ns, self._banned_until_ns - now_ns, 0) / _NS

    def take_error(
        self, lane: Lane, spent: Spent, error: VenueError, retry_after: str | None, venue_ms: int, now_ns: int
    ) -> None:
        """Keep the pause that an error answer asks for.

        A ban stops everything. After a 429 reads and entries wait, while closes, stops and cancels are still tried:
        the limit that was hit need not be theirs. When one of them hits it too, its own lane waits, at first for a
        second. A pause whose length the venue did not name doubles while it refuses: going on leads to a ban.

        Args:
            lane: Of the call.
            spent: The call as it is counted.
            error: Its answer.
            retry_after: The header of that name.
            venue_ms: Venue time; a ban names its end in it.
            now_ns: When the answer came.
        """
        asked_s = rest_errors.pause_s(error, retry_after, venue_ms)
        if asked_s <= 0:
            return
        if error.http_status == rest_errors.BANNED:
            until_ns = now_ns + int(asked_s * _NS)
            if until_ns > self._banned_until_ns:
                self._banned_until_ns, self._banned_until_ms = until_ns, venue_ms + int(asked_s * 1000)
            return
        if spent.sent_ns > self._struck_ns[lane]:  # those that were on their way together count as one
            self._strikes[lane] += 1
            self._struck_ns[lane] = now_ns
        is_named = retry_after is not None and retry_after.isdecimal()
        doublings = min(self._strikes[lane] - 1, 10)
        if lane.is_protected:
            own_s = asked_s if is_named else min(_PROTECTED_FIRST_S * 2**doublings, _LONGEST_STRIKE_S)
            self._pause((lane,), own_s, now_ns)
        shared_s = asked_s if is_named else max(asked_s, min(asked_s * 2**doublings, _LONGEST_STRIKE_S))
        is_of_orders = error.code == rest_errors.TOO_MANY_ORDERS
        self._pause((Lane.ENTRY,) if is_of_orders else _UNPROTECTED, shared_s, now_ns)

    def take_success(self, lane: Lane) -> None:
        """A call got through: the next refusal is a first one again."""
        self._strikes[lane] = 0

    def _pause(self, lanes: Iterable[Lane], pause_s: float, now_ns: int) -> None:
        for lane in lanes:
            self._paused_until_ns[lane] = max(self._paused_until_ns[lane], now_ns + int(pause_s * _NS))
