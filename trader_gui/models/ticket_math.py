"""What an order would lead to: cost, fees, position, break-even, liquidation price, loss at the stop (no Qt).

Linear contracts, single-asset margin, one-way and hedge mode. Formulas: the venue's articles on liquidation price,
initial margin and order cost, read 2026-11-22. All is `Decimal`; prices are quote per base, quantities base, money
quote asset.
"""

from collections.abc import Sequence
from decimal import Decimal

from trader_gui.domain.account import MarginType, Position
from trader_gui.domain.order import Side, TimeInForce
from trader_gui.exchange.port import LeverageBracket
from trader_gui.models.ticket_prices import stop_price, target_price
from trader_gui.models.ticket_records import Preview, TicketDraft, TicketFacts

_ZERO = Decimal(0)
_MOST_BRACKET_STEPS = 20


def closing_part(position_amount: Decimal, side: Side, quantity: Decimal) -> Decimal:
    """Return how much of an order reduces the position; the rest opens."""
    against = -side.sign * position_amount
    return min(max(against, _ZERO), quantity)


def position_after(
    position_amount: Decimal, entry_price: Decimal, side: Side, quantity: Decimal, price: Decimal
) -> tuple[Decimal, Decimal | None]:
    """Return signed position and entry price after a fill; the entry is None when flat.

    Reducing leaves the entry as it is; what goes through zero opens at `price`.
    """
    after = position_amount + side.sign * quantity
    if not after:
        return after, None
    if closing_part(position_amount, side, quantity):
        return after, entry_price if after * position_amount > 0 else price
    return after, (abs(position_amount) * entry_price + quantity * price) / abs(after)


def order_cost(side: Side, quantity: Decimal, price: Decimal, mark_price: Decimal, leverage: int) -> Decimal:
    """Return the margin that an opening order takes: initial margin and open loss.

    The assumed price is the order's for a buy, and not below the mark price for a sell.
    """
    assumed = price if side is Side.BUY else max(price, mark_price)
    open_loss = quantity * max(_ZERO, -side.sign * (mark_price - assumed))
    return assumed * quantity / leverage + open_loss


def largest_quantity(facts: TicketFacts, side: Side, price: Decimal, taker_fraction: Decimal) -> Decimal | None:
    """Return the largest order that the available balance carries, fee included; None while that is unknown.

    What closes the position needs no margin, so the position's size comes on top for the closing side.
    """
    per_unit = margin_per_unit(facts, side, price, taker_fraction)
    if facts.available_balance is None or per_unit is None:
        return None
    opens = max(facts.available_balance, _ZERO) / per_unit
    return opens + max(-side.sign * facts.position_amount, _ZERO)


def margin_per_unit(facts: TicketFacts, side: Side, price: Decimal, taker_fraction: Decimal) -> Decimal | None:
    """Return what opening one of the base asset takes of the available balance, fee included; None while unknown."""
    if facts.leverage is None:
        return None
    return order_cost(side, Decimal(1), price, facts.mark_price or price, facts.leverage) + price * taker_fraction


def loss_per_unit(side: Side, entry: Decimal, stop: Decimal, entry_fee: Decimal, exit_fee: Decimal) -> Decimal | None:
    """Return what one of the base asset loses from entry to stop, both fees (fractions) counted.

    None when the stop lies on the side where the position gains.
    """
    gross = side.sign * (entry - stop)
    return gross + entry * entry_fee + stop * exit_fee if gross > 0 else None


def entry_fee_fraction(draft: TicketDraft, facts: TicketFacts) -> Decimal | None:
    """Return the fee that the entry has to be counted with: a maker's only where it can be nothing else."""
    return facts.maker_fraction if draft.is_post_only else facts.taker_fraction


def break_even(entry_price: Decimal, position_amount: Decimal, paid: Decimal, fee_fraction: Decimal) -> Decimal:
    """Return the price at which closing, for `fee_fraction` of its notional, also pays for the fees `paid` so far."""
    side = 1 if position_amount > 0 else -1
    return (abs(position_amount) * entry_price + side * paid) / (abs(position_amount) * (1 - side * fee_fraction))


def net_pnl(
    position_amount: Decimal, entry_price: Decimal, exit_price: Decimal, paid: Decimal, fee_fraction: Decimal
) -> Decimal:
    """Return the result of a position that is closed for `fee_fraction`, the fees `paid` so far taken off, too."""
    gross = position_amount * (exit_price - entry_price)
    return gross - paid - abs(position_amount) * exit_price * fee_fraction


