"""Moves an order to another price: a limit order in place, a conditional one by placing it anew and cancelling it.

The venue cannot amend a conditional order. What reduces a position is placed anew first, and the old one is cancelled
when the venue has told the new one live: the position is never without a stop, and two of them only reduce. The venue
takes no second order that closes the whole position, though. Such a one is moved in two swaps, by way of one of the
position's size::

    whole, old price ──► sized, new price ──► whole, new price

What opens a position is cancelled first, for two of them could both be executed, and placed anew only when the venue
has told the cancel.

A request without an answer is not sent again: the order manager asks the venue, and the move waits for what it says. A
cancel is asked for again when the venue has said that the order still rests.
"""

import asyncio
import math
import time
from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.callback.quotes import quotes_of
from trader_gui.domain.account import PositionKey
from trader_gui.domain.closing import Trouble
from trader_gui.domain.moving import MoveReport
from trader_gui.domain.order import (
    AmendIntent,
    Order,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderType,
    Origin,
    OutcomeKind,
    Purpose,
    TimeInForce,
    WorkingType,
)
from trader_gui.orders.leg_closer import UNSURE, Ask, until
from trader_gui.orders.wishes import cancel_wishes
from trader_gui.risk.brackets import MOVED_BY_HAND

PAUSE_S = 0.2
LONGEST_PAUSE_S = 4.0
"""Between two cancels of an order that the venue has said to be still there."""

TOLD_LIMIT_S = 2.0
"""After an execution the position is told at once."""

_UNEXECUTED = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED})
_TARGETS = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET})


