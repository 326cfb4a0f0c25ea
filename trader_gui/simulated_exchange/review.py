"""Judges a well-formed order against filters, position, margin and book, before anything is changed.

Checked in this order: the price that priceMatch finds, filters and price band, reduce-only, position limit and margin,
then what the book can give. A priceMatch takes its level from the book as everybody sees it, own orders included.

Reduce-only: refused (-2022) without a position on the side that it would close, or above the position's size; refused
(-4118) when reduce-only orders that come before it in the book already use up the position. What comes after it is
knocked out later, by the desk. In hedge mode all this goes by the position (LONG or SHORT) that the order names.
"""

from decimal import Decimal
from typing import TypeVar

import msgspec

from trader_gui.simulated_exchange import filters, margin
from trader_gui.simulated_exchange.account import Account
from trader_gui.simulated_exchange.amendments import MOST_AMENDMENTS
from trader_gui.simulated_exchange.margin import ZERO
from trader_gui.simulated_exchange.matching import OPPOSITE, Book, TakerPlan
from trader_gui.simulated_exchange.parameters import NO_MATCH, PRICE_MATCHES, ModifyRequest, OrderRequest
from trader_gui.simulated_exchange.position import Position
from trader_gui.simulated_exchange.records import OrderRow, VenueRefusal

POST_ONLY = ("GTX", "RPI")
_NOTHING = TakerPlan([], is_stopped=False)
_Request = TypeVar("_Request", OrderRequest, ModifyRequest)


def priced(request: _Request, book: Book) -> _Request:
    """Return the request with the price that its priceMatch finds now; -5041 when there is no such level."""
    match = request.price_match
    if match == NO_MATCH:
        return request
    side = request.side if match.startswith("QUEUE") else OPPOSITE[request.side]
    price = book.price_at(side, PRICE_MATCHES[match])
    if price is None:
        raise VenueRefusal(-5041, "No depth matches this BBO order.")
    return msgspec.structs.replace(request, price=price)


def review_order(request: OrderRequest, book: Book, account: Account) -> TakerPlan:
    """Return what the order does at once; its price is found already.

    Raises:
        VenueRefusal: A filter's code, -1112, -2019, -2022, -2027, -4118, -4131, -5021, -5022.
    """
    check_filters(request, book)
    if request.reduce_only:
        _check_reduce_only(request, book, account.position(request.symbol, request.position_side))
    else:
        check_margin(request, book, account)
    return _immediate(request, book)


def review_change(order: OrderRow, request: ModifyRequest, price: Decimal, book: Book, account: Account) -> None:
    """Judge the change of an open order to a price and a total quantity.

    Raises:
        VenueRefusal: -1117 other side, -2019, -2022, -2027, -5024 no trading now, -5025 no LIMIT, -5026 too often,
            -5027 nothing changes, -5029 below the least notional, -5047, a filter's code.
    """
    if not book.is_trading:
        raise VenueRefusal(-5024, "Symbol is not in trading status. Order amendment is not permitted.")
    if request.side != order.side:
        raise VenueRefusal(-1117, "Invalid side.")
    if order.order_type != "LIMIT":
        raise VenueRefusal(-5025, "Only limit order is supported.")
    if order.amendment_count >= MOST_AMENDMENTS:
        raise VenueRefusal(-5026, "Exceed maximum modify order limit.")
    if (price, request.quantity) == (order.price, order.orig_qty):
        raise VenueRefusal(-5027, "No need to modify the order.")
    if request.reduce_only and not order.reduce_only:
        raise VenueRefusal(-5047, "The original order is not a reduce-only order.")
    spec = book.spec
    filters.check_price(spec, price)
    filters.check_quantity(spec, request.quantity, is_market=False)
    filters.check_percent_price(spec, price, book.mark_price, is_buy=order.side == "BUY")
    left = request.quantity - order.executed_qty
    if left > 0:  # else the change cancels the order
        if not request.reduce_only and price * request.quantity < spec.min_notional:
            raise VenueRefusal(-5029, f"Order's notional must be no smaller than {spec.min_notional}.")
        _review_rest(order, left, price, book, account)


def _review_rest(order: OrderRow, left: Decimal, price: Decimal, book: Book, account: Account) -> None:
    """Judge what is left of an amended order as an order of its own."""
    if order.reduce_only:
        if left > abs(account.position(order.symbol, order.position_side).amount):
            raise VenueRefusal(-2022, "ReduceOnly Order is rejected.")
    else:
        rest = OrderRequest(
            order.symbol, order.side, "LIMIT", order.time_in_force, left, price, position_side=order.position_side
        )
        released = (order.orig_qty - order.executed_qty) * order.price
        check_margin(rest, book, account, released)


