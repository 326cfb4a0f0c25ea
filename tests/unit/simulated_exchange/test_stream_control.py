import pytest

from trader_gui.simulated_exchange.stream_control import ControlError, control_reply, parse_url
from trader_gui.simulated_exchange.streams import Hub, StreamSocket


class NoTransport:
    """A socket that nothing is written to needs no more."""


def socket(route: str = "market") -> StreamSocket:
    return StreamSocket(route, is_combined=False, transport=NoTransport(), now_s=0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/market/ws/btcusdt@aggTrade", "", ("market", False, ["btcusdt@aggTrade"], {})),
        ("/public/ws/a@depth/b@depth", "", ("public", False, ["a@depth", "b@depth"], {})),
        ("/market/ws", "", ("market", False, [], {})),
        ("/market/stream", "streams=a@kline_1m/a@ticker", ("market", True, ["a@kline_1m", "a@ticker"], {})),
        ("/ws/a@depth", "", ("public", False, ["a@depth"], {})),
        ("/stream", "streams=a@depth", ("public", True, ["a@depth"], {})),
        ("/private/ws/KEY", "", ("private", False, [], {"KEY": frozenset()})),
        ("/private/ws", "listenKey=K&events=A/B", ("private", False, [], {"K": frozenset({"A", "B"})})),
        (
            "/private/stream",
            "listenKey=K&events=A&listenKey=L&events=B",
            ("private", True, [], {"K": frozenset({"A"}), "L": frozenset({"B"})}),
        ),
        ("/fapi/v1/nothing", "", None),
        ("/", "", None),
        ("/market", "", None),
    ],
)
def test_urls(path: str, query: str, expected: object) -> None:
    assert parse_url(path, query) == expected


def test_control_messages() -> None:
    hub = Hub(lambda stream: None)
    one = socket()
    hub.add(one)
    ask = lambda **request: control_reply(hub, one, request)  # noqa: E731
    assert ask(method="SUBSCRIBE", params=["a@aggTrade", "a@ticker"], id=1) == {"result": None, "id": 1}
    assert ask(method="UNSUBSCRIBE", params=["a@aggTrade", "never"], id=2) == {"result": None, "id": 2}
    assert ask(method="LIST_SUBSCRIPTIONS", id=3) == {"result": ["a@ticker"], "id": 3}
    assert ask(method="GET_PROPERTY", params=["combined"], id=4) == {"result": False, "id": 4}
    assert ask(method="SET_PROPERTY", params=["combined", True], id=5) == {"result": None, "id": 5}
    assert ask(method="GET_PROPERTY", params=["combined"], id=6) == {"result": True, "id": 6}
    uuid = "0b8e4a52-5f0d-4e4e-9f3c-0d6f3f0e9f11"
    assert ask(method="LIST_SUBSCRIPTIONS", id=uuid) == {"result": ["a@ticker"], "id": uuid}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"method": "SET_PROPERTY", "params": ["other", True], "id": 1}, 0),
        ({"method": "GET_PROPERTY", "params": ["other"], "id": 1}, 0),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1),
        ({"method": "SET_PROPERTY", "params": [1, True], "id": 1}, 2),
        ({"method": "SET_PROPERTY", "params": ["combined", True, 1], "id": 1}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"]}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": ""}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": "x" * 37}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": None}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": True}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": 1.5}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": 2**64}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": -1}, 2),
        ({"method": "SUBSCRIBE", "params": "a@ticker", "id": 1}, 2),
        ({"method": "SUBSCRIBE", "params": [1], "id": 1}, 2),
        ({"method": "FLY", "id": 1}, 2),
        ({"id": 1}, 2),
    ],
)
def test_control_errors(request_: dict, code: int) -> None:
    hub = Hub(lambda stream: None)
    one = socket()
    with pytest.raises(ControlError) as caught:
        control_reply(hub, one, request_)
    assert caught.value.code == code


@pytest.mark.parametrize("route", ["market", "private"])
def test_a_subscription_beyond_the_limit_changes_nothing(route: str) -> None:
    hub = Hub(lambda stream: None)
    one = socket(route)
    hub.add(one)
    ask = lambda *names: control_reply(hub, one, {"method": "SUBSCRIBE", "params": [*names], "id": 1}, 3)  # noqa: E731
    ask("a", "b")
    with pytest.raises(ControlError) as caught:
        ask("b", "c", "d")
    assert caught.value.code == 2
    assert ask("a", "b", "c") == {"result": None, "id": 1}
    assert control_reply(hub, one, {"method": "LIST_SUBSCRIPTIONS", "id": 2})["result"] == ["a", "b", "c"]
