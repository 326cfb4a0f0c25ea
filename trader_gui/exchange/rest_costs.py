"""What each call costs at the venue, and in which lane it goes: who may still use a budget that runs low.

Source: the venue's pages on each endpoint, as of 2026-11. A call that is not listed counts as the dearest, so that a
forgotten line here makes the program slow and not banned.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from trader_gui.exchange import endpoints as paths


class Lane(Enum):
    """What a call is for, least urgent first.

    PAST: tables of what is over, which somebody looks at. HISTORY: market data and the past that a session needs.
    ACCOUNT: what the account holds now. ENTRY: opens something, or changes a
    setting. CLOSE: an order that can only make a position smaller. CANCEL: takes an order back.
    """

    PAST = "past"
    HISTORY = "history"
    ACCOUNT = "account"
    ENTRY = "entry"
    CLOSE = "close"
    CANCEL = "cancel"

    @property
    def is_protected(self) -> bool:
        """True for what must get through: closes, stops and cancels."""
        return self in (Lane.CLOSE, Lane.CANCEL)


class Cost(NamedTuple):
    """What one call uses: request weight of the address, and orders of the account."""

    weight: int
    orders: int = 0


DEAREST = 40
"""Weight of a call that nobody has listed."""

_PLACES = frozenset({paths.ORDER, paths.ALGO_ORDER})
_ALL_SYMBOLS = 40
_ONE_OR_ALL = frozenset({paths.OPEN_ORDERS, paths.OPEN_ALGO_ORDERS, paths.DAY_TICKER})
_CLOSING = frozenset({("LONG", "SELL"), ("SHORT", "BUY")})
_KLINES = ((99, 1), (499, 2), (1000, 5), (1500, 10))
_DEPTH = ((50, 2), (100, 5), (500, 10), (1000, 20))
_DEFAULT_ROWS = 500
_WEIGHT = {
    paths.TIME: 1,
    paths.EXCHANGE_INFO: 1,
    paths.FUNDING_RATE: 0,  # it has a limit of its own, 500 requests in five minutes
    paths.ORDER: 1,
    paths.ALGO_ORDER: 1,
    paths.ALL_ORDERS: 5,
    paths.ALL_ALGO_ORDERS: 5,
    paths.ACCOUNT: 5,
    paths.POSITION_RISK: 5,
    paths.SYMBOL_CONFIG: 5,
    paths.USER_TRADES: 5,
    paths.INCOME: 30,
    paths.COMMISSION_RATE: 20,
    paths.LEVERAGE_BRACKET: 1,
    paths.POSITION_SIDE: 30,
    paths.LISTEN_KEY: 1,
    paths.COUNTDOWN: 10,
}
_SETTINGS = frozenset({paths.LEVERAGE, paths.MARGIN_TYPE, paths.POSITION_SIDE, paths.POSITION_MARGIN})
_PAST = frozenset({paths.ALL_ORDERS, paths.ALL_ALGO_ORDERS})
_HISTORY = frozenset(
    {
        paths.TIME,
        paths.EXCHANGE_INFO,
        paths.KLINES,
        paths.DEPTH,
        paths.FUNDING_RATE,
        paths.DAY_TICKER,
        paths.INCOME,
        paths.COMMISSION_RATE,
        paths.LEVERAGE_BRACKET,
    }
)


def cost_of(method: str, path: str, parameters: Mapping[str, str]) -> Cost:
    """Return what a call uses, whatever becomes of it."""
    if path in _PLACES and method in ("POST", "PUT"):
        return Cost(0, 1)
    if path in _SETTINGS and method == "POST":
        return Cost(1)
    if path in _ONE_OR_ALL:
        return Cost(1 if parameters.get("symbol") else _ALL_SYMBOLS)
    if path == paths.KLINES:
        return Cost(_by_rows(_KLINES, parameters))
    if path == paths.DEPTH:
        return Cost(_by_rows(_DEPTH, parameters))
    return Cost(_WEIGHT.get(path, DEAREST))


def lane_of(method: str, path: str, parameters: Mapping[str, str]) -> Lane:
    """Return what a call is for; of an order the venue's flags and its leg decide, not its purpose."""
    if path in _PAST:
        return Lane.PAST
    if method == "GET" or path == paths.LISTEN_KEY:
        return Lane.HISTORY if path in _HISTORY else Lane.ACCOUNT
    if method == "DELETE":
        return Lane.CANCEL
    reduces = "true" in (parameters.get("reduceOnly"), parameters.get("closePosition"))
    closes_leg = (parameters.get("positionSide"), parameters.get("side")) in _CLOSING
    return Lane.CLOSE if reduces or closes_leg else Lane.ENTRY


def _by_rows(steps: tuple[tuple[int, int], ...], parameters: Mapping[str, str]) -> int:
    rows = int(parameters.get("limit", _DEFAULT_ROWS))
    return next((weight for most, weight in steps if rows <= most), steps[-1][1])