def bracket_of(notional: Decimal, brackets: Sequence[LeverageBracket]) -> LeverageBracket:
    """Return the bracket that a notional falls in; the last one for more than all."""
    return next((b for b in brackets if notional <= b.notional_cap), brackets[-1])


def largest_notional(leverage: int, brackets: Sequence[LeverageBracket]) -> Decimal | None:
    """Return the largest position notional at a leverage; None while the brackets are unknown."""
    return max((b.notional_cap for b in brackets if b.max_leverage >= leverage), default=None)


def liquidation_price(
    legs: Sequence[tuple[Decimal, Decimal]],
    wallet: Decimal,
    brackets: Sequence[LeverageBracket],
) -> Decimal | None:
    """Return the mark price at which the margin is used up; 0 when there is none above zero, None when unknown.

    Args:
        legs: (signed amount, entry price) of the symbol's positions that share the wallet; the first gives the start.
        wallet: Cross wallet balance (with what other cross positions add or take), or the isolated wallet.
        brackets: Maintenance brackets, by rising notional; those hold that the notionals at the result lie in.
    """
    if not brackets:
        return None
    price = legs[0][1]
    for _ in range(_MOST_BRACKET_STEPS):
        held = [bracket_of(abs(amount) * price, brackets) for amount, _ in legs]
        upper, slope = wallet, _ZERO
        for (amount, entry_price), bracket in zip(legs, held, strict=True):
            upper += bracket.maintenance_amount - amount * entry_price
            slope += abs(amount) * bracket.maintenance_margin_fraction - amount
        price = upper / slope if slope else _ZERO
        if price <= 0:
            return _ZERO
        if all(bracket_of(abs(a) * price, brackets) is b for (a, _), b in zip(legs, held, strict=True)):
            return price
    return None


def wallet_after(facts: TicketFacts, side: Side, quantity: Decimal, price: Decimal) -> Decimal | None:
    """Return the wallet that would carry the position after the order: cross wallet less fee and result, or isolated.

    None when it cannot be told: margin type or wallet unknown, or other cross positions share the wallet.
    """
    closes = closing_part(facts.position_amount, side, quantity)
    opens = quantity - closes
    if facts.margin_type is MarginType.ISOLATED:
        return _isolated_after(facts, closes, opens * price)
    if facts.cross_wallet_balance is None or facts.other_cross_pnl is None or facts.taker_fraction is None:
        return None
    realized = _ZERO
    if facts.position is not None:
        realized = -side.sign * closes * (price - facts.position.entry_price)
    fee = quantity * price * facts.taker_fraction
    return facts.cross_wallet_balance + facts.other_cross_pnl + realized - fee


def _isolated_after(facts: TicketFacts, closes: Decimal, opening_notional: Decimal) -> Decimal | None:
    if facts.leverage is None:
        return None
    kept = _ZERO
    if facts.position is not None:
        size = abs(facts.position.position_amount)
        kept = facts.position.isolated_wallet * (size - closes) / size
    return kept + opening_notional / facts.leverage


def available_balance(
    cross_wallet: Decimal,
    positions: Sequence[Position],
    marks: dict[str, Decimal],
    leverages: dict[str, int],
    order_margin: Decimal,
) -> Decimal | None:
    """Return what is free for new orders; None when a position's mark or leverage is not known.

    Cross wallet + unrealised PnL of cross positions - initial margin of cross positions - margin of open orders.
    """
    free = cross_wallet - order_margin
    for position in positions:
        if position.margin_type is MarginType.ISOLATED:
            continue
        mark, leverage = marks.get(position.symbol), leverages.get(position.symbol)
        if mark is None or not leverage:
            return None
        free += position.position_amount * (mark - position.entry_price)
        free -= abs(position.position_amount) * mark / leverage
    return max(free, _ZERO)


