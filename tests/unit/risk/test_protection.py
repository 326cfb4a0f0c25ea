"""The policy that keeps the engine's position under a stop at the exchange, by messages alone."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import PREFIX, RULES, dec, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.order import (
    OrderFamily,
    OrderOutcome,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    OutcomeKind,
    PositionSide,
    Purpose,
    Side,
)
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import ApprovedCancel, EngineMode, ModeChange
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.orders.state import NOT_AT_VENUE
from trader_gui.risk.protection import GAP_MS, LATE_AFTER_MS, LATE_GAP_MS, VERIFY_LIMIT_MS

ENTRY, EXIT, PROTECTION = Purpose.ENTRY, Purpose.EXIT, Purpose.PROTECTION
NOTHING, PROTECTED, PLACING, CLOSING, NAKED = ProtectionState
BTC = ("BTCUSDT", PositionSide.BOTH)
TICK_MS = 250
REFUSED, UNKNOWN = OutcomeKind.REFUSED, OutcomeKind.UNKNOWN
SIDE_EXITS = [OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED, OrderStatus.FINISHED]


def new_rig(**options):
    """Return a rig whose session looks at its clock."""
    rig = Rig(**options)
    rig.look()
    return rig


def state(rig):
    return rig.callback.protection.finding.state


def purposes(step):
    return [a.intent.purpose if not isinstance(a, ApprovedCancel) else a.intent.reason for a in step.approved]


def answer_all(rig, kinds, code):
    """Answer every order that waits for its answer, those that come of an answer included."""
    while waiting := [
        a
        for a in rig.approved(*kinds)
        if not isinstance(a, ApprovedCancel) and rig.callback.orders.get(a.client_order_id).status is OrderStatus.SENT
    ]:
        rig.answer(waiting[0], kinds[waiting[0].intent.purpose], code=code)


def look_until(rig, purpose, limit_ms=20_000):
    """Let real time pass until an order of the purpose is approved; return it and how long that took."""
    for waited_ms in range(TICK_MS, limit_ms, TICK_MS):
        for approved in rig.look(TICK_MS).approved:
            if not isinstance(approved, ApprovedCancel) and approved.intent.purpose is purpose:
                return approved, waited_ms
    raise AssertionError(f"no {purpose} within {limit_ms} ms")


def fall(rig, stop, status):
    """Let the venue tell that a stop is over."""
    return rig.send(OrderUpdate(rig.order(stop, status), "ALGO", None, rig.now_ms, rig.now_ms))


def trigger(rig, stop, child_status, executed="0", *, tells_parent=True):
    """Trigger a stop: its order of the book is told first, then TRIGGERED, then FINISHED; return the last step."""
    rig.now_ms += 1
    order_id = 9_100_000_000_000_000
    child = make_order(
        stop.client_order_id,
        side=Side.SELL,
        order_type=OrderType.MARKET,
        status=child_status,
        quantity=dec("0.010"),
        executed_quantity=dec(executed),
        order_id=order_id,
        update_time_ms=rig.now_ms,
    )
    step = rig.send(OrderUpdate(child, child_status.value, None, rig.now_ms, rig.now_ms, "8"))
    if tells_parent:
        parent = replace(rig.order(stop, OrderStatus.TRIGGERED), triggered_order_id=order_id)
        step = rig.send(OrderUpdate(parent, "ALGO", None, rig.now_ms, rig.now_ms))
    return step


# ---- a stop is placed, and verified ----------------------------------------------------------------------------------


def test_the_strategys_stop_is_asked_for_as_soon_as_the_position_is_told():
    rig = new_rig()
    entry = rig.enter_long()
    rig.accept(entry)
    account, order = rig.told_fill(entry, "0.010", "100000.0")
    assert rig.send(order).approved == ()  # closePosition would be refused without a position
    step = rig.send(account)
    (stop,) = step.approved
    intent = stop.intent
    assert (intent.order_type, intent.side, intent.close_position) == (OrderType.STOP_MARKET, Side.SELL, True)
    assert (intent.trigger_price, intent.quantity, intent.reduce_only) == (Decimal("99670.0"), None, False)
    assert step.protection == ProtectionFinding(PLACING, rig.elapsed_ms, key=BTC)
    sent = rig.callback.orders.orders[stop.client_order_id]
    assert (sent.status, sent.order_family) == (OrderStatus.SENT, OrderFamily.ALGO)
    assert rig.tick().wished == ()
    assert rig.accept(stop).protection == ProtectionFinding(PROTECTED)
    assert rig.look(60_000).wished == ()


@pytest.mark.parametrize("word", ["answer", "stream", "query", "list"])
def test_any_word_of_the_venue_verifies_a_stop(word):
    rig = new_rig()
    stop = rig.naked_long()
    order = rig.order(stop)
    if word == "query":
        rig.answer(stop, UNKNOWN, code=-1007)
        assert rig.callback.protection.finding.cause == "unknown"
    if word == "stream":
        rig.send(OrderUpdate(order, "ALGO", None, rig.now_ms, rig.now_ms))
    elif word == "list":
        rig.send(make_snapshot(make_position("0.010", update_time_ms=rig.now_ms), open_orders=(order,)))
    else:
        rig.accept(stop)
    assert state(rig) is PROTECTED
    rig.look(10 * VERIFY_LIMIT_MS)
    assert rig.approved(EXIT) == []


@pytest.mark.parametrize("answer", [None, UNKNOWN, OutcomeKind.ACCEPTED])
def test_what_is_no_word_of_a_live_stop_does_not_verify_it(answer):
    """No answer, no clear answer, and an answer that names no order."""
    rig = new_rig()
    stop = rig.naked_long()
    if answer is not None:
        rig.answer(stop, answer)
    out, waited_ms = look_until(rig, EXIT)
    assert waited_ms <= VERIFY_LIMIT_MS + TICK_MS
    assert (out.intent.order_type, out.intent.reduce_only, out.intent.quantity) == (
        OrderType.MARKET,
        True,
        Decimal("0.010"),
    )
    assert out.intent.reason == "protection_failed"
    assert rig.approved(PROTECTION) == [stop]  # nothing more of that purpose meanwhile
    rig.fill(out)
    assert state(rig) is NOTHING
    assert rig.look(5_000).approved == ()


def test_the_pause_after_a_trade_bars_neither_stop_nor_close():
    rig = new_rig(parameters={"pause_ms": 86_400_000})
    stop = rig.naked_long()
    rig.answer(stop, UNKNOWN)
    assert look_until(rig, EXIT)[1] <= VERIFY_LIMIT_MS


# ---- refused for sure ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [-1008, -1001, -1003, -1021, -4120, -4210, -2019, None])
def test_a_refused_stop_is_asked_for_again_within_half_a_second_and_the_position_closed_within_two(code):
    rig = new_rig()
    stop, since_ms = rig.naked_long(), rig.elapsed_ms
    asked = [stop]
    while not rig.approved(EXIT):
        for approved in rig.approved(PROTECTION):
            if rig.callback.orders.get(approved.client_order_id).status is OrderStatus.SENT:
                assert rig.answer(approved, REFUSED, code=code).approved == ()
        asked = rig.approved(PROTECTION)
        rig.look(TICK_MS)
    assert rig.elapsed_ms - since_ms == VERIFY_LIMIT_MS
    assert len(asked) == VERIFY_LIMIT_MS // GAP_MS
    assert len({a.client_order_id for a in asked}) == len(asked)
    assert rig.callback.protection.finding == ProtectionFinding(
        CLOSING, since_ms, "told" if code is None else str(code), BTC
    )


def test_the_third_try_holds():
    rig = new_rig()
    stop = rig.naked_long()
    for _ in range(2):
        rig.answer(stop, REFUSED, code=-1008)
        stop, waited_ms = look_until(rig, PROTECTION)
        assert waited_ms <= GAP_MS
    rig.accept(stop)
    assert state(rig) is PROTECTED
    rig.look(60_000)
    assert rig.approved(EXIT) == []


@pytest.mark.parametrize("code", [-2021, -4142])
@pytest.mark.parametrize("action", ["close", "alarm"])
def test_a_stop_that_would_trigger_at_once_becomes_a_market_exit_at_once(code, action):
    rig = new_rig(protection_action=action)
    stop = rig.naked_long()
    (out,) = rig.answer(stop, REFUSED, code=code).approved
    assert (out.intent.order_type, out.intent.purpose) == (OrderType.MARKET, EXIT)
    assert (out.intent.quantity, out.intent.reduce_only) == (Decimal("0.010"), True)
    assert out.intent.reason == "protection_refused"
    assert state(rig) is CLOSING
    assert rig.look().approved == ()
    rig.fill(out)
    assert not rig.callback.engine_holds_position and rig.amount == 0
    assert rig.look(5_000).approved == ()


@pytest.mark.parametrize(("action", "expected"), [("close", [EXIT]), ("alarm", [])])
def test_when_the_venue_takes_no_more_conditional_orders_the_position_is_closed_at_once(action, expected):
    rig = new_rig(protection_action=action)
    stop = rig.naked_long()
    assert purposes(rig.answer(stop, REFUSED, code=-4045)) == expected


def test_the_word_of_one_trade_does_not_bind_the_next():
    rig = new_rig(parameters={"pause_ms": 0})
    stop = rig.naked_long()
    (out,) = rig.answer(stop, REFUSED, code=-2021).approved
    rig.accept(out)
    rig.fill(out)
    rig.answer(stop, REFUSED, code=-2021)  # told once more, late
    rig.send(OrderUpdate(rig.order(stop, OrderStatus.EXPIRED), "ALGO", None, rig.now_ms, rig.now_ms))
    for _ in range(3):
        rig.tick(99_999, after_ms=60_000)
    (second,) = rig.tick(rig.limit("upper_inner") + 1).approved
    rig.accept(second)
    account, order = rig.told_fill(second, "0.010", 100_000)
    rig.send(order)
    (again,) = rig.send(account).approved
    assert (again.intent.order_type, again.intent.close_position) == (OrderType.STOP_MARKET, True)
    assert rig.callback.protection.finding.cause == ""


def test_one_stop_of_the_kind_that_is_there_already_is_protection_once_the_list_has_told_it():
    """By hand, or by another program: -4130 says that there is one, and the session asks for the list."""
    rig = new_rig()
    stop = rig.naked_long()
    assert rig.answer(stop, REFUSED, code=-4130).approved == ()
    theirs = replace(rig.order(stop), client_order_id="web_1", order_id=77)
    rig.send(OrderOutcome("web_1", OutcomeKind.ACCEPTED, False, rig.now_ms, theirs))
    assert state(rig) is PROTECTED
    assert rig.look(60_000).approved == ()


def test_when_something_else_bars_a_stop_of_the_whole_one_of_the_size_is_tried_and_replaced_when_it_is_too_small():
    """A take-profit with closePosition may be what -4130 speaks of. The new stop is live before the old one goes."""
    rig = new_rig()
    entry = rig.enter_long()
    rig.accept(entry)
    (stop,) = rig.fill(entry, "0.007", 100_000).approved
    rig.answer(stop, REFUSED, code=-4130)
    sized, waited_ms = look_until(rig, PROTECTION)
    assert waited_ms <= GAP_MS
    assert (sized.intent.quantity, sized.intent.reduce_only) == (Decimal("0.007"), True)
    assert not sized.intent.close_position
    rig.accept(sized)
    assert state(rig) is PROTECTED
    rig.look(1_000)
    (larger,) = rig.fill(entry, "0.003", 100_000, done="0.010").approved
    assert (larger.intent.purpose, larger.intent.quantity) == (PROTECTION, Decimal("0.010"))
    assert state(rig) is PLACING
    (cancel,) = rig.accept(larger).approved
    assert (cancel.intent.client_order_id, cancel.intent.reason) == (sized.client_order_id, "protection_replaced")
    assert state(rig) is PROTECTED
    assert rig.look().approved == ()  # one cancel in flight
    fall(rig, sized, OrderStatus.CANCELED)
    assert state(rig) is PROTECTED
    assert rig.look(60_000).approved == ()


def test_a_stop_of_somebody_else_counts_only_when_it_closes_the_whole_position():
    """One left over from yesterday may lie far away; the strategy's own is placed all the same."""
    rig = new_rig()
    far = make_order(
        "web_1",
        order_family=OrderFamily.ALGO,
        side=Side.SELL,
        order_type=OrderType.STOP_MARKET,
        quantity=dec("0.010"),
        trigger_price=dec("50000.0"),
        reduce_only=True,
    )
    rig.send(OrderUpdate(far, "ALGO", None, rig.now_ms, rig.now_ms))
    stop = rig.naked_long()
    assert state(rig) is PLACING
    rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
    assert state(rig) is PROTECTED  # disarmed, all that matters is that there is one
    rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0))
    rig.accept(stop)
    assert rig.look(5_000).approved == ()  # what is not ours is not cancelled


