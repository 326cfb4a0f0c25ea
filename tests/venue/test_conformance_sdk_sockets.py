"""The SDK of Binance against the exchange: streams, WebSocket API, and keys of every kind, by URLs and keys alone."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from binance_common.errors import BadRequestError

from tests.conformance_clients import client_of, missing_fields, prices, rest_of
from tests.conformance_world import Address, Ledger, no_tasks_left, public_key, until

# The SDK hands aiohttp a plain number where that wants an object by now.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float' is deprecated:DeprecationWarning")

SYMBOL = "BTCUSDT"
OF_SYMBOL = {"symbol": SYMBOL}
QUANTITY = 0.01
BUY = {"symbol": SYMBOL, "side": "BUY"}
SELL = {"symbol": SYMBOL, "side": "SELL"}
MARKET = {"type": "MARKET", "quantity": QUANTITY, "new_order_resp_type": "RESULT"}


OPTIONAL = {
    *("AP", "cr"),  # of trailing orders
    *("N", "n"),  # of fills
    "M",  # of amendments that sent one
    "S",  # of funding
    *("ia", "rm"),  # of trailing orders, and of orders that failed
    "ai",  # leverage comes as `ac`
}
"""Fields of user events that come only sometimes."""


# ---- streams ----


def run(body: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(40), no_tasks_left():
            await body()

    asyncio.run(bounded())


@contextlib.asynccontextmanager
async def streams_of(address: Address) -> AsyncIterator[Any]:
    streams = client_of(address).websocket_streams
    await streams.create_connection()
    try:
        yield streams
    finally:
        await streams.close_connection()


STREAMS: dict[str, dict[str, Any]] = {
    "aggregate_trade_streams": {"symbol": "btcusdt"},
    "kline_candlestick_streams": {"symbol": "btcusdt", "interval": "1m"},
    "continuous_contract_kline_candlestick_streams": {
        "pair": "btcusdt",
        "contract_type": "perpetual",
        "interval": "1m",
    },
    "mark_price_stream": {"symbol": "btcusdt", "update_speed": "1s"},
    "mark_price_stream_for_all_market": {"update_speed": "1s"},
    "individual_symbol_mini_ticker_stream": {"symbol": "btcusdt"},
    "individual_symbol_ticker_streams": {"symbol": "btcusdt"},
    "all_market_mini_tickers_stream": {},
    "all_market_tickers_streams": {},
    "individual_symbol_book_ticker_streams": {"symbol": "btcusdt"},
    "all_book_tickers_stream": {},
    "partial_book_depth_streams": {"symbol": "btcusdt", "levels": "5", "update_speed": "100ms"},
    "diff_book_depth_streams": {"symbol": "btcusdt", "update_speed": "100ms"},
    "rpi_diff_book_depth_streams": {"symbol": "btcusdt"},
}


def test_market_streams(address: Address) -> None:
    async def body() -> None:
        received: dict[str, list[Any]] = {name: [] for name in STREAMS}
        async with streams_of(address) as streams:
            assert {connection.url_path for connection in streams.connections} == {"market", "public", "private"}

            async def subscribe(name: str) -> None:
                handle = await getattr(streams, name)(**STREAMS[name])
                handle.on("message", received[name].append)

            await asyncio.gather(*map(subscribe, STREAMS))
            with contextlib.suppress(TimeoutError):
                await until(lambda: all(received.values()))
            assert [name for name, frames in received.items() if not frames] == []
            assert {name: missing for name, frames in received.items() if (missing := missing_fields(frames))} == {}
            klines = received["kline_candlestick_streams"]
            assert klines[-1].k.s == SYMBOL
            diffs = received["diff_book_depth_streams"]
            await until(lambda: len(diffs) >= 10)
            assert all(after.pu == before.u for before, after in itertools.pairwise(diffs))
            count = len(received["aggregate_trade_streams"])
            await until(lambda: len(received["aggregate_trade_streams"]) > count)

    run(body)


def test_subscriptions_end(address: Address) -> None:
    async def body() -> None:
        async with streams_of(address) as streams:
            await streams.aggregate_trade_streams(symbol="btcusdt")
            handle = await streams.kline_candlestick_streams(symbol="btcusdt", interval="1m")
            # The list is that of the first connection, which is the one of /market.
            assert (await streams.list_subscribe())["result"] == ["btcusdt@aggTrade", "btcusdt@kline_1m"]
            await handle.unsubscribe()
            assert (await streams.list_subscribe())["result"] == ["btcusdt@aggTrade"]

    run(body)


def test_user_stream(address: Address, ledger: Ledger) -> None:
    async def body() -> None:
        events: list[Any] = []
        with rest_of(address) as rest:
            key = rest.start_user_data_stream().data().listen_key
            assert rest.keepalive_user_data_stream().data().listen_key == key
            async with streams_of(address) as streams:
                handle = await streams.user_data(key)
                handle.on("message", lambda event: events.append(event.actual_instance))
                # The subscription's reply carries no news of its own: a first event shows that it stands.
                await streams.list_subscribe()
                low, _ = await asyncio.to_thread(prices, rest)
                opened = (await asyncio.to_thread(rest.new_order, **BUY, **MARKET)).data()
                stop = {"type": "STOP_MARKET", "trigger_price": low, "quantity": QUANTITY}
                algo = (await asyncio.to_thread(rest.new_algo_order, algo_type="CONDITIONAL", **SELL, **stop)).data()
                await asyncio.to_thread(rest.cancel_algo_order, algo_id=algo.algo_id)
                await asyncio.to_thread(rest.change_initial_leverage, **OF_SYMBOL, leverage=15)
                closing = {"type": "MARKET", "quantity": QUANTITY, "reduce_only": "true"}
                closed = (await asyncio.to_thread(rest.new_order, **SELL, **closing)).data()

                def of(kind: str) -> list[Any]:
                    return [event for event in events if type(event).__name__ == kind]

                def are_filled() -> bool:
                    filled = {event.o.i for event in of("OrderTradeUpdate") if event.o.X == "FILLED"}
                    return {opened.order_id, closed.order_id} <= filled

                await until(are_filled)
                assert missing_fields(events) <= OPTIONAL
                assert {event.t for event in of("TradeLite")} == {
                    event.o.t for event in of("OrderTradeUpdate") if event.o.x == "TRADE"
                }
                assert [event.o.X for event in of("AlgoUpdate")] == ["NEW", "CANCELED"]
                assert [event.ac.l for event in of("AccountConfigUpdate")] == [15]
                fees = sum(Decimal(event.o.n) for event in of("OrderTradeUpdate") if event.o.x == "TRADE")
                rows = [row for row in ledger.trades() if row["orderId"] in (opened.order_id, closed.order_id)]
                assert fees == sum(Decimal(row["commission"]) for row in rows)
                assert Decimal(of("AccountUpdate")[-1].a.B[0].wb) == ledger.wallet()
            rest.change_initial_leverage(**OF_SYMBOL, leverage=20)

    run(body)


# ---- WebSocket API ----


@contextlib.asynccontextmanager
async def ws_api_of(address: Address, **keys: Any) -> AsyncIterator[Any]:
    api = client_of(address, **keys).websocket_api
    await api.create_connection()
    try:
        yield api
    finally:
        await api.close_connection()


async def trade_by_ws(api: Any, ledger: Ledger) -> None:
    """Place, change, look up and cancel orders, then open and close a position."""
    touch = (await api.symbol_order_book_ticker(symbol=SYMBOL)).data()
    low = round(float(getattr(touch, "actual_instance", touch).result.bid_price) * 0.98, 1)
    limit = {"type": "LIMIT", "time_in_force": "GTC", "quantity": QUANTITY, "price": low}
    made = (await api.new_order(**BUY, **limit)).data().result
    assert made.status == "NEW"
    changed = (await api.modify_order(**BUY, order_id=made.order_id, quantity=0.02, price=low + 5)).data().result
    assert Decimal(changed.orig_qty) == Decimal("0.02")
    assert (await api.query_order(**OF_SYMBOL, order_id=made.order_id)).data().result.status == "NEW"
    assert (await api.cancel_order(**OF_SYMBOL, order_id=made.order_id)).data().result.status == "CANCELED"
    stop = {"type": "STOP_MARKET", "trigger_price": low, "quantity": QUANTITY}
    algo = (await api.new_algo_order(algo_type="CONDITIONAL", **SELL, **stop)).data().result
    assert (await api.cancel_algo_order(algo_id=algo.algo_id)).data().result.code == "200"
    opened = (await api.new_order(**BUY, **MARKET)).data().result
    assert opened.status == "FILLED"
    for call in (api.position_information, api.position_information_v2):
        rows = (await call(symbol=SYMBOL)).data().result
        assert [Decimal(row.position_amt) for row in rows if Decimal(row.position_amt)] == [Decimal("0.01")]
    for call in (api.account_information, api.account_information_v2):
        assert Decimal((await call()).data().result.total_wallet_balance) == ledger.wallet()
    for call in (api.futures_account_balance, api.futures_account_balance_v2):
        balance = next(row for row in (await call()).data().result if row.asset == "USDT")
        assert Decimal(balance.balance) == ledger.wallet()
    answer = await api.new_order(**SELL, type="MARKET", quantity=QUANTITY, reduce_only="true")
    assert {limit.rateLimitType for limit in answer.rate_limits} == {"REQUEST_WEIGHT", "ORDERS"}
    assert ledger.positions() == {}


def test_websocket_api(address: Address, ledger: Ledger, expect_log: Callable[[str], None]) -> None:
    expect_log("Error received from server")
    expect_log("Connection with user closed")

    async def body() -> None:
        async with ws_api_of(address) as api:
            await trade_by_ws(api, ledger)
            assert (await api.order_book(symbol=SYMBOL, limit=5)).data().result.last_update_id > 0
            price = (await api.symbol_price_ticker(symbol=SYMBOL)).data()
            assert Decimal(getattr(price, "actual_instance", price).result.price) > 0
            key = (await api.start_user_data_stream()).data().result.listen_key
            assert (await api.keepalive_user_data_stream()).data().result.listen_key == key
            await api.close_user_data_stream()
            refused = (await api.new_order(**SELL, **MARKET, reduce_only="true")).data()
            assert refused["error"]["code"] == -2022
            several = await asyncio.gather(*(api.query_order(**OF_SYMBOL, order_id=1) for _ in range(3)))
            assert [answer.data()["error"]["code"] for answer in several] == [-2013] * 3

    run(body)


# ---- RSA and Ed25519 ----


@pytest.mark.parametrize("kind", ["RSA", "Ed25519"])
def test_public_keys_sign_rest(signed_address: Address, key_files: dict[str, tuple[str, Path]], kind: str) -> None:
    with rest_of(signed_address, **public_key(signed_address, key_files, kind)) as rest:
        assert Decimal(rest.account_information_v3().data().total_wallet_balance) == Ledger(signed_address).wallet()
        assert rest.new_order(**BUY, **MARKET).data().status == "FILLED"
        assert rest.new_order(**SELL, **MARKET, reduce_only="true").data().status == "FILLED"
        other = key_files["RSA" if kind == "Ed25519" else "Ed25519"][0]
    own = public_key(signed_address, key_files, kind)
    with rest_of(signed_address, **own | {"private_key": other}) as forger, pytest.raises(BadRequestError) as refusal:
        forger.account_information_v3()
    assert refusal.value.status_code == -1022


def test_session_logon(signed_address: Address, key_files: dict[str, tuple[str, Path]]) -> None:
    async def body() -> None:
        ledger = Ledger(signed_address)
        async with ws_api_of(signed_address, **public_key(signed_address, key_files, "Ed25519")) as api:
            logon = {"method": "session.logon", "params": {}}
            answer = await api.send_signed_message(logon, signer=api.signer, api_key=True, session_logon=True)
            assert answer.data()["result"]["apiKey"] == api.configuration.api_key
            status = await api.send_message({"method": "session.status", "params": {}})
            assert status.data()["result"]["apiKey"] == api.configuration.api_key
            await trade_by_ws(api, ledger)
            logout = await api.send_message({"method": "session.logout", "params": {}}, session_logout=True)
            assert logout.data()["result"]["apiKey"] is None
            await trade_by_ws(api, ledger)
        ledger.check()

    run(body)


def test_only_ed25519_logs_on(
    signed_address: Address, key_files: dict[str, tuple[str, Path]], expect_log: Callable[[str], None]
) -> None:
    expect_log("Error received from server")
    expect_log("Connection with user closed")

    async def body() -> None:
        async with ws_api_of(signed_address, **public_key(signed_address, key_files, "RSA")) as api:
            await trade_by_ws(api, Ledger(signed_address))
            logon = {"method": "session.logon", "params": {}}
            answer = await api.send_signed_message(logon, signer=api.signer, api_key=True)
            assert "error" in answer.data()

    run(body)
