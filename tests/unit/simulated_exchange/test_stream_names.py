import pytest

from trader_gui.simulated_exchange.stream_names import INTERVALS, route_of

PUBLIC = ["btcusdt@bookTicker", "!bookTicker", "btcusdt@rpiDepth@500ms"]
PUBLIC += [f"btcusdt@depth{levels}{speed}" for levels in ("", 5, 10, 20) for speed in ("", "@0ms", "@100ms", "@500ms")]
MARKET = ["btcusdt@aggTrade", "btcusdt@markPrice", "btcusdt@markPrice@1s", "!markPrice@arr", "!markPrice@arr@1s"]
MARKET += ["btcusdt@miniTicker", "!miniTicker@arr", "btcusdt@ticker", "!ticker@arr", "btcusdt@forceOrder"]
MARKET += ["!forceOrder@arr", "btcusdt@compositeIndex", "!contractInfo", "!assetIndex@arr", "btcusd@assetIndex"]
MARKET += ["tradingSession", *(f"btcusdt@kline_{interval}" for interval in INTERVALS)]
MARKET += [f"btcusdt_perpetual@continuousKline_{interval}" for interval in INTERVALS]


def test_every_stream_of_the_venue_belongs_to_one_route() -> None:
    assert len(INTERVALS) == 15
    assert {route_of(stream) for stream in PUBLIC} == {"public"}
    assert {route_of(stream) for stream in MARKET} == {"market"}


@pytest.mark.parametrize(
    "stream",
    [
        *("btcusdt@trade", "nonsense", "", "@depth", "btcusdt@", "btcusdt@depth7", "btcusdt@depth@250ms"),
        *("btcusdt@kline_1M ", "btcusdt@kline_7m", "btcusdt@kline_1s", "BTCUSDT@aggTrade", "Btcusdt@depth"),
        *("btcusdt@tickers", "btcusdt@DEPTH", "!ticker", "!bookTicker@arr", "btcusdt@rpiDepth"),
    ],
)
def test_other_names_have_no_route(stream: str) -> None:
    assert route_of(stream) is None
