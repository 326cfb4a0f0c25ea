from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.order_queries import KEPT_MS, KEPT_UNFILLED_MS
from trader_gui.simulated_exchange.records import VenueRefusal


def refused(code: int):
    return pytest.raises(VenueRefusal, match=f"^{code}:")


def test_orders_of_all_symbols_come_in_the_order_they_were_placed(bench) -> None:
    bench.tick(symbol="ETHUSDT", bid="3000.00", ask="3000.01")
    placed = [
        bench.order("BUY", "0.1", price, symbol=symbol)
        for symbol, price in (("ETHUSDT", "2900"), ("BTCUSDT", "59000"), ("ETHUSDT", "2901"))
    ]
    assert bench.core.all_orders() == placed
    assert bench.core.all_orders(limit=2) == placed[1:]
    assert bench.core.all_orders(order_id=placed[1].order_id, limit=1) == placed[1:2]
    assert bench.core.all_orders("ETHUSDT") == [placed[0], placed[2]]
    assert bench.core.open_orders() == placed
    with refused(-1121):
        bench.core.all_orders("NOUSDT")


def test_an_unfilled_order_is_forgotten_three_days_after_its_end(bench) -> None:
    ended, filled = bench.order("BUY", "0.01", "59000", newClientOrderId="gone"), bench.order("BUY", "0.01")
    waiting = bench.order("BUY", "0.01", "58000")
    algo = bench.algo("SELL", "STOP_MARKET", "50000", "0.01")
    bench.core.cancel_order("BTCUSDT", ended.order_id, None, bench.now_ms)
    bench.core.cancel_algo(algo.algo_id, None, bench.now_ms)
    bench.tick(after_ms=KEPT_UNFILLED_MS)
    assert bench.core.query_order("BTCUSDT", None, "gone") is ended
    bench.tick(after_ms=1)
    for find in (bench.core.query_order, bench.core.amendments):
        with refused(-2013):
            find("BTCUSDT", ended.order_id)
    with refused(-2013):
        bench.core.algo_order(algo.algo_id)
    assert bench.core.all_orders("BTCUSDT") == [filled, waiting]
    assert bench.core.all_algo_orders("BTCUSDT") == []
    bench.tick(after_ms=KEPT_MS)
    with refused(-2013):
        bench.core.query_order("BTCUSDT", filled.order_id)
    assert bench.core.open_order("BTCUSDT", waiting.order_id) is waiting
    assert bench.core.all_orders() == [waiting]
    assert bench.core.trades("BTCUSDT") == []


def test_executions_by_order_and_from_an_id(bench) -> None:
    bench.tick(quantity="0.1")
    first, second = bench.order("BUY", "0.3"), bench.order("SELL", "0.2")
    rows = bench.core.trades("BTCUSDT")
    assert [row.order_id for row in rows] == [first.order_id] * 3 + [second.order_id] * 2
    assert bench.core.trades("BTCUSDT", order_id=first.order_id, limit=2) == rows[1:3]
    assert bench.core.trades("BTCUSDT", from_id=rows[1].trade_id, limit=2) == rows[1:3]
    assert bench.core.trades("BTCUSDT", start_ms=rows[0].time_ms, limit=2) == rows[:2]
    assert bench.core.trades("BTCUSDT", end_ms=rows[0].time_ms) == rows[:3]
    assert sum(row.qty for row in rows) == D("0.5")
