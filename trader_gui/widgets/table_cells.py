"""How the cells of tables are drawn: text in its tone, icon, button, selection."""

from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from trader_gui.models.table import PENDING_ROLE, ROW_ROLE
from trader_gui.widgets.format import ARROW_DOWN, ARROW_UP
from trader_gui.widgets.table_columns import ColumnLook
from trader_gui.widgets.theme import theme

if TYPE_CHECKING:
    from trader_gui.widgets.tables import TableView

ROW_HEIGHT = 26
_PAD = 10
_ICON_PX = 16
_GAP = 4
_ARROWS = (ARROW_UP, ARROW_DOWN)
_ARROW_WIDTH = 14
_MOST_WIDTHS = 20_000
_SELECTED = QStyle.StateFlag.State_Selected.value
_FOCUS = QStyle.StateFlag.State_HasFocus.value
_BUTTON_INSET = 3
_HATCH = Qt.BrushStyle.BDiagPattern
_CHEVRON_ROOM, _CHEVRON_PX = 22, 12

Index = QModelIndex | QPersistentModelIndex


class _Pens:
    """Fonts and colours of the theme in force, made once: a frame of a table draws some hundred cells."""

    def __init__(self) -> None:
        self.plain, self.strong = theme().font("figure"), theme().font("body")
        self.strong.setWeight(self.strong.Weight.DemiBold)
        self._metrics = {False: QFontMetrics(self.plain), True: QFontMetrics(self.strong)}
        self._colors: dict[str, QColor] = {}
        self._widths: dict[tuple[bool, str], int] = {}
        self.baseline = {
            is_strong: (ROW_HEIGHT + metrics.ascent() - metrics.descent()) // 2
            for is_strong, metrics in self._metrics.items()
        }

    def color(self, tone: str) -> QColor:
        """Return the colour of a tone."""
        found = self._colors.get(tone)
        if found is None:
            found = self._colors[tone] = tone_color(tone)
        return found

    def width(self, text: str, is_strong: bool) -> int:
        """Return the width of a text; texts come again and again."""
        key = (is_strong, text)
        found = self._widths.get(key)
        if found is None:
            if len(self._widths) > _MOST_WIDTHS:
                self._widths.clear()
            found = self._widths[key] = self._metrics[is_strong].horizontalAdvance(text)
        return found

    def fitting(self, text: str, room: int, is_strong: bool) -> str:
        """Return a text, cut in the middle when it has no room."""
        if self.width(text, is_strong) <= room:
            return text
        return self._metrics[is_strong].elidedText(text, Qt.TextElideMode.ElideMiddle, room)


