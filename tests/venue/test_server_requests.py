"""Requests to the simulated exchange, seen by a raw client."""

import asyncio
import itertools
import time
from decimal import Decimal
from typing import Any

import pytest

from tests.raw_exchange_client import RawClient, running
from trader_gui.simulated_exchange.options import ExchangeOptions

ORDER_FIELDS = {
    "orderId", "symbol", "status", "clientOrderId", "price", "origQty", "executedQty", "cumQty", "timeInForce", "type",
    "reduceOnly", "closePosition", "side", "positionSide", "stopPrice", "workingType", "priceProtect", "origType",
    "priceMatch", "selfTradePreventionMode", "goodTillDate", "updateTime",
}  # fmt: skip


def with_client(test: Any, options: ExchangeOptions | None = None) -> None:
    async def body() -> None:
        async with running(options) as (_, client):
            await test(client)

    asyncio.run(body())


def test_who_may_ask() -> None:
    async def body(client: RawClient) -> None:
        path = "/fapi/v3/balance"
        now_ms = time.time_ns() // 1_000_000
        payload = f"timestamp={now_ms}"
        signature = client.sign(payload)
        key = {"X-MBX-APIKEY": client.key}
        good = await client.send("GET", path, f"{payload}&signature={signature}", headers=key)
        assert good.status == 200
        cases = [
            (f"{payload}&signature={signature}", {}, 401, -2014),
            (f"{payload}&signature={signature}", {"X-MBX-APIKEY": "wrong"}, 401, -2015),
            (f"{payload}&signature={'0' * 64}", key, 400, -1022),
            (f"recvWindow=9000&{payload}&signature={signature}", key, 400, -1022),
            (payload, key, 400, -1102),
            ("signature=1", key, 400, -1102),
        ]
        for query, headers, status, code in cases:
            reply = await client.send("GET", path, query, headers=headers)
            assert (reply.status, reply.code) == (status, code), query
        for offset in (-6_000, 2_000):
            late = await client.signed("GET", path, timestamp=now_ms + offset)
            assert (late.status, late.code) == (400, -1021)
        wide = await client.signed("GET", path, timestamp=now_ms - 6_000, recvWindow=20_000)
        assert wide.status == 200

    with_client(body)


def test_parameters_in_query_and_body() -> None:
    async def body(client: RawClient) -> None:
        key = {"X-MBX-APIKEY": client.key}
        stamp = f"timestamp={time.time_ns() // 1_000_000}"
        form = key | {"Content-Type": "application/x-www-form-urlencoded"}
        in_body = f"symbol=BTCUSDT&leverage=7&{stamp}"
        reply = await client.send(
            "POST", "/fapi/v1/leverage", data=f"{in_body}&signature={client.sign(in_body)}", headers=form
        )
        assert reply.json["leverage"] == 7
        query, rest = "leverage=9", f"symbol=BTCUSDT&leverage=3&{stamp}"
        reply = await client.send(
            "POST", "/fapi/v1/leverage", query, data=f"{rest}&signature={client.sign(query + rest)}", headers=form
        )
        assert reply.json["leverage"] == 9  # the query wins
        alone = f"symbol=BTCUSDT&leverage=11&{stamp}"
        reply = await client.send(
            "POST",
            "/fapi/v1/leverage",
            f"{alone}&signature={client.sign(alone)}",
            data=b"",
            headers=key | {"Content-Type": "application/json;charset=utf-8"},
        )
        assert reply.json["leverage"] == 11

    with_client(body)


def test_unknown_paths_answer_html() -> None:
    async def body(client: RawClient) -> None:
        for method, path in (("GET", "/fapi/v1/nothing"), ("DELETE", "/fapi/v1/klines"), ("GET", "/")):
            reply = await client.send(method, path)
            assert reply.status == 404
            assert reply.headers["Content-Type"].startswith("text/html")

    with_client(body)


