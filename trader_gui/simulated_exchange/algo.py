"""The Algo service: conditional orders that wait for a price and then become normal orders.

Life: NEW -> TRIGGERING -> TRIGGERED (the child order's events come before this) -> FINISHED; side exits CANCELED,
EXPIRED, REJECTED. Assumptions:

* Nothing of account or position is checked before the trigger, save for closePosition and GTE_GTC orders, which need
  the position that they close (-4509), one of a kind and side (-4130), and expire when it is gone or turned round.
* What would trigger at once is refused with -2021, a GTE_GTC order with -4142.
* A triggered reduce-only order is cut to the position's size; without one it is REJECTED.
* priceProtect: while mark and last price are too far apart a hit is not acted on; the order goes on waiting. So it
  does while the market is halted.
* The child carries the clientAlgoId as its client id; when an open order uses that already, the trigger is REJECTED.
* priceMatch finds its price at the trigger. A GTD order that has not triggered by its date expires; the date goes over
  to the limit order that comes of it.
* A trailing stop pushes NEW once more when it is activated.
* The own trades of a call count as last prices: they trigger in the same call, after what caused them.
"""

import copy
from collections.abc import Mapping
from decimal import Decimal

from trader_gui.simulated_exchange import filters, trailing
from trader_gui.simulated_exchange.account import Account
from trader_gui.simulated_exchange.algo_parameters import TRAILING, AlgoRequest
from trader_gui.simulated_exchange.margin import ZERO
from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.order_rows import new_algo
from trader_gui.simulated_exchange.orders import OPEN_STATES, OrderDesk
from trader_gui.simulated_exchange.parameters import NO_MATCH, OrderRequest
from trader_gui.simulated_exchange.position import Position
from trader_gui.simulated_exchange.records import AlgoEvent, AlgoRow, OrderRow, VenueEvent, VenueRefusal
from trader_gui.simulated_exchange.review import check_open

