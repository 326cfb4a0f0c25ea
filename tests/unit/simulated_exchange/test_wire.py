from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.feed import SymbolFeed
from trader_gui.simulated_exchange.klines import KlineBuild
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, Print
from trader_gui.simulated_exchange.symbols import SPECS

START_MS = 1_767_225_600_000


def feed() -> SymbolFeed:
    row = KlineRow(
        START_MS - 60_000, START_MS - 1, *[Decimal("100.0")] * 4, Decimal(2), Decimal(200), 3, Decimal(1), Decimal(100)
    )
    public = SymbolFeed(SPECS["BTCUSDT"], [row], is_recorded=False)
    levels = ((Decimal("99.9"), Decimal("1.000")),), ((Decimal("100.1"), Decimal("2.000")),)
    public.on_tick(
        MarketTick(
            "BTCUSDT",
            START_MS,
            (Print(Decimal("110.0"), Decimal("0.500"), False),),
            *levels,
            Decimal("100.00000001"),
            Decimal("0E-8"),
            Decimal("0E-8"),
        )
    )
    public.book.refresh(*levels)
    return public


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None, min_value=-(10**12), max_value=10**12))
def test_numbers_are_plain_digits_and_lose_nothing(value: Decimal) -> None:
    text = wire.text(value)
    assert "e" not in text.lower()
    assert Decimal(text) == value


def test_a_zero_rate_keeps_its_places() -> None:
    assert wire.mark_price_frame(feed(), START_MS)["r"] == "0.00000000"


def test_the_days_change() -> None:
    ticker = wire.day_ticker(feed(), START_MS)
    assert (ticker["priceChange"], ticker["priceChangePercent"]) == ("10.0", "10.000")
    assert Decimal(ticker["weightedAvgPrice"]) == Decimal("102.00000000")
    assert (ticker["volume"], ticker["count"], ticker["lastQty"]) == ("2.500", 4, "0.500")
    frame = wire.ticker_frame(feed(), START_MS)
    assert (frame["p"], frame["P"], frame["c"], frame["v"]) == ("10.0", "10.000", "110.0", "2.500")


def test_a_kline_frame_says_whether_it_is_closed() -> None:
    kline = KlineBuild.flat(START_MS, 60_000, Decimal("5"))
    frame = wire.kline_frame("BTCUSDT", "1m", kline, is_closed=True, time_ms=START_MS + 59_999)
    assert (frame["E"], frame["k"]["x"], frame["k"]["T"]) == (START_MS + 59_999, True, START_MS + 59_999)
    assert (frame["k"]["f"], frame["k"]["L"], frame["k"]["n"]) == (-1, -1, 0)


def test_exchange_info_carries_the_filters_as_text() -> None:
    info = wire.exchange_info([SPECS["BTCUSDT"], SPECS["DOGEUSDT"]], 7)
    assert info["serverTime"] == 7
    assert {row["limit"] for row in info["rateLimits"]} == {2400, 1200, 300}
    bitcoin = {entry["filterType"]: entry for entry in info["symbols"][0]["filters"]}
    assert bitcoin["PRICE_FILTER"] == {
        "filterType": "PRICE_FILTER",
        "minPrice": "556.80",
        "maxPrice": "4529764",
        "tickSize": "0.10",
    }
    assert bitcoin["MARKET_LOT_SIZE"]["maxQty"] == "120"
    assert bitcoin["MIN_NOTIONAL"]["notional"] == "50"
    doge = {entry["filterType"]: entry for entry in info["symbols"][1]["filters"]}
    assert doge["PRICE_FILTER"]["tickSize"] == "0.000010"


def test_depth_levels_are_text_pairs() -> None:
    reply = wire.depth_reply(feed(), 5, START_MS)
    assert reply["bids"] == [["99.9", "1.000"]]
    assert reply["asks"] == [["100.1", "2.000"]]
    assert reply["lastUpdateId"] == feed().book.update_id
