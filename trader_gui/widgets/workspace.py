"""The docks of the window: their places, how they collapse, and how they come back at the next start."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QTabBar, QTabWidget, QWidget

from trader_gui.models.frame import FrameModel
from trader_gui.widgets.dock import Dock
from trader_gui.widgets.layout_store import LayoutStore, SavedLayout
from trader_gui.widgets.panel import Panel
from trader_gui.widgets.table_header import TableHeader
from trader_gui.widgets.theme import theme
from trader_gui.widgets.workspace_layout import DOCK_TITLES, Tier, arrange, resize, tier_of

_log = logging.getLogger(__name__)

SAVE_AFTER_MS = 1000


class Workspace(QMainWindow):
    """Docks without a centre. Until the user moves something, they follow the window's size by the default layout.

    Args:
        layout_path: Where the layout is kept; None keeps none.

    Attributes:
        docks: Every dock by its id.
        is_custom: The user made the layout; it is left alone then.

    Signals:
        layout_changed: The layout is another one, or became the user's own.
        layout_broken: (new file name, whether the former layout is used) the saved one was set aside.
    """

    layout_changed = Signal()
    layout_broken = Signal(str, bool)

    def __init__(self, layout_path: Path | None) -> None:
        super().__init__()
        self.docks: dict[str, Dock] = {}
        self.is_custom = False
        self._panels: dict[str, str] = {}
        self._tier: Tier | None = None
        self._is_arranging = False
        self._tables: dict[str, TableHeader] = {}
        self._store = LayoutStore(layout_path)
        self._save_timer = self._timer(SAVE_AFTER_MS, self.save)
        self._sizes_timer = self._timer(0, self._resize_default)
        self._titles_timer = self._timer(0, self._refresh_titles)
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setObjectName("workspace")
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setAnimated(False)
        # Tabs are measured in the bar's own font: without this the active one's heavier text would be cut off.
        self.setStyleSheet("QTabBar::tab { font-weight: 400 } QTabBar::tab:selected { font-weight: 600 }")

    def _timer(self, after_ms: int, do: Callable[[], None]) -> QTimer:
        """Return a timer that calls `do` once, so long after it was last started.

        WORKAROUND (PySide 6.11): `QTimer.singleShot(0, context, slot)` holds the slot, and so the window, for ever when
        the context is deleted first. To be removed when it lets go.
        """
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(do)
        return timer

    def add_dock(
        self,
        dock_id: str,
        content: QWidget,
        model: FrameModel | None = None,
        *,
        note: QWidget | None = None,
        has_own_head: bool = False,
    ) -> None:
        """Make a dock; it is placed by the next `fit`.

        Args:
            dock_id: One of `DOCK_TITLES`.
            content: Its widget.
            model: The model that belongs to this panel alone, refreshed only while it is seen.
            note: Shown at the right of the title.
            has_own_head: The widget draws its own head and frame.
        """
        panel = Panel(content, model, is_framed=not has_own_head)
        dock = self.docks[dock_id] = Dock(dock_id, DOCK_TITLES[dock_id], panel, note=note, has_own_head=has_own_head)
        dock.dockLocationChanged.connect(self._on_dock_moved)
        dock.topLevelChanged.connect(self._on_dock_moved)
        dock.visibilityChanged.connect(self._refresh_titles_later)
        dock.visibilityChanged.connect(panel.set_seen)
        dock.toggleViewAction().triggered.connect(self._on_touched)

    def add_table(self, table_id: str, header: TableHeader) -> None:
        """Keep the columns of a table with the layout.

        Args:
            table_id: Never translated; the columns are stored by it.
            header: Of the table.
        """
        self._tables[table_id] = header
        header.changed.connect(self.save_later)

    # ---- default layout ----------------------------------------------------------------------------------------------

    def fit(self, window: QWidget) -> None:
        """Collapse or unfold the default layout by the size of the window; a layout of the user's is left alone."""
        self.save_later()
        if self.is_custom:
            return
        tier = tier_of(window.width(), window.height())
        if tier is not self._tier:
            self._arrange(tier)

    def reset(self, window: QWidget) -> None:
        """Bring back the default layout, closed panels and columns included, and forget the saved one."""
        self._store.discard()
        for header in self._tables.values():
            header.reset()
        self.is_custom = False
        self._arrange(tier_of(window.width(), window.height()))

    def _arrange(self, tier: Tier) -> None:
        self._is_arranging = True
        self._tier = tier
        arrange(self, self.docks, tier)
        self._is_arranging = False
        self._refresh_titles()
        self.layout_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._sizes_timer.start()

    def _resize_default(self) -> None:
        """Give the docks their default sizes, once Qt has laid them out in the new room."""
        if not self.is_custom and self._tier is not None:
            resize(self, self.docks, self._tier)

    # ---- the user's layout -------------------------------------------------------------------------------------------

    def restore(self, window: QWidget) -> None:
        """Take back the saved layout, if there is one that can be used."""
        self.fit(window)
        saved, aside = self._store.load()
        is_used = saved is not None and self._apply(saved, window)
        if saved is not None and not is_used and not aside:  # Qt does not understand it
            aside, former = self._store.set_aside(), self._store.former()
            is_used = former is not None and self._apply(former, window)
        if aside:
            self.layout_broken.emit(aside, is_used)

    def _apply(self, saved: SavedLayout, window: QWidget) -> bool:
        """Take a layout; False when Qt cannot place the docks by it."""
        self._panels = dict(saved.panels)
        window.restoreGeometry(QByteArray(saved.geometry))
        self._restore_tables(saved.tables)
        if not saved.is_custom:
            return True
        self._is_arranging = True
        is_whole = self.restoreState(QByteArray(saved.docks))
        self._is_arranging = False
        if is_whole:
            self.is_custom = True
            self.layout_changed.emit()
        return is_whole

    def _restore_tables(self, saved: Mapping[str, str]) -> None:
        """Take back the columns; those of a table that cannot be read are as at the first start."""
        for table_id, header in self._tables.items():
            try:
                header.restore(saved[table_id])
            except KeyError:
                continue
            except ValueError as error:
                _log.info("the columns of the table %s are as they were at first: %s", table_id, error)

    def save_later(self) -> None:
        """Save when nothing has changed for a second."""
        self._save_timer.start()

    def save(self) -> None:
        """Write the layout now; a disk that refuses is told in the log and changes nothing else."""
        self._save_timer.stop()
        layout = SavedLayout(
            geometry=bytes(self.window().saveGeometry().data()),
            docks=bytes(self.saveState().data()),
            is_custom=self.is_custom,
            tables={table_id: header.state() for table_id, header in self._tables.items()},
            panels=self._panels,
        )
        try:
            self._store.save(layout)
        except OSError as error:
            _log.warning("the layout cannot be saved: %s", error)

    def panel_state(self, dock_id: str) -> str:
        """Return what a panel has kept with the layout; "" when that is nothing."""
        return self._panels.get(dock_id, "")

    def keep_panel_state(self, dock_id: str, state: str) -> None:
        """Keep one line of text for a panel with the layout."""
        self._panels[dock_id] = state
        self.save_later()

    def _on_dock_moved(self) -> None:
        self._refresh_titles_later()
        if not self._is_arranging and self.isVisible():
            self._on_touched()

    def _on_touched(self) -> None:
        self.is_custom = True
        self.save_later()
        self.layout_changed.emit()

    # ---- titles and tabs ---------------------------------------------------------------------------------------------

    def _refresh_titles_later(self) -> None:
        self._titles_timer.start()

    def _refresh_titles(self) -> None:
        for dock in self.docks.values():
            dock.refresh_title(self)
        font = theme().font("body")
        font.setWeight(font.Weight.DemiBold)
        for bar in self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setFont(font)
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setAccessibleName("Panels")

    def event(self, event: QEvent) -> bool:
        """Notice that the user takes a separator into his hand: from then on the layout is his own.

        It may stay there for longer than it takes to save; what counts is where it is let go.
        """
        match event:
            case QMouseEvent() if event.type() == QEvent.Type.MouseButtonPress:
                if self.isSeparator(event.position().toPoint()):
                    self._on_touched()
            case QMouseEvent() if event.type() == QEvent.Type.MouseButtonRelease:
                self.save_later()
        return super().event(event)
