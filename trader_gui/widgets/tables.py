"""Tables: one view and one delegate for positions, orders, fills and decisions; row actions by mouse and keyboard."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, cast

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QFontMetrics,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from trader_gui.models.table import PENDING_ROLE, ROW_ROLE, SORT_ROLE, KeyedTableModel
from trader_gui.widgets.table_columns import ColumnLook
from trader_gui.widgets.theme import theme

ROW_HEIGHT = 26
HEADER_HEIGHT = 24
PENDING_LIMIT_MS = 5000
"""A row's button comes back after this time even if nobody told how the request went."""
_PAD = 10
_ICON_PX = 16
_BUTTON_INSET = 3

Index = QModelIndex | QPersistentModelIndex


class CellDelegate(QStyledItemDelegate):
    """Draws a cell by its column's look: row line, selection, icon, text in its tone, or a button."""

    def __init__(self, view: "TableView") -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self._view.look(index.column()).width, ROW_HEIGHT)

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """Show the tooltip as it is now: ages in it are counted when it is asked for."""
        text = self._view.tip(index) if index.isValid() else ""
        QToolTip.showText(event.globalPos(), text, view)
        return bool(text)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = self._view.look(index.column())
        row = index.data(ROW_ROLE)
        rect: QRect = cast(Any, option).rect
        state: QStyle.StateFlag = cast(Any, option).state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().color("bg3"))
        painter.setPen(theme().color("grid"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if row is None:
            return
        if look.is_action:
            self._paint_button(painter, rect, look.text(row), index)
        else:
            self._paint_text(painter, rect, look, row, self._view.is_number(index.column()))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme().color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -2))

    def _paint_text(self, painter: QPainter, rect: QRect, look: ColumnLook, row: Any, is_number: bool) -> None:
        font = theme().font("figure" if not look.is_strong else "body")
        if look.is_strong:
            font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        inner = rect.adjusted(_PAD, 0, -_PAD, 0)
        icon = look.icon(row)
        if icon is not None:
            pixmap = theme().pixmap(icon[0], tone_color(icon[1]), _ICON_PX)
            painter.drawPixmap(inner.left(), rect.center().y() - _ICON_PX // 2 + 1, pixmap)
            inner.setLeft(inner.left() + _ICON_PX + 4)
        text = look.text(row)
        if not is_number:
            text = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideMiddle, inner.width())
        side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
        if text[:1] in ("▲", "▼"):
            self._paint_arrow(painter, inner, text)
            text, inner = text[2:], inner.adjusted(14, 0, 0, 0)
        painter.setPen(tone_color("text3" if self._view.is_dimmed(row) else look.tone(row)))
        painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_arrow(self, painter: QPainter, rect: QRect, text: str) -> None:
        """Draw the direction's arrow in its colour; the word beside it keeps its own."""
        painter.setPen(theme().direction(text.startswith("▲")))
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text[:1])

    def _paint_button(self, painter: QPainter, rect: QRect, text: str, index: Index) -> None:
        if not text:
            return
        is_pending = bool(index.data(PENDING_ROLE))
        button = button_rect(rect)
        is_hot = self._view.hot_index() == QPersistentModelIndex(index) and not is_pending
        painter.setPen(theme().color("border" if is_pending else "border_strong"))
        painter.setBrush(theme().color("bg3" if is_hot else "bg2"))
        painter.drawRoundedRect(button, 3, 3)
        font = theme().font("figure")
        painter.setFont(font)
        painter.setPen(theme().color("text3" if is_pending else "text1"))
        painter.drawText(button, Qt.AlignmentFlag.AlignCenter, "sending…" if is_pending else text)


def button_rect(cell: QRect) -> QRect:
    """Return where a row's button stands in its cell."""
    return cell.adjusted(_PAD - 2, _BUTTON_INSET - 1, -_PAD + 2, -_BUTTON_INSET)


def tone_color(tone: str) -> Any:
    """Return the colour of a tone: a token, or `up` / `down` of the direction palette."""
    if tone in ("up", "down"):
        return theme().direction(tone == "up")
    return theme().color(tone)


