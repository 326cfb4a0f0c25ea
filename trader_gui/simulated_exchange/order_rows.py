"""From a request to the row of the order that it becomes.

The venue writes an order's amounts in the symbol's decimals, however the client wrote them: a quantity of 0.01 or
0.0100 at a step of 0.001 is 0.010. Prices have the tick's decimals without needless zeros, as all prices here.
"""

from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.algo_parameters import AlgoRequest
from trader_gui.simulated_exchange.parameters import OrderRequest
from trader_gui.simulated_exchange.records import AlgoRow, OrderRow, SymbolSpec


def _in_decimals_of(value: Decimal, increment: Decimal) -> Decimal:
    """Return a number with as many decimals as an increment needs; a finer one (a rest of a position) as it is."""
    written = round(value, max(0, -int(increment.normalize().as_tuple().exponent)))
    return written if written == value else value


def quantity_of(spec: SymbolSpec, quantity: Decimal) -> Decimal:
    """Return a quantity in the decimals of the symbol's step; 0 stays bare."""
    return _in_decimals_of(quantity, spec.step_size) if quantity else quantity


def price_of(spec: SymbolSpec, price: Decimal) -> Decimal:
    """Return a price in the decimals of the symbol's tick; 0 stays bare."""
    return _in_decimals_of(price, spec.tick_size) if price else price


def in_decimals(request: OrderRequest, spec: SymbolSpec) -> OrderRequest:
    """Return the request with its quantity and price in the symbol's decimals."""
    price = None if request.price is None else price_of(spec, request.price)
    return msgspec.structs.replace(request, quantity=quantity_of(spec, request.quantity), price=price)


def new_order(request: OrderRequest, order_id: int, now_ms: int) -> OrderRow:
    """Return a NEW order; without a client id of its own it gets one made of its id."""
    return OrderRow(
        order_id=order_id,
        client_order_id=request.client_order_id or f"web-{order_id}",
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        orig_qty=request.quantity,
        price=request.price or Decimal(0),
        status="NEW",
        reduce_only=request.reduce_only,
        time_ms=now_ms,
        update_time_ms=now_ms,
        good_till_date_ms=request.good_till_date_ms,
        orig_type=request.orig_type or request.order_type,
        close_position=request.close_position,
        stop_price=request.stop_price,
        working_type=request.working_type,
        position_side=request.position_side,
        price_match=request.price_match,
        stp_mode=request.stp_mode,
        price_protect=request.price_protect,
        activate_price=request.activate_price,
        callback_rate=request.callback_rate,
    )


def new_algo(request: AlgoRequest, spec: SymbolSpec, algo_id: int, now_ms: int) -> AlgoRow:
    """Return a NEW conditional order; without a client id of its own it gets one made of its id."""
    return AlgoRow(
        algo_id=algo_id,
        client_algo_id=request.client_algo_id or f"web-algo-{algo_id}",
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        quantity=quantity_of(spec, request.quantity),
        trigger_price=price_of(spec, request.trigger_price),
        price=price_of(spec, request.price),
        working_type=request.working_type,
        close_position=request.close_position,
        price_protect=request.price_protect,
        reduce_only=request.reduce_only,
        algo_status="NEW",
        create_time_ms=now_ms,
        update_time_ms=now_ms,
        position_side=request.position_side,
        price_match=request.price_match,
        stp_mode=request.stp_mode,
        good_till_date_ms=request.good_till_date_ms,
        activate_price=None if request.activate_price is None else price_of(spec, request.activate_price),
        callback_rate=request.callback_rate,
    )
