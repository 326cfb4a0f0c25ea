"""Brackets by hand: the exits of an entry, placed once it fills and kept to the size that is left of it.

All follows from the orders and the position as the collectors have them, so a restart goes on where it was::

    held   = executed by the entry - executed by the bracket's exits - closed by somebody else
    size   = what of it the position still has; of several brackets of a position the older ones come first
    size > 0   a stop and a target of that size rest at the venue; the policy of the engine's stop looks after this one
    size = 0   nothing of the bracket rests; once an exit has executed, what is left of the entry is taken back

Both exits are conditional orders of the Algo service, reduce-only, of a quantity. A stop that closes the whole position
would take what is not the bracket's, and could not be replaced by another one before it is cancelled (-4130).
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.domain.account import Position, PositionKey
from trader_gui.domain.bracket import Bracket, BracketsLeft, new_bracket
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import (
    CancelIntent,
    FillHistory,
    Order,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderType,
    Origin,
    OutcomeKind,
    Purpose,
)
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import Approved, ApprovedCancel, ApprovedOrder, EngineMode, Message, Refusal
from trader_gui.domain.step import Wish as AnyWish
from trader_gui.domain.symbol import SymbolRules
from trader_gui.risk.bracket_fold import left_of_former, with_fills, with_orders
from trader_gui.risk.cover import is_covered, live_stops
from trader_gui.risk.position_trust import PositionTrust, Trust
from trader_gui.risk.protection import LEFT_OVER_MS, ProtectionAction, ProtectionContext, ProtectionPolicy, Wish
from trader_gui.risk.target import TargetCare

BY_HAND = "by_hand"
"""Reason of a cancel by the user: an exit that he takes back is not placed again."""

MOVED_BY_HAND = "moved_by_hand"
"""Reason of an exit that is to lie elsewhere from now on: the bracket follows it, unless it is refused."""

_KEPT = 50
"""Brackets that are over are remembered: an order that was given up may prove to have executed after all."""

_KEPT_ORDERS = 50
"""So many of a bracket's newest orders are remembered; of older ones, those that rest or have executed."""

_RESTING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})
_ZERO = Decimal(0)
_RANK = {state: rank for rank, state in enumerate(ProtectionState)}
_TARGET = OrderType.TAKE_PROFIT_MARKET
_LEVELS = {OrderType.STOP_MARKET: "stop", _TARGET: "target"}


class BracketContext(msgspec.Struct, frozen=True):
    """What is known of a moment.

    Attributes:
        rules_of: Rules of a symbol.
        is_private_fresh: The account's route is fresh; before it was so once, nothing is sent.
        clock_ms: What deadlines are measured by, as `Callback.clock_ms`.
        now_ms: Newest event time.
    """

    rules_of: Callable[[str], SymbolRules]
    is_private_fresh: bool
    clock_ms: int
    now_ms: int


class _Kept:
    """A bracket with what looks after its exits.

    Attributes:
        told: The record as it was told last.
        is_unread: It is of before the session, and the executions since are not known yet.
        orders: Those that are not over, the entry's too.
        moved: By client order id of an exit that was moved: which it is, and where it lay before.
    """

    def __init__(self, record: Bracket, action: ProtectionAction) -> None:
        self.record = record
        self.told: Bracket | None = None
        self.is_unread = False
        self.orders: list[Order] = []
        self.moved: dict[str, tuple[str, ExitLevel | None]] = {}
        self.stop = ProtectionPolicy(self._stop_price, action, origin=Origin.HAND, is_whole=False)
        self.target = TargetCare()
        self.taken_back_ms: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return self.record.entry_id, *self.record.orders

    def target_price(self, rules: SymbolRules) -> Decimal | None:
        record = self.record
        if record.target is None:
            return None
        return rules.snap_price(record.target.at(record.entry_price, record.side.sign))

    def change(self, **values: object) -> None:
        self.record = replace(self.record, **values)

    def _stop_price(self, position: Position, rules: SymbolRules) -> Decimal:
        record = self.record
        assert record.stop is not None  # without one the policy is told that there is no position
        return rules.snap_price(record.stop.at(record.entry_price, -record.side.sign))


