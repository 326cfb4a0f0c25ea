"""The plan of a session's faults: what a fault file may say, and reading it strictly.

A plan is `{"seed": 1, "latency": "order=20", "faults": [{"kind": ..., ...}, ...]}`. Each fault has a kind, says what it
matches (`path` and `stream` are patterns with `*`; what is left out matches all), when (`from_ms` to `until_ms`,
counted from the moment the plan takes effect), how often (of what matches: every n-th, of these with a probability, at
most `count` times) and how long (`duration_ms`: once it struck, all that matches is struck for so long). `faults`
carries it out.

Assumptions where the venue's documents are silent: -1006 comes with HTTP 400 (`status` sets another); a 502 and a 500
leave open whether the request was executed (`executed`).
"""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.latency import NO_LATENCY, Distribution, Latency, read_distribution, read_latency

Milliseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Positive: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10**12)]
ErrorStatus: TypeAlias = Annotated[int, msgspec.Meta(ge=400, le=599)]
Route: TypeAlias = Literal["public", "market", "private"]


class PlanError(ValueError):
    """A plan that cannot be followed; the text names the fault and the field."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every fault has; see the module."""

    from_ms: Milliseconds = 0
    until_ms: Positive | None = None
    every: Positive = 1
    probability: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    count: Positive | None = None
    duration_ms: Positive | None = None

    def __post_init__(self) -> None:
        if self.until_ms is not None and self.until_ms <= self.from_ms:
            raise ValueError(f"field 'until_ms': {self.until_ms} is not after from_ms {self.from_ms}")

    @property
    def kind(self) -> str:
        """The kind as the plan names it."""
        return str(self.__struct_config__.tag)


# ---- requests --------------------------------------------------------------------------------------------------------


class RequestFault(Fault, frozen=True, kw_only=True):
    """Strikes requests; a handshake of a socket only when `path` is given and fits."""

    method: Literal["GET", "POST", "PUT", "DELETE"] | None = None
    path: str | None = None
    symbol: str | None = None


class ExecutedFault(RequestFault, frozen=True, kw_only=True):
    """Hides what became of a request that was `executed`, or was not."""

    executed: bool = False


class Unknown503(ExecutedFault, frozen=True, kw_only=True, tag="unknown_503"):
    """503 A: no answer in time."""


class Unavailable503(RequestFault, frozen=True, kw_only=True, tag="unavailable_503"):
    """503 B: failed."""


class Internal503(RequestFault, frozen=True, kw_only=True, tag="internal_503"):
    """503 with -1001: failed."""


class Overloaded503(RequestFault, frozen=True, kw_only=True, tag="overloaded_503"):
    """503 with -1008, on new orders alone; those that reduce a position are exempt as the venue says."""


class Timeout1007(ExecutedFault, frozen=True, kw_only=True, tag="timeout_1007"):
    """-1007."""

    status: ErrorStatus = 408


class Unexpected1006(ExecutedFault, frozen=True, kw_only=True, tag="unexpected_1006"):
    """-1006."""

    status: ErrorStatus = 400


class Internal500(ExecutedFault, frozen=True, kw_only=True, tag="internal_500"):
    """Another 5xx: "Request occur unknown error."."""


class Html403(RequestFault, frozen=True, kw_only=True, tag="html_403"):
    """The firewall's page."""


class Html404(RequestFault, frozen=True, kw_only=True, tag="html_404"):
    """The page of a path that is not there."""


class Html502(ExecutedFault, frozen=True, kw_only=True, tag="html_502"):
    """A gateway's page."""


class RateLimit429(RequestFault, frozen=True, kw_only=True, tag="rate_limit_429"):
    """Too many requests (-1003), or with `orders` too many orders (-1015)."""

    orders: bool = False
    retry_after_s: Positive | None = None


class Ban418(RequestFault, frozen=True, kw_only=True, tag="ban_418"):
    """The address is banned for `duration_ms`; the text carries the end by the venue's clock."""

    duration_ms: Positive = 120_000


