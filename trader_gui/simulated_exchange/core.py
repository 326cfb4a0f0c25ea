"""The venue's core: every symbol's book, the account, both order services, and the market's ticks, as one object.

Pure and deterministic: time comes in as `now_ms` (market clock, must not run backward), the same calls give the same
answers. A call either raises `VenueRefusal` and has changed nothing, or returns its answer and the events that go out
on the user stream (and `BookChange` for the public ones), in order.

What each module decides: `parameters` (form of a request), `filters` and `review` (may it be placed), `matching` (who
fills whom), `orders` and `algo` (lives of orders), `account` and `margin` (money), `liquidation`, `queries` and
`views` (answers).
"""

from collections.abc import Mapping

from trader_gui.simulated_exchange.matching import Book
from trader_gui.simulated_exchange.parameters import missing, read_algo, read_modify, read_order
from trader_gui.simulated_exchange.queries import VenueQueries, need_one
from trader_gui.simulated_exchange.records import AlgoRow, LeverageEvent, MarketTick, OrderRow, VenueEvent
from trader_gui.simulated_exchange.views import SymbolConfigView


class VenueCore(VenueQueries):
    """The simulated exchange without its wire: all that changes it. What only reads is in `VenueQueries`."""

    # ---- the market ------------------------------------------------------------------------------------------------

    def on_tick(self, tick: MarketTick) -> list[VenueEvent]:
        """Take in one market tick: funding that fell due, prints, the new ladder, triggers, expiry, liquidation.

        Triggered orders trade against the new ladder: the price that triggered them is gone by then.
        """
        events: list[VenueEvent] = []
        now_ms, symbol = tick.time_ms, tick.symbol
        book, position = self._books[symbol], self._account.positions[symbol]
        if now_ms >= book.next_funding_ms:
            self._fund(book, now_ms, events)
        self._take_prints(book, tick, events)
        crossed = book.install(tick)
        position.mark_price = tick.mark_price
        if crossed:
            self._desk.fill_makers(crossed, now_ms, events)
        if self._algos.has_open(symbol):
            self._algos.notice(symbol, "MARK_PRICE", tick.mark_price, now_ms)
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
            self._algos.notice(symbol, "CONTRACT_PRICE", trade.price, tick.time_ms)

    def _fund(self, book: Book, now_ms: int, events: list[VenueEvent]) -> None:
        """Pay every funding up to now, at the mark price and rate that were known before this tick."""
        symbol, interval = book.spec.symbol, book.spec.funding_interval_ms
        while book.is_open and book.next_funding_ms <= now_ms:
            at_ms = book.next_funding_ms
            book.next_funding_ms += interval
            amount = self._account.fund(symbol, at_ms, book.mark_price, book.funding_rate)
            if amount:
                isolated = self._account.positions[symbol].is_isolated
                symbols = (symbol,) if isolated else ()
                events.append(self._account.event("FUNDING_FEE", at_ms, symbols=symbols, change=amount))
        if not book.is_open:
            book.next_funding_ms = (now_ms // interval + 1) * interval

    # ---- normal orders ---------------------------------------------------------------------------------------------

    def place_order(self, params: Mapping[str, str], now_ms: int) -> tuple[OrderRow, list[VenueEvent]]:
        """Place a LIMIT or MARKET order from the raw parameters of `POST order`."""
        self._book(_symbol(params))
        events: list[VenueEvent] = []
        order = self._desk.place(read_order(params, now_ms), now_ms, events)
        return order, self._settled(now_ms, events)

    def test_order(self, params: Mapping[str, str], now_ms: int) -> None:
        """Judge the parameters of `POST order/test` without placing anything."""
        self._book(_symbol(params))
        self._desk.check(read_order(params, now_ms))

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

    def modify_order(self, params: Mapping[str, str], now_ms: int) -> tuple[OrderRow, list[VenueEvent]]:
        """Change price and quantity of an open LIMIT order from the raw parameters of `PUT order`."""
        self._book(_symbol(params))
        events: list[VenueEvent] = []
        order = self._desk.modify(read_modify(params), now_ms, events)
        return order, self._settled(now_ms, events)

    # ---- conditional orders ----------------------------------------------------------------------------------------

    def place_algo(self, params: Mapping[str, str], now_ms: int) -> tuple[AlgoRow, list[VenueEvent]]:
        """Place a conditional order from the raw parameters of `POST algoOrder`."""
        self._book(_symbol(params))
        events: list[VenueEvent] = []
        return self._algos.place(read_algo(params), now_ms, events), events

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

    # ---- account ---------------------------------------------------------------------------------------------------

    def set_leverage(self, symbol: str, leverage: int, now_ms: int) -> tuple[SymbolConfigView, list[VenueEvent]]:
        """Change a symbol's leverage. Raises -1121, -2027, -2028, -4028, -4161."""
        self._book(symbol)
        self._account.set_leverage(symbol, leverage, now_ms)
        return self.symbol_config(symbol)[0], [LeverageEvent(symbol, leverage, now_ms)]

    def set_margin_type(self, symbol: str, margin_type: str, now_ms: int) -> list[VenueEvent]:
        """Change a flat symbol's margin type. Raises -1102, -1121, -4046, -4047, -4048."""
        self._book(symbol)
        has_orders = bool(self._desk.open_orders(symbol)) or self._algos.has_open(symbol)
        self._account.set_margin_type(symbol, margin_type, now_ms, has_orders=has_orders)
        return [self._account.event("MARGIN_TYPE_CHANGE", now_ms, symbols=(symbol,))]

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
