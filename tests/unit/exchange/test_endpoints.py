"""URLs of the routes."""

import pytest

from trader_gui.domain.step import Route
from trader_gui.errors import BugError
from trader_gui.exchange.endpoints import ENDPOINTS, loopback


def test_streams_go_to_the_host_and_path_of_their_route():
    live = ENDPOINTS["live"]
    assert (
        live.stream_url(Route.MARKET, ["btcusdt@kline_1m", "!markPrice@arr"])
        == "wss://fstream.binance.com/market/stream?streams=btcusdt@kline_1m/!markPrice@arr"
    )
    assert live.stream_url(Route.PUBLIC, ["btcusdt@depth"]).startswith("wss://fstream.binance.com/public/stream?")
    assert live.user_url("a/b c") == "wss://fstream.binance.com/private/ws/a%2Fb%20c"
    assert live.raw_url(Route.PRIVATE) == "wss://fstream.binance.com/private/ws"


def test_symbols_outside_ascii_are_percent_encoded():
    assert ENDPOINTS["live"].stream_url(Route.MARKET, ["币usdt@aggTrade"]).endswith("streams=%E5%B8%81usdt@aggTrade")


def test_networks_do_not_share_a_host():
    live, testnet = ENDPOINTS["live"], ENDPOINTS["testnet"]
    hosts = [{u.split("/")[2] for u in (e.rest_url, e.public_ws, e.market_ws, e.private_ws)} for e in (live, testnet)]
    assert not hosts[0] & hosts[1]
    assert all(u.startswith(("https://", "wss://")) for e in (live, testnet) for u in (e.rest_url, e.private_ws))


def test_loopback_has_the_three_routes():
    endpoints = loopback("http://127.0.0.1:8001/", "ws://127.0.0.1:8001/")
    assert endpoints.is_loopback
    assert not ENDPOINTS["testnet"].is_loopback
    assert endpoints.rest_url == "http://127.0.0.1:8001"
    assert endpoints.user_url("k") == "ws://127.0.0.1:8001/private/ws/k"


def test_a_stream_without_name_or_on_the_private_route_is_a_bug():
    with pytest.raises(BugError):
        ENDPOINTS["live"].stream_url(Route.MARKET, [])
    with pytest.raises(BugError):
        ENDPOINTS["live"].stream_url(Route.PRIVATE, ["btcusdt@kline_1m"])
