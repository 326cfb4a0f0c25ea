from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.feed import SymbolFeed
from trader_gui.simulated_exchange.klines import MINUTE_MS
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, Print
from trader_gui.simulated_exchange.symbols import SPECS

START_MS = 28_800_000 * 60_000
SPEC = SPECS["BTCUSDT"]
ONE = Decimal(1)


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


def test_the_history_of_funding_tells_what_the_account_paid() -> None:
    core, public = VenueCore({"BTCUSDT": SPECS["BTCUSDT"]}, wallet_balance=Decimal(10_000)), feed(is_recorded=False)
    first = tick(START_MS, rate="0.0003")
    moved = msgspec.structs.replace(tick(START_MS + 20 * 3_600_000), mark_price=first.mark_price + 7)
    amount = Decimal("0.600")
    for number, market in enumerate((first, moved)):
        public.on_tick(market)
        core.on_tick(market)
        if not number:
            core.place_order({"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": str(amount)}, START_MS)
    paid = [row.income for row in core.income(income_type="FUNDING_FEE")]
    assert len(paid) == 2
    assert [-amount * row.mark_price * row.funding_rate for row in public.fundings] == paid


def test_a_closed_kline_enters_the_day() -> None:
    public = feed(is_recorded=False)
    public.on_tick(tick(START_MS, trade(130, 2)))
    public.close_kline()
    day = public.day_row()
    assert (day.high, day.low, day.close, day.volume) == (Decimal(130), Decimal(100), Decimal(130), Decimal(3))


def test_an_aggregate_stays_open_for_its_time_on_a_market_that_ticks_finely() -> None:
    row = KlineRow(START_MS - MINUTE_MS, START_MS - 1, *[Decimal(100)] * 4, ONE, Decimal(100), 3, ONE, Decimal(100))
    public = SymbolFeed(SPEC, [row], is_recorded=True, merge_ms=100)
    assert public.on_tick(tick(START_MS, trade(100, 1))) == []
    assert public.on_tick(tick(START_MS + 40, trade(100, 2))) == []
    (first,) = public.on_tick(tick(START_MS + 60, trade(100, 4, sold=True)))
    assert (first.quantity, first.time_ms, first.last_trade_id - first.first_trade_id) == (Decimal(3), START_MS, 1)
    assert public.on_tick(tick(START_MS + 159)) == []
    (second,) = public.on_tick(tick(START_MS + 160, trade(100, 8, sold=True)))
    assert (second.quantity, second.is_buyer_maker) == (Decimal(4), True)
    assert list(public.agg_trades) == [first, second]
    (third,) = public.on_tick(tick(START_MS + 500))
    assert third.quantity == 8


def test_mark_index_and_premium_have_klines_of_their_own() -> None:
    public = feed(is_recorded=False)
    public.on_tick(tick(START_MS))
    public.on_tick(tick(START_MS + 1000, trade(130, 1)))
    mark, index, premium = (
        klines.rows("1m", 1)[0] for klines in (public.mark_klines, public.index_klines, public.premium_klines)
    )
    assert (mark.close, index.close, premium.close) == (Decimal(101), Decimal(99), Decimal("0.02020202"))
    assert mark.high == Decimal(101)
