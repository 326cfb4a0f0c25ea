"""What the WebSocket API answers (2.2): its methods, their parameters and signatures, and the session.

Behind every method stands the REST endpoint of the same meaning, with its parameters, weight and order count. A
request is signed by itself (any kind of key), or rests on a `session.logon` with an Ed25519 key; an `apiKey` and
`signature` of its own go before the session.

Where the reference is silent: what is no JSON object answers -1135 with `"id": null`, an unknown method -1020. A number
with a fraction, null, list or object is malformed (-1102) as a parameter that some method takes, and so is a bare
integer where a decimal is meant; an integer may come as text, as the official client sends it. The text signed is
`k=v` as it stands in the frame, or percent-encoded, as the official client signs it; the two differ for rare
characters only. Refusals carry `rateLimits`, too. A refusal for too many requests adds
`"data": {"serverTime", "retryAfter"}`, both milliseconds UTC. `session.logon` with a key of another kind answers -4056.
"""

from typing import Any, TypeAlias
from urllib.parse import urlencode

import msgspec

from trader_gui.simulated_exchange import security
from trader_gui.simulated_exchange.endpoints import PUBLIC, SIGNED, Endpoint
from trader_gui.simulated_exchange.faults import Call
from trader_gui.simulated_exchange.intake import Cut, Intake
from trader_gui.simulated_exchange.keys import ED25519, ApiKey
from trader_gui.simulated_exchange.limits import LimitRefusal
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.requests import ENDPOINTS, JSON, Admitted, Reply, RequestDesk
from trader_gui.simulated_exchange.wire import Json, encode

RequestId: TypeAlias = int | str | None

