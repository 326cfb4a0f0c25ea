"""Order endpoints: normal orders (5.5) and the Algo service (6.1)."""

from typing import Any

from trader_gui.simulated_exchange import wire_account
from trader_gui.simulated_exchange.endpoints import Endpoint, Parameters, limit, one_or_all, required, span, whole
from trader_gui.simulated_exchange.venue import Venue
from trader_gui.simulated_exchange.wire import text

ALL_CANCELED = {"code": 200, "msg": "The operation of cancel all open order is done."}


def _place(venue: Venue, parameters: Parameters) -> Any:
    order, events = venue.core.place_order(parameters, venue.market_ms)
    venue.deliver(events)
    if parameters.get("newOrderRespType") == "RESULT":
        return wire_account.order_reply(order)
    return wire_account.acknowledged(order)


def _modify(venue: Venue, parameters: Parameters) -> Any:
    order, events = venue.core.modify_order(parameters, venue.market_ms)
    venue.deliver(events)
    return wire_account.order_reply(order) | {"pair": order.symbol}


def _ids(parameters: Parameters) -> tuple[str, int | None, str | None]:
    symbol = required(parameters, "symbol")
    return symbol, whole(parameters, "orderId"), parameters.get("origClientOrderId") or None


def _cancel(venue: Venue, parameters: Parameters) -> Any:
    order, events = venue.core.cancel_order(*_ids(parameters), venue.market_ms)
    venue.deliver(events)
    return wire_account.order_reply(order)


def _query(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.order_row(venue.core.query_order(*_ids(parameters)))


def _open_order(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.order_row(venue.core.open_order(*_ids(parameters)))


def _open_orders(venue: Venue, parameters: Parameters) -> Any:
    return [wire_account.order_row(order) for order in venue.core.open_orders(parameters.get("symbol") or None)]


def _all_orders(venue: Venue, parameters: Parameters) -> Any:
    start, end = span(parameters)
    orders = venue.core.all_orders(
        required(parameters, "symbol"),
        order_id=whole(parameters, "orderId"),
        start_ms=start,
        end_ms=end,
        limit=limit(parameters, 500, 1000),
    )
    return [
        wire_account.order_row(order) | {"pair": order.symbol, "cumBase": text(order.executed_qty)} for order in orders
    ]


def _cancel_all(venue: Venue, parameters: Parameters) -> Any:
    venue.deliver(venue.core.cancel_all(required(parameters, "symbol"), venue.market_ms))
    return ALL_CANCELED


def _user_trades(venue: Venue, parameters: Parameters) -> Any:
    start, end = span(parameters)
    trades = venue.core.trades(
        required(parameters, "symbol"),
        order_id=whole(parameters, "orderId"),
        start_ms=start,
        end_ms=end,
        from_id=whole(parameters, "fromId"),
        limit=limit(parameters, 500, 1000),
    )
    return [wire_account.user_trade(trade) for trade in trades]


def _algo_ids(parameters: Parameters) -> tuple[int | None, str | None]:
    return whole(parameters, "algoId"), parameters.get("clientAlgoId") or None


def _place_algo(venue: Venue, parameters: Parameters) -> Any:
    algo, events = venue.core.place_algo(parameters, venue.market_ms)
    venue.deliver(events)
    return wire_account.algo_reply(algo)


def _cancel_algo(venue: Venue, parameters: Parameters) -> Any:
    algo, events = venue.core.cancel_algo(*_algo_ids(parameters), venue.market_ms)
    venue.deliver(events)
    return wire_account.algo_cancel_reply(algo)


def _query_algo(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.algo_row(venue.core.algo_order(*_algo_ids(parameters)))


def _open_algo_orders(venue: Venue, parameters: Parameters) -> Any:
    rows = venue.core.open_algo_orders(parameters.get("symbol") or None)
    wanted = whole(parameters, "algoId")
    return [wire_account.algo_row(row) for row in rows if wanted is None or row.algo_id == wanted]


def _all_algo_orders(venue: Venue, parameters: Parameters) -> Any:
    start, end = span(parameters)
    rows = venue.core.all_algo_orders(
        required(parameters, "symbol"),
        algo_id=whole(parameters, "algoId"),
        start_ms=start,
        end_ms=end,
        limit=limit(parameters, 500, 1000),
    )
    return [wire_account.algo_row(row) for row in rows]


def _cancel_all_algo(venue: Venue, parameters: Parameters) -> Any:
    venue.deliver(venue.core.cancel_all_algo(required(parameters, "symbol"), venue.market_ms))
    return ALL_CANCELED


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/order"): Endpoint(_place, weight=0, orders=1),
    ("PUT", "/fapi/v1/order"): Endpoint(_modify, weight=0, orders=1),
    ("DELETE", "/fapi/v1/order"): Endpoint(_cancel),
    ("GET", "/fapi/v1/order"): Endpoint(_query),
    ("GET", "/fapi/v1/openOrder"): Endpoint(_open_order),
    ("GET", "/fapi/v1/openOrders"): Endpoint(_open_orders, weight=one_or_all(1, 40)),
    ("GET", "/fapi/v1/allOrders"): Endpoint(_all_orders, weight=5),
    ("DELETE", "/fapi/v1/allOpenOrders"): Endpoint(_cancel_all),
    ("GET", "/fapi/v1/userTrades"): Endpoint(_user_trades, weight=5),
    ("POST", "/fapi/v1/algoOrder"): Endpoint(_place_algo, weight=0, orders=1),
    ("DELETE", "/fapi/v1/algoOrder"): Endpoint(_cancel_algo),
    ("GET", "/fapi/v1/algoOrder"): Endpoint(_query_algo),
    ("GET", "/fapi/v1/openAlgoOrders"): Endpoint(_open_algo_orders, weight=one_or_all(1, 40)),
    ("GET", "/fapi/v1/allAlgoOrders"): Endpoint(_all_algo_orders, weight=5),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Endpoint(_cancel_all_algo),
}
