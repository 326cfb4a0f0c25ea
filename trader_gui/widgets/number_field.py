"""NumberField: a number with label, unit, steppers, and the messages that belong to it."""

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import QEvent, QKeyCombination, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from trader_gui.models.ticket_input import number_text, parse_number, stepped
from trader_gui.widgets.fields import ChoiceButton, Message, MessageList, label
from trader_gui.widgets.theme import theme

_KEYS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 100, Qt.Key.Key_PageDown: -100}
_STEPS = {key.value: steps for key, steps in _KEYS.items()}
_BOX_HEIGHT = 28


class NumberField(QWidget):
    """A number with label, unit, steppers, and the messages that belong to it.

    The text is what the user typed; when he leaves the field, a number that can be read gets its separators. Up and
    Down step by one increment, Shift by ten, Page Up and Page Down by a hundred. Nothing is ever rounded silently.

    Signals:
        edited: The text changed, by typing, stepping, or by taking a suggested value.
    """

    edited = Signal()

    def __init__(
        self, name: str, parent: QWidget | None = None, *, choice: ChoiceButton | None = None, is_narrow: bool = False
    ) -> None:
        """Make a field.

        Args:
            name: Label and accessible name.
            parent: Owner.
            choice: Stands in the place of the unit, where there is something to choose.
            is_narrow: For half a row: without steppers, which the keys make up for, and with its messages placed by
                its row, below both halves.
        """
        super().__init__(parent)
        self._increment = Decimal(1)
        self._decimals = 0
        self._label = label(name, "label")
        self._hint = label("", "label")
        self._unit = label("", "unit")
        self._choice = choice
        self._steppers: list[QToolButton] = []
        self.edit = _NumberEdit(self)
        self.edit.setAccessibleName(name)
        self._label.setBuddy(self.edit)
        self.messages = MessageList(self)
        self.messages.link_taken.connect(self._take)
        self._box = _FieldBox(self.edit)
        self._build(has_messages=not is_narrow)
        self.set_narrow(is_narrow)
        self.edit.textChanged.connect(lambda _text: self.edited.emit())
        self.edit.editingFinished.connect(self._tidy)
        self.edit.steps_wanted.connect(self.step_by)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.edit.text()

    @property
    def value(self) -> Decimal | None:
        """The number, None while there is none that can be read in one way only."""
        return parse_number(self.edit.text())

    def set_increment(self, increment: Decimal, decimals: int) -> None:
        """Set what one step is, and how many decimals are shown at least."""
        self._increment, self._decimals = increment, decimals

    def set_narrow(self, is_narrow: bool) -> None:
        """Leave the steppers out, or show them."""
        for button in self._steppers:
            button.setHidden(is_narrow)

    def set_placeholder(self, text: str) -> None:
        """Set what stands in an empty field."""
        self.edit.setPlaceholderText(text)

    def set_hint(self, text: str) -> None:
        """Set the words at the label's right."""
        self._hint.setText(text)

    @property
    def hint(self) -> str:
        """The words at the label's right."""
        return self._hint.text()

    def set_unit(self, text: str) -> None:
        """Set the unit behind the number."""
        self._unit.setText(text)

    def set_value(self, value: Decimal) -> None:
        """Put a number in."""
        self.edit.setText(number_text(value, self._decimals))

    def set_messages(self, messages: Sequence[Message]) -> None:
        """Show what is wrong; the border follows the worst of it."""
        self.messages.set_messages(messages)
        tones = {m.tone for m in messages}
        self._box.set_state("danger" if "danger" in tones else "warn" if "warn" in tones else "")
        self.edit.setAccessibleDescription(" ".join(m.html for m in messages))

    def step_by(self, steps: int) -> None:
        """Move by whole increments, onto a multiple of the increment."""
        self.set_value(stepped(self.value, self._increment, steps))

    def _build(self, *, has_messages: bool) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._label)
        head.addStretch(1)
        head.addWidget(self._hint)
        row = QHBoxLayout(self._box)
        row.setContentsMargins(3, 1, 3, 1)
        row.setSpacing(4)
        minus, plus = self._stepper("minus", -1), self._stepper("plus", 1)
        self._steppers = [minus, plus]
        for part in (minus, self.edit, self._choice or self._unit, plus):
            row.addWidget(part, 1 if part is self.edit else 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addLayout(head)
        column.addWidget(self._box)
        if has_messages:
            column.addWidget(self.messages)

    def _stepper(self, icon: str, steps: int) -> QToolButton:
        button = _Stepper(icon, f"{self._label.text()} {'up' if steps > 0 else 'down'} one step")
        button.clicked.connect(lambda: self.step_by(steps))
        return button

    def _take(self, text: str) -> None:
        """Take a suggested value."""
        value = parse_number(text)
        if value is not None:
            self.set_value(value)
            self.edit.setFocus()

    def _tidy(self) -> None:
        value = self.value
        if value is not None:
            self.set_value(value)


class _Stepper(QToolButton):
    """The - or + of a number field; it takes no focus, as the arrow keys do the same without leaving the number."""

    def __init__(self, icon: str, name: str) -> None:
        super().__init__()
        self._icon = icon
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAutoRepeat(True)
        self.setFixedSize(24, 24)
        self.setIconSize(QSize(12, 12))
        self.setAccessibleName(name)
        theme().changed.connect(self._paint_icon)
        self._paint_icon()

    def _paint_icon(self) -> None:
        self.setIcon(theme().icon(self._icon, "text2", 12))


_GO_TO_SYMBOL = QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key.Key_K)


def _is_claim_of(event: QEvent, keys: QKeyCombination) -> bool:
    """Tell whether a widget is asked if it wants keys for itself that are a shortcut of the window."""
    is_asked = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
    return is_asked and event.keyCombination() == keys  # type: ignore[attr-defined]  # a key event, as seen above


class _NumberEdit(QLineEdit):
    """The bare line of a number field: steps by keys, copies plain numbers."""

    steps_wanted = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "bare")
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setMaxLength(32)

    def event(self, event: QEvent) -> bool:
        """Leave Ctrl+K to the window: a field would take it, on X11, and delete what follows the cursor."""
        if _is_claim_of(event, _GO_TO_SYMBOL):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _STEPS.get(event.key())
        if steps is not None:
            shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.steps_wanted.emit(steps * (10 if shifted and abs(steps) == 1 else 1))
        elif event.matches(QKeySequence.StandardKey.Copy) and self.hasSelectedText():
            QGuiApplication.clipboard().setText(self.selectedText().replace(",", ""))
        else:
            super().keyPressEvent(event)


class _FieldBox(QFrame):
    """The border round a number field; it shows focus and errors, which a style sheet cannot see in a child."""

    def __init__(self, edit: QLineEdit) -> None:
        super().__init__()
        self._edit = edit
        self._state = ""
        self.setFixedHeight(_BOX_HEIGHT)
        edit.installEventFilter(self)
        theme().changed.connect(self.update)

    def set_state(self, state: str) -> None:
        """Set the border's token; "" is the plain one."""
        if state != self._state:
            self._state = state
            self.update()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut, QEvent.Type.EnabledChange):
            self.update()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        focused = self._edit.hasFocus()
        token = self._state or ("accent" if focused else "border_strong" if self._edit.isEnabled() else "border")
        width = 2.0 if focused else 1.0
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().color(token), width))
        painter.setBrush(theme().color("bg0" if self._edit.isEnabled() else "bg1"))
        inset = width / 2 + (0.0 if focused else 0.5)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 3, 3)
