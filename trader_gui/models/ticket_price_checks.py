"""What is wrong with the prices, flags and times of the order ticket, and the nearest right values (no Qt)."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from trader_gui.domain.order import Side, TimeInForce
from trader_gui.domain.symbol import is_multiple, snap
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.ticket_input import parse_number
from trader_gui.models.ticket_prices import limit_price, market_price, seen_price, trigger_price
from trader_gui.models.ticket_records import Field, Problem, TicketDraft, TicketFacts
from trader_gui.risk.order_kinds import CALLBACK_STEP, GOOD_TILL_LEAD_MS, LEAST_CALLBACK, MOST_CALLBACK

FAR_FRACTION = Decimal("0.01")
"""A limit this far through the market is warned of (1 %)."""

_BAND_CODES = {
    (Side.BUY, False): "above_mark_band",
    (Side.SELL, False): "below_mark_band",
    (Side.BUY, True): "above_trigger_band",
    (Side.SELL, True): "below_trigger_band",
}
_TRIGGER_CODES = {
    (Side.BUY, False): "buy_stop_above",
    (Side.SELL, False): "sell_stop_below",
    (Side.BUY, True): "buy_target_below",
    (Side.SELL, True): "sell_target_above",
}
_CENT = Decimal("0.01")
_MINUTE_MS = 60_000


def price_problems(draft: TicketDraft, facts: TicketFacts, side: Side) -> Iterator[Problem]:
    """Yield what is wrong, at most one problem of each field: the later checks need the earlier ones."""
    kind = draft.kind
    if kind.has_trigger:
        yield from _first(_trigger_problems(draft, facts, side))
    if kind is OrderKind.TRAILING:
        yield from _callback_problems(draft)
        yield from _first(_activation_problems(draft, facts, side))
    if kind.has_limit and draft.price_match is None:
        yield from _first(_limit_problems(draft, facts, side))
    if kind.has_limit:
        yield from _match_problems(draft)
        yield from _end_problems(draft, facts)


def _first(problems: Iterator[Problem]) -> Iterator[Problem]:
    first = next(problems, None)
    if first is not None:
        yield first


def _price_text_problems(field: Field, text: str, missing: str, facts: TicketFacts) -> Iterator[Problem]:
    """Yield what no price may be: empty, no number, off the tick, out of the symbol's range."""
    if not text.strip():
        yield Problem(field, missing, is_silent=True)
        return
    price = parse_number(text)
    if price is None:
        yield Problem(field, "not_a_number")
        return
    if price <= 0:
        yield Problem(field, "not_positive")
        return
    rules, tick = facts.rules, facts.rules.tick_size
    if not is_multiple(price, tick):
        both = (snap(price, tick, ROUND_DOWN), snap(price, tick, ROUND_UP))
        yield Problem(field, "off_tick", (("tick", tick.normalize()),), tuple(p for p in both if p > 0))
    if rules.min_price and price < rules.min_price:
        nearest = rules.snap_price(rules.min_price, ROUND_UP)
        yield Problem(field, "below_min_price", (("limit", nearest),), (nearest,))
    if rules.max_price and price > rules.max_price:
        nearest = rules.snap_price(rules.max_price, ROUND_DOWN)
        yield Problem(field, "above_max_price", (("limit", nearest),), (nearest,))


# ---- limit --------------------------------------------------------------------------------------------------------


def _limit_problems(draft: TicketDraft, facts: TicketFacts, side: Side) -> Iterator[Problem]:
    yield from _price_text_problems(Field.PRICE, draft.price_text, "missing_price", facts)
    price = limit_price(draft)
    if price is None:
        return
    yield from _outside_band(draft, facts, side, price)
    if draft.kind is OrderKind.LIMIT:
        yield from _would_take(draft, facts, side, price)
        yield from _far_through_market(facts, side, price)
    else:
        yield from _limit_short_of_trigger(draft, side, price)


def _outside_band(draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal) -> Iterator[Problem]:
    """PERCENT_PRICE: a buy not too far above the mark price or its trigger, a sell not too far below."""
    rules, trigger = facts.rules, trigger_price(draft)
    reference = trigger if draft.kind.is_conditional else facts.mark_price
    if reference is None:
        return
    code = _BAND_CODES[side, draft.kind.is_conditional]
    if side is Side.BUY and rules.percent_up and price > reference * rules.percent_up:
        nearest = rules.snap_price(reference * rules.percent_up, ROUND_DOWN)
        yield Problem(Field.PRICE, code, (("limit", nearest),), (nearest,))
    if side is Side.SELL and rules.percent_down and price < reference * rules.percent_down:
        nearest = rules.snap_price(reference * rules.percent_down, ROUND_UP)
        yield Problem(Field.PRICE, code, (("limit", nearest),), (nearest,))


