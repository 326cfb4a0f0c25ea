"""What the account has free for orders of any symbol, taken from the core (no Qt)."""

from collections.abc import Iterable
from decimal import Decimal

from trader_gui.callback import Callback
from trader_gui.callback.quotes import mark_of
from trader_gui.domain.account import Balance, MarginType, Position
from trader_gui.domain.order import Order, OrderFamily
from trader_gui.domain.symbol import SymbolRules
from trader_gui.exchange.port import CommissionRate, LeverageBracket
from trader_gui.models.ticket_math import available_balance, bracket_of, closing_part, order_cost
from trader_gui.models.trader_view import StatusView

_ZERO = Decimal(0)


def free_balance(callback: Callback, balance: Balance | None, asset: str) -> Decimal | None:
    """Return what is free now in a margin asset; where that needs what is not known, the venue's own last figure."""
    if balance is None:
        return None
    positions = _positions(callback, asset)
    marks = {p.symbol: mark for p in positions if (mark := mark_of(callback, p.symbol)) is not None}
    leverages = {p.symbol: p.leverage for p in positions if p.leverage}
    held = _held_by_orders(callback, asset)
    free = None
    if held is not None:
        free = available_balance(balance.cross_wallet_balance, positions, marks, leverages, held)
    return balance.available_balance if free is None else free


def unrealized(callback: Callback, asset: str) -> Decimal:
    """Return the result of all positions of a margin asset at their mark prices; without one, as last told."""
    total = _ZERO
    for position in _positions(callback, asset):
        mark = mark_of(callback, position.symbol)
        gain = position.unrealized_pnl if mark is None else position.position_amount * (mark - position.entry_price)
        total += gain
    return total


def other_cross_pnl(callback: Callback, status: StatusView, rules: SymbolRules) -> Decimal | None:
    """Return what the cross positions of other symbols add to the wallet before anything is liquidated.

    None when a price or the brackets of one are not known.
    """
    total = _ZERO
    for position in _positions(callback, rules.margin_asset):
        if position.symbol == rules.symbol or position.margin_type is MarginType.ISOLATED:
            continue
        mark, (_, brackets) = mark_of(callback, position.symbol), terms_of(callback, status, position.symbol)
        if mark is None or not brackets:
            return None
        notional = abs(position.position_amount) * mark
        bracket = bracket_of(notional, brackets)
        maintenance = notional * bracket.maintenance_margin_fraction - bracket.maintenance_amount
        total += position.position_amount * (mark - position.entry_price) - maintenance
    return total


def terms_of(
    callback: Callback, status: StatusView, symbol: str
) -> tuple[CommissionRate | None, tuple[LeverageBracket, ...]]:
    """Return commission and brackets of a symbol; None and () while they have not been read."""
    if symbol == callback.symbol:
        return status.commission, status.brackets
    return status.shown.terms.get(symbol) or (None, ())


def _positions(callback: Callback, asset: str) -> tuple[Position, ...]:
    """Return the positions that use a margin asset; one whose rules are not known is taken to use it."""
    held = callback.account.positions.values()
    return tuple(p for p in held if callback.symbol_rules.of(p.symbol).margin_asset in (asset, ""))


def _held_by_orders(callback: Callback, asset: str) -> Decimal | None:
    """Return the margin that resting orders hold; None when one's mark or leverage is not known."""
    total = _ZERO
    for order in _holding(callback.orders.open_orders()):
        if callback.symbol_rules.of(order.symbol).margin_asset not in (asset, ""):
            continue
        mark, leverage = mark_of(callback, order.symbol), callback.account.leverage(order.symbol)
        if mark is None or not leverage:
            return None
        position = callback.account.position(order.symbol, order.position_side)
        amount = position.position_amount if position else _ZERO
        opens = order.remaining_quantity - closing_part(amount, order.side, order.remaining_quantity)
        total += order_cost(order.side, opens, order.price, mark, leverage)
    return total


def _holding(orders: Iterable[Order]) -> Iterable[Order]:
    """Return the orders that hold margin; conditional and reduce-only ones hold none."""
    return (o for o in orders if o.order_family is not OrderFamily.ALGO and not o.is_reducing and o.price)