class TableView(QTableView):
    """A table of a KeyedTableModel. Columns that have no room are left out, by their looks' `drop`.

    Enter, Space or Delete on a row presses the row's button; Ctrl+C copies the row, values plain and tab-separated.

    Signals:
        action_requested: (row record) the row's button was pressed; not again until `finish_action` or 5 s.
        row_activated: (row record) a row without a button was double-clicked or entered.
    """

    action_requested = Signal(object)
    row_activated = Signal(object)

    def __init__(
        self,
        model: KeyedTableModel[Any],
        looks: Sequence[ColumnLook],
        name: str,
        empty_text: str,
        parent: QWidget | None = None,
        *,
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
            tip: Gives the tooltip of a cell from (row record, column key); "" for none.
            is_dimmed: Tells of a row that its values are not believed now.
        """
        super().__init__(parent)
        self._source = model
        self._empty_text = empty_text
        self._tip = tip
        self.is_dimmed = is_dimmed
        self._hot = QPersistentModelIndex()
        self._pressed = QPersistentModelIndex()
        by_key = {look.key: look for look in looks}
        self._looks = [by_key.get(c.key) for c in model.columns]
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSortRole(SORT_ROLE)
        self._proxy.setSourceModel(model)
        self._set_up(name)
        self.setModel(self._proxy)
        self._set_up_header()
        theme().changed.connect(self.viewport().update)

    def _set_up(self, name: str) -> None:
        self.setAccessibleName(name)
        self.setItemDelegate(CellDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setMinimumSectionSize(ROW_HEIGHT)

    def _set_up_header(self) -> None:
        header = self.horizontalHeader()
        header.setFixedHeight(HEADER_HEIGHT)
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(24)
        header.setAccessibleName(f"{self.accessibleName()} columns")
        header.sectionClicked.connect(self._on_header_clicked)
        for column, look in enumerate(self._looks):
            self.setColumnHidden(column, look is None)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, HEADER_HEIGHT + ROW_HEIGHT + 2)

    # ---- what the delegate asks --------------------------------------------------------------------------------------

    def look(self, column: int) -> ColumnLook:
        """Return the look of a shown column."""
        look = self._looks[column]
        assert look is not None, "a hidden column is not drawn"
        return look

    def is_number(self, column: int) -> bool:
        """Tell whether a column holds numbers, which stand right."""
        return self._source.columns[column].is_number

    def tip(self, index: Index) -> str:
        """Return the tooltip of a cell."""
        row = index.data(ROW_ROLE)
        return "" if self._tip is None or row is None else self._tip(row, self._source.columns[index.column()].key)

    def hot_index(self) -> QPersistentModelIndex:
        """Return the button cell under the mouse."""
        return self._hot

    # ---- columns -----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Leave out columns until the rest fits, then give the room that is left to the stretching one."""
        shown = [(i, look) for i, look in enumerate(self._looks) if look is not None]
        needed = sum(look.width for _, look in shown)
        for column, look in sorted(shown, key=lambda item: -item[1].drop):
            must_go = look.drop > 0 and needed > self.viewport().width()
            self.setColumnHidden(column, must_go)
            needed -= look.width if must_go else 0
        spare = max(0, self.viewport().width() - needed)
        for column, look in shown:
            if not self.isColumnHidden(column):
                self.setColumnWidth(column, look.width + (spare if look.stretch else 0))

    def _on_header_clicked(self, column: int) -> None:
        """Sort upwards, downwards, then as it came."""
        header = self.horizontalHeader()
        if self._proxy.sortColumn() != column:
            order: Qt.SortOrder | None = Qt.SortOrder.AscendingOrder
        elif self._proxy.sortOrder() == Qt.SortOrder.AscendingOrder:
            order = Qt.SortOrder.DescendingOrder
        else:
            order = None
        header.setSortIndicatorShown(order is not None)
        if order is None:
            self._proxy.sort(-1)
            return
        header.setSortIndicator(column, order)
        self._proxy.sort(column, order)

    # ---- row action --------------------------------------------------------------------------------------------------

    def finish_action(self, key: Hashable) -> None:
        """The request about a row is over: its button can be pressed again."""
        self._source.set_pending(key, False)

    def _press(self, index: QModelIndex) -> None:
        """Press the button of the row at `index`, once until it is finished."""
        row = index.data(ROW_ROLE)
        look = next((x for x in self._looks if x is not None and x.is_action), None)
        if row is None:
            return
        if look is None:
            self.row_activated.emit(row)
            return
        if index.data(PENDING_ROLE) or not look.text(row):
            return
        key = self._source.key(self._proxy.mapToSource(index).row())
        self._source.set_pending(key, True)
        QTimer.singleShot(PENDING_LIMIT_MS, self, partial(self.finish_action, key))
        self.action_requested.emit(row)

    def _action_index(self, event: QMouseEvent) -> QModelIndex:
        point = event.position().toPoint()
        index = self.indexAt(point)
        is_button = index.isValid() and self.look(index.column()).is_action
        return index if is_button and button_rect(self.visualRect(index)).contains(point) else QModelIndex()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = QPersistentModelIndex(self._action_index(event))
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self._action_index(event)
        is_click = index.isValid() and self._pressed == QPersistentModelIndex(index)
        self._pressed = QPersistentModelIndex()
        if event.button() == Qt.MouseButton.LeftButton and is_click:
            self._press(index)

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
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Delete)
        if event.key() in keys and self.currentIndex().isValid():
            if not event.isAutoRepeat():
                self._press(self.currentIndex())
            return
        if event.matches(QKeySequence.StandardKey.Copy) and self.currentIndex().isValid():
            row = self.currentIndex().row()
            cells = [self._proxy.index(row, c).data() for c, look in enumerate(self._looks) if look is not None]
            QGuiApplication.clipboard().setText("\t".join(cells))
            return
        super().keyPressEvent(event)

    # ---- empty -------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:
        super().paintEvent(event)
        if self._proxy.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setFont(theme().font("small"))
            painter.setPen(theme().color("text3"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(8, 0, -8, 0), int(flags), self._empty_text)
