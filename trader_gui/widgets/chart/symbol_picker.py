"""SymbolPicker: finds a symbol by its letters, and hands it over."""

from PySide6.QtCore import QEvent, QObject, QPoint, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from trader_gui.models.series import SeriesModel

_LOOK_MS = 150
_MOST_ROWS = 200


def matching(symbols: list[str], text: str) -> list[str]:
    """Return the symbols that hold the letters: those that begin with them first, short ones before long ones."""
    letters = text.strip().upper()
    found = [symbol for symbol in symbols if letters in symbol.upper()]
    return sorted(found, key=lambda s: (not s.upper().startswith(letters), len(s) if letters else 0, s))[:_MOST_ROWS]


class SymbolPicker(QFrame):
    """A field, and the symbols that match it, over the window.

    Enter or a click takes one; Esc, or going on elsewhere, takes none.

    Signals:
        picked: (symbol).
    """

    picked = Signal(str)

    def __init__(self, series: SeriesModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "popover")
        self._series = series
        self.field = QLineEdit()
        self.field.setPlaceholderText("Symbol")
        self.field.setAccessibleName("Symbol")
        self.field.textChanged.connect(self._show_matches)
        self.field.installEventFilter(self)
        self.list = QListView()
        self.list.setAccessibleName("Symbols")
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.clicked.connect(lambda index: self._pick(index.data()))
        self._model = QStringListModel()
        self.list.setModel(self._model)
        self._note = QLabel("Reading the symbols")
        self._note.setProperty("role", "label")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.field)
        column.addWidget(self._note)
        column.addWidget(self.list, 1)
        self.setFixedSize(240, 340)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._show_matches)
        self._is_watching = False
        self.hide()

    def open_below(self, widget: QWidget) -> None:
        """Open under a widget of the same window."""
        window = widget.window()
        self.setParent(window)
        self.move(widget.mapTo(window, QPoint(0, widget.height())))
        self.field.clear()
        self._show_matches()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)
        if not self._is_watching:
            self._is_watching = True
            QApplication.instance().focusChanged.connect(self._on_focus_changed)  # type: ignore[union-attr]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the keys of the list work in the field."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self._step(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.hide()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                index = self.list.currentIndex()
                if index.isValid():
                    self._pick(index.data())
                return True
        return super().eventFilter(watched, event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def _on_focus_changed(self, _former: QWidget | None, now: QWidget | None) -> None:
        if self.isVisible() and now is not None and now is not self and not self.isAncestorOf(now):
            self.hide()

    def _step(self, by: int) -> None:
        row = min(max(self.list.currentIndex().row() + by, 0), self._model.rowCount() - 1)
        self.list.setCurrentIndex(self._model.index(row))

    def _show_matches(self) -> None:
        symbols = sorted(self._series.symbols)
        self._note.setVisible(not symbols)
        if symbols:
            self._timer.stop()
        else:  # they are on their way
            self._timer.start()
        self._model.setStringList(matching(symbols, self.field.text()))
        self.list.setCurrentIndex(self._model.index(0))

    def _pick(self, symbol: str) -> None:
        self.hide()
        self.picked.emit(symbol)
