"""Serving stream connections: handshake, reading, keep-alive, and the limits of connections (1.5).

Assumptions where the venue's documents are silent: a URL with too many streams is refused with HTTP 400, more new
connections than allowed with HTTP 429, both with an error body; ping and pong frames do not count as messages; a
client that sends too many messages is closed with code 1008, one that is silent or a day old with 1001. The ban of
addresses that offend again and again is not offered. At speed `max` messages and connections are not counted.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from trader_gui.simulated_exchange.stream_control import (
    STREAMS_PER_CONNECTION,
    ControlError,
    control_reply,
    parse_url,
)
from trader_gui.simulated_exchange.streams import Hub, StreamSocket
from trader_gui.simulated_exchange.wire import encode

CLOSING_S = 2.0
"""A client that has not taken the close frame by then is cut off."""


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream connection may do and how long it lives.

    Attributes:
        streams: On one connection.
        messages_per_second: From the client, pings and pongs apart.
        ping_s: Between two pings of the server.
        pong_s: Silence after which a connection is dead.
        life_s: A connection's.
        new_connections, window_s: So many new connections in so many seconds from one address.
    """

    streams: int = STREAMS_PER_CONNECTION
    messages_per_second: int = 10
    ping_s: float = 180.0
    pong_s: float = 600.0
    life_s: float = 24 * 3600.0
    new_connections: int = 300
    window_s: float = 300.0


DEFAULT_LIMITS = ConnectionLimits()


class SocketHost:
    """Serves stream connections.

    Attributes:
        on_open: Called with each new connection before anything is read; None for nothing.

    Owner: the exchange makes one, calls `keep_alive` now and then and `close` at the end; each connection runs in its
    request's task, each closing that nobody waits for in one of the host's.
    """

    def __init__(
        self,
        hub: Hub,
        on_pace: Callable[[StreamSocket, Any], None],
        *,
        counts: bool,
        limits: ConnectionLimits = DEFAULT_LIMITS,
    ) -> None:
        """Serve for `hub`.

        Args:
            hub: Where connections are registered.
            on_pace: Called for each PACE message, and with None when a joined socket has gone.
            counts: Whether messages and new connections are limited.
            limits: What holds for a connection.
        """
        self._hub = hub
        self._on_pace = on_pace
        self._counts = counts
        self._limits = limits
        self._connections: dict[StreamSocket, web.WebSocketResponse] = {}
        self._opened_s: deque[float] = deque()
        self._closing: set[asyncio.Task[None]] = set()
        self._deaf: set[StreamSocket] = set()
        self.on_open: Callable[[StreamSocket], None] | None = None

    def refuse_many(self) -> web.Response | None:
        """Count a new connection, of whatever kind; return a refusal when the address has opened too many."""
        if not self._counts:
            return None
        now_s = asyncio.get_running_loop().time()
        while self._opened_s and now_s - self._opened_s[0] >= self._limits.window_s:
            self._opened_s.popleft()
        self._opened_s.append(now_s)
        if len(self._opened_s) <= self._limits.new_connections:
            return None
        return _refusal(429, -1003, "Too many new connections; please try again later.")

    async def serve(self, request: web.Request) -> web.StreamResponse | None:
        """Run one connection until it closes; None when the URL is no stream URL."""
        parsed = parse_url(request.path, request.query_string)
        connection = web.WebSocketResponse(timeout=1.0, autoping=False, compress=False, max_msg_size=256 * 1024)
        if parsed is None or not connection.can_prepare(request).ok:
            return None
        route, is_combined, streams, listen_keys = parsed
        if len(set(streams)) > self._limits.streams or len(listen_keys) > self._limits.streams:
            return _refusal(400, -1130, f"Too many streams, at most {self._limits.streams} on a connection.")
        await connection.prepare(request)
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
            if self.on_open is not None:
                self.on_open(socket)
            await self._read(socket, connection)
        finally:
            self._connections.pop(socket, None)
            self._deaf.discard(socket)
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
                if not self._on_text(socket, message.data) and self._counts:
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
            socket.answer(control_reply(self._hub, socket, request, self._limits.streams))
        except (msgspec.DecodeError, RecursionError) as error:
            socket.answer({"code": 3, "msg": f"Invalid JSON: {error}"})
        except ControlError as error:
            socket.answer({"code": error.code, "msg": error.message})
        now_s = asyncio.get_running_loop().time()
        return socket.counts_message(now_s, self._limits.messages_per_second)

    async def keep_alive(self, now_s: float) -> None:
        """Ping where it is due; drop connections that are dead or have lived their time."""
        limits = self._limits
        for socket, connection in list(self._connections.items()):
            if now_s - socket.pong_s > limits.pong_s or now_s - socket.opened_s > limits.life_s:
                self.end(socket)
            elif now_s - socket.pinged_s > limits.ping_s and socket not in self._deaf:
                socket.pinged_s = now_s
                await connection.ping()

    # ---- trouble -----------------------------------------------------------------------------------------------------

    def drop(self, socket: StreamSocket) -> None:
        """Break a connection off, without a close frame."""
        self._hub.remove(socket)
        socket.abort()

    def end(self, socket: StreamSocket) -> None:
        """Close a connection as the venue does at its end."""
        connection = self._connections.get(socket)
        self._hub.remove(socket)
        if socket in self._deaf:
            socket.abort()
        elif connection is not None:
            task = asyncio.create_task(_shut(socket, connection, b""), name="stream connection closing")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def leave_half_open(self, socket: StreamSocket) -> None:
        """Send and read nothing more on a connection, and do not end it before its silence is too long."""
        self._hub.remove(socket)
        self._deaf.add(socket)
        socket.fall_deaf()
        self._on_pace(socket, None)  # the market must not wait for one that is not heard

    async def close(self) -> None:
        """Close every connection; bounded."""
        for socket in self._deaf:
            socket.abort()
        open_ones = [pair for pair in self._connections.items() if pair[0] not in self._deaf]
        await asyncio.gather(*(_shut(*pair, b"Server shutdown") for pair in open_ones), *self._closing)


async def _shut(socket: StreamSocket, connection: web.WebSocketResponse, message: bytes) -> None:
    """Close a connection, and break it off when its client reads nothing."""
    try:
        async with asyncio.timeout(CLOSING_S):
            await connection.close(code=1001, message=message)
    except TimeoutError:
        socket.abort()


def _refusal(status: int, code: int, message: str) -> web.Response:
    return web.Response(status=status, body=encode({"code": code, "msg": message}), content_type="application/json")
