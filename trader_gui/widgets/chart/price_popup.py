"""PricePopup: a typed price for the line of an order."""

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from trader_gui.domain.step import Refusal
from trader_gui.domain.symbol import is_multiple
from trader_gui.i18n import refusal_words
from trader_gui.models.line_moves import move_refusal
from trader_gui.models.series import SeriesModel
from trader_gui.models.series_lines import OrderLine
from trader_gui.widgets.fields import Message
from trader_gui.widgets.number_field import NumberField

_WIDTH = 240


class PricePopup(QFrame):
    """Asks for another price of one order; says what is wrong with it before it is asked for.

    Signals:
        chosen: (price as Decimal).
    """

    chosen = Signal(object)

    def __init__(self, line: OrderLine, series: SeriesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("kind", "popover")
        self.setFixedWidth(_WIDTH)
        self._line, self._series = line, series
        self.field = NumberField("Move to")
        if series.rules is not None:
            self.field.set_increment(series.rules.tick_size, series.rules.price_decimals)
            self.field.set_unit(series.rules.quote_asset)
        self.field.set_value(line.price)
        self.button = QPushButton("Move")
        self.button.clicked.connect(self._on_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 10)
        column.setSpacing(6)
        column.addWidget(self.field)
        column.addWidget(self.button)
        self.field.edited.connect(self._judge)
        self._judge()

    def open_at(self, point: QPoint) -> None:
        """Open at a point of the screen."""
        self.move(point)
        self.show()
        self.field.edit.setFocus()
        self.field.edit.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_chosen()
            return
        super().keyPressEvent(event)

    def _judge(self) -> None:
        refusal = self._refusal()
        is_silent = refusal is None or refusal.code == "nothing_changes"
        self.field.set_messages([] if is_silent or refusal is None else [Message(refusal_words(refusal), "danger")])
        self.button.setEnabled(refusal is None)
        self.adjustSize()

    def _refusal(self) -> Refusal | None:
        price, rules = self.field.value, self._series.rules
        if price is None or rules is None or price <= 0:
            return Refusal("incomplete_order", "price")
        if not is_multiple(price, rules.tick_size):
            return Refusal("off_tick", f"{rules.tick_size:f}", rules.snap_price(price))
        if price == self._line.price:
            return Refusal("nothing_changes")
        return move_refusal(self._line.order, price, self._series.quotes)

    def _on_chosen(self) -> None:
        price = self.field.value
        if price is not None and self._refusal() is None:
            self.close()
            self.chosen.emit(price)
