"""One call: what is on the wire, time limits, tries, pauses."""

import asyncio
import hashlib
import hmac
import logging
import socket
import time
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from trader_gui.clock import SystemClock
from trader_gui.domain.order import Purpose
from trader_gui.domain.step import ApprovedCancel, ApprovedOrder
from trader_gui.errors import OutcomeUnknownError, VenueError
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.rest import RestClient
from trader_gui.exchange.rest_calls import Call, RestLimits, Security

KEY = "demo-key-0000"
SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
ORDER = "POST /fapi/v1/order"
TIME = "GET /fapi/v1/time"
NOW_MS = 1591702613943
SHORT = RestLimits(connect_s=2.0, read_s=0.3, change_s=5.0, query_s=5.0, close_s=2.0)
LATE = b'{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}'


class FixedClock(SystemClock):
    """Stands still at `wall_ms`, so that only the offset moves it."""

    def now_ms(self) -> int:
        return NOW_MS + self.offset_ms


class Waits:
    """Takes the place of sleeping and keeps how long it was to be."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def run(
    http: SimpleNamespace,
    answers: dict[str, list[Any]],
    scenario: Callable[[RestClient, Any], Coroutine[Any, Any, None]],
    limits: RestLimits = SHORT,
) -> tuple[Any, Waits]:
    """Run a scenario with a client on a venue that answers by the list."""
    waits = Waits()

    async def main() -> Any:
        async with http.Venue(answers) as venue, asyncio.timeout(20):
            client = RestClient(
                loopback(venue.url, "ws://127.0.0.1:1"),
                FixedClock(),
                lambda: (KEY, SECRET),
                limits=limits,
                sleep=waits,
                jitter=lambda: 1.0,
            )
            try:
                await scenario(client, venue)
            finally:
                await client.aclose()
            return venue

    return asyncio.run(main()), waits


@pytest.fixture
def order_post(payload: Callable[[str, str], bytes], http: SimpleNamespace) -> Any:
    return http.Reply(payload("rest_answers", "order_post"))


VECTOR = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"


@pytest.mark.parametrize(
    ("payload_text", "signature"),
    [
        (VECTOR, "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"),
        (
            VECTOR.replace("&timeInForce=GTC", "").replace("LIMIT", "LIMIT&timeInForce=GTC"),
            "ec11dcc17e67e47f0d3c3f513dfe9062307e37619c5c82ebaa8fe0bdf3d59519",
        ),
    ],
)
def test_signature_is_the_venues_for_its_own_examples(http: SimpleNamespace, payload_text: str, signature: str):
    parameters = dict(pair.split("=") for pair in payload_text.split("&"))

    async def scenario(client: RestClient, venue: Any) -> None:
        await client.change(Call("POST", "/fapi/v1/order", parameters, Security.SIGNED))

    venue, _ = run(http, {ORDER: [http.Reply()]}, scenario)
    assert venue.sent[0].query == f"{payload_text}&timestamp={NOW_MS}&signature={signature}"
    assert venue.sent[0].headers["x-mbx-apikey"] == KEY


def test_any_text_is_signed_as_it_is_sent(http: SimpleNamespace):
    parameters = {"symbol": "币USDT", "origClientOrderId": "a:b/c d@e~f+%"}

    async def scenario(client: RestClient, venue: Any) -> None:
        await client.change(Call("POST", "/fapi/v1/order", parameters, Security.SIGNED))

    venue, _ = run(http, {ORDER: [http.Reply()]}, scenario)
    signed, _, signature = venue.sent[0].query.partition("&signature=")
    assert signature == hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
    assert parameters == {"symbol": "币USDT", "origClientOrderId": "a:b/c d@e~f+%"}


def test_refused_timestamp_sets_the_clock_and_is_sent_once_more_with_a_new_one(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], order_post: Any
):
    answers = {
        ORDER: [http.Reply(LATE, 400), order_post],
        TIME: [http.Reply(b'{"serverTime":%d}' % 4_000_000_000_000)],
    }

    async def scenario(client: RestClient, venue: Any) -> None:
        order = await client.place(approve())
        assert order.client_order_id == "tg1-hn-1"

    venue, _ = run(http, answers, scenario)
    assert venue.paths() == [ORDER, TIME, TIME, TIME, ORDER]
    first, second = (dict(p.split("=") for p in venue.sent[i].query.split("&")) for i in (0, -1))
    assert int(first["timestamp"]) == NOW_MS
    assert int(second["timestamp"]) > NOW_MS
    assert first["signature"] != second["signature"]
    assert first["newClientOrderId"] == second["newClientOrderId"]


def test_a_timestamp_refused_twice_is_an_error(http: SimpleNamespace, approve: Callable[..., ApprovedOrder]):
    answers = {ORDER: [http.Reply(LATE, 400)], TIME: [http.Reply(b'{"serverTime":1}')]}

    async def scenario(client: RestClient, venue: Any) -> None:
        with pytest.raises(VenueError) as raised:
            await client.place(approve())
        assert (raised.value.code, isinstance(raised.value, OutcomeUnknownError)) == (-1021, False)

    venue, _ = run(http, answers, scenario)
    assert venue.paths().count(ORDER) == 2


@pytest.mark.parametrize("kind", ["HANG", "CUT", "503", "page"])
def test_an_order_without_a_clear_answer_is_unknown_and_never_sent_again(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], kind: str
):
    text = b"Unknown error, please check your request or try again later."
    reply = {"HANG": http.HANG, "CUT": http.CUT, "503": http.Reply(text, 503), "page": http.Reply(b"<html>")}[kind]

    async def scenario(client: RestClient, venue: Any) -> None:
        with pytest.raises(OutcomeUnknownError):
            await client.place(approve())

    venue, waits = run(http, {ORDER: [reply]}, scenario)
    assert venue.paths() == [ORDER]
    assert waits.seconds == []


def test_a_read_is_tried_again_with_growing_waits(http: SimpleNamespace):
    answers = {TIME: [http.CUT, http.Reply(b"<html>", 502), http.HANG, http.Reply(b'{"serverTime":7}')]}

    async def scenario(client: RestClient, venue: Any) -> None:
        assert await client.server_time_ms() == 7

    venue, waits = run(http, answers, scenario)
    assert len(venue.sent) == 4
    assert waits.seconds == [0.5, 1.0, 2.0]


def test_a_read_gives_up_in_the_end(http: SimpleNamespace):
    async def scenario(client: RestClient, venue: Any) -> None:
        with pytest.raises(VenueError) as raised:
            await client.server_time_ms()
        assert raised.value.retryable
        assert not isinstance(raised.value, OutcomeUnknownError)

    venue, _ = run(http, {TIME: [http.CUT]}, scenario)
    assert len(venue.sent) == SHORT.tries


def test_a_read_that_is_refused_is_not_tried_again(http: SimpleNamespace):
    async def scenario(client: RestClient, venue: Any) -> None:
        with pytest.raises(VenueError) as raised:
            await client.server_time_ms()
        assert (raised.value.code, raised.value.http_status) == (None, 404)

    venue, _ = run(http, {TIME: [http.Reply(b"<!doctype html>", 404)]}, scenario)
    assert len(venue.sent) == 1


def test_without_a_connection_an_order_is_surely_not_sent(approve: Callable[..., ApprovedOrder]):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def main() -> None:
        client = RestClient(loopback(f"http://127.0.0.1:{port}", "ws://x"), SystemClock(), lambda: (KEY, SECRET))
        with pytest.raises(VenueError) as raised:
            await client.place(approve())
        assert not isinstance(raised.value, OutcomeUnknownError)
        assert raised.value.retryable
        await client.aclose()

    asyncio.run(main())


def test_a_redirect_is_not_followed_with_the_key(http: SimpleNamespace, approve: Callable[..., ApprovedOrder]):
    answers = {ORDER: [http.Reply(b"", 307, ("Location: /elsewhere",))], "POST /elsewhere": [http.Reply()]}

    async def scenario(client: RestClient, venue: Any) -> None:
        with pytest.raises(OutcomeUnknownError):
            await client.place(approve())

    venue, _ = run(http, answers, scenario)
    assert venue.paths() == [ORDER]


def test_a_stuck_order_does_not_hold_up_the_next_call(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], order_post: Any
):
    limits = RestLimits(read_s=30.0, change_s=1.0, overtake_s=0.1)

    async def scenario(client: RestClient, venue: Any) -> None:
        stuck = asyncio.create_task(client.place(approve()))
        await venue.reached.wait()
        assert (await client.place(approve("tg1-hx-2"))).order_id is not None
        assert not stuck.done()
        with pytest.raises(OutcomeUnknownError):
            await stuck

    venue, _ = run(http, {ORDER: [http.HANG, order_post]}, scenario, limits)
    assert ["tg1-hn-1" in venue.sent[0].query, "tg1-hx-2" in venue.sent[1].query] == [True, True]


def test_orders_share_one_thread_and_its_connection(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], order_post: Any
):
    asked: list[int] = []

    def credentials() -> tuple[str, str]:
        asked.append(1)
        return KEY, SECRET

    async def main() -> None:
        async with http.Venue({ORDER: [order_post]}) as venue:
            client = RestClient(loopback(venue.url, "ws://127.0.0.1:1"), FixedClock(), credentials)
            for i in range(30):
                await client.place(approve(f"tg1-hn-{i}"))
            await client.aclose()

    asyncio.run(main())
    assert len(asked) == 1


def test_an_order_that_waited_too_long_is_not_sent_late(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], order_post: Any
):
    limits = RestLimits(read_s=0.3, overtake_s=30.0, queue_s=0.1, change_s=30.0)

    async def scenario(client: RestClient, venue: Any) -> None:
        stuck = asyncio.create_task(client.place(approve()))
        await venue.reached.wait()
        with pytest.raises(VenueError, match="not sent") as raised:
            await client.place(approve("tg1-hn-2"))
        assert (raised.value.retryable, isinstance(raised.value, OutcomeUnknownError)) == (True, False)
        with pytest.raises(OutcomeUnknownError):
            await stuck

    venue, _ = run(http, {ORDER: [http.HANG, order_post]}, scenario, limits)
    assert venue.paths() == [ORDER]


def test_a_waiting_order_whose_caller_is_cancelled_is_not_sent(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], order_post: Any
):
    limits = RestLimits(read_s=0.3, overtake_s=30.0, change_s=30.0)

    async def scenario(client: RestClient, venue: Any) -> None:
        stuck = asyncio.create_task(client.place(approve()))
        await venue.reached.wait()
        waiting = asyncio.create_task(client.place(approve("tg1-hn-2")))
        await asyncio.wait([waiting], timeout=0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(OutcomeUnknownError):
            await stuck
        await client.place(approve("tg1-hn-3"))

    venue, _ = run(http, {ORDER: [http.HANG, order_post]}, scenario, limits)
    assert [s.query.split("newClientOrderId=")[1][:8] for s in venue.sent] == ["tg1-hn-1", "tg1-hn-3"]


def test_closing_does_not_wait_for_a_stuck_call(http: SimpleNamespace, approve: Callable[..., ApprovedOrder]):
    limits = RestLimits(read_s=30.0, change_s=30.0, close_s=0.1)

    async def scenario(client: RestClient, venue: Any) -> None:
        stuck = asyncio.create_task(client.place(approve()))
        await venue.reached.wait()
        async with asyncio.timeout(3):
            await client.aclose()
        with pytest.raises(VenueError, match="not sent"):
            await client.server_time_ms()
        stuck.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stuck

    run(http, {ORDER: [http.HANG]}, scenario, limits)


TOO_MANY = b'{"code":-1003,"msg":"Too many requests."}'
OPEN_ORDERS = "GET /fapi/v1/openOrders"


def closing(approve: Callable[..., ApprovedOrder], client_order_id: str = "tg1-hx-9") -> ApprovedOrder:
    return approve(client_order_id, purpose=Purpose.EXIT, reduce_only=True)


def test_a_429_stops_reads_and_entries_and_lets_a_close_through(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], order_post: Any
):
    answers = {TIME: [http.Reply(TOO_MANY, 429, ("Retry-After: 30",))], ORDER: [order_post]}

    async def scenario(client: RestClient, venue: Any) -> None:
        with pytest.raises(VenueError) as raised:
            await client.server_time_ms()
        assert (raised.value.code, raised.value.retryable) == (-1003, True)
        assert 29 < raised.value.wait_s <= 30
        assert 29 < client.reads_paused_s <= 30
        for _ in range(3):
            with pytest.raises(VenueError, match="not sent: the exchange asked for a pause, 30 s left") as raised:
                await client.server_time_ms()
            with pytest.raises(VenueError, match="not sent") as raised:
                await client.place(approve())
            assert not isinstance(raised.value, OutcomeUnknownError)
        assert client.bars(approve()) is not None
        assert client.bars(closing(approve)) is None
        await client.place(closing(approve))

    venue, waits = run(http, answers, scenario)
    assert venue.paths() == [TIME, ORDER]
    assert "tg1-hx-9" in venue.sent[1].query
    assert waits.seconds == []


def test_a_short_pause_is_waited_for(http: SimpleNamespace):
    answers = {TIME: [http.Reply(TOO_MANY, 429, ("retry-after: 2",)), http.Reply(b'{"serverTime":7}')]}

    async def scenario(client: RestClient, venue: Any) -> None:
        client._sleep = asyncio.sleep
        assert await client.server_time_ms() == 7

    started = time.monotonic()
    venue, _ = run(http, answers, scenario)
    assert len(venue.sent) == 2
    assert time.monotonic() - started >= 2


def test_a_ban_stops_every_call_and_says_until_when(
    http: SimpleNamespace,
    approve: Callable[..., ApprovedOrder],
    approve_cancel: Callable[..., ApprovedCancel],
    order_post: Any,
):
    banned = b'{"code":-1003,"msg":"Way too many requests; IP banned until %d."}' % (NOW_MS + 60_000)
    words = "the exchange has banned this address until 2020-06-09 11:37:53 UTC"

    async def scenario(client: RestClient, venue: Any) -> None:
        assert client.banned_until_ms is None
        with pytest.raises(VenueError, match=f"-1003: {words}") as raised:
            await client.place(closing(approve))
        assert not isinstance(raised.value, OutcomeUnknownError)
        assert client.banned_until_ms == NOW_MS + 60_000
        calls = [
            lambda: client.place(closing(approve)),
            lambda: client.cancel(approve_cancel()),
            client.server_time_ms,
            client.new_listen_key,
            lambda: client.set_leverage("BTCUSDT", 5),
        ]
        for call in calls:
            with pytest.raises(VenueError, match=f"^not sent: {words}$") as raised:
                await call()
            assert 59 < raised.value.wait_s <= 60

    venue, waits = run(http, {ORDER: [http.Reply(banned, 418)]}, scenario)
    assert venue.paths() == [ORDER]
    assert waits.seconds == []


def test_orders_stop_before_the_limit_and_leave_room_for_closes(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], order_post: Any
):
    """The exchange's own limits, and its count of what another program has sent."""
    info = b'{"symbols":[],"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":10}]}'
    replies = [http.Reply(order_post.body, 200, (f"x-mbx-order-count-10s: {count}",)) for count in (7, 8, 9)]
    answers = {"GET /fapi/v1/exchangeInfo": [http.Reply(info)], ORDER: replies}

    async def scenario(client: RestClient, venue: Any) -> None:
        await client.symbol_rules()
        assert client.bars(approve()) is None
        await client.place(approve())
        await client.place(approve())
        with pytest.raises(VenueError, match="not sent: the exchange's limit of requests is used up for now, room in"):
            await client.place(approve())
        await client.place(closing(approve))

    venue, _ = run(http, answers, scenario)
    assert venue.paths() == ["GET /fapi/v1/exchangeInfo", ORDER, ORDER, ORDER]


