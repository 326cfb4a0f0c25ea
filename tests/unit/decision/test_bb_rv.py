"""The rules, and what once went wrong with them, by messages alone."""

from decimal import Decimal

import pytest

from tests.core_records import (
    START_MS,
    dec,
    make_fill,
    make_intent,
    make_order,
)
from tests.core_rig import Rig
from trader_gui.decision.decision import Decision
from trader_gui.domain.order import (
    FillHistory,
    OrderOutcome,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    OutcomeKind,
    Purpose,
    Side,
    TimeInForce,
)
from trader_gui.domain.step import ApprovedCancel, EngineMode, Evaluation, ModeChange

ENTRY, EXIT, PROTECTION = Purpose.ENTRY, Purpose.EXIT, Purpose.PROTECTION
SECOND, MINUTE = 1_000, 60_000


class Greedy(Decision):
    """Wants an entry at every kline message, whatever is open: what the live trader of 2023 did for three orders."""

    def decide(self, conditions, context):
        wish = make_intent(
            side=Side.SELL,
            origin=Origin.ENGINE,
            reason="entry_short",
            wanted_time_ms=context.now_ms,
            price=dec("99990.0"),
        )
        return Evaluation((), wish, wish.reason)

    def stop_price(self, position, rules):
        return rules.snap_price(position.entry_price / 2)


def codes(steps):
    return {refusal.code for step in steps for refusal in step.refusals}


# ---- entries ---------------------------------------------------------------------------------------------------------


def test_long_when_the_price_crosses_the_upper_inner_band():
    rig = Rig()
    assert rig.tick().evaluation.reason == "hold"
    step = rig.tick(rig.limit("upper_inner") - Decimal("0.1"))
    assert step.approved == ()
    step = rig.tick(rig.limit("upper_inner") + 1)
    (entry,) = step.approved
    intent = entry.intent
    assert (intent.side, intent.order_type, intent.time_in_force) == (Side.BUY, OrderType.LIMIT, TimeInForce.GTC)
    assert (intent.quantity, intent.reduce_only, intent.reason) == (Decimal("0.010"), False, "entry_long")
    assert intent.price == (rig.price * Decimal("1.0001")).quantize(Decimal("0.1"))
    assert intent.wanted_time_ms == rig.now_ms
    assert rig.callback.last_step_with_evaluation is step
    assert rig.callback.orders.orders[entry.client_order_id].status is OrderStatus.SENT


def test_short_when_the_price_crosses_the_lower_inner_band():
    rig = Rig()
    rig.tick()
    (entry,) = rig.tick(rig.limit("lower_inner") - 1).approved
    assert (entry.intent.side, entry.intent.reason) == (Side.SELL, "entry_short")
    assert entry.intent.price == (rig.price * Decimal("0.9999")).quantize(Decimal("0.1"))


@pytest.mark.parametrize("back", [1, 2])
def test_no_entry_when_one_of_the_last_two_closes_was_beyond_the_band(back):
    rig = Rig(mode=EngineMode.HALTED)
    rig.tick(rig.price + 60)
    rig.tick(after_ms=MINUTE)  # this kline closed above its own upper inner band
    for _ in range(back - 1):
        rig.tick(100_000)
        rig.tick(after_ms=MINUTE)
    rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0))
    step = rig.tick(rig.limit("upper_inner") + 5)
    (group,) = (g for g in step.evaluation.groups if g.name == "enter_long")
    values = {c.name: c.value for c in group.conditions}
    assert not values.pop(f"close[{back}] <= upper_inner")
    values.pop("RV in former range")  # such a close moves the volatility too; not what is looked at here
    assert all(values.values())
    assert step.approved == ()


def test_no_entry_while_the_volatility_is_outside_its_former_range():
    """The seed compared the value with a range that contained it, so its filter never barred anything."""
    closes = [f"{100_000 + 20 * (-1) ** i:.1f}" for i in range(58)] + ["100000.0"] * 5
    rig = Rig(closes=closes)
    step = rig.tick()
    assert not next(c for c in step.conditions if c.name == "RV in former range").value
    step = rig.tick(rig.limit("upper_inner") + 1)
    group = next(g for g in step.evaluation.groups if g.name == "enter_long")
    assert [c.name for c in group.conditions if not c.value] == ["RV in former range"]
    assert step.wished == ()


