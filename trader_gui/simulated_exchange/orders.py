"""The order desk: the life of LIMIT and MARKET orders, and the only place where a fill is booked.

Per fill the account event comes first, then the order's TRADE event. Every accepted order, MARKET too, pushes NEW
first. After each fill reduce-only orders that the position no longer carries are knocked out: by priority (best price,
then oldest) they keep what is left of the position; the one on the edge is cut to it (AMENDMENT), the rest expires
with reason 4. So a reduce-only order can never turn a position round.
"""

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal

from trader_gui.simulated_exchange.account import ASSET, Account
from trader_gui.simulated_exchange.margin import ZERO
from trader_gui.simulated_exchange.matching import Book, MakerFill
from trader_gui.simulated_exchange.parameters import ModifyRequest, OrderRequest
from trader_gui.simulated_exchange.records import (
    BookChange,
    OrderEvent,
    OrderRow,
    PriceLevel,
    Print,
    TradeRow,
    VenueEvent,
    VenueRefusal,
)
from trader_gui.simulated_exchange.review import check_filters, check_margin, review_order

OPEN_STATES = ("NEW", "PARTIALLY_FILLED")
NO_REASON, SELF_TRADE, IOC_REST, REDUCE_ONLY, LIQUIDATED, MARKET_REST = "0", "1", "2", "4", "5", "9"


