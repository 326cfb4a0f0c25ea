from decimal import Decimal

from trader_gui.collectors.book_ticker import BookTickerCollector
from trader_gui.domain.market import BookTicker


def ticker(update_id, bid="100", symbol="BTCUSDT"):
    return BookTicker(symbol, update_id, Decimal(bid), Decimal(1), Decimal(101), Decimal(1), update_id)


def test_the_newest_ticker_of_its_symbol_is_kept():
    collector = BookTickerCollector("BTCUSDT")
    assert collector.ticker is None and collector.frame().empty
    assert collector.apply(ticker(2))
    assert not collector.apply(ticker(1, "99"))
    assert not collector.apply(ticker(3, "99", "ETHUSDT"))
    assert collector.ticker.best_bid == 100 and collector.revision == 1
    assert collector.frame()["update_id"].tolist() == [2]
