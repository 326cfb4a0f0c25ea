"""Judges the order ticket before anything is sent: what is wrong, what would be right, and the order itself (no Qt).

The risk gate and the venue judge again; this only spares the user a refusal, and says why while there is time.
"""

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from trader_gui.domain.order import OrderIntent, OrderType, Origin, Purpose, Side, TimeInForce, WorkingType
from trader_gui.domain.symbol import is_multiple, snap
from trader_gui.models.ticket_input import exact_quantity, in_unit, parse_number
from trader_gui.models.ticket_math import (
    closing_part,
    largest_notional,
    largest_quantity,
    make_preview,
    order_cost,
)
from trader_gui.models.ticket_records import (
    Assessment,
    Field,
    OrderKind,
    Problem,
    SizeUnit,
    TicketDraft,
    TicketFacts,
)
from trader_gui.risk.rules import least_notional

FAR_FRACTION = Decimal("0.01")
"""A limit this far through the market is warned of (1 %)."""

_CENT = Decimal("0.01")


def assess(draft: TicketDraft, facts: TicketFacts, side: Side) -> Assessment:
    """Judge one side of the ticket; every problem is found at once, not only the first."""
    facts = facts.on_leg(side, reduces=draft.reduce_only)
    price = order_price(draft, facts, side)
    quantity = order_quantity(draft, facts, side)
    problems = (*_price_problems(draft, facts, side), *_size_problems(draft, facts, side, price, quantity))
    has_error = any(not p.is_warning for p in problems)
    hold = hold_code(draft, facts, side)
    preview = None
    if not has_error and quantity and price:
        preview = make_preview(draft, facts, side, quantity, price)
    ready = not has_error and not hold and quantity is not None
    return Assessment(
        side=side,
        quantity=quantity,
        price=price,
        problems=problems,
        preview=preview,
        hold=hold,
        intent=_make_intent(draft, facts, side, quantity) if ready and quantity is not None else None,
    )


def hold_code(draft: TicketDraft, facts: TicketFacts, side: Side) -> str:
    """Return what sending waits for, "" for nothing. A stale feed holds what opens, never what only closes."""
    if not facts.is_running:
        return "not_running"
    if any(_bars(undecided, draft, facts, side) for undecided in facts.undecided):
        return "undecided"
    if not facts.is_account_known:
        return "account_unknown"
    has_price = draft.kind is not OrderKind.MARKET or order_price(draft, facts, side) is not None
    if not draft.reduce_only and not (facts.feed_is_live and has_price):
        return "stale_feed"
    return ""


def _bars(undecided: tuple[Purpose, Side], draft: TicketDraft, facts: TicketFacts, side: Side) -> bool:
    """Tell whether an undecided order holds this one; in hedge mode exits of the other leg do not."""
    purpose, its_side = undecided
    is_other_leg = facts.is_hedge and draft.reduce_only and its_side is not side
    return purpose is draft.purpose and not is_other_leg


def order_price(draft: TicketDraft, facts: TicketFacts, side: Side) -> Decimal | None:
    """Return limit or trigger price as typed, or for a market order the best price of the other side."""
    if draft.kind is OrderKind.MARKET:
        return facts.best_ask if side is Side.BUY else facts.best_bid
    price = parse_number(draft.price_text)
    return price if price else None


def sizing_price(draft: TicketDraft, facts: TicketFacts) -> Decimal | None:
    """Return the one price that turns money into size for both sides; for market orders the higher of the two."""
    return order_price(draft, facts, Side.BUY)


def order_quantity(draft: TicketDraft, facts: TicketFacts, side: Side) -> Decimal | None:
    """Return the size that would be sent: money sizes are rounded down to the step, base sizes stay as typed."""
    value = parse_number(draft.size_text)
    if value is None:
        return None
    exact = exact_quantity(value, draft.size_unit, sizing_price(draft, facts), facts.equity)
    if exact is None or draft.size_unit is SizeUnit.BASE:
        return exact
    return snap(exact, _step(draft, facts), ROUND_DOWN)


def _is_market(draft: TicketDraft) -> bool:
    """Market filters hold for market and stop-market orders."""
    return draft.kind is not OrderKind.LIMIT


def _step(draft: TicketDraft, facts: TicketFacts) -> Decimal:
    rules = facts.rules
    return rules.market_step_size or rules.step_size if _is_market(draft) else rules.step_size


