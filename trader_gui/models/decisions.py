"""DecisionsModel: what this session wanted, what the gate said and what the exchange made of it, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace as replaced
from enum import StrEnum

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountUpdate
from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    Fill,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderUpdate,
    OutcomeKind,
)
from trader_gui.domain.step import Approved, EngineMode, ModeChange, Refusal, Step, Wish
from trader_gui.models.table import Column, KeyedTableModel
from trader_gui.models.trader_view import StatusView

CAPACITY = 1000
"""Rows kept for the window; the journal on disk has them all."""

_TELLING = (ModeChange, OrderOutcome, OrderUpdate, AccountUpdate)
_ENDED = {
    OrderStatus.CANCELED: "canceled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.EXPIRED_IN_MATCH: "expired",
    OrderStatus.REJECTED: "rejected",
}


class Verdict(StrEnum):
    """What happened, as a code."""

    SENT = "sent"
    CANCEL = "cancel"
    AMEND = "amend"
    REFUSED = "refused"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    ARMED = "armed"
    REDUCING = "reducing"
    DISARMED = "disarmed"
    FUNDING = "funding"


_MODES = {
    EngineMode.ACTIVE: Verdict.ARMED,
    EngineMode.REDUCING: Verdict.REDUCING,
    EngineMode.HALTED: Verdict.DISARMED,
}


@dataclass(frozen=True)
class DecisionRow:
    """One line of the session's record.

    Attributes:
        time_ms: Event time of the message that led to it.
        reason: Code: of the intent, of the refusal, or of the mode change; "" when there is none.
        detail: Numbers or the venue's words, as text.
        intent, fill, refusal: What was wanted, executed or refused, when it was that.
        count: How many times in a row the same thing happened.
    """

    time_ms: int
    verdict: Verdict
    reason: str = ""
    detail: str = ""
    intent: Wish | None = None
    fill: Fill | None = None
    refusal: Refusal | None = None
    count: int = 1

    def is_same(self, other: "DecisionRow") -> bool:
        """Tell whether a row only repeats this one."""
        return (self.verdict, self.reason, self.fill) == (other.verdict, other.reason, other.fill) and (
            _kind_of(self.intent) == _kind_of(other.intent)
        )


COLUMNS: tuple[Column[DecisionRow], ...] = (
    Column("time", "Time (UTC)", lambda r: r.time_ms),
    Column("verdict", "What", lambda r: r.verdict.value),
    Column("order", "Order", lambda r: _kind_of(r.intent)),
    Column("reason", "Why", lambda r: r.reason),
    Column("detail", "Detail", lambda r: r.detail),
    Column("count", "Times", lambda r: r.count, is_number=True),
)


class DecisionsModel(KeyedTableModel[DecisionRow]):
    """The last rows of the session's record; `take` is called for every step, the table changes once a frame.

    Signals:
        rows_noted: (list of DecisionRow) what came since the last frame, oldest first.
    """

    rows_noted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self._numbered: list[tuple[int, DecisionRow]] = []
        self._last_number = 0
        self._new: list[DecisionRow] = []

    def take(self, step: Step) -> None:
        """Note what a step says; cheap for the many that say nothing."""
        if not step.wished and not isinstance(step.message, _TELLING):
            return
        for row in rows_of(step):
            self._append(row)

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        """Show what was noted since the last frame."""
        if self._new:
            new, self._new = self._new, []
            self.set_rows(list(reversed(self._numbered)))
            self.rows_noted.emit(new)

    def newest(self, count: int) -> list[DecisionRow]:
        """Return the newest rows, newest first."""
        return [row for _, row in reversed(self._numbered[-count:])]

    def _append(self, row: DecisionRow) -> None:
        self._new.append(row)
        if self._numbered and self._numbered[-1][1].is_same(row) and row.fill is None:
            number, former = self._numbered[-1]
            self._numbered[-1] = (number, replaced(row, count=former.count + 1))
            return
        self._last_number += 1
        self._numbered.append((self._last_number, row))
        if len(self._numbered) > CAPACITY:
            del self._numbered[: -CAPACITY + CAPACITY // 10]


def rows_of(step: Step) -> Iterator[DecisionRow]:
    """Yield the rows that one step is worth, in the order in which things happened."""
    message, time_ms = step.message, step.event_time_ms
    if isinstance(message, ModeChange):
        yield DecisionRow(time_ms, _MODES[message.mode], message.reason)
    elif isinstance(message, OrderOutcome) and message.kind is not OutcomeKind.ACCEPTED:
        verdict = Verdict.REJECTED if message.kind is OutcomeKind.REFUSED else Verdict.UNKNOWN
        reason = "" if message.error_code is None else str(message.error_code)
        yield DecisionRow(time_ms, verdict, reason, message.error_message)
    elif isinstance(message, OrderUpdate):
        yield from _order_rows(message, time_ms)
    elif isinstance(message, AccountUpdate) and message.reason == "FUNDING_FEE":
        for change, balance in zip(message.balance_changes, message.balances, strict=False):
            yield DecisionRow(time_ms, Verdict.FUNDING, "", f"{change:f} {balance.asset}")
    yield from _wish_rows(step)


def _order_rows(update: OrderUpdate, time_ms: int) -> Iterator[DecisionRow]:
    order = update.order
    if update.fill is not None:
        fill = update.fill
        yield DecisionRow(time_ms, Verdict.FILLED, "", f"{fill.quantity:f} @ {fill.price:f}", fill=fill)
    ended = _ENDED.get(order.status)
    if ended is not None:
        words = f"{order.side} {order.order_type} {order.remaining_quantity:f}"
        yield DecisionRow(time_ms, Verdict(ended), update.expiry_reason, words)


def _wish_rows(step: Step) -> Iterator[DecisionRow]:
    """Pair each wish with the gate's answer: approvals and refusals both come in the order of the wishes."""
    approved, refusals = list(step.approved), list(step.refusals)
    for wish in step.wished:
        if approved and _answers(approved[0], wish):
            intent = approved.pop(0).intent
            yield DecisionRow(step.event_time_ms, _verdict_of(intent), wish.reason, _figures(intent), intent=intent)
        elif refusals:
            refusal = refusals.pop(0)
            yield DecisionRow(step.event_time_ms, Verdict.REFUSED, refusal.code, refusal.detail, wish, refusal=refusal)


