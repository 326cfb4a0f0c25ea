"""Answering requests: one table of endpoints behind REST and the WebSocket API, who may ask, and what it costs.

No socket and no web framework here: a request comes as text and leaves as a `Reply`. An answer has two halves: `admit`
(weight, key, time window, signature, order count) and `execute` (the work). Between them a request may have been on
its way: when its window has ended by then, what would change something is refused with -5028, as by the engine.

Where the reference is silent: a known path with a wrong method is an unknown one (404, HTML). Weight is counted before
anything is looked at, orders only for a sender whose signature was right. The body of a GET is not read.
"""

from typing import Any, NamedTuple

from trader_gui.simulated_exchange import rest_account, rest_market, rest_order, security
from trader_gui.simulated_exchange.endpoints import PUBLIC, SIGNED, Endpoint
from trader_gui.simulated_exchange.keys import KeyRing
from trader_gui.simulated_exchange.limits import LimitRefusal, RateLimiter
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.venue import Venue
from trader_gui.simulated_exchange.wire import encode

ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    **rest_market.ENDPOINTS,
    **rest_account.ENDPOINTS,
    **rest_order.ENDPOINTS,
}
PATHS = frozenset(path for _, path in ENDPOINTS)
JSON = "application/json"
HTML = "text/html"
NOT_FOUND = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"


class Reply(NamedTuple):
    """What goes back: `headers` without the content type, which is `content_type`."""

    status: int
    body: bytes
    headers: dict[str, str]
    content_type: str = JSON


class Admitted(NamedTuple):
    """A request that may be worked on.

    Attributes:
        endpoint: What it asks for.
        parameters: By name, decoded.
        window_ends_ms: Request clock; the engine refuses it later than that. None: it may come at any time.
    """

    endpoint: Endpoint
    parameters: dict[str, str]
    window_ends_ms: int | None = None


UNKNOWN_PATH = Reply(404, NOT_FOUND.encode(), {}, HTML)


class RequestDesk:
    """Answers every request to one exchange.

    Attributes:
        venue: Whose state the requests read and change.
        keys: The account's API keys.
        limiter: Counts what REST and the WebSocket API use together.
    """

    def __init__(self, venue: Venue, keys: KeyRing, *, counts: bool = True) -> None:
        """Answer for `venue` to the holders of these keys; `counts`: requests and orders are limited."""
        self.venue = venue
        self.keys = keys
        self._counts = counts
        self.limiter = RateLimiter(lambda: venue.request_ms())

    def answer(self, method: str, path: str, api_key: str | None, query: str, body: str) -> Reply:
        """Work on a REST request.

        Args:
            method: In capitals.
            path: Without the query.
            api_key: The header X-MBX-APIKEY, None when it was not sent.
            query: As sent, still percent-encoded: the signature is over these bytes.
            body: As sent.
        """
        admitted = self.admit(method, path, api_key, query, body)
        return admitted if isinstance(admitted, Reply) else self.execute(admitted)

    def admit(self, method: str, path: str, api_key: str | None, query: str, body: str) -> Admitted | Reply:
        """Do the first half of `answer`: return the request, admitted, or the reply that refuses it."""
        endpoint = ENDPOINTS.get((method, path))
        if endpoint is None:
            return UNKNOWN_PATH
        is_get = method == "GET"
        try:
            return self._admit(endpoint, api_key, query, "" if is_get else body, changes=not is_get)
        except VenueRefusal as refusal:
            return self.refuse(endpoint, refusal)

    def execute(self, admitted: Admitted) -> Reply:
        """Do the second half of `answer`."""
        endpoint = admitted.endpoint
        try:
            result = self.work(admitted)
        except VenueRefusal as refusal:
            return self.refuse(endpoint, refusal)
        return Reply(200, encode(result), self._headers(endpoint))

    def _admit(self, endpoint: Endpoint, api_key: str | None, query: str, body: str, *, changes: bool) -> Admitted:
        parameters = security.read_parameters(query, body)
        self.charge_weight(endpoint, parameters)
        if endpoint.security == PUBLIC:
            return Admitted(endpoint, parameters)
        key = security.known_key(self.keys, api_key)
        if endpoint.security != SIGNED:
            return Admitted(endpoint, parameters)
        window_ends_ms = security.check_timestamp(parameters, self.venue.request_ms())
        security.check_signature(key, query, body)
        self.charge_orders(endpoint)
        return Admitted(endpoint, parameters, window_ends_ms if changes else None)

    def spend(self, weight: int) -> None:
        """Count weight that belongs to no endpoint; refuse (-1003) what is too much."""
        if self._counts:
            self.limiter.spend_weight(weight)

    def charge_weight(self, endpoint: Endpoint, parameters: dict[str, str]) -> None:
        """Count a request's weight; refuse (-1003) what is too much."""
        if self._counts:
            self.limiter.spend_weight(endpoint.cost(parameters), is_funding=endpoint.is_funding)

    def charge_orders(self, endpoint: Endpoint) -> None:
        """Count a request's orders; refuse (-1015) what is too much."""
        orders = endpoint.orders
        if orders and self._counts:
            self.limiter.spend_orders(orders, orders if endpoint.orders_10s is None else endpoint.orders_10s)

    def work(self, admitted: Admitted) -> Any:
        """Do what an admitted request asks for and return the result.

        Raises:
            VenueRefusal: It cannot be done; nothing has changed.
        """
        venue = self.venue
        if admitted.window_ends_ms is not None and venue.request_ms() > admitted.window_ends_ms:
            raise VenueRefusal(-5028, "Timestamp for this request is outside of the ME recvWindow.")
        result = admitted.endpoint.handler(venue, admitted.parameters)
        venue.hub.flush()
        return result

    def _headers(self, endpoint: Endpoint) -> dict[str, str]:
        if endpoint.is_funding:
            return {}
        return self.limiter.headers(with_orders=bool(endpoint.orders))

    def refuse(self, endpoint: Endpoint, refusal: VenueRefusal) -> Reply:
        """Return the reply to a request that is refused."""
        return _refusal(refusal, self._headers(endpoint))

    def refuse_handshake(self, refusal: VenueRefusal) -> Reply:
        """Return the reply to a handshake that is too much."""
        return _refusal(refusal, self.limiter.headers(with_orders=False))


def _refusal(refusal: VenueRefusal, headers: dict[str, str]) -> Reply:
    if isinstance(refusal, LimitRefusal):
        headers["Retry-After"] = str(refusal.retry_after_s)
    return Reply(refusal.http_status, encode({"code": refusal.code, "msg": refusal.message}), headers)