_MAX_OPEN = 200
_NEVER_MS = 1 << 62


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
        self._open_client_ids: dict[str, AlgoRow] = {}
        self._latest_by_client_id: dict[str, int] = {}
        self._first_expiry_ms = _NEVER_MS
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
        if algo_id is None:
            algo_id = self._latest_by_client_id.get(client_algo_id or "")
        return self.algos.get(algo_id) if algo_id is not None else None

    # ---- requests --------------------------------------------------------------------------------------------------

    def place(self, request: AlgoRequest, now_ms: int, events: list[VenueEvent]) -> AlgoRow:
        """Accept a conditional order.

        Raises:
            VenueRefusal: A filter's code, -1122, -2021, -4045, -4116, -4130, -4135, -4142, -4183, -4184, -4210, -4211,
                -4509.
        """
        self._review(request)
        algo_id = self._next_id
        self._next_id += 1
        algo = new_algo(request, self._books[request.symbol].spec, algo_id, now_ms)
        self.algos[algo_id] = algo
        self._open[algo.symbol][algo_id] = algo
        self._open_client_ids[algo.client_algo_id] = algo
        self._latest_by_client_id[algo.client_algo_id] = algo_id
        if algo.good_till_date_ms:
            self._first_expiry_ms = min(self._first_expiry_ms, algo.good_till_date_ms)
        if algo.callback_rate is not None:
            price = self._working_price(algo.symbol, algo.working_type)
            if algo.activate_price is None:
                algo.activate_price = price
            trailing.follow(algo, price)
        self._push(algo, "NEW", now_ms, events)
        return algo

    def cancel(self, algo_id: int | None, client_algo_id: str | None, now_ms: int, events: list[VenueEvent]) -> AlgoRow:
        """Cancel an untriggered order.

        Raises:
            VenueRefusal: -2011, none waits under that id.
        """
        found = self.algos.get(algo_id) if algo_id is not None else self._open_client_ids.get(client_algo_id or "")
        if found is None or found.algo_id not in self._open[found.symbol]:
            raise VenueRefusal(-2011, "Unknown order sent.")
        self._end(found, "CANCELED", now_ms, events)
        return found

    def cancel_all(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Cancel all untriggered orders of a symbol, oldest first."""
        for algo in self.open_orders(symbol):
            self._end(algo, "CANCELED", now_ms, events)

    def _review(self, request: AlgoRequest) -> None:
        book = self._books[request.symbol]
        check_open(book)
        price = self._working_price(request.symbol, request.working_type)
        self._check_filters(request, book, price)
        if request.client_algo_id in self._open_client_ids:
            raise VenueRefusal(-4116, "ClientOrderId is duplicated.")
        if len(self._open_client_ids) >= _MAX_OPEN:
            raise VenueRefusal(-4045, "Reach max stop order limit.")
        if request.needs_position:
            self._check_position(request)
        if request.order_type == TRAILING:
            activate = request.activate_price
            is_late = activate is not None and not trailing.may_activate_later(request.side, activate, price)
        else:
            is_late = _is_hit(request.order_type, request.side, request.trigger_price, price)
        if is_late:
            if request.time_in_force == "GTE_GTC":
                raise VenueRefusal(-4142, "REJECT: take profit or stop order will be triggered immediately.")
            raise VenueRefusal(-2021, "Order would immediately trigger.")

    def _check_filters(self, request: AlgoRequest, book: Book, price: Decimal) -> None:
        spec, is_buy, trigger_price = book.spec, request.side == "BUY", request.trigger_price
        if request.callback_rate is not None:
            filters.check_callback_rate(request.callback_rate)
            trigger_price = price if request.activate_price is None else request.activate_price
            if request.activate_price is not None:
                filters.check_activation(spec, trigger_price)
        else:
            filters.check_trigger_price(spec, trigger_price)
            filters.check_trigger_band(trigger_price, book.mark_price)
        if request.price:
            filters.check_price(spec, request.price)
            filters.check_triggered_limit(spec, request.price, trigger_price, is_buy=is_buy)
        if request.close_position:
            return
        filters.check_quantity(spec, request.quantity, is_market=request.is_market)
        if not request.reduce_only:
            filters.check_notional(spec, request.quantity * (request.price or trigger_price))

    def _working_price(self, symbol: str, working_type: str) -> Decimal:
        book = self._books[symbol]
        return book.mark_price if working_type == "MARK_PRICE" else book.last_price

    def _check_position(self, request: AlgoRequest) -> None:
        if self._account.position(request.symbol, request.position_side).closing_side != request.side:
            message = "Time in Force (TIF) GTE can only be used with open positions. "
            raise VenueRefusal(-4509, message + "Please ensure that positions are available.")
        if request.close_position and any(
            algo.close_position
            and (algo.side, algo.order_type, algo.position_side)
            == (request.side, request.order_type, request.position_side)
            for algo in self.open_orders(request.symbol)
        ):
            message = "An open stop or take profit order with GTE and closePosition in the direction is existing."
            raise VenueRefusal(-4130, message)

    # ---- triggering ------------------------------------------------------------------------------------------------

    def notice(self, symbol: str, working_type: str, price: Decimal, now_ms: int, events: list[VenueEvent]) -> None:
        """Take in a price: orders that it hits become due; `settle` runs them."""
        if not self._open[symbol] or not self._books[symbol].is_trading:
            return
        for algo in list(self._open[symbol].values()):
            if algo.working_type != working_type or not self._meets(algo, price, now_ms, events):
                continue
            if algo.price_protect and self._is_torn(symbol):
                continue
            self._take_out(algo)
            algo.trigger_time_ms = now_ms
            self._due.append(algo)

    def _meets(self, algo: AlgoRow, price: Decimal, now_ms: int, events: list[VenueEvent]) -> bool:
        if algo.callback_rate is None:
            return _is_hit(algo.order_type, algo.side, algo.trigger_price, price)
        was_activated = algo.is_activated
        is_hit = trailing.follow(algo, price)
        if algo.is_activated and not was_activated:
            self._push(algo, "NEW", now_ms, events)
        return is_hit

    def _is_torn(self, symbol: str) -> bool:
        """Whether mark price and last price are further apart than the symbol's `trigger_protect`."""
        book = self._books[symbol]
        return abs(book.last_price - book.mark_price) > book.spec.trigger_protect * book.mark_price

    def settle(self, now_ms: int, events: list[VenueEvent]) -> None:
        """Bring conditional orders up to what has happened: expire orphans, finish parents, run what is due."""
        while True:
            for symbol in self._desk.touched:
                self._expire_orphans(symbol, now_ms, events)
                self.notice(symbol, "CONTRACT_PRICE", self._books[symbol].last_price, now_ms, events)
            self._finish(now_ms, events)
            if not self._due:
                return
            self._run(self._due.pop(0), now_ms, events)

    def expire_due(self, now_ms: int, events: list[VenueEvent]) -> None:
        """Expire GTD orders whose date has come."""
        if now_ms < self._first_expiry_ms:
            return
        dated = [algo for algo in self.open_orders() if algo.good_till_date_ms]
        for algo in dated:
            if algo.good_till_date_ms <= now_ms:
                self._end(algo, "EXPIRED", now_ms, events)
        later = (algo.good_till_date_ms for algo in dated if algo.good_till_date_ms > now_ms)
        self._first_expiry_ms = min(later, default=_NEVER_MS)

    def expire_all(self, position: Position, now_ms: int, events: list[VenueEvent]) -> None:
        """Expire all untriggered orders of a position because it is being liquidated."""
        for algo in self.open_orders(position.symbol):
            if algo.position_side != position.side:
                continue
            self._end(algo, "EXPIRED", now_ms, events)

    def _expire_orphans(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        for algo in self.open_orders(symbol):
            if self._is_orphan(algo):
                self._end(algo, "EXPIRED", now_ms, events)

    def _is_orphan(self, algo: AlgoRow) -> bool:
        needs_position = algo.close_position or algo.time_in_force == "GTE_GTC"
        return needs_position and self._account.position(algo.symbol, algo.position_side).closing_side != algo.side

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
        position = self._account.position(algo.symbol, algo.position_side)
        size = abs(position.amount)
        quantity = algo.quantity
        if algo.close_position:
            quantity = size
        elif algo.reduce_only and position.closing_side == algo.side:
            quantity = min(quantity, size)
        is_market = algo.order_type.endswith("_MARKET")
        time_in_force = "GTC" if is_market or algo.time_in_force == "GTE_GTC" else algo.time_in_force
        good_till_date_ms = algo.good_till_date_ms if time_in_force == "GTD" else 0
        return OrderRequest(
            symbol=algo.symbol,
            side=algo.side,
            order_type="MARKET" if is_market else "LIMIT",
            time_in_force=time_in_force,
            quantity=quantity,
            price=None if is_market or algo.price_match != NO_MATCH else algo.price,
            reduce_only=algo.reduce_only or algo.close_position,
            client_order_id=algo.client_algo_id,
            orig_type=algo.order_type,
            stop_price=algo.trigger_price,
            working_type=algo.working_type,
            close_position=algo.close_position,
            position_side=algo.position_side,
            good_till_date_ms=good_till_date_ms,
            price_match=algo.price_match,
            stp_mode=algo.stp_mode,
            price_protect=algo.price_protect,
            activate_price=algo.activate_price,
            callback_rate=algo.callback_rate,
        )

    def _take_out(self, algo: AlgoRow) -> None:
        del self._open[algo.symbol][algo.algo_id]
        del self._open_client_ids[algo.client_algo_id]

    def _end(self, algo: AlgoRow, status: str, now_ms: int, events: list[VenueEvent]) -> None:
        self._take_out(algo)
        self._push(algo, status, now_ms, events)

    def _push(self, algo: AlgoRow, status: str, now_ms: int, events: list[VenueEvent]) -> None:
        algo.algo_status, algo.update_time_ms = status, now_ms
        events.append(AlgoEvent(copy.copy(algo), now_ms))


def _is_hit(order_type: str, side: str, trigger_price: Decimal, price: Decimal) -> bool:
    """Whether `price` triggers: stops buy at or above it and sell at or below it, take-profits the other way round."""
    rises = (side == "BUY") == order_type.startswith("STOP")
    return price >= trigger_price if rises else ZERO < price <= trigger_price
