"""An account that is closed: the real core and gate, and a small venue that does what the test tells it to."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import RULES, dec, make_account_update, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountSnapshot, PositionKey, PositionMode
from trader_gui.domain.closing import ClosePlan, CloseReport, ReversePlan, ReverseReport
from trader_gui.domain.order import (
    CancelIntent,
    Order,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderType,
    OrderUpdate,
    OutcomeKind,
    PositionSide,
)
from trader_gui.domain.step import ApprovedOrder, EngineMode, EntryBlock, Step
from trader_gui.domain.symbol import RulesUpdate, SymbolRules
from trader_gui.errors import UserError, VenueError
from trader_gui.orders import closing, leg_closer
from trader_gui.orders.closing import Closer
from trader_gui.orders.reversing import Reverser

BTC: PositionKey = ("BTCUSDT", PositionSide.BOTH)
Answer = int | OutcomeKind | str
"""To one close: the venue's error code; UNKNOWN; `lost` (filled, and nothing told); `never` (not filled, untold)."""


class ClosingWorld:
    """Positions and orders of a venue, closed through the real gate.

    Attributes:
        amounts: Signed position by symbol and leg, as the venue holds it.
        orders: Open orders by client order id.
        answers: What becomes of the next closes; a fill when there is none left.
        asked: Every request that reached the venue, in order, as text.
        reads: What the next readings of the account raise; the account when there is none left.
        is_over: The session is: nothing is sent any more.
        during: Called at each reading of the account, to let something happen meanwhile.
    """

    def __init__(
        self, *rules: SymbolRules, amounts: dict[PositionKey, str], orders: Sequence[Order] = (), is_hedge: bool = False
    ) -> None:
        self.rig = Rig(mode=EngineMode.HALTED)
        self.core = self.rig.callback
        self.rig.send(RulesUpdate((RULES, *rules), 0))
        self.rig.send(PositionMode(is_hedge, 0))
        self.amounts = {key: dec(amount) for key, amount in amounts.items()}
        self.orders = {o.client_order_id: o for o in orders}
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        self.reads: list[VenueError] = []
        self.during: Callable[[], None] = lambda: None
        self.is_over = False
        self.was_naked = False
        self._order_id = 10**16
        self.closer = Closer(self.core, self.read_account, self.ask, self.resolve, self.tell, limit_s=3.0)
        self._put_snapshot()

    # ---- what the closer needs -------------------------------------------------------------------------------------

    async def read_account(self) -> AccountSnapshot:
        self.during()
        if self.reads:
            raise self.reads.pop(0)
        return self._put_snapshot()

    def tell(self, block: EntryBlock) -> None:
        self.asked.append("block" if block.is_on else "unblock")
        self.rig.send(block)

    async def ask(self, wishes: Sequence[OrderIntent | CancelIntent]) -> tuple[Step, list[OrderOutcome]]:
        if self.is_over:
            raise UserError("the session has ended: nothing is sent any more")
        step = self.core.request(wishes)
        return step, [
            self._place(approved) if isinstance(approved, ApprovedOrder) else self._cancel(approved.intent)
            for approved in step.approved
        ]

    def resolve(self, symbol: str, client_order_id: str, family: OrderFamily) -> None:
        """Answer with the order as the venue has it."""
        self.asked.append(f"resolve {client_order_id}")
        order = replace(self._last, update_time_ms=self.rig.now_ms + 1)
        self.rig.send(OrderOutcome(client_order_id, OutcomeKind.ACCEPTED, False, self.rig.now_ms, order))

    # ---- the venue -------------------------------------------------------------------------------------------------

    def _place(self, approved: ApprovedOrder) -> OrderOutcome:
        intent = approved.intent
        assert intent.quantity is not None
        limit = f" limit {intent.price}" if intent.order_type is OrderType.LIMIT else ""
        self.asked.append(f"{intent.side} {intent.quantity} {intent.symbol} {intent.position_side}{limit}")
        answer: Answer = self.answers.pop(0) if self.answers else "filled"
        if isinstance(answer, int):
            return self._outcome(approved, OutcomeKind.REFUSED, None, answer)
        is_filled = answer in ("filled", "lost", OutcomeKind.UNKNOWN)
        self._order_id += 1
        order = self._as_told(approved, OrderStatus.FILLED if is_filled else OrderStatus.NEW)
        self._last = order
        if is_filled:
            key = intent.symbol, intent.position_side
            held = self.amounts.get(key, Decimal(0))
            assert not intent.is_reducing or intent.quantity <= abs(held), "more than the position: it would be refused"
            self.amounts[key] = held + intent.side.sign * intent.quantity
        if answer is OutcomeKind.UNKNOWN:
            return self._outcome(approved, OutcomeKind.UNKNOWN, None, -1007)
        outcome = self._outcome(approved, OutcomeKind.ACCEPTED, replace(order, status=OrderStatus.NEW), None)
        if answer == "filled":
            time_ms = self.rig.now_ms
            row = make_position(self.amounts[key], symbol=key[0], position_side=key[1])
            self.rig.send(make_account_update(row, time_ms=time_ms))
            self.rig.send(OrderUpdate(order, "TRADE", None, time_ms, time_ms))
        return outcome

    def _as_told(self, approved: ApprovedOrder, status: OrderStatus) -> Order:
        intent = approved.intent
        made = self.rig.order(approved, status, intent.quantity if status is OrderStatus.FILLED else 0)
        return replace(made, symbol=intent.symbol, position_side=intent.position_side, order_id=self._order_id)

    def _outcome(
        self, approved: ApprovedOrder, kind: OutcomeKind, order: Order | None, code: int | None
    ) -> OrderOutcome:
        outcome = OrderOutcome(approved.client_order_id, kind, False, self.rig.now_ms, order, code, "told")
        self.rig.send(outcome)
        return outcome

    def _cancel(self, intent: CancelIntent) -> OrderOutcome:
        self.asked.append(f"cancel {intent.client_order_id}")
        gone = self.orders.pop(intent.client_order_id, None)
        if gone is None:
            outcome = OrderOutcome(intent.client_order_id, OutcomeKind.REFUSED, True, 0, None, -2011, "Unknown order.")
        else:
            is_stop = gone.order_type is OrderType.STOP_MARKET
            self.was_naked |= is_stop and bool(self.amounts.get((gone.symbol, gone.position_side)))
            told = replace(gone, status=OrderStatus.CANCELED)
            outcome = OrderOutcome(intent.client_order_id, OutcomeKind.ACCEPTED, True, 0, told)
        self.rig.send(outcome)
        return outcome

    def _put_snapshot(self) -> AccountSnapshot:
        self.rig.now_ms += 1000
        held = [
            make_position(amount, symbol=symbol, position_side=leg, mark_price=dec(100_000))
            for (symbol, leg), amount in self.amounts.items()
            if amount
        ]
        snapshot = make_snapshot(*held, open_orders=tuple(self.orders.values()), taken_time_ms=self.rig.now_ms)
        self.rig.send(snapshot)
        return snapshot

    # ---- short cuts ------------------------------------------------------------------------------------------------

    def flatten(self, *, meanwhile: Callable[[], Any] = lambda: None, last_known: bool = False) -> CloseReport:
        """Plan, let something happen, carry out."""

        async def body() -> CloseReport:
            plan = await self.closer.plan(last_known=last_known)
            meanwhile()
            return await self.closer.execute(plan)

        return asyncio.run(body())

    def close(self, key: PositionKey = BTC, **how: Any) -> tuple[ClosePlan, CloseReport]:
        """Plan the close of one position and carry it out."""

        async def body() -> tuple[ClosePlan, CloseReport]:
            plan = await self.closer.plan_close([key], **how)
            return plan, await self.closer.execute(plan)

        return asyncio.run(body())

    def reverse(
        self, key: PositionKey = BTC, *, meanwhile: Callable[[], Any] = lambda: None
    ) -> tuple[ReversePlan, ReverseReport]:
        """Plan to turn a position round, let something happen, carry out."""

        async def ask(wishes: Sequence[Any]) -> tuple[Step, list[OrderOutcome]]:
            return await self.ask(wishes)

        async def body() -> tuple[ReversePlan, ReverseReport]:
            reverser = Reverser(self.core, self.closer, ask)
            plan = await reverser.plan(key)
            meanwhile()
            return plan, await reverser.execute(plan)

        return asyncio.run(body())

    @property
    def held(self) -> dict[PositionKey, Decimal]:
        """What is still open."""
        return {key: amount for key, amount in self.amounts.items() if amount}


def answer_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pauses that a real venue needs; this one answers at once."""
    for module, name, value in (
        (closing, "PAUSE_S", 0.01),
        (closing, "LONGEST_PAUSE_S", 0.02),
        (leg_closer, "TOLD_LIMIT_S", 0.05),
        (leg_closer, "ASK_AGAIN_S", 0.05),
        (leg_closer, "KNOWN_LIMIT_S", 0.3),
        (closing, "KNOWN_LIMIT_S", 0.3),
    ):
        monkeypatch.setattr(module, name, value)
