"""Bridge: observer of a session's steps; refreshes the window's models at most once a frame."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal

from trader_gui.domain.step import Step
from trader_gui.domain.symbol import SymbolRules
from trader_gui.log import LogTail
from trader_gui.models.conditions import ConditionsModel
from trader_gui.models.decisions import DecisionsModel
from trader_gui.models.frame import FrameModel
from trader_gui.models.history import History
from trader_gui.models.log import LogModel
from trader_gui.models.order_book import AggTradesModel, OrderBookModel
from trader_gui.models.orders import OrdersModel
from trader_gui.models.positions import PositionsModel
from trader_gui.models.reconciliation import ReconciliationModel
from trader_gui.models.series import SeriesModel
from trader_gui.models.session import SessionModel
from trader_gui.models.ticket import TicketModel
from trader_gui.models.trader_view import TraderView

Refreshed: TypeAlias = FrameModel | PositionsModel | OrdersModel | History | ReconciliationModel | DecisionsModel

_log = logging.getLogger(__name__)

FRAME_MS = 33
"""Each model is refreshed once a frame, 30 times a second: painting shares the loop with trading.

The chart, which paints as much as all others together, comes half a frame after them: Qt paints what has changed in
one go, and no message is looked at meanwhile.
"""
FLUSH_BUDGET_NS = 4_000_000
"""A flush that took so long leaves the other models to the next frame: what changed at once is not painted at once."""
_RETRY_NS = 1_000_000_000
"""A model that failed is left alone for so long before it is tried again."""


@dataclass
class _Part:
    """One model by its panel's name; `failed_ns` is None while it works."""

    name: str
    model: Refreshed
    failed_ns: int | None = None


@dataclass
class _Half:
    """Models that are refreshed together; `first` is the one to begin with, where the last flush was cut short."""

    parts: Sequence[_Part]
    first: int = 0


class Bridge(QObject):
    """Between one session and the window. It reads the session and never writes.

    Attributes:
        session, order_book, agg_trades, positions, orders, history, reconciliation, conditions, decisions, series,
            ticket, log: The models; the tables of `history` are `order_history`, `fills`, `income` and `assets`.
        trader: The session.

    Signals:
        part_failed: (dock id, one line) when a model's refresh raised; (dock id, "") when it works again.
        ready: The symbol's rules have been read; emitted once.

    Owner: the app; `start` and `stop` bound the timer's life. Runs on the Qt thread, which is the loop's.
    """

    part_failed = Signal(str, str)
    ready = Signal()

    def __init__(
        self,
        trader: TraderView,
        parent: QObject | None = None,
        *,
        log_tail: LogTail | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        super().__init__(parent)
        self.trader = trader
        self._now_ns = now_ns
        self._is_ready = False
        self._rules: SymbolRules | None = None
        symbol = trader.symbol
        self.session = SessionModel(trader.profile.name, symbol, trader.interval, self)
        self.order_book = OrderBookModel(self)
        self.agg_trades = AggTradesModel(self)
        self.positions = PositionsModel(self)
        self.orders = OrdersModel(self)
        self.history = History(symbol, self)
        self.order_history, self.fills = self.history.orders, self.history.fills
        self.income, self.assets = self.history.income, self.history.assets
        self.reconciliation = ReconciliationModel(self)
        self.decisions = DecisionsModel(self)
        self.conditions = ConditionsModel(symbol, self.decisions, self)
        self.series = SeriesModel(self)
        self.ticket = TicketModel(self)
        self.log = LogModel(log_tail, self)
        self._halves = (_Half(self._make_parts()), _Half((_Part("chart", self.series),)))
        self._is_charts_turn = False
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS // 2)
        self._timer.timeout.connect(self._on_half_frame)
        trader.add_observer(self.on_step)

    def start(self) -> None:
        """Begin to flush once a frame."""
        self._timer.start()

    def stop(self) -> None:
        """Flush no more."""
        self._timer.stop()

    def on_step(self, step: Step) -> None:
        """Take a step of the session: notes what must not be lost, leaves the rest to the next frame."""
        self.decisions.take(step)
        self.history.take(step)
        self.series.story.take(step)

    def flush(self) -> None:
        """Refresh every model that is looked at; one that fails is reported, and the others go on."""
        for half in self._halves:
            self._flush(half)

    def _on_half_frame(self) -> None:
        self._flush(self._halves[self._is_charts_turn])
        self._is_charts_turn = not self._is_charts_turn

    def _flush(self, half: _Half) -> None:
        now_ns = self._now_ns()
        self.log.refresh()
        if not self.trader.is_ready:
            status = self.trader.status
            self.session.refresh_status(status)
            self.series.set_loading(status.loading_done, status.loading_total)
            return
        if not self._is_ready:
            self._on_ready()
        if self.trader.rules is not self._rules:
            self._take_rules(self.trader.rules)
        begin, half.first = half.first, 0
        for number in (*range(begin, len(half.parts)), *range(begin)):
            part = half.parts[number]
            if isinstance(part.model, FrameModel) and not part.model.is_watched:
                continue
            if part.failed_ns is None or now_ns - part.failed_ns >= _RETRY_NS:
                self._refresh(part, now_ns)
            if self._now_ns() - now_ns > FLUSH_BUDGET_NS:
                half.first = (number + 1) % len(half.parts)
                return

    def _refresh(self, part: _Part, now_ns: int) -> None:
        try:
            part.model.refresh(self.trader.callback, self.trader.status, now_ns)
        except Exception as error:  # noqa: BLE001  # a panel's bug must not take the others, nor the flush, with it
            self._on_failed(part, now_ns, error)
            return
        if part.failed_ns is not None:
            part.failed_ns = None
            self.part_failed.emit(part.name, "")

    def _on_failed(self, part: _Part, now_ns: int, error: Exception) -> None:
        if part.failed_ns is None:
            _log.error("the %s panel cannot be brought up to date", part.name, exc_info=error)
        part.failed_ns = now_ns
        self.part_failed.emit(part.name, f"{type(error).__name__}: {error}")

    def _on_ready(self) -> None:
        self._is_ready = True
        self.series.picks.bind(self.trader.callback)
        self.history.bind(self.trader.callback, self.trader.history)
        self._take_rules(self.trader.rules)
        self.ready.emit()

    def _take_rules(self, rules: SymbolRules) -> None:
        """Take the filters of the session's symbol, at the start and whenever the exchange has changed them."""
        self._rules = rules
        self.session.rules = rules
        self.conditions.price_decimals = rules.price_decimals

    def _make_parts(self) -> tuple[_Part, ...]:
        """List the models in the order in which a late frame should bring them: money first."""
        return (
            _Part("session", self.session),
            _Part("positions", self.positions),
            _Part("orders", self.orders),
            _Part("fills", self.history),
            _Part("reconciliation", self.reconciliation),
            _Part("journal", self.decisions),
            _Part("order_entry", self.ticket),
            _Part("order_book", self.order_book),
            _Part("agg_trades", self.agg_trades),
            _Part("conditions", self.conditions),
        )
