"""Opens the venue of a profile: the real one, or the simulated exchange as a child process."""

import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from trader_gui.clock import SystemClock
from trader_gui.credentials import Credentials
from trader_gui.domain.step import Route
from trader_gui.errors import UserError
from trader_gui.exchange.endpoints import ENDPOINTS, Endpoints, loopback
from trader_gui.exchange.port import Deliver, MarketReader, OrderPort
from trader_gui.exchange.rest import RestClient
from trader_gui.exchange.streams import MarketStream, RouteStream
from trader_gui.exchange.user_stream import UserStream
from trader_gui.prelim import stream_names
from trader_gui.profiles import Profile
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import start_exchange


@dataclass(frozen=True)
class Connection:
    """An open venue.

    Attributes:
        reader: Public data; in the paper profile of the real venue.
        port: The account, where orders go.
        streams: One for each route, not yet running.
        is_paced: The exchange waits for the session after every round.
    """

    reader: MarketReader
    port: OrderPort
    streams: tuple[RouteStream, ...]
    is_paced: bool
    _client: RestClient
    _clock: SystemClock

    async def sync_clock(self) -> None:
        """Measure the venue's clock anew."""
        await self._client.sync_clock()

    def read_budget(self, status: SessionStatus) -> None:
        """Bring latency, clock offset and rate budget of `status` up to date."""
        client = self._client
        status.rest_latency_ms = client.rest_latency_ms
        status.clock_offset_ms = float(self._clock.offset_ms) if self._clock.is_synced else None
        status.weight_used, status.weight_limit = client.weight_used, client.weight_limit
        status.orders_used, status.orders_limit = client.orders_used, client.orders_limit


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
    endpoints, credentials = await _order_side(stack, profile, options, credentials)
    clock = SystemClock()
    client = RestClient(endpoints, clock, lambda: (credentials.api_key, credentials.api_secret))
    stack.push_async_callback(client.aclose)
    await client.sync_clock()
    names = stream_names(options.symbol, options.interval, with_book=options.with_book)
    streams = (
        MarketStream(endpoints, Route.MARKET, names[Route.MARKET], deliver),
        MarketStream(endpoints, Route.PUBLIC, names[Route.PUBLIC], deliver),
        UserStream(endpoints, client, deliver),
    )
    return Connection(client, client, streams, options.speed == "max", client, clock)


async def _order_side(
    stack: AsyncExitStack, profile: Profile, options: SessionOptions, credentials: Credentials | None
) -> tuple[Endpoints, Credentials]:
    """Return where orders go and with which keys; starts the simulated exchange where the profile trades on it."""
    if profile.orders == "simulated":
        return await _start_exchange(stack, options)
    if credentials is None:
        raise UserError(f"no API key for {profile.name}: enter it in the window, menu File, Keys…")
    return ENDPOINTS[profile.endpoints_key], credentials


async def _start_exchange(stack: AsyncExitStack, options: SessionOptions) -> tuple[Endpoints, Credentials]:
    process = await start_exchange(
        ExchangeOptions(
            data=Path(options.data_file) if options.data_file else None,
            seed=options.seed if options.seed is not None else secrets.randbits(31),
            speed=options.speed if options.speed == "max" else float(options.speed),
            symbols=(options.symbol,),
        )
    )
    stack.push_async_callback(process.stop)
    return loopback(process.rest_url, process.ws_url), Credentials(process.api_key, process.api_secret)
