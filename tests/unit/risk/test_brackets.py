"""Brackets by messages alone: what rests at the venue after every kind of fill, refusal, close and restart."""

import pytest
from msgspec.structs import replace

from tests.core_records import dec, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import PositionMode
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import (
    CancelIntent,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    OutcomeKind,
    PositionSide,
    Purpose,
    Side,
    TimeInForce,
)
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import ApprovedOrder, EngineMode
from trader_gui.orders.state import NOT_AT_VENUE
from trader_gui.risk.position_trust import NEWS_MS, QUIET_MS
from trader_gui.risk.protection import VERIFY_LIMIT_MS

STOP, TARGET, MARKET = OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET, OrderType.MARKET
REFUSED, UNKNOWN = OutcomeKind.REFUSED, OutcomeKind.UNKNOWN
TICK_MS = 250


class Desk(Rig):
    """A rig whose engine is disarmed, and a hand that sends brackets."""

    def __init__(self, **options):
        super().__init__(mode=EngineMode.HALTED, **options)
        self.look()

    def wish(self, stop="99000", target="101000", **more):
        """Return a buy of 0.010 at 100000 with exits at prices; None for none."""
        values = {"order_type": OrderType.LIMIT, "price": dec("100000.0"), "time_in_force": TimeInForce.GTC}
        values |= {"purpose": Purpose.ENTRY, "origin": Origin.HAND, "reason": "by_hand", "wanted_time_ms": 0}
        entry = OrderIntent("BTCUSDT", Side.BUY, quantity=dec("0.010"), **(values | more))
        levels = [level if isinstance(level, ExitLevel | None) else ExitLevel(dec(level)) for level in (stop, target)]
        return BracketWish(entry, *levels).intent

    def ask(self, *wishes):
        step = self.callback.request(wishes)
        self.steps.append(step)
        return step

    def enter(self, *args, **more):
        """Send a bracket, have its entry accepted, and return the entry."""
        (entry,) = self.ask(self.wish(*args, **more)).approved
        self.accept(entry)
        return entry

    def held(self, *args, **more):
        """Return an entry that has filled, its stop and its target, both accepted; None for an exit that is not."""
        entry = self.enter(*args, **more)
        self.fill(entry, price=100_000)
        return entry, *self.accept_all()

    def waiting(self, kind=None):
        """Return the orders that the venue has not answered, cancels left out."""
        known = self.callback.orders
        sent = [a for a in self.approved() if known.get(a.client_order_id).status is OrderStatus.SENT]
        return [a for a in sent if kind is None or a.intent.order_type is kind]

    def accept_all(self):
        """Accept orders and cancels until nothing waits; return the stop and the target that rest then."""
        self.settle()
        return self.resting(STOP), self.resting(TARGET)

    def settle(self):
        """Accept orders and cancels until nothing waits."""
        while True:
            waiting, cancels = self.waiting(), sorted(self.callback.orders.cancels_in_flight)
            if not waiting and not cancels:
                return
            for approved in waiting:
                self.accept(approved)
            for name, _ in cancels:
                self.send(OrderOutcome(name, OutcomeKind.ACCEPTED, True, self.now_ms))

    def rest(self, kind):
        """Return orders of a kind that rest."""
        orders = self.callback.orders.open_orders("BTCUSDT")
        return [o for o in orders if o.order_type is kind and o.status is OrderStatus.NEW]

    def resting(self, kind):
        """Return the approved order of a kind that rests, None for none."""
        names = [o.client_order_id for o in self.rest(kind)]
        assert len(names) <= 1
        return next((a for a in self.approved() if a.client_order_id in names), None)

    def sizes(self):
        """Return the sizes of the stops and of the targets that rest."""
        return [str(o.quantity) for o in self.rest(STOP)], [str(o.quantity) for o in self.rest(TARGET)]

    def pass_time(self, ms):
        for _ in range(0, ms, TICK_MS):
            self.look(TICK_MS)

    def later(self):
        """Move the market clock on, so that what follows is later than what was."""
        self.now_ms += 5

    def end(self, approved, status):
        self.send(OrderUpdate(self.order(approved, status), "ALGO", None, self.now_ms, self.now_ms))

    @property
    def records(self):
        return self.callback.brackets.records

    @property
    def finding(self):
        return self.callback.brackets.finding


def kinds(step):
    return [a.intent.order_type if isinstance(a, ApprovedOrder) else a.client_order_id for a in step.approved]


# ---- the exits follow the entry --------------------------------------------------------------------------------------


