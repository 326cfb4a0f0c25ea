"""What may be done with a line of the chart, and where it would be executed at once (no Qt)."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from trader_gui.callback import Callback
from trader_gui.callback.quotes import quotes_of
from trader_gui.domain.order import Order, OrderStatus, OrderType, Side, WorkingType
from trader_gui.domain.step import Refusal, Route
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.trader_view import StatusView
from trader_gui.orders.mover import is_movable, triggers_at_once

_RESTING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})


@dataclass(frozen=True)
class Quotes:
    """The market of the symbol that is shown and traded by hand; prices in quote asset, None while unknown.

    Attributes:
        is_live: Prices and account are fresh: what is asked for now is meant for this market.
        phase: Of the session; nothing is sent unless it is running.
    """

    symbol: str
    last: Decimal | None = None
    mark: Decimal | None = None
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    is_live: bool = False
    phase: str = "starting"

    def seen_by(self, working_type: WorkingType) -> Decimal | None:
        """Return the price that a trigger looks at."""
        return self.mark if working_type is WorkingType.MARK_PRICE else self.last

    def best_for(self, side: Side) -> Decimal | None:
        """Return the best price that an order of a side would find."""
        return self.best_ask if side is Side.BUY else self.best_bid


def read_quotes(callback: Callback, status: StatusView | None) -> Quotes:
    """Return the market as the session knows it now."""
    symbol = (status.shown.symbol if status is not None else "") or callback.symbol
    told = quotes_of(callback, symbol)
    return Quotes(
        symbol=symbol,
        last=told.last_price,
        mark=told.mark_price,
        best_bid=told.best_bid,
        best_ask=told.best_ask,
        is_live=told.is_fresh and callback.routes_fresh[Route.PRIVATE],
        phase="running" if status is None else status.phase,
    )


def price_at(value: float, rules: SymbolRules) -> Decimal:
    """Return the price that a place of the chart stands for: on the tick, within the symbol's bounds."""
    price = rules.snap_price(Decimal(repr(value)), ROUND_HALF_UP)
    if rules.max_price and price > rules.max_price:
        return rules.snap_price(rules.max_price, ROUND_FLOOR)
    return max(price, rules.snap_price(max(rules.min_price, rules.tick_size), ROUND_CEILING))


def trading_refusal(symbol: str, quotes: Quotes) -> Refusal | None:
    """Return why nothing can be asked for in a chart of `symbol` now."""
    if symbol != quotes.symbol:
        return Refusal("other_chart", quotes.symbol)
    if quotes.phase != "running":
        return Refusal("not_running", quotes.phase)
    return None if quotes.is_live else Refusal("stale_chart")


def hold_refusal(order: Order) -> Refusal | None:
    """Return why an order's line cannot be taken hold of."""
    if order.status not in _RESTING:
        return Refusal("order_in_flight", order.client_order_id)
    if order.order_type.is_conditional:
        return None if is_movable(order) else Refusal("not_movable", order.order_type)
    return None if order.order_type is OrderType.LIMIT else Refusal("not_movable", order.order_type)


def move_refusal(order: Order, price: Decimal, quotes: Quotes) -> Refusal | None:
    """Return why an order may not be moved to a price: what would be executed at once is no move."""
    refusal = hold_refusal(order) or trading_refusal(order.symbol, quotes)
    if refusal is not None:
        return refusal
    if order.order_type.is_conditional:
        seen = quotes.seen_by(order.working_type)
        is_hit = seen is not None and triggers_at_once(order, price, seen)
        return Refusal("would_trigger", f"{seen:,f}") if is_hit else None
    best = quotes.best_for(order.side)
    takes = best is not None and (best - price) * order.side.sign <= 0
    return Refusal("would_take", f"{best:,f}") if takes else None


def staged_kind(side: Side, price: Decimal, quotes: Quotes, *, reduces: bool) -> OrderKind:
    """Return the kind of order that waits at a price: what opens is a limit or a stop, what leaves a stop or a target.

    Without a market the price counts as one that is waited for.
    """
    market = quotes.last if reduces else quotes.best_for(side)
    is_worse = market is not None and (price - market) * side.sign >= 0
    if reduces:
        return OrderKind.STOP if is_worse else OrderKind.TAKE_PROFIT
    return OrderKind.STOP if is_worse else OrderKind.LIMIT
