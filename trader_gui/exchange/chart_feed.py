"""ChartFeed: the streams of a chart whose symbol or interval is not the session's, by a socket of its own.

The session's own streams are left alone: what a chart shows must not touch what the engine decides by.
"""

from typing import NamedTuple

from trader_gui.domain.step import Route
from trader_gui.exchange.dialing import Dialing
from trader_gui.exchange.endpoints import Endpoints
from trader_gui.exchange.port import Deliver, MarketReader
from trader_gui.exchange.streams import MarketStream


class Market(NamedTuple):
    """Public data of one venue.

    Attributes:
        reader: By request.
        endpoints: Where it streams from.
        dialing: Shared by all sockets to the venue.
    """

    reader: MarketReader
    endpoints: Endpoints
    dialing: Dialing

    def feed(self, symbol: str, interval: str, deliver: Deliver) -> MarketStream:
        """Return the stream of klines and mark price of a symbol; not yet running.

        Args:
            symbol: As in exchangeInfo.
            interval: Any of the venue's.
            deliver: Takes klines, mark prices and the state of the connection.
        """
        name = symbol.lower()
        names = (f"{name}@kline_{interval}", f"{name}@markPrice@1s")
        return MarketStream(self.endpoints, Route.MARKET, names, deliver, self.dialing)
