"""Another price or size of an open order is judged as it is typed; what it holds already is not counted twice."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import make_order
from tests.ticket_scene import FACTS, held
from trader_gui.domain.order import Order, OrderStatus, OrderType, PositionSide, Side, TimeInForce
from trader_gui.models.amend_draft import AmendAssessment, AmendField, assess_amend, is_amendable
from trader_gui.models.ticket_records import TicketFacts

D = Decimal
PRICE, SIZE = AmendField.PRICE, AmendField.QUANTITY


def resting(**over: Any) -> Order:
    values: dict[str, Any] = {"price": D("108000.0"), "quantity": D("0.020"), "time_in_force": TimeInForce.GTC}
    return make_order("mine", **(values | over))


def judge(field: AmendField, text: str, order: Order | None = None, facts: TicketFacts = FACTS) -> AmendAssessment:
    return assess_amend(order or resting(), field, text, facts)


def codes(judged: AmendAssessment) -> dict[str, tuple[Decimal, ...]]:
    return {p.code: p.nearest for p in judged.problems}


def test_a_right_number_is_what_is_asked_for() -> None:
    told = judge(PRICE, "108,100.5")
    assert (told.price, told.quantity, told.problems) == (D("108100.5"), None, ())
    told = judge(SIZE, "0.025")
    assert (told.price, told.quantity, told.problems) == (None, D("0.025"), ())


@pytest.mark.parametrize(("field", "text"), [(PRICE, "108000.0"), (SIZE, "0.020"), (SIZE, "0.02")])
def test_what_it_has_already_asks_for_nothing(field: AmendField, text: str) -> None:
    told = judge(field, text)
    assert (told.price, told.quantity, told.problems) == (None, None, ())


@pytest.mark.parametrize(
    ("field", "text", "code", "nearest"),
    [
        (PRICE, "108000.05", "off_tick", ("108000.0", "108000.1")),
        (PRICE, "0", "not_positive", ()),
        (PRICE, "dear", "not_a_number", ()),
        (PRICE, "120000.0", "above_mark_band", ("113872.2",)),
        (SIZE, "0.0205", "off_step", ("0.020", "0.021")),
        (SIZE, "0.0001", "off_step", ("0.001",)),
    ],
)
def test_a_wrong_number_is_explained_with_the_nearest_right_one(
    field: AmendField, text: str, code: str, nearest: tuple[str, ...]
) -> None:
    told = judge(field, text)
    assert codes(told) == {code: tuple(map(D, nearest))}
    assert (told.price, told.quantity) == (None, None)


def test_its_own_margin_and_size_are_given_back_first() -> None:
    """An order of 0.400 holds 4 320 at 10x; with 100 more free, 0.407 is the most (10 854 each, the fee counted)."""
    order = resting(quantity=D("0.400"))
    tight = replace(FACTS, available_balance=D(100), resting_buy=D("0.400"))
    assert judge(SIZE, "0.407", order, tight).quantity == D("0.407")
    assert codes(judge(SIZE, "0.408", order, tight)) == {"not_enough_margin": (D("0.407"),)}
    assert judge(PRICE, "107000.0", order, tight).price == D("107000.0")
    limited = replace(FACTS, max_position_notional=D(2200), resting_buy=D("0.020"))
    assert judge(PRICE, "107999.9", facts=limited).price is not None
    assert "over_position_limit" in codes(judge(SIZE, "0.021", facts=limited))


def test_a_post_only_order_must_not_take() -> None:
    told = judge(PRICE, "108452.0", resting(time_in_force=TimeInForce.GTX))
    assert codes(told) == {"post_only_would_take": (D("108451.1"),)}


def test_sizes_of_a_partly_filled_order_are_totals() -> None:
    order = resting(executed_quantity=D("0.005"), status=OrderStatus.PARTIALLY_FILLED)
    assert judge(SIZE, "0.015", order).quantity == D("0.015")
    assert codes(judge(SIZE, "0.0155", order)) == {"off_step": (D("0.015"), D("0.016"))}
    assert codes(judge(SIZE, "0.005", order)) == {"amend_cancels": ()}


def test_a_closing_order_is_held_to_its_position_and_leg() -> None:
    exit_ = resting(side=Side.SELL, reduce_only=True, price=D("109000.0"))
    facts = replace(FACTS, position=held("0.020"))
    assert judge(SIZE, "0.010", exit_, facts).quantity == D("0.010")
    assert codes(judge(SIZE, "0.021", exit_, facts)) == {"more_than_position": (D("0.020"),)}
    long, short = held("0.020", leg=PositionSide.LONG), held("-0.050", leg=PositionSide.SHORT)
    hedge = replace(FACTS, is_hedge=True, legs=(long, short))
    of_leg = replace(exit_, reduce_only=False, position_side=PositionSide.LONG)
    assert codes(judge(SIZE, "0.021", of_leg, hedge)) == {"more_than_position": (D("0.020"),)}


def test_old_prices_hold_what_opens() -> None:
    told = judge(PRICE, "108100.0", facts=replace(FACTS, feed_is_live=False))
    assert (told.hold, told.price) == ("stale_feed", None)


def stop(**over: Any) -> Order:
    values: dict[str, Any] = {"order_type": OrderType.STOP_MARKET, "side": Side.SELL, "close_position": True}
    return make_order("stop", trigger_price=D("107000.0"), **(values | over))


def test_the_trigger_of_a_conditional_order_is_moved() -> None:
    facts = replace(FACTS, position=held("0.020"))
    move = AmendField.TRIGGER
    assert judge(move, "107500.0", stop(), facts).price == D("107500.0")
    assert judge(move, "107000.0", stop(), facts).price is None
    assert codes(judge(move, "108451.2", stop(), facts)) == {"sell_stop_below": (D("108451.1"),)}
    assert codes(judge(move, "107500.05", stop(), facts)) == {"off_tick": (D("107500.0"), D("107500.1"))}
    target = stop(order_type=OrderType.TAKE_PROFIT_MARKET, close_position=False, quantity=D("0.010"), reduce_only=True)
    assert judge(move, "109000.0", target, facts).price == D("109000.0")
    assert "sell_target_above" in codes(judge(move, "108000.0", target, facts))
    entry = stop(side=Side.BUY, close_position=False, quantity=D("0.010"))
    assert judge(move, "109000.0", entry).price == D("109000.0")
    assert judge(move, "107500.0", stop()).price == D("107500.0")  # there is no position yet: a stop may wait for one


def test_the_limit_price_of_a_stop_moves_along() -> None:
    facts = replace(FACTS, position=held("0.020"))
    limited = stop(order_type=OrderType.STOP, close_position=False, price=D("106990.0"), reduce_only=True)
    told = judge(AmendField.TRIGGER, "107500.0", limited, facts)
    assert told.price == D("107500.0") and told.judged.price == D("107490.0")


def test_only_limit_orders_that_rest_can_be_changed_in_place() -> None:
    assert is_amendable(resting()) and is_amendable(resting(status=OrderStatus.PARTIALLY_FILLED))
    for status in (OrderStatus.SENT, OrderStatus.UNKNOWN, OrderStatus.CANCELED):
        assert not is_amendable(resting(status=status))
    assert is_amendable(stop())
    for over in (
        {"status": OrderStatus.TRIGGERED},
        {"order_type": OrderType.TRAILING_STOP_MARKET, "trigger_price": D(0)},
    ):
        assert not is_amendable(replace(stop(), **over))
