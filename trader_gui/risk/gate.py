"""The risk gate: sole maker of approved orders and cancels."""

from collections import deque

from msgspec.structs import replace

from trader_gui.domain.client_order_id import make_client_order_id
from trader_gui.domain.order import AmendIntent, CancelIntent, OrderIntent
from trader_gui.domain.step import (
    _GATE_KEY,
    Approved,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    EngineMode,
    Refusal,
    Wish,
)
from trader_gui.risk.changes import check_cancel, fit_amend
from trader_gui.risk.exits import check_exits
from trader_gui.risk.legs import on_its_leg
from trader_gui.risk.rules import (
    HOUR_MS,
    ORDER_RULES,
    RiskContext,
    RiskLimits,
    fit_to_position,
    is_opening,
    refuse_by_mode,
)

__all__ = ["RiskContext", "RiskGate", "RiskLimits"]


class RiskGate:
    """Puts every wish to every rule.

    Args:
        limits: The user's limits.
        prefix: Of this installation's client order ids.
        first_sequence: Number of the first order; numbers rise by one with each approved order and never repeat.

    Attributes:
        prefix: As given.
        mode: What the engine may do; HALTED at the start.
        limits: May be replaced while running.
        are_entries_blocked: The whole account is being closed.
    """

    def __init__(self, limits: RiskLimits, prefix: str, first_sequence: int) -> None:
        self.prefix = prefix
        self.mode = EngineMode.HALTED
        self.limits = limits
        self.are_entries_blocked = False
        self._sequence = first_sequence
        self._entry_times_ms: deque[int] = deque()

    def review(self, intent: Wish, context: RiskContext) -> Approved | Refusal:
        """Return the approved order, cancel or amendment, or the first rule's refusal."""
        if isinstance(intent, CancelIntent):
            return check_cancel(intent, context) or ApprovedCancel(intent, gate_key=_GATE_KEY)
        if isinstance(intent, AmendIntent):
            return self._review_amend(intent, context)
        fitted = self._fit(intent, context)
        return fitted if isinstance(fitted, Refusal) else self._approve(fitted, context.now_ms)

    def objection(self, intent: OrderIntent, context: RiskContext) -> Refusal | None:
        """Return what `review` would refuse; nothing is approved, and no number is used up."""
        fitted = self._fit(intent, context)
        return fitted if isinstance(fitted, Refusal) else None

    def _fit(self, intent: OrderIntent, context: RiskContext) -> OrderIntent | Refusal:
        """Return the order on its leg and cut to the position, or the first rule's refusal."""
        while self._entry_times_ms and self._entry_times_ms[0] <= context.now_ms - HOUR_MS:
            self._entry_times_ms.popleft()
        context = replace(context, entry_times_ms=tuple(self._entry_times_ms))
        placed = on_its_leg(intent, is_hedge=context.is_hedge)
        fitted = placed if isinstance(placed, Refusal) else fit_to_position(placed, context)
        if isinstance(fitted, Refusal):
            return fitted
        return next(
            (refusal for rule in (*ORDER_RULES, check_exits) if (refusal := rule(fitted, context)) is not None), fitted
        )

    def _review_amend(self, intent: AmendIntent, context: RiskContext) -> ApprovedAmend | Refusal:
        amended = fit_amend(intent, context)
        if isinstance(amended, Refusal):
            return amended
        whole = replace(intent, price=amended.price, quantity=amended.quantity)
        return ApprovedAmend(whole, amended, gate_key=_GATE_KEY)

    def still_allows(self, intent: OrderIntent) -> bool:
        """Tell whether an approved order that has not been sent yet may still go out."""
        is_blocked = self.are_entries_blocked and is_opening(intent)
        return not is_blocked and refuse_by_mode(intent, self.mode) is None

    def _approve(self, intent: OrderIntent, now_ms: int) -> ApprovedOrder:
        if is_opening(intent):
            self._entry_times_ms.append(now_ms)
        client_order_id = make_client_order_id(self.prefix, intent.origin, intent.purpose, self._sequence)
        self._sequence += 1
        return ApprovedOrder(intent, client_order_id, gate_key=_GATE_KEY)
