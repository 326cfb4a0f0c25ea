from decimal import Decimal

from tests.venue_world import World
from trader_gui.simulated_exchange.coin_margined import MOST_SIBLINGS, siblings
from trader_gui.simulated_exchange.symbols import SPECS
from trader_gui.simulated_exchange.wire_stream import (
    book_ticker_frame,
    mark_price_frame,
    mini_ticker_frame,
    ticker_frame,
)


def test_a_sibling_counts_in_contracts_and_the_base_asset() -> None:
    world = World("BTCUSDT", "ETHUSDT")
    tick = world.play(10)
    feed = world.venue.refresh_book("BTCUSDT")
    coin = siblings(list(world.venue.feeds.values()))["BTCUSDT"]
    plain = ticker_frame(feed, tick.time_ms)
    row = coin.ticker(plain)
    assert (row.s, row.ps, row.st, row.c, row.o) == ("BTCUSD_PERP", "BTCUSD", 2, plain.c, plain.o)
    assert abs(Decimal(row.v) * 100 - Decimal(plain.q)) <= 50
    assert row.q == plain.v
    assert coin.mini_ticker(mini_ticker_frame(feed, tick.time_ms)).v == row.v
    top = book_ticker_frame(feed, tick.time_ms)
    touch = coin.book_ticker(top)
    assert (touch.b, touch.ps, touch.st) == (top.b, "BTCUSD", 2)
    assert abs(Decimal(touch.B) * 100 - Decimal(top.B) * Decimal(top.b)) <= 50
    mark = coin.mark_price(mark_price_frame(feed, tick.time_ms))
    assert (mark.s, mark.st, mark.p) == ("BTCUSD_PERP", 2, str(tick.mark_price))


def test_only_the_first_few_symbols_have_one() -> None:
    world = World(*list(SPECS)[: MOST_SIBLINGS + 2])
    assert list(siblings(list(world.venue.feeds.values()))) == list(SPECS)[:MOST_SIBLINGS]
