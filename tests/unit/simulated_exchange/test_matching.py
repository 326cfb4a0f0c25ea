from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.records import MarketTick, OrderRow, PriceLevel, Print
from trader_gui.simulated_exchange.symbols import SPECS

Levels = list[tuple[str, str]]


def levels(rows: Levels) -> tuple[PriceLevel, ...]:
    return tuple((D(price), D(quantity)) for price, quantity in rows)


def tick(bids: Levels, asks: Levels) -> MarketTick:
    return MarketTick("BTCUSDT", 1, (), levels(bids), levels(asks), D(100), D(100), D(0))


def make_book(bids: Levels, asks: Levels) -> Book:
    book = Book(SPECS["BTCUSDT"])
    book.install(tick(bids, asks))
    return book


def rest(book: Book, number: int, side: str, price: str, quantity: str) -> OrderRow:
    order = OrderRow(number, f"c{number}", "BTCUSDT", side, "LIMIT", "GTC", D(quantity), D(price), "NEW", False, 1, 1)
    book.rest(order)
    return order


def printed(book: Book, aggressor: str, price: str, quantity: str) -> list[tuple[int, D]]:
    """Apply a print and book the fills as the desk would."""
    fills = book.apply_print(Print(D(price), D(quantity), aggressor == "SELL"))
    for fill in fills:
        fill.order.executed_qty += fill.quantity
        if fill.order.executed_qty == fill.order.orig_qty:
            book.remove(fill.order)
    return [(fill.order.order_id, fill.quantity) for fill in fills]


def test_a_taker_walks_the_ladder_and_what_it_took_is_gone_until_the_next_tick() -> None:
    book = make_book([("99", "1")], [("101", "1"), ("102", "2"), ("103", "4")])
    fills = book.plan_take("BUY", D(102), D("2.5"))
    assert fills == [(101, 1), (102, D("1.5"))]
    assert book.plan_take("BUY", D(102), D("2.5")) == fills  # planning takes nothing
    book.take("BUY", fills)
    assert book.plan_take("BUY", D(102), D(5)) == [(102, D("0.5"))]
    assert book.best("SELL") == (102, D("0.5"))
    book.install(tick([("99", "1")], [("101", "1")]))
    assert book.best("SELL") == (101, 1)


def test_a_sell_takes_bids_from_the_best_down_to_its_limit() -> None:
    book = make_book([("99", "1"), ("98", "2"), ("97", "4")], [("101", "1")])
    assert book.plan_take("SELL", D(98), D(10)) == [(99, 1), (98, 2)]
    assert book.crosses("SELL", D(99)) and not book.crosses("SELL", D("99.1"))


def test_an_order_joins_behind_the_displayed_quantity() -> None:
    book = make_book([("99", "1.5")], [("101", "1")])
    rest(book, 1, "BUY", "99", "1")
    assert printed(book, "SELL", "99", "1") == []
    assert printed(book, "BUY", "99", "9") == []  # an aggressive buyer meets no bids
    assert printed(book, "SELL", "99", "1") == [(1, D("0.5"))]
    assert printed(book, "SELL", "99", "9") == [(1, D("0.5"))]
    assert not book.has_own


def test_alone_inside_the_spread_it_is_first() -> None:
    book = make_book([("99", "1.5")], [("101", "1")])
    rest(book, 1, "BUY", "100", "1")
    assert book.best("BUY") == (100, 1)
    assert printed(book, "SELL", "100", "0.4") == [(1, D("0.4"))]


def test_orders_of_one_price_fill_in_the_order_they_came() -> None:
    book = make_book([("99", "1")], [("101", "1")])
    rest(book, 1, "BUY", "99", "1")
    book.install(tick([("99", "3")], [("101", "1")]))  # two more came behind the first order
    rest(book, 2, "BUY", "99", "1")
    assert printed(book, "SELL", "99", "1.5") == [(1, D("0.5"))]
    assert printed(book, "SELL", "99", "2") == [(1, D("0.5"))]  # then 1.5 of the 2 between the two orders
    assert printed(book, "SELL", "99", "1") == [(2, D("0.5"))]


def test_a_better_price_comes_first_and_a_print_through_it_fills_it_whole() -> None:
    book = make_book([("99", "5"), ("98", "5"), ("97", "5")], [("101", "1")])
    rest(book, 1, "BUY", "98", "3")
    rest(book, 2, "BUY", "99", "2")
    assert printed(book, "SELL", "98", "0.1") == [(2, 2)]
    assert printed(book, "BUY", "97.9", "0.1") == [(1, 3)]
    book = make_book([("99", "5")], [("101", "5"), ("102", "5")])
    rest(book, 3, "SELL", "101", "2")
    assert printed(book, "BUY", "101", "5.5") == [(3, D("0.5"))]
    assert printed(book, "BUY", "101.1", "0.1") == [(3, D("1.5"))]