# ---- price --------------------------------------------------------------------------------------------------------


def _price_problems(draft: TicketDraft, facts: TicketFacts, side: Side) -> tuple[Problem, ...]:
    """Return the first thing wrong with the price that is typed: the later checks need the earlier ones."""
    if draft.kind is OrderKind.MARKET:
        return ()
    if not draft.price_text.strip():
        return (Problem(Field.PRICE, "missing_price", is_silent=True),)
    price = parse_number(draft.price_text)
    if price is None:
        return (Problem(Field.PRICE, "not_a_number"),)
    if price <= 0:
        return (Problem(Field.PRICE, "not_positive"),)
    checks = (_off_tick, _outside_price_filter, _outside_band, _wrong_side_of_market)
    first = next((p for check in checks if (p := check(draft, facts, side, price))), None)
    if first is None:
        first = _far_through_market(draft, facts, side, price)
    return (first,) if first else ()


def _off_tick(_draft: TicketDraft, facts: TicketFacts, _side: Side, price: Decimal) -> Problem | None:
    tick = facts.rules.tick_size
    if is_multiple(price, tick):
        return None
    both = (snap(price, tick, ROUND_DOWN), snap(price, tick, ROUND_UP))
    return Problem(Field.PRICE, "off_tick", (("tick", tick.normalize()),), tuple(p for p in both if p > 0))


def _outside_price_filter(_draft: TicketDraft, facts: TicketFacts, _side: Side, price: Decimal) -> Problem | None:
    rules = facts.rules
    if rules.min_price and price < rules.min_price:
        nearest = rules.snap_price(rules.min_price, ROUND_UP)
        return Problem(Field.PRICE, "below_min_price", (("limit", nearest),), (nearest,))
    if rules.max_price and price > rules.max_price:
        nearest = rules.snap_price(rules.max_price, ROUND_DOWN)
        return Problem(Field.PRICE, "above_max_price", (("limit", nearest),), (nearest,))
    return None


def _outside_band(draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal) -> Problem | None:
    """PERCENT_PRICE: a buy not too far above the mark price, a sell not too far below it."""
    rules, mark = facts.rules, facts.mark_price
    if draft.kind is not OrderKind.LIMIT or mark is None:
        return None
    if side is Side.BUY and rules.percent_up and price > mark * rules.percent_up:
        nearest = rules.snap_price(mark * rules.percent_up, ROUND_DOWN)
        return Problem(Field.PRICE, "above_price_band", (("limit", nearest),), (nearest,))
    if side is Side.SELL and rules.percent_down and price < mark * rules.percent_down:
        nearest = rules.snap_price(mark * rules.percent_down, ROUND_UP)
        return Problem(Field.PRICE, "below_price_band", (("limit", nearest),), (nearest,))
    return None


def _wrong_side_of_market(draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal) -> Problem | None:
    """A stop must not trigger at once; a post-only order must not take."""
    tick = facts.rules.tick_size
    if draft.kind is OrderKind.STOP:
        seen = facts.mark_price if draft.working_type is WorkingType.MARK_PRICE else facts.last_price
        if seen is None or (price - seen) * side.sign > 0:
            return None
        rounding = ROUND_DOWN if side is Side.BUY else ROUND_UP
        nearest = facts.rules.snap_price(seen, rounding) + side.sign * tick
        code = "buy_stop_below" if side is Side.BUY else "sell_stop_above"
        return Problem(Field.PRICE, code, (("price", facts.rules.snap_price(seen)),), (nearest,))
    other = facts.best_ask if side is Side.BUY else facts.best_bid
    if not draft.post_only or other is None or (other - price) * side.sign > 0:
        return None
    return Problem(Field.PRICE, "post_only_would_take", (("price", other),), (other - side.sign * tick,))


def _far_through_market(draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal) -> Problem | None:
    other = facts.best_ask if side is Side.BUY else facts.best_bid
    if draft.kind is not OrderKind.LIMIT or not other:
        return None
    through = (price / other - 1) * side.sign
    if through <= FAR_FRACTION:
        return None
    code = "far_above_ask" if side is Side.BUY else "far_below_bid"
    values = (("percent", (through * 100).quantize(_CENT)), ("price", other))
    return Problem(Field.PRICE, code, values, (other,), is_warning=True)


