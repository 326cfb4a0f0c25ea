"""Orders, conditional orders and own executions as the order endpoints answer them (5.5, 6.3)."""

from trader_gui.simulated_exchange.records import AlgoRow, AmendmentRow, OrderRow, TradeRow
from trader_gui.simulated_exchange.wire import Json, text
from trader_gui.simulated_exchange.wire_user import actual_order_id, average, optional

_NO_EXITS: Json = {
    "tpOrderType": "",
    "tpTriggerPrice": "0.000",
    "tpPrice": "0.000",
    "slTriggerPrice": "0.000",
    "slPrice": "0.000",
}


def order_reply(order: OrderRow) -> Json:
    """Return the reply of POST, PUT and DELETE order: without average price and quote sums, as since mid-2026."""
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_order_id,
        "price": text(order.price),
        "origQty": text(order.orig_qty),
        "executedQty": text(order.executed_qty),
        "cumQty": text(order.executed_qty),
        "timeInForce": order.time_in_force,
        "type": order.order_type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": text(order.stop_price),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "origType": order.orig_type or order.order_type,
        "priceMatch": order.price_match,
        "selfTradePreventionMode": order.stp_mode,
        "goodTillDate": order.good_till_date_ms,
        "updateTime": order.update_time_ms,
    }


def order_row(order: OrderRow) -> Json:
    """Return an order as the query endpoints give it."""
    row = order_reply(order)
    del row["cumQty"]
    row |= {"avgPrice": average(order.avg_price), "cumQuote": text(order.cum_quote), "time": order.time_ms}
    if order.callback_rate is not None:
        row |= {"activatePrice": optional(order.activate_price), "priceRate": text(order.callback_rate)}
    return row


def amended_reply(order: OrderRow, modify_id: int | None) -> Json:
    """Return the reply of PUT order."""
    reply = order_reply(order) | {"pair": order.symbol}
    if modify_id is not None:
        reply["modifyId"] = modify_id
    return reply


def amendment_row(row: AmendmentRow) -> Json:
    """Return a row of orderAmendment."""
    amendment: Json = {
        "price": {"before": text(row.price_before), "after": text(row.price_after)},
        "origQty": {"before": text(row.quantity_before), "after": text(row.quantity_after)},
        "count": row.count,
    }
    if row.modify_id is not None:
        amendment["modifyId"] = row.modify_id
    return {
        "amendmentId": row.amendment_id,
        "symbol": row.symbol,
        "pair": row.symbol,
        "orderId": row.order_id,
        "clientOrderId": row.client_order_id,
        "time": row.time_ms,
        "amendment": amendment,
    }


def acknowledged(order: OrderRow) -> Json:
    """Return the reply with newOrderRespType ACK: as accepted, whatever happened at once."""
    return order_reply(order) | {"status": "NEW", "executedQty": "0", "cumQty": "0"}


def algo_reply(algo: AlgoRow) -> Json:
    """Return the reply of POST algoOrder."""
    return {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.order_type,
        "symbol": algo.symbol,
        "side": algo.side,
        "positionSide": algo.position_side,
        "timeInForce": algo.time_in_force,
        "quantity": text(algo.quantity),
        "algoStatus": algo.algo_status,
        "triggerPrice": text(algo.trigger_price),
        "price": text(algo.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.stp_mode,
        "workingType": algo.working_type,
        "priceMatch": algo.price_match,
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        "activatePrice": optional(algo.activate_price),
        "callbackRate": optional(algo.callback_rate),
        "createTime": algo.create_time_ms,
        "updateTime": algo.update_time_ms,
        "triggerTime": algo.trigger_time_ms,
        "goodTillDate": algo.good_till_date_ms,
    }


def algo_row(algo: AlgoRow) -> Json:
    """Return a conditional order as the query endpoints give it, with the fields of orders that carry their own exits.

    There are no such orders any more, but their fields have stayed. Only a trailing order has `activatePrice` and
    `callbackRate` here: the venue's pages and models of the queries leave them out, its reply to the placing does not.
    """
    row = algo_reply(algo) | {"actualOrderId": actual_order_id(algo), "actualPrice": average(algo.actual_price)}
    if algo.callback_rate is None:
        del row["activatePrice"], row["callbackRate"]
    if algo.actual_order_id is not None:
        row |= {"actualType": algo.actual_type, "actualQty": text(algo.actual_qty)}
    return row | _NO_EXITS


def algo_cancel_reply(algo: AlgoRow) -> Json:
    """Return the reply of DELETE algoOrder; its code is a string, unlike anywhere else."""
    return {"algoId": algo.algo_id, "clientAlgoId": algo.client_algo_id, "code": "200", "msg": "success"}


def user_trade(trade: TradeRow) -> Json:
    """Return a row of userTrades; the commission is positive when paid."""
    return {
        "buyer": trade.side == "BUY",
        "commission": text(trade.commission),
        "commissionAsset": trade.commission_asset,
        "id": trade.trade_id,
        "maker": trade.is_maker,
        "orderId": trade.order_id,
        "price": text(trade.price),
        "qty": text(trade.qty),
        "quoteQty": text(trade.price * trade.qty),
        "baseQty": text(trade.qty),
        "marginAsset": trade.commission_asset,
        "realizedPnl": text(trade.realized_pnl),
        "side": trade.side,
        "positionSide": trade.position_side,
        "symbol": trade.symbol,
        "pair": trade.symbol,
        "time": trade.time_ms,
    }
