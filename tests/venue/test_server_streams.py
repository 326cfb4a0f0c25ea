"""Streams of the simulated exchange, seen by a raw client."""

import asyncio
import itertools
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import WSMsgType

from tests.raw_exchange_client import RawClient, RawSocket, running
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.server import SimulatedExchange

START_MS = 1_767_225_600_000
FAST = ExchangeOptions(speed=50, start_time_ms=START_MS)


def with_exchange(test: Any, options: ExchangeOptions = FAST) -> None:
    async def body() -> None:
        async with running(options) as (exchange, client):
            await test(exchange, client)

    asyncio.run(body())


def with_client(test: Any, options: ExchangeOptions = FAST) -> None:
    with_exchange(lambda exchange, client: test(client), options)


def test_market_streams_have_the_documented_fields() -> None:
    async def body(client: RawClient) -> None:
        names = ["kline_1m", "kline_5m", "aggTrade", "markPrice@1s", "markPrice", "ticker", "miniTicker"]
        seen: dict[str, Any] = {}
        path = "/market/stream?streams=" + "/".join(f"btcusdt@{name}" for name in names)
        async with client.socket(path) as socket:
            while len(seen) < len(names):
                frame = await socket.receive()
                seen.setdefault(frame["stream"], frame["data"])
        events = {name: seen[f"btcusdt@{name}"] for name in names}
        kline = events["kline_5m"]
        assert set(kline) == {"e", "E", "s", "k"}
        assert set(kline["k"]) == set("tTsifLocvhlnxqVQB")
        assert kline["k"]["i"] == "5m"
        assert kline["k"]["T"] - kline["k"]["t"] == 299_999
        assert set(events["aggTrade"]) == {"e", "E", "s", "a", "p", "q", "nq", "f", "l", "T", "m", "st"}
        assert set(events["markPrice"]) == {"e", "E", "s", "p", "ap", "i", "P", "r", "T", "st"}
        assert len(events["markPrice"]["r"].partition(".")[2]) == 8
        assert {"p", "P", "w", "Q", "O", "C", "F", "L", "n", "ps"} <= set(events["ticker"])
        assert events["miniTicker"]["e"] == "24hrMiniTicker"

    with_client(body)


def test_a_stream_on_the_wrong_route_is_acknowledged_and_silent() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/public/ws") as public, client.socket("/ws") as unrouted:
            for socket in (public, unrouted):
                reply = await socket.ask("SUBSCRIBE", "btcusdt@kline_1m", "btcusdt@aggTrade", "btcusdt@bookTicker")
                assert reply == {"result": None, "id": 1}
                kinds = {(await socket.receive())["e"] for _ in range(40)}
                assert kinds == {"bookTicker"}
            assert (await public.ask("LIST_SUBSCRIPTIONS"))["result"] == [
                "btcusdt@kline_1m",
                "btcusdt@aggTrade",
                "btcusdt@bookTicker",
            ]
        async with client.socket("/market/ws") as market:
            await market.ask("SUBSCRIBE", "btcusdt@depth@100ms", "btcusdt@aggTrade")
            assert {(await market.receive())["e"] for _ in range(20)} == {"aggTrade"}

    with_client(body)


def test_subscriptions_come_and_go() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/market/ws/btcusdt@aggTrade") as socket:
            await socket.receive_until(lambda frame: frame["e"] == "aggTrade")
            await socket.ask("UNSUBSCRIBE", "btcusdt@aggTrade")
            await socket.ask("SUBSCRIBE", "btcusdt@kline_1m", number=2)
            assert {(await socket.receive())["e"] for _ in range(5)} == {"kline"}
            await socket.ask("SET_PROPERTY", "combined", True, number=3)
            assert (await socket.receive())["stream"] == "btcusdt@kline_1m"
            await socket.connection.send_str("no json")
            error = (await socket.receive_until(lambda frame: "code" in frame))[-1]
            assert error["code"] == 3

    with_client(body)


class LocalBook:
    """The venue's procedure for a local book (3.7)."""

    def __init__(self) -> None:
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.last_id = 0

    def load(self, snapshot: dict[str, Any]) -> None:
        self.last_id = snapshot["lastUpdateId"]
        self.bids = {Decimal(price): Decimal(size) for price, size in snapshot["bids"]}
        self.asks = {Decimal(price): Decimal(size) for price, size in snapshot["asks"]}

    def apply(self, update: dict[str, Any]) -> None:
        for side, changes in ((self.bids, update["b"]), (self.asks, update["a"])):
            for price, size in changes:
                side[Decimal(price)] = Decimal(size)
                if not Decimal(size):
                    del side[Decimal(price)]
        self.last_id = update["u"]


