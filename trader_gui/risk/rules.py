"""The rules of the gate: each looks at one wish and gives a `Refusal`, or None when it has no objection.

Codes: `wrong_leg`, `other_symbol`, `not_engine_symbol`, `unknown_rules`, `not_trading`, `limit_of_other_asset`,
`halted`, `reducing`, `hedge_mode`, `flattening`, `stale_feed`, `unknown_account`, `order_in_flight`,
`position_not_told`, `incomplete_order`, `not_with_this_type`, `callback_out_of_range`, `good_till_too_soon`,
`exit_not_reducing`, `off_tick`, `price_out_of_range`, `price_too_far`, `below_min_quantity`, `above_max_quantity`,
`off_step`, `no_price`, `below_min_notional`, `order_quantity_limit`, `position_notional_limit`, `daily_loss_limit`,
`entries_per_hour_limit`, `nothing_to_reduce`.
Changes of open orders: see `changes`; the exits of an entry: see `exits`.
"""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TypeAlias

import msgspec

from trader_gui.collectors.order_update import OrderKey
from trader_gui.domain.account import Position
from trader_gui.domain.bracket import Bracket
from trader_gui.domain.order import Order, OrderIntent, OrderStatus, OrderType, Origin, PositionSide, Purpose
from trader_gui.domain.step import EngineMode, Refusal
from trader_gui.domain.symbol import SymbolRules, is_multiple, snap
from trader_gui.risk.order_kinds import refuse_kind

HOUR_MS = 3_600_000

MARK_MARGIN = Decimal("0.005")
"""A market order is worth this much more than the least: the venue counts at its own mark price, which may have moved
until the order arrives (once a second it is told)."""

_UNSURE = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})


class RiskLimits(msgspec.Struct, frozen=True):
    """The user's own limits; None is off. They bar opening orders only: getting out is never limited.

    Attributes:
        max_order_quantity: Of one order, base asset.
        max_position_notional: Of the position with all that would enlarge it, quote asset.
        max_daily_loss: Realised loss with commission since 00:00 UTC, quote asset, > 0.
        max_entries_per_hour: Opening orders approved within the last hour of event time.
    """

    max_order_quantity: Decimal | None = None
    max_position_notional: Decimal | None = None
    max_daily_loss: Decimal | None = None
    max_entries_per_hour: int | None = None


class RiskContext(msgspec.Struct, frozen=True):
    """What the gate knows when a wish comes, of the symbol that the wish names.

    Attributes:
        symbol: The session's own, which the engine trades.
        quote_asset: Of the session's own symbol: what the user's limits are counted in.
        is_watched: The market of the symbol that the wish names is followed; without that nothing is opened there.
        is_hedge: The account is in hedge mode.
        legs: The symbol's positions as the venue told them; flat ones are left out.
        is_account_known: A snapshot was applied.
        open_orders: Of the symbol, all origins and legs, SENT and UNKNOWN included.
        closed_keys: Recent terminal orders that the venue has told of; one that we gave up on may be open after all.
        cancels_in_flight: Orders whose cancel was sent and not answered.
        amends_in_flight: Orders whose amendment was sent, and of which nobody knows yet what became of it.
        are_entries_blocked: The whole account is being closed.
        brackets: Of the symbol, those that are not over.
        untold: Purposes of the engine with an execution whose new position was not told yet.
        last_price, mark_price, best_bid, best_ask: Quote asset; None while unknown.
        is_market_fresh: Both routes of market data are fresh: prices and best bid and ask.
        is_private_fresh: So is the account's own.
        result_today: Realised profit minus commission since 00:00 UTC, quote asset.
        entry_times_ms: When opening orders were approved, within the last hour, oldest first; the gate fills it in.
    """

    symbol: str
    quote_asset: str
    is_watched: bool
    rules: SymbolRules
    limits: RiskLimits
    mode: EngineMode
    is_hedge: bool
    legs: tuple[Position, ...]
    is_account_known: bool
    open_orders: tuple[Order, ...]
    closed_keys: frozenset[OrderKey]
    cancels_in_flight: frozenset[OrderKey]
    amends_in_flight: frozenset[OrderKey]
    are_entries_blocked: bool
    brackets: tuple[Bracket, ...]
    untold: frozenset[Purpose]
    last_price: Decimal | None
    mark_price: Decimal | None
    best_bid: Decimal | None
    best_ask: Decimal | None
    is_market_fresh: bool
    is_private_fresh: bool
    result_today: Decimal
    now_ms: int
    entry_times_ms: tuple[int, ...] = ()

    def amount_of(self, leg: PositionSide) -> Decimal:
        """Return what is held on a leg, signed, base asset; 0 when flat or unknown."""
        return next((p.position_amount for p in self.legs if p.position_side is leg), Decimal(0))


