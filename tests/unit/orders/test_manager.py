"""Orders are journalled before they are sent, sent once, and unknown outcomes are resolved by asking."""

import asyncio

from tests.unit.orders.manager_rig import FAST, ScriptedPort, approved, order, play
from trader_gui.domain.order import (
    CancelIntent,
    Order,
    OrderFamily,
    OrderOutcome,
    OrderStatus,
    OrderType,
    Origin,
    OutcomeKind,
)
from trader_gui.domain.step import _GATE_KEY, ApprovedCancel, ApprovedOrder
from trader_gui.errors import OutcomeUnknownError, ProtocolError, TraderError, VenueError
from trader_gui.orders import manager as module
from trader_gui.orders.manager import OrderManager
from trader_gui.orders.state import NO_LONGER_ALLOWED, NOT_AT_VENUE, SESSION_OVER


def test_an_intent_is_journalled_before_it_is_sent_and_orders_go_in_sequence():
    async def work(manager: OrderManager) -> None:
        first, second = manager.submit(approved("tg-en-1")), manager.submit(approved("tg-hn-2"))
        assert not manager.is_idle
        assert (await first).kind is OutcomeKind.ACCEPTED
        assert (await second).kind is OutcomeKind.REFUSED

    log, outcomes, manager = play(work, place=[order("tg-en-1", OrderStatus.NEW), VenueError(-2019, "Margin")])
    assert log == ["journal tg-en-1", "place tg-en-1", "journal tg-hn-2", "place tg-hn-2"]
    assert [(o.client_order_id, o.kind, o.error_code) for o in outcomes] == [
        ("tg-en-1", OutcomeKind.ACCEPTED, None),
        ("tg-hn-2", OutcomeKind.REFUSED, -2019),
    ]
    assert manager.is_idle


def test_an_order_for_which_there_is_no_room_is_refused_before_it_is_journalled(expect_log):
    expect_log("order tg-en-1 not sent: the exchange asked for a pause")

    async def work(manager: OrderManager) -> None:
        assert (await manager.submit(approved())).kind is OutcomeKind.REFUSED

    reason = "not sent: the exchange asked for a pause, 9 s left"
    log, outcomes, manager = play(work, place=[], bar=VenueError(None, reason, retryable=True, wait_s=9.0))
    assert (log, manager.orders_sent, outcomes[0].error_message) == ([], 0, reason)
    assert outcomes[0].retry_after_ms == 9_000


def test_what_cannot_be_journalled_is_not_sent(expect_log):
    expect_log("could not be journalled")

    async def work(manager: OrderManager) -> None:
        assert (await manager.submit(approved())).kind is OutcomeKind.REFUSED

    log, outcomes, manager = play(work, place=[], journal_error=TraderError("disk full"))
    assert log == []
    assert manager.orders_sent == 0
    assert outcomes[0].error_message == "disk full"


def test_an_unknown_outcome_is_told_then_resolved_by_asking_and_never_sent_again(expect_log):
    expect_log("asking for order tg-en-1 failed")

    async def work(manager: OrderManager) -> None:
        assert (await manager.submit(approved())).kind is OutcomeKind.UNKNOWN

    log, outcomes, _ = play(
        work,
        place=[OutcomeUnknownError(-1007, "Timeout waiting for response from backend server.", http_status=408)],
        query=[None, VenueError(None, "no answer"), order("tg-en-1", OrderStatus.FILLED)],
    )
    assert [line.split()[0] for line in log] == ["journal", "place", "query", "query", "query"]
    assert [(o.kind, o.is_asked) for o in outcomes] == [(OutcomeKind.UNKNOWN, False), (OutcomeKind.ACCEPTED, True)]
    assert outcomes[1].order is not None
    assert outcomes[1].order.status is OrderStatus.FILLED


def test_it_knows_which_orders_it_is_asking_about():
    async def work(manager: OrderManager) -> None:
        for _ in range(2):
            manager.resolve("BTCUSDT", "tg-hn-3", OrderFamily.BOOK)
        assert manager.is_asking("tg-hn-3", OrderFamily.BOOK)
        assert not manager.is_asking("tg-hn-3", OrderFamily.ALGO)
        await manager.wait_idle()
        assert not manager.is_asking("tg-hn-3", OrderFamily.BOOK)

    play(work, place=[], query=[order("tg-hn-3", OrderStatus.FILLED)] * 2)


def test_an_order_the_venue_never_heard_of_is_refused_only_after_patience():
    async def work(manager: OrderManager) -> None:
        await manager.submit(approved(order_type=OrderType.STOP_MARKET))

    log, outcomes, _ = play(work, place=[OutcomeUnknownError(None, "time-out")], query=[None, None, None])
    assert log[2:] == ["query ALGO tg-en-1", "list ALGO"] * len(FAST)
    assert (outcomes[-1].kind, outcomes[-1].error_message) == (OutcomeKind.REFUSED, NOT_AT_VENUE)


