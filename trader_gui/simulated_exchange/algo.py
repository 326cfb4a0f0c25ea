"""The Algo service: conditional orders that wait for a price and then become normal orders.

Life: NEW -> TRIGGERING -> TRIGGERED (the child order's events come before this) -> FINISHED; side exits CANCELED,
EXPIRED, REJECTED. Offered: STOP, STOP_MARKET, TAKE_PROFIT, TAKE_PROFIT_MARKET; not trailing stops. Assumptions:

* Nothing of account or position is checked before the trigger, save for closePosition and GTE_GTC orders, which need
  the position that they close (-4509), one of a kind and side (-4130), and expire when it is gone or turned round.
* A triggered reduce-only order is cut to the position's size; without one it is REJECTED.
* priceProtect: while mark and last price are too far apart a hit is not acted on; the order goes on waiting.
* The child carries the clientAlgoId as its client id; when an open order uses that already, the trigger is REJECTED.
* The own trades of a call count as last prices: they trigger in the same call, after what caused them.
"""

import copy
from collections.abc import Mapping
from decimal import Decimal

from trader_gui.simulated_exchange import filters
from trader_gui.simulated_exchange.account import Account
from trader_gui.simulated_exchange.margin import ZERO
from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.orders import OPEN_STATES, OrderDesk
from trader_gui.simulated_exchange.parameters import AlgoRequest, OrderRequest
from trader_gui.simulated_exchange.records import AlgoEvent, AlgoRow, OrderRow, VenueEvent, VenueRefusal
from trader_gui.simulated_exchange.review import check_open

_MAX_OPEN = 200


