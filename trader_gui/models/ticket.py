"""TicketModel: what the order ticket has to know of market and account, taken once a frame."""

import time
from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.domain.account import Balance, MarginType, Position
from trader_gui.domain.order import (
    Order,
    OrderFamily,
    OrderStatus,
    OrderType,
    Origin,
    Purpose,
    Side,
)
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import SymbolRules
from trader_gui.models.frame import FrameModel
from trader_gui.models.ticket_math import available_balance, closing_part, order_cost
from trader_gui.models.ticket_records import OtherPosition, Resting, TicketFacts
from trader_gui.models.trader_view import StatusView

_ZERO = Decimal(0)
_NS_PER_TENTH = 100_000_000
_STOP_TYPES = frozenset({OrderType.STOP, OrderType.STOP_MARKET})
_NOT_AT_VENUE = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})
_NEEDED_ROUTES = tuple(Route)
"""Entries need fresh prices, a fresh book and a fresh account, as the risk gate does."""


class TicketModel(FrameModel):
    """Facts for the order ticket and for the dialogs that price an order.

    Attributes:
        facts: The picture of the last refresh; None until the first.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.facts: TicketFacts | None = None

    def refresh(self, callback: Callback, status: StatusView, now_ns: int | None = None) -> None:
        """Take the facts anew; `now_ns` is read from the monotonic clock when left out."""
        self.show(read_facts(callback, status, time.monotonic_ns() if now_ns is None else now_ns))

    def show(self, facts: TicketFacts) -> None:
        """Take new facts; `changed` is emitted when anything but the running time differs."""
        former, self.facts = self.facts, facts
        if former is None or not _looks_like(former, facts):
            self.changed.emit()


def _looks_like(former: TicketFacts, facts: TicketFacts) -> bool:
    """Tell whether two pictures differ in nothing but `now_ms`, which is not shown."""
    return all(
        getattr(former, name) == getattr(facts, name) for name in TicketFacts.__struct_fields__ if name != "now_ms"
    )


def read_facts(callback: Callback, status: StatusView, now_ns: int) -> TicketFacts:
    """Return all that the ticket knows at this moment; what has not been told stays None."""
    rules, account = callback.rules, callback.account
    orders, positions = callback.orders.open_orders(rules.symbol), tuple(account.positions.values())
    ticker, mark = callback.book_ticker.ticker, callback.mark_price.mark
    kline = callback.open_kline.kline or callback.klines.last
    mark_price = mark.mark_price if mark else None
    balance = account.balances.get(rules.margin_asset) if account.is_known else None
    commission, limits = status.commission, callback.gate.limits
    is_live = all(callback.routes_fresh.get(route, False) for route in _NEEDED_ROUTES)
    return TicketFacts(
        rules=rules,
        best_bid=ticker.best_bid if ticker else None,
        best_ask=ticker.best_ask if ticker else None,
        last_price=kline.close if kline else None,
        mark_price=mark_price,
        position=account.position(rules.symbol),
        is_hedge=account.is_hedge,
        legs=account.legs(rules.symbol) if account.is_hedge else (),
        others=tuple(
            OtherPosition(p, callback.symbol_rules.of(p.symbol)) for p in positions if p.symbol != rules.symbol
        ),
        is_account_known=account.is_known,
        available_balance=_available(callback, orders, balance, mark_price),
        equity=balance.wallet_balance + _unrealized(positions, rules, mark_price) if balance else None,
        cross_wallet_balance=balance.cross_wallet_balance if balance else None,
        other_cross_pnl=_other_cross_pnl(positions, rules.symbol),
        leverage=account.leverage(rules.symbol),
        margin_type=account.margin_type(rules.symbol),
        maker_fraction=commission.maker_fraction if commission else None,
        taker_fraction=commission.taker_fraction if commission else None,
        brackets=status.brackets,
        stops=tuple(_resting(o) for o in orders if _would_stop(o)),
        max_order_quantity=limits.max_order_quantity,
        max_position_notional=limits.max_position_notional,
        resting_buy=_resting_quantity(orders, Side.BUY),
        resting_sell=_resting_quantity(orders, Side.SELL),
        open_orders=len(orders),
        is_account_flat=not positions and not callback.orders.open_orders(),
        undecided=frozenset((o.purpose or Purpose.ENTRY, o.side) for o in orders if _is_undecided(o)),
        feed_age_s=None if is_live else _feed_age_s(status, now_ns),
        feed_is_live=is_live,
        is_running=status.phase == "running",
        now_ms=callback.now_ms,
    )


def _available(
    callback: Callback, orders: Sequence[Order], balance: Balance | None, mark_price: Decimal | None
) -> Decimal | None:
    """Work out what is free now; where that needs what is not known, the venue's own figure of the last snapshot."""
    rules, account, positions = callback.rules, callback.account, tuple(callback.account.positions.values())
    leverage = account.leverage(rules.symbol)
    if balance is None:
        return None
    free = None
    if leverage and mark_price is not None:
        resting = sum(
            (_order_margin(o, account.position(o.symbol, o.position_side), mark_price, leverage) for o in orders), _ZERO
        )
        leverages = {p.symbol: p.leverage for p in positions if p.leverage} | {rules.symbol: leverage}
        free = available_balance(
            balance.cross_wallet_balance, positions, {rules.symbol: mark_price}, leverages, resting
        )
    return balance.available_balance if free is None else free


