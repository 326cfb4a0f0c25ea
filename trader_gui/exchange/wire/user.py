"""Frames of the private route to records of `domain.order` and `domain.account`.

Source: the venue's pages on user data streams, as of 2026-11; the shapes of 2023 are read as well.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import field

from trader_gui.domain.account import AccountUpdate, Balance, LeverageUpdate, MarginCall, Position
from trader_gui.domain.order import Fill, Order, OrderFamily, OrderStatus, OrderType, OrderUpdate, PositionSide, Side
from trader_gui.domain.step import UserMessage
from trader_gui.exchange.wire import words

_WITH_REASON = frozenset({OrderStatus.REJECTED, OrderStatus.EXPIRED})


class _OrderRow(msgspec.Struct):
    symbol: str = field(name="s")
    client_order_id: str = field(name="c")
    side: Side = field(name="S")
    order_type: OrderType = field(name="o")
    quantity: Decimal = field(name="q")
    price: Decimal = field(name="p")
    average_price: Decimal = field(name="ap")
    execution_type: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    last_quantity: Decimal = field(name="l")
    executed_quantity: Decimal = field(name="z")
    last_price: Decimal = field(name="L")
    trade_time_ms: int = field(name="T")
    trade_id: int = field(name="t")
    is_maker: bool = field(name="m")
    reduce_only: bool = field(name="R")
    time_in_force: str | None = field(name="f", default=None)
    trigger_price: str | None = field(name="sp", default=None)
    commission_asset: str | None = field(name="N", default=None)
    commission: str | None = field(name="n", default=None)
    working_type: str | None = field(name="wt", default=None)
    close_position: bool = field(name="cp", default=False)
    realized_pnl: str | None = field(name="rp", default=None)
    expiry_reason: str | None = field(name="er", default=None)
    position_side: PositionSide = field(name="ps", default=PositionSide.BOTH)


class OrderTradeEvent(msgspec.Struct, tag_field="e", tag="ORDER_TRADE_UPDATE"):
    """An order of the book changed."""

    event_time_ms: int = field(name="E")
    transaction_time_ms: int = field(name="T")
    row: _OrderRow = field(name="o")


class _AlgoRow(msgspec.Struct):
    client_order_id: str = field(name="caid")
    algo_id: int = field(name="aid")
    order_type: OrderType = field(name="o")
    symbol: str = field(name="s")
    side: Side = field(name="S")
    status: str = field(name="X")
    quantity: str | None = field(name="q", default=None)
    triggered_order_id: str | None = field(name="ai", default=None)
    average_price: str | None = field(name="ap", default=None)
    executed_quantity: str | None = field(name="aq", default=None)
    trigger_price: str | None = field(name="tp", default=None)
    price: str | None = field(name="p", default=None)
    time_in_force: str | None = field(name="f", default=None)
    working_type: str | None = field(name="wt", default=None)
    close_position: bool = field(name="cp", default=False)
    reduce_only: bool = field(name="R", default=False)
    reason: str | None = field(name="rm", default=None)
    position_side: PositionSide = field(name="ps", default=PositionSide.BOTH)
    price_protect: bool = field(name="pP", default=False)
    is_activated: bool | None = field(name="ia", default=None)


class AlgoEvent(msgspec.Struct, tag_field="e", tag="ALGO_UPDATE"):
    """A conditional order changed; its child order has events of its own, with the same client id."""

    event_time_ms: int = field(name="E")
    transaction_time_ms: int = field(name="T")
    row: _AlgoRow = field(name="o")


class _BalanceRow(msgspec.Struct):
    asset: str = field(name="a")
    wallet_balance: Decimal = field(name="wb")
    cross_wallet_balance: Decimal = field(name="cw")
    balance_change: str | None = field(name="bc", default=None)


class _PositionRow(msgspec.Struct):
    symbol: str = field(name="s")
    position_amount: Decimal = field(name="pa")
    entry_price: Decimal = field(name="ep")
    break_even_price: str | None = field(name="bep", default=None)
    unrealized_pnl: str | None = field(name="up", default=None)
    margin_type: str | None = field(name="mt", default=None)
    isolated_wallet: str | None = field(name="iw", default=None)
    position_side: PositionSide = field(name="ps", default=PositionSide.BOTH)


class _AccountRows(msgspec.Struct):
    reason: str = field(name="m")
    balances: tuple[_BalanceRow, ...] = field(name="B", default=())
    positions: tuple[_PositionRow, ...] = field(name="P", default=())


class AccountEvent(msgspec.Struct, tag_field="e", tag="ACCOUNT_UPDATE"):
    """Balances and positions that changed."""

    event_time_ms: int = field(name="E")
    transaction_time_ms: int = field(name="T")
    rows: _AccountRows = field(name="a")


class _LeverageRow(msgspec.Struct):
    symbol: str = field(name="s")
    leverage: int = field(name="l")


class ConfigEvent(msgspec.Struct, tag_field="e", tag="ACCOUNT_CONFIG_UPDATE"):
    """Leverage changed (`ac`), or the multi-assets mode (`ai`), which this program does not follow."""

    event_time_ms: int = field(name="E")
    leverage: _LeverageRow | None = field(name="ac", default=None)


class _MarginCallRow(msgspec.Struct):
    symbol: str = field(name="s")


class MarginCallEvent(msgspec.Struct, tag_field="e", tag="MARGIN_CALL"):
    """Positions near liquidation."""

    event_time_ms: int = field(name="E")
    positions: tuple[_MarginCallRow, ...] = field(name="p", default=())


UserEvent = OrderTradeEvent | AlgoEvent | AccountEvent | ConfigEvent | MarginCallEvent


def _fill(row: _OrderRow) -> Fill | None:
    """Return the execution; None when the event is none, or names no trade (userTrades then tells it)."""
    if row.trade_id <= 0 or not row.last_quantity:
        return None
    return Fill(
        symbol=row.symbol,
        trade_id=row.trade_id,
        order_id=row.order_id,
        client_order_id=row.client_order_id,
        side=row.side,
        price=row.last_price,
        quantity=row.last_quantity,
        commission=words.number(row.commission),
        commission_asset=row.commission_asset or "",
        realized_pnl=words.number(row.realized_pnl),
        is_maker=row.is_maker,
        trade_time_ms=row.trade_time_ms,
        position_side=row.position_side,
    )


def _order_update(event: OrderTradeEvent) -> OrderUpdate:
    row = event.row
    order = Order(
        symbol=row.symbol,
        client_order_id=row.client_order_id,
        order_family=OrderFamily.BOOK,
        side=row.side,
        order_type=row.order_type,
        status=words.status(row.status),
        quantity=row.quantity,
        price=row.price,
        trigger_price=words.number(row.trigger_price),
        executed_quantity=row.executed_quantity,
        average_price=row.average_price,
        time_in_force=words.time_in_force(row.time_in_force),
        reduce_only=row.reduce_only,
        close_position=row.close_position,
        working_type=words.working_type(row.working_type),
        update_time_ms=event.transaction_time_ms,
        order_id=row.order_id,
        position_side=row.position_side,
    )
    return OrderUpdate(
        order=order,
        execution_type=row.execution_type,
        fill=_fill(row),
        event_time_ms=event.event_time_ms,
        transaction_time_ms=event.transaction_time_ms,
        expiry_reason="" if row.expiry_reason in (None, "0") else str(row.expiry_reason),
    )


def _algo_update(event: AlgoEvent) -> OrderUpdate:
    row = event.row
    status = words.status(row.status)
    reason = row.reason or ""
    order = Order(
        symbol=row.symbol,
        client_order_id=row.client_order_id,
        order_family=OrderFamily.ALGO,
        side=row.side,
        order_type=row.order_type,
        status=status,
        quantity=words.number(row.quantity),
        price=words.number(row.price),
        trigger_price=words.number(row.trigger_price),
        executed_quantity=words.number(row.executed_quantity),
        average_price=words.number(row.average_price),
        time_in_force=words.time_in_force(row.time_in_force),
        reduce_only=row.reduce_only,
        close_position=row.close_position,
        working_type=words.working_type(row.working_type),
        update_time_ms=event.transaction_time_ms,
        order_id=row.algo_id,
        triggered_order_id=words.order_id(row.triggered_order_id),
        reject_reason=reason if status in _WITH_REASON else "",
        position_side=row.position_side,
        price_protect=row.price_protect,
        is_activated=bool(row.is_activated),
    )
    return OrderUpdate(
        order=order,
        execution_type="ALGO",
        fill=None,
        event_time_ms=event.event_time_ms,
        transaction_time_ms=event.transaction_time_ms,
        expiry_reason=reason,
    )


def _position(row: _PositionRow, update_time_ms: int) -> Position:
    return Position(
        symbol=row.symbol,
        position_amount=row.position_amount,
        entry_price=row.entry_price,
        unrealized_pnl=words.number(row.unrealized_pnl),
        break_even_price=words.number(row.break_even_price) or None,
        isolated_wallet=words.number(row.isolated_wallet),
        margin_type=words.margin_type(row.margin_type),
        update_time_ms=update_time_ms,
        position_side=row.position_side,
    )


def _account_update(event: AccountEvent) -> AccountUpdate:
    rows = event.rows
    return AccountUpdate(
        reason=rows.reason,
        balances=tuple(Balance(b.asset, b.wallet_balance, b.cross_wallet_balance) for b in rows.balances),
        balance_changes=tuple(words.number(b.balance_change) for b in rows.balances),
        positions=tuple(_position(p, event.transaction_time_ms) for p in rows.positions),
        event_time_ms=event.event_time_ms,
        transaction_time_ms=event.transaction_time_ms,
    )


def _leverage_update(event: ConfigEvent) -> LeverageUpdate | None:
    if event.leverage is None:
        return None
    return LeverageUpdate(event.leverage.symbol, event.leverage.leverage, event.event_time_ms)


def _margin_call(event: MarginCallEvent) -> MarginCall:
    return MarginCall(tuple(p.symbol for p in event.positions), event.event_time_ms)


USER_RECORDS: dict[type[msgspec.Struct], Callable[[Any], UserMessage | None]] = {
    OrderTradeEvent: _order_update,
    AlgoEvent: _algo_update,
    AccountEvent: _account_update,
    ConfigEvent: _leverage_update,
    MarginCallEvent: _margin_call,
}
"""Maker of the record for each event; it returns None for an event that changes nothing for us."""
