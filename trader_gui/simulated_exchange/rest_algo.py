"""Endpoints of the Algo service (6.1). An id that it does not know is -2013 to a query and -2011 to a cancel."""

from typing import Any

from trader_gui.simulated_exchange import wire_order
from trader_gui.simulated_exchange.endpoints import Endpoint, Parameters, limit, one_or_all, required, span, whole
from trader_gui.simulated_exchange.paging import week
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.rest_batch import ALL_CANCELED
from trader_gui.simulated_exchange.venue import Venue


def _ids(parameters: Parameters) -> tuple[int | None, str | None]:
    return whole(parameters, "algoId"), parameters.get("clientAlgoId") or None


def _place(venue: Venue, parameters: Parameters) -> Any:
    algo, events = venue.core.place_algo(parameters, venue.market_ms)
    venue.deliver(events)
    return wire_order.algo_reply(algo)


def _cancel(venue: Venue, parameters: Parameters) -> Any:
    algo, events = venue.core.cancel_algo(*_ids(parameters), venue.market_ms)
    venue.deliver(events)
    return wire_order.algo_cancel_reply(algo)


def _cancel_all(venue: Venue, parameters: Parameters) -> Any:
    venue.deliver(venue.core.cancel_all_algo(required(parameters, "symbol"), venue.market_ms))
    return ALL_CANCELED


def _query(venue: Venue, parameters: Parameters) -> Any:
    return wire_order.algo_row(venue.core.algo_order(*_ids(parameters)))


def _open(venue: Venue, parameters: Parameters) -> Any:
    if parameters.get("algoType", "CONDITIONAL") != "CONDITIONAL":
        raise VenueRefusal(-1130, "Data sent for parameter 'algoType' is not valid.")
    rows = venue.core.open_algo_orders(parameters.get("symbol") or None)
    wanted = whole(parameters, "algoId")
    return [wire_order.algo_row(row) for row in rows if wanted is None or row.algo_id == wanted]


def _all(venue: Venue, parameters: Parameters) -> Any:
    symbol, algo_id = required(parameters, "symbol"), whole(parameters, "algoId")
    start, end, earliest = week(*span(parameters), venue.market_ms, may_be_whole=False)
    rows = venue.core.all_algo_orders(
        symbol, algo_id=algo_id, start_ms=start, end_ms=end, limit=limit(parameters, 500, 1000)
    )
    return [wire_order.algo_row(row) for row in rows if algo_id is not None or row.create_time_ms >= earliest]


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/algoOrder"): Endpoint(_place, weight=0, orders=1),
    ("DELETE", "/fapi/v1/algoOrder"): Endpoint(_cancel),
    ("GET", "/fapi/v1/algoOrder"): Endpoint(_query),
    ("GET", "/fapi/v1/openAlgoOrders"): Endpoint(_open, weight=one_or_all(1, 40)),
    ("GET", "/fapi/v1/allAlgoOrders"): Endpoint(_all, weight=5),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Endpoint(_cancel_all),
}
