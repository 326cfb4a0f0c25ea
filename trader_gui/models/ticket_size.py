"""Sizes of the order ticket: what a number in each unit comes to in base asset, and back (no Qt)."""

from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import NamedTuple

from trader_gui.domain.order import Side
from trader_gui.domain.symbol import snap
from trader_gui.domain.ticket import SizeUnit
from trader_gui.models.ticket_input import parse_number
from trader_gui.models.ticket_math import entry_fee_fraction, loss_per_unit, margin_per_unit
from trader_gui.models.ticket_prices import expected_price, stop_price
from trader_gui.models.ticket_records import TicketDraft, TicketFacts

_MOST_DECIMALS = 8
_ZERO, _HUNDRED = Decimal(0), Decimal(100)


class UnitRate(NamedTuple):
    """What a unit counts: `units` of it are `base` of the base asset."""

    base: Decimal
    units: Decimal

    def quantity(self, value: Decimal) -> Decimal:
        """Return the base asset that a number of units is, not rounded."""
        return value * self.base / self.units

    def value(self, quantity: Decimal, step_size: Decimal) -> Decimal | None:
        """Return a size counted in the unit so that it rounds down to the same size again, None when none does.

        It is rounded up at the fewest decimals, two or more, that keep the size.
        """
        if not self.base:
            return None
        exact = quantity * self.units / self.base
        for decimals in range(2, _MOST_DECIMALS + 1):
            value = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_UP)
            if snap(self.quantity(value), step_size, ROUND_DOWN) == quantity:
                return value
        return None


def size_step(draft: TicketDraft, facts: TicketFacts) -> Decimal:
    """Return the step of a size; orders at market have their own."""
    rules = facts.rules
    return rules.market_step_size or rules.step_size if draft.is_market else rules.step_size


def sizing_price(draft: TicketDraft, facts: TicketFacts) -> Decimal | None:
    """Return the one price that turns quote asset into size for both sides; at market the higher of the two."""
    return expected_price(draft, facts, Side.BUY)


def order_quantity(draft: TicketDraft, facts: TicketFacts, side: Side) -> Decimal | None:
    """Return the size that would be sent: base sizes stay as typed, all others are rounded down to the step."""
    value = parse_number(draft.size_text)
    if value is None or draft.size_unit is SizeUnit.BASE:
        return value
    rate = size_rate(draft, facts, side)
    return None if rate is None else snap(rate.quantity(value), size_step(draft, facts), ROUND_DOWN)


def in_unit(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal) -> Decimal | None:
    """Return a size counted in the draft's unit, None when it cannot be told in it."""
    if draft.size_unit is SizeUnit.BASE:
        return quantity
    rate = size_rate(draft, facts, side)
    return None if rate is None else rate.value(quantity, size_step(draft, facts))


def size_rate(draft: TicketDraft, facts: TicketFacts, side: Side) -> UnitRate | None:
    """Return what the draft's unit counts for an order of this side; None while it cannot be told."""
    facts = facts.on_leg(side, reduces=draft.reduce_only)
    if draft.size_unit is SizeUnit.BASE:
        return UnitRate(Decimal(1), Decimal(1))
    if draft.size_unit is SizeUnit.PERCENT and draft.reduce_only:
        return UnitRate(abs(facts.position_amount), _HUNDRED)
    if draft.size_unit is SizeUnit.QUOTE:
        price = sizing_price(draft, facts)
        return UnitRate(Decimal(1), price) if price else None
    price = expected_price(draft, facts, side)
    if not price:
        return None
    if draft.size_unit is SizeUnit.PERCENT:
        return _of_available(facts, side, price)
    return _of_risk(draft, facts, side, price)


def _of_available(facts: TicketFacts, side: Side, price: Decimal) -> UnitRate | None:
    """All of it is what margin and fee of an opening order may take."""
    per_unit = margin_per_unit(facts, side, price, facts.taker_fraction or _ZERO)
    if per_unit is None or facts.available_balance is None:
        return None
    return UnitRate(max(facts.available_balance, _ZERO), _HUNDRED * per_unit)


def _of_risk(draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal) -> UnitRate | None:
    stop, entry_fee = stop_price(draft, side, price, facts.rules), entry_fee_fraction(draft, facts)
    if stop is None or entry_fee is None or facts.taker_fraction is None:
        return None
    loss = loss_per_unit(side, price, stop, entry_fee, facts.taker_fraction)
    if loss is None:
        return None
    if draft.size_unit is SizeUnit.RISK:
        return UnitRate(Decimal(1), loss)
    if facts.equity is None or facts.equity <= 0:
        return None
    return UnitRate(facts.equity, _HUNDRED * loss)
