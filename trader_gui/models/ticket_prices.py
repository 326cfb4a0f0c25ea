"""The prices of a ticket: those typed, what the order is expected to trade at, and where its exits lie (no Qt)."""

from decimal import Decimal

from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import Side
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import ExitText, ExitUnit, OrderKind
from trader_gui.models.ticket_input import parse_number
from trader_gui.models.ticket_records import TicketDraft, TicketFacts


def positive(text: str) -> Decimal | None:
    """Return the number that a text means, None when it is none, or not above zero."""
    value = parse_number(text)
    return value or None


def limit_price(draft: TicketDraft) -> Decimal | None:
    """Return the limit price as typed; None for kinds without one, and where the venue finds it."""
    return positive(draft.price_text) if draft.kind.has_limit and draft.price_match is None else None


def trigger_price(draft: TicketDraft) -> Decimal | None:
    """Return the trigger price as typed, None for kinds without one."""
    return positive(draft.trigger_text) if draft.kind.has_trigger else None


def activation_price(draft: TicketDraft) -> Decimal | None:
    """Return a trailing stop's activation price as typed; None is at once."""
    return positive(draft.activation_text) if draft.kind is OrderKind.TRAILING else None


def callback_fraction(draft: TicketDraft) -> Decimal | None:
    """Return how far a trailing stop follows, as a fraction."""
    percent = positive(draft.callback_text) if draft.kind is OrderKind.TRAILING else None
    return percent / 100 if percent is not None else None


def expected_price(draft: TicketDraft, facts: TicketFacts, side: Side) -> Decimal | None:
    """Return what the order is expected to trade at: its limit, else its trigger, else the market.

    A price match is taken at the best price of the side it names, whatever level it names.
    """
    if draft.kind is OrderKind.TRAILING:
        return activation_price(draft) or market_price(facts, side)
    if draft.kind.has_limit and draft.price_match is None:
        return limit_price(draft)
    if draft.kind.has_trigger:
        return trigger_price(draft)
    if draft.price_match is not None and draft.kind.has_limit and draft.price_match.value.startswith("QUEUE"):
        return market_price(facts, side.opposite)
    return market_price(facts, side)


def market_price(facts: TicketFacts, side: Side) -> Decimal | None:
    """Return the best price that an order of this side would find."""
    return facts.best_ask if side is Side.BUY else facts.best_bid


def seen_price(draft: TicketDraft, facts: TicketFacts) -> Decimal | None:
    """Return the price that triggers look at: the last one or the mark price."""
    return facts.mark_price if draft.working_type.value == "MARK_PRICE" else facts.last_price


def stop_price(draft: TicketDraft, side: Side, entry: Decimal | None, rules: SymbolRules) -> Decimal | None:
    """Return where the ticket's stop would lie for an entry at `entry`."""
    return _exit_price(draft.stop, -side.sign, entry, rules)


def target_price(draft: TicketDraft, side: Side, entry: Decimal | None, rules: SymbolRules) -> Decimal | None:
    """Return where the ticket's target would lie for an entry at `entry`."""
    return _exit_price(draft.target, side.sign, entry, rules)


def exit_level(exit_text: ExitText) -> ExitLevel | None:
    """Return a stop or target as it is handed on; None when there is none."""
    value = positive(exit_text.text)
    if value is None:
        return None
    return ExitLevel(price=value) if exit_text.unit is ExitUnit.PRICE else ExitLevel(distance=value)


def _exit_price(exit_text: ExitText, way: int, entry: Decimal | None, rules: SymbolRules) -> Decimal | None:
    value = positive(exit_text.text)
    if value is None or exit_text.unit is ExitUnit.PRICE:
        return value
    if entry is None:
        return None
    price = rules.snap_price(entry + way * value)
    return price if price > 0 else None
