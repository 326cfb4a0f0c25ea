"""Sockets of the venue: connect, read, back off, connect again. One socket is one route.

`RouteStream` is what market and user streams have in common; `MarketStream` is a fixed set of public streams.
Whether a route that is connected has gone silent is not judged here: the session watches the time of the last item.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from trader_gui.domain.step import Route
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.endpoints import Endpoints, is_loopback
from trader_gui.exchange.port import Deliver, Sleep, StreamItem, StreamStatus
from trader_gui.exchange.wire import FrameItem, ListenKeyExpired, decode_frame

_log = logging.getLogger(__name__)
# At DEBUG it writes the request line, which holds the listenKey on the private route.
_socket_log = logging.getLogger(f"{__name__}.socket")
_socket_log.setLevel(logging.INFO)

_SLICE_NS = 5_000_000
"""Work on a burst of frames for this long, then let the loop do other things."""

_MAX_FRAME_BYTES = 4 * 1024 * 1024
_MAX_FRAMES_WAITING = 1024


class StreamLimits(msgspec.Struct, frozen=True):
    """Time limits of a socket, seconds.

    Attributes:
        open_s: To connect.
        ping_s, pong_s: A ping after so much time, and how long its answer may take: together with `close_s` the time
            in which a connection that is dead without a word is noticed.
        close_s: To close in order.
        life_s: After this the socket is replaced; the venue cuts it after 24 h.
        backoff_min_s, backoff_max_s: First and longest upper bound of the wait before another try.
        settled_s: A socket that lived so long was a good one: the next wait is a short one again.
    """

    open_s: float = 10.0
    ping_s: float = 15.0
    pong_s: float = 15.0
    close_s: float = 1.0
    life_s: float = 23 * 3600.0
    backoff_min_s: float = 0.25
    backoff_max_s: float = 15.0
    settled_s: float = 10.0


class RouteStream:
    """Keeps one route's socket open and hands over what it carries.

    Every connection, first or later, is told with a `StreamStatus`, and so is every loss. Nothing that was missed in
    between is made up for: after a connection the session asks for what it needs.

    Owner: the task that awaits `run`; cancelling it closes the socket.

    Attributes:
        route: The route.
        unreadable: Frames that could not be read, by kind; each kind is logged once.
    """

    def __init__(
        self,
        route: Route,
        deliver: Deliver,
        *,
        limits: StreamLimits | None = None,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.route = route
        self.unreadable: Counter[str] = Counter()
        self._deliver = deliver
        self._limits = limits or StreamLimits()
        self._sleep = sleep
        self._jitter = jitter
        self._socket: ClientConnection | None = None
        self._connected_ns: int | None = None
        self._is_paced = False

    async def run(self) -> None:
        """Keep the socket open until cancelled."""
        failures = 0
        while True:
            self._connected_ns = None
            detail = await self._connect_once()
            if self._has_settled():
                failures = 0
            _log.info("%s stream: %s", self.route.value, detail)
            await self._sleep(self._backoff_s(failures))
            failures += 1

    async def join_pace(self) -> None:
        """Tell a simulated exchange at speed `max` to wait for this socket, now and after every reconnect."""
        self._is_paced = True
        await self._send_pace("join", 1)

    async def acknowledge_pace(self, number: int) -> None:
        """Answer a `PaceMarker`; nothing is sent when the socket it came by is gone."""
        await self._send_pace(number, number)

    async def _url(self) -> str:
        """Return where to connect; asked anew for every connection. `VenueError` means: not now."""
        raise NotImplementedError

    async def _serve(self, socket: ClientConnection) -> str:
        """Work with an open socket until it is to be replaced; return why."""
        return await self._receive(socket)

    def _take_own(self, item: ListenKeyExpired) -> None:
        """Take an item that is not for the session."""
        _log.info("%s stream: %s", self.route.value, type(item).__name__)

    def _on_unreadable(self, kind: str) -> None:
        """Act on a frame that could not be read, after it was counted."""

    async def _connect_once(self) -> str:
        """Connect, serve, and return in words for the log why the connection is over."""
        detail = "ended"
        try:
            async with await self._open() as socket:
                self._socket = socket
                if self._is_paced:
                    await self._send_pace("join", 1)
                self._connected_ns = time.monotonic_ns()
                self._tell(True, "connected")
                try:
                    detail = await self._serve(socket)
                finally:
                    await socket.close()  # in order, also when cancelled: the library would say "internal error"
        except (OSError, WebSocketException, VenueError, ProtocolError) as error:
            detail = _reason(error)
        finally:
            self._socket = None
            if self._connected_ns is not None:
                self._tell(False, detail)
        return detail

    def _has_settled(self) -> bool:
        age_ns = 0 if self._connected_ns is None else time.monotonic_ns() - self._connected_ns
        return age_ns >= self._limits.settled_s * 1e9

    async def _open(self) -> connect:
        url = await self._url()
        return connect(
            url,
            compression=None,
            open_timeout=self._limits.open_s,
            ping_interval=self._limits.ping_s,
            ping_timeout=self._limits.pong_s,
            close_timeout=self._limits.close_s,
            max_size=_MAX_FRAME_BYTES,
            max_queue=_MAX_FRAMES_WAITING,
            logger=_socket_log,
            proxy=None if is_loopback(url) else True,
        )

    async def _receive(self, socket: ClientConnection) -> str:
        """Hand over frames until the socket closes or grows old; return which."""
        try:
            async with asyncio.timeout(self._limits.life_s):
                await self._receive_all(socket)
        except TimeoutError:
            return "replaced, it has grown old"
        except ConnectionClosed as closed:
            return _reason(closed)
        return "no more frames"

    async def _receive_all(self, socket: ClientConnection) -> None:
        slice_end_ns = time.monotonic_ns() + _SLICE_NS
        while True:
            frame = await socket.recv(decode=False)
            received_ns = time.monotonic_ns()
            self._take(frame, received_ns)
            if received_ns >= slice_end_ns:
                # `recv` does not yield while frames are waiting.
                await asyncio.sleep(0)
                slice_end_ns = time.monotonic_ns() + _SLICE_NS

    def _take(self, frame: bytes, received_ns: int) -> None:
        try:
            items = decode_frame(frame, self.route)
        except ProtocolError as error:
            self._count_unreadable(error)
            return
        for item in items:
            self._hand_over(item, received_ns)

    def _hand_over(self, item: FrameItem, received_ns: int) -> None:
        if isinstance(item, ListenKeyExpired):
            self._take_own(item)
        else:
            self._deliver(item, received_ns)

    def _count_unreadable(self, error: ProtocolError) -> None:
        kind = str(error).partition(":")[0]
        self.unreadable[kind] += 1
        if self.unreadable[kind] == 1:
            _log.warning("%s stream: a frame cannot be read: %s", self.route.value, error)
        self._on_unreadable(kind)

    def _tell(self, is_connected: bool, detail: str) -> None:
        item: StreamItem = StreamStatus(self.route, is_connected, detail)
        self._deliver(item, time.monotonic_ns())

    def _backoff_s(self, failures: int) -> float:
        """Return a wait between 0 and a bound that doubles with every failure (full jitter: no two clients in step)."""
        bound_s = self._limits.backoff_min_s * float(2 ** min(failures, 16))
        return self._jitter() * min(bound_s, self._limits.backoff_max_s)

    async def _send_pace(self, parameter: int | str, number: int) -> None:
        socket = self._socket
        if socket is None:
            return
        try:
            await socket.send(msgspec.json.encode({"method": "PACE", "params": [parameter], "id": number}).decode())
        except ConnectionClosed:
            # `run` meets the same end and connects again; the server no longer waits for this socket.
            _log.info("%s stream: closed before a pace answer", self.route.value)


def _reason(error: Exception) -> str:
    """Return the error in words that hold no URL: the private one contains the listenKey."""
    if isinstance(error, ConnectionClosed):
        frame = error.rcvd or error.sent
        return f"closed, code {frame.code} {frame.reason}".rstrip() if frame is not None else "cut without a word"
    if isinstance(error, TimeoutError):
        return "cannot connect in time"
    if isinstance(error, VenueError | ProtocolError):
        return f"no access: {error}"
    return f"cannot connect: {type(error).__name__}"


class MarketStream(RouteStream):
    """Public streams of one route, subscribed by URL."""

    def __init__(
        self,
        endpoints: Endpoints,
        route: Route,
        streams: Sequence[str],
        deliver: Deliver,
        *,
        limits: StreamLimits | None = None,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(route, deliver, limits=limits, sleep=sleep, jitter=jitter)
        self._stream_url = endpoints.stream_url(route, streams)

    async def _url(self) -> str:
        return self._stream_url
