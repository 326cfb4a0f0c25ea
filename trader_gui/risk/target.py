"""Keeps one target of the right size and level at the exchange for a part of a position.

A target is a TAKE_PROFIT_MARKET of the Algo service, not a limit order of the book: it stands in nobody's way (a
resting reduce-only order makes the venue refuse or cut other closes), the dead man's switch does not take it, and it is
executed whole. While it is replaced there is none for a moment, so that never two of them can be executed.
"""

from decimal import Decimal

from trader_gui.domain.account import Position
from trader_gui.domain.order import CancelIntent, Order, OrderStatus, OrderType, Origin, Purpose
from trader_gui.risk.exit_orders import market_exit, market_quantity, take_profit
from trader_gui.risk.protection import CLOCK_AGE_MS, GAP_MS, LEFT_OVER_MS, ProtectionContext, Wish

LONGEST_GAP_MS = 30_000
"""Between two tries of a target that is refused again and again; it begins with `GAP_MS` and doubles."""

_PASSED = frozenset({-2021, -4142})
_RESTING = frozenset({OrderStatus.NEW})


class TargetCare:
    """Asked as the protection policy is, with the same context.

    Owner: the bracket.
    """

    def __init__(self) -> None:
        self._asked_ms: dict[str, int] = {}
        self._terms: tuple[Decimal, Decimal] | None = None
        self._gap_ms = GAP_MS
        self._not_before_ms = 0
        self._is_passed = False

    def wishes(self, price: Decimal | None, context: ProtectionContext) -> list[Wish]:
        """Say what is missing or too much for a target at `price`; None: there is to be none."""
        position = context.position
        targets = [o for o in context.orders if o.order_type is OrderType.TAKE_PROFIT_MARKET]
        if position is None or price is None:
            self._is_passed = False
            return self._cancels(targets, context)
        if self._is_passed:
            return self._close(position, context)
        quantity = market_quantity(position, context.rules)
        fitting = [o for o in targets if (o.trigger_price, o.remaining_quantity) == (price, quantity)]
        if targets:
            return self._cancels([o for o in targets if o not in fitting[:1]], context)
        return self._ask(position, (price, quantity), context)

    def note_refused(self, code: int | None, retry_after_ms: int, clock_ms: int) -> None:
        """A target was refused for sure; one that the price has passed is as good as reached."""
        self._is_passed = code in _PASSED
        self._gap_ms = min(2 * self._gap_ms, LONGEST_GAP_MS)
        if retry_after_ms:
            self._not_before_ms = max(self._not_before_ms, clock_ms + retry_after_ms + CLOCK_AGE_MS)

    def restart_clock(self) -> None:
        """Times so far were by another clock."""
        self._asked_ms.clear()
        self._not_before_ms = 0

    def _ask(self, position: Position, terms: tuple[Decimal, Decimal], context: ProtectionContext) -> list[Wish]:
        if terms != self._terms:
            self._terms, self._gap_ms = terms, GAP_MS
        elif not self._is_due("target", self._gap_ms, context):
            return []
        if context.clock_ms < self._not_before_ms:
            return []
        self._asked_ms["target"] = context.clock_ms
        return [take_profit(position, terms[0], Origin.HAND, "bracket_target", context.now_ms, terms[1])]

    def _close(self, position: Position, context: ProtectionContext) -> list[Wish]:
        if context.own(Origin.HAND, Purpose.EXIT) or not self._is_due("close", GAP_MS, context):
            return []
        self._asked_ms["close"] = context.clock_ms
        return [market_exit(position, context.rules, Origin.HAND, "target_passed", context.now_ms)]

    def _cancels(self, orders: list[Order], context: ProtectionContext) -> list[Wish]:
        wishes: list[Wish] = []
        for order in orders:
            name = order.client_order_id
            is_free = order.status in _RESTING and name not in context.cancels_in_flight
            if is_free and self._is_due(name, LEFT_OVER_MS, context):
                self._asked_ms[name] = context.clock_ms
                family, reason = order.order_family, "bracket_exit"
                wishes.append(CancelIntent(order.symbol, name, family, Origin.HAND, reason, context.now_ms))
        return wishes

    def _is_due(self, what: str, gap_ms: int, context: ProtectionContext) -> bool:
        asked_ms = self._asked_ms.get(what)
        return asked_ms is None or context.clock_ms - asked_ms >= gap_ms