def test_public_data_fits_together() -> None:
    async def body(client: RawClient) -> None:
        info = await client.get("/fapi/v1/exchangeInfo")
        now = (await client.get("/fapi/v1/time"))["serverTime"]
        assert now - info["serverTime"] > 60_000  # stale on purpose
        assert abs(now - time.time_ns() // 1_000_000) < 2_000
        symbol = info["symbols"][0]
        assert (symbol["symbol"], symbol["status"]) == ("BTCUSDT", "TRADING")
        filters = {entry["filterType"]: entry for entry in symbol["filters"]}
        tick = Decimal(filters["PRICE_FILTER"]["tickSize"])
        klines = await client.get("/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=1500)
        assert len(klines) == 1500
        assert all(len(row) == 12 for row in klines)
        assert klines[-1][6] >= now - 1_000  # the last one is open
        assert all(after[0] - before[0] == 60_000 for before, after in itertools.pairwise(klines))
        hours = await client.get("/fapi/v1/klines", symbol="BTCUSDT", interval="1h", limit=2)
        inside = [row for row in klines if hours[0][0] <= row[0] <= hours[0][6]]
        assert hours[0][1] == inside[0][1]
        assert Decimal(hours[0][2]) == max(Decimal(row[2]) for row in inside)
        assert Decimal(hours[0][5]) == sum(Decimal(row[5]) for row in inside)
        depth = await client.get("/fapi/v1/depth", symbol="BTCUSDT", limit=50)
        assert len(depth["bids"]) == len(depth["asks"]) == 50
        bids, asks = [[Decimal(price) for price, _ in depth[side]] for side in ("bids", "asks")]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]
        assert all(price % tick == 0 for price in bids + asks)
        premium = await client.get("/fapi/v1/premiumIndex", symbol="BTCUSDT")
        assert abs(Decimal(premium["markPrice"]) / bids[0] - 1) < Decimal("0.01")
        assert premium["nextFundingTime"] > premium["time"]
        ticker = await client.get("/fapi/v1/ticker/24hr", symbol="BTCUSDT")
        assert Decimal(ticker["lowPrice"]) <= Decimal(ticker["lastPrice"]) <= Decimal(ticker["highPrice"])
        prices = await client.get("/fapi/v2/ticker/price")
        assert [row["symbol"] for row in prices] == ["BTCUSDT"]
        trades = await client.get("/fapi/v1/trades", symbol="BTCUSDT", limit=5)
        assert [row["id"] for row in trades] == sorted(row["id"] for row in trades)
        best = await client.get("/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
        assert Decimal(best["bidPrice"]) < Decimal(best["askPrice"])
        assert await client.get("/fapi/v1/ping") == {}
        assert isinstance(await client.get("/fapi/v1/aggTrades", symbol="BTCUSDT"), list)
        assert await client.get("/fapi/v1/fundingRate", symbol="BTCUSDT") == []

    with_client(body)


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/fapi/v1/klines", "symbol=NOPE&interval=1m", -1121),
        ("/fapi/v1/klines", "symbol=BTCUSDT&interval=7m", -1120),
        ("/fapi/v1/klines", "symbol=BTCUSDT", -1102),
        ("/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&limit=1501", -1130),
        ("/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&limit=x", -1100),
        ("/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&startTime=5&endTime=4", -1023),
        ("/fapi/v1/depth", "symbol=BTCUSDT&limit=7", -4021),
        ("/fapi/v1/depth", "", -1102),
        ("/fapi/v1/ticker/24hr", "symbol=NOPE", -1121),
    ],
)
def test_bad_requests_have_the_venues_codes(path: str, query: str, code: int) -> None:
    async def body(client: RawClient) -> None:
        reply = await client.send("GET", path, query)
        assert (reply.status, reply.code) == (400, code)

    with_client(body)


