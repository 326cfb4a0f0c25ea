"""Stream sockets of the simulated exchange: routes, subscriptions, control messages, and writing without waiting.

Frames are queued on the socket and written in one piece by `flush`, past the web framework's own writer: server frames
are not masked and nothing is compressed, so a text frame is a short header and the bytes. A client that reads too
slowly is cut off, never waited for.
"""

import asyncio
import struct
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import WSMsgType, web

from trader_gui.simulated_exchange.wire import Json, encode

ROUTES = ("public", "market", "private")
LARGEST_BACKLOG = 8 * 1024 * 1024
"""Unsent bytes at which a slow client is cut off."""

MESSAGES_PER_SECOND = 10
LIFE_SECONDS = 24 * 3600
PING_SECONDS = 180
PONG_SECONDS = 600
TEXT_FRAME = 0x81

MARKET_SUFFIXES = ("aggTrade", "kline_", "markPrice", "ticker", "miniTicker")
PUBLIC_SUFFIXES = ("bookTicker", "depth")


def text_frame(payload: bytes) -> bytes:
    """Return a WebSocket text frame, unmasked, final."""
    size = len(payload)
    if size < 126:
        return bytes((TEXT_FRAME, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", TEXT_FRAME, 126, size) + payload
    return struct.pack("!BBQ", TEXT_FRAME, 127, size) + payload


def route_of(stream: str) -> str | None:
    """Return the route that delivers a stream, None for a name that does not exist."""
    kind = stream.partition("@")[2]
    if kind.startswith(MARKET_SUFFIXES):
        return "market"
    return "public" if kind.startswith(PUBLIC_SUFFIXES) else None


class StreamSocket:
    """One client connection.

    Attributes:
        route: public, market or private; an un-routed URL counts as public.
        subscriptions: Stream names in the order asked for, those of other routes included (they stay silent).
        is_joined: Whether the client takes part in pacing.
        opened_s, pong_s: Times of the loop's clock.
    """

    def __init__(self, route: str, *, is_combined: bool, transport: asyncio.Transport, now_s: float) -> None:
        self.route = route
        self.is_combined = is_combined
        self.subscriptions: dict[str, None] = {}
        self.listen_keys: dict[str, frozenset[str]] = {}
        self.is_joined = False
        self.opened_s = self.pong_s = self.pinged_s = now_s
        self._transport = transport
        self._outbox: list[bytes] = []
        self._second = 0
        self._messages = 0

    def push(self, stream: str, payload: bytes) -> None:
        """Queue an event of a stream."""
        if self.is_combined:
            payload = b'{"stream":"%b","data":%b}' % (stream.encode(), payload)
        self._outbox.append(text_frame(payload))

    def answer(self, reply: Json) -> None:
        """Queue a control reply, which is never wrapped."""
        self._outbox.append(text_frame(encode(reply)))

    def flush(self) -> None:
        """Write all that is queued at once; cut off a client that does not read."""
        if not self._outbox:
            return
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._outbox))
            if self._transport.get_write_buffer_size() > LARGEST_BACKLOG:
                self._transport.abort()
        self._outbox.clear()

    def counts_message(self, now_s: float) -> bool:
        """Count a client's message; return whether it still keeps to ten a second."""
        if int(now_s) != self._second:
            self._second, self._messages = int(now_s), 0
        self._messages += 1
        return self._messages <= MESSAGES_PER_SECOND


class Hub:
    """All open sockets and who gets what.

    Attributes:
        has_pushed: Set by every event pushed; the pacer clears it.
    """

    def __init__(self, on_change: Callable[[str], None]) -> None:
        """Start empty; `on_change` is told each stream name that gained its first or lost its last listener."""
        self.sockets: set[StreamSocket] = set()
        self.has_pushed = False
        self._listeners: dict[str, list[StreamSocket]] = {}
        self._on_change = on_change

    def add(self, socket: StreamSocket) -> None:
        """Take in a new connection, with the streams of its URL."""
        self.sockets.add(socket)

    def remove(self, socket: StreamSocket) -> None:
        """Forget a closed connection."""
        self.sockets.discard(socket)
        self.unsubscribe(socket, tuple(socket.subscriptions))

    def subscribe(self, socket: StreamSocket, streams: Iterable[str]) -> None:
        """Subscribe; a name that belongs to another route, or to none, is taken and stays silent."""
        for stream in streams:
            if stream in socket.subscriptions:
                continue
            socket.subscriptions[stream] = None
            if route_of(stream) == socket.route:
                self._listeners.setdefault(stream, []).append(socket)
                self._on_change(stream)

    def unsubscribe(self, socket: StreamSocket, streams: Iterable[str]) -> None:
        """Unsubscribe; unknown names are ignored."""
        for stream in streams:
            socket.subscriptions.pop(stream, None)
            listeners = self._listeners.get(stream, [])
            if socket in listeners:
                listeners.remove(socket)
                if not listeners:
                    del self._listeners[stream]
                self._on_change(stream)

    def is_heard(self, stream: str) -> bool:
        """Return whether anybody listens to a stream."""
        return stream in self._listeners

    def publish(self, stream: str, event: Json) -> None:
        """Push an event to everybody who listens."""
        listeners = self._listeners.get(stream)
        if not listeners:
            return
        payload = encode(event)
        self.has_pushed = True
        for socket in listeners:
            socket.push(stream, payload)

    def publish_on_route(self, route: str, event: Json) -> None:
        """Push an event to every socket of a route, whatever it subscribed to."""
        payload = encode(event)
        for socket in self.sockets:
            if socket.route == route:
                self.has_pushed = True
                socket.push(event["e"], payload)

    def publish_private(self, listen_key: str, event: Json) -> None:
        """Push a user event to the private sockets of a listenKey, as their `events` filters allow."""
        payload = encode(event)
        for socket in self.sockets:
            wanted = socket.listen_keys.get(listen_key)
            if socket.route == "private" and wanted is not None and (not wanted or event["e"] in wanted):
                self.has_pushed = True
                socket.push(listen_key, payload)

    def flush(self) -> None:
        """Write what is queued on every socket."""
        for socket in self.sockets:
            socket.flush()


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