def test_nothing_is_placed_before_the_first_fill_and_then_both_exits_of_its_size():
    desk = Desk()
    entry = desk.enter()
    desk.pass_time(10_000)
    assert [a.client_order_id for a in desk.approved()] == [entry.client_order_id]
    account, order = desk.told_fill(entry, "0.004", "100000.0")
    assert desk.send(order).approved == ()  # the position is not told yet
    step = desk.send(account)
    stop, target = step.approved
    for exit_, kind, price in ((stop, STOP, "99000"), (target, TARGET, "101000")):
        intent = exit_.intent
        assert (intent.order_type, intent.side, intent.reduce_only, intent.close_position) == (
            kind,
            Side.SELL,
            True,
            False,
        )
        assert (intent.trigger_price, intent.quantity, intent.bracket) == (
            dec(price),
            dec("0.004"),
            entry.client_order_id,
        )
        assert (intent.purpose, intent.origin) == (Purpose.PROTECTION, Origin.HAND)
    assert step.bracket_protection == ProtectionFinding(
        ProtectionState.PLACING, desk.elapsed_ms, key=("BTCUSDT", PositionSide.BOTH)
    )
    desk.accept_all()
    assert desk.finding == ProtectionFinding(ProtectionState.PROTECTED)
    desk.pass_time(30_000)
    assert desk.sizes() == (["0.004"], ["0.004"]) and len(desk.approved()) == 3


def test_a_further_fill_resizes_both_and_the_new_stop_lives_before_the_old_one_goes():
    desk = Desk()
    entry = desk.enter()
    desk.fill(entry, "0.004", 100_000)
    first_stop, first_target = desk.accept_all()
    desk.later()
    step = desk.fill(entry, "0.006", 100_000, "0.010")
    assert kinds(step) == [STOP, first_target.client_order_id]
    (stop,) = desk.waiting(STOP)
    assert stop.intent.quantity == dec("0.010")
    assert [o.client_order_id for o in desk.rest(STOP)] == [first_stop.client_order_id]
    assert kinds(desk.accept(stop)) == [first_stop.client_order_id]
    desk.accept_all()
    assert desk.sizes() == (["0.010"], ["0.010"])


def test_a_distance_is_from_the_average_fill_price_and_moves_with_it():
    desk = Desk()
    entry = desk.enter(ExitLevel(distance=dec("500.0")), ExitLevel(distance=dec("800.0")))
    desk.fill(entry, "0.005", "100000.0")
    prices = [desk.order(entry, OrderStatus.PARTIALLY_FILLED, "0.005")]
    desk.send(OrderUpdate(replace(prices[0], average_price=dec("99990.0")), "TRADE", None, desk.now_ms, desk.now_ms))
    desk.accept_all()
    told = replace(desk.order(entry, OrderStatus.FILLED, "0.010"), average_price=dec("99980.06"))
    desk.later()
    account, order = desk.told_fill(entry, "0.005", "99970", "0.010")
    desk.send(account)
    desk.send(replace(order, order=replace(told, update_time_ms=desk.now_ms)))
    stop, target = desk.accept_all()
    assert (stop.intent.trigger_price, target.intent.trigger_price) == (dec("99480.1"), dec("100780.1"))


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.EXPIRED])
def test_an_entry_that_ends_half_way_leaves_the_exits_at_what_it_filled(status):
    desk = Desk()
    entry = desk.enter()
    desk.fill(entry, "0.004", 100_000)
    desk.accept_all()
    order = desk.order(entry, status, "0.004")
    desk.send(OrderUpdate(order, status.value, None, desk.now_ms, desk.now_ms))
    desk.pass_time(10_000)
    assert desk.sizes() == (["0.004"], ["0.004"]) and len(desk.records) == 1


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED])
def test_an_entry_that_ends_unfilled_leaves_nothing(status):
    desk = Desk()
    entry = desk.enter()
    step = desk.send(OrderUpdate(desk.order(entry, status), status.value, None, desk.now_ms, desk.now_ms))
    assert desk.records == () and [b.is_over for b in step.brackets] == [True]
    desk.pass_time(5_000)
    assert len(desk.approved()) == 1


def test_an_entry_without_an_answer_is_waited_for_and_one_given_up_that_filled_after_all_gets_its_exits():
    desk = Desk()
    (entry,) = desk.ask(desk.wish()).approved
    desk.answer(entry, UNKNOWN)
    desk.pass_time(12_000)
    assert len(desk.records) == 1
    desk.send(OrderOutcome(entry.client_order_id, REFUSED, False, desk.now_ms, error_message=NOT_AT_VENUE))
    desk.look()
    assert desk.records == ()
    desk.later()
    desk.fill(entry, price=100_000)
    desk.accept_all()
    assert desk.sizes() == (["0.010"], ["0.010"]) and len(desk.records) == 1


