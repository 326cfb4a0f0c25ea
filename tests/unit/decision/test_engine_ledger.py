"""Whose position it is, what the last trade was, and what a round trip brought."""

from decimal import Decimal

import pytest

from tests.core_records import PREFIX, START_MS, dec, make_fill, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.decision.engine_ledger import EngineLedger
from trader_gui.domain.order import (
    FillHistory,
    OrderFamily,
    OrderOutcome,
    OrdersInDoubt,
    OrderStatus,
    OrderType,
    Origin,
    OutcomeKind,
    Purpose,
    Side,
)
from trader_gui.domain.step import EngineMode, ModeChange

EXIT, PROTECTION = Purpose.EXIT, Purpose.PROTECTION
SECOND = 1_000


def test_a_position_that_was_there_at_the_start_is_left_alone():
    rig = Rig()
    rig.send(make_snapshot(make_position("0.010", "100000.0")))
    step = rig.tick(98_000)
    assert (step.evaluation.reason, step.wished) == ("position_by_hand", ())
    assert [g.name for g in step.evaluation.groups] == ["enter_long"]
    assert not rig.callback.engine_holds_position


# ---- after a restart ----


ENTRY_ID, STOP_ID, HAND_ID = f"{PREFIX}-en-1", f"{PREFIX}-ep-2", f"{PREFIX}-hn-3"


def restarted(*fills, amount="0.010", in_doubt=(), open_orders=()):
    """Begin disarmed with a position, and with what is known of before."""
    rig = Rig(mode=EngineMode.HALTED)
    rig.amount, rig.entry_price = dec(amount), dec(100_000)
    held = [make_position(amount, "100000.0")] if dec(amount) else []
    rig.send(make_snapshot(*held, open_orders=open_orders))
    rig.send(OrdersInDoubt(tuple(in_doubt)))
    rig.send(FillHistory("BTCUSDT", fills, fills[-1].trade_id if fills else 0))
    return rig


def fill_of(client_order_id, trade_id, quantity="0.010", side=Side.BUY):
    return make_fill(trade_id, client_order_id, quantity=dec(quantity), side=side, trade_time_ms=START_MS + trade_id)


def test_a_position_that_the_engine_made_is_its_own_after_a_restart_and_gets_its_stop_once_armed():
    rig = restarted(fill_of(HAND_ID, 1), fill_of(HAND_ID, 2, side=Side.SELL), fill_of(ENTRY_ID, 3))
    assert rig.callback.engine_holds_position
    assert rig.tick(100_000).approved == ()  # disarmed
    (stop,) = rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0)).approved
    assert (stop.intent.purpose, stop.intent.close_position) == (PROTECTION, True)


def test_a_stop_that_rests_since_before_the_restart_is_the_positions_stop():
    resting = make_order(STOP_ID, order_family=OrderFamily.ALGO, order_type=OrderType.STOP_MARKET, side=Side.SELL)
    rig = restarted(fill_of(ENTRY_ID, 901), open_orders=(resting,))
    assert rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0)).approved == ()
    (out,) = rig.tick(99_800).approved
    assert out.intent.purpose is EXIT
    rig.accept(out)
    rig.fill(out, "0.010", 99_800)
    (trip,) = rig.callback.engine_trades  # it began before the restart
    assert (trip.entry_time_ms, trip.exit_reason) == (START_MS + 901, "stop_loss")


@pytest.mark.parametrize(
    "fills",
    [
        [],
        [fill_of(ENTRY_ID, 1, "0.004")],  # not the whole of it
        [fill_of(ENTRY_ID, 1, "0.004"), fill_of("web", 2, "0.006")],
        [fill_of(ENTRY_ID, 1), fill_of(HAND_ID, 2, "0.004", Side.SELL), fill_of(ENTRY_ID, 3, "0.004")],
        [fill_of(HAND_ID, 1, "0.010", Side.SELL), fill_of(ENTRY_ID, 2, "0.020")],  # turned another one round
    ],
)
def test_a_position_that_others_had_a_part_in_is_left_alone_after_a_restart(fills):
    rig = restarted(*fills)
    assert not rig.callback.engine_holds_position
    assert rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0)).approved == ()
    rig.now_ms += SECOND
    rig.trade_by_hand("-0.010")  # from flat on, everything is the engine's again
    rig.now_ms += SECOND
    rig.hold_long()
    assert rig.callback.engine_holds_position


