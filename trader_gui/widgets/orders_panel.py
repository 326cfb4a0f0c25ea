"""Open orders under their filters, with the cancelling of many."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu

from trader_gui.domain.order import Order, OrderType, Origin, Side
from trader_gui.models.orders import OrderRow
from trader_gui.widgets.filter_bar import Choice, FilterBar, MenuButton
from trader_gui.widgets.table_columns import TYPES, origin_text
from trader_gui.widgets.table_panel import TablePanel
from trader_gui.widgets.tables import TableView

SYMBOL = Choice("symbol", "Symbol", "All symbols")
SIDE = Choice("side", "Side", "Both sides", lambda value: "Buy" if value == Side.BUY else "Sell")
KIND = Choice("type", "Kind", "All kinds", lambda value: TYPES[OrderType(value)])
ORIGIN = Choice("opened_by", "Sent by", "All senders", lambda value: origin_text(Origin(value)))


class OrdersPanel(TablePanel):
    """The orders table.

    Signals:
        cancel_many_requested: (what they are, list of Order) from the menu.
    """

    cancel_many_requested = Signal(str, object)

    def __init__(self, table: TableView) -> None:
        super().__init__("orders", table, FilterBar(table, (SYMBOL, SIDE, KIND, ORIGIN)), has_life=True)
        self.cancel_button = MenuButton("Cancel", "Cancel several orders", self._fill_cancel)
        self.tools.insertWidget(self.tools.indexOf(self.export_button), self.cancel_button)
        self.order_tabs()

    def _fill_cancel(self, menu: QMenu) -> None:
        rows: list[OrderRow] = self.table.source.rows()
        for name, orders in self.groups(rows):
            action = menu.addAction(f"{name} ({len(orders)})…")
            action.setEnabled(bool(orders))
            action.triggered.connect(lambda _checked=False, n=name, o=orders: self.cancel_many_requested.emit(n, o))

    def groups(self, rows: Sequence[OrderRow]) -> list[tuple[str, list[Order]]]:
        """Return what can be cancelled together; orders that the exchange has not confirmed are in none."""

        def those(wanted: Sequence[Any]) -> list[Order]:
            return [row.order for row in wanted if row.can_cancel]

        chosen = self.table.selected_rows()
        found = []
        if len(chosen) > 1:
            found.append(("Chosen orders", those(chosen)))
        if self._is_narrowed():
            found.append(("Shown orders", those(self.table.rows.rows())))
        symbols = sorted({row.order.symbol for row in rows})
        found += [(f"All of {s}", those([r for r in rows if r.order.symbol == s])) for s in symbols]
        sides = ((Side.BUY, "All buys"), (Side.SELL, "All sells"))
        found += [(name, those([r for r in rows if r.order.side is side])) for side, name in sides]
        if len(symbols) > 1:
            found.append(("All orders", those(rows)))
        return found or [("All orders", [])]
