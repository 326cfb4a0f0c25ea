"""Who watches a campaign's session: the loop's freedom, naked positions, what the gate let through, the log."""

import asyncio
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.campaign_books import Ledger
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.market import AggTrade, Kline, MarkPrice
from trader_gui.domain.order import OrderOutcome, OrderStatus, OrderUpdate, Origin, OutcomeKind, Purpose
from trader_gui.domain.step import ApprovedOrder, EngineMode, Route, Step
from trader_gui.models.protection import is_covered, live_stops
from trader_gui.risk.rules import is_opening
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.simulated_exchange.core import VenueCore

PROBE_S = 0.01
_OF_CARE = frozenset({Purpose.PROTECTION, Purpose.EXIT})
_ON_THE_WAY = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})
FREE, UNTOLD = "free to act", "not told"
STALE_S = 3.5
"""The client's own limit of three seconds, and how often it looks."""


class LoopProbe:
    """Measures how long the loop was not free; exchange and client share it, so this is an upper bound."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def run(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(PROBE_S)
            self.longest_s = max(self.longest_s, time.perf_counter() - before - PROBE_S)


class NakedWatch:
    """Measures at the exchange how long positions that are the engine's alone were without a stop, and why.

    Attributes:
        longest_s: The longest such time; `now_s` the running one.
        longest_by_cause: The longest time on end of each cause; `FREE` is the time in which the engine's care
            could act.
        trader: The program that is there now.
    """

    def __init__(self, core: VenueCore, symbol: str) -> None:
        self.longest_s = 0.0
        self.longest_by_cause: dict[str, float] = {}
        self.ledger: Ledger | None = None
        self.trader: RtTrader | None = None
        self._core = core
        self._symbol = symbol
        self._last_trade_id = 0
        self._amount = Decimal(0)
        self._is_engines = False
        self._since_s: float | None = None
        self._cause = FREE
        self._cause_since_s = 0.0

    @property
    def now_s(self) -> float:
        return 0.0 if self._since_s is None else time.perf_counter() - self._since_s

    async def run(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(PROBE_S)

    def look(self) -> None:
        if self.ledger is None:
            return
        for row in self._core.trades(self._symbol, from_id=self._last_trade_id + 1, limit=1000):
            self._last_trade_id = row.trade_id
            if not self._amount:
                self._is_engines = True
            self._amount += row.qty if row.side == "BUY" else -row.qty
            self._is_engines = self._is_engines and self.ledger.is_engines(row.client_order_id)
        if not self._amount or not self._is_engines or self._has_stop():
            self._since_s = None
            return
        now_s, cause = time.perf_counter(), self._cause_now()
        if self._since_s is None:
            self._since_s = self._cause_since_s = now_s
        elif cause != self._cause:
            self._cause_since_s = now_s
        self._cause = cause
        self.longest_s = max(self.longest_s, now_s - self._since_s)
        on_end_s = now_s - self._cause_since_s
        self.longest_by_cause[cause] = max(self.longest_by_cause.get(cause, 0.0), on_end_s)

    def findings(self, free_limit_s: float, untold_limit_s: float) -> list[str]:
        """Return what was longer than it may be: an idle care, or a program that did not find out."""
        limits = {FREE: free_limit_s, UNTOLD: untold_limit_s}
        return [
            f"the engine's position had no stop at the exchange for {seconds:.2f} s ({cause})"
            for cause, limit_s in limits.items()
            if (seconds := self.longest_by_cause.get(cause, 0.0)) > limit_s
        ]

    def _has_stop(self) -> bool:
        side = "SELL" if self._amount > 0 else "BUY"
        return any(
            row.side == side and row.order_type == "STOP_MARKET" and (row.close_position or row.reduce_only)
            for row in self._core.open_algo_orders(self._symbol)
        )

    def _cause_now(self) -> str:
        """Return why nothing can be done about it at this instant, `FREE` when something can."""
        trader = self.trader
        if trader is None or not trader.started.is_set():
            return "no program"
        callback = trader.callback
        if callback.gate.mode is EngineMode.HALTED:
            return "halted"
        if callback.rules.status != "TRADING":
            return "symbol closed"
        position = callback.account.position(callback.symbol)
        orders = callback.orders.open_orders(callback.symbol)
        if position is None or not callback.engine_holds_position or is_covered(position, live_stops(position, orders)):
            return UNTOLD
        if any(o.origin is Origin.ENGINE and o.purpose in _OF_CARE and o.status in _ON_THE_WAY for o in orders):
            return "on the way or in doubt"
        return FREE


class GateWatch:
    """Holds what the gate let through against a picture of its own: prices that came, purposes that are unknown.

    Attributes:
        approved: Client order ids of all orders that passed.
        findings: What should not have passed.
    """

    def __init__(self) -> None:
        self.approved: list[str] = []
        self.findings: list[str] = []
        self.halts: Counter[str] = Counter()
        self._heard_s = 0.0
        self._in_doubt: dict[str, Purpose] = {}
        self._trader: RtTrader | None = None

    def attach(self, trader: RtTrader) -> None:
        """Watch a session; the one before has ended, and its doubts with it."""
        self._trader = trader
        self._in_doubt = {}
        trader.add_observer(self._on_step)

    def _on_step(self, step: Step) -> None:
        message = step.message
        if isinstance(message, Kline | MarkPrice | AggTrade):
            self._heard_s = time.monotonic()
        elif isinstance(message, OrderOutcome) and not message.is_cancel:
            if message.kind is not OutcomeKind.UNKNOWN:
                self._in_doubt.pop(message.client_order_id, None)
        elif isinstance(message, OrderUpdate):
            self._in_doubt.pop(message.order.client_order_id, None)
        elif isinstance(message, AccountSnapshot):
            for order in message.open_orders:
                self._in_doubt.pop(order.client_order_id, None)
        before = dict(self._in_doubt)
        for approved in step.approved:
            if isinstance(approved, ApprovedOrder):
                self._look_at(approved, before)

    def _look_at(self, approved: ApprovedOrder, in_doubt: Mapping[str, Purpose]) -> None:
        self.approved.append(approved.client_order_id)
        intent, trader = approved.intent, self._trader
        if is_opening(intent) and trader is not None:
            silent_s = time.monotonic() - self._heard_s
            if silent_s > STALE_S:
                self.findings.append(f"{approved.client_order_id} opened {silent_s:.1f} s after the last price")
            if not trader.status.routes[Route.PRIVATE].is_connected:
                self.findings.append(f"{approved.client_order_id} opened without a user stream")
            for other, purpose in in_doubt.items():
                if purpose is intent.purpose:
                    self.findings.append(f"{approved.client_order_id} opened while {other} was in doubt")
        self._in_doubt[approved.client_order_id] = intent.purpose


def _orders_of(step: Step) -> list[ApprovedOrder]:
    return [approved for approved in step.approved if isinstance(approved, ApprovedOrder)]


class CareWatch:
    """Measures how long the engine, while it may act, left a position of its own that it knew without a proven stop.

    Attributes:
        longest_s: From the moment the position was known, or the last thing done about it came to nothing, to a stop
            that the exchange has told, an exit on its way, or nothing left to protect.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._since_s: float | None = None
        self._trader: RtTrader | None = None

    def attach(self, trader: RtTrader) -> None:
        """Watch a session."""
        self._trader, self._since_s = trader, None
        trader.add_observer(self._on_step)

    def _on_step(self, step: Step) -> None:
        now_s = time.monotonic()
        if self._since_s is not None:
            self.longest_s = max(self.longest_s, now_s - self._since_s)
        has_acted = any(a.intent.origin is Origin.ENGINE and a.intent.purpose in _OF_CARE for a in _orders_of(step))
        if not self._is_uncared_for():
            self._since_s = None
        elif self._since_s is None or has_acted:
            self._since_s = now_s

    def _is_uncared_for(self) -> bool:
        assert self._trader is not None
        callback = self._trader.callback
        if callback.gate.mode is EngineMode.HALTED or not callback.engine_holds_position:
            return False
        if callback.rules.status != "TRADING":
            return False  # nobody can do anything
        orders = callback.orders.open_orders(callback.symbol)
        if any(o.origin is Origin.ENGINE and o.purpose is Purpose.EXIT for o in orders):
            return False
        held = [p for p in callback.account.positions.values() if p.symbol == callback.symbol]
        return not all(is_covered(p, live_stops(p, orders)) for p in held)