@pytest.mark.parametrize(("stop", "target"), [("99000", None), (None, "101000")])
def test_either_exit_alone(stop, target):
    desk = Desk()
    desk.held(stop, target)
    assert [len(sizes) for sizes in desk.sizes()] == [stop is not None, target is not None]
    desk.pass_time(5_000)
    assert len(desk.approved()) == 2


def test_an_entry_that_waits_for_its_trigger_gets_its_exits_when_it_has_executed():
    desk = Desk()
    more = {"price": None, "time_in_force": None, "trigger_price": dec("100500.0")}
    entry = desk.enter(order_type=STOP, **more)
    desk.pass_time(5_000)
    assert len(desk.approved()) == 1
    desk.later()
    desk.fill(entry, price="100500.0")
    desk.end(entry, OrderStatus.FINISHED)
    desk.accept_all()
    assert desk.sizes() == (["0.010"], ["0.010"])


def test_in_hedge_mode_the_exits_belong_to_the_leg():
    desk = Desk()
    desk.send(PositionMode(True, 0))
    (entry,) = desk.ask(desk.wish()).approved
    assert entry.intent.position_side is PositionSide.LONG
    filled = replace(desk.order(entry, OrderStatus.FILLED, "0.010"), position_side=PositionSide.LONG)
    leg = make_position("0.010", position_side=PositionSide.LONG, update_time_ms=desk.now_ms)
    desk.send(make_snapshot(leg, taken_time_ms=desk.now_ms))
    step = desk.send(OrderUpdate(filled, "TRADE", None, desk.now_ms, desk.now_ms))
    assert [(a.intent.side, a.intent.position_side) for a in step.approved] == [(Side.SELL, PositionSide.LONG)] * 2


# ---- an end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_stop", [True, False])
@pytest.mark.parametrize("is_told_late", [True, False])
def test_when_one_exit_closes_the_position_the_other_goes(is_stop, is_told_late):
    desk = Desk()
    _, stop, target = desk.held()
    hit, other = (stop, target) if is_stop else (target, stop)
    desk.later()
    account, order = desk.told_fill(hit, "0.010", 99_000)
    desk.send(account)
    if is_told_late:
        desk.pass_time(2 * NEWS_MS)
    desk.end(hit, OrderStatus.FINISHED)
    desk.send(order)
    assert sorted(n for n, _ in desk.callback.orders.cancels_in_flight) == [other.client_order_id]
    desk.accept_all()
    assert desk.sizes() == ([], []) and desk.records == ()
    desk.trade_by_hand("0.010")
    desk.pass_time(5_000)
    assert len(desk.approved()) == 3


@pytest.mark.parametrize("is_told_late", [True, False])
def test_an_exit_that_executes_takes_back_the_entry_and_what_fills_all_the_same_gets_exits(is_told_late):
    desk = Desk()
    entry = desk.enter()
    desk.fill(entry, "0.006", 100_000)
    stop, _ = desk.accept_all()
    desk.later()
    account, order = desk.told_fill(stop, "0.006", 99_000)
    desk.send(account)
    if is_told_late:
        desk.pass_time(2 * NEWS_MS)  # long enough to be taken for a close by somebody else
    desk.end(stop, OrderStatus.FINISHED)
    desk.send(order)
    assert (entry.client_order_id, OrderFamily.BOOK) in desk.callback.orders.cancels_in_flight
    desk.later()
    desk.fill(entry, "0.004", 100_000, "0.010")
    desk.accept_all()
    assert desk.sizes() == (["0.004"], ["0.004"])


def test_a_target_that_is_executed_in_part_shrinks_the_stop():
    desk = Desk()
    _, stop, target = desk.held()
    desk.later()
    account, order = desk.told_fill(target, "0.003", 101_000)
    desk.send(account)
    desk.send(replace(order, order=replace(order.order, status=OrderStatus.PARTIALLY_FILLED, quantity=dec("0.010"))))
    desk.end(target, OrderStatus.TRIGGERED)
    (smaller,) = desk.waiting(STOP)
    assert smaller.intent.quantity == dec("0.007")
    assert [o.client_order_id for o in desk.rest(STOP)] == [stop.client_order_id]
    desk.accept_all()
    assert desk.sizes() == (["0.007"], [])  # the rest of the target is being executed


