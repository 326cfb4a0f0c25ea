"""Margin arithmetic of linear contracts, as plain functions: brackets, maintenance, liquidation price, order cost.

One-way mode, single-asset mode, quote asset USDT. Money, prices and quantities are `Decimal`; `direction` is +1 for a
long and -1 for a short position. Source: the venue's help pages on liquidation price, initial margin, order cost and
break-even; the published examples are in the tests. Where the pages are silent the choice is stated at the function.
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

from trader_gui.simulated_exchange.records import Bracket

ZERO = Decimal(0)
ONE = Decimal(1)
_CENT_MILLIONTH = Decimal("0.00000001")
_SHORT_BUFFER = Decimal("1.0015")
_MARKET_BUY_BUFFER = Decimal("1.0005")


def cut(amount: Decimal) -> Decimal:
    """Return `amount` cut toward zero to 8 decimals: the venue never rounds money up."""
    return amount.quantize(_CENT_MILLIONTH, rounding=ROUND_DOWN)


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


def liquidation_price(
    *,
    wallet_balance: Decimal,
    other_maintenance: Decimal,
    other_unrealized: Decimal,
    cum: Decimal,
    direction: int,
    quantity: Decimal,
    entry_price: Decimal,
    rate: Decimal,
) -> Decimal:
    """Return the mark price at which margin balance equals maintenance margin, within one given bracket.

    `wallet_balance` is the cross wallet, or the isolated wallet of the position; `other_maintenance` and
    `other_unrealized` are sums over all other cross positions, 0 for an isolated one; `cum` and `rate` belong to the
    bracket that holds at the result; `quantity` is the size of the position, > 0. The exact quotient is returned; it
    may be <= 0, which means that no price liquidates.
    """
    signed = direction * quantity
    numerator = wallet_balance - other_maintenance + other_unrealized + cum - signed * entry_price
    return numerator / (quantity * rate - signed)


def bracketed_liquidation_price(
    brackets: Sequence[Bracket],
    *,
    wallet_balance: Decimal,
    other_maintenance: Decimal,
    other_unrealized: Decimal,
    direction: int,
    quantity: Decimal,
    entry_price: Decimal,
    mark_price: Decimal,
) -> Decimal:
    """Return the liquidation price whose own notional chooses the bracket; 0 when no price liquidates.

    Starts from the bracket at the current notional and repeats until the bracket stands. Between two brackets that
    send each other on (possible only on the edge itself) the last one computed is returned.
    """
    bracket = bracket_at(brackets, quantity * mark_price)
    price = ZERO
    for _ in brackets:
        price = liquidation_price(
            wallet_balance=wallet_balance,
            other_maintenance=other_maintenance,
            other_unrealized=other_unrealized,
            cum=bracket.cum,
            direction=direction,
            quantity=quantity,
            entry_price=entry_price,
            rate=bracket.maint_margin_ratio,
        )
        if price <= 0:
            return ZERO
        found = bracket_at(brackets, quantity * price)
        if found is bracket:
            break
        bracket = found
    return price


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