class CellDelegate(QStyledItemDelegate):
    """Draws a cell by its column's look: row line, selection, icon, text in its tone, or a button."""

    def __init__(self, view: "TableView") -> None:
        super().__init__(view)
        self._view = view
        self._pens = _Pens()
        theme().changed.connect(self._on_theme_changed)

    def _on_theme_changed(self) -> None:
        self._pens = _Pens()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self._view.look(index.column()).width, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        column, pens = index.column(), self._pens
        look, row = self._view.look(column), self._view.rows.row_at(index.row())
        rect: QRect = cast(Any, option).rect
        state: int = cast(Any, option).state.value
        if state & _SELECTED:
            painter.fillRect(rect, pens.color("bg3"))
        elif index.row() == self._view.current_row:
            painter.fillRect(rect, pens.color("bg2"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, pens.color("grid"))
        if row is None:
            return
        if look.is_pending(row):
            painter.fillRect(rect.adjusted(1, 2, -1, -3), QBrush(pens.color("warn_bg"), Qt.BrushStyle.SolidPattern))
            painter.fillRect(rect.adjusted(1, 2, -1, -3), QBrush(pens.color("border_strong"), _HATCH))
        if look.is_action:
            self._paint_button(painter, rect, look.text(row), index, has_menu=look.has_menu)
        else:
            self._paint_text(painter, rect, look, row, self._view.is_number(column))
        if state & _FOCUS:
            painter.setPen(pens.color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0, 0, -1, -2))

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """Tell the whole text of a cell that has no room for it, and its tip as it is now: ages in it are counted."""
        lines = [self._cut_text(index), self._view.tip(index)] if index.isValid() else []
        text = "\n".join(line for line in lines if line)
        QToolTip.showText(event.globalPos(), text, view)
        return bool(text)

    def _cut_text(self, index: Index) -> str:
        """Return the text of a cell that has no room for it, else ""."""
        row, look = index.data(ROW_ROLE), self._view.look(index.column())
        if row is None or look.is_action:
            return ""
        text, icon = look.text(row), look.icon(row)
        room = self._view.columnWidth(index.column()) - 2 * _PAD - (_ICON_PX + _GAP if icon is not None else 0)
        return text if QFontMetrics(theme().font("figure")).horizontalAdvance(text) > room else ""

    def _paint_text(self, painter: QPainter, rect: QRect, look: ColumnLook, row: Any, is_number: bool) -> None:
        pens, is_strong = self._pens, look.is_strong
        left, room, baseline = rect.x() + _PAD, rect.width() - 2 * _PAD, rect.y() + pens.baseline[is_strong]
        icon = look.icon(row)
        if icon is not None:
            pixmap = theme().pixmap(icon[0], pens.color(icon[1]), _ICON_PX)
            painter.drawPixmap(left, rect.center().y() - _ICON_PX // 2 + 1, pixmap)
            left, room = left + _ICON_PX + _GAP, room - _ICON_PX - _GAP
        painter.setFont(pens.strong if is_strong else pens.plain)
        text = look.text(row)
        if is_number:
            left += room - pens.width(text, is_strong)
        elif text[:1] in _ARROWS:  # in the colour of its direction; the word beside it keeps its own
            painter.setPen(pens.color("up" if text[0] == _ARROWS[0] else "down"))
            painter.drawText(left, baseline, text[0])
            text, left, room = text[2:], left + _ARROW_WIDTH, room - _ARROW_WIDTH
        if not is_number:
            text = pens.fitting(text, room, is_strong)
        painter.setPen(pens.color("text3" if self._view.is_dimmed(row) else look.tone(row)))
        painter.drawText(left, baseline, text)

    def _paint_button(self, painter: QPainter, rect: QRect, text: str, index: Index, *, has_menu: bool) -> None:
        if not text:
            return
        is_pending = bool(index.data(PENDING_ROLE))
        button = button_rect(rect)
        is_hot = self._view.hot_index() == QPersistentModelIndex(index) and not is_pending
        painter.setPen(theme().color("border" if is_pending else "border_strong"))
        painter.setBrush(theme().color("bg3" if is_hot else "bg2"))
        painter.drawRoundedRect(button, 3, 3)
        if has_menu and not is_pending:
            chevron = menu_rect(rect)
            painter.drawLine(chevron.topLeft(), chevron.bottomLeft())
            corner = chevron.center() - QPoint(_CHEVRON_PX // 2 - 1, _CHEVRON_PX // 2 - 1)
            painter.drawPixmap(corner, theme().pixmap("chevron", "text2", _CHEVRON_PX))
            button.setRight(chevron.left())
        font = theme().font("figure")
        painter.setFont(font)
        painter.setPen(theme().color("text3" if is_pending else "text1"))
        painter.drawText(button, Qt.AlignmentFlag.AlignCenter, "sending…" if is_pending else text)


def button_rect(cell: QRect) -> QRect:
    """Return where a row's button stands in its cell."""
    return cell.adjusted(_PAD - 2, _BUTTON_INSET - 1, -_PAD + 2, -_BUTTON_INSET)


def menu_rect(cell: QRect) -> QRect:
    """Return the part of a row's button that opens its menu."""
    button = button_rect(cell)
    return button.adjusted(button.width() - _CHEVRON_ROOM, 0, 0, 0)


def tone_color(tone: str) -> Any:
    """Return the colour of a tone: a token, or `up` / `down` of the direction palette."""
    if tone in ("up", "down"):
        return theme().direction(tone == "up")
    return theme().color(tone)
