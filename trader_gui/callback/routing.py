"""What a message leads to, once the collectors have it, and which messages move market time."""

from enum import Enum

from trader_gui.domain.account import AccountUpdate, LeverageUpdate, MarginCall
from trader_gui.domain.market import AggTrade, BookTicker, DepthUpdate, Kline, MarkPrice
from trader_gui.domain.order import OrderUpdate


class Next(Enum):
    """What follows a message: nothing, a look at stops and brackets, or that and the strategy's rules."""

    NOTHING = 0
    PROTECT = 1
    EVALUATE = 2


STREAMED = frozenset(
    {Kline, MarkPrice, BookTicker, DepthUpdate, AggTrade, OrderUpdate, AccountUpdate, LeverageUpdate, MarginCall}
)
"""Messages whose event time is the venue's market time; of the others it may be another clock's."""
