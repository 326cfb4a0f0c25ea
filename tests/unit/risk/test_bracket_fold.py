"""What orders and executions say of a bracket counts once, whatever comes first."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import PREFIX, START_MS, dec, make_fill, make_intent, make_order, make_position
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.domain.bracket import new_bracket
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import OrderUpdate, PositionSide, Side
from trader_gui.risk.bracket_fold import left_of_former, with_fills, with_orders

ENTRY, STOP, CLOSE = (f"{PREFIX}-{letters}" for letters in ("hn-1", "hp-2", "hx-3"))
RECORD = replace(new_bracket(make_intent(stop=ExitLevel(dec("99000"))), ENTRY), orders=(STOP, CLOSE))


def fill(trade_id, name, quantity, price="100000.0", *, time_ms=START_MS):
    side = Side.BUY if name == ENTRY else Side.SELL
    return make_fill(
        trade_id, name, side=side, quantity=dec(quantity), price=dec(price), trade_time_ms=time_ms + trade_id
    )


def told(*orders):
    collector = OrderUpdateCollector(PREFIX)
    for name, executed, average in orders:
        order = make_order(
            name, executed_quantity=dec(executed), average_price=dec(average), order_id=sum(name.encode())
        )
        collector.apply(OrderUpdate(order, "TRADE", None, START_MS, START_MS))
    return collector


def test_what_is_held_is_what_the_entry_opened_less_what_was_closed():
    record = with_orders(
        RECORD, told((ENTRY, "0.010", "100000.5"), (STOP, "0.003", "99000"), (CLOSE, "0.002", "99500"))
    )
    assert (record.held, record.exited, record.entry_price) == (dec("0.005"), dec("0.005"), dec("100000.5"))
    assert replace(record, given_up=dec("0.004")).held == dec("0.001")
    assert replace(record, given_up=dec("0.010")).held == 0


def test_of_an_order_without_an_average_price_the_limit_counts():
    assert with_orders(RECORD, told((ENTRY, "0.010", "0"))).entry_price == dec("100000.0")


FILLS = [
    fill(1, ENTRY, "0.004", "100000.0"),
    fill(2, ENTRY, "0.006", "99990.0"),
    fill(3, STOP, "0.003"),
    fill(4, CLOSE, "0.002"),
    fill(5, "web_1", "0.9"),
]


@given(st.lists(st.sampled_from(["all", "part", "orders"]), min_size=1, max_size=6))
def test_words_come_again_and_in_any_order(words):
    record = RECORD
    orders = told((ENTRY, "0.010", "99994.0"), (STOP, "0.003", "100000.0"), (CLOSE, "0.002", "100000.0"))
    for word in (*words, "all"):
        if word == "orders":
            record = with_orders(record, orders)
        else:
            record = with_fills(record, FILLS if word == "all" else FILLS[1:4])
    assert (record.held, record.entry_price) == (dec("0.005"), dec("99994.0"))


@pytest.mark.parametrize(("time_ms", "given_up", "held"), [(0, "0", "0.007"), (10, "0.003", "0.004")])
def test_an_exit_that_made_the_position_small_is_not_taken_for_somebody_elses(time_ms, given_up, held):
    record = with_fills(RECORD, FILLS[:2])
    assert record.held == dec("0.010")
    record = replace(record, given_up=dec("0.003"), given_up_ms=START_MS + 5)
    record = with_fills(record, [fill(3, STOP, "0.003", time_ms=START_MS + time_ms)])
    assert (record.given_up, record.held) == (dec(given_up), dec(held))


# ---- after a restart -------------------------------------------------------------------------------------------------

TOLD_MS = START_MS + 100


def left(position, fills):
    record = left_of_former(with_fills(RECORD, fills), position, TOLD_MS, fills)
    return record.held


def test_what_the_position_is_not_made_of_was_closed_meanwhile():
    closed = [*FILLS[:2], make_fill(6, "web_1", side=Side.SELL, quantity=dec("0.010"), trade_time_ms=START_MS + 6)]
    again = [*closed, make_fill(7, "web_2", quantity=dec("0.005"), trade_time_ms=START_MS + 7)]
    assert left(make_position("0.005"), again) == 0
    assert left(make_position("0.010"), FILLS[:2]) == dec("0.010")
    assert left(make_position("0.007"), FILLS[:3]) == dec("0.007")


def test_what_the_executions_do_not_explain_is_left_as_it_is():
    assert left(make_position("0.030"), FILLS[:2]) == dec("0.010")  # older than these executions
    assert left(None, FILLS[:2]) == dec("0.010")  # a list may lag
    late = fill(8, ENTRY, "0.001", time_ms=TOLD_MS)
    assert left(make_position("0.010"), [*FILLS[:2], late]) == dec("0.011")


def test_a_bracket_knows_its_position():
    record = new_bracket(replace(make_intent(), position_side=PositionSide.LONG), ENTRY)
    assert record.key == ("BTCUSDT", PositionSide.LONG) and record.held == Decimal(0)
