"""Faults on order: which fault of the plan strikes what, when, and the log of all that was done.

Each fault has a random generator of its own, seeded from the plan's seed and its place, and looks at everything that it
matches whatever the others do: so the same plan meets the same requests and events in the same way, and a fault added
at the end changes nothing before it. Where several strike one thing, the first has its way and the log says so of the
others. Time is the machine's; at speed `max` the market's, so that such a session repeats itself to the byte.

What a fault does is carried out by `intake` (requests) and `stream_faults` (events, sockets).
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from fnmatch import translate
from random import Random
from typing import Any, NamedTuple

from trader_gui.simulated_exchange.fault_plan import (
    Fault,
    FaultPlan,
    FrameFault,
    Overloaded503,
    PositionLag,
    QueryLag,
    RequestFault,
    SocketFault,
    TimedFault,
    plain,
)
from trader_gui.simulated_exchange.timeline import Timeline
from trader_gui.simulated_exchange.wire import Json

LOG_LINES = 10_000
"""Strikes that the log remembers; the count of older ones is kept."""

THROTTLED = frozenset({"/fapi/v1/order", "/fapi/v1/batchOrders", "/fapi/v1/order/test"})
REST_ROOTS = ("/fapi/", "/futures/", "/ws-fapi/v1/")
_REDUCING = frozenset({("LONG", "SELL"), ("SHORT", "BUY")})


class Call(NamedTuple):
    """A request as faults see it; `is_handshake`: one that opens a socket."""

    method: str
    path: str
    parameters: Mapping[str, str]
    is_handshake: bool = False

    @property
    def text(self) -> str:
        """The request in one line of the log."""
        names = [self.parameters.get(name) for name in ("symbol", "side", "newClientOrderId", "clientAlgoId")]
        return " ".join([self.method, self.path, *filter(None, names)])


class Strike(NamedTuple):
    """One line of the log: a fault struck.

    Attributes:
        at_ms: Since the plan took effect.
        market_ms: The market clock.
        fault: Place in the plan, from 0.
        hit: What was struck, and what became of it.
    """

    at_ms: int
    market_ms: int
    fault: int
    kind: str
    hit: str


class ActiveFault:
    """One fault of a running plan.

    Attributes:
        fault: What the plan says.
        place: Its place in the plan, from 0.
        random: Its own generator.
        seen: How many things it matched and looked at.
        hits: How often it struck. Within `duration_ms` of that all is struck, and neither seen nor hit is counted.
        is_fresh: Its last strike was counted.
    """

    def __init__(self, fault: Fault, place: int, seed: int) -> None:
        self.fault = fault
        self.place = place
        self.random = Random(f"{seed}:{place}")
        self.seen = self.hits = 0
        self.is_fresh = False
        self.holds_until_ms = float("-inf")
        self._path = _pattern(getattr(fault, "path", None))
        self._stream = _pattern(getattr(fault, "stream", None))

    def strikes(self, now_ms: float) -> bool:
        """Look at one thing that it matches; return whether it strikes it."""
        fault = self.fault
        self.is_fresh = False
        if now_ms < self.holds_until_ms:
            return True
        if now_ms < fault.from_ms or (fault.until_ms is not None and now_ms >= fault.until_ms):
            return False
        self.seen += 1
        if fault.count is not None and self.hits >= fault.count:
            return False
        if self.seen % fault.every or (fault.probability < 1 and self.random.random() >= fault.probability):
            return False
        self.hits += 1
        self.is_fresh = True
        if fault.duration_ms is not None:
            self.holds_until_ms = now_ms + fault.duration_ms
        return True

    def fits_call(self, call: Call) -> bool:
        """Return whether it matches a request."""
        fault = self.fault
        assert isinstance(fault, RequestFault)
        if self._path is None:
            if call.is_handshake or not call.path.startswith(REST_ROOTS):
                return False
        elif not self._path.match(call.path):
            return False
        if fault.method not in (None, call.method) or fault.symbol not in (None, call.parameters.get("symbol")):
            return False
        return not isinstance(fault, Overloaded503) or _is_throttled(call)

    def fits_frame(self, route: str, stream: str, event: str, symbol: str) -> bool:
        """Return whether it matches an event on its way out."""
        fault = self.fault
        assert isinstance(fault, FrameFault | SocketFault)
        return (
            fault.route in (None, route)
            and fault.event in (None, event)
            and fault.symbol in (None, symbol)
            and (self._stream is None or self._stream.match(stream) is not None)
        )

    def fits_socket(self, route: str, streams: Iterable[str]) -> bool:
        """Return whether it matches a socket with these subscriptions."""
        fault, pattern = self.fault, self._stream
        assert isinstance(fault, SocketFault)
        if fault.route not in (None, route):
            return False
        return pattern is None or any(pattern.match(stream) for stream in streams)


class Faults:
    """A plan in effect.

    Attributes:
        timeline: Its clock; zero is when it took effect.
        requests, lags, position_lags, frames, sockets_on_frame, sockets_on_open, timed: Its faults, by what they
            look at.

    Owner: the exchange, which calls `close` when the plan ends.
    """

    def __init__(self, plan: FaultPlan, timeline: Timeline, market_ms: Callable[[], int]) -> None:
        self.plan = plan
        self.timeline = timeline
        self._market_ms = market_ms
        self._log: deque[Strike] = deque(maxlen=LOG_LINES)
        self._logged = 0
        self.all = [ActiveFault(fault, place, plan.seed) for place, fault in enumerate(plan.faults)]
        self.requests = [one for one in self.all if isinstance(one.fault, RequestFault)]
        self.lags = [one for one in self.all if isinstance(one.fault, QueryLag)]
        self.position_lags = [one for one in self.all if isinstance(one.fault, PositionLag)]
        self.frames = [one for one in self.all if isinstance(one.fault, FrameFault)]
        self.sockets_on_frame = [one for one in self.all if getattr(one.fault, "on", "") == "frame"]
        self.sockets_on_open = [one for one in self.all if getattr(one.fault, "on", "") == "open"]
        self.timed = [
            one for one in self.all if isinstance(one.fault, TimedFault) and getattr(one.fault, "on", "time") == "time"
        ]

    @property
    def now_ms(self) -> float:
        """Milliseconds since the plan took effect."""
        return self.timeline.now_ms

    def start(self, happen: Callable[[ActiveFault], None]) -> None:
        """Set the faults that happen by the clock; `happen` carries one out."""
        for one in self.timed:
            self._set(one, one.fault.from_ms, happen)

    def _set(self, one: ActiveFault, due_ms: int, happen: Callable[[ActiveFault], None]) -> None:
        fault = one.fault
        assert isinstance(fault, TimedFault)

        def strike() -> None:
            at_ms = due_ms
            while _is_left(fault, one.hits, at_ms):
                if at_ms > self.now_ms:
                    self._set(one, at_ms, happen)
                    return
                if one.strikes(at_ms):
                    happen(one)
                if fault.repeat_ms is None:
                    return
                at_ms += fault.repeat_ms

        self.timeline.call_at(due_ms, strike)

    def strikers(self, candidates: list[ActiveFault]) -> list[ActiveFault]:
        """Return those of the matching faults that strike; each of them has looked."""
        now_ms = self.now_ms
        return [one for one in candidates if one.strikes(now_ms)]

    # ---- the log -----------------------------------------------------------------------------------------------------

    def note(self, one: ActiveFault, hit: str) -> None:
        """Write a line of the log."""
        self._logged += 1
        self._log.append(Strike(int(self.now_ms), self._market_ms(), one.place, one.fault.kind, hit))

    def note_shadowed(self, shadowed: list[ActiveFault], winner: ActiveFault, hit: str) -> None:
        """Log faults that struck what another had struck before them."""
        for one in shadowed:
            self.note(one, f"{hit}: fault {winner.place} came first")

    @property
    def log(self) -> tuple[Strike, ...]:
        """What was done, oldest first; of very many strikes the latest."""
        return tuple(self._log)

    def report(self) -> Json:
        """Return plan and log for the control call."""
        return {
            "seed": self.plan.seed,
            "elapsed_ms": int(self.now_ms),
            "faults": [plain(one.fault) | {"seen": one.seen, "hits": one.hits} for one in self.all],
            "log": [strike._asdict() for strike in self._log],
            "log_forgotten": self._logged - len(self._log),
        }

    def close(self) -> None:
        """End the plan: nothing of it happens any more."""
        self.timeline.close()


def _pattern(text: str | None) -> re.Pattern[str] | None:
    return None if text is None else re.compile(translate(text))


def _is_left(fault: Fault, hits: int, at_ms: int) -> bool:
    return (fault.until_ms is None or at_ms < fault.until_ms) and (fault.count is None or hits < fault.count)


def _is_throttled(call: Call) -> bool:
    """Return whether -1008 applies to a request: new orders, save those that reduce a position (section 7)."""
    if call.method != "POST" or call.path not in THROTTLED:
        return False
    asked = call.parameters
    if asked.get("closePosition") == "true" or asked.get("reduceOnly") == "true":
        return False
    return (asked.get("positionSide"), asked.get("side")) not in _REDUCING


def frame_facts(event: Any) -> tuple[str, str]:
    """Return the name and the symbol of an event, "" for what it does not have; of a list, its first row's."""
    if isinstance(event, list):
        event = event[0] if event else {}
    inner = event.get("o")
    symbol = event.get("s") or (inner.get("s") if isinstance(inner, dict) else None)
    if symbol is None and isinstance(config := event.get("ac"), dict):
        symbol = config.get("s")
    return event.get("e", ""), symbol or ""
