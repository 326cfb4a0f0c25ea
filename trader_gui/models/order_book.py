"""OrderBookModel: a fixed number of rows around the middle, grouped by a multiple of the tick; and the last trades."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from PySide6.QtCore import QObject, Signal

from trader_gui.callback import Callback
from trader_gui.domain.market import AggTrade, Level
from trader_gui.domain.order import OrderFamily, Side
from trader_gui.domain.symbol import SymbolRules, snap
from trader_gui.models.frame import FrameModel
from trader_gui.models.shown import ShownMarket, shown_market
from trader_gui.models.trader_view import StatusView

GROUPS = (1, 10, 100, 1000)
"""Multiples of the tick that levels can be joined by."""
MAX_ROWS = 60
TRADES_SHOWN = 60
_LEVELS_PER_ROW = 100
"""Levels read for each joined row, at most: a bound on the work of one frame."""


@dataclass(frozen=True)
class BookRow:
    """One row of a side; `total` sums from the best price on; `has_own` marks an own order at this price."""

    price: Decimal
    quantity: Decimal
    total: Decimal
    has_own: bool


@dataclass(frozen=True)
class BookState:
    """One picture of the book, best row first on both sides; sides may be shorter than `rows`."""

    bids: tuple[BookRow, ...] = ()
    asks: tuple[BookRow, ...] = ()
    last_price: Decimal | None = None
    is_rising: bool | None = None
    mark_price: Decimal | None = None
    spread: Decimal | None = None
    is_synced: bool = False
    is_fresh: bool = False
    age_s: float | None = None


class OrderBookModel(FrameModel):
    """The book of the symbol that is shown.

    Attributes:
        rules: Filters of the symbol; None until read.
        rows: Rows wanted on each side.
        group: Multiple of the tick by which levels are joined.
        state: The picture of the last refresh.

    Signals:
        rules_changed: It is of another symbol, or the filters are others than before.
    """

    rules_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rules: SymbolRules | None = None
        self.rows = 12
        self.group = 1
        self.state = BookState()
        self._last_price: Decimal | None = None
        self._is_rising: bool | None = None
        self._drawn: tuple[object, ...] = ()

    def set_rows(self, rows: int) -> None:
        """Ask for a number of rows on each side."""
        self.rows = max(1, min(rows, MAX_ROWS))

    def set_group(self, group: int) -> None:
        """Join levels by a multiple of the tick."""
        self.group = group

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        market = shown_market(callback, status)
        self._take_rules(market.rules)
        book, route, quotes = market.order_book, market.public, market.quotes
        is_silent = not route.is_fresh and route.last_received_ns > 0
        age_s = round(max(0, now_ns - route.last_received_ns) / 1e9, 1) if is_silent else None
        drawn = (
            market.rules.symbol,
            book.revision if book is not None else None,
            callback.orders.revision,
            quotes.last_price,
            quotes.mark_price,
            route.is_fresh,
            age_s,
            self.rows,
            self.group,
        )
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._note_last_price(quotes.last_price)
        self.state = self._picture(callback, market, age_s)
        self.changed.emit()

    def _take_rules(self, rules: SymbolRules) -> None:
        if rules is self.rules:
            return
        if self.rules is None or rules.symbol != self.rules.symbol:
            self._last_price = self._is_rising = None
        self.rules = rules
        self.rules_changed.emit()

    def _note_last_price(self, last_price: Decimal | None) -> None:
        if last_price is not None and self._last_price is not None and last_price != self._last_price:
            self._is_rising = last_price > self._last_price
        self._last_price = last_price

    def _picture(self, callback: Callback, market: ShownMarket, age_s: float | None) -> BookState:
        rules, book, quotes = market.rules, market.order_book, market.quotes
        depth = self.rows if self.group == 1 else self.rows * min(self.group, _LEVELS_PER_ROW)
        bids, asks = book.top(depth) if book is not None else ((), ())
        size = rules.tick_size * self.group
        own = {
            (o.side, snap(o.price, size, _ROUNDING[o.side]))
            for o in callback.orders.open_orders(rules.symbol)
            if o.order_family is OrderFamily.BOOK and o.price
        }
        return BookState(
            bids=self._side(bids, Side.BUY, own),
            asks=self._side(asks, Side.SELL, own),
            last_price=self._last_price,
            is_rising=self._is_rising,
            mark_price=quotes.mark_price,
            spread=asks[0][0] - bids[0][0] if bids and asks else None,
            is_synced=book is not None and book.is_synced,
            is_fresh=market.public.is_fresh,
            age_s=age_s,
        )

    def _side(self, levels: Iterable[Level], side: Side, own: set[tuple[Side, Decimal]]) -> tuple[BookRow, ...]:
        assert self.rules is not None
        size = self.rules.tick_size * self.group
        sums: dict[Decimal, Decimal] = {}
        for price, quantity in levels:
            row_price = price if self.group == 1 else snap(price, size, _ROUNDING[side])
            if row_price not in sums and len(sums) == self.rows:
                break
            sums[row_price] = sums.get(row_price, Decimal(0)) + quantity
        rows = []
        total = Decimal(0)
        for price, quantity in sums.items():
            total += quantity
            rows.append(BookRow(price, quantity, total, (side, price) in own))
        return tuple(rows)


_ROUNDING = {Side.BUY: ROUND_FLOOR, Side.SELL: ROUND_CEILING}
"""A joined row never promises a better price than its levels have."""


class AggTradesModel(FrameModel):
    """The last public trades of the symbol that is shown, newest first.

    Attributes:
        rules: Filters of the symbol; None until read.
        trades: As many as are shown.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rules: SymbolRules | None = None
        self.trades: tuple[AggTrade, ...] = ()
        self._drawn: tuple[object, int] = (None, -1)

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        market = shown_market(callback, status)
        self.rules = market.rules
        told = market.agg_trades
        drawn = (told, -1 if told is None else told.revision)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.trades = told.latest(TRADES_SHOWN) if told is not None else ()
        self.changed.emit()
