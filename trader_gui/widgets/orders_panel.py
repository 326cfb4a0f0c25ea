"""Open orders under their filters, with the cancelling of many, and the changing of one in its cell."""

import html
from collections.abc import Hashable, Sequence
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QMenu

from trader_gui.domain.order import Order, OrderType, Origin, Side
from trader_gui.domain.symbol import SymbolRules
from trader_gui.models.amend_draft import is_amendable
from trader_gui.models.orders import OrderRow
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_asking import Reasons
from trader_gui.models.ticket_records import TicketFacts
from trader_gui.widgets.amend_editor import COLUMNS, AmendEditor
from trader_gui.widgets.cell_bubble import CellBubble
from trader_gui.widgets.fields import Message
from trader_gui.widgets.filter_bar import Choice, FilterBar, MenuButton
from trader_gui.widgets.table_columns import TYPES, origin_text
from trader_gui.widgets.table_panel import TablePanel
from trader_gui.widgets.tables import TableView

SYMBOL = Choice("symbol", "Symbol", "All symbols")
SIDE = Choice("side", "Side", "Both sides", lambda value: "Buy" if value == Side.BUY else "Sell")
KIND = Choice("type", "Kind", "All kinds", lambda value: TYPES[OrderType(value)])
ORIGIN = Choice("opened_by", "Sent by", "All senders", lambda value: origin_text(Origin(value)))


_SAID_MS = 8000
_EDIT_WORDS = {"limit": "Change price", "quantity": "Change size", "trigger": "Change trigger"}
_NOT_NOW = "This order cannot be changed: cancel it and place another."


class OrdersPanel(TablePanel):
    """The orders table.

    Attributes:
        editor: Over the cell that is being edited; None while none is.
        bubble: Over the row that was refused last.
        reasons: What the ticket's rules say of an order.

    Signals:
        cancel_many_requested: (what they are, list of Order) from the menu.
        amend_requested: (Order, price or None, quantity or None) typed in a cell; the price of a conditional order is
            its trigger.
    """

    cancel_many_requested = Signal(str, object)
    amend_requested = Signal(object, object, object)

    def __init__(self, table: TableView, ticket: TicketModel) -> None:
        super().__init__("orders", table, FilterBar(table, (SYMBOL, SIDE, KIND, ORIGIN)), has_life=True)
        self.cancel_button = MenuButton("Cancel", "Cancel several orders", self._fill_cancel)
        self.tools.insertWidget(self.tools.indexOf(self.export_button), self.cancel_button)
        self.order_tabs()
        self.editor: AmendEditor | None = None
        self.bubble: CellBubble | None = None
        self.reasons: Reasons = lambda intent, expected, facts: ()
        self._ticket = ticket
        ticket.changed.connect(self._on_ticket_changed)
        table.edit_wanted.connect(self._on_edit_wanted)
        table.menu_opening.connect(self._fill_amend)

    # ---- changing in place -----------------------------------------------------------------------------------------

    def _fill_amend(self, menu: QMenu, row: OrderRow | None) -> None:
        if row is None:
            return
        for number, column in enumerate(_editable(row.order)):
            action = menu.addAction(_EDIT_WORDS[column] if number else f"{_EDIT_WORDS[column]}\tF2")
            action.setEnabled(row.can_amend)
            action.triggered.connect(lambda _checked=False, c=column: self.edit(row, c))

    def _on_edit_wanted(self, row: OrderRow, column: str, by_key: bool) -> None:
        """Edit the cell; by key, from a cell that has nothing to edit, the price."""
        columns = _editable(row.order)
        if column not in COLUMNS and not by_key:
            return
        if not is_amendable(row.order):
            self.table.said.emit(_NOT_NOW)
        elif column in columns or by_key:
            self.edit(row, column if column in columns else columns[0])

    def edit(self, row: OrderRow, column: str) -> None:
        """Open the editor over a cell of an order that can be changed."""
        key = (row.order.client_order_id, row.order.order_family)
        if self.editor is not None or not row.can_amend or self.table.rows.row_of(key) is None:
            return
        number = next(n for n, c in enumerate(self.table.source.columns) if c.key == column)
        if self.table.isColumnHidden(number):
            return
        self.editor = AmendEditor(self.table, key, number, self._facts, self.reasons)
        self.editor.amend_requested.connect(self.amend_requested)
        self.editor.closed.connect(self._on_closed)
        self.editor.open()

    def _on_closed(self) -> None:
        self.editor = None

    def show_refusal(self, key: Hashable, text: str) -> None:
        """Say at an order's row, for a while, why it was not changed; the row keeps it longer."""
        row = self.table.rows.row_of(key)
        if row is None or not self.table.isVisible() or self.editor is not None:
            return
        self.bubble = CellBubble(self.table)
        self.bubble.say([Message(html.escape(f"Not changed: {text}"), "danger")])
        column = next(n for n, c in enumerate(self.table.source.columns) if c.key == "state")
        self.bubble.stand_at(self.table.visualRect(self.table.rows.index(row, column)))
        QTimer.singleShot(_SAID_MS, self.bubble, self.bubble.deleteLater)

    def _on_ticket_changed(self) -> None:
        if self.editor is not None:
            self.editor.refresh()

    def _facts(self, order: Order, rules: SymbolRules) -> TicketFacts | None:
        """Return what an order is judged by; of a symbol that is not watched only its rules and its position."""
        facts = self._ticket.facts
        if facts is None or order.symbol == facts.rules.symbol:
            return facts
        held = facts.for_closing((order.symbol, order.position_side))
        if held is not None:
            return held
        return TicketFacts(
            rules=rules,
            is_hedge=facts.is_hedge,
            is_account_known=facts.is_account_known,
            feed_is_live=facts.feed_is_live,
            is_running=facts.is_running,
            now_ms=facts.now_ms,
        )

    # ---- cancelling many -------------------------------------------------------------------------------------------

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


def _editable(order: Order) -> tuple[str, ...]:
    """Return the columns that can be edited of an order of this kind, first the one that F2 means."""
    return ("trigger",) if order.order_type.is_conditional else ("limit", "quantity")
