"""One open socket of a route: reads it, and asks it now and then whether the other end is still there."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

_SLICE_NS = 5_000_000
"""Work on a burst of frames for this long, then let the loop do other things."""


class StreamLimits(msgspec.Struct, frozen=True):
    """Time limits of a socket, seconds.

    Attributes:
        open_s: To ask for the URL, connect, and see the first sign of life.
        probe_s: After so long without a sign of life the other end is asked for one; the venue takes ten messages a
            second.
        dead_s: Without one for so long, the connection is lost.
        ping_s, pong_s: The library's own ping, and how long its answer may take: what is left over when nobody else
            looks after a socket is closed by it.
        close_s: To close in order.
        life_s: After this the socket is replaced; the venue cuts it after 24 h.
        settled_s: A socket that lived so long was a good one: after its loss the first try comes at once.
    """

    open_s: float = 3.0
    probe_s: float = 0.9
    dead_s: float = 2.6
    ping_s: float = 15.0
    pong_s: float = 15.0
    close_s: float = 1.0
    life_s: float = 23 * 3600.0
    settled_s: float = 5.0


class StreamLine:
    """An open socket.

    A frame or a pong is a sign of life; the first one proves the socket. A pong says nothing about the streams that
    are subscribed to: what must not stay silent is judged by `frame_ns`.

    Owner: the stream, whose TaskGroup runs `run`; cancelling it closes the socket.

    Attributes:
        opened_ns: Monotonic time at which it was opened.
        alive_ns: Of the last sign of life; 0 before the first.
        frame_ns: Of the last frame, `opened_ns` before the first.
        is_lost: The stream no longer believes in it.
    """

    def __init__(
        self,
        socket: ClientConnection,
        take: Callable[[bytes, int], None],
        prove: Callable[["StreamLine"], None],
        limits: StreamLimits,
        *,
        is_probed: bool,
    ) -> None:
        """Serve an open socket.

        Args:
            socket: Freshly connected.
            take: Called with every frame and its monotonic time of receipt.
            prove: Called with the line at every sign of life, before the frame is taken.
            limits: Its limits.
            is_probed: Ask for signs of life again and again; the first one is asked for in any case.
        """
        self.opened_ns = self.frame_ns = time.monotonic_ns()
        self.alive_ns = 0
        self.is_lost = False
        self._socket = socket
        self._retired = asyncio.Event()
        self._take = take
        self._prove = prove
        self._limits = limits
        self._is_probed = is_probed

    async def run(self) -> ConnectionClosed:
        """Read until the socket closes, and return how it closed."""
        try:
            async with asyncio.TaskGroup() as group:
                beside = [
                    group.create_task(self._probe(), name="stream probe"),
                    group.create_task(self._close_retired(), name="stream socket's end"),
                ]
                try:
                    return await self._receive_all()
                finally:
                    for task in beside:
                        task.cancel()
        finally:
            await self._socket.close()  # in order, also when cancelled: the library would say "internal error"

    def retire(self) -> None:
        """Close the socket; what the other end has sent before is still taken."""
        self._retired.set()

    async def send(self, text: str) -> None:
        """Send a control message.

        Raises:
            ConnectionClosed: The socket is closed.
        """
        await self._socket.send(text)

    async def _close_retired(self) -> None:
        await self._retired.wait()
        await self._socket.close()

    async def _receive_all(self) -> ConnectionClosed:
        slice_end_ns = time.monotonic_ns() + _SLICE_NS
        while True:
            try:
                frame = await self._socket.recv(decode=False)
            except ConnectionClosed as closed:
                return closed
            received_ns = self.frame_ns = time.monotonic_ns()
            self._show_life(received_ns)
            self._take(frame, received_ns)
            if received_ns >= slice_end_ns:
                # `recv` does not yield while frames are waiting.
                await asyncio.sleep(0)
                slice_end_ns = time.monotonic_ns() + _SLICE_NS

    async def _probe(self) -> None:
        """Ask for a sign of life at once, and then whenever there was none for a while."""
        wait_s = 0.0
        while True:
            await asyncio.sleep(wait_s)
            silent_s = (time.monotonic_ns() - self.alive_ns) / 1e9
            if silent_s < self._limits.probe_s:
                wait_s = self._limits.probe_s - silent_s
                continue
            try:
                pong = cast("asyncio.Future[float]", await self._socket.ping())
            except ConnectionClosed:
                return
            pong.add_done_callback(self._on_pong)
            if not self._is_probed:
                return
            wait_s = self._limits.probe_s

    def _on_pong(self, pong: "asyncio.Future[float]") -> None:
        """Take the answer to a ping; when the socket was closed before, there is none."""
        if not pong.cancelled() and pong.exception() is None:
            self._show_life(time.monotonic_ns())

    def _show_life(self, now_ns: int) -> None:
        self.alive_ns = now_ns
        self._prove(self)
