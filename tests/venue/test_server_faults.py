"""Faults on order of the simulated exchange, each kind once, seen by a raw client over real connections."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.raw_exchange_client import LIMIT_S, RawClient, RawSocket, Reply, running
from trader_gui.simulated_exchange.http_front import HttpFront
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.server import SimulatedExchange

START_MS = 1_767_225_600_000
FAST = ExchangeOptions(speed=50, start_time_ms=START_MS)
ORDER = "/fapi/v1/order"
HELD = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
Body = Callable[[SimulatedExchange, RawClient], Awaitable[None]]


def with_exchange(body: Body, options: ExchangeOptions = FAST) -> None:
    async def run() -> None:
        async with running(options) as (exchange, client):
            await body(exchange, client)

    asyncio.run(run())


async def control(client: RawClient, method: str, path: str, body: Any = None) -> Reply:
    data = None if body is None else msgspec.json.encode(body)
    return await client.send(method, f"/simulator/{path}", headers={"X-MBX-APIKEY": client.key}, data=data)


async def inject(client: RawClient, *faults: dict[str, Any], seed: int = 1) -> None:
    reply = await control(client, "POST", "faults", {"seed": seed, "faults": list(faults)})
    assert reply.status == 200, reply.text


async def report(client: RawClient) -> Any:
    return (await control(client, "GET", "faults")).json


async def resting(client: RawClient, name: str) -> Reply:
    """Place an order that rests far below the market."""
    price = (await client.get("/fapi/v2/ticker/price", symbol="BTCUSDT"))["price"]
    return await client.order(price=f"{float(price) * 0.9:.1f}", newClientOrderId=name, **HELD)


async def open_names(client: RawClient) -> list[str]:
    rows = (await client.signed("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")).json
    return [row["clientOrderId"] for row in rows]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again, with pauses: requests are counted."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


async def set_leverage(client: RawClient, leverage: int) -> None:
    """Make a user event that says which one it is."""
    reply = await client.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=leverage)
    assert reply.status == 200, reply.text


async def leverages(user: RawSocket, count: int) -> list[int]:
    return [(await user.receive())["ac"]["l"] for _ in range(count)]


# ---- requests --------------------------------------------------------------------------------------------------------

ANSWERS: list[tuple[dict[str, Any], int, Any, bool]] = [
    ({"kind": "unknown_503"}, 503, -1000, False),
    ({"kind": "unknown_503", "executed": True}, 503, -1000, True),
    ({"kind": "unavailable_503"}, 503, "Service Unavailable.", False),
    ({"kind": "internal_503"}, 503, -1001, False),
    ({"kind": "overloaded_503"}, 503, -1008, False),
    ({"kind": "timeout_1007"}, 408, -1007, False),
    ({"kind": "timeout_1007", "executed": True, "status": 503}, 503, -1007, True),
    ({"kind": "unexpected_1006", "executed": True}, 400, -1006, True),
    ({"kind": "internal_500"}, 500, "Request occur unknown error.", False),
    ({"kind": "html_403"}, 403, "<html>", False),
    ({"kind": "html_404"}, 404, "<html>", False),
    ({"kind": "html_502", "executed": True}, 502, "<html>", True),
    ({"kind": "rate_limit_429", "retry_after_s": 7}, 429, -1003, False),
    ({"kind": "rate_limit_429", "orders": True}, 429, -1015, False),
    ({"kind": "ban_418"}, 418, -1003, False),
]


@pytest.mark.parametrize(("fault", "status", "said", "is_executed"), ANSWERS, ids=lambda value: str(value)[:40])
def test_an_answer_that_says_less_than_what_happened(
    fault: dict[str, Any], status: int, said: Any, is_executed: bool
) -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(client, fault | {"path": ORDER, "method": "POST", "count": 1, "every": 2})
        assert (await resting(client, "before")).status == 200
        reply = await resting(client, "struck")
        assert reply.status == status
        if isinstance(said, int):
            assert reply.code == said
        else:
            assert reply.text.startswith(said)
        if fault["kind"] == "ban_418":
            ends_ms = int(reply.json["msg"].rpartition(" ")[2].rstrip("."))
            assert 60_000 < ends_ms - time.time_ns() // 1_000_000 <= 120_000
        if "retry_after_s" in fault:
            assert reply.headers["Retry-After"] == "7"
        assert await open_names(client) == (["before", "struck"] if is_executed else ["before"])
        shown = await report(client)
        assert (shown["faults"][0]["seen"], shown["faults"][0]["hits"]) == (2, 1)
        (line,) = shown["log"]
        assert (line["fault"], line["kind"]) == (0, fault["kind"])
        executed = "executed" if is_executed else "not executed"
        assert line["hit"] == f"POST {ORDER} BTCUSDT BUY struck: {executed}"
        assert (await control(client, "DELETE", "faults")).status == 200
        assert (await resting(client, "after")).status == 200

    with_exchange(body)


def test_an_overload_spares_what_reduces_a_position() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await client.order(side="BUY", type="MARKET", quantity="0.010")
        await inject(client, {"kind": "overloaded_503"})
        assert (await client.order(side="BUY", type="MARKET", quantity="0.010")).code == -1008
        reduced = await client.order(side="SELL", type="MARKET", quantity="0.010", reduceOnly="true")
        assert reduced.status == 200, reduced.text
        assert (await client.signed("GET", "/fapi/v3/balance")).status == 200

    with_exchange(body)


@pytest.mark.parametrize("is_executed", [False, True])
def test_a_connection_that_breaks_off(is_executed: bool) -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(client, {"kind": "drop_connection", "executed": is_executed, "path": ORDER, "count": 1})
        with pytest.raises(aiohttp.ClientConnectionError):
            await resting(client, "struck")
        assert await open_names(client) == ["struck"] * is_executed

    with_exchange(body)


def test_a_request_that_is_never_answered() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(client, {"kind": "half_open_request", "executed": True, "path": ORDER, "count": 2})
        asking = [asyncio.create_task(resting(client, name), name=name) for name in ("struck", "left")]

        async def are_placed() -> bool:
            return sorted(await open_names(client)) == ["left", "struck"]

        await until(are_placed)
        assert not asking[0].done()
        asking[0].cancel()
        async with asyncio.timeout(LIMIT_S):
            await exchange.stop()  # is not held up by the other one
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert isinstance(results[1], aiohttp.ClientConnectionError)

    with_exchange(body)


def test_delays_before_and_after_the_execution() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(
            client,
            {"kind": "delay_request", "ms": 300, "path": ORDER, "count": 1},
            {"kind": "delay_answer", "ms": "uniform:200:300", "path": ORDER, "from_ms": 0, "count": 1},
        )
        began_s = time.monotonic()
        assert (await resting(client, "slow")).status == 200
        assert time.monotonic() - began_s > 0.5
        log = (await report(client))["log"]
        assert [line["kind"] for line in log] == ["delay_request", "delay_answer"]
        # A request on its way longer than its window is refused when it arrives.
        await inject(client, {"kind": "delay_request", "ms": 60, "path": ORDER})
        late = await client.order(side="BUY", type="MARKET", quantity="0.010", recvWindow=50)
        assert late.code == -1021

    with_exchange(body)


def test_queries_that_lag_behind_a_placement() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(client, {"kind": "query_lag", "ms": 400, "count": 1})
        placed = await resting(client, "lagging")
        asked = await client.signed("GET", ORDER, symbol="BTCUSDT", origClientOrderId="lagging")
        assert (asked.status, asked.code) == (400, -2013)
        assert await open_names(client) == []
        await resting(client, "other")  # the fault struck once
        assert await open_names(client) == ["other"]

        async def is_found() -> bool:
            found = await client.signed("GET", ORDER, symbol="BTCUSDT", orderId=placed.json["orderId"])
            return found.status == 200 and found.json["clientOrderId"] == "lagging"

        await until(is_found)
        assert await open_names(client) == ["lagging", "other"]

    with_exchange(body)


def test_faults_of_handshakes_need_a_path() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(client, {"kind": "html_403"})
        async with client.socket("/market/ws/btcusdt@aggTrade") as socket:
            await socket.receive()
        await inject(client, {"kind": "html_403", "path": "/market/*", "count": 1})
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with client.socket("/market/ws/btcusdt@aggTrade"):
                pass
        assert caught.value.status == 403
        async with client.socket("/market/ws/btcusdt@aggTrade") as socket:
            await socket.receive()

    with_exchange(body)


# ---- user events and streams -----------------------------------------------------------------------------------------

DISTURBED: list[tuple[dict[str, Any], list[int]]] = [
    ({"kind": "event_lost"}, [11, 13, 14]),
    ({"kind": "event_duplicated", "copies": 2}, [11, 12, 12, 12, 13, 14]),
    ({"kind": "event_reordered", "longest_ms": 60_000}, [11, 13, 12, 14]),
    ({"kind": "event_reordered", "by": 2, "longest_ms": 60_000}, [11, 13, 14, 12]),
    ({"kind": "event_reordered", "by": 5, "longest_ms": 300}, [11, 13, 14, 12]),
    ({"kind": "event_delayed", "ms": 300}, [11, 12, 13, 14]),
    ({"kind": "event_delayed", "ms": 300, "in_order": False}, [11, 13, 14, 12]),
]


@pytest.mark.parametrize(("fault", "expected"), DISTURBED, ids=lambda value: str(value)[:60])
def test_user_events_lost_doubled_late_and_out_of_order(fault: dict[str, Any], expected: list[int]) -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.user_stream() as user:
            await inject(client, fault | {"event": "ACCOUNT_CONFIG_UPDATE", "every": 2, "count": 1})
            for leverage in (11, 12, 13, 14):
                await set_leverage(client, leverage)
            assert await leverages(user, len(expected)) == expected
            assert [line["kind"] for line in (await report(client))["log"]] == [fault["kind"]]

    with_exchange(body)


def test_what_a_plan_holds_back_is_sent_when_it_ends() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.user_stream() as user:
            await inject(client, {"kind": "event_delayed", "ms": 600_000, "count": 1})
            await set_leverage(client, 11)
            await set_leverage(client, 12)
            await control(client, "DELETE", "faults")
            assert await leverages(user, 2) == [11, 12]

    with_exchange(body)


def test_a_silent_stream_beside_one_that_speaks() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.socket("/market/stream?streams=btcusdt@aggTrade/btcusdt@kline_1m") as socket:
            await inject(client, {"kind": "stream_silent", "stream": "*@aggTrade"})
            await socket.ask("LIST_SUBSCRIPTIONS")  # what came before is read
            kinds = {(await socket.receive())["stream"] for _ in range(30)}
            assert kinds == {"btcusdt@kline_1m"}
            (line,) = (await report(client))["log"]
            assert line["hit"] == "btcusdt@aggTrade aggTrade BTCUSDT: silent from here"
            await inject(client, {"kind": "stream_silent", "route": "market"})

            async def has_struck() -> bool:
                return bool((await report(client))["faults"][0]["hits"] >= 5)

            await until(has_struck)
            await socket.connection.ping()  # autoping: the client library takes the pong
            assert (await socket.ask("GET_PROPERTY", "combined", number=2))["result"] is True

    with_exchange(body)


def test_a_gap_in_the_book() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.socket("/public/ws/btcusdt@depth@100ms") as socket:
            await inject(client, {"kind": "depth_gap", "every": 5, "count": 1})
            before = await socket.receive()
            gaps = 0
            for _ in range(20):
                update = await socket.receive()
                gaps += update["pu"] != before["u"]
                before = update
            assert gaps == 1

    with_exchange(body)


# ---- sockets, clock, listenKey, maintenance --------------------------------------------------------------------------


def test_sockets_dropped_by_the_clock_with_a_frame_and_on_opening() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.socket("/market/ws/btcusdt@aggTrade") as market, client.user_stream() as user:
            await inject(client, {"kind": "socket_dropped", "route": "private", "from_ms": 100})
            assert (await user.connection.receive(timeout=LIMIT_S)).type is aiohttp.WSMsgType.CLOSED
            assert user.connection.close_code == 1006
            await market.receive()
            await inject(client, {"kind": "socket_dropped", "on": "frame", "event": "aggTrade", "every": 4})
            kinds = [(await market.connection.receive(timeout=LIMIT_S)).type for _ in range(4)]
            while kinds[-1] is aiohttp.WSMsgType.TEXT:  # frames from before the plan
                kinds.append((await market.connection.receive(timeout=LIMIT_S)).type)
            assert kinds[-1] is aiohttp.WSMsgType.CLOSED
        await inject(client, {"kind": "day_cut", "on": "open", "stream": "*@kline_1m"})
        async with client.socket("/market/ws/btcusdt@aggTrade") as market:
            await market.receive()
        async with client.socket("/market/ws/btcusdt@kline_1m") as market:
            while not market.connection.closed:
                await market.connection.receive(timeout=LIMIT_S)
            assert market.connection.close_code == 1001
        assert not exchange.venue.hub.sockets

    with_exchange(body)


def test_a_half_open_socket_says_nothing_at_all() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with (
            client.session.ws_connect(client.ws + "/market/ws/btcusdt@aggTrade", autoping=False) as dead,
            client.socket("/public/ws/btcusdt@bookTicker") as alive,
        ):
            assert (await dead.receive(timeout=LIMIT_S)).type is aiohttp.WSMsgType.TEXT
            await inject(client, {"kind": "socket_half_open", "route": "market"})
            await dead.ping()
            await dead.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
            for _ in range(20):
                await alive.receive()
            with pytest.raises(TimeoutError):
                while (message := await dead.receive(timeout=0.5)).type is aiohttp.WSMsgType.TEXT:
                    assert b"result" not in message.data.encode()  # an event from before
            assert not dead.closed
            now_s = asyncio.get_running_loop().time()
            await exchange._sockets.keep_alive(now_s + 601)  # too long without a pong
            assert (await dead.receive(timeout=LIMIT_S)).type is aiohttp.WSMsgType.CLOSED

    with_exchange(body)


@pytest.mark.parametrize("is_announced", [True, False])
def test_the_listen_key_expires(is_announced: bool) -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.user_stream() as user:
            await inject(client, {"kind": "listen_key_expired", "announced": is_announced})
            if is_announced:
                assert (await user.receive())["e"] == "listenKeyExpired"
            await set_leverage(client, 11)
            assert await user.ask("LIST_SUBSCRIPTIONS") == (await user.ask("LIST_SUBSCRIPTIONS"))
            renewed = await client.send("PUT", "/fapi/v1/listenKey", headers={"X-MBX-APIKEY": client.key})
            assert renewed.code == -1125

    with_exchange(body)


def test_the_request_clock_jumps_and_comes_back() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(client, {"kind": "clock_jump", "jump_ms": 60_000, "from_ms": 1, "until_ms": 2000})

        async def ahead_ms() -> int:
            return int((await client.get("/fapi/v1/time"))["serverTime"]) - time.time_ns() // 1_000_000

        async def has_jumped() -> bool:
            return await ahead_ms() > 50_000

        async def is_back() -> bool:
            return abs(await ahead_ms()) < 5_000

        await until(has_jumped)
        refused = await client.signed("GET", "/fapi/v3/balance")
        assert refused.code == -1021
        await until(is_back)
        assert (await client.signed("GET", "/fapi/v3/balance")).status == 200
        assert [line["hit"] for line in (await report(client))["log"]] == ["+60000 ms", "over"]

    with_exchange(body)


def test_maintenance_refuses_everything_and_closes_sockets() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.socket("/market/ws/btcusdt@aggTrade") as market:
            await market.receive()
            await inject(client, {"kind": "maintenance"})
            while not market.connection.closed:
                await market.connection.receive(timeout=LIMIT_S)
            assert market.connection.close_code == 1001
        refused = await client.send("GET", "/fapi/v1/ping")
        assert (refused.status, refused.code) == (503, -1016)
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with client.socket("/market/ws"):
                pass
        assert caught.value.status == 503
        await control(client, "DELETE", "faults")
        assert await client.get("/fapi/v1/ping") == {}

    with_exchange(body)


# ---- the control calls -----------------------------------------------------------------------------------------------


def test_the_script_acts_at_once() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.user_stream() as user:
            moved = await control(client, "POST", "script", {"do": "transfer", "amount": "250.5"})
            assert moved.status == 200, moved.text
            event = await user.receive()
            assert (event["e"], event["a"]["m"]) == ("ACCOUNT_UPDATE", "DEPOSIT")
            assert (await client.signed("GET", "/fapi/v3/account")).json["totalWalletBalance"].startswith("10250.5")
            await client.order(side="BUY", type="MARKET", quantity="0.010")
            closed = await control(client, "POST", "script", {"do": "auto_deleverage", "symbol": "BTCUSDT"})
            assert closed.status == 200, closed.text
            events = await user.receive_until(
                lambda event: (
                    event.get("o", {}).get("c", "").startswith("adl_autoclose") and event["o"]["X"] == "FILLED"
                )
            )
            assert events
            assert (await client.signed("GET", "/fapi/v3/positionRisk")).json == []
            await control(client, "POST", "script", {"do": "expire_listen_key"})
            assert (await user.receive_until(lambda event: event["e"] == "listenKeyExpired"))[-1]
        await control(client, "POST", "script", {"do": "jump_clock", "ms": 3_600_000})
        assert (await client.signed("GET", "/fapi/v3/balance")).code == -1021
        await control(client, "POST", "script", {"do": "jump_clock", "ms": -3_600_000})
        await control(client, "POST", "script", {"do": "maintenance", "on": True})
        assert (await client.send("GET", "/fapi/v1/ping")).status == 503
        await control(client, "POST", "script", {"do": "maintenance", "on": False})
        assert (await client.signed("GET", "/fapi/v3/balance")).status == 200

    with_exchange(body)


@pytest.mark.parametrize(
    ("path", "sent", "names"),
    [
        ("faults", {"faults": [{"kind": "html_403"}, {"kind": "html_403", "every": 0}]}, "fault 1, field 'every'"),
        ("faults", {"faults": [{"kind": "flood"}]}, "fault 0, field 'kind'"),
        ("faults", {"faults": [], "latency": "order=5"}, "latency"),
        ("faults", {"faults": [{"kind": "clock_jump", "jump_ms": 1, "path": "/x"}]}, "fault 0: .*`path`"),
        ("script", {"do": "fly"}, "do"),
        ("script", {"do": "transfer", "amount": "much"}, ""),
        ("script", {"do": "transfer", "amount": "NaN"}, "NaN"),
    ],
)
def test_a_malformed_control_call_changes_nothing(path: str, sent: Any, names: str) -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(client, {"kind": "html_403", "path": "/fapi/v1/depth"})
        before = await report(client)
        refused = await control(client, "POST", path, sent)
        assert (refused.status, refused.code) == (400, -1130)
        assert names.partition(".*")[0] in refused.json["msg"]
        assert (await report(client))["faults"] == before["faults"]
        assert (await client.send("POST", f"/simulator/{path}", data=b"{}")).status == 401
        assert (await control(client, "PATCH", path)).status == 404

    with_exchange(body)


def test_a_plan_from_a_file_works_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text('{"faults": [{"kind": "html_502", "path": "/fapi/v1/ping"}], "latency": "order=50"}')

    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        assert (await client.send("GET", "/fapi/v1/ping")).status == 502
        began_s = time.monotonic()
        await resting(client, "slow")
        assert time.monotonic() - began_s >= 0.05

    with_exchange(body, msgspec.structs.replace(FAST, faults=file))


def test_an_exchange_stops_although_orders_are_still_on_their_way() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        await inject(client, {"kind": "delay_request", "ms": 600_000, "symbol": "ETHUSDT"})
        held = [
            asyncio.create_task(resting(client, "in the queue"), name="queue"),
            asyncio.create_task(client.signed("POST", ORDER, symbol="ETHUSDT"), name="delayed"),
        ]

        async def has_delayed() -> bool:
            return bool((await report(client))["log"])

        await until(has_delayed)
        async with asyncio.timeout(LIMIT_S):
            await exchange.stop()
        assert all(
            isinstance(result, aiohttp.ClientError) for result in await asyncio.gather(*held, return_exceptions=True)
        )

    with_exchange(body, msgspec.structs.replace(FAST, latency="order=600000"))


def test_actions_keep_their_order_of_arrival_behind_their_delays() -> None:
    async def body(exchange: SimulatedExchange, client: RawClient) -> None:
        async with client.user_stream() as user:
            names = [f"o-{index}" for index in range(20)]
            price = float((await client.get("/fapi/v2/ticker/price", symbol="BTCUSDT"))["price"])
            arrived: list[str] = []
            front: HttpFront = exchange._front
            admit = front._desk.admit

            def noting(method: str, path: str, key: str | None, query: str, sent: str) -> Any:
                arrived.append(query.partition("newClientOrderId=")[2].partition("&")[0])
                return admit(method, path, key, query, sent)

            front._desk.admit = noting  # type: ignore[method-assign]
            await asyncio.gather(
                *(client.order(price=f"{price * 0.9:.1f}", newClientOrderId=name, **HELD) for name in names)
            )
            events = [await user.receive() for _ in names]
            assert [event["o"]["c"] for event in events] == [name for name in arrived if name]
            assert sorted(event["o"]["c"] for event in events) == sorted(names)

    with_exchange(body, msgspec.structs.replace(FAST, latency="order=uniform:0:40,event=lognormal:5:1"))
