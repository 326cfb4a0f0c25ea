"""Frames of the market streams that tell of single events: liquidations (3.8) and changes of a contract (3.9)."""

from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.feed import SymbolFeed
from trader_gui.simulated_exchange.records import OrderRow
from trader_gui.simulated_exchange.rounding import eight_places
from trader_gui.simulated_exchange.wire import LISTED_MS, PERPETUAL_ENDS_MS, contract_status, text
from trader_gui.simulated_exchange.wire_stream import USD_MARGINED


class ForcedOrder(msgspec.Struct):
    """The `o` of a forceOrder event (3.8)."""

    s: str
    S: str
    o: str
    f: str
    q: str
    p: str
    ap: str
    X: str
    l: str  # noqa: E741 - the venue's letter
    z: str
    T: int


class ForceOrderFrame(msgspec.Struct, tag_field="e", tag="forceOrder"):
    """A forceOrder event (3.8)."""

    E: int
    o: ForcedOrder
    ps: str
    st: int = USD_MARGINED


class ContractFrame(msgspec.Struct, tag_field="e", tag="contractInfo"):
    """A contractInfo event (3.9), without brackets: they never change here."""

    E: int
    s: str
    ps: str
    ct: str
    dt: int
    ot: int
    cs: str
    st: int = USD_MARGINED


def force_order_frame(order: OrderRow, last_quantity: Decimal, time_ms: int) -> ForceOrderFrame:
    """Return a forceOrder event of a liquidation order as it was at a fill."""
    average = eight_places(order.avg_price)
    forced = ForcedOrder(
        order.symbol,
        order.side,
        "LIMIT",
        "IOC",
        text(order.orig_qty),
        text(order.price or average),
        text(average),
        order.status,
        text(last_quantity),
        text(order.executed_qty),
        order.update_time_ms,
    )
    return ForceOrderFrame(time_ms, forced, order.symbol)


def contract_frame(feed: SymbolFeed, time_ms: int) -> ContractFrame:
    """Return a contractInfo event of a symbol as it is now."""
    status = contract_status(is_trading=feed.is_trading)
    return ContractFrame(time_ms, feed.symbol, feed.symbol, "PERPETUAL", PERPETUAL_ENDS_MS, LISTED_MS, status)