def test_groups_are_told_in_the_order_in_which_the_gates_are_asked():
    rig = Rig()
    groups = rig.tick().evaluation.groups
    assert [(g.name, g.needs_all) for g in groups] == [("enter_long", True), ("enter_short", True)]
    assert [c.name for c in groups[0].conditions] == [
        "armed",
        "flat",
        "close[1] <= upper_inner",
        "close[2] <= upper_inner",
        "price > upper_inner",
        "RV in former range",
        "pause over",
        "no order in flight",
    ]
    rig.hold_long()
    groups = rig.tick().evaluation.groups
    assert [(g.name, g.needs_all) for g in groups] == [("exit_long", False), ("enter_long", True)]
    assert [c.name for c in groups[0].conditions] == ["price <= stop", "price >= target", "back under upper_outer"]
    flat = groups[1].conditions[1]
    assert (flat.value, flat.text) == (False, "long 0.010")


# ---- what went wrong live on 2023-02-24 -----------------------------------------------------------------------------


def test_three_sells_in_one_second_cannot_happen_again():
    """Messages every 250 ms while answer and fill are seconds late: one order, whatever the rules want."""
    rig = Rig(decision=Greedy())
    (entry,) = rig.tick().approved
    for _ in range(16):
        assert rig.tick().approved == ()
    rig.accept(entry)
    for _ in range(8):
        assert rig.tick().approved == ()
    account, order = rig.told_fill(entry, "0.010", rig.price)
    rig.send(order)  # the fill is heard of, the position is not
    rig.send(OrderOutcome(entry.client_order_id, OutcomeKind.UNKNOWN, False, rig.now_ms))
    for _ in range(40):
        assert rig.tick().approved == ()
    assert codes(rig.steps) == {"order_in_flight", "position_not_told"}
    assert rig.callback.orders.get(entry.client_order_id).status is OrderStatus.FILLED
    rig.send(account)
    assert len(rig.tick().approved) == 1  # only now would the gate let the greedy one go on
    assert len(rig.approved(ENTRY)) == 2


def test_the_strategy_itself_also_sends_one_order_while_everything_is_late():
    rig = Rig()
    entry = rig.enter_long()
    for _ in range(30):
        rig.tick()
    assert rig.approved() == [entry]
    held = rig.steps[-1].evaluation.groups[0].conditions[-1]
    assert (held.name, held.value, held.reading) == ("no order in flight", False, 1.0)


def test_an_unknown_outcome_bars_the_purpose_until_it_is_settled():
    rig = Rig(parameters={"pause_ms": 0})
    entry = rig.enter_long()
    rig.answer(entry, OutcomeKind.UNKNOWN, code=-1007)
    for _ in range(200):
        rig.tick()
    assert rig.approved() == [entry]
    rig.answer(entry, OutcomeKind.REFUSED)
    rig.tick(after_ms=250)
    assert rig.approved() == [entry]  # refused: not at once again
    rig.tick(100_000, after_ms=2 * MINUTE)
    assert len(rig.tick(rig.limit("upper_inner") + 1).approved) == 1


def test_a_stop_fires_one_second_after_an_entry():
    """One flag barred entries and exits alike for five minutes."""
    rig = Rig()
    rig.hold_long()
    step = rig.tick(100_000 * (1 - Decimal("0.0011")), after_ms=SECOND)
    (stop,) = step.approved
    assert (stop.intent.reason, stop.intent.purpose, stop.intent.reduce_only) == ("stop_loss", EXIT, True)
    assert stop.intent.time_in_force is TimeInForce.GTC
    assert stop.intent.price == (rig.price * Decimal("0.9999")).quantize(Decimal("0.1"))
    assert not next(c for g in step.evaluation.groups for c in g.conditions if c.name == "pause over").value


