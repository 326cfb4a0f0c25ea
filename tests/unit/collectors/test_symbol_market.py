"""The markets of other symbols: kept while they are watched, each by its own messages."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.core_records import RULES, START_MS, dec, make_kline
from trader_gui.collectors.symbol_market import SymbolMarket, SymbolMarkets
from trader_gui.domain.market import BookTicker, DepthSnapshot, DepthUpdate, KlineHistory, MarkPrice
from trader_gui.domain.step import MarketState, Message, SymbolStatus
from trader_gui.domain.symbol import RulesUpdate, SymbolRules

ETHER = replace(RULES, symbol="ETHUSDT", base_asset="ETH", tick_size=dec("0.01"))


def status(state: MarketState, symbol: str = "ETHUSDT") -> SymbolStatus:
    return SymbolStatus(symbol, state, START_MS)


def mark(price: Any, after_ms: int = 0, symbol: str = "ETHUSDT") -> MarkPrice:
    return MarkPrice(symbol, dec(price), dec(price), Decimal(0), 0, START_MS + after_ms)


def ticker(bid: Any, ask: Any, number: int = 1, symbol: str = "ETHUSDT") -> BookTicker:
    return BookTicker(symbol, number, dec(bid), Decimal(5), dec(ask), Decimal(5), START_MS)


def kline(close: Any, after_ms: int, interval: str = "1m") -> Message:
    return make_kline(0, close, symbol="ETHUSDT", interval=interval, is_closed=False, event_time_ms=START_MS + after_ms)


def markets(*messages: Message) -> SymbolMarkets:
    known: dict[str, SymbolRules] = {"ETHUSDT": ETHER}
    kept = SymbolMarkets("BTCUSDT", lambda symbol: known[symbol])
    for message in messages:
        assert kept.take(message)
    return kept


def ether(kept: SymbolMarkets) -> SymbolMarket:
    found = kept.of("ETHUSDT")
    assert found is not None
    return found


def test_what_is_not_watched_is_taken_and_forgotten() -> None:
    kept = markets(mark(3000), ticker("2999.9", "3000.1"))
    assert kept.of("ETHUSDT") is None
    kept.take(status(MarketState.STALE))
    assert ether(kept).mark_price.mark is None
    kept.take(mark(3000))
    kept.take(status(MarketState.UNWATCHED))
    assert kept.of("ETHUSDT") is None


def test_the_sessions_own_messages_are_not_for_them() -> None:
    kept = markets(status(MarketState.STALE))
    for message in (mark(100_000, symbol="BTCUSDT"), make_kline(0, 100_000), RulesUpdate((), 0)):
        assert not kept.take(message)


def test_it_is_fresh_when_it_is_told_so_and_has_both_prices() -> None:
    kept = markets(status(MarketState.FRESH), mark(3000))
    assert not ether(kept).is_fresh
    kept.take(ticker("2999.9", "3000.1"))
    assert ether(kept).is_fresh
    kept.take(status(MarketState.STALE))
    assert (ether(kept).is_fresh, ether(kept).is_watched) == (False, True)
    kept.take(status(MarketState.MARKS))
    assert (ether(kept).is_fresh, ether(kept).is_watched) == (False, False)
    assert ether(kept).mark_price.mark is not None, "held and shown by turns, its mark price stays known"


def test_what_was_known_when_it_was_left_does_not_come_back_as_if_it_were_of_today() -> None:
    """Held, it is followed for its mark price alone, until it is shown again: in between the market has gone on."""
    read = KlineHistory("ETHUSDT", "1m", (make_kline(0, 4500, symbol="ETHUSDT", is_closed=False),))
    book = DepthSnapshot("ETHUSDT", 10, ((dec("2999.9"), Decimal(1)),), ())
    kept = markets(status(MarketState.FRESH), mark(3000), ticker("2999.9", "3000.1"), kline(3000, 0), book)
    kept.take(DepthUpdate("ETHUSDT", 10, 11, 9, (), (), START_MS))
    kept.take(status(MarketState.MARKS))
    for late in (mark(4500, 1000), ticker("2999.9", "3000.1", 2), kline(3000, 100), book):
        kept.take(late)
    left = ether(kept)
    assert left.mark_price.mark == mark(4500, 1000)
    assert (left.book_ticker.ticker, left.last_price, left.order_book.is_synced) == (None, None, False)
    for message in (status(MarketState.STALE), status(MarketState.FRESH), read):
        kept.take(message)
    assert (ether(kept).is_fresh, ether(kept).last_price) == (False, 4500)
    kept.take(ticker("4499.9", "4500.1", 3))
    assert ether(kept).is_fresh


def test_the_last_price_is_that_of_the_newest_kline_of_any_interval() -> None:
    read = KlineHistory("ETHUSDT", "1m", (make_kline(0, 2990, symbol="ETHUSDT", is_closed=False),))
    kept = markets(status(MarketState.STALE), read)
    assert ether(kept).last_price == 2990
    for message, price in (
        (kline(3000, 100), 3000),
        (kline(2000, 50, "1d"), 3000),
        (kline(3010, 200, "1d"), 3010),
        (read, 3010),
    ):
        kept.take(message)
        assert ether(kept).last_price == price
    assert ether(kept).now_ms == START_MS + 200


def test_the_book_goes_by_the_symbols_own_tick() -> None:
    levels = ((dec("2999.99"), Decimal(1)),)
    kept = markets(status(MarketState.STALE))
    assert ether(kept).order_book.resync_wanted
    kept.take(DepthUpdate("ETHUSDT", 8, 11, 7, (), (), START_MS))
    kept.take(DepthSnapshot("ETHUSDT", 10, levels, ()))
    assert ether(kept).order_book.top(5) == (levels, ())
    kept.take_rules(RulesUpdate((replace(ETHER, tick_size=dec("0.001")),), 0))
    assert not ether(kept).order_book.is_synced