def test_a_stop_that_queries_do_not_find_yet_is_found_in_the_list():
    async def work(manager: OrderManager) -> None:
        await manager.submit(approved("tg-ep-1", OrderType.STOP_MARKET))

    others = order("web_1", OrderStatus.NEW, OrderFamily.ALGO)
    found = order("tg-ep-1", OrderStatus.NEW, OrderFamily.ALGO)
    log, outcomes, _ = play(work, place=[OutcomeUnknownError(None, "time-out")], query=[None], listed=(others, found))
    assert log[2:] == ["query ALGO tg-ep-1", "list ALGO"]
    assert (outcomes[-1].kind, outcomes[-1].order) == (OutcomeKind.ACCEPTED, found)


def test_when_a_stop_of_the_kind_is_there_already_the_list_is_told():
    async def work(manager: OrderManager) -> None:
        assert (await manager.submit(approved("tg-ep-1", OrderType.STOP_MARKET))).kind is OutcomeKind.REFUSED

    theirs = order("web_1", OrderStatus.NEW, OrderFamily.ALGO)
    log, outcomes, _ = play(work, place=[VenueError(-4130, "existing")], listed=(theirs,))
    assert log[2:] == ["list ALGO"]
    assert [(o.client_order_id, o.kind) for o in outcomes] == [
        ("tg-ep-1", OutcomeKind.REFUSED),
        ("web_1", OutcomeKind.ACCEPTED),
    ]


def test_a_list_that_cannot_be_had_is_left_to_the_next_try(expect_log):
    expect_log("asking for the open orders failed")

    async def work(manager: OrderManager) -> None:
        await manager.submit(approved("tg-ep-1", OrderType.STOP_MARKET))

    _, outcomes, manager = play(work, place=[VenueError(-4130, "existing")], listed=VenueError(-1003, "too many"))
    assert [o.kind for o in outcomes] == [OutcomeKind.REFUSED]
    assert manager.is_idle


def test_a_stop_whose_answer_is_late_is_asked_about_meanwhile_and_told_once_it_is_found(monkeypatch):
    monkeypatch.setattr(module, "LATE_ANSWER_S", 0.0)
    found = order("tg-ep-1", OrderStatus.NEW, OrderFamily.ALGO)

    async def body() -> None:
        log: list[str] = []
        outcomes: list[OrderOutcome] = []
        is_told, released = asyncio.Event(), asyncio.Event()

        class SlowPort(ScriptedPort):
            async def place(self, approved: ApprovedOrder) -> Order:
                await released.wait()
                raise OutcomeUnknownError(None, "no answer in time")

        def deliver(outcome: OrderOutcome) -> None:
            outcomes.append(outcome)
            is_told.set()

        async def write_intent(item: ApprovedOrder) -> None: ...

        port = SlowPort(log, [], [VenueError(None, "no answer"), None, found, found])
        manager = OrderManager(port, write_intent, deliver, lambda: 5, FAST)
        running = asyncio.ensure_future(manager.run())
        try:
            async with asyncio.timeout(2):
                future = manager.submit(approved("tg-ep-1", OrderType.STOP_MARKET))
                await is_told.wait()
                assert not future.done()
                released.set()
                assert (await future).kind is OutcomeKind.UNKNOWN
                await manager.wait_idle()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert [o.kind for o in outcomes] == [OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED]
        assert outcomes[0].order is found

    asyncio.run(body())


def test_a_stop_that_is_answered_in_time_is_not_asked_about():
    async def work(manager: OrderManager) -> None:
        await manager.submit(approved("tg-ep-1", OrderType.STOP_MARKET))
        await asyncio.sleep(0)

    log, _, _ = play(work, place=[order("tg-ep-1", OrderStatus.NEW, OrderFamily.ALGO)])
    assert log == ["journal tg-ep-1", "place tg-ep-1"]


def test_a_cancel_of_what_is_gone_learns_its_fate():
    wish = CancelIntent("BTCUSDT", "tg-hn-3", OrderFamily.BOOK, Origin.HAND, "by_hand", 1)

    async def work(manager: OrderManager) -> None:
        outcome = await manager.submit(ApprovedCancel(wish, gate_key=_GATE_KEY))
        assert outcome.is_cancel
        assert outcome.kind is OutcomeKind.REFUSED

    log, outcomes, manager = play(
        work, place=[VenueError(-2011, "Unknown order sent.")], query=[order("tg-hn-3", OrderStatus.FILLED)]
    )
    assert log == ["cancel tg-hn-3", "query BOOK tg-hn-3"]
    assert outcomes[-1].order is not None
    assert outcomes[-1].order.status is OrderStatus.FILLED
    assert manager.orders_sent == 0


