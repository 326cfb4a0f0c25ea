"""Which routes are connected and fresh: told by the streams, judged by the clock, passed on to the gate as messages."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from trader_gui.domain.account import AccountUpdate
from trader_gui.domain.market import AggTrade, BookTicker, DepthUpdate, Kline, MarkPrice
from trader_gui.domain.order import OrderUpdate
from trader_gui.domain.step import FeedStatus, Message, Route
from trader_gui.errors import UserError
from trader_gui.exchange.port import StreamLife, StreamStatus
from trader_gui.rt_trader.pulse import Pulse
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import SessionStatus

_log = logging.getLogger(__name__)

STALE_AFTER_NS = 2_700_000_000
"""Looked for four times a second, so that what is dead is grey within three."""

EPISODE_NS = 60_000_000_000
"""A loss within a minute of the last one belongs to the same trouble."""

CONNECTED = "connected"
MIRROR_STALE = "mirror_stale"
"""Detail of the private route while it is held stale for the mirror's sake; a code, for the window's words."""
CONNECT_LIMIT_S = 30.0
FIRST_PRICE_LIMIT_S = 5.0

ROUTE_OF = {
    Kline: Route.MARKET,
    MarkPrice: Route.MARKET,
    AggTrade: Route.MARKET,
    BookTicker: Route.PUBLIC,
    DepthUpdate: Route.PUBLIC,
    OrderUpdate: Route.PRIVATE,
    AccountUpdate: Route.PRIVATE,
}
"""The route that a streamed message proves alive."""

_NO_LIVES: Mapping[Route, StreamLife] = MappingProxyType({})


class Freshness:
    """Keeps `SessionStatus.routes`.

    Every route has to be connected, and its socket to have shown a sign of life within `STALE_AFTER_NS`. Beyond that
    the market route is fresh while messages come, since a mark price comes every second; the public one while they
    come as often as they use to (the book of a quiet symbol is quiet); the private one, silent by nature, once the
    account was read since it connected, or since it last said that it had lost an event or its socket was replaced.
    A route that is doubted is stale until it says anew that it is connected.

    In paper the private route is stale, too, while the live market does not reach the simulated exchange: prices are
    right then, but the exchange that would fill an order trades on old ones, and the gate opens nothing without a
    fresh private route.
    """

    def __init__(
        self,
        road: Road,
        status: SessionStatus,
        is_mirror_stale: Callable[[int], bool],
        lives: Mapping[Route, StreamLife] = _NO_LIVES,
    ) -> None:
        """Keep the routes of `status`.

        Args:
            road: Is told every change.
            status: Of the session.
            is_mirror_stale: Asked with the monotonic time in ns.
            lives: Of the routes' sockets; a route without one is believed to be alive.
        """
        self._connected = {route: asyncio.Event() for route in Route}
        self._first_price = asyncio.Event()
        self._road = road
        self._status = status
        self._is_mirror_stale = is_mirror_stale
        self._lives = lives
        self._pulse = Pulse()
        self._heard: set[Route] = set()
        self._doubted: set[Route] = set()
        self._is_account_read = False

    async def wait_connected(self, stop: asyncio.Event) -> None:
        """Wait until every route has connected once, or the session is to stop.

        Raises:
            UserError: Not within the limit.
        """
        connected = asyncio.gather(*(event.wait() for event in self._connected.values()))
        if not await _first(connected, stop, CONNECT_LIMIT_S):
            missing = ", ".join(route for route, s in self._status.routes.items() if not s.is_connected)
            raise UserError(
                f"no connection to the exchange's streams within {CONNECT_LIMIT_S:.0f} s ({missing}): check the network"
            )

    async def wait_first_price(self, stop: asyncio.Event) -> None:
        """Wait a while for the first price, so that a session that has started can trade."""
        await _first(self._first_price.wait(), stop, FIRST_PRICE_LIMIT_S)

    def on_stream_status(self, told: StreamStatus) -> bool:
        """Take what a stream says of its connection; True when it is connected and may have missed something."""
        route = self._status.routes[told.route]
        has_changed = route.is_connected is not told.is_connected
        if has_changed:
            self._heard.discard(told.route)
            if told.route is Route.PUBLIC:
                self._pulse.pause()
            route.connected_since_ns = time.monotonic_ns()
        was_connected, route.is_connected = route.is_connected, told.is_connected
        self._copy_life(told.route)
        if not told.is_connected:
            route.detail = told.detail
            if was_connected:
                self._note_loss(told)
            self.set_fresh(told.route, False)
            return False
        route.detail = CONNECTED
        self._connected[told.route].set()
        self._doubted.discard(told.route)
        if told.route is Route.PRIVATE:
            self._is_account_read = False
            self.set_fresh(Route.PRIVATE, False)
        return True

    def doubt(self, route: Route) -> None:
        """Believe a route no more until it says anew that it is connected."""
        self._doubted.add(route)
        self.set_fresh(route, False)

    def note_account_read(self) -> None:
        """Note that the core has the account as it was read since the private route connected."""
        self._is_account_read = True
        self._look_at(Route.PRIVATE, time.monotonic_ns())

    def note_received(self, message: Message, received_ns: int) -> None:
        """Note that a message came; a route that was silent is fresh again."""
        route = ROUTE_OF.get(type(message))
        if route is None or (isinstance(message, OrderUpdate) and message.is_asked):
            return
        status = self._status.routes[route]
        status.last_received_ns = received_ns
        self._heard.add(route)
        if route is Route.PUBLIC:
            self._pulse.note(received_ns)
        if not status.is_fresh and status.is_connected:
            self._look_at(route, received_ns)

    def doubt_all(self) -> None:
        """Believe no route until it says anew that it is connected."""
        self._doubted.update(Route)
        for route in Route:
            self.set_fresh(route, False)

    def set_fresh(self, route: Route, is_fresh: bool) -> None:
        """Tell status and gate, when it is news."""
        status = self._status.routes[route]
        if route in self._doubted or (route is Route.PRIVATE and not self._is_private_known()):
            is_fresh = False
        if status.is_fresh is is_fresh:
            return
        status.is_fresh = is_fresh
        status.fresh_since_ns = time.monotonic_ns()
        if is_fresh and route is Route.MARKET:
            self._first_price.set()
        self._road.step(FeedStatus(route, is_fresh, self._road.callback.now_ms))

    def _is_private_known(self) -> bool:
        return self._is_account_read and not self._is_mirror_stale(time.monotonic_ns())

    def check(self) -> None:
        """Grey the routes that have gone silent or show no life, and the private one while the mirror stands still."""
        now_ns = time.monotonic_ns()
        self._check_mirror(self._is_mirror_stale(now_ns))
        for route in Route:
            self._look_at(route, now_ns)

    def _look_at(self, route: Route, now_ns: int) -> None:
        self._copy_life(route)
        self.set_fresh(route, self._is_believed(route, now_ns))

    def _is_believed(self, route: Route, now_ns: int) -> bool:
        status = self._status.routes[route]
        if not status.is_connected or route in self._doubted:
            return False
        if route in self._lives and now_ns - status.alive_ns > STALE_AFTER_NS:
            return False
        if route is Route.PRIVATE:
            return True  # silent by nature
        longest_ns = STALE_AFTER_NS
        if route is Route.PUBLIC:
            longest_ns = self._pulse.longest_usual_ns(STALE_AFTER_NS)
        return route in self._heard and now_ns - status.last_received_ns <= longest_ns

    def _copy_life(self, route: Route) -> None:
        life = self._lives.get(route)
        if life is not None:
            status = self._status.routes[route]
            status.alive_ns, status.replaced, status.reason = life.alive_ns, life.replaced, life.reason

    def _note_loss(self, told: StreamStatus) -> None:
        _log.warning("%s stream lost: %s", told.route, told.detail)
        status, now_ns = self._status.routes[told.route], time.monotonic_ns()
        status.losses = status.losses + 1 if now_ns - status.lost_ns < EPISODE_NS else 1
        status.lost_ns = now_ns

    def _check_mirror(self, is_stale: bool) -> None:
        private = self._status.routes[Route.PRIVATE]
        if not private.is_connected:
            return
        private.detail = MIRROR_STALE if is_stale else CONNECTED
        if private.is_fresh and is_stale:
            _log.warning("the live market does not reach the simulated exchange: entries are held")


async def _first(work: Awaitable[object], stop: asyncio.Event, limit_s: float) -> bool:
    """Wait for `work` or `stop`; False when neither came within the limit."""

    async def wait_for_work() -> None:
        await work

    waits = [
        asyncio.create_task(wait_for_work(), name="wait"),
        asyncio.create_task(stop.wait(), name="wait for stop"),
    ]
    done, _ = await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    await asyncio.wait(waits)
    return bool(done)
