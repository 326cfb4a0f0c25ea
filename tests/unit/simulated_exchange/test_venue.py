from decimal import Decimal

import pytest

from tests.venue_world import World
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.venue import LISTEN_KEY_MS, ListenKey


@pytest.fixture
def world() -> World:
    return World()


def test_before_the_first_tick_the_market_is_to_be_seen(world: World) -> None:
    assert world.venue.market_ms == world.market.start_time_ms - 1
    depth = world.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=20)
    assert len(depth["bids"]) == len(depth["asks"]) == 20
    assert Decimal(world.ask("GET", "/fapi/v1/premiumIndex", symbol="BTCUSDT")["markPrice"]) > 0
    assert world.ask("GET", "/fapi/v1/trades", symbol="BTCUSDT") == []


def test_same_ticks_same_answers() -> None:
    worlds = World(), World()
    for each in worlds:
        each.play(700)
        each.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010")
        each.play(100)
    asked = [
        [
            world.ask("GET", "/fapi/v1/klines", symbol="BTCUSDT", interval="5m", limit=9),
            world.ask("GET", "/fapi/v3/account"),
            world.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT"),
            world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT"),
        ]
        for world in worlds
    ]
    assert asked[0] == asked[1]


def test_a_listen_key_lives_an_hour(world: World) -> None:
    key = ListenKey(lambda: world.now_ms)
    with pytest.raises(VenueRefusal):
        key.renew()
    first = key.open()
    world.now_ms += LISTEN_KEY_MS - 1
    assert not key.is_overdue
    assert key.renew() == first
    world.now_ms += LISTEN_KEY_MS
    assert key.is_overdue
    key.close()
    assert key.open() != first
