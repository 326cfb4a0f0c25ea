"""What a stream client may say: the URL it opens (1.3) and its control messages (1.4).

Assumptions: a request id may be an unsigned integer or, as the venue's own clients send it, a text of at most 36
characters; errors are bare `{"code": ..., "msg": ...}`; a SUBSCRIBE beyond the limit of streams changes nothing.
"""

from typing import Any
from urllib.parse import parse_qsl

from trader_gui.simulated_exchange.streams import Hub, StreamSocket
from trader_gui.simulated_exchange.wire import Json

ROUTES = ("public", "market", "private")
STREAMS_PER_CONNECTION = 1024
LONGEST_ID = 36


def parse_url(path: str, query: str) -> tuple[str, bool, list[str], dict[str, frozenset[str]]] | None:
    """Read a stream URL: (route, is combined, streams, listenKeys with their event filters); None if it is none.

    Args:
        path: `/public/ws`, `/market/stream`, `/private/ws/<listenKey>`, `/ws/<stream>/<stream>`, ...
        query: `streams=a/b`, or `listenKey=k&events=A/B`, the latter as often as needed.
    """
    parts = [part for part in path.split("/") if part]
    route = parts.pop(0) if parts and parts[0] in ROUTES else "public"
    if not parts or parts[0] not in ("ws", "stream"):
        return None
    is_combined = parts[0] == "stream"
    names = parts[1:]
    listen_keys: dict[str, frozenset[str]] = {}
    last_key = ""
    for name, value in parse_qsl(query):
        if name == "streams":
            names.extend(part for part in value.split("/") if part)
        elif name == "listenKey":
            last_key = value
            listen_keys.setdefault(value, frozenset())
        elif name == "events" and last_key:
            listen_keys[last_key] = frozenset(value.split("/"))
    if route == "private":
        listen_keys.update({name: frozenset() for name in names if name not in listen_keys})
        names = []
    return route, is_combined, names, listen_keys


class ControlError(Exception):
    """A control message that cannot be followed: the venue's code and text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def control_reply(
    hub: Hub, socket: StreamSocket, request: dict[str, Any], most_streams: int = STREAMS_PER_CONNECTION
) -> Json:
    """Follow a control message (1.4) and return its reply; a connection takes `most_streams`.

    Raises:
        ControlError: The message is none of them.
    """
    method, number = request.get("method"), request.get("id")
    if not _is_request_id(number):
        raise ControlError(2, "Invalid request: request ID must be an unsigned integer")
    if method is None:
        raise ControlError(2, "Invalid request: missing field `method`")
    parameters = request.get("params", [])
    if not isinstance(parameters, list):
        raise ControlError(2, "Invalid request: params must be an array")
    if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
        _change_subscriptions(hub, socket, str(method), parameters, most_streams)
        return {"result": None, "id": number}
    if method == "LIST_SUBSCRIPTIONS":
        return {"result": [*socket.subscriptions, *socket.listen_keys], "id": number}
    if method in ("SET_PROPERTY", "GET_PROPERTY"):
        return {"result": _property(socket, str(method), parameters), "id": number}
    raise ControlError(2, f"Invalid request: unknown method {method}")


def _is_request_id(number: Any) -> bool:
    if isinstance(number, str):
        return 0 < len(number) <= LONGEST_ID
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**64


def _change_subscriptions(hub: Hub, socket: StreamSocket, method: str, names: list[Any], limit: int) -> None:
    if not all(isinstance(name, str) for name in names):
        raise ControlError(2, "Invalid request: stream names must be strings")
    if method == "SUBSCRIBE":
        held = socket.listen_keys if socket.route == "private" else socket.subscriptions
        if len(held.keys() | set(names)) > limit:
            raise ControlError(2, f"Invalid request: too many parameters, at most {limit} streams on a connection")
    if socket.route == "private":
        for name in names:
            if method == "SUBSCRIBE":
                socket.listen_keys.setdefault(name, frozenset())
            else:
                socket.listen_keys.pop(name, None)
    elif method == "SUBSCRIBE":
        hub.subscribe(socket, names)
    else:
        hub.unsubscribe(socket, names)


def _property(socket: StreamSocket, method: str, parameters: list[Any]) -> bool | None:
    expected = 2 if method == "SET_PROPERTY" else 1
    if len(parameters) != expected:
        raise ControlError(2, f"Invalid request: {method} takes {expected} parameters")
    if not isinstance(parameters[0], str):
        raise ControlError(2, "Invalid request: property name must be a string")
    if parameters[0] != "combined":
        raise ControlError(0, "Unknown property")
    if method == "GET_PROPERTY":
        return socket.is_combined
    if not isinstance(parameters[1], bool):
        raise ControlError(1, "Invalid value type: expected Boolean")
    socket.is_combined = parameters[1]
    return None