class DropConnection(ExecutedFault, frozen=True, kw_only=True, tag="drop_connection"):
    """The connection breaks off instead of an answer."""


class HalfOpenRequest(ExecutedFault, frozen=True, kw_only=True, tag="half_open_request"):
    """Taken, and never answered."""


class DelayFault(RequestFault, frozen=True, kw_only=True):
    """Has a delay `ms`: a number, or a distribution as `latency` reads it."""

    ms: float | str

    def __post_init__(self) -> None:
        super().__post_init__()
        _delay(self.ms)

    @property
    def delay(self) -> Distribution:
        """What the delay is drawn from."""
        return read_distribution(self.ms)


class DelayRequest(DelayFault, frozen=True, kw_only=True, tag="delay_request"):
    """Later executed."""


class DelayAnswer(DelayFault, frozen=True, kw_only=True, tag="delay_answer"):
    """Executed, later answered."""


class QueryLag(Fault, frozen=True, kw_only=True, tag="query_lag"):
    """A placed order is not to be found by queries (-2013) for `ms`; what matches is the placement."""

    symbol: str | None = None
    ms: Positive


class PositionLag(Fault, frozen=True, kw_only=True, tag="position_lag"):
    """A list of positions is answered as it stood when it was last asked for, unless that is more than `ms` ago."""

    ms: Positive


# ---- frames ----------------------------------------------------------------------------------------------------------


class FrameFault(Fault, frozen=True, kw_only=True):
    """Strikes events on their way out; only those that somebody listens to."""

    route: Route | None = None
    stream: str | None = None
    event: str | None = None
    symbol: str | None = None


class EventFault(FrameFault, frozen=True, kw_only=True):
    """Strikes user events unless another route is named."""

    route: Route | None = "private"


class EventLost(EventFault, frozen=True, kw_only=True, tag="event_lost"):
    """Never sent."""


class EventDuplicated(EventFault, frozen=True, kw_only=True, tag="event_duplicated"):
    """Sent `copies` times more."""

    copies: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


class EventDelayed(EventFault, frozen=True, kw_only=True, tag="event_delayed"):
    """Sent later: with `in_order` whatever follows on the stream waits behind it, else it is overtaken."""

    ms: float | str
    in_order: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _delay(self.ms)

    @property
    def delay(self) -> Distribution:
        """What the delay is drawn from."""
        return read_distribution(self.ms)


class EventReordered(EventFault, frozen=True, kw_only=True, tag="event_reordered"):
    """Sent after the next `by` events of its stream, after `longest_ms` at the latest."""

    by: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    longest_ms: Positive = 1000


class StreamSilent(FrameFault, frozen=True, kw_only=True, tag="stream_silent"):
    """Open, pings answered, no data."""


class DepthGap(FrameFault, frozen=True, kw_only=True, tag="depth_gap"):
    """A difference of the book is left out: the next one's `pu` does not follow."""

    route: Literal["public"] | None = "public"
    event: Literal["depthUpdate"] | None = "depthUpdate"


# ---- sockets, and what happens by the clock --------------------------------------------------------------------------


class TimedFault(Fault, frozen=True, kw_only=True):
    """Happens at `from_ms`, and then every `repeat_ms`."""

    repeat_ms: Annotated[int, msgspec.Meta(ge=10, le=10**12)] | None = None


class SocketFault(TimedFault, frozen=True, kw_only=True):
    """Strikes open sockets: by the clock, with a `frame` that they are about to get, or as they are opened."""

    on: Literal["time", "frame", "open"] = "time"
    route: Route | None = None
    stream: str | None = None
    event: str | None = None
    symbol: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on != "frame" and (self.event or self.symbol):
            raise ValueError(f'field \'{"event" if self.event else "symbol"}\': only with "on": "frame"')
        if self.on != "time" and self.repeat_ms:
            raise ValueError('field \'repeat_ms\': only with "on": "time"')


class SocketDropped(SocketFault, frozen=True, kw_only=True, tag="socket_dropped"):
    """The connection breaks off, without a close frame."""


class SocketHalfOpen(SocketFault, frozen=True, kw_only=True, tag="socket_half_open"):
    """Open, with no data, no pong and no reply from here on."""


