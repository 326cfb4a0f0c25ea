"""Stream sockets of the simulated exchange: who listens to what, and writing without waiting.

Frames are queued on the socket and written in one piece by `flush`, past the web framework's own writer: server frames
are not masked and nothing is compressed, so a text frame is a short header and the bytes. A client that reads too
slowly is cut off, never waited for.
"""

import asyncio
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from trader_gui.simulated_exchange.stream_names import route_of
from trader_gui.simulated_exchange.wire import Json, encode

LARGEST_BACKLOG = 8 * 1024 * 1024
"""Unsent bytes at which a slow client is cut off."""

TEXT_FRAME = 0x81


def text_frame(payload: bytes) -> bytes:
    """Return a WebSocket text frame, unmasked, final."""
    size = len(payload)
    if size < 126:
        return bytes((TEXT_FRAME, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", TEXT_FRAME, 126, size) + payload
    return struct.pack("!BBQ", TEXT_FRAME, 127, size) + payload


def combined(stream: str, payload: bytes) -> bytes:
    """Return an event as a combined socket gets it."""
    return b'{"stream":"%b","data":%b}' % (stream.encode(), payload)


class StreamSocket:
    """One client connection.

    Attributes:
        route: public, market or private; an un-routed URL counts as public.
        subscriptions: Stream names in the order asked for, those of other routes included (they stay silent).
        is_joined: Whether the client takes part in pacing.
        opened_s, pong_s, pinged_s: Times of the loop's clock.
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
        self._outbox.append(text_frame(combined(stream, payload) if self.is_combined else payload))

    def push_frame(self, frame: bytes) -> None:
        """Queue a frame that is made already."""
        self._outbox.append(frame)

    def answer(self, reply: Json) -> None:
        """Queue a control reply, which is never wrapped."""
        self._outbox.append(text_frame(encode(reply)))

    def flush(self) -> None:
        """Write all that is queued at once; cut off a client that does not read."""
        if not self._outbox:
            return
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._outbox))
            if self.unsent > LARGEST_BACKLOG:
                self._transport.abort()
        self._outbox.clear()

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Break the connection off, without a close frame."""
        self._transport.abort()

    def fall_deaf(self) -> None:
        """Read nothing more: no pong, no reply, no answer to a close frame; the peer does not notice."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def counts_message(self, now_s: float, limit: int) -> bool:
        """Count a client's message; return whether it still keeps to `limit` a second."""
        if int(now_s) != self._second:
            self._second, self._messages = int(now_s), 0
        self._messages += 1
        return self._messages <= limit


class Screen(Protocol):
    """Stands between what is published and the sockets, and may hold it back, change its order or lose it."""

    def take(self, stream: str, payload: bytes) -> None:
        """Take an event of a market stream; `Hub.push` sends it."""

    def take_private(self, listen_key: str, event: str, payload: bytes) -> None:
        """Take a user event; `Hub.send_private` sends it."""


class Hub:
    """All open sockets and who gets what.

    Attributes:
        sockets: In the order in which they were opened; the values mean nothing.
        has_pushed: Set by every event pushed; the pacer clears it.
        screen: What published events go through, None for nothing.
        send_private: Sends user events that are through it; `push_private` unless the venue takes its time.
    """

    def __init__(self, on_change: Callable[[str], None]) -> None:
        """Start empty; `on_change` is told each stream name that gained its first or lost its last listener."""
        self.sockets: dict[StreamSocket, None] = {}
        self.has_pushed = False
        self.screen: Screen | None = None
        self.send_private: Callable[[str, str, bytes], None] = self.push_private
        self._private: dict[StreamSocket, None] = {}
        self._listeners: dict[str, list[StreamSocket]] = {}
        self._on_change = on_change

    def add(self, socket: StreamSocket) -> None:
        """Take in a new connection."""
        self.sockets[socket] = None
        if socket.route == "private":
            self._private[socket] = None

    def remove(self, socket: StreamSocket) -> None:
        """Forget a connection: nothing is sent on it any more."""
        self.sockets.pop(socket, None)
        self._private.pop(socket, None)
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

    def listeners(self, stream: str) -> Sequence[StreamSocket]:
        """Return who listens to a market stream."""
        return self._listeners.get(stream, ())

    def private_listeners(self, listen_key: str, event: str) -> list[StreamSocket]:
        """Return who gets a listenKey's events of this name, as their `events` filters say."""
        found = []
        for socket in self._private:
            wanted = socket.listen_keys.get(listen_key)
            if wanted is not None and (not wanted or event in wanted):
                found.append(socket)
        return found

    def publish(self, stream: str, event: object) -> None:
        """Push an event, a dictionary or a record of `wire_stream`, to everybody who listens."""
        if stream not in self._listeners:
            return
        if self.screen is None:
            self.push(stream, encode(event))
        else:
            self.screen.take(stream, encode(event))

    def push(self, stream: str, payload: bytes) -> None:
        """Queue an event on every socket that listens; each form of its frame is made once."""
        plain = wrapped = None
        for socket in self._listeners.get(stream, ()):
            self.has_pushed = True
            if socket.is_combined:
                wrapped = wrapped or text_frame(combined(stream, payload))
                socket.push_frame(wrapped)
            else:
                plain = plain or text_frame(payload)
                socket.push_frame(plain)

    def publish_private(self, listen_key: str, event: Json) -> None:
        """Push a user event to the private sockets of a listenKey."""
        if self.screen is None:
            self.send_private(listen_key, event["e"], encode(event))
        else:
            self.screen.take_private(listen_key, event["e"], encode(event))

    def push_private(self, listen_key: str, event: str, payload: bytes) -> None:
        """Queue a user event on every socket that gets it."""
        for socket in self.private_listeners(listen_key, event):
            self.has_pushed = True
            socket.push(listen_key, payload)

    def publish_on_route(self, route: str, event: Json) -> None:
        """Push an event of this exchange's own to every socket of a route, whatever it subscribed to."""
        payload = encode(event)
        for socket in self.sockets:
            if socket.route == route:
                self.has_pushed = True
                socket.push(event["e"], payload)

    def flush(self) -> None:
        """Write what is queued on every socket."""
        for socket in self.sockets:
            socket.flush()
