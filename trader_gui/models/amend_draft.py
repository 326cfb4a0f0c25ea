"""Another price or size for an open order, judged as it is typed (no Qt).

The amended order is judged as a new one of the ticket would be, with what it holds now given back. A limit order is
changed in place; a conditional order is moved by its trigger, and its limit price, where it has one, moves along.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from trader_gui.domain.order import Order, OrderStatus, OrderType, Side, TimeInForce
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_input import parse_number
from trader_gui.models.ticket_math import order_cost
from trader_gui.models.ticket_records import Assessment, Field, Problem, TicketDraft, TicketFacts
from trader_gui.orders.mover import is_movable

_PRICES = frozenset({Field.PRICE, Field.TRIGGER})
_KINDS = {kind.order_type: kind for kind in OrderKind}
_RESTING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})


class AmendField(StrEnum):
    """What of an order is typed anew."""

    PRICE = "price"
    QUANTITY = "quantity"
    TRIGGER = "trigger"


_FIELDS = {AmendField.PRICE: Field.PRICE, AmendField.QUANTITY: Field.SIZE, AmendField.TRIGGER: Field.TRIGGER}


class AmendAssessment(msgspec.Struct, frozen=True):
    """What was typed, judged.

    Attributes:
        problems: Of the typed number; nearest values are of it.
        hold: As of the ticket.
        price, quantity: What to ask for, of a conditional order the trigger as `price`; both None while there is any
            error or `hold`, or nothing changes.
        judged: The amended order as the ticket judges it.
    """

    problems: tuple[Problem, ...]
    hold: str
    price: Decimal | None
    quantity: Decimal | None
    judged: Assessment


def is_amendable(order: Order) -> bool:
    """Tell whether a resting order can be given another price: a limit order in place, a conditional one by a move."""
    if order.order_type.is_conditional:
        return order.status is OrderStatus.NEW and is_movable(order)
    return order.order_type is OrderType.LIMIT and order.status in _RESTING


def assess_amend(order: Order, field: AmendField, text: str, facts: TicketFacts) -> AmendAssessment:
    """Judge a new price, a new total size, or a new trigger.

    Args:
        order: As it rests.
        field: Which of them is typed; TRIGGER of a conditional order, and no other.
        text: As typed.
        facts: Of the order's symbol.
    """
    draft = _moved(order, text, facts) if field is AmendField.TRIGGER else _draft(order, field, text)
    judged = assess(draft, _without(order, facts), order.side)
    shown = _FIELDS[field]
    told = judged.problems if field is not AmendField.TRIGGER else [p for p in judged.problems if p.field in _PRICES]
    problems = [_as_typed(p, order, shown) for p in told]
    value = parse_number(text)
    is_too_small = field is AmendField.QUANTITY and value is not None and value <= order.executed_quantity
    if is_too_small and order.executed_quantity:
        problems = [Problem(Field.SIZE, "amend_cancels", (("filled", order.executed_quantity),))]
    has_error = any(not p.is_warning for p in problems)
    is_ready = value is not None and value != value_now(order, field) and not has_error and not judged.hold
    return AmendAssessment(
        problems=tuple(problems),
        hold=judged.hold,
        price=value if is_ready and field is not AmendField.QUANTITY else None,
        quantity=value if is_ready and field is AmendField.QUANTITY else None,
        judged=judged,
    )


def value_now(order: Order, field: AmendField) -> Decimal:
    """Return what the order has now."""
    if field is AmendField.TRIGGER:
        return order.trigger_price
    return order.price if field is AmendField.PRICE else order.quantity


def _moved(order: Order, text: str, facts: TicketFacts) -> TicketDraft:
    """Return a conditional order with another trigger as one of the ticket."""
    trigger = parse_number(text)
    price = order.price + trigger - order.trigger_price if trigger is not None else order.price
    held = abs(facts.on_leg(order.side, reduces=order.is_reducing).position_amount)
    return TicketDraft(
        kind=_KINDS[order.order_type],
        trigger_text=text,
        price_text=f"{price:f}",
        size_text=f"{held if order.close_position else order.remaining_quantity:f}",
        reduce_only=order.is_reducing,
        working_type=order.working_type,
        is_split=True,
    )


def _draft(order: Order, field: AmendField, text: str) -> TicketDraft:
    """Return the amended order as one of the ticket; its size is what would still be open."""
    price, size = f"{order.price:f}", f"{order.remaining_quantity:f}"
    value = parse_number(text)
    if field is AmendField.PRICE:
        price = text
    elif value is None:
        size = text
    else:
        size = f"{max(value - order.executed_quantity, Decimal(0)):f}"
    is_maker = order.time_in_force is TimeInForce.GTX
    return TicketDraft(
        kind=OrderKind.LIMIT,
        price_text=price,
        size_text=size,
        reduce_only=order.is_reducing,
        post_only=is_maker,
        time_in_force=TimeInForce.GTC,
    )


def _without(order: Order, facts: TicketFacts) -> TicketFacts:
    """Return the facts as if the order were not there: its margin is free, and its size adds to nothing."""
    if order.is_reducing:
        return facts
    open_size, available = order.remaining_quantity, facts.available_balance
    if available is not None and facts.leverage:
        mark = facts.mark_price or order.price
        available += order_cost(order.side, open_size, order.price, mark, facts.leverage)
    is_buy = order.side is Side.BUY
    return replace(
        facts,
        available_balance=available,
        resting_buy=facts.resting_buy - (open_size if is_buy else Decimal(0)),
        resting_sell=facts.resting_sell - (Decimal(0) if is_buy else open_size),
    )


def _as_typed(problem: Problem, order: Order, shown: Field) -> Problem:
    """Return a problem as one of what is typed; sizes are told as the total."""
    nearest = problem.nearest
    if problem.field is Field.SIZE and shown is Field.SIZE:
        nearest = tuple(value + order.executed_quantity for value in nearest)
    elif problem.field is not shown:
        nearest = ()
    return replace(problem, nearest=nearest)
