"""The tables in the window's tabs, each with its panel: orders, order history, fills, income, assets, journal."""

from collections.abc import Iterator

from PySide6.QtWidgets import QWidget

from trader_gui.models.bridge import Bridge
from trader_gui.widgets.filter_bar import Choice, FilterBar
from trader_gui.widgets.history_columns import ASSETS, FILLS, INCOME, ORDER_HISTORY, income_words, status_words
from trader_gui.widgets.history_words import fill_sums, income_sums
from trader_gui.widgets.orders_panel import KIND, ORIGIN, SIDE, SYMBOL, OrdersPanel
from trader_gui.widgets.provenance_words import order_source
from trader_gui.widgets.table_columns import DECISIONS, ORDERS
from trader_gui.widgets.table_header import Sorting
from trader_gui.widgets.table_panel import AssetsPanel, HistoryPanel, TablePanel, fill_parts, income_parts
from trader_gui.widgets.tables import TableView

_STATE = Choice("state", "End", "All ends", status_words)
_INCOME_TYPE = Choice("type", "Type", "All types", income_words)


class TableTabs:
    """Makes the panels; the window puts them into docks.

    Attributes:
        orders, order_history, fills, income, assets: The panels.
        journal: A table alone.
    """

    def __init__(self, bridge: Bridge) -> None:
        history = bridge.history

        def now_ms() -> int:
            return history.now_ms

        table = TableView(
            bridge.orders,
            ORDERS,
            "Orders",
            "No open order",
            tip=lambda row, key: order_source(row, bridge.orders.now_ns),
            is_dimmed=lambda row: row.is_in_doubt,
        )
        self.orders = OrdersPanel(table, bridge.ticket)
        table = TableView(
            history.orders,
            ORDER_HISTORY,
            "Order history",
            "Orders that are over appear here",
            sorting=Sorting("placed", is_descending=True),
        )
        choices = (SYMBOL, SIDE, KIND, ORIGIN, _STATE)
        bar = FilterBar(table, choices, time_column="placed", now_ms=now_ms)
        self.order_history = HistoryPanel("order history", table, bar, history, has_life=True)
        table = TableView(
            history.fills,
            FILLS,
            "Fills",
            "No fill yet; your executions appear here",
            sorting=Sorting("time", is_descending=True),
        )
        bar = FilterBar(table, (SYMBOL, SIDE, ORIGIN), time_column="time", now_ms=now_ms)
        self.fills = HistoryPanel("fills", table, bar, history, has_life=True, parts_of=fill_parts, sum_words=fill_sums)
        table = TableView(
            history.income,
            INCOME,
            "Funding and income",
            "Funding, fees, results and transfers appear here",
            sorting=Sorting("time", is_descending=True),
        )
        bar = FilterBar(table, (SYMBOL, _INCOME_TYPE), time_column="time", now_ms=now_ms)
        self.income = HistoryPanel("income", table, bar, history, parts_of=income_parts, sum_words=income_sums)
        table = TableView(history.assets, ASSETS, "Assets", "The assets of the wallet appear here")
        self.assets = AssetsPanel("assets", table, history.assets)
        self.journal = TableView(
            bridge.decisions,
            DECISIONS,
            "Journal",
            "What the engine and you wanted, and what became of it, appears here",
        )

    def panels(self) -> dict[str, TablePanel]:
        """Return the panels by the id of their docks."""
        return {
            "orders": self.orders,
            "order_history": self.order_history,
            "fills": self.fills,
            "income": self.income,
            "assets": self.assets,
        }

    def docks(self) -> Iterator[tuple[str, QWidget]]:
        """Yield (dock id, its content)."""
        yield from self.panels().items()
        yield "journal", self.journal
