"""The connections of the WebSocket API (2.2) at `/ws-fapi/v1`: handshake, frames in and out, keep-alive.

A frame is answered before the next of its connection is read, so replies come in the order of the requests, whatever
is in flight; where latency or faults hold one up, the next ones overtake it. The server pings every three minutes;
only a pong that echoes a ping's payload within ten minutes keeps a connection alive. More than five ping and pong
frames in a second end it, and so does its day being over.
"""

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from trader_gui.simulated_exchange.intake import Cut, Intake
from trader_gui.simulated_exchange.limits import LimitRefusal
from trader_gui.simulated_exchange.requests import Reply, RequestDesk
from trader_gui.simulated_exchange.ws_api_methods import HANDSHAKE_WEIGHT, Session, answer, answer_by

PATH = "/ws-fapi/v1"
PING_SECONDS = 180
PONG_SECONDS = 600
LIFE_SECONDS = 24 * 3600
CONTROL_FRAMES_PER_SECOND = 5
LONGEST_FRAME = 256 * 1024


class _Connection:
    """One client's connection and what keeps it alive. Times are the loop's."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, session: Session, now_s: float
    ) -> None:
        self.socket = socket
        self.transport = transport
        self.session = session
        self.opened_s = self.pinged_s = self.alive_s = now_s
        self._unanswered: set[bytes] = set()
        self._second = 0
        self._frames = 0

    async def ping(self, payload: bytes, now_s: float) -> None:
        self.pinged_s = now_s
        self._unanswered.add(payload)
        await self.socket.ping(payload)

    def take_pong(self, payload: bytes, now_s: float) -> None:
        """Note a pong; one that answers no ping counts for nothing."""
        if payload in self._unanswered:
            self._unanswered.clear()
            self.alive_s = now_s

    def counts_control_frame(self, now_s: float) -> bool:
        """Count a ping or pong; return whether the client still keeps to five a second."""
        if int(now_s) != self._second:
            self._second, self._frames = int(now_s), 0
        self._frames += 1
        return self._frames <= CONTROL_FRAMES_PER_SECOND


class WsApi:
    """Serves the connections of the WebSocket API.

    Owner: the exchange makes one and calls `keep_alive` now and then; each connection runs in its request's task.
    """

    def __init__(self, desk: RequestDesk, intake: Intake) -> None:
        """Answer by `desk`, through `intake` while anything stands before the venue."""
        self._desk = desk
        self._intake = intake
        self._connections: set[_Connection] = set()
        self._answers: set[asyncio.Task[None]] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse | None:
        """Run one connection until it closes; None when the request opens no WebSocket."""
        socket = web.WebSocketResponse(timeout=1.0, autoping=False, compress=False, max_msg_size=LONGEST_FRAME)
        if not socket.can_prepare(request).ok:
            return None
        try:
            self._desk.spend(HANDSHAKE_WEIGHT)
        except LimitRefusal as refusal:
            return _refused(self._desk.refuse_handshake(refusal))
        await socket.prepare(request)
        shows_limits = request.query.get("returnRateLimits", "true").lower() != "false"
        session = Session(self._desk.venue.request_ms(), shows_limits=shows_limits)
        connection = _Connection(socket, request.transport, session, asyncio.get_running_loop().time())
        self._connections.add(connection)
        try:
            # A client that goes away while it is answered is no error.
            with contextlib.suppress(ConnectionResetError):
                await self._read(connection)
        finally:
            self._connections.discard(connection)
        return socket

    async def _read(self, connection: _Connection) -> None:
        loop = asyncio.get_running_loop()
        socket = connection.socket
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                if self._intake.is_direct:
                    await socket.send_frame(answer(self._desk, connection.session, message.data), WSMsgType.TEXT)
                else:
                    self._answer_later(connection, message.data)
            elif message.type in (WSMsgType.PING, WSMsgType.PONG):
                now_s = loop.time()
                if not connection.counts_control_frame(now_s):
                    await socket.close(code=1008, message=b"Too many ping and pong frames")
                    return
                if message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                else:
                    connection.take_pong(bytes(message.data), now_s)

    def _answer_later(self, connection: _Connection, frame: str) -> None:
        """Work on a frame that may take its time; the next one does not wait for it."""
        task = asyncio.create_task(self._answer(connection, frame), name="WebSocket API request")
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, connection: _Connection, frame: str) -> None:
        reply = await answer_by(self._intake, self._desk, connection.session, frame)
        if reply is Cut.DROP and connection.transport is not None:
            connection.transport.abort()
        elif isinstance(reply, bytes):
            with contextlib.suppress(ConnectionResetError):
                await connection.socket.send_frame(reply, WSMsgType.TEXT)

    async def keep_alive(self, now_s: float) -> None:
        """Ping where it is due; drop connections that are dead or a day old. `now_s` is the loop's time."""
        for connection in list(self._connections):
            if now_s - connection.alive_s > PONG_SECONDS or now_s - connection.opened_s > LIFE_SECONDS:
                await connection.socket.close(code=1001)
            elif now_s - connection.pinged_s > PING_SECONDS:
                with contextlib.suppress(ConnectionResetError):
                    await connection.ping(str(self._desk.venue.request_ms()).encode(), now_s)

    async def close(self) -> None:
        """Close every connection; what is still on its way to the venue is given up."""
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        for connection in list(self._connections):
            await connection.socket.close(code=1001, message=b"Server shutdown")


def _refused(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers, content_type=reply.content_type)
