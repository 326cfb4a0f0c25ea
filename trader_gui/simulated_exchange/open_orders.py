"""The account's open orders: by symbol and by client id, what they could open, and when the first of them expires.

What they could open is told to the account: notional at their own prices, by position and side, from the moment they
are accepted. MARKET and reduce-only orders open nothing, so they do not count. GTD orders expire at their date, all
others a year after they were accepted.
"""

from collections.abc import Iterable
from decimal import Decimal

from trader_gui.simulated_exchange.account import Account
from trader_gui.simulated_exchange.records import OrderRow

YEAR_MS = 365 * 86_400_000
_NEVER_MS = 1 << 62


class OpenOrders:
    """Every open order, oldest first within its symbol."""

    def __init__(self, symbols: Iterable[str], account: Account) -> None:
        self._account = account
        self._by_symbol: dict[str, dict[int, OrderRow]] = {symbol: {} for symbol in symbols}
        self._client_ids: set[str] = set()
        self._first_expiry_ms: dict[str, int] = {}
        self._reducing: dict[str, int] = dict.fromkeys(self._by_symbol, 0)

    def __contains__(self, order: OrderRow) -> bool:
        return order.order_id in self._by_symbol[order.symbol]

    def of(self, symbol: str | None = None) -> list[OrderRow]:
        """Return the open orders of one symbol or of all, oldest first."""
        if symbol is not None:
            return list(self._by_symbol[symbol].values())
        every = [order for by_id in self._by_symbol.values() for order in by_id.values()]
        return sorted(every, key=lambda order: order.order_id)

    def count(self, symbol: str) -> int:
        """Return how many orders of a symbol are open."""
        return len(self._by_symbol[symbol])

    def has_reducing(self, symbol: str) -> bool:
        """Whether a reduce-only order is open on the symbol."""
        return self._reducing[symbol] > 0

    def has_client_id(self, client_order_id: str) -> bool:
        """Whether an open order carries this client id."""
        return client_order_id in self._client_ids

    def add(self, order: OrderRow) -> None:
        """Take in an order that was just accepted."""
        self._by_symbol[order.symbol][order.order_id] = order
        self._client_ids.add(order.client_order_id)
        first = self._first_expiry_ms.get(order.symbol, _NEVER_MS)
        self._first_expiry_ms[order.symbol] = min(first, _expiry_ms(order))
        self._reducing[order.symbol] += order.reduce_only
        self.reckon(order, order.orig_qty)

    def drop(self, order: OrderRow) -> None:
        """Let go of an order that has ended; what was left of it opens nothing any more."""
        del self._by_symbol[order.symbol][order.order_id]
        self._client_ids.discard(order.client_order_id)
        self._reducing[order.symbol] -= order.reduce_only
        self.reckon(order, order.executed_qty - order.orig_qty)

    def reckon(self, order: OrderRow, change: Decimal) -> None:
        """Tell the account that an order's open quantity has changed, at the order's price."""
        if order.reduce_only or order.order_type != "LIMIT" or not change:
            return
        position, notional = self._account.position(order.symbol, order.position_side), order.price * change
        bids, asks = position.bid_notional, position.ask_notional
        if order.side == "BUY":
            self._account.set_open_orders(position, bids + notional, asks)
        else:
            self._account.set_open_orders(position, bids, asks + notional)

    def take_due(self, symbol: str, now_ms: int) -> list[OrderRow]:
        """Return the orders of a symbol whose time has come, oldest first; the caller ends them."""
        if now_ms < self._first_expiry_ms.get(symbol, _NEVER_MS):
            return []
        orders = self._by_symbol[symbol].values()
        due = [order for order in orders if _expiry_ms(order) <= now_ms]
        left = (_expiry_ms(order) for order in orders if _expiry_ms(order) > now_ms)
        self._first_expiry_ms[symbol] = min(left, default=_NEVER_MS)
        return due


def _expiry_ms(order: OrderRow) -> int:
    return order.good_till_date_ms or order.time_ms + YEAR_MS
