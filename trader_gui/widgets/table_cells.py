"""How the cells of tables are drawn: text in its tone, icon, button, selection."""

from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from trader_gui.models.table import PENDING_ROLE, ROW_ROLE
from trader_gui.widgets.table_columns import ColumnLook
from trader_gui.widgets.theme import theme

if TYPE_CHECKING:
    from trader_gui.widgets.tables import TableView

ROW_HEIGHT = 26
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

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = self._view.look(index.column())
        row = index.data(ROW_ROLE)
        rect: QRect = cast(Any, option).rect
        state: QStyle.StateFlag = cast(Any, option).state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().color("bg3"))
        elif index.row() == self._view.currentIndex().row():
            painter.fillRect(rect, theme().color("bg2"))
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
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0, 0, -1, -2))

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """Tell the whole text of a cell that has no room for it."""
        row, look = index.data(ROW_ROLE), self._view.look(index.column())
        if row is not None and event.type() == QEvent.Type.ToolTip and not look.is_action:
            text, icon = look.text(row), look.icon(row)
            room = self._view.columnWidth(index.column()) - 2 * _PAD - (_ICON_PX + 4 if icon is not None else 0)
            if QFontMetrics(theme().font("figure")).horizontalAdvance(text) > room:
                QToolTip.showText(event.globalPos(), text, view)
                return True
        return super().helpEvent(event, view, option, index)

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
        painter.setPen(tone_color(look.tone(row)))
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
