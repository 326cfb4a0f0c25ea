import itertools
from decimal import Decimal

import pytest

from tests.venue_world import World
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.stream_names import INTERVALS

HOUR_MS = 3_600_000
KLINES = "/fapi/v1/klines"


@pytest.fixture(scope="module")
def world() -> World:
    world = World("BTCUSDT", "ETHUSDT")
    world.play(1_300)
    return world


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_of_every_price_ends_with_the_open_kline(world: World, interval: str) -> None:
    of_symbol = {"symbol": "BTCUSDT", "interval": interval}
    of_pair = {"pair": "BTCUSDT", "interval": interval}
    traded = world.ask("GET", KLINES, **of_symbol)
    assert world.ask("GET", "/fapi/v1/continuousKlines", **of_pair, contractType="PERPETUAL") == traded
    marks = world.ask("GET", "/fapi/v1/markPriceKlines", **of_symbol)
    premiums = world.ask("GET", "/fapi/v1/premiumIndexKlines", **of_symbol)
    index = world.ask("GET", "/fapi/v1/indexPriceKlines", **of_pair)
    for rows in (traded, marks, premiums, index):
        assert rows[-1][0] <= world.venue.market_ms <= rows[-1][6]
        assert all(before[6] + 1 == row[0] for before, row in itertools.pairwise(rows))
        assert [row[:1] + row[6:7] for row in rows] == [row[:1] + row[6:7] for row in traded]
        assert all(len(row) == 12 for row in rows)
    assert marks[-1][4] == str(world.venue.feeds["BTCUSDT"].mark_price)
    assert abs(Decimal(marks[-1][4]) / Decimal(index[-1][4]) - 1 - Decimal(premiums[-1][4])) < Decimal("1e-7")


def test_klines_between_two_times(world: World) -> None:
    everything = world.ask("GET", KLINES, symbol="BTCUSDT", interval="1m", limit=10)
    times = {"startTime": everything[3][0], "endTime": everything[5][0]}
    assert world.ask("GET", KLINES, symbol="BTCUSDT", interval="1m", **times) == everything[3:6]


def test_there_are_no_delivery_contracts(world: World) -> None:
    asked = {"pair": "BTCUSDT", "interval": "1m", "contractType": "CURRENT_QUARTER"}
    assert world.ask("GET", "/fapi/v1/continuousKlines", **asked) == []


def test_open_interest_and_its_history_agree(world: World) -> None:
    now = world.ask("GET", "/fapi/v1/openInterest", symbol="BTCUSDT")
    assert now["time"] == world.venue.market_ms
    day = world.ask("GET", "/fapi/v1/ticker/24hr", symbol="BTCUSDT")
    assert abs(Decimal(now["openInterest"]) - Decimal(day["volume"]) * Decimal("0.3")) <= Decimal("0.001")
    rows = world.ask("GET", "/futures/data/openInterestHist", symbol="BTCUSDT", period="5m", limit=4)
    assert len(rows) == 4
    assert {b["timestamp"] - a["timestamp"] for a, b in itertools.pairwise(rows)} == {300_000}
    assert abs(Decimal(rows[-1]["sumOpenInterest"]) / Decimal(now["openInterest"]) - 1) < Decimal("0.05")


def test_taker_volumes_and_basis_are_those_of_the_klines(world: World) -> None:
    (kline,) = [
        row
        for row in world.ask("GET", KLINES, symbol="BTCUSDT", interval="5m", limit=3)
        if row[6] <= world.venue.market_ms
    ][-1:]
    (taker,) = world.ask("GET", "/futures/data/takerlongshortRatio", symbol="BTCUSDT", period="5m", limit=1)
    assert (taker["timestamp"], taker["buyVol"]) == (kline[0], kline[9])
    assert Decimal(taker["buyVol"]) + Decimal(taker["sellVol"]) == Decimal(kline[5])
    asked = {"pair": "BTCUSDT", "contractType": "PERPETUAL", "period": "5m", "limit": 1}
    (basis,) = world.ask("GET", "/futures/data/basis", **asked)
    assert (basis["timestamp"], basis["futuresPrice"]) == (kline[0], kline[4])
    assert Decimal(basis["futuresPrice"]) - Decimal(basis["indexPrice"]) == Decimal(basis["basis"])


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        (KLINES, {"interval": "1m"}, -1102),
        (KLINES, {"symbol": "BTCUSDT"}, -1102),
        (KLINES, {"symbol": "NOUSDT", "interval": "1m"}, -1121),
        (KLINES, {"symbol": "btcusdt", "interval": "1m"}, -1121),
        (KLINES, {"symbol": "BTCUSDT", "interval": "1s"}, -1120),
        (KLINES, {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        (KLINES, {"symbol": "BTCUSDT", "interval": "1m", "limit": 1501}, -1130),
        (KLINES, {"symbol": "BTCUSDT", "interval": "1m", "limit": 0}, -1130),
        (KLINES, {"symbol": "BTCUSDT", "interval": "1m", "limit": "x"}, -1100),
        (KLINES, {"symbol": "BTCUSDT", "interval": "1m", "startTime": 2, "endTime": 1}, -1023),
        ("/fapi/v1/markPriceKlines", {"symbol": "NOUSDT", "interval": "1m"}, -1121),
        ("/fapi/v1/indexPriceKlines", {"pair": "NOUSDT", "interval": "1m"}, -4144),
        ("/fapi/v1/indexPriceKlines", {"interval": "1m"}, -1102),
        ("/fapi/v1/continuousKlines", {"pair": "BTCUSDT", "interval": "1m"}, -1102),
        ("/fapi/v1/continuousKlines", {"pair": "BTCUSDT", "interval": "1m", "contractType": "FOREVER"}, -4104),
        ("/fapi/v1/openInterest", {}, -1102),
        ("/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "1m"}, -1130),
        ("/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "5m", "limit": 501}, -1130),
        (
            "/futures/data/takerlongshortRatio",
            {"symbol": "BTCUSDT", "period": "5m", "startTime": 1, "endTime": 800 * HOUR_MS},
            -4165,
        ),
        ("/futures/data/basis", {"pair": "BTCUSDT", "period": "5m"}, -1102),
    ],
)
def test_wrong_parameters_are_refused(world: World, path: str, parameters: dict[str, object], code: int) -> None:
    with pytest.raises(VenueRefusal) as refusal:
        world.ask("GET", path, **parameters)
    assert (refusal.value.code, refusal.value.http_status) == (code, 400)
