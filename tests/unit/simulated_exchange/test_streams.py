import pytest

from trader_gui.simulated_exchange.streams import Hub, StreamSocket, text_frame


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


def test_ten_messages_a_second() -> None:
    one, _ = socket()
    assert [one.counts_message(5.0 + index / 100, 10) for index in range(11)] == [True] * 10 + [False]
    assert one.counts_message(6.0, 10)
