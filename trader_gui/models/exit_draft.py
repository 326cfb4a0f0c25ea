"""A stop, target or trailing stop for a position that is held: judged as it is typed, and what it would bring (no Qt).

The level is typed as a price, or as a distance or percentage from the position's entry price: a stop on the side where
the position loses, a target where it gains. All else is judged as an order of the ticket.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from trader_gui.domain.account import Position
from trader_gui.domain.order import Order, OrderIntent, OrderType, Side, WorkingType
from trader_gui.domain.symbol import SymbolRules, snap
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_input import parse_number
from trader_gui.models.ticket_math import net_pnl
from trader_gui.models.ticket_prices import activation_price, callback_fraction, seen_price
from trader_gui.models.ticket_records import Assessment, Field, Problem, TicketDraft, TicketFacts

_STOPS = frozenset({OrderType.STOP, OrderType.STOP_MARKET})
_TARGETS = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET})
_HUNDRED = Decimal(100)
_CENT = Decimal("0.01")


class LevelUnit(StrEnum):
    """What the number of a level counts: the price itself, quote per base from the entry, or percent of the entry."""

    PRICE = "price"
    DISTANCE = "distance"
    PERCENT = "percent"


class ExitDraft(msgspec.Struct, frozen=True):
    """What was typed and chosen; texts are as typed.

    Attributes:
        kind: STOP, TAKE_PROFIT or TRAILING.
        level_text, unit: Of a stop or target.
        callback_text, activation_text: Of a trailing stop: percent, and an optional price.
        size_text: Base asset; None is the whole position: a stop or target then closes whatever is there.
    """

    kind: OrderKind = OrderKind.STOP
    level_text: str = ""
    unit: LevelUnit = LevelUnit.PRICE
    callback_text: str = ""
    activation_text: str = ""
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    size_text: str | None = None

    @property
    def closes_whatever_is_there(self) -> bool:
        """True for an order without a size of its own; the venue has no such trailing stop."""
        return self.size_text is None and self.kind is not OrderKind.TRAILING


class ExitAssessment(msgspec.Struct, frozen=True):
    """The draft, judged.

    Attributes:
        problems: By field; `TRIGGER` is the level, its nearest values in the draft's unit.
        hold: As of the ticket.
        trigger_price: Where it would trigger; of a trailing stop, if the price turned now.
        result: Of the part that it closes, at `trigger_price`, both fees counted; quote asset, negative is a loss. None
            while there is any error.
        result_fraction: Of the equity.
        distance_fraction: From the price that it looks at.
        position_after: Signed, base asset.
        intent: The order; None while there is any error or `hold`.
    """

    problems: tuple[Problem, ...]
    hold: str
    trigger_price: Decimal | None
    result: Decimal | None
    result_fraction: Decimal | None
    distance_fraction: Decimal | None
    position_after: Decimal
    intent: OrderIntent | None


def assess_exit(draft: ExitDraft, facts: TicketFacts, orders: Sequence[Order]) -> ExitAssessment:
    """Judge a draft for the position of `facts` (see `TicketFacts.for_closing`).

    Args:
        draft: As typed.
        facts: They have a position.
        orders: Open orders of the account.

    Raises:
        ValueError: There is no position.
    """
    position = facts.position
    if position is None:
        raise ValueError("there is no position to leave")
    side = Side.SELL if position.position_amount > 0 else Side.BUY
    ticket = _ticket(draft, position, facts.rules)
    judged = assess(ticket, facts, side)
    trigger = _trailing_trigger(ticket, facts, side) if draft.kind is OrderKind.TRAILING else judged.price
    closes = min(judged.quantity or Decimal(0), abs(position.position_amount))
    problems = [_in_unit(problem, draft, position) for problem in judged.problems]
    problems += [*_rests_already(draft, position, side, orders), *_liquidated_before(draft, position, side, trigger)]
    has_error = any(not p.is_warning for p in problems)
    result = None if trigger is None or has_error else _result(facts, position, closes, trigger)
    seen = seen_price(ticket, facts)
    return ExitAssessment(
        problems=tuple(problems),
        hold=judged.hold,
        trigger_price=trigger,
        result=result,
        result_fraction=result / facts.equity if result is not None and facts.equity else None,
        distance_fraction=trigger / seen - 1 if trigger is not None and seen else None,
        position_after=position.position_amount + side.sign * closes,
        intent=None if has_error else _intent(draft, judged),
    )


def level_price(draft: ExitDraft, position: Position, rules: SymbolRules) -> Decimal | None:
    """Return the price that the typed level means, on the tick; None when none can be read, or there is none."""
    value = parse_number(draft.level_text)
    if value is None or draft.unit is LevelUnit.PRICE:
        return value
    way = _way(draft, position)
    distance = value if draft.unit is LevelUnit.DISTANCE else position.entry_price * value / _HUNDRED
    price = rules.snap_price(position.entry_price + way * distance)
    return price if price > 0 else None


def level_value(
    unit: LevelUnit, price: Decimal, way: int, entry_price: Decimal, rounding: str = ROUND_HALF_UP
) -> Decimal | None:
    """Return a price counted in a unit; None on the other side of the entry than it counts.

    Args:
        unit: What is wanted.
        price: Quote per base.
        way: +1 when levels lie above the entry, -1 below.
        entry_price: Of the position.
        rounding: Of percent, to two decimals.
    """
    if unit is LevelUnit.PRICE:
        return price
    distance = (price - entry_price) * way
    if distance < 0:
        return None
    return distance if unit is LevelUnit.DISTANCE else (distance / entry_price * _HUNDRED).quantize(_CENT, rounding)


def level_way(kind: OrderKind, position: Position) -> int:
    """Return on which side of the entry a level of this kind is counted: +1 above, -1 below."""
    gains = 1 if position.position_amount > 0 else -1
    return gains if kind.takes_profit else -gains


def _way(draft: ExitDraft, position: Position) -> int:
    return level_way(draft.kind, position)


def _ticket(draft: ExitDraft, position: Position, rules: SymbolRules) -> TicketDraft:
    """Return the draft as an order of the ticket; a level that means no price is left for the ticket to complain of."""
    level = level_price(draft, position, rules)
    whole = snap(abs(position.position_amount), rules.market_step_size or rules.step_size, ROUND_DOWN)
    return TicketDraft(
        kind=draft.kind,
        trigger_text=draft.level_text if level is None else f"{level:f}",
        callback_text=draft.callback_text,
        activation_text=draft.activation_text,
        size_text=f"{whole:f}" if draft.size_text is None else draft.size_text,
        reduce_only=True,
        is_split=draft.closes_whatever_is_there,
        working_type=draft.working_type,
    )


def _in_unit(problem: Problem, draft: ExitDraft, position: Position) -> Problem:
    """Return a problem of the level with its nearest values as the field counts them."""
    if problem.field is not Field.TRIGGER or draft.unit is LevelUnit.PRICE:
        return problem
    way = _way(draft, position)
    told = (level_value(draft.unit, price, way, position.entry_price, ROUND_UP) for price in problem.nearest)
    return replace(problem, nearest=tuple(value for value in told if value))


def _rests_already(draft: ExitDraft, position: Position, side: Side, orders: Sequence[Order]) -> Iterator[Problem]:
    """The venue takes one order of a kind, side and leg that closes whatever is there."""
    if not draft.closes_whatever_is_there:
        return
    kinds = _TARGETS if draft.kind.takes_profit else _STOPS
    for order in orders:
        is_alike = order.close_position and order.side is side and order.order_type in kinds
        if is_alike and (order.symbol, order.position_side) == position.key and not order.status.is_terminal:
            values = (("price", order.trigger_price),)
            yield Problem(Field.FLAGS, "whole_target_rests" if draft.kind.takes_profit else "whole_stop_rests", values)
            return


def _liquidated_before(draft: ExitDraft, position: Position, side: Side, trigger: Decimal | None) -> Iterator[Problem]:
    liquidation = position.liquidation_price
    if draft.kind.takes_profit or trigger is None or not liquidation or (trigger - liquidation) * side.sign < 0:
        return
    yield Problem(Field.TRIGGER, "liquidated_before_stop", (("price", liquidation),), is_warning=True)


def _trailing_trigger(ticket: TicketDraft, facts: TicketFacts, side: Side) -> Decimal | None:
    """Return where a trailing stop would trigger if the price turned now, or where it begins to follow."""
    start, callback = activation_price(ticket) or seen_price(ticket, facts), callback_fraction(ticket)
    if start is None or callback is None:
        return None
    return facts.rules.snap_price(start * (1 + side.sign * callback))


def _result(facts: TicketFacts, position: Position, closes: Decimal, price: Decimal) -> Decimal | None:
    """Return what closing a part at a price brings, the part's opening counted as a taker's."""
    taker, entry = facts.taker_fraction, position.entry_price
    if taker is None or not closes:
        return None
    amount = closes if position.position_amount > 0 else -closes
    return net_pnl(amount, entry, price, closes * entry * taker, taker)


def _intent(draft: ExitDraft, judged: Assessment) -> OrderIntent | None:
    if judged.intent is None or not draft.closes_whatever_is_there:
        return judged.intent
    return replace(judged.intent, quantity=None, reduce_only=False, close_position=True)
