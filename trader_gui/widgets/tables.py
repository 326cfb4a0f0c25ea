"""Tables: one view and one delegate for all of them; row actions, copying and sorting by mouse and keyboard."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, cast

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
    QWidget,
)

from trader_gui.models.sorted_table import SortedTable
from trader_gui.models.table import PENDING_ROLE, ROW_ROLE, KeyedTableModel
from trader_gui.widgets.table_cells import ROW_HEIGHT, CellDelegate, Index, button_rect, menu_rect
from trader_gui.widgets.table_columns import ColumnLook
from trader_gui.widgets.table_copy import copy_cells
from trader_gui.widgets.table_header import HEADER_HEIGHT, WIDTH_STEP, Sorting, TableHeader
from trader_gui.widgets.theme import theme

PENDING_LIMIT_MS = 5000
"""A row's button comes back after this time even if nobody told how the request went."""
_PRESSING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Delete)
_COLUMN_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)
_ALT, _SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
_CONTROL = Qt.KeyboardModifier.ControlModifier


class TableView(QTableView):
    """A table of a KeyedTableModel, sorted by value; what its columns do is the business of its `header`.

    Enter, Space or Delete on a row presses the row's button. Ctrl+C copies the chosen cells, Ctrl+Shift+C their rows,
    values plain and tab-separated. Alt with the arrow keys sorts by the current column and moves it, with Shift it
    changes its width. While the table is hidden, changes of its model cost nothing here.

    Attributes:
        source: The rows, all of them.
        rows: What is shown: filtered, sorted.
        header: The columns.
        empty_text: What is said while there is no row.
        current_row: Of the current cell, -1 without one.

    Signals:
        action_requested: (row record) the row's button was pressed; not again until `finish_action` or 5 s.
        row_activated: (row record) a row without a button was double-clicked or entered.
        menu_opening: (QMenu, row record or None) a context menu is about to open; add what belongs to the table.
        action_menu_opening: (QMenu, row record) the menu of a row's button is about to open; fill it.
        said: (one line) something could not be done.
        edit_wanted: (row record, column key, by key) a cell was double-clicked, or F2 pressed on it.
    """

    action_requested = Signal(object)
    row_activated = Signal(object)
    menu_opening = Signal(object, object)
    action_menu_opening = Signal(object, object)
    said = Signal(str)
    edit_wanted = Signal(object, str, bool)

    def __init__(
        self,
        model: KeyedTableModel[Any],
        looks: Sequence[ColumnLook],
        name: str,
        empty_text: str,
        parent: QWidget | None = None,
        *,
        sorting: Sorting | None = None,
        tip: Callable[[Any, str], str] | None = None,
        is_dimmed: Callable[[Any], bool] = lambda row: False,
    ) -> None:
        """Show a model.

        Args:
            model: The rows.
            looks: Of its columns; one without a look is not shown.
            name: For those who cannot see it.
            empty_text: Shown while there is no row.
            parent: As usual.
            sorting: By default; None: as the rows come.
            tip: Gives the tooltip of a cell from (row record, column key); "" for none.
            is_dimmed: Tells of a row that its values are not believed now.
        """
        super().__init__(parent)
        self.source = model
        self.empty_text = empty_text
        self.current_row = -1
        self._tip = tip
        self.is_dimmed = is_dimmed
        self._hot = QPersistentModelIndex()
        self._pressed: tuple[Hashable, QRect] | None = None
        by_key = {look.key: look for look in looks}
        self._looks = [by_key.get(c.key) for c in model.columns]
        self.rows: SortedTable[Any] = SortedTable(model, self)
        self._set_up(name)
        self.setModel(self.rows)
        self.header = TableHeader(self, self.rows, self._looks, sorting)
        self.rows.set_active(False)
        self._kept: tuple[Hashable, int] | None = None
        self.rows.modelAboutToBeReset.connect(self._keep_current)
        self.rows.modelReset.connect(self._restore_current)
        theme().changed.connect(self.viewport().update)

    def _set_up(self, name: str) -> None:
        self.setAccessibleName(name)
        self.setItemDelegate(CellDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setMinimumSectionSize(ROW_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, HEADER_HEIGHT + ROW_HEIGHT + 2)

    def set_empty_text(self, text: str) -> None:
        """Say why there is no row."""
        if text != self.empty_text:
            self.empty_text = text
            self.viewport().update()

    # ---- seen or not -------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.rows.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.rows.set_active(False)

    def _keep_current(self) -> None:
        index = self.currentIndex()
        self._kept = (self.rows.key(index.row()), index.column()) if index.isValid() else None

    def _restore_current(self) -> None:
        """All rows are others: the chosen one is found again if it is still shown."""
        row = self.rows.row_of(self._kept[0]) if self._kept is not None else None
        if row is not None and self._kept is not None:
            self.setCurrentIndex(self.rows.index(row, self._kept[1]))

    def currentChanged(self, current: QModelIndex | QPersistentModelIndex, previous: Index) -> None:
        """Tint the row of the current cell, and no longer the former one."""
        super().currentChanged(current, previous)
        self.current_row = current.row()
        for index in (current, previous):
            if index.isValid():
                top = self.rowViewportPosition(index.row())
                self.viewport().update(0, top, self.viewport().width(), ROW_HEIGHT)

    # ---- what the delegate asks --------------------------------------------------------------------------------------

    def look(self, column: int) -> ColumnLook:
        """Return the look of a shown column."""
        look = self._looks[column]
        assert look is not None, "a hidden column is not drawn"
        return look

    def is_number(self, column: int) -> bool:
        """Tell whether a column holds numbers, which stand right."""
        return self.source.columns[column].is_number

    def text_looks(self) -> list[ColumnLook]:
        """Return the looks of columns that hold words."""
        columns = zip(self.source.columns, self._looks, strict=True)
        return [look for c, look in columns if look and not (c.is_number or c.is_time or look.is_action)]

    def tip(self, index: Index) -> str:
        """Return the tooltip of a cell."""
        row = index.data(ROW_ROLE)
        return "" if self._tip is None or row is None else self._tip(row, self.source.columns[index.column()].key)

    def hot_index(self) -> QPersistentModelIndex:
        """Return the button cell under the mouse."""
        return self._hot

    # ---- row action --------------------------------------------------------------------------------------------------

    def finish_action(self, key: Hashable) -> None:
        """The request about a row is over: its button can be pressed again."""
        self.source.set_pending(key, False)

    def _press(self, index: QModelIndex) -> None:
        """Press the button of the row at `index`, once until it is finished."""
        row, look = index.data(ROW_ROLE), self._action_look()
        if row is None:
            return
        if look is None:
            self.row_activated.emit(row)
            return
        if index.data(PENDING_ROLE) or not look.text(row):
            return
        key = self.rows.key(index.row())
        self.source.set_pending(key, True)
        QTimer.singleShot(PENDING_LIMIT_MS, self, partial(self.finish_action, key))
        self.action_requested.emit(row)

    def _action_look(self) -> ColumnLook | None:
        return next((look for look in self._looks if look is not None and look.is_action), None)

    def _index_of(self, key: Hashable, look: ColumnLook) -> QModelIndex:
        """Return the cell of a row; an invalid index when the row has gone."""
        row = self.rows.row_of(key)
        return self.rows.index(row, self._looks.index(look)) if row is not None else QModelIndex()

    def _action_index(self, event: QMouseEvent) -> QModelIndex:
        point = event.position().toPoint()
        index = self.indexAt(point)
        is_button = index.isValid() and self.look(index.column()).is_action
        return index if is_button and button_rect(self.visualRect(index)).contains(point) else QModelIndex()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            index = self._action_index(event)
            self._pressed = (self.rows.key(index.row()), self.visualRect(index)) if index.isValid() else None
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Press the button that the mouse went down on, where it still is; its row may have moved from under it."""
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        if event.button() != Qt.MouseButton.LeftButton or pressed is None:
            return
        (key, cell), point = pressed, event.position().toPoint()
        look = self._action_look()
        if look is None or not button_rect(cell).contains(point):
            return
        is_menu = look.has_menu and menu_rect(cell).contains(point)
        (self._open_action_menu if is_menu else self._press)(self._index_of(key, look))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid():
            self._want_edit(index, by_key=False)

    def _want_edit(self, index: QModelIndex, *, by_key: bool) -> None:
        row, look = index.data(ROW_ROLE), self.look(index.column())
        if row is not None and not look.is_action:
            self.edit_wanted.emit(row, look.key, by_key)

    def _open_action_menu(self, index: QModelIndex) -> None:
        """Open the menu of a row's button below it, unless a request about the row is out."""
        row = index.data(ROW_ROLE)
        if row is None or index.data(PENDING_ROLE):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.action_menu_opening.emit(menu, row)
        menu.popup(self.viewport().mapToGlobal(button_rect(self.visualRect(index)).bottomLeft()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_hot(self._action_index(event))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hot(QModelIndex())
        super().leaveEvent(event)

    def _set_hot(self, index: QModelIndex) -> None:
        former, self._hot = self._hot, QPersistentModelIndex(index)
        if former != self._hot:
            self.viewport().setCursor(
                Qt.CursorShape.PointingHandCursor if index.isValid() else Qt.CursorShape.ArrowCursor
            )
            for changed in (former, self._hot):
                if changed.isValid():
                    self.viewport().update(self.visualRect(cast(QModelIndex, changed)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if not index.isValid():
            super().keyPressEvent(event)
        elif event.key() in _PRESSING:
            if not event.isAutoRepeat():
                self._press(index)
        elif event.key() == Qt.Key.Key_F2 and not event.isAutoRepeat():
            self._want_edit(index, by_key=True)
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() == Qt.Key.Key_C and event.modifiers() == _CONTROL | _SHIFT:
            self.copy(whole_rows=True)
        elif event.modifiers() & _ALT and event.key() in _COLUMN_KEYS:
            self._change_column(index.column(), event.key(), bool(event.modifiers() & _SHIFT))
        else:
            super().keyPressEvent(event)

    def _change_column(self, column: int, key: int, has_shift: bool) -> None:
        """Sort by a column (Alt+Up, Alt+Down), move it (Alt+Left, Alt+Right), or change its width (Shift as well)."""
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.header.sort_by(column, is_descending=key == Qt.Key.Key_Down)
            return
        step = 1 if key == Qt.Key.Key_Right else -1
        if has_shift:
            self.header.set_width(column, self.columnWidth(column) + step * WIDTH_STEP)
        else:
            self.header.move(column, step)

    def copy(self, *, whole_rows: bool = False) -> None:
        """Copy the chosen cells, or all shown cells of their rows."""
        columns = [column for column in self.header.shown_columns() if not self.look(column).is_action]
        if not copy_cells(self, columns, whole_rows=whole_rows):
            self.said.emit("So many cells are not copied: export the table instead.")

    def selected_rows(self) -> list[Any]:
        """Return the rows of which a cell is chosen, as they are shown."""
        ranges = self.selectionModel().selection().toList()
        numbers = sorted({row for r in ranges for row in range(r.top(), r.bottom() + 1)})
        return [self.rows.index(number, 0).data(ROW_ROLE) for number in numbers]

    # ---- menu --------------------------------------------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of the cell under the pointer, or by key of the current one."""
        is_by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if is_by_key else self.indexAt(event.pos())
        if index.isValid() and not self.selectionModel().isSelected(index):
            self.setCurrentIndex(index)
        menu = self.menu_for(index)
        point = self.visualRect(index).bottomLeft() if is_by_key and index.isValid() else event.pos()
        menu.popup(self.viewport().mapToGlobal(point))

    def menu_for(self, index: QModelIndex) -> QMenu:
        """Return the context menu of a cell."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        row = index.data(ROW_ROLE) if index.isValid() else None
        if row is not None:
            _add(menu, "Copy\tCtrl+C", self.copy)
            _add(menu, "Copy row\tCtrl+Shift+C", lambda: self.copy(whole_rows=True))
            action = self._action_look()
            if action is not None and action.text(row) and not index.data(PENDING_ROLE):
                key = self.rows.key(index.row())  # the row may have moved or gone when the entry is chosen
                _add(menu, action.menu_text or action.text(row), lambda: self._press(self._index_of(key, action)))
            menu.addSeparator()
        self.menu_opening.emit(menu, row)
        menu.addSeparator()
        self.header.fill_menu(menu, index.column() if index.isValid() else -1)
        return menu

    # ---- empty -------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:
        super().paintEvent(event)
        if self.rows.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setFont(theme().font("small"))
            painter.setPen(theme().color("text3"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(8, 0, -8, 0), int(flags), self.empty_text)


def _add(menu: QMenu, text: str, do: Callable[[], None]) -> None:
    menu.addAction(text).triggered.connect(lambda _checked=False: do())