def control_reply(hub: Hub, socket: StreamSocket, request: dict[str, Any]) -> Json:
    """Follow a control message (1.4) and return its reply.

    Raises:
        ControlError: The message is none of them.
    """
    method, number = request.get("method"), request.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ControlError(2, "Invalid request: request ID must be an unsigned integer")
    parameters = request.get("params", [])
    if not isinstance(parameters, list):
        raise ControlError(2, "Invalid request: params must be an array")
    if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
        _change_subscriptions(hub, socket, str(method), parameters)
        return {"result": None, "id": number}
    if method == "LIST_SUBSCRIPTIONS":
        return {"result": [*socket.subscriptions, *socket.listen_keys], "id": number}
    if method in ("SET_PROPERTY", "GET_PROPERTY"):
        return {"result": _property(socket, str(method), parameters), "id": number}
    raise ControlError(2, f"Invalid request: unknown method {method}")


def _change_subscriptions(hub: Hub, socket: StreamSocket, method: str, names: list[Any]) -> None:
    if not all(isinstance(name, str) for name in names):
        raise ControlError(2, "Invalid request: stream names must be strings")
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


class SocketHost:
    """Serves stream connections: handshake, reading, keep-alive.

    Owner: the exchange makes one and calls `keep_alive` now and then; each connection runs in its request's task.
    """

    def __init__(self, hub: Hub, on_pace: Callable[[StreamSocket, Any], None], *, counts_messages: bool) -> None:
        """Serve for `hub`.

        Args:
            hub: Where connections are registered.
            on_pace: Called for each PACE message, and with None when a joined socket has gone.
            counts_messages: Whether more than ten messages a second end a connection.
        """
        self._hub = hub
        self._on_pace = on_pace
        self._counts_messages = counts_messages
        self._connections: dict[StreamSocket, web.WebSocketResponse] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse | None:
        """Run one connection until it closes; None when the URL is no stream URL."""
        parsed = parse_url(request.path, request.query_string)
        connection = web.WebSocketResponse(timeout=1.0, autoping=False, compress=False, max_msg_size=256 * 1024)
        if parsed is None or not connection.can_prepare(request).ok:
            return None
        await connection.prepare(request)
        route, is_combined, streams, listen_keys = parsed
        transport = request.transport
        if transport is None:
            return connection
        now_s = asyncio.get_running_loop().time()
        socket = StreamSocket(route, is_combined=is_combined, transport=transport, now_s=now_s)
        socket.listen_keys = listen_keys
        self._hub.add(socket)
        self._hub.subscribe(socket, streams)
        self._connections[socket] = connection
        try:
            await self._read(socket, connection)
        finally:
            self._connections.pop(socket, None)
            self._hub.remove(socket)
            self._on_pace(socket, None)
        return connection

    async def _read(self, socket: StreamSocket, connection: web.WebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        async for message in connection:
            if message.type is WSMsgType.PING:
                await connection.pong(message.data)
            elif message.type is WSMsgType.PONG:
                socket.pong_s = loop.time()
            elif message.type is WSMsgType.TEXT:
                if not self._on_text(socket, message.data) and self._counts_messages:
                    await connection.close(code=1008, message=b"Too many requests")
                    return
                socket.flush()

    def _on_text(self, socket: StreamSocket, text: str) -> bool:
        """Follow one client message; return False when the client sends too many."""
        try:
            request = msgspec.json.decode(text)
            if isinstance(request, dict) and request.get("method") == "PACE":
                self._on_pace(socket, request)
                return True
            if not isinstance(request, dict):
                raise ControlError(2, "Invalid request: not an object")
            socket.answer(control_reply(self._hub, socket, request))
        except msgspec.DecodeError as error:
            socket.answer({"code": 3, "msg": f"Invalid JSON: {error}"})
        except ControlError as error:
            socket.answer({"code": error.code, "msg": error.message})
        return socket.counts_message(asyncio.get_running_loop().time())

    async def keep_alive(self, now_s: float) -> None:
        """Ping where it is due; drop connections that are dead or a day old."""
        for socket, connection in list(self._connections.items()):
            if now_s - socket.pong_s > PONG_SECONDS or now_s - socket.opened_s > LIFE_SECONDS:
                await connection.close(code=1001)
            elif now_s - socket.pinged_s > PING_SECONDS:
                socket.pinged_s = now_s
                await connection.ping()

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections.values()):
            await connection.close(code=1001, message=b"Server shutdown")