def test_what_is_closed_by_hand_shrinks_the_exits_and_does_not_come_back_with_another_trade_by_hand():
    desk = Desk()
    desk.held()
    desk.later()
    desk.trade_by_hand("-0.004")
    desk.pass_time(NEWS_MS)
    desk.accept_all()
    assert desk.sizes() == (["0.006"], ["0.006"])
    desk.pass_time(NEWS_MS + TICK_MS)
    desk.later()
    desk.trade_by_hand("0.004")
    desk.pass_time(2_000)
    desk.accept_all()
    assert desk.sizes() == (["0.006"], ["0.006"])
    desk.later()
    desk.trade_by_hand("-0.010")
    desk.pass_time(NEWS_MS)
    desk.accept_all()
    assert desk.sizes() == ([], []) and desk.records == ()


def test_of_two_brackets_a_close_by_hand_takes_from_the_newer():
    desk = Desk()
    desk.held()
    desk.later()
    entry = desk.enter("98000", "102000")
    desk.fill(entry, price=100_000)
    desk.pass_time(1_000)
    desk.settle()
    assert desk.sizes() == (["0.010", "0.010"], ["0.010", "0.010"])
    desk.later()
    desk.trade_by_hand("-0.012")
    desk.pass_time(1_000)
    desk.settle()
    assert sorted(str(o.trigger_price) for o in desk.rest(STOP)) == ["99000.0"]
    assert desk.sizes() == (["0.008"], ["0.008"])


def test_an_exit_taken_back_by_hand_stays_away_and_one_cancelled_elsewhere_is_replaced():
    desk = Desk()
    _, stop, target = desk.held()
    cancel = CancelIntent("BTCUSDT", target.client_order_id, OrderFamily.ALGO, Origin.HAND, "by_hand", 0)
    step = desk.ask(cancel)
    assert [b.target for b in step.brackets] == [None]
    desk.accept_all()
    desk.pass_time(3_000)
    assert desk.sizes() == (["0.010"], [])
    desk.end(stop, OrderStatus.CANCELED)
    assert desk.finding.cause == "canceled"
    desk.pass_time(500)
    desk.accept_all()
    assert desk.sizes() == (["0.010"], [])
    assert desk.finding == ProtectionFinding(ProtectionState.PROTECTED)


def moved(exit_, price):
    """Return an exit as a hand moves it: placed anew elsewhere."""
    return replace(exit_.intent, trigger_price=dec(price), reason="moved_by_hand")


@pytest.mark.parametrize("is_stop", [True, False])
def test_a_bracket_follows_an_exit_that_is_moved_by_hand(is_stop):
    desk = Desk()
    _, stop, target = desk.held()
    old, price = (stop, "99500.0") if is_stop else (target, "100500.0")
    desk.ask(moved(old, price))
    desk.accept_all()
    desk.pass_time(1_000)
    desk.later()
    desk.trade_by_hand("-0.004")
    desk.pass_time(1_000)
    new_stop, new_target = desk.accept_all()
    assert desk.sizes() == (["0.006"], ["0.006"])
    assert (new_stop if is_stop else new_target).intent.trigger_price == dec(price)


@pytest.mark.parametrize("is_stop", [True, False])
def test_an_exit_that_cannot_be_moved_stays_where_it_is(is_stop):
    desk = Desk()
    _, stop, target = desk.held()
    old, price = (stop, "100500.0") if is_stop else (target, "99500.0")
    assert [r.code for r in desk.ask(moved(old, "99999.99")).refusals] == ["off_tick"]
    (new,) = desk.ask(moved(old, price)).approved
    desk.answer(new, REFUSED, code=-2021)
    desk.pass_time(3_000)
    desk.accept_all()
    assert desk.approved(Purpose.EXIT) == []
    kind = old.intent.order_type
    assert [o.trigger_price for o in desk.rest(kind)] == [old.intent.trigger_price]
    assert desk.sizes() == (["0.010"], ["0.010"])


# ---- what goes wrong -------------------------------------------------------------------------------------------------


def refuse_stops(desk, code):
    for approved in desk.waiting(STOP):
        desk.answer(approved, REFUSED, code=code)


