"""Toasts: what happened to orders, over the chart, for six seconds, three at most; never for network trouble."""

from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from trader_gui.models.decisions import DecisionRow, Verdict
from trader_gui.widgets.table_columns import decision_words, intent_words
from trader_gui.widgets.theme import theme

WIDTH = 320
SHOWN_MS = 6000
MOST = 3
_MARGIN = 12
_STATUS_HEIGHT = 24
_ICONS = {"ok": "check", "warn": "triangle", "danger": "octagon", "info": "info"}
_HEADS = {
    Verdict.FILLED: ("ok", "Filled"),
    Verdict.REJECTED: ("danger", "Refused by the exchange"),
    Verdict.UNKNOWN: ("warn", "No answer from the exchange"),
}


class Toast(QFrame):
    """One notice: bold head, one line of detail; a click takes it away.

    Signals:
        gone: It is not to be seen any more, and will be deleted.
    """

    gone = Signal()

    def __init__(self, tone: str, head: str, detail: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "toast")
        self.setProperty("tone", tone)
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(f"{head}. {detail}")
        icon = QLabel()
        icon.setPixmap(theme().pixmap(_ICONS[tone], tone, 16))
        title = QLabel(head)
        title.setProperty("role", "figure")
        below = QLabel(detail)
        below.setProperty("role", "small")
        below.setWordWrap(True)
        lines = QVBoxLayout()
        lines.setSpacing(1)
        lines.addWidget(title)
        lines.addWidget(below)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(10)
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(lines, 1)

    def go(self) -> None:
        """Take the notice away."""
        if self.isHidden():
            return
        self.hide()
        self.deleteLater()
        self.gone.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.go()


class ToastArea(QObject):
    """Keeps the toasts of a window in place.

    Args:
        window: What they belong to.
        ground: What they lie over, at its bottom right; while it is not seen, the window. A picture, and no control: a
            press that was meant for a control would take a toast away instead.

    Owner: the window; each toast's timer belongs to the toast and dies with it.
    """

    def __init__(self, window: QWidget, ground: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._ground = ground
        self._toasts: list[Toast] = []
        window.installEventFilter(self)

    def show(self, tone: str, head: str, detail: str = "") -> None:
        """Show a notice; the oldest of more than three goes."""
        for old in self.toasts()[: -MOST + 1]:
            old.go()
        toast = Toast(tone, head, detail, self._window)
        QTimer.singleShot(SHOWN_MS, toast, toast.go)
        toast.gone.connect(partial(self._on_gone, toast))
        self._toasts.append(toast)
        toast.show()
        self._place()

    def show_decisions(self, rows: list[DecisionRow]) -> None:
        """Show what became of orders."""
        for row in [r for r in rows if r.verdict in _HEADS][-MOST:]:
            tone, head = _HEADS[row.verdict]
            self.show(tone, head, " · ".join(w for w in (intent_words(row), decision_words(row)) if w))

    def toasts(self) -> list[Toast]:
        """Return the toasts that are to be seen, oldest first."""
        return list(self._toasts)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _on_gone(self, toast: Toast) -> None:
        self._toasts.remove(toast)
        self._place()

    def _place(self) -> None:
        area = QRect(0, 0, self._window.width(), self._window.height() - _STATUS_HEIGHT)
        if self._ground.isVisible():
            area = QRect(self._ground.mapTo(self._window, QPoint(0, 0)), self._ground.size())
        bottom = area.bottom() - _MARGIN
        for toast in reversed(self.toasts()):
            toast.adjustSize()
            bottom -= toast.height()
            toast.move(max(0, area.right() - WIDTH - _MARGIN), bottom)
            toast.raise_()
            bottom -= 8
