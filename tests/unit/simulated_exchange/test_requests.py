import json
import re
from collections.abc import Callable
from random import Random

import pytest

from tests.desk_caller import KEY, ORDER, Caller
from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.limits import PATIENCE
from trader_gui.simulated_exchange.requests import ENDPOINTS, Admitted, Reply


@pytest.fixture
def caller() -> Caller:
    return Caller()


def code(reply: Reply) -> tuple[int, int]:
    return reply.status, json.loads(reply.body)["code"]


def test_an_order_is_answered_with_its_usage(caller: Caller) -> None:
    reply = caller.order(newClientOrderId="a-1")
    assert reply.status == 200
    assert reply.content_type == "application/json"
    assert json.loads(reply.body)["clientOrderId"] == "a-1"
    assert reply.headers == {
        "X-MBX-USED-WEIGHT-1M": "0",
        "X-MBX-ORDER-COUNT-10S": "1",
        "X-MBX-ORDER-COUNT-1M": "1",
    }
    queried = caller.signed("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a-1")
    assert queried.headers == {"X-MBX-USED-WEIGHT-1M": "1"}  # no order counts where nothing is ordered


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_body_counts_but_not_that_of_a_get(caller: Caller, method: str) -> None:
    path = {"POST": "/fapi/v1/order", "PUT": "/fapi/v1/order", "DELETE": "/fapi/v1/order"}[method]
    if method != "POST":
        caller.order(newClientOrderId="a-1")
    parameters = ORDER | {"price": caller.low}
    if method == "PUT":
        parameters |= {"origClientOrderId": "a-1", "quantity": "0.020"}
    if method == "DELETE":
        parameters = {"symbol": "BTCUSDT", "origClientOrderId": "a-1"}
    assert caller.ask(method, path, "", caller.payload(**parameters)).status == 200
    ignored = caller.ask("GET", "/fapi/v1/openOrders", "", caller.payload())
    assert code(ignored) == (400, -1102)
    both = caller.ask("GET", "/fapi/v1/openOrders", caller.payload(), "symbol=NOPE")
    assert both.status == 200