def test_the_life_of_an_order() -> None:
    async def body(client: RawClient) -> None:
        best = await client.get("/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
        low = str((Decimal(best["bidPrice"]) * Decimal("0.97")).quantize(Decimal("0.1")))
        limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
        placed = await client.order(**limit, price=low, newClientOrderId="t-1")
        assert placed.status == 200
        assert set(placed.json) == ORDER_FIELDS  # neither avgPrice nor cumQuote
        assert placed.json["orderId"] > 2**53
        assert (placed.json["status"], placed.json["clientOrderId"]) == ("NEW", "t-1")
        assert int(placed.headers["X-MBX-ORDER-COUNT-10S"]) == 1
        assert (await client.order(**limit, price=low, newClientOrderId="t-1")).code == -4116
        assert (await client.order(**limit, price=low, newClientOrderId="t-2")).status == 200
        queried = (await client.signed("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="t-1")).json
        assert set(queried) == (ORDER_FIELDS - {"cumQty"}) | {"avgPrice", "cumQuote", "time"}
        rows = (await client.signed("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")).json
        assert [row["clientOrderId"] for row in rows] == ["t-1", "t-2"]
        lower = str(Decimal(low) - 1)
        changed = await client.signed(
            "PUT",
            "/fapi/v1/order",
            symbol="BTCUSDT",
            side="BUY",
            quantity="0.020",
            price=lower,
            origClientOrderId="t-1",
        )
        assert (changed.json["price"], changed.json["origQty"]) == (lower, "0.020")
        gone = await client.signed("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="t-1")
        assert gone.json["status"] == "CANCELED"
        again = await client.signed("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="t-1")
        assert again.code == -2011
        everything = await client.signed("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
        assert everything.json == {"code": 200, "msg": "The operation of cancel all open order is done."}
        assert (await client.signed("GET", "/fapi/v1/openOrders")).json == []
        assert len((await client.signed("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")).json) == 2

    with_client(body)


def test_a_market_order_and_the_account_after_it() -> None:
    async def body(client: RawClient) -> None:
        buy = {"side": "BUY", "type": "MARKET", "quantity": "0.010"}
        acknowledged = (await client.order(**buy)).json
        assert (acknowledged["status"], acknowledged["executedQty"]) == ("NEW", "0")  # ACK tells nothing of the fill
        filled = (await client.order(**buy, newOrderRespType="RESULT")).json
        assert (filled["status"], filled["executedQty"]) == ("FILLED", "0.010")
        trades = (await client.signed("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")).json
        assert sum(Decimal(row["qty"]) for row in trades) == Decimal("0.020")
        fees = sum(Decimal(row["commission"]) for row in trades)
        assert fees > 0
        account = (await client.signed("GET", "/fapi/v3/account")).json
        assert Decimal(account["totalWalletBalance"]) == 10_000 - fees
        (position,) = (await client.signed("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")).json
        assert position["positionAmt"] == "0.020"
        assert "leverage" not in position
        assert "marginType" not in position
        (balance,) = (await client.signed("GET", "/fapi/v3/balance")).json
        assert balance["balance"] == account["totalWalletBalance"]
        income = (await client.signed("GET", "/fapi/v1/income", incomeType="COMMISSION")).json
        assert sum(Decimal(row["income"]) for row in income) == -fees
        (config,) = (await client.signed("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")).json
        assert (config["leverage"], config["marginType"]) == (20, "CROSSED")
        (bracket,) = (await client.signed("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT")).json
        assert isinstance(bracket["brackets"][0]["maintMarginRatio"], float)
        commission = (await client.signed("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT")).json
        assert commission["takerCommissionRate"] == "0.0005"
        blocked = await client.signed("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
        assert blocked.code == -4048

    with_client(body)


def test_conditional_orders_live_in_their_own_service() -> None:
    async def body(client: RawClient) -> None:
        stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET"}
        wrong = await client.signed("POST", "/fapi/v1/order", **stop, stopPrice="100000", quantity="0.010")
        assert wrong.code == -4120
        await client.order(side="BUY", type="MARKET", quantity="0.010")
        algo = {"algoType": "CONDITIONAL", "triggerPrice": "104000.0", "clientAlgoId": "sl-1", "closePosition": "true"}
        placed = (await client.signed("POST", "/fapi/v1/algoOrder", **stop, **algo)).json
        assert (placed["algoStatus"], placed["orderType"], placed["closePosition"]) == ("NEW", "STOP_MARKET", True)
        assert "actualOrderId" not in placed
        found = (await client.signed("GET", "/fapi/v1/algoOrder", clientAlgoId="sl-1")).json
        assert (found["algoId"], found["actualOrderId"]) == (placed["algoId"], "")
        assert len((await client.signed("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")).json) == 1
        assert (await client.signed("GET", "/fapi/v1/openOrders")).json == []
        assert (await client.signed("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="sl-1")).code == -2013
        gone = (await client.signed("DELETE", "/fapi/v1/algoOrder", algoId=placed["algoId"])).json
        assert gone["code"] == "200"  # a string, here only
        rows = (await client.signed("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT")).json
        assert [row["algoStatus"] for row in rows] == ["CANCELED"]
        assert (await client.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")).json["code"] == 200

    with_client(body)


def test_weight_is_counted_and_refused_by_clock_but_not_when_clients_pace() -> None:
    async def body(client: RawClient) -> None:
        heavy = "symbol=BTCUSDT"
        used = 0
        for _ in range(200):
            reply = await client.send("GET", "/fapi/v1/aggTrades", heavy)
            if reply.status == 429:
                break
            assert int(reply.headers["X-MBX-USED-WEIGHT-1M"]) > used or used > 2_000  # a new minute may begin
            used = int(reply.headers["X-MBX-USED-WEIGHT-1M"])
        assert (reply.status, reply.code) == (429, -1003)

    async def paced(client: RawClient) -> None:
        for _ in range(130):
            assert (await client.send("GET", "/fapi/v1/aggTrades", "symbol=BTCUSDT")).status == 200

    with_client(body)
    with_client(paced, ExchangeOptions(speed="max"))


def test_the_listen_key_is_one_per_account() -> None:
    async def body(client: RawClient) -> None:
        key = {"X-MBX-APIKEY": client.key}
        assert (await client.send("PUT", "/fapi/v1/listenKey", headers=key)).code == -1125
        assert (await client.send("POST", "/fapi/v1/listenKey")).status == 401
        first = (await client.send("POST", "/fapi/v1/listenKey", headers=key)).json
        assert (await client.send("POST", "/fapi/v1/listenKey", headers=key)).json == first
        assert (await client.send("PUT", "/fapi/v1/listenKey", headers=key)).json == first
        assert (await client.send("DELETE", "/fapi/v1/listenKey", headers=key)).json == {}
        assert (await client.send("POST", "/fapi/v1/listenKey", headers=key)).json != first

    with_client(body)


def test_fixed_settings() -> None:
    async def body(client: RawClient) -> None:
        assert (await client.signed("GET", "/fapi/v1/positionSide/dual")).json == {"dualSidePosition": False}
        assert (await client.signed("GET", "/fapi/v1/multiAssetsMargin")).json == {"multiAssetsMargin": False}
        assert (await client.signed("GET", "/fapi/v1/accountConfig")).json["canTrade"] is True
        limits = (await client.signed("GET", "/fapi/v1/rateLimit/order")).json
        assert {row["limit"] for row in limits} == {300, 1200}
        assert (await client.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=500)).code == -4028
        same = await client.signed("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="CROSSED")
        assert same.code == -4046
        isolated = await client.signed("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
        assert isolated.json == {"code": 200, "msg": "success"}

    with_client(body)
