"""Docks: fixed ids, a title that looks like a tab, and none at all while Qt draws real tabs."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QSizePolicy, QToolButton, QWidget

from trader_gui.widgets.panel import Panel
from trader_gui.widgets.theme import theme

TITLE_HEIGHT = 27
_PAD = 12


class DockTitle(QWidget):
    """A title drawn as one active tab, with room for a note at the right; dragging it moves the dock."""

    def __init__(self, dock: "Dock", note: QWidget | None) -> None:
        super().__init__(dock)
        self._dock = dock
        self._button = QToolButton()
        self._button.setAccessibleName("Float or dock the panel")
        self._button.setToolTip("Float or dock the panel")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        row = QHBoxLayout(self)
        row.setContentsMargins(_PAD, 2, 4, 1)
        row.addStretch(1)
        if note is not None:
            row.addWidget(note)
        row.addWidget(self._button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._show_icon)
        self._show_icon()

    def set_shown(self, is_shown: bool) -> None:
        """Show the title, or leave its place to a tab."""
        self.setFixedHeight(TITLE_HEIGHT if is_shown else 0)
        self.setVisible(is_shown)

    def sizeHint(self) -> QSize:
        return QSize(80, self.maximumHeight() if self.maximumHeight() <= TITLE_HEIGHT else TITLE_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _show_icon(self) -> None:
        self._button.setIcon(theme().icon("expand", "text2", 14))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = theme().font("body")
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.fillRect(self.rect(), theme().color("bg1"))
        width = painter.fontMetrics().horizontalAdvance(self._dock.windowTitle()) + 2 * _PAD
        tab = QRect(0, 0, width, self.height())
        painter.fillRect(tab, theme().color("bg2"))
        painter.fillRect(QRect(0, 0, width, 2), theme().color("accent"))
        painter.setPen(theme().color("border"))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.drawLine(tab.topRight(), tab.bottomRight())
        painter.setPen(theme().color("text1"))
        painter.drawText(tab.adjusted(0, 2, 0, 0), Qt.AlignmentFlag.AlignCenter, self._dock.windowTitle())


class Dock(QDockWidget):
    """One panel of the workspace.

    Args:
        dock_id: Never translated; layouts are stored by it.
        title: As the menu and the tab name it; a count may be added.
        panel: Its contents.
        note: Shown at the right of the title.
        has_own_head: The panel draws a head itself, so no title is wanted while it is docked.
    """

    def __init__(
        self, dock_id: str, title: str, panel: Panel, *, note: QWidget | None = None, has_own_head: bool = False
    ) -> None:
        super().__init__(title)
        self.title = title
        self.panel = panel
        self._has_own_head = has_own_head
        self.setObjectName(dock_id)
        self.setWidget(panel)
        self._title_bar = DockTitle(self, note)
        self.setTitleBarWidget(self._title_bar)
        self.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable
            | QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        )

    def set_count(self, count: int) -> None:
        """Put a count into the tab."""
        text = f"{self.title} {count}"
        if self.windowTitle() != text:
            self.setWindowTitle(text)
            self._title_bar.update()

    def refresh_title(self, workspace: QMainWindow) -> None:
        """Show the title only where neither a tab nor the panel itself says what this is."""
        is_tabbed = bool(workspace.tabifiedDockWidgets(self)) and not self.isFloating()
        self._title_bar.set_shown(self.isFloating() or not (is_tabbed or self._has_own_head))
