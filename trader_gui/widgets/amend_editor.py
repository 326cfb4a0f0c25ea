"""AmendEditor: the price or size of an open order, typed in its cell; judged as it is typed, sent with Enter."""

from collections.abc import Callable, Hashable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit

from trader_gui.domain.order import Order
from trader_gui.domain.symbol import SymbolRules
from trader_gui.i18n import words
from trader_gui.models.amend_draft import AmendAssessment, AmendField, assess_amend, value_now
from trader_gui.models.orders import OrderRow
from trader_gui.models.ticket_asking import Reasons
from trader_gui.models.ticket_input import number_text, parse_number, stepped
from trader_gui.models.ticket_records import Field, TicketFacts
from trader_gui.widgets.cell_bubble import CellBubble
from trader_gui.widgets.fields import Message
from trader_gui.widgets.tables import TableView
from trader_gui.widgets.ticket_words import ask_messages, problem_messages

COLUMNS = {"limit": AmendField.PRICE, "quantity": AmendField.QUANTITY, "trigger": AmendField.TRIGGER}
"""The columns whose cells can be edited: the first two of limit orders, the last of conditional ones."""

_STEPS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 100, Qt.Key.Key_PageDown: -100}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_KEEPING_FOCUS = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)

FactsOf = Callable[[Order, SymbolRules], TicketFacts | None]
"""Returns what is known of an order's symbol; None while nothing is."""