def test_a_stop_by_hand_counts_when_it_came_while_the_position_was_open():
    """The hand that moves the engine's stop has said where it lies; one that waits since before says nothing."""
    rig = new_rig()
    rig.now_ms += 1_000
    rig.send(make_snapshot(taken_time_ms=rig.now_ms))  # told flat
    sized = make_order(
        f"{PREFIX}-hp-90",
        order_family=OrderFamily.ALGO,
        side=Side.SELL,
        order_type=OrderType.STOP_MARKET,
        quantity=dec("0.010"),
        trigger_price=dec("99000.0"),
        reduce_only=True,
        order_id=5,
        update_time_ms=rig.now_ms - 60_000,
    )
    rig.send(OrderUpdate(sized, "ALGO", None, rig.now_ms, rig.now_ms))
    stop = rig.naked_long()
    rig.accept(stop)
    rig.now_ms += 1_000
    fall(rig, stop, OrderStatus.CANCELED)
    assert state(rig) is PLACING  # the old one by hand does not count
    (again,) = rig.look(GAP_MS).approved
    rig.accept(again)
    moved = replace(sized, client_order_id=f"{PREFIX}-hp-91", order_id=6, update_time_ms=rig.now_ms)
    rig.send(OrderUpdate(moved, "ALGO", None, rig.now_ms, rig.now_ms))
    assert rig.look(5_000).approved == ()  # the engine's own is not cancelled in favour of it
    fall(rig, again, OrderStatus.CANCELED)
    assert state(rig) is PROTECTED
    assert rig.look(60_000).approved == ()