# ---- size ---------------------------------------------------------------------------------------------------------


def _size_problems(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal | None, quantity: Decimal | None
) -> tuple[Problem, ...]:
    if not draft.size_text.strip():
        return (*_nothing_to_reduce(draft, facts, side), Problem(Field.SIZE, "missing_size", is_silent=True))
    value = parse_number(draft.size_text)
    if value is None:
        return (Problem(Field.SIZE, "not_a_number"),)
    if value <= 0:
        return (Problem(Field.SIZE, "not_positive"),)
    if quantity is None:
        return (Problem(Field.SIZE, "no_price_for_size", is_silent=True),)
    return tuple(_quantity_problems(draft, facts, side, price, quantity))


def _quantity_problems(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal | None, quantity: Decimal
) -> Iterator[Problem]:
    """Yield what is wrong with a size: one filter at most, then every limit that it breaks."""
    filtered = _off_step(draft, facts, quantity) or _outside_lot_filter(draft, facts, quantity)
    if filtered:
        yield filtered
        return
    if draft.reduce_only:
        yield from _nothing_to_reduce(draft, facts, side)
        yield from _more_than_position(draft, facts, side, quantity)
    else:
        yield from _below_min_notional(draft, facts, price, quantity)
        if price is not None:
            yield from _not_enough_margin(draft, facts, side, price, quantity)
            yield from _over_position_limit(draft, facts, side, price, quantity)
            yield from _over_leverage_cap(draft, facts, side, price, quantity)
    yield from _over_order_limit(draft, facts, quantity)


def _with_nearest(
    draft: TicketDraft,
    facts: TicketFacts,
    code: str,
    values: tuple[tuple[str, Decimal | str], ...],
    *quantities: Decimal,
) -> Problem:
    """Return a size problem whose nearest quantities are told in the unit of the field."""
    step, price = _step(draft, facts), sizing_price(draft, facts)
    told = (in_unit(q, draft.size_unit, price, facts.equity, step) for q in quantities if q > 0)
    return Problem(Field.SIZE, code, values, tuple(t for t in told if t is not None))


def _off_step(draft: TicketDraft, facts: TicketFacts, quantity: Decimal) -> Problem | None:
    step = _step(draft, facts)
    if is_multiple(quantity, step):
        return None
    both = (snap(quantity, step, ROUND_DOWN), snap(quantity, step, ROUND_UP))
    return _with_nearest(draft, facts, "off_step", (("step", step.normalize()),), *both)


def _outside_lot_filter(draft: TicketDraft, facts: TicketFacts, quantity: Decimal) -> Problem | None:
    rules = facts.rules
    low, high = rules.min_quantity, rules.max_quantity
    if _is_market(draft):
        low, high = rules.market_min_quantity or low, rules.market_max_quantity or high
    asset = ("asset", rules.base_asset)
    if quantity < low or not quantity:
        return _with_nearest(draft, facts, "below_min_quantity", (("limit", low), asset), low)
    if high and quantity > high and not draft.is_split:
        return _with_nearest(draft, facts, "above_max_quantity", (("limit", high), asset), high)
    return None


def _nothing_to_reduce(draft: TicketDraft, facts: TicketFacts, side: Side) -> Iterator[Problem]:
    amount = facts.position_amount
    if draft.reduce_only and -side.sign * amount <= 0:
        yield Problem(Field.FLAGS, "nothing_to_reduce" if not amount else "reduces_other_side")


def _more_than_position(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal) -> Iterator[Problem]:
    against = -side.sign * facts.position_amount
    if 0 < against < quantity:
        values = (("limit", against), ("asset", facts.rules.base_asset))
        yield _with_nearest(draft, facts, "more_than_position", values, against)


def _below_min_notional(
    draft: TicketDraft, facts: TicketFacts, price: Decimal | None, quantity: Decimal
) -> Iterator[Problem]:
    """The venue takes a market order's notional at the mark price, which moves until the order is there."""
    rules, is_market = facts.rules, draft.kind is OrderKind.MARKET
    counted = facts.mark_price or price if is_market else price
    smallest = least_notional(rules, is_market=is_market)
    if counted is None or quantity * counted >= smallest:
        return
    least = snap(smallest / counted, _step(draft, facts), ROUND_UP)
    values = (("notional", _cents(quantity * counted)), ("limit", smallest.normalize()), ("asset", rules.quote_asset))
    yield _with_nearest(draft, facts, "below_min_notional", values, least)