def make_preview(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal, price: Decimal) -> Preview:
    """Return what the order would lead to; what is not known stays None."""
    facts = facts.on_leg(side, reduces=draft.reduce_only)
    amount = facts.position_amount
    entry = facts.position.entry_price if facts.position else _ZERO
    after, entry_after = position_after(amount, entry, side, quantity, price)
    closes = closing_part(amount, side, quantity)
    taker = facts.taker_fraction
    paid = _fees_paid(draft, facts, side, quantity, price)
    stop, target = _exits(draft, facts, side, price, after)

    def result_at(exit_price: Decimal | None) -> Decimal | None:
        if exit_price is None or entry_after is None or paid is None or taker is None:
            return None
        return net_pnl(after, entry_after, exit_price, paid, taker)

    loss, gain = result_at(stop), result_at(target)
    even = None
    if entry_after is not None and paid is not None and taker is not None:
        even = break_even(entry_after, after, paid, taker)
    notional = quantity * price
    return Preview(
        notional=notional,
        cost=_cost(facts, side, quantity - closes, price),
        fee_maker=notional * facts.maker_fraction if may_make(draft) and facts.maker_fraction is not None else None,
        fee_taker=notional * taker if taker is not None and not draft.is_post_only else None,
        position_after=after,
        entry_after=entry_after,
        break_even=even,
        liquidation_price=_liquidation_after(facts, side, quantity, price, after, entry_after),
        stop_price=stop,
        loss_at_stop=loss,
        loss_fraction=loss / facts.equity if loss is not None and facts.equity else None,
        gain_at_target=gain,
        gain_in_r=gain / -loss if gain is not None and loss is not None and loss < 0 else None,
        closing_pnl=_closing_pnl(draft, facts, side, closes, price),
    )


def may_make(draft: TicketDraft) -> bool:
    """Tell whether the order can rest in the book, and pay a maker's fee."""
    may_rest = draft.post_only or draft.time_in_force in (TimeInForce.GTC, TimeInForce.GTD)
    return draft.kind.has_limit and may_rest


def _fees_paid(draft: TicketDraft, facts: TicketFacts, side: Side, quantity: Decimal, price: Decimal) -> Decimal | None:
    """Return what the position after the order has cost in fees: what is kept counts as opened by a taker."""
    entry_fee, taker = entry_fee_fraction(draft, facts), facts.taker_fraction
    if entry_fee is None or taker is None:
        return None
    closes = closing_part(facts.position_amount, side, quantity)
    kept = abs(facts.position_amount) - closes
    entry = facts.position.entry_price if facts.position else _ZERO
    return kept * entry * taker + (quantity - closes) * price * entry_fee


def _closing_pnl(draft: TicketDraft, facts: TicketFacts, side: Side, closes: Decimal, price: Decimal) -> Decimal | None:
    fee, taker = entry_fee_fraction(draft, facts), facts.taker_fraction
    if not closes or fee is None or taker is None or facts.position is None:
        return None
    entry = facts.position.entry_price
    return net_pnl(-side.sign * closes, entry, price, closes * entry * taker, fee)


def _exits(
    draft: TicketDraft, facts: TicketFacts, side: Side, price: Decimal, after: Decimal
) -> tuple[Decimal | None, Decimal | None]:
    """Return (stop, target) of the position after: the ticket's own where it opens, else the stop that rests."""
    if draft.reduce_only or side.sign * after <= 0:
        return _resting_stop(facts, after), None
    stop = stop_price(draft, side, price, facts.rules)
    return stop or _resting_stop(facts, after), target_price(draft, side, price, facts.rules)


def _cost(facts: TicketFacts, side: Side, opens: Decimal, price: Decimal) -> Decimal | None:
    if not opens:
        return _ZERO
    if facts.leverage is None:
        return None
    return order_cost(side, opens, price, facts.mark_price or price, facts.leverage)


def _liquidation_after(
    facts: TicketFacts, side: Side, quantity: Decimal, price: Decimal, after: Decimal, entry_after: Decimal | None
) -> Decimal | None:
    if entry_after is None:
        return None
    wallet = wallet_after(facts, side, quantity, price)
    if wallet is None:
        return None
    legs = [(after, entry_after)]
    if facts.margin_type is MarginType.CROSSED:
        legs += [(leg.position_amount, leg.entry_price) for leg in facts.other_legs]
    return liquidation_price(legs, wallet, facts.brackets)


def _resting_stop(facts: TicketFacts, after: Decimal) -> Decimal | None:
    """Return the trigger that is reached first among the stops that would close all of the position after."""
    if not after:
        return None
    triggers = [
        stop.trigger_price
        for stop in facts.stops
        if stop.side.sign * after < 0 and (stop.quantity is None or stop.quantity >= abs(after))
    ]
    return (max(triggers) if after > 0 else min(triggers)) if triggers else None
