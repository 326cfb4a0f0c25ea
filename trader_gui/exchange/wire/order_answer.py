"""Bodies of order answers to `Order`: of the book and of the Algo service, alone and in lists."""

from decimal import Decimal

import msgspec
from msgspec import field

from trader_gui.domain.order import Order, OrderFamily, OrderType, PastOrder, PositionSide, Side
from trader_gui.exchange.port import OrderName
from trader_gui.exchange.wire import words
from trader_gui.exchange.wire.answer import Body


class _OrderRow(msgspec.Struct):
    """POST, PUT and DELETE answer without `avgPrice`, GET without `cumQty`; neither is needed."""

    symbol: str
    side: Side
    price: Decimal
    status: str
    order_id: int = field(name="orderId")
    client_order_id: str = field(name="clientOrderId")
    order_type: OrderType = field(name="type")
    quantity: Decimal = field(name="origQty")
    executed_quantity: Decimal = field(name="executedQty")
    average_price: str | None = field(name="avgPrice", default=None)
    time_in_force: str | None = field(name="timeInForce", default=None)
    reduce_only: bool = field(name="reduceOnly", default=False)
    close_position: bool = field(name="closePosition", default=False)
    trigger_price: str | None = field(name="stopPrice", default=None)
    working_type: str | None = field(name="workingType", default=None)
    update_time_ms: int = field(name="updateTime", default=0)
    placed_time_ms: int = field(name="time", default=0)
    position_side: PositionSide = field(name="positionSide", default=PositionSide.BOTH)


class _AlgoRow(msgspec.Struct):
    """`actualOrderId` and what follows it appear in queries only."""

    symbol: str
    side: Side
    algo_id: int = field(name="algoId")
    client_order_id: str = field(name="clientAlgoId")
    order_type: OrderType = field(name="orderType")
    status: str = field(name="algoStatus")
    quantity: str | None = None
    price: str | None = None
    trigger_price: str | None = field(name="triggerPrice", default=None)
    triggered_order_id: str | None = field(name="actualOrderId", default=None)
    average_price: str | None = field(name="actualPrice", default=None)
    executed_quantity: str | None = field(name="actualQty", default=None)
    time_in_force: str | None = field(name="timeInForce", default=None)
    reduce_only: bool = field(name="reduceOnly", default=False)
    close_position: bool = field(name="closePosition", default=False)
    working_type: str | None = field(name="workingType", default=None)
    update_time_ms: int = field(name="updateTime", default=0)
    placed_time_ms: int = field(name="createTime", default=0)
    position_side: PositionSide = field(name="positionSide", default=PositionSide.BOTH)
    price_protect: bool = field(name="priceProtect", default=False)
    activation_price: str | None = field(name="activatePrice", default=None)


class _OrderName(msgspec.Struct):
    """A row of a history: orders of others may have types and words that nothing here knows."""

    order_id: int = field(name="orderId")
    client_order_id: str = field(name="clientOrderId")


class _AlgoName(msgspec.Struct):
    client_order_id: str = field(name="clientAlgoId")
    triggered_order_id: str | None = field(name="actualOrderId", default=None)


_order: Body[_OrderRow] = Body("order", _OrderRow)
_orders: Body[tuple[_OrderRow, ...]] = Body("openOrders", tuple[_OrderRow, ...])
_algo: Body[_AlgoRow] = Body("algoOrder", _AlgoRow)
_order_names: Body[tuple[_OrderName, ...]] = Body("allOrders", tuple[_OrderName, ...])
_algo_names: Body[tuple[_AlgoName, ...]] = Body("allAlgoOrders", tuple[_AlgoName, ...])
_algos: Body[tuple[_AlgoRow, ...]] = Body("openAlgoOrders", tuple[_AlgoRow, ...])
_all_orders: Body[tuple[_OrderRow, ...]] = Body("allOrders", tuple[_OrderRow, ...])
_all_algos: Body[tuple[_AlgoRow, ...]] = Body("allAlgoOrders", tuple[_AlgoRow, ...])


def order(body: bytes, family: OrderFamily) -> Order:
    """`POST`, `GET` and `DELETE /fapi/v1/order`; `POST` and `GET /fapi/v1/algoOrder`."""
    return _from_algo(_algo.read(body)) if family is OrderFamily.ALGO else _from_book(_order.read(body))


def open_orders(body: bytes, family: OrderFamily) -> tuple[Order, ...]:
    """`GET /fapi/v1/openOrders` and `GET /fapi/v1/openAlgoOrders`."""
    if family is OrderFamily.ALGO:
        return tuple(_from_algo(row) for row in _algos.read(body))
    return tuple(_from_book(row) for row in _orders.read(body))


def past_orders(body: bytes, family: OrderFamily) -> tuple[PastOrder, ...]:
    """`GET /fapi/v1/allOrders` and `GET /fapi/v1/allAlgoOrders`."""
    if family is OrderFamily.ALGO:
        return tuple(PastOrder(_from_algo(row), row.placed_time_ms) for row in _all_algos.read(body))
    return tuple(PastOrder(_from_book(row), row.placed_time_ms) for row in _all_orders.read(body))


def order_names(body: bytes, family: OrderFamily) -> tuple[OrderName, ...]:
    """`GET /fapi/v1/allOrders` and `GET /fapi/v1/allAlgoOrders`."""
    if family is OrderFamily.ALGO:
        rows = _algo_names.read(body)
        return tuple(OrderName(words.order_id(row.triggered_order_id), row.client_order_id) for row in rows)
    return tuple(OrderName(row.order_id, row.client_order_id) for row in _order_names.read(body))


def _from_book(row: _OrderRow) -> Order:
    return Order(
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
        average_price=words.number(row.average_price),
        time_in_force=words.time_in_force(row.time_in_force),
        reduce_only=row.reduce_only,
        close_position=row.close_position,
        working_type=words.working_type(row.working_type),
        update_time_ms=row.update_time_ms,
        order_id=row.order_id,
        position_side=row.position_side,
    )


def _from_algo(row: _AlgoRow) -> Order:
    return Order(
        symbol=row.symbol,
        client_order_id=row.client_order_id,
        order_family=OrderFamily.ALGO,
        side=row.side,
        order_type=row.order_type,
        status=words.status(row.status),
        quantity=words.number(row.quantity),
        price=words.number(row.price),
        trigger_price=words.number(row.trigger_price),
        executed_quantity=words.number(row.executed_quantity),
        average_price=words.number(row.average_price),
        time_in_force=words.time_in_force(row.time_in_force),
        reduce_only=row.reduce_only,
        close_position=row.close_position,
        working_type=words.working_type(row.working_type),
        update_time_ms=row.update_time_ms,
        order_id=row.algo_id,
        triggered_order_id=words.order_id(row.triggered_order_id),
        position_side=row.position_side,
        price_protect=row.price_protect,
        is_activated=_is_activated(row),
    )


def _is_activated(row: _AlgoRow) -> bool:
    """Tell whether a trailing stop follows the price for sure.

    One without an activation price does from the beginning; of one that has it, and of a list that leaves it out,
    nothing is known here: the event tells.
    """
    is_trailing = row.order_type is OrderType.TRAILING_STOP_MARKET
    return is_trailing and row.activation_price is not None and not words.number(row.activation_price)
