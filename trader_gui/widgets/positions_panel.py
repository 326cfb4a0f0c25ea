"""Positions, and below them, where the window is high enough, the newest orders and fills."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from trader_gui.models.fills import FillsModel
from trader_gui.models.orders import OrdersModel
from trader_gui.models.positions import PositionRow, PositionsModel
from trader_gui.models.table import KeyedTableModel
from trader_gui.widgets.position_columns import POSITIONS, position_tip
from trader_gui.widgets.position_menu import fill_position_menu
from trader_gui.widgets.provenance_words import order_source
from trader_gui.widgets.table_cells import ROW_HEIGHT
from trader_gui.widgets.table_columns import FILLS_SMALL, ORDERS_SMALL
from trader_gui.widgets.table_export import TableExport
from trader_gui.widgets.table_header import HEADER_HEIGHT
from trader_gui.widgets.tables import TableView

_POSITION_ROWS = 2
"""Rows kept for positions while the small tables stand below."""


class _SmallTable(QWidget):
    """A head with the count, and a table without buttons."""

    def __init__(self, title: str, table: TableView, model: KeyedTableModel[Any]) -> None:
        super().__init__()
        self._title, self._model = title, model
        head = QFrame()
        head.setProperty("kind", "head")
        head.setFixedHeight(HEADER_HEIGHT)
        self._label = QLabel(title)
        self._label.setProperty("role", "head")
        row = QHBoxLayout(head)
        row.setContentsMargins(10, 0, 10, 0)
        row.addWidget(self._label)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(table, 1)
        for signal in (model.rowsInserted, model.rowsRemoved):
            signal.connect(self._show_count)
        self._show_count()

    def _show_count(self) -> None:
        self._label.setText(f"{self._title} {self._model.rowCount()}")


class PositionsPanel(QWidget):
    """The positions table with its small companions.

    Attributes:
        export: Writes the positions to files.

    Signals:
        close_requested: (PositionRow) the row's Close… was pressed.
        wish_requested: (PositionWish) from a menu of the row.
    """

    close_requested = Signal(object)
    wish_requested = Signal(object)

    def __init__(self, positions: PositionsModel, orders: OrdersModel, fills: FillsModel) -> None:
        super().__init__()
        self.table = TableView(
            positions,
            POSITIONS,
            "Positions",
            "No open position",
            tip=lambda row, key: position_tip(row, key, positions.now_ns),
            is_dimmed=lambda row: row.is_in_doubt,
        )
        self.export = TableExport("Positions", self.table)
        self.table.action_requested.connect(self.close_requested)
        self.table.action_menu_opening.connect(self._fill_menu)
        self.table.menu_opening.connect(self._fill_row_menu)
        self.orders = TableView(
            orders,
            ORDERS_SMALL,
            "Orders, newest",
            "Orders appear here as they come",
            tip=lambda row, key: order_source(row, orders.now_ns),
            is_dimmed=lambda row: row.is_in_doubt,
        )
        self.fills = TableView(fills, FILLS_SMALL, "Fills, newest", "Fills appear here as they come")
        rule = QFrame()
        rule.setProperty("kind", "rule")
        rule.setFixedWidth(1)
        self._below = QWidget()
        row = QHBoxLayout(self._below)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(0)
        row.addWidget(_SmallTable("Orders", self.orders, orders), 1)
        row.addWidget(rule)
        row.addWidget(_SmallTable("Fills", self.fills, fills), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.table, 1)
        column.addWidget(self._below, 2)
        self.set_small_tables(True)

    def _fill_menu(self, menu: QMenu, row: PositionRow | None) -> None:
        if row is not None:
            fill_position_menu(menu, row, self.wish_requested.emit)

    def _fill_row_menu(self, menu: QMenu, row: PositionRow | None) -> None:
        self._fill_menu(menu, row)
        self.export.fill(menu.addMenu("Export"))

    def set_small_tables(self, are_shown: bool) -> None:
        """Show or hide orders and fills below the positions; they have tabs of their own."""
        self._below.setVisible(are_shown)
        height = HEADER_HEIGHT + _POSITION_ROWS * ROW_HEIGHT
        self.table.setMaximumHeight(height if are_shown else 16_777_215)
        self.table.setMinimumHeight(HEADER_HEIGHT + ROW_HEIGHT)
