"""What an endpoint is: its handler, what it demands of the caller and what it costs; and reading its parameters."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.venue import Venue

Parameters: TypeAlias = Mapping[str, str]
Handler: TypeAlias = Callable[[Venue, Parameters], Any]

PUBLIC, KEY, SIGNED = "public", "key", "signed"


class Endpoint(NamedTuple):
    """One method and path.

    Attributes:
        handler: Does the work; refuses by raising VenueRefusal before anything has changed.
        security: PUBLIC, KEY (header only) or SIGNED.
        weight: Request weight, or a function that tells it from the parameters.
        orders: What a call counts against the account's limit per minute; 0 also leaves out the order headers.
        orders_10s: The same for the ten-second limit; None for `orders`.
        is_funding: Counted in the pool of the funding endpoints, and without a weight header.
    """

    handler: Handler
    security: str = SIGNED
    weight: int | Callable[[Parameters], int] = 1
    orders: int = 0
    orders_10s: int | None = None
    is_funding: bool = False

    def cost(self, parameters: Parameters) -> int:
        """Return the request weight of a call."""
        return self.weight if isinstance(self.weight, int) else self.weight(parameters)


def one_or_all(one: int, every: int) -> Callable[[Parameters], int]:
    """Return a weight that is higher without a symbol."""
    return lambda parameters: one if parameters.get("symbol") else every


def required(parameters: Parameters, name: str) -> str:
    """Return a mandatory parameter; refuse (-1102) when it is missing or empty."""
    value = parameters.get(name, "")
    if not value:
        raise VenueRefusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return value


def whole(parameters: Parameters, name: str) -> int | None:
    """Return an optional whole number; refuse an empty one (-1105) and anything else (-1100)."""
    value = parameters.get(name)
    if value is None:
        return None
    if not value:
        raise VenueRefusal(-1105, f"Parameter '{name}' was empty.")
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise VenueRefusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
    return int(value)


def limit(parameters: Parameters, default: int, most: int) -> int:
    """Return the `limit` parameter; refuse (-1130) one out of range."""
    value = whole(parameters, "limit")
    if value is None:
        return default
    if not 1 <= value <= most:
        raise VenueRefusal(-1130, "Data sent for parameter 'limit' is not valid.")
    return value


def span(parameters: Parameters) -> tuple[int | None, int | None]:
    """Return (startTime, endTime); refuse (-1023) a start after the end."""
    start, end = whole(parameters, "startTime"), whole(parameters, "endTime")
    if start is not None and end is not None and start > end:
        raise VenueRefusal(-1023, "Start time is greater than end time.")
    return start, end