def test_the_queue_never_is_longer_than_what_is_displayed() -> None:
    book = make_book([("99", "5")], [("101", "1")])
    rest(book, 1, "BUY", "99", "1")
    book.install(tick([("99", "0.2")], [("101", "1")]))
    book.install(tick([("99", "7")], [("101", "1")]))  # they came later: behind
    assert printed(book, "SELL", "99", "0.5") == [(1, D("0.3"))]


def test_a_level_deeper_than_the_display_has_an_unknown_queue() -> None:
    book = make_book([("99", "5")], [("101", "1")])
    rest(book, 1, "BUY", "90", "1")
    assert printed(book, "SELL", "90", "100") == []
    book.install(tick([("91", "5"), ("90", "4")], [("101", "1")]))
    assert printed(book, "SELL", "90", "4") == []
    assert printed(book, "SELL", "90", "1") == [(1, 1)]


def test_a_ladder_that_crosses_an_order_trades_with_it_at_its_price() -> None:
    book = make_book([("99", "5")], [("101", "1")])
    order = rest(book, 1, "BUY", "99", "2")
    fills = book.install(tick([("97", "5")], [("98", "0.5"), ("99", "0.7"), ("100", "9")]))
    assert [(fill.order, fill.quantity, fill.is_public) for fill in fills] == [(order, D("1.2"), False)]
    order.executed_qty = D("1.2")
    assert book.best("BUY") == (99, D("0.8")) and book.best("SELL") == (100, 9)  # not crossed


def test_depth_shows_own_orders_among_the_others() -> None:
    book = make_book([("99", "1"), ("98", "1")], [("101", "1")])
    rest(book, 1, "BUY", "99", "0.5")
    rest(book, 2, "BUY", "98.5", "0.5")
    rest(book, 3, "SELL", "100", "2")
    assert book.depth(2) == ([(99, D("1.5")), (D("98.5"), D("0.5"))], [(100, 2), (101, 1)])


def steps(book: Book, side: str, limit: str, quantity: str, mode: str) -> tuple[list[tuple[D, D, int]], bool]:
    plan = book.plan(side, D(limit), D(quantity), mode)
    return [(price, size, own.order_id if own else 0) for price, size, own in plan.steps], plan.is_stopped


def self_trade_book() -> Book:
    """Asks: own 1 at 100.5 (order 1), 101: 1 of others, own 2 (order 2), 1 of others behind, 102: 5 of others."""
    book = make_book([("99", "1")], [("101", "1"), ("102", "5")])
    rest(book, 1, "SELL", "100.5", "1")
    rest(book, 2, "SELL", "101", "2")
    book.install(tick([("99", "1")], [("101", "2"), ("102", "5")]))
    return book


def test_a_taker_meets_own_orders_in_their_place_and_its_mode_decides() -> None:
    book = self_trade_book()
    assert steps(book, "BUY", "100.4", "9", "EXPIRE_BOTH") == ([], False)
    traded = [(D("100.5"), 1, 1), (101, 1, 0), (101, 2, 2), (101, 1, 0), (102, 4, 0)]
    assert steps(book, "BUY", "102", "9", "NONE") == (traded, False)
    kept = [(D("100.5"), 0, 1), (101, 1, 0), (101, 0, 2), (101, 1, 0), (102, 5, 0)]
    assert steps(book, "BUY", "102", "9", "EXPIRE_MAKER") == (kept, False)
    assert steps(book, "BUY", "102", "9", "EXPIRE_TAKER") == ([], True)
    assert steps(book, "BUY", "102", "9", "EXPIRE_BOTH") == ([(D("100.5"), 0, 1)], True)
    assert book.crosses("BUY", D("100.5"))
    assert not book.crosses("BUY", D("100.4"))


def test_the_queue_ahead_of_an_own_order_comes_first() -> None:
    book = make_book([("99", "1")], [("101", "3")])
    rest(book, 1, "SELL", "101", "2")
    for mode in ("NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH"):
        assert steps(book, "BUY", "101", "3", mode) == ([(101, 3, 0)], False)
    assert steps(book, "BUY", "101", "4", "EXPIRE_TAKER") == ([(101, 3, 0)], True)
    book.take("BUY", [(D(101), D("2.5"))])
    assert printed(book, "BUY", "101", "1") == [(1, D("0.5"))]  # what was taken stood ahead of it


def test_an_own_order_deeper_than_the_ladder_is_reached_when_the_ladder_is_eaten() -> None:
    book = make_book([("99", "1")], [("101", "3")])
    rest(book, 1, "SELL", "103", "2")
    assert steps(book, "BUY", "104", "4", "NONE") == ([(101, 3, 0), (103, 1, 1)], False)


def test_an_rpi_order_is_neither_seen_nor_met_by_own_takers() -> None:
    book = make_book([("99", "1")], [("101", "3")])
    order = rest(book, 1, "SELL", "100", "2")
    order.time_in_force = "RPI"
    assert book.best("SELL") == (101, 3)
    assert book.depth_with_rpi(1)[1] == [(100, 2)]
    assert steps(book, "BUY", "101", "4", "EXPIRE_BOTH") == ([(101, 3, 0)], False)
    assert printed(book, "BUY", "100.1", "1") == [(1, 2)]


