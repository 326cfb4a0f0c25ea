"""From a request to the row of the order that it becomes."""

from decimal import Decimal

from trader_gui.simulated_exchange.algo_parameters import AlgoRequest
from trader_gui.simulated_exchange.parameters import OrderRequest
from trader_gui.simulated_exchange.records import AlgoRow, OrderRow


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


def new_algo(request: AlgoRequest, algo_id: int, now_ms: int) -> AlgoRow:
    """Return a NEW conditional order; without a client id of its own it gets one made of its id."""
    return AlgoRow(
        algo_id=algo_id,
        client_algo_id=request.client_algo_id or f"web-algo-{algo_id}",
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        quantity=request.quantity,
        trigger_price=request.trigger_price,
        price=request.price,
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
        activate_price=request.activate_price,
        callback_rate=request.callback_rate,
    )
