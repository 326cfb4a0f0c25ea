"""A small trading scene in real collectors: klines, an open kline, a position with stop and target, and fills."""

import math
from decimal import Decimal

from tests.core_records import (
    MINUTE_MS,
    PREFIX,
    RULES,
    START_MS,
    make_fill,
    make_kline,
    make_order,
    make_position,
    make_snapshot,
)
from trader_gui.callback import Callback
from trader_gui.decision.registry import make_strategy
from trader_gui.domain.account import Position
from trader_gui.domain.client_order_id import make_client_order_id
from trader_gui.domain.market import Kline, KlineHistory, MarkPrice
from trader_gui.domain.order import Fill, Order, OrderFamily, OrderType, Origin, Purpose, Side
from trader_gui.risk.gate import RiskGate, RiskLimits


def make_callback(capacity: int = 1500, symbol_interval: tuple[str, str] = ("BTCUSDT", "1m")) -> Callback:
    """Return the core of a session with empty collectors."""
    decision, conditionals = make_strategy("bb_rv", "BTCUSDT")
    gate = RiskGate(RiskLimits(), PREFIX, 1)
    return Callback(*symbol_interval, RULES, decision, conditionals, gate, kline_capacity=capacity)


def wave_klines(count: int, first: int = 0) -> list[Kline]:
    """Return closed klines on a slow wave around 100,000 with smaller ones upon it; number `first` and on."""
    closes = [
        100_000 + 300 * math.sin(i / 37) + 60 * math.sin(i / 5) + 15 * math.sin(i * 1.7) for i in range(-1, count)
    ]
    return [
        make_kline(
            first + i,
            f"{closes[i + 1]:.1f}",
            open=Decimal(f"{closes[i]:.1f}"),
            high=Decimal(f"{max(closes[i], closes[i + 1]) + 9 + i % 7:.1f}"),
            low=Decimal(f"{min(closes[i], closes[i + 1]) - 9 - i % 5:.1f}"),
            volume=Decimal(f"{20 + 15 * abs(math.sin(i / 3)):.3f}"),
        )
        for i in range(count)
    ]


def load_klines(callback: Callback, klines: list[Kline]) -> None:
    """Give the collectors a history."""
    callback.step(KlineHistory(callback.symbol, callback.interval, tuple(klines)))


def step_open(callback: Callback, close: str, seconds: int = 43) -> None:
    """Let the open kline move."""
    last = callback.klines.last
    assert last is not None
    index = (last.open_time_ms - START_MS) // MINUTE_MS + 1
    price = Decimal(close)
    callback.step(
        make_kline(
            index,
            close,
            open=last.close,
            high=max(price, last.close) + 4,
            low=min(price, last.close) - 4,
            is_closed=False,
            event_time_ms=START_MS + index * MINUTE_MS + seconds * 1000,
        )
    )


def step_mark(callback: Callback, price: str) -> None:
    """Let the mark price move."""
    value = Decimal(price)
    callback.step(MarkPrice("BTCUSDT", value, value, Decimal("0.0001"), callback.now_ms + 1, callback.now_ms))


def protective_orders(stop: str, target: str, side: Side = Side.SELL) -> tuple[Order, Order]:
    """Return a stop and a target of the engine that close the whole position."""

    def make(order_type: OrderType, sequence: int, trigger: str) -> Order:
        return make_order(
            make_client_order_id(PREFIX, Origin.ENGINE, Purpose.PROTECTION, sequence),
            order_family=OrderFamily.ALGO,
            side=side,
            order_type=order_type,
            quantity=Decimal(0),
            price=Decimal(0),
            trigger_price=Decimal(trigger),
            close_position=True,
            order_id=sequence,
        )

    return make(OrderType.STOP_MARKET, 71, stop), make(OrderType.TAKE_PROFIT_MARKET, 72, target)


def entry_fill(kline_index: int, price: str, side: Side = Side.BUY, quantity: str = "0.010", trade_id: int = 1) -> Fill:
    """Return a fill of the engine's entry in the kline number `kline_index`."""
    return make_fill(
        trade_id,
        make_client_order_id(PREFIX, Origin.ENGINE, Purpose.ENTRY, 70),
        side=side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        trade_time_ms=START_MS + kline_index * MINUTE_MS + 20_000,
    )


def hold(callback: Callback, position: Position, orders: tuple[Order, ...], fills: list[Fill]) -> None:
    """Let the account show a position with its orders and fills."""
    callback.orders.load_fills(fills)
    callback.step(make_snapshot(position, open_orders=orders, taken_time_ms=callback.now_ms))


def trading_scene(count: int = 200) -> Callback:
    """Return a session that is long 0.010 under a stop and a target, in an open kline with 17 s to go."""
    callback = make_callback(max(count, 1500))
    klines = wave_klines(count)
    load_klines(callback, klines)
    entry = klines[-9].close
    step_open(callback, str(klines[-1].close + 12))
    long = make_position(
        "0.010", entry, liquidation_price=entry * Decimal("0.9"), break_even_price=entry + Decimal("108.4")
    )
    hold(
        callback,
        long,
        protective_orders(str(entry - 119), str(entry + 173)),
        [entry_fill(count - 9, str(entry))],
    )
    step_mark(callback, str(klines[-1].close + 10))
    return callback


def with_limit_orders(callback: Callback, count: int) -> Callback:
    """Add resting limit orders around the newest close, 60 apart, and return the session."""
    last = callback.klines.last
    assert last is not None
    position = callback.account.position("BTCUSDT")
    assert position is not None
    orders = [
        make_order(
            make_client_order_id(PREFIX, Origin.HAND, Purpose.ENTRY, 80 + i),
            side=Side.BUY,
            price=last.close - 60 * (i + 1),
            order_id=80 + i,
        )
        for i in range(count)
    ]
    everything = (*callback.orders.open_orders("BTCUSDT"), *orders)
    callback.step(make_snapshot(position, open_orders=everything, taken_time_ms=callback.now_ms))
    return callback
