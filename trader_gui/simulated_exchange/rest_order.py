"""Order endpoints (5.5): one order at a time, and the history of orders and executions.

Several at once: `rest_batch`; conditional orders: `rest_algo`. Histories go by the market clock. `order/test` answers
with the order that would be accepted, with id 0. Where the reference is silent: an `orderId` or `fromId` without times
is not held to the last seven days, and `fromId` beside times is -1128.
"""

from typing import Any

from trader_gui.simulated_exchange import rest_algo, rest_batch, wire_order
from trader_gui.simulated_exchange.endpoints import Endpoint, Parameters, limit, one_or_all, required, span, whole
from trader_gui.simulated_exchange.paging import week
from trader_gui.simulated_exchange.parameters import empty_original_id
from trader_gui.simulated_exchange.records import OrderRow, VenueRefusal
from trader_gui.simulated_exchange.rest_batch import ALL_CANCELED
from trader_gui.simulated_exchange.venue import Venue
from trader_gui.simulated_exchange.wire import Json, text


def _place(venue: Venue, parameters: Parameters) -> Any:
    return rest_batch.place(venue, parameters)


def _test(venue: Venue, parameters: Parameters) -> Any:
    return wire_order.order_reply(venue.core.test_order(parameters, venue.market_ms))


def _modify(venue: Venue, parameters: Parameters) -> Any:
    return rest_batch.modify(venue, parameters, set())


def _ids(parameters: Parameters) -> tuple[str, int | None, str | None]:
    symbol, order_id = required(parameters, "symbol"), whole(parameters, "orderId")
    client_order_id = parameters.get("origClientOrderId")
    if order_id is None and client_order_id == "":
        raise empty_original_id()
    return symbol, order_id, client_order_id


def _cancel(venue: Venue, parameters: Parameters) -> Any:
    return rest_batch.cancel(venue, *_ids(parameters))


def _query(venue: Venue, parameters: Parameters) -> Any:
    return wire_order.order_row(venue.core.query_order(*_ids(parameters)))


def _open_order(venue: Venue, parameters: Parameters) -> Any:
    return wire_order.order_row(venue.core.open_order(*_ids(parameters)))


def _open_orders(venue: Venue, parameters: Parameters) -> Any:
    return [wire_order.order_row(order) for order in venue.core.open_orders(parameters.get("symbol") or None)]


def _all_orders(venue: Venue, parameters: Parameters) -> Any:
    order_id = whole(parameters, "orderId")
    start, end, earliest = week(*span(parameters), venue.market_ms, may_be_whole=False)
    orders = venue.core.all_orders(
        parameters.get("symbol") or None,
        order_id=order_id,
        start_ms=start,
        end_ms=end,
        limit=limit(parameters, 500, 1000),
    )
    return [_listed(order) for order in orders if order_id is not None or order.time_ms >= earliest]


def _listed(order: OrderRow) -> Json:
    return wire_order.order_row(order) | {"pair": order.symbol, "cumBase": text(order.executed_qty)}


def _cancel_all(venue: Venue, parameters: Parameters) -> Any:
    venue.deliver(venue.core.cancel_all(required(parameters, "symbol"), venue.market_ms))
    return ALL_CANCELED


def _amendments(venue: Venue, parameters: Parameters) -> Any:
    start, end = span(parameters)
    rows = venue.core.amendments(*_ids(parameters), start_ms=start, end_ms=end, limit=limit(parameters, 50, 100))
    return [wire_order.amendment_row(row) for row in rows]


def _user_trades(venue: Venue, parameters: Parameters) -> Any:
    symbol, from_id, order_id = (
        required(parameters, "symbol"),
        whole(parameters, "fromId"),
        whole(parameters, "orderId"),
    )
    times = span(parameters)
    if from_id is not None and times != (None, None):
        raise VenueRefusal(-1128, "Combination of optional parameters invalid.")
    start, end, earliest = week(*times, venue.market_ms, may_be_whole=True)
    trades = venue.core.trades(
        symbol,
        order_id=order_id,
        start_ms=start,
        end_ms=end,
        from_id=from_id,
        limit=limit(parameters, 500, 1000),
    )
    is_by_id = from_id is not None or order_id is not None
    return [wire_order.user_trade(trade) for trade in trades if is_by_id or trade.time_ms >= earliest]


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/order"): Endpoint(_place, weight=0, orders=1),
    ("POST", "/fapi/v1/order/test"): Endpoint(_test),
    ("PUT", "/fapi/v1/order"): Endpoint(_modify, weight=0, orders=1),
    ("DELETE", "/fapi/v1/order"): Endpoint(_cancel),
    ("GET", "/fapi/v1/order"): Endpoint(_query),
    ("GET", "/fapi/v1/openOrder"): Endpoint(_open_order),
    ("GET", "/fapi/v1/openOrders"): Endpoint(_open_orders, weight=one_or_all(1, 40)),
    ("GET", "/fapi/v1/allOrders"): Endpoint(_all_orders, weight=5),
    ("DELETE", "/fapi/v1/allOpenOrders"): Endpoint(_cancel_all),
    ("GET", "/fapi/v1/orderAmendment"): Endpoint(_amendments),
    ("GET", "/fapi/v1/userTrades"): Endpoint(_user_trades, weight=5),
    **rest_batch.ENDPOINTS,
    **rest_algo.ENDPOINTS,
}
