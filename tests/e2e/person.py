"""A person at the window: where things lie, read from a window of the same size and state in this process; and hands.

`Map` is that other window. `Person` clicks and types in the real one.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QTabBar

from tests.e2e.x_screen import MISSING, Program, place_of, until
from tests.fakes import FakeTrader, order, position, snapshot
from trader_gui.domain.order import Side
from trader_gui.domain.ticket import OrderKind
from trader_gui.journal.belief import Belief
from trader_gui.journal.reader import JournalReader
from trader_gui.models.bridge import Bridge
from trader_gui.widgets.main_window import MainWindow
from trader_gui.widgets.table_cells import ROW_HEIGHT, button_rect, menu_rect
from trader_gui.widgets.tables import TableView
from trader_gui.widgets.theme import theme

WIDTH, HEIGHT = 1560, 840
SIZE = f"{WIDTH}x{HEIGHT}"

_ON_SCREEN = [
    pytest.mark.xvfb,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the X server is a thing of Linux"),
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (packaging/dev.py test as root does)"
    ),
]


def screen_test(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that needs the X server and its tools."""
    for mark in _ON_SCREEN:
        test = mark(test)
    return test


def believed(journal: JournalReader) -> Belief:
    """Return what the journal holds for true."""
    belief = journal.belief()
    assert belief is not None
    return belief


class Map:
    """Where things lie in a window with so many positions and orders."""

    def __init__(self, qtbot: Any, positions: int = 0, orders: int = 0, layout: Path | None = None) -> None:
        theme().set("dark")
        theme().install(QApplication.instance())
        trader = self._trader = FakeTrader()
        trader.run_quietly()
        self.bridge = Bridge(trader, now_ns=trader.clock)
        self.window = MainWindow(self.bridge, trader.profile, layout_path=layout)
        qtbot.addWidget(self.window, before_close_func=lambda w: w.workspace._save_timer.stop())
        if layout is None:
            self.window.resize(WIDTH, HEIGHT)
        self.window.show()
        held = [position()] * positions
        trader.feed(snapshot(held, [order(n, Side.BUY, price="107000.0") for n in range(1, orders + 1)]))
        self.settle()

    def follow(self, shown: Program) -> "Map":
        """Hold the positions and orders that the program holds."""
        belief = shown.read(believed)
        self._trader.feed(
            snapshot(tuple(belief.positions.values()), belief.orders, taken_ms=self._trader.callback.now_ms)
        )
        self.settle()
        return self

    def settle(self) -> None:
        """Let the map lay itself out."""
        for _ in range(3):
            QApplication.processEvents()
            self.bridge.flush()

    def area(self, name: str) -> QRect:
        """Return the area of a part of the window."""
        parts = {
            "chart": self.window.chart.view,
            "table": self.window.positions.table,
            "ticket": self.window.order_entry,
        }
        return place_of(parts[name])

    @property
    def price_field(self) -> QPoint:
        return place_of(self.window.order_entry.limit_price.edit).center()

    @property
    def size_field(self) -> QPoint:
        return place_of(self.window.order_entry.size_field.edit).center()

    def choose(self, kind: OrderKind) -> QRect:
        """Return where an order type is chosen; from then on the fields lie where it puts them."""
        self.window.order_entry.kind.set_value(kind)
        self.window.order_entry._show_kind()
        self.settle()
        return place_of(self.window.order_entry.kind.button(kind))

    def side(self, side: Side) -> QRect:
        return place_of(self.window.order_entry.buttons[side])

    @property
    def flatten_button(self) -> QPoint:
        return place_of(self.window.session_bar.flatten_button).center()

    @property
    def separator(self) -> QPoint:
        chart = self.window.workspace.docks["chart"].geometry()
        return self.window.workspace.mapTo(self.window, QPoint(chart.right() + 2, 200))

    def tab(self, title: str) -> QPoint:
        for bar in self.window.workspace.findChildren(QTabBar):
            for index in range(bar.count()):
                if bar.isVisible() and bar.tabText(index).startswith(title):
                    return place_of(bar, bar.tabRect(index)).center()
        raise AssertionError(f"no tab {title}")

    def exit_fields(self) -> tuple[QPoint, QPoint]:
        """Return where stop and target of an entry are typed: left of the choice of their unit."""
        ticket = self.window.order_entry
        stop, target = (place_of(field.edit).center() for field in (ticket.stop, ticket.target))
        return stop, target

    # ---- tables ------------------------------------------------------------------------------------------------------

    def _front(self, dock_id: str) -> TableView:
        """Bring a table to the front."""
        self.window.workspace.docks[dock_id].raise_()
        self.settle()
        tabs = self.window.tabs.panels()
        return tabs[dock_id].table if dock_id in tabs else self.window.positions.table

    def _action_cell(self, table: TableView) -> QRect:
        shown = [c for c in range(table.model().columnCount()) if not table.isColumnHidden(c)]
        column = next(c for c in shown if table.look(c).is_action)
        return table.visualRect(table.model().index(0, column))

    def row_button(self, dock_id: str) -> QPoint:
        table = self._front(dock_id)
        return place_of(table.viewport(), button_rect(self._action_cell(table))).center()

    def row_menu(self, dock_id: str) -> QPoint:
        """Return where the arrow of the first row's button is."""
        table = self._front(dock_id)
        return place_of(table.viewport(), menu_rect(self._action_cell(table))).center()

    def _column(self, table: TableView, key: str) -> int:
        return [column.key for column in table.source.columns].index(key)

    def header(self, dock_id: str, key: str) -> QPoint:
        """Return where a column's title is clicked."""
        table = self._front(dock_id)
        header, column = table.horizontalHeader(), self._column(table, key)
        left, width = header.sectionViewportPosition(column), header.sectionSize(column)
        assert not header.isSectionHidden(column), f"{key} is not shown"
        return place_of(header, QRect(left, 0, width, header.height())).center()

    def cell(self, dock_id: str, row: int, key: str) -> QPoint:
        """Return where a cell is."""
        table = self._front(dock_id)
        index = table.model().index(row, self._column(table, key))
        return place_of(table.viewport(), table.visualRect(index)).center()

    def row_of(self, dock_id: str, client_order_id: str) -> int:
        """Return in which row an order stands."""
        rows = self._front(dock_id).rows.rows()
        return next(number for number, row in enumerate(rows) if row.client_order_id == client_order_id)

    def first_row(self, dock_id: str) -> QRect:
        """Return where a table's first row is, or will be."""
        seen = place_of(self._front(dock_id).viewport())
        return QRect(seen.topLeft(), QSize(seen.width(), ROW_HEIGHT))

    def export_button(self, dock_id: str) -> QPoint:
        self._front(dock_id)
        return place_of(self.window.tabs.panels()[dock_id].export_button).center()


