from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core_records import dec, make_order
from trader_gui.collectors.order_merge import is_other_order, merge_order
from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType

S = OrderStatus


def told(status, executed="0", time=0, **over):
    average = over.pop("average_price", "100" if dec(executed) else "0")
    return make_order(
        status=status, executed_quantity=dec(executed), update_time_ms=time, average_price=dec(average), **over
    )


SENT, UNKNOWN = told(S.SENT, time=1, order_id=None), told(S.UNKNOWN, time=1, order_id=None)
ALGO = {"order_family": OrderFamily.ALGO, "order_type": OrderType.STOP_MARKET}
LIVES = {
    "filled in two parts": [
        SENT,
        told(S.NEW, time=5),
        told(S.PARTIALLY_FILLED, "0.007", 6),
        told(S.FILLED, "0.010", 6, average_price="0"),  # the REST reply tells no average
        told(S.FILLED, "0.010", 6),
    ],
    "cancelled after a part": [
        SENT,
        UNKNOWN,
        told(S.NEW, time=5),
        told(S.PARTIALLY_FILLED, "0.007", 6),
        told(S.CANCELED, "0.007", 9),
    ],
    "amended": [SENT, told(S.NEW, time=5), told(S.NEW, time=7, price=dec("99"))],
    "refused by mistake, then seen": [SENT, told(S.REJECTED, time=1, order_id=None), told(S.NEW, time=5)],
    "triggered within one millisecond": [
        told(S.SENT, time=1, order_id=None, **ALGO),
        told(S.NEW, time=5, **ALGO),
        told(S.TRIGGERING, time=9, **ALGO),
        told(S.TRIGGERED, time=9, triggered_order_id=77, **ALGO),
        told(S.FINISHED, time=9, triggered_order_id=77, **ALGO),
    ],
    "a trailing stop, activated and then listed": [
        told(S.SENT, time=1, order_id=None, **ALGO),
        told(S.NEW, time=5, **ALGO),
        told(S.NEW, time=7, is_activated=True, **ALGO),
        told(S.NEW, time=7, **ALGO),  # no list tells it
    ],
    "triggered id told only once": [
        told(S.TRIGGERED, time=8, triggered_order_id=77, **ALGO),
        told(S.FINISHED, time=9, **ALGO),
    ],
}


@pytest.mark.parametrize("life", LIVES)
def test_every_order_of_arrival_ends_in_the_same_state(life):
    ends = {reduce(merge_order, order) for order in permutations(LIVES[life])}
    assert len(ends) == 1
    assert ends.pop().status is LIVES[life][-1].status


@given(data=st.data(), life=st.sampled_from(sorted(LIVES)))
def test_repetition_changes_nothing_and_executed_quantity_never_shrinks(data, life):
    events = LIVES[life]
    arrival = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=6))))
    state = arrival[0]
    for event in arrival[1:]:
        merged = merge_order(state, event)
        assert merged.executed_quantity >= max(state.executed_quantity, event.executed_quantity)
        assert not (state.status.is_terminal and state.order_id is not None) or merged.status.is_terminal
        state = merged
    assert state == reduce(merge_order, events)


def test_the_triggered_order_id_and_the_average_price_survive():
    assert reduce(merge_order, LIVES["triggered id told only once"]).triggered_order_id == 77
    assert reduce(merge_order, LIVES["filled in two parts"]).average_price == 100


def test_a_client_id_used_again_is_another_order():
    assert is_other_order(make_order(order_id=1), make_order(order_id=2))
    assert not is_other_order(make_order(order_id=1), make_order(order_id=1))
    assert not is_other_order(make_order(order_id=None), make_order(order_id=2))