class Mover:
    """Moves orders; of the conditional ones of a kind and leg one at a time.

    Args:
        core: Read only.
        ask: Puts wishes to the gate and waits for the venue's first answer to each that passed.
        is_asking: Whether the venue is being asked about an order.
        is_over: Whether the session is ending, so that nothing more is waited for.
    """

    def __init__(
        self,
        core: Callback,
        ask: Ask,
        is_asking: Callable[[str, OrderFamily], bool],
        is_over: Callable[[], bool],
    ) -> None:
        self._core = core
        self._ask = ask
        self._is_asking = is_asking
        self._is_over = is_over
        self._under_way: set[tuple[PositionKey, OrderType]] = set()

    async def move(self, order: Order, price: Decimal) -> MoveReport:
        """Let an order stand at another price: of a conditional one its trigger, and a limit behind it follows."""
        if order.order_family is OrderFamily.BOOK:
            return await self._amend(order, price)
        return await self._replace(order, price)

    async def _amend(self, order: Order, price: Decimal) -> MoveReport:
        key, now_ms = (order.client_order_id, order.order_family), self._core.now_ms
        intent = AmendIntent(order.symbol, order.client_order_id, Origin.HAND, MOVED_BY_HAND, now_ms, price)
        step, outcomes = await self._ask([intent])
        if step.refusals:
            return MoveReport(order, False, Trouble(step.refusals[0].code, step.refusals[0].detail))
        if outcomes[0].kind is OutcomeKind.REFUSED:
            return MoveReport(order, False, _trouble(outcomes[0]))
        await until(lambda: self._is_over() or key not in self._core.orders.amends_in_flight, math.inf)
        known = self._core.orders.get(*key)
        if known is None or known.price != price:
            return MoveReport(known, False, Trouble("amend_not_seen"))
        return MoveReport(known, True)

    async def _replace(self, order: Order, trigger_price: Decimal) -> MoveReport:
        key = (order.symbol, order.position_side), order.order_type
        wanted = self._in_bracket(order, moved_intent(order, trigger_price, self._core.now_ms))
        is_busy = key in self._under_way
        trouble = Trouble("move_in_flight", order.client_order_id) if is_busy else self._objection(order, wanted)
        if trouble is not None:
            return MoveReport(self._resting(order), False, trouble)
        self._under_way.add(key)
        try:
            return await self._place_anew(order, wanted)
        finally:
            self._under_way.discard(key)

    async def _place_anew(self, order: Order, wanted: OrderIntent) -> MoveReport:
        if not order.is_reducing:
            return await self._cancel_then_place(order, wanted)
        first = self._sized(order, wanted) if order.close_position else wanted
        live = await self._swap(order, first)
        if isinstance(live, Trouble):
            return MoveReport(self._resting(order), False, live)
        if not order.close_position:
            return MoveReport(live, True)
        whole = await self._swap(live, replace(wanted, wanted_time_ms=self._core.now_ms))
        if isinstance(whole, Order):
            return MoveReport(whole, True)
        if self._position_size(order) == 0:
            await self._clear_if_flat(live)
        await self._told(live.client_order_id)
        standing = self._resting(live)
        return MoveReport(standing, standing is not None, whole)

    # ---- the two ways ------------------------------------------------------------------------------------------------

    async def _swap(self, old: Order, intent: OrderIntent) -> Order | Trouble:
        """Place an order, and cancel the old one when it is live; return it, or why it does not stand alone."""
        new = await self._place(intent)
        if isinstance(new, Trouble):
            return new
        ended = await self._take_back(old)
        if ended is None or ended.status in _UNEXECUTED:
            return new
        if self._is_over():
            return Trouble("session_over")
        await self._clear_if_flat(new)  # the old one was executed meanwhile
        return Trouble("order_closed", old.client_order_id)

    async def _cancel_then_place(self, order: Order, intent: OrderIntent) -> MoveReport:
        ended = await self._take_back(order)
        if ended is None or ended.status not in _UNEXECUTED:
            return MoveReport(self._resting(order), False, Trouble("order_closed", order.client_order_id))
        new = await self._place(intent)
        if isinstance(new, Trouble):
            return MoveReport(None, False, new)
        return MoveReport(new, True)

    async def _place(self, intent: OrderIntent) -> Order | Trouble:
        """Send an order; return it once it is known to be at the venue, else why it is not."""
        step, outcomes = await self._ask([intent])
        if step.refusals:
            return Trouble(step.refusals[0].code, step.refusals[0].detail)
        (outcome,) = outcomes
        if outcome.kind is OutcomeKind.REFUSED:
            return _trouble(outcome)
        order = await self._told(outcome.client_order_id)
        if order is None or order.status in UNSURE:
            return Trouble("unknown_outcome", outcome.client_order_id)
        if order.status is OrderStatus.REJECTED:
            return Trouble("not_at_venue", order.reject_reason)
        return order

    async def _take_back(self, order: Order) -> Order | None:
        """Cancel an order until it is known to rest no longer; return it as it ended."""
        pause_s = 0.0
        told = await self._told(order.client_order_id)
        while told is not None and told.status is OrderStatus.NEW and not self._is_over():
            await asyncio.sleep(pause_s)
            pause_s = min(max(pause_s * 2, PAUSE_S), LONGEST_PAUSE_S)
            await self._ask(cancel_wishes([order], MOVED_BY_HAND, self._core.now_ms))
            await until(lambda: self._is_over() or self._is_answered(order), math.inf)
            told = await self._told(order.client_order_id)
        return told

    async def _told(self, client_order_id: str) -> Order | None:
        """Return an order once it is known what became of it: a list that leaves one out has it asked about, too."""
        await until(lambda: self._is_over() or self._is_known(client_order_id), math.inf)
        return self._order(client_order_id)

    async def _clear_if_flat(self, order: Order) -> None:
        """Take an order back that the end of its position has left over; one that may still be needed stays."""
        is_flat = await until(lambda: self._position_size(order) == 0, time.monotonic() + TOLD_LIMIT_S)
        if is_flat:
            await self._take_back(order)

    # ---- what is known -----------------------------------------------------------------------------------------------

    def _objection(self, order: Order, wanted: OrderIntent) -> Trouble | None:
        """Return why nothing is sent at all."""
        known = self._order(order.client_order_id)
        if known is None or known.status.is_terminal:
            return Trouble("order_closed", order.client_order_id)
        if known.status is not OrderStatus.NEW:
            return Trouble("order_in_flight", order.client_order_id)
        if not is_movable(known):
            return Trouble("not_movable", known.order_type)
        if wanted.trigger_price == known.trigger_price:
            return Trouble("nothing_changes")
        seen = self._seen_price(wanted)
        if (
            seen is not None
            and wanted.trigger_price is not None
            and triggers_at_once(known, wanted.trigger_price, seen)
        ):
            return Trouble("would_trigger", f"{seen:,f}")
        return self._refused_by_gate(known, self._sized(known, wanted) if known.close_position else wanted)

    def _in_bracket(self, order: Order, intent: OrderIntent) -> OrderIntent:
        """Return an exit as one of its bracket, and the entry of one with its exits."""
        brackets = self._core.brackets
        entry = next((r for r in brackets.records if r.entry_id == order.client_order_id), None)
        if entry is not None:
            return replace(intent, stop=entry.stop, target=entry.target)
        return replace(intent, bracket=brackets.owner_of(order.client_order_id))

    def _refused_by_gate(self, order: Order, intent: OrderIntent) -> Trouble | None:
        context = self._core.risk_context(order.symbol)
        others = tuple(o for o in context.open_orders if o.client_order_id != order.client_order_id)
        refusal = self._core.gate.objection(intent, replace(context, open_orders=others))
        return None if refusal is None else Trouble(refusal.code, refusal.detail)

    def _seen_price(self, intent: OrderIntent) -> Decimal | None:
        """Return the price that a trigger looks at; None of a symbol whose prices are not watched."""
        quotes = quotes_of(self._core, intent.symbol)
        return quotes.mark_price if intent.working_type is WorkingType.MARK_PRICE else quotes.last_price

    def _sized(self, order: Order, wanted: OrderIntent) -> OrderIntent:
        """Return the order that stands in for one that closes the whole position."""
        size = self._position_size(order)
        return replace(wanted, close_position=False, reduce_only=True, quantity=size)

    def _position_size(self, order: Order) -> Decimal:
        position = self._core.account.position(order.symbol, order.position_side)
        return abs(position.position_amount) if position is not None else Decimal(0)

    def _order(self, client_order_id: str) -> Order | None:
        return self._core.orders.get(client_order_id, OrderFamily.ALGO)

    def _resting(self, order: Order) -> Order | None:
        known = self._order(order.client_order_id)
        return known if known is not None and known.status is OrderStatus.NEW else None

    def _is_known(self, client_order_id: str) -> bool:
        order = self._order(client_order_id)
        return order is None or order.status not in UNSURE

    def _is_answered(self, order: Order) -> bool:
        """Tell whether nothing more comes of a cancel: the order rests no longer, or the venue said that it does."""
        key = order.client_order_id, OrderFamily.ALGO
        is_open = self._is_asking(*key) or key in self._core.orders.cancels_in_flight
        return self._resting(order) is None or not is_open