def test_a_cancel_does_not_wait_for_the_answer_to_an_order():
    """The venue never answers an order; a cancel, and a stop, must reach it all the same, and in their order."""
    wish = CancelIntent("BTCUSDT", "tg-hn-3", OrderFamily.BOOK, Origin.HAND, "by_hand", 1)

    async def body() -> None:
        log: list[str] = []
        released = asyncio.Event()

        class SlowPort(ScriptedPort):
            async def place(self, approved: ApprovedOrder) -> Order:
                log.append(f"place {approved.client_order_id}")
                if approved.client_order_id == "tg-en-1":
                    await released.wait()
                return order(approved.client_order_id, OrderStatus.NEW)

        async def write_intent(item: ApprovedOrder) -> None:
            log.append(f"journal {item.client_order_id}")

        port = SlowPort(log, [order("tg-hn-3", OrderStatus.CANCELED)], [])
        manager = OrderManager(port, write_intent, lambda outcome: None, lambda: 5, FAST)
        running = asyncio.ensure_future(manager.run())
        try:
            async with asyncio.timeout(2):
                first = manager.submit(approved("tg-en-1"))
                cancel = manager.submit(ApprovedCancel(wish, gate_key=_GATE_KEY))
                stop = manager.submit(approved("tg-ep-2", OrderType.STOP_MARKET))
                assert (await cancel).kind is (await stop).kind is OutcomeKind.ACCEPTED
                assert not first.done()
                assert not manager.is_idle
                released.set()
                assert (await first).kind is OutcomeKind.ACCEPTED
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert log == ["journal tg-en-1", "place tg-en-1", "cancel tg-hn-3", "journal tg-ep-2", "place tg-ep-2"]

    asyncio.run(body())


def test_an_order_of_an_engine_that_was_disarmed_while_the_disk_was_slow_does_not_leave():
    async def body() -> None:
        log: list[str] = []
        outcomes: list[OrderOutcome] = []
        is_armed, on_disk = True, asyncio.Event()

        async def write_intent(item: ApprovedOrder) -> None:
            await on_disk.wait()

        manager = OrderManager(
            ScriptedPort(log, [], []),
            write_intent,
            outcomes.append,
            lambda: 5,
            FAST,
            is_allowed=lambda intent: is_armed or intent.origin is not Origin.ENGINE,
        )
        running = asyncio.ensure_future(manager.run())
        future = manager.submit(approved())
        await asyncio.sleep(0)
        is_armed = False
        on_disk.set()
        async with asyncio.timeout(2):
            assert (await future).kind is OutcomeKind.REFUSED
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert log == []
        assert [o.error_message for o in outcomes] == [NO_LONGER_ALLOWED]
        assert manager.orders_sent == 0

    asyncio.run(body())


def test_a_bug_in_the_port_leaves_the_outcome_open_and_the_road_for_exits_too(expect_log):
    expect_log("a request to the exchange failed in this program")
    expect_log("asking for order tg-en-1 failed")

    async def work(manager: OrderManager) -> None:
        assert (await manager.submit(approved())).kind is OutcomeKind.UNKNOWN
        assert (await manager.submit(approved("tg-ex-2"))).kind is OutcomeKind.ACCEPTED

    log, outcomes, _ = play(
        work,
        place=[ZeroDivisionError("a bug"), order("tg-ex-2", OrderStatus.NEW)],
        query=[ProtocolError("order: no number"), order("tg-en-1", OrderStatus.FILLED)],
    )
    assert log.count("place tg-en-1") == 1
    assert [o.kind for o in outcomes if o.client_order_id == "tg-en-1"] == [OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED]


def test_what_comes_when_the_session_is_over_is_refused_at_once_and_nobody_waits():
    async def body() -> None:
        log: list[str] = []
        blocked = asyncio.Event()

        async def write_intent(item: ApprovedOrder) -> None:
            await blocked.wait()

        manager = OrderManager(ScriptedPort(log, [], []), write_intent, lambda outcome: None, lambda: 5, FAST)
        running = asyncio.ensure_future(manager.run())
        on_its_way, queued = manager.submit(approved("tg-en-1")), manager.submit(approved("tg-hx-2"))
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        async with asyncio.timeout(2):
            for future in (queued, manager.submit(approved("tg-hx-3"))):
                outcome = await future
                assert (outcome.kind, outcome.error_message) == (OutcomeKind.REFUSED, SESSION_OVER)
            await manager.wait_idle()
        assert on_its_way.cancelled()
        assert log == []

    asyncio.run(body())
