"""What is wrong with the size of the order ticket, and the nearest right values in the unit of its field (no Qt)."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from trader_gui.domain.order import Side
from trader_gui.domain.symbol import is_multiple, snap
from trader_gui.domain.ticket import OrderKind, SizeUnit
from trader_gui.models.ticket_input import parse_number
from trader_gui.models.ticket_math import closing_part, largest_notional, largest_quantity, order_cost
from trader_gui.models.ticket_prices import activation_price, limit_price
from trader_gui.models.ticket_records import Field, Problem, TicketDraft, TicketFacts
from trader_gui.models.ticket_size import in_unit, size_step
from trader_gui.risk.rules import least_notional

_CENT = Decimal("0.01")
_MOST_PERCENT = Decimal(100)


def size_problems(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal | None, quantity: Decimal | None
) -> tuple[Problem, ...]:
    """Return what is wrong with the size, for an order that is expected to trade at `price`."""
    if not draft.size_text.strip():
        return (*_nothing_to_reduce(draft, facts, side), Problem(Field.SIZE, "missing_size", is_silent=True))
    value = parse_number(draft.size_text)
    if value is None:
        return (Problem(Field.SIZE, "not_a_number"),)
    if value <= 0:
        return (Problem(Field.SIZE, "not_positive"),)
    if draft.size_unit in (SizeUnit.PERCENT, SizeUnit.RISK_PERCENT) and value > _MOST_PERCENT:
        return (Problem(Field.SIZE, "above_all", (), (_MOST_PERCENT,)),)
    if quantity is None:
        return (_untold(draft),)
    return tuple(_quantity_problems(draft, facts, side, price, quantity))


def _untold(draft: TicketDraft) -> Problem:
    """Return why a size in the draft's unit comes to no quantity."""
    if draft.size_unit.is_risk and draft.reduce_only:
        return Problem(Field.SIZE, "risk_when_reducing")
    if draft.size_unit.is_risk and not draft.stop.text.strip():
        return Problem(Field.SIZE, "risk_needs_stop", is_silent=True)
    return Problem(Field.SIZE, "no_price_for_size", is_silent=True)


def _quantity_problems(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal | None, quantity: Decimal
) -> Iterator[Problem]:
    """Yield what is wrong with a size: one filter at most, then every limit that it breaks."""
    filtered = _off_step(draft, facts, side, quantity) or _outside_lot_filter(draft, facts, side, quantity)
    if filtered:
        yield filtered
        return
    if draft.reduce_only:
        yield from _nothing_to_reduce(draft, facts, side)
        yield from _more_than_position(draft, facts, side, quantity)
    else:
        yield from _below_min_notional(draft, facts, side, price, quantity)
        if price is not None:
            yield from _not_enough_margin(draft, facts, side, price, quantity)
            yield from _over_position_limit(draft, facts, side, price, quantity)
            yield from _over_leverage_cap(draft, facts, side, price, quantity)
    yield from _over_order_limit(draft, facts, side, quantity)


def _with_nearest(
    draft: TicketDraft,
    facts: TicketFacts,
    side: Side,
    code: str,
    values: tuple[tuple[str, Decimal | str], ...],
    *quantities: Decimal,
) -> Problem:
    """Return a size problem whose nearest quantities are told in the unit of the field."""
    told = (in_unit(draft, facts, side, q) for q in quantities if q > 0)
    return Problem(Field.SIZE, code, values, tuple(t for t in told if t is not None))


def _off_step(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal) -> Problem | None:
    step = size_step(draft, facts)
    if is_multiple(quantity, step):
        return None
    both = (snap(quantity, step, ROUND_DOWN), snap(quantity, step, ROUND_UP))
    return _with_nearest(draft, facts, side, "off_step", (("step", step.normalize()),), *both)


def _outside_lot_filter(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal) -> Problem | None:
    rules = facts.rules
    low, high = rules.min_quantity, rules.max_quantity
    if draft.is_market:
        low, high = rules.market_min_quantity or low, rules.market_max_quantity or high
    asset = ("asset", rules.base_asset)
    if quantity < low or not quantity:
        return _with_nearest(draft, facts, side, "below_min_quantity", (("limit", low), asset), low)
    if high and quantity > high and not draft.is_split:
        return _with_nearest(draft, facts, side, "above_max_quantity", (("limit", high), asset), high)
    return None


def _nothing_to_reduce(draft: TicketDraft, facts: TicketFacts, side: Side) -> Iterator[Problem]:
    amount = facts.position_amount
    if draft.reduce_only and -side.sign * amount <= 0:
        yield Problem(Field.FLAGS, "nothing_to_reduce" if not amount else "reduces_other_side")


def _more_than_position(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal) -> Iterator[Problem]:
    against = -side.sign * facts.position_amount
    if 0 < against < quantity:
        values = (("limit", against), ("asset", facts.rules.base_asset))
        yield _with_nearest(draft, facts, side, "more_than_position", values, against)


def _below_min_notional(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal | None, quantity: Decimal
) -> Iterator[Problem]:
    """The venue takes a market order's notional at the mark price, which moves until the order is there."""
    rules, counted = facts.rules, _counted_price(draft, facts, price)
    smallest = least_notional(rules, is_market=draft.kind is OrderKind.MARKET)
    if counted is None or quantity * counted >= smallest:
        return
    least = snap(smallest / counted, size_step(draft, facts), ROUND_UP)
    values = (("notional", _cents(quantity * counted)), ("limit", smallest.normalize()), ("asset", rules.quote_asset))
    yield _with_nearest(draft, facts, side, "below_min_notional", values, least)


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
    nearest = snap(largest, size_step(draft, facts), ROUND_DOWN)
    yield _with_nearest(draft, facts, side, "not_enough_margin", values, nearest)


def _over_position_limit(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal, quantity: Decimal
) -> Iterator[Problem]:
    """The gate's limit: what is held, what rests on this side, and this order."""
    limit, counted = facts.max_position_notional, _counted_price(draft, facts, price)
    if limit is None or counted is None:
        return
    resting = facts.resting_buy if side is Side.BUY else facts.resting_sell
    taken = side.sign * facts.position_amount + resting
    if (taken + quantity) * counted > limit:
        fits = snap(max(limit / counted - taken, Decimal(0)), size_step(draft, facts), ROUND_DOWN)
        values = (("limit", _cents(limit)), ("asset", facts.rules.quote_asset))
        yield _with_nearest(draft, facts, side, "over_position_limit", values, fits)


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
    yield _with_nearest(
        draft, facts, side, "over_leverage_cap", values, snap(fits, size_step(draft, facts), ROUND_DOWN)
    )


def _over_order_limit(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal) -> Iterator[Problem]:
    limit = facts.max_order_quantity
    if limit is not None and quantity > limit and not draft.reduce_only:
        nearest = snap(limit, size_step(draft, facts), ROUND_DOWN)
        yield _with_nearest(
            draft, facts, side, "over_order_limit", (("limit", limit), ("asset", facts.rules.base_asset)), nearest
        )


def _counted_price(draft: TicketDraft, facts: TicketFacts, price: Decimal | None) -> Decimal | None:
    """Return the price that venue and gate count an order at: its own, or the mark price where it has none."""
    has_own = draft.kind.has_trigger or bool(limit_price(draft) or activation_price(draft))
    return price if has_own else facts.mark_price or price


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT)