class AmendEditor(QLineEdit):
    """A line over one cell of the orders table, with what is wrong below it. It lives until Enter, Esc, or its end.

    Signals:
        amend_requested: (Order, price or None, quantity or None) once; the price of a conditional order is its trigger.
            The editor is gone then.
        closed: It is gone.
    """

    amend_requested = Signal(object, object, object)
    closed = Signal()

    def __init__(self, table: TableView, key: Hashable, column: int, facts_of: FactsOf, reasons: Reasons) -> None:
        """Open over a cell.

        Args:
            table: Of orders; has a row of this key.
            key: Of the row.
            column: Of the model, one of `COLUMNS`.
            facts_of: What an order is judged by.
            reasons: What the ticket's rules say of an order; what is out of the usual takes a second Enter.
        """
        super().__init__(table.viewport())
        self._table, self._key, self._column = table, key, column
        self._facts_of, self._reasons = facts_of, reasons
        self._field = COLUMNS[table.source.columns[column].key]
        self._judged: AmendAssessment | None = None
        self._warned_of = ""
        self._is_over = False
        row = self._row
        assert row is not None, "an editor is opened over a row"
        self._bubble = CellBubble(table)
        self._build(row)
        self._follow()
        self.refresh()

    @property
    def _row(self) -> OrderRow | None:
        row = self._table.source.get(self._key)
        return row if isinstance(row, OrderRow) else None

    @property
    def messages(self) -> tuple[Message, ...]:
        """What is said about the number."""
        return self._bubble.messages

    def refresh(self) -> None:
        """Judge what is typed by what is known now, and stand where the cell stands."""
        row = self._row
        if row is None or self._is_over:
            self._end()
            return
        place = self._table.rows.row_of(self._key)
        if place is None:
            self._end()
            return
        self.setGeometry(self._table.visualRect(self._table.rows.index(place, self._column)))
        self._judge(row)
        self._bubble.stand_at(self.geometry())

    # ---- building ----------------------------------------------------------------------------------------------------

    def _build(self, row: OrderRow) -> None:
        self.setAccessibleName(
            f"{self._field.value.capitalize()} of the order, Enter changes it at the exchange, Escape leaves it"
        )
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setProperty("kind", "cell")
        self.setMaxLength(32)
        value, decimals = value_now(row.order, self._field), self._decimals(row)
        self.setText(number_text(value, decimals))
        self.selectAll()
        self._bubble.link_taken.connect(self._take)
        self.textEdited.connect(lambda _text: self._on_edited())

    def _follow(self) -> None:
        """Judge anew when rows, columns or the view move."""
        table = self._table
        for signal in (
            table.rows.layoutChanged,
            table.rows.modelReset,
            table.rows.rowsInserted,
            table.rows.rowsRemoved,
            table.rows.rowsMoved,
            table.rows.dataChanged,
            table.verticalScrollBar().valueChanged,
            table.horizontalScrollBar().valueChanged,
            table.horizontalHeader().sectionResized,
            table.horizontalHeader().sectionMoved,
        ):
            signal.connect(self._on_moved)
        table.installEventFilter(self)

    def _on_moved(self) -> None:
        if not self._is_over:
            self.refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Hide:
            self._end()
        return False

    # ---- judging -----------------------------------------------------------------------------------------------------

    def _decimals(self, row: OrderRow) -> int:
        return row.quantity_decimals if self._field is AmendField.QUANTITY else row.price_decimals

    def _on_edited(self) -> None:
        self._warned_of = ""
        self.refresh()

    def _judge(self, row: OrderRow) -> None:
        facts = None if row.rules is None else self._facts_of(row.order, row.rules)
        self._judged = None
        if not row.can_amend:
            self._say([Message("The order cannot be changed now.", "warn")])
            return
        if facts is None:
            self._say([Message("The session has not told enough yet.", "warn")])
            return
        judged = self._judged = assess_amend(row.order, self._field, self.text(), facts)
        notes = problem_messages(judged.problems, *Field)
        if judged.hold:
            notes.append(Message(f"Held: {words('hold', judged.hold)}.", "warn"))
        if self._warned_of:
            notes += [*self._unusual(facts), Message("Press Enter again to change it all the same.", "warn")]
        self._say(notes or [Message("Enter changes it at the exchange. Esc leaves it.", "info")])

    def _unusual(self, facts: TicketFacts) -> list[Message]:
        judged = self._judged.judged if self._judged is not None else None
        if judged is None or judged.intent is None:
            return []
        return ask_messages(self._reasons(judged.intent, judged.price, facts))

    def _say(self, messages: list[Message]) -> None:
        self._bubble.say(messages)
        self.setAccessibleDescription(" ".join(m.html for m in messages))

    # ---- keys --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Come up, with the number chosen."""
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _ENTER:
            if not event.isAutoRepeat():
                self._submit()
        elif key == Qt.Key.Key_Escape:
            self._end()
        elif key in _STEPS:
            is_fast = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) and abs(_STEPS[key]) == 1
            self._step(_STEPS[key] * (10 if is_fast else 1))
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in _KEEPING_FOCUS:
            self._end()

    def _step(self, steps: int) -> None:
        row = self._row
        if row is None or row.rules is None:
            return
        rules = row.rules
        increment = rules.step_size if self._field is AmendField.QUANTITY else rules.tick_size
        self.setText(number_text(stepped(parse_number(self.text()), increment, steps), self._decimals(row)))
        self._on_edited()

    def _take(self, text: str) -> None:
        """Take a suggested value."""
        value, row = parse_number(text), self._row
        if value is not None and row is not None:
            self.setText(number_text(value, self._decimals(row)))
            self._on_edited()
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        """Ask for the change; one that is out of the usual only by a second Enter, one that changes nothing never."""
        row = self._row
        if self._is_over or row is None or row.rules is None:
            self._end()
            return
        self.refresh()
        judged = self._judged
        if parse_number(self.text()) == value_now(row.order, self._field):
            self._end()
            return
        facts = self._facts_of(row.order, row.rules)
        if judged is None or facts is None or (judged.price is None and judged.quantity is None):
            return
        if self._warned_of != self.text() and self._unusual(facts):
            self._warned_of = self.text()
            self.refresh()
            return
        self._end()
        self.amend_requested.emit(row.order, judged.price, judged.quantity)

    def _end(self) -> None:
        """Be gone; the table has the keys again."""
        if self._is_over:
            return
        self._is_over = True
        had_focus = self.hasFocus()
        self._table.removeEventFilter(self)
        self._bubble.hide()
        self._bubble.deleteLater()
        self.hide()
        if had_focus and self._table.isVisible():
            self._table.setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()
        self.deleteLater()