def test_reads_that_meet_a_wrong_clock_together_set_it_once(http: SimpleNamespace):
    answers = {
        OPEN_ORDERS: [http.Reply(LATE, 400)] * 2 + [http.Reply(b"[]")],
        TIME: [http.Reply(b'{"serverTime":%d}' % 4_000_000_000_000)],
    }

    async def scenario(client: RestClient, venue: Any) -> None:
        call = Call("GET", "/fapi/v1/openOrders", {}, Security.SIGNED)
        assert await asyncio.gather(client.query(call), client.query(call)) == [b"[]", b"[]"]

    venue, _ = run(http, answers, scenario)
    assert venue.paths().count(TIME) == 3


@pytest.mark.parametrize("code", [-1021, -5028])
def test_an_order_is_not_sent_late_when_the_clock_cannot_be_put_right(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], code: int
):
    limits = RestLimits(read_s=30.0, repair_s=0.5)
    answers = {ORDER: [http.Reply(b'{"code":%d,"msg":"Timestamp"}' % code, 400)], TIME: [http.HANG]}

    async def scenario(client: RestClient, venue: Any) -> None:
        with pytest.raises(VenueError) as raised:
            await client.place(approve())
        assert (raised.value.code, isinstance(raised.value, OutcomeUnknownError)) == (code, False)

    venue, _ = run(http, answers, scenario, limits)
    assert venue.paths().count(ORDER) == 1


