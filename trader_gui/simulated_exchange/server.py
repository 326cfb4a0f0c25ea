"""The simulated exchange as a server on loopback: HTTP requests, stream sockets and the market's task.

`async with SimulatedExchange(options) as exchange:` serves at `exchange.rest_url` and `exchange.ws_url` until it ends.
"""

import asyncio
import errno
import heapq
import logging
import secrets
from collections.abc import Iterator
from itertools import groupby
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from trader_gui.errors import UserError
from trader_gui.simulated_exchange import mirror, ws_api
from trader_gui.simulated_exchange.control import ControlDesk
from trader_gui.simulated_exchange.http_front import HttpFront
from trader_gui.simulated_exchange.intake import Intake
from trader_gui.simulated_exchange.keys import KeyRing, hmac_key, read_public_key
from trader_gui.simulated_exchange.options import ExchangeOptions, make_markets
from trader_gui.simulated_exchange.pacing import Pacer
from trader_gui.simulated_exchange.records import MarketTick
from trader_gui.simulated_exchange.request_clock import RequestClock
from trader_gui.simulated_exchange.requests import RequestDesk
from trader_gui.simulated_exchange.socket_host import SocketHost
from trader_gui.simulated_exchange.streams import StreamSocket
from trader_gui.simulated_exchange.trouble import Trouble, read_trouble
from trader_gui.simulated_exchange.venue import Venue
from trader_gui.simulated_exchange.wire import encode

HOST = "127.0.0.1"
LONGEST_LAG_S = 5.0
"""Market time further behind than this (the machine slept, say) is given up: the market goes on from here."""

LONGEST_URL = 64 * 1024
"""Bytes; a URL may name as many streams as a connection takes."""

BUSY_S = 0.01
COUNTDOWN_WATCH_S, COUNTDOWN_CHECK_S = 0.1, 0.01
"""Catching up, the market works this long before it lets requests in."""

_log = logging.getLogger(__name__)