# ---- a live stop goes away -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", SIDE_EXITS)
def test_a_stop_that_falls_is_replaced_at_once(status):
    rig = new_rig()
    stop = rig.hold_long()
    rig.look(10_000)
    step = fall(rig, stop, status)
    assert purposes(step) == [PROTECTION]
    assert step.protection == ProtectionFinding(PLACING, rig.elapsed_ms, status.value.lower(), BTC)
    assert step.approved[0].client_order_id != stop.client_order_id
    rig.accept(step.approved[0])
    assert state(rig) is PROTECTED


def test_a_stop_that_falls_again_and_again_is_not_asked_for_in_a_circle():
    rig = new_rig()
    stop = rig.hold_long()
    for _ in range(40):
        fall(rig, stop, OrderStatus.EXPIRED)
        before = len(rig.approved(PROTECTION))
        stop, waited_ms = look_until(rig, PROTECTION)
        assert waited_ms <= GAP_MS
        assert len(rig.approved(PROTECTION)) - before <= 1
        rig.accept(stop)


def test_a_stop_that_the_venue_no_longer_lists_is_asked_about_and_replaced_once_it_is_known_to_be_gone():
    rig = new_rig()
    stop = rig.hold_long()
    rig.look(10_000)
    rig.send(make_snapshot(make_position("0.010", update_time_ms=rig.now_ms), taken_time_ms=rig.now_ms))
    assert (state(rig), rig.callback.protection.finding.cause) == (PLACING, "unknown")
    assert rig.look().approved == ()
    gone = rig.order(stop, OrderStatus.CANCELED)
    assert purposes(rig.answer(stop, OutcomeKind.ACCEPTED, order=gone)) == [PROTECTION]


