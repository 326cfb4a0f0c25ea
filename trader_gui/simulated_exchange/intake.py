"""What a request meets on its way in and out: maintenance, faults, and the venue's latency.

REST and the WebSocket API send a request through `Intake.run` when `Intake.is_direct` is False; otherwise nothing of
this costs anything.
"""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar, Union

import msgspec

from trader_gui.simulated_exchange.fault_plan import (
    Ban418,
    DelayAnswer,
    DelayRequest,
    DropConnection,
    ExecutedFault,
    Fault,
    HalfOpenRequest,
    Html403,
    Html404,
    Html502,
    Internal500,
    Internal503,
    Overloaded503,
    PositionLag,
    QueryLag,
    RateLimit429,
    Timeout1007,
    Unavailable503,
    Unexpected1006,
    Unknown503,
)
from trader_gui.simulated_exchange.faults import ActiveFault, Call, Faults
from trader_gui.simulated_exchange.latency import ActionQueue
from trader_gui.simulated_exchange.requests import HTML, UNKNOWN_PATH, Reply
from trader_gui.simulated_exchange.wire import encode

T = TypeVar("T")

_CANCELS = frozenset(
    ("DELETE", f"/fapi/v1/{name}") for name in ("order", "batchOrders", "allOpenOrders", "algoOrder", "algoOpenOrders")
)
_PLACEMENTS = frozenset(("POST", f"/fapi/v1/{name}") for name in ("order", "batchOrders", "algoOrder"))
_CHANGES = frozenset(("PUT", f"/fapi/v1/{name}") for name in ("order", "batchOrders"))
_QUERIES = frozenset(
    f"/fapi/v1/{name}"
    for name in (
        "order",
        "openOrder",
        "openOrders",
        "allOrders",
        "algoOrder",
        "openAlgoOrders",
        "allAlgoOrders",
    )
)
_POSITIONS = frozenset({"/fapi/v2/positionRisk", "/fapi/v3/positionRisk"})
_ID_NAMES = ("orderId", "algoId")


class Cut(Enum):
    """Instead of a reply: the connection breaks off, or stays open and nothing comes."""

    DROP = "dropped"
    HANG = "left without an answer"


Outcome = Union[Reply, Cut]  # noqa: UP007 - a name for annotations


def _error(status: int, code: int, message: str, **headers: str) -> Reply:
    return Reply(status, encode({"code": code, "msg": message}), headers)


def _page(status: int, title: str) -> Reply:
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"
    return Reply(status, page.encode(), {}, HTML)


MAINTENANCE = _error(503, -1016, "This service is no longer available.")
_TIMED_OUT = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
_UNEXPECTED = "An unexpected response was received from the message bus. Execution status unknown."
_OVERLOADED = "Server is currently overloaded with other requests. Please try again in a few minutes."
_UNKNOWN = "Unknown error, please check your request or try again later."
_INTERNAL = "Internal error; unable to process your request. Please try again."
_ABSENT = "Order does not exist."

_FIXED: dict[type[Fault], Outcome] = {
    # The venue documents these texts without saying what is around them: 503 A is taken to be JSON, B and 500 are not.
    Unknown503: _error(503, -1000, _UNKNOWN),
    Unavailable503: Reply(503, b"Service Unavailable.", {}, "text/plain"),
    Internal503: _error(503, -1001, _INTERNAL),
    Overloaded503: _error(503, -1008, _OVERLOADED),
    Internal500: Reply(500, b"Request occur unknown error.", {}, "text/plain"),
    Html403: _page(403, "Forbidden"),
    Html404: UNKNOWN_PATH,
    Html502: _page(502, "Bad Gateway"),
    DropConnection: Cut.DROP,
    HalfOpenRequest: Cut.HANG,
}