def test_the_pause_bars_entries_for_five_minutes_after_the_last_trade():
    rig = Rig()
    rig.hold_long()
    (stop,) = rig.tick(99_000, after_ms=SECOND).approved
    rig.accept(stop)
    rig.fill(stop)
    exit_ms = rig.now_ms
    rig.price = dec(100_000)
    early = late = None
    while rig.now_ms < exit_ms + 7 * MINUTE and late is None:
        step = rig.tick()
        conditions = {c.name: c for g in step.evaluation.groups for c in g.conditions}
        pause = conditions["pause over"]
        assert pause.value == (rig.now_ms - exit_ms >= 300_000)
        assert (pause.reading, pause.limit) == (min(rig.now_ms - exit_ms, 300_000) / 1000, 300.0)
        if not pause.value:
            early = step
        else:
            late = step
    assert early is not None and late is not None
    assert len(rig.approved(ENTRY)) == 1


def test_the_pause_goes_on_over_a_restart():
    minute_60 = START_MS + 60 * MINUTE
    past = (
        make_fill(1, "tg1-hn-5", trade_time_ms=minute_60, commission=dec(1)),
        make_fill(2, "tg1-en-7", trade_time_ms=minute_60 - 100 * SECOND, commission=dec(2)),
        make_fill(3, "web", symbol="ETHUSDT", trade_time_ms=minute_60, realized_pnl=dec(-50)),
    )
    rig = Rig()
    rig.send(FillHistory("BTCUSDT", past, 3))
    step = rig.tick(after_ms=0)
    pause = next(c for c in step.evaluation.groups[0].conditions if c.name == "pause over")
    assert (pause.value, pause.reading) == (False, 100.0)
    assert rig.callback.result_today == Decimal("-53.5")
    assert not rig.callback.engine_holds_position


def test_a_close_is_sized_by_the_true_position_and_never_turns_it_round():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    rig.accept(rig.fill(entry, "0.007", 100_000).approved[0])
    (wish,) = rig.tick(99_800).wished
    assert (wish.side, wish.quantity, wish.reduce_only) == (Side.SELL, Decimal("0.007"), True)


def test_partial_fills_are_the_normal_case():
    """On the day, 0.010 filled as 0.007 and 0.003."""
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    (protection,) = rig.fill(entry, "0.007", "100000.0").approved
    assert protection.intent.purpose is PROTECTION
    rig.accept(protection)
    assert rig.callback.orders.get(entry.client_order_id).status is OrderStatus.PARTIALLY_FILLED
    assert rig.callback.engine_holds_position
    assert rig.fill(entry, "0.003", "100010.0", done="0.010").approved == ()  # closePosition covers the rest too
    assert rig.callback.engine_holds_position
    assert rig.callback.account.position("BTCUSDT").entry_price == Decimal("100003.0")
    (target,) = rig.tick(100_003 * Decimal("1.0016")).approved
    assert (target.intent.reason, target.intent.quantity) == ("take_profit", Decimal("0.010"))


def test_position_comes_from_the_account_alone():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    account, order = rig.told_fill(entry, "0.010", 100_000)
    rig.send(order)
    assert rig.callback.account.position("BTCUSDT") is None
    assert not rig.callback.engine_holds_position
    assert rig.tick(99_000).approved == ()  # no exit of a position that nobody told
    rig.send(account)
    assert rig.callback.engine_holds_position
    assert [a.intent.purpose for a in rig.tick(99_000).approved] == [EXIT]