def is_movable(order: Order) -> bool:
    """Tell whether a conditional order can be placed anew as it is.

    One that follows the market has no trigger; one with an end, or with a price that the venue takes from its book, is
    not told whole.
    """
    has_price = bool(order.price) or not order.order_type.has_limit_price
    return bool(order.trigger_price) and has_price and order.time_in_force is not TimeInForce.GTD


def triggers_at_once(order: Order, trigger_price: Decimal, seen: Decimal) -> bool:
    """Tell whether the order would be executed at once with a trigger there, at a price `seen` by triggers."""
    way = -order.side.sign if order.order_type in _TARGETS else order.side.sign
    return (trigger_price - seen) * way <= 0


def moved_intent(order: Order, trigger_price: Decimal, now_ms: int) -> OrderIntent:
    """Return the order as it would be at another trigger price, as a wish by hand."""
    price = order.price + trigger_price - order.trigger_price if order.order_type.has_limit_price else None
    return OrderIntent(
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        purpose=order.purpose or (Purpose.PROTECTION if order.is_reducing else Purpose.ENTRY),
        origin=Origin.HAND,
        reason=MOVED_BY_HAND,
        wanted_time_ms=now_ms,
        quantity=None if order.close_position else order.quantity,
        price=price,
        trigger_price=trigger_price,
        time_in_force=order.time_in_force if order.order_type.has_limit_price else None,
        reduce_only=order.is_reducing and not order.close_position,
        close_position=order.close_position,
        working_type=order.working_type,
        position_side=order.position_side,
        price_protect=order.price_protect,
    )


def _trouble(outcome: OrderOutcome) -> Trouble:
    is_not_sent = outcome.error_code is None
    return Trouble("not_sent" if is_not_sent else str(outcome.error_code), outcome.error_message)
