"""Names of market streams: which exist, and which route delivers each (1.2).

A name that does not exist (a wrong suffix, an upper-case symbol, a symbol that is not traded) is taken without a word
and stays silent; so is one that belongs to another route. Kinds are spelled exactly: `depth@250ms` is no name, 250 ms
being what plain `depth` means. `@0ms`, every change at once, is on none of the venue's pages, but recordings of its
diff stream and clients of today use it; the images are taken to have it, too. The COIN-M symbols that some all-market
streams carry have no streams of their own.
"""

import re
from typing import Final

INTERVALS: Final = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
CONTINUOUS_TYPES: Final = ("perpetual", "current_quarter", "next_quarter", "tradifi_perpetual")
"""Contract types in the names of continuousKline streams."""

DIFF_SPEEDS_MS: Final = {"depth": 250, "depth@0ms": 0, "depth@100ms": 100, "depth@500ms": 500}
"""Streams of book changes: kind -> spacing."""

RPI_KIND: Final = "rpiDepth@500ms"

PARTIAL_SPEEDS_MS: Final = {
    f"depth{levels}{suffix}": (levels, spacing)
    for levels in (5, 10, 20)
    for suffix, spacing in (("", 250), ("@0ms", 0), ("@100ms", 100), ("@500ms", 500))
}
"""Streams of book images: kind -> (levels, spacing)."""

PUBLIC_KINDS: Final = frozenset({"bookTicker", RPI_KIND, *DIFF_SPEEDS_MS, *PARTIAL_SPEEDS_MS})
MARKET_KINDS: Final = frozenset(
    {
        *("aggTrade", "markPrice", "markPrice@1s", "miniTicker", "ticker", "forceOrder", "compositeIndex"),
        "assetIndex",
        *(f"kline_{interval}" for interval in INTERVALS),
        *(f"continuousKline_{interval}" for interval in INTERVALS),
    }
)
ALL_PUBLIC: Final = frozenset({"!bookTicker"})
ALL_MARKET: Final = frozenset(
    {
        *("!markPrice@arr", "!markPrice@arr@1s", "!miniTicker@arr", "!ticker@arr", "!forceOrder@arr"),
        *("!contractInfo", "!assetIndex@arr", "tradingSession"),
    }
)

_UPPER: Final = re.compile("[A-Z]")


def route_of(stream: str) -> str | None:
    """Return the route that delivers a stream, None for a name that does not exist."""
    if stream in ALL_MARKET:
        return "market"
    if stream in ALL_PUBLIC:
        return "public"
    owner, _, kind = stream.partition("@")
    if not owner or _UPPER.search(owner):
        return None
    if kind in PUBLIC_KINDS:
        return "public"
    return "market" if kind in MARKET_KINDS else None
