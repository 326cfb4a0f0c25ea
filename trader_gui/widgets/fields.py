"""Parts of forms: a row of segments, a number field with steppers and messages, a choice that opens a menu."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from trader_gui.models.ticket_input import number_text, parse_number, stepped
from trader_gui.widgets.theme import set_style_property, theme

_ICONS = {"danger": "octagon", "warn": "triangle", "ok": "check", "info": "info"}
_STEPS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 100, Qt.Key.Key_PageDown: -100}


def label(text: str, role: str, tone: str = "") -> QLabel:
    """Return a label of a text role of the theme."""
    made = QLabel(text)
    made.setProperty("role", role)
    if tone:
        made.setProperty("tone", tone)
    return made


@dataclass(frozen=True)
class Message:
    """One line under a field: HTML (with links whose href is a value to take) and its tone: danger, warn, ok, info."""

    html: str
    tone: str


class MessageLine(QWidget):
    """Icon and text of one message; the text wraps.

    Signals:
        link_taken: The href of a link that was clicked, or chosen by Tab and Enter.
    """

    link_taken = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = "info"
        self._icon = QLabel()
        self._text = label("", "small")
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._text.linkActivated.connect(self.link_taken)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        theme().changed.connect(self._paint_icon)

    @property
    def text(self) -> str:
        """The message as HTML."""
        return self._text.text()

    @property
    def tone(self) -> str:
        """danger, warn, ok or info."""
        return self._tone

    def set_message(self, message: Message) -> None:
        """Show a message."""
        self._tone = message.tone
        set_style_property(self._text, "tone", message.tone)
        self._text.setFocusPolicy(Qt.FocusPolicy.StrongFocus if "<a " in message.html else Qt.FocusPolicy.NoFocus)
        if self._text.text() != message.html:
            self._text.setText(message.html)
            self._text.setAccessibleName(message.html)
        self._paint_icon()

    def _paint_icon(self) -> None:
        self._icon.setPixmap(theme().pixmap(_ICONS[self._tone], self._tone, 14))


class MessageList(QWidget):
    """The messages of one field, none to several; it takes no room while there are none.

    Signals:
        link_taken: As of `MessageLine`.
    """

    link_taken = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Message, ...] = ()
        self._lines: list[MessageLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.hide()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What is shown."""
        return self._shown

    def set_messages(self, messages: Sequence[Message]) -> None:
        """Show these messages in their order; lines that stay are left as they are, so that a link keeps its focus."""
        if tuple(messages) == self._shown:
            return
        self._shown = tuple(messages)
        while len(self._lines) < len(messages):
            line = MessageLine(self)
            line.link_taken.connect(self.link_taken)
            self._lines.append(line)
            self._column.addWidget(line)
        for index, line in enumerate(self._lines):
            line.setVisible(index < len(messages))
            if index < len(messages):
                line.set_message(messages[index])
        self.setVisible(bool(messages))


class SegmentBar(QWidget):
    """Buttons side by side, one of them chosen; arrow keys move within.

    Signals:
        chosen: Key of the segment that the user chose.
    """

    chosen = Signal(str)

    def __init__(
        self, name: str, segments: Sequence[tuple[str, str]], *, small: bool = False, parent: QWidget | None = None
    ) -> None:
        """Make a bar.

        Args:
            name: Accessible name of the whole.
            segments: (key, text) from left to right; the first is chosen.
            small: 22 px high instead of 26.
            parent: Owner.
        """
        super().__init__(parent)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for index, (key, text) in enumerate(segments):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setProperty("kind", "segment")
            button.setProperty("place", {0: "first", len(segments) - 1: "last"}.get(index, ""))
            button.setProperty("small", "true" if small else "")
            button.setAccessibleName(f"{name}: {text}")
            button.clicked.connect(lambda _checked=False, k=key: self.chosen.emit(k))
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button, 1)
        self.set_value(segments[0][0])

    @property
    def value(self) -> str:
        """Key of the chosen segment."""
        return next(key for key, button in self._buttons.items() if button.isChecked())

    def set_value(self, key: str) -> None:
        """Choose a segment without a signal."""
        self._buttons[key].setChecked(True)

    def button(self, key: str) -> QPushButton:
        """Return the button of a segment."""
        return self._buttons[key]