def _would_take(draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal) -> Iterator[Problem]:
    """A post-only order must not take; one that must fill at once cannot rest."""
    other, rules = market_price(facts, side), facts.rules
    if other is None:
        return
    takes = (other - price) * side.sign <= 0
    if takes and draft.post_only:
        nearest = rules.snap_price(other - side.sign * rules.tick_size)
        yield Problem(Field.PRICE, "post_only_would_take", (("price", other),), (nearest,))
    if not takes and not draft.post_only and draft.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        values = (("force", draft.time_in_force.value), ("price", other))
        yield Problem(Field.PRICE, "nothing_to_take", values, (other,), is_warning=True)


def _far_through_market(facts: TicketFacts, side: Side, price: Decimal) -> Iterator[Problem]:
    other = market_price(facts, side)
    if not other or (price / other - 1) * side.sign <= FAR_FRACTION:
        return
    through = ((price / other - 1) * side.sign * 100).quantize(_CENT)
    code = "far_above_ask" if side is Side.BUY else "far_below_bid"
    yield Problem(Field.PRICE, code, (("percent", through), ("price", other)), (other,), is_warning=True)


def _limit_short_of_trigger(draft: TicketDraft, side: Side, price: Decimal) -> Iterator[Problem]:
    """A stop's limit on the near side of its trigger may be left behind by the market, and fill nothing."""
    trigger = trigger_price(draft)
    if trigger is None or draft.kind.takes_profit or (price - trigger) * side.sign >= 0:
        return
    yield Problem(Field.PRICE, "limit_short_of_trigger", (), (trigger,), is_warning=True)


def _match_problems(draft: TicketDraft) -> Iterator[Problem]:
    if draft.price_match is None:
        return
    is_queue = draft.price_match.value.startswith("QUEUE")
    if draft.post_only and not is_queue:
        yield Problem(Field.FLAGS, "post_only_opponent")
    if is_queue and not draft.post_only and draft.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        yield Problem(Field.FLAGS, "queue_at_once", (("force", draft.time_in_force.value),))


def _end_problems(draft: TicketDraft, facts: TicketFacts) -> Iterator[Problem]:
    """A GTD order lives at least ten minutes, and ends on a whole second."""
    if draft.post_only or draft.time_in_force is not TimeInForce.GTD:
        return
    if draft.good_till_ms is None:
        yield Problem(Field.END, "missing_end", is_silent=True)
    elif draft.good_till_ms <= facts.now_ms + GOOD_TILL_LEAD_MS:
        nearest = (facts.now_ms + GOOD_TILL_LEAD_MS) // _MINUTE_MS * _MINUTE_MS + 2 * _MINUTE_MS
        yield Problem(Field.END, "end_too_soon", (), (Decimal(nearest),))


# ---- trigger ------------------------------------------------------------------------------------------------------


def _trigger_problems(draft: TicketDraft, facts: TicketFacts, side: Side) -> Iterator[Problem]:
    yield from _price_text_problems(Field.TRIGGER, draft.trigger_text, "missing_trigger", facts)
    price, seen = trigger_price(draft), seen_price(draft, facts)
    if price is None or seen is None:
        return
    way = -side.sign if draft.kind.takes_profit else side.sign
    code = _TRIGGER_CODES[side, draft.kind.takes_profit]
    yield from _wrong_side(Field.TRIGGER, code, facts, way, price, seen)


def _wrong_side(
    field: Field, code: str, facts: TicketFacts, way: int, price: Decimal, seen: Decimal
) -> Iterator[Problem]:
    """A price that is waited for lies beyond the market: above it with `way` +1, below it with -1."""
    if (price - seen) * way > 0:
        return
    rules = facts.rules
    beyond = rules.snap_price(seen, ROUND_DOWN if way > 0 else ROUND_UP) + way * rules.tick_size
    nearest = rules.snap_price(beyond)
    values = (("price", rules.snap_price(seen)),)
    yield Problem(field, code, values, (nearest,) if nearest > 0 else ())


def _callback_problems(draft: TicketDraft) -> Iterator[Problem]:
    if not draft.callback_text.strip():
        yield Problem(Field.CALLBACK, "missing_callback", is_silent=True)
        return
    percent = parse_number(draft.callback_text)
    if percent is None:
        yield Problem(Field.CALLBACK, "not_a_number")
        return
    least, most, step = LEAST_CALLBACK * 100, MOST_CALLBACK * 100, CALLBACK_STEP * 100
    if not least <= percent <= most or not is_multiple(percent, step):
        both = {min(max(snap(percent, step, way), least), most) for way in (ROUND_DOWN, ROUND_UP)}
        nearest = tuple(sorted(snap(p, step, ROUND_DOWN) for p in both))
        yield Problem(Field.CALLBACK, "callback_out_of_range", (), nearest)


def _activation_problems(draft: TicketDraft, facts: TicketFacts, side: Side) -> Iterator[Problem]:
    """An activation price may be left out; given, it lies where the market is not yet."""
    if not draft.activation_text.strip():
        return
    yield from _price_text_problems(Field.ACTIVATION, draft.activation_text, "", facts)
    price, seen = parse_number(draft.activation_text), seen_price(draft, facts)
    if price is None or seen is None:
        return
    code = "buy_activation_below" if side is Side.BUY else "sell_activation_above"
    yield from _wrong_side(Field.ACTIVATION, code, facts, -side.sign, price, seen)