async def synced_book(client: RawClient, socket: RawSocket) -> LocalBook:
    """Follow the procedure until the book runs with the stream."""
    buffered = [await socket.receive()]
    for _ in range(20):
        book = LocalBook()
        book.load(await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000))
        while buffered[-1]["u"] < book.last_id:
            buffered.append(await socket.receive())
        left = [update for update in buffered if update["u"] >= book.last_id]
        if left[0]["U"] <= book.last_id <= left[0]["u"]:
            book.apply(left[0])
            for update in left[1:]:
                assert update["pu"] == book.last_id
                book.apply(update)
            return book
    raise AssertionError("no snapshot fitted the stream")


@pytest.mark.parametrize("stream", ["depth@100ms", "depth", "depth@500ms"])
def test_a_local_book_follows_the_moving_one_until_it_stands_still(stream: str) -> None:
    async def body(client: RawClient) -> None:
        path = f"/public/ws/btcusdt@{stream}"
        async with client.socket(path) as socket, client.socket("/market/ws/!contractInfo") as status:
            book = await synced_book(client, socket)
            begun = book.last_id
            await status.receive_until(lambda frame: frame["cs"] != "TRADING")
            snapshot = await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
            while book.last_id < snapshot["lastUpdateId"]:
                update = await socket.receive()
                assert update["pu"] == book.last_id
                assert update["pu"] < update["U"] <= update["u"]
                book.apply(update)
                assert max(book.bids) < min(book.asks)
        there = LocalBook()
        there.load(snapshot)
        assert begun < book.last_id == there.last_id
        bids, asks = sorted(book.bids.items(), reverse=True)[:1000], sorted(book.asks.items())[:1000]
        assert (dict(bids), dict(asks)) == (there.bids, there.asks)

    with_client(body, ExchangeOptions(speed=50, start_time_ms=START_MS, regime="mixed:60s,halt"))


def test_partial_depth_is_a_whole_image() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/public/stream?streams=btcusdt@depth5/btcusdt@depth20@100ms") as socket:
            seen = {}
            while len(seen) < 2:
                frame = await socket.receive()
                seen[frame["stream"]] = frame["data"]
        for name, depth in (("btcusdt@depth5", 5), ("btcusdt@depth20@100ms", 20)):
            assert len(seen[name]["b"]) == len(seen[name]["a"]) == depth
            assert all(Decimal(size) > 0 for _, size in seen[name]["b"])

    with_client(body)


def test_frames_are_throttled_by_market_time() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/market/ws/btcusdt@kline_1m") as socket:
            frames = [await socket.receive() for _ in range(60)]
        open_frames = [frame for frame in frames if not frame["k"]["x"]]
        gaps = [after["E"] - before["E"] for before, after in itertools.pairwise(open_frames)]
        assert min(gaps) >= 250
        assert frames[0]["E"] >= START_MS

    with_client(body)


def test_closed_klines_equal_those_of_the_request() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/market/ws/btcusdt@kline_1m") as socket:
            frame = (await socket.receive_until(lambda frame: frame["k"]["x"]))[-1]
            following = await socket.receive()
        kline = frame["k"]
        assert frame["E"] == kline["T"]
        assert following["k"]["t"] == kline["T"] + 1
        rows = await client.get("/fapi/v1/klines", symbol="BTCUSDT", interval="1m", startTime=kline["t"], limit=1)
        assert rows[0] == [
            kline["t"], kline["o"], kline["h"], kline["l"], kline["c"], kline["v"], kline["T"], kline["q"], kline["n"],
            kline["V"], kline["Q"], "0",
        ]  # fmt: skip

    with_client(body)


