"""A part of a position closed at market, as the ticket judges it (no Qt)."""

from decimal import ROUND_DOWN, ROUND_UP, Decimal

from trader_gui.domain.order import Side
from trader_gui.domain.symbol import snap
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_records import Assessment, TicketDraft, TicketFacts


def part_quantity(facts: TicketFacts, percent: int) -> Decimal:
    """Return a part of a position, base asset, rounded up to the step, so that nothing too small to sell stays behind.

    What no order can carry, a rest below the step, is left out.
    """
    step = facts.rules.market_step_size or facts.rules.step_size
    held = abs(facts.position_amount)
    return min(snap(held, step, ROUND_DOWN), snap(held * percent / 100, step, ROUND_UP))


def close_part(facts: TicketFacts, percent: int) -> Assessment:
    """Judge the market order that closes a part of the position of `facts`."""
    side = Side.SELL if facts.position_amount > 0 else Side.BUY
    size = f"{part_quantity(facts, percent):f}"
    return assess(TicketDraft(kind=OrderKind.MARKET, size_text=size, reduce_only=True, is_split=True), facts, side)
