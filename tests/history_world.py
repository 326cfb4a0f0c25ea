"""An account's past made by hand: a venue that lists it by spans, and a journal that saw a part of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec.structs import replace

from tests.fakes import order
from trader_gui.domain.account import AccountUpdate, Balance
from trader_gui.domain.order import (
    Fill,
    Order,
    OrderFamily,
    OrderStatus,
    OrderType,
    OrderUpdate,
    PastOrder,
    Purpose,
    Side,
)
from trader_gui.errors import VenueError
from trader_gui.exchange.port import AssetRow, IncomeRow
from trader_gui.journal.history import JournalPage, OrderLife

DAY_MS = 86_400_000
NOW_MS = 1_764_534_909_000
"""2025-11-30 20:35:09 UTC."""
JOURNAL_ROWS = 3


@dataclass
class Deal:
    """An order that was filled in one piece, and what followed from it."""

    number: int
    time_ms: int
    symbol: str = "BTCUSDT"

    @property
    def order(self) -> Order:
        return order(
            self.number,
            Side.BUY if self.number % 2 else Side.SELL,
            OrderType.STOP_MARKET if self.number % 3 == 0 else OrderType.LIMIT,
            purpose=Purpose.ENTRY,
            status=OrderStatus.FINISHED if self.number % 3 == 0 else OrderStatus.FILLED,
            symbol=self.symbol,
            price="108000.0",
            executed_quantity=Decimal("0.010"),
            average_price=Decimal("108000.0"),
            update_time_ms=self.time_ms,
            order_id=1000 + self.number,
            triggered_order_id=5000 + self.number if self.number % 3 == 0 else None,
        )

    @property
    def past(self) -> PastOrder:
        return PastOrder(self.order, self.time_ms)

    @property
    def fill(self) -> Fill:
        made = self.order
        return Fill(
            symbol=self.symbol,
            trade_id=self.number,
            order_id=made.triggered_order_id or made.order_id or 0,
            client_order_id=made.client_order_id,
            side=made.side,
            price=Decimal("108000.0"),
            quantity=Decimal("0.010"),
            commission=Decimal("0.54"),
            commission_asset="USDT",
            realized_pnl=Decimal(self.number % 2),
            is_maker=False,
            trade_time_ms=self.time_ms,
        )

    @property
    def income(self) -> list[IncomeRow]:
        rows = [IncomeRow(self.symbol, "COMMISSION", Decimal("-0.54"), "USDT", self.time_ms, self.number, self.number)]
        if self.number % 2:
            pnl = IncomeRow(self.symbol, "REALIZED_PNL", Decimal(1), "USDT", self.time_ms, self.number, self.number)
            rows.append(pnl)
        return rows

    @property
    def update(self) -> OrderUpdate:
        return OrderUpdate(self.order, "TRADE", self.fill, self.time_ms, self.time_ms)


def funding_update(time_ms: int, amount: str = "-0.10") -> AccountUpdate:
    """Return the account event of a funding."""
    balance = Balance("USDT", Decimal(9_000), Decimal(9_000))
    return AccountUpdate("FUNDING_FEE", (balance,), (Decimal(amount),), (), time_ms, time_ms)


def funding_row(time_ms: int, amount: str = "-0.10") -> IncomeRow:
    """Return the same funding as the exchange lists it."""
    return IncomeRow("BTCUSDT", "FUNDING_FEE", Decimal(amount), "USDT", time_ms, time_ms)


@dataclass
class FakeVenue:
    """Lists what it is given; each list is asked for as the real one must be.

    Attributes:
        calls: (what, symbol, start, end).
        error: Raised by the next call.
    """

    deals: list[Deal] = field(default_factory=list)
    income_rows: list[IncomeRow] = field(default_factory=list)
    calls: list[tuple[str, str | None, int, int]] = field(default_factory=list)
    error: VenueError | None = None
    delisted: frozenset[str] = frozenset()

    async def past_orders(
        self, family: OrderFamily, symbol: str | None, start_ms: int, end_ms: int
    ) -> tuple[PastOrder, ...]:
        self._note(f"{family} orders", symbol, start_ms, end_ms)
        assert (symbol is None) == (family is OrderFamily.BOOK)
        found = [d.past for d in self._of(symbol, start_ms, end_ms)]
        return tuple(past for past in found if past.order.order_family is family)

    async def past_fills(self, symbol: str, start_ms: int, end_ms: int) -> tuple[Fill, ...]:
        self._note("fills", symbol, start_ms, end_ms)
        return tuple(replace(d.fill, client_order_id="") for d in self._of(symbol, start_ms, end_ms))

    async def past_income(self, start_ms: int, end_ms: int) -> tuple[IncomeRow, ...]:
        self._note("income", None, start_ms, end_ms)
        rows = [row for deal in self.deals for row in deal.income] + self.income_rows
        return tuple(row for row in rows if start_ms <= row.time_ms <= end_ms)

    async def assets(self) -> tuple[AssetRow, ...]:
        self._note("assets", None, 0, 0)
        ten = Decimal(10)
        return (AssetRow("USDT", ten, ten, ten, Decimal(0), ten, Decimal(0), Decimal(0), NOW_MS),)

    def _of(self, symbol: str | None, start_ms: int, end_ms: int) -> list[Deal]:
        return [d for d in self.deals if symbol in (None, d.symbol) and start_ms <= d.time_ms <= end_ms]

    def _note(self, what: str, symbol: str | None, start_ms: int, end_ms: int) -> None:
        assert end_ms - start_ms < 7 * DAY_MS
        self.calls.append((what, symbol, start_ms, end_ms))
        error, self.error = self.error, None
        if error is not None:
            raise error
        if symbol in self.delisted:
            raise VenueError(-1121, "Invalid symbol.")


@dataclass
class FakeHistory:
    """A reader of the past, as the session gives it.

    Attributes:
        seen: What the journal has, oldest first.
    """

    venue: FakeVenue = field(default_factory=FakeVenue)
    seen: Sequence[Deal | AccountUpdate] = ()
    symbols: frozenset[str] = frozenset()
    pages_read: int = 0

    async def journal_page(self, before_id: int | None) -> JournalPage:
        self.pages_read += 1
        end = len(self.seen) if before_id is None else before_id
        first = max(0, end - JOURNAL_ROWS)
        rows = self.seen[first:end]
        deals = [row for row in rows if isinstance(row, Deal)]
        times = [row.time_ms if isinstance(row, Deal) else row.event_time_ms for row in rows]
        return JournalPage(
            orders=tuple(PastOrder(d.order, d.time_ms - 5, is_told=False) for d in deals),
            fills=tuple(d.fill for d in deals),
            account_updates=tuple(row for row in rows if isinstance(row, AccountUpdate)),
            before_id=first or None,
            oldest_ms=min(times, default=None),
        )

    async def journal_symbols(self) -> frozenset[str]:
        return self.symbols

    async def order_life(self, client_order_id: str) -> OrderLife:
        deals = [d for d in self.seen if isinstance(d, Deal) and d.order.client_order_id == client_order_id]
        return OrderLife(None, tuple(d.update for d in deals))
