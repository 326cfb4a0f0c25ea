"""BB + RV: entries on a cross of the inner band while volatility is usual; stop, target and the outer band get out.

Flat: long when the last two closes were not above `upper_inner` and the price is; short when they were not below
`lower_inner` and the price is; neither during the pause after a trade, nor while the realised volatility is outside its
former range. Long: out at the stop, at the target, or when the last close was above `upper_outer` and the price is not;
short is the mirror. Orders are GTC limits a little through the price.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trader_gui.conditionals import rv
from trader_gui.decision.decision import Decision, DecisionContext
from trader_gui.domain.account import Position
from trader_gui.domain.order import (
    CancelIntent,
    Order,
    OrderIntent,
    OrderStatus,
    OrderType,
    Origin,
    Purpose,
    Side,
    TimeInForce,
)
from trader_gui.domain.step import Condition, EngineMode, Evaluation, RuleGroup
from trader_gui.domain.symbol import SymbolRules

_CANCELABLE = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})
_NAMES = {
    Side.BUY: {"group": "long", "inner": "upper_inner", "outer": "upper_outer", "crosses": ">", "not": "<="},
    Side.SELL: {"group": "short", "inner": "lower_inner", "outer": "lower_outer", "crosses": "<", "not": ">="},
}


class BbRvParameters(msgspec.Struct, frozen=True):
    """Parameters of the rules, those of bands and filter apart; the defaults are the strategy as first traded.

    Attributes:
        quantity: Of one entry, base asset.
        stop_fraction, target_fraction: Distance from the entry price at which the rules get out.
        limit_offset_fraction: How far through the price the limits are set.
        pause_ms: No entry for so long after the engine's last trade.
        protective_stop_fraction: Distance of the stop that rests at the exchange, behind the rules' own.
        entry_patience_ms, exit_patience_ms: A limit that rests longer is cancelled.
        retry_ms: Pause after a refusal.
    """

    quantity: Decimal = Decimal("0.010")
    stop_fraction: Decimal = Decimal("0.0011")
    target_fraction: Decimal = Decimal("0.0016")
    limit_offset_fraction: Decimal = Decimal("0.0001")
    pause_ms: int = 300_000
    protective_stop_fraction: Decimal = Decimal("0.0033")
    entry_patience_ms: int = 10_000
    exit_patience_ms: int = 5_000
    retry_ms: int = 2_000


class BbRvDecision(Decision):
    """The rules over the conditions of `BBConditional` and `RVConditional`.

    Reasons told: `entry_long`, `entry_short`, `stop_loss`, `take_profit`, `back_under_outer`, `back_over_outer`,
    `entry_unfilled`, `exit_unfilled`, `entry_superseded`, `hold`, `halted`, `not_ready`, `position_by_hand`.
    """

    def __init__(self, symbol: str, parameters: BbRvParameters) -> None:
        self._symbol = symbol
        self._parameters = parameters

    def decide(self, conditions: Mapping[str, Condition], context: DecisionContext) -> Evaluation:
        position = context.position
        gates = self._gates(conditions, context)
        if position is None:
            entries = {side: self._entry_group(side, conditions, gates) for side in (Side.BUY, Side.SELL)}
            groups = tuple(entries.values())
        else:
            side = _side_of(position)
            groups = (self._entry_group(side, conditions, gates),)
            if context.is_engine_position:
                groups = (self._exit_group(position, conditions, context.price), *groups)
        if context.mode is EngineMode.HALTED:
            return Evaluation(groups, None, "halted")
        wanted = (
            self._entry(entries, context) if position is None else self._exit(position, groups[0], context)
        ) or self._cancel(context)
        if wanted is not None:
            return Evaluation(groups, wanted, wanted.reason)
        return Evaluation(groups, None, _reason_to_hold(conditions, context))

    def stop_price(self, position: Position, rules: SymbolRules) -> Decimal:
        distance = self._parameters.protective_stop_fraction * _side_of(position).sign
        return rules.snap_price(position.entry_price * (1 - distance))

    # ---- what holds ------------------------------------------------------------------------------------------------

    def _gates(self, conditions: Mapping[str, Condition], context: DecisionContext) -> tuple[Condition, ...]:
        """Return the gates that both sides share: armed, flat, volatility, pause, no order in flight."""
        last, pause_ms = context.last_trade_time_ms, self._parameters.pause_ms
        elapsed_ms = pause_ms if last is None else context.now_ms - last
        count = len(context.open_orders)
        is_clear = not count and not context.in_flight
        return (
            Condition("armed", context.mode is EngineMode.ACTIVE, text=context.mode.value),
            _flat(context),
            conditions[rv.NAME],
            Condition("pause over", elapsed_ms >= pause_ms, min(elapsed_ms, pause_ms) / 1000, pause_ms / 1000),
            Condition("no order in flight", is_clear, float(max(count, len(context.in_flight))), 0.0),
        )

    def _entry_group(self, side: Side, conditions: Mapping[str, Condition], gates: tuple[Condition, ...]) -> RuleGroup:
        names = _NAMES[side]
        armed, flat, usual, paused, clear = gates
        inner, crosses = names["inner"], names["crosses"]
        former = (
            _negated(f"close[{back}] {names['not']} {inner}", conditions[f"close[{back}] {crosses} {inner}"])
            for back in (1, 2)
        )
        cross = conditions[f"price {crosses} {inner}"]
        return RuleGroup(f"enter_{names['group']}", True, (armed, flat, *former, cross, usual, paused, clear))

    def _exit_group(self, position: Position, conditions: Mapping[str, Condition], price: Decimal) -> RuleGroup:
        side = _side_of(position)
        names = _NAMES[side]
        stop = position.entry_price * (1 - side.sign * self._parameters.stop_fraction)
        target = position.entry_price * (1 + side.sign * self._parameters.target_fraction)
        is_long = side is Side.BUY
        was_out = conditions[f"close[1] {names['crosses']} {names['outer']}"]
        is_out = conditions[f"price {names['crosses']} {names['outer']}"]
        back = Condition(
            f"back {'under' if is_long else 'over'} {names['outer']}",
            was_out.value and is_out.ready and not is_out.value,
            was_out.reading,
            was_out.limit,
            ready=was_out.ready,
            needs=was_out.needs,
        )
        low, high = ("stop", "target") if is_long else ("target", "stop")
        at_low = Condition(f"price <= {low}", price <= min(stop, target), float(price), float(min(stop, target)))
        at_high = Condition(f"price >= {high}", price >= max(stop, target), float(price), float(max(stop, target)))
        at_stop, at_target = (at_low, at_high) if is_long else (at_high, at_low)
        return RuleGroup(f"exit_{names['group']}", False, (at_stop, at_target, back))

    # ---- what is wanted --------------------------------------------------------------------------------------------

    def _may_ask(self, purpose: Purpose, context: DecisionContext) -> bool:
        """Tell whether nothing of the purpose is in flight and the last refusal is long enough ago."""
        if purpose in context.in_flight:
            return False
        refused = context.refused.get(purpose)
        return refused is None or context.now_ms - refused.time_ms >= self._parameters.retry_ms

    def _entry(self, entries: Mapping[Side, RuleGroup], context: DecisionContext) -> OrderIntent | None:
        for side, group in entries.items():
            if group.value and self._may_ask(Purpose.ENTRY, context):
                quantity = context.rules.snap_quantity(self._parameters.quantity)
                return self._limit(side, quantity, Purpose.ENTRY, f"entry_{_NAMES[side]['group']}", context)
        return None

    def _exit(self, position: Position, group: RuleGroup, context: DecisionContext) -> OrderIntent | None:
        if not context.is_engine_position or not self._may_ask(Purpose.EXIT, context):
            return None
        is_long = position.position_amount > 0
        reasons = ("stop_loss", "take_profit", "back_under_outer" if is_long else "back_over_outer")
        for condition, reason in zip(group.conditions, reasons, strict=True):
            if condition.value:
                side, quantity = _side_of(position).opposite, abs(position.position_amount)
                return self._limit(side, quantity, Purpose.EXIT, reason, context)
        return None

    def _cancel(self, context: DecisionContext) -> CancelIntent | None:
        """Return the cancel of an order that has rested too long or has lost its reason."""
        for order in context.open_orders:
            if order.status not in _CANCELABLE or order.client_order_id in context.cancels_in_flight:
                continue
            age_ms = context.now_ms - context.asked_times_ms.get(order.client_order_id, order.update_time_ms)
            reason = self._reason_to_cancel(order, age_ms, context)
            if reason:
                return CancelIntent(
                    symbol=order.symbol,
                    client_order_id=order.client_order_id,
                    order_family=order.order_family,
                    origin=Origin.ENGINE,
                    reason=reason,
                    wanted_time_ms=context.now_ms,
                )
        return None

    def _reason_to_cancel(self, order: Order, age_ms: int, context: DecisionContext) -> str:
        parameters = self._parameters
        if age_ms < parameters.retry_ms:
            return ""
        if order.purpose is Purpose.ENTRY:
            if age_ms >= parameters.entry_patience_ms:
                return "entry_unfilled"
            return "entry_superseded" if Purpose.EXIT in context.in_flight else ""
        is_unfilled = order.purpose is Purpose.EXIT and age_ms >= parameters.exit_patience_ms
        return "exit_unfilled" if is_unfilled else ""

    def _limit(
        self, side: Side, quantity: Decimal, purpose: Purpose, reason: str, context: DecisionContext
    ) -> OrderIntent:
        price = context.price * (1 + side.sign * self._parameters.limit_offset_fraction)
        return OrderIntent(
            symbol=self._symbol,
            side=side,
            order_type=OrderType.LIMIT,
            purpose=purpose,
            origin=Origin.ENGINE,
            reason=reason,
            wanted_time_ms=context.now_ms,
            quantity=quantity,
            price=context.rules.snap_price(price),
            time_in_force=TimeInForce.GTC,
            reduce_only=purpose is Purpose.EXIT,
        )


def _side_of(position: Position) -> Side:
    return Side.BUY if position.position_amount > 0 else Side.SELL


def _flat(context: DecisionContext) -> Condition:
    if not context.is_account_known:
        return Condition("flat", False, text="unknown", ready=False)
    if context.position is None:
        return Condition("flat", True)
    amount = context.position.position_amount
    return Condition("flat", False, text=f"{'long' if amount > 0 else 'short'} {abs(amount):f}")


def _negated(name: str, condition: Condition) -> Condition:
    return Condition(
        name,
        condition.ready and not condition.value,
        condition.reading,
        condition.limit,
        ready=condition.ready,
        needs=condition.needs,
    )


def _reason_to_hold(conditions: Mapping[str, Condition], context: DecisionContext) -> str:
    if context.position is not None:
        return "hold" if context.is_engine_position else "position_by_hand"
    return "hold" if all(c.ready for c in conditions.values()) else "not_ready"
