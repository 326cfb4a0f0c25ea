"""The venue's list of executions held against what the core has booked: own ones and those of anybody else."""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.domain.order import (
    Fill,
    Order,
    OrderFamily,
    OrderStatus,
    OrderType,
    OrderUpdate,
    WorkingType,
)
from trader_gui.exchange.port import OrderPort
from trader_gui.rt_trader.execution_pages import since_time, since_trade

SINCE_MARGIN_MS = 600_000
"""A symbol without executions is looked through from a time on that moves along, so far behind the market."""


class Executions:
    """Knows for each symbol up to which trade id everything is booked.

    Args:
        callback: The core; it is read.
        port: Where the venue is asked.
    """

    def __init__(self, callback: Callback, port: OrderPort) -> None:
        self._callback = callback
        self._port = port
        self._booked: dict[str, int] = {}
        self._since_ms: dict[str, int] = {}
        self._begun_ms = 0

    def begin(self, since_ms: int) -> None:
        """Begin with the executions of before the session that the core was given; others from `since_ms` on."""
        self._begun_ms = since_ms
        for fill in self._callback.orders.fills:
            self._booked[fill.symbol] = max(fill.trade_id, self._booked.get(fill.symbol, 0))

    def symbols(self) -> set[str]:
        """Return the symbols in play: the session's, and every one with a position, an open order or an execution."""
        account, orders = self._callback.account, self._callback.orders
        return {
            self._callback.symbol,
            *(symbol for symbol, _ in account.positions),
            *(order.symbol for order in orders.open_orders()),
            *(fill.symbol for fill in orders.fills),
        }

    async def unbooked(self, symbols: Collection[str]) -> tuple[Fill, ...]:
        """Return what the venue lists and the core has not booked, oldest first; the client order id is not told.

        Raises:
            VenueError: The venue cannot be asked.
        """
        found: list[Fill] = []
        for symbol in sorted(symbols):
            asked_ms = self._callback.now_ms
            listed = await self._list(symbol)
            found += [fill for fill in listed if not self._callback.orders.has_fill(fill)]
            self._advance(symbol, listed, asked_ms)
        return tuple(found)

    async def as_told(self, fills: Iterable[Fill]) -> list[OrderUpdate]:
        """Return executions as the stream would have told them; an order that nobody here knows is asked for.

        Raises:
            VenueError: The venue cannot be asked.
        """
        orders = self._callback.orders
        known = _by_venue_id((*orders.closed, *orders.open_orders()))
        updates = []
        for fill in fills:
            key = (fill.symbol, fill.order_id)
            if key not in known:
                asked = await self._port.order_by_id(*key)
                known[key] = asked if asked is not None else _order_of(fill)
            told = replace(fill, client_order_id=known[key].client_order_id)
            time_ms = fill.trade_time_ms
            updates.append(OrderUpdate(known[key], "TRADE", told, time_ms, time_ms, is_asked=True))
        return updates

    async def since(self, symbol: str, time_ms: int) -> list[Fill]:
        """Return all executions of a symbol since a time, oldest first; the client order id is not told.

        Raises:
            VenueError: The venue cannot be asked.
        """
        return await since_time(self._port, symbol, time_ms, self._callback.now_ms)

    async def _list(self, symbol: str) -> list[Fill]:
        booked = self._booked.get(symbol)
        if booked is not None:
            return await since_trade(self._port, symbol, booked)
        return await self.since(symbol, self._since_ms.get(symbol, self._begun_ms))

    def _advance(self, symbol: str, listed: Iterable[Fill], asked_ms: int) -> None:
        """Everything up to the first execution that is not booked need not be read again."""
        for fill in listed:
            if not self._callback.orders.has_fill(fill):
                return
            self._booked[symbol] = fill.trade_id
        self._since_ms[symbol] = max(self._begun_ms, asked_ms - SINCE_MARGIN_MS)


def _by_venue_id(orders: Iterable[Order]) -> dict[tuple[str, int], Order]:
    """Return orders by symbol and the venue's id under which they are executed."""
    found: dict[tuple[str, int], Order] = {}
    for order in orders:
        number = order.triggered_order_id if order.order_family is OrderFamily.ALGO else order.order_id
        if number is not None:
            found[order.symbol, number] = order
    return found


def _order_of(fill: Fill) -> Order:
    """Return an order that the venue no longer knows, as far as one of its executions tells of it."""
    return Order(
        symbol=fill.symbol,
        client_order_id=f"id-{fill.order_id}",
        order_family=OrderFamily.BOOK,
        side=fill.side,
        order_type=OrderType.MARKET,
        status=OrderStatus.FILLED,
        quantity=fill.quantity,
        price=fill.price,
        trigger_price=fill.price * 0,
        executed_quantity=fill.quantity,
        average_price=fill.price,
        time_in_force=None,
        reduce_only=False,
        close_position=False,
        working_type=WorkingType.CONTRACT_PRICE,
        update_time_ms=fill.trade_time_ms,
        order_id=fill.order_id,
        position_side=fill.position_side,
    )