class ChoiceButton(QPushButton):
    """A button that shows the chosen entry and opens a menu of all.

    Signals:
        chosen: Key of the entry that the user chose, also when it was chosen already.
    """

    chosen = Signal(str)

    def __init__(self, name: str, *, kind: str = "plain", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", kind)
        self.setAutoDefault(False)
        self.setAccessibleName(name)
        self._name = name
        self._menu = QMenu(self)
        self._actions: dict[str, QAction] = {}
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # puts the chevron behind the text
        self._menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setIconSize(QSize(12, 12))
        self.clicked.connect(self._open)
        theme().changed.connect(self._paint_icon)
        self._paint_icon()

    def set_entries(self, entries: Sequence[tuple[str, str]]) -> None:
        """Fill the menu with (key, text) rows, unless it holds just these."""
        if [(key, action.text()) for key, action in self._actions.items()] == list(entries):
            return
        self._menu.clear()
        self._actions = {}
        for key, text in entries:
            action = self._menu.addAction(text)
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, k=key: self.chosen.emit(k))
            self._actions[key] = action

    def set_value(self, key: str | None, text: str) -> None:
        """Show `text`, and mark the entry of `key` in the menu."""
        self.setText(text)
        self.setAccessibleName(f"{self._name}: {text}")
        for entry, action in self._actions.items():
            action.setChecked(entry == key)

    @property
    def entries(self) -> dict[str, QAction]:
        """The menu's actions by key."""
        return self._actions

    def _open(self) -> None:
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _paint_icon(self) -> None:
        self.setIcon(theme().icon("chevron", "text2", 12))


class NumberField(QWidget):
    """A number with label, unit, steppers, and the messages that belong to it.

    The text is what the user typed; when he leaves the field, a number that can be read gets its separators. Up and
    Down step by one increment, Shift by ten, Page Up and Page Down by a hundred. Nothing is ever rounded silently.

    Signals:
        edited: The text changed, by typing, stepping, or by taking a suggested value.
    """

    edited = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._increment = Decimal(1)
        self._decimals = 0
        self._label = label(name, "label")
        self._hint = label("", "label")
        self._unit = label("", "unit")
        self.edit = _NumberEdit(self)
        self.edit.setAccessibleName(name)
        self._label.setBuddy(self.edit)
        self.messages = MessageList(self)
        self.messages.link_taken.connect(self._take)
        self._box = _FieldBox(self.edit)
        self._build()
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

    def set_name(self, name: str) -> None:
        """Set the label, which is also the accessible name."""
        self._label.setText(name)
        self.edit.setAccessibleName(name)

    def set_hint(self, text: str) -> None:
        """Set the words at the label's right."""
        self._hint.setText(text)

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

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._label)
        head.addStretch(1)
        head.addWidget(self._hint)
        row = QHBoxLayout(self._box)
        row.setContentsMargins(3, 1, 3, 1)
        row.setSpacing(4)
        row.addWidget(self._stepper("minus", -1))
        row.addWidget(self.edit, 1)
        row.addWidget(self._unit)
        row.addWidget(self._stepper("plus", 1))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._box)
        column.addWidget(self.messages)

    def _stepper(self, icon: str, steps: int) -> QToolButton:
        button = QToolButton()
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys do the same without leaving the number
        button.setAutoRepeat(True)
        button.setFixedSize(24, 24)
        button.setIconSize(QSize(12, 12))
        button.setAccessibleName(f"{self._label.text()} {'up' if steps > 0 else 'down'} one step")
        button.clicked.connect(lambda: self.step_by(steps))

        def paint_icon() -> None:
            button.setIcon(theme().icon(icon, "text2", 12))

        theme().changed.connect(paint_icon)
        paint_icon()
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


class _NumberEdit(QLineEdit):
    """The bare line of a number field: steps by keys, copies plain numbers."""

    steps_wanted = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "bare")
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setMaxLength(32)
        self.setLocale(self.locale().c())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _STEPS.get(Qt.Key(event.key()))
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
        self.setFixedHeight(30)
        edit.installEventFilter(self)
        theme().changed.connect(self.update)

    def set_state(self, state: str) -> None:
        """Set the border's token; "" is the plain one."""
        if state != self._state:
            self._state = state
            self.update()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        focused = self._edit.hasFocus()
        token = self._state or ("accent" if focused else "border_strong")
        width = 2.0 if focused else 1.0
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().color(token), width))
        painter.setBrush(theme().color("bg0"))
        inset = width / 2 + (0.0 if focused else 0.5)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 3, 3)
