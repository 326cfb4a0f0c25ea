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
            elif size == 127:
                size, start = int.from_bytes(self.data[2:10], "big"), 10
            yield msgspec.json.decode(self.data[start : start + size])
            self.data = self.data[start + size :]


class World:
    """A venue on generated markets that begin three minutes before a funding, moved by hand."""

    def __init__(self, *symbols: str) -> None:
        markets = [GeneratedMarket(SPECS[symbol], 3, FUNDING_MS - 180_000) for symbol in symbols or ("BTCUSDT",)]
        self.market = markets[0]
        self.now_ms = 5_000_000
        self.venue = Venue(
            SPECS, markets, wallet_balance=Decimal(10_000), is_paced=False, request_ms=lambda: self.now_ms
        )
        self._ticks = zip(*(market.ticks() for market in markets), strict=True)

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
            ticks = next(self._ticks)
            time_ms = ticks[0].time_ms
            while self.venue.next_close_ms() < time_ms:
                self.venue.close_klines(self.venue.next_close_ms())
            self.venue.take_ticks(ticks, time_ms)
            self.venue.publish()
        self.venue.hub.flush()
        return ticks[0]

    def ask(self, method: str, path: str, **parameters: Any) -> Any:
        handler = ENDPOINTS[method, path].handler
        return handler(self.venue, {name: str(value) for name, value in parameters.items()})
