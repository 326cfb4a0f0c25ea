"""ccxt's streams and its WebSocket API against the exchange, by URLs and keys alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import ccxt.pro
import pytest

from tests.conformance_clients import point, settings
from tests.conformance_world import LIMIT_S, Address, Ledger, exchange_process, no_tasks_left, public_key, until

SYMBOL = "BTC/USDT:USDT"
QUANTITY = 0.01


@contextlib.asynccontextmanager
async def pro(address: Address, keys: dict[str, str]) -> AsyncIterator[Any]:
    async with no_tasks_left():
        client = point(ccxt.pro.binanceusdm(settings(address) | keys), address)
        try:
            await client.load_markets()
            yield client
        finally:
            await client.close()


def run(address: Address, body: Callable[[Any], Coroutine[Any, Any, None]], keys: dict[str, str] | None = None) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(2 * LIMIT_S), pro(address, keys or {}) as client:
            await body(client)

    asyncio.run(bounded())


def test_market_streams(address: Address) -> None:
    async def body(client: Any) -> None:
        rows, book, trades, ticker, tickers, touch, mark = await asyncio.gather(
            client.watch_ohlcv(SYMBOL, "1m"),
            client.watch_order_book(SYMBOL),
            client.watch_trades(SYMBOL, params={"name": "aggTrade"}),
            client.watch_ticker(SYMBOL),
            client.watch_tickers(),
            client.watch_bids_asks([SYMBOL]),
            client.watch_mark_price(SYMBOL),
        )
        assert rows[-1][3] <= rows[-1][4] <= rows[-1][2]
        assert trades[-1]["side"] in ("buy", "sell")
        assert ticker["low"] <= ticker["last"] <= ticker["high"]
        assert set(tickers) & set(client.markets)  # and rows of COIN-M, which are no markets here
        assert touch[SYMBOL]["bid"] < touch[SYMBOL]["ask"]
        assert mark["markPrice"] > 0
        nonce = book["nonce"]
        for _ in range(20):
            # A gap in the ids makes ccxt raise: twenty updates in a row are a book kept in step.
            book = await client.watch_order_book(SYMBOL)
            assert book["bids"][0][0] < book["asks"][0][0]
        assert book["nonce"] > nonce

    run(address, body)


def test_the_book_is_the_exchange_s_own() -> None:
    """The book that ccxt keeps from the stream equals the book that the exchange gives out at the same update."""
    compared = []

    async def body(client: Any) -> None:
        await client.watch_order_book(SYMBOL)
        while len(compared) < 5:
            await client.watch_order_book(SYMBOL)
            image = await client.fetch_order_book(SYMBOL, 50)
            kept = client.orderbooks[SYMBOL]
            if image["nonce"] == kept["nonce"]:
                assert [list(level) for level in kept["bids"][:50]] == image["bids"]
                assert [list(level) for level in kept["asks"][:50]] == image["asks"]
                compared.append(image["nonce"])

    with exchange_process(speed="1") as slow:
        run(slow, body)
    assert len(set(compared)) > 1


def test_closed_klines_are_those_of_rest(swinging_address: Address) -> None:
    async def body(client: Any) -> None:
        seen: dict[int, list[Any]] = {}
        while len(seen) < 4:
            for row in await client.watch_ohlcv(SYMBOL, "1m"):
                seen[row[0]] = row
        first, *closed, _ = sorted(seen)
        rows = {row[0]: row for row in await client.fetch_ohlcv(SYMBOL, "1m", since=first)}
        assert [rows[at] for at in closed] == [seen[at] for at in closed]
        await client.un_watch_ohlcv(SYMBOL, "1m")

    run(swinging_address, body)


class Account:
    """What ccxt tells about the account while the streams are watched.

    Attributes:
        orders, trades, positions, balances: Updates in the order in which they came.
    """

    def __init__(self) -> None:
        self.orders: list[Any] = []
        self.trades: list[Any] = []
        self.positions: list[Any] = []
        self.balances: list[Any] = []

    def states(self, number: str) -> list[str]:
        """Return the states that an order went through."""
        return [row["status"] for row in self.orders if row["id"] == number]

    @contextlib.asynccontextmanager
    async def watching(self, client: Any) -> AsyncIterator[None]:
        async def collect(watch: Callable[[], Any], into: list[Any]) -> None:
            while True:
                news = await watch()
                into.extend(dict(row) for row in (news if isinstance(news, list) else [news]))

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(collect(lambda: client.watch_orders(SYMBOL), self.orders)),
                group.create_task(collect(lambda: client.watch_my_trades(SYMBOL), self.trades)),
                group.create_task(collect(lambda: client.watch_positions([SYMBOL]), self.positions)),
                group.create_task(collect(client.watch_balance, self.balances)),
            ]
            await until(lambda: any("private" in url for url in client.clients))
            private = next(found for url, found in client.clients.items() if "private" in url)
            await until(lambda: private.connectionStarted and private.connection)
            yield
            for task in tasks:
                task.cancel()


def test_user_stream_and_ledger(address: Address, ledger: Ledger) -> None:
    async def body(client: Any) -> None:
        account = Account()
        async with account.watching(client):
            opened = await client.create_order(SYMBOL, "market", "buy", QUANTITY)
            await until(lambda: account.positions)
            assert (account.positions[-1]["side"], account.positions[-1]["contracts"]) == ("long", QUANTITY)
            low = round((await client.fetch_ticker(SYMBOL))["last"] * 0.98, 1)
            limit = await client.create_order(SYMBOL, "limit", "buy", QUANTITY, low)
            await client.edit_order(limit["id"], SYMBOL, "limit", "buy", 2 * QUANTITY, low - 5)
            await client.cancel_order(limit["id"], SYMBOL)
            stop = await client.create_order(SYMBOL, "market", "sell", QUANTITY, None, {"stopLossPrice": low})
            await client.cancel_order(stop["id"], SYMBOL, {"trigger": True})
            closed = await client.create_order(SYMBOL, "market", "sell", QUANTITY, None, {"reduceOnly": True})
            await until(lambda: account.positions[-1]["contracts"] == 0)
            filled = {opened["id"], closed["id"]}
            await until(lambda: filled <= {row["id"] for row in account.orders if row["status"] == "closed"})
            await until(lambda: filled <= {row["order"] for row in account.trades})
            assert account.states(limit["id"]) == ["open", "open", "canceled"]
            assert account.states(stop["id"]) == ["open", "canceled"]
            await until(lambda: Decimal(str(account.balances[-1]["USDT"]["total"])) == ledger.wallet())
        booked = {str(row["id"]): row for row in ledger.trades()}
        for trade in account.trades:
            row = booked[trade["id"]]
            assert Decimal(str(trade["price"])) == Decimal(row["price"])
            assert Decimal(str(trade["fee"]["cost"])) == Decimal(row["commission"])
        assert ledger.positions() == {}

    run(address, body)


def test_ed25519_signs_for_ccxt(signed_address: Address, key_files: dict[str, tuple[str, Path]]) -> None:
    async def body(client: Any) -> None:
        made = await client.create_order(SYMBOL, "market", "buy", QUANTITY)
        by_ws = await client.create_order_ws(SYMBOL, "market", "sell", QUANTITY, None, {"reduceOnly": True})
        assert (made["filled"], by_ws["filled"]) == (QUANTITY, QUANTITY)
        Ledger(signed_address).check()

    keys = public_key(signed_address, key_files, "Ed25519")
    run(signed_address, body, {"apiKey": keys["api_key"], "secret": keys["private_key"]})


def test_websocket_api(address: Address, ledger: Ledger) -> None:
    async def body(client: Any) -> None:
        book = await client.fetch_order_book_ws(SYMBOL, 5)
        low = round(book["bids"][0][0] * 0.98, 1)
        assert (await client.fetch_ticker_ws(SYMBOL, {"method": "ticker.book"}))["bid"] > low
        placed = await client.create_order_ws(SYMBOL, "limit", "buy", QUANTITY, low)
        assert placed["status"] == "open"
        edited = await client.edit_order_ws(placed["id"], SYMBOL, "limit", "buy", 2 * QUANTITY, low + 5)
        assert (edited["id"], edited["price"]) == (placed["id"], low + 5)
        assert (await client.fetch_order_ws(placed["id"], SYMBOL))["amount"] == 2 * QUANTITY
        assert (await client.cancel_order_ws(placed["id"], SYMBOL))["status"] == "canceled"
        filled = await client.create_order_ws(SYMBOL, "market", "buy", QUANTITY)
        assert filled["filled"] == QUANTITY
        assert (await client.fetch_positions_ws([SYMBOL]))[0]["contracts"] == QUANTITY
        stop = await client.create_order_ws(SYMBOL, "market", "sell", QUANTITY, None, {"stopLossPrice": str(low)})
        await client.cancel_order_ws(stop["id"], SYMBOL, {"trigger": True})
        await client.create_order_ws(SYMBOL, "market", "sell", QUANTITY, None, {"reduceOnly": True})
        for method in ("account.status", "account.balance", "v2/account.status", "v2/account.balance"):
            balance = await client.fetch_balance_ws({"method": method})
            assert Decimal(str(balance["USDT"]["total"])) == ledger.wallet(), method
        with pytest.raises(ccxt.InvalidOrder):
            await client.create_order_ws(SYMBOL, "limit", "buy", QUANTITY, round(low * 1.04, 1), {"postOnly": True})

    run(address, body)