def test_an_entry_in_doubt_is_not_counted_twice_once_its_end_is_told():
    left = make_order(ENTRY_ID, origin=Origin.ENGINE, purpose=Purpose.ENTRY, executed_quantity=dec("0.010"))
    rig = restarted(fill_of(ENTRY_ID, 1), in_doubt=(left,))
    assert rig.callback.engine_holds_position
    done = make_order(ENTRY_ID, status=OrderStatus.FILLED, executed_quantity=dec("0.010"), update_time_ms=START_MS + 1)
    rig.send(OrderOutcome(ENTRY_ID, OutcomeKind.ACCEPTED, False, rig.now_ms, done))
    assert rig.callback.engine_holds_position


def test_a_position_whose_entry_was_in_doubt_is_the_engines_once_its_end_is_told():
    """The list of executions lags behind: at the start nothing explains the position."""
    left = make_order(ENTRY_ID, origin=Origin.ENGINE, purpose=Purpose.ENTRY)
    rig = restarted(in_doubt=(left,))
    assert not rig.callback.engine_holds_position
    done = make_order(ENTRY_ID, status=OrderStatus.FILLED, executed_quantity=dec("0.010"), update_time_ms=START_MS + 1)
    rig.send(OrderOutcome(ENTRY_ID, OutcomeKind.ACCEPTED, False, rig.now_ms, done))
    assert rig.callback.engine_holds_position
    rig.send(FillHistory("BTCUSDT", (fill_of(ENTRY_ID, 1),), 1))  # and the list, when it comes, changes nothing
    assert rig.callback.engine_holds_position


def test_while_flat_only_the_pause_goes_on():
    rig = restarted(fill_of(ENTRY_ID, 1), fill_of(STOP_ID, 2, side=Side.SELL), amount="0")
    assert not rig.callback.engine_holds_position
    assert rig.callback.engine_trades == ()


def test_executions_of_before_count_once_for_the_days_loss():
    rig = restarted(fill_of(ENTRY_ID, 1))
    before = rig.callback.result_today
    assert before == -make_fill().commission
    rig.send(FillHistory("BTCUSDT", (fill_of(ENTRY_ID, 1),), 1))
    assert rig.callback.result_today == before


# ---- in a session ----


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
    held = make_position("0.010", "100000.0", update_time_ms=rig.now_ms)
    rig.send(make_snapshot(held, taken_time_ms=rig.now_ms))
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


def test_a_trip_that_somebody_else_traded_in_is_not_told_as_the_engines():
    ledger = EngineLedger("BTCUSDT", "USDT")
    ledger.note_fill(make_fill(1, "p-en-1"), Origin.ENGINE, Purpose.ENTRY)
    ledger.note_fill(make_fill(2, "web", side=Side.SELL, quantity=dec("0.004")), Origin.OTHER, None)
    ledger.note_fill(make_fill(3, "p-ex-2", side=Side.SELL, quantity=dec("0.006")), Origin.ENGINE, Purpose.EXIT)
    assert list(ledger.round_trips) == []


def test_prices_of_a_round_trip_are_weighted_means_and_commission_in_another_asset_is_left_out():
    ledger = EngineLedger("BTCUSDT", "USDT")
    ledger.note_sent("p-ex-2", "take_profit", 5)
    sell = {"side": Side.SELL, "client_order_id": "p-ex-2", "commission_asset": "BNB"}
    for fill, purpose in (
        (make_fill(1, "p-en-1", quantity=dec("0.001"), price=dec(100), trade_time_ms=1), Purpose.ENTRY),
        (make_fill(2, "p-en-1", quantity=dec("0.003"), price=dec(104), trade_time_ms=2), Purpose.ENTRY),
        (
            make_fill(3, quantity=dec("0.002"), price=dec(110), trade_time_ms=3, realized_pnl=dec(7), **sell),
            Purpose.EXIT,
        ),
        (
            make_fill(4, quantity=dec("0.002"), price=dec(112), trade_time_ms=4, realized_pnl=dec(9), **sell),
            Purpose.EXIT,
        ),
    ):
        ledger.note_fill(fill, Origin.ENGINE, purpose)
    (trip,) = ledger.round_trips
    assert (trip.quantity, trip.entry_price, trip.exit_price) == (Decimal("0.004"), Decimal(103), Decimal(111))
    assert (trip.entry_time_ms, trip.exit_time_ms, trip.exit_reason) == (1, 4, "take_profit")
    assert (trip.realized_pnl, trip.commission) == (Decimal(16), Decimal("1.0"))


