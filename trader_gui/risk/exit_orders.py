"""The orders that protect and close a position."""

from decimal import ROUND_DOWN, Decimal

from msgspec.structs import replace

from trader_gui.domain.account import Position
from trader_gui.domain.order import OrderIntent, OrderType, Origin, Purpose, Side
from trader_gui.domain.symbol import SymbolRules, snap


def protective_stop(
    position: Position,
    trigger_price: Decimal,
    origin: Origin,
    reason: str,
    now_ms: int,
    quantity: Decimal | None = None,
) -> OrderIntent:
    """Return the stop of a position: of the whole of it, whatever it becomes, or reduce-only of a `quantity`."""
    return OrderIntent(
        symbol=position.symbol,
        side=closing_side(position),
        order_type=OrderType.STOP_MARKET,
        purpose=Purpose.PROTECTION,
        origin=origin,
        reason=reason,
        wanted_time_ms=now_ms,
        quantity=quantity,
        trigger_price=trigger_price,
        reduce_only=quantity is not None,
        close_position=quantity is None,
        position_side=position.position_side,
    )


def take_profit(
    position: Position, trigger_price: Decimal, origin: Origin, reason: str, now_ms: int, quantity: Decimal
) -> OrderIntent:
    """Return the target of a position, reduce-only of a `quantity`, at market once its price is reached."""
    stop = protective_stop(position, trigger_price, origin, reason, now_ms, quantity)
    return replace(stop, order_type=OrderType.TAKE_PROFIT_MARKET)


def market_exit(position: Position, rules: SymbolRules, origin: Origin, reason: str, now_ms: int) -> OrderIntent:
    """Return the close of a position at market, reduce-only; of as much as one order may have."""
    return OrderIntent(
        symbol=position.symbol,
        side=closing_side(position),
        order_type=OrderType.MARKET,
        purpose=Purpose.EXIT,
        origin=origin,
        reason=reason,
        wanted_time_ms=now_ms,
        quantity=market_quantity(position, rules),
        reduce_only=True,
        position_side=position.position_side,
    )


def closing_side(position: Position) -> Side:
    """Return the side of an order that makes the position smaller."""
    return Side.SELL if position.position_amount > 0 else Side.BUY


def market_quantity(position: Position, rules: SymbolRules) -> Decimal:
    """Return the position's size, or as much of it as one order without a limit price may have."""
    quantity = abs(position.position_amount)
    if rules.market_max_quantity:
        quantity = min(quantity, rules.market_max_quantity)
    return snap(quantity, rules.market_step_size, ROUND_DOWN) or quantity
