"""Endpoints that act on several orders at once (5.5), and the single acts that they are made of.

Each element of a batch answers for itself, and the HTTP status is 200 whatever they answer. The elements count as
concurrent: a second change of one order within one batch is -5043.
"""

from functools import partial
from typing import Any

from trader_gui.simulated_exchange import batch, wire_order
from trader_gui.simulated_exchange.endpoints import Endpoint, Parameters, required, whole
from trader_gui.simulated_exchange.parameters import missing
from trader_gui.simulated_exchange.venue import Venue

ALL_CANCELED = {"code": 200, "msg": "The operation of cancel all open order is done."}


def place(venue: Venue, parameters: Parameters) -> Any:
    """Place an order and return the reply that was asked for."""
    order, events = venue.core.place_order(parameters, venue.market_ms)
    venue.deliver(events)
    if parameters.get("newOrderRespType") == "RESULT":
        return wire_order.order_reply(order)
    return wire_order.acknowledged(order)


def modify(venue: Venue, parameters: Parameters, pending: set[int]) -> Any:
    """Change an order and return the reply; its id joins the `pending` ones, which cannot be changed again."""
    order, events = venue.core.modify_order(parameters, venue.market_ms, pending)
    pending.add(order.order_id)
    venue.deliver(events)
    return wire_order.amended_reply(order, whole(parameters, "modifyId"))


def cancel(venue: Venue, symbol: str, order_id: int | None, client_order_id: str | None) -> Any:
    """Cancel an order and return the reply."""
    order, events = venue.core.cancel_order(symbol, order_id, client_order_id, venue.market_ms)
    venue.deliver(events)
    return wire_order.order_reply(order)


def _place_batch(venue: Venue, parameters: Parameters) -> Any:
    return batch.answer_each(batch.read_orders(parameters), partial(place, venue))


def _modify_batch(venue: Venue, parameters: Parameters) -> Any:
    pending: set[int] = set()
    return batch.answer_each(batch.read_orders(parameters), lambda each: modify(venue, each, pending))


def _cancel_batch(venue: Venue, parameters: Parameters) -> Any:
    symbol = venue.feed(required(parameters, "symbol")).symbol
    return batch.answer_each(batch.read_cancels(parameters), lambda ids: cancel(venue, symbol, *ids))


def _countdown(venue: Venue, parameters: Parameters) -> Any:
    symbol = venue.feed(required(parameters, "symbol")).symbol
    countdown_ms = whole(parameters, "countdownTime")
    if countdown_ms is None:
        raise missing("countdownTime")
    venue.countdowns.set(symbol, countdown_ms, venue.request_ms())
    return {"symbol": symbol, "countdownTime": str(countdown_ms)}


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/batchOrders"): Endpoint(_place_batch, weight=5, orders=1, orders_10s=5),
    ("PUT", "/fapi/v1/batchOrders"): Endpoint(_modify_batch, weight=5, orders=1, orders_10s=5),
    ("DELETE", "/fapi/v1/batchOrders"): Endpoint(_cancel_batch),
    ("POST", "/fapi/v1/countdownCancelAll"): Endpoint(_countdown, weight=10),
}
