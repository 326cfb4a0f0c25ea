"""What an order would lead to: cost, fees, position, break-even, liquidation price, loss at the stop (no Qt).

Linear contracts, single-asset margin; of two legs each is reckoned by itself. Formulas: the venue's articles on
liquidation price, initial margin and order cost, read 2026-11-22. All is `Decimal`; prices are quote per base,
quantities base, money quote asset.
"""

from collections.abc import Sequence
from decimal import Decimal

from trader_gui.domain.account import MarginType, Position
from trader_gui.domain.order import Side
from trader_gui.exchange.port import LeverageBracket
from trader_gui.models.ticket_records import OrderKind, Preview, TicketDraft, TicketFacts

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
    if facts.available_balance is None or facts.leverage is None:
        return None
    mark = facts.mark_price or price
    per_unit = order_cost(side, Decimal(1), price, mark, facts.leverage) + price * taker_fraction
    opens = max(facts.available_balance, _ZERO) / per_unit
    return opens + max(-side.sign * facts.position_amount, _ZERO)


def break_even(entry_price: Decimal, position_amount: Decimal, fee_fraction: Decimal) -> Decimal:
    """Return the price at which closing pays for both fees, each `fee_fraction` of its notional."""
    if position_amount > 0:
        return entry_price * (1 + fee_fraction) / (1 - fee_fraction)
    return entry_price * (1 - fee_fraction) / (1 + fee_fraction)


def net_pnl(position_amount: Decimal, entry_price: Decimal, exit_price: Decimal, fee_fraction: Decimal) -> Decimal:
    """Return the result of a round trip with both fees taken off."""
    gross = position_amount * (exit_price - entry_price)
    return gross - abs(position_amount) * (entry_price + exit_price) * fee_fraction


def bracket_of(notional: Decimal, brackets: Sequence[LeverageBracket]) -> LeverageBracket:
    """Return the bracket that a notional falls in; the last one for more than all."""
    return next((b for b in brackets if notional <= b.notional_cap), brackets[-1])


def largest_notional(leverage: int, brackets: Sequence[LeverageBracket]) -> Decimal | None:
    """Return the largest position notional at a leverage; None while the brackets are unknown."""
    return max((b.notional_cap for b in brackets if b.max_leverage >= leverage), default=None)


def liquidation_price(
    position_amount: Decimal,
    entry_price: Decimal,
    wallet: Decimal,
    brackets: Sequence[LeverageBracket],
) -> Decimal | None:
    """Return the mark price at which the margin is used up; 0 when there is none above zero, None when unknown.

    Args:
        position_amount: Signed, not 0.
        entry_price: Of the position.
        wallet: Cross wallet balance (with what other cross positions add or take), or the isolated wallet.
        brackets: Maintenance brackets, by rising notional; the one that holds is that of the notional at the result.
    """
    if not brackets:
        return None
    quantity, price = abs(position_amount), entry_price
    for _ in range(_MOST_BRACKET_STEPS):
        bracket = bracket_of(quantity * price, brackets)
        margin_slope = quantity * bracket.maintenance_margin_fraction - position_amount
        price = (wallet + bracket.maintenance_amount - position_amount * entry_price) / margin_slope
        if price <= 0:
            return _ZERO
        if bracket_of(quantity * price, brackets) is bracket:
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
    amount = facts.position_amount
    entry = facts.position.entry_price if facts.position else _ZERO
    after, entry_after = position_after(amount, entry, side, quantity, price)
    closes = closing_part(amount, side, quantity)
    taker = facts.taker_fraction
    stop = _stop_price(facts, after)
    loss = None
    if stop is not None and entry_after is not None and taker is not None:
        loss = net_pnl(after, entry_after, stop, taker)
    notional = quantity * price
    return Preview(
        notional=notional,
        cost=_cost(facts, side, quantity - closes, price),
        fee_maker=notional * facts.maker_fraction if _may_make(draft) and facts.maker_fraction is not None else None,
        fee_taker=notional * taker if taker is not None and not draft.post_only else None,
        position_after=after,
        entry_after=entry_after,
        break_even=break_even(entry_after, after, taker) if entry_after is not None and taker is not None else None,
        liquidation_price=_liquidation_after(facts, side, quantity, price, after, entry_after),
        stop_price=stop,
        loss_at_stop=loss,
        loss_fraction=loss / facts.equity if loss is not None and facts.equity else None,
        closing_pnl=net_pnl(-side.sign * closes, entry, price, taker) if closes and taker is not None else None,
    )


def _may_make(draft: TicketDraft) -> bool:
    return draft.kind is OrderKind.LIMIT and draft.time_in_force.value == "GTC"


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
    return None if wallet is None else liquidation_price(after, entry_after, wallet, facts.brackets)


def _stop_price(facts: TicketFacts, after: Decimal) -> Decimal | None:
    """Return the trigger that is reached first among the stops that would close all of the position after."""
    if not after:
        return None
    triggers = [
        stop.trigger_price
        for stop in facts.stops
        if stop.side.sign * after < 0 and (stop.quantity is None or stop.quantity >= abs(after))
    ]
    return (max(triggers) if after > 0 else min(triggers)) if triggers else None
