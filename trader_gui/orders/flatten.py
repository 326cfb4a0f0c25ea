"""The close planner: says first what will be cancelled and closed, then does it, and proves that nothing is left.

Only the session's own symbol can be closed here, because only its filters and its book are watched; positions on other
symbols are listed as what remains.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal

import msgspec

from trader_gui.domain.account import AccountSnapshot, Position
from trader_gui.domain.order import (
    CancelIntent,
    Order,
    OrderIntent,
    OrderType,
    Origin,
    Purpose,
    Side,
)
from trader_gui.domain.step import Step
from trader_gui.orders.wishes import cancel_wishes

MAX_ROUNDS = 4
"""Rounds of close, look, close again before the report says what remains."""


class FlattenPlan(msgspec.Struct, frozen=True):
    """What flattening would do now.

    Attributes:
        cancels: Orders of the symbol that will be cancelled; protective stops only after the position is flat.
        close: The position that will be closed at market, None when flat.
        cannot: Positions on other symbols, which stay.
    """

    symbol: str
    cancels: tuple[Order, ...]
    close: Position | None
    cannot: tuple[Position, ...]

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to do."""
        return not self.cancels and self.close is None

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What must not have changed between showing the plan and doing it."""
        amount = self.close.position_amount if self.close else Decimal(0)
        return (amount, tuple(sorted((o.client_order_id, o.order_family) for o in self.cancels)))


class FlattenReport(msgspec.Struct, frozen=True):
    """How flattening ended: `remaining` is what the venue still shows, from a snapshot taken afterwards.

    `changed_plan` is set, and nothing was done, when the account had changed since the plan was shown.
    """

    is_flat: bool
    remaining: FlattenPlan
    refusals: tuple[str, ...] = ()
    changed_plan: FlattenPlan | None = None


def make_plan(symbol: str, snapshot: AccountSnapshot) -> FlattenPlan:
    """Return what has to be cancelled and closed, by a fresh snapshot."""
    held = [p for p in snapshot.positions if p.position_amount]
    return FlattenPlan(
        symbol=symbol,
        cancels=tuple(o for o in snapshot.open_orders if o.symbol == symbol),
        close=next((p for p in held if p.symbol == symbol), None),
        cannot=tuple(p for p in held if p.symbol != symbol),
    )


class Flattener:
    """Carries a plan out.

    Attributes:
        symbol: The session's symbol.
    """

    def __init__(
        self,
        symbol: str,
        snapshot: Callable[[], Awaitable[AccountSnapshot]],
        request: Callable[[Sequence[OrderIntent | CancelIntent]], Awaitable[Step]],
        now_ms: Callable[[], int],
        market_max_quantity: Decimal,
    ) -> None:
        self.symbol = symbol
        self._snapshot = snapshot
        self._request = request
        self._now_ms = now_ms
        self._market_max_quantity = market_max_quantity

    async def plan(self) -> FlattenPlan:
        """Take a fresh snapshot and plan by it."""
        return make_plan(self.symbol, await self._snapshot())

    async def execute(self, shown: FlattenPlan) -> FlattenReport:
        """Do what `shown` said, if it still holds: cancel entries, close, prove flat, then cancel the stops."""
        plan = await self.plan()
        if plan.fingerprint != shown.fingerprint:
            return FlattenReport(is_flat=False, remaining=plan, changed_plan=plan)
        refusals: list[str] = []
        for _ in range(MAX_ROUNDS):
            refusals += await self._cancel(o for o in plan.cancels if not _protects(o))
            if plan.close is not None:
                refusals += await self._close(plan.close)
            else:
                refusals += await self._cancel(plan.cancels)
            plan = await self.plan()
            if plan.is_empty:
                break
        return FlattenReport(is_flat=plan.is_empty, remaining=plan, refusals=tuple(dict.fromkeys(refusals)))

    async def _cancel(self, orders: Iterable[Order]) -> list[str]:
        wishes = cancel_wishes(orders, "flatten", self._now_ms())
        return await self._ask(wishes) if wishes else []

    async def _close(self, position: Position) -> list[str]:
        side = Side.SELL if position.position_amount > 0 else Side.BUY
        intent = OrderIntent(
            symbol=position.symbol,
            side=side,
            order_type=OrderType.MARKET,
            purpose=Purpose.EXIT,
            origin=Origin.HAND,
            reason="flatten",
            wanted_time_ms=self._now_ms(),
            quantity=min(abs(position.position_amount), self._market_max_quantity),
            reduce_only=True,
        )
        return await self._ask([intent])

    async def _ask(self, wishes: Sequence[OrderIntent | CancelIntent]) -> list[str]:
        step = await self._request(wishes)
        return [f"{r.code} {r.detail}".strip() for r in step.refusals]


def _protects(order: Order) -> bool:
    """Tell whether cancelling the order before the position is closed would leave it naked."""
    return order.order_type.is_conditional and (order.close_position or order.reduce_only)
