"""The whole program but its command line, inside the test process: window, session and the exchange as its child."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QTabBar, QWidget

from trader_gui.__main__ import _check_session, _window_parser
from trader_gui.app.window import Desk, _size
from trader_gui.journal.reader import JournalReader
from trader_gui.log import start_logging
from trader_gui.models.bridge import Bridge
from trader_gui.rt_trader import RtTrader
from trader_gui.settings import DataDirectory, load_settings
from trader_gui.widgets.main_window import MainWindow
from trader_gui.widgets.table_cells import button_rect
from trader_gui.widgets.tables import TableView

LIMIT_S = 20.0
LOOK_MS = 15

W = TypeVar("W", bound=QWidget)


class AppRig:
    """What a person at the window can do, and what can be seen.

    Attributes:
        desk: The program.
        task: Its run; the result is its exit code.
    """

    def __init__(self, desk: Desk, task: "asyncio.Task[int]", journal_path: Path) -> None:
        self.desk = desk
        self.task = task
        self._journal_path = journal_path

    @property
    def window(self) -> MainWindow:
        return self._one(MainWindow)

    @property
    def trader(self) -> RtTrader:
        trader = self.desk._trader
        assert trader is not None
        return trader

    @property
    def bridge(self) -> Bridge:
        return self.window._bridge

    def journal(self) -> JournalReader:
        return JournalReader(self._journal_path)

    async def ended(self) -> None:
        """Wait until the program has ended by itself."""
        async with asyncio.timeout(LIMIT_S):
            await asyncio.wait({self.task})

    async def until(self, what: str, holds: Callable[[], Any], limit_s: float = LIMIT_S) -> None:
        """Look again and again, while the program goes on, until `holds()`."""
        looked = asyncio.Event()
        timer = QTimer()
        timer.timeout.connect(looked.set)
        timer.start(LOOK_MS)
        try:
            async with asyncio.timeout(limit_s):
                while not holds():
                    if self.task.done():
                        raise AssertionError(f"the program ended before: {what}; {self.task.result()}")
                    looked.clear()
                    await looked.wait()
        except TimeoutError:
            raise AssertionError(f"never came: {what}") from None
        finally:
            timer.stop()

    # ---- hands -----------------------------------------------------------------------------------------------------

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Click a widget that can be seen and is not covered by another one."""
        QTest.mouseClick(_reachable(widget, at), Qt.MouseButton.LeftButton, pos=at or widget.rect().center())

    def press(self, widget: QWidget) -> None:
        """Put the left button down and keep it there."""
        QTest.mousePress(_reachable(widget), Qt.MouseButton.LeftButton, pos=widget.rect().center())

    def release(self, widget: QWidget) -> None:
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())

    def type_into(self, edit: QLineEdit, text: str) -> None:
        """Replace a field's text, key by key."""
        self.click(edit)
        QTest.keyClick(edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(edit, text)

    def open_tab(self, title: str) -> None:
        """Click the tab of a panel."""
        for bar in self.window.workspace.findChildren(QTabBar):
            for index in range(bar.count()):
                if bar.isVisible() and bar.tabText(index).startswith(title):
                    self.click(bar, bar.tabRect(index).center())
                    return
        raise AssertionError(f"no tab {title}")

    async def press_row_button(self, table: TableView, row: int = 0) -> None:
        """Click the button at the end of a row, once it is there: tables come a frame after the chart."""
        column = next(c for c in range(table.model().columnCount()) if _is_action(table, c))
        await self.until("the row's button", lambda: table.look(column).text(table.rows.row_at(row)))
        cell = table.visualRect(table.model().index(row, column))
        self.click(table.viewport(), button_rect(cell).center())

    # ---- eyes ------------------------------------------------------------------------------------------------------

    async def dialog(self, kind: type[W]) -> W:
        """Wait for a dialog, and until it takes confirmations."""
        await self.until(f"a {kind.__name__}", lambda: self._shown(kind))
        dialog = self._one(kind)
        if hasattr(dialog, "is_settled"):
            await self.until("the dialog is settled", dialog.is_settled)
        return dialog

    def _shown(self, kind: type[W]) -> list[W]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]

    def _one(self, kind: type[W]) -> W:
        (found,) = self._shown(kind)
        return found


def _reachable(widget: QWidget, at: QPoint | None = None) -> QWidget:
    """Return the widget if a mouse would reach it there."""
    assert widget.isVisible() and widget.isEnabled(), f"{widget.accessibleName() or widget} cannot be pressed"
    window = widget.window()
    point = widget.mapTo(window, at or widget.rect().center())
    found = window.childAt(point)
    assert found is widget or (found is not None and widget.isAncestorOf(found)), f"{found} lies over {widget}"
    modal = QApplication.activeModalWidget()
    assert modal is None or modal is window, f"{modal} is in the way"
    return widget


def _is_action(table: TableView, column: int) -> bool:
    return not table.isColumnHidden(column) and table.look(column).is_action


@asynccontextmanager
async def open_app(data_dir: Path, *words: str) -> AsyncIterator[AppRig]:
    """Start the program with the words of a command line, and end it as closing the window does."""
    arguments = _window_parser().parse_args([*words, "--data-dir", str(data_dir)])
    _check_session(arguments)
    directory = DataDirectory.open(arguments.data_dir, arguments.profile)
    log = start_logging(directory.log_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    desk = Desk(arguments, _size(arguments.size), directory, load_settings(directory), log)
    rig = AppRig(desk, asyncio.create_task(desk.run(), name="desk"), directory.journal_path)
    try:
        yield rig
        if not rig.task.done():
            rig.window.close()
            async with asyncio.timeout(LIMIT_S):
                await asyncio.wait({rig.task})
        assert rig.task.result() == 0
    finally:
        desk._leave.set()
        await asyncio.wait({rig.task}, timeout=LIMIT_S)
        log.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
