"""Several orders in one request (5.5): reading the list, and answering each element by itself.

An element that is refused answers with its own code and text, and changes nothing; the others go on. The venue runs a
batch concurrently; here the elements run in the order given. Numbers and booleans of the JSON are taken as the texts
that a single request would carry.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from trader_gui.simulated_exchange.parameters import missing
from trader_gui.simulated_exchange.records import VenueRefusal

MOST_ORDERS = 5
MOST_CANCELS = 10

_Item = TypeVar("_Item")


def read_orders(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the parameters of each order of a `batchOrders` list.

    Raises:
        VenueRefusal: -1102 no list, -1130 no JSON array of objects, -4082 empty or more than five.
    """
    elements = _array(parameters, "batchOrders")
    if not 1 <= len(elements) <= MOST_ORDERS:
        raise VenueRefusal(-4082, "Invalid number of batch place orders.")
    if not all(isinstance(element, dict) for element in elements):
        raise _invalid("batchOrders")
    return [{name: _text(value) for name, value in element.items() if value is not None} for element in elements]


def read_cancels(parameters: Mapping[str, str]) -> list[tuple[int | None, str | None]]:
    """Return (order id, client order id) of each order to cancel, one of the two None; ids win over client ids.

    The venue takes the names of the two lists in lower case, too, and there are clients that send them so.

    Raises:
        VenueRefusal: -1102 no list, -1130 no JSON array of ids, -4032 more than ten.
    """
    lists = {name.lower(): value for name, value in parameters.items()}
    name = "orderIdList" if lists.get("orderidlist") else "origClientOrderIdList"
    elements = [_text(element) for element in _array({name: lists.get(name.lower(), "")}, name)]
    if not elements:
        raise missing(name)
    if len(elements) > MOST_CANCELS:
        raise VenueRefusal(-4032, "Exceed maximum cancel order size.")
    if name == "origClientOrderIdList":
        return [(None, element) for element in elements]
    if not all(element.isascii() and element.isdigit() and len(element) <= 19 for element in elements):
        raise _invalid(name)
    return [(int(element), None) for element in elements]


def answer_each(items: Iterable[_Item], answer: Callable[[_Item], Any]) -> list[Any]:
    """Return the answer to each item, or the code and text of its refusal."""
    replies: list[Any] = []
    for item in items:
        try:
            replies.append(answer(item))
        except VenueRefusal as refusal:
            replies.append({"code": refusal.code, "msg": refusal.message})
    return replies


def _array(parameters: Mapping[str, str], name: str) -> list[Any]:
    value = parameters.get(name, "")
    if not value:
        raise missing(name)
    try:
        elements = json.loads(value, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise _invalid(name) from None
    if not isinstance(elements, list):
        raise _invalid(name)
    return elements


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def _invalid(name: str) -> VenueRefusal:
    return VenueRefusal(-1130, f"Data sent for parameter '{name}' is not valid.")
