"""When an order by hand is asked about before it is sent or moved, and why (no Qt)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from statistics import median
from typing import TypeAlias

import msgspec

from trader_gui.domain.order import OrderIntent, OrderType
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import AskKind, AskLimits, AskRules, AskWhen
from trader_gui.models.series_lines import LineKind, OrderLine
from trader_gui.models.ticket_records import TicketFacts

GUARD = AskLimits(usual_multiple=Decimal(10), equity_fraction=Decimal(5), mark_fraction=Decimal("0.05"))
"""What is asked about whatever the rules say: a size or price like this is a slip more often than a wish."""

LEAST_SENT = 3
"""So many orders make a size usual."""

_TENTH, _CENT = Decimal("0.1"), Decimal("0.01")


class AskReason(msgspec.Struct, frozen=True):
    """Why an order is asked about: a code of the section `ask`, and the numbers of its sentence."""

    code: str
    values: tuple[tuple[str, Decimal | str], ...] = ()


Reasons: TypeAlias = Callable[[OrderIntent, Decimal | None, TicketFacts], Sequence[AskReason]]
"""Tells why an order that is expected to trade at a price is asked about."""

MoveReasons: TypeAlias = Callable[[OrderLine, OrderLine, SymbolRules, Decimal | None], Sequence[AskReason]]
"""Tells why moving a line of a symbol (as it is, as it would be) at a mark price is asked about."""


class Circumstances(msgspec.Struct, frozen=True):
    """What counts beside the order itself.

    Attributes:
        sent: Sizes of the last orders by hand, base asset.
        is_leverage_changed: The leverage is another one than with the last order.
        is_first_live: Real money, and the first order by hand of the UTC day.
    """

    sent: Sequence[Decimal] = ()
    is_leverage_changed: bool = False
    is_first_live: bool = False


def ask_kind(intent: OrderIntent) -> AskKind:
    """Return whose rules an order goes by: what only closes has its own, whatever its type."""
    if intent.order_type.is_conditional:
        return AskKind.STOP
    if intent.reduce_only:
        return AskKind.CLOSE
    return AskKind.MARKET if intent.order_type is OrderType.MARKET else AskKind.LIMIT


def reasons_to_ask(
    rules: AskRules, intent: OrderIntent, price: Decimal | None, facts: TicketFacts, around: Circumstances
) -> tuple[AskReason, ...]:
    """Return why the order is asked about, () when it is not.

    Args:
        rules: The user's.
        intent: The order.
        price: What it is expected to trade at; None while that is unknown.
        facts: The market and the account.
        around: What counts beside the order.
    """
    reasons = []
    if around.is_leverage_changed and not intent.reduce_only:
        reasons.append(AskReason("leverage_changed", (("leverage", Decimal(facts.leverage or 0)),)))
    if around.is_first_live:
        reasons.append(AskReason("first_live"))
    when = rules.when(ask_kind(intent))
    limits = GUARD if when is AskWhen.NEVER else rules.limits
    reasons += _above(limits, intent, price, facts, around)
    if when is AskWhen.ALWAYS:
        reasons.append(AskReason("always"))
    return tuple(reasons)


def _above(
    limits: AskLimits, intent: OrderIntent, price: Decimal | None, facts: TicketFacts, around: Circumstances
) -> list[AskReason]:
    """Return which limits the order is above; size and worth count for what opens."""
    found = []
    quantity = intent.quantity or Decimal(0)
    if not intent.reduce_only:
        usual = median(around.sent) if len(around.sent) >= LEAST_SENT else None
        if usual and quantity > limits.usual_multiple * usual:
            found.append(AskReason("above_usual", (("times", (quantity / usual).quantize(_TENTH)), ("usual", usual))))
        if price and facts.equity and quantity * price > limits.equity_fraction * facts.equity:
            percent = (quantity * price / facts.equity * 100).quantize(Decimal(1))
            found.append(AskReason("above_equity", (("percent", percent),)))
    return found + _far_from_mark(limits, intent.price or intent.trigger_price, facts.rules, facts.mark_price)


def reasons_to_ask_of_move(
    rules: AskRules, before: OrderLine, after: OrderLine, symbol: SymbolRules, mark: Decimal | None
) -> tuple[AskReason, ...]:
    """Return why moving an order's line is asked about, () when it is not; its size was judged when it was placed.

    Args:
        rules: The user's.
        before: The line as it is.
        after: As it would be.
        symbol: Its symbol.
        mark: Mark price; None while unknown.
    """
    when = rules.drag
    limits = GUARD if when is AskWhen.NEVER else rules.limits
    reasons = _far_from_mark(limits, after.price, symbol, mark)
    loosened = _loosened_by(before, after)
    if loosened > 0 and when is not AskWhen.NEVER:
        reasons.append(AskReason("loosens_stop", (("money", loosened.quantize(_CENT)), ("quote", symbol.quote_asset))))
    if when is AskWhen.ALWAYS:
        reasons.append(AskReason("always"))
    return tuple(reasons)


def _loosened_by(before: OrderLine, after: OrderLine) -> Decimal:
    """Return how much worse a position's stop would be where it is moved to, quote asset; 0 for every other order."""
    if before.kind is not LineKind.STOP or before.money is None or after.money is None:
        return Decimal(0)
    return before.money - after.money


def _far_from_mark(
    limits: AskLimits, price: Decimal | None, symbol: SymbolRules, mark: Decimal | None
) -> list[AskReason]:
    """Return that a price lies too far from the mark price, or nothing."""
    if not price or not mark or abs(price / mark - 1) <= limits.mark_fraction:
        return []
    percent = (abs(price / mark - 1) * 100).quantize(_CENT)
    return [AskReason("far_from_mark", (("percent", percent), ("mark", symbol.snap_price(mark))))]