REFUSALS: list[tuple[str, Callable[[Caller], Reply], int, int]] = [
    ("no key", lambda c: c.ask("POST", "/fapi/v1/order", c.payload(**ORDER, price=c.low), key=None), 401, -2014),
    ("empty key", lambda c: c.ask("POST", "/fapi/v1/order", c.payload(**ORDER, price=c.low), key=""), 401, -2014),
    ("foreign key", lambda c: c.ask("POST", "/fapi/v1/order", c.payload(**ORDER, price=c.low), key="x"), 401, -2015),
    ("no key on listenKey", lambda c: c.ask("POST", "/fapi/v1/listenKey", key=None), 401, -2014),
    ("unsigned", lambda c: c.ask("POST", "/fapi/v1/order", f"timestamp={c.now_ms}"), 400, -1102),
    ("no timestamp", lambda c: c.ask("POST", "/fapi/v1/order", "signature=00"), 400, -1102),
    ("malformed timestamp", lambda c: c.order(timestamp="now"), 400, -1102),
    ("wrong signature", lambda c: c.ask("POST", "/fapi/v1/order", c.payload(**ORDER) + "0"), 400, -1022),
    ("too old", lambda c: c.order(timestamp=c.now_ms - 5_001), 400, -1021),
    ("too early", lambda c: c.order(timestamp=c.now_ms + 1_000), 400, -1021),
    ("its own narrow window", lambda c: c.order(timestamp=c.now_ms - 11, recvWindow=10), 400, -1021),
    ("a name twice", lambda c: c.ask("POST", "/fapi/v1/order", "symbol=A&symbol=A"), 400, -1101),
    ("no UTF-8", lambda c: c.ask("POST", "/fapi/v1/order", "symbol=%FF"), 400, -1100),
    ("a missing parameter", lambda c: c.order(symbol=""), 400, -1102),
    ("letters for a number", lambda c: c.signed("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId="x"), 400, -1100),
    ("an empty number", lambda c: c.signed("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=""), 400, -1105),
    ("start after end", lambda c: c.signed("GET", "/fapi/v1/income", startTime=2, endTime=1), 400, -1023),
    ("a limit out of range", lambda c: c.signed("GET", "/fapi/v1/income", limit=1001), 400, -1130),
    ("an unknown listenKey", lambda c: c.ask("PUT", "/fapi/v1/listenKey"), 400, -1125),
]


@pytest.mark.parametrize(
    ("ask", "status", "number"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_what_is_refused_changes_nothing(
    caller: Caller, ask: Callable[[Caller], Reply], status: int, number: int
) -> None:
    caller.order(newClientOrderId="before")
    before = caller.state()
    orders = caller.desk.limiter.rows(with_orders=True)[1]["count"]
    reply = ask(caller)
    assert code(reply) == (status, number)
    assert caller.state() == before
    assert caller.desk.limiter.rows(with_orders=True)[1]["count"] - orders in (0, 1)  # what reached the account counts
    assert caller.order().status == 200  # and nothing is broken


def test_who_is_not_known_uses_no_orders_of_the_account(caller: Caller) -> None:
    for key, query in ((None, ""), ("x", ""), (KEY, caller.payload(**ORDER) + "0")):
        caller.ask("POST", "/fapi/v1/order", query, key=key)
    assert [row["count"] for row in caller.desk.limiter.rows(with_orders=True)[1:]] == [0, 0]


def test_the_engine_refuses_what_comes_too_late(caller: Caller) -> None:
    before = caller.state()
    admitted = caller.desk.admit(
        "POST", "/fapi/v1/order", KEY, caller.payload(**ORDER, price=caller.low, recvWindow=50), ""
    )
    assert isinstance(admitted, Admitted)
    caller.now_ms += 51
    assert code(caller.desk.execute(admitted)) == (400, -5028)
    assert caller.state() == before
    caller.now_ms -= 1
    assert caller.desk.execute(admitted).status == 200
    read = caller.desk.admit("GET", "/fapi/v1/openOrders", KEY, caller.payload(recvWindow=50), "")
    assert isinstance(read, Admitted)
    caller.now_ms += 1_000
    assert caller.desk.execute(read).status == 200  # reading is not the engine's business


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fapi/v1/nothing"),
        ("DELETE", "/fapi/v1/klines"),
        ("POST", "/fapi/v1/time"),
        ("get", "/fapi/v1/time"),
        ("GET", "/fapi/v1/time/"),
        ("GET", "/sapi/v1/system/status"),
        ("GET", "/dapi/v1/time"),
        ("GET", "/fapi/v1/convert/exchangeInfo"),
    ],
)
def test_unknown_paths_and_wrong_methods_are_html(caller: Caller, method: str, path: str) -> None:
    reply = caller.ask(method, path)
    assert (reply.status, reply.content_type) == (404, "text/html")
    assert reply.body.startswith(b"<html>")
    assert reply.headers == {}
    assert caller.desk.limiter.rows(with_orders=False)[0]["count"] == 0


def test_too_many_requests_then_a_ban(caller: Caller) -> None:
    statuses = []
    for _ in range(2400 // 20 + PATIENCE + 1):
        statuses.append(caller.ask("GET", "/fapi/v1/aggTrades", "symbol=BTCUSDT"))
    assert [reply.status for reply in statuses] == [200] * 120 + [429] * PATIENCE + [418]
    assert statuses[119].headers == {"X-MBX-USED-WEIGHT-1M": "2400"}
    assert code(statuses[120]) == (429, -1003)
    assert statuses[120].headers == {"X-MBX-USED-WEIGHT-1M": "2420", "Retry-After": "60"}
    assert statuses[-1].headers["Retry-After"] == "120"
    assert f"banned until {caller.now_ms + 120_000}" in json.loads(statuses[-1].body)["msg"]
    before = caller.state()
    assert code(caller.order()) == (418, -1003)  # nothing goes while banned, orders included
    assert caller.state() == before
    caller.now_ms += 120_000
    assert caller.order().status == 200


def test_too_many_orders(caller: Caller) -> None:
    for _ in range(300):
        assert code(caller.order(price="nonsense"))[0] == 400  # what the account was asked counts, even refused
    before = caller.state()
    reply = caller.order()
    assert code(reply) == (429, -1015)
    assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "300"
    assert reply.headers["Retry-After"] == "10"
    assert caller.state() == before
    assert caller.signed("GET", "/fapi/v1/openOrders", symbol="BTCUSDT").status == 200
    caller.now_ms += 10_000
    assert caller.order().headers["X-MBX-ORDER-COUNT-10S"] == "1"


def test_funding_rates_have_their_own_pool_and_no_weight_header(caller: Caller) -> None:
    for _ in range(500):
        reply = caller.ask("GET", "/fapi/v1/fundingRate", "symbol=BTCUSDT")
        assert reply.status == 200
        assert reply.headers == {}
    refused = caller.ask("GET", "/fapi/v1/fundingInfo")
    assert code(refused) == (429, -1003)
    assert refused.headers == {"Retry-After": "300"}
    assert caller.ask("GET", "/fapi/v1/time").headers == {"X-MBX-USED-WEIGHT-1M": "1"}


def test_the_announced_limits_agree(caller: Caller) -> None:
    info = json.loads(caller.ask("GET", "/fapi/v1/exchangeInfo").body)["rateLimits"]
    orders = json.loads(caller.signed("GET", "/fapi/v1/rateLimit/order").body)
    used = caller.desk.limiter.rows(with_orders=True)
    for row in used:
        del row["count"]
    by_kind = lambda row: (row["rateLimitType"], row["interval"])  # noqa: E731
    assert sorted(info, key=by_kind) == sorted(used, key=by_kind) == sorted(wire.RATE_LIMITS, key=by_kind)
    assert sorted(orders, key=by_kind) == [row for row in sorted(info, key=by_kind) if row["rateLimitType"] == "ORDERS"]


def test_clients_that_set_the_pace_are_not_limited() -> None:
    caller = Caller(speed="max")
    for _ in range(130):
        assert caller.ask("GET", "/fapi/v1/aggTrades", "symbol=BTCUSDT").status == 200
    for _ in range(301):
        assert code(caller.order(price="nonsense"))[0] == 400
    assert caller.order().headers["X-MBX-ORDER-COUNT-10S"] == "0"


def test_a_symbol_outside_of_ascii_is_signed_percent_encoded(caller: Caller) -> None:
    assert code(caller.order(symbol="币安人生USDT")) == (400, -1121)


DOCUMENTED_WEIGHTS: dict[int, str] = {
    5: "GET v1/trades v1/allOrders v1/userTrades v1/allAlgoOrders v1/accountConfig v1/symbolConfig v1/adlQuantile "
    "v3/account v2/account v3/balance v2/balance v3/positionRisk v2/positionRisk POST v1/batchOrders "
    "PUT v1/batchOrders",
    10: "POST v1/countdownCancelAll",
    20: "GET v1/aggTrades v1/rpiDepth v1/commissionRate",
    30: "GET v1/positionSide/dual v1/multiAssetsMargin v1/feeBurn v1/income",
    200: "GET v1/historicalTrades",
    2: "GET v1/constituents",
    0: "POST v1/order v1/algoOrder PUT v1/order GET v1/fundingRate v1/fundingInfo",
    1: "GET v1/ping v1/time v1/exchangeInfo v1/openInterest v1/leverageBracket v1/rateLimit/order v1/order "
    "v1/openOrder v1/orderAmendment v1/algoOrder v1/positionMargin/history DELETE v1/order v1/batchOrders "
    "v1/allOpenOrders v1/algoOrder v1/algoOpenOrders v1/listenKey POST v1/listenKey v1/leverage v1/marginType "
    "v1/positionSide/dual v1/multiAssetsMargin v1/positionMargin v1/feeBurn PUT v1/listenKey",
}


def test_weights_are_the_documented_ones() -> None:
    checked = 0
    for weight, words in DOCUMENTED_WEIGHTS.items():
        method = ""
        for word in words.split():
            if word.isupper():
                method = word
            else:
                assert ENDPOINTS[method, f"/fapi/{word}"].cost({}) == weight, word
                checked += 1
    assert checked > 50
    for path, one, every in (
        ("v1/premiumIndex", 1, 10),
        ("v1/ticker/24hr", 1, 40),
        ("v2/ticker/price", 1, 2),
        ("v1/ticker/bookTicker", 2, 5),
        ("v1/openOrders", 1, 40),
        ("v1/openAlgoOrders", 1, 40),
        ("v1/forceOrders", 20, 50),
        ("v1/apiTradingStatus", 1, 10),
    ):
        endpoint = ENDPOINTS["GET", f"/fapi/{path}"]
        assert (endpoint.cost({"symbol": "BTCUSDT"}), endpoint.cost({})) == (one, every), path
    depth, klines = ENDPOINTS["GET", "/fapi/v1/depth"], ENDPOINTS["GET", "/fapi/v1/klines"]
    limits = (5, 10, 20, 50, 100, 500, 1000)
    assert [depth.cost({"limit": str(each)}) for each in limits] == [2, 2, 2, 2, 5, 10, 20]
    limits = (1, 99, 100, 499, 500, 1000, 1001, 1500)
    assert [klines.cost({"limit": str(each)}) for each in limits] == [1, 1, 2, 2, 5, 5, 10, 10]
    assert (depth.cost({}), klines.cost({})) == (10, 5)


def test_what_places_or_changes_orders_counts_as_orders() -> None:
    counted = {key: (each.orders_10s or each.orders, each.orders) for key, each in ENDPOINTS.items() if each.orders}
    assert counted == {
        ("POST", "/fapi/v1/order"): (1, 1),
        ("PUT", "/fapi/v1/order"): (1, 1),
        ("POST", "/fapi/v1/algoOrder"): (1, 1),
        ("POST", "/fapi/v1/batchOrders"): (5, 1),
        ("PUT", "/fapi/v1/batchOrders"): (5, 1),
    }


JUNK = (
    "",
    "0",
    "-1",
    "1e400",
    "NaN",
    "-0",
    "9" * 40,
    "x",
    "TRUE",
    "null",
    "[]",
    "[1]",
    '[{"symbol":5}]',
    "[" * 900,
    "币",
    "+5",
)
NAMES = re.findall(
    r"\w+",
    "symbol side type timeInForce quantity price newClientOrderId orderId origClientOrderId limit startTime endTime "
    "fromId interval algoType triggerPrice callbackRate workingType closePosition reduceOnly positionSide priceMatch "
    "goodTillDate leverage marginType amount algoId clientAlgoId batchOrders orderIdList countdownTime incomeType",
)


def test_no_parameters_break_an_endpoint() -> None:
    caller, chance = Caller(speed="max"), Random(7)
    targets = list(ENDPOINTS)
    for _ in range(2_000):
        method, path = chance.choice(targets)
        parameters = {name: chance.choice(JUNK) for name in chance.sample(NAMES, chance.randint(0, 4))}
        sensible = ORDER | {"price": caller.low} if chance.random() < 0.7 else {}
        reply = caller.signed(method, path, **sensible | parameters)
        assert reply.status in (200, 400), (method, path, parameters)
        answer = json.loads(reply.body)
        assert reply.status == 200 or (answer["code"] < -999 and answer["msg"])