def _not_enough_margin(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal, quantity: Decimal
) -> Iterator[Problem]:
    taker = facts.taker_fraction or Decimal(0)
    largest = largest_quantity(facts, side, price, taker)
    if largest is None or facts.available_balance is None or facts.leverage is None or quantity <= largest:
        return
    opens = quantity - closing_part(facts.position_amount, side, quantity)
    cost = order_cost(side, opens, price, facts.mark_price or price, facts.leverage) + opens * price * taker
    values = (
        ("cost", cost.quantize(_CENT, ROUND_UP)),
        ("available", facts.available_balance.quantize(_CENT, ROUND_DOWN)),
        ("asset", facts.rules.margin_asset),
        ("leverage", Decimal(facts.leverage)),
    )
    nearest = snap(largest, _step(draft, facts), ROUND_DOWN)
    yield _with_nearest(draft, facts, "not_enough_margin", values, nearest)


def _over_position_limit(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal, quantity: Decimal
) -> Iterator[Problem]:
    """The gate's limit: what is held, what rests on this side, and this order; market orders at the mark price."""
    limit = facts.max_position_notional
    if limit is None:
        return
    counted = facts.mark_price or price if draft.kind is OrderKind.MARKET else price
    resting = facts.resting_buy if side is Side.BUY else facts.resting_sell
    taken = side.sign * facts.position_amount + resting
    if (taken + quantity) * counted > limit:
        fits = snap(max(limit / counted - taken, Decimal(0)), _step(draft, facts), ROUND_DOWN)
        values = (("limit", _cents(limit)), ("asset", facts.rules.quote_asset))
        yield _with_nearest(draft, facts, "over_position_limit", values, fits)


def _over_leverage_cap(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal, quantity: Decimal
) -> Iterator[Problem]:
    """The venue's limit: the position after the order must fit the brackets at this leverage."""
    limit = largest_notional(facts.leverage, facts.brackets) if facts.leverage else None
    after = abs(facts.position_amount + side.sign * quantity)
    if limit is None or after <= abs(facts.position_amount) or after * price <= limit:
        return
    fits = max(limit / price - side.sign * facts.position_amount, Decimal(0))
    values = (
        ("limit", _cents(limit)),
        ("asset", facts.rules.quote_asset),
        ("leverage", Decimal(facts.leverage or 0)),
    )
    yield _with_nearest(draft, facts, "over_leverage_cap", values, snap(fits, _step(draft, facts), ROUND_DOWN))


def _over_order_limit(draft: TicketDraft, facts: TicketFacts, quantity: Decimal) -> Iterator[Problem]:
    limit = facts.max_order_quantity
    if limit is not None and quantity > limit and not draft.reduce_only:
        nearest = snap(limit, _step(draft, facts), ROUND_DOWN)
        yield _with_nearest(
            draft, facts, "over_order_limit", (("limit", limit), ("asset", facts.rules.base_asset)), nearest
        )


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT)


# ---- the order ----------------------------------------------------------------------------------------------------


_ORDER_TYPE = {
    OrderKind.LIMIT: OrderType.LIMIT,
    OrderKind.MARKET: OrderType.MARKET,
    OrderKind.STOP: OrderType.STOP_MARKET,
}


def _make_intent(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal) -> OrderIntent:
    rules = facts.rules
    price = parse_number(draft.price_text)
    typed = rules.snap_price(price) if price is not None else None
    time_in_force = None
    if draft.kind is OrderKind.LIMIT:
        time_in_force = TimeInForce.GTX if draft.post_only else draft.time_in_force
    return OrderIntent(
        symbol=rules.symbol,
        side=side,
        order_type=_ORDER_TYPE[draft.kind],
        purpose=draft.purpose,
        origin=Origin.HAND,
        reason="by_hand",
        wanted_time_ms=facts.now_ms,
        quantity=snap(quantity, _step(draft, facts), ROUND_DOWN),
        price=typed if draft.kind is OrderKind.LIMIT else None,
        trigger_price=typed if draft.kind is OrderKind.STOP else None,
        time_in_force=time_in_force,
        reduce_only=draft.reduce_only,
        working_type=draft.working_type if draft.kind is OrderKind.STOP else WorkingType.CONTRACT_PRICE,
    )