class Brackets:
    """All brackets of the account, oldest first; asked on every step and every tick.

    Args:
        orders, account: As far as they are known; they are read.
        action: What is done when the stop of a bracket is not known in time.

    Attributes:
        finding: The worst of what was found of their stops.

    Owner: the callback.
    """

    def __init__(
        self, orders: OrderUpdateCollector, account: AccountUpdateCollector, action: ProtectionAction = "close"
    ) -> None:
        self.finding = ProtectionFinding()
        self._orders = orders
        self._account = account
        self._action = action
        self._kept: dict[str, _Kept] = {}
        self._owners: dict[str, str] = {}
        self._is_begun = False
        self._trust = PositionTrust(account)
        self._folded = -1

    @property
    def records(self) -> tuple[Bracket, ...]:
        """Those that are not over, oldest first."""
        return tuple(kept.record for kept in self._kept.values() if not kept.record.is_over)

    def owner_of(self, client_order_id: str) -> str:
        """Return which bracket an exit belongs to (its entry's id), "" for none."""
        return self._owners.get(client_order_id, "")

    def news(self) -> tuple[Bracket, ...]:
        """Return what has changed since it was asked last."""
        changed = [kept for kept in self._kept.values() if kept.record is not kept.told]
        for kept in changed:
            kept.told = kept.record
        return tuple(kept.record for kept in changed)

    # ---- what happens ------------------------------------------------------------------------------------------------

    def restore(self, message: Message) -> bool:
        """Take in what the journal has of before the session."""
        assert isinstance(message, BracketsLeft)
        for record in message.brackets:
            self._add(record).is_unread = True
        return bool(message.brackets)

    def note_answer(self, wish: AnyWish, answer: Approved | Refusal, clock_ms: int) -> None:
        """The gate has answered a wish, of anybody."""
        if isinstance(answer, ApprovedOrder):
            self._note_sent(answer.intent, answer.client_order_id)
        elif isinstance(answer, ApprovedCancel):
            if answer.intent.reason == BY_HAND:
                self._let_go(answer.intent.client_order_id)
        elif isinstance(wish, OrderIntent) and wish.bracket in self._kept and isinstance(answer, Refusal):
            self._note_refused(wish, answer.code, clock_ms)

    def _note_refused(self, wish: OrderIntent, code: str, clock_ms: int) -> None:
        """The gate has refused an exit; the user's wish to move one is his own affair."""
        if wish.reason != MOVED_BY_HAND:
            self._refuse(self._kept[wish.bracket], wish.purpose, wish.order_type, None, code, 0, clock_ms)

    def note_outcome(self, outcome: OrderOutcome, clock_ms: int) -> None:
        """The venue has answered; the orders do not know it yet."""
        kept = self._kept.get(self.owner_of(outcome.client_order_id))
        order = self._orders.get(outcome.client_order_id)
        if kept is None or order is None or order.purpose is None or outcome.is_cancel or outcome.is_amend:
            return
        if outcome.kind is OutcomeKind.REFUSED and outcome.client_order_id in kept.moved:
            name, level = kept.moved.pop(outcome.client_order_id)
            kept.change(**{name: level})
        elif outcome.kind is OutcomeKind.REFUSED:
            code, wait_ms = outcome.error_code, outcome.retry_after_ms
            self._refuse(kept, order.purpose, order.order_type, code, outcome.error_message, wait_ms, clock_ms)

    def note_history(self, history: FillHistory) -> None:
        """Executions of the past came: what the entry executed for a position that is gone was closed by somebody."""
        for kept in self._kept.values():
            if kept.record.symbol != history.symbol:
                continue
            fills = [fill for fill in history.fills if fill.position_side is kept.record.position_side]
            kept.record = with_fills(kept.record, fills)
            if kept.is_unread:
                kept.is_unread = False
                told_ms = self._account.position_time_ms(*kept.record.key)
                kept.record = left_of_former(kept.record, self._account.position(*kept.record.key), told_ms, fills)

    def restart_clock(self) -> None:
        """Times so far were by another clock: what runs begins anew."""
        self._trust.restart_clock()
        for kept in self._kept.values():
            kept.taken_back_ms = None
            kept.stop.restart_clock()
            kept.target.restart_clock()

    def _add(self, record: Bracket) -> _Kept:
        kept = self._kept[record.entry_id] = _Kept(record, self._action)
        self._owners |= dict.fromkeys(record.orders, record.entry_id)
        over = [name for name, former in self._kept.items() if former.record.is_over]
        for name in over[: max(len(over) - _KEPT, 0)]:
            for order in self._kept.pop(name).record.orders:
                self._owners.pop(order, None)
        return kept

    def _note_sent(self, intent: OrderIntent, client_order_id: str) -> None:
        if intent.has_exits:
            self._add(new_bracket(intent, client_order_id))
        elif intent.bracket in self._kept:
            self._owners[client_order_id] = intent.bracket
            kept = self._kept[intent.bracket]
            kept.change(orders=(*kept.record.orders, client_order_id))
            if intent.reason == MOVED_BY_HAND and intent.order_type in _LEVELS:
                name = _LEVELS[intent.order_type]
                kept.moved[client_order_id] = name, getattr(kept.record, name)
                kept.change(**{name: ExitLevel(price=intent.trigger_price)})

    def _let_go(self, client_order_id: str) -> None:
        kept = self._kept.get(self.owner_of(client_order_id))
        order = self._orders.get(client_order_id, OrderFamily.ALGO)
        if kept is not None and order is not None:
            kept.change(**{_LEVELS[order.order_type]: None})

    def _refuse(
        self,
        kept: _Kept,
        purpose: Purpose,
        order_type: OrderType,
        code: int | None,
        reason: str,
        wait_ms: int,
        clock_ms: int,
    ) -> None:
        if order_type is _TARGET:
            kept.target.note_refused(code, wait_ms, clock_ms)
        else:
            kept.stop.note_refused(purpose, code, reason, wait_ms, clock_ms)

    # ---- what is missing, and what is too much -----------------------------------------------------------------------

    def wishes(self, context: BracketContext) -> list[Wish]:
        """Say what the brackets need now: a stop, a target, a close, a cancel; [] when nothing is missing."""
        self._is_begun = self._is_begun or context.is_private_fresh
        if not self._kept or not self._is_begun or not self._account.is_known:
            return []
        if self._orders.revision != self._folded:
            self._folded = self._orders.revision
            for kept in self._kept.values():
                self._follow(kept)
        wishes = [wish for kept, size in self._sizes() for wish in self._wishes(kept, size, context)]
        findings = (kept.stop.finding for kept in self._kept.values())
        self.finding = max(findings, key=lambda f: (_RANK[f.state], -(f.since_ms or 0)))
        return wishes

    def _sizes(self) -> list[tuple[_Kept, Decimal]]:
        """Return what each bracket has of its position; what is missing is taken from the newest first.

        The newest is the one whose execution may have been told before the position that came of it.
        """
        left: dict[tuple[PositionKey, int], Decimal] = {}
        sizes = []
        for kept in self._kept.values():
            record = kept.record
            side = record.key, record.side.sign
            if side not in left:
                position = self._account.position(*record.key)
                left[side] = max(position.position_amount * record.side.sign, _ZERO) if position else _ZERO
            size = min(record.held, left[side])
            left[side] -= size
            sizes.append((kept, size))
        return sizes

    def _wishes(self, kept: _Kept, size: Decimal, context: BracketContext) -> list[Wish]:
        rules = context.rules_of(kept.record.symbol)
        if rules.is_unknown or (kept.record.is_over and not kept.record.held and not kept.orders):
            return []
        trust = self._follow_position(kept, size, context.clock_ms)
        self._find_end(kept)
        known = self._context(kept, size, rules, context)
        of_stop = replace(known, orders=tuple(o for o in known.orders if o.order_type is not _TARGET))
        if trust is Trust.NONE and (kept.record.stop is None or _rests(known.position, of_stop.orders)):
            return []  # what rests is not too little: it can wait
        if kept.record.stop is None:
            of_stop = replace(of_stop, position=None)  # what was there is taken back
        wishes = kept.stop.wishes(of_stop)
        wishes += kept.target.wishes(kept.target_price(rules), known)
        wishes += self._take_back(kept, context)
        return [replace(w, bracket=kept.record.entry_id) if isinstance(w, OrderIntent) else w for w in wishes]

    def _follow_position(self, kept: _Kept, size: Decimal, clock_ms: int) -> Trust:
        """Give up what the position does not have any more; tell how far its size is believed."""
        record = kept.record
        if size >= record.held:
            return Trust.LASTING
        executed_ms = max(other.record.executed_ms for other in self._kept.values() if other.record.key == record.key)
        trust = self._trust.of(record.key, executed_ms, clock_ms)
        if trust is Trust.LASTING:
            given_up = record.given_up + record.held - size
            kept.change(given_up=given_up, given_up_ms=self._trust.told_ms(record.key))
        return trust

    def _context(self, kept: _Kept, size: Decimal, rules: SymbolRules, context: BracketContext) -> ProtectionContext:
        """Return the bracket's part of the position, with its orders but those that an exit became when it triggered.

        The conditional order that triggered stands for both.
        """
        record = kept.record
        amount = size * record.side.sign
        leg = record.position_side
        share = Position(record.symbol, amount, record.entry_price, _ZERO, position_side=leg) if size else None
        return ProtectionContext(
            rules=rules,
            position=share,
            is_account_known=True,
            is_engine_position=True,
            is_in_doubt=False,
            mode=EngineMode.ACTIVE,
            orders=tuple(
                o for o in kept.orders if o.order_family is OrderFamily.ALGO or o.purpose is not Purpose.PROTECTION
            ),
            cancels_in_flight=self._orders.cancel_ids,
            told_flat_ms=0,
            clock_ms=context.clock_ms,
            now_ms=context.now_ms,
        )

    def _take_back(self, kept: _Kept, context: BracketContext) -> list[Wish]:
        """Cancel what is left of the entry once an exit has executed: the trade is over."""
        entry = self._orders.get(kept.record.entry_id)
        if not kept.record.exited or entry is None or entry.status not in _RESTING:
            return []
        is_young = kept.taken_back_ms is not None and context.clock_ms - kept.taken_back_ms < LEFT_OVER_MS
        if is_young or entry.client_order_id in self._orders.cancel_ids:
            return []
        kept.taken_back_ms = context.clock_ms
        name, family = entry.client_order_id, entry.order_family
        return [CancelIntent(entry.symbol, name, family, Origin.HAND, "bracket_exit", context.now_ms)]

    def _find_end(self, kept: _Kept) -> None:
        """Find out whether the bracket is over; one whose entry proves to have executed after all is not."""
        record = kept.record
        is_over = not record.held and not kept.orders and not kept.is_unread
        if is_over is not record.is_over:
            kept.change(is_over=is_over)

    def _follow(self, kept: _Kept) -> None:
        """Take in what has become of the bracket's orders."""
        kept.record = with_orders(kept.record, self._orders)
        for former in kept.orders:
            order = self._orders.get(former.client_order_id, former.order_family)
            if order is not None and order.status.is_terminal and order.order_type is OrderType.STOP_MARKET:
                kept.stop.note_fallen(order)
        found = (self._order(name, family) for name in kept.names for family in OrderFamily)
        kept.orders = [order for order in found if order is not None and not order.status.is_terminal]
        if len(kept.record.orders) > 2 * _KEPT_ORDERS:
            needed = kept.record.executed.keys() | {order.client_order_id for order in kept.orders}
            older, newest = kept.record.orders[:-_KEPT_ORDERS], kept.record.orders[-_KEPT_ORDERS:]
            kept.change(orders=(*(name for name in older if name in needed), *newest))

    def _order(self, client_order_id: str, family: OrderFamily) -> Order | None:
        """Return an order; a conditional one has triggered, too, when only the order that came of it was told yet."""
        order = self._orders.get(client_order_id, family)
        if order is None or family is OrderFamily.BOOK or order.status not in _RESTING:
            return order
        has_child = self._orders.get(client_order_id, OrderFamily.BOOK) is not None
        return replace(order, status=OrderStatus.TRIGGERED) if has_child else order


def _rests(position: Position | None, orders: Iterable[Order]) -> bool:
    """Tell whether stops that rest cover a part of a position."""
    if position is None:
        return True
    return is_covered(position, [o for o in live_stops(position, orders) if o.status in _RESTING])
