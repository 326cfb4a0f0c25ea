"""TicketModel: what the order ticket has to know of market and account, taken once a frame."""

import time
from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.callback.quotes import quotes_of
from trader_gui.domain.account import Position
from trader_gui.domain.order import (
    Order,
    OrderStatus,
    OrderType,
    Origin,
    Purpose,
    Side,
)
from trader_gui.domain.step import Route
from trader_gui.models.frame import FrameModel
from trader_gui.models.ticket_money import free_balance, other_cross_pnl, terms_of, unrealized
from trader_gui.models.ticket_records import OtherPosition, Resting, TicketFacts
from trader_gui.models.trader_view import StatusView
from trader_gui.risk.rules import unlimited_asset

_ZERO = Decimal(0)
_NS_PER_TENTH = 100_000_000
_STOP_TYPES = frozenset({OrderType.STOP, OrderType.STOP_MARKET})
_NOT_AT_VENUE = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})


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
    """Return all that the ticket knows at this moment of the symbol that is shown; what was not told stays None."""
    shown, account = status.shown, callback.account
    is_own = not shown.symbol
    rules = callback.rules if is_own else callback.symbol_rules.of(shown.symbol)
    orders, positions = callback.orders.open_orders(rules.symbol), tuple(account.positions.values())
    quotes = quotes_of(callback, rules.symbol)
    balance = account.balances.get(rules.margin_asset) if account.is_known else None
    commission, brackets = terms_of(callback, status, rules.symbol)
    limits = callback.gate.limits
    is_live = quotes.is_fresh and callback.routes_fresh[Route.PRIVATE]
    return TicketFacts(
        rules=rules,
        is_engine_symbol=is_own,
        unlimited_asset="" if is_own else unlimited_asset(limits, rules, callback.rules.quote_asset),
        best_bid=quotes.best_bid,
        best_ask=quotes.best_ask,
        last_price=quotes.last_price,
        mark_price=quotes.mark_price,
        position=account.position(rules.symbol),
        is_hedge=account.is_hedge,
        legs=account.legs(rules.symbol) if account.is_hedge else (),
        others=tuple(_other_position(callback, status, p) for p in positions if p.symbol != rules.symbol),
        is_account_known=account.is_known,
        available_balance=free_balance(callback, balance, rules.margin_asset),
        equity=balance.wallet_balance + unrealized(callback, rules.margin_asset) if balance else None,
        cross_wallet_balance=balance.cross_wallet_balance if balance else None,
        other_cross_pnl=other_cross_pnl(callback, status, rules),
        leverage=account.leverage(rules.symbol),
        margin_type=account.margin_type(rules.symbol),
        maker_fraction=commission.maker_fraction if commission else None,
        taker_fraction=commission.taker_fraction if commission else None,
        brackets=brackets,
        stops=tuple(_resting(o) for o in orders if _would_stop(o)),
        max_order_quantity=limits.max_order_quantity if is_own else None,
        max_position_notional=limits.max_position_notional,
        resting_buy=_resting_quantity(orders, Side.BUY),
        resting_sell=_resting_quantity(orders, Side.SELL),
        open_orders=len(orders),
        is_account_flat=not positions and not callback.orders.open_orders(),
        undecided=frozenset((o.purpose or Purpose.ENTRY, o.side) for o in orders if _is_undecided(o)),
        feed_age_s=None if is_live else _feed_age_s(status, now_ns),
        feed_is_live=is_live,
        is_running=status.phase == "running",
        now_ms=quotes.now_ms,
    )


def _other_position(callback: Callback, status: StatusView, position: Position) -> OtherPosition:
    symbol = position.symbol
    commission, _ = terms_of(callback, status, symbol)
    quotes = quotes_of(callback, symbol)
    is_live = quotes.is_fresh and callback.routes_fresh[Route.PRIVATE]
    return OtherPosition(position, callback.symbol_rules.of(symbol), quotes, commission, is_live)


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
    """Return the age of the oldest of the needed routes in tenths of a second; None before their first message.

    An account without events says nothing for hours: its route is as old as the last proof of life.
    """
    routes = {**status.routes, **status.shown.routes} if status.shown.symbol else status.routes
    proofs = [(r.alive_ns if name is Route.PRIVATE else r.last_received_ns, r) for name, r in routes.items()]
    heard = [proof_ns for proof_ns, route in proofs if proof_ns and not route.is_fresh]
    return Decimal(max(now_ns - min(heard), 0) // _NS_PER_TENTH) / 10 if heard else None
