"""KindBar: the kinds of orders; limit and market at one click, those that wait for a price behind the third segment."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QVBoxLayout, QWidget

from trader_gui.domain.ticket import OrderKind
from trader_gui.widgets.fields import SegmentBar
from trader_gui.widgets.theme import theme

_WAITING = "waiting"
_WORDS: dict[OrderKind, tuple[str, str]] = {
    OrderKind.STOP: ("Stop", "Stop, at market"),
    OrderKind.STOP_LIMIT: ("Stop limit", "Stop, with a limit"),
    OrderKind.TAKE_PROFIT: ("Take profit", "Take profit, at market"),
    OrderKind.TAKE_PROFIT_LIMIT: ("Profit limit", "Take profit, with a limit"),
    OrderKind.TRAILING: ("Trailing", "Trailing stop"),
}
"""Kind -> (on the segment, in the menu)."""


class KindBar(QWidget):
    """Three segments. The third takes the kind chosen in it last; pressed again it opens a menu of its kinds.

    Signals:
        chosen: The user chose a kind; read `value`.
    """

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._waiting = OrderKind.STOP
        self._bar = SegmentBar("Order type", [("limit", "Limit"), ("market", "Market"), (_WAITING, "Stop")])
        self._third = self._bar.button(_WAITING)
        self._bar.set_stretch(_WAITING, 4, 3)
        self._third.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # puts the chevron behind the text
        self._third.setIconSize(QSize(12, 12))
        self._third.setToolTip("Press again for take-profit, trailing stop and limits behind a trigger")
        self._menu = QMenu(self)
        self._menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.entries: dict[OrderKind, QAction] = {}
        for kind, (_, text) in _WORDS.items():
            action = self.entries[kind] = self._menu.addAction(text)
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, k=kind: self._choose(k))
        self._was_waiting = False
        self._third.pressed.connect(self._note_state)
        self._bar.chosen.connect(self._on_segment)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._bar)
        theme().changed.connect(self._paint_icon)
        self._paint_icon()

    @property
    def value(self) -> OrderKind:
        """The chosen kind."""
        return self._waiting if self._bar.value == _WAITING else OrderKind(self._bar.value)

    def set_value(self, kind: OrderKind) -> None:
        """Choose a kind without a signal."""
        if kind in _WORDS:
            self._waiting = kind
            self._third.setText(_WORDS[kind][0])
            self._third.setAccessibleName(f"Order type: {_WORDS[kind][1]}")
        self._bar.set_value(_WAITING if kind in _WORDS else kind.value)
        self._was_waiting = kind in _WORDS
        for entry, action in self.entries.items():
            action.setChecked(entry is kind)

    def button(self, kind: OrderKind) -> QPushButton:
        """Return the segment that stands for a kind."""
        return self._third if kind in _WORDS else self._bar.button(kind.value)

    def _note_state(self) -> None:
        self._was_waiting = self._bar.value == _WAITING

    def _on_segment(self, key: str) -> None:
        if key == _WAITING and self._was_waiting:
            self._menu.popup(self._third.mapToGlobal(self._third.rect().bottomLeft()))
            return
        self._choose(self._waiting if key == _WAITING else OrderKind(key))

    def _choose(self, kind: OrderKind) -> None:
        self.set_value(kind)
        self.chosen.emit()

    def _paint_icon(self) -> None:
        self._third.setIcon(theme().icon("chevron", "text2", 12))
