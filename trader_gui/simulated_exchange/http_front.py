"""The exchange's HTTP side: which part answers a request or takes a connection, and what troubles it on the way."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from trader_gui.simulated_exchange import control, mirror, security, ws_api
from trader_gui.simulated_exchange.faults import Call
from trader_gui.simulated_exchange.intake import Cut, Intake, Outcome
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.requests import HTML, PATHS, UNKNOWN_PATH, Reply, RequestDesk
from trader_gui.simulated_exchange.socket_host import SocketHost
from trader_gui.simulated_exchange.wire import encode

HANG_LOOK_S = 0.25
"""How often a request that gets no answer looks whether its client has gone."""

UNREADABLE = Reply(400, b"<html><head><title>400 Bad Request</title></head></html>", {}, HTML)

_KEY = "X-MBX-APIKEY"
_log = logging.getLogger(__name__)


class HttpFront:
    """Takes every request to the exchange's port.

    Owner: the exchange; each request runs in its own task, none longer than `stop`.
    """

    def __init__(
        self,
        desk: RequestDesk,
        intake: Intake,
        sockets: SocketHost,
        api: ws_api.WsApi,
        controls: control.ControlDesk,
        mirrored: mirror.MirrorHost | None,
        close_sockets: Callable[[], Awaitable[None]],
    ) -> None:
        """Share the requests out; `close_sockets` ends all connections of an exchange whose market has failed."""
        self._desk = desk
        self._intake = intake
        self._sockets = sockets
        self._api = api
        self._controls = controls
        self._mirrored = mirrored
        self._close_sockets = close_sockets
        self._is_stopping = asyncio.Event()

    def stop(self) -> None:
        """Let go of the requests that are left without an answer."""
        self._is_stopping.set()

    async def on_request(self, request: web.Request) -> web.StreamResponse:
        """Answer, or run a connection until it closes."""
        path = request.path
        if path not in PATHS:
            return await self._serve_other(path, request)
        # The signature is over the bytes as sent, before any decoding.
        query = request.raw_path.partition("?")[2]
        sent = await _body(request)
        if sent is None:
            return _response(UNREADABLE)
        body = sent.decode(errors="surrogateescape")
        method, key = request.method, request.headers.get(_KEY)
        if self._intake.is_direct:
            return _response(self._desk.answer(method, path, key, query, body))
        call = Call(method, path, _parameters(query, body))
        outcome = await self._intake.run(
            call, lambda: self._desk.admit(method, path, key, query, body), self._desk.execute
        )
        return await self._carry_out(request, outcome)

    async def _serve_other(self, path: str, request: web.Request) -> web.StreamResponse:
        if path in control.PATHS:
            return await self._control(path, request)
        if self._mirrored is not None and path == mirror.PATH:
            return await self._serve_mirror(self._mirrored, request) or _response(UNKNOWN_PATH)
        if not self._intake.is_direct:
            call = Call(request.method, path, {}, is_handshake=True)
            outcome = await self._intake.greet(call)
            if outcome is not None:
                return await self._carry_out(request, outcome)
        if request.headers.get("Upgrade") and (refusal := self._sockets.refuse_many()) is not None:
            return refusal
        host = self._api if path == ws_api.PATH else self._sockets
        return await host.serve(request) or _response(UNKNOWN_PATH)

    async def _carry_out(self, request: web.Request, outcome: Outcome) -> web.Response:
        if isinstance(outcome, Reply):
            return _response(outcome)
        if outcome is Cut.HANG:
            while not (self._is_stopping.is_set() or _is_gone(request)):
                try:
                    await asyncio.wait_for(self._is_stopping.wait(), HANG_LOOK_S)
                except TimeoutError:
                    continue
        if request.transport is not None:
            request.transport.abort()
        return web.Response()  # goes nowhere: the connection is gone

    async def _control(self, path: str, request: web.Request) -> web.Response:
        # Browsers let any page reach this machine; none of them knows the key.
        try:
            security.known_key(self._desk.keys, request.headers.get(_KEY))
        except VenueRefusal as refusal:
            return _response(_refusal(refusal))
        body = await _body(request)
        return _response(UNREADABLE if body is None else self._controls.answer(request.method, path, body))

    async def _serve_mirror(self, host: mirror.MirrorHost, request: web.Request) -> web.StreamResponse | None:
        try:
            security.known_key(self._desk.keys, request.headers.get(_KEY))
        except VenueRefusal as refusal:
            return _response(_refusal(refusal))
        try:
            return await host.serve(request)
        except Exception:
            _log.exception("the simulated market failed")
            await self._close_sockets()
            raise


async def _body(request: web.Request) -> bytes | None:
    """Return what a request carries, None when it breaks off."""
    if not request.body_exists:
        return b""
    try:
        return await request.read()
    except (web.RequestPayloadError, ConnectionError):
        return None


def _parameters(query: str, body: str) -> dict[str, str]:
    try:
        return security.read_parameters(query, body)
    except VenueRefusal:  # what cannot be read is refused where the request is admitted
        return {}


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _refusal(refusal: VenueRefusal) -> Reply:
    return Reply(refusal.http_status, encode({"code": refusal.code, "msg": refusal.message}), {})


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers, content_type=reply.content_type)
