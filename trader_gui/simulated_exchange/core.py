"""The venue's core: every symbol's book, the account, both order services, and the market's ticks, as one object.

Pure and deterministic: time comes in as `now_ms` (market clock, must not run backward), the same calls give the same
answers. A call either raises `VenueRefusal` and has changed nothing, or returns its answer and the events that go out
on the user stream (and `BookChange` for the public ones), in order.

What each module decides: `parameters` and `algo_parameters` (form of a request), `filters` and `review` (may it be
placed), `matching` (who fills whom), `orders` and `algo` (lives of orders), `account`, `position`, `margin` and
`fees` (money), `settings` (modes, leverage), `liquidation`, and `queries`, `order_queries`, `account_queries` and
`views` (answers).
"""

from collections.abc import Collection, Mapping
from decimal import Decimal

from trader_gui.simulated_exchange.account_requests import AccountRequests
from trader_gui.simulated_exchange.algo_parameters import read_algo
from trader_gui.simulated_exchange.filters import check_quantity
from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.order_queries import need_one
from trader_gui.simulated_exchange.order_rows import new_order
from trader_gui.simulated_exchange.parameters import missing, read_modify, read_order
from trader_gui.simulated_exchange.records import AlgoRow, MarketTick, OrderRow, VenueEvent, VenueRefusal


