"""Orders are journalled before they are sent, sent once, and unknown outcomes are resolved by asking."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

from trader_gui.domain.order import (
    CancelIntent,
    Order,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderType,
    Origin,
    OutcomeKind,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import _GATE_KEY, ApprovedCancel, ApprovedOrder
from trader_gui.errors import OutcomeUnknownError, TraderError, VenueError
from trader_gui.orders.manager import OrderManager
from trader_gui.orders.state import NOT_AT_VENUE

FAST = (0.0, 0.0, 0.0)


def approved(client_order_id: str = "tg-en-1", order_type: OrderType = OrderType.LIMIT) -> ApprovedOrder:
    intent = OrderIntent(
        symbol="BTCUSDT",
        side=Side.BUY,
        order_type=order_type,
        purpose=Purpose.ENTRY,
        origin=Origin.ENGINE,
        reason="entry_long",
        wanted_time_ms=1,
        quantity=Decimal("0.010"),
        price=Decimal("100.0"),
        time_in_force=TimeInForce.GTC,
    )
    return ApprovedOrder(intent, client_order_id, gate_key=_GATE_KEY)


def order(client_order_id: str, status: OrderStatus, family: OrderFamily = OrderFamily.BOOK) -> Order:
    return Order(
        symbol="BTCUSDT",
        client_order_id=client_order_id,
        order_family=family,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        status=status,
        quantity=Decimal("0.010"),
        price=Decimal("100.0"),
        trigger_price=Decimal(0),
        executed_quantity=Decimal(0),
        average_price=Decimal(0),
        time_in_force=TimeInForce.GTC,
        reduce_only=False,
        close_position=False,
        working_type=WorkingType.CONTRACT_PRICE,
        update_time_ms=2,
        order_id=7,
    )


class ScriptedPort:
    """Answers as told, and notes every call in order; `log` is shared with the journal of the test."""

    def __init__(self, log: list[str], place: list[Order | Exception], query: list[Order | Exception | None]) -> None:
        self.log = log
        self.place_answers = place
        self.query_answers = query

    async def place(self, approved: ApprovedOrder) -> Order:
        self.log.append(f"place {approved.client_order_id}")
        return self._give(self.place_answers)

    async def cancel(self, approved: ApprovedCancel) -> Order | None:
        self.log.append(f"cancel {approved.intent.client_order_id}")
        return self._give(self.place_answers)

    async def query_order(self, symbol: str, client_order_id: str, family: OrderFamily) -> Order | None:
        self.log.append(f"query {family} {client_order_id}")
        return self._give(self.query_answers)

    @staticmethod
    def _give(answers):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def play(
    work: Callable[[OrderManager], Awaitable[None]],
    *,
    place: list[Order | Exception],
    query: list[Order | Exception | None] | None = None,
    journal_error: Exception | None = None,
) -> tuple[list[str], list[OrderOutcome], OrderManager]:
    """Run `work` with a manager; return the calls in order, the outcomes delivered, and the manager."""
    log: list[str] = []
    outcomes: list[OrderOutcome] = []

    async def write_intent(item: ApprovedOrder) -> None:
        if journal_error is not None:
            raise journal_error
        log.append(f"journal {item.client_order_id}")

    async def session() -> OrderManager:
        manager = OrderManager(ScriptedPort(log, place, query or []), write_intent, outcomes.append, lambda: 5, FAST)
        running = asyncio.ensure_future(manager.run())
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(5):
                await work(manager)
                await manager.wait_idle()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return manager

    return log, outcomes, asyncio.run(session())


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
    assert [o.kind for o in outcomes] == [OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED]
    assert outcomes[1].order is not None
    assert outcomes[1].order.status is OrderStatus.FILLED


def test_an_order_the_venue_never_heard_of_is_refused_only_after_patience():
    async def work(manager: OrderManager) -> None:
        await manager.submit(approved(order_type=OrderType.STOP_MARKET))

    log, outcomes, _ = play(work, place=[OutcomeUnknownError(None, "time-out")], query=[None, None, None])
    assert log[2:] == ["query ALGO tg-en-1"] * len(FAST)
    assert (outcomes[-1].kind, outcomes[-1].error_message) == (OutcomeKind.REFUSED, NOT_AT_VENUE)


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
