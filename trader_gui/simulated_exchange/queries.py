"""The reading half of the venue's core: what every query endpoint answers, as rows and plain records.

Row objects are the core's own: read them, do not change them. Lists are oldest first. Where a list is cut to `limit`,
a start (time or id) keeps its first rows, no start its latest. Nothing is forgotten with age.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from trader_gui.simulated_exchange.account import Account, Position
from trader_gui.simulated_exchange.algo import AlgoDesk
from trader_gui.simulated_exchange.liquidation import Liquidator
from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.orders import OPEN_STATES, OrderDesk
from trader_gui.simulated_exchange.records import (
    AlgoRow,
    Bracket,
    IncomeEntry,
    OrderRow,
    PriceLevel,
    SymbolSpec,
    TradeRow,
    VenueRefusal,
)
from trader_gui.simulated_exchange.views import (
    AccountView,
    AssetView,
    CommissionView,
    PositionView,
    SymbolConfigView,
    asset_view,
    config_view,
    position_view,
)

_DEFAULT_WALLET = Decimal(10_000)
_DEFAULT_MAKER = Decimal("0.0002")
_DEFAULT_TAKER = Decimal("0.0005")
_FIRST_ORDER_ID = 9_100_000_000_000_001  # above 2**53: a client that reads ids as floats must notice
_FIRST_ALGO_ID = 2_000_000_000_000_001
_FIRST_TRADE_ID = 300_000_001


class _Timed(Protocol):
    @property
    def time_ms(self) -> int: ...


_TimedRow = TypeVar("_TimedRow", bound=_Timed)
_Row = TypeVar("_Row")


class VenueQueries:
    """The venue's state, read only.

    Args:
        specs: Symbol -> filters and brackets; only these trade.
        wallet_balance: Start of the USDT wallet; no income entry is written for it.
        maker, taker: Fee rates as fractions.
        first_order_id, first_trade_id, first_algo_id: Where ids start; they rise by one over all symbols.
    """

    def __init__(
        self,
        specs: Mapping[str, SymbolSpec],
        *,
        wallet_balance: Decimal = _DEFAULT_WALLET,
        maker: Decimal = _DEFAULT_MAKER,
        taker: Decimal = _DEFAULT_TAKER,
        first_order_id: int = _FIRST_ORDER_ID,
        first_trade_id: int = _FIRST_TRADE_ID,
        first_algo_id: int = _FIRST_ALGO_ID,
    ) -> None:
        self.specs = dict(specs)
        self._books = {symbol: Book(spec) for symbol, spec in self.specs.items()}
        self._account = Account(self.specs, wallet_balance, maker, taker)
        self._desk = OrderDesk(self._books, self._account, first_order_id=first_order_id, first_trade_id=first_trade_id)
        self._algos = AlgoDesk(self._books, self._account, self._desk, first_algo_id=first_algo_id)
        self._liquidator = Liquidator(self.specs, self._account, self._desk, self._algos)

    # ---- the market ------------------------------------------------------------------------------------------------

    def book(self, symbol: str, limit: int) -> tuple[list[PriceLevel], list[PriceLevel]]:
        """Return (bids, asks), best first, own resting orders included."""
        return self._book(symbol).depth(limit)

    def best(self, symbol: str) -> tuple[PriceLevel | None, PriceLevel | None]:
        """Return (best bid, best ask), own resting orders included; None for an empty side."""
        book = self._book(symbol)
        return book.best("BUY"), book.best("SELL")

    def last_price(self, symbol: str) -> Decimal:
        """Return the last traded price, 0 before the first tick."""
        return self._book(symbol).last_price

    def mark(self, symbol: str) -> Decimal:
        """Return the mark price, 0 before the first tick."""
        return self._book(symbol).mark_price

    def index(self, symbol: str) -> Decimal:
        """Return the index price, 0 before the first tick."""
        return self._book(symbol).index_price

    def funding(self, symbol: str) -> tuple[Decimal, int]:
        """Return (funding rate as a fraction, market time of the next funding)."""
        book = self._book(symbol)
        return book.funding_rate, book.next_funding_ms

    # ---- normal orders ---------------------------------------------------------------------------------------------

    def query_order(
        self, symbol: str, order_id: int | None = None, orig_client_order_id: str | None = None
    ) -> OrderRow:
        """Return an order, open or not. Raises -1102, -1121, -2013."""
        self._book(symbol)
        need_one(order_id, orig_client_order_id, "orderId", "origClientOrderId")
        order = self._desk.find(symbol, order_id, orig_client_order_id)
        if order is None:
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
        symbol: str,
        *,
        order_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[OrderRow]:
        """Return orders, oldest first: from `order_id` on, else the latest of the time span."""
        self._book(symbol)
        rows = _between(self._desk.orders[symbol].values(), start_ms, end_ms)
        if order_id is not None:
            return [row for row in rows if row.order_id >= order_id][:limit]
        return _page(rows, start_ms, limit)

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
        self._book(symbol)
        rows = _between(self._desk.trades[symbol], start_ms, end_ms)
        if order_id is not None:
            rows = [row for row in rows if row.order_id == order_id]
        if from_id is not None:
            return [row for row in rows if row.trade_id >= from_id][:limit]
        return _page(rows, start_ms, limit)

    # ---- conditional orders ----------------------------------------------------------------------------------------

    def algo_order(self, algo_id: int | None = None, client_algo_id: str | None = None) -> AlgoRow:
        """Return a conditional order in any state. Raises -1102, -2013."""
        need_one(algo_id, client_algo_id, "algoId", "clientAlgoId")
        algo = self._algos.find(algo_id, client_algo_id)
        if algo is None:
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
        self._book(symbol)
        first = start_ms if start_ms is not None else 0
        rows = [
            row
            for row in self._algos.algos.values()
            if row.symbol == symbol and row.create_time_ms >= first and (end_ms is None or row.create_time_ms <= end_ms)
        ]
        if algo_id is not None:
            return [row for row in rows if row.algo_id >= algo_id][:limit]
        return _page(rows, start_ms, limit)

    # ---- account ---------------------------------------------------------------------------------------------------

    def income(
        self,
        symbol: str | None = None,
        *,
        income_type: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 100,
    ) -> list[IncomeEntry]:
        """Return changes of the wallet, oldest first."""
        rows = [
            row
            for row in _between(self._account.incomes, start_ms, end_ms)
            if (symbol is None or row.symbol == symbol) and (income_type is None or row.income_type == income_type)
        ]
        return _page(rows, start_ms, limit)

    def account(self) -> AccountView:
        """Return account v3."""
        return AccountView(asset_view(self._account), tuple(self.position_risk()))

    def balances(self) -> list[AssetView]:
        """Return balance v3: USDT alone."""
        return [asset_view(self._account)]

    def position_risk(self, symbol: str | None = None) -> list[PositionView]:
        """Return positionRisk v3: symbols with a position or open orders."""
        return [position_view(self._account, p) for p in self._chosen(symbol) if self._is_active(p.symbol)]

    def symbol_config(self, symbol: str | None = None) -> list[SymbolConfigView]:
        """Return leverage and margin type of one or all symbols."""
        return [config_view(self.specs[p.symbol], p) for p in self._chosen(symbol)]

    def leverage_brackets(self, symbol: str | None = None) -> dict[str, tuple[Bracket, ...]]:
        """Return the brackets of one or all symbols."""
        return {p.symbol: self.specs[p.symbol].brackets for p in self._chosen(symbol)}

    def commission_rate(self, symbol: str) -> CommissionView:
        """Return the fee rates of a symbol."""
        self._book(symbol)
        return CommissionView(symbol, self._account.maker, self._account.taker)

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _book(self, symbol: str) -> Book:
        """Return a symbol's book; -1121 if it is not traded here."""
        book = self._books.get(symbol)
        if book is None:
            raise VenueRefusal(-1121, "Invalid symbol.")
        return book

    def _chosen(self, symbol: str | None) -> list[Position]:
        """Return the named symbol's position, or all."""
        if symbol is None:
            return list(self._account.positions.values())
        self._book(symbol)
        return [self._account.positions[symbol]]

    def _is_active(self, symbol: str) -> bool:
        return bool(self._account.positions[symbol].amount) or self._books[symbol].has_own


def need_one(number: int | None, client_id: str | None, number_name: str, client_name: str) -> None:
    """Refuse (-1102) a request that names its order neither by id nor by client id."""
    if number is None and not client_id:
        message = f"Param '{client_name}' or '{number_name}' must be sent, but both were empty/null!"
        raise VenueRefusal(-1102, message)


def _between(rows: Iterable[_TimedRow], start_ms: int | None, end_ms: int | None) -> list[_TimedRow]:
    first = start_ms if start_ms is not None else 0
    return [row for row in rows if row.time_ms >= first and (end_ms is None or row.time_ms <= end_ms)]


def _page(rows: Sequence[_Row], start_ms: int | None, limit: int) -> list[_Row]:
    return list(rows[:limit] if start_ms is not None else rows[-limit:])