METHODS: dict[str, tuple[str, str]] = {
    "order.place": ("POST", "/fapi/v1/order"),
    "order.modify": ("PUT", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
    "account.status": ("GET", "/fapi/v2/account"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
    "depth": ("GET", "/fapi/v1/depth"),
    "ticker.price": ("GET", "/fapi/v2/ticker/price"),
    "ticker.book": ("GET", "/fapi/v1/ticker/bookTicker"),
    "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
    "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
    "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
}
"""The REST endpoint behind each method."""

SESSION_METHODS = ("session.logon", "session.status", "session.logout")
SESSION_WEIGHT = 2
HANDSHAKE_WEIGHT = 5
DECIMALS = frozenset(("quantity", "price", "triggerPrice", "activatePrice", "callbackRate"))
DOCUMENTED = DECIMALS | {
    "algoId",
    "algoType",
    "apiKey",
    "clientAlgoId",
    "closePosition",
    "goodTillDate",
    "limit",
    "modifyId",
    "newClientOrderId",
    "newOrderRespType",
    "orderId",
    "origClientOrderId",
    "positionSide",
    "priceMatch",
    "priceProtect",
    "recvWindow",
    "reduceOnly",
    "returnRateLimits",
    "selfTradePreventionMode",
    "side",
    "signature",
    "symbol",
    "timeInForce",
    "timestamp",
    "type",
    "workingType",
}
"""What the methods take. Anything else is signed with the rest and otherwise ignored, whatever its JSON type."""


class Session:
    """What one connection knows about its client.

    Attributes:
        connected_ms: Request clock.
        shows_limits: Whether replies tell the usage, unless a request says otherwise.
        api_key, authorized_ms: Of the key that has logged on, None before.
    """

    def __init__(self, connected_ms: int, *, shows_limits: bool) -> None:
        self.connected_ms = connected_ms
        self.shows_limits = shows_limits
        self.api_key: str | None = None
        self.authorized_ms: int | None = None

    def log_off(self) -> None:
        """Forget who has logged on."""
        self.api_key = self.authorized_ms = None


class _Request:
    """One frame, taken apart as far as it goes, so that even a refusal has its id and the limits asked for."""

    def __init__(self, session: Session) -> None:
        self.id: RequestId = None
        self.method = ""
        self.parameters: dict[str, str] = {}
        self.shows_limits = session.shows_limits
        self.counts_orders = False

    def read(self, frame: str) -> None:
        try:
            request = _DECODER.decode(frame)
        except (msgspec.DecodeError, RecursionError):
            raise VenueRefusal(-1135, "Invalid JSON Request") from None
        if not isinstance(request, dict):
            raise VenueRefusal(-1135, "Invalid JSON Request")
        number = request.get("id")
        if isinstance(number, bool) or not isinstance(number, int | str | None):
            raise VenueRefusal(-1135, "Invalid 'id' in JSON request; expected an integer, a string, or null.")
        self.id = number
        parameters = request.get("params", {})
        if not isinstance(parameters, dict):
            raise VenueRefusal(-1135, "Invalid 'params' in JSON request; expected an object.")
        for name, value in parameters.items():
            self.parameters[name] = _text(name, value)
        wish = self.parameters.get("returnRateLimits")
        if wish is not None:
            self.shows_limits = wish.lower() != "false"
        method = request.get("method")
        if not isinstance(method, str) or (method not in METHODS and method not in SESSION_METHODS):
            raise VenueRefusal(-1020, "This operation is not supported.")
        self.method = method


class _Fraction:
    """A JSON number with a fraction or an exponent, as it was written: that is what was signed."""

    def __init__(self, digits: str) -> None:
        self.digits = digits


_DECODER = msgspec.json.Decoder(float_hook=_Fraction)


def _text(name: str, value: Any) -> str:
    """Return a parameter as a query would carry it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and name not in DECIMALS:
        return str(value)
    if name in DOCUMENTED:
        raise security.missing(name)
    return value.digits if isinstance(value, _Fraction) else ""


def answer(desk: RequestDesk, session: Session, frame: str) -> bytes:
    """Work on one frame and return the reply, JSON."""
    request = _Request(session)
    try:
        _check_session(desk, session)
        request.read(frame)
        reply: Json = {"id": request.id, "status": 200, "result": _result(desk, session, request)}
    except VenueRefusal as refusal:
        reply = {"id": request.id, "status": refusal.http_status, "error": _error(refusal)}
    return _with_limits(desk, request, reply)


async def answer_by(intake: Intake, desk: RequestDesk, session: Session, frame: str) -> bytes | Cut:
    """Do the same through what stands before the venue: faults, latency, maintenance; or say that nothing comes back.

    A page or a bare text in place of JSON becomes the message of an error -1000.
    """
    request = _Request(session)
    try:
        _check_session(desk, session)
        request.read(frame)
        if request.method in SESSION_METHODS:
            reply: Json = {"id": request.id, "status": 200, "result": _result(desk, session, request)}
            return _with_limits(desk, request, reply)
    except VenueRefusal as refusal:
        reply = {"id": request.id, "status": refusal.http_status, "error": _error(refusal)}
        return _with_limits(desk, request, reply)

    def admit() -> Admitted | Reply:
        try:
            return _admit(desk, session, request)
        except VenueRefusal as refusal:
            return desk.refuse(ENDPOINTS[METHODS[request.method]], refusal)

    outcome = await intake.run(Call(*METHODS[request.method], request.parameters), admit, desk.execute)
    if isinstance(outcome, Cut):
        return outcome
    reply = {"id": request.id, "status": outcome.status}
    if outcome.status == 200:
        reply["result"] = msgspec.Raw(outcome.body)
    else:
        reply["error"] = _error_of(outcome, desk.venue.request_ms())
    return _with_limits(desk, request, reply)


def _with_limits(desk: RequestDesk, request: _Request, reply: Json) -> bytes:
    if request.shows_limits:
        reply["rateLimits"] = desk.limiter.rows(with_orders=request.counts_orders)
    return encode(reply)


def _error(refusal: VenueRefusal) -> Json:
    error: Json = {"code": refusal.code, "msg": refusal.message}
    if isinstance(refusal, LimitRefusal):
        error["data"] = {"serverTime": refusal.now_ms, "retryAfter": refusal.retry_at_ms}
    return error


def _error_of(reply: Reply, now_ms: int) -> Json:
    """Return the error that a REST reply tells of."""
    if reply.content_type != JSON:
        return {"code": -1000, "msg": reply.body.decode()}
    error: Json = msgspec.json.decode(reply.body)
    wait_s = reply.headers.get("Retry-After")
    if wait_s is not None:
        error["data"] = {"serverTime": now_ms, "retryAfter": now_ms + 1000 * int(wait_s)}
    return error


def _check_session(desk: RequestDesk, session: Session) -> None:
    """Refuse (-2015, before the request is read) what rests on a key that has been revoked; the session is over."""
    if session.api_key is not None and desk.keys.get(session.api_key) is None:
        name = session.api_key
        session.log_off()
        security.known_key(desk.keys, name)


def _result(desk: RequestDesk, session: Session, request: _Request) -> Any:
    if request.method in SESSION_METHODS:
        desk.spend(SESSION_WEIGHT)
        return _session_result(desk, session, request)
    return desk.work(_admit(desk, session, request))


def _admit(desk: RequestDesk, session: Session, request: _Request) -> Admitted:
    target = METHODS[request.method]
    endpoint = ENDPOINTS[target]
    request.counts_orders = bool(endpoint.orders)
    desk.charge_weight(endpoint, request.parameters)
    window_ends_ms = _check_sender(desk, session, endpoint, request.parameters)
    desk.charge_orders(endpoint)
    return Admitted(endpoint, request.parameters, None if target[0] == "GET" else window_ends_ms)


def _check_sender(desk: RequestDesk, session: Session, endpoint: Endpoint, parameters: dict[str, str]) -> int | None:
    """Refuse who may not ask; return when the request's window ends."""
    if endpoint.security == PUBLIC:
        return None
    key = security.known_key(desk.keys, parameters.get("apiKey", session.api_key))
    if endpoint.security != SIGNED:
        return None
    window_ends_ms = security.check_timestamp(parameters, desk.venue.request_ms())
    if "signature" in parameters or key.name != session.api_key:
        _check_signature(key, parameters)
    return window_ends_ms


def _check_signature(key: ApiKey, parameters: dict[str, str]) -> None:
    signature = parameters.get("signature")
    if not signature:
        raise security.missing("signature")
    signed = sorted(item for item in parameters.items() if item[0] != "signature")
    payload = "&".join(f"{name}={value}" for name, value in signed)
    if not key.verifies(payload.encode(), signature):
        encoded = urlencode(signed)
        if encoded == payload or not key.verifies(encoded.encode(), signature):
            raise security.wrong_signature()


def _session_result(desk: RequestDesk, session: Session, request: _Request) -> Json:
    now_ms = desk.venue.request_ms()
    if request.method == "session.logon":
        key = security.known_key(desk.keys, request.parameters.get("apiKey"))
        if key.kind != ED25519:
            raise VenueRefusal(-4056, "Invalid api key type: session.logon takes Ed25519 keys only.")
        security.check_timestamp(request.parameters, now_ms)
        _check_signature(key, request.parameters)
        session.api_key, session.authorized_ms = key.name, now_ms
    elif request.method == "session.logout":
        session.log_off()
    return {
        "apiKey": session.api_key,
        "authorizedSince": session.authorized_ms,
        "connectedSince": session.connected_ms,
        "returnRateLimits": session.shows_limits,
        "serverTime": now_ms,
    }