def test_a_fill_is_told_in_the_venues_order() -> None:
    async def body(client: RawClient) -> None:
        async with client.user_stream() as user, client.socket("/market/ws/btcusdt@aggTrade") as market:
            reply = await client.order(side="BUY", type="MARKET", quantity="0.010", newClientOrderId="t-1")
            events = await user.receive_until(lambda event: event.get("o", {}).get("X") == "FILLED")
            kinds = [event["e"] for event in events]
            assert kinds[0] == "ORDER_TRADE_UPDATE"
            assert events[0]["o"]["x"] == "NEW"
            assert kinds[1:] == ["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"] * (len(kinds[1:]) // 3)
            lite, account, update = events[-3:]
            order = update["o"]
            assert (order["c"], order["i"], order["x"]) == ("t-1", reply.json["orderId"], "TRADE")
            assert (lite["t"], lite["L"], lite["l"]) == (order["t"], order["L"], order["l"])
            assert account["a"]["m"] == "ORDER"
            assert account["a"]["P"][0]["pa"] == "0.010"
            assert Decimal(order["n"]) > 0
            assert order["N"] == "USDT"
            own = await market.receive_until(lambda frame: frame["q"] == order["l"] and frame["p"] == order["L"])
            assert own[-1]["m"] is False  # the account took
            await client.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=25)
            change = await user.receive()
            assert (change["e"], change["ac"]) == ("ACCOUNT_CONFIG_UPDATE", {"s": "BTCUSDT", "l": 25})

    with_client(body)


def test_a_stop_runs_through_its_life_on_the_user_stream() -> None:
    async def body(client: RawClient) -> None:
        async with client.user_stream() as user:
            await client.order(side="BUY", type="MARKET", quantity="0.010")
            price = (await client.get("/fapi/v2/ticker/price", symbol="BTCUSDT"))["price"]
            placed = await client.signed(
                "POST",
                "/fapi/v1/algoOrder",
                algoType="CONDITIONAL",
                symbol="BTCUSDT",
                side="SELL",
                type="STOP_MARKET",
                triggerPrice=str(Decimal(price) - 1),
                closePosition="true",
                clientAlgoId="sl-1",
            )
            assert placed.status == 200, placed.text
            events = await user.receive_until(lambda event: event.get("o", {}).get("X") == "FINISHED")
            states = [event["o"]["X"] for event in events if event["e"] == "ALGO_UPDATE"]
            assert states == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
            child = [event["o"] for event in events if event.get("o", {}).get("c") == "sl-1"]
            assert child[-1]["X"] == "FILLED"
            finished = events[-1]["o"]
            assert finished["ai"] == str(child[-1]["i"])
        assert (await client.signed("GET", "/fapi/v3/positionRisk")).json == []

    with_client(body)


def test_an_expired_listen_key_is_told_and_then_silent() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.user_stream() as user:
            await client.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=21)
            assert (await user.receive())["e"] == "ACCOUNT_CONFIG_UPDATE"
            exchange.venue.listen_key._ends_ms = 0
            assert (await user.receive())["e"] == "listenKeyExpired"
            await client.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=22)
            assert (await user.ask("LIST_SUBSCRIPTIONS"))["id"] == 1  # open still, and nothing came before the reply

    with_exchange(body)


def test_ping_and_too_many_messages() -> None:
    async def body(client: RawClient) -> None:
        async with client.socket("/market/ws") as socket:
            await socket.connection.ping(b"x")
            await socket.ask("LIST_SUBSCRIPTIONS")
            for number in range(2, 30):
                await socket.connection.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
            while not socket.connection.closed:
                await socket.connection.receive(timeout=5)
            assert socket.connection.close_code == 1008

    with_client(body)


def test_the_server_pings_and_drops_the_dead() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        now_s = asyncio.get_running_loop().time()
        async with client.session.ws_connect(client.ws + "/market/ws", autoping=False) as connection:
            await exchange._sockets.keep_alive(now_s + 100)
            await exchange._sockets.keep_alive(now_s + 200)
            assert (await connection.receive(timeout=5)).type is WSMsgType.PING
            assert not connection.closed
            await exchange._sockets.keep_alive(now_s + 700)  # no pong came in ten minutes
            assert (await connection.receive(timeout=5)).type is WSMsgType.CLOSE

    with_exchange(body)


def test_several_symbols_share_one_clock() -> None:
    async def body(client: RawClient) -> None:
        path = "/market/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade"
        async with client.socket(path) as socket:
            frames = [await socket.receive() for _ in range(60)]
        times = [frame["data"]["E"] for frame in frames]
        assert times == sorted(times)
        assert {frame["data"]["s"] for frame in frames} == {"BTCUSDT", "ETHUSDT"}

    with_client(body, ExchangeOptions(speed=50, start_time_ms=START_MS, symbols=("BTCUSDT", "ETHUSDT")))
