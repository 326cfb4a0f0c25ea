"""Whose position it is, what the last trade was, and what a round trip brought."""

from decimal import Decimal

from tests.core_records import (
    make_position,
    make_snapshot,
)
from tests.core_rig import Rig
from trader_gui.domain.order import (
    OrderStatus,
    OutcomeKind,
    Purpose,
)

ENTRY, EXIT, PROTECTION = Purpose.ENTRY, Purpose.EXIT, Purpose.PROTECTION
SECOND, MINUTE = 1_000, 60_000


def test_a_position_that_was_there_at_the_start_is_left_alone():
    rig = Rig()
    rig.send(make_snapshot(make_position("0.010", "100000.0")))
    step = rig.tick(98_000)
    assert (step.evaluation.reason, step.wished) == ("position_by_hand", ())
    assert [g.name for g in step.evaluation.groups] == ["enter_long"]
    assert not rig.callback.engine_holds_position


def test_a_trade_by_hand_takes_the_position_out_of_the_engines_hands_until_flat():
    rig = Rig(parameters={"pause_ms": 0})
    rig.hold_long()
    rig.now_ms += SECOND
    rig.trade_by_hand("-0.004")
    assert not rig.callback.engine_holds_position
    assert rig.tick(99_000).wished == ()
    rig.now_ms += SECOND
    rig.trade_by_hand("0.004")  # the same size again is still not the engine's position
    assert rig.tick(99_000).wished == ()
    rig.now_ms += SECOND
    rig.trade_by_hand("-0.010")
    assert rig.amount == 0
    assert rig.callback.engine_trades == ()


def test_after_a_reconnect_an_unchanged_position_is_still_the_engines():
    rig = Rig()
    protection = rig.hold_long()
    listed = rig.order(protection)
    rig.send(make_snapshot(make_position("0.010", "100000.0", update_time_ms=rig.now_ms), open_orders=(listed,)))
    assert rig.callback.engine_holds_position
    assert [a.intent.purpose for a in rig.tick(99_800).approved] == [EXIT]


def test_an_entry_filled_during_a_cut_is_recognised_once_the_venue_was_asked():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    rig.now_ms += 5 * SECOND
    rig.told_fill(entry, "0.010", "100000.0")  # nobody hears of it
    rig.send(make_snapshot(make_position("0.010", "100000.0", update_time_ms=rig.now_ms)))
    assert not rig.callback.engine_holds_position
    assert rig.callback.orders.get(entry.client_order_id).status is OrderStatus.UNKNOWN
    filled = rig.order(entry, OrderStatus.FILLED, "0.010")
    (protection,) = rig.answer(entry, OutcomeKind.ACCEPTED, order=filled).approved
    assert rig.callback.engine_holds_position
    assert protection.intent.purpose is PROTECTION


def test_a_close_told_by_the_account_first_does_not_count_twice():
    rig = Rig(parameters={"pause_ms": 0})
    rig.hold_long()
    (out,) = rig.tick(99_800).approved
    rig.accept(out)
    account, order = rig.told_fill(out, "0.010", 99_800)
    rig.send(account)
    rig.send(order)
    rig.send(order)
    assert not rig.callback.engine_holds_position
    rig.tick(100_000, after_ms=3 * SECOND)
    assert [t.exit_reason for t in rig.callback.engine_trades] == ["stop_loss"]
    assert rig.callback.result_today == Decimal("-1.0")
