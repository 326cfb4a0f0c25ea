"""The WebSocket API over real connections: by hand and with the official client."""

import asyncio
import base64
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from yarl import URL

from tests.raw_exchange_client import LIMIT_S, RawClient, running
from trader_gui.errors import UserError
from trader_gui.simulated_exchange import ws_api
from trader_gui.simulated_exchange.keys import read_public_key
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import start_exchange
from trader_gui.simulated_exchange.server import SimulatedExchange

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}

SDK_WARNINGS = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


class Line:
    """One connection to the WebSocket API."""

    def __init__(self, client: RawClient, connection: aiohttp.ClientWebSocketResponse) -> None:
        self.client = client
        self.connection = connection

    async def send(self, method: str, number: Any, **parameters: Any) -> None:
        await self.connection.send_json({"id": number, "method": method, "params": parameters})

    async def send_signed(self, method: str, number: Any, **parameters: Any) -> None:
        parameters |= {"apiKey": self.client.key, "timestamp": time.time_ns() // 1_000_000}
        payload = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
        await self.send(method, number, **parameters, signature=self.client.sign(payload))

    async def receive(self) -> Any:
        message = await self.connection.receive(timeout=LIMIT_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def signed(self, method: str, **parameters: Any) -> Any:
        await self.send_signed(method, "s", **parameters)
        return await self.receive()

    async def receive_close(self) -> int | None:
        async with asyncio.timeout(LIMIT_S):
            while not self.connection.closed:
                await self.connection.receive()
        return self.connection.close_code


@asynccontextmanager
async def connected(
    options: ExchangeOptions | None = None, query: str = "", **connect: Any
) -> AsyncIterator[tuple[SimulatedExchange, Line]]:
    async with (
        running(options) as (exchange, client),
        client.session.ws_connect(client.ws + ws_api.PATH + query, **connect) as connection,
    ):
        yield exchange, Line(client, connection)


async def low_price(client: RawClient) -> str:
    best = await client.get("/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
    return str((Decimal(best["bidPrice"]) * Decimal("0.97")).quantize(Decimal("0.1")))


def test_orders_go_both_ways_and_events_follow() -> None:
    async def body() -> None:
        async with connected() as (_, line), line.client.user_stream() as user:
            price = await low_price(line.client)
            placed = await line.signed("order.place", **ORDER, price=price, newClientOrderId="ws-1")
            assert placed["status"] == 200, placed
            assert placed["rateLimits"][0]["count"] >= 5  # the handshake
            event = (await user.receive_until(lambda frame: frame["e"] == "ORDER_TRADE_UPDATE"))[-1]
            assert (event["o"]["c"], event["o"]["i"]) == ("ws-1", placed["result"]["orderId"])
            rest = await line.client.signed("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")
            assert [row["clientOrderId"] for row in rest.json] == ["ws-1"]
            gone = await line.signed("order.cancel", symbol="BTCUSDT", origClientOrderId="ws-1")
            assert gone["result"]["status"] == "CANCELED"

    asyncio.run(body())


def test_many_requests_in_flight_are_answered_each_by_its_id() -> None:
    async def body() -> None:
        async with connected() as (_, line):
            for number in range(20):
                await line.send("ticker.price" if number % 2 else "nothing", number, symbol="BTCUSDT")
            replies = [await line.receive() for _ in range(20)]
            assert [reply["id"] for reply in replies] == list(range(20))
            assert [reply["status"] for reply in replies] == [400, 200] * 10
            await line.connection.send_str("{")
            broken = await line.receive()
            assert (broken["id"], broken["status"], broken["error"]["code"]) == (None, 400, -1135)
            await line.send("ticker.price", "still there")
            assert (await line.receive())["status"] == 200

    asyncio.run(body())


def test_usage_is_hidden_by_the_url() -> None:
    async def body() -> None:
        async with connected(query="?returnRateLimits=false") as (_, line):
            await line.send("ticker.price", 1)
            assert set(await line.receive()) == {"id", "status", "result"}

    asyncio.run(body())


def test_orders_are_placed_while_clients_set_the_pace() -> None:
    async def body() -> None:
        async with connected(ExchangeOptions(speed="max")) as (_, line):
            price = await low_price(line.client)
            for number in range(3):
                placed = await line.signed("order.place", **ORDER, price=price, newClientOrderId=f"ws-{number}")
                assert placed["status"] == 200, placed
            assert [row["count"] for row in placed["rateLimits"]] == [0, 0, 0]  # nothing is counted at this speed
            market = await line.signed(
                "order.place", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010", newOrderRespType="RESULT"
            )
            assert market["result"]["status"] == "FILLED"

    asyncio.run(body())


def test_a_plain_request_is_no_connection() -> None:
    async def body() -> None:
        async with running() as (_, client):
            reply = await client.send("GET", ws_api.PATH)
            assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (404, "text/html")

    asyncio.run(body())


def test_a_handshake_costs_weight_and_is_refused_when_there_is_none_left() -> None:
    async def body() -> None:
        async with running() as (_, client):
            statuses = set()
            for _ in range(200):
                reply = await client.send("GET", "/fapi/v1/aggTrades", "symbol=BTCUSDT")
                statuses.add(reply.status)
                if reply.status == 418:
                    break
            assert statuses == {200, 429, 418}
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await client.session.ws_connect(client.ws + ws_api.PATH)
            assert caught.value.status == 418
            assert caught.value.headers is not None
            assert 0 < int(caught.value.headers["Retry-After"]) <= 120

    asyncio.run(body())


def test_the_server_pings_and_only_an_echo_keeps_a_connection() -> None:
    async def body() -> None:
        async with connected(autoping=False) as (exchange, line):
            host, socket = exchange._ws_api, line.connection
            now_s = asyncio.get_running_loop().time()
            await host.keep_alive(now_s + ws_api.PING_SECONDS + 1)
            ping = await socket.receive(timeout=LIMIT_S)
            assert ping.type is aiohttp.WSMsgType.PING
            assert abs(int(ping.data) - time.time_ns() // 1_000_000) < 60_000
            await socket.pong(b"unasked")
            await line.send("ticker.price", 1)
            await line.receive()  # the pong before it has been read
            (state,) = host._connections
            assert state.alive_s == state.opened_s
            await socket.pong(ping.data)
            await line.send("ticker.price", 1)
            await line.receive()
            assert state.alive_s > state.opened_s
            await host.keep_alive(state.alive_s + ws_api.PONG_SECONDS - 1)
            assert not socket.closed
            closing = asyncio.create_task(host.keep_alive(state.alive_s + ws_api.PONG_SECONDS + 1))
            assert await line.receive_close() == 1001
            await closing

    asyncio.run(body())


def test_a_connection_lives_a_day() -> None:
    async def body() -> None:
        async with connected() as (exchange, line):
            (state,) = exchange._ws_api._connections
            state.alive_s += ws_api.LIFE_SECONDS
            closing = asyncio.create_task(exchange._ws_api.keep_alive(state.opened_s + ws_api.LIFE_SECONDS + 1))
            assert await line.receive_close() == 1001
            await closing

    asyncio.run(body())


def test_pings_of_the_client_are_answered_up_to_five_a_second() -> None:
    async def body() -> None:
        async with connected(autoping=False) as (_, line):
            await line.connection.ping(b"hello")
            pong = await line.connection.receive(timeout=LIMIT_S)
            assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"hello")
            for _ in range(60):  # more than five in some second, however slow the machine is
                await line.connection.pong(b"")
            assert await line.receive_close() == 1008

    asyncio.run(body())


def test_stopping_closes_connections() -> None:
    async def body() -> None:
        async with connected() as (exchange, line):
            stopping = asyncio.create_task(exchange.stop())
            assert await line.receive_close() == 1001
            await stopping

    asyncio.run(body())


# ---- what stands before the venue ------------------------------------------------------------------------------------

ORDER_PATH = "/fapi/v1/order"
TROUBLES: list[tuple[dict[str, Any], int, int, bool]] = [
    ({"kind": "unknown_503"}, 503, -1000, False),
    ({"kind": "unknown_503", "executed": True}, 503, -1000, True),
    ({"kind": "unavailable_503"}, 503, -1000, False),
    ({"kind": "overloaded_503"}, 503, -1008, False),
    ({"kind": "timeout_1007", "executed": True}, 408, -1007, True),
    ({"kind": "html_403"}, 403, -1000, False),
    ({"kind": "rate_limit_429", "retry_after_s": 7}, 429, -1003, False),
    ({"kind": "ban_418"}, 418, -1003, False),
]


async def inject(client: RawClient, *faults: dict[str, Any]) -> None:
    plan = json.dumps({"seed": 1, "faults": list(faults)})
    reply = await client.send("POST", "/simulator/faults", headers={"X-MBX-APIKEY": client.key}, data=plan)
    assert reply.status == 200, reply.text


async def open_names(client: RawClient) -> list[str]:
    rows = (await client.signed("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")).json
    return [row["clientOrderId"] for row in rows]


@pytest.mark.parametrize(("fault", "status", "code", "is_executed"), TROUBLES, ids=lambda value: str(value)[:40])
def test_faults_strike_here_too(fault: dict[str, Any], status: int, code: int, is_executed: bool) -> None:
    async def body() -> None:
        async with connected() as (_, line):
            price = await low_price(line.client)
            await inject(line.client, fault | {"path": ORDER_PATH, "method": "POST", "every": 2, "count": 1})
            first = await line.signed("order.place", **ORDER, price=price, newClientOrderId="before")
            assert first["status"] == 200
            assert isinstance(first["result"]["orderId"], int)
            struck = await line.signed("order.place", **ORDER, price=price, newClientOrderId="struck")
            assert (struck["id"], struck["status"], struck["error"]["code"]) == ("s", status, code)
            if "retry_after_s" in fault:
                times = struck["error"]["data"]
                assert times["retryAfter"] - times["serverTime"] == 7_000
            assert await open_names(line.client) == ["before", "struck"][: 1 + is_executed]
            refused = await line.signed("order.cancel", symbol="BTCUSDT", origClientOrderId="never")
            assert (refused["status"], refused["error"]["code"]) == (400, -2011)
            status_of_session = await line.signed("session.status")
            assert status_of_session["result"]["apiKey"] is None

    asyncio.run(body())


def test_a_late_request_is_overtaken_by_the_next() -> None:
    async def body() -> None:
        async with connected() as (_, line):
            price = await low_price(line.client)
            await inject(line.client, {"kind": "delay_request", "ms": 300, "path": ORDER_PATH, "count": 1})
            await line.send_signed("order.place", "late", **ORDER, price=price)
            await line.send("ticker.price", "quick", symbol="BTCUSDT")
            await line.connection.send_str("{")
            assert [(await line.receive())["id"] for _ in range(3)] == ["quick", None, "late"]

    asyncio.run(body())


def test_a_request_is_left_without_an_answer_and_a_connection_breaks_off() -> None:
    async def body() -> None:
        async with connected() as (_, line):
            price = await low_price(line.client)
            await inject(line.client, {"kind": "half_open_request", "executed": True, "path": ORDER_PATH})
            await line.send_signed("order.place", "silent", **ORDER, price=price, newClientOrderId="a")
            await line.send("ticker.price", "next", symbol="BTCUSDT")
            assert (await line.receive())["id"] == "next"
            assert await open_names(line.client) == ["a"]
            await inject(
                line.client, {"kind": "drop_connection", "executed": True, "path": ORDER_PATH, "method": "POST"}
            )
            await line.send_signed("order.place", "cut", **ORDER, price=price, newClientOrderId="b")
            assert await line.receive_close() == 1006
            assert await open_names(line.client) == ["a", "b"]

    asyncio.run(body())


def test_stopping_gives_up_what_is_on_its_way() -> None:
    async def body() -> None:
        async with connected() as (exchange, line):
            price = await low_price(line.client)
            await inject(line.client, {"kind": "delay_request", "ms": 60_000, "path": ORDER_PATH})
            await line.send_signed("order.place", "late", **ORDER, price=price)
            await line.send("ticker.price", "next", symbol="BTCUSDT")
            assert (await line.receive())["id"] == "next"
            async with asyncio.timeout(LIMIT_S):
                await exchange.stop()
            assert exchange.venue.core.open_orders(None) == []

    asyncio.run(body())


# ---- keys, and the official client -----------------------------------------------------------------------------------


def write_keys(private: Any, folder: Path) -> tuple[str, Path]:
    """Write the public half; return the private one as PEM text, and the file."""
    file = folder / "public.pem"
    file.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), file


def rsa_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@SDK_WARNINGS
@pytest.mark.parametrize("make", [None, rsa_key, ed25519.Ed25519PrivateKey.generate], ids=["HMAC", "RSA", "Ed25519"])
def test_the_official_client_trades_with_any_kind_of_key(make: Any, tmp_path: Path) -> None:
    sdk = pytest.importorskip("binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures")
    common = pytest.importorskip("binance_common.configuration")

    async def body() -> None:
        private, file = write_keys(make(), tmp_path) if make else ("", None)
        async with running(ExchangeOptions(public_keys=(file,) if file else ())) as (exchange, client):
            price = await low_price(client)
            keys = {"api_key": exchange.api_key, "api_secret": exchange.api_secret}
            if file is not None:
                keys = {"api_key": exchange.public_keys[file].name, "private_key": private}
            program = sdk.DerivativesTradingUsdsFutures(
                config_ws_api=common.ConfigurationWebSocketAPI(stream_url=exchange.ws_url + ws_api.PATH, **keys),
                config_rest_api=common.ConfigurationRestAPI(base_path=exchange.rest_url, timeout=10_000, **keys),
            )
            connection = await program.websocket_api.create_connection()
            try:
                reply = await connection.new_order(
                    symbol="BTCUSDT",
                    side="BUY",
                    type="LIMIT",
                    time_in_force="GTC",
                    quantity=0.01,
                    price=float(price),
                    new_client_order_id="sdk/1:a",
                    recv_window=5000,
                )
                order = reply.data().result
                assert (order.client_order_id, order.status) == ("sdk/1:a", "NEW")
                assert reply.rate_limits[1].count == 1
                await connection.cancel_order(symbol="BTCUSDT", order_id=order.order_id)
                rows = await asyncio.to_thread(lambda: program.rest_api.current_all_open_orders().data())
                assert rows == []
                balance = await asyncio.to_thread(lambda: program.rest_api.futures_account_balance_v3().data())
                assert balance[0].balance == "10000.00000000"
            finally:
                await connection.close_connection(close_session=True)

    asyncio.run(body())


@SDK_WARNINGS
def test_the_official_client_logs_on(tmp_path: Path) -> None:
    sdk = pytest.importorskip("binance_sdk_derivatives_trading_usds_futures.websocket_api.websocket_api")
    common = pytest.importorskip("binance_common.configuration")

    async def body() -> None:
        private, file = write_keys(ed25519.Ed25519PrivateKey.generate(), tmp_path)
        async with running(ExchangeOptions(public_keys=(file,))) as (exchange, _):
            program = sdk.DerivativesTradingUsdsFuturesWebSocketAPI(
                common.ConfigurationWebSocketAPI(
                    stream_url=exchange.ws_url + ws_api.PATH,
                    api_key=exchange.public_keys[file].name,
                    private_key=private,
                )
            )
            await program.create_connection()
            try:
                logged_on = await program.send_signed_message(
                    {"method": "session.logon", "params": {}}, signer=program.signer, session_logon=True
                )
                assert logged_on.data()["result"]["apiKey"] == exchange.public_keys[file].name
                status = await program.send_signed_message(
                    {"method": "v2/account.balance", "params": {}}, signer=program.signer
                )
                assert status.data()["result"][0]["asset"] == "USDT"
            finally:
                await program.close_connection(close_session=True)

    asyncio.run(body())


def test_rest_takes_signatures_of_public_keys(tmp_path: Path) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    _, file = write_keys(private, tmp_path)

    async def body() -> None:
        async with running(ExchangeOptions(public_keys=(file,))) as (exchange, client):
            header = {"X-MBX-APIKEY": exchange.public_keys[file].name}
            payload = f"timestamp={time.time_ns() // 1_000_000}"
            signature = quote(base64.b64encode(private.sign(payload.encode())).decode(), safe="")
            good = await client.send("GET", "/fapi/v3/balance", f"{payload}&signature={signature}", headers=header)
            assert good.status == 200
            crossed = await client.send(
                "GET", "/fapi/v3/balance", f"{payload}&signature={client.sign(payload)}", headers=header
            )
            assert (crossed.status, crossed.code) == (400, -1022)  # each key has its own kind of signature

    asyncio.run(body())


def test_the_program_takes_public_keys_and_tells_their_api_keys(tmp_path: Path) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    _, file = write_keys(private, tmp_path)

    async def body() -> None:
        child = await start_exchange(ExchangeOptions(public_keys=(file,)))
        try:
            payload = f"timestamp={time.time_ns() // 1_000_000}"
            signature = quote(base64.b64encode(private.sign(payload.encode())).decode(), safe="")
            header = {"X-MBX-APIKEY": read_public_key(file).name}
            async with aiohttp.ClientSession() as session:
                url = f"{child.rest_url}/fapi/v3/balance?{payload}&signature={signature}"
                async with session.get(URL(url, encoded=True), headers=header) as answer:
                    assert answer.status == 200, await answer.text()
        finally:
            await child.stop()
        with pytest.raises(UserError, match=r"^none.pem cannot be read"):
            await start_exchange(ExchangeOptions(public_keys=(tmp_path / "none.pem",)))

    asyncio.run(body())
    words = [sys.executable, "-m", "trader_gui", "exchange", "--exit-with-parent", "--public-key", str(file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        ready = json.loads(program.stdout.readline())
    assert ready["public_keys"] == [{"file": str(file), "kind": "Ed25519", "api_key": read_public_key(file).name}]
