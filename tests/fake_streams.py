"""A market whose sockets are opened, connected and cut by the test."""

import asyncio
from collections.abc import Sequence

from trader_gui.domain.step import Route
from trader_gui.exchange.port import Deliver, StreamLife, StreamStatus


class FakeStreams:
    """Every stream that was opened: its names, and whether it still runs."""

    def __init__(self) -> None:
        self.names: list[Sequence[str]] = []
        self.routes: list[Route] = []
        self.delivers: list[Deliver] = []
        self.running: set[int] = set()

    def stream(self, route: Route, names: Sequence[str], deliver: Deliver) -> "FakeStream":
        self.routes.append(route)
        self.names.append(tuple(names))
        self.delivers.append(deliver)
        return FakeStream(self, len(self.names) - 1)

    def connect(self, number: int = -1) -> None:
        """Let a stream connect, the newest one when none is named."""
        self.delivers[number](StreamStatus(self.routes[number], True, "connected"), 0)

    def lose(self, number: int = -1) -> None:
        """Let a stream lose its connection."""
        self.delivers[number](StreamStatus(self.routes[number], False, "cut"), 0)


class FakeStream:
    def __init__(self, streams: FakeStreams, number: int) -> None:
        self._streams = streams
        self._number = number
        self.life = StreamLife(alive_ns=1 << 62)

    async def run(self) -> None:
        self._streams.running.add(self._number)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._streams.running.discard(self._number)
