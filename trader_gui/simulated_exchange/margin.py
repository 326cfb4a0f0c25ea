"""Margin arithmetic of linear contracts, as plain functions: brackets, maintenance, liquidation price, order cost.

One-way and hedge mode, quote asset USDT. Money, prices and quantities are `Decimal`; `direction` is +1 for a long and
-1 for a short position. Source: the venue's help pages on liquidation price, initial margin, order cost and
break-even; the published examples are in the tests. Where the pages are silent the choice is stated at the function.
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from trader_gui.simulated_exchange.records import Bracket

ZERO = Decimal(0)
ONE = Decimal(1)
_CENT_MILLIONTH = Decimal("0.00000001")
_GUARD = Decimal("0.0000000000000001")
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
_SHORT_BUFFER = Decimal("1.0015")
_MARKET_BUY_BUFFER = Decimal("1.0005")


def cut(amount: Decimal) -> Decimal:
    """Return `amount` cut toward zero to 8 decimals: the venue never rounds money up.

    A mean price has no end of decimals, so that a profit of 0.0025 may come out as 0.00249999999999999999999: what is
    within the error of such reckoning is no fraction to be cut off, but the amount itself.
    """
    return amount.quantize(_GUARD, None, _WIDE).quantize(_CENT_MILLIONTH, ROUND_DOWN, _WIDE)


def bracket_at(brackets: Sequence[Bracket], notional: Decimal) -> Bracket:
    """Return the bracket of a notional (>= 0): the first whose cap is not exceeded, the last one beyond all caps."""
    for bracket in brackets:
        if notional <= bracket.notional_cap:
            return bracket
    return brackets[-1]


def maintenance_margin(brackets: Sequence[Bracket], notional: Decimal) -> Decimal:
    """Return the maintenance margin of a position of `notional` (>= 0): notional x rate - cum."""
    bracket = bracket_at(brackets, notional)
    return notional * bracket.maint_margin_ratio - bracket.cum


def max_notional(brackets: Sequence[Bracket], leverage: int) -> Decimal:
    """Return the largest notional allowed at `leverage`: the largest cap among brackets that still allow it, else 0."""
    return max((b.notional_cap for b in brackets if b.initial_leverage >= leverage), default=ZERO)


class Leg(NamedTuple):
    """A position for the purpose of its liquidation price; `direction` +1 long, -1 short; `quantity` > 0."""

    direction: int
    quantity: Decimal
    entry_price: Decimal


def liquidation_price(
    *,
    wallet_balance: Decimal,
    other_maintenance: Decimal,
    other_unrealized: Decimal,
    legs: Sequence[tuple[Leg, Bracket]],
) -> Decimal:
    """Return the mark price at which margin balance equals maintenance margin, within one given bracket per leg.

    `wallet_balance` is the cross wallet, or the isolated wallet of the position; `other_maintenance` and
    `other_unrealized` are sums over the cross positions of all other symbols, 0 for an isolated one; `legs` is the one
    position, or in hedge mode all cross positions of the symbol. The exact quotient is returned; it may be <= 0, which
    means that no price liquidates. 0 when equity and maintenance margin move alike.
    """
    numerator = wallet_balance - other_maintenance + other_unrealized
    denominator = ZERO
    for leg, bracket in legs:
        signed = leg.direction * leg.quantity
        numerator += bracket.cum - signed * leg.entry_price
        denominator += leg.quantity * bracket.maint_margin_ratio - signed
    return numerator / denominator if denominator else ZERO


def bracketed_liquidation_price(
    brackets: Sequence[Bracket],
    *,
    wallet_balance: Decimal,
    other_maintenance: Decimal,
    other_unrealized: Decimal,
    legs: Sequence[Leg],
    mark_price: Decimal,
) -> Decimal:
    """Return the liquidation price whose own notional chooses the brackets; 0 when no price liquidates.

    Starts from the brackets at the current notional and repeats until they stand. Between two brackets that send each
    other on (possible only on the edge itself) the last price computed is returned. Where both sides are held there may
    be no such price below while maintenance margin, which grows with the notional of both, takes all above: then the
    search starts anew from the last bracket.
    """

    def search(price: Decimal) -> Decimal:
        chosen: list[Bracket] = []
        for _ in range(len(brackets) * len(legs) + 1):
            found = [bracket_at(brackets, leg.quantity * max(price, ZERO)) for leg in legs]
            if found == chosen:
                break
            chosen = found
            price = liquidation_price(
                wallet_balance=wallet_balance,
                other_maintenance=other_maintenance,
                other_unrealized=other_unrealized,
                legs=list(zip(legs, chosen, strict=True)),
            )
        return max(price, ZERO)

    return search(mark_price) or search(brackets[-1].notional_cap / min(leg.quantity for leg in legs))


def assumed_price(
    *, is_buy: bool, limit_price: Decimal | None, last_price: Decimal, mark_price: Decimal, best_ask: Decimal
) -> Decimal:
    """Return the price at which the cost of a new order is reckoned; `limit_price` None for a MARKET order.

    Buy: the limit, or the best ask with a buffer of 0.05 % (size of the buffer: our choice). Sell: the highest of the
    limit, the mark price and the last price with a buffer of 0.15 %.
    """
    if is_buy:
        return best_ask * _MARKET_BUY_BUFFER if limit_price is None else limit_price
    return max(last_price * _SHORT_BUFFER, mark_price, limit_price or ZERO)


def open_loss(*, is_buy: bool, price: Decimal, quantity: Decimal, mark_price: Decimal) -> Decimal:
    """Return the loss (>= 0) that `quantity` opened at `price` has at once against the mark price."""
    gain = mark_price - price if is_buy else price - mark_price
    return quantity * -min(ZERO, gain)


def order_cost(*, is_buy: bool, price: Decimal, quantity: Decimal, leverage: int, mark_price: Decimal) -> Decimal:
    """Return what an opening order needs: initial margin at its assumed price plus the loss it opens with."""
    loss = open_loss(is_buy=is_buy, price=price, quantity=quantity, mark_price=mark_price)
    return price * quantity / leverage + loss


def exposure(position: Decimal, bids: Decimal, asks: Decimal) -> Decimal:
    """Return the larger of what a signed position (or notional) becomes if all its buys, or all its sells, fill."""
    return max(abs(position + bids), abs(position - asks))
