"""Bent requests to every endpoint and every method of the WebSocket API, past the sockets.

Whatever comes: a proper answer, and nothing has changed when it is a refusal. More of it by hand:
`VENUE_REQUESTS=1000000 python -m pytest --timeout 0 tests/venue/test_fuzz_requests.py`
"""

import hashlib
import hmac
import os
import time
from typing import Any

import msgspec
import pytest

from tests.desk_caller import KEY, ORDER, SECRET, Caller
from tests.venue_fuzz import Bender
from tests.venue_picture import picture_of
from trader_gui.simulated_exchange.ws_api_methods import METHODS, SESSION_METHODS, Session, answer

REQUESTS = 60
LONG_RUN = int(os.environ.get("VENUE_REQUESTS", "0")) // REQUESTS
FIRST = time.time_ns()
ROUNDS = range(FIRST, FIRST + LONG_RUN) if LONG_RUN else range(40)


class Desk:
    """A desk with something on it, whose state can be compared."""

    def __init__(self) -> None:
        self.caller = Caller("max")
        self.caller.order(newClientOrderId="a")
        self.caller.order(newClientOrderId="b", quantity="0.02")
        self.caller.signed("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.05")

    def state(self) -> Any:
        venue = self.caller.venue
        return picture_of(venue.core), venue.listen_key.value, dict(venue.countdowns._ends_ms)


def sign(payload: str) -> str:
    return hmac.new(SECRET.encode(), payload.encode(errors="surrogateescape"), hashlib.sha256).hexdigest()


def check_refusal(answered: Any) -> None:
    assert set(answered) == {"code", "msg"}, answered
    assert isinstance(answered["code"], int) and answered["code"] < 0
    assert answered["msg"] and isinstance(answered["msg"], str) and len(answered["msg"]) < 500


@pytest.mark.parametrize("half", [0, 1])
def test_bent_requests_get_proper_answers(half: int) -> None:
    for seed in ROUNDS[half::2]:
        desk, bender = Desk(), Bender(seed)
        for number in range(REQUESTS):
            method, path = bender.target()
            query = bender.query(bender.parameters(method, path))
            query += f"{'&' if query else ''}timestamp={desk.caller.now_ms}"
            query += f"&signature={sign(query)}"
            in_body = method != "GET" and bender.random.random() < 0.3
            before = desk.state()
            what = f"seed {seed}, request {number}: {method} {path}?{query[:2000]}"
            try:
                reply = desk.caller.ask(method, path, "" if in_body else query, query if in_body else "")
            except Exception as error:
                raise AssertionError(what) from error
            assert reply.status in (200, 400), what
            answered = msgspec.json.decode(reply.body)
            if reply.status == 200:
                assert method != "GET" or desk.state() == before, what
                rows = answered if path.endswith("batchOrders") and isinstance(answered, list) else []
                for row in rows:
                    assert "orderId" in row or check_refusal(row) is None
                if rows and all("code" in row for row in rows):
                    assert desk.state() == before, what
            else:
                check_refusal(answered)
                assert desk.state() == before, what
        assert desk.caller.ask("GET", "/fapi/v1/ping").status == 200


def ws_request(bender: Bender, desk: Desk) -> dict[str, Any]:
    method = bender.random.choice((*METHODS, *METHODS, *SESSION_METHODS, "order.lose"))
    target = METHODS.get(method, ("GET", "/fapi/v1/order"))
    params: dict[str, Any] = dict(bender.parameters(*target))
    if bender.random.random() < 0.3:
        params |= ORDER
    for name in [name for name in params if bender.random.random() < 0.1]:
        params[name] = bender.json_value()
    params |= {"apiKey": KEY, "timestamp": desk.caller.now_ms}
    readable = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items()}
    signed = "&".join(f"{name}={readable[name]}" for name in sorted(readable) if name != "signature")
    params["signature"] = hmac.new(SECRET.encode(), signed.encode(errors="replace"), hashlib.sha256).hexdigest()
    return {"id": "x", "method": method, "params": params}


def test_bent_frames_of_the_web_socket_api_get_proper_answers() -> None:
    for seed in ROUNDS:
        desk, bender = Desk(), Bender(seed)
        session = Session(desk.caller.now_ms, shows_limits=False)
        for number in range(REQUESTS):
            frame = bender.frame(ws_request(bender, desk))
            before = desk.state()
            what = f"seed {seed}, frame {number}: {frame[:2000]}"
            try:
                reply = msgspec.json.decode(answer(desk.caller.desk, session, frame))
            except Exception as error:
                raise AssertionError(what) from error
            assert reply["status"] in (200, 400, 401), what
            assert ("result" in reply) == (reply["status"] == 200), what
            if reply["status"] != 200:
                check_refusal(reply["error"])
                assert desk.state() == before, what


@pytest.mark.parametrize(
    "frame",
    ['{"a":' * 30_000, "[" * 30_000, '{"id":1,"method":{},"params":{}}', '{"id":1,"method":["depth"]}', '{"id":[1]}'],
    ids=lambda frame: str(frame)[:20],
)
def test_frames_that_once_broke_the_web_socket_api(frame: str) -> None:
    desk = Desk()
    reply = msgspec.json.decode(answer(desk.caller.desk, Session(0, shows_limits=False), frame))
    assert reply["status"] == 400
    check_refusal(reply["error"])
