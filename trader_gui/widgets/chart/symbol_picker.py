"""SymbolPicker: finds a symbol by its letters, and hands it over."""

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QHeaderView, QLabel, QLineEdit, QTreeView, QVBoxLayout, QWidget

from trader_gui.models.series import SeriesModel
from trader_gui.models.symbol_picks import PickRow
from trader_gui.widgets import format as fmt
from trader_gui.widgets.theme import theme

_LOOK_MS = 150
_PAGE = 10
_ROW_HEIGHT = 26
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _PAGE, Qt.Key.Key_PageUp: -_PAGE}
_NOTES = {"position": "position", "orders": "open orders", "engine": "engine", "recent": "recent"}
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class _Rows(QAbstractTableModel):
    """What is offered: symbol, last price, change of a day, why it stands where it stands."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._rows: list[PickRow] = []

    def set_rows(self, rows: list[PickRow]) -> None:
        """Offer other symbols; the same ones with other figures are told as that."""
        if [row.symbol for row in rows] == [row.symbol for row in self._rows]:
            self._rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, self.columnCount() - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def symbol(self, row: int) -> str:
        """Return the symbol of a row."""
        return self._rows[row].symbol

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 4

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _words(row)[column]
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, _ROW_HEIGHT)
        if role == Qt.ItemDataRole.TextAlignmentRole and column > 0:
            return _RIGHT
        if role == Qt.ItemDataRole.ForegroundRole:
            if column == 2 and row.change_fraction:
                return theme().direction(row.change_fraction > 0, "text")
            return theme().color("text1" if column < 2 else "text3")
        return None


def _words(row: PickRow) -> tuple[str, str, str, str]:
    price = "" if row.last_price is None else fmt.price(row.last_price, row.decimals)
    change = "" if row.change_fraction is None else fmt.percent(row.change_fraction)
    return row.symbol, price, change, _NOTES.get(row.note, row.note)


class SymbolPicker(QFrame):
    """A field, and the symbols that match it, over the window.

    Enter or a click takes one; Esc, or going on elsewhere, takes none. What is held, ordered, or was shown lately comes
    first.

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
        self.field.textChanged.connect(self._on_typed)
        self.field.installEventFilter(self)
        self._model = _Rows(self)
        self.list = self._make_list()
        self._note = QLabel("Reading the symbols")
        self._note.setProperty("role", "label")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.field)
        column.addWidget(self._note)
        column.addWidget(self.list, 1)
        self.setFixedSize(380, 400)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._shown: tuple[object, ...] = ()
        self._is_watching = False
        self.hide()

    def _make_list(self) -> QTreeView:
        view = QTreeView()
        view.setAccessibleName("Symbols")
        view.setModel(self._model)
        view.setRootIsDecorated(False)
        view.setUniformRowHeights(True)
        view.setItemsExpandable(False)
        view.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = view.header()
        header.hide()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section, width in ((1, 92), (2, 80), (3, 90)):
            header.resizeSection(section, width)
        view.clicked.connect(lambda index: self._pick(index.row()))
        return view

    def open_below(self, widget: QWidget) -> None:
        """Open under a widget of the same window."""
        window = widget.window()
        self.setParent(window)
        self.move(widget.mapTo(window, QPoint(0, widget.height())))
        self.field.clear()
        self._show_matches()
        self.show()
        self.raise_()
        self._timer.start()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)
        if not self._is_watching:
            self._is_watching = True
            QApplication.instance().focusChanged.connect(self._on_focus_changed)  # type: ignore[union-attr]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the keys of the list work in the field."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = Qt.Key(event.key())
            if key in _STEPS:
                self._step(_STEPS[key])
                return True
            if key == Qt.Key.Key_Escape:
                self.hide()
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self.list.currentIndex().isValid():
                    self._pick(self.list.currentIndex().row())
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
        self.list.setCurrentIndex(self._model.index(row, 0))

    def _on_typed(self) -> None:
        self._show_matches()
        self.list.setCurrentIndex(self._model.index(0, 0))

    def _look(self) -> None:
        """Show what has been read meanwhile."""
        if self._shown != (len(self._series.symbols), id(self._series.tickers)):
            self._show_matches()

    def _show_matches(self) -> None:
        symbols, tickers = self._series.symbols, self._series.tickers
        self._shown = (len(symbols), id(tickers))
        self._note.setVisible(not symbols)
        self._model.set_rows(self._series.picks.rows(symbols, tickers, self.field.text()))
        if not self.list.currentIndex().isValid():
            self.list.setCurrentIndex(self._model.index(0, 0))

    def _pick(self, row: int) -> None:
        symbol = self._model.symbol(row)
        self.hide()
        self.picked.emit(symbol)
