"""One cell of the session bar: label over value, an icon, and a popover with the details."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from trader_gui.widgets.cell_view import CellView
from trader_gui.widgets.theme import set_style_property, theme

ICON_PX = 16
_MARGIN = 12
_GAP = 5

Details = Callable[[], Sequence[tuple[str, str | CellView]]]
"""Gives the rows of a popover: (label, value), the value a text or with an icon and a tone."""


class Popover(QFrame):
    """A small list of label and value that goes away with the next click or Esc."""

    def __init__(self, title: str, rows: Sequence[tuple[str, str | CellView]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("kind", "popover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(title)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 10, 12, 10)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        head = QLabel(title)
        head.setProperty("role", "head")
        grid.addWidget(head, 0, 0, 1, 2)
        for line, (label, value) in enumerate(rows, start=1):
            grid.addWidget(self._label(label, "body"), line, 0)
            shown = self._label(value, "figure") if isinstance(value, str) else self._view(value)
            grid.addWidget(shown, line, 1, Qt.AlignmentFlag.AlignRight)

    def _view(self, view: CellView) -> QWidget:
        """Return a word with its shape, in its tone."""
        icon = QLabel()
        icon.setPixmap(theme().pixmap(view.icon, "ok" if view.icon == "check" else view.tone, ICON_PX))
        text = self._label(view.text, "figure")
        text.setProperty("tone", view.tone)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(_GAP)
        row.addWidget(icon)
        row.addWidget(text)
        return both

    def _label(self, text: str, role: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("role", role)
        label.setWordWrap(len(text) > 60)
        return label


class SessionCell(QFrame):
    """Label 11 px over value 13 px. Its width only ever grows, so that no ticking value moves its neighbours.

    Args:
        name: Accessible name and default label.
        template: A value as wide as it gets; reserves the room.
        details: Rows of the popover; without them the cell takes no focus.
    """

    def __init__(self, name: str, template: str, details: Details | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.view = CellView("")
        self._details = details
        self._shows_focus = False
        self.setProperty("kind", "cell")
        self.setAccessibleName(name)
        if details is not None:
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._label = self._add_label("label")
        self._label.setText(name)
        self._icon = QLabel()
        self._text = self._add_label("value")
        self._extra = self._add_label("value")
        self._icon.setFixedSize(ICON_PX, ICON_PX)
        self._lay_out()
        self._reserve(QFontMetrics(theme().font("value")).horizontalAdvance(template))
        theme().changed.connect(self._show_icon)

    def show_view(self, view: CellView) -> None:
        """Show a value; does nothing when it stands already."""
        if view == self.view:
            return
        former, self.view = self.view, view
        self._label.setText(view.label or self.name)
        self._text.setText(view.text)
        self._extra.setText(view.extra)
        self._extra.setVisible(bool(view.extra))
        set_style_property(self._text, "tone", view.tone)
        set_style_property(self._extra, "tone", view.extra_tone)
        set_style_property(self, "tone", view.ground)
        if (former.icon, former.tone) != (view.icon, view.tone):
            self._show_icon()
        self.setAccessibleDescription(f"{view.text} {view.extra}".strip())
        self._reserve(0)

    def set_small_extra(self) -> None:
        """Show the second value in the small face (change, countdown)."""
        set_style_property(self._extra, "role", "small")

    def _add_label(self, role: str) -> QLabel:
        label = QLabel()
        label.setProperty("role", role)
        return label

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, 6, _MARGIN, 6)
        column.setSpacing(1)
        row = QHBoxLayout()
        row.setSpacing(_GAP)
        row.addWidget(self._icon)
        row.addWidget(self._text)
        row.addWidget(self._extra)
        row.addStretch()
        column.addWidget(self._label)
        column.addLayout(row)
        self._icon.hide()
        self._extra.hide()

    def _reserve(self, text_width: int) -> None:
        wanted = text_width + 2 * _MARGIN if text_width else self.sizeHint().width()
        if wanted > self.minimumWidth() and self.maximumWidth() > wanted:
            self.setMinimumWidth(wanted)

    def _show_icon(self) -> None:
        name = self.view.icon
        self._icon.setVisible(bool(name))
        if name:
            self._icon.setPixmap(theme().pixmap(name, self.view.tone, ICON_PX))

    # ---- popover ---------------------------------------------------------------------------------------------------

    def open_popover(self) -> None:
        """Show the details below the cell."""
        if self._details is None:
            return
        popover = Popover(self.name, self._details(), self)
        popover.move(self.mapToGlobal(QPoint(0, self.height())))
        popover.show()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.open_popover()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.isAutoRepeat():
            self.open_popover()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._shows_focus = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._shows_focus = False
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._shows_focus:
            painter = QPainter(self)
            painter.setPen(theme().color("accent"))
            painter.drawRect(self.rect().adjusted(0, 0, -2, -1))
