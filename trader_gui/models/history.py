"""History: orders, fills and income of the account, of the past and of this moment, every row once."""

from collections.abc import Sequence

from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot, AccountUpdate
from trader_gui.domain.order import Fill, Order, OrderFamily, OrderOutcome, OrderUpdate, PastOrder
from trader_gui.domain.step import ApprovedOrder, Step
from trader_gui.models.fills import FillsModel
from trader_gui.models.history_assets import AssetsModel
from trader_gui.models.history_income import IncomeModel
from trader_gui.models.history_loader import HistoryLoader
from trader_gui.models.history_merge import Coverage
from trader_gui.models.history_orders import OrderHistoryModel
from trader_gui.models.trader_view import HistoryView, StatusView

_OrderName = tuple[str, OrderFamily]


class History(QObject):
    """Takes what the session's steps tell, and what `loader` reads of the journal and of the exchange.

    The tables come out the same whatever arrives first, and however often.

    Attributes:
        orders, fills, income, assets: The tables.
        coverage: Spans of time of which the exchange has told everything.
        loader: Reads what is looked at.
        now_ms: Market time of the last step.

    Owner: the bridge.
    """

    def __init__(self, symbol: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.coverage = Coverage()
        self.orders = OrderHistoryModel(self)
        self.fills = FillsModel(self)
        self.income = IncomeModel(self.coverage, self)
        self.assets = AssetsModel(self)
        self.loader = HistoryLoader(symbol, self)
        self.now_ms = 0
        self._changed: dict[_OrderName, None] = {}
        self._placed: dict[_OrderName, int] = {}
        self._new_fills: list[Fill] = []
        self._new_updates: list[AccountUpdate] = []
        self._is_seeded = False
        self._rules_revision = 0

    def bind(self, callback: Callback, reader: HistoryView | None) -> None:
        """Take what is known once the session is ready."""
        for table in (self.orders, self.fills):
            table.bind(callback.symbol_rules.of, callback.orders.origin_of)
        self.loader.bind(reader)
        self.assets.bind(reader)

    # ---- from the session ------------------------------------------------------------------------------------------

    def take(self, step: Step) -> None:
        """Note what a step tells; cheap for the many that tell nothing."""
        for approved in step.approved:
            if isinstance(approved, ApprovedOrder):
                for family in OrderFamily:
                    self._placed[approved.client_order_id, family] = step.event_time_ms
        message = step.message
        if isinstance(message, OrderUpdate):
            order = message.order
            name = (order.client_order_id, order.order_family)
            self._placed.setdefault(name, order.update_time_ms)
            self._changed[name] = None
            if message.fill is not None:
                self._new_fills.append(message.fill)
        elif isinstance(message, OrderOutcome):
            self._changed.update(((message.client_order_id, family), None) for family in OrderFamily)
        elif isinstance(message, AccountUpdate):
            self._new_updates.append(message)
        elif isinstance(message, AccountSnapshot):
            self._is_seeded = False
        else:
            return
        self.loader.doubt()

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        """Show what was noted since the last frame, and have read what is looked at."""
        self.now_ms = callback.now_ms
        collected = callback.orders
        if callback.symbol_rules.revision != self._rules_revision:
            self._rules_revision = callback.symbol_rules.revision
            self.orders.reread_rules()
            self.fills.reread_rules()
        if not self._is_seeded:
            self._is_seeded = True
            for order in (*collected.closed, *collected.open_orders()):
                self._changed[order.client_order_id, order.order_family] = None
            self._new_fills += collected.fills
        if self._changed:
            found = (collected.get(*name) for name in self._changed)
            self.take_orders([self._dated(order) for order in found if order is not None])
            self._changed.clear()
        if self._new_fills:
            self.take_fills(self._new_fills)
            self._new_fills.clear()
        if self._new_updates:
            self.income.see_updates(self._new_updates)
            self._new_updates.clear()
        self.assets.look((callback.account.revision, collected.revision), self.now_ms, now_ns)
        held = (p.symbol for p in callback.account.positions.values() if p.position_amount)
        self.loader.look(self.now_ms, now_ns, {*held, *(order.symbol for order in collected.open_orders())})

    def _dated(self, order: Order) -> PastOrder:
        name = (order.client_order_id, order.order_family)
        placed_ms = self._placed.get(name, order.update_time_ms)
        if order.status.is_terminal:
            self._placed.pop(name, None)
        return PastOrder(order, placed_ms, is_told=False)

    # ---- from the loader, and what both tell -----------------------------------------------------------------------

    def take_orders(self, orders: Sequence[PastOrder]) -> int:
        """Take orders in, open ones too; return how many rows are new."""
        new = self.orders.merge(orders)
        self.fills.name(past.order for past in orders)
        return new

    def take_fills(self, fills: Sequence[Fill]) -> int:
        """Take executions in, with what they did to the wallet; return how many rows are new."""
        new = self.fills.merge(fills)
        self.income.see_fills(new)
        return len(new)

    def cover(self, start_ms: int, end_ms: int) -> None:
        """Note that the exchange has told everything of a span, and that it was taken in."""
        self.coverage.add(start_ms, end_ms)
        self.income.on_covered()
