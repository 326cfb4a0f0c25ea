"""Sockets of the venue: connect, read, look after, connect again. One socket is one route.

`RouteStream` is what market and user streams have in common; `MarketStream` is a fixed set of public streams.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from trader_gui.domain.step import Route
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.dialing import Dialing
from trader_gui.exchange.endpoints import Endpoints, is_loopback
from trader_gui.exchange.port import DataEnd, Deliver, StreamLife, StreamStatus
from trader_gui.exchange.stream_line import StreamLimits, StreamLine
from trader_gui.exchange.stream_trouble import TOO_MANY, trouble_of
from trader_gui.exchange.wire import FrameItem, ListenKeyExpired, decode_frame

_log = logging.getLogger(__name__)
# At DEBUG it writes the request line, which holds the listenKey on the private route.
_socket_log = logging.getLogger(f"{__name__}.socket")
_socket_log.setLevel(logging.INFO)

_WATCH_S = 0.2
_LATE_NS = 1_000_000_000
_MAX_FRAME_BYTES = 4 * 1024 * 1024
_MAX_FRAMES_WAITING = 1024


class Silence(msgspec.Struct, frozen=True):
    """How long a route may be silent although its socket lives; seconds.

    Attributes:
        after_s: Then the socket is replaced: a subscription that has died without a word looks like this.
        again_s: Between two such replacements at least; it doubles while no frame comes.
        longest_s: Its bound.
    """

    after_s: float
    again_s: float
    longest_s: float


SILENCE = {
    Route.MARKET: Silence(after_s=5.0, again_s=5.0, longest_s=20.0),  # a mark price comes every second
    Route.PUBLIC: Silence(after_s=10.0, again_s=60.0, longest_s=60.0),  # the book of a quiet symbol is quiet
}
"""By route; the private one may be silent for hours."""


class RouteStream:
    """Keeps one route's socket open and hands over what it carries.

    Every connection, first or later, is told with a `StreamStatus`, and so is every loss, with its reason, and every
    new reason why there is no connection yet. Nothing that was missed in between is made up for: after a connection
    the session asks for what it needs. A socket that is replaced goes on delivering until the new one has proven
    itself by a frame or a pong, so for a moment both may deliver the same.

    Owner: the task that awaits `run`; cancelling it closes the sockets.

    Attributes:
        route: The route.
        life: What is known of the socket.
        unreadable: Frames that could not be read, by kind; each kind is logged once.
    """

    def __init__(
        self,
        route: Route,
        deliver: Deliver,
        dialing: Dialing,
        *,
        limits: StreamLimits | None = None,
        silence: Silence | None = None,
        is_watched: bool = True,
    ) -> None:
        """Make a stream that does not run yet.

        Args:
            route: Of the socket.
            deliver: Where its items go.
            dialing: Shared by all sockets to the venue.
            limits: Time limits.
            silence: Of a route that must not stay silent.
            is_watched: Look after the socket by this machine's time; not where the exchange waits for the session.
        """
        self.route = route
        self.life = StreamLife()
        self.unreadable: Counter[str] = Counter()
        self._deliver = deliver
        self._dialing = dialing
        self._limits = limits or StreamLimits()
        self._silence = silence
        self._is_watched = is_watched
        self._is_paced = False
        self._line: StreamLine | None = None
        self._candidate: StreamLine | None = None
        self._verdict: asyncio.Future[str] | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._reason = ""
        self._told_trouble = ""
        self._tried_ns = 0
        self._adopted_ns = 0
        self._flaps = 0
        self._failures = 0
        self._silences = 0
        self._silenced_ns = 0
        self._looked_ns = 0
        self._awake_ns = 0

    async def run(self) -> None:
        """Keep a socket open until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for work in self._background():
                    group.create_task(work, name=f"{self.route} stream, beside the socket")
                while True:
                    await self._dial(group)
                    await self._wanted.wait()
        finally:
            self._give_up("ended")
            self._line = None

    def replace(self, reason: str) -> None:
        """Open another socket in place of the present one, which is closed only then.

        Nothing happens while that is under way already, or where the exchange waits for the session.

        Args:
            reason: A code, for the log and the window.
        """
        if self._is_watched:
            self._want(reason)

    async def join_pace(self) -> None:
        """Tell a simulated exchange at speed `max` to wait for this socket, now and after every reconnect."""
        self._is_paced = True
        await self._send_pace(self._line, "join", 1)

    async def acknowledge_pace(self, number: int) -> None:
        """Answer a `PaceMarker`; nothing is sent when the socket it came by is gone."""
        await self._send_pace(self._line, number, number)

    # ---- what a kind of stream has of its own ------------------------------------------------------------------------

    async def _url(self) -> str:
        """Return where to connect; asked anew for every connection. `VenueError` means: not now."""
        raise NotImplementedError

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        """Return what runs as long as the stream."""
        return [self._watch()] if self._is_watched else []

    def _on_open(self) -> None:
        """Act on a socket that has just become the stream's."""

    def _take_own(self, item: ListenKeyExpired) -> None:
        """Take an item that is not for the session."""
        _log.info("%s stream: %s", self.route, type(item).__name__)

    def _on_unreadable(self, kind: str) -> None:
        """Act on a frame that could not be read, after it was counted."""

    def _lose(self, reason: str) -> None:
        """Believe in the open socket no longer, and have another one opened."""
        self._give_up(reason)
        self._want(reason)

    # ---- one socket after the other ----------------------------------------------------------------------------------

    def _want(self, reason: str) -> None:
        if not self._wanted.is_set():
            _log.info("%s stream: a new socket is wanted: %s", self.route, reason)
            self._reason = reason
            self._wanted.set()

    async def _dial(self, group: asyncio.TaskGroup) -> None:
        """Try until a socket has taken the present one's place."""
        age_ns = time.monotonic_ns() - self._adopted_ns
        self._flaps = self._flaps + 1 if age_ns < self._limits.settled_s * 1e9 else 0
        self._failures = 0
        while True:
            tries = self._failures or self._flaps
            await self._dialing.wait_turn(tries, self._tried_ns, is_flap=not self._failures)
            self._tried_ns = time.monotonic_ns()
            trouble = await self._try(group)
            if not trouble:
                break
            self._failures += 1
            self._note_trouble(trouble)

    async def _try(self, group: asyncio.TaskGroup) -> str:
        """Open a socket and wait until it has proven itself; return why it did not, "" when it did."""
        task: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(self._limits.open_s):
                if self._is_paced and self._line is not None:
                    self._line.retire()  # the exchange waits for every socket that has joined
                line = await self._open()
                self._candidate, self._verdict = line, asyncio.get_running_loop().create_future()
                task = group.create_task(self._serve(line), name=f"{self.route} socket")
                if self._is_paced:
                    await self._send_pace(line, "join", 1)
                return await self._verdict
        except (OSError, WebSocketException, VenueError, ProtocolError) as error:
            if isinstance(error, InvalidStatus) and error.response.status_code in TOO_MANY:
                self._dialing.hold()
            return trouble_of(error)
        finally:
            if self._candidate is not None:
                self._candidate = None
                if task is not None:
                    task.cancel()

    async def _open(self) -> StreamLine:
        url = await self._url()
        address = await self._dialing.addresses.find(url)
        try:
            socket = await self._connect(url, address)
        except BaseException:  # out of time, too
            if address is not None:
                self._dialing.addresses.avoid(address)
            raise
        return StreamLine(socket, self._take, self._on_life, self._limits, is_probed=self._is_watched)

    async def _connect(self, url: str, address: str | None) -> ClientConnection:
        destination: dict[str, Any] = {} if address is None else {"host": address}
        return await connect(
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
            **destination,
        )

    async def _serve(self, line: StreamLine) -> None:
        """Read a socket to its end, and act on it."""
        reason = trouble_of(await line.run())
        if line is self._line:
            self._give_up(reason)
            self._line = None
            self._want(reason)
        elif line is self._candidate and self._verdict is not None and not self._verdict.done():
            self._verdict.set_result(reason)

    def _on_life(self, line: StreamLine) -> None:
        """Take a sign of life; the first one of a new socket makes it the stream's."""
        if line is self._candidate:
            self._adopt(line)
        if line is self._line and not line.is_lost:
            self.life.alive_ns = line.alive_ns

    def _adopt(self, line: StreamLine) -> None:
        former, self._line, self._candidate = self._line, line, None
        is_seamless = former is not None and not former.is_lost
        if former is not None:
            former.retire()
        if self._adopted_ns:
            self.life.replaced += 1
            self.life.reason = self._reason
        self._adopted_ns = time.monotonic_ns()
        self._told_trouble = ""
        self._wanted.clear()
        if self._failures:
            self._dialing.announce()
        self._on_open()
        self._tell(True, self._reason if is_seamless else "connected", line.alive_ns)
        if self._verdict is not None and not self._verdict.done():
            self._verdict.set_result("")

    def _give_up(self, reason: str) -> None:
        """Tell the loss of a socket, once."""
        if self._line is not None and not self._line.is_lost:
            self._line.is_lost = True
            self._tell(False, reason)

    def _note_trouble(self, trouble: str) -> None:
        """Log and tell why a try has failed, when it is news; a socket that still delivers is not lost by it."""
        if trouble == self._told_trouble:
            return
        self._told_trouble = trouble
        _log.info("%s stream: no new socket yet: %s", self.route, trouble)
        if self._line is None or self._line.is_lost:
            self._tell(False, trouble)

    # ---- looking after it --------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        self._looked_ns = time.monotonic_ns()
        while True:
            await asyncio.sleep(_WATCH_S)
            now_ns = time.monotonic_ns()
            if now_ns - self._looked_ns > _LATE_NS:
                self._awake_ns = now_ns  # nothing could be heard meanwhile: what has come is read first
            self._looked_ns = now_ns
            if self._line is not None and not self._line.is_lost:
                self._look_at(self._line, now_ns)

    def _look_at(self, line: StreamLine, now_ns: int) -> None:
        if now_ns - max(line.alive_ns, self._awake_ns) > self._limits.dead_s * 1e9:
            self._dialing.distrust()
            self._lose("no_pong")
        elif self._wanted.is_set():
            return
        elif now_ns - line.opened_ns > self._limits.life_s * 1e9:
            self._want("grown_old")
        elif self._silence is not None and self._is_too_silent(self._silence, line, now_ns):
            self._silences += 1
            self._silenced_ns = now_ns
            self._want("silent")

    def _is_too_silent(self, silence: Silence, line: StreamLine, now_ns: int) -> bool:
        again_s = min(silence.again_s * float(2 ** min(max(self._silences - 1, 0), 16)), silence.longest_s)
        heard_ns = max(line.frame_ns, self._awake_ns)
        return now_ns - heard_ns > silence.after_s * 1e9 and now_ns - self._silenced_ns > again_s * 1e9

    # ---- frames ------------------------------------------------------------------------------------------------------

    def _take(self, frame: bytes, received_ns: int) -> None:
        self._silences = 0
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
            return
        if isinstance(item, DataEnd):
            self._silence = None  # nothing more will come
        self._deliver(item, received_ns)

    def _count_unreadable(self, error: ProtocolError) -> None:
        kind = str(error).partition(":")[0]
        self.unreadable[kind] += 1
        if self.unreadable[kind] == 1:
            _log.warning("%s stream: a frame cannot be read: %s", self.route, error)
        self._on_unreadable(kind)

    def _tell(self, is_connected: bool, detail: str, now_ns: int | None = None) -> None:
        self._deliver(StreamStatus(self.route, is_connected, detail), now_ns or time.monotonic_ns())

    async def _send_pace(self, line: StreamLine | None, parameter: int | str, number: int) -> None:
        if line is None:
            return
        try:
            await line.send(msgspec.json.encode({"method": "PACE", "params": [parameter], "id": number}).decode())
        except ConnectionClosed:
            # `run` meets the same end and connects again; the server no longer waits for this socket.
            _log.info("%s stream: closed before a pace answer", self.route)


class MarketStream(RouteStream):
    """Public streams of one route, subscribed by URL."""

    def __init__(
        self,
        endpoints: Endpoints,
        route: Route,
        streams: Sequence[str],
        deliver: Deliver,
        dialing: Dialing,
        *,
        limits: StreamLimits | None = None,
        is_watched: bool = True,
    ) -> None:
        super().__init__(route, deliver, dialing, limits=limits, silence=SILENCE.get(route), is_watched=is_watched)
        self._stream_url = endpoints.stream_url(route, streams)

    async def _url(self) -> str:
        return self._stream_url
