"""CellBubble: a few words that belong to one cell of a table, below it or above it, over whatever lies there."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout

from trader_gui.widgets.fields import Message, MessageList
from trader_gui.widgets.tables import TableView

_WIDTH = 300
_GAP, _EDGE = 2, 4


class CellBubble(QFrame):
    """A frame on the table's window.

    Signals:
        link_taken: As of `MessageList`.
    """

    link_taken = Signal(str)

    def __init__(self, table: TableView) -> None:
        super().__init__(table.window())
        self._table = table
        self.setProperty("kind", "bubble")
        self._messages = MessageList(self)
        self._messages.link_taken.connect(self.link_taken)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        column.addWidget(self._messages)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What is said."""
        return self._messages.messages

    def say(self, messages: Sequence[Message]) -> None:
        """Say something; `stand_at` brings it to its place."""
        self._messages.set_messages(messages)

    def stand_at(self, cell: QRect) -> None:
        """Stand below a cell of the viewport, or above it where the window ends; a cell out of sight has none."""
        viewport, window = self._table.viewport(), self._table.window()
        layout = self.layout()
        height = layout.totalHeightForWidth(_WIDTH) if layout is not None else self.sizeHint().height()
        place = QRect(viewport.mapTo(window, cell.topLeft()), cell.size())
        x = max(_EDGE, min(place.right() - _WIDTH + 1, window.width() - _WIDTH - _EDGE))
        below = place.bottom() + _GAP
        y = below if below + height <= window.height() - _EDGE else place.top() - height - _GAP
        self.setGeometry(QRect(QPoint(x, y), QPoint(x + _WIDTH - 1, y + height - 1)))
        self.setVisible(viewport.rect().intersects(cell))
        self.raise_()