class SendWatch:
    """Counts what reaches the exchange's matching, by client order id: nothing may come twice."""

    def __init__(self, core: VenueCore) -> None:
        self.sent: Counter[str] = Counter()
        place, place_algo = core.place_order, core.place_algo

        def placing(params: Mapping[str, str], now_ms: int) -> Any:
            self.sent[params.get("newClientOrderId", "")] += 1
            return place(params, now_ms)

        def placing_algo(params: Mapping[str, str], now_ms: int) -> Any:
            self.sent[params.get("clientAlgoId", "")] += 1
            return place_algo(params, now_ms)

        core.place_order, core.place_algo = placing, placing_algo  # type: ignore[method-assign]

    def findings(self, ledger: Ledger) -> list[str]:
        return [f"{cid} was sent {n} times" for cid, n in self.sent.items() if n > 1 and ledger.is_ours(cid)]


class LogWatch(logging.Handler):
    """Keeps what must not be in a log: errors, and exceptions of any kind."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.findings: list[str] = []
        self.warnings: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.levelname} {record.name}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            trace, place = record.exc_info[2], ""
            while trace is not None:
                place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
                trace = trace.tb_next
            line += f" | {type(record.exc_info[1]).__name__}: {record.exc_info[1]} at {place}"
        if record.levelno >= logging.ERROR or record.exc_info:
            self.findings.append(line)
        else:
            self.warnings[record.getMessage()[:60]] += 1


class Leftovers:
    """Threads and sockets that are there now and were not before."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._sockets = _sockets()

    def findings(self, patience_s: float = 5.0) -> list[str]:
        deadline = time.monotonic() + patience_s
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _left(self) -> list[str]:
        threads = [f"thread {t.name} is left" for t in threading.enumerate() if t not in self._threads]
        return threads + [f"socket {name} is left" for name in sorted(_sockets() - self._sockets)]


def _sockets() -> set[str]:
    """Return this process's open sockets; none where the system does not list them."""
    found, folder = set(), "/proc/self/fd"
    for name in os.listdir(folder) if os.path.isdir(folder) else ():  # noqa: PTH112, PTH208 - a snapshot of names
        try:
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found
