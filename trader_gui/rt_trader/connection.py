"""Opens the venue of a profile: the real one, the simulated exchange as a child process, or in paper a part of each."""

import logging
import secrets
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trader_gui.clock import SystemClock
from trader_gui.credentials import Credentials
from trader_gui.domain.step import Route
from trader_gui.errors import ProtocolError, UserError, VenueError
from trader_gui.exchange.chart_feed import Market
from trader_gui.exchange.dialing import Dialing
from trader_gui.exchange.endpoints import ENDPOINTS, Endpoints, loopback
from trader_gui.exchange.mirror import Mirror
from trader_gui.exchange.port import Deliver, StreamLife
from trader_gui.exchange.rate_budget import RateBudget
from trader_gui.exchange.rest import RestClient
from trader_gui.exchange.streams import MarketStream, RouteStream
from trader_gui.exchange.user_stream import UserStream
from trader_gui.prelim import stream_names
from trader_gui.profiles import Profile
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.paper import start_paper_exchange
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import ExchangeProcess, start_exchange

_log = logging.getLogger(__name__)

OTHER_SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT", "ADAUSDT", "LTCUSDT")
"""Generated beside the session's own; each takes half a thousandth of a processor at the usual speed."""


@dataclass(frozen=True)
class Connection:
    """An open venue.

    Attributes:
        reader: Public data; in the paper profile of the real venue.
        market: The same public data, for charts.
        port: The account, where orders go.
        streams: One for each route, not yet running.
        is_paced: The exchange waits for the session after every round.
        mirror: Paper only: takes the real market to the simulated exchange; not yet running.
        is_local: The market is on this machine: no network lies between.
    """

    reader: RestClient
    market: Market
    port: RestClient
    streams: tuple[RouteStream, ...]
    is_paced: bool
    mirror: Mirror | None
    is_local: bool
    _clock: SystemClock
    _dialings: tuple[Dialing, ...]

    @property
    def lives(self) -> dict[Route, StreamLife]:
        """What is known of each route's socket; nothing where the exchange waits for the session."""
        return {} if self.is_paced else {stream.route: stream.life for stream in self.streams}

    @property
    def _clients(self) -> tuple[RestClient, ...]:
        return (self.reader,) if self.reader is self.port else (self.reader, self.port)

    def replace_all(self, reason: str) -> None:
        """Trust no connection of before: open new sockets on every route, and new connections for requests."""
        for stream in self.streams:
            stream.replace(reason)
        if self.mirror is not None:
            self.mirror.replace(reason)
        for dialing in self._dialings:
            dialing.announce()

    async def sync_clocks(self) -> None:
        """Measure every clock's offset anew; one whose venue cannot be asked keeps its old one until it can."""
        for client in self._clients:
            try:
                await client.sync_clock()
            except (VenueError, ProtocolError) as error:
                _log.info("the exchange's time could not be read: %s", error)

    def replace_user_stream(self, reason: str) -> None:
        """Have the user stream take a new socket with a new key; `reason` is a code."""
        for stream in self.streams:
            if isinstance(stream, UserStream):
                stream.replace(reason)

    def is_mirror_stale(self, now_ns: int) -> bool:
        """Tell whether orders would meet a market that stands still while the real one moves on (paper only)."""
        return self.mirror is not None and self.mirror.is_stale(now_ns)

    def background(self) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """Return what has to run as long as the session, with names for its tasks."""
        work = [(f"stream {stream.route}", stream.run()) for stream in self.streams]
        if self.mirror is not None:
            work.append(("mirror", self.mirror.run()))
        if not self.is_paced:  # nothing by the machine's time, or no two runs would be the same
            work += [("clock", client.keep_clock()) for client in self._clients]
        return work

    def read_budget(self, status: SessionStatus) -> None:
        """Bring latency, clock, rate budget and pauses of `status` up to date: public data's weight, orders' count."""
        status.rest_latency_ms = self.port.rest_latency_ms
        status.clock_offset_ms = float(self._clock.offset_ms) if self._clock.is_synced else None
        status.clock_synced_ns = self._clock.synced_ns
        clients = self._clients
        status.banned_until_ms = max(
            (c.banned_until_ms for c in clients if c.banned_until_ms is not None), default=None
        )
        paused_s = max(client.reads_paused_s for client in clients)
        status.reads_paused_until_ns = time.monotonic_ns() + int(paused_s * 1e9) if paused_s else None
        status.weight_used, status.weight_limit = self.reader.weight_used, self.reader.weight_limit
        status.orders_used, status.orders_limit = self.port.orders_used, self.port.orders_limit


