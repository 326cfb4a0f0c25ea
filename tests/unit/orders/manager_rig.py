"""A manager at work with a venue that answers as told."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from trader_gui.domain.order import (
    Order,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderType,
    Origin,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import _GATE_KEY, ApprovedAmend, ApprovedCancel, ApprovedOrder
from trader_gui.errors import VenueError
from trader_gui.orders.manager import OrderManager

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


def order(
    client_order_id: str, status: OrderStatus, family: OrderFamily = OrderFamily.BOOK, price: str = "100.0"
) -> Order:
    return Order(
        symbol="BTCUSDT",
        client_order_id=client_order_id,
        order_family=family,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        status=status,
        quantity=Decimal("0.010"),
        price=Decimal(price),
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
    """Answers as told, and notes every call in order; `log` is shared with the journal of the test.

    Attributes:
        bar: Why nothing can be sent now.
        listed: The venue's open orders.
    """

    bar: VenueError | None = None
    listed: tuple[Order, ...] | VenueError = ()

    def __init__(self, log: list[str], place: list[Order | Exception], query: list[Order | Exception | None]) -> None:
        self.log = log
        self.place_answers = place
        self.query_answers = query

    def bars(self, approved: ApprovedOrder | ApprovedAmend) -> VenueError | None:
        return self.bar

    async def place(self, approved: ApprovedOrder) -> Order:
        self.log.append(f"place {approved.client_order_id}")
        return self._give(self.place_answers)

    async def amend(self, approved: ApprovedAmend) -> Order:
        self.log.append(f"amend {approved.client_order_id}")
        return self._give(self.place_answers)

    async def cancel(self, approved: ApprovedCancel) -> Order | None:
        self.log.append(f"cancel {approved.intent.client_order_id}")
        return self._give(self.place_answers)

    async def query_order(self, symbol: str, client_order_id: str, family: OrderFamily) -> Order | None:
        self.log.append(f"query {family} {client_order_id}")
        return self._give(self.query_answers)

    async def open_orders(self, symbol: str, family: OrderFamily) -> tuple[Order, ...]:
        self.log.append(f"list {family}")
        if isinstance(self.listed, VenueError):
            raise self.listed
        return self.listed

    @staticmethod
    def _give(answers: list[Any]) -> Any:
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
    bar: VenueError | None = None,
    listed: tuple[Order, ...] | VenueError = (),
    is_allowed: Callable[[OrderIntent], bool] = lambda intent: True,
) -> tuple[list[str], list[OrderOutcome], OrderManager]:
    """Run `work` with a manager; return the calls in order, the outcomes delivered, and the manager."""
    log: list[str] = []
    outcomes: list[OrderOutcome] = []

    async def write_intent(item: ApprovedOrder | ApprovedAmend) -> None:
        if journal_error is not None:
            raise journal_error
        log.append(f"journal {item.client_order_id}")

    async def session() -> OrderManager:
        port = ScriptedPort(log, place, query or [])
        port.bar, port.listed = bar, listed
        manager = OrderManager(port, write_intent, outcomes.append, lambda: 5, FAST, is_allowed=is_allowed)
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
