"""The stop that rests at the exchange, behind the rules' own."""

from decimal import Decimal

from tests.core_rig import Rig
from trader_gui.domain.order import (
    OrderFamily,
    OrderStatus,
    OrderType,
    OutcomeKind,
    Purpose,
    Side,
)

EXIT, PROTECTION = Purpose.EXIT, Purpose.PROTECTION


def test_the_protective_stop_is_asked_for_as_soon_as_the_position_is_told():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    account, order = rig.told_fill(entry, "0.010", "100000.0")
    assert rig.send(order).approved == ()  # closePosition would be refused without a position
    (protection,) = rig.send(account).approved
    intent = protection.intent
    assert (intent.order_type, intent.side, intent.close_position) == (OrderType.STOP_MARKET, Side.SELL, True)
    assert (intent.trigger_price, intent.quantity, intent.reduce_only) == (Decimal("99670.0"), None, False)
    assert rig.tick().wished == ()
    sent = rig.callback.orders.orders[protection.client_order_id]
    assert (sent.status, sent.order_family) == (OrderStatus.SENT, OrderFamily.ALGO)


def test_a_stop_that_would_trigger_at_once_becomes_a_market_exit():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    (protection,) = rig.fill(entry, price=100_000).approved
    step = rig.answer(protection, OutcomeKind.REFUSED, code=-2021)
    (out,) = step.approved
    assert (out.intent.order_type, out.intent.purpose, out.intent.quantity) == (
        OrderType.MARKET,
        EXIT,
        Decimal("0.010"),
    )
    assert out.intent.reduce_only and out.intent.reason == "protection_refused"
    assert rig.tick().approved == ()
    rig.fill(out)
    assert not rig.callback.engine_holds_position and rig.amount == 0
    assert rig.tick().approved == ()


def test_another_refusal_of_protection_is_tried_again_after_two_seconds():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    (protection,) = rig.fill(entry, price=100_000).approved
    refused_ms = rig.now_ms
    assert rig.answer(protection, OutcomeKind.REFUSED, code=-1008).approved == ()
    while not rig.tick().approved:
        pass
    assert rig.now_ms - refused_ms == 2_000
    assert rig.approved()[-1].intent.purpose is PROTECTION


def test_protection_that_triggers_closes_the_round_trip():
    rig = Rig()
    protection = rig.hold_long()
    rig.tick(99_700)  # the software stop is sent as well, the exchange's is faster
    rig.fill(protection, price="99670.0")
    (trip,) = rig.callback.engine_trades
    assert (trip.side, trip.quantity, trip.exit_reason) == (Side.BUY, Decimal("0.010"), "protection")
    assert (trip.entry_price, trip.exit_price, trip.commission) == (Decimal(100_000), Decimal(99_670), Decimal("1.0"))
    assert not rig.callback.engine_holds_position


def test_a_protective_stop_left_over_after_flat_is_cancelled():
    rig = Rig()
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


def test_a_stop_refused_in_one_trade_is_asked_for_again_in_the_next():
    rig = Rig(parameters={"pause_ms": 0})
    entry = rig.enter_long()
    rig.accept(entry)
    (protection,) = rig.fill(entry, price=100_000).approved
    (out,) = rig.answer(protection, OutcomeKind.REFUSED, code=-2021).approved
    rig.accept(out)
    rig.fill(out)
    second = enter_again(rig)
    (protection,) = rig.fill(second, price=100_000).approved
    assert protection.intent.order_type is OrderType.STOP_MARKET


def enter_again(rig):
    """Let three quiet klines pass and the price cross again; return the entry."""
    for _ in range(3):
        rig.tick(99_999, after_ms=60_000)
    (entry,) = rig.tick(rig.limit("upper_inner") + 1).approved
    rig.accept(entry)
    return entry
