"""How each symbol of a generated market trades: start price, volatility, trades a second, typical sizes.

Invented, of a likely order of magnitude. A symbol without an entry gets a start price from its own filters: the venue
keeps the lowest price of a symbol at some hundredth of where it trades (about 100 times on BTCUSDT, ETHUSDT and
XRPUSDT), so the start is 70 times that, varied by the seed by about a third; where the lowest price is nothing but
the price step, it is some 10,000 steps. Always inside the limits, with room on both sides.
"""

import math
import random
from typing import NamedTuple

from trader_gui.simulated_exchange.records import SymbolSpec


class MarketCharacter(NamedTuple):
    """How a symbol trades: price at the start, volatility per minute (a fraction), trades a second, typical sizes."""

    start_price: float
    minute_volatility: float
    trades_per_second: float
    median_trade: float
    median_level: float


CHARACTERS: dict[str, MarketCharacter] = {
    "BTCUSDT": MarketCharacter(108_000.0, 2.6e-4, 3.0, 0.020, 1.2),
    "ETHUSDT": MarketCharacter(3_900.0, 3.4e-4, 3.0, 0.35, 18.0),
    "BNBUSDT": MarketCharacter(1_100.0, 3.0e-4, 1.5, 0.5, 12.0),
    "SOLUSDT": MarketCharacter(190.0, 4.2e-4, 2.0, 4.0, 150.0),
    "XRPUSDT": MarketCharacter(2.4, 4.0e-4, 2.0, 300.0, 9_000.0),
    "DOGEUSDT": MarketCharacter(0.2, 4.5e-4, 1.5, 3_000.0, 90_000.0),
}

START_PRICES: dict[str, float] = {
    "AVAXUSDT": 10.0,
    "LINKUSDT": 10.0,
    "LTCUSDT": 100.0,
    "NEARUSDT": 10.0,
    "AAVEUSDT": 230.0,
    "ADAUSDT": 0.65,
    "ALGOUSDT": 0.19,
    "APTUSDT": 3.3,
    "ARBUSDT": 0.32,
    "ATOMUSDT": 3.1,
    "BCHUSDT": 540.0,
    "DOTUSDT": 3.1,
    "ETCUSDT": 16.5,
    "FILUSDT": 1.6,
    "ICPUSDT": 3.2,
    "INJUSDT": 8.7,
    "LDOUSDT": 0.92,
    "OPUSDT": 0.45,
    "SUIUSDT": 2.6,
    "TONUSDT": 2.2,
    "TRXUSDT": 0.31,
    "UNIUSDT": 6.4,
    "XLMUSDT": 0.31,
    "XTZUSDT": 1.0,
}
"""Of symbols whose other figures follow from the price."""

TRADE_NOTIONAL = 400.0
LEVEL_NOTIONAL = 12_000.0
LEAST_TICKS = 1_000
"""A price of fewer ticks than this would leave the book of a falling market no room."""


def character_of(spec: SymbolSpec, seed: int) -> MarketCharacter:
    """Return how a symbol trades."""
    known = CHARACTERS.get(spec.symbol)
    if known is not None and _fits(known.start_price, spec):
        return known
    price = START_PRICES.get(spec.symbol, 10_000.0 * float(spec.tick_size))
    if spec.symbol not in START_PRICES and spec.min_price > 10 * spec.tick_size:
        varied = math.exp(0.35 * random.Random(f"{seed}:{spec.symbol}:price").gauss(0, 1))
        price = 70.0 * float(spec.min_price) * varied
    if not _fits(price, spec):
        low, high = _room(spec)
        price = min(max(price, low), high)
    return MarketCharacter(price, 4.0e-4, 1.5, TRADE_NOTIONAL / price, LEVEL_NOTIONAL / price)


def _room(spec: SymbolSpec) -> tuple[float, float]:
    """Return the lowest and the highest start price; a symbol with hardly any ticks starts in their middle."""
    highest = float(spec.max_price) / 2
    return min(max(2 * float(spec.min_price), LEAST_TICKS * float(spec.tick_size)), highest), highest


def _fits(price: float, spec: SymbolSpec) -> bool:
    low, high = _room(spec)
    return low <= price <= high
