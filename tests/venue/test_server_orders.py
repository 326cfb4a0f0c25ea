"""Orders over real sockets: batches, the dead man's switch, and the events that tell of them."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.raw_exchange_client import RawClient, running, write_klines
from trader_gui.simulated_exchange.options import ExchangeOptions

PATH = "/fapi/v1/batchOrders"


async def far_buy(client: RawClient, **extra: Any) -> dict[str, Any]:
    """A limit buy a tenth below the market."""
    premium = await client.get("/fapi/v1/premiumIndex", symbol="BTCUSDT")
    price = f"{int(float(premium['markPrice']) * 0.9)}.0"
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
    return order | {"price": price} | extra


def test_a_batch_answers_each_element_and_counts_as_documented() -> None:
    async def body() -> None:
        async with running() as (_, client):
            good = await far_buy(client)
            reply = await client.signed("POST", PATH, batchOrders=json.dumps([good, good | {"price": "1"}, good]))
            assert reply.status == 200
            assert [row.get("code", row.get("status")) for row in reply.json] == ["NEW", -4013, "NEW"]
            counts = reply.headers["X-MBX-ORDER-COUNT-10S"], reply.headers["X-MBX-ORDER-COUNT-1M"]
            assert counts == ("5", "1")
            refused = await client.signed("POST", PATH, batchOrders=json.dumps([good] * 6))
            assert (refused.status, refused.code) == (400, -4082)
            ids = [row["orderId"] for row in reply.json if "orderId" in row]
            change = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.020", "price": good["price"]}
            changes = json.dumps([change | {"orderId": each, "modifyId": each % 1000} for each in ids])
            changed = await client.signed("PUT", PATH, batchOrders=changes)
            assert [row["origQty"] for row in changed.json] == ["0.020", "0.020"]
            told = await client.signed("GET", "/fapi/v1/orderAmendment", symbol="BTCUSDT", orderId=ids[0])
            assert told.json[0]["amendment"]["modifyId"] == ids[0] % 1000
            gone = await client.signed("DELETE", PATH, symbol="BTCUSDT", orderIdList=f"[{ids[0]},{ids[1]},1]")
            assert [row.get("code", row.get("status")) for row in gone.json] == ["CANCELED", "CANCELED", -2011]

    asyncio.run(body())


async def countdown(client: RawClient) -> None:
    async with client.user_stream() as user:
        order = await client.signed("POST", "/fapi/v1/order", **await far_buy(client))
        assert order.status == 200, order.text
        started = await client.signed("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=300)
        assert started.json == {"symbol": "BTCUSDT", "countdownTime": "300"}
        frames = await user.receive_until(
            lambda frame: frame["e"] == "ORDER_TRADE_UPDATE" and frame["o"]["X"] == "CANCELED"
        )
        assert frames[-1]["o"]["i"] == order.json["orderId"]
        assert (await client.signed("GET", "/fapi/v1/openOrders")).json == []


def test_the_dead_mans_switch_goes_off() -> None:
    async def body() -> None:
        async with running() as (_, client):
            await countdown(client)

    asyncio.run(body())


def test_the_dead_mans_switch_goes_off_while_a_paced_market_stands_still(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-1m-2023-11.csv"
    write_klines(path, 3)

    async def body() -> None:
        async with running(ExchangeOptions(data=path, speed="max")) as (exchange, client):
            before = exchange.venue.market_ms
            await countdown(client)
            assert exchange.venue.market_ms == before

    asyncio.run(body())
