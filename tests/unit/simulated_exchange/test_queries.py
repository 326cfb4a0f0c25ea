from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.records import VenueRefusal


def test_order_and_trade_lists_page_from_a_start_or_keep_the_latest(bench) -> None:
    orders = [bench.order("BUY", "0.01", newClientOrderId=f"o{i}") for i in range(5)]
    ids = [order.order_id for order in orders]
    assert ids[0] > 2**53 and ids == sorted(ids)
    core = bench.core

    def listed(**span: int) -> list[int]:
        return [order.order_id for order in core.all_orders("BTCUSDT", **span)]

    assert listed() == ids
    assert listed(limit=2) == ids[-2:]
    assert listed(start_ms=0, limit=2) == ids[:2]
    assert listed(order_id=ids[2], limit=2) == ids[2:4]
    assert listed(start_ms=orders[1].time_ms, end_ms=orders[3].time_ms) == ids[1:4]
    trades = core.trades("BTCUSDT")
    assert [trade.order_id for trade in trades] == ids
    assert core.trades("BTCUSDT", from_id=trades[3].trade_id) == trades[3:]
    assert core.trades("BTCUSDT", order_id=ids[1]) == [trades[1]]
    assert core.trades("BTCUSDT", limit=1) == [trades[-1]]


def test_income_by_type_and_symbol(bench) -> None:
    bench.order("BUY", "0.01")
    bench.tick(bid="60100.0", ask="60100.1")
    bench.order("SELL", "0.01")
    assert [entry.income_type for entry in bench.core.income()] == ["COMMISSION", "REALIZED_PNL", "COMMISSION"]
    assert [entry.income for entry in bench.core.income(income_type="REALIZED_PNL")] == [D("0.999")]
    assert bench.core.income("ETHUSDT") == []
    assert len(bench.core.income(limit=1)) == 1


def test_market_figures(bench) -> None:
    bench.tick(bid="60000.0", ask="60000.1", mark="60001.5", prints=[("BUY", "60000.1", "1")], rate="0.0003")
    core = bench.core
    assert (core.last_price("BTCUSDT"), core.mark("BTCUSDT")) == (D("60000.1"), D("60001.5"))
    assert core.index("BTCUSDT") == D("60001.5")
    assert core.best("BTCUSDT") == ((60000, 10), (D("60000.1"), 10))
    rate, next_ms = core.funding("BTCUSDT")
    assert rate == D("0.0003") and 0 < next_ms - bench.now_ms <= 28_800_000 and next_ms % 28_800_000 == 0
    bids, asks = core.book("BTCUSDT", 5)
    assert len(bids) == len(asks) == 5
    assert list(core.leverage_brackets("BTCUSDT")) == ["BTCUSDT"]


def test_unknown_names(bench) -> None:
    core = bench.core
    for call in (
        lambda: core.open_orders("NOUSDT"),
        lambda: core.book("NOUSDT", 5),
        lambda: core.position_risk("NOUSDT"),
        lambda: core.cancel_all("NOUSDT", 1),
        lambda: core.set_leverage("NOUSDT", 5, 1),
    ):
        with pytest.raises(VenueRefusal, match="-1121"):
            call()
    with pytest.raises(VenueRefusal, match="-1102"):
        core.query_order("BTCUSDT")
    with pytest.raises(VenueRefusal, match="-2013"):
        core.query_order("BTCUSDT", 1)
