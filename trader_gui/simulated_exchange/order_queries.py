"""What the queries of orders, conditional orders and own executions answer.

Row objects are the core's own: read them, do not change them. Lists are oldest first; where one is cut to `limit`, a
start (time or id) keeps its first rows, no start its latest. By the market clock of the symbol an order is forgotten
90 days after it was placed, an unfilled one three days after it was cancelled or expired; executions are told for 90
days.
"""

from collections.abc import Iterable, Mapping
from heapq import merge
from itertools import takewhile

from trader_gui.simulated_exchange.algo import AlgoDesk
from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.orders import OPEN_STATES, OrderDesk
from trader_gui.simulated_exchange.paging import DAY_MS, between, cut
from trader_gui.simulated_exchange.records import AlgoRow, AmendmentRow, OrderRow, TradeRow, VenueRefusal

KEPT_MS = 90 * DAY_MS
KEPT_UNFILLED_MS = 3 * DAY_MS
_ALGO_OPEN_STATES = ("NEW", "TRIGGERING", "TRIGGERED")


class OrderQueries:
    """The reading half of both order services."""

    _books: Mapping[str, Book]
    _desk: OrderDesk
    _algos: AlgoDesk

    # ---- normal orders ---------------------------------------------------------------------------------------------

    def query_order(
        self, symbol: str, order_id: int | None = None, orig_client_order_id: str | None = None
    ) -> OrderRow:
        """Return an order, open or not. Raises -1102, -1121, -2013."""
        now_ms = self._book(symbol).time_ms
        need_one(order_id, orig_client_order_id, "orderId", "origClientOrderId")
        order = self._desk.find(symbol, order_id, orig_client_order_id)
        if order is None or _is_forgotten(order, now_ms):
            raise VenueRefusal(-2013, "Order does not exist.")
        return order

    def open_order(self, symbol: str, order_id: int | None = None, orig_client_order_id: str | None = None) -> OrderRow:
        """Return an open order. Raises -1102, -1121, -2013."""
        order = self.query_order(symbol, order_id, orig_client_order_id)
        if order.status not in OPEN_STATES:
            raise VenueRefusal(-2013, "Order does not exist.")
        return order

    def open_orders(self, symbol: str | None = None) -> list[OrderRow]:
        """Return open orders of one or all symbols, oldest first."""
        if symbol is not None:
            self._book(symbol)
        return self._desk.open_orders(symbol)

    def all_orders(
        self,
        symbol: str | None = None,
        *,
        order_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[OrderRow]:
        """Return orders of one or all symbols by the time they were placed: from `order_id` on, else of the span."""
        if symbol is not None:
            self._book(symbol)
        symbols = self._books if symbol is None else (symbol,)
        rows = _newest_first([self._remembered(name) for name in symbols])
        if order_id is not None:
            rows = takewhile(lambda row: row.order_id >= order_id, rows)
        from_start = order_id is not None or start_ms is not None
        return cut(between(rows, start_ms, end_ms), from_start=from_start, limit=limit)

    def _remembered(self, symbol: str) -> Iterable[OrderRow]:
        now_ms = self._books[symbol].time_ms
        return (row for row in reversed(self._desk.orders[symbol].values()) if not _is_forgotten(row, now_ms))

    def amendments(
        self,
        symbol: str,
        order_id: int | None = None,
        orig_client_order_id: str | None = None,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> list[AmendmentRow]:
        """Return the changes that an order went through, oldest first. Raises -1102, -1121, -2013."""
        order = self.query_order(symbol, order_id, orig_client_order_id)
        now_ms = self._books[symbol].time_ms
        return self._desk.amendments.of(order, start_ms=start_ms, end_ms=end_ms, limit=limit, now_ms=now_ms)

    def trades(
        self,
        symbol: str,
        *,
        order_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        from_id: int | None = None,
        limit: int = 500,
    ) -> list[TradeRow]:
        """Return own executions, oldest first: from trade `from_id` on, else the latest of the time span."""
        earliest = max(start_ms or 0, self._book(symbol).time_ms - KEPT_MS)
        rows = between(reversed(self._desk.trades[symbol]), earliest, end_ms)
        if from_id is not None:
            rows = takewhile(lambda row: row.trade_id >= from_id, rows)
        if order_id is not None:
            rows = (row for row in rows if row.order_id == order_id)
        return cut(rows, from_start=from_id is not None or start_ms is not None, limit=limit)

    # ---- conditional orders ----------------------------------------------------------------------------------------

    def algo_order(self, algo_id: int | None = None, client_algo_id: str | None = None) -> AlgoRow:
        """Return a conditional order in any state. Raises -1102, -2013."""
        need_one(algo_id, client_algo_id, "algoId", "clientAlgoId")
        algo = self._algos.find(algo_id, client_algo_id)
        if algo is None or _is_forgotten_algo(algo, self._books[algo.symbol].time_ms):
            raise VenueRefusal(-2013, "Order does not exist.")
        return algo

    def open_algo_orders(self, symbol: str | None = None) -> list[AlgoRow]:
        """Return untriggered conditional orders of one or all symbols, oldest first."""
        if symbol is not None:
            self._book(symbol)
        return self._algos.open_orders(symbol)

    def all_algo_orders(
        self,
        symbol: str,
        *,
        algo_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[AlgoRow]:
        """Return conditional orders by creation time, oldest first: from `algo_id` on, else the latest of the span."""
        now_ms = self._book(symbol).time_ms
        rows = takewhile(
            lambda row: row.create_time_ms >= (start_ms or 0) and row.algo_id >= (algo_id or 0),
            reversed(self._algos.algos.values()),
        )
        found = (
            row
            for row in rows
            if row.symbol == symbol
            and (end_ms is None or row.create_time_ms <= end_ms)
            and not _is_forgotten_algo(row, now_ms)
        )
        return cut(found, from_start=algo_id is not None or start_ms is not None, limit=limit)

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _book(self, symbol: str) -> Book:
        """Return a symbol's book; -1121 if it is not traded here."""
        book = self._books.get(symbol)
        if book is None:
            raise VenueRefusal(-1121, "Invalid symbol.")
        return book


def need_one(number: int | None, client_id: str | None, number_name: str, client_name: str) -> None:
    """Refuse (-1102) a request that names its order neither by id nor by client id."""
    if number is None and not client_id:
        message = f"Param '{client_name}' or '{number_name}' must be sent, but both were empty/null!"
        raise VenueRefusal(-1102, message)


def _newest_first(lists: list[Iterable[OrderRow]]) -> Iterable[OrderRow]:
    """Merge rows of several symbols; ids rise over all symbols in the order of placing."""
    return lists[0] if len(lists) == 1 else merge(*lists, key=lambda row: -row.order_id)


def _is_forgotten(order: OrderRow, now_ms: int) -> bool:
    if order.status in OPEN_STATES:
        return False
    if not order.executed_qty and order.update_time_ms < now_ms - KEPT_UNFILLED_MS:
        return True
    return order.time_ms < now_ms - KEPT_MS


def _is_forgotten_algo(algo: AlgoRow, now_ms: int) -> bool:
    if algo.algo_status in _ALGO_OPEN_STATES:
        return False
    if not algo.actual_qty and algo.update_time_ms < now_ms - KEPT_UNFILLED_MS:
        return True
    return algo.create_time_ms < now_ms - KEPT_MS
