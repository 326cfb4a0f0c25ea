from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from trader_gui.simulated_exchange import rest_account, rest_market, rest_order
from trader_gui.simulated_exchange.generated import GeneratedMarket
from trader_gui.simulated_exchange.records import MarketTick, VenueRefusal
from trader_gui.simulated_exchange.streams import StreamSocket
from trader_gui.simulated_exchange.symbols import SPECS
from trader_gui.simulated_exchange.venue import LISTEN_KEY_MS, ListenKey, Venue

FUNDING_MS = 1_767_225_600_000
ENDPOINTS = {**rest_market.ENDPOINTS, **rest_account.ENDPOINTS, **rest_order.ENDPOINTS}


class Pipe:
    """Takes what a socket writes; frames are read back without their headers."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def frames(self) -> Iterator[Any]:
        while self.data:
            size, start = self.data[1], 2
            if size == 126:
                size, start = int.from_bytes(self.data[2:4], "big"), 4
            yield msgspec.json.decode(self.data[start : start + size])
            self.data = self.data[start + size :]


class World:
    """A venue on a generated market that begins three minutes before a funding, moved by hand."""

    def __init__(self) -> None:
        self.market = GeneratedMarket(SPECS["BTCUSDT"], 3, FUNDING_MS - 180_000)
        self.now_ms = 5_000_000
        self.venue = Venue(
            SPECS, [self.market], wallet_balance=Decimal(10_000), is_paced=False, request_ms=lambda: self.now_ms
        )
        self._ticks = self.market.ticks()

    def listen(self, route: str, *streams: str) -> Pipe:
        pipe = Pipe()
        socket = StreamSocket(route, is_combined=False, transport=pipe, now_s=0)  # type: ignore[arg-type]
        if route == "private":
            socket.listen_keys = {self.venue.listen_key.open(): frozenset()}
        self.venue.hub.add(socket)
        self.venue.hub.subscribe(socket, streams)
        return pipe

    def play(self, count: int) -> MarketTick:
        for _ in range(count):
            tick = next(self._ticks)
            while self.venue.next_close_ms() < tick.time_ms:
                self.venue.close_klines(self.venue.next_close_ms())
            self.venue.take_ticks([tick], tick.time_ms)
            self.venue.publish()
        self.venue.hub.flush()
        return tick

    def ask(self, method: str, path: str, **parameters: Any) -> Any:
        handler = ENDPOINTS[method, path].handler
        return handler(self.venue, {name: str(value) for name, value in parameters.items()})


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


def test_funding_is_paid_told_and_listed(world: World) -> None:
    user = world.listen("private")
    world.play(1)
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.100")
    world.play(1_801)
    (row,) = world.ask("GET", "/fapi/v1/fundingRate", symbol="BTCUSDT")
    assert row["fundingTime"] == FUNDING_MS
    (income,) = world.ask("GET", "/fapi/v1/income", incomeType="FUNDING_FEE")
    expected = -Decimal("0.100") * Decimal(row["fundingRate"]) * Decimal(row["markPrice"])
    assert abs(Decimal(income["income"]) - expected) < Decimal("0.001")
    told = [event for event in user.frames() if event["e"] == "ACCOUNT_UPDATE" and event["a"]["m"] == "FUNDING_FEE"]
    assert len(told) == 1
    assert told[0]["a"]["P"] == []  # cross: only the balance
    assert world.ask("GET", "/fapi/v1/premiumIndex", symbol="BTCUSDT")["nextFundingTime"] > FUNDING_MS


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


def test_agg_trades_by_id_and_by_time(world: World) -> None:
    world.play(600)
    everything = world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT")
    middle = everything[len(everything) // 2]
    by_id = world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT", fromId=middle["a"], limit=3)
    assert [row["a"] for row in by_id] == [middle["a"], middle["a"] + 1, middle["a"] + 2]
    by_time = world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT", startTime=middle["T"], endTime=middle["T"])
    assert by_time
    assert {row["T"] for row in by_time} == {middle["T"]}
    assert world.ask("GET", "/fapi/v1/aggTrades", symbol="BTCUSDT", limit=2) == everything[-2:]


def test_weights_follow_the_parameters() -> None:
    cost = lambda path, **parameters: ENDPOINTS["GET", f"/fapi/v1/{path}"].cost(parameters)  # noqa: E731
    assert [cost("klines", limit=str(count)) for count in (99, 100, 499, 500, 1000, 1500)] == [1, 2, 2, 5, 5, 10]
    assert [cost("depth", limit=str(count)) for count in (5, 50, 100, 500, 1000)] == [2, 2, 5, 10, 20]
    assert (cost("depth"), cost("klines", limit="x")) == (10, 5)
    assert (cost("openOrders"), cost("openOrders", symbol="BTCUSDT")) == (40, 1)
    assert ENDPOINTS["POST", "/fapi/v1/order"].orders == ENDPOINTS["POST", "/fapi/v1/algoOrder"].orders == 1


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


def test_frames_come_no_faster_than_their_stream_allows(world: World) -> None:
    market = world.listen("market", "btcusdt@kline_1m", "btcusdt@markPrice", "btcusdt@markPrice@1s", "btcusdt@ticker")
    public = world.listen("public", "btcusdt@depth", "btcusdt@depth@500ms", "btcusdt@depth20@100ms")
    world.play(300)
    times: dict[str, list[int]] = {}
    for frame in market.frames():
        times.setdefault(frame["e"], []).append(frame["E"])
    gaps = {kind: [b - a for a, b in zip(at, at[1:], strict=False)] for kind, at in times.items()}
    assert min(gaps["kline"]) >= 250
    assert min(gaps["24hrTicker"]) >= 2000
    seconds = [at for at in times["markPriceUpdate"] if at % 1000 == 0]
    assert len(seconds) == len(times["markPriceUpdate"])
    assert len(times["markPriceUpdate"]) == 30 + 10
    partial = [frame["E"] for frame in public.frames() if len(frame["b"]) == len(frame["a"]) == 20]
    assert len(partial) >= 290
