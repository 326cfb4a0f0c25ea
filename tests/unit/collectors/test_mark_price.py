from decimal import Decimal

from trader_gui.collectors.mark_price import MarkPriceCollector
from trader_gui.domain.market import MarkPrice


def mark(time_ms, price="100", symbol="BTCUSDT"):
    return MarkPrice(symbol, Decimal(price), Decimal(price), Decimal("0.0001"), 0, time_ms)


def test_the_newest_mark_price_of_its_symbol_is_kept():
    collector = MarkPriceCollector("BTCUSDT")
    assert collector.mark is None and collector.frame().empty
    assert collector.apply(mark(2, "101"))
    assert not collector.apply(mark(1, "99"))
    assert not collector.apply(mark(3, "99", "ETHUSDT"))
    assert collector.mark.mark_price == 101 and collector.revision == 1
    assert collector.frame()["mark_price"].tolist() == [Decimal(101)]
