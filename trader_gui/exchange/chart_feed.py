"""The public data of one venue, beside the session's own streams: by request, and by sockets of their own.

The session's own streams are left alone: what is shown or traded by hand must not touch what the engine decides by.
"""

from collections.abc import Sequence
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

    def stream(self, route: Route, names: Sequence[str], deliver: Deliver) -> MarketStream:
        """Return a socket of one route that carries these streams; not yet running."""
        return MarketStream(self.endpoints, route, names, deliver, self.dialing)


def chart_streams(symbol: str, interval: str) -> tuple[str, ...]:
    """Return the names of the streams that a chart needs, all of the market route."""
    return f"{symbol.lower()}@kline_{interval}", mark_stream(symbol)


def mark_stream(symbol: str) -> str:
    """Return the name of a symbol's stream of mark prices, one a second."""
    return f"{symbol.lower()}@markPrice@1s"
