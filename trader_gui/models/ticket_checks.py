"""Judges the order ticket before anything is sent: what is wrong, what would be right, and the order itself (no Qt).

The risk gate and the venue judge again; this only spares the user a refusal, and says why while there is time.
"""

from decimal import ROUND_DOWN, Decimal

from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.order import OrderIntent, Origin, Purpose, Side, TimeInForce, WorkingType
from trader_gui.domain.symbol import snap
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.ticket_exit_checks import exit_problems, outlook_problems
from trader_gui.models.ticket_math import make_preview
from trader_gui.models.ticket_price_checks import price_problems
from trader_gui.models.ticket_prices import (
    activation_price,
    callback_fraction,
    exit_level,
    expected_price,
    limit_price,
    stop_price,
    target_price,
    trigger_price,
)
from trader_gui.models.ticket_records import Assessment, Preview, TicketDraft, TicketFacts
from trader_gui.models.ticket_size import order_quantity, size_step
from trader_gui.models.ticket_size_checks import size_problems


def assess(draft: TicketDraft, facts: TicketFacts, side: Side) -> Assessment:
    """Judge one side of the ticket; every problem is found at once, not only the first."""
    facts = facts.on_leg(side, reduces=draft.reduce_only)
    price = expected_price(draft, facts, side)
    quantity = order_quantity(draft, facts, side)
    problems = list(price_problems(draft, facts, side))
    is_priced = all(p.is_warning for p in problems)
    problems += size_problems(draft, facts, side, price, quantity)
    problems += exit_problems(draft, facts, side, price if is_priced else None)
    has_error = any(not p.is_warning for p in problems)
    hold = hold_code(draft, facts, side)
    preview = None
    if not has_error and quantity and price:
        preview = make_preview(draft, facts, side, quantity, price)
        problems += outlook_problems(draft, facts, side, preview)
    ready = not has_error and not hold and quantity is not None
    intent = _make_intent(draft, facts, side, quantity) if ready and quantity is not None else None
    return Assessment(
        side=side,
        quantity=quantity,
        price=price,
        problems=tuple(problems),
        preview=preview,
        hold=hold,
        intent=intent,
        stop_price=None if draft.reduce_only else stop_price(draft, side, price, facts.rules),
        target_price=None if draft.reduce_only else target_price(draft, side, price, facts.rules),
        bracket=_make_bracket(draft, intent, preview),
    )


def hold_code(draft: TicketDraft, facts: TicketFacts, side: Side) -> str:
    """Return what sending waits for, "" for nothing. A stale feed holds what opens, never what only closes."""
    if not facts.is_running:
        return "not_running"
    bar = _symbol_bar(draft, facts)
    if bar:
        return bar
    if any(_bars(undecided, draft, facts, side) for undecided in facts.undecided):
        return "undecided"
    if not facts.is_account_known:
        return "account_unknown"
    has_price = draft.kind is not OrderKind.MARKET or expected_price(draft, facts, side) is not None
    if not draft.reduce_only and not (facts.feed_is_live and has_price):
        return "stale_feed"
    return ""


def _symbol_bar(draft: TicketDraft, facts: TicketFacts) -> str:
    """Return why nothing can be sent on this symbol, whatever the market does."""
    if facts.rules.is_unknown:
        return "unknown_rules"
    if facts.rules.status != "TRADING":
        return "not_trading"
    if facts.unlimited_asset and not draft.reduce_only:
        return "limit_of_other_asset"
    return ""


def _bars(undecided: tuple[Purpose, Side], draft: TicketDraft, facts: TicketFacts, side: Side) -> bool:
    """Tell whether an undecided order holds this one; in hedge mode exits of the other leg do not."""
    purpose, its_side = undecided
    is_other_leg = facts.is_hedge and draft.reduce_only and its_side is not side
    return purpose is draft.purpose and not is_other_leg


def _make_intent(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal) -> OrderIntent:
    rules, kind = facts.rules, draft.kind
    limit, trigger, activation = limit_price(draft), trigger_price(draft), activation_price(draft)
    force = _time_in_force(draft)
    return OrderIntent(
        symbol=rules.symbol,
        side=side,
        order_type=kind.order_type,
        purpose=draft.purpose,
        origin=Origin.HAND,
        reason="by_hand",
        wanted_time_ms=facts.now_ms,
        quantity=snap(quantity, size_step(draft, facts), ROUND_DOWN),
        price=rules.snap_price(limit) if limit is not None else None,
        trigger_price=rules.snap_price(trigger) if trigger is not None else None,
        time_in_force=force,
        reduce_only=draft.reduce_only,
        working_type=draft.working_type if kind.is_conditional else WorkingType.CONTRACT_PRICE,
        good_till_ms=draft.good_till_ms if force is TimeInForce.GTD else None,
        price_match=draft.price_match if kind.has_limit else None,
        price_protect=kind.is_conditional and draft.price_protect,
        callback_fraction=callback_fraction(draft),
        activation_price=rules.snap_price(activation) if activation is not None else None,
    )


def _time_in_force(draft: TicketDraft) -> TimeInForce | None:
    if not draft.kind.has_limit:
        return None
    return TimeInForce.GTX if draft.post_only else draft.time_in_force


def _make_bracket(draft: TicketDraft, intent: OrderIntent | None, preview: Preview | None) -> BracketWish | None:
    """Return the order with its exits; one that only closes, by its flag or by its size, has none."""
    if intent is None or preview is None or draft.reduce_only or intent.side.sign * preview.position_after <= 0:
        return None
    stop, target = exit_level(draft.stop), exit_level(draft.target)
    return None if stop is target is None else BracketWish(intent, stop, target)