class Intake:
    """Runs requests through what stands before the venue.

    Attributes:
        is_direct: Nothing does; requests may be answered without `run`.
        in_maintenance: Everything is refused.

    Owner: the exchange; each request runs in its own task.
    """

    def __init__(self, request_ms: Callable[[], int]) -> None:
        """Stand open; `request_ms` is the venue's request clock."""
        self._request_ms = request_ms
        self._faults: Faults | None = None
        self._queue: ActionQueue | None = None
        self._lagging: dict[tuple[str, int], float] = {}
        self._listed: dict[tuple[str, str | None], tuple[float, bytes]] = {}
        self.in_maintenance = False
        self.is_direct = True

    def set_faults(self, faults: Faults | None) -> None:
        """Put a plan before the venue, or take it away."""
        self._faults = faults
        self._lagging.clear()
        self._listed.clear()
        self._note()

    def set_queue(self, queue: ActionQueue) -> None:
        """Delay what acts on orders."""
        self._queue = queue
        self._note()

    def set_maintenance(self, *, is_on: bool) -> None:
        """Refuse everything, or no longer."""
        self.in_maintenance = is_on
        self._note()

    def _note(self) -> None:
        self.is_direct = self._faults is None and self._queue is None and not self.in_maintenance

    async def run(self, call: Call, admit: Callable[[], T | Reply], execute: Callable[[T], Reply]) -> Outcome:
        """Answer a request.

        Args:
            call: What is asked.
            admit: Checks it (key, signature, limits) as it arrives.
            execute: Does it.
        """
        if self.in_maintenance:
            return MAINTENANCE
        faults = self._faults
        if faults is None:
            return await self._work(call, admit, execute)
        trouble = _Trouble(faults, call)
        await _pause(trouble.delay(DelayRequest))
        outcome = trouble.outcome(self._request_ms())
        if outcome is not None:
            if trouble.is_executed:
                self._note_placed(faults, call, await self._work(call, admit, execute))
            return outcome
        reply = await self._work(call, admit, execute)
        self._note_placed(faults, call, reply)
        if self._lagging and call.method == "GET" and call.path in _QUERIES:
            reply = self._without_lagging(faults, reply)
        if faults.position_lags and call.path in _POSITIONS and reply.status == 200:
            reply = self._as_listed(faults, call, reply)
        await _pause(trouble.delay(DelayAnswer))
        return reply

    async def greet(self, call: Call) -> Outcome | None:
        """Let a handshake through (None), or say what it gets instead; nothing of it is executed."""
        if self.in_maintenance:
            return MAINTENANCE
        if self._faults is None:
            return None
        trouble = _Trouble(self._faults, call)
        await _pause(trouble.delay(DelayRequest) + trouble.delay(DelayAnswer))
        return trouble.outcome(self._request_ms())

    async def _work(self, call: Call, admit: Callable[[], T | Reply], execute: Callable[[T], Reply]) -> Reply:
        admitted = admit()
        if isinstance(admitted, Reply):
            return admitted
        queue, key = self._queue, (call.method, call.path)
        if queue is None or (key not in _CANCELS and key not in _PLACEMENTS and key not in _CHANGES):
            return execute(admitted)
        async with queue.turn(is_cancel=key in _CANCELS):
            return execute(admitted)

    # ---- queries that lag --------------------------------------------------------------------------------------------

    def _note_placed(self, faults: Faults, call: Call, reply: Reply) -> None:
        if not faults.lags or reply.status != 200 or (call.method, call.path) not in _PLACEMENTS:
            return
        answer = msgspec.json.decode(reply.body)
        for row in answer if isinstance(answer, list) else [answer]:
            ids = [(name, row[name]) for name in _ID_NAMES if name in row]
            candidates = [one for one in faults.lags if getattr(one.fault, "symbol", None) in (None, row.get("symbol"))]
            for one in faults.strikers(candidates) if ids else ():
                assert isinstance(one.fault, QueryLag)
                until_ms = faults.now_ms + one.fault.ms
                for key in ids:
                    self._lagging[key] = max(until_ms, self._lagging.get(key, 0.0))
                faults.note(one, f"{ids[0][0]} {ids[0][1]}: not to be found for {one.fault.ms} ms")

    def _without_lagging(self, faults: Faults, reply: Reply) -> Reply:
        now_ms = faults.now_ms
        self._lagging = {key: until_ms for key, until_ms in self._lagging.items() if until_ms > now_ms}
        answer: Any = msgspec.json.decode(reply.body)
        if isinstance(answer, list):
            return reply._replace(body=encode([row for row in answer if not self._lags(row)]))
        if self._lags(answer):
            return Reply(400, encode({"code": -2013, "msg": _ABSENT}), reply.headers)
        return reply

    def _as_listed(self, faults: Faults, call: Call, reply: Reply) -> Reply:
        """Return the list as it stood the last time, where a fault wants it so and it has changed since."""
        key = call.path, call.parameters.get("symbol")
        then_ms, body = self._listed.get(key, (0.0, reply.body))
        self._listed[key] = faults.now_ms, reply.body
        if body == reply.body:
            return reply
        for one in faults.strikers(faults.position_lags):
            assert isinstance(one.fault, PositionLag)
            if faults.now_ms - then_ms <= one.fault.ms:
                faults.note(one, f"{call.text}: as it was {faults.now_ms - then_ms:.0f} ms before")
                return reply._replace(body=body)
        return reply

    def _lags(self, row: dict[str, Any]) -> bool:
        return any((name, row[name]) in self._lagging for name in _ID_NAMES if name in row)


