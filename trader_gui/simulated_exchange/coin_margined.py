"""COIN-M rows of the all-market streams: since 2026-06 these carry both product lines (1.6), told apart by `st`.

The simulated exchange trades no COIN-M contract. So that clients must tell them apart here as they must there, the
first few symbols each have a perpetual sibling in the all-market streams: BTCUSD_PERP beside BTCUSDT, at the same
prices, its volume counted in contracts of 100 USD (BTC) or 10 USD. It has no streams of its own, cannot be asked for
and cannot be traded.
"""

from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.feed import SymbolFeed
from trader_gui.simulated_exchange.rounding import rounded
from trader_gui.simulated_exchange.wire import text
from trader_gui.simulated_exchange.wire_stream import (
    COIN_MARGINED,
    BookTickerFrame,
    MarkPriceFrame,
    MiniTickerFrame,
    TickerFrame,
)

MOST_SIBLINGS = 5
_LARGE, _SMALL = Decimal(100), Decimal(10)


class CoinSibling:
    """Turns the frames of a USDⓈ-M symbol into those of its COIN-M sibling."""

    def __init__(self, feed: SymbolFeed) -> None:
        base = feed.spec.base_asset
        self._pair = base + "USD"
        self._symbol = self._pair + "_PERP"
        self._contract = _LARGE if base == "BTC" else _SMALL

    def _contracts(self, quote: str) -> str:
        return text(rounded(Decimal(quote) / self._contract, Decimal(1)))

    def mark_price(self, frame: MarkPriceFrame) -> MarkPriceFrame:
        """Return the sibling's markPriceUpdate."""
        return msgspec.structs.replace(frame, s=self._symbol, st=COIN_MARGINED)

    def mini_ticker(self, frame: MiniTickerFrame) -> MiniTickerFrame:
        """Return the sibling's 24hrMiniTicker: `v` in contracts, `q` in the base asset."""
        return msgspec.structs.replace(
            frame, s=self._symbol, v=self._contracts(frame.q), q=frame.v, ps=self._pair, st=COIN_MARGINED
        )

    def ticker(self, frame: TickerFrame) -> TickerFrame:
        """Return the sibling's 24hrTicker: `v` and `Q` in contracts, `q` in the base asset."""
        last = text(Decimal(frame.Q) * Decimal(frame.c))
        return msgspec.structs.replace(
            frame,
            s=self._symbol,
            Q=self._contracts(last),
            v=self._contracts(frame.q),
            q=frame.v,
            ps=self._pair,
            st=COIN_MARGINED,
        )

    def book_ticker(self, frame: BookTickerFrame) -> BookTickerFrame:
        """Return the sibling's bookTicker: quantities in contracts."""
        bid, ask = (text(Decimal(p) * Decimal(q)) for p, q in ((frame.b, frame.B), (frame.a, frame.A)))
        return msgspec.structs.replace(
            frame,
            s=self._symbol,
            B=self._contracts(bid),
            A=self._contracts(ask),
            ps=self._pair,
            st=COIN_MARGINED,
        )


def siblings(feeds: list[SymbolFeed]) -> dict[str, CoinSibling]:
    """Return the COIN-M siblings: symbol -> sibling, of the first few symbols."""
    return {feed.symbol: CoinSibling(feed) for feed in feeds[:MOST_SIBLINGS]}
