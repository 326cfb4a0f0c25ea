"""Margin added to an isolated position, or taken away: how much can be, and what it does to the liquidation (no Qt).

What may be taken away is what is left above the initial margin at the mark price, the unrealised result counted. The
venue counts at its own mark price of that moment, and has the last word.
"""

from decimal import ROUND_DOWN, Decimal

import msgspec

from trader_gui.domain.account import Position
from trader_gui.models.ticket_input import parse_number
from trader_gui.models.ticket_math import liquidation_price
from trader_gui.models.ticket_records import Field, Problem, TicketFacts

_ZERO = Decimal(0)
_CENT, _SMALLEST = Decimal("0.01"), Decimal("0.00000001")


class MarginMove(msgspec.Struct, frozen=True):
    """What was typed, judged; None is unknown. Money in the margin asset.

    Attributes:
        amount: To be moved, > 0; None while there is any error.
        most: That can be moved this way, rounded down to cents.
        margin_now, margin_after: Of the position.
        liquidation_now, liquidation_after: 0 when no price liquidates.
        problems: Of the amount.
    """

    amount: Decimal | None
    most: Decimal | None
    margin_now: Decimal
    margin_after: Decimal | None
    liquidation_now: Decimal | None
    liquidation_after: Decimal | None
    problems: tuple[Problem, ...]


def assess_margin(text: str, facts: TicketFacts, *, adds: bool) -> MarginMove:
    """Judge an amount for the position of `facts` (see `TicketFacts.for_closing`).

    Args:
        text: As typed.
        facts: They have a position.
        adds: Whether it is added, or taken away.

    Raises:
        ValueError: There is no position.
    """
    position = facts.position
    if position is None:
        raise ValueError("there is no position whose margin could be changed")
    most = _addable(facts) if adds else _removable(position, facts)
    problems = _problems(text, most, adds=adds)
    amount = None if problems else parse_number(text)
    margin = position.isolated_wallet
    after = None if amount is None else margin + (amount if adds else -amount)
    return MarginMove(
        amount=amount,
        most=most,
        margin_now=margin,
        margin_after=after,
        liquidation_now=position.liquidation_price or _liquidation(position, margin, facts),
        liquidation_after=None if after is None else _liquidation(position, after, facts),
        problems=problems,
    )


def _problems(text: str, most: Decimal | None, *, adds: bool) -> tuple[Problem, ...]:
    if not text.strip():
        return (Problem(Field.SIZE, "missing_amount", is_silent=True),)
    value = parse_number(text)
    if value is None:
        return (Problem(Field.SIZE, "not_a_number"),)
    if value <= 0:
        return (Problem(Field.SIZE, "not_positive"),)
    if value % _SMALLEST:
        return (Problem(Field.SIZE, "margin_too_precise", (), (value.quantize(_SMALLEST, ROUND_DOWN),)),)
    if most is not None and value > most:
        nearest = (most,) if most > 0 else ()
        return (Problem(Field.SIZE, "margin_above_available" if adds else "margin_above_removable", (), nearest),)
    return ()


def _addable(facts: TicketFacts) -> Decimal | None:
    available = facts.available_balance
    return None if available is None else max(available, _ZERO).quantize(_CENT, ROUND_DOWN)


def _removable(position: Position, facts: TicketFacts) -> Decimal | None:
    mark = facts.mark_price
    if mark is None or not position.leverage:
        return None
    unrealized = position.position_amount * (mark - position.entry_price)
    initial = abs(position.position_amount) * mark / position.leverage
    spare = min(position.isolated_wallet, position.isolated_wallet + unrealized - initial)
    return max(spare, _ZERO).quantize(_CENT, ROUND_DOWN)


def _liquidation(position: Position, wallet: Decimal, facts: TicketFacts) -> Decimal | None:
    return liquidation_price([(position.position_amount, position.entry_price)], wallet, facts.brackets)
