from decimal import Decimal
from itertools import pairwise

import pytest

from tests.venue_world import World


@pytest.fixture
def world() -> World:
    return World()


def test_frames_come_no_faster_than_their_stream_allows(world: World) -> None:
    market = world.listen("market", "btcusdt@kline_1m", "btcusdt@markPrice", "btcusdt@markPrice@1s", "btcusdt@ticker")
    public = world.listen("public", "btcusdt@depth", "btcusdt@depth@500ms", "btcusdt@depth20@100ms")
    world.play(300)
    times: dict[str, list[int]] = {}
    for frame in market.frames():
        times.setdefault(frame["e"], []).append(frame["E"])
    gaps = {kind: [b - a for a, b in pairwise(at)] for kind, at in times.items()}
    assert min(gaps["kline"]) >= 250
    assert min(gaps["24hrTicker"]) >= 2000
    seconds = [at for at in times["markPriceUpdate"] if at % 1000 == 0]
    assert len(seconds) == len(times["markPriceUpdate"])
    assert len(times["markPriceUpdate"]) == 30 + 10
    partial = [frame["E"] for frame in public.frames() if len(frame["b"]) == len(frame["a"]) == 20]
    assert len(partial) >= 290


def test_own_orders_show_in_the_public_book_and_own_trades_in_the_tape(world: World) -> None:
    tick = world.play(5)
    public = world.listen("public", "btcusdt@depth@100ms", "btcusdt@bookTicker")
    tape = world.listen("market", "btcusdt@aggTrade")
    price = tick.bids[30][0] - Decimal(20)
    world.ask(
        "POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.777",
        price=price,
    )  # fmt: skip
    world.venue.hub.flush()
    changes = [level for frame in public.frames() if frame["e"] == "depthUpdate" for level in frame["b"]]
    assert [str(price), "0.777"] in changes
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.003")
    world.venue.hub.flush()
    (trade,) = tape.frames()
    assert (trade["q"], trade["m"], trade["p"]) == ("0.003", True, str(tick.bids[0][0]))
    assert world.ask("GET", "/fapi/v1/trades", symbol="BTCUSDT", limit=1)[0]["qty"] == "0.003"


def test_a_stream_nobody_hears_costs_nothing_and_comes_back_whole(world: World) -> None:
    pipe = world.listen("public", "btcusdt@depth@100ms")
    world.play(3)
    last_id = [frame["u"] for frame in pipe.frames()][-1]
    (socket,) = world.venue.hub.sockets
    world.venue.hub.unsubscribe(socket, ["btcusdt@depth@100ms"])
    world.play(50)
    assert not list(pipe.frames())
    assert world.venue.feeds["BTCUSDT"].book.update_id == last_id  # nobody looked, nothing was counted
    world.venue.hub.subscribe(socket, ["btcusdt@depth@100ms"])
    world.play(2)
    first, second = pipe.frames()
    assert (first["pu"], first["U"]) == (last_id, last_id + 1)
    assert second["pu"] == first["u"]
