"""Judges a well-formed order against filters, position, margin and book, before anything is changed.

Checked in this order: filters and price band, reduce-only, position limit and margin, then what the book can give.

Reduce-only: refused (-2022) without a position on the side that it would close, or above the position's size; refused
(-4118) when reduce-only orders that come before it in the book already use up the position. What comes after it is
knocked out later, by the desk.
"""

from decimal import Decimal

from trader_gui.simulated_exchange import filters, margin
from trader_gui.simulated_exchange.account import Account, Position
from trader_gui.simulated_exchange.margin import ZERO
from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.parameters import OrderRequest
from trader_gui.simulated_exchange.records import PriceLevel, VenueRefusal


def review_order(request: OrderRequest, book: Book, account: Account) -> list[PriceLevel]:
    """Return the fills that the order gets at once.

    Raises:
        VenueRefusal: A filter's code, -1122, -2019, -2022, -2027, -4118, -4131, -5021, -5022.
    """
    check_open(book)
    check_filters(request, book)
    if request.reduce_only:
        _check_reduce_only(request, book, account.positions[request.symbol])
    else:
        check_margin(request, book, account)
    return _immediate_fills(request, book)


def check_open(book: Book) -> None:
    """Refuse anything before the market's first tick: -1122."""
    if not book.is_open:
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
        if order.reduce_only and not comes_after:
            size -= order.orig_qty - order.executed_qty
    if request.quantity > size:
        raise VenueRefusal(-4118, "ReduceOnly Order Failed. Please check your existing position and open orders.")


def check_margin(request: OrderRequest, book: Book, account: Account, released: Decimal = ZERO) -> None:
    """Refuse what would pass the position limit (-2027) or what the available balance cannot carry (-2019).

    Only what the order adds to the larger of "all buys fill" and "all sells fill" costs margin; `released` is the
    notional of the order that this one replaces.
    """
    position = account.positions[request.symbol]
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
    if increase <= 0:
        return
    if after > margin.max_notional(book.spec.brackets, position.leverage):
        raise VenueRefusal(-2027, "Exceeded the maximum allowable position at current leverage.")
    cost = margin.order_cost(
        is_buy=request.is_buy,
        price=price,
        quantity=increase / price,
        leverage=position.leverage,
        mark_price=book.mark_price,
    )
    if cost > account.available_balance():
        raise VenueRefusal(-2019, "Margin is insufficient.")


def _immediate_fills(request: OrderRequest, book: Book) -> list[PriceLevel]:
    """Return the fills now; refuse post-only orders that would take, and all-or-nothing orders that cannot fill."""
    limit = book.market_bound(request.side) if request.price is None else request.price
    if request.time_in_force == "GTX":
        if book.crosses(request.side, limit):
            message = "Due to the order could not be executed as maker, the Post Only order will be rejected. "
            raise VenueRefusal(-5022, message + "The order will not be recorded in the order history.")
        return []
    fills = book.plan_take(request.side, limit, request.quantity)
    if request.time_in_force == "FOK" and sum((fill[1] for fill in fills), ZERO) < request.quantity:
        message = "Due to the order could not be filled immediately, the FOK order has been rejected. "
        raise VenueRefusal(-5021, message + "The order will not be recorded in the order history.")
    if request.price is None and not fills:
        raise VenueRefusal(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
    return fills
