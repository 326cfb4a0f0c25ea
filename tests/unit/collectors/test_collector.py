import pytest

from tests.core_records import PREFIX, RULES, make_account_update, make_history, make_kline
from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.agg_trade import AggTradeCollector
from trader_gui.collectors.book_ticker import BookTickerCollector
from trader_gui.collectors.kline import KlineCollector, RealTimeKlineCollector
from trader_gui.collectors.mark_price import MarkPriceCollector
from trader_gui.collectors.order_book import OrderBookCollector
from trader_gui.collectors.order_update import OrderUpdateCollector

COLLECTORS = {
    "account": AccountUpdateCollector,
    "agg_trade": lambda: AggTradeCollector("BTCUSDT"),
    "book_ticker": lambda: BookTickerCollector("BTCUSDT"),
    "kline": lambda: KlineCollector("BTCUSDT", "1m"),
    "real_time_kline": lambda: RealTimeKlineCollector("BTCUSDT", "1m"),
    "mark_price": lambda: MarkPriceCollector("BTCUSDT"),
    "order_book": lambda: OrderBookCollector("BTCUSDT", RULES.tick_size),
    "order_update": lambda: OrderUpdateCollector(PREFIX),
}
TAKEN_BY = {
    "kline": make_history([1]),
    "real_time_kline": make_kline(0, 1),
    "account": make_account_update(),
}


@pytest.mark.parametrize("name", COLLECTORS)
def test_a_message_of_no_concern_changes_neither_revision_nor_contents(name):
    collector = COLLECTORS[name]()
    for owner, message in TAKEN_BY.items():
        if owner != name and not (name == "kline" and owner == "real_time_kline"):
            assert not collector.apply(message)
    assert collector.revision == 0 and collector.frame().empty
