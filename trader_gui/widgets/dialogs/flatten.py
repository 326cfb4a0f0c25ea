"""FlattenPopover: what flattening will do, at the Flatten button; the second press lies where the first one was."""

import html
import time
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from trader_gui.widgets.dialogs.frame import QUIET_NS
from trader_gui.widgets.fields import Message, MessageList, label
from trader_gui.widgets.theme import set_style_property, theme

WINDOW_MS = 5000
"""How long the second press is waited for."""

_WIDTH = 340
_TICK_MS = 50


class FlattenPopover(QFrame):
    """A panel over the window: plan, a bar that runs for five seconds, and the button that does it.

    The order of calls: `open_at` (reading the account), then `set_plan`, or `set_unread`; after `confirmed`,
    `set_working`, then `set_report` or, when the account had changed meanwhile, `set_plan` again.

    Signals:
        confirmed: The second press.
        last_known_wanted: The account could not be read; the user wants to plan by what was last known.
        dismissed: Closed without doing anything: Esc, a press elsewhere, or the five seconds are over.
    """

    confirmed = Signal()
    last_known_wanted = Signal()
    dismissed = Signal()

    def __init__(self, window: QWidget) -> None:
        """Make the popover, hidden; `window` is what it lies over and belongs to."""
        super().__init__(window)
        self.setProperty("kind", "popover")
        self.setAccessibleName("Flatten: plan")
        self.setFixedWidth(_WIDTH)
        self.confirm_button = QPushButton()
        self.confirm_button.setProperty("kind", "danger")
        self.confirm_button.setAutoDefault(False)
        self.confirm_button.clicked.connect(self.press)
        self._title = label("", "value")
        self._plan = MessageList()
        self._bar = _TimeBar()
        self._anchor: QWidget | None = None
        self._state = "closed"
        self._planned_ns = 0
        self._left_ms = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._build()
        self.hide()

    @property
    def state(self) -> str:
        """`closed`, `planning`, `unread`, `ready`, `empty`, `working` or `done`."""
        return self._state

    def open_at(self, anchor: QWidget) -> None:
        """Come up with the button over `anchor`, saying that the account is being read."""
        self._anchor = anchor
        self._set_state("planning", "Reading the account…", [], "Flatten")
        self.confirm_button.setFixedSize(max(anchor.width(), 84), anchor.height())
        self.show()
        self.raise_()
        self._place()
        self.window().installEventFilter(self)

    def set_plan(self, lines: Sequence[str], *, note: str = "") -> None:
        """Show what will be done and wait five seconds for the second press.

        Args:
            lines: One for each thing that will be cancelled or closed, or that cannot be; none: there is nothing to do.
            note: Why the plan is shown again, say.
        """
        if self._state == "closed":
            return
        messages = [Message(html.escape(line), "info") for line in lines]
        if note:
            messages.insert(0, Message(html.escape(note), "warn"))
        if not lines:
            self._set_state("empty", "Nothing to cancel or to close", messages, "Close")
            return
        self._set_state("ready", "Press again to do this", messages, "Flatten")
        self._planned_ns = time.monotonic_ns()
        self._left_ms = WINDOW_MS
        self._bar.set_fraction(1.0)
        self._timer.start()
        self.confirm_button.setFocus(Qt.FocusReason.PopupFocusReason)

    def set_unread(self, reason: str) -> None:
        """Say that the account cannot be read, and offer to go by what was last known of it."""
        if self._state == "closed":
            return
        lines = [Message(html.escape(reason), "danger"), Message("Sizes may have changed since.", "warn")]
        self._set_state("unread", "The account cannot be read", lines, "Plan anyway")

    def set_working(self) -> None:
        """Say that it is being done."""
        self._set_state("working", "Cancelling and closing…", None, "Flatten")

    def set_report(self, is_flat: bool, remaining: Sequence[str]) -> None:
        """Say how it ended: flat, or exactly what remains."""
        if self._state == "closed":
            return
        tone = "ok" if is_flat else "danger"
        lines = [Message(html.escape(line), tone) for line in remaining]
        title = "Flat: nothing is left open" if is_flat else "Not flat. This remains:"
        self._set_state("done", title, lines, "Close")

    def press(self) -> None:
        """Take the second press (of the button, or of its key): do it, or close when there is nothing to do.

        A press within 300 ms of the plan is the tail of a double click, and counts for nothing.
        """
        if self._state in ("empty", "done"):
            self.dismiss()
        elif self._state == "unread":
            self._set_state("planning", "Planning by what was last known…", [], "Flatten")
            self.last_known_wanted.emit()
        elif self._state == "ready" and time.monotonic_ns() - self._planned_ns >= QUIET_NS:
            self.set_working()
            self.confirmed.emit()

    def dismiss(self) -> None:
        """Close; what is being done already goes on."""
        if self._state == "closed":
            return
        self._timer.stop()
        self._state = "closed"
        self.window().removeEventFilter(self)
        self.hide()
        self.dismissed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Keep presses on the panel from reaching the window, where they would close it."""
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.press()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the button when the window changes its size; go when the window itself is pressed."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        elif event.type() == QEvent.Type.MouseButtonPress and self._state != "working":
            self.dismiss()
        return False

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._title, 1, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.confirm_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 0, 12)
        column.setSpacing(6)
        column.addLayout(head)
        inner = QVBoxLayout()
        inner.setContentsMargins(0, 0, 12, 0)
        inner.setSpacing(6)
        inner.addWidget(self._bar)
        inner.addWidget(self._plan)
        column.addLayout(inner)

    def _set_state(self, state: str, title: str, lines: Sequence[Message] | None, button: str) -> None:
        """Show a state; `lines` None leaves the plan as it stands."""
        self._timer.stop()
        self._state = state
        self._title.setText(title)
        if lines is not None:
            self._plan.set_messages(lines)
        self._bar.setVisible(state == "ready")
        self.confirm_button.setText(button)
        self.confirm_button.setAccessibleName(f"{button}: {title}")
        set_style_property(self.confirm_button, "kind", "plain" if button == "Close" else "danger")
        self.confirm_button.setEnabled(state in ("unread", "ready", "empty", "done"))
        self._place()

    def _place(self) -> None:
        """Put the confirming button exactly over the anchor, and the panel below and left of its corner."""
        if self._anchor is None:
            return
        self.adjustSize()
        button = self.confirm_button
        corner = self._anchor.mapTo(self.window(), QPoint(self._anchor.width(), 0))
        inset = button.mapTo(self, QPoint(button.width(), 0))  # the panel's border lies round the button
        self.move(max(0, corner.x() - inset.x()), max(0, corner.y() - inset.y()))

    def _tick(self) -> None:
        self._left_ms -= _TICK_MS
        self._bar.set_fraction(self._left_ms / WINDOW_MS)
        if self._left_ms <= 0:
            self.dismiss()


class _TimeBar(QWidget):
    """A bar of 4 px that empties."""

    def __init__(self) -> None:
        super().__init__()
        self._fraction = 1.0
        self.setFixedHeight(4)

    def set_fraction(self, fraction: float) -> None:
        """Set what is left, 0 to 1."""
        self._fraction = max(0.0, fraction)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("bg3"))
        painter.fillRect(0, 0, round(self.width() * self._fraction), self.height(), theme().color("danger"))
