import pytest

from trader_gui.simulated_exchange.streams import (
    ControlError,
    Hub,
    StreamSocket,
    control_reply,
    parse_url,
    route_of,
    text_frame,
)


class MemoryTransport:
    """Takes what a socket writes; `unread` bytes stay in its buffer."""

    def __init__(self, unread: int = 0) -> None:
        self.written: list[bytes] = []
        self.unread = unread
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True


def socket(route: str = "market", *, combined: bool = False, unread: int = 0) -> tuple[StreamSocket, MemoryTransport]:
    transport = MemoryTransport(unread)
    return StreamSocket(route, is_combined=combined, transport=transport, now_s=0.0), transport  # type: ignore[arg-type]


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


def test_routes_of_streams() -> None:
    market = ["aggTrade", "kline_1m", "markPrice", "markPrice@1s", "ticker", "miniTicker"]
    public = ["bookTicker", "depth", "depth@100ms", "depth20@500ms"]
    assert {route_of(f"btcusdt@{kind}") for kind in market} == {"market"}
    assert {route_of(f"btcusdt@{kind}") for kind in public} == {"public"}
    assert route_of("btcusdt@trade") is None
    assert route_of("nonsense") is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 70000])
def test_frames_carry_their_length(size: int) -> None:
    payload = b"x" * size
    frame = text_frame(payload)
    assert frame[0] == 0x81
    length, start = frame[1], 2
    if length == 126:
        length, start = int.from_bytes(frame[2:4], "big"), 4
    elif length == 127:
        length, start = int.from_bytes(frame[2:10], "big"), 10
    assert (length, frame[start:]) == (size, payload)
    assert not frame[1] & 0x80  # a server does not mask


def test_only_listeners_of_the_right_route_hear() -> None:
    changes: list[str] = []
    hub = Hub(changes.append)
    right, heard = socket("market", combined=True)
    wrong, silent = socket("public")
    for each in (right, wrong):
        hub.add(each)
        hub.subscribe(each, ["btcusdt@aggTrade", "no such stream"])
    hub.publish("btcusdt@aggTrade", {"e": "aggTrade"})
    hub.flush()
    assert heard.written == [text_frame(b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade"}}')]
    assert silent.written == []
    assert list(wrong.subscriptions) == ["btcusdt@aggTrade", "no such stream"]
    assert changes == ["btcusdt@aggTrade"]
    hub.remove(right)
    assert not hub.is_heard("btcusdt@aggTrade")


def test_user_events_go_by_key_and_filter() -> None:
    hub = Hub(lambda stream: None)
    everything, all_out = socket("private")
    some, some_out = socket("private")
    stranger, stranger_out = socket("private")
    lost, lost_out = socket("market")
    everything.listen_keys = {"K": frozenset()}
    some.listen_keys = {"K": frozenset({"ACCOUNT_UPDATE"})}
    stranger.listen_keys = {"other": frozenset()}
    lost.listen_keys = {"K": frozenset()}
    for each in (everything, some, stranger, lost):
        hub.add(each)
    hub.publish_private("K", {"e": "TRADE_LITE"})
    hub.publish_private("K", {"e": "ACCOUNT_UPDATE"})
    hub.flush()
    assert all_out.written == [text_frame(b'{"e":"TRADE_LITE"}') + text_frame(b'{"e":"ACCOUNT_UPDATE"}')]
    assert some_out.written == [text_frame(b'{"e":"ACCOUNT_UPDATE"}')]
    assert stranger_out.written == lost_out.written == []


def test_a_slow_client_is_cut_off_and_never_waited_for() -> None:
    slow, transport = socket(unread=9 * 1024 * 1024)
    slow.push("s", b"{}")
    slow.flush()
    assert transport.is_aborted
    slow.push("s", b"{}")
    slow.flush()
    assert len(transport.written) == 1


def test_control_messages() -> None:
    hub = Hub(lambda stream: None)
    one, _ = socket("market")
    hub.add(one)
    ask = lambda **request: control_reply(hub, one, request)  # noqa: E731
    assert ask(method="SUBSCRIBE", params=["a@aggTrade", "a@ticker"], id=1) == {"result": None, "id": 1}
    assert ask(method="UNSUBSCRIBE", params=["a@aggTrade", "never"], id=2) == {"result": None, "id": 2}
    assert ask(method="LIST_SUBSCRIPTIONS", id=3) == {"result": ["a@ticker"], "id": 3}
    assert ask(method="GET_PROPERTY", params=["combined"], id=4) == {"result": False, "id": 4}
    assert ask(method="SET_PROPERTY", params=["combined", True], id=5) == {"result": None, "id": 5}
    assert ask(method="GET_PROPERTY", params=["combined"], id=6) == {"result": True, "id": 6}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"method": "SET_PROPERTY", "params": ["other", True], "id": 1}, 0),
        ({"method": "GET_PROPERTY", "params": ["other"], "id": 1}, 0),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1),
        ({"method": "SET_PROPERTY", "params": [1, True], "id": 1}, 2),
        ({"method": "SET_PROPERTY", "params": ["combined", True, 1], "id": 1}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"]}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": "x"}, 2),
        ({"method": "SUBSCRIBE", "params": ["a@ticker"], "id": -1}, 2),
        ({"method": "SUBSCRIBE", "params": "a@ticker", "id": 1}, 2),
        ({"method": "SUBSCRIBE", "params": [1], "id": 1}, 2),
        ({"method": "FLY", "id": 1}, 2),
        ({"id": 1}, 2),
    ],
)
def test_control_errors(request_: dict, code: int) -> None:
    hub = Hub(lambda stream: None)
    one, _ = socket()
    with pytest.raises(ControlError) as caught:
        control_reply(hub, one, request_)
    assert caught.value.code == code


def test_ten_messages_a_second() -> None:
    one, _ = socket()
    assert [one.counts_message(5.0 + index / 100) for index in range(11)] == [True] * 10 + [False]
    assert one.counts_message(6.0)
