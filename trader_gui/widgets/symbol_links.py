"""The way from a table's row to its symbol: by the row's menu, in tables of what is open by a double click, too."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QMenu

from trader_gui.models.table import ROW_ROLE
from trader_gui.widgets.tables import TableView


def link_symbols(table: TableView, show: Callable[[str], None], *, by_double_click: bool = False) -> None:
    """Let the rows of a table lead to their symbols.

    Args:
        table: Its rows name a symbol, or an order or fill that does.
        show: Called with the symbol.
        by_double_click: Not where that means something else already.
    """

    def fill(menu: QMenu, row: Any) -> None:
        symbol = symbol_of(row)
        if symbol:
            menu.addAction(f"Show {symbol}").triggered.connect(lambda _checked=False: show(symbol))

    def on_double_click(index: QModelIndex) -> None:
        symbol = symbol_of(index.data(ROW_ROLE))
        if symbol and not table.look(index.column()).is_action:
            show(symbol)

    table.menu_opening.connect(fill)
    if by_double_click:
        table.doubleClicked.connect(on_double_click)


def symbol_of(row: Any) -> str:
    """Return the symbol that a row speaks of, "" for none."""
    for holder in (row, getattr(row, "order", None), getattr(row, "fill", None)):
        symbol = getattr(holder, "symbol", "")
        if symbol:
            return str(symbol)
    return ""