def test_the_clock_is_kept_and_a_jump_of_this_machines_is_repaired(
    http: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
):
    expect_log(r"this computer's clock has jumped by \+3600\d\d\d ms")
    wall_ahead_ns = 0
    real_ns = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + wall_ahead_ns)

    async def main() -> None:
        nonlocal wall_ahead_ns
        looked = asyncio.Event()

        async def sleep(seconds: float) -> None:
            looked.set()
            await asyncio.sleep(0)

        told = http.Reply(b'{"serverTime":%d}' % (real_ns() // 1_000_000))
        async with http.Venue({TIME: [told]}) as venue, asyncio.timeout(20):
            clock = SystemClock()
            client = RestClient(loopback(venue.url, "ws://127.0.0.1:1"), clock, sleep=sleep)
            keeper = asyncio.create_task(client.keep_clock(), name="clock")
            while not clock.is_synced:
                looked.clear()
                await looked.wait()
            before, asked = clock.offset_ms, len(venue.sent)
            looked.clear()
            await looked.wait()
            assert len(venue.sent) == asked  # nothing to do
            wall_ahead_ns = 3_600 * 10**9
            while abs(clock.offset_ms - before + 3_600_000) > 15_000:
                looked.clear()
                await looked.wait()
            keeper.cancel()
            await asyncio.wait([keeper])
            await client.aclose()

    asyncio.run(main())


def test_weight_orders_and_latency_are_told(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], order_post: Any
):
    limits = ("x-mbx-used-weight-1m: 41", "X-MBX-ORDER-COUNT-1M: 3", "X-MBX-ORDER-COUNT-10S: 2")
    answers = {ORDER: [http.Reply(order_post.body, 200, limits), http.Reply(b'{"code":-2019,"msg":"no"}', 400)]}

    async def scenario(client: RestClient, venue: Any) -> None:
        assert (client.weight_used, client.orders_used, client.rest_latency_ms) == (None, None, None)
        await client.place(approve())
        assert (client.weight_used, client.orders_used) == (41, 3)
        with pytest.raises(VenueError):
            await client.place(approve())
        # A refused order names no counts; it may have been counted all the same.
        assert (client.weight_used, client.orders_used) == (41, 4)
        assert client.rest_latency_ms is not None
        assert client.rest_latency_ms > 0

    run(http, answers, scenario)


def test_the_first_answer_after_a_cut_or_a_trouble_of_the_venue_is_told_to_observers(http: SimpleNamespace):
    told: list[int] = []
    answers = {
        TIME: [
            http.Reply(b'{"serverTime":1}'),
            http.CUT,
            http.Reply(b'{"serverTime":2}'),
            http.Reply(b'{"serverTime":3}'),
            http.Reply(b'{"code":-1016,"msg":"This service is no longer available."}', 503),
            http.Reply(b'{"serverTime":4}'),
        ]
    }

    async def scenario(client: RestClient, venue: Any) -> None:
        client.observers.append(lambda: told.append(len(venue.sent)))
        for _ in range(4):
            await client.server_time_ms()

    run(http, answers, scenario)
    assert told == [3, 6]


def test_a_read_that_hangs_in_a_lost_network_is_made_anew_at_once_and_an_order_is_not(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("trader_gui.exchange.rest_calls.STUCK_NS", 0)
    answers = {TIME: [http.HANG, http.Reply(b'{"serverTime":7}')], ORDER: [http.HANG]}

    async def scenario(client: RestClient, venue: Any) -> None:
        reading = asyncio.create_task(client.server_time_ms())
        placing = asyncio.create_task(client.place(approve()))
        while len(venue.sent) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        started = time.monotonic()
        client.renew()
        assert await reading == 7
        assert time.monotonic() - started < 1.0
        with pytest.raises(OutcomeUnknownError):
            await placing

    venue, _ = run(http, answers, scenario, RestLimits(connect_s=2.0, read_s=2.0, close_s=3.0))
    assert venue.paths().count(ORDER) == 1


def test_secrets_are_in_no_log_and_no_error(
    http: SimpleNamespace, approve: Callable[..., ApprovedOrder], caplog: pytest.LogCaptureFixture
):
    texts: list[str] = []
    answers = {
        ORDER: [http.HANG, http.CUT, http.Reply(b'{"code":-2019,"msg":"no"}', 400)],
        "POST /fapi/v1/listenKey": [http.Reply(b'{"listenKey":"LkSecret"}')],
    }

    async def scenario(client: RestClient, venue: Any) -> None:
        await client.new_listen_key()
        for _ in range(3):
            with pytest.raises(VenueError) as raised:
                await client.place(approve())
            texts.append(f"{raised.value!r} {raised.value.__cause__!r}")
        texts.append(repr(client))

    with caplog.at_level(logging.DEBUG):
        run(http, answers, scenario)
    text = "\n".join([*texts, caplog.text])
    for secret in (KEY, SECRET, "signature", "LkSecret"):
        assert secret not in text
