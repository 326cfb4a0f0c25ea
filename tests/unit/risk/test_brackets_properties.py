"""Any sequence of fills, cancels, refusals, unknown outcomes, late words and restarts: the exits fit in the end."""

from collections import deque
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import MINUTE_MS, START_MS, dec, make_account_update, make_fill, make_order, make_position
from tests.core_records import make_snapshot as snapshot_of
from tests.unit.risk.test_brackets import STOP, TARGET, Desk
from trader_gui.domain.bracket import Bracket, BracketsLeft
from trader_gui.domain.order import (
    FillHistory,
    OrderFamily,
    OrderOutcome,
    OrdersInDoubt,
    OrderStatus,
    OrderUpdate,
    OutcomeKind,
    Side,
)
from trader_gui.domain.step import ApprovedOrder

LIVE = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)
STEP = Decimal("0.001")


class Venue:
    """An exchange that tells what it does late, and a program that may be killed.

    Attributes:
        orders: What it has taken, by client order id and family.
        requests: What was sent and has not arrived.
        words: What it has to say.
        journal: The brackets as written down, by entry.
    """

    def __init__(self):
        self.orders, self.requests, self.words = {}, deque(), deque()
        self.fills, self.journal, self.intents, self.unknown = [], {}, {}, []
        self.amount = Decimal(0)
        self.now_ms = START_MS + 60 * MINUTE_MS
        self._order_id = 0
        self.begin()

    # ---- the program -------------------------------------------------------------------------------------------------

    def begin(self):
        """Start the program anew, with what the journal has."""
        self.desk = Desk()
        self.desk.callback.gate._sequence = len(self.intents) + 1
        self.requests.clear()
        self.words.clear()
        self.unknown.clear()
        known = self.desk.callback
        left = tuple(self.restored(record) for record in self.journal.values())
        self.take(known.step(BracketsLeft(left)))
        self.take(known.step(self.snapshot()))
        listed = {key for key, order in self.orders.items() if order.status in LIVE}
        doubted = [o for o in self.sent_orders() if (o.client_order_id, o.order_family) not in listed]
        self.take(known.step(OrdersInDoubt(tuple(doubted))))
        self.take(known.step(FillHistory("BTCUSDT", tuple(self.fills), len(self.fills))))
        self.unknown += [(o.client_order_id, o.order_family) for o in doubted]

    def restored(self, record):
        more = [name for name, intent in self.intents.items() if intent.bracket == record.entry_id]
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=Bracket)
        return replace(again, orders=tuple(dict.fromkeys((*again.orders, *more))))

    def sent_orders(self):
        for name, intent in self.intents.items():
            family = OrderFamily.ALGO if intent.order_type.is_conditional else OrderFamily.BOOK
            order = self.orders.get((name, family))
            if order is None or order.status not in LIVE:
                yield replace(
                    make_order(name, order_family=family, side=intent.side, order_type=intent.order_type),
                    order_id=None,
                    quantity=intent.quantity,
                    trigger_price=intent.trigger_price or dec(0),
                )

    def take(self, step):
        """Journal a step, and send what it approved."""
        for bracket in step.brackets:
            self.journal[bracket.entry_id] = bracket
            if bracket.is_over:
                del self.journal[bracket.entry_id]
        for approved in step.approved:
            if isinstance(approved, ApprovedOrder):
                self.intents[approved.client_order_id] = approved.intent
            self.requests.append(approved)

    def tell(self, message):
        self.take(self.desk.callback.step(message))

    def look(self, ms=250):
        self.desk.elapsed_ms += ms
        self.now_ms += ms
        self.take(self.desk.look(0))

    # ---- the exchange ------------------------------------------------------------------------------------------------

    def snapshot(self):
        self.now_ms += 1
        listed = tuple(order for order in self.orders.values() if order.status in LIVE)
        position = make_position(self.amount, update_time_ms=self.now_ms)
        return snapshot_of(*([position] if self.amount else []), open_orders=listed, taken_time_ms=self.now_ms)

    def arrive(self, how):
        """Let the oldest request arrive, and answer it: well, with a refusal, or with nothing that says anything."""
        if not self.requests:
            return
        approved = self.requests.popleft()
        name = approved.client_order_id
        if not isinstance(approved, ApprovedOrder):
            key = (name, approved.intent.order_family)
            order = self.orders.get(key)
            is_there = order is not None and order.status in LIVE
            if is_there:
                self.change(key, OrderStatus.CANCELED)
            kind = OutcomeKind.ACCEPTED if is_there else OutcomeKind.REFUSED
            self.words.append(OrderOutcome(name, kind, True, self.now_ms, error_code=None if is_there else -2011))
            return
        code = {"refuse": -1001, "passed": -2021}.get(how)
        if code is not None and not (how == "passed" and not approved.intent.order_type.is_conditional):
            self.words.append(OrderOutcome(name, OutcomeKind.REFUSED, False, self.now_ms, None, code, "told"))
            return
        if how != "lost":
            self.place(approved)
        family = OrderFamily.ALGO if approved.intent.order_type.is_conditional else OrderFamily.BOOK
        if how in ("lost", "unclear"):
            self.unknown.append((name, family))
            self.words.append(OrderOutcome(name, OutcomeKind.UNKNOWN, False, self.now_ms))

    def place(self, approved):
        intent, name = approved.intent, approved.client_order_id
        self.now_ms += 1
        self._order_id += 1
        order = replace(
            self.desk.order(approved),
            order_id=10_000 + self._order_id,
            update_time_ms=self.now_ms,
            average_price=dec(0),
        )
        self.orders[name, order.order_family] = order
        self.words.append(OrderOutcome(name, OutcomeKind.ACCEPTED, False, self.now_ms, order))
        if intent.order_type.value == "MARKET":
            self.execute(name, order.side, min(order.quantity, abs(self.amount)), is_last=True)

    def change(self, key, status):
        self.now_ms += 1
        order = self.orders[key] = replace(self.orders[key], status=status, update_time_ms=self.now_ms)
        self.words.append(OrderUpdate(order, "ALGO", None, self.now_ms, self.now_ms))

    def execute(self, name, side, quantity, *, is_last=False):
        """Execute (a part of) an order of the book; the position is told first."""
        key = (name, OrderFamily.BOOK)
        order = self.orders[key]
        self.now_ms += 1
        quantity = min(quantity, order.remaining_quantity)
        done = order.executed_quantity + quantity
        ended = OrderStatus.FILLED if done >= order.quantity else OrderStatus.EXPIRED
        status = ended if is_last or done >= order.quantity else OrderStatus.PARTIALLY_FILLED
        order = self.orders[key] = replace(
            order, executed_quantity=done, average_price=dec(100_000), status=status, update_time_ms=self.now_ms
        )
        fill = None
        if quantity:
            self.amount += quantity * side.sign
            fill = make_fill(
                len(self.fills) + 1, name, side=side, quantity=quantity, trade_time_ms=self.now_ms, price=dec(100_000)
            )
            self.fills.append(fill)
            self.words.append(make_account_update(make_position(self.amount), time_ms=self.now_ms))
        self.words.append(OrderUpdate(order, "TRADE", fill, self.now_ms, self.now_ms))

    def fill_entry(self, steps):
        for (name, family), order in list(self.orders.items()):
            if family is OrderFamily.BOOK and order.status in LIVE and not order.reduce_only:
                self.execute(name, order.side, steps * STEP)
                return

    def trigger(self, kind, share):
        """Let the price reach the first exit of a kind; its order executes in part or whole, as the position allows."""
        for (name, family), order in list(self.orders.items()):
            if family is OrderFamily.ALGO and order.status is OrderStatus.NEW and order.order_type is kind:
                quantity = min(order.quantity, max(self.amount, Decimal(0)))
                if not quantity:
                    self.change((name, family), OrderStatus.REJECTED)
                    return
                self._order_id += 1
                self.orders[name, OrderFamily.BOOK] = make_order(
                    name,
                    side=order.side,
                    quantity=quantity,
                    reduce_only=True,
                    order_id=10_000 + self._order_id,
                    update_time_ms=self.now_ms,
                )
                part = max((quantity * share).quantize(STEP), STEP)
                self.execute(name, order.side, part, is_last=True)
                self.change((name, family), OrderStatus.FINISHED)
                return

    def end_something(self, index):
        live = [key for key, order in self.orders.items() if order.status in LIVE]
        if live:
            self.change(live[index % len(live)], OrderStatus.CANCELED)

    def by_hand(self, steps):
        """Let somebody else trade: never so much that the position turns round."""
        signed = max(steps * STEP, -self.amount)
        if not signed:
            return
        self.now_ms += 1
        self.amount += signed
        side = Side.BUY if signed > 0 else Side.SELL
        self.fills.append(
            make_fill(len(self.fills) + 1, "web", side=side, quantity=abs(signed), trade_time_ms=self.now_ms)
        )
        self.words.append(make_account_update(make_position(self.amount), time_ms=self.now_ms))

    def say(self, count):
        for _ in range(min(count, len(self.words))):
            self.tell(self.words.popleft())

    def resolve(self):
        """Answer all questions about orders."""
        for name, family in self.unknown:
            order = self.orders.get((name, family))
            kind = OutcomeKind.REFUSED if order is None else OutcomeKind.ACCEPTED
            self.tell(OrderOutcome(name, kind, False, self.now_ms, order, is_asked=True))
        self.unknown.clear()

    # ---- what must hold ----------------------------------------------------------------------------------------------

    def live(self, kind):
        return [o for (_, family), o in self.orders.items() if o.order_type is kind and o.status is OrderStatus.NEW]

    def come_to_rest(self):
        """Let everything arrive and be told, for long enough."""
        for _ in range(120):
            self.resolve()
            while self.requests:
                self.arrive("accept")
            self.say(1_000)
            self.look()

    def check_at_rest(self):
        records = self.desk.records
        held = {record.entry_id: record.held for record in records}
        stops, targets = self.live(STOP), self.live(TARGET)
        names = {record.entry_id: set(record.orders) for record in records}
        assert sum(held.values()) <= self.amount, (held, self.amount)
        for exits in (stops, targets):
            found = {entry: [o.quantity for o in exits if o.client_order_id in names[entry]] for entry in held}
            assert found == {entry: [size] if size else [] for entry, size in held.items()}
            assert len(exits) == sum(map(len, found.values())), "an exit is left of a bracket that is over"
        assert set(held) == set(self.journal)