@pytest.mark.parametrize("tells_parent", [True, False])
def test_a_stop_whose_order_of_the_book_expires_leaves_the_position_naked(tells_parent):
    """The book was too thin, or moved too far (er 8 and 9); the venue's word on the stop itself may be lost."""
    rig = new_rig()
    stop = rig.hold_long()
    rig.look(10_000)
    step = trigger(rig, stop, OrderStatus.EXPIRED, tells_parent=tells_parent)
    replaced = [s for s in rig.steps[-2:] if s.approved]
    assert [purposes(s) for s in replaced] == [[PROTECTION]]
    (again,) = replaced[0].approved
    assert rig.callback.orders.get(stop.client_order_id, OrderFamily.ALGO).status is OrderStatus.FINISHED
    (out,) = rig.answer(again, REFUSED, code=-2021).approved
    assert out.intent.purpose is EXIT
    assert step is not None


def test_a_triggered_stop_that_neither_fills_nor_fails_is_given_two_seconds():
    rig = new_rig()
    stop = rig.hold_long()
    rig.look(10_000)
    fall(rig, stop, OrderStatus.TRIGGERED)
    assert rig.callback.protection.finding == ProtectionFinding(PLACING, rig.elapsed_ms, "triggered", BTC)
    _, waited_ms = look_until(rig, EXIT)
    assert waited_ms == VERIFY_LIMIT_MS
    assert len(rig.approved(PROTECTION)) == 1