class Person:
    """Somebody who trades in the window."""

    def __init__(self, shown: Program, window: str) -> None:
        self.shown = shown
        self.screen = shown.screen
        self.window = window
        self.origin = self.screen.origin(window)

    def send(self, where: Map, side: Side, size: str, price: str = "", exits: tuple[str, str] | None = None) -> None:
        """Fill the ticket in, press its button when it is ready, and confirm."""
        before = len(self.shown.read(lambda journal: journal.intents()))
        self.choose(where.choose(OrderKind.LIMIT if price else OrderKind.MARKET))
        if price:
            self.fill(where.price_field, price)
        for field, text in zip(where.exit_fields(), exits or (), strict=False):
            self.fill(field, text)
        self.fill(where.size_field, size)
        ready = theme().direction(side is Side.BUY, "button")
        button = where.side(side)
        until("the button is ready", lambda: self.screen.count(button.translated(self.origin), ready) > 1000)
        self.screen.click(self.window, button.center())
        self.confirm("Send this order")
        until("the order is written", lambda: len(self.shown.read(lambda journal: journal.intents())) > before)

    def fill(self, field: QPoint, text: str) -> None:
        """Click into a field until it is lit, and replace what it holds."""
        frame = QRect(field - QPoint(40, 17), QSize(80, 34)).translated(self.origin)
        lit = theme().color("accent")

        def is_lit() -> bool:
            self.screen.click(self.window, field)
            self.screen.pause()
            return self.screen.count(frame, lit) > 60

        until("the field is lit", is_lit)
        self.screen.key("ctrl+a")
        self.screen.write(text)

    def clear_exits(self, where: Map) -> None:
        """Take stop and target out of the ticket."""
        for field in where.exit_fields():
            self.screen.type_over(self.window, field, "")
            self.screen.key("BackSpace")

    def wait_rows(self, where: Map, dock_id: str) -> None:
        """Wait until the table that is in front shows a row."""
        row = where.first_row(dock_id).translated(self.origin)
        until("a row", lambda: int((self.screen.pixels(row) != self.screen.pixels(row)[2, 2]).sum()) > 400)

    def export(self, where: Map, dock_id: str, kind: str, path: Path) -> None:
        """Export the table that is in front to a file."""
        title = f"Export {where.window.tabs.panels()[dock_id].title}"
        button = where.export_button(dock_id)

        def is_asked() -> bool:
            """A table that has changed below the mouse may have been taken for the menu: again, then."""
            self.open_menu(button)
            self.screen.pause()
            self.screen.key(*["Down"] * (1 if kind == "csv" else 2), "Return")
            for _ in range(20):
                self.screen.pause()
                if self.screen.window(title):
                    return True
            self.screen.key("Escape")
            return False

        until(f"{title!r} comes", is_asked)
        self.screen.wait_front(title)
        self.screen.key("ctrl+a")
        self.screen.write(str(path))
        self.screen.key("Return")
        until(f"{path.name} is written", path.exists)
        until(f"{title!r} goes", lambda: not self.screen.window(title))

    def open_menu(self, point: QPoint) -> None:
        """Click on what opens a menu below it, and wait until it is seen."""
        below = QRect(point + QPoint(-60, 20), QSize(80, 40)).translated(self.origin)
        before = self.screen.pixels(below).copy()
        self.screen.click(self.window, point)
        until("the menu", lambda: (self.screen.pixels(below) != before).any())

    def choose(self, segment: QRect) -> None:
        """Click until the segment looks chosen: a window that has just come up may not listen yet."""

        def is_chosen() -> bool:
            self.screen.click(self.window, segment.center())
            return self.screen.count(segment.translated(self.origin), theme().color("bg3")) > 500

        until("the order type is chosen", is_chosen)

    def confirm(self, title: str) -> None:
        """Press the right button of a dialog until it goes; a dialog takes no press in its first moments."""
        dialog = self.screen.wait_window(title)
        inside = self.screen.size(dialog)

        def press() -> bool:
            if self.screen.window(title):
                self.screen.click(dialog, QPoint(inside.width() * 3 // 4, inside.height() - 34))
            return not self.screen.window(title)

        until(f"{title!r} goes", press)

    def line(self, where: Map, color: QColor) -> int:
        """Return how much of a line of that colour stands in the chart."""
        return self.screen.longest_row(where.area("chart").translated(self.origin), color)