def test_the_price_of_a_level_counts_own_orders() -> None:
    book = make_book([("99", "1"), ("98", "1")], [("101", "3")])
    rest(book, 1, "BUY", "98.5", "2")
    assert [book.price_at("BUY", rank) for rank in (1, 2, 3, 4)] == [99, D("98.5"), 98, None]
    assert [book.price_at("SELL", rank) for rank in (1, 2)] == [101, None]


def test_a_market_order_is_bounded_around_the_mark_price() -> None:
    book = make_book([("99", "1")], [("101", "1")])
    assert (book.market_bound("BUY"), book.market_bound("SELL")) == (105, 95)


QUANTITY = st.integers(1, 50)


@given(st.lists(st.tuples(st.integers(0, 6), QUANTITY), max_size=6), st.lists(st.tuples(st.integers(0, 6), QUANTITY)))
def test_prints_never_fill_more_than_their_quantity_nor_more_than_the_order(
    orders: list[tuple[int, int]], prints: list[tuple[int, int]]
) -> None:
    book = make_book([(str(99 - i), "3") for i in range(5)], [("101", "1")])
    rows = [rest(book, i, "BUY", str(99 - depth), str(size)) for i, (depth, size) in enumerate(orders)]
    for depth, size in prints:
        price = str(99 - depth)
        fills = printed(book, "SELL", price, str(size))
        at_price = sum(q for i, q in fills if rows[i].price == D(price))
        assert at_price <= size
        assert all(rows[i].price >= D(price) for i, _ in fills)
        assert all(row.price <= D(price) for row in book.own_orders("BUY"))
    assert all(0 <= row.executed_qty <= row.orig_qty for row in rows)
    assert book.own_orders("BUY") == sorted(
        (row for row in rows if row.executed_qty < row.orig_qty), key=lambda row: (-row.price, row.order_id)
    )


@given(st.lists(st.tuples(st.integers(1, 9), QUANTITY), min_size=1, unique_by=lambda row: row[0]), QUANTITY)
def test_a_taker_gets_the_best_prices_within_its_limit(asks: list[tuple[int, int]], quantity: int) -> None:
    ladder = sorted(asks)
    book = make_book([("99", "1")], [(str(100 + price), str(size)) for price, size in ladder])
    fills = book.plan_take("BUY", D(105), D(quantity))
    within = sum(size for price, size in ladder if price <= 5)
    assert sum(fill[1] for fill in fills) == min(quantity, within)
    assert [fill[0] for fill in fills] == sorted(fill[0] for fill in fills)
    book.take("BUY", fills)
    assert sum(fill[1] for fill in book.plan_take("BUY", D(105), D(999))) == within - min(quantity, within)


@given(
    st.lists(st.tuples(st.integers(0, 4), QUANTITY), max_size=5),
    st.integers(0, 4),
    QUANTITY,
    st.sampled_from(["NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH"]),
)
def test_self_trade_prevention_never_gives_more_than_there_is_nor_trades_unless_told(
    own: list[tuple[int, int]], reach: int, quantity: int, mode: str
) -> None:
    book = make_book([("99", "1")], [(str(101 + i), "3") for i in range(5)])
    rows = [rest(book, i, "SELL", str(101 + depth), str(size)) for i, (depth, size) in enumerate(own)]
    plan = book.plan("BUY", D(101 + reach), D(quantity), mode)
    assert [step.price for step in plan.steps] == sorted(step.price for step in plan.steps)
    assert plan.quantity <= quantity
    own_steps = [step for step in plan.steps if step.own is not None]
    assert all((step.quantity > 0) == (mode == "NONE") for step in own_steps)
    within = [row for row in rows if row.price <= 101 + reach]
    available = 3 * (reach + 1) + (sum(int(row.orig_qty) for row in within) if mode == "NONE" else 0)
    if not plan.is_stopped:
        assert plan.quantity == min(quantity, available)
    assert plan.is_stopped <= (mode in ("EXPIRE_TAKER", "EXPIRE_BOTH") and bool(within))


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 5)), max_size=4),
    st.lists(st.tuples(st.integers(0, 7), st.integers(1, 3)), max_size=3),
)
def test_the_best_level_is_that_of_the_whole_book_and_what_was_taken_is_missing(
    sizes: list[int], takes: list[tuple[int, int]], own: list[tuple[int, int]]
) -> None:
    asks = [(str(101 + index), str(size)) for index, size in enumerate(sizes)]
    book = make_book([("90", "1")], asks)
    left = {D(price): D(size) for price, size in asks}
    for depth, size in takes:
        fills = book.plan_take("BUY", D(101 + depth), D(size))
        book.take("BUY", fills)
        for price, quantity in fills:
            left[price] -= quantity
    for number, (above, size) in enumerate(own):
        rest(book, number, "SELL", str(100 + above), str(size))
        left[D(100 + above)] = left.get(D(100 + above), D(0)) + size
    expected = sorted((price, quantity) for price, quantity in left.items() if quantity)
    assert book.depth(20)[1] == expected
    assert book.best("SELL") == (expected[0] if expected else None)