def test_a_stop_that_triggers_and_fills_closes_the_round_trip():
    rig = new_rig()
    stop = rig.hold_long()
    rig.tick(99_700)  # the software stop is sent as well, the exchange's is faster
    rig.fill(stop, price="99670.0")
    (trip,) = rig.callback.engine_trades
    assert (trip.side, trip.quantity, trip.exit_reason) == (Side.BUY, Decimal("0.010"), "protection")
    assert (trip.entry_price, trip.exit_price, trip.commission) == (Decimal(100_000), Decimal(99_670), Decimal("1.0"))
    assert state(rig) is NOTHING
    assert rig.callback.orders.get(stop.client_order_id, OrderFamily.ALGO).status is OrderStatus.FINISHED


# ---- two seconds are over --------------------------------------------------------------------------------------------


def test_with_an_alarm_instead_of_a_close_the_stop_is_tried_on():
    rig = new_rig(protection_action="alarm")
    stop, since_ms = rig.naked_long(), rig.elapsed_ms
    while rig.elapsed_ms < since_ms + 20_000:
        rig.answer(stop, REFUSED, code=-1008)
        assert state(rig) is (PLACING if rig.elapsed_ms - since_ms < VERIFY_LIMIT_MS else NAKED)
        stop, _ = look_until(rig, PROTECTION)
    assert rig.approved(EXIT) == []
    rig.accept(stop)
    assert state(rig) is PROTECTED


@pytest.mark.parametrize("answer", [REFUSED, UNKNOWN])
def test_when_the_close_fails_too_an_alarm_is_raised_and_both_go_on_by_turns(answer):
    rig = new_rig()
    rig.naked_long()
    since_ms = rig.elapsed_ms
    while rig.elapsed_ms - since_ms < 8_000:
        answer_all(rig, {PROTECTION: REFUSED, EXIT: answer}, -1008)
        late_ms = rig.elapsed_ms - since_ms - VERIFY_LIMIT_MS
        expected = PLACING if late_ms < 0 else CLOSING if late_ms < VERIFY_LIMIT_MS else NAKED
        assert state(rig) is expected
        rig.look(TICK_MS)
    exits, stops = len(rig.approved(EXIT)), len(rig.approved(PROTECTION))
    assert stops > 12
    assert exits == 1 if answer is UNKNOWN else exits > 10


def test_a_stop_that_turns_out_to_be_live_ends_the_alarm():
    rig = new_rig()
    stop = rig.naked_long()
    rig.answer(stop, UNKNOWN, code=-1007)
    out, _ = look_until(rig, EXIT)
    rig.answer(out, UNKNOWN, code=-1007)
    rig.look(5_000)
    assert state(rig) is NAKED
    rig.answer(stop, OutcomeKind.ACCEPTED, order=rig.order(stop))
    assert state(rig) is PROTECTED
    rig.answer(out, REFUSED)
    assert rig.look(60_000).approved == ()


def test_a_lost_stop_and_a_lost_close_are_asked_for_again_once_they_are_known_to_be_absent():
    rig = new_rig()
    stop = rig.naked_long()
    rig.answer(stop, UNKNOWN)
    out, _ = look_until(rig, EXIT)
    rig.answer(out, UNKNOWN)
    assert [s.approved for s in [rig.look() for _ in range(20)] if s.approved] == []
    for lost, purpose in ((stop, PROTECTION), (out, EXIT)):
        absent = OrderOutcome(lost.client_order_id, REFUSED, False, rig.now_ms, error_message=NOT_AT_VENUE)
        assert purposes(rig.send(absent)) == [purpose]