def test_totals_begin_anew_at_flat_whichever_event_of_the_closing_fill_came_first():
    entry = make_order("p-en-1", origin=Origin.ENGINE, purpose=Purpose.ENTRY, executed_quantity=dec("0.010"))
    out = make_order("p-ex-2", origin=Origin.ENGINE, purpose=EXIT, side=Side.SELL, executed_quantity=dec("0.010"))
    web = make_order("web", executed_quantity=dec("0.002"))
    for account_first in (True, False):
        for somebody_else in (True, False):
            ledger = EngineLedger("BTCUSDT", "USDT")
            ledger.note_order(None, entry, 10)
            ledger.note_position(dec("0.010"), 10)
            assert ledger.is_engine_position
            if somebody_else:
                ledger.note_order(None, web, 15)
                assert not ledger.is_engine_position
            tell = [lambda led=ledger: led.note_position(dec(0), 20), lambda led=ledger: led.note_order(None, out, 20)]
            for word in tell if account_first else reversed(tell):
                word()
            assert not ledger.is_engine_position
            ledger.note_order(None, entry, 30)
            ledger.note_position(dec("0.010"), 30)
            assert ledger.is_engine_position


def test_an_entry_waits_for_its_position_without_end_and_an_exit_for_five_seconds():
    for purpose, still in ((Purpose.ENTRY, True), (Purpose.EXIT, False)):
        ledger = EngineLedger("BTCUSDT", "USDT")
        after = make_order(origin=Origin.ENGINE, purpose=purpose, executed_quantity=dec("0.010"))
        ledger.note_order(None, after, 1_000)
        assert ledger.untold(5_999) == {purpose}
        assert ledger.untold(6_000) == ({purpose} if still else frozenset())
        ledger.note_position(dec("0.010"), 999)
        assert ledger.untold(5_000) == {purpose}
        ledger.note_position(dec("0.010"), 1_000)
        assert ledger.untold(5_000) == frozenset()


def test_a_snapshot_asked_for_before_the_entry_filled_does_not_take_the_position_from_the_engine():
    """Otherwise the engine would hold itself for flat, leave its position without a stop, and enter once more."""
    rig = Rig(parameters={"pause_ms": 0})
    entry = rig.enter_long()
    rig.accept(entry)
    asked_ms = rig.callback.now_ms
    rig.tick(after_ms=SECOND)
    (protection,) = rig.fill(entry, price=100_000).approved
    rig.accept(protection)
    rig.send(make_snapshot(taken_time_ms=asked_ms, open_orders=(rig.order(protection),)))
    assert rig.callback.engine_holds_position
    assert [a.intent.purpose for a in rig.tick(99_800).approved] == [EXIT]


def test_an_execution_that_a_snapshot_is_too_old_to_know_still_bars_the_next_entry():
    rig = Rig(parameters={"pause_ms": 0})
    entry = rig.enter_long()
    rig.accept(entry)
    asked_ms = rig.callback.now_ms
    rig.tick(after_ms=SECOND)
    account, order = rig.told_fill(entry, "0.010", 100_000)
    rig.send(order)
    rig.send(make_snapshot(taken_time_ms=asked_ms))
    assert rig.tick().approved == ()
    assert [a.intent.purpose for a in rig.send(account).approved] == [PROTECTION]
    assert rig.callback.engine_untold == frozenset()


def test_an_entry_in_the_millisecond_in_which_the_venue_told_flat_is_the_engines_and_gets_its_stop():
    for first, *others in (("flat", "account", "order"), ("flat", "order", "account"), ("order", "flat", "account")):
        rig = Rig()
        entry = rig.enter_long()
        rig.accept(entry)
        told = dict(zip(("account", "order"), rig.told_fill(entry, "0.010", 100_000), strict=True))
        told["flat"] = make_snapshot(taken_time_ms=rig.now_ms)
        rig.send(told[first])
        for word in others:
            if first == "order" or word == "account" == others[-1]:
                assert rig.callback.engine_untold == {Purpose.ENTRY}
            last = rig.send(told[word])
        assert rig.callback.engine_holds_position
        assert [a.intent.purpose for a in last.approved] == [PROTECTION]
