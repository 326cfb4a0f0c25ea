"""The parts of the venue's core put together, and what the queries of the market answer; orders: `order_queries`."""

from collections.abc import Mapping
from decimal import Decimal

from trader_gui.simulated_exchange.account import Account
from trader_gui.simulated_exchange.algo import AlgoDesk
from trader_gui.simulated_exchange.liquidation import Liquidator
from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.order_queries import OrderQueries
from trader_gui.simulated_exchange.orders import OrderDesk
from trader_gui.simulated_exchange.records import PriceLevel, SymbolSpec

_DEFAULT_WALLET = Decimal(10_000)
_FIRST_ORDER_ID = 9_100_000_000_000_001  # above 2**53: a client that reads ids as floats must notice
_FIRST_ALGO_ID = 2_000_000_000_000_001
_FIRST_TRADE_ID = 300_000_001


class VenueQueries(OrderQueries):
    """The venue's state, read only.

    Args:
        specs: Symbol -> filters and brackets; only these trade.
        wallet_balance: Start of the USDT wallet; no income entry is written for it.
        start_ms: Market time at which the wallet was filled.
        fee_tier: Row of the fee table, 0 for the regular one.
        maker, taker: Fee rates as fractions in place of the tier's.
        first_order_id, first_trade_id, first_algo_id: Where ids start; they rise by one over all symbols.
    """

    def __init__(
        self,
        specs: Mapping[str, SymbolSpec],
        *,
        wallet_balance: Decimal = _DEFAULT_WALLET,
        start_ms: int = 0,
        fee_tier: int = 0,
        maker: Decimal | None = None,
        taker: Decimal | None = None,
        first_order_id: int = _FIRST_ORDER_ID,
        first_trade_id: int = _FIRST_TRADE_ID,
        first_algo_id: int = _FIRST_ALGO_ID,
    ) -> None:
        self.specs = dict(specs)
        self._books = {symbol: Book(spec) for symbol, spec in self.specs.items()}
        self._account = Account(
            self.specs, wallet_balance, start_ms=start_ms, fee_tier=fee_tier, maker=maker, taker=taker
        )
        self._desk = OrderDesk(self._books, self._account, first_order_id=first_order_id, first_trade_id=first_trade_id)
        self._algos = AlgoDesk(self._books, self._account, self._desk, first_algo_id=first_algo_id)
        self._liquidator = Liquidator(self.specs, self._account, self._desk, self._algos)

    # ---- the market ------------------------------------------------------------------------------------------------

    def book(self, symbol: str, limit: int) -> tuple[list[PriceLevel], list[PriceLevel]]:
        """Return (bids, asks), best first, own resting orders included."""
        return self._book(symbol).depth(limit)

    def book_with_rpi(self, symbol: str, limit: int) -> tuple[list[PriceLevel], list[PriceLevel]]:
        """Return `book` with own RPI orders in it."""
        return self._book(symbol).depth_with_rpi(limit)

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
