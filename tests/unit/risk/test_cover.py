"""Which orders cover a position, whatever it is and on whichever leg."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import make_order, make_position
from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType, PositionSide, Side
from trader_gui.risk.cover import is_covered, is_stop_for, live_stops

LONG = make_position("0.010")
STOP = make_order(
    "tg1-ep-1",
    order_family=OrderFamily.ALGO,
    side=Side.SELL,
    order_type=OrderType.STOP_MARKET,
    quantity=Decimal(0),
    trigger_price=Decimal("99000.0"),
    close_position=True,
)
PART = replace(STOP, close_position=False, reduce_only=True, quantity=Decimal("0.004"))


@pytest.mark.parametrize(
    "changes",
    [
        {"side": Side.BUY},
        {"symbol": "ETHUSDT"},
        {"order_type": OrderType.TAKE_PROFIT_MARKET},
        {"order_type": OrderType.LIMIT},
        {"close_position": False},  # could open a short
        {"position_side": PositionSide.LONG},
    ],
)
def test_what_is_no_stop_of_the_position(changes):
    assert is_stop_for(STOP, LONG)
    assert not is_stop_for(replace(STOP, **changes), LONG)


TRAILING = replace(PART, order_type=OrderType.TRAILING_STOP_MARKET, trigger_price=Decimal(0), quantity=Decimal("0.010"))


def test_a_trailing_stop_protects_from_its_activation_on():
    """Before, the price may fall as far as it likes: it waits for one on the other side."""
    assert live_stops(LONG, [TRAILING]) == []
    assert not is_stop_for(replace(TRAILING, status=OrderStatus.SENT), LONG), "nor will it, once it is there"
    active = replace(TRAILING, is_activated=True)
    assert live_stops(LONG, [active]) == [active] and is_covered(LONG, [active])
    assert not is_stop_for(replace(active, side=Side.BUY), LONG)
    for status in (OrderStatus.TRIGGERING, OrderStatus.TRIGGERED):
        assert live_stops(LONG, [replace(TRAILING, status=status)]), "then it was activated, whatever was heard"


def test_each_leg_has_stops_of_its_own():
    leg = make_position("0.010", position_side=PositionSide.LONG)
    assert not is_stop_for(STOP, leg)
    assert is_stop_for(replace(STOP, position_side=PositionSide.LONG), leg)


@pytest.mark.parametrize("status", OrderStatus)
def test_only_what_the_exchange_has_told_is_live(status):
    is_live = status in (
        OrderStatus.NEW,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.TRIGGERING,
        OrderStatus.TRIGGERED,
    )
    stop = replace(STOP, status=status)
    assert live_stops(LONG, [stop]) == ([stop] if is_live else [])


@given(st.lists(st.integers(1, 12)), st.integers(-20, 20).filter(bool), st.booleans())
def test_parts_cover_when_they_sum_up_to_the_size_and_one_of_the_whole_always(parts, amount, has_whole):
    position = make_position(Decimal(amount) / 1000)
    stops = [replace(PART, quantity=Decimal(n) / 1000) for n in parts] + [STOP] * has_whole
    assert is_covered(position, stops) == (has_whole or sum(parts) >= abs(amount))