class AlgoDesk:
    """All conditional orders of the account.

    Attributes:
        algos: Every conditional order ever accepted, by id, oldest first.
    """

    def __init__(self, books: Mapping[str, Book], account: Account, desk: OrderDesk, *, first_algo_id: int) -> None:
        self.algos: dict[int, AlgoRow] = {}
        self._books = books
        self._account = account
        self._desk = desk
        self._open: dict[str, dict[int, AlgoRow]] = {symbol: {} for symbol in books}
        self._due: list[AlgoRow] = []
        self._working: list[tuple[AlgoRow, OrderRow]] = []
        self._next_id = first_algo_id

    # ---- lookups ---------------------------------------------------------------------------------------------------

    def has_open(self, symbol: str) -> bool:
        """Whether an untriggered order waits on the symbol."""
        return bool(self._open[symbol])

    def open_orders(self, symbol: str | None = None) -> list[AlgoRow]:
        """Return untriggered orders, oldest first."""
        if symbol is not None:
            return list(self._open[symbol].values())
        return sorted((algo for by_id in self._open.values() for algo in by_id.values()), key=lambda a: a.algo_id)

    def find(self, algo_id: int | None, client_algo_id: str | None) -> AlgoRow | None:
        """Return an order by id (which wins) or by the latest use of a client id; None if there is none."""
        if algo_id is not None:
            return self.algos.get(algo_id)
        return next((a for a in reversed(self.algos.values()) if a.client_algo_id == client_algo_id), None)

    # ---- requests --------------------------------------------------------------------------------------------------

    def place(self, request: AlgoRequest, now_ms: int, events: list[VenueEvent]) -> AlgoRow:
        """Accept a conditional order.

        Raises:
            VenueRefusal: A filter's code, -1122, -2021, -4045, -4116, -4130, -4183, -4184, -4509.
        """
        self._review(request)
        algo_id = self._next_id
        self._next_id += 1
        algo = AlgoRow(
            algo_id=algo_id,
            client_algo_id=request.client_algo_id or f"web-algo-{algo_id}",
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
            quantity=request.quantity,
            trigger_price=request.trigger_price,
            price=request.price,
            working_type=request.working_type,
            close_position=request.close_position,
            price_protect=request.price_protect,
            reduce_only=request.reduce_only,
            algo_status="NEW",
            create_time_ms=now_ms,
            update_time_ms=now_ms,
        )
        self.algos[algo_id] = algo
        self._open[algo.symbol][algo_id] = algo
        self._push(algo, "NEW", now_ms, events)
        return algo

    def cancel(self, algo_id: int | None, client_algo_id: str | None, now_ms: int, events: list[VenueEvent]) -> AlgoRow:
        """Cancel an untriggered order.

        Raises:
            VenueRefusal: -2011, none waits under that id.
        """
        waiting = self.open_orders()
        found = [a for a in waiting if a.algo_id == algo_id or (algo_id is None and a.client_algo_id == client_algo_id)]
        if not found:
            raise VenueRefusal(-2011, "Unknown order sent.")
        self._end(found[0], "CANCELED", now_ms, events)
        return found[0]

    def cancel_all(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Cancel all untriggered orders of a symbol, oldest first."""
        for algo in self.open_orders(symbol):
            self._end(algo, "CANCELED", now_ms, events)

    def _review(self, request: AlgoRequest) -> None:
        book = self._books[request.symbol]
        check_open(book)
        self._check_filters(request, book)
        waiting = self.open_orders()
        if request.client_algo_id and any(a.client_algo_id == request.client_algo_id for a in waiting):
            raise VenueRefusal(-4116, "ClientOrderId is duplicated.")
        if len(waiting) >= _MAX_OPEN:
            raise VenueRefusal(-4045, "Reach max stop order limit.")
        if request.needs_position:
            self._check_position(request)
        price = book.mark_price if request.working_type == "MARK_PRICE" else book.last_price
        if _is_hit(request.order_type, request.side, request.trigger_price, price):
            raise VenueRefusal(-2021, "Order would immediately trigger.")

    def _check_filters(self, request: AlgoRequest, book: Book) -> None:
        spec, is_buy, is_market = book.spec, request.side == "BUY", request.order_type.endswith("_MARKET")
        filters.check_trigger_price(spec, request.trigger_price)
        if not is_market:
            filters.check_price(spec, request.price)
            filters.check_triggered_limit(spec, request.price, request.trigger_price, is_buy=is_buy)
        if request.close_position:
            return
        filters.check_quantity(spec, request.quantity, is_market=is_market)
        if not request.reduce_only:
            filters.check_notional(spec, request.quantity * (request.trigger_price if is_market else request.price))

    def _check_position(self, request: AlgoRequest) -> None:
        if self._account.positions[request.symbol].closing_side != request.side:
            message = "Time in Force (TIF) GTE can only be used with open positions. "
            raise VenueRefusal(-4509, message + "Please ensure that positions are available.")
        if request.close_position and any(
            algo.close_position and algo.side == request.side and algo.order_type == request.order_type
            for algo in self.open_orders(request.symbol)
        ):
            message = "An open stop or take profit order with GTE and closePosition in the direction is existing."
            raise VenueRefusal(-4130, message)

    # ---- triggering ------------------------------------------------------------------------------------------------

    def notice(self, symbol: str, working_type: str, price: Decimal, now_ms: int) -> None:
        """Take in a price: orders that it hits become due; `settle` runs them."""
        for algo in self.open_orders(symbol):
            if algo.working_type != working_type or not _is_hit(algo.order_type, algo.side, algo.trigger_price, price):
                continue
            if algo.price_protect and self._is_torn(symbol):
                continue
            del self._open[symbol][algo.algo_id]
            algo.trigger_time_ms = now_ms
            self._due.append(algo)

    def _is_torn(self, symbol: str) -> bool:
        """Whether mark price and last price are further apart than the symbol's `trigger_protect`."""
        book = self._books[symbol]
        return abs(book.last_price - book.mark_price) > book.spec.trigger_protect * book.mark_price

    def settle(self, now_ms: int, events: list[VenueEvent]) -> None:
        """Bring conditional orders up to what has happened: expire orphans, finish parents, run what is due."""
        while True:
            for symbol in self._desk.touched:
                self._expire_orphans(symbol, now_ms, events)
                self.notice(symbol, "CONTRACT_PRICE", self._books[symbol].last_price, now_ms)
            self._finish(now_ms, events)
            if not self._due:
                return
            self._run(self._due.pop(0), now_ms, events)

    def expire_all(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Expire all untriggered orders of a symbol because the account is being liquidated."""
        for algo in self.open_orders(symbol):
            self._end(algo, "EXPIRED", now_ms, events)

    def _expire_orphans(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        for algo in self.open_orders(symbol):
            if self._is_orphan(algo):
                self._end(algo, "EXPIRED", now_ms, events)

    def _is_orphan(self, algo: AlgoRow) -> bool:
        needs_position = algo.close_position or algo.time_in_force == "GTE_GTC"
        return needs_position and self._account.positions[algo.symbol].closing_side != algo.side

    def _finish(self, now_ms: int, events: list[VenueEvent]) -> None:
        for pair in list(self._working):
            algo, child = pair
            if child.status not in OPEN_STATES:
                self._working.remove(pair)
                algo.actual_price, algo.actual_qty = child.avg_price, child.executed_qty
                self._push(algo, "FINISHED", now_ms, events)

    def _run(self, algo: AlgoRow, now_ms: int, events: list[VenueEvent]) -> None:
        if self._is_orphan(algo):
            self._push(algo, "EXPIRED", now_ms, events)
            return
        self._push(algo, "TRIGGERING", now_ms, events)
        request = self._child(algo)
        algo.actual_type = request.order_type
        try:
            child = self._desk.place(request, now_ms, events)
        except VenueRefusal as refusal:
            algo.reason = refusal.message
            self._push(algo, "REJECTED", now_ms, events)
            return
        algo.actual_order_id = child.order_id
        algo.actual_price, algo.actual_qty = child.avg_price, child.executed_qty
        self._push(algo, "TRIGGERED", now_ms, events)
        self._working.append((algo, child))

    def _child(self, algo: AlgoRow) -> OrderRequest:
        """Return the normal order that a triggered one becomes."""
        position = self._account.positions[algo.symbol]
        size = abs(position.amount)
        quantity = algo.quantity
        if algo.close_position:
            quantity = size
        elif algo.reduce_only and position.closing_side == algo.side:
            quantity = min(quantity, size)
        is_market = algo.order_type.endswith("_MARKET")
        time_in_force = "GTC" if is_market or algo.time_in_force == "GTE_GTC" else algo.time_in_force
        return OrderRequest(
            symbol=algo.symbol,
            side=algo.side,
            order_type="MARKET" if is_market else "LIMIT",
            time_in_force=time_in_force,
            quantity=quantity,
            price=None if is_market else algo.price,
            reduce_only=algo.reduce_only or algo.close_position,
            client_order_id=algo.client_algo_id,
            orig_type=algo.order_type,
            stop_price=algo.trigger_price,
            working_type=algo.working_type,
            close_position=algo.close_position,
        )

    def _end(self, algo: AlgoRow, status: str, now_ms: int, events: list[VenueEvent]) -> None:
        del self._open[algo.symbol][algo.algo_id]
        self._push(algo, status, now_ms, events)

    def _push(self, algo: AlgoRow, status: str, now_ms: int, events: list[VenueEvent]) -> None:
        algo.algo_status, algo.update_time_ms = status, now_ms
        events.append(AlgoEvent(copy.copy(algo), now_ms))


def _is_hit(order_type: str, side: str, trigger_price: Decimal, price: Decimal) -> bool:
    """Whether `price` triggers: stops buy at or above it and sell at or below it, take-profits the other way round."""
    rises = (side == "BUY") == order_type.startswith("STOP")
    return price >= trigger_price if rises else ZERO < price <= trigger_price
