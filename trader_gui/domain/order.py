"""Records of an order's road: OrderIntent -> ApprovedOrder -> Order -> OrderUpdate, Fill."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from trader_gui.domain.exit_level import ExitLevel


class Side(StrEnum):
    """Side of an order."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class PositionSide(StrEnum):
    """The leg of a symbol that an order or position belongs to: BOTH in one-way mode, LONG or SHORT in hedge mode."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"

    def is_closed_by(self, side: Side) -> bool:
        """True when orders of `side` can only make this leg smaller; never of BOTH, which has no direction."""
        return (self, side) in _CLOSING


_CLOSING = frozenset({(PositionSide.LONG, Side.SELL), (PositionSide.SHORT, Side.BUY)})


class OrderType(StrEnum):
    """Order types; all but LIMIT and MARKET are conditional and belong to the venue's Algo service."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"
    LIQUIDATION = "LIQUIDATION"

    @property
    def is_conditional(self) -> bool:
        """True for the types that the Algo service takes."""
        return self not in (OrderType.LIMIT, OrderType.MARKET, OrderType.LIQUIDATION)

    @property
    def has_limit_price(self) -> bool:
        """True for the types whose order stands in the book at a price."""
        return self in (OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT)


class TimeInForce(StrEnum):
    """How long an order lives; GTX is post-only."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTD = "GTD"


class WorkingType(StrEnum):
    """The price that a trigger looks at."""

    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


class PriceMatch(StrEnum):
    """The level of the book that the venue takes a limit price from: of the other side, or of the order's own.

    The venue has switched OPPONENT_10 and OPPONENT_20 off since 2025-10; orders by them are refused there.
    """

    OPPONENT = "OPPONENT"
    OPPONENT_5 = "OPPONENT_5"
    OPPONENT_10 = "OPPONENT_10"
    OPPONENT_20 = "OPPONENT_20"
    QUEUE = "QUEUE"
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"


class OrderFamily(StrEnum):
    """The venue keeps two families of orders, with ids, lists and cancels of their own."""

    BOOK = "BOOK"
    ALGO = "ALGO"


class OrderStatus(StrEnum):
    """Where an order stands. The last two are ours: they say what the venue has not said yet.

    NEW .. REJECTED are the venue's words for orders of the book; TRIGGERING .. FINISHED those of the Algo service.
    SENT: on its way, no answer yet. UNKNOWN: the answer never came or says "maybe"; resolved by asking.
    """

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
    REJECTED = "REJECTED"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"

    @property
    def is_terminal(self) -> bool:
        """True when nothing more can happen to the order."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.EXPIRED_IN_MATCH,
        OrderStatus.REJECTED,
        OrderStatus.FINISHED,
    }
)


class Purpose(StrEnum):
    """What an order is for. The gate lets one order at a time be in flight per symbol and purpose."""

    ENTRY = "ENTRY"
    EXIT = "EXIT"
    PROTECTION = "PROTECTION"


class Origin(StrEnum):
    """Who asked for an order; OTHER is a program or person outside this one."""

    ENGINE = "ENGINE"
    HAND = "HAND"
    OTHER = "OTHER"


class OrderIntent(msgspec.Struct, frozen=True):
    """A wish for an order, made by the decision or by hand. Only the risk gate turns it into an order.

    Attributes:
        quantity: Base asset, > 0; None only with `close_position`.
        price: Limit price; None for market types, and with `price_match`.
        trigger_price: For conditional types only; None for a trailing stop.
        close_position: The venue closes whatever is there (STOP_MARKET, TAKE_PROFIT_MARKET only).
        reason: Code of why it is wanted (`entry_long`, `stop_loss`, `by_hand`, ...), never a sentence.
        wanted_time_ms: Event time of the message that led to it.
        reduce_only: It is to reduce and nothing else. In hedge mode the leg sees to it, and the venue is not told so.
        position_side: Which leg; the gate fills it in, a wish that names another one is refused.
        good_till_ms: When the venue cancels a GTD order, a whole second; None for any other.
        price_match: Where the venue takes the limit price from; limit types only.
        price_protect: A trigger is not acted on while mark and last price lie far apart; conditional types only.
        callback_fraction: How far a trailing stop follows (0.01 is 1 %).
        activation_price: From where on a trailing stop follows; None is at once.
        stop, target: Exits that are to rest at the venue once it has filled; of an opening order only.
        bracket: Client order id of the entry whose exit it is; "" for none.
    """

    symbol: str
    side: Side
    order_type: OrderType
    purpose: Purpose
    origin: Origin
    reason: str
    wanted_time_ms: int
    quantity: Decimal | None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    reduce_only: bool = False
    close_position: bool = False
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    position_side: PositionSide = PositionSide.BOTH
    good_till_ms: int | None = None
    price_match: PriceMatch | None = None
    price_protect: bool = False
    callback_fraction: Decimal | None = None
    activation_price: Decimal | None = None
    stop: ExitLevel | None = None
    target: ExitLevel | None = None
    bracket: str = ""

    @property
    def is_reducing(self) -> bool:
        """True when the order can only make a position smaller."""
        return self.reduce_only or self.close_position or self.position_side.is_closed_by(self.side)

    @property
    def has_exits(self) -> bool:
        """True for the entry of a bracket."""
        return self.stop is not None or self.target is not None


