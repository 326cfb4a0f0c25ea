"""The private route: the life of the listenKey, and a socket that is as alive as its key."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Protocol

from trader_gui.domain.step import Route
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.dialing import Dialing
from trader_gui.exchange.endpoints import Endpoints
from trader_gui.exchange.port import Deliver, Sleep
from trader_gui.exchange.rest_errors import LISTEN_KEY_UNKNOWN
from trader_gui.exchange.stream_line import StreamLimits
from trader_gui.exchange.streams import RouteStream
from trader_gui.exchange.wire import ListenKeyExpired

_log = logging.getLogger(__name__)

RENEW_S = 30.0
"""The venue keeps a key for 60 minutes. It is renewed far more often, for a weight of 1, because the answer tells
whether the key is still the account's: one that was deleted by another program falls silent without a word."""

PACED_RENEW_S = 30 * 60.0
"""Where the exchange waits for the session, as seldom as will do: requests by the machine's time are part of no run."""

RETRY_S = 60.0
"""Longest wait after a renewal that failed."""


class KeySource(Protocol):
    """The two calls of `OrderPort` that a user stream needs."""

    async def new_listen_key(self) -> str: ...
    async def renew_listen_key(self) -> str: ...


class UserStream(RouteStream):
    """Account and order events.

    The handshake succeeds even with a wrong key, and an expired key leaves the socket open and silent; so the key is
    asked for anew before every connection, renewed while it lasts, and with a key that has ended the connection is
    lost, whatever its socket says.

    After a frame that cannot be read it says `StreamStatus` connected once more, since an event of the account was
    lost: as after a connection, the session takes a snapshot.

    A key is never deleted: other programs of the same account share it.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        keys: KeySource,
        deliver: Deliver,
        dialing: Dialing,
        *,
        limits: StreamLimits | None = None,
        is_watched: bool = True,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(Route.PRIVATE, deliver, dialing, limits=limits, is_watched=is_watched)
        self._endpoints = endpoints
        self._keys = keys
        self._sleep = sleep
        self._renew_s = RENEW_S if is_watched else PACED_RENEW_S
        self._asked_key = ""
        self._listen_key = ""

    async def _url(self) -> str:
        self._asked_key = await self._keys.new_listen_key()
        return self._endpoints.user_url(self._asked_key)

    def _on_open(self) -> None:
        self._listen_key = self._asked_key

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        return [*super()._background(), self._renew()]

    def _take_own(self, item: ListenKeyExpired) -> None:
        if item.listen_key in ("", self._listen_key):
            self._lose("listen_key_ended")

    def _on_unreadable(self, kind: str) -> None:
        self._tell(True, f"event_lost: {kind} cannot be read")

    async def _renew(self) -> None:
        """Renew the key of the open socket again and again; one that is no longer the account's ends the connection."""
        has_failed = False
        while True:
            await self._sleep(min(self._renew_s, RETRY_S) if has_failed else self._renew_s)
            key = self._listen_key
            if self._line is None:
                continue  # its successor begins with a key of its own
            try:
                renewed = await self._keys.renew_listen_key()
            except (VenueError, ProtocolError) as error:
                if isinstance(error, VenueError) and error.code == LISTEN_KEY_UNKNOWN:
                    self._end_key(key, "listen_key_ended")
                elif not has_failed:
                    has_failed = True
                    _log.warning("the listenKey could not be renewed, it is tried again: %s", error)
                continue
            has_failed = False
            if renewed not in ("", key):
                self._end_key(key, "listen_key_changed")

    def _end_key(self, key: str, reason: str) -> None:
        """Lose the socket, unless it has another key by now."""
        if key == self._listen_key:
            self._lose(reason)