class DayCut(SocketFault, frozen=True, kw_only=True, tag="day_cut"):
    """Closed as after 24 hours."""


class ListenKeyLost(TimedFault, frozen=True, kw_only=True, tag="listen_key_expired"):
    """The listenKey expires now; `announced`: with its event."""

    announced: bool = True


class ClockJump(TimedFault, frozen=True, kw_only=True, tag="clock_jump"):
    """The venue's request clock is off by `jump_ms` more, until `duration_ms` or `until_ms` is over."""

    jump_ms: Annotated[int, msgspec.Meta(ge=-(10**10), le=10**10)]


class Maintenance(TimedFault, frozen=True, kw_only=True, tag="maintenance"):
    """Sockets closed and every request refused (503, -1016), until `duration_ms` or `until_ms` is over."""


AnyFault: TypeAlias = Union[  # noqa: UP007 - msgspec reads it at run time, and it is long
    Unknown503, Unavailable503, Internal503, Overloaded503, Timeout1007, Unexpected1006, Internal500, Html403, Html404,
    Html502, RateLimit429, Ban418, DropConnection, HalfOpenRequest, DelayRequest, DelayAnswer, QueryLag,
    PositionLag,
    EventLost, EventDuplicated, EventDelayed, EventReordered, StreamSilent, DepthGap,
    SocketDropped, SocketHalfOpen, DayCut, ListenKeyLost, ClockJump, Maintenance,
]  # fmt: skip


KINDS = frozenset(str(fault.__struct_config__.tag) for fault in get_args(AnyFault))


def _delay(value: float | str) -> None:
    try:
        read_distribution(value)
    except ValueError as error:
        raise ValueError(f"field 'ms': {error}") from None


class FaultPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole plan.

    Attributes:
        seed: Of every fault's own generator; the same plan meets the same requests and events in the same way.
        faults: In order; where several strike one thing, the first has its way.
        latency: As `latency` reads it; only in the file a session starts with.
    """

    seed: Annotated[int, msgspec.Meta(ge=0)] = 1
    faults: tuple[AnyFault, ...] = ()
    latency: str = ""

    @property
    def delays(self) -> Latency:
        """The plan's latency."""
        return read_latency(self.latency) if self.latency else NO_LATENCY


def read_plan(data: bytes) -> FaultPlan:
    """Read a plan from JSON.

    Raises:
        PlanError: It is none; the text names the fault (by its place, from 0) and the field.
    """
    try:
        plan = msgspec.json.decode(data, type=FaultPlan)
        read_latency(plan.latency)
    except msgspec.ValidationError as error:
        raise PlanError(_where(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlanError(f"not JSON: {error}") from None
    except ValueError as error:
        raise PlanError(f"field 'latency': {error}") from None
    return plan


def read_plan_file(path: Path) -> FaultPlan:
    """Read a plan from a file.

    Raises:
        UserError: The file cannot be read, or it is no plan.
    """
    try:
        return read_plan(path.read_bytes())
    except OSError as error:
        raise UserError(f"the fault file {path} cannot be read ({error.strerror}): name another one.") from None
    except PlanError as error:
        raise UserError(f"{path.name}: {error}.") from None


def _where(message: str) -> str:
    """Turn msgspec's `what - at `$.faults[3].every`` into words."""
    what, _, place = message.partition(" - at `$")
    place = place.rstrip("`").removeprefix(".")
    entry, _, field = place.partition("].")
    if field == "kind":
        what += ", choose " + ", ".join(sorted(KINDS))
    if entry.startswith("faults["):
        number = entry.removeprefix("faults[").rstrip("]")
        return f"fault {number}, field '{field}': {what}" if field else f"fault {number}: {what}"
    return f"field '{place}': {what}" if place else what


def plain(fault: Fault) -> dict[str, Any]:
    """Return a fault as the plan writes it, defaults included."""
    fields: dict[str, Any] = msgspec.to_builtins(fault)
    return {name: value for name, value in fields.items() if value is not None}
