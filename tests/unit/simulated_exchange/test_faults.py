import asyncio
from typing import Any

import pytest

from tests.fault_world import make_faults
from trader_gui.simulated_exchange.faults import LOG_LINES, ActiveFault, Call, frame_facts

ORDER = Call("POST", "/fapi/v1/order", {"symbol": "BTCUSDT", "side": "BUY"})


def with_loop(test: Any) -> None:
    async def body() -> None:
        test()

    asyncio.run(body())


def pattern(one: ActiveFault, times: int, now_ms: float = 0.0) -> str:
    return "".join("X" if one.strikes(now_ms) else "." for _ in range(times))


def test_every_nth_with_a_count() -> None:
    def body() -> None:
        faults, _ = make_faults({"kind": "html_403", "every": 3, "count": 2})
        (one,) = faults.requests
        assert pattern(one, 12) == "..X..X......"
        assert (one.seen, one.hits) == (12, 2)

    with_loop(body)


def test_a_window_of_time() -> None:
    def body() -> None:
        faults, _ = make_faults({"kind": "html_403", "from_ms": 100, "until_ms": 200})
        (one,) = faults.requests
        assert [one.strikes(now) for now in (0, 99, 100, 199, 200)] == [False, False, True, True, False]
        assert one.seen == 2

    with_loop(body)


def test_a_strike_lasts_its_duration_and_is_counted_once() -> None:
    def body() -> None:
        faults, _ = make_faults({"kind": "html_403", "every": 2, "count": 1, "duration_ms": 50, "until_ms": 20})
        (one,) = faults.requests
        assert [one.strikes(now) for now in (0, 1, 2, 3, 50, 51, 60)] == [False, True, True, True, True, False, False]
        assert (one.seen, one.hits) == (2, 1)

    with_loop(body)


def test_the_same_plan_strikes_alike_and_faults_do_not_disturb_each_other() -> None:
    def body() -> None:
        some = {"kind": "html_403", "probability": 0.3}
        other = {"kind": "html_404", "probability": 0.5, "every": 2}
        alone = pattern(make_faults(some)[0].all[0], 300)
        assert 60 < alone.count("X") < 120
        for faults in (make_faults(some)[0], make_faults(some, other)[0], make_faults(some, some, other)[0]):
            rows = [pattern(one, 300) for one in faults.all]
            assert rows[0] == alone
        twins = [pattern(one, 300) for one in make_faults(some, some)[0].all]
        assert twins[0] != twins[1]
        assert pattern(make_faults(some, seed=2)[0].all[0], 300) != alone

        # Drawn one by one or turn by turn: each has a generator of its own.
        faults = make_faults(some, other)[0]
        turns = [[one.strikes(0) for one in faults.all] for _ in range(300)]
        assert "".join("X" if turn[0] else "." for turn in turns) == alone

    with_loop(body)


@pytest.mark.parametrize(
    ("fault", "call", "fits"),
    [
        ({}, ORDER, True),
        ({"method": "GET"}, ORDER, False),
        ({"path": "/fapi/v1/ord*"}, ORDER, True),
        ({"path": "/fapi/v1/ord"}, ORDER, False),
        ({"symbol": "ETHUSDT"}, ORDER, False),
        ({"symbol": "BTCUSDT", "method": "POST", "path": "*/order"}, ORDER, True),
        ({}, Call("GET", "/market/ws", {}, True), False),
        ({"path": "/market/*"}, Call("GET", "/market/ws", {}, True), True),
        ({"path": "*"}, Call("GET", "/nowhere", {}, True), True),
        ({}, Call("GET", "/nowhere", {}, False), False),
    ],
)
def test_which_requests_match(fault: dict[str, Any], call: Call, fits: bool) -> None:
    def body() -> None:
        (one,) = make_faults({"kind": "html_403"} | fault)[0].requests
        assert one.fits_call(call) is fits

    with_loop(body)


@pytest.mark.parametrize(
    ("method", "path", "asked", "fits"),
    [
        ("POST", "/fapi/v1/order", {"side": "BUY"}, True),
        ("POST", "/fapi/v1/batchOrders", {}, True),
        ("POST", "/fapi/v1/order/test", {}, True),
        ("DELETE", "/fapi/v1/order", {}, False),
        ("POST", "/fapi/v1/algoOrder", {}, False),
        ("POST", "/fapi/v1/order", {"reduceOnly": "true"}, False),
        ("POST", "/fapi/v1/order", {"closePosition": "true"}, False),
        ("POST", "/fapi/v1/order", {"side": "SELL", "positionSide": "LONG"}, False),
        ("POST", "/fapi/v1/order", {"side": "BUY", "positionSide": "SHORT"}, False),
        ("POST", "/fapi/v1/order", {"side": "BUY", "positionSide": "LONG"}, True),
    ],
)
def test_an_overload_is_that_of_the_documents(method: str, path: str, asked: dict[str, str], fits: bool) -> None:
    def body() -> None:
        (one,) = make_faults({"kind": "overloaded_503"})[0].requests
        assert one.fits_call(Call(method, path, asked)) is fits

    with_loop(body)


