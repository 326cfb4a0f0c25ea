"""The default places of the docks, and how they collapse when the window is small."""

from collections.abc import Mapping
from enum import Enum
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from trader_gui.widgets.dock import Dock

LOW_HEIGHT = 960
"""Below this the small tables under the positions go."""
_MEDIUM_WIDTH = 1640
_SMALL_WIDTH, _SMALL_HEIGHT = 1360, 840

DOCK_TITLES = {
    "chart": "Chart",
    "order_book": "Order book",
    "agg_trades": "Trades",
    "order_entry": "Order ticket",
    "conditions": "Conditions",
    "positions": "Positions",
    "orders": "Orders",
    "order_history": "Order history",
    "fills": "Fills",
    "income": "Income",
    "assets": "Assets",
    "reconciliation": "Reconciliation",
    "journal": "Journal",
    "log": "Log",
}
"""Every dock by its id, in the order of the menu."""
_BOARD_HEIGHT, _LEAST_BOARD_HEIGHT = 384, 190
_TICKET_HEIGHT = 532
"""All of the ticket, standing close together, and its title."""
_TABLES = (
    "positions",
    "orders",
    "order_history",
    "fills",
    "income",
    "assets",
    "reconciliation",
    "journal",
    "log",
)


class Tier(Enum):
    """How much room there is; the value is (width of the right region, height of the tables)."""

    WIDE = (640, 240)
    MEDIUM = (360, 240)
    SMALL = (316, 114)

    @property
    def region_width(self) -> int:
        """Width of the docks right of the chart."""
        return self.value[0]

    @property
    def table_height(self) -> int:
        """Height of the tables below the chart, their tabs included."""
        return self.value[1]


def tier_of(width: int, height: int) -> Tier:
    """Return which default layout fits a window."""
    if width < _SMALL_WIDTH or height < _SMALL_HEIGHT:
        return Tier.SMALL
    return Tier.MEDIUM if width < _MEDIUM_WIDTH else Tier.WIDE


def arrange(workspace: QMainWindow, docks: Mapping[str, Dock], tier: Tier) -> None:
    """Put every dock in its default place; closed and floating ones come back."""
    for dock in docks.values():
        dock.setFloating(False)
        workspace.removeDockWidget(dock)
    horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    right_top = "order_book" if tier is Tier.WIDE else "order_entry"
    workspace.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks["chart"])
    workspace.splitDockWidget(docks["chart"], docks[right_top], horizontal)
    workspace.splitDockWidget(docks["chart"], docks["positions"], vertical)
    if tier is not Tier.SMALL:
        workspace.splitDockWidget(docks[right_top], docks["conditions"], vertical)
    if tier is Tier.WIDE:
        workspace.splitDockWidget(docks["order_book"], docks["order_entry"], horizontal)
        _tabify(workspace, docks, ("order_book", "agg_trades"))
    elif tier is Tier.MEDIUM:
        _tabify(workspace, docks, ("order_entry", "order_book", "agg_trades"))
    else:
        _tabify(workspace, docks, ("order_entry", "order_book", "conditions"))
    _tabify(workspace, docks, (*_TABLES, "agg_trades") if tier is Tier.SMALL else _TABLES)
    for dock in docks.values():
        dock.show()
    for name in (right_top, "positions"):
        docks[name].raise_()
    resize(workspace, docks, tier)


def _tabify(workspace: QMainWindow, docks: Mapping[str, Dock], names: tuple[str, ...]) -> None:
    for former, name in pairwise(names):
        workspace.tabifyDockWidget(docks[former], docks[name])


def resize(workspace: QMainWindow, docks: Mapping[str, Dock], tier: Tier) -> None:
    """Give the docks of the default layout their default sizes; the chart takes what is left."""
    right_top = "order_book" if tier is Tier.WIDE else "order_entry"
    width, height = workspace.width(), workspace.height()
    chart_width = max(480, width - tier.region_width - 4)
    if tier is Tier.WIDE:
        row, sizes = [docks["chart"], docks["order_book"], docks["order_entry"]], [chart_width, 276, 360]
    else:
        row, sizes = [docks["chart"], docks["order_entry"]], [chart_width, tier.region_width]
    workspace.resizeDocks(row, sizes, Qt.Orientation.Horizontal)
    table = tier.table_height
    workspace.resizeDocks([docks["chart"], docks["positions"]], [height - table - 4, table], Qt.Orientation.Vertical)
    if tier is not Tier.SMALL:
        board = min(_BOARD_HEIGHT, max(_LEAST_BOARD_HEIGHT, height - _TICKET_HEIGHT))
        workspace.resizeDocks(
            [docks[right_top], docks["conditions"]], [height - board - 4, board], Qt.Orientation.Vertical
        )
