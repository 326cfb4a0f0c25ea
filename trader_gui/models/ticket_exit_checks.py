"""What is wrong with stop and target of the order ticket, and the nearest right values (no Qt)."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import NamedTuple

from trader_gui.domain.order import Side
from trader_gui.domain.symbol import is_multiple, snap
from trader_gui.domain.ticket import ExitText, ExitUnit
from trader_gui.models.ticket_input import parse_number
from trader_gui.models.ticket_records import Field, Preview, Problem, TicketDraft, TicketFacts

_TOO_NEAR = {Field.STOP: "stop_too_near", Field.TARGET: "target_too_near"}
_WRONG_SIDE = {
    (Field.STOP, Side.BUY): "stop_not_below",
    (Field.STOP, Side.SELL): "stop_not_above",
    (Field.TARGET, Side.BUY): "target_not_above",
    (Field.TARGET, Side.SELL): "target_not_below",
}


class _Exit(NamedTuple):
    """One of the two: its field, what is typed, and which way from the entry it has to lie."""

    field: Field
    typed: ExitText
    way: int


def exit_problems(draft: TicketDraft, facts: TicketFacts, side: Side, entry: Decimal | None) -> Iterator[Problem]:
    """Yield what is wrong with stop and target, at most one problem of each; an order that only reduces has none."""
    if draft.reduce_only:
        return
    for wanted in (
        _Exit(Field.STOP, draft.stop, -side.sign),
        _Exit(Field.TARGET, draft.target, side.sign),
    ):
        problem = _problem(wanted, facts, side, entry) if wanted.typed.text.strip() else None
        if problem is not None:
            yield problem


def outlook_problems(draft: TicketDraft, facts: TicketFacts, side: Side, preview: Preview) -> Iterator[Problem]:
    """Yield warnings that need to know what the order leads to: exits that are not placed, or come too late."""
    if draft.reduce_only:
        return
    typed = [text for text in (draft.stop.text, draft.target.text) if text.strip()]
    if typed and side.sign * preview.position_after <= 0:
        yield Problem(Field.STOP, "closes_without_exits", is_warning=True)
        return
    stop, liquidation = preview.stop_price, preview.liquidation_price
    if not draft.stop.text.strip() or stop is None or not liquidation:
        return
    if (stop - liquidation) * side.sign <= 0:
        told = facts.rules.snap_price(liquidation)
        yield Problem(Field.STOP, "liquidated_before_stop", (("price", told),), is_warning=True)


def _problem(wanted: _Exit, facts: TicketFacts, side: Side, entry: Decimal | None) -> Problem | None:
    """Return the first thing that is wrong with an exit that is typed."""
    tick = facts.rules.tick_size
    value = parse_number(wanted.typed.text)
    if value is None:
        return Problem(wanted.field, "not_a_number")
    if value < tick:
        if wanted.typed.unit is ExitUnit.PRICE:
            return Problem(wanted.field, "not_positive")
        return Problem(wanted.field, _TOO_NEAR[wanted.field], (), (snap(tick, tick, ROUND_DOWN),))
    if not is_multiple(value, tick):
        both = (snap(value, tick, ROUND_DOWN), snap(value, tick, ROUND_UP))
        return Problem(wanted.field, "off_tick", (("tick", tick.normalize()),), tuple(p for p in both if p > 0))
    if entry is None:
        return None
    if wanted.typed.unit is ExitUnit.PRICE:
        return _price_problem(wanted, facts, side, entry, value)
    return _distance_problem(wanted, facts, entry, value)


def _price_problem(wanted: _Exit, facts: TicketFacts, side: Side, entry: Decimal, price: Decimal) -> Problem | None:
    rules = facts.rules
    if (rules.min_price and price < rules.min_price) or (rules.max_price and price > rules.max_price):
        return _impossible(wanted)
    if (price - entry) * wanted.way > 0:
        return None
    rounding = ROUND_DOWN if wanted.way > 0 else ROUND_UP
    nearest = rules.snap_price(rules.snap_price(entry, rounding) + wanted.way * rules.tick_size)
    values = (("side", side.value.lower()), ("price", rules.snap_price(entry)))
    return Problem(wanted.field, _WRONG_SIDE[wanted.field, side], values, (nearest,) if nearest > 0 else ())


def _distance_problem(wanted: _Exit, facts: TicketFacts, entry: Decimal, distance: Decimal) -> Problem | None:
    rules = facts.rules
    price = entry + wanted.way * distance
    room = None
    if price <= 0 or (rules.min_price and price < rules.min_price):
        room = entry - rules.min_price
    elif rules.max_price and price > rules.max_price:
        room = rules.max_price - entry
    if room is None:
        return None
    fits = snap(room - rules.tick_size, rules.tick_size, ROUND_DOWN)
    return Problem(wanted.field, "exit_out_of_range", (), (fits,)) if fits > 0 else _impossible(wanted)


def _impossible(wanted: _Exit) -> Problem:
    return Problem(wanted.field, "exit_impossible")
