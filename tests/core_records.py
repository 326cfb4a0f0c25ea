"""Builders of domain records for tests of the pure core: plausible values, overridden by name."""

import math
from decimal import Decimal
from typing import Any

from trader_gui.domain.account import AccountSnapshot, AccountUpdate, Balance, Position
from trader_gui.domain.market import Kline, KlineHistory
from trader_gui.domain.order import (
    Fill,
    Order,
    OrderFamily,
    OrderIntent,
    OrderStatus,
    OrderType,
    Origin,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import EngineMode
from trader_gui.domain.symbol import SymbolRules
from trader_gui.journal.belief import Belief
from trader_gui.risk.rules import RiskContext, RiskLimits

START_MS = 1_700_000_040_000
MINUTE_MS = 60_000
PREFIX = "tg1"

RULES = SymbolRules(
    symbol="BTCUSDT",
    base_asset="BTC",
    quote_asset="USDT",
    margin_asset="USDT",
    status="TRADING",
    tick_size=Decimal("0.10"),
    min_price=Decimal("100"),
    max_price=Decimal("1000000"),
    step_size=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal("1000"),
    market_step_size=Decimal("0.001"),
    market_min_quantity=Decimal("0.001"),
    market_max_quantity=Decimal("120"),
    min_notional=Decimal("50"),
    percent_up=Decimal("1.05"),
    percent_down=Decimal("0.95"),
    max_open_orders=200,
)


def dec(value: Any) -> Decimal:
    """Return a Decimal made from the value's text."""
    return Decimal(str(value))


def make_kline(
    index: int, close: Any, *, is_closed: bool = True, event_time_ms: int | None = None, **over: Any
) -> Kline:
    """Return the kline number `index` after START_MS; open, high and low follow from `close` unless given."""
    open_time_ms = START_MS + index * MINUTE_MS
    values: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "interval": "1m",
        "open_time_ms": open_time_ms,
        "close_time_ms": open_time_ms + MINUTE_MS - 1,
        "open": dec(close),
        "high": dec(close) + 1,
        "low": dec(close) - 1,
        "close": dec(close),
        "volume": dec("1.5"),
        "quote_volume": dec("150000"),
        "taker_buy_volume": dec("0.7"),
        "trade_count": 10,
        "is_closed": is_closed,
        "event_time_ms": open_time_ms + MINUTE_MS if event_time_ms is None else event_time_ms,
    }
    return Kline(**(values | over))


def make_history(closes: list[Any], first: int = 0) -> KlineHistory:
    """Return closed klines number `first`, `first + 1`, ... with these closes."""
    return KlineHistory("BTCUSDT", "1m", tuple(make_kline(first + i, c) for i, c in enumerate(closes)))


def calm_closes(count: int = 60, base: float = 100_000.0) -> list[str]:
    """Return closes that swing evenly around `base`, so that the volatility lies within its former range at the end."""
    swing = [base + 20 * (1 + 0.3 * math.sin(i / 2.7)) * (1 if i % 2 else -1) for i in range(count - 2)]
    return [f"{value:.1f}" for value in [*swing, base + 4, base - 4]]


def make_order(client_order_id: str = f"{PREFIX}-en-1", **over: Any) -> Order:
    """Return a NEW limit buy of 0.010 at 100000."""
    values: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "client_order_id": client_order_id,
        "order_family": OrderFamily.BOOK,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "status": OrderStatus.NEW,
        "quantity": dec("0.010"),
        "price": dec("100000.0"),
        "trigger_price": dec(0),
        "executed_quantity": dec(0),
        "average_price": dec(0),
        "time_in_force": TimeInForce.GTC,
        "reduce_only": False,
        "close_position": False,
        "working_type": WorkingType.CONTRACT_PRICE,
        "update_time_ms": START_MS,
        "order_id": 9_007_199_254_740_993,
    }
    return Order(**(values | over))


def make_fill(trade_id: int = 1, client_order_id: str = f"{PREFIX}-en-1", **over: Any) -> Fill:
    """Return a bought 0.010 at 100000."""
    values: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "trade_id": trade_id,
        "order_id": 9_007_199_254_740_993,
        "client_order_id": client_order_id,
        "side": Side.BUY,
        "price": dec("100000.0"),
        "quantity": dec("0.010"),
        "commission": dec("0.5"),
        "commission_asset": "USDT",
        "realized_pnl": dec(0),
        "is_maker": False,
        "trade_time_ms": START_MS,
    }
    return Fill(**(values | over))


def make_position(amount: Any, entry_price: Any = "100000.0", **over: Any) -> Position:
    """Return a position in BTCUSDT."""
    values: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "position_amount": dec(amount),
        "entry_price": dec(entry_price) if dec(amount) else dec(0),
        "unrealized_pnl": dec(0),
    }
    return Position(**(values | over))


def make_snapshot(
    *positions: Position, open_orders: tuple[Order, ...] = (), taken_time_ms: int = START_MS
) -> AccountSnapshot:
    """Return an account of 10000 USDT."""
    balance = Balance("USDT", dec(10000), dec(10000), dec(9000))
    return AccountSnapshot((balance,), positions, open_orders, taken_time_ms)


def make_account_update(*positions: Position, time_ms: int = START_MS, wallet: Any = 10000) -> AccountUpdate:
    """Return a delta of the user stream."""
    balance = Balance("USDT", dec(wallet), dec(wallet))
    return AccountUpdate("ORDER", (balance,), (dec(0),), positions, time_ms, time_ms)


def make_intent(**over: Any) -> OrderIntent:
    """Return a limit buy by hand: 0.010 at 100000."""
    values: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "purpose": Purpose.ENTRY,
        "origin": Origin.HAND,
        "reason": "by_hand",
        "wanted_time_ms": START_MS,
        "quantity": dec("0.010"),
        "price": dec("100000.0"),
        "time_in_force": TimeInForce.GTC,
    }
    return OrderIntent(**(values | over))


def make_risk_context(**over: Any) -> RiskContext:
    """Return what the gate knows of a flat, fresh, armed session at 100000; `position` may stand for `legs`."""
    position = over.pop("position", None)
    values: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "quote_asset": "USDT",
        "is_watched": True,
        "rules": RULES,
        "limits": RiskLimits(),
        "mode": EngineMode.ACTIVE,
        "is_hedge": False,
        "legs": () if position is None else (position,),
        "is_account_known": True,
        "open_orders": (),
        "closed_keys": frozenset(),
        "cancels_in_flight": frozenset(),
        "amends_in_flight": frozenset(),
        "are_entries_blocked": False,
        "brackets": (),
        "untold": frozenset(),
        "last_price": dec("100000"),
        "mark_price": dec("100000"),
        "best_bid": dec("99999.9"),
        "best_ask": dec("100000.1"),
        "is_market_fresh": True,
        "is_private_fresh": True,
        "result_today": dec(0),
        "now_ms": START_MS,
    }
    return RiskContext(**(values | over))


def make_belief(*positions: Position, orders: tuple[Order, ...] = (), wallet: Any = 10_000, time_ms: int = 0) -> Belief:
    """Return what a journal says: these positions and orders, one balance in USDT."""
    held = {position.key: position for position in positions}
    return Belief(orders, held, {"USDT": Balance("USDT", dec(wallet), dec(wallet))}, {}, {}, {}, time_ms)
