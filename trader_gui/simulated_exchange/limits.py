"""Rate limits (7): request weight and the funding pool of the address, order counts of the account, and bans.

All of it follows the *request clock* (the machine's). Every connection comes from this machine, so there is one
address. Windows are those of the clock: a minute begins at :00. Going over answers 429; `PATIENCE` such answers
within a minute ban the address (418), at first for two minutes, and twice as long each time until three days; after a
day without a ban it starts anew. The reference gives the range of two minutes to three days, the steps are ours. It
has `Retry-After` for spot only: here 429 and 418 carry it, in whole seconds, since a client may as well obey it.
"""

from collections.abc import Callable

from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.wire import ORDERS_PER_MINUTE, ORDERS_PER_TEN_SECONDS, REQUEST_WEIGHT_LIMIT, Json

PATIENCE = 20
"""Requests refused with 429 in one minute before the address is banned."""

FIRST_BAN_MS = 120_000
LONGEST_BAN_MS = 3 * 86_400_000
FORGIVEN_MS = 86_400_000
"""This long after a ban the next one is short again."""

FUNDING_LIMIT = 500
MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
FIVE_MINUTES_MS = 300_000
ADVICE = "Please use the websocket for live updates to avoid"


class LimitRefusal(VenueRefusal):
    """Too many requests: 429, or 418 while banned. `retry_at_ms`: when the next request may come."""

    def __init__(self, code: int, message: str, http_status: int, *, now_ms: int, retry_at_ms: int) -> None:
        super().__init__(code, message, http_status)
        self.now_ms = now_ms
        self.retry_at_ms = retry_at_ms

    @property
    def retry_after_s(self) -> int:
        """Seconds to wait, rounded up."""
        return -((self.now_ms - self.retry_at_ms) // 1000)


class _Window:
    """A count that starts anew at every multiple of its length."""

    def __init__(self, length_ms: int, limit: int) -> None:
        self.limit = limit
        self._length_ms = length_ms
        self._ends_ms = 0
        self._count = 0

    def add(self, now_ms: int, amount: int) -> bool:
        """Count; return whether the limit is kept."""
        self._count = self.count(now_ms) + amount
        return self._count <= self.limit

    def count(self, now_ms: int) -> int:
        """Return what was counted in the window of `now_ms`."""
        if not self._ends_ms - self._length_ms <= now_ms < self._ends_ms:
            self._ends_ms = self.end_ms(now_ms)
            self._count = 0
        return self._count

    def end_ms(self, now_ms: int) -> int:
        """Return when the window of `now_ms` ends."""
        return (now_ms // self._length_ms + 1) * self._length_ms


class RateLimiter:
    """Counts weight and orders as exchangeInfo announces them; REST and the WebSocket API share one."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """Count by this clock, milliseconds UTC."""
        self._now_ms = now_ms
        self._weight = _Window(MINUTE_MS, REQUEST_WEIGHT_LIMIT)
        self._funding = _Window(FIVE_MINUTES_MS, FUNDING_LIMIT)
        self._orders_minute = _Window(MINUTE_MS, ORDERS_PER_MINUTE)
        self._orders_ten_seconds = _Window(TEN_SECONDS_MS, ORDERS_PER_TEN_SECONDS)
        self._refused = _Window(MINUTE_MS, PATIENCE)
        self._banned_until_ms = 0
        self._ban_ms = FIRST_BAN_MS

    def headers(self, *, with_orders: bool) -> dict[str, str]:
        """Return the usage headers of a reply."""
        now_ms = self._now_ms()
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._weight.count(now_ms))}
        if with_orders:
            headers["X-MBX-ORDER-COUNT-10S"] = str(self._orders_ten_seconds.count(now_ms))
            headers["X-MBX-ORDER-COUNT-1M"] = str(self._orders_minute.count(now_ms))
        return headers

    def rows(self, *, with_orders: bool) -> list[Json]:
        """Return the usage as the WebSocket API reports it."""
        now_ms = self._now_ms()
        rows = [_row("REQUEST_WEIGHT", "MINUTE", 1, self._weight, now_ms)]
        if with_orders:
            rows.append(_row("ORDERS", "SECOND", 10, self._orders_ten_seconds, now_ms))
            rows.append(_row("ORDERS", "MINUTE", 1, self._orders_minute, now_ms))
        return rows

    def spend_weight(self, weight: int, *, is_funding: bool = False) -> None:
        """Count a request before anything else is looked at.

        Raises:
            LimitRefusal: Over the limit, or banned; the request must not be worked on.
        """
        now_ms = self._now_ms()
        if now_ms < self._banned_until_ms:
            raise self._ban(now_ms)
        if is_funding and not self._funding.add(now_ms, 1):
            raise self._refusal(now_ms, -1003, _too_many(FUNDING_LIMIT, "5 minutes"), self._funding)
        if not self._weight.add(now_ms, weight):
            raise self._refusal(now_ms, -1003, _too_many(REQUEST_WEIGHT_LIMIT, "minute"), self._weight)

    def spend_orders(self, per_minute: int, per_ten_seconds: int) -> None:
        """Count the orders of a request whose sender is known to be the account; refused ones are not counted.

        Raises:
            LimitRefusal: Over a limit; the request must not be worked on.
        """
        now_ms = self._now_ms()
        minute, ten_seconds = self._orders_minute, self._orders_ten_seconds
        if minute.count(now_ms) + per_minute > minute.limit:
            text = f"Too many new orders; current limit is {minute.limit} orders per MINUTE."
            raise self._refusal(now_ms, -1015, text, minute)
        if ten_seconds.count(now_ms) + per_ten_seconds > ten_seconds.limit:
            text = f"Too many new orders; current limit is {ten_seconds.limit} orders per 10 SECOND."
            raise self._refusal(now_ms, -1015, text, ten_seconds)
        minute.add(now_ms, per_minute)
        ten_seconds.add(now_ms, per_ten_seconds)

    def _refusal(self, now_ms: int, code: int, text: str, window: _Window) -> LimitRefusal:
        if self._refused.add(now_ms, 1):
            return LimitRefusal(code, text, 429, now_ms=now_ms, retry_at_ms=window.end_ms(now_ms))
        if now_ms - self._banned_until_ms > FORGIVEN_MS:
            self._ban_ms = FIRST_BAN_MS
        self._banned_until_ms = now_ms + self._ban_ms
        self._ban_ms = min(2 * self._ban_ms, LONGEST_BAN_MS)
        return self._ban(now_ms)

    def _ban(self, now_ms: int) -> LimitRefusal:
        until_ms = self._banned_until_ms
        text = f"Way too many requests; IP(127.0.0.1) banned until {until_ms}. {ADVICE} bans."
        return LimitRefusal(-1003, text, 418, now_ms=now_ms, retry_at_ms=until_ms)


def _too_many(limit: int, per: str) -> str:
    return f"Too many requests; current limit of IP(127.0.0.1) is {limit} requests per {per}. {ADVICE} polling the API."


def _row(kind: str, interval: str, number: int, window: _Window, now_ms: int) -> Json:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": window.limit,
        "count": window.count(now_ms),
    }