def check_open(book: Book) -> None:
    """Refuse anything before the market's first tick, and while trading is halted: -1122."""
    if not book.is_trading:
        raise VenueRefusal(-1122, "Invalid symbol status.")


def check_filters(request: OrderRequest, book: Book) -> None:
    """Refuse by filters; an order that closes the whole position has no quantity of its own to judge."""
    spec, price = book.spec, request.price
    if price is not None:
        filters.check_price(spec, price)
    if not request.close_position:
        filters.check_quantity(spec, request.quantity, is_market=price is None)
    if price is not None:
        filters.check_percent_price(spec, price, book.mark_price, is_buy=request.is_buy)
    if not (request.reduce_only or request.is_triggered):  # a conditional order was judged when it was placed
        filters.check_notional(spec, request.quantity * (book.mark_price if price is None else price))


def _check_reduce_only(request: OrderRequest, book: Book, position: Position) -> None:
    size = abs(position.amount)
    if position.closing_side != request.side or request.quantity > size:
        raise VenueRefusal(-2022, "ReduceOnly Order is rejected.")
    if request.price is None:
        return
    for order in book.own_orders(request.side):
        comes_after = order.price > request.price if not request.is_buy else order.price < request.price
        if order.reduce_only and order.position_side == position.side and not comes_after:
            size -= order.orig_qty - order.executed_qty
    if request.quantity > size:
        raise VenueRefusal(-4118, "ReduceOnly Order Failed. Please check your existing position and open orders.")


def check_margin(request: OrderRequest, book: Book, account: Account, released: Decimal = ZERO) -> None:
    """Refuse what would pass the position limit (-2027) or what the available balance cannot carry (-2019).

    Only what the order adds to the larger of "all buys fill" and "all sells fill" costs margin; `released` is the
    notional of the order that this one replaces. An order that turns an isolated position round needs the whole margin
    of the new side, less what the old side gives back: its wallet and its profit or loss.
    """
    position = account.position(request.symbol, request.position_side)
    best_ask = book.best("SELL")
    price = margin.assumed_price(
        is_buy=request.is_buy,
        limit_price=request.price,
        last_price=book.last_price,
        mark_price=book.mark_price,
        best_ask=best_ask[0] if best_ask else book.mark_price,
    )
    added = price * request.quantity - released
    bids = position.bid_notional + (added if request.is_buy else ZERO)
    asks = position.ask_notional + (ZERO if request.is_buy else added)
    before = margin.exposure(position.notional, position.bid_notional, position.ask_notional)
    after = margin.exposure(position.notional, bids, asks)
    increase = after - max(before, abs(position.notional))
    turned = request.quantity - abs(position.amount) if position.closing_side == request.side else ZERO
    turns_isolated = position.is_isolated and turned > 0
    if increase <= 0 and not turns_isolated:
        return
    leverage = position.holding.leverage
    if increase > 0 and after > margin.max_notional(book.spec.brackets, leverage):
        raise VenueRefusal(-2027, "Exceeded the maximum allowable position at current leverage.")
    available, cost = account.available_balance(), ZERO
    if increase > 0:
        cost = _cost(request, price, increase / price, leverage, book)
    if turns_isolated:  # what it gives back may be less than what the other side needs
        given_back = position.isolated_wallet + position.unrealized
        cost = max(cost, _cost(request, price, turned, leverage, book) - given_back)
    if cost > available:
        raise VenueRefusal(-2019, "Margin is insufficient.")


def _cost(request: OrderRequest, price: Decimal, quantity: Decimal, leverage: int, book: Book) -> Decimal:
    return margin.order_cost(
        is_buy=request.is_buy, price=price, quantity=quantity, leverage=leverage, mark_price=book.mark_price
    )


def _immediate(request: OrderRequest, book: Book) -> TakerPlan:
    """Return what happens now; refuse post-only orders that would take, and all-or-nothing orders that cannot fill."""
    limit = book.market_bound(request.side) if request.price is None else request.price
    if request.time_in_force in POST_ONLY:
        if book.crosses(request.side, limit):
            message = "Due to the order could not be executed as maker, the Post Only order will be rejected. "
            raise VenueRefusal(-5022, message + "The order will not be recorded in the order history.")
        return _NOTHING
    mode = "NONE" if request.time_in_force == "FOK" else request.stp_mode
    plan = book.plan(request.side, limit, request.quantity, mode)
    if request.time_in_force == "FOK" and plan.quantity < request.quantity:
        message = "Due to the order could not be filled immediately, the FOK order has been rejected. "
        raise VenueRefusal(-5021, message + "The order will not be recorded in the order history.")
    if request.price is None and not (plan.steps or plan.is_stopped):
        if book.best(OPPOSITE[request.side]) is None:
            raise VenueRefusal(-1112, "No orders on book for symbol.")
        raise VenueRefusal(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
    return plan
