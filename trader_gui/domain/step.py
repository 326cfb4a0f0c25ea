"""One message in, one `Step` out: what came, what held, what was wanted, what the gate said.

`Message` is everything that `Callback.step` takes; live, paper, replay and backtest differ only in who makes them.
"""

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

from trader_gui.domain.account import (
    AccountSnapshot,
    AccountUpdate,
    LeverageUpdate,
    MarginCall,
    PositionMode,
    SymbolConfig,
)
from trader_gui.domain.bracket import Bracket, BracketsLeft
from trader_gui.domain.market import AggTrade, BookTicker, DepthSnapshot, DepthUpdate, Kline, KlineHistory, MarkPrice
from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    FillHistory,
    OrderIntent,
    OrderOutcome,
    OrdersInDoubt,
    OrderUpdate,
)
from trader_gui.domain.protection import ProtectionFinding
from trader_gui.domain.symbol import RulesUpdate


class EngineMode(StrEnum):
    """What the gate lets the engine do. Hand orders are bound by the same gate but not by the mode.

    HALTED: nothing (at start, disarmed or tripped). REDUCING: exits and protection only. ACTIVE: armed.
    """

    HALTED = "HALTED"
    REDUCING = "REDUCING"
    ACTIVE = "ACTIVE"


class ModeChange(msgspec.Struct, frozen=True):
    """The engine was armed, disarmed or halted; `reason` is a code (`by_user`, `expired`, `stale_feed`, `bug`)."""

    mode: EngineMode
    reason: str
    event_time_ms: int


class EntryBlock(msgspec.Struct, frozen=True):
    """While the whole account is being closed nothing may be opened, by nobody."""

    is_on: bool
    event_time_ms: int


class Route(StrEnum):
    """The venue's classes of streams; each has its own socket and its own freshness."""

    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"


class FeedStatus(msgspec.Struct, frozen=True):
    """A route became fresh or went stale; the shell watches the clock, the gate only hears of it."""

    route: Route
    is_fresh: bool
    event_time_ms: int


class MarketState(StrEnum):
    """How the market of a symbol beside the session's own is watched.

    UNWATCHED: not at all. MARKS: for its mark price alone. STALE, FRESH: whole, with prices that are old or fresh.
    """

    UNWATCHED = "UNWATCHED"
    MARKS = "MARKS"
    STALE = "STALE"
    FRESH = "FRESH"


class SymbolStatus(msgspec.Struct, frozen=True):
    """The market of another symbol than the session's is watched from now on, became fresh, went stale, or is left."""

    symbol: str
    state: MarketState
    event_time_ms: int


class Tick(msgspec.Struct, frozen=True):
    """The session looked at its clock: what must be noticed in silence, too, is measured by it.

    Attributes:
        elapsed_ms: Real time since the session began, monotonic; a market that is played faster runs ahead of it.
        event_time_ms: Newest event time.
    """

    elapsed_ms: int
    event_time_ms: int


MarketMessage: TypeAlias = Kline | KlineHistory | MarkPrice | BookTicker | DepthUpdate | DepthSnapshot | AggTrade
UserMessage: TypeAlias = (
    OrderUpdate
    | AccountUpdate
    | AccountSnapshot
    | LeverageUpdate
    | MarginCall
    | PositionMode
    | SymbolConfig
    | FillHistory
    | OrdersInDoubt
    | BracketsLeft
)
LocalMessage: TypeAlias = OrderOutcome | ModeChange | EntryBlock | FeedStatus | SymbolStatus | RulesUpdate | Tick
Message: TypeAlias = MarketMessage | UserMessage | LocalMessage


class Condition(msgspec.Struct, frozen=True):
    """One named true / false value with the numbers that made it.

    Attributes:
        name: The name in code, never translated (`price > upper_inner`, `armed`, `pause over`).
        value: True or False; False while not ready.
        reading, limit: What was compared with what; None when it is no comparison. Floats for bands, or prices.
        text: Reading in words when it is no number (`long 0.010`), "" otherwise.
        ready: False while data is missing; `needs` then tells how many klines more.
    """

    name: str
    value: bool
    reading: float | None = None
    limit: float | None = None
    text: str = ""
    ready: bool = True
    needs: int = 0


class RuleGroup(msgspec.Struct, frozen=True):
    """Conditions that belong together: `needs_all` True for an AND group (entry), False for an OR group (exit).

    `name` is one of `enter_long`, `enter_short`, `exit_long`, `exit_short`.
    """

    name: str
    needs_all: bool
    conditions: tuple[Condition, ...]

    @property
    def value(self) -> bool:
        """Whether the group holds."""
        if self.needs_all:
            return all(c.value for c in self.conditions)
        return any(c.value for c in self.conditions)