def _order_margin(order: Order, position: Position | None, mark_price: Decimal, leverage: int) -> Decimal:
    """Return the margin that a resting limit order holds; conditional and reduce-only orders hold none."""
    if order.order_family is OrderFamily.ALGO or order.is_reducing or not order.price:
        return _ZERO
    amount = position.position_amount if position else _ZERO
    opens = order.remaining_quantity - closing_part(amount, order.side, order.remaining_quantity)
    return order_cost(order.side, opens, order.price, mark_price, leverage)


def _unrealized(positions: Sequence[Position], rules: SymbolRules, mark_price: Decimal | None) -> Decimal:
    total = _ZERO
    for position in positions:
        if position.symbol == rules.symbol and mark_price is not None:
            total += position.position_amount * (mark_price - position.entry_price)
        else:
            total += position.unrealized_pnl
    return total


def _other_cross_pnl(positions: Sequence[Position], symbol: str) -> Decimal | None:
    """Return 0 while no other cross position shares the wallet, None when one does: its brackets are not known here."""
    shared = any(p.symbol != symbol and p.margin_type is not MarginType.ISOLATED for p in positions)
    return None if shared else _ZERO


def _would_stop(order: Order) -> bool:
    return order.order_type in _STOP_TYPES and order.is_reducing and order.status not in _NOT_AT_VENUE


def _resting(order: Order) -> Resting:
    return Resting(order.side, order.trigger_price, None if order.close_position else order.remaining_quantity)


def _resting_quantity(orders: Sequence[Order], side: Side) -> Decimal:
    opening = (o for o in orders if o.side is side and not o.is_reducing)
    return sum((o.remaining_quantity for o in opening), _ZERO)


def _is_undecided(order: Order) -> bool:
    """The gate makes an order by hand wait for one of its own purpose, and an entry for anybody's entry."""
    bars = order.origin is Origin.HAND or order.purpose is Purpose.ENTRY
    return bars and order.status in _NOT_AT_VENUE


def _feed_age_s(status: StatusView, now_ns: int) -> Decimal | None:
    """Return the age of the oldest of the needed routes in tenths of a second; None before their first message."""
    received = [status.routes[route].last_received_ns for route in _NEEDED_ROUTES]
    heard = [ns for ns, route in zip(received, _NEEDED_ROUTES, strict=True) if ns and not status.routes[route].is_fresh]
    return Decimal(max(now_ns - min(heard), 0) // _NS_PER_TENTH) / 10 if heard else None
