"""Closes one position, or one leg of it, order by order; never begins one while the former may still be on its way."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeAlias

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.callback.quotes import mark_of
from trader_gui.domain.account import Position, PositionKey
from trader_gui.domain.closing import LegClose, Trouble
from trader_gui.domain.order import (
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
)
from trader_gui.domain.step import Step, Wish
from trader_gui.domain.symbol import snap
from trader_gui.orders.wishes import cancel_wishes

TOLD_LIMIT_S = 1.0
"""The end of a market order is told at once; after this long the venue is asked for it."""

ASK_AGAIN_S = 3.0

KNOWN_LIMIT_S = 20.0
"""How long an unknown outcome is waited for: longer than the asking goes on."""

BAND_MARGIN = Decimal("0.002")
"""How far inside the band a limit is set, as a fraction of the mark price: that moves until the order arrives."""

_LOOK_S = 0.02
_CONFLICT = frozenset({-2022, -2024, -4118})
_GONE = frozenset({-2011, -2013})
_HELD_BACK = frozenset({None, -1003})
"""Not sent at all, or too many requests: the words tell for how long."""
_OUTSIDE_BAND = -4131
_TARGETS = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET})
UNSURE = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})

Ask: TypeAlias = Callable[[Sequence[Wish]], Awaitable[tuple[Step, Sequence[OrderOutcome]]]]
Resolve: TypeAlias = Callable[[str, str, OrderFamily], None]


async def until(holds: Callable[[], bool], until_s: float) -> bool:
    """Wait until something holds; False when it does not by a monotonic time."""
    while not holds():
        if time.monotonic() >= until_s:
            return False
        await asyncio.sleep(_LOOK_S)
    return True


class LegCloser:
    """Sends the closes and cancels of one run, and keeps what went wrong.

    Args:
        core: Read only; its orders, rules and prices.
        ask: Puts wishes to the gate and waits for the venue's first answer to each that passed.
        resolve: Has the venue asked about an order.

    Attributes:
        troubles: Why something could not be done, each once; whoever begins a round empties it.
    """

    def __init__(self, core: Callback, ask: Ask, resolve: Resolve) -> None:
        self.troubles: dict[tuple[str, str], Trouble] = {}
        self._core = core
        self._ask = ask
        self._resolve = resolve
        self._under_way: dict[PositionKey, str] = {}
        self._sent: dict[PositionKey, list[str]] = {}

    def executed(self, key: PositionKey) -> Decimal:
        """Return what this run's orders have closed of a position or leg, as far as it is told; base asset."""
        orders = (self._order(client_order_id) for client_order_id in self._sent.get(key, ()))
        return sum((o.executed_quantity for o in orders if o is not None), Decimal(0))

    def note(self, trouble: Trouble) -> None:
        """Keep a trouble; of each code and symbol the newest."""
        self.troubles[trouble.code, trouble.symbol] = trouble

    async def close(self, close: LegClose) -> None:
        """Send the pieces one after the other; stops at the first that is not filled, for the account to be read."""
        position = close.position
        if not await self._is_free(position.key):
            return
        for piece in close.pieces:
            if not await self._is_filled(_market(position, piece, self._core.now_ms), position):
                return

    async def cancel(self, orders: Iterable[Order]) -> None:
        """Cancel orders; that one is over already, or being cancelled, is what was wanted."""
        wishes = cancel_wishes(orders, "flatten", self._core.now_ms)
        if not wishes:
            return
        step, outcomes = await self._ask(wishes)
        for refusal in step.refusals:
            if refusal.code not in ("order_closed", "cancel_in_flight"):
                self.note(Trouble(refusal.code, refusal.detail))
        for outcome in outcomes:
            if outcome.kind is OutcomeKind.REFUSED and outcome.error_code not in _GONE:
                self._note_outcome(outcome, "")

    async def _is_filled(self, intent: OrderIntent, position: Position) -> bool:
        """Send one close and wait for its end."""
        step, outcomes = await self._ask([intent])
        if step.refusals:
            refusal = step.refusals[0]
            if refusal.code != "nothing_to_reduce":  # then the core has heard meanwhile that it is closed
                self.note(Trouble(refusal.code, refusal.detail, position.symbol))
            return False
        (outcome,) = outcomes
        if outcome.kind is OutcomeKind.REFUSED:
            await self._answer_refusal(outcome, intent, position)
            return False
        self._under_way[position.key] = outcome.client_order_id
        self._sent.setdefault(position.key, []).append(outcome.client_order_id)
        order = self._order(outcome.client_order_id) if await self._is_free(position.key) else None
        return order is not None and order.status is OrderStatus.FILLED

    async def _is_free(self, key: PositionKey) -> bool:
        """Wait until the last close of the leg is over, asking for it; False when nobody can tell."""
        client_order_id = self._under_way.get(key)
        if client_order_id is None:
            return True
        limit_s = time.monotonic() + KNOWN_LIMIT_S
        is_over = await until(lambda: self._is_over(client_order_id), time.monotonic() + TOLD_LIMIT_S)
        while not is_over and time.monotonic() < limit_s:
            order = self._order(client_order_id)
            if order is not None and order.status not in UNSURE:  # those are being asked about, or still on their way
                self._resolve(key[0], client_order_id, OrderFamily.BOOK)
            is_over = await until(lambda: self._is_over(client_order_id), time.monotonic() + ASK_AGAIN_S)
        if not is_over:
            self.note(Trouble("unknown_outcome", client_order_id, key[0]))
            return False
        del self._under_way[key]
        return True

    async def _answer_refusal(self, outcome: OrderOutcome, intent: OrderIntent, position: Position) -> None:
        self._note_outcome(outcome, position.symbol)
        if outcome.error_code in _CONFLICT:
            await self.cancel(self._conflicting(position.key))
        elif outcome.error_code == _OUTSIDE_BAND and intent.order_type is OrderType.MARKET:
            limit = self._at_band(intent, position)
            if limit is not None:
                await self._is_filled(limit, position)

    def _conflicting(self, key: PositionKey) -> list[Order]:
        """Return what may stand in the way of a close: reducing orders of the book, then targets; stops never."""
        orders = self._core.orders.open_orders(key[0])
        reducing = [o for o in orders if o.position_side is key[1] and o.is_reducing and o.status not in UNSURE]
        in_book = [o for o in reducing if o.order_family is OrderFamily.BOOK]
        return in_book or [o for o in reducing if o.order_type in _TARGETS]

    def _at_band(self, intent: OrderIntent, position: Position) -> OrderIntent | None:
        """Return a limit that takes what there is within the venue's band round the mark price."""
        rules, sign = self._core.symbol_rules.of(position.symbol), intent.side.sign
        mark_price = mark_of(self._core, position.symbol) or position.mark_price
        edge = rules.percent_up if intent.side is Side.BUY else rules.percent_down
        if mark_price is None or not edge or intent.quantity is None:
            return None
        most = min(intent.quantity, rules.max_quantity or intent.quantity)
        return replace(
            intent,
            order_type=OrderType.LIMIT,
            quantity=snap(most, rules.step_size, ROUND_FLOOR),
            price=snap(
                mark_price * (edge - sign * BAND_MARGIN), rules.tick_size, ROUND_FLOOR if sign > 0 else ROUND_CEILING
            ),
            time_in_force=TimeInForce.IOC,
        )

    def _order(self, client_order_id: str) -> Order | None:
        return self._core.orders.get(client_order_id, OrderFamily.BOOK)

    def _is_over(self, client_order_id: str) -> bool:
        order = self._order(client_order_id)
        return order is None or order.status.is_terminal

    def _note_outcome(self, outcome: OrderOutcome, symbol: str) -> None:
        code = "not_sent" if outcome.error_code in _HELD_BACK else str(outcome.error_code)
        self.note(Trouble(code, outcome.error_message, symbol))


def _market(position: Position, quantity: Decimal, now_ms: int) -> OrderIntent:
    return OrderIntent(
        symbol=position.symbol,
        side=Side.SELL if position.position_amount > 0 else Side.BUY,
        order_type=OrderType.MARKET,
        purpose=Purpose.EXIT,
        origin=Origin.HAND,
        reason="flatten",
        wanted_time_ms=now_ms,
        quantity=quantity,
        reduce_only=True,
        position_side=position.position_side,
    )
