"""What the session bar, the status bar and the banners show: one frozen picture a frame."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trader_gui.domain.account import Position
from trader_gui.domain.step import EngineMode, Route
from trader_gui.models.protection import EngineWatch, Protection, ProtectionKind
from trader_gui.models.reconciliation import Row
from trader_gui.rt_trader.provenance import Told


class FeedKind(StrEnum):
    """What the feed cell says of the market data."""

    WAITING = "waiting"
    FRESH = "fresh"
    STALE = "stale"
    OFFLINE = "offline"


@dataclass(frozen=True)
class RouteState:
    """One stream as shown.

    Attributes:
        age_s: Of the last message, rounded to tenths; None before the first.
        alive_s: Of the last sign of life, rounded to tenths; None before the first.
        detail: Why it is as it is, a code.
        since_s: For how long it has been so, whole seconds; None from the start.
        replaced, reason: How often a socket took another's place, and why the last time.
        losses: Connections lost lately, one after another.
    """

    kind: FeedKind
    age_s: float | None = None
    detail: str = ""
    alive_s: float | None = None
    since_s: int | None = None
    replaced: int = 0
    reason: str = ""
    losses: int = 0


@dataclass(frozen=True)
class PriceState:
    """Prices as shown; `change_span_ms` says over how long the change is counted."""

    last_price: Decimal | None = None
    change_fraction: float | None = None
    change_span_ms: int = 0
    mark_price: Decimal | None = None
    funding_fraction: Decimal | None = None
    funding_in_s: int | None = None


@dataclass(frozen=True)
class MoneyState:
    """The account in the margin asset; None is unknown. `today` counts from midnight UTC, unrealised included."""

    wallet_balance: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    equity: Decimal | None = None
    today: Decimal | None = None


@dataclass(frozen=True)
class ServiceState:
    """The connection's side figures, milliseconds and counts as shown.

    Attributes:
        clock_age_min: Whole minutes since the offset was measured.
        banned_until_ms: End of the exchange's ban of this address, None when there is none.
        paused_s: Whole seconds for which the exchange wants to be asked nothing, 0 mostly.
        journal_failure: Why the journal cannot be written, "" while it is ok.
        journal_failed_since_ms: Since when, wall clock, UTC.
    """

    rest_latency_ms: int | None = None
    clock_offset_ms: int | None = None
    clock_age_min: int | None = None
    banned_until_ms: int | None = None
    paused_s: int = 0
    weight_used: int | None = None
    weight_limit: int = 0
    orders_used: int | None = None
    orders_limit: int = 0
    journal_ok: bool = True
    journal_failure: str = ""
    journal_failed_since_ms: int | None = None


STREAMS = (Route.MARKET, Route.PUBLIC, Route.PRIVATE)


@dataclass(frozen=True)
class DeadManState:
    """The dead man's switch as shown.

    Attributes:
        mode: `off`, `engine` or `all`.
        left_s: Whole seconds until the exchange would cancel the entries; None while no countdown runs.
        failure: Why it could not be set, "" when it could.
    """

    mode: str = "off"
    left_s: int | None = None
    failure: str = ""


class AccountKind(StrEnum):
    """What the account cell says: whether the exchange shows what is shown here."""

    UNCHECKED = "unchecked"
    CHECKING = "checking"
    CONFIRMED = "confirmed"
    OLD = "old"
    DIFFERS = "differs"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class AccountState:
    """How far the account on the screen is the account at the exchange.

    Attributes:
        age_s: Whole seconds since it was last confirmed, None before the first time.
        open_rows: How many rows differ, or did so without an explanation.
        worst: The first row that nothing explains, None when there is none.
        problem: Why the exchange could not be asked the last time, "" while it can.
        wallet: Where the balance of the margin asset comes from.
    """

    kind: AccountKind = AccountKind.UNCHECKED
    age_s: int | None = None
    open_rows: int = 0
    worst: Row | None = None
    problem: str = ""
    wallet: Told | None = None


_NOT_YET_KNOWN = Protection(ProtectionKind.UNKNOWN)


_NO_WATCH = EngineWatch()


_NO_SWITCH = DeadManState()


_WAITING = RouteState(FeedKind.WAITING)


_NO_PRICE = PriceState()


_NO_MONEY = MoneyState()


_NO_SERVICE = ServiceState()


_UNCHECKED = AccountState()


@dataclass(frozen=True)
class SessionState:
    """One picture of the session; two equal states look the same.

    Attributes:
        phase, failure, halt_reason, differences, is_hedge: As in the session's status.
        legs: The symbol's positions; at most one in one-way mode.
        feed, user_stream: The worse of the two market routes, and the private one.
        streams: Each route.
        disturbance: Code of what befell this machine lately, "" for nothing.
        armed_left_s: Whole seconds until the engine disarms by itself; None when not armed or without an end.
        venue_time_s: Market time of the last message, whole seconds UTC, 0 before the first.
    """

    phase: str = "starting"
    failure: str = ""
    loading_done: int = 0
    loading_total: int = 0
    mode: EngineMode = EngineMode.HALTED
    armed_left_s: int | None = None
    halt_reason: str = ""
    protection: Protection = _NOT_YET_KNOWN
    watch: EngineWatch = _NO_WATCH
    dead_man: DeadManState = _NO_SWITCH
    feed: RouteState = _WAITING
    user_stream: RouteState = _WAITING
    streams: tuple[tuple[Route, RouteState], ...] = tuple((route, _WAITING) for route in STREAMS)
    disturbance: str = ""
    price: PriceState = _NO_PRICE
    money: MoneyState = _NO_MONEY
    service: ServiceState = _NO_SERVICE
    account: AccountState = _UNCHECKED
    legs: tuple[Position, ...] = ()
    is_hedge: bool = False
    differences: tuple[str, ...] = ()
    data_ended: bool = False
    venue_time_s: int = 0

    @property
    def position(self) -> Position | None:
        """The symbol's position, in hedge mode the first of its legs; None when flat."""
        return self.legs[0] if self.legs else None
