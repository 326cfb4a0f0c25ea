"""Every host and path of the venue, by network and by route.

A stream asked for on the wrong route is acknowledged and then silent, so URLs are made here and nowhere else.
Source: the venue's pages on general information and on the path split of 2026-03, as of 2026-11.
"""

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import msgspec

from trader_gui.domain.step import Route
from trader_gui.errors import BugError

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Endpoints(msgspec.Struct, frozen=True):
    """Base URLs of one network, without a slash at the end.

    Attributes:
        rest_url: `https://...` of REST.
        public_ws: Streams of the order-book class (bookTicker, depth).
        market_ws: All other market streams.
        private_ws: User data.
    """

    rest_url: str
    public_ws: str
    market_ws: str
    private_ws: str

    @property
    def is_loopback(self) -> bool:
        """True for a server on this machine: no proxy may stand between."""
        return is_loopback(self.rest_url)

    @property
    def host(self) -> str:
        """Name of the host of REST: what is kept of one market belongs to it."""
        return urlsplit(self.rest_url).hostname or ""

    def stream_url(self, route: Route, streams: Sequence[str]) -> str:
        """Return the combined-stream URL of `streams`, whose frames come wrapped with the stream's name.

        Raises:
            BugError: No stream is named, or the route is the private one.
        """
        base = {Route.PUBLIC: self.public_ws, Route.MARKET: self.market_ws}.get(route)
        if base is None or not streams:
            raise BugError(f"no market stream is on route {route} by the names {list(streams)}")
        return f"{base}/stream?streams={'/'.join(quote(name, safe='@!') for name in streams)}"

    def raw_url(self, route: Route) -> str:
        """Return the URL of a socket of bare frames, to which streams are subscribed by message."""
        base = {Route.PUBLIC: self.public_ws, Route.MARKET: self.market_ws, Route.PRIVATE: self.private_ws}[route]
        return f"{base}/ws"

    def user_url(self, listen_key: str) -> str:
        """Return the URL of the user stream; it holds the key, so it must never be logged."""
        return f"{self.private_ws}/ws/{quote(listen_key, safe='')}"


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def loopback(rest_url: str, ws_url: str) -> Endpoints:
    """Return the endpoints of a simulated exchange, which serves the three routes below one WebSocket URL."""
    ws_url = ws_url.rstrip("/")
    return Endpoints(rest_url.rstrip("/"), f"{ws_url}/public", f"{ws_url}/market", f"{ws_url}/private")


ENDPOINTS: dict[str, Endpoints] = {
    "live": Endpoints(
        rest_url="https://fapi.binance.com",
        public_ws="wss://fstream.binance.com/public",
        market_ws="wss://fstream.binance.com/market",
        private_ws="wss://fstream.binance.com/private",
    ),
    "testnet": Endpoints(
        rest_url="https://demo-fapi.binance.com",
        public_ws="wss://demo-fstream.binance.com/public",
        market_ws="wss://demo-fstream.binance.com/market",
        private_ws="wss://demo-fstream.binance.com/private",
    ),
}
"""Networks that lie outside this machine; keys of one do not work on the other."""

TIME = "/fapi/v1/time"
EXCHANGE_INFO = "/fapi/v1/exchangeInfo"
KLINES = "/fapi/v1/klines"
DEPTH = "/fapi/v1/depth"
FUNDING_RATE = "/fapi/v1/fundingRate"
DAY_TICKER = "/fapi/v1/ticker/24hr"
ORDER = "/fapi/v1/order"
OPEN_ORDERS = "/fapi/v1/openOrders"
ALL_ORDERS = "/fapi/v1/allOrders"
ALGO_ORDER = "/fapi/v1/algoOrder"
OPEN_ALGO_ORDERS = "/fapi/v1/openAlgoOrders"
ALL_ALGO_ORDERS = "/fapi/v1/allAlgoOrders"
ACCOUNT = "/fapi/v3/account"
POSITION_RISK = "/fapi/v3/positionRisk"
SYMBOL_CONFIG = "/fapi/v1/symbolConfig"
USER_TRADES = "/fapi/v1/userTrades"
INCOME = "/fapi/v1/income"
COMMISSION_RATE = "/fapi/v1/commissionRate"
LEVERAGE_BRACKET = "/fapi/v1/leverageBracket"
POSITION_SIDE = "/fapi/v1/positionSide/dual"
LEVERAGE = "/fapi/v1/leverage"
MARGIN_TYPE = "/fapi/v1/marginType"
POSITION_MARGIN = "/fapi/v1/positionMargin"
LISTEN_KEY = "/fapi/v1/listenKey"
COUNTDOWN = "/fapi/v1/countdownCancelAll"
