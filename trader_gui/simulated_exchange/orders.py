"""The order desk: the life of LIMIT and MARKET orders, and the only place where a fill is booked.

Per fill the account event comes first, then the order's TRADE event. Every accepted order, MARKET too, pushes NEW
first. After each fill reduce-only orders that the position no longer carries are knocked out: by priority (best price,
then oldest) they keep what is left of the position; the one on the edge is cut to it (AMENDMENT), the rest expires
with reason 4. So a reduce-only order can never turn a position round.

A trade of the account with itself (self-trade prevention NONE) is two fills, the resting order's first, each with a
trade id of its own, so that (symbol, trade id) stays unique. Fills of forced orders (liquidation, auto-deleveraging)
have the execution type CALCULATED.
"""

import copy
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from trader_gui.simulated_exchange.account import ASSET, Account
from trader_gui.simulated_exchange.amendments import AmendmentBook
from trader_gui.simulated_exchange.margin import ZERO
from trader_gui.simulated_exchange.matching import Book, MakerFill, TakerPlan, TakerStep
from trader_gui.simulated_exchange.open_orders import OpenOrders
from trader_gui.simulated_exchange.order_rows import in_decimals, new_order, price_of, quantity_of
from trader_gui.simulated_exchange.parameters import ModifyRequest, OrderRequest
from trader_gui.simulated_exchange.position import Position
from trader_gui.simulated_exchange.records import (
    BookChange,
    OrderEvent,
    OrderRow,
    Print,
    TradeRow,
    VenueEvent,
    VenueRefusal,
)
from trader_gui.simulated_exchange.review import POST_ONLY, check_open, priced, review_change, review_order

OPEN_STATES = ("NEW", "PARTIALLY_FILLED")
NO_REASON, SELF_TRADE, IOC_REST, IOC_SELF_TRADE, REDUCE_ONLY, LIQUIDATED, MARKET_REST = (
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "9",
)


