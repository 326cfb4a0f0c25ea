"""FillsModel: own executions, newest first; partial fills are rows of their own."""

from dataclasses import dataclass

from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.domain.order import Fill, Origin
from trader_gui.domain.symbol import decimals_of
from trader_gui.models.table import Column, KeyedTableModel
from trader_gui.models.trader_view import StatusView


@dataclass(frozen=True)
class FillRow:
    """One execution as shown; `origin` tells whose order it was."""

    fill: Fill
    origin: Origin
    price_decimals: int
    quantity_decimals: int


COLUMNS: tuple[Column[FillRow], ...] = (
    Column("time", "Time (UTC)", lambda r: r.fill.trade_time_ms),
    Column("symbol", "Symbol", lambda r: r.fill.symbol),
    Column("side", "Side", lambda r: r.fill.side.value),
    Column("quantity", "Size", lambda r: r.fill.quantity, is_number=True),
    Column("price", "Price", lambda r: r.fill.price, is_number=True),
    Column("fee", "Fee", lambda r: r.fill.commission, is_number=True),
    Column("realized", "Realised", lambda r: r.fill.realized_pnl, is_number=True),
    Column("liquidity", "Liquidity", lambda r: "maker" if r.fill.is_maker else "taker"),
    Column("opened_by", "Sent by", lambda r: r.origin.value),
    Column("order", "Order", lambda r: r.fill.client_order_id),
)


class FillsModel(KeyedTableModel[FillRow]):
    """Executions by (symbol, trade id), as many as the collector keeps."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self._revision = (-1, -1)

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        """Bring the rows up to date; costs nothing while no order and no rule changed."""
        revision = (callback.orders.revision, callback.symbol_rules.revision)
        if revision == self._revision:
            return
        self._revision = revision
        rows = []
        for fill in reversed(callback.orders.fills):
            rules = callback.symbol_rules.of(fill.symbol)
            decimals = (rules.price_decimals, rules.quantity_decimals)
            if rules.is_unknown:
                decimals = (decimals_of(fill.price), decimals_of(fill.quantity))
            origin = callback.orders.origin_of(fill.client_order_id)[0]
            rows.append(((fill.symbol, fill.trade_id), FillRow(fill, origin, *decimals)))
        self.set_rows(rows)