ACTS = st.one_of(
    st.tuples(st.just("enter")),
    st.tuples(st.just("fill"), st.integers(1, 10)),
    st.tuples(st.just("fill"), st.integers(1, 10)),
    st.tuples(
        st.just("arrive"), st.sampled_from(["accept", "accept", "accept", "refuse", "passed", "lost", "unclear"])
    ),
    st.tuples(st.just("say"), st.integers(1, 6)),
    st.tuples(st.just("say"), st.integers(1, 6)),
    st.tuples(st.just("trigger"), st.sampled_from([STOP, TARGET]), st.sampled_from([Decimal(1), Decimal("0.4")])),
    st.tuples(st.just("end"), st.integers(0, 5)),
    st.tuples(st.just("hand"), st.integers(-6, 4)),
    st.tuples(st.just("look"), st.sampled_from([250, 600, 2_500])),
    st.tuples(st.just("resolve")),
    st.tuples(st.just("restart")),
)


def do(venue, act, *values):
    if act == "enter":
        venue.take(venue.desk.ask(venue.desk.wish()))
    elif act == "restart":
        venue.begin()
    else:
        names = {"fill": venue.fill_entry, "end": venue.end_something, "hand": venue.by_hand}
        (names.get(act) or getattr(venue, act))(*values)


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTS, max_size=40))
def test_whatever_happens_the_exits_fit_what_is_held_in_the_end(acts):
    venue = Venue()
    do(venue, "enter")
    for act in acts:
        do(venue, *act)
        assert len(venue.live(TARGET)) <= len([i for i in venue.intents.values() if i.has_exits])
    venue.come_to_rest()
    venue.check_at_rest()
