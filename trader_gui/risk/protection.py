"""The policy that keeps a position under a stop that lives at the exchange: the engine's, or the part of a bracket.

A stop counts when the venue has told it live and of full size. While none is known::

    ask for one ──certainly refused, or known to be dead──► ask for another, half a second apart
        └──no clear answer──► nothing more of that purpose is sent; the session asks the venue
    two seconds without a live stop ──► close at market (or, where the user wants it so, alarm and go on)
    the venue says that the stop would trigger at once, or takes no more of them ──► close at market now

The engine's stop closes the whole position, whatever it becomes. The stop of a bracket has the size of its part: one
that has become too small or too large, or lies elsewhere, is replaced, the new one first.

Close and stop have purposes of their own: neither waits for the unknown outcome of the other, and of each there is one
at a time. Deadlines are by `clock_ms`, so that a market that is played faster does not shorten them.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from trader_gui.domain.account import Position, PositionKey
from trader_gui.domain.order import (
    CancelIntent,
    Order,
    OrderIntent,
    OrderStatus,
    OrderType,
    Origin,
    Purpose,
)
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import EngineMode
from trader_gui.domain.symbol import SymbolRules
from trader_gui.risk.cover import is_covered, live_stops
from trader_gui.risk.exit_orders import market_exit, market_quantity, protective_stop

ProtectionAction: TypeAlias = Literal["close", "alarm"]
"""What is done when no stop is known in time."""

Wish: TypeAlias = OrderIntent | CancelIntent

VERIFY_LIMIT_MS = 2_000
"""Within this of the position, a stop is known to be live, or the policy acts."""

GAP_MS = 500
"""Two wishes for the same lie so far apart."""

LATE_GAP_MS, LATE_AFTER_MS = 2_000, 30_000
"""The gap once nothing has helped for so long: a venue that is closed for hours is not asked twice a second."""

EXIT_FIRST_MS = 1_000
"""A close that is on its way is given so long before another stop is tried beside it."""

CLOCK_AGE_MS = 250
"""The clock was last looked at so long ago at most."""

LEFT_OVER_MS = 2_000
"""A stop that the venue has not taken back by itself so long after flat is cancelled."""

_WOULD_TRIGGER = frozenset({-2021, -4142})
_NO_ROOM = -4045
_ONE_EXISTS = -4130
_RESTING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})
_UNSURE = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})
_EXECUTING = frozenset({OrderStatus.TRIGGERING, OrderStatus.TRIGGERED})


class ProtectionContext(msgspec.Struct, frozen=True):
    """What the policy may look at.

    Attributes:
        position: As the venue told it; None when flat. Means nothing while `is_account_known` is False.
        is_engine_position: The engine's own fills made it, and all that they executed is told.
        is_in_doubt: It may be the engine's: executions and position do not agree yet, and nobody else traded.
        orders: Everybody's open orders of the symbol, SENT and UNKNOWN ones included.
        cancels_in_flight: Client order ids whose cancel was sent and not answered.
        told_flat_ms: Event time since which the venue says that there is no position.
        clock_ms: Real time since the session began; in a session without ticks, event time.
        now_ms: Newest event time.
    """

    rules: SymbolRules
    position: Position | None
    is_account_known: bool
    is_engine_position: bool
    is_in_doubt: bool
    mode: EngineMode
    orders: tuple[Order, ...]
    cancels_in_flight: frozenset[str]
    told_flat_ms: int
    clock_ms: int
    now_ms: int

    def own(self, origin: Origin, *purposes: Purpose) -> list[Order]:
        """Return the open orders of these purposes that came from `origin`."""
        return [o for o in self.orders if o.origin is origin and o.purpose in purposes]


class ProtectionPolicy:
    """Asked on every step and every tick; says what to send, and keeps what it found.

    Args:
        stop_price: Where the strategy's stop of a position belongs, on the tick.
        action: What is done when no stop is known in time.
        origin: Whose orders it sends and looks after; those of others are left alone.
        is_whole: The stop closes the whole position; False: it has the size of the position that is shown here.

    Attributes:
        finding: As last found.

    Owner: the callback.
    """

    def __init__(
        self,
        stop_price: Callable[[Position, SymbolRules], Decimal],
        action: ProtectionAction = "close",
        *,
        origin: Origin = Origin.ENGINE,
        is_whole: bool = True,
    ) -> None:
        self.finding = ProtectionFinding()
        self._stop_price = stop_price
        self._action = action
        self._origin = origin
        self._is_whole = is_whole
        self._asked_terms: tuple[Decimal | None, Decimal | None] = (None, None)
        self._since_ms: int | None = None
        self._acting_ms: int | None = None
        self._asked_ms: dict[str, int] = {}
        self._not_before_ms = 0
        self._close_now = ""
        self._is_whole_barred = False
        self._cause = ""

    def wishes(self, context: ProtectionContext) -> list[Wish]:
        """Say what the position needs now: a stop, a close, a cancel; [] when nothing is missing."""
        position = context.position
        if position is None:
            if self.finding.state is not ProtectionState.NOTHING:
                self._forget()
            return self._left_over(context)
        is_known = self.finding.state is not ProtectionState.NOTHING
        if not context.is_engine_position and not (context.is_in_doubt and is_known):
            self._forget()
            return []
        stops = _counted(position, context, self._origin)
        if not is_covered(position, stops):
            return self._care(position, context)
        self._since_ms = self._acting_ms = None
        self._close_now = self._cause = ""
        self.finding = ProtectionFinding(ProtectionState.PROTECTED)
        if not context.is_engine_position or context.mode is EngineMode.HALTED:
            return []
        return self._superseded(position, stops, context) if self._is_whole else self._fitted(position, stops, context)

    def note_refused(self, purpose: Purpose, code: int | None, reason: str, retry_after_ms: int, clock_ms: int) -> None:
        """An order of the engine was refused for sure.

        Args:
            purpose: Of the order.
            code: The venue's, None when it never came to the venue.
            reason: A code of ours when there is no number.
            retry_after_ms: For how long nothing of the kind can be sent.
            clock_ms: Now, as in the context.
        """
        if retry_after_ms and purpose is not Purpose.ENTRY:
            self._not_before_ms = max(self._not_before_ms, clock_ms + retry_after_ms + CLOCK_AGE_MS)
            self._asked_ms.pop(purpose, None)  # then it may be asked for at once: a close must not fall behind a stop
        if purpose is not Purpose.PROTECTION or self.finding.state is ProtectionState.NOTHING:
            return
        self._cause = reason if code is None else str(code)
        if code in _WOULD_TRIGGER:
            self._close_now = "protection_refused"
        elif code == _NO_ROOM and self._action == "close":
            self._close_now = "protection_failed"
        elif code == _ONE_EXISTS:
            self._is_whole_barred = True

    def stop_by_hand(self, position: Position, rules: SymbolRules, now_ms: int) -> OrderIntent:
        """Return a wish by hand for the strategy's stop of a position."""
        return protective_stop(position, self._stop_price(position, rules), Origin.HAND, "protect_now", now_ms)

    def close_by_hand(self, position: Position, rules: SymbolRules, now_ms: int) -> OrderIntent:
        """Return a wish by hand to close a position at market."""
        return market_exit(position, rules, Origin.HAND, "close_now", now_ms)

    def note_fallen(self, order: Order) -> None:
        """A stop of ours is over; after a close that is as it should be."""
        if self.finding.state is not ProtectionState.NOTHING:
            self._cause = order.status.value.lower()

    def restart_clock(self) -> None:
        """Times so far were by another clock: what runs begins anew."""
        self._since_ms = self._acting_ms = None
        self._asked_ms.clear()
        self._not_before_ms = 0

    # ---- while no stop is known --------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Begin anew: there is no position of the engine."""
        self.finding = ProtectionFinding()
        self.restart_clock()
        self._is_whole_barred = False
        self._close_now = self._cause = ""

    def _care(self, position: Position, context: ProtectionContext) -> list[Wish]:
        clock_ms, flight = context.clock_ms, self._in_flight(context)
        if self._since_ms is None:
            self._since_ms = clock_ms
        if context.mode is EngineMode.HALTED:
            self._acting_ms, self._close_now = None, ""
            self._find(position.key, ProtectionState.PLACING if flight else ProtectionState.NAKED, flight)
            return []
        if self._acting_ms is None:
            self._acting_ms = clock_ms
        late_ms = clock_ms - self._acting_ms - VERIFY_LIMIT_MS
        closes = self._close_now or ("protection_failed" if late_ms >= 0 and self._action == "close" else "")
        if late_ms >= (VERIFY_LIMIT_MS if closes else 0):
            state = ProtectionState.NAKED
        else:
            state = ProtectionState.CLOSING if closes else ProtectionState.PLACING
        self._find(position.key, state, flight)
        return self._act(position, context, closes) if context.is_engine_position else []

    def _act(self, position: Position, context: ProtectionContext, closes: str) -> list[Wish]:
        """Close, for the reason that `closes` names; else, and while a close does not work, ask for a stop."""
        if closes:
            wishes = self._close(position, context, closes)
            if wishes or self._is_exit_young(context):
                return wishes
        return self._ask_for_stop(position, context)

    def _ask_for_stop(self, position: Position, context: ProtectionContext, gap_ms: int = GAP_MS) -> list[Wish]:
        """Ask for a stop, one at a time; again for the same only after a while."""
        trigger_price, quantity = self._terms(position, context.rules)
        is_same = self._is_whole or (trigger_price, quantity) == self._asked_terms
        if self._in_flight(context) or (is_same and not self._may_ask(Purpose.PROTECTION, context, gap_ms)):
            return []
        self._asked_ms[Purpose.PROTECTION] = context.clock_ms
        self._asked_terms = trigger_price, quantity
        return [protective_stop(position, trigger_price, self._origin, "protect", context.now_ms, quantity)]

    def _terms(self, position: Position, rules: SymbolRules) -> tuple[Decimal, Decimal | None]:
        """Return where the stop belongs, and its size; None is the whole position."""
        is_whole = self._is_whole and not self._is_whole_barred
        return self._stop_price(position, rules), None if is_whole else market_quantity(position, rules)

    def _in_flight(self, context: ProtectionContext) -> list[Order]:
        """Return the own stops of which it is open what they are: sent, unknown, or just being executed."""
        own = context.own(self._origin, Purpose.PROTECTION)
        return [o for o in own if o.status in _UNSURE or o.status in _EXECUTING]

    def _close(self, position: Position, context: ProtectionContext, reason: str) -> list[Wish]:
        """Take back what rests in the way of a close at market, and close."""
        wishes: list[Wish] = [
            self._cancel(order, reason, context)
            for order in context.own(self._origin, Purpose.ENTRY, Purpose.EXIT)
            if order.status in _RESTING
            and order.order_type is OrderType.LIMIT
            and self._may_cancel(order, GAP_MS, context)
        ]
        if not context.own(self._origin, Purpose.EXIT) and self._may_ask(Purpose.EXIT, context):
            self._asked_ms[Purpose.EXIT] = context.clock_ms
            wishes.append(market_exit(position, context.rules, self._origin, reason, context.now_ms))
        return wishes

    def _is_exit_young(self, context: ProtectionContext) -> bool:
        asked_ms = self._asked_ms.get(Purpose.EXIT)
        is_young = asked_ms is not None and context.clock_ms - asked_ms < EXIT_FIRST_MS
        return is_young and bool(context.own(self._origin, Purpose.EXIT))

    def _may_ask(self, purpose: Purpose, context: ProtectionContext, gap_ms: int = GAP_MS) -> bool:
        clock_ms, asked_ms = context.clock_ms, self._asked_ms.get(purpose)
        acting_ms = clock_ms if self._acting_ms is None else self._acting_ms
        gap_ms = gap_ms if clock_ms - acting_ms < LATE_AFTER_MS else LATE_GAP_MS
        return clock_ms >= self._not_before_ms and (asked_ms is None or clock_ms - asked_ms >= gap_ms)

    def _find(self, key: PositionKey, state: ProtectionState, flight: list[Order]) -> None:
        cause = self._cause
        if any(o.status in _EXECUTING for o in flight):
            cause = "triggered"
        elif any(o.status is OrderStatus.UNKNOWN for o in flight):
            cause = "unknown"
        self.finding = ProtectionFinding(state, self._since_ms, cause, key)

    # ---- stops that are one too many ---------------------------------------------------------------------------------

    def _superseded(self, position: Position, stops: list[Order], context: ProtectionContext) -> list[Wish]:
        """Cancel the engine's stops beside one that covers the position alone."""
        whole = next((s for s in stops if s.close_position), None)
        own = [s for s in reversed(stops) if s.origin is self._origin]
        kept = whole or next((s for s in own if is_covered(position, [s])), None)
        return [] if kept is None else self._replaced_by(kept, context)

    def _fitted(self, position: Position, stops: list[Order], context: ProtectionContext) -> list[Wish]:
        """Leave one stop of the position's size and level; while there is none, ask for it beside those that rest."""
        terms = self._terms(position, context.rules)
        kept = next((s for s in reversed(stops) if (s.trigger_price, s.remaining_quantity) == terms), None)
        if kept is None:
            return self._ask_for_stop(position, context, LATE_GAP_MS)
        return self._replaced_by(kept, context) if is_covered(position, [kept]) else []

    def _replaced_by(self, kept: Order, context: ProtectionContext) -> list[Wish]:
        return [
            self._cancel(order, "protection_replaced", context)
            for order in context.own(self._origin, Purpose.PROTECTION)
            if order is not kept and order.status in _RESTING and self._may_cancel(order, LEFT_OVER_MS, context)
        ]

    def _left_over(self, context: ProtectionContext) -> list[Wish]:
        """Cancel the engine's stops that the venue has not taken back when the position was gone."""
        is_flat = context.is_account_known and context.now_ms - context.told_flat_ms >= LEFT_OVER_MS
        if not is_flat or context.mode is EngineMode.HALTED:
            return []
        return [
            self._cancel(order, "protection_left_over", context)
            for order in context.own(self._origin, Purpose.PROTECTION)
            if order.status in _RESTING and self._may_cancel(order, LEFT_OVER_MS, context)
        ]

    def _may_cancel(self, order: Order, gap_ms: int, context: ProtectionContext) -> bool:
        asked_ms = self._asked_ms.get(order.client_order_id)
        is_due = asked_ms is None or context.clock_ms - asked_ms >= gap_ms
        return is_due and order.client_order_id not in context.cancels_in_flight

    def _cancel(self, order: Order, reason: str, context: ProtectionContext) -> CancelIntent:
        self._asked_ms[order.client_order_id] = context.clock_ms
        return CancelIntent(
            order.symbol, order.client_order_id, order.order_family, self._origin, reason, context.now_ms
        )


def _counted(position: Position, context: ProtectionContext, origin: Origin) -> list[Order]:
    """Return the live stops that count.

    A stop of somebody else may lie anywhere. It counts when it closes the whole position, for then the venue takes no
    second one; and while nothing is sent here, where all that matters is whether there is one. One placed by hand while
    the position was open counts, too: whoever moves the engine's stop has said where it lies, and it is left there.
    One that has rested since before, for a position that is gone, does not.
    """
    stops = [s for s in live_stops(position, context.orders) if s.status in _RESTING]
    if context.mode is EngineMode.HALTED:
        return stops
    return [s for s in stops if s.origin is origin or s.close_position or _is_of_position(s, context)]


def _is_of_position(stop: Order, context: ProtectionContext) -> bool:
    is_later = 0 < context.told_flat_ms < stop.update_time_ms
    return stop.origin is Origin.HAND and is_later
