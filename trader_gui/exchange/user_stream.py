"""The private route: the life of the listenKey, and a socket that is as alive as its key."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection

from trader_gui.domain.step import Route
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.endpoints import Endpoints
from trader_gui.exchange.port import Deliver, Sleep
from trader_gui.exchange.rest_errors import LISTEN_KEY_UNKNOWN
from trader_gui.exchange.streams import RouteStream, StreamLimits
from trader_gui.exchange.wire import ListenKeyExpired

_log = logging.getLogger(__name__)

RENEW_S = 30 * 60.0
"""The venue keeps a key for 60 minutes; renewed at half of it, there is time for many tries."""

RETRY_S = 60.0
"""Wait after a renewal that failed."""


class KeySource(Protocol):
    """The two calls of `OrderPort` that a user stream needs."""

    async def new_listen_key(self) -> str: ...
    async def renew_listen_key(self) -> str: ...


class UserStream(RouteStream):
    """Account and order events.

    The handshake succeeds even with a wrong key, and an expired key leaves the socket open and silent; so the key is
    asked for anew before every connection, renewed while it lasts, and any doubt about it ends the connection.

    After a frame that cannot be read it says `StreamStatus` connected once more, since an event of the account was
    lost: as after a connection, the session takes a snapshot.

    A key is never deleted: other programs of the same account share it.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        keys: KeySource,
        deliver: Deliver,
        *,
        limits: StreamLimits | None = None,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(Route.PRIVATE, deliver, limits=limits, sleep=sleep, jitter=jitter)
        self._endpoints = endpoints
        self._keys = keys
        self._listen_key = ""
        self._doubt = asyncio.Event()

    def replace(self, reason: str) -> None:
        """Connect anew with a key that is asked for anew; `reason` is a code, for the log."""
        _log.info("%s stream: replaced, %s", self.route.value, reason)
        self._doubt.set()

    async def _url(self) -> str:
        self._doubt.clear()
        self._listen_key = await self._keys.new_listen_key()
        return self._endpoints.user_url(self._listen_key)

    async def _serve(self, socket: ClientConnection) -> str:
        """Read frames, renew the key, and close the socket when the key is in doubt."""
        async with asyncio.TaskGroup() as group:
            renewal = group.create_task(self._renew(), name="listen-key-renewal")
            watch = group.create_task(self._close_in_doubt(socket), name="listen-key-watch")
            reason = await self._receive(socket)
            renewal.cancel()
            watch.cancel()
        return "the listenKey has ended" if self._doubt.is_set() else reason

    def _take_own(self, item: ListenKeyExpired) -> None:
        if item.listen_key in ("", self._listen_key):
            self._doubt.set()

    def _on_unreadable(self, kind: str) -> None:
        self._tell(True, f"an event was lost: {kind} cannot be read")

    async def _close_in_doubt(self, socket: ClientConnection) -> None:
        await self._doubt.wait()
        await socket.close()

    async def _renew(self) -> None:
        """Renew the key for as long as the connection lasts; return when it is no longer ours."""
        wait_s = RENEW_S
        while True:
            await self._sleep(wait_s)
            try:
                renewed = await self._keys.renew_listen_key()
            except (VenueError, ProtocolError) as error:
                if isinstance(error, VenueError) and error.code == LISTEN_KEY_UNKNOWN:
                    break
                _log.warning("the listenKey could not be renewed, next try in %.0f s: %s", RETRY_S, error)
                wait_s = RETRY_S
                continue
            if renewed not in ("", self._listen_key):
                break
            wait_s = RENEW_S
        self._doubt.set()
