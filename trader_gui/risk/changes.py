"""The rules for changing an order that is open: taking it back, or giving it another price or size in place.

Codes: `order_closed`, `unknown_order`, `cancel_in_flight`, `not_own_order`, and for amendments `amend_in_flight`,
`not_amendable`, `nothing_changes`, `amend_cancels`, `amend_would_take`, beside those of `rules` and `exits`.

The venue cancels an order that is amended to no more than what is filled, and a post-only order whose new price would
take. Nobody who drags an order means that, so both are refused here; whoever wants the order gone cancels it.
"""

from decimal import Decimal

from msgspec.structs import replace

from trader_gui.collectors.order_update import OrderKey
from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    Order,
    OrderFamily,
    OrderIntent,
    OrderStatus,
    OrderType,
    Origin,
    Purpose,
    Side,
    TimeInForce,
)
from trader_gui.domain.step import EngineMode, Refusal
from trader_gui.risk import rules
from trader_gui.risk.exits import check_exits
from trader_gui.risk.rules import OrderRule, RiskContext

_RESTING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})

_ALWAYS: tuple[OrderRule, ...] = (
    rules.check_symbol,
    rules.check_price,
    rules.check_percent_price,
    rules.check_quantity,
    rules.check_notional,
)
_WHEN_IT_ADDS: tuple[OrderRule, ...] = (
    rules.check_limits_apply,
    rules.check_mode,
    rules.check_block,
    rules.check_freshness,
    rules.check_account,
    rules.check_order_quantity_limit,
    rules.check_daily_loss,
)
"""Asked too of an amendment that opens more, or opens sooner: not of one that only makes an order smaller."""


def check_cancel(intent: CancelIntent, context: RiskContext) -> Refusal | None:
    """A cancel is sent once, for an order that is not known to be over.

    The engine cancels its own orders only, and none while HALTED. The hand may cancel an order that is not in our list:
    a fresh list of the venue may name it before the stream does.
    """
    key = (intent.client_order_id, intent.order_family)
    if intent.origin is Origin.ENGINE:
        if context.mode is EngineMode.HALTED:
            return Refusal("halted")
        if not any(_key(o) == key and o.origin is Origin.ENGINE for o in context.open_orders):
            return Refusal("not_own_order", intent.client_order_id)
    if key in context.cancels_in_flight:
        return Refusal("cancel_in_flight", intent.client_order_id)
    if key in context.closed_keys:
        return Refusal("order_closed", intent.client_order_id)
    return None


def fit_amend(intent: AmendIntent, context: RiskContext) -> OrderIntent | Refusal:
    """Return the order as the amendment would make it, or why it may not.

    Only limit orders of the book can be amended; one amendment at a time, and none while nobody knows what became of
    the order. An amended order passes the rules of a new one, and the user's limits for what it adds.
    """
    order = _find(intent.client_order_id, context)
    if isinstance(order, Refusal):
        return order
    refusal = _refuse_now(intent, order, context)
    if refusal is not None:
        return refusal
    amended = _amended(intent, order, context)
    if isinstance(amended, Refusal):
        return amended
    return _refuse_outcome(amended, order, context) or _refuse_by_rules(amended, order, context) or amended


def _find(client_order_id: str, context: RiskContext) -> Order | Refusal:
    named = [o for o in context.open_orders if o.client_order_id == client_order_id]
    in_book = next((o for o in named if o.order_family is OrderFamily.BOOK), None)
    if in_book is not None:
        return in_book
    if named:
        return Refusal("not_amendable", named[0].order_type)
    if (client_order_id, OrderFamily.BOOK) in context.closed_keys:
        return Refusal("order_closed", client_order_id)
    return Refusal("unknown_order", client_order_id)


def _refuse_now(intent: AmendIntent, order: Order, context: RiskContext) -> Refusal | None:
    if order.order_type is not OrderType.LIMIT:
        return Refusal("not_amendable", order.order_type)
    if intent.origin is Origin.ENGINE and context.mode is EngineMode.HALTED:
        return Refusal("halted")
    if intent.origin is Origin.ENGINE and order.origin is not Origin.ENGINE:
        return Refusal("not_own_order", intent.client_order_id)
    if order.status not in _RESTING:
        return Refusal("order_in_flight", intent.client_order_id)
    if _key(order) in context.cancels_in_flight:
        return Refusal("cancel_in_flight", intent.client_order_id)
    if _key(order) in context.amends_in_flight:
        return Refusal("amend_in_flight", intent.client_order_id)
    return None


def _amended(intent: AmendIntent, order: Order, context: RiskContext) -> OrderIntent | Refusal:
    """Return the order with its new terms; the size of a reducing one is cut to the position."""
    quantity = order.quantity if intent.quantity is None else intent.quantity
    if order.is_reducing and context.is_account_known and context.is_private_fresh:
        held = context.amount_of(order.position_side)
        reducible = -held * order.side.sign
        if reducible <= 0:
            return Refusal("nothing_to_reduce", f"{held:f}")
        quantity = min(quantity, order.executed_quantity + reducible)
    return OrderIntent(
        symbol=order.symbol,
        side=order.side,
        order_type=OrderType.LIMIT,
        purpose=order.purpose or (Purpose.EXIT if order.is_reducing else Purpose.ENTRY),
        origin=intent.origin,
        reason=intent.reason,
        wanted_time_ms=intent.wanted_time_ms,
        quantity=quantity,
        price=order.price if intent.price is None else intent.price,
        time_in_force=order.time_in_force,
        reduce_only=order.is_reducing,
        position_side=order.position_side,
    )


def _refuse_outcome(amended: OrderIntent, order: Order, context: RiskContext) -> Refusal | None:
    """Refuse what would change nothing, and what the venue would answer with a cancel."""
    price, quantity = amended.price or Decimal(0), amended.quantity or Decimal(0)
    if (price, quantity) == (order.price, order.quantity):
        return Refusal("nothing_changes")
    if quantity <= order.executed_quantity:
        return Refusal("amend_cancels", f"{order.executed_quantity:f}")
    if order.time_in_force is not TimeInForce.GTX:
        return None
    tick, best = context.rules.tick_size, context.best_ask if order.side is Side.BUY else context.best_bid
    if best is not None and (best - price) * order.side.sign <= 0:
        return Refusal("amend_would_take", f"{best:f}", best - order.side.sign * tick)
    return None


def _refuse_by_rules(amended: OrderIntent, order: Order, context: RiskContext) -> Refusal | None:
    asked = _ALWAYS
    left = (amended.quantity or Decimal(0)) - order.executed_quantity
    if not amended.is_reducing and (left > order.remaining_quantity or amended.price != order.price):
        asked = _WHEN_IT_ADDS + _ALWAYS
        others = tuple(o for o in context.open_orders if _key(o) != _key(order))
        refusal = rules.check_position_limit(replace(amended, quantity=left), replace(context, open_orders=others))
        refusal = refusal or check_exits(_with_exits(amended, order, context), context)
        if refusal is not None:
            return refusal
    return next((found for rule in asked if (found := rule(amended, context)) is not None), None)


def _with_exits(amended: OrderIntent, order: Order, context: RiskContext) -> OrderIntent:
    """Return the order with the exits of its bracket: they have to suit its new terms, too."""
    bracket = next((b for b in context.brackets if b.entry_id == order.client_order_id), None)
    return amended if bracket is None else replace(amended, stop=bracket.stop, target=bracket.target)


def _key(order: Order) -> OrderKey:
    return order.client_order_id, order.order_family