class VenueCore(AccountRequests):
    """The simulated exchange without its wire: market, orders, and by inheritance the account and all that reads."""

    # ---- the market ------------------------------------------------------------------------------------------------

    def on_tick(self, tick: MarketTick) -> list[VenueEvent]:
        """Take in one market tick: funding that fell due, prints, the new ladder, triggers, expiry, liquidation.

        Triggered orders trade against the new ladder: the price that triggered them is gone by then.
        """
        events: list[VenueEvent] = []
        now_ms, symbol = tick.time_ms, tick.symbol
        book = self._books[symbol]
        if now_ms >= book.next_funding_ms:
            self._fund(book, now_ms, events)
        self._take_prints(book, tick, events)
        crossed = book.install(tick)
        self._account.holdings[symbol].mark_price = tick.mark_price
        if crossed:
            self._desk.fill_makers(crossed, now_ms, events)
        if self._algos.has_open(symbol):
            self._algos.notice(symbol, "MARK_PRICE", tick.mark_price, now_ms, events)
            self._algos.expire_due(now_ms, events)
        if book.has_own:
            self._desk.expire_due(symbol, now_ms, events)
        self._algos.settle(now_ms, events)
        self._liquidator.check(symbol, now_ms, events)
        self._algos.settle(now_ms, events)
        self._desk.flush(now_ms, events)
        return events

    def _take_prints(self, book: Book, tick: MarketTick, events: list[VenueEvent]) -> None:
        if not tick.prints:
            return
        symbol = tick.symbol
        if not (book.has_own or self._algos.has_open(symbol)):
            book.last_price = tick.prints[-1].price
            return
        for trade in tick.prints:
            fills = book.apply_print(trade)
            if fills:
                self._desk.fill_makers(fills, tick.time_ms, events)
            self._algos.notice(symbol, "CONTRACT_PRICE", trade.price, tick.time_ms, events)

    def _fund(self, book: Book, now_ms: int, events: list[VenueEvent]) -> None:
        """Pay every funding up to now, at the mark price and rate that were known before this tick."""
        symbol, interval = book.spec.symbol, book.spec.funding_interval_ms
        while book.is_open and book.next_funding_ms <= now_ms:
            at_ms = book.next_funding_ms
            book.next_funding_ms += interval
            for position in self._account.used_positions(symbol):
                amount = self._account.fund(position, at_ms, book.mark_price, book.funding_rate)
                if amount:
                    told = (position,) if position.is_isolated else ()
                    events.append(
                        self._account.event("FUNDING_FEE", at_ms, positions=told, change=amount, symbol=symbol)
                    )
        if not book.is_open:
            book.next_funding_ms = (now_ms // interval + 1) * interval

    # ---- normal orders ---------------------------------------------------------------------------------------------

    def place_order(self, params: Mapping[str, str], now_ms: int) -> tuple[OrderRow, list[VenueEvent]]:
        """Place a LIMIT or MARKET order from the raw parameters of `POST order`."""
        self._book(_symbol(params))
        events: list[VenueEvent] = []
        request = read_order(params, now_ms, is_hedge=self.is_hedge)
        order = self._desk.place(request, now_ms, events)
        return order, self._settled(now_ms, events)

    def test_order(self, params: Mapping[str, str], now_ms: int) -> OrderRow:
        """Judge the parameters of `POST order/test`; return the order that would be accepted, with id 0."""
        self._book(_symbol(params))
        request, _ = self._desk.check(read_order(params, now_ms, is_hedge=self.is_hedge))
        return new_order(request, 0, now_ms)

    def cancel_order(
        self, symbol: str, order_id: int | None, orig_client_order_id: str | None, now_ms: int
    ) -> tuple[OrderRow, list[VenueEvent]]:
        """Cancel one open order; the id wins over the client id. Raises -1102, -1121, -2011."""
        self._book(symbol)
        need_one(order_id, orig_client_order_id, "orderId", "origClientOrderId")
        events: list[VenueEvent] = []
        order = self._desk.cancel(symbol, order_id, orig_client_order_id, now_ms, events)
        return order, self._settled(now_ms, events)

    def cancel_all(self, symbol: str, now_ms: int) -> list[VenueEvent]:
        """Cancel all open normal orders of a symbol; conditional ones stay."""
        self._book(symbol)
        events: list[VenueEvent] = []
        self._desk.cancel_all(symbol, now_ms, events)
        return self._settled(now_ms, events)

    def modify_order(
        self, params: Mapping[str, str], now_ms: int, pending: Collection[int] = ()
    ) -> tuple[OrderRow, list[VenueEvent]]:
        """Change price and quantity of an open LIMIT order from the raw parameters of `PUT order`.

        `pending`: ids of orders that the same batch changes already.
        """
        self._book(_symbol(params))
        events: list[VenueEvent] = []
        order = self._desk.modify(read_modify(params), now_ms, events, pending)
        return order, self._settled(now_ms, events)

    # ---- conditional orders ----------------------------------------------------------------------------------------

    def place_algo(self, params: Mapping[str, str], now_ms: int) -> tuple[AlgoRow, list[VenueEvent]]:
        """Place a conditional order from the raw parameters of `POST algoOrder`."""
        self._book(_symbol(params))
        events: list[VenueEvent] = []
        return self._algos.place(read_algo(params, now_ms, is_hedge=self.is_hedge), now_ms, events), events

    def cancel_algo(
        self, algo_id: int | None, client_algo_id: str | None, now_ms: int
    ) -> tuple[AlgoRow, list[VenueEvent]]:
        """Cancel one untriggered conditional order. Raises -1102, -2011."""
        need_one(algo_id, client_algo_id, "algoId", "clientAlgoId")
        events: list[VenueEvent] = []
        return self._algos.cancel(algo_id, client_algo_id, now_ms, events), events

    def cancel_all_algo(self, symbol: str, now_ms: int) -> list[VenueEvent]:
        """Cancel all untriggered conditional orders of a symbol."""
        self._book(symbol)
        events: list[VenueEvent] = []
        self._algos.cancel_all(symbol, now_ms, events)
        return events

    # ---- by script -------------------------------------------------------------------------------------------------

    def auto_deleverage(
        self, symbol: str, position_side: str, quantity: Decimal | None, now_ms: int
    ) -> list[VenueEvent]:
        """Close a position, or `quantity` of it, as a counterparty's bankruptcy would.

        Raises -1121, -4060, -4061, -2024 no such position or not so much of it, or a quantity filter's code.
        """
        book, position = self._book(symbol), self._position(symbol, position_side)
        if not position.amount or (quantity is not None and quantity > abs(position.amount)):
            raise VenueRefusal(-2024, "Position is not sufficient.")
        if quantity is not None:
            check_quantity(book.spec, quantity, is_market=True)
        events: list[VenueEvent] = []
        self._liquidator.deleverage(position, quantity, now_ms, events)
        return self._settled(now_ms, events)

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _settled(self, now_ms: int, events: list[VenueEvent]) -> list[VenueEvent]:
        self._algos.settle(now_ms, events)
        self._desk.flush(now_ms, events)
        return events


def _symbol(params: Mapping[str, str]) -> str:
    symbol = params.get("symbol")
    if not symbol:
        raise missing("symbol")
    return symbol
