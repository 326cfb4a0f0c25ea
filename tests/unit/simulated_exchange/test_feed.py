from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.feed import FIRST_UPDATE_ID, BookImage, SymbolFeed
from trader_gui.simulated_exchange.klines import MINUTE_MS
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, PriceLevel, Print
from trader_gui.simulated_exchange.symbols import SPECS

START_MS = 28_800_000 * 60_000
SPEC = SPECS["BTCUSDT"]
ONE = Decimal(1)


def sides(draw_bids: dict[int, int], draw_asks: dict[int, int]) -> tuple[list[PriceLevel], list[PriceLevel]]:
    bids = [(Decimal(price), Decimal(size)) for price, size in sorted(draw_bids.items(), reverse=True)]
    asks = [(Decimal(price + 100), Decimal(size)) for price, size in sorted(draw_asks.items())]
    return bids, asks


ladders = st.dictionaries(st.integers(1, 30), st.integers(1, 4), max_size=12)


@given(st.lists(st.tuples(ladders, ladders, st.booleans()), min_size=1, max_size=12))
def test_diffs_applied_to_a_snapshot_give_the_book(images: list[tuple[dict[int, int], dict[int, int], bool]]) -> None:
    book = BookImage()
    stream = book.stream("fast")
    mirror: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
    last_id = FIRST_UPDATE_ID
    for bid_sizes, ask_sizes, is_due in images:
        bids, asks = sides(bid_sizes, ask_sizes)
        before = book.update_id
        had = (list(book.bids), list(book.asks))
        book.refresh(bids, asks)
        assert (book.update_id == before) == (had == (bids, asks))
        if not is_due:
            continue
        taken = stream.take()
        if taken is None:
            assert book.update_id == last_id
            continue
        (first, last, previous), changes = taken
        assert previous == last_id
        assert previous < first <= last == book.update_id
        last_id = last
        for side, changed in zip(mirror, changes, strict=True):
            for price, size in changed:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)
        assert mirror == (dict(bids), dict(asks))


def test_streams_of_two_speeds_collect_apart() -> None:
    book = BookImage()
    fast, slow = book.stream("fast"), book.stream("slow")
    book.refresh([(ONE, ONE)], [])
    assert fast.take() == ((FIRST_UPDATE_ID + 1, FIRST_UPDATE_ID + 1, FIRST_UPDATE_ID), ([(ONE, ONE)], []))
    book.refresh([(ONE, Decimal(2))], [])
    ids, (bids, _) = fast.take() or ((0, 0, 0), ([], []))
    assert ids == (FIRST_UPDATE_ID + 2, FIRST_UPDATE_ID + 2, FIRST_UPDATE_ID + 1)
    ids, (bids, _) = slow.take() or ((0, 0, 0), ([], []))
    assert ids == (FIRST_UPDATE_ID + 1, FIRST_UPDATE_ID + 2, FIRST_UPDATE_ID)
    assert bids == [(ONE, Decimal(2))]
    assert fast.take() is None


def feed(*, is_recorded: bool) -> SymbolFeed:
    row = KlineRow(START_MS - MINUTE_MS, START_MS - 1, *[Decimal(100)] * 4, ONE, Decimal(100), 3, ONE, Decimal(100))
    return SymbolFeed(SPEC, [row], is_recorded=is_recorded)


def tick(time_ms: int, *prints: Print, rate: str = "0.0001") -> MarketTick:
    level = (Decimal(100), ONE)
    return MarketTick("BTCUSDT", time_ms, prints, (level,), (level,), Decimal(101), Decimal(99), Decimal(rate))


def trade(price: int, size: int, *, sold: bool = False) -> Print:
    return Print(Decimal(price), Decimal(size), sold)


def test_trades_of_one_price_and_side_become_one_aggregate() -> None:
    public = feed(is_recorded=False)
    merged = public.on_tick(tick(START_MS, trade(100, 1), trade(100, 2), trade(100, 4, sold=True), trade(101, 1)))
    assert [(agg.price, agg.quantity, agg.is_buyer_maker) for agg in merged] == [
        (Decimal(100), Decimal(3), False),
        (Decimal(100), Decimal(4), True),
        (Decimal(101), Decimal(1), False),
    ]
    assert [agg.agg_trade_id - merged[0].agg_trade_id for agg in merged] == [0, 1, 2]
    assert merged[0].last_trade_id - merged[0].first_trade_id == 1
    assert merged[2].last_trade_id == public.last_trade_id
    assert len(public.trades) == 4


def test_own_trades_enter_generated_klines_and_never_recorded_ones() -> None:
    for is_recorded, volume in ((False, Decimal(6)), (True, Decimal(1))):
        public = feed(is_recorded=is_recorded)
        public.on_tick(tick(START_MS, trade(100, 1)))
        assert public.on_own_prints([trade(150, 5)], START_MS)[0].quantity == 5
        assert public.klines.open_kline("1m").volume == volume
        assert public.trades[-1].price == Decimal(150)


def test_funding_is_kept_when_its_time_comes() -> None:
    public = feed(is_recorded=False)
    public.on_tick(tick(START_MS, rate="0.0003"))
    due = public.next_funding_time_ms
    assert due == START_MS + 28_800_000
    public.on_tick(tick(due - 1, rate="0.0004"))
    assert not public.fundings
    public.on_tick(tick(due, rate="0.0009"))
    assert [(row.time_ms, row.funding_rate) for row in public.fundings] == [(due, Decimal("0.0004"))]


def test_a_closed_kline_enters_the_day() -> None:
    public = feed(is_recorded=False)
    public.on_tick(tick(START_MS, trade(130, 2)))
    public.close_kline()
    day = public.day_row()
    assert (day.high, day.low, day.close, day.volume) == (Decimal(130), Decimal(100), Decimal(130), Decimal(3))
