"""SessionModel: all that the session bar, the status bar and the banners say, worked out once a frame."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.callback.quotes import mark_of
from trader_gui.domain.account import Position
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import SymbolRules, unknown_rules
from trader_gui.models.frame import FrameModel
from trader_gui.models.protection import engine_watch, protection
from trader_gui.models.reconciliation import RowKind, RowState
from trader_gui.models.session_state import (
    STREAMS,
    AccountKind,
    AccountState,
    DeadManState,
    FeedKind,
    MoneyState,
    PriceState,
    RouteState,
    ServiceState,
    SessionState,
)
from trader_gui.models.trader_view import ReconciliationView, RouteView, StatusView

CONFIRMED_FOR_S = 60
"""An account that was not confirmed for longer is told in amber."""

_DAY_MS = 86_400_000
_NS = 1_000_000_000
_RECENT_NS = 60 * _NS
"""So long a lost connection, or what befell the machine, is spoken of."""


class SessionModel(FrameModel):
    """The session's state as shown; `changed` comes only when something on the screen differs.

    Attributes:
        profile_name: `demo`, `replay`, `paper`, `testnet` or `live`.
        symbol, interval: Of the session.
        rules: The symbol's filters; None until the session has read them.
        state: The picture of the last refresh.
        now_ns: Monotonic time of it; ages are counted up to it.
    """

    def __init__(self, profile_name: str, symbol: str, interval: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.profile_name = profile_name
        self.symbol = symbol
        self.interval = interval
        self.rules: SymbolRules | None = None
        self.state = SessionState()
        self.now_ns = 0
        self._rules_of: Callable[[str], SymbolRules] = unknown_rules

    def rules_of(self, symbol: str) -> SymbolRules:
        """Return the filters of any symbol; `is_unknown` ones while they are not told."""
        return self._rules_of(symbol)

    def refresh_status(self, status: StatusView) -> None:
        """Show the start of a session, while there are no collectors yet."""
        self._show(
            SessionState(
                phase=status.phase,
                failure=status.failure,
                loading_done=status.loading_done,
                loading_total=status.loading_total,
                halt_reason=status.halt_reason,
                differences=status.differences,
            )
        )

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        self.now_ns = now_ns
        self._rules_of = callback.symbol_rules.of
        positions = list(callback.account.positions.values())
        orders = callback.orders.open_orders()
        is_known = callback.account.is_known
        streams = {route: _route_state(status.routes[route], now_ns) for route in STREAMS}
        is_disturbed = bool(status.disturbed_ns) and now_ns - status.disturbed_ns < _RECENT_NS
        self._show(
            SessionState(
                phase=status.phase,
                failure=status.failure,
                loading_done=status.loading_done,
                loading_total=status.loading_total,
                mode=callback.gate.mode,
                armed_left_s=_left_s(status.armed_until_ns, now_ns),
                halt_reason=status.halt_reason,
                protection=protection(positions, orders, is_known=is_known),
                watch=engine_watch(callback),
                dead_man=_dead_man_state(status, now_ns),
                feed=_worse(streams[Route.MARKET], streams[Route.PUBLIC]),
                user_stream=streams[Route.PRIVATE],
                streams=tuple(streams.items()),
                disturbance=status.disturbance if is_disturbed else "",
                price=_price_state(callback),
                money=self._money_state(callback, status, positions),
                service=_service_state(status, now_ns),
                account=self._account_state(status.reconciliation, now_ns),
                legs=callback.account.legs(self.symbol),
                is_hedge=status.is_hedge,
                differences=status.differences,
                data_ended=status.data_ended,
                venue_time_s=status.venue_time_ms // 1000,
            )
        )

    def _show(self, state: SessionState) -> None:
        if state != self.state:
            self.state = state
            self.changed.emit()

    def _account_state(self, looks: ReconciliationView, now_ns: int) -> AccountState:
        age_s = None if looks.confirmed_ns is None else max(0, now_ns - looks.confirmed_ns) // _NS
        unexplained = [row for row in looks.rows if row.state is RowState.UNEXPLAINED]
        asset = self.rules.margin_asset if self.rules is not None else ""
        return AccountState(
            kind=_account_kind(looks, age_s, has_unexplained=bool(unexplained)),
            age_s=age_s,
            open_rows=looks.open_rows,
            worst=unexplained[0] if unexplained else None,
            problem=looks.problem,
            wallet=looks.told.get((RowKind.WALLET, asset)),
        )

    def _money_state(self, callback: Callback, status: StatusView, positions: list[Position]) -> MoneyState:
        account = callback.account
        balance = account.balances.get(self.rules.margin_asset) if self.rules is not None else None
        if not account.is_known or balance is None:
            return MoneyState()
        unrealized = sum((unrealized_pnl(p, mark_of(callback, p.symbol)) for p in positions), Decimal(0))
        equity = balance.wallet_balance + unrealized
        start = status.day_start_equity
        return MoneyState(balance.wallet_balance, unrealized, equity, None if start is None else equity - start)


def unrealized_pnl(position: Position, mark_price: Decimal | None) -> Decimal:
    """Return the result of closing at the mark price; without one, what the venue last told. Quote asset."""
    if mark_price is None:
        return position.unrealized_pnl
    return position.position_amount * (mark_price - position.entry_price)


def _left_s(until_ns: int | None, now_ns: int) -> int | None:
    return None if until_ns is None else max(0, -(-(until_ns - now_ns) // _NS))


def _age_s(then_ns: int, now_ns: int) -> float | None:
    """Return the age in tenths of a second; whole seconds from ten on, where tenths say nothing."""
    if not then_ns:
        return None
    age = max(0, now_ns - then_ns) / _NS
    return round(age, 1) if age < 10 else float(int(age))


def _route_state(route: RouteView, now_ns: int) -> RouteState:
    since_ns = route.fresh_since_ns if route.is_connected else route.connected_since_ns
    age_s = _age_s(route.last_received_ns, now_ns)
    return RouteState(
        kind=_route_kind(route),
        age_s=age_s,
        detail=route.detail,
        alive_s=_age_s(route.alive_ns, now_ns),
        since_s=max(0, now_ns - since_ns) // _NS if since_ns else None,
        replaced=route.replaced,
        reason=route.reason,
        losses=route.losses if now_ns - route.lost_ns < _RECENT_NS else 0,
    )


def _route_kind(route: RouteView) -> FeedKind:
    if route.is_connected:
        return FeedKind.FRESH if route.is_fresh else FeedKind.STALE
    return FeedKind.OFFLINE if route.last_received_ns or route.lost_ns else FeedKind.WAITING


def _worse(*states: RouteState) -> RouteState:
    """Return the worst; of two equal ones, the one that was lost more often lately, or the older."""
    order = [FeedKind.FRESH, FeedKind.WAITING, FeedKind.STALE, FeedKind.OFFLINE]
    return max(states, key=lambda s: (order.index(s.kind), s.losses, s.age_s or 0.0))


def _price_state(callback: Callback) -> PriceState:
    kline = callback.open_kline.kline or callback.klines.last
    mark = callback.mark_price.mark
    change, span_ms = (None, 0) if kline is None else _change(callback, float(kline.close), kline.open_time_ms)
    return PriceState(
        last_price=kline.close if kline else None,
        change_fraction=change,
        change_span_ms=span_ms,
        mark_price=mark.mark_price if mark else None,
        funding_fraction=mark.funding_rate_fraction if mark else None,
        funding_in_s=max(0, mark.next_funding_time_ms - callback.now_ms) // 1000 if mark else None,
    )


def _change(callback: Callback, last_price: float, open_time_ms: int) -> tuple[float | None, int]:
    """Return the change over 24 hours, or over what the loaded klines reach, and the span."""
    arrays = callback.klines.arrays()
    if not len(arrays.close):
        return None, 0
    index = int(np.searchsorted(arrays.open_time_ms, open_time_ms - _DAY_MS))
    index = min(index, len(arrays.close) - 1)
    span_ms = open_time_ms - int(arrays.open_time_ms[index])
    return last_price / float(arrays.close[index]) - 1.0, span_ms


def _dead_man_state(status: StatusView, now_ns: int) -> DeadManState:
    told = status.dead_man
    return DeadManState(told.mode, _left_s(told.until_ns, now_ns), told.failure)


def _account_kind(looks: ReconciliationView, age_s: int | None, *, has_unexplained: bool) -> AccountKind:
    if has_unexplained:
        return AccountKind.UNEXPLAINED
    if looks.open_rows:
        return AccountKind.DIFFERS
    if not looks.is_running:
        return AccountKind.UNCHECKED
    if age_s is None:
        return AccountKind.CHECKING
    return AccountKind.OLD if age_s > CONFIRMED_FOR_S else AccountKind.CONFIRMED


def _service_state(status: StatusView, now_ns: int) -> ServiceState:
    synced_ns = status.clock_synced_ns
    return ServiceState(
        rest_latency_ms=None if status.rest_latency_ms is None else round(status.rest_latency_ms),
        clock_offset_ms=None if status.clock_offset_ms is None else round(status.clock_offset_ms),
        clock_age_min=None if synced_ns is None else max(0, now_ns - synced_ns) // (60 * _NS),
        banned_until_ms=status.banned_until_ms,
        paused_s=_left_s(status.reads_paused_until_ns, now_ns) or 0,
        weight_used=status.weight_used,
        weight_limit=status.weight_limit,
        orders_used=status.orders_used,
        orders_limit=status.orders_limit,
        journal_ok=status.journal_ok,
        journal_failure=status.journal_failure,
        journal_failed_since_ms=status.journal_failed_since_ms,
    )