class OrderDesk:
    """All orders and executions of the account.

    Attributes:
        orders: Every order ever accepted, by symbol and id, oldest first.
        trades: Every own execution, by symbol, oldest first.
        touched: Symbols where own orders or fills changed since `flush`, with the prints that they made.
    """

    def __init__(
        self, books: Mapping[str, Book], account: Account, *, first_order_id: int, first_trade_id: int
    ) -> None:
        self.orders: dict[str, dict[int, OrderRow]] = {symbol: {} for symbol in books}
        self.trades: dict[str, list[TradeRow]] = {symbol: [] for symbol in books}
        self.touched: dict[str, list[Print]] = {}
        self._books = books
        self._account = account
        self._open: dict[int, OrderRow] = {}
        self._open_client_ids: dict[str, int] = {}
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
        return [order for order in self._open.values() if symbol is None or order.symbol == symbol]

    def _open_one(self, symbol: str, order_id: int | None, client_order_id: str | None) -> OrderRow | None:
        order = self.find(symbol, order_id, client_order_id)
        return order if order is not None and order.order_id in self._open else None

    # ---- requests --------------------------------------------------------------------------------------------------

    def place(self, request: OrderRequest, now_ms: int, events: list[VenueEvent]) -> OrderRow:
        """Accept an order and execute it as far as the book allows.

        Raises:
            VenueRefusal: -2025, -4116, or a code of `review_order`; nothing was changed.
        """
        fills = self.check(request)
        order = self._admit(request, now_ms, events)
        self._execute(order, fills, now_ms, events)
        return order

    def check(self, request: OrderRequest) -> list[PriceLevel]:
        """Judge an order without placing it; return the fills that it would get at once. Raises as `place` does."""
        book = self._books[request.symbol]
        if request.client_order_id in self._open_client_ids:
            raise VenueRefusal(-4116, "ClientOrderId is duplicated.")
        fills = review_order(request, book, self._account)
        if len(self.open_orders(request.symbol)) >= book.spec.max_num_orders:
            raise VenueRefusal(-2025, "Reach max open order limit.")
        return fills

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
        for order in self.open_orders(symbol):
            self._close(order, "CANCELED", "CANCELED", NO_REASON, now_ms, events)

    def modify(self, request: ModifyRequest, now_ms: int, events: list[VenueEvent]) -> OrderRow:
        """Give an open LIMIT order a new price and total quantity; it loses its place in the queue.

        A partly filled order whose new quantity is no more than what is filled, and a GTX order whose new price would
        take, are cancelled.

        Raises:
            VenueRefusal: -2013, -1117 other side, -5025 no LIMIT, -5027 nothing changes, -5047, a filter's code, -2019.
        """
        order = self._open_one(request.symbol, request.order_id, request.orig_client_order_id)
        if order is None:
            raise VenueRefusal(-2013, "Order does not exist.")
        changed = self._review_change(order, request)
        book = self._books[order.symbol]
        takes_as_maker = order.time_in_force == "GTX" and book.crosses(order.side, request.price)
        if takes_as_maker or request.quantity <= order.executed_qty:
            self._close(order, "CANCELED", "CANCELED", NO_REASON, now_ms, events)
            return order
        book.remove(order)
        order.price, order.orig_qty, order.update_time_ms = request.price, request.quantity, now_ms
        events.append(OrderEvent(copy.copy(order), "AMENDMENT", None, now_ms))
        left = order.orig_qty - order.executed_qty
        self._execute(order, book.plan_take(order.side, changed, left), now_ms, events)
        return order

    def _review_change(self, order: OrderRow, request: ModifyRequest) -> Decimal:
        """Judge an amendment; return the new price."""
        if request.side != order.side:
            raise VenueRefusal(-1117, "Invalid side.")
        if order.order_type != "LIMIT":
            raise VenueRefusal(-5025, "Only limit order is supported.")
        if (request.price, request.quantity) == (order.price, order.orig_qty):
            raise VenueRefusal(-5027, "No need to modify the order.")
        if request.reduce_only and not order.reduce_only:
            raise VenueRefusal(-5047, "Order is not reduce only.")
        book = self._books[order.symbol]
        amended = OrderRequest(
            order.symbol, order.side, "LIMIT", order.time_in_force, request.quantity, request.price, order.reduce_only
        )
        check_filters(amended, book)
        left = request.quantity - order.executed_qty
        if order.reduce_only:
            if left > abs(self._account.positions[order.symbol].amount):
                raise VenueRefusal(-2022, "ReduceOnly Order is rejected.")
        elif left > 0:
            rest = OrderRequest(order.symbol, order.side, "LIMIT", order.time_in_force, left, request.price)
            released = (order.orig_qty - order.executed_qty) * order.price
            check_margin(rest, book, self._account, released)
        return request.price

    # ---- what the market does --------------------------------------------------------------------------------------

    def fill_makers(self, fills: Sequence[MakerFill], now_ms: int, events: list[VenueEvent]) -> None:
        """Book fills of resting orders, in the order given; one that a former fill knocked out gets nothing."""
        for fill in fills:
            order = fill.order
            quantity = min(fill.quantity, order.orig_qty - order.executed_qty)
            if order.order_id not in self._open or quantity <= 0:
                continue
            prints = self.touched.setdefault(order.symbol, [])
            if not fill.is_public:
                prints.append(Print(order.price, quantity, order.side == "BUY"))
                self._books[order.symbol].last_price = order.price
            self._fill(order, order.price, quantity, True, now_ms, events)

    def expire_due(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Expire GTD orders whose time has come."""
        for order in self.open_orders(symbol):
            if order.good_till_date_ms and order.good_till_date_ms <= now_ms:
                self._close(order, "EXPIRED", "EXPIRED", NO_REASON, now_ms, events)

    def expire_liquidated(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Expire all orders of a symbol because the account is being liquidated."""
        for order in self.open_orders(symbol):
            self._close(order, "EXPIRED", "EXPIRED", LIQUIDATED, now_ms, events)

    def autoclose(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> OrderRow:
        """Close a position by force: the whole ladder at any price, then the insurance fund at the mark price."""
        book, position = self._books[symbol], self._account.positions[symbol]
        side, size = position.closing_side, abs(position.amount)
        request = OrderRequest(
            symbol,
            side,
            "LIQUIDATION",
            "IOC",
            size,
            book.mark_price,
            client_order_id=f"autoclose-{self._next_order_id}",
            close_position=True,
        )
        fills = book.plan_take(side, book.spec.max_price if side == "BUY" else ZERO, size)
        order = self._admit(request, now_ms, events)
        self._take(order, fills, now_ms, events)
        left = order.orig_qty - order.executed_qty
        if left > 0:
            self._fill(order, book.mark_price, left, False, now_ms, events)
        return order

    def flush(self, now_ms: int, events: list[VenueEvent]) -> None:
        """Tell what own orders did to the public book since the last flush."""
        events.extend(BookChange(symbol, tuple(prints), now_ms) for symbol, prints in self.touched.items())
        self.touched.clear()

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _admit(self, request: OrderRequest, now_ms: int, events: list[VenueEvent]) -> OrderRow:
        order_id = self._next_order_id
        self._next_order_id += 1
        order = OrderRow(
            order_id=order_id,
            client_order_id=request.client_order_id or f"web-{order_id}",
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
            orig_qty=request.quantity,
            price=request.price or ZERO,
            status="NEW",
            reduce_only=request.reduce_only,
            time_ms=now_ms,
            update_time_ms=now_ms,
            good_till_date_ms=request.good_till_date_ms,
            orig_type=request.orig_type or request.order_type,
            close_position=request.close_position,
            stop_price=request.stop_price,
            working_type=request.working_type,
        )
        self.orders[order.symbol][order_id] = order
        self._open[order_id] = order
        self._open_client_ids[order.client_order_id] = order_id
        self._latest_by_client_id[order.symbol, order.client_order_id] = order_id
        events.append(OrderEvent(copy.copy(order), "NEW", None, now_ms))
        return order

    def _execute(self, order: OrderRow, fills: list[PriceLevel], now_ms: int, events: list[VenueEvent]) -> None:
        """Take the planned fills, then rest or expire what is left."""
        book = self._books[order.symbol]
        taken = sum((fill[1] for fill in fills), ZERO)
        reach = None
        if order.orig_qty - order.executed_qty > taken:
            reach = book.market_bound(order.side) if order.order_type == "MARKET" else order.price
        elif fills:
            reach = fills[-1][0]
        if reach is not None:
            for own in book.reached_own(order.side, reach):
                self._close(own, "EXPIRED_IN_MATCH", "EXPIRED", SELF_TRADE, now_ms, events)
        self._take(order, fills, now_ms, events)
        if order.order_id not in self._open:
            return
        if order.order_type == "MARKET":
            self._close(order, "EXPIRED", "EXPIRED", MARKET_REST, now_ms, events)
        elif order.time_in_force == "IOC":
            self._close(order, "EXPIRED", "EXPIRED", IOC_REST, now_ms, events)
        else:
            book.rest(order)
            self._refresh(order.symbol)
            self._knock_out(order.symbol, now_ms, events)

    def _take(self, order: OrderRow, fills: list[PriceLevel], now_ms: int, events: list[VenueEvent]) -> None:
        book = self._books[order.symbol]
        book.take(order.side, fills)
        prints = self.touched.setdefault(order.symbol, [])
        for price, quantity in fills:
            prints.append(Print(price, quantity, order.side == "SELL"))
            book.last_price = price
            self._fill(order, price, quantity, False, now_ms, events)

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
            order.symbol, order.side, price, quantity, is_maker=is_maker, trade_id=trade_id, time_ms=now_ms
        )
        order.executed_qty += quantity
        order.cum_quote += price * quantity
        order.update_time_ms = now_ms
        is_complete = order.executed_qty >= order.orig_qty
        order.status = "FILLED" if is_complete else "PARTIALLY_FILLED"
        if is_complete:
            self._drop(order)
        self._refresh(order.symbol)
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
        )
        self.trades[order.symbol].append(trade)
        events.append(self._account.event("ORDER", now_ms, symbols=(order.symbol,)))
        events.append(OrderEvent(copy.copy(order), "TRADE", trade, now_ms))
        self._knock_out(order.symbol, now_ms, events)

    def _close(
        self, order: OrderRow, status: str, execution_type: str, reason: str, now_ms: int, events: list[VenueEvent]
    ) -> None:
        """End an order without a fill."""
        order.status, order.update_time_ms = status, now_ms
        self._drop(order)
        self._refresh(order.symbol)
        self.touched.setdefault(order.symbol, [])
        events.append(OrderEvent(copy.copy(order), execution_type, None, now_ms, reason))

    def _drop(self, order: OrderRow) -> None:
        del self._open[order.order_id]
        del self._open_client_ids[order.client_order_id]
        self._books[order.symbol].remove(order)

    def _refresh(self, symbol: str) -> None:
        """Tell the account what the resting orders of a symbol could open."""
        book, position = self._books[symbol], self._account.positions[symbol]
        position.bid_notional, position.ask_notional = (
            sum((o.price * (o.orig_qty - o.executed_qty) for o in book.own_orders(side) if not o.reduce_only), ZERO)
            for side in ("BUY", "SELL")
        )

    def _knock_out(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Cut or expire resting reduce-only orders that the position no longer carries."""
        book, position = self._books[symbol], self._account.positions[symbol]
        for side in ("BUY", "SELL"):
            room = abs(position.amount) if position.closing_side == side else ZERO
            for order in book.own_orders(side):
                if not order.reduce_only:
                    continue
                left = order.orig_qty - order.executed_qty
                if room <= 0:
                    self._close(order, "EXPIRED", "EXPIRED", REDUCE_ONLY, now_ms, events)
                elif left > room:
                    order.orig_qty, order.update_time_ms = order.executed_qty + room, now_ms
                    events.append(OrderEvent(copy.copy(order), "AMENDMENT", None, now_ms))
                room -= left
