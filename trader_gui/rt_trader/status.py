"""What a session knows about itself: connections, budget, clock, engine. Updated in place on the loop's thread."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from trader_gui.domain.step import Route
from trader_gui.exchange.port import CommissionRate, IncomeRow, LeverageBracket
from trader_gui.orders.reconcile import Row, RowKey
from trader_gui.rt_trader.provenance import Told


@dataclass(slots=True)
class RouteStatus:
    """One route of streams. Times are monotonic ns, 0 before the first; reasons are as `StreamStatus.detail`.

    Attributes:
        is_fresh: Connected, alive, and heard of as the route demands (see `Freshness`).
        last_received_ns: Of the last item.
        alive_ns: Of the last proof that the other end is there, a frame or a pong.
        detail: `connected`, or why it is not; a code of our own while it is held stale although it is connected.
        connected_since_ns, fresh_since_ns: Since when `is_connected` and `is_fresh` are what they are.
        replaced: How often a socket was opened in another's place.
        reason: Why the last time.
        losses: Connections lost, each within a minute of the one before.
        lost_ns: Of the last loss.
    """

    is_connected: bool = False
    is_fresh: bool = False
    last_received_ns: int = 0
    alive_ns: int = 0
    detail: str = ""
    connected_since_ns: int = 0
    fresh_since_ns: int = 0
    replaced: int = 0
    reason: str = ""
    losses: int = 0
    lost_ns: int = 0


@dataclass(slots=True)
class DeadManStatus:
    """The dead man's switch: the venue's countdowns that cancel a symbol's orders of the book.

    Attributes:
        mode: `off`, `engine` or `all`: for whose entries it is.
        until_ns: Monotonic; when the first of them is over unless it is renewed; None while none runs.
        failure: Why one could not be set, "" when all could.
    """

    mode: str = "off"
    until_ns: int | None = None
    failure: str = ""


@dataclass(slots=True)
class Reconciliation:
    """What is known of how far the account on the screen is the account at the venue. Times are monotonic ns.

    Attributes:
        is_running: It is looked at again and again; not where the exchange waits for the session.
        is_looking: Just now.
        confirmed_ns: When the venue last showed everything as it is known here, None before the first time.
        problem: Why it could not be asked the last time, "" while it can.
        rows: What was settled in the venue's favour, newest first, then every row of the last look.
        told: Where each row of the account comes from.
    """

    is_running: bool = False
    is_looking: bool = False
    confirmed_ns: int | None = None
    problem: str = ""
    rows: tuple[Row, ...] = ()
    told: Mapping[RowKey, Told] = field(default_factory=dict)

    @property
    def open_rows(self) -> int:
        """How many rows differ, or did so without an explanation."""
        return sum(row.state.is_open for row in self.rows)


class TradingTerms(NamedTuple):
    """What the account trades a symbol by, beside its leverage and margin type."""

    commission: CommissionRate
    brackets: tuple[LeverageBracket, ...]


@dataclass(slots=True)
class ShownStatus:
    """The symbol that the window shows, when it is not the session's own.

    Attributes:
        symbol: "" while it is the session's.
        routes: Of its own sockets; the account's route is the session's.
        terms: Of every other symbol that was shown or held in this session.
    """

    symbol: str = ""
    routes: dict[Route, RouteStatus] = field(
        default_factory=lambda: {route: RouteStatus() for route in (Route.MARKET, Route.PUBLIC)}
    )
    terms: dict[str, TradingTerms] = field(default_factory=dict)


@dataclass(slots=True)
class FundingStatus:
    """Funding as the venue lists it.

    Attributes:
        since_ms: From when on it was read, venue time; None before the first time.
        rows: What was paid and received.
        is_whole: Nothing is missing since then; False while an event, or a gap in the events, is not accounted for.
    """

    since_ms: int | None = None
    rows: tuple[IncomeRow, ...] = ()
    is_whole: bool = False


@dataclass(slots=True)
class SessionStatus:
    """One session's state, read by the window once a frame.

    Attributes:
        phase: `starting`, `running`, `stopping`, `ended` or `failed`.
        failure: One line when the session failed, "" otherwise.
        rest_latency_ms: Round trip of the last call.
        clock_offset_ms: Venue clock minus this machine's clock.
        clock_synced_ns: Monotonic time of its measurement, None before the first.
        weight_used, orders_used: Of the running minute, as far as known, with what is on its way.
        banned_until_ms: End of the venue's ban of this address, venue time; None when there is none.
        reads_paused_until_ns: Monotonic; until then the venue wants to be asked nothing. None when it does not mind.
        armed_until_ns: Monotonic; None when not armed or armed without an end.
        halt_reason: Code of why the engine was halted by the program, "" when it was not.
        disturbance: Code of what befell this machine last (see `Disturbance`), "" for nothing.
        disturbed_ns: Monotonic time of it.
        venue_time_ms: Market time of the last message.
        differences: What journal and venue disagreed on at start, one line each.
        data_ended: The recorded data is over.
        day_start_equity: Wallet balance at midnight UTC, quote asset.
        dead_man: The dead man's switch.
        is_hedge: The account is in hedge mode; the engine trades in one-way mode only.
        journal_ok: Orders can be brought to the disk; without it none is sent.
        journal_failure: Why not, one line; "" while it is ok.
        journal_failed_since_ms: Since when not, wall clock, UTC; None while it is ok.
        reconciliation: The account held against the venue.
        commission, brackets: Of the session's symbol.
        shown: The symbol that the window shows.
        funding: What the positions held now have paid and received.
    """

    phase: str = "starting"
    failure: str = ""
    loading_done: int = 0
    loading_total: int = 0
    routes: dict[Route, RouteStatus] = field(default_factory=lambda: {route: RouteStatus() for route in Route})
    rest_latency_ms: float | None = None
    clock_offset_ms: float | None = None
    clock_synced_ns: int | None = None
    weight_used: int | None = None
    weight_limit: int = 2400
    orders_used: int | None = None
    orders_limit: int = 1200
    banned_until_ms: int | None = None
    reads_paused_until_ns: int | None = None
    armed_until_ns: int | None = None
    halt_reason: str = ""
    disturbance: str = ""
    disturbed_ns: int = 0
    venue_time_ms: int = 0
    differences: tuple[str, ...] = ()
    data_ended: bool = False
    commission: CommissionRate | None = None
    brackets: tuple[LeverageBracket, ...] = ()
    day_start_equity: Decimal | None = None
    journal_ok: bool = True
    dead_man: DeadManStatus = field(default_factory=DeadManStatus)
    is_hedge: bool = False
    journal_failure: str = ""
    journal_failed_since_ms: int | None = None
    reconciliation: Reconciliation = field(default_factory=Reconciliation)
    shown: ShownStatus = field(default_factory=ShownStatus)
    funding: FundingStatus = field(default_factory=FundingStatus)
