"""FillsModel: own executions of the past and of this moment; partial fills are rows of their own."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QObject

from trader_gui.domain.order import Fill, Order, OrderFamily, Origin, Purpose
from trader_gui.domain.symbol import SymbolRules, decimals_of, unknown_rules
from trader_gui.models.history_merge import fill_key
from trader_gui.models.table import Column, KeyedTableModel

OriginOf = Callable[[str], tuple[Origin, Purpose | None]]
"""Tells by a client order id who made the order, and for what."""
RulesOf = Callable[[str], SymbolRules]
"""Gives a symbol's rules; `is_unknown` ones of a symbol that the venue has not told of."""


class FillRow(msgspec.Struct, frozen=True, gc=False):  # kept by the thousand: a collection would look at each
    """One execution as shown.

    Attributes:
        origin: Whose order it was; None while its client order id is not known.
        price_decimals, quantity_decimals: Of the symbol's filters.
    """

    fill: Fill
    origin: Origin | None
    price_decimals: int
    quantity_decimals: int

    @property
    def client_order_id(self) -> str:
        """Of its order; "" while it is not known."""
        return self.fill.client_order_id


COLUMNS: tuple[Column[FillRow], ...] = (
    Column("time", "Time (UTC)", lambda r: r.fill.trade_time_ms, is_time=True),
    Column("symbol", "Symbol", lambda r: r.fill.symbol),
    Column("side", "Side", lambda r: r.fill.side.value),
    Column("quantity", "Size", lambda r: r.fill.quantity, is_number=True),
    Column("price", "Price", lambda r: r.fill.price, is_number=True),
    Column("notional", "Value", lambda r: r.fill.price * r.fill.quantity, is_number=True),
    Column("fee", "Fee", lambda r: -r.fill.commission, is_number=True),
    Column("fee_asset", "Fee in", lambda r: r.fill.commission_asset),
    Column("realized", "Realised", lambda r: r.fill.realized_pnl, is_number=True),
    Column("liquidity", "Liquidity", lambda r: "maker" if r.fill.is_maker else "taker"),
    Column("position_side", "Leg", lambda r: r.fill.position_side.value),
    Column("opened_by", "Sent by", lambda r: r.origin.value if r.origin is not None else None),
    Column("order", "Order", lambda r: r.fill.client_order_id or None),
    Column("order_id", "Order number", lambda r: r.fill.order_id, is_number=True, is_id=True),
    Column("trade_id", "Number", lambda r: r.fill.trade_id, is_number=True, is_id=True),
)


class FillsModel(KeyedTableModel[FillRow]):
    """Executions by (symbol, trade id); their names come with their orders, whichever is told first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self._rules_of: RulesOf = unknown_rules
        self._origin_of: OriginOf | None = None
        self._names: dict[tuple[str, int], str] = {}
        self._nameless: defaultdict[tuple[str, int], set[Hashable]] = defaultdict(set)

    def bind(self, rules_of: RulesOf, origin_of: OriginOf) -> None:
        """Take what gives the decimals of a symbol, and what tells own orders from foreign ones."""
        self._rules_of, self._origin_of = rules_of, origin_of

    def reread_rules(self) -> None:
        """Show all rows with the decimals that their symbols have now."""
        self.merge_rows([(key, self._row(row.fill)) for key, row in self._rows.items()])

    def rank(self, key: Hashable) -> tuple[int, ...]:
        fill = self._rows[key].fill
        return -fill.trade_time_ms, -fill.trade_id

    def merge(self, fills: Iterable[Fill]) -> list[Fill]:
        """Take executions in; return those that were not known."""
        rows: dict[Hashable, FillRow] = {}
        new: list[Fill] = []
        for told in fills:
            key = fill_key(told)
            known = rows.get(key) or self._rows.get(key)
            if known is None:
                new.append(told)
            elif known.fill.client_order_id:
                continue
            rows[key] = self._row(self._named(told, key))
        self.merge_rows(rows.items())
        return new

    def name(self, orders: Iterable[Order]) -> None:
        """Learn from orders under which client order ids executions were made."""
        rows: dict[Hashable, FillRow] = {}
        for order in orders:
            number = order.order_id if order.order_family is OrderFamily.BOOK else order.triggered_order_id
            if number is None or not order.client_order_id:
                continue
            place = (order.symbol, number)
            self._names[place] = order.client_order_id
            for key in self._nameless.pop(place, ()):
                fill = replace(self._rows[key].fill, client_order_id=order.client_order_id)
                rows[key] = self._row(fill)
        self.merge_rows(rows.items())

    def _named(self, fill: Fill, key: Hashable) -> Fill:
        place = (fill.symbol, fill.order_id)
        if fill.client_order_id:
            self._names[place] = fill.client_order_id
            return fill
        name = self._names.get(place)
        if name is None:
            self._nameless[place].add(key)
            return fill
        return replace(fill, client_order_id=name)

    def _row(self, fill: Fill) -> FillRow:
        rules = self._rules_of(fill.symbol)
        decimals = (rules.price_decimals, rules.quantity_decimals)
        if rules.is_unknown:
            decimals = (decimals_of(fill.price), decimals_of(fill.quantity))
        is_named = self._origin_of is not None and fill.client_order_id
        origin = self._origin_of(fill.client_order_id)[0] if is_named and self._origin_of else None
        return FillRow(fill, origin, *decimals)
