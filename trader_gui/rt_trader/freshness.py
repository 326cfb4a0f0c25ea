"""Which routes are connected and fresh: told by the streams, judged by the clock, passed on to the gate as messages."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from trader_gui.domain.account import AccountUpdate
from trader_gui.domain.market import AggTrade, BookTicker, DepthUpdate, Kline, MarkPrice
from trader_gui.domain.order import OrderUpdate
from trader_gui.domain.step import FeedStatus, Message, Route
from trader_gui.errors import UserError
from trader_gui.exchange.port import StreamStatus
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import SessionStatus

_log = logging.getLogger(__name__)

STALE_AFTER_NS = 3_000_000_000
MIRROR_STALE = "mirror_stale"
"""Detail of the private route while it is held stale for the mirror's sake; a code, for the window's words."""
CONNECT_LIMIT_S = 30.0
FIRST_PRICE_LIMIT_S = 5.0

_ROUTE_OF = {
    Kline: Route.MARKET,
    MarkPrice: Route.MARKET,
    AggTrade: Route.MARKET,
    BookTicker: Route.PUBLIC,
    DepthUpdate: Route.PUBLIC,
    OrderUpdate: Route.PRIVATE,
    AccountUpdate: Route.PRIVATE,
}
"""The route that a streamed message proves alive."""


class Freshness:
    """Keeps `SessionStatus.routes`.

    The private route is silent by nature: it is fresh while it is connected and the account was read since it
    connected, or since it last said that it had lost an event. A route that is doubted is stale until it says anew that
    it is connected. In paper it is stale, too, while the live market does
    not reach the simulated exchange: prices are right then, but the exchange that would fill an order trades on old
    ones, and the gate opens nothing without a fresh private route.
    """

    def __init__(self, road: Road, status: SessionStatus, is_mirror_stale: Callable[[int], bool]) -> None:
        """Keep the routes of `status`; `is_mirror_stale` is asked with the monotonic time in ns."""
        self._connected = {route: asyncio.Event() for route in Route}
        self._first_price = asyncio.Event()
        self._road = road
        self._status = status
        self._is_mirror_stale = is_mirror_stale
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
        route.is_connected, route.detail = told.is_connected, told.detail
        if not told.is_connected:
            _log.warning("%s stream lost: %s", told.route, told.detail)
            self.set_fresh(told.route, False)
            return False
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
        if self._status.routes[Route.PRIVATE].is_connected:
            self.set_fresh(Route.PRIVATE, True)

    def note_received(self, message: Message, received_ns: int) -> None:
        """Note that a message came; a route that was silent is fresh again."""
        route = _ROUTE_OF.get(type(message))
        if route is None or (isinstance(message, OrderUpdate) and message.is_asked):
            return
        status = self._status.routes[route]
        status.last_received_ns = received_ns
        if not status.is_fresh and status.is_connected:
            self.set_fresh(route, True)

    def set_fresh(self, route: Route, is_fresh: bool) -> None:
        """Tell status and gate, when it is news."""
        status = self._status.routes[route]
        if route in self._doubted or (route is Route.PRIVATE and not self._is_private_known()):
            is_fresh = False
        if status.is_fresh is is_fresh:
            return
        status.is_fresh = is_fresh
        if is_fresh and route is Route.MARKET:
            self._first_price.set()
        self._road.step(FeedStatus(route, is_fresh, self._road.callback.now_ms))

    def _is_private_known(self) -> bool:
        return self._is_account_read and not self._is_mirror_stale(time.monotonic_ns())

    def check(self) -> None:
        """Grey the market routes that have gone silent, and the private one while the mirror stands still."""
        now_ns = time.monotonic_ns()
        for route in (Route.MARKET, Route.PUBLIC):
            status = self._status.routes[route]
            if status.is_fresh and now_ns - status.last_received_ns > STALE_AFTER_NS:
                self.set_fresh(route, False)
        self._check_mirror(self._is_mirror_stale(now_ns))

    def _check_mirror(self, is_stale: bool) -> None:
        private = self._status.routes[Route.PRIVATE]
        if not private.is_connected:
            return
        private.detail = MIRROR_STALE if is_stale else "connected"
        if private.is_fresh and is_stale:
            _log.warning("the live market does not reach the simulated exchange: entries are held")
        self.set_fresh(Route.PRIVATE, not is_stale)


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
