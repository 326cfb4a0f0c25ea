"""A venue of one symbol in a few lines, whose words come late, doubled and mixed up; and memory, which hears them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.journal import samples
from tests.unit.journal.samples import PREFIX
from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.domain.account import AccountSnapshot, AccountUpdate, Balance, Position
from trader_gui.domain.order import (
    Order,
    OrderOutcome,
    OrdersInDoubt,
    OrderStatus,
    OrderUpdate,
    Origin,
    OutcomeKind,
)
from trader_gui.domain.step import ApprovedOrder, Message
from trader_gui.journal.belief import Belief

_ACTS = ("place", "place", "fill", "fill", "cancel", "fund", "ask", "ask", "answer", "answer", "answer", "late", "away")
QUANTITY = Decimal("0.004")


class Away:
    """The program was killed here, and starts again."""


Heard: TypeAlias = ApprovedOrder | Message | Away


def acts() -> st.SearchStrategy[list[tuple[str, int, int]]]:
    """Return scripts: (act, which order, how late the word of it comes)."""
    one = st.tuples(st.sampled_from(_ACTS), st.integers(0, 5), st.integers(0, 4))
    return st.lists(one, min_size=15, max_size=50)


@dataclass
class VenueModel:
    """Orders of the book, one position, one wallet.

    Attributes:
        known_ms: Newest event time that the program has heard; it dates its snapshots by it.
    """

    known_ms: int = 0
    now_ms: int = 10_000
    amount: Decimal = Decimal(0)
    wallet: Decimal = Decimal(10_000)
    orders: dict[str, Order] = field(default_factory=dict)
    on_the_way: list[Message] = field(default_factory=list)
    number: int = 0

    def play(self, script: list[tuple[str, int, int]], now_ms: object) -> Iterator[Heard]:
        """Yield what the program hears and does, the first snapshot first."""
        yield self.snapshot(0)
        for act, which, lateness in script:
            self.now_ms += 7
            if act == "place":
                yield from self._place(which)
            elif act == "away":
                self.on_the_way.clear()
                yield Away()
            elif act == "ask":
                self._send(self.snapshot(self.known_ms), lateness)
            elif act in ("answer", "late"):
                yield from self._deliver(which if act == "late" else 0)
            else:
                getattr(self, f"_{act}")(which, lateness)
        yield from self._deliver(len(self.on_the_way))

    def snapshot(self, taken_ms: int) -> AccountSnapshot:
        told = [order for order in self.orders.values() if not order.status.is_terminal]
        position = replace(samples.position(str(self.amount)), update_time_ms=0)
        balance = Balance("USDT", self.wallet, self.wallet)
        return AccountSnapshot((balance,), (position,) if self.amount else (), tuple(told), taken_ms)

    def _send(self, message: Message, lateness: int) -> None:
        self.on_the_way.insert(max(0, len(self.on_the_way) - lateness), message)

    def _deliver(self, count: int) -> Iterator[Message]:
        for _ in range(min(count + 1, len(self.on_the_way))):
            yield self.on_the_way.pop(0)

    def _place(self, which: int) -> Iterator[Heard]:
        """Place an order of ours, or (2 of 6) of somebody else; the answer to ours is lost in one of three cases."""
        self.number += 1
        is_ours = which < 4
        if is_ours:
            approved = samples.approved(self.number)
            yield approved
        name = samples.approved(self.number).client_order_id if is_ours else f"web_{self.number}"
        if which == 3:  # it never arrives
            self._send(OrderOutcome(name, OutcomeKind.UNKNOWN, False, self.now_ms), 0)
            return
        order = samples.order(self.number, OrderStatus.NEW, client_order_id=name, update_time_ms=self.now_ms)
        self.orders[name] = replace(order, origin=Origin.OTHER, purpose=None)
        self._tell(name, "NEW", 1)
        if is_ours:
            kind = OutcomeKind.UNKNOWN if which == 2 else OutcomeKind.ACCEPTED
            told = self.orders[name] if kind is OutcomeKind.ACCEPTED else None
            self._send(OrderOutcome(name, kind, False, self.now_ms, told), which)

    def _fill(self, which: int, lateness: int) -> None:
        name = self._open_order(which)
        if name is None:
            return
        order = self.orders[name]
        executed = min(order.quantity, order.executed_quantity + QUANTITY)
        self.amount += executed - order.executed_quantity
        self.wallet -= 1
        status = OrderStatus.FILLED if executed == order.quantity else OrderStatus.PARTIALLY_FILLED
        self.orders[name] = replace(order, executed_quantity=executed, status=status, update_time_ms=self.now_ms)
        self._tell_account(lateness)
        self._tell(name, "TRADE", lateness)

    def _cancel(self, which: int, lateness: int) -> None:
        name = self._open_order(which)
        if name is not None:
            order = replace(self.orders[name], status=OrderStatus.CANCELED, update_time_ms=self.now_ms)
            self.orders[name] = order
            self._tell(name, "CANCELED", lateness)

    def _fund(self, which: int, lateness: int) -> None:
        self.wallet += which
        self._tell_account(lateness)

    def _open_order(self, which: int) -> str | None:
        names = [name for name, order in self.orders.items() if not order.status.is_terminal]
        return names[which % len(names)] if names else None

    def _tell(self, name: str, what: str, lateness: int) -> None:
        update = OrderUpdate(self.orders[name], what, None, self.now_ms, self.now_ms)
        for _ in range(2 if lateness == 3 else 1):
            self._send(update, lateness)

    def _tell_account(self, lateness: int) -> None:
        balance = Balance("USDT", self.wallet, self.wallet)
        position: Position = samples.position(str(self.amount))
        update = AccountUpdate("ORDER", (balance,), (Decimal(0),), (position,), self.now_ms, self.now_ms)
        self._send(update, lateness)


class Memory:
    """The two collectors as a session's core feeds them."""

    def __init__(self) -> None:
        self.orders = OrderUpdateCollector(PREFIX)
        self.account = AccountUpdateCollector()
        self._now_ms = 0

    def now_ms(self) -> int:
        return self._now_ms

    def take(self, heard: ApprovedOrder | Message) -> None:
        if isinstance(heard, ApprovedOrder):
            self.orders.enter(heard, heard.intent.wanted_time_ms)
            return
        if isinstance(heard, OrderUpdate | AccountUpdate):
            self._now_ms = max(self._now_ms, heard.event_time_ms)
        self.orders.apply(heard)
        self.account.apply(heard)

    def recover(self, snapshot: AccountSnapshot, belief: Belief) -> None:
        """Begin as a session does that has a journal."""
        self.take(snapshot)
        listed = {order.client_order_id for order in snapshot.open_orders}
        own = [o for o in belief.orders if o.origin is not Origin.OTHER and o.client_order_id not in listed]
        self.take(OrdersInDoubt(tuple(own)))

    def open_orders(self) -> list[Order]:
        """Return open orders as a killed program leaves them."""
        return [
            replace(order, status=OrderStatus.UNKNOWN) if order.status is OrderStatus.SENT else order
            for order in self.orders.open_orders()
        ]