async def open_connection(
    stack: AsyncExitStack,
    profile: Profile,
    options: SessionOptions,
    credentials: Credentials | None,
    deliver: Deliver,
) -> Connection:
    """Start what has to run, and return clients and streams; `stack` ends it all.

    Raises:
        UserError: The simulated exchange cannot start (bad file, unknown symbol).
        VenueError: The venue's clock cannot be read.
    """
    if profile.feed == "live" and profile.orders == "simulated":
        return await _open_paper(stack, ENDPOINTS[profile.endpoints_key], options, deliver)
    endpoints, credentials = await _order_side(stack, profile, options, credentials)
    is_paced = options.speed == "max"
    client, clock = await _client(stack, endpoints, credentials, is_counted=not is_paced)
    dialing = _dialing(client)
    streams = (
        *_market_streams(endpoints, options, deliver, dialing),
        UserStream(endpoints, client, deliver, dialing, is_watched=not is_paced),
    )
    market = Market(client, endpoints, dialing)
    return Connection(client, market, client, streams, is_paced, None, endpoints.is_loopback, clock, (dialing,))


async def _open_paper(
    stack: AsyncExitStack, market: Endpoints, options: SessionOptions, deliver: Deliver
) -> Connection:
    """Read the real market, without a key; trade on a simulated exchange that mirrors it."""
    reader, clock = await _client(stack, market, None)
    process = await start_paper_exchange(stack, reader, options.symbol)
    endpoints = loopback(process.rest_url, process.ws_url)
    port, _ = await _client(stack, endpoints, Credentials(process.api_key, process.api_secret))
    far, near = _dialing(reader), _dialing(port)
    streams = (*_market_streams(market, options, deliver, far), UserStream(endpoints, port, deliver, near))
    mirror = Mirror(market, options.symbol, f"{process.ws_url}/mirror", process.api_key, far, near)
    public = Market(reader, market, far)
    return Connection(reader, public, port, streams, False, mirror, market.is_loopback, clock, (far, near))


def _dialing(client: RestClient) -> Dialing:
    """Return the pace of all sockets to a venue: they and its requests tell each other when it can be reached again."""
    dialing = Dialing()
    dialing.observers.append(client.renew)
    client.observers.append(dialing.announce)
    return dialing


async def _client(
    stack: AsyncExitStack, endpoints: Endpoints, credentials: Credentials | None, *, is_counted: bool = True
) -> tuple[RestClient, SystemClock]:
    """Return a client, with keys or for public data only, and its clock, set by the venue's.

    `is_counted`: the venue limits requests; a paced one does not, and a limit here would slow it by the machine's time.
    """
    clock = SystemClock()
    provider = None if credentials is None else lambda: (credentials.api_key, credentials.api_secret)
    client = RestClient(endpoints, clock, provider, budget=RateBudget(is_counted=is_counted))
    stack.push_async_callback(client.aclose)
    await client.sync_clock()
    return client, clock


def _market_streams(
    endpoints: Endpoints, options: SessionOptions, deliver: Deliver, dialing: Dialing
) -> tuple[RouteStream, ...]:
    names = stream_names(options.symbol, options.interval, with_book=options.with_book)
    is_watched = options.speed != "max"
    return tuple(
        MarketStream(endpoints, r, names[r], deliver, dialing, is_watched=is_watched)
        for r in (Route.MARKET, Route.PUBLIC)
    )


async def _order_side(
    stack: AsyncExitStack, profile: Profile, options: SessionOptions, credentials: Credentials | None
) -> tuple[Endpoints, Credentials]:
    """Return where orders go and with which keys; starts the simulated exchange where the profile trades on it."""
    if profile.orders == "simulated":
        process = await _start_exchange(stack, options)
        return loopback(process.rest_url, process.ws_url), Credentials(process.api_key, process.api_secret)
    if credentials is None:
        raise UserError(f"no API key for {profile.name}: enter it in the window, menu File, Keys…")
    return ENDPOINTS[profile.endpoints_key], credentials


async def _start_exchange(stack: AsyncExitStack, options: SessionOptions) -> ExchangeProcess:
    process = await start_exchange(
        ExchangeOptions(
            data=Path(options.data_file) if options.data_file else None,
            seed=options.seed if options.seed is not None else secrets.randbits(31),
            speed=options.speed if options.speed == "max" else float(options.speed),
            symbols=_symbols(options),
        )
    )
    stack.push_async_callback(process.stop)
    return process


def _symbols(options: SessionOptions) -> tuple[str, ...]:
    """Return the symbols of a simulated exchange, the session's first.

    A file is one symbol's. At speed `max`, where the exchange waits for the session, no other market is played: nobody
    could trade there, and every one of them would cost time.
    """
    if options.data_file is not None or options.speed == "max":
        return (options.symbol,)
    return tuple(dict.fromkeys((options.symbol, *OTHER_SYMBOLS)))
