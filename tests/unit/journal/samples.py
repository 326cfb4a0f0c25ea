"""Hand-made orders, steps and messages for the journal's tests."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from trader_gui.domain.account import AccountSnapshot, AccountUpdate, Balance, Position
from trader_gui.domain.client_order_id import make_client_order_id
from trader_gui.domain.market import Kline
from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    Fill,
    Order,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    OutcomeKind,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import (
    _GATE_KEY,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Condition,
    Evaluation,
    Message,
    Refusal,
    RuleGroup,
    Step,
)

PREFIX = "TTEST"


def intent(number: int = 1, *, order_type: OrderType = OrderType.LIMIT) -> OrderIntent:
    return OrderIntent(
        symbol="BTCUSDT",
        side=Side.BUY,
        order_type=order_type,
        purpose=Purpose.ENTRY,
        origin=Origin.ENGINE,
        reason="entry_long",
        wanted_time_ms=1_000 + number,
        quantity=Decimal("0.010"),
        price=Decimal("23847.40"),
        time_in_force=TimeInForce.GTC,
    )


def approved(number: int = 1, *, prefix: str = PREFIX, order_type: OrderType = OrderType.LIMIT) -> ApprovedOrder:
    wish = intent(number, order_type=order_type)
    client_order_id = make_client_order_id(prefix, wish.origin, wish.purpose, number)
    return ApprovedOrder(wish, client_order_id, gate_key=_GATE_KEY)


def approved_amend(number: int = 1, price: str = "23800.00") -> ApprovedAmend:
    amended = replace(intent(number), price=Decimal(price))
    client_order_id = approved(number).client_order_id
    wish = AmendIntent("BTCUSDT", client_order_id, Origin.ENGINE, "by_hand", 2_600, amended.price, amended.quantity)
    return ApprovedAmend(wish, amended, gate_key=_GATE_KEY)


def order(
    number: int, status: OrderStatus, *, executed: str = "0", family: OrderFamily = OrderFamily.BOOK, **more: Any
) -> Order:
    told = Order(
        symbol="BTCUSDT",
        client_order_id=approved(number).client_order_id,
        order_family=family,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        status=status,
        quantity=Decimal("0.010"),
        price=Decimal("23847.40"),
        trigger_price=Decimal(0),
        executed_quantity=Decimal(executed),
        average_price=Decimal(0),
        time_in_force=TimeInForce.GTC,
        reduce_only=False,
        close_position=False,
        working_type=WorkingType.CONTRACT_PRICE,
        update_time_ms=2_000,
        order_id=9_007_199_254_740_993 + number,
        origin=Origin.ENGINE,
        purpose=Purpose.ENTRY,
    )
    return replace(told, **more)


def fill(trade_id: int, number: int = 1, quantity: str = "0.007") -> Fill:
    return Fill(
        symbol="BTCUSDT",
        trade_id=trade_id,
        order_id=9_007_199_254_740_993,
        client_order_id=approved(number).client_order_id,
        side=Side.BUY,
        price=Decimal("23847.40"),
        quantity=Decimal(quantity),
        commission=Decimal("0.03338636"),
        commission_asset="USDT",
        realized_pnl=Decimal(0),
        is_maker=True,
        trade_time_ms=3_000 + trade_id,
    )


def update(number: int, status: OrderStatus, *, trade: Fill | None = None, executed: str = "0") -> OrderUpdate:
    return OrderUpdate(order(number, status, executed=executed), "TRADE" if trade else "NEW", trade, 3_000, 3_000)


def outcome(number: int, kind: OutcomeKind, *, is_cancel: bool = False, names_order: bool = True) -> OrderOutcome:
    told = order(number, OrderStatus.NEW) if kind is OutcomeKind.ACCEPTED and names_order else None
    return OrderOutcome(approved(number).client_order_id, kind, is_cancel, 2_500, told)


def position(amount: str, symbol: str = "BTCUSDT") -> Position:
    return Position(symbol, Decimal(amount), Decimal("23847.4"), Decimal("0.5"))


def account_update(amount: str, wallet: str = "9999.97", *, time_ms: int = 4_000) -> AccountUpdate:
    balance = Balance("USDT", Decimal(wallet), Decimal(wallet))
    return AccountUpdate("ORDER", (balance,), (Decimal(0),), (position(amount),), time_ms, time_ms)


def snapshot(*open_orders: Order, amount: str = "0", taken_ms: int = 1_000) -> AccountSnapshot:
    positions = (position(amount),) if Decimal(amount) else ()
    return AccountSnapshot((Balance("USDT", Decimal(10_000), Decimal(10_000)),), positions, open_orders, taken_ms)


def kline(*, is_closed: bool = False) -> Kline:
    one = Decimal(1)
    return Kline("BTCUSDT", "1m", 0, 59_999, one, one, one, one, one, one, one, 1, is_closed, 500)


def message_step(sequence: int, message: Message) -> Step:
    return Step(sequence=sequence, message=message, event_time_ms=getattr(message, "event_time_ms", 0) or 1_000)


def cancel_step(sequence: int, number: int, family: OrderFamily = OrderFamily.BOOK) -> Step:
    """Return a step in which a cancel of an order was approved."""
    wish = CancelIntent("BTCUSDT", approved(number).client_order_id, family, Origin.ENGINE, "entry_unfilled", 2_400)
    return Step(sequence, None, 2_400, wished=(wish,), approved=(ApprovedCancel(wish, gate_key=_GATE_KEY),))


def evaluation_step(sequence: int, truth: bool, reading: float, *, wish: bool = False, is_closed: bool = False) -> Step:
    condition = Condition("price > upper_inner", truth, reading, 100.0)
    wanted = intent(sequence) if wish else None
    return Step(
        sequence=sequence,
        message=kline(is_closed=is_closed),
        event_time_ms=500 + sequence,
        conditions=(condition,),
        evaluation=Evaluation((RuleGroup("enter_long", True, (condition,)),), wanted, "hold"),
        wished=(wanted,) if wanted else (),
        refusals=(Refusal("order_in_flight", "1", Decimal("0.1")),) if wanted else (),
    )
