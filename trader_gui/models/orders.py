"""OrdersModel: open orders of both families, with their distance from the price."""

from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.callback.quotes import quotes_of
from trader_gui.domain.order import Order, OrderStatus, OrderType, PositionSide
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import SymbolRules, decimals_of
from trader_gui.models.amend_draft import is_amendable
from trader_gui.models.table import Column, KeyedTableModel
from trader_gui.models.trader_view import StatusView
from trader_gui.orders.reconcile import order_key
from trader_gui.rt_trader.provenance import Told

REFUSAL_NS = 20_000_000_000
"""How long a row tells why its order was not changed."""


@dataclass(frozen=True)
class OrderRow:
    """One open order as shown.

    Attributes:
        order: The order itself.
        level: The price that the order waits for: trigger if it has one, else its limit; None for market orders.
        distance_fraction: From the last price to `level`; None when unknown.
        price_decimals, quantity_decimals: Of the symbol's filters.
        told: Where the order's state comes from, None when nothing was told.
        asking_s: Whole seconds for which the exchange has been asked what became of it, None while it is known.
        is_in_doubt: The stream that would tell of changes is not believed now.
        rules: Of the symbol.
        is_amending: A change of price or size is on its way, or nobody knows yet what became of it.
        wanted_price, wanted_quantity: What this window has asked for, until that is answered.
        refusal: Why the last change was not made, for a while; "" for nothing.
    """

    order: Order
    level: Decimal | None
    distance_fraction: float | None
    price_decimals: int
    quantity_decimals: int
    told: Told | None = None
    asking_s: int | None = None
    is_in_doubt: bool = False
    rules: SymbolRules | None = None
    is_amending: bool = False
    wanted_price: Decimal | None = None
    wanted_quantity: Decimal | None = None
    refusal: str = ""

    @property
    def client_order_id(self) -> str:
        """Of the order."""
        return self.order.client_order_id

    @property
    def can_cancel(self) -> bool:
        """False while the exchange has not confirmed the order: nobody knows yet what there is to cancel."""
        return self.order.status is not OrderStatus.SENT

    @property
    def can_amend(self) -> bool:
        """True for what the venue changes in place, while no change is under way."""
        return is_amendable(self.order) and not self.is_amending


COLUMNS: tuple[Column[OrderRow], ...] = (
    Column("type", "Type", lambda r: r.order.order_type.value),
    Column("symbol", "Symbol", lambda r: r.order.symbol),
    Column("side", "Side", lambda r: r.order.side.value),
    Column("filled", "Filled", lambda r: r.order.executed_quantity, is_number=True),
    Column("quantity", "Size", lambda r: r.order.quantity, is_number=True),
    Column("limit", "Limit", lambda r: r.order.price or None, is_number=True),
    Column("trigger", "Trigger", lambda r: r.order.trigger_price or None, is_number=True),
    Column("level", "Price", lambda r: r.level, is_number=True),
    Column("distance", "Distance", lambda r: r.distance_fraction, is_number=True),
    Column("state", "State", lambda r: r.order.status.value),
    Column("flags", "Flags", lambda r: flags_of(r.order)),
    Column("opened_by", "Sent by", lambda r: r.order.origin.value),
    Column("time", "Changed", lambda r: r.order.update_time_ms, is_time=True),
    Column("order", "Order", lambda r: r.order.client_order_id),
    Column("order_id", "Order number", lambda r: r.order.order_id, is_number=True, is_id=True),
    Column("cancel", "", lambda r: "Cancel"),
)


class OrdersModel(KeyedTableModel[OrderRow]):
    """Open orders by (client order id, family), newest first; kept up to date while hidden, for the tab's count.

    Attributes:
        now_ns: Monotonic time of the last refresh; ages are counted up to it.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.now_ns = 0
        self._asked_since_ns: dict[Hashable, int] = {}
        self._wanted: dict[Hashable, tuple[Decimal | None, Decimal | None]] = {}
        self._refused: dict[Hashable, tuple[str, int]] = {}
        self._revision = (-1, -1)

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        """Bring the rows up to date; while nobody looks, only what orders there are."""
        self.now_ns = now_ns
        revision = (callback.orders.revision, callback.symbol_rules.revision)
        if not self.watchers and revision == self._revision:
            return
        self._revision = revision
        orders = sorted(callback.orders.open_orders(), key=lambda o: (-o.update_time_ms, o.client_order_id))
        asked = {(o.client_order_id, o.order_family) for o in orders if o.status is OrderStatus.UNKNOWN}
        self._asked_since_ns = {key: self._asked_since_ns.get(key, now_ns) for key in asked}
        prices = {symbol: _price_of(callback, symbol) for symbol in {o.symbol for o in orders}}
        open_keys = {(o.client_order_id, o.order_family) for o in orders}
        self._refused = {k: told for k, told in self._refused.items() if k in open_keys and now_ns < told[1]}
        rows = [((o.client_order_id, o.order_family), self._row(o, prices[o.symbol], callback, status)) for o in orders]
        self.set_rows(rows)

    def begin_amend(self, key: Hashable, price: Decimal | None, quantity: Decimal | None) -> None:
        """Show what a change asks for, until `finish_amend`."""
        self._wanted[key] = (price, quantity)
        self._refused.pop(key, None)

    def finish_amend(self, key: Hashable, refusal: str) -> None:
        """The change was answered: "" for made, or why not, which is shown for a while."""
        self._wanted.pop(key, None)
        if refusal:
            self._refused[key] = (refusal, self.now_ns + REFUSAL_NS)

    def _row(self, order: Order, last_price: Decimal | None, callback: Callback, status: StatusView) -> OrderRow:
        level = order.trigger_price or order.price or None
        rules = callback.symbol_rules.of(order.symbol)
        distance = float(level / last_price - 1) if level and last_price else None
        key = (order.client_order_id, order.order_family)
        since_ns = self._asked_since_ns.get(key)
        price, quantity = self._wanted.get(key, (None, None))
        refusal, _ = self._refused.get(key, ("", 0))
        return OrderRow(
            order=order,
            level=level,
            distance_fraction=None if distance is None else round(distance, 5),
            price_decimals=decimals_of(level or Decimal(0)) if rules.is_unknown else rules.price_decimals,
            quantity_decimals=decimals_of(order.quantity) if rules.is_unknown else rules.quantity_decimals,
            told=status.reconciliation.told.get(order_key(order.client_order_id, order.order_family)),
            asking_s=None if since_ns is None else (self.now_ns - since_ns) // 1_000_000_000,
            is_in_doubt=not status.routes[Route.PRIVATE].is_fresh,
            rules=rules,
            is_amending=key in self._wanted or key in callback.orders.amends_in_flight,
            wanted_price=price,
            wanted_quantity=quantity,
            refusal=refusal,
        )


def _price_of(callback: Callback, symbol: str) -> Decimal | None:
    """Return the last price of a symbol, its mark price where only that is watched."""
    quotes = quotes_of(callback, symbol)
    return quotes.last_price or quotes.mark_price


def flags_of(order: Order) -> str:
    """Return what binds the order, in the venue's words: `GTC reduce-only`."""
    words = []
    if order.time_in_force is not None and order.order_type in (OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT):
        words.append(order.time_in_force.value)
    if order.close_position:
        words.append("close position")
    elif order.is_reducing:
        words.append("reduce-only")
    if order.position_side is not PositionSide.BOTH:
        words.append(f"{order.position_side.value.lower()} leg")
    return " ".join(words)