def test_nothing_is_asked_for_while_the_venue_wants_nothing_of_the_kind():
    """A ban of two minutes: its end is known, and a try before it would only fill the log."""
    rig = new_rig()
    stop, since_ms = rig.naked_long(), rig.elapsed_ms
    rig.send(OrderOutcome(stop.client_order_id, REFUSED, False, rig.now_ms, None, -1003, "banned", 120_000))
    while rig.elapsed_ms - since_ms < 120_000:
        assert rig.look().approved == ()
    assert state(rig) is NAKED
    (out,) = rig.look().approved
    # The close is first again after its own pause: another stop in its place would bring the next one.
    rig.send(OrderOutcome(out.client_order_id, REFUSED, False, rig.now_ms, None, -1003, "too many", 100))
    assert (purposes(rig.look()), purposes(rig.look())) == ([], [EXIT])


def test_a_venue_that_refuses_for_long_is_asked_less_often():
    rig = new_rig()
    rig.naked_long()
    times_ms = []
    for _ in range(200):
        asked = len(rig.approved(EXIT))
        answer_all(rig, {PROTECTION: REFUSED, EXIT: REFUSED}, -4140)
        rig.look(TICK_MS)
        times_ms += [rig.elapsed_ms] * (len(rig.approved(EXIT)) - asked)
    gaps = [after - before for before, after in pairwise(times_ms)]
    late = next(i for i, at_ms in enumerate(times_ms) if at_ms > LATE_AFTER_MS + LATE_GAP_MS)
    assert set(gaps[: late - 2]) == {GAP_MS}
    assert set(gaps[late:]) == {LATE_GAP_MS}


def test_entries_and_exits_that_rest_are_taken_back_before_a_close_at_market():
    rig = new_rig()
    entry = rig.enter_long()
    rig.accept(entry)
    (stop,) = rig.fill(entry, "0.007", 100_000).approved
    rig.answer(stop, UNKNOWN)
    (limit,) = rig.tick(99_800).approved  # the strategy's own stop
    rig.accept(limit)
    for _ in range(7):
        assert rig.look().approved == ()
    step = rig.look()
    assert {a.intent.client_order_id for a in step.approved} == {entry.client_order_id, limit.client_order_id}
    assert {a.intent.reason for a in step.approved} == {"protection_failed"}
    assert rig.look().approved == ()  # one cancel in flight for each
    for order, executed in ((entry, "0.007"), (limit, "0")):
        canceled = rig.order(order, OrderStatus.CANCELED, executed)
        step = rig.send(OrderOutcome(order.client_order_id, OutcomeKind.ACCEPTED, True, rig.now_ms, canceled))
    (out,) = step.approved
    assert (out.intent.order_type, out.intent.quantity) == (OrderType.MARKET, Decimal("0.007"))


def test_a_large_position_is_closed_in_parts():
    big = replace(RULES, market_max_quantity=dec("0.004"))
    rig = new_rig()
    rig.send(RulesUpdate((big,), 0))
    stop = rig.naked_long()
    (out,) = rig.answer(stop, REFUSED, code=-2021).approved
    assert out.intent.quantity == Decimal("0.004")
    rig.fill(out)
    parts = [look_until(rig, EXIT)[0]]
    rig.fill(parts[0])
    assert look_until(rig, EXIT)[0].intent.quantity == Decimal("0.002")


# ---- whose affair it is ----------------------------------------------------------------------------------------------


def test_a_disarmed_engine_sends_nothing_and_says_that_its_position_is_naked():
    rig = new_rig()
    entry = rig.enter_long()
    rig.accept(entry)
    rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
    step = rig.fill(entry, price=100_000)
    assert (step.wished, step.protection) == ((), ProtectionFinding(NAKED, rig.elapsed_ms, key=BTC))
    assert rig.look(60_000).wished == ()
    # By hand, through the gate: the strategy's stop, or a close.
    position = rig.callback.account.position("BTCUSDT")
    wish = rig.callback.protection.stop_by_hand(position, RULES, rig.now_ms)
    assert (wish.origin, wish.trigger_price, wish.close_position) == (Origin.HAND, Decimal("99670.0"), True)
    (stop,) = rig.callback.request([wish]).approved
    rig.accept(stop)
    assert state(rig) is PROTECTED