# ---- exits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "reason"),
    [("0.9989", "stop_loss"), ("1.0016", "take_profit"), ("0.99891", None), ("1.00159", None)],
)
def test_long_stop_and_target_are_exact(factor, reason):
    rig = Rig()
    rig.hold_long()
    step = rig.tick(100_000 * Decimal(factor))
    assert step.evaluation.reason == (reason or "hold")
    assert [a.intent.reason for a in step.approved] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("factor", "reason"),
    [("1.0011", "stop_loss"), ("0.9984", "take_profit"), ("1.00109", None), ("0.99841", None)],
)
def test_short_stop_and_target_mirror_the_long_ones(factor, reason):
    rig = Rig()
    rig.tick()
    (entry,) = rig.tick(rig.limit("lower_inner") - 1).approved
    rig.accept(entry)
    (protection,) = rig.fill(entry, price=100_000).approved
    assert (protection.intent.side, protection.intent.trigger_price) == (Side.BUY, Decimal("100330.0"))
    rig.accept(protection)
    step = rig.tick(100_000 * Decimal(factor))
    assert [(a.intent.reason, a.intent.side) for a in step.approved] == ([(reason, Side.BUY)] if reason else [])


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_out_when_the_price_is_back_inside_the_outer_band(side):
    """Steady small steps keep the stop and target away while a close lies beyond the outer band."""
    rig = Rig(parameters={"target_fraction": "0.5", "stop_fraction": "0.4", "protective_stop_fraction": "0.5"})
    rig.tick()
    band, sign = ("upper", 1) if side is Side.BUY else ("lower", -1)
    (entry,) = rig.tick(rig.limit(f"{band}_inner") + sign).approved
    rig.accept(entry)
    rig.accept(rig.fill(entry).approved[0])
    rig.tick(100_000 + sign * 120)
    rig.tick(after_ms=MINUTE)
    close = next(
        c for c in rig.steps[-1].conditions if c.name.startswith("close[1]") and c.name.endswith("_outer") and c.value
    )
    assert close.value
    assert rig.tick(rig.limit(f"{band}_outer") + sign).approved == ()
    step = rig.tick(rig.limit(f"{band}_outer"))
    (out,) = step.approved
    assert out.intent.reason == ("back_under_outer" if side is Side.BUY else "back_over_outer")
    back = step.evaluation.groups[0].conditions[2]
    assert (back.reading, back.limit) == (close.reading, close.limit)


def test_an_exit_limit_that_rests_is_cancelled_and_the_rules_run_again():
    rig = Rig()
    rig.hold_long()
    (first,) = rig.tick(99_880).approved
    rig.accept(first)
    while not rig.tick().approved:
        assert rig.steps[-1].wished == ()
    (cancel,) = rig.steps[-1].approved
    assert isinstance(cancel, ApprovedCancel) and cancel.intent.reason == "exit_unfilled"
    assert rig.now_ms - first.intent.wanted_time_ms >= 5_000
    assert rig.tick().wished == ()  # one cancel in flight
    canceled = rig.order(first, OrderStatus.CANCELED)
    rig.send(OrderOutcome(first.client_order_id, OutcomeKind.ACCEPTED, True, rig.now_ms, canceled))
    (second,) = rig.tick(99_800).approved
    assert second.intent.price < first.intent.price and second.client_order_id != first.client_order_id


def test_an_entry_limit_that_rests_is_cancelled_after_ten_seconds_and_a_refused_cancel_is_not_hammered():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    for _ in range(39):
        assert rig.tick(100_000).approved == ()
    (cancel,) = rig.tick().approved
    assert cancel.intent.reason == "entry_unfilled"
    rig.send(OrderOutcome(entry.client_order_id, OutcomeKind.REFUSED, True, rig.now_ms, None, -2011))
    for _ in range(39):
        assert rig.tick().approved == ()
    assert len(rig.tick().approved) == 1


def test_what_is_left_of_an_entry_is_cancelled_once_an_exit_is_on_its_way():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    rig.accept(rig.fill(entry, "0.007", 100_000).approved[0])
    rig.tick(after_ms=2 * SECOND)
    (out,) = rig.tick(99_800).approved
    assert out.intent.purpose is EXIT
    (cancel,) = rig.tick().approved
    assert (cancel.intent.client_order_id, cancel.intent.reason) == (entry.client_order_id, "entry_superseded")


def test_an_exit_is_asked_for_again_when_the_venue_never_tells_the_position():
    rig = Rig()
    rig.hold_long()
    (first,) = rig.tick(99_800).approved
    rig.accept(first)
    amount, entry_price = rig.amount, rig.entry_price
    _, order = rig.told_fill(first, "0.004", 99_800)
    canceled = make_order(
        first.client_order_id,
        order_id=order.order.order_id,
        status=OrderStatus.CANCELED,
        side=Side.SELL,
        executed_quantity=dec("0.004"),
        update_time_ms=rig.now_ms,
    )
    rig.send(OrderUpdate(canceled, "CANCELED", None, rig.now_ms, rig.now_ms))
    assert rig.tick().approved == ()
    rig.amount, rig.entry_price = amount, entry_price
    assert not rig.callback.engine_holds_position  # told and executed disagree: hands off