class Evaluation(msgspec.Struct, frozen=True):
    """What the decision thought of one message.

    Attributes:
        groups: Exits first while in position, entries first while flat.
        wanted: The order or cancel that the rules ask for, before the gate; None is "hold".
        reason: Code of the outcome: `hold`, `entry_long`, `stop_loss`, `take_profit`, `back_under_outer`, ...
    """

    groups: tuple[RuleGroup, ...]
    wanted: OrderIntent | CancelIntent | None
    reason: str


class Refusal(msgspec.Struct, frozen=True):
    """Why the gate said no: a code (`order_in_flight`, `stale_feed`, `below_min_notional`) and its numbers as text."""

    code: str
    detail: str = ""
    nearest: Decimal | None = None
    """The nearest value that would pass, when there is one."""


_GATE_KEY = object()


class ApprovedOrder:
    """An order that passed the risk gate. Only `risk.gate` can make one; only `orders.manager` takes it.

    Attributes:
        intent: What was asked for, snapped to the symbol's filters.
        client_order_id: Unique in this installation; tells origin and purpose.
    """

    __slots__ = ("client_order_id", "intent")

    def __init__(self, intent: OrderIntent, client_order_id: str, *, gate_key: object) -> None:
        if gate_key is not _GATE_KEY:
            raise TypeError("an ApprovedOrder is made by the risk gate alone")
        self.intent = intent
        self.client_order_id = client_order_id

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ApprovedOrder)
            and other.intent == self.intent
            and other.client_order_id == self.client_order_id
        )

    def __hash__(self) -> int:
        return hash(self.client_order_id)

    def __repr__(self) -> str:
        return f"ApprovedOrder({self.intent!r}, {self.client_order_id!r})"


class ApprovedCancel:
    """A cancel that passed the risk gate; made and taken as `ApprovedOrder` is."""

    __slots__ = ("intent",)

    def __init__(self, intent: CancelIntent, *, gate_key: object) -> None:
        if gate_key is not _GATE_KEY:
            raise TypeError("an ApprovedCancel is made by the risk gate alone")
        self.intent = intent

    @property
    def client_order_id(self) -> str:
        """Of the order to be cancelled."""
        return self.intent.client_order_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApprovedCancel) and other.intent == self.intent

    def __hash__(self) -> int:
        return hash(self.intent)

    def __repr__(self) -> str:
        return f"ApprovedCancel({self.intent!r})"


class ApprovedAmend:
    """An amendment that passed the risk gate; made and taken as `ApprovedOrder` is.

    Attributes:
        intent: What was asked for, with the price and the quantity that the order is to have.
        amended: The order as it will be, its total quantity included.
    """

    __slots__ = ("amended", "intent")

    def __init__(self, intent: AmendIntent, amended: OrderIntent, *, gate_key: object) -> None:
        if gate_key is not _GATE_KEY:
            raise TypeError("an ApprovedAmend is made by the risk gate alone")
        self.intent = intent
        self.amended = amended

    @property
    def client_order_id(self) -> str:
        """Of the order to be amended."""
        return self.intent.client_order_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApprovedAmend) and (other.intent, other.amended) == (self.intent, self.amended)

    def __hash__(self) -> int:
        return hash(self.intent)

    def __repr__(self) -> str:
        return f"ApprovedAmend({self.intent!r}, {self.amended!r})"


Wish: TypeAlias = OrderIntent | CancelIntent | AmendIntent
"""What is put to the gate."""

Approved: TypeAlias = ApprovedOrder | ApprovedCancel | ApprovedAmend
"""What passed it, and must be sent."""


class Step(msgspec.Struct, frozen=True):
    """What one message, or one wish of the user, led to.

    Attributes:
        sequence: 1, 2, 3, ... in the session.
        message: What came in; None when the step began with a wish of the user.
        conditions: The named conditions of the strategy, when they were evaluated; () otherwise.
        evaluation: The decision's thought, when it was asked; None otherwise.
        wished: What was put to the gate in this step (by rules, protection policy or hand), in order.
        approved: What passed the gate and must now be sent, in order.
        refusals: One for each of `wished` that did not pass, in order.
        protection: What the watchdog of the engine's position found, when that is news.
        bracket_protection: What was found of the stops of brackets, the worst of it, when that is news.
        brackets: Those that have changed.
    """

    sequence: int
    message: Message | None
    event_time_ms: int
    conditions: tuple[Condition, ...] = ()
    evaluation: Evaluation | None = None
    wished: tuple[Wish, ...] = ()
    approved: tuple[Approved, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    protection: ProtectionFinding | None = None
    bracket_protection: ProtectionFinding | None = None
    brackets: tuple[Bracket, ...] = ()