def test_an_engine_that_is_armed_again_has_two_seconds_to_place_the_stop():
    rig = new_rig()
    rig.answer(rig.naked_long(), REFUSED, code=-2019)
    since_ms = rig.elapsed_ms
    rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
    rig.look(60_000)
    assert rig.callback.protection.finding == ProtectionFinding(NAKED, since_ms, "-2019", BTC)
    assert purposes(rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0))) == [PROTECTION]
    assert look_until(rig, EXIT)[1] == VERIFY_LIMIT_MS
    assert rig.callback.protection.finding.since_ms == since_ms


def test_a_stop_that_is_on_its_way_when_the_engine_is_disarmed_is_not_called_missing():
    rig = new_rig()
    rig.naked_long()
    rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
    assert state(rig) is PLACING


def test_positions_by_hand_are_not_the_policys_affair():
    rig = new_rig()
    rig.send(make_snapshot(make_position("0.010", "100000.0")))
    assert rig.look(60_000).wished == ()
    assert state(rig) is NOTHING
    rig = new_rig()
    rig.hold_long()
    rig.now_ms += 1_000
    rig.trade_by_hand("-0.004")
    assert state(rig) is NOTHING
    assert rig.look(60_000).wished == ()


def test_partial_fills_do_not_begin_the_two_seconds_anew():
    rig = new_rig()
    entry = rig.enter_long()
    rig.accept(entry)
    (stop,) = rig.fill(entry, "0.002", 100_000).approved
    since_ms = rig.elapsed_ms
    rig.answer(stop, UNKNOWN)
    for part in range(4):
        rig.look()
        rig.now_ms += 1
        account, order = rig.told_fill(entry, "0.002", 100_000, done=f"0.{4 + 2 * part:03}")
        rig.send(order)  # between the two, executions and position do not agree
        rig.look()
        rig.send(account)
    assert [a.intent.purpose for a in rig.approved(EXIT)] == [EXIT]
    assert rig.elapsed_ms - since_ms == VERIFY_LIMIT_MS
    assert rig.callback.protection.finding.since_ms == since_ms


def test_a_stop_left_over_after_flat_is_cancelled():
    rig = new_rig()
    rig.hold_long()
    (out,) = rig.tick(99_800).approved
    rig.accept(out)
    rig.fill(out)
    flat_ms = rig.now_ms
    while not rig.tick().approved:
        pass
    (cancel,) = rig.steps[-1].approved
    assert cancel.intent.reason == "protection_left_over" and cancel.intent.order_family is OrderFamily.ALGO
    assert rig.now_ms - flat_ms >= 2_000
    refused = OrderOutcome(cancel.intent.client_order_id, REFUSED, True, rig.now_ms, None, -2011)
    assert rig.send(refused).approved == ()  # it is not hammered
    assert rig.look(1_750).approved == ()
    assert purposes(rig.look()) == ["protection_left_over"]


@pytest.mark.parametrize("spoil", ["disarmed", "unread"])
def test_a_stop_is_not_taken_for_left_over_by_an_engine_that_may_not_act_or_does_not_know(spoil):
    rig = new_rig()
    rig.hold_long()
    (out,) = rig.tick(99_800).approved
    rig.accept(out)
    rig.fill(out)
    if spoil == "disarmed":
        rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
    else:
        rig.callback.account.is_known = False
    for _ in range(20):
        assert not any(isinstance(a, ApprovedCancel) for a in rig.tick().approved)


def test_a_close_on_its_way_is_given_a_second_before_another_stop_is_tried_beside_it():
    rig = new_rig()
    rig.answer(rig.naked_long(), REFUSED, code=-2021)
    (out,) = rig.approved(EXIT)
    assert rig.accept(out).approved == ()  # it is there, and not executed yet: the market stands still
    assert [purposes(rig.look()) for _ in range(4)] == [[], [], [], [PROTECTION]]
    assert len(rig.approved()) == 4


def test_what_was_said_of_one_stop_is_forgotten_once_another_is_live():
    rig = new_rig()
    (out,) = rig.answer(rig.naked_long(), REFUSED, code=-2021).approved
    rig.answer(out, UNKNOWN)
    stop, _ = look_until(rig, PROTECTION)
    rig.accept(stop)
    rig.answer(out, REFUSED)
    rig.look(5_000)
    step = fall(rig, stop, OrderStatus.CANCELED)
    assert (purposes(step), state(rig)) == ([PROTECTION], PLACING)


