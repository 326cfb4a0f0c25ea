"""With faults on order before it the exchange lies about what it did, and yet its books are right."""

import asyncio
from decimal import Decimal
from random import Random
from typing import Any

import aiohttp
import pytest

from tests.raw_exchange_client import LIMIT_S, RawClient, running
from trader_gui.simulated_exchange import wire_account, wire_order
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.server import SimulatedExchange
from trader_gui.simulated_exchange.wire import encode

START_MS = 1_767_225_600_000
REQUESTS = 120
FAULTS: list[dict[str, Any]] = [
    {"kind": "unknown_503", "executed": True, "probability": 0.08, "method": "POST"},
    {"kind": "unknown_503", "executed": False, "probability": 0.08, "method": "POST"},
    {"kind": "timeout_1007", "executed": True, "probability": 0.05, "method": "DELETE"},
    {"kind": "drop_connection", "executed": True, "probability": 0.05, "method": "POST"},
    {"kind": "html_502", "executed": True, "probability": 0.05},
    {"kind": "overloaded_503", "probability": 0.1},
    {"kind": "delay_request", "ms": 3, "probability": 0.2},
    {"kind": "query_lag", "ms": 40, "probability": 0.3},
]


async def _act(client: RawClient, random: Random, price: Decimal) -> None:
    """Send one request; whatever comes back, or nothing, is believed."""
    side, quantity = random.choice(("BUY", "SELL")), f"{random.randint(2, 20) / 1000}"
    order: dict[str, Any] = {"symbol": "BTCUSDT", "side": side, "quantity": quantity}
    limit = (price * random.randint(985, 1015) / 1000).quantize(Decimal("0.1"))
    kind = random.choice(("market", "limit", "limit", "stop", "cancel", "batch"))
    path, method = "/fapi/v1/order", "POST"
    if kind == "market":
        order |= {"type": "MARKET"}
    elif kind == "limit":
        order |= {"type": "LIMIT", "timeInForce": "GTC", "price": limit}
    elif kind == "stop":
        path = "/fapi/v1/algoOrder"
        order |= {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": limit}
    elif kind == "cancel":
        path, method, order = "/fapi/v1/allOpenOrders", "DELETE", {"symbol": "BTCUSDT"}
    else:
        single = {name: str(value) for name, value in order.items()} | {"type": "MARKET"}
        path, order = "/fapi/v1/batchOrders", {"batchOrders": encode([single, single]).decode()}
    try:
        await client.signed(method, path, **order)
    except aiohttp.ClientError:
        return


async def _told(client: RawClient) -> list[bytes]:
    paths = ("/fapi/v3/account", "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders")
    return [(await client.signed("GET", path)).text.encode() for path in paths]


def _known(exchange: SimulatedExchange) -> list[bytes]:
    core = exchange.venue.core
    orders = [wire_order.order_row(order) for order in core.open_orders()]
    algos = [wire_order.algo_row(algo) for algo in core.open_algo_orders()]
    return [encode(wire_account.account_reply(core.account())), encode(orders), encode(algos)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_books_are_right_behind_faults(seed: int) -> None:
    async def body() -> None:
        random = Random(seed)
        async with running(ExchangeOptions(start_time_ms=START_MS, seed=seed)) as (exchange, client):
            key = {"X-MBX-APIKEY": client.key}
            price = Decimal((await client.get("/fapi/v2/ticker/price", symbol="BTCUSDT"))["price"])
            plan = encode({"seed": seed, "faults": FAULTS})
            assert (await client.send("POST", "/simulator/faults", headers=key, data=plan)).status == 200
            for _ in range(REQUESTS):
                await _act(client, random, price)
            report = (await client.send("GET", "/simulator/faults", headers=key)).json
            assert sum(fault["hits"] > 0 for fault in report["faults"]) >= len(FAULTS) - 2
            assert (await client.send("DELETE", "/simulator/faults", headers=key)).status == 200
            async with asyncio.timeout(LIMIT_S):
                while True:  # the market goes on: hold against each other what was said at one instant
                    before, told, known = _known(exchange), await _told(client), _known(exchange)
                    if before == known:
                        break
            assert told == known
            account = (await client.signed("GET", "/fapi/v3/account")).json
            income = (await client.signed("GET", "/fapi/v1/income", limit=1000)).json
            trades = (await client.signed("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", limit=1000)).json
            assert len(trades) > REQUESTS / 4
            assert Decimal(account["totalWalletBalance"]) == 10_000 + sum(Decimal(row["income"]) for row in income)
            signed = [Decimal(row["qty"]) * (1 if row["buyer"] else -1) for row in trades]
            (view,) = exchange.venue.core.position_risk("BTCUSDT", lists_all=True)
            assert view.position_amount == sum(signed)
            assert len({row["id"] for row in trades}) == len(trades)

    asyncio.run(body())
