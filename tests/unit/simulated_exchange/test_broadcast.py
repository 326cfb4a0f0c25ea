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


def test_own_rpi_orders_show_in_the_rpi_book_alone(world: World) -> None:
    tick = world.play(5)
    plain, rpi = world.listen("public", "btcusdt@depth@500ms"), world.listen("public", "btcusdt@rpiDepth@500ms")
    before = world.ask("GET", "/fapi/v1/rpiDepth", symbol="BTCUSDT")
    price = str(tick.bids[30][0] - Decimal(20))
    world.ask(
        "POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="RPI", quantity="0.777",
        price=price,
    )  # fmt: skip
    world.play(12)
    frames = list(rpi.frames())
    assert [price, "0.777"] in [level for frame in frames for level in frame["b"]]
    assert [b["pu"] == a["u"] for a, b in pairwise(frames)] == [True] * (len(frames) - 1)
    assert frames[0]["pu"] <= before["lastUpdateId"]
    assert price not in [level[0] for frame in plain.frames() for level in frame["b"]]
    assert [price, "0.777"] in world.ask("GET", "/fapi/v1/rpiDepth", symbol="BTCUSDT")["bids"]
    assert [price, "0.777"] not in world.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT")["bids"]


@pytest.mark.parametrize(
    ("name", "spacing_ms"), [("depth", 250), ("depth@0ms", 0), ("depth@100ms", 100), ("depth@500ms", 500)]
)
def test_a_book_kept_by_the_documented_procedure_stays_the_venues(world: World, name: str, spacing_ms: int) -> None:
    pipe = world.listen("public", f"btcusdt@{name}")
    world.play(20)
    snapshot = world.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
    last = snapshot["lastUpdateId"]
    sides = {letter: dict(map(tuple, snapshot[key])) for letter, key in (("b", "bids"), ("a", "asks"))}
    world.play(400)
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1.5")
    world.play(40)
    frames = [frame for frame in pipe.frames() if frame["u"] >= last]
    assert frames[0]["U"] <= last + 1
    assert min(b["E"] - a["E"] for a, b in pairwise(frames)) >= min(spacing_ms, 1)
    assert all(b["pu"] == a["u"] for a, b in pairwise(frames))
    for frame in frames:
        for letter, side in sides.items():
            for price, quantity in frame[letter]:
                side[price] = quantity
                if Decimal(quantity) == 0:
                    del side[price]
    sent_ms = frames[-1]["E"]
    while world.venue.market_ms != sent_ms:  # bring the venue to the moment of a frame
        world.play(1)
        for frame in pipe.frames():
            sent_ms = frame["E"]
            for letter, side in sides.items():
                for price, quantity in frame[letter]:
                    side[price] = quantity
                    if Decimal(quantity) == 0:
                        del side[price]
    now = world.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
    assert dict(map(tuple, now["bids"])) == sides["b"]
    assert dict(map(tuple, now["asks"])) == sides["a"]


def test_partial_books_are_images_of_their_size(world: World) -> None:
    for depth in (5, 10, 20):
        for suffix, spacing_ms in (("", 250), ("@100ms", 100), ("@500ms", 500)):
            fresh = World()
            pipe = fresh.listen("public", f"btcusdt@depth{depth}{suffix}")
            fresh.play(31)
            frames = list(pipe.frames())
            assert {(len(frame["b"]), len(frame["a"])) for frame in frames} == {(depth, depth)}
            assert min(b["E"] - a["E"] for a, b in pairwise(frames)) >= spacing_ms
            image = fresh.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=depth)
            if frames[-1]["E"] == fresh.venue.market_ms:
                assert (frames[-1]["b"], frames[-1]["a"]) == (image["bids"], image["asks"])


def test_continuous_klines_are_those_of_the_perpetual(world: World) -> None:
    plain = world.listen("market", "btcusdt@kline_1m")
    continuous = world.listen(
        "market", "btcusdt_perpetual@continuousKline_1m", "btcusdt_next_quarter@continuousKline_1m"
    )
    world.play(650)
    ours, theirs = list(continuous.frames()), list(plain.frames())
    figures = ("t", "T", "i", "o", "c", "h", "l", "v", "n", "x", "q", "V", "Q", "B")
    assert [[frame["k"][name] for name in figures] for frame in ours] == [
        [frame["k"][name] for name in figures] for frame in theirs
    ]
    assert {(frame["ps"], frame["ct"], "s" in frame["k"]) for frame in ours} == {("BTCUSDT", "PERPETUAL", False)}
    assert any(frame["k"]["x"] for frame in ours)


def test_a_symbol_that_nobody_hears_is_neither_looked_at_nor_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("BTCUSDT", "ETHUSDT", "XRPUSDT")
    world.play(1)
    looked: list[str] = []
    book = world.venue.core._book
    monkeypatch.setattr(world.venue.core, "_book", lambda symbol: looked.append(symbol) or book(symbol))
    made: list[str] = []
    push = world.venue.hub.push
    monkeypatch.setattr(world.venue.hub, "push", lambda stream, payload: made.append(stream) or push(stream, payload))
    world.play(20)
    assert (looked, made) == ([], [])
    world.listen("public", "ethusdt@depth5@500ms")
    world.listen("public", "ethusdt@depth5@500ms")
    world.play(20)
    assert set(looked) == {"ETHUSDT"}
    assert len(looked) == len(made) == 4  # one look and one encoding for both listeners, as often as a frame is due
    assert set(made) == {"ethusdt@depth5@500ms"}
