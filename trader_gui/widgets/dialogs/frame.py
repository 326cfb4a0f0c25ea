"""ProfileDialog: the frame of every dialog: profile edge and badge, title, body, buttons with Cancel first."""

import time
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from trader_gui.widgets.fields import Message, MessageList, label
from trader_gui.widgets.format import DASH
from trader_gui.widgets.theme import theme

EDGE = 4
QUIET_NS = 300_000_000
"""A dialog takes no confirmation sooner than this after it came up: a key or click meant for what was there before."""


class ProfileBadge(QLabel):
    """The profile's name in full, in its colours."""

    def __init__(self, profile_name: str, parent: QWidget | None = None) -> None:
        super().__init__(profile_name.upper(), parent)
        self._profile_name = profile_name
        self.setFixedHeight(22)
        self.setContentsMargins(10, 0, 10, 0)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFont(theme().font("value"))
        self.setAccessibleName(f"Profile {profile_name.upper()}")

    def paintEvent(self, event: QPaintEvent) -> None:
        fill, text = theme().profile(self._profile_name)
        painter = QPainter(self)
        painter.fillRect(self.rect(), fill)
        painter.setPen(text)
        painter.setFont(theme().font("value"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class ProfileDialog(QDialog):
    """A window-modal dialog under the profile's colour.

    Attributes:
        body: Layout for what the dialog is about.
        buttons: Layout of the bottom row; Cancel is in it already, at the left.
        cancel_button: Has the focus when the dialog opens; Esc does the same.
        messages: Errors and notices, above the buttons.
    """

    def __init__(self, profile_name: str, title: str, parent: QWidget | None = None, *, side_note: str = "") -> None:
        """Make the frame.

        Args:
            profile_name: `demo`, `replay`, `paper`, `testnet` or `live`.
            title: What the dialog asks or says.
            parent: The window that it is modal to.
            side_note: Small words at the right of the title.
        """
        super().__init__(parent)
        self.profile_name = profile_name
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle(f"{profile_name.upper()} · {title}")
        self._shown_ns = 0
        self.messages = MessageList()
        self.cancel_button = main_button("Cancel")
        self.cancel_button.clicked.connect(self.reject)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        self.buttons.addWidget(self.cancel_button, 1)
        self._build(title, side_note)
        theme().changed.connect(self.update)

    def add_figures(self, names: Mapping[str, str]) -> dict[str, QLabel]:
        """Add rows of a name and a figure, key -> name, to the body; return the figures by key, unknown as yet."""
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        figures = {key: label(DASH, "figure") for key in names}
        for row, (key, name) in enumerate(names.items()):
            grid.addWidget(label(name, "body"), row, 0)
            grid.addWidget(figures[key], row, 1, Qt.AlignmentFlag.AlignRight)
        self.body.addLayout(grid)
        return figures

    def say(self, messages: Sequence[Message]) -> None:
        """Show errors and notices above the buttons, and grow for them."""
        self.messages.set_messages(messages)
        self.grow()

    def grow(self) -> None:
        """Become as high as what is shown needs; never lower, so that nothing moves under the pointer."""
        self.body.activate()
        whole = self.layout()
        if whole is not None and self.isVisible():
            whole.activate()
            self.resize(self.width(), max(self.height(), whole.totalHeightForWidth(self.width())))

    def is_settled(self) -> bool:
        """Tell whether the dialog has been on the screen long enough to take a confirmation."""
        return bool(self._shown_ns) and time.monotonic_ns() - self._shown_ns >= QUIET_NS

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._shown_ns = time.monotonic_ns()
        self.cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the focus, once the dialog is settled; a held key presses nothing."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self.focusWidget()
            if isinstance(focused, QPushButton) and self.is_settled() and not event.isAutoRepeat():
                focused.click()
            event.accept()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("bg1"))
        painter.fillRect(0, 0, self.width(), EDGE, theme().profile(self.profile_name)[0])

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.update()

    def _build(self, title: str, side_note: str) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 12)
        head.setSpacing(10)
        head.addWidget(ProfileBadge(self.profile_name))
        head.addWidget(label(title, "value"))
        head.addStretch(1)
        if side_note:
            head.addWidget(label(side_note, "small"))
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 12, 16, 16)
        inner.setSpacing(12)
        inner.addLayout(self.body, 1)
        inner.addWidget(self.messages)
        inner.addLayout(self.buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, EDGE, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(rule())
        column.addLayout(inner, 1)


def main_button(text: str, kind: str = "plain", height: int = 36) -> QPushButton:
    """Return a button of a dialog's bottom row, taller than others; Enter presses it only when it has the focus."""
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.setProperty("kind", kind)
    button.setStyleSheet(f"QPushButton {{ min-height: {height - 2}px; }}")  # the border adds one at each edge
    return button


def rule() -> QWidget:
    """Return a line of one pixel."""
    line = QLabel()
    line.setFixedHeight(1)
    line.setProperty("kind", "rule")
    return line
