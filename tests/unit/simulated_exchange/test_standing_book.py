import random
from decimal import Decimal as D

from trader_gui.simulated_exchange.records import Print
from trader_gui.simulated_exchange.standing_book import LEVELS, StandingBook


def make() -> StandingBook:
    book = StandingBook(random.Random(4), (D("0.1"), D("0.001")), 2.0)
    book.move(1_000, 1_001)
    return book


def test_the_book_follows_its_touch() -> None:
    book = make()
    book.move(1_010, 1_013)
    bids, asks = book.sides()
    assert (bids[0][0], asks[0][0], len(bids), len(asks)) == (D("101.0"), D("101.3"), LEVELS, LEVELS)
    book.move(940, 941)
    bids, asks = book.sides()
    assert (bids[0][0], asks[0][0]) == (D("94.0"), D("94.1"))


def test_trades_eat_into_the_touch_and_leave_at_least_a_step() -> None:
    book = make()
    (price, size), *_ = book.sides()[1]
    book.eat(Print(price, D("0.001"), is_buyer_maker=False))
    assert book.sides()[1][0] == (price, size - D("0.001"))
    book.eat(Print(price, size * 2, is_buyer_maker=False))
    assert book.sides()[1][0] == (price, D("0.001"))


def test_a_book_is_thinned_out_and_stays_on_its_steps() -> None:
    book = make()
    before = sum(size for _, size in book.sides()[0])
    book.thin_out(0.1)
    after = [size for _, size in book.sides()[0]]
    assert D("0.05") < sum(after) / before < D("0.15")
    assert all(size > 0 and size % D("0.001") == 0 for size in after)