class _Trouble:
    """The faults that strike one request."""

    def __init__(self, faults: Faults, call: Call) -> None:
        self._faults = faults
        self._call = call
        struck = faults.strikers([one for one in faults.requests if one.fits_call(call)])
        self._delays = [one for one in struck if isinstance(one.fault, DelayRequest | DelayAnswer)]
        self._outcomes = [one for one in struck if not isinstance(one.fault, DelayRequest | DelayAnswer)]

    def delay(self, kind: type[DelayRequest] | type[DelayAnswer]) -> float:
        """Return milliseconds to wait; delays of several faults add up."""
        total_ms = 0.0
        for one in self._delays:
            if isinstance(one.fault, kind):
                delay_ms = one.fault.delay.draw(one.random)
                self._faults.note(one, f"{self._call.text}: {delay_ms:.1f} ms")
                total_ms += delay_ms
        return total_ms

    def outcome(self, now_ms: int) -> Outcome | None:
        """Return what goes back instead of the venue's reply, None when nothing does."""
        if not self._outcomes:
            return None
        first, *others = self._outcomes
        self._faults.note(first, self._call.text + (": executed" if self.is_executed else ": not executed"))
        self._faults.note_shadowed(others, first, self._call.text)
        return _outcome(first, now_ms, first.holds_until_ms - self._faults.now_ms)

    @property
    def is_executed(self) -> bool:
        """Whether the request is carried out although the reply does not say so."""
        fault = self._outcomes[0].fault if self._outcomes else None
        return isinstance(fault, ExecutedFault) and fault.executed


def _outcome(one: ActiveFault, now_ms: int, left_ms: float) -> Outcome:
    fault = one.fault
    if isinstance(fault, RateLimit429):
        headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
        if fault.orders:
            return _error(429, -1015, "Too many new orders; the order limit of the account is exceeded.", **headers)
        return _error(429, -1003, "Too many requests; please use the websocket for live updates.", **headers)
    if isinstance(fault, Ban418):
        return _error(418, -1003, f"Way too many requests; IP(127.0.0.1) banned until {now_ms + int(left_ms)}.")
    if isinstance(fault, Timeout1007):
        return _error(fault.status, -1007, _TIMED_OUT)
    if isinstance(fault, Unexpected1006):
        return _error(fault.status, -1006, _UNEXPECTED)
    return _FIXED[type(fault)]


async def _pause(delay_ms: float) -> None:
    if delay_ms > 0:
        await asyncio.sleep(delay_ms / 1000)
