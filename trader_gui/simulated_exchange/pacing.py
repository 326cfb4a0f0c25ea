"""Rounds of the pacing extension: the market waits until every joined client has worked off what it was sent.

The protocol is described in the package's docstring.
"""

import asyncio
from typing import Any

from trader_gui.simulated_exchange.streams import Hub, StreamSocket


class Pacer:
    """Keeps count of who joined and who has answered the current marker.

    Owner: the exchange; `round` is awaited by the market's task only.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._joined: set[StreamSocket] = set()
        self._waiting: set[StreamSocket] = set()
        self._number = 0
        self._answered: asyncio.Future[None] | None = None
        self._has_joined = asyncio.Event()

    def on_message(self, socket: StreamSocket, request: dict[str, Any] | None) -> bool:
        """Take a PACE message, or None when the socket has gone; return True when the socket has just joined."""
        parameters = request.get("params") if request else None
        if request is None:
            self._leave(socket)
        elif parameters == ["join"]:
            socket.answer({"result": None, "id": request.get("id")})
            self._joined.add(socket)
            self._has_joined.set()
            if self._is_round_open:
                # A client may answer only when all of its sockets have the marker: one that joins late gets it, too.
                self._waiting.add(socket)
                socket.answer({"e": "pace", "n": self._number})
            socket.flush()
            return True
        elif parameters == [self._number]:
            self._settle(socket)
        return False

    @property
    def _is_round_open(self) -> bool:
        return self._answered is not None and not self._answered.done()

    def _leave(self, socket: StreamSocket) -> None:
        self._joined.discard(socket)
        if not self._joined:
            self._has_joined.clear()
        self._settle(socket)

    def _settle(self, socket: StreamSocket) -> None:
        self._waiting.discard(socket)
        if not self._waiting and self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    async def round(self) -> None:
        """Send markers until every joined socket has answered one after which nothing more was pushed.

        With no joined socket this waits for one.
        """
        loop = asyncio.get_running_loop()
        while True:
            await self._has_joined.wait()
            self._number += 1
            self._hub.has_pushed = False
            self._waiting = set(self._joined)
            self._answered = loop.create_future()
            marker = {"e": "pace", "n": self._number}
            for socket in self._waiting:
                socket.answer(marker)
            self._hub.flush()
            await self._answered
            if not self._hub.has_pushed and self._joined:
                return