def test_a_stop_that_is_refused_is_asked_for_again_and_the_bracket_closed_within_two_seconds():
    desk = Desk()
    entry = desk.enter()
    desk.trade_by_hand("0.020")  # somebody else's part of the position stays
    desk.later()
    desk.fill(entry, price=100_000)
    since_ms = desk.elapsed_ms
    while not desk.approved(Purpose.EXIT):
        refuse_stops(desk, -1001)
        desk.look(TICK_MS)
    (close,) = desk.approved(Purpose.EXIT)
    assert desk.elapsed_ms - since_ms == VERIFY_LIMIT_MS
    assert (close.intent.order_type, close.intent.quantity, close.intent.reduce_only) == (MARKET, dec("0.010"), True)
    assert (close.intent.reason, close.intent.bracket) == ("protection_failed", entry.client_order_id)
    assert desk.finding.state is ProtectionState.CLOSING
    desk.later()
    desk.fill(close)
    refuse_stops(desk, -1001)
    desk.accept_all()
    assert desk.sizes() == ([], []) and desk.records == () and desk.amount == dec("0.020")


def test_with_an_alarm_the_bracket_stays_and_the_stop_is_tried_on():
    desk = Desk(protection_action="alarm")
    entry = desk.enter()
    desk.fill(entry, price=100_000)
    desk.accept(*desk.waiting(TARGET))
    for _ in range(1_000):
        refuse_stops(desk, -1001)
        desk.look(TICK_MS)
    assert 50 < len(desk.records[0].orders) <= 100 < len(desk.approved())
    assert desk.resting(TARGET).client_order_id in desk.records[0].orders
    assert desk.finding.state is ProtectionState.NAKED and desk.finding.cause == "-1001"
    assert desk.approved(Purpose.EXIT) == []
    desk.pass_time(2_000)
    desk.accept_all()
    assert desk.finding.state is ProtectionState.PROTECTED


@pytest.mark.parametrize("kind", [STOP, TARGET])
def test_an_exit_that_the_price_has_passed_already_becomes_a_close_at_once(kind):
    desk = Desk()
    entry = desk.enter()
    desk.fill(entry, price=100_000)
    (passed,) = desk.waiting(kind)
    step = desk.answer(passed, REFUSED, code=-2021)
    assert MARKET in kinds(step)
    (close,) = desk.approved(Purpose.EXIT)
    assert close.intent.reason == ("protection_refused" if kind is STOP else "target_passed")
    desk.later()
    desk.fill(close)
    desk.accept_all()
    assert desk.sizes() == ([], []) and desk.records == ()


def test_a_target_that_is_refused_is_tried_again_ever_more_seldom():
    desk = Desk()
    entry = desk.enter()
    desk.fill(entry, price=100_000)
    for _ in range(4 * 60):
        for approved in desk.waiting(STOP):
            desk.accept(approved)
        for approved in desk.waiting(TARGET):
            desk.answer(approved, REFUSED, code=-1001)
        desk.look(TICK_MS)
    assert 5 <= len([a for a in desk.approved() if a.intent.order_type is TARGET]) <= 8
    assert desk.finding.state is ProtectionState.PROTECTED


def test_a_stop_without_an_answer_bars_another_until_the_venue_was_asked():
    desk = Desk()
    entry = desk.enter()
    desk.fill(entry, price=100_000)
    (stop,) = desk.waiting(STOP)
    desk.answer(stop, UNKNOWN)
    desk.pass_time(1_500)
    assert [a for a in desk.approved() if a.intent.order_type is STOP] == [stop]
    desk.accept(stop)
    assert desk.finding.state is ProtectionState.PROTECTED


def test_a_position_that_only_a_lagging_list_calls_flat_keeps_its_exits():
    desk = Desk()
    desk.held()
    desk.later()
    listed = tuple(desk.rest(STOP) + desk.rest(TARGET))
    desk.send(make_snapshot(taken_time_ms=desk.now_ms, open_orders=listed))
    desk.pass_time(QUIET_MS - TICK_MS)
    desk.later()
    position = make_position("0.010", update_time_ms=desk.now_ms)
    desk.send(make_snapshot(position, taken_time_ms=desk.now_ms, open_orders=listed))
    desk.pass_time(2 * QUIET_MS)
    assert desk.sizes() == (["0.010"], ["0.010"]) and len(desk.approved()) == 3


def test_of_brackets_that_are_over_only_the_newest_are_remembered():
    desk = Desk()
    for _ in range(60):
        entry = desk.enter()
        desk.send(OrderUpdate(desk.order(entry, OrderStatus.CANCELED), "CANCELED", None, desk.now_ms, desk.now_ms))
    assert desk.records == ()
    assert len(desk.callback.brackets._kept) <= 51