def _verdict_of(intent: Wish) -> Verdict:
    if isinstance(intent, OrderIntent):
        return Verdict.SENT
    return Verdict.CANCEL if isinstance(intent, CancelIntent) else Verdict.AMEND


def _answers(approved: Approved, wish: Wish) -> bool:
    """Tell whether an approval is of this wish; the gate may have cut the quantity and named the leg, nothing else.

    Of an amendment it has filled in the terms as well.
    """
    intent = approved.intent
    if isinstance(intent, AmendIntent):
        return isinstance(wish, AmendIntent) and intent.client_order_id == wish.client_order_id
    if not isinstance(intent, OrderIntent) or not isinstance(wish, OrderIntent):
        return intent == wish
    intent = replace(intent, position_side=wish.position_side)
    if intent.quantity is None or wish.quantity is None:
        return intent == wish
    is_cut = intent.reduce_only and intent.quantity < wish.quantity
    return intent == wish or (is_cut and replace(intent, quantity=wish.quantity) == wish)


def _figures(intent: Wish) -> str:
    if isinstance(intent, CancelIntent):
        return intent.client_order_id
    size = "position" if intent.quantity is None else f"{intent.quantity:f}"
    trigger = intent.trigger_price if isinstance(intent, OrderIntent) else None
    level = trigger if trigger is not None else intent.price
    return size if level is None else f"{size} @ {level:f}"


def _kind_of(intent: Wish | None) -> str:
    if intent is None:
        return ""
    if not isinstance(intent, OrderIntent):
        return f"{_verdict_of(intent)} {intent.client_order_id}"
    return f"{intent.side} {intent.order_type}"
