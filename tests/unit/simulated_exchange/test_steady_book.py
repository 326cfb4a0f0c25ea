from decimal import Decimal as D

from trader_gui.simulated_exchange.steady_book import LEVELS, SteadyBook
from trader_gui.simulated_exchange.symbols import SPECS


def test_sizes_depend_on_the_price_alone() -> None:
    book = SteadyBook(SPECS["BTCUSDT"], D(20))
    bids, asks = book.at(600_000)
    assert (len(bids), len(asks), bids[0][0], asks[0][0]) == (LEVELS, LEVELS, D("60000.0"), D("60000.1"))
    sizes = dict(bids + asks)
    moved = dict(sum(book.at(600_003), ()))
    assert all(sizes[price] == size for price, size in moved.items() if price in sizes)
    assert dict(sum(SteadyBook(SPECS["BTCUSDT"], D(20)).at(600_003), ())) == moved
    assert all(size > 0 and size % D("0.001") == 0 for size in sizes.values())


def test_near_zero_the_bids_end() -> None:
    bids, asks = SteadyBook(SPECS["BTCUSDT"], D(20)).at(3)
    assert [price for price, _ in bids] == [D("0.3"), D("0.2"), D("0.1")]
    assert len(asks) == LEVELS