# ---- the clock -------------------------------------------------------------------------------------------------------


def test_a_market_that_is_played_thirty_times_faster_does_not_shorten_the_two_seconds():
    rig = new_rig()
    rig.naked_long()
    for _ in range(7):
        for _ in range(10):
            assert rig.tick(100_000, after_ms=750).approved == ()
        assert rig.look().approved == ()
    assert purposes(rig.look()) == [EXIT]


def test_without_ticks_event_time_counts():
    rig = Rig()
    rig.naked_long()
    for _ in range(7):
        assert rig.tick(100_000).approved == ()
    assert purposes(rig.tick(100_000)) == [EXIT]


def test_the_first_tick_begins_what_runs_anew():
    rig = Rig()
    rig.naked_long()
    rig.tick(100_000, after_ms=1_900)
    rig.elapsed_ms = 5_000
    assert rig.look(0).approved == ()
    assert look_until(rig, EXIT)[1] == VERIFY_LIMIT_MS


# ---- whatever comes --------------------------------------------------------------------------------------------------


class Trial:
    """A venue that does what a list of words says to whatever it is asked; checks the promises after each."""

    def __init__(self):
        self.rig = new_rig()
        entry = self.rig.enter_long()
        self.rig.accept(entry)
        self.rig.fill(entry, price=100_000)
        self.exit_asked_ms = None

    def do(self, name, value):
        asked = len(self.rig.approved(EXIT))
        if name == "look":
            self.rig.look()
        elif name == "tick":
            self.rig.tick(value)
        else:
            self._answer(name, value)
        if len(self.rig.approved(EXIT)) > asked:
            self.exit_asked_ms = self.rig.callback.clock_ms
        self._check()

    def _open(self, *purposes):
        opened = self.rig.callback.orders.open_orders()
        return [o for o in opened if o.origin is Origin.ENGINE and o.purpose in purposes]

    def _answer(self, name, value):
        """Answer the oldest or newest open order of the engine; let its newest stop fall; fill its close."""
        rig, ids = self.rig, {o.client_order_id for o in self._open(EXIT, PROTECTION)}
        asked = [a for a in rig.approved(EXIT, PROTECTION) if a.client_order_id in ids]
        if not asked or not rig.amount:
            return
        approved = asked[0] if value else asked[-1]
        if name == "fall" and asked[-1].intent.purpose is PROTECTION:
            fall(rig, asked[-1], value)
        elif name == "unknown":
            rig.answer(approved, UNKNOWN, code=-1007)
        elif name == "refuse":
            rig.answer(approved, REFUSED, code=value)
        elif name == "fill" and approved.intent.purpose is EXIT:
            rig.now_ms += 1
            rig.fill(approved, abs(rig.amount))
        else:
            rig.accept(approved)

    def _check(self):
        rig, clock_ms = self.rig, self.rig.callback.clock_ms
        for purpose in (EXIT, PROTECTION):
            assert len([o for o in self._open(purpose) if o.order_id is None]) <= 1
        finding = rig.callback.protection.finding
        late_ms = clock_ms - finding.since_ms - VERIFY_LIMIT_MS if finding.needs_care else -1
        if late_ms < 0:
            return
        assert self.exit_asked_ms is not None, "two seconds are over, and nothing was done"
        if not self._open(EXIT):
            gap_ms = GAP_MS if late_ms < LATE_AFTER_MS - VERIFY_LIMIT_MS else LATE_GAP_MS
            assert clock_ms - self.exit_asked_ms <= gap_ms


CODES = [-1008, -2021, -4045, -4130, -4509, -2022, None]
WORDS = st.one_of(
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("tick"), st.sampled_from([99_700, 100_000, 100_050])),
    st.tuples(st.just("refuse"), st.sampled_from(CODES)),
    st.tuples(st.sampled_from(["unknown", "accept", "fill"]), st.booleans()),
    st.tuples(st.just("fall"), st.sampled_from(SIDE_EXITS)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, min_size=5, max_size=60))
def test_from_any_sequence_of_words_one_order_at_a_time_and_an_action_within_two_seconds(words):
    trial = Trial()
    for name, value in words:
        trial.do(name, value)
    sent = [a.client_order_id for a in trial.rig.approved()]
    assert len(sent) == len(set(sent))
