from decimal import Decimal

import pytest

from tests.fakes import FakeTrader, order, position, snapshot, stop_loss
from trader_gui.domain.order import OrderStatus, OrderType, PositionSide, Purpose, Side
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.models.protection import Protection, ProtectionKind, engine_watch, protection

LONG = position("0.010")


def test_nothing_is_claimed_before_the_account_is_read():
    assert protection([LONG], [stop_loss()], is_known=False).kind is ProtectionKind.UNKNOWN


def test_flat_positions_need_no_stop():
    assert protection([position("0")], [], is_known=True) == Protection(ProtectionKind.NOTHING)


def test_a_close_position_stop_protects_whatever_the_size():
    assert protection([LONG], [stop_loss()], is_known=True) == Protection(ProtectionKind.PROTECTED, 1, 1)


@pytest.mark.parametrize(
    "stop",
    [
        order(1, Side.BUY, OrderType.STOP_MARKET, purpose=Purpose.PROTECTION, trigger="108000"),  # the wrong side
        order(1, Side.SELL, OrderType.TAKE_PROFIT_MARKET, purpose=Purpose.PROTECTION, trigger="109000"),  # no stop
        order(1, Side.SELL, OrderType.LIMIT, purpose=Purpose.EXIT, price="108000"),
        order(1, Side.SELL, OrderType.STOP_MARKET, trigger="108000", reduce_only=False),  # could open a short
        stop_loss(symbol="ETHUSDT"),
        stop_loss(position_side=PositionSide.LONG),  # of a leg that is not this position
        stop_loss(status=OrderStatus.CANCELED),
    ],
)
def test_what_is_no_live_stop_of_this_position_leaves_it_naked(stop):
    assert protection([LONG], [stop], is_known=True) == Protection(ProtectionKind.NAKED, 0, 1, (LONG,))


def test_each_leg_needs_a_stop_of_its_own():
    legs = [
        position("0.010", position_side=PositionSide.LONG),
        position("-0.010", position_side=PositionSide.SHORT),
    ]
    # The venue may leave a leg's orders without the reduce-only flag: the leg itself tells what they can do.
    stop = stop_loss(position_side=PositionSide.LONG, close_position=False, reduce_only=False)
    assert protection(legs, [stop], is_known=True) == Protection(ProtectionKind.NAKED, 1, 2, (legs[1],))
    values = {"purpose": Purpose.PROTECTION, "trigger": "110000", "position_side": PositionSide.SHORT}
    other = order(3, Side.BUY, OrderType.STOP_MARKET, **values)
    assert protection(legs, [stop, other], is_known=True) == Protection(ProtectionKind.PROTECTED, 2, 2)


def test_reduce_only_stops_must_cover_the_whole_size_together():
    parts = [
        stop_loss(n, quantity=quantity, close_position=False, reduce_only=True)
        for n, quantity in ((1, "0.004"), (2, "0.006"))
    ]
    assert protection([LONG], parts[:1], is_known=True).kind is ProtectionKind.NAKED
    assert protection([LONG], parts, is_known=True).kind is ProtectionKind.PROTECTED
    spent = stop_loss(2, quantity="0.006", executed_quantity=Decimal("0.001"), close_position=False, reduce_only=True)
    assert protection([LONG], [parts[0], spent], is_known=True).kind is ProtectionKind.NAKED


@pytest.mark.parametrize(
    ("status", "kind"), [(OrderStatus.SENT, ProtectionKind.PLACING), (OrderStatus.UNKNOWN, ProtectionKind.UNKNOWN)]
)
def test_a_stop_on_its_way_is_no_stop_yet(status, kind):
    assert protection([LONG], [stop_loss(status=status)], is_known=True) == Protection(kind, 0, 1, (LONG,))


def test_one_naked_position_among_two_counts():
    other = position("-0.500", entry="2500", liquidation_price=None)
    other = type(other)("ETHUSDT", other.position_amount, other.entry_price, other.unrealized_pnl)
    assert protection([LONG, other], [stop_loss()], is_known=True) == Protection(ProtectionKind.NAKED, 1, 2, (other,))


def test_the_position_that_needs_care_is_named_whatever_symbol_the_session_has():
    trader = FakeTrader()
    trader.run_quietly()
    ether = position("0.5", entry="3000", symbol="ETHUSDT")
    trader.feed(snapshot([LONG, ether]))
    assert engine_watch(trader.callback).position is None
    trader.callback.brackets.finding = ProtectionFinding(ProtectionState.NAKED, 0, "-2021", ether.key)
    watch = engine_watch(trader.callback)
    assert (watch.is_bracket, watch.position) == (True, ether)
    trader.callback.protection.finding = ProtectionFinding(ProtectionState.PLACING, 0, "", LONG.key)
    watch = engine_watch(trader.callback)
    assert (watch.is_bracket, watch.position) == (False, LONG)