OrderRule: TypeAlias = Callable[[OrderIntent, RiskContext], Refusal | None]


def is_opening(intent: OrderIntent) -> bool:
    """Tell whether the order could open or enlarge a position; flags and leg decide, not the purpose."""
    return not intent.is_reducing


def fit_to_position(intent: OrderIntent, context: RiskContext) -> OrderIntent | Refusal:
    """Cut a reducing order to the position of its leg; refuse it when there is nothing to reduce.

    While the account is unknown or its route stale, the order passes as it is: the venue holds it to the position, and
    a wrong picture of ours must not keep anyone in.
    """
    if is_opening(intent) or not (context.is_account_known and context.is_private_fresh):
        return intent
    held = context.amount_of(intent.position_side)
    reducible = -held * intent.side.sign
    if reducible <= 0:
        return Refusal("nothing_to_reduce", f"{held:f}")
    if intent.quantity is None or intent.quantity <= reducible:
        return intent
    return msgspec.structs.replace(intent, quantity=reducible)


def check_symbol(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """Nothing is opened on a symbol whose market is not watched; what is open there can be closed, by hand."""
    if intent.origin is Origin.ENGINE and intent.symbol != context.symbol:
        return Refusal("not_engine_symbol", intent.symbol)
    if not context.is_watched and is_opening(intent):
        return Refusal("other_symbol", intent.symbol)
    if context.rules.is_unknown:
        return Refusal("unknown_rules", intent.symbol)
    if context.rules.status != "TRADING":
        return Refusal("not_trading", context.rules.status)
    return None


def check_limits_apply(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """Nothing is opened where the user's limits cannot be held against it."""
    if intent.symbol == context.symbol or not is_opening(intent):
        return None
    asset = unlimited_asset(context.limits, context.rules, context.quote_asset)
    return Refusal("limit_of_other_asset", asset) if asset else None


def unlimited_asset(limits: RiskLimits, rules: SymbolRules, quote_asset: str) -> str:
    """Return the asset of another symbol than the session's that the limits say nothing of, "" for none.

    The size of an order is limited in the base asset of the session's symbol, position and loss in its `quote_asset`.
    """
    if limits.max_order_quantity is not None:
        return rules.base_asset
    is_money_limited = limits.max_position_notional is not None or limits.max_daily_loss is not None
    return rules.quote_asset if is_money_limited and rules.quote_asset != quote_asset else ""


def check_mode(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """The engine's mode lets the order through, and so does the account's: the engine knows one position a symbol."""
    if context.is_hedge and intent.origin is Origin.ENGINE:
        return Refusal("hedge_mode")
    return refuse_by_mode(intent, context.mode)


def refuse_by_mode(intent: OrderIntent, mode: EngineMode) -> Refusal | None:
    """HALTED bars the engine, REDUCING bars its entries; the hand is free."""
    if intent.origin is not Origin.ENGINE:
        return None
    if mode is EngineMode.HALTED:
        return Refusal("halted")
    if mode is EngineMode.REDUCING and is_opening(intent):
        return Refusal("reducing")
    return None


def check_block(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """Nothing is opened while the whole account is being closed."""
    return Refusal("flattening") if context.are_entries_blocked and is_opening(intent) else None


def check_freshness(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """Nothing is opened on old prices, or blind to one's own fills."""
    if not is_opening(intent):
        return None
    if not context.is_market_fresh:
        return Refusal("stale_feed", "market")
    if not context.is_private_fresh:
        return Refusal("stale_feed", "private")
    return None


def check_account(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """Nothing is opened while the position is not known."""
    return Refusal("unknown_account") if is_opening(intent) and not context.is_account_known else None


def check_in_flight(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """One order in flight per symbol and purpose; the two legs of a symbol do not bar each other's exits.

    The engine waits until its former order of the purpose is over, and until the venue has told the position that came
    of it; only a stop that has become too small may be joined by another. The hand may have many resting orders, but
    waits while one of its purpose is on its way or unknown. An opening order waits for anybody's unknown one; an exit
    never waits for somebody else's.
    """
    for order in context.open_orders:
        if order.purpose is not intent.purpose:
            continue
        if order.position_side is not intent.position_side and intent.is_reducing:
            continue
        is_own = order.origin is intent.origin
        if order.status in _UNSURE:
            bars = (is_own and _is_same_kind(intent, order)) or is_opening(intent)
        else:
            bars = is_own and intent.origin is Origin.ENGINE and not _is_short_stop(order, context)
        if bars:
            return Refusal("order_in_flight", order.client_order_id)
    if intent.origin is Origin.ENGINE and intent.purpose in context.untold:
        return Refusal("position_not_told")
    return None


def check_shape(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """The order has all that its type needs and nothing else, and an exit can only reduce."""
    refusal = refuse_kind(intent, context.now_ms)
    if refusal is not None:
        return refusal
    if intent.purpose is not Purpose.ENTRY and is_opening(intent):
        return Refusal("exit_not_reducing")
    return None


def check_price(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """Limit, trigger and activation price lie on the tick and within the symbol's bounds."""
    rules = context.rules
    for price in (intent.price, intent.trigger_price, intent.activation_price):
        if price is None:
            continue
        if rules.min_price and price < rules.min_price:
            return Refusal("price_out_of_range", f"{rules.min_price:f}", rules.min_price)
        if rules.max_price and price > rules.max_price:
            return Refusal("price_out_of_range", f"{rules.max_price:f}", rules.max_price)
        if not is_multiple(price, rules.tick_size):
            return Refusal("off_tick", f"{rules.tick_size:f}", rules.snap_price(price, ROUND_HALF_UP))
    return None


def check_percent_price(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """A limit price is not further through the mark price than the venue allows (PERCENT_PRICE).

    That of a conditional order is held against its trigger.
    """
    rules = context.rules
    reference = intent.trigger_price if intent.order_type.is_conditional else context.mark_price
    if intent.price is None or reference is None:
        return None
    if intent.side.sign > 0 and rules.percent_up:
        highest = snap(reference * rules.percent_up, rules.tick_size, ROUND_FLOOR)
        return Refusal("price_too_far", f"{highest:f}", highest) if intent.price > highest else None
    if intent.side.sign < 0 and rules.percent_down:
        lowest = snap(reference * rules.percent_down, rules.tick_size, ROUND_CEILING)
        return Refusal("price_too_far", f"{lowest:f}", lowest) if intent.price < lowest else None
    return None


def check_quantity(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """The quantity lies on the step and within the symbol's bounds; orders without a limit price have their own."""
    quantity, rules = intent.quantity, context.rules
    if quantity is None:
        return None
    if intent.order_type.has_limit_price:
        step, smallest, largest = rules.step_size, rules.min_quantity, rules.max_quantity
    else:
        step, smallest, largest = rules.market_step_size, rules.market_min_quantity, rules.market_max_quantity
    if smallest and quantity < smallest:
        return Refusal("below_min_quantity", f"{smallest:f}", smallest)
    if largest and quantity > largest:
        return Refusal("above_max_quantity", f"{largest:f}", largest)
    if not is_multiple(quantity, step):
        return Refusal("off_step", f"{step:f}", snap(quantity, step, ROUND_FLOOR))
    return None


def check_notional(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """An opening order is worth at least the symbol's minimum; `nearest` is the smallest quantity that is."""
    if intent.quantity is None or not is_opening(intent):
        return None
    smallest = least_notional(context.rules, is_market=intent.order_type is OrderType.MARKET)
    price = _price_of(intent, context)
    if price is None:
        return Refusal("no_price")
    if intent.quantity * price >= smallest:
        return None
    step = context.rules.step_size if intent.order_type.has_limit_price else context.rules.market_step_size
    return Refusal("below_min_notional", f"{smallest:f}", snap(smallest / price, step, ROUND_CEILING))


def least_notional(rules: SymbolRules, *, is_market: bool) -> Decimal:
    """Return what an opening order must be worth, quote asset."""
    return rules.min_notional * (1 + MARK_MARGIN) if is_market else rules.min_notional


def check_order_quantity_limit(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """The user's limit on one opening order."""
    largest = context.limits.max_order_quantity
    if largest is None or intent.quantity is None or not is_opening(intent) or intent.quantity <= largest:
        return None
    return Refusal("order_quantity_limit", f"{largest:f}", snap(largest, context.rules.step_size, ROUND_FLOOR))


def check_position_limit(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """The user's limit on the position, of each leg: what is held, what open orders may add to it, and this order."""
    largest = context.limits.max_position_notional
    price = _price_of(intent, context)
    if largest is None or intent.quantity is None or price is None or not is_opening(intent):
        return None
    leg = intent.position_side
    held = context.amount_of(leg) * intent.side.sign
    pending = sum(
        (
            o.remaining_quantity
            for o in context.open_orders
            if o.side is intent.side and o.position_side is leg and not o.is_reducing
        ),
        Decimal(0),
    )
    if (held + pending + intent.quantity) * price <= largest:
        return None
    room = snap(largest / price - held - pending, context.rules.step_size, ROUND_FLOOR)
    nearest = room if room >= context.rules.min_quantity and room > 0 else None
    return Refusal("position_notional_limit", f"{largest:f}", nearest)


def check_daily_loss(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """The user's limit on what one UTC day may cost."""
    largest = context.limits.max_daily_loss
    if largest is None or not is_opening(intent) or -context.result_today < largest:
        return None
    return Refusal("daily_loss_limit", f"{largest:f}")


def check_entries_per_hour(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """The user's limit on how often something is opened."""
    largest = context.limits.max_entries_per_hour
    if largest is None or not is_opening(intent) or len(context.entry_times_ms) < largest:
        return None
    return Refusal("entries_per_hour_limit", str(largest))


ORDER_RULES: tuple[OrderRule, ...] = (
    check_symbol,
    check_limits_apply,
    check_mode,
    check_block,
    check_shape,
    check_freshness,
    check_account,
    check_in_flight,
    check_price,
    check_percent_price,
    check_quantity,
    check_notional,
    check_order_quantity_limit,
    check_position_limit,
    check_daily_loss,
    check_entries_per_hour,
)
"""In the order in which they are asked; the first refusal is told."""


def _price_of(intent: OrderIntent, context: RiskContext) -> Decimal | None:
    """Return what the order is worth a piece: its limit, else its trigger or activation, else the market."""
    for price in (intent.price, intent.trigger_price, intent.activation_price, context.mark_price):
        if price is not None:
            return price
    return context.last_price


def _is_same_kind(intent: OrderIntent, order: Order) -> bool:
    """A stop and a target by hand share the purpose PROTECTION and may be sent together."""
    return (
        intent.origin is Origin.ENGINE
        or intent.purpose is not Purpose.PROTECTION
        or order.order_type is intent.order_type
    )


def _is_short_stop(order: Order, context: RiskContext) -> bool:
    """A resting stop of less than the position; it is taken back once a larger one is live."""
    is_whole = order.close_position or order.remaining_quantity >= abs(context.amount_of(order.position_side))
    return order.purpose is Purpose.PROTECTION and not is_whole
