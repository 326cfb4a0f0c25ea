"""Parts of forms: labels, messages with links, a row of segments, a choice that opens a menu."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from trader_gui.widgets.theme import set_style_property, theme

_ICONS = {"danger": "octagon", "warn": "triangle", "ok": "check", "info": "info"}


def label(text: str, role: str, tone: str = "") -> QLabel:
    """Return a label of a text role of the theme."""
    made = QLabel(text)
    made.setProperty("role", role)
    if tone:
        made.setProperty("tone", tone)
    return made


class FittingLabel(QLabel):
    """A label that says as much as there is room for: the first of its wordings that fits, never a part of one."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self.setProperty("role", role)
        self._wordings: tuple[str, ...] = ("",)

    def set_wordings(self, *wordings: str) -> None:
        """Set the wordings, the fullest first; the last one is shown even where it has no room."""
        if wordings != self._wordings:
            self._wordings = wordings
            self.setAccessibleName(wordings[0])
            self.setToolTip(wordings[0])
            self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._width_of(self._wordings[-1]), super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(self._width_of(self._wordings[0]), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        fitting = (w for w in self._wordings if self._width_of(w) <= self.width())
        self.setText(next(fitting, self._wordings[-1]))

    def _width_of(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text) + 2


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
        row = self._row = QHBoxLayout(self)
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
            if small:
                button.setMinimumWidth(66)  # the chosen one is bold: nothing may be cut off, nor move
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

    def set_stretch(self, key: str, own: int, others: int) -> None:
        """Give one segment another share of the width than the others."""
        for name, button in self._buttons.items():
            self._row.setStretchFactor(button, own if name == key else others)

    def button(self, key: str) -> QPushButton:
        """Return the button of a segment."""
        return self._buttons[key]


class ChoiceButton(QPushButton):
    """A button that shows the chosen entry and opens a menu of all; without entries, whoever listens opens a form.

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

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._paint_icon()

    def _open(self) -> None:
        if self._actions:
            self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _paint_icon(self) -> None:
        """One that cannot be changed now looks like the words it shows."""
        self.setIcon(theme().icon("chevron", "text2", 12) if self.isEnabled() else QIcon())
