"""Lines that the chart draws for the own position and the open orders, with the figures on their tags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from trader_gui.callback import Callback
from trader_gui.decision.ownership import fills_since_flat, opening_of
from trader_gui.domain.account import Position
from trader_gui.domain.market import FundingRate, MarkPrice
from trader_gui.domain.order import Fill, Order, OrderStatus, OrderType, Origin, PositionSide, Side
from trader_gui.models.position_figures import position_result
from trader_gui.models.positions import opened_by
from trader_gui.models.session import unrealized_pnl
from trader_gui.risk.cover import live_stops


class LineKind(StrEnum):
    """What an order line stands for: a stop, a target, or an order waiting in the book."""

    STOP = "stop"
    TARGET = "target"
    LIMIT = "limit"


@dataclass(frozen=True)
class PositionLine:
    """An open position, in hedge mode a leg. Prices and money in quote, `quantity` > 0 in base; None is unknown.

    Attributes:
        leg: BOTH in one-way mode.
        unrealized_pnl: At the mark price.
        risk: What the nearest live stop would lose from the entry, > 0; None without such a stop.
        break_even_price: Where a close at market leaves nothing lost, with every fee and funding since flat and the fee
            of the close; on the tick. Without the executions that tell them, what the venue says.
        is_break_even_whole: It is the former.
        entry_time_ms: Time of the fill that opened it; None when older than the known fills.
        origin: Who opened it; None when not known.
    """

    leg: PositionSide
    is_long: bool
    quantity: Decimal
    entry_price: Decimal
    unrealized_pnl: Decimal
    risk: Decimal | None
    break_even_price: Decimal | None
    liquidation_price: Decimal | None
    entry_time_ms: int | None
    origin: Origin | None
    is_break_even_whole: bool = False

    @property
    def r_multiple(self) -> Decimal | None:
        """Result in multiples of the risk."""
        return None if self.risk is None else self.unrealized_pnl / self.risk


@dataclass(frozen=True)
class OrderLine:
    """One open order at its price (the trigger of a conditional order).

    Attributes:
        entry_price: Of the position that the order takes from; None when it takes from none.
        distance_fraction, money, r_multiple: What it brings from there, before fees; None with `entry_price`.
        is_confirmed: False while the exchange has not said that it has the order.
    """

    order: Order
    kind: LineKind
    side: Side
    price: Decimal
    quantity: Decimal
    origin: Origin
    is_confirmed: bool
    entry_price: Decimal | None = None
    distance_fraction: Decimal | None = None
    money: Decimal | None = None
    r_multiple: Decimal | None = None


def position_lines(
    callback: Callback,
    symbol: str,
    fills: Sequence[Fill],
    mark: MarkPrice | None,
    taker_fraction: Decimal | None = None,
    funding: Sequence[FundingRate] = (),
) -> tuple[PositionLine, ...]:
    """Return the lines of the symbol's position, or of its two legs; () when flat or not known.

    Args:
        callback: The session's collectors, read only.
        symbol: Whose position.
        fills: Own executions of the symbol, oldest first.
        mark: The symbol's mark price; without one the result is what the venue last told.
        taker_fraction: Fee of a close at market; None while unknown.
        funding: The fundings that were paid on the symbol, oldest first.
    """
    lines = []
    rules = callback.symbol_rules.of(symbol)
    for position in callback.account.legs(symbol):
        own = [f for f in fills if f.position_side is position.position_side]
        line = _position_line(callback, position, own, mark)
        whole = break_even(position, own, rules.quote_asset, taker_fraction, funding)
        if whole is not None:
            way = ROUND_CEILING if line.is_long else ROUND_FLOOR
            line = replace(line, break_even_price=rules.snap_price(whole, way), is_break_even_whole=True)
        lines.append(line)
    return tuple(lines)


def break_even(
    position: Position,
    fills: Sequence[Fill],
    quote_asset: str,
    taker_fraction: Decimal | None,
    funding: Sequence[FundingRate],
) -> Decimal | None:
    """Return where a close at market would bring back all that was paid since flat; None when that is not known.

    The venue tells funding by its rate alone: what was paid is counted at the price of entry.

    Args:
        position: Not flat.
        fills: Own executions of its symbol and leg, oldest first.
        quote_asset: What PnL is counted in; a fee in another asset cannot be added to it, and nothing is known then.
        taker_fraction: Fee of the close.
        funding: Rates since flat, and others.
    """
    amount = position.position_amount
    made = fills_since_flat(amount, fills)
    paid = position_result(opening_of(position.key, amount, fills), Decimal(0), quote_asset, Decimal(0))
    if not made or paid.net is None or taker_fraction is None:
        return None
    result = paid.net
    for rate in funding:
        held = sum((f.quantity * f.side.sign for f in made if f.trade_time_ms < rate.funding_time_ms), Decimal(0))
        result -= held * position.entry_price * rate.funding_rate_fraction
    return (amount * position.entry_price - result) / (amount - abs(amount) * taker_fraction)


def _position_line(
    callback: Callback, position: Position, fills: Sequence[Fill], mark: MarkPrice | None
) -> PositionLine:
    liquidation = position.liquidation_price
    return PositionLine(
        leg=position.position_side,
        is_long=position.position_amount > 0,
        quantity=abs(position.position_amount),
        entry_price=position.entry_price,
        unrealized_pnl=unrealized_pnl(position, mark.mark_price if mark else None),
        risk=_risk(position, callback.orders.open_orders(position.symbol)),
        break_even_price=position.break_even_price,
        liquidation_price=liquidation if liquidation and liquidation > 0 else None,
        entry_time_ms=entry_time_ms(position.position_amount, fills),
        origin=opened_by(position, callback),
    )


def entry_time_ms(position_amount: Decimal, fills: Sequence[Fill]) -> int | None:
    """Return the time of the fill that led from flat (or from the other side) to the position.

    Args:
        position_amount: Signed, not zero.
        fills: Own executions of one symbol (of one leg in hedge mode), oldest first.

    Returns:
        None when the fills do not reach back so far.
    """
    remaining = position_amount
    for fill in reversed(fills):
        remaining -= fill.quantity * fill.side.sign
        if remaining * position_amount <= 0:
            return fill.trade_time_ms
    return None


def order_lines(orders: Iterable[Order], positions: Sequence[PositionLine]) -> tuple[OrderLine, ...]:
    """Return a line for every order that has a price; market orders have none."""
    lines = []
    for order in orders:
        price = order.trigger_price if order.order_type.is_conditional else order.price
        if price:
            lines.append(line_at(order, price, positions))
    return tuple(lines)


def line_at(order: Order, price: Decimal, positions: Sequence[PositionLine]) -> OrderLine:
    """Return the line that an order has, or would have, at a price."""
    position = next((p for p in positions if p.leg is order.position_side), None)
    takes = position is not None and (order.side is Side.SELL) == position.is_long
    quantity = order.remaining_quantity
    entry_price = distance = money = r_multiple = None
    if position is not None and takes:
        if order.close_position:
            quantity = position.quantity
        entry_price, sign = position.entry_price, 1 if position.is_long else -1
        distance = sign * (price / position.entry_price - 1)
        money = sign * (price - position.entry_price) * min(quantity, position.quantity)
        r_multiple = money / position.risk if position.risk else None
    return OrderLine(
        order=order,
        kind=_kind(order.order_type),
        side=order.side,
        price=price,
        quantity=quantity,
        origin=order.origin,
        is_confirmed=order.status not in (OrderStatus.SENT, OrderStatus.UNKNOWN),
        entry_price=entry_price,
        distance_fraction=distance,
        money=money,
        r_multiple=r_multiple,
    )


def _kind(order_type: OrderType) -> LineKind:
    if order_type in (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET):
        return LineKind.TARGET
    return LineKind.STOP if order_type.is_conditional else LineKind.LIMIT


def _risk(position: Position, orders: Iterable[Order]) -> Decimal | None:
    stops = (o for o in live_stops(position, orders) if o.order_type is not OrderType.TRAILING_STOP_MARKET)
    losses = [position.position_amount * (position.entry_price - o.trigger_price) for o in stops]
    return min((loss for loss in losses if loss > 0), default=None)
