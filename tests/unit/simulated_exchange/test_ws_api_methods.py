import base64
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.desk_caller import KEY, ORDER, SECRET, Caller
from trader_gui.simulated_exchange.keys import ED25519, ApiKey
from trader_gui.simulated_exchange.requests import ENDPOINTS
from trader_gui.simulated_exchange.ws_api_methods import METHODS, Session, answer

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
EDWARDS_KEY = "edwards-key"


def edwards_key() -> ApiKey:
    def verifies(payload: bytes, signature: str) -> bool:
        return signature == base64.b64encode(PRIVATE.sign(payload)).decode()

    return ApiKey(EDWARDS_KEY, ED25519, verifies)


def word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Line:
    """One connection to the desk."""

    def __init__(self, *, shows_limits: bool = True) -> None:
        self.caller = Caller(1.0, edwards_key())
        self.session = Session(self.caller.now_ms, shows_limits=shows_limits)

    def send(self, frame: str) -> Any:
        return json.loads(answer(self.caller.desk, self.session, frame))

    def ask(self, method: str, number: Any = 1, **parameters: Any) -> Any:
        return self.send(json.dumps({"id": number, "method": method, "params": parameters}))

    def parameters(self, key: str = KEY, **parameters: Any) -> dict[str, Any]:
        """Return parameters signed as the venue's documents say."""
        signed = {"apiKey": key, "timestamp": self.caller.now_ms} | parameters
        payload = "&".join(f"{name}={word(signed[name])}" for name in sorted(signed))
        if key == EDWARDS_KEY:
            return signed | {"signature": base64.b64encode(PRIVATE.sign(payload.encode())).decode()}
        return signed | {"signature": hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()}

    def signed(self, method: str, **parameters: Any) -> Any:
        return self.ask(method, **self.parameters(**parameters))

    def place(self, **parameters: Any) -> Any:
        return self.signed("order.place", **ORDER, price=self.caller.low, **parameters)


@pytest.fixture
def line() -> Line:
    return Line()


def error(reply: Any) -> tuple[int, int]:
    assert "result" not in reply
    return reply["status"], reply["error"]["code"]


def test_the_documented_vector(line: Line) -> None:
    line.caller.now_ms = 1_700_000_000_000
    reply = line.ask(
        "order.place",
        "7f2c",
        apiKey="demo-key-0000",
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        quantity="0.010",
        price="60000.0",
        timestamp=1_700_000_000_000,
        recvWindow=5000,
        signature="bc5f779aed8d08a9f9c8cf15d223f06b4ca98d1578014e3bd3638aa86d8464cc",
    )
    assert reply["status"] == 200 or reply["error"]["code"] <= -4000, (
        reply
    )  # whatever the price is, the sender is known
    assert reply["id"] == "7f2c"