def test_which_events_and_sockets_match() -> None:
    def body() -> None:
        faults, _ = make_faults(
            {"kind": "stream_silent", "stream": "btcusdt@*"},
            {"kind": "event_lost", "event": "ORDER_TRADE_UPDATE", "symbol": "BTCUSDT"},
            {"kind": "day_cut", "on": "frame", "event": "kline"},
            {"kind": "socket_dropped", "stream": "*@depth*"},
        )
        silent, lost = faults.frames
        assert silent.fits_frame("market", "btcusdt@kline_1m", "kline", "BTCUSDT")
        assert not silent.fits_frame("market", "ethusdt@kline_1m", "kline", "ETHUSDT")
        assert lost.fits_frame("private", "private", "ORDER_TRADE_UPDATE", "BTCUSDT")
        assert not lost.fits_frame("private", "private", "ORDER_TRADE_UPDATE", "ETHUSDT")
        assert not lost.fits_frame("market", "x", "ORDER_TRADE_UPDATE", "BTCUSDT")
        (on_frame,) = faults.sockets_on_frame
        assert on_frame.fits_frame("market", "x@kline_1m", "kline", "X")
        (timed,) = faults.timed
        assert timed.fits_socket("public", ["a@ticker", "a@depth5"])
        assert not timed.fits_socket("public", ["a@ticker"])

    with_loop(body)


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        ({"e": "kline", "s": "BTCUSDT"}, ("kline", "BTCUSDT")),
        ({"e": "ORDER_TRADE_UPDATE", "o": {"s": "ETHUSDT"}}, ("ORDER_TRADE_UPDATE", "ETHUSDT")),
        ({"e": "ACCOUNT_CONFIG_UPDATE", "ac": {"s": "ETHUSDT"}}, ("ACCOUNT_CONFIG_UPDATE", "ETHUSDT")),
        ({"e": "ACCOUNT_UPDATE", "a": {}}, ("ACCOUNT_UPDATE", "")),
        ([{"e": "24hrTicker", "s": "BTCUSDT"}, {"e": "24hrTicker", "s": "X"}], ("24hrTicker", "BTCUSDT")),
        ([], ("", "")),
    ],
)
def test_what_an_event_is_about(event: Any, facts: tuple[str, str]) -> None:
    assert frame_facts(event) == facts


def test_faults_by_the_clock_come_at_their_times() -> None:
    def body() -> None:
        faults, clock = make_faults(
            {"kind": "listen_key_expired", "from_ms": 100, "repeat_ms": 50, "until_ms": 300, "count": 3},
            {"kind": "listen_key_expired", "from_ms": 120, "repeat_ms": 50, "every": 2, "until_ms": 300},
            {"kind": "listen_key_expired"},
        )
        happened = []
        faults.start(lambda one: happened.append((one.place, clock.ms - 1_000)))
        assert happened == [(2, 0)]
        for _ in range(500):
            clock.ms += 1
            faults.timeline.advance()
        assert happened[1:] == [(0, 100), (0, 150), (1, 170), (0, 200), (1, 270)]
        faults.close()

    with_loop(body)


def test_a_clock_that_leaps_makes_up_for_what_it_leapt_over() -> None:
    def body() -> None:
        faults, clock = make_faults({"kind": "listen_key_expired", "from_ms": 10, "repeat_ms": 10})
        happened: list[int] = []
        faults.start(lambda one: happened.append(one.hits))
        clock.ms += 86_400
        faults.timeline.advance()
        assert happened == list(range(1, 8_641))
        clock.ms += 10
        faults.timeline.advance()
        assert len(happened) == 8_641

    with_loop(body)


def test_the_log_tells_what_was_struck_and_forgets_the_oldest() -> None:
    def body() -> None:
        faults, clock = make_faults({"kind": "html_403"}, {"kind": "html_404"})
        first, second = faults.all
        clock.ms += 7
        faults.note(first, ORDER.text)
        faults.note_shadowed([second], first, "it")
        assert [line._asdict() for line in faults.log] == [
            {"at_ms": 7, "market_ms": 1_007, "fault": 0, "kind": "html_403", "hit": "POST /fapi/v1/order BTCUSDT BUY"},
            {"at_ms": 7, "market_ms": 1_007, "fault": 1, "kind": "html_404", "hit": "it: fault 0 came first"},
        ]
        for _ in range(LOG_LINES):
            faults.note(first, "again")
        report = faults.report()
        assert (len(report["log"]), report["log_forgotten"]) == (LOG_LINES, 2)
        assert report["faults"][0] == {
            "kind": "html_403", "from_ms": 0, "every": 1, "probability": 1.0, "seen": 0, "hits": 0,
        }  # fmt: skip

    with_loop(body)