class CancelIntent(msgspec.Struct, frozen=True):
    """A wish to cancel one order."""

    symbol: str
    client_order_id: str
    order_family: OrderFamily
    origin: Origin
    reason: str
    wanted_time_ms: int


class AmendIntent(msgspec.Struct, frozen=True):
    """A wish to give an open limit order another price or size, in place; it loses its place in the queue.

    Attributes:
        price: None leaves it; the gate fills in what is left.
        quantity: New total, what is executed already included, base asset; None leaves it.
    """

    symbol: str
    client_order_id: str
    origin: Origin
    reason: str
    wanted_time_ms: int
    price: Decimal | None = None
    quantity: Decimal | None = None


class Order(msgspec.Struct, frozen=True, gc=False):  # kept by the thousand, and never part of a cycle
    """An order as far as it is known.

    Attributes:
        order_id: `orderId`, or `algoId` for the ALGO family; None until the venue has told it.
        triggered_order_id: For a triggered conditional order: id of the order of the book that came of it.
        executed_quantity, average_price: 0 until filled.
        origin, purpose: Told by the client order id for our own; OTHER / None for foreign orders.
        reject_reason: The venue's or the gate's words for REJECTED and EXPIRED, "" otherwise.
        price_protect: As in `OrderIntent`.
        is_activated: A trailing stop follows the price, so that it limits a loss; False also while nobody has told.
    """

    symbol: str
    client_order_id: str
    order_family: OrderFamily
    side: Side
    order_type: OrderType
    status: OrderStatus
    quantity: Decimal
    price: Decimal
    trigger_price: Decimal
    executed_quantity: Decimal
    average_price: Decimal
    time_in_force: TimeInForce | None
    reduce_only: bool
    close_position: bool
    working_type: WorkingType
    update_time_ms: int
    order_id: int | None = None
    triggered_order_id: int | None = None
    origin: Origin = Origin.OTHER
    purpose: Purpose | None = None
    reject_reason: str = ""
    position_side: PositionSide = PositionSide.BOTH
    price_protect: bool = False
    is_activated: bool = False

    @property
    def remaining_quantity(self) -> Decimal:
        """Base asset still open."""
        return self.quantity - self.executed_quantity

    @property
    def is_reducing(self) -> bool:
        """True when the order can only make a position smaller; the venue's flags do not tell that of legs."""
        return self.reduce_only or self.close_position or self.position_side.is_closed_by(self.side)


class PastOrder(msgspec.Struct, frozen=True, gc=False):
    """An order and when it was placed, which is the time that histories go by.

    Attributes:
        is_told: The venue told that time; False: it is the first that this program knows of the order.
    """

    order: Order
    placed_time_ms: int
    is_told: bool = True


class Fill(msgspec.Struct, frozen=True, gc=False):  # as `Order`
    """One own execution; (symbol, trade_id) is its identity.

    Attributes:
        commission: > 0 is paid, in `commission_asset`.
        realized_pnl: Quote asset, before commission.
    """

    symbol: str
    trade_id: int
    order_id: int
    client_order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    realized_pnl: Decimal
    is_maker: bool
    trade_time_ms: int
    position_side: PositionSide = PositionSide.BOTH


class FillHistory(msgspec.Struct, frozen=True):
    """Own executions of a symbol as the venue lists them, those of foreign orders too, oldest first.

    With it, every execution up to `newest_trade_id` is known (0: there is none); older ones that the receiver knows
    already may be left out.
    """

    symbol: str
    fills: tuple[Fill, ...]
    newest_trade_id: int


class OrdersInDoubt(msgspec.Struct, frozen=True):
    """Orders of ours, sent before this session, of which the end was never heard and which the venue does not list."""

    orders: tuple[Order, ...]


class OrderUpdate(msgspec.Struct, frozen=True):
    """An order event of the user stream (both families), with the fill when it was one.

    Attributes:
        execution_type: The venue's `x` (NEW, TRADE, CANCELED, EXPIRED, AMENDMENT, CALCULATED), or "ALGO".
        expiry_reason: The venue's `er` digit, or `rm` of an algo order; "" when none.
        is_asked: The session asked for it, since the stream had not told it.
    """

    order: Order
    execution_type: str
    fill: Fill | None
    event_time_ms: int
    transaction_time_ms: int
    expiry_reason: str = ""
    is_asked: bool = False


class OutcomeKind(StrEnum):
    """What became of a request to the venue."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class OrderOutcome(msgspec.Struct, frozen=True):
    """The answer to one order, cancel or amendment that this program sent, or to a question about an order.

    Made by the order manager, fed to `Callback.step`.

    Attributes:
        order: With ACCEPTED, the order as the answer told it.
        is_cancel: The request was a cancel of `client_order_id`.
        is_amend: The request was an amendment of it.
        error_code: The venue's code with REFUSED and UNKNOWN, when it gave one.
        event_time_ms: Event time of the message being worked on when the answer came (never a clock's).
        retry_after_ms: With REFUSED: for how long nothing of the kind can be sent, 0 when nothing bars it.
        is_asked: The answer to a question about the order, not to the request itself.
    """

    client_order_id: str
    kind: OutcomeKind
    is_cancel: bool
    event_time_ms: int
    order: Order | None = None
    error_code: int | None = None
    error_message: str = ""
    retry_after_ms: int = 0
    is_asked: bool = False
    is_amend: bool = False