def test_the_life_of_an_order(line: Line) -> None:
    placed = line.place(newClientOrderId="ws-1", newOrderRespType="RESULT")
    assert placed["status"] == 200
    assert list(placed) == ["id", "status", "result", "rateLimits"]
    assert [(row["rateLimitType"], row["interval"], row["count"]) for row in placed["rateLimits"]] == [
        ("REQUEST_WEIGHT", "MINUTE", 0),
        ("ORDERS", "SECOND", 1),
        ("ORDERS", "MINUTE", 1),
    ]
    result = placed["result"]
    assert isinstance(result["orderId"], int)
    assert isinstance(result["price"], str)
    rest = json.loads(line.caller.signed("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=result["orderId"]).body)
    found = line.signed("order.status", symbol="BTCUSDT", orderId=result["orderId"])
    assert found["result"] == rest
    assert [row["rateLimitType"] for row in found["rateLimits"]] == ["REQUEST_WEIGHT"]
    lower = str(Decimal(line.caller.low) - 1)
    changed = line.signed(
        "order.modify", symbol="BTCUSDT", side="BUY", quantity="0.020", price=lower, origClientOrderId="ws-1"
    )
    assert (changed["result"]["price"], changed["rateLimits"][1]["count"]) == (lower, 2)
    gone = line.signed("order.cancel", symbol="BTCUSDT", orderId=str(result["orderId"]))  # the official client's way
    assert gone["result"]["status"] == "CANCELED"
    assert error(line.signed("order.cancel", symbol="BTCUSDT", orderId=result["orderId"])) == (400, -2011)


def test_conditional_orders(line: Line) -> None:
    stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010"}
    assert error(line.signed("order.place", **stop, stopPrice=line.caller.low)) == (400, -4120)
    placed = line.signed("algoOrder.place", algoType="CONDITIONAL", **stop, triggerPrice=line.caller.low)
    assert placed["result"]["algoStatus"] == "NEW"
    assert placed["rateLimits"][1]["count"] == 2  # a conditional order counts as an order
    gone = line.signed("algoOrder.cancel", algoId=placed["result"]["algoId"])
    assert gone["result"]["code"] == "200"


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_stands_on_a_rest_endpoint(line: Line, method: str) -> None:
    verb, path = METHODS[method]
    assert (verb, path) in ENDPOINTS
    if verb == "GET" and method != "order.status":
        parameters = {"symbol": "BTCUSDT"} if method in ("depth", "ticker.price", "ticker.book") else {}
        rest = line.caller.signed("GET", path, **parameters)
        ws = line.signed(method, **parameters)
        assert ws["result"] == json.loads(rest.body)
        assert ws["rateLimits"][0]["count"] == 2 * int(rest.headers["X-MBX-USED-WEIGHT-1M"])  # one pool, equal weight


def test_public_methods_need_no_key(line: Line) -> None:
    assert line.ask("ticker.price", symbol="BTCUSDT")["result"]["symbol"] == "BTCUSDT"
    assert line.send('{"id": 1, "method": "ticker.book"}')["result"][0]["symbol"] == "BTCUSDT"  # params left out
    depth = line.ask("depth", symbol="BTCUSDT", limit=5)
    assert len(depth["result"]["bids"]) == 5
    assert error(line.ask("depth", symbol="BTCUSDT", limit=7)) == (400, -4021)
    assert error(line.ask("depth")) == (400, -1102)


def test_the_listen_key_needs_the_key_only(line: Line) -> None:
    started = line.ask("userDataStream.start", apiKey=KEY)["result"]["listenKey"]
    assert line.ask("userDataStream.ping", apiKey=KEY)["result"] == {"listenKey": started}
    assert line.ask("userDataStream.stop", apiKey=KEY)["result"] == {}
    assert error(line.ask("userDataStream.ping", apiKey=KEY)) == (400, -1125)
    assert error(line.ask("userDataStream.start")) == (401, -2014)
    assert error(line.ask("userDataStream.start", apiKey="x")) == (401, -2015)


@pytest.mark.parametrize("number", [7, 0, -3, 2**60, 10**30, "7f2c", "", None])
def test_ids_come_back_as_they_were(line: Line, number: Any) -> None:
    assert line.ask("ticker.price", number)["id"] == number
    assert line.ask("nothing", number)["id"] == number


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", -1135),
        ("{", -1135),
        ("[]", -1135),
        ("7", -1135),
        ('{"id": 1.5, "method": "depth"}', -1135),
        ('{"id": true, "method": "depth"}', -1135),
        ('{"id": [1], "method": "depth"}', -1135),
        ('{"id": null, "method": "depth", "params": []}', -1135),
        ('{"id": null, "method": "depth", "params": null}', -1135),
        ('{"id": null}', -1020),
        ('{"method": 3}', -1020),
        ('{"method": "Order.place"}', -1020),
        ('{"method": "order.test", "params": {}}', -1020),
    ],
)
def test_frames_that_are_no_request(line: Line, frame: str, code: int) -> None:
    before = line.caller.state()
    reply = line.send(frame)
    assert error(reply) == (400, code)
    assert reply["id"] is None
    assert line.caller.state() == before


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"apiKey": None}, 400, -1102),
        ({"apiKey": ""}, 401, -2014),
        ({"apiKey": "foreign"}, 401, -2015),
        ({"signature": "00"}, 400, -1022),
        ({"signature": ""}, 400, -1102),
        ({"signature": None}, 400, -1102),
        ({"price": "1"}, 400, -1022),  # not what was signed
        ({"quantity": 1}, 400, -1102),  # decimals are strings
        ({"quantity": 0.01}, 400, -1102),
        ({"price": {"a": 1}}, 400, -1102),
        ({"timestamp": 1.5}, 400, -1102),
        ({"timestamp": "soon"}, 400, -1102),
        ({"timestamp": 5}, 400, -1021),
        ({"recvWindow": "x"}, 400, -1102),
    ],
)
def test_what_is_refused_changes_nothing(line: Line, change: dict[str, Any], status: int, code: int) -> None:
    before = line.caller.state()
    good = line.parameters(**ORDER, price=line.caller.low)
    reply = line.ask("order.place", **good | change)
    assert error(reply) == (status, code)
    assert reply["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT"
    assert line.caller.state() == before
    assert line.ask("order.place", **good)["status"] == 200  # the same, unchanged, is taken


@pytest.mark.parametrize("missing", ["apiKey", "timestamp", "signature", "quantity", "symbol"])
def test_a_missing_parameter_is_named(line: Line, missing: str) -> None:
    before = line.caller.state()
    if missing in ("apiKey", "timestamp", "signature"):
        parameters = line.parameters(**ORDER, price=line.caller.low)
        del parameters[missing]
    else:
        rest = {name: value for name, value in ORDER.items() if name != missing}
        parameters = line.parameters(**rest, price=line.caller.low)
    reply = line.ask("order.place", **parameters)
    assert error(reply) == ((401, -2014) if missing == "apiKey" else (400, -1102))
    if missing != "apiKey":
        assert f"'{missing}'" in reply["error"]["msg"]
    assert line.caller.state() == before


def test_parameters_that_no_method_takes_are_signed_and_ignored(line: Line) -> None:
    assert line.place(stopLossPrice=105000.1, test=True, sor=7)["status"] == 200
    good = line.parameters(**ORDER, price=line.caller.low, note=1.5)
    assert error(line.ask("order.place", **good | {"note": 1.25})) == (400, -1022)
    assert error(line.ask("order.place", **good | {"more": {"a": [None, 1.5]}})) == (400, -1022)
    frame = json.dumps({"id": 1, "method": "order.place", "params": good}).replace("1.5", "1.50")
    assert error(line.send(frame)) == (400, -1022)  # what was signed is the number as it is written


def test_usage_is_hidden_on_wish() -> None:
    line = Line()
    assert "rateLimits" not in line.ask("ticker.price", returnRateLimits=False)
    assert "rateLimits" not in line.ask("nothing", returnRateLimits="false")
    assert "rateLimits" in line.ask("ticker.price")
    quiet = Line(shows_limits=False)
    assert "rateLimits" not in quiet.ask("ticker.price")
    assert "rateLimits" not in quiet.send("{")
    assert "rateLimits" in quiet.ask("ticker.price", returnRateLimits=True)
    assert line.place(returnRateLimits=False)["status"] == 200  # it is signed like any other


def test_both_ways_to_write_what_is_signed(line: Line) -> None:
    parameters = {"apiKey": KEY, "timestamp": line.caller.now_ms, "newClientOrderId": "a/b:c", **ORDER}
    parameters["price"] = line.caller.low
    for write in (urlencode, lambda items: "&".join(f"{name}={value}" for name, value in items)):
        payload = write(sorted(parameters.items()))
        signature = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
        reply = line.ask("order.place", **parameters, signature=signature)
        assert reply["status"] == 200, reply
        line.signed("order.cancel", symbol="BTCUSDT", origClientOrderId="a/b:c")
    assert error(line.ask("order.place", **parameters, signature="0" * 64)) == (400, -1022)


def test_a_session(line: Line) -> None:
    nobody = {"apiKey": None, "authorizedSince": None}
    status = line.ask("session.status")
    assert {name: status["result"][name] for name in nobody} == nobody
    assert status["result"]["connectedSince"] == line.caller.now_ms
    assert status["rateLimits"][0]["count"] == 2
    assert error(line.ask("account.balance", timestamp=line.caller.now_ms)) == (401, -2014)
    line.caller.now_ms += 5
    logged_on = line.ask("session.logon", **line.parameters(EDWARDS_KEY))["result"]
    assert (logged_on["apiKey"], logged_on["authorizedSince"]) == (EDWARDS_KEY, line.caller.now_ms)
    assert logged_on["connectedSince"] == line.caller.now_ms - 5
    plain = {**ORDER, "price": line.caller.low}
    assert line.ask("order.place", **plain, timestamp=line.caller.now_ms)["status"] == 200
    assert error(line.ask("order.place", **plain)) == (400, -1102)  # the time stamp is still wanted
    assert error(line.ask("order.place", **plain, timestamp=line.caller.now_ms - 9_000)) == (400, -1021)
    assert line.ask("userDataStream.start")["status"] == 200
    assert line.place()["status"] == 200  # a key of its own goes before the session
    assert error(line.ask("order.place", **plain, timestamp=line.caller.now_ms, signature="AAAA")) == (400, -1022)
    assert error(line.ask("order.place", **plain, timestamp=line.caller.now_ms, apiKey=KEY)) == (400, -1102)
    logged_out = line.ask("session.logout")["result"]
    assert {name: logged_out[name] for name in nobody} == nobody
    assert error(line.ask("order.place", **plain, timestamp=line.caller.now_ms)) == (401, -2014)


def test_who_may_log_on(line: Line) -> None:
    good = line.parameters(EDWARDS_KEY)
    cases = [
        (line.parameters(), 400, -4056),
        ({}, 401, -2014),
        (good | {"apiKey": "foreign"}, 401, -2015),
        (good | {"signature": "AAAA"}, 400, -1022),
        ({name: value for name, value in good.items() if name != "signature"}, 400, -1102),
        (line.parameters(EDWARDS_KEY, timestamp=5), 400, -1021),
    ]
    for parameters, status, code in cases:
        assert error(line.ask("session.logon", **parameters)) == (status, code)
        assert line.session.api_key is None
    assert line.ask("session.logon", **good)["status"] == 200
    assert error(line.ask("session.logon", **line.parameters())) == (400, -4056)
    assert line.session.api_key == EDWARDS_KEY  # a refused logon leaves the old one


def test_a_revoked_key_ends_its_session(line: Line) -> None:
    line.ask("session.logon", **line.parameters(EDWARDS_KEY))
    line.caller.keys.revoke(EDWARDS_KEY)
    reply = line.ask("account.balance", 7, timestamp=line.caller.now_ms)
    assert error(reply) == (401, -2015)
    assert reply["id"] is None
    assert error(line.ask("account.balance", 8, timestamp=line.caller.now_ms)) == (401, -2014)


def test_too_much_is_refused_with_the_time_to_come_back(line: Line) -> None:
    while (reply := line.ask("depth", symbol="BTCUSDT", limit=1000))["status"] == 200:
        pass
    assert error(reply) == (429, -1003)
    assert reply["error"]["data"] == {
        "serverTime": line.caller.now_ms,
        "retryAfter": line.caller.now_ms // 60_000 * 60_000 + 60_000,
    }
    assert line.caller.ask("GET", "/fapi/v1/time").status == 429  # REST draws on the same pool
    while (reply := line.ask("session.status"))["status"] == 429:
        pass
    assert error(reply) == (418, -1003)
    assert f"banned until {reply['error']['data']['retryAfter']}" in reply["error"]["msg"]
    before = line.caller.state()
    assert error(line.place()) == (418, -1003)
    assert line.caller.state() == before


def test_too_many_orders_of_rest_and_this_together(line: Line) -> None:
    for _ in range(150):
        line.caller.order(price="nonsense")
        line.signed("order.place", **ORDER, price="nonsense")
    before = line.caller.state()
    assert error(line.place()) == (429, -1015)
    assert line.caller.order().status == 429
    assert line.caller.state() == before


def test_any_kind_of_key_signs_a_request(line: Line) -> None:
    assert error(line.ask("order.status", **line.parameters(EDWARDS_KEY, symbol="BTCUSDT", orderId=1))) == (400, -2013)
    assert line.session.api_key is None


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
PARAMETERS = st.dictionaries(
    st.sampled_from(["apiKey", "signature", "timestamp", "symbol", "quantity", "limit", "returnRateLimits", "x"]),
    SCALARS | st.lists(SCALARS, max_size=2) | st.just(KEY),
)
FRAMES = st.text(max_size=20) | st.fixed_dictionaries(
    {},
    optional={
        "id": SCALARS,
        "method": st.sampled_from([*METHODS, "session.logon", "session.logout", ""]) | SCALARS,
        "params": PARAMETERS | SCALARS,
    },
).map(json.dumps)


def test_no_frame_breaks_the_line() -> None:
    line = Line()
    before = line.caller.state()

    @settings(max_examples=300, deadline=None)
    @given(FRAMES)
    def send(frame: str) -> None:
        line.caller.now_ms += 60_000  # no limit stands in the way
        reply = line.send(frame)
        assert ("result" in reply) == (reply["status"] == 200)
        assert reply["status"] in (200, 400, 401)

    send()
    assert line.caller.state() == before
