from decimal import Decimal

from trader_gui.collectors.agg_trade import AggTradeCollector
from trader_gui.domain.market import AggTrade


def trade(number, symbol="BTCUSDT"):
    return AggTrade(symbol, number, Decimal(100), Decimal(1), False, number, number)


def test_each_trade_once_newest_first_and_bounded():
    collector = AggTradeCollector("BTCUSDT", capacity=3)
    applied = [collector.apply(trade(n)) for n in (1, 2, 2, 1, 3, 4)]
    assert applied == [True, True, False, False, True, True]
    assert not collector.apply(trade(9, "ETHUSDT"))
    assert [t.agg_trade_id for t in collector.latest(2)] == [4, 3]
    assert [t.agg_trade_id for t in collector.latest(9)] == [4, 3, 2] and len(collector) == 3
    assert collector.frame()["agg_trade_id"].tolist() == [2, 3, 4]
