"""The venue's list of own executions, page by page."""

from trader_gui.domain.order import Fill
from trader_gui.exchange.port import OrderPort

FULL_PAGE = 1000
_WEEK_MS = 7 * 86_400_000
"""What the venue tells at most of one start time."""


async def since_trade(port: OrderPort, symbol: str, trade_id: int) -> list[Fill]:
    """Return own executions with a higher trade id than `trade_id`, oldest first.

    Raises:
        VenueError: The venue cannot be asked.
    """
    fills: list[Fill] = []
    while True:
        page = await port.fills(symbol, from_trade_id=trade_id + 1)
        fills += page
        if len(page) < FULL_PAGE:
            return fills
        trade_id = page[-1].trade_id


async def since_time(port: OrderPort, symbol: str, start_ms: int, now_ms: int) -> list[Fill]:
    """Return own executions from `start_ms` on, oldest first; `now_ms` is the venue's market time.

    Raises:
        VenueError: The venue cannot be asked.
    """
    while True:
        page = await port.fills(symbol, start_time_ms=start_ms)
        is_last = len(page) < FULL_PAGE and start_ms + _WEEK_MS > now_ms
        if is_last:
            return list(page)
        if page:  # from here on by trade id: it knows no week, and no two trades have the same
            return [*page, *await since_trade(port, symbol, page[-1].trade_id)]
        start_ms += _WEEK_MS
