"""Who may ask, and how often: API key, signature, time window, request weight and order counts.

All of it follows the *request clock* (the machine's), whatever the market clock does.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.wire import ORDERS_PER_MINUTE, ORDERS_PER_TEN_SECONDS, REQUEST_WEIGHT_LIMIT

DEFAULT_WINDOW_MS = 5000
MAX_WINDOW_MS = 60_000
EARLY_MS = 1000
"""How far a request's timestamp may lie ahead."""

PATIENCE = 20
"""Requests refused with 429 in one minute before the address is banned."""

BAN_MS = 120_000
MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)")


def sign(secret: str, payload: str) -> str:
    """Return the hexadecimal HMAC-SHA256 of a payload."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def check_key(expected: str, given: str | None) -> None:
    """Refuse a missing (-2014) or foreign (-2015) API key."""
    if not given:
        raise VenueRefusal(-2014, "API-key format invalid.", 401)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise VenueRefusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def check_signature(secret: str, query: str, body: str) -> None:
    """Refuse a missing (-1102) or wrong (-1022) signature over query and body as sent, joined by nothing."""
    found = SIGNATURE.search(query) or SIGNATURE.search(body)
    if found is None or not found[1]:
        raise VenueRefusal(-1102, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.")
    payload = SIGNATURE.sub("", query) + SIGNATURE.sub("", body)
    if not hmac.compare_digest(sign(secret, payload).encode(), found[1].lower().encode()):
        raise VenueRefusal(-1022, "Signature for this request is not valid.")


def check_timestamp(parameters: Mapping[str, str], now_ms: int) -> None:
    """Refuse a missing time stamp (-1102) and one outside its window (-1021)."""
    timestamp = _whole(parameters, "timestamp", None)
    window = min(_whole(parameters, "recvWindow", DEFAULT_WINDOW_MS), MAX_WINDOW_MS)
    if timestamp >= now_ms + EARLY_MS:
        raise VenueRefusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - timestamp > window:
        raise VenueRefusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def _whole(parameters: Mapping[str, str], name: str, default: int | None) -> int:
    given = parameters.get(name)
    if given is None and default is not None:
        return default
    if given is None or not given.isascii() or not given.isdigit():
        raise VenueRefusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return int(given)


class _Window:
    """A count that starts anew at every multiple of its length."""

    def __init__(self, length_ms: int, limit: int) -> None:
        self._length_ms = length_ms
        self._limit = limit
        self._number = -1
        self.count = 0

    def add(self, now_ms: int, amount: int) -> bool:
        """Count; return whether the limit is kept."""
        number = now_ms // self._length_ms
        if number != self._number:
            self._number, self.count = number, 0
        self.count += amount
        return self.count <= self._limit


class RateLimiter:
    """Counts weight and orders as exchangeInfo announces them; one client address and one account share a limiter.

    Going over answers 429; twenty refusals more within the minute ban the address for two minutes (418).
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._weight = _Window(MINUTE_MS, REQUEST_WEIGHT_LIMIT)
        self._orders_minute = _Window(MINUTE_MS, ORDERS_PER_MINUTE)
        self._orders_ten_seconds = _Window(TEN_SECONDS_MS, ORDERS_PER_TEN_SECONDS)
        self._refused = _Window(MINUTE_MS, PATIENCE)
        self._banned_until_ms = 0

    def headers(self, *, with_orders: bool) -> dict[str, str]:
        """Return the usage headers of a reply."""
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._weight.count)}
        if with_orders:
            headers["X-MBX-ORDER-COUNT-10S"] = str(self._orders_ten_seconds.count)
            headers["X-MBX-ORDER-COUNT-1M"] = str(self._orders_minute.count)
        return headers

    def spend(self, weight: int, orders: int) -> None:
        """Count a request before it is worked on.

        Raises:
            VenueRefusal: Over a limit (429) or banned (418); the request must not be worked on.
        """
        now_ms = self._now_ms()
        if now_ms < self._banned_until_ms:
            raise self._ban()
        if not self._weight.add(now_ms, weight):
            self._refuse(now_ms)
            raise VenueRefusal(
                -1003,
                f"Too many requests; current limit of IP(127.0.0.1) is {REQUEST_WEIGHT_LIMIT} requests per minute. "
                "Please use the websocket for live updates to avoid polling the API.",
                429,
            )
        if orders and not self._count_orders(now_ms, orders):
            self._refuse(now_ms)
            raise VenueRefusal(-1015, "Too many new orders; the order limit of the account is exceeded.", 429)

    def _count_orders(self, now_ms: int, orders: int) -> bool:
        in_minute = self._orders_minute.add(now_ms, orders)
        return self._orders_ten_seconds.add(now_ms, orders) and in_minute

    def _refuse(self, now_ms: int) -> None:
        if not self._refused.add(now_ms, 1):
            self._banned_until_ms = now_ms + BAN_MS
            raise self._ban()

    def _ban(self) -> VenueRefusal:
        return VenueRefusal(
            -1003,
            f"Way too many requests; IP(127.0.0.1) banned until {self._banned_until_ms}. "
            "Please use the websocket for live updates to avoid bans.",
            418,
        )
