"""CancelManyDialog: which orders would be cancelled, and what is lost with them, before it is done."""

import html
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from trader_gui.domain.order import Order, OrderFamily, OrderType, Purpose, Side
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.table_columns import TYPES, side_words

MOST_LINES = 8
_STOPS = (OrderType.STOP, OrderType.STOP_MARKET, OrderType.TRAILING_STOP_MARKET)


def is_protection(order: Order) -> bool:
    """Tell whether a position may lose its stop with this order."""
    only_closes = order.reduce_only or order.close_position
    return order.purpose is Purpose.PROTECTION or (order.order_type in _STOPS and only_closes)


class CancelManyDialog(ProfileDialog):
    """The plan; the answer is a signal.

    Signals:
        confirmed: The orders are to be cancelled.
    """

    confirmed = Signal()

    def __init__(self, profile_name: str, what: str, orders: Sequence[Order], parent: QWidget | None = None) -> None:
        """Make the dialog.

        Args:
            profile_name: Of the session.
            what: What the orders are, as the menu called them.
            orders: At least one.
            parent: The window.
        """
        super().__init__(profile_name, "Cancel these orders?", parent, side_note=what)
        self.setMinimumWidth(420)
        count = f"{len(orders)} orders" if len(orders) > 1 else "1 order"
        self.body.addWidget(label(f"Cancel {count}, one request each", "title"))
        for order in orders[:MOST_LINES]:
            self.body.addWidget(label(_words(order), "figure"))
        if len(orders) > MOST_LINES:
            self.body.addWidget(label(f"and {len(orders) - MOST_LINES} more", "body"))
        self.cancel_button.setText("Keep them")
        self.cancel_button.setAccessibleName("Keep the orders")
        self.send_button = main_button(f"Cancel {count}", "danger")
        self.send_button.clicked.connect(self._confirm)
        self.buttons.addWidget(self.send_button, 1)
        stops = sum(is_protection(order) for order in orders)
        if stops:
            words = "One of them is a stop" if stops == 1 else f"{stops} of them are stops"
            self.say([Message(html.escape(f"{words}: without it a position may be left unprotected."), "warn")])

    def _confirm(self) -> None:
        if not self.is_settled():
            return
        self.send_button.setEnabled(False)
        self.accept()
        self.confirmed.emit()


def _words(order: Order) -> str:
    side = side_words(order.side is Side.BUY, "Buy", "Sell")
    size = "position" if order.close_position else f"{order.remaining_quantity:,f}"
    level = order.trigger_price or order.price
    at = f" @ {level:,f}" if level else ""
    kind = TYPES[order.order_type].lower()
    service = ", conditional" if order.order_family is OrderFamily.ALGO else ""
    return f"{order.symbol}  {side} {kind} {size}{at}{service}"