class OrderDesk:
    """All orders and executions of the account.

    Attributes:
        orders: Every order ever accepted, by symbol and id, oldest first.
        trades: Every own execution, by symbol, oldest first.
        amendments: Every change of an open order.
        touched: Symbols where own orders or fills changed since `flush`, with the prints that they made.
    """

    def __init__(
        self, books: Mapping[str, Book], account: Account, *, first_order_id: int, first_trade_id: int
    ) -> None:
        self.orders: dict[str, dict[int, OrderRow]] = {symbol: {} for symbol in books}
        self.trades: dict[str, list[TradeRow]] = {symbol: [] for symbol in books}
        self.amendments = AmendmentBook()
        self.touched: dict[str, list[Print]] = {}
        self._books = books
        self._account = account
        self._open = OpenOrders(books, account)
        self._latest_by_client_id: dict[tuple[str, str], int] = {}
        self._next_order_id = first_order_id
        self._next_trade_id = first_trade_id

    # ---- lookups ---------------------------------------------------------------------------------------------------

    def find(self, symbol: str, order_id: int | None, client_order_id: str | None) -> OrderRow | None:
        """Return an order by id (which wins) or by the latest use of a client id; None if there is none."""
        if order_id is None:
            order_id = self._latest_by_client_id.get((symbol, client_order_id or ""))
        return self.orders[symbol].get(order_id) if order_id is not None else None

    def open_orders(self, symbol: str | None = None) -> list[OrderRow]:
        """Return open orders, oldest first."""
        return self._open.of(symbol)

    def _open_one(self, symbol: str, order_id: int | None, client_order_id: str | None) -> OrderRow | None:
        order = self.find(symbol, order_id, client_order_id)
        return order if order is not None and order in self._open else None

    # ---- requests --------------------------------------------------------------------------------------------------

    def place(self, request: OrderRequest, now_ms: int, events: list[VenueEvent]) -> OrderRow:
        """Accept an order and execute it as far as the book allows.

        Raises:
            VenueRefusal: -1122, -2025, -4116, -5041, or a code of `review_order`; nothing was changed.
        """
        request, plan = self.check(request)
        order = self._admit(request, now_ms, events)
        self._execute(order, plan, now_ms, events)
        return order

    def check(self, request: OrderRequest) -> tuple[OrderRequest, TakerPlan]:
        """Judge an order without placing it; return it with its price, and what it would do. Raises as `place` does."""
        book = self._books[request.symbol]
        if self._open.has_client_id(request.client_order_id):
            raise VenueRefusal(-4116, "ClientOrderId is duplicated.")
        check_open(book)
        request = in_decimals(priced(request, book), book.spec)
        plan = review_order(request, book, self._account)
        if self._open.count(request.symbol) >= book.spec.max_num_orders:
            raise VenueRefusal(-2025, "Reach max open order limit.")
        return request, plan

    def cancel(
        self, symbol: str, order_id: int | None, client_order_id: str | None, now_ms: int, events: list[VenueEvent]
    ) -> OrderRow:
        """Cancel an open order.

        Raises:
            VenueRefusal: -2011, no such open order.
        """
        order = self._open_one(symbol, order_id, client_order_id)
        if order is None:
            raise VenueRefusal(-2011, "Unknown order sent.")
        self._close(order, "CANCELED", "CANCELED", NO_REASON, now_ms, events)
        return order

    def cancel_all(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Cancel all open orders of a symbol, oldest first."""
        for order in self._open.of(symbol):
            self._close(order, "CANCELED", "CANCELED", NO_REASON, now_ms, events)

    def modify(
        self, request: ModifyRequest, now_ms: int, events: list[VenueEvent], pending: Collection[int] = ()
    ) -> OrderRow:
        """Give an open LIMIT order a new price and total quantity.

        It loses its place in the queue and its self-trade prevention. A partly filled order whose new quantity is no
        more than what is filled, and a post-only order whose new price would take, are cancelled. `pending` are ids of
        orders whose amendment is under way at the same time.

        Raises:
            VenueRefusal: -2013, -5041, -5043, or a code of `review_change`; nothing was changed.
        """
        order = self._open_one(request.symbol, request.order_id, request.orig_client_order_id)
        if order is None:
            raise VenueRefusal(-2013, "Order does not exist.")
        if order.order_id in pending:
            raise VenueRefusal(-5043, "A pending modification already exists for this order.")
        book = self._books[order.symbol]
        price = priced(request, book).price or ZERO
        review_change(order, request, price, book, self._account)
        takes_as_maker = order.time_in_force in POST_ONLY and book.crosses(order.side, price)
        if takes_as_maker or request.quantity <= order.executed_qty:
            self._close(order, "CANCELED", "CANCELED", NO_REASON, now_ms, events)
            return order
        self._amend(order, request, price, now_ms, events)
        left = order.orig_qty - order.executed_qty
        self._execute(order, book.plan(order.side, price, left, order.stp_mode), now_ms, events)
        return order

    def _amend(
        self, order: OrderRow, request: ModifyRequest, price: Decimal, now_ms: int, events: list[VenueEvent]
    ) -> None:
        before = order.price, order.orig_qty
        self._books[order.symbol].remove(order)
        self._open.reckon(order, order.executed_qty - order.orig_qty)
        spec = self._books[order.symbol].spec
        order.price, order.orig_qty = price_of(spec, price), quantity_of(spec, request.quantity)
        order.update_time_ms = now_ms
        order.price_match, order.stp_mode = request.price_match, "NONE"
        self._open.reckon(order, order.orig_qty - order.executed_qty)
        self.amendments.write(order, *before, request.modify_id, now_ms)
        events.append(self._event(order, "AMENDMENT", now_ms, modify_id=request.modify_id))

    # ---- what the market does --------------------------------------------------------------------------------------

    def fill_makers(self, fills: Sequence[MakerFill], now_ms: int, events: list[VenueEvent]) -> None:
        """Book fills of resting orders, in the order given; one that a former fill knocked out gets nothing."""
        for fill in fills:
            order = fill.order
            quantity = min(fill.quantity, order.orig_qty - order.executed_qty)
            if quantity <= 0 or order not in self._open:
                continue
            prints = self.touched.setdefault(order.symbol, [])
            if not fill.is_public:
                prints.append(Print(order.price, quantity, order.side == "BUY"))
                self._books[order.symbol].last_price = order.price
            self._fill(order, order.price, quantity, True, now_ms, events)
            self._knock_out(order.symbol, now_ms, events)

    def expire_due(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Expire orders whose time has come: GTD by their date, all others after a year."""
        for order in self._open.take_due(symbol, now_ms):
            self._close(order, "EXPIRED", "EXPIRED", NO_REASON, now_ms, events)

    def expire_liquidated(
        self, symbol: str, now_ms: int, events: list[VenueEvent], position_side: str | None = None
    ) -> None:
        """Expire all orders of a symbol, or of one of its positions, because that is being liquidated."""
        for order in self._open.of(symbol):
            if position_side is not None and order.position_side != position_side:
                continue
            self._close(order, "EXPIRED", "EXPIRED", LIQUIDATED, now_ms, events)

    def autoclose(
        self,
        position: Position,
        now_ms: int,
        events: list[VenueEvent],
        *,
        client_order_id: str | None = None,
        quantity: Decimal | None = None,
        uses_book: bool = True,
    ) -> OrderRow:
        """Close a position, or `quantity` of it, by force.

        It takes the whole ladder at any price, and what that does not give goes against nobody at the mark price; all
        of it does if not `uses_book`. `client_order_id` None: that of a liquidation.
        """
        symbol = position.symbol
        book = self._books[symbol]
        side = position.closing_side
        size = abs(position.amount) if quantity is None else min(quantity, abs(position.amount))
        request = OrderRequest(
            symbol,
            side,
            "LIQUIDATION",
            "IOC",
            size,
            book.mark_price,
            client_order_id=client_order_id or f"autoclose-{self._next_order_id}",
            close_position=True,
            position_side=position.side,
        )
        order = self._admit(request, now_ms, events)
        self.touched.setdefault(symbol, [])
        if uses_book:
            limit = book.spec.max_price if side == "BUY" else ZERO
            self._take(order, book.plan(side, limit, size, "EXPIRE_MAKER").steps, now_ms, events)
        left = order.orig_qty - order.executed_qty
        if left > 0:
            self._fill(order, book.mark_price, left, False, now_ms, events)
            self._knock_out(order.symbol, now_ms, events)
        return order

    def flush(self, now_ms: int, events: list[VenueEvent]) -> None:
        """Tell what own orders did to the public book since the last flush."""
        events.extend(BookChange(symbol, tuple(prints), now_ms) for symbol, prints in self.touched.items())
        self.touched.clear()

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _admit(self, request: OrderRequest, now_ms: int, events: list[VenueEvent]) -> OrderRow:
        order_id = self._next_order_id
        self._next_order_id += 1
        order = new_order(request, order_id, now_ms)
        self.orders[order.symbol][order_id] = order
        self._open.add(order)
        self._latest_by_client_id[order.symbol, order.client_order_id] = order_id
        events.append(self._event(order, "NEW", now_ms))
        return order

    def _execute(self, order: OrderRow, plan: TakerPlan, now_ms: int, events: list[VenueEvent]) -> None:
        """Do what was planned, then rest or expire what is left."""
        self._take(order, plan.steps, now_ms, events)
        if order.status == "FILLED":
            return
        is_ioc = order.time_in_force in ("IOC", "FOK")
        if plan.is_stopped:
            reason = IOC_SELF_TRADE if is_ioc else SELF_TRADE
            self._close(order, "EXPIRED_IN_MATCH", "EXPIRED", reason, now_ms, events)
        elif order.order_type == "MARKET":
            self._close(order, "EXPIRED", "EXPIRED", MARKET_REST, now_ms, events)
        elif is_ioc:
            self._close(order, "EXPIRED", "EXPIRED", IOC_REST, now_ms, events)
        else:
            self._books[order.symbol].rest(order)
            self.touched.setdefault(order.symbol, [])
            self._knock_out(order.symbol, now_ms, events)

    def _take(self, order: OrderRow, steps: Sequence[TakerStep], now_ms: int, events: list[VenueEvent]) -> None:
        book = self._books[order.symbol]
        for price, quantity, own in steps:
            if own is None:
                book.take(order.side, [(price, quantity)])
            elif own not in self._open:
                continue
            elif not quantity:
                self._close(own, "EXPIRED_IN_MATCH", "EXPIRED", SELF_TRADE, now_ms, events)
                continue
            else:
                quantity = min(quantity, own.orig_qty - own.executed_qty)
            self.touched.setdefault(order.symbol, []).append(Print(price, quantity, order.side == "SELL"))
            book.last_price = price
            if own is not None:
                self._fill(own, price, quantity, True, now_ms, events)
            self._fill(order, price, quantity, False, now_ms, events)
            self._knock_out(order.symbol, now_ms, events)

    def _fill(
        self,
        order: OrderRow,
        price: Decimal,
        quantity: Decimal,
        is_maker: bool,
        now_ms: int,
        events: list[VenueEvent],
    ) -> None:
        trade_id = self._next_trade_id
        self._next_trade_id += 1
        result = self._account.fill(
            order.symbol,
            order.side,
            price,
            quantity,
            is_maker=is_maker,
            trade_id=trade_id,
            time_ms=now_ms,
            position_side=order.position_side,
        )
        order.executed_qty += quantity
        order.cum_quote += price * quantity
        order.update_time_ms = now_ms
        self._open.reckon(order, -quantity)
        is_complete = order.executed_qty >= order.orig_qty
        order.status = "FILLED" if is_complete else "PARTIALLY_FILLED"
        if is_complete:
            self._drop(order)
        trade = TradeRow(
            trade_id=trade_id,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            price=price,
            qty=quantity,
            commission=result.commission,
            commission_asset=ASSET,
            realized_pnl=result.realized,
            is_maker=is_maker,
            time_ms=now_ms,
            position_side=order.position_side,
        )
        self.trades[order.symbol].append(trade)
        position = self._account.position(order.symbol, order.position_side)
        events.append(self._account.event("ORDER", now_ms, positions=(position,)))
        execution_type = "CALCULATED" if order.order_type == "LIQUIDATION" else "TRADE"
        events.append(self._event(order, execution_type, now_ms, trade=trade))

    def _close(
        self, order: OrderRow, status: str, execution_type: str, reason: str, now_ms: int, events: list[VenueEvent]
    ) -> None:
        """End an order without a fill."""
        order.status, order.update_time_ms = status, now_ms
        self._drop(order)
        self.touched.setdefault(order.symbol, [])
        events.append(self._event(order, execution_type, now_ms, reason=reason))

    def _drop(self, order: OrderRow) -> None:
        self._open.drop(order)
        self._books[order.symbol].remove(order)

    def _event(
        self,
        order: OrderRow,
        execution_type: str,
        now_ms: int,
        *,
        trade: TradeRow | None = None,
        reason: str = NO_REASON,
        modify_id: int | None = None,
    ) -> OrderEvent:
        bids = asks = ZERO
        for position in self._account.used_positions(order.symbol):
            bids += position.bid_notional
            asks += position.ask_notional
        return OrderEvent(copy.copy(order), execution_type, trade, now_ms, reason, bids, asks, modify_id)

    def _knock_out(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Cut or expire resting reduce-only orders that the position no longer carries."""
        if not self._open.has_reducing(symbol):
            return
        for position in self._account.used_positions(symbol):
            for side in ("BUY", "SELL"):
                self._knock_out_side(position, side, now_ms, events)

    def _knock_out_side(self, position: Position, side: str, now_ms: int, events: list[VenueEvent]) -> None:
        room = abs(position.amount) if position.closing_side == side else ZERO
        for order in self._books[position.symbol].own_orders(side):
            if not order.reduce_only or order.position_side != position.side:
                continue
            left = order.orig_qty - order.executed_qty
            if room <= 0:
                self._close(order, "EXPIRED", "EXPIRED", REDUCE_ONLY, now_ms, events)
            elif left > room:
                order.orig_qty, order.update_time_ms = order.executed_qty + room, now_ms
                events.append(self._event(order, "AMENDMENT", now_ms))
            room -= left
