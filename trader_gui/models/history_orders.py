"""OrderHistoryModel: orders of both families that are over, those that the exchange refused among them."""

from collections.abc import Hashable, Iterable

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QObject

from trader_gui.domain.order import Order, PastOrder
from trader_gui.domain.symbol import decimals_of, unknown_rules
from trader_gui.models.fills import OriginOf, RulesOf
from trader_gui.models.history_merge import merge_past, order_key
from trader_gui.models.orders import flags_of
from trader_gui.models.table import Column, KeyedTableModel


class PastOrderRow(msgspec.Struct, frozen=True, gc=False):  # as `FillRow`
    """One order as shown.

    Attributes:
        price_decimals, quantity_decimals: Of the symbol's filters.
    """

    past: PastOrder
    price_decimals: int
    quantity_decimals: int

    @property
    def order(self) -> Order:
        """The order itself."""
        return self.past.order

    @property
    def client_order_id(self) -> str:
        """Of the order."""
        return self.past.order.client_order_id


COLUMNS: tuple[Column[PastOrderRow], ...] = (
    Column("placed", "Placed (UTC)", lambda r: r.past.placed_time_ms or None, is_time=True),
    Column("time", "Ended (UTC)", lambda r: r.order.update_time_ms or None, is_time=True),
    Column("type", "Type", lambda r: r.order.order_type.value),
    Column("symbol", "Symbol", lambda r: r.order.symbol),
    Column("side", "Side", lambda r: r.order.side.value),
    Column("filled", "Filled", lambda r: r.order.executed_quantity, is_number=True),
    Column("quantity", "Size", lambda r: r.order.quantity, is_number=True),
    Column("limit", "Limit", lambda r: r.order.price or None, is_number=True),
    Column("trigger", "Trigger", lambda r: r.order.trigger_price or None, is_number=True),
    Column("average", "Average", lambda r: r.order.average_price or None, is_number=True),
    Column("state", "State", lambda r: r.order.status.value),
    Column("flags", "Flags", lambda r: flags_of(r.order)),
    Column("position_side", "Leg", lambda r: r.order.position_side.value),
    Column("opened_by", "Sent by", lambda r: r.order.origin.value),
    Column("reason", "Reason", lambda r: r.order.reject_reason or None),
    Column("order", "Order", lambda r: r.order.client_order_id or None),
    Column("order_id", "Order number", lambda r: r.order.order_id, is_number=True, is_id=True),
    Column("triggered", "Triggered order", lambda r: r.order.triggered_order_id, is_number=True, is_id=True),
)


class OrderHistoryModel(KeyedTableModel[PastOrderRow]):
    """Orders by (symbol, family, order id); one that is still open is kept aside until it is over."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self._rules_of: RulesOf = unknown_rules
        self._origin_of: OriginOf | None = None
        self._open: dict[Hashable, PastOrder] = {}
        self._by_name: dict[Hashable, Hashable] = {}

    def bind(self, rules_of: RulesOf, origin_of: OriginOf) -> None:
        """Take what gives the decimals of a symbol, and what tells own orders from foreign ones."""
        self._rules_of, self._origin_of = rules_of, origin_of

    def reread_rules(self) -> None:
        """Show all rows with the decimals that their symbols have now."""
        self.merge_rows([(key, self._row(row.past)) for key, row in self._rows.items()], set())

    def rank(self, key: Hashable) -> tuple[int, ...]:
        past = self._rows[key].past
        return -past.placed_time_ms, -(past.order.order_id or 0)

    def merge(self, orders: Iterable[PastOrder]) -> int:
        """Take orders in, open ones too; return how many that are over were not known."""
        known_before = self.rowCount()
        rows: dict[Hashable, PastOrderRow] = {}
        removed: set[Hashable] = set()
        for told in orders:
            key, past = self._key_of(told.order), told
            for place in dict.fromkeys((key, _name_of(told.order))):
                known = self._known(place, rows, removed)
                if known is None:
                    continue
                past = merge_past(known, past)
                if place != key:  # known under our id alone until now
                    rows.pop(place, None)
                    self._open.pop(place, None)
                    removed.add(place)
            past = self._with_origin(past)
            if past.order.status.is_terminal:
                self._open.pop(key, None)
                rows[key] = self._row(past)
            else:
                self._open[key] = past
        self.merge_rows(rows.items(), removed)
        return self.rowCount() - known_before

    def _key_of(self, order: Order) -> Hashable:
        """Return an order's key: once the venue's id is known, what comes under our id alone belongs to it."""
        name = _name_of(order)
        if order.order_id is None:
            return self._by_name.get(name, name)
        self._by_name[name] = order_key(order)
        return self._by_name[name]

    def _known(self, key: Hashable, rows: dict[Hashable, PastOrderRow], removed: set[Hashable]) -> PastOrder | None:
        row = rows.get(key) or (self._rows.get(key) if key not in removed else None)
        return row.past if row is not None else self._open.get(key)

    def _with_origin(self, past: PastOrder) -> PastOrder:
        if self._origin_of is None:
            return past
        origin, purpose = self._origin_of(past.order.client_order_id)
        if (origin, purpose) == (past.order.origin, past.order.purpose):
            return past
        return replace(past, order=replace(past.order, origin=origin, purpose=purpose))

    def _row(self, past: PastOrder) -> PastOrderRow:
        order = past.order
        rules = self._rules_of(order.symbol)
        if rules.is_unknown:
            return PastOrderRow(past, decimals_of(order.trigger_price or order.price), decimals_of(order.quantity))
        return PastOrderRow(past, rules.price_decimals, rules.quantity_decimals)


def _name_of(order: Order) -> Hashable:
    return order.symbol, order.order_family, order.client_order_id