class SimulatedExchange:
    """One running exchange.

    Attributes:
        rest_url, ws_url: Base addresses, known once started.
        api_key, api_secret: The one account's credentials.
        public_keys: What signs for it besides, by the file that it was read from.
        keys: All of these, as requests are checked against.
        venue: All state behind the wire, for tests and for looking.
        trouble: Faults and latency.
        at_end: Set when a file has been played to its end.

    Owner: whoever enters the context; it owns the web runner, the market's task and the housekeeping task.
    """

    def __init__(self, options: ExchangeOptions) -> None:
        """Read the data and make the markets; nothing listens yet.

        Raises:
            UserError: The options or a file cannot be used.
        """
        self._options = options
        self._plan, self._latency = read_trouble(options.faults, options.latency, is_paced=options.is_paced)
        self._markets, specs = make_markets(options)
        self._clock = RequestClock()
        self.api_key = options.api_key or secrets.token_hex(32)
        self.api_secret = options.api_secret or secrets.token_hex(32)
        self.rest_url = self.ws_url = ""
        self.at_end = asyncio.Event()
        self.venue = Venue(
            specs,
            self._markets,
            wallet_balance=options.wallet_balance,
            fee_tier=options.fee_tier,
            is_paced=options.is_paced,
            request_ms=self._clock,
        )
        self._pacer = Pacer(self.venue.hub)
        counts = options.is_counted
        self._sockets = SocketHost(self.venue.hub, self._on_pace, counts=counts, limits=options.limits)
        self.public_keys = {file: read_public_key(file) for file in options.public_keys}
        self.keys = KeyRing([hmac_key(self.api_key, self.api_secret), *self.public_keys.values()])
        desk = RequestDesk(self.venue, self.keys, counts=counts)
        self._mirror: mirror.MirrorHost | None = None
        if options.mirror:
            symbol = self._markets[0].symbol
            self._mirror = mirror.MirrorHost(symbol, self._take_mirrored, lambda: self.venue.market_ms)
        intake = Intake(self._clock)
        self._ws_api = ws_api.WsApi(desk, intake)
        self.trouble = Trouble(self.venue, self._sockets, self._ws_api, intake, self._clock)
        controls = ControlDesk(self.venue, self.trouble)
        self._front = HttpFront(desk, intake, self._sockets, self._ws_api, controls, self._mirror, self._close_sockets)
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, and set the market going.

        Raises:
            UserError: The port is in use.
        """
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._front.on_request)
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=1.0,
            max_line_size=LONGEST_URL,
            auto_decompress=False,  # nobody packs requests, and the signature is over the bytes as sent
        )
        await runner.setup()
        site = web.TCPSite(runner, HOST, self._options.port)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            if error.errno in (errno.EADDRINUSE, errno.EACCES, 10048, 10013):
                raise UserError(
                    f"port {self._options.port} is in use: end the program that has it, or choose another port."
                ) from None
            raise
        self._runner = runner
        port = runner.addresses[0][1]
        self.rest_url, self.ws_url = f"http://{HOST}:{port}", f"ws://{HOST}:{port}"
        self.trouble.set_latency(self._latency, self._options.seed if self._plan is None else self._plan.seed)
        if self._plan is not None:
            self.trouble.start(self._plan)
        self._tasks = [
            asyncio.create_task(self._keep_house(), name="simulated exchange housekeeping"),
            asyncio.create_task(self._run_countdowns(), name="simulated exchange countdowns"),
        ]
        if self._mirror is None:
            self._tasks.append(asyncio.create_task(self._play(), name="simulated market"))

    async def stop(self) -> None:
        """Stop the market and close every connection; bounded."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.trouble.close()
        self._front.stop()
        await self._close_sockets()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # ---- the market --------------------------------------------------------------------------------------------------

    def _instants(self) -> Iterator[tuple[int, list[MarketTick]]]:
        """Yield (time, ticks of all symbols at that time), times strictly rising."""
        merged = heapq.merge(*(market.ticks() for market in self._markets), key=_time)
        for time_ms, ticks in groupby(merged, key=_time):
            yield time_ms, list(ticks)

    async def _play(self) -> None:
        try:
            if self._options.is_paced:
                await self._play_paced()
            else:
                await self._play_by_clock(float(self._options.speed))
        except asyncio.CancelledError:
            raise
        except Exception:
            # A market that stands still without a word would look like a quiet one: cut every connection.
            _log.exception("the simulated market failed")
            await self._close_sockets()
            raise

    async def _close_sockets(self) -> None:
        await self._sockets.close()
        await self._ws_api.close()
        if self._mirror is not None:
            await self._mirror.close()

    async def _play_by_clock(self, speed: float) -> None:
        loop = asyncio.get_running_loop()
        is_generated = self._options.data is None and self._options.start_time_ms is None
        anchor_market = self._clock() if is_generated else self._markets[0].start_time_ms
        anchor_s = worked_s = loop.time()
        for time_ms, ticks in self._instants():
            now_s = loop.time()
            wait_s = anchor_s + (time_ms - anchor_market) / 1000 / speed - now_s
            if wait_s > 0:
                await asyncio.sleep(wait_s)
                worked_s = loop.time()
            elif now_s - worked_s > BUSY_S:
                if wait_s < -LONGEST_LAG_S and time_ms > anchor_market:
                    anchor_market, anchor_s = time_ms, now_s
                await asyncio.sleep(0)
                worked_s = loop.time()
            self._move_to(time_ms, ticks)
        self._end()

    def _move_to(self, time_ms: int, ticks: list[MarketTick]) -> None:
        self._close_before(time_ms)
        self.venue.take_ticks(ticks, time_ms)
        self.venue.publish()
        self.venue.hub.flush()

    def _close_before(self, time_ms: int) -> None:
        while (close_ms := self.venue.next_close_ms()) < time_ms:
            self.venue.close_klines(close_ms)

    async def _play_paced(self) -> None:
        venue, pacer = self.venue, self._pacer
        await pacer.round()
        for time_ms, ticks in self._instants():
            while (close_ms := venue.next_close_ms()) < time_ms:
                venue.close_klines(close_ms)
                self.trouble.advance()
                await pacer.round()
            venue.take_ticks(ticks, time_ms)
            self.trouble.advance()
            if venue.hub.has_pushed:
                await pacer.round()
            venue.publish()
            await pacer.round()
        self._end()

    def _end(self) -> None:
        self.venue.hub.publish_on_route("market", self._end_frame())
        self.venue.hub.flush()
        self.at_end.set()

    def _end_frame(self) -> dict[str, Any]:
        return {"e": "dataEnd", "E": self.venue.market_ms}

    def _on_pace(self, socket: StreamSocket, request: dict[str, Any] | None) -> None:
        if self._pacer.on_message(socket, request) and self.at_end.is_set() and socket.route == "market":
            socket.push("dataEnd", encode(self._end_frame()))
            socket.flush()

    async def _keep_house(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(1.0, self._options.limits.ping_s))
            self.venue.expire_listen_key()
            self.venue.hub.flush()
            await self._sockets.keep_alive(loop.time())
            await self._ws_api.keep_alive(loop.time())

    async def _run_countdowns(self) -> None:
        while True:
            await asyncio.sleep(COUNTDOWN_CHECK_S if self.venue.countdowns.is_running else COUNTDOWN_WATCH_S)
            if self.venue.countdowns.is_running:
                self.venue.run_countdowns()
                self.venue.hub.flush()

    # ---- the mirrored market -----------------------------------------------------------------------------------------

    def _take_mirrored(self, tick: MarketTick) -> bool:
        ahead_ms = tick.time_ms - self.venue.market_ms
        if ahead_ms <= 0:
            return False
        if ahead_ms > mirror.FARTHEST_MS:
            raise mirror.MirrorError(f"its time lies {ahead_ms} ms after the market's")
        self._move_to(tick.time_ms, [tick])
        return True


def _time(tick: MarketTick) -> int:
    return tick.time_ms
