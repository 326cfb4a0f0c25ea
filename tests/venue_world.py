"""A venue of the simulated exchange without sockets, moved by hand: for tests of what stands behind the wire."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from trader_gui.simulated_exchange import rest_account, rest_market, rest_order
from trader_gui.simulated_exchange.generated import GeneratedMarket
from trader_gui.simulated_exchange.records import MarketTick
from trader_gui.simulated_exchange.streams import StreamSocket
from trader_gui.simulated_exchange.symbols import SPECS
from trader_gui.simulated_exchange.venue import Venue

FUNDING_MS = 1_767_225_600_000
ENDPOINTS = {**rest_market.ENDPOINTS, **rest_account.ENDPOINTS, **rest_order.ENDPOINTS}


class Pipe:
    """Takes what a socket writes; frames are read back without their headers."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def frames(self) -> Iterator[Any]:
        while self.data:
            size, start = self.data[1], 2
            if size == 126:
                size, start = int.from_bytes(self.data[2:4], "big"), 4
            yield msgspec.json.decode(self.data[start : start + size])
            self.data = self.data[start + size :]


class World:
    """A venue on a generated market that begins three minutes before a funding, moved by hand."""

    def __init__(self) -> None:
        self.market = GeneratedMarket(SPECS["BTCUSDT"], 3, FUNDING_MS - 180_000)
        self.now_ms = 5_000_000
        self.venue = Venue(
            SPECS, [self.market], wallet_balance=Decimal(10_000), is_paced=False, request_ms=lambda: self.now_ms
        )
        self._ticks = self.market.ticks()

    def listen(self, route: str, *streams: str) -> Pipe:
        pipe = Pipe()
        socket = StreamSocket(route, is_combined=False, transport=pipe, now_s=0)  # type: ignore[arg-type]
        if route == "private":
            socket.listen_keys = {self.venue.listen_key.open(): frozenset()}
        self.venue.hub.add(socket)
        self.venue.hub.subscribe(socket, streams)
        return pipe

    def play(self, count: int) -> MarketTick:
        for _ in range(count):
            tick = next(self._ticks)
            while self.venue.next_close_ms() < tick.time_ms:
                self.venue.close_klines(self.venue.next_close_ms())
            self.venue.take_ticks([tick], tick.time_ms)
            self.venue.publish()
        self.venue.hub.flush()
        return tick

    def ask(self, method: str, path: str, **parameters: Any) -> Any:
        handler = ENDPOINTS[method, path].handler
        return handler(self.venue, {name: str(value) for name, value in parameters.items()})
