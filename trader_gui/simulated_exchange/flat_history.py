"""Klines before a market's first tick where its file has none: the price stood still and nothing was traded."""

from decimal import Decimal

from trader_gui.simulated_exchange.klines import MINUTE_MS
from trader_gui.simulated_exchange.records import KlineRow

FLAT_KLINES = 500
_NONE = Decimal(0)


def flat_history(start_time_ms: int, price: Decimal) -> tuple[KlineRow, ...]:
    """Return 500 closed 1m klines at `price` without a trade, up to the minute that holds `start_time_ms`."""
    end_ms = start_time_ms // MINUTE_MS * MINUTE_MS
    return tuple(
        KlineRow(open_ms, open_ms + MINUTE_MS - 1, price, price, price, price, _NONE, _NONE, 0, _NONE, _NONE)
        for open_ms in range(end_ms - FLAT_KLINES * MINUTE_MS, end_ms, MINUTE_MS)
    )
