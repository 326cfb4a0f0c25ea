"""What a moved order is made of, and when it would be executed at once; the way of moving is tried over sockets."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import RULES, dec, make_kline, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.market import MarkPrice
from trader_gui.domain.order import (
    OrderFamily,
    OrderOutcome,
    OrderType,
    Origin,
    OutcomeKind,
    PositionSide,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import MarketState, Step, SymbolStatus
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.orders.mover import Mover, is_movable, moved_intent, triggers_at_once

STOP = make_order(
    "stop",
    order_family=OrderFamily.ALGO,
    side=Side.SELL,
    order_type=OrderType.STOP_MARKET,
    trigger_price=dec("99000"),
    price=dec(0),
    time_in_force=TimeInForce.GTC,
    reduce_only=True,
    working_type=WorkingType.MARK_PRICE,
    price_protect=True,
    quantity=dec("0.010"),
)


def test_all_but_the_price_stays_as_it_was():
    intent = moved_intent(STOP, dec("99500"), 7)
    assert (intent.trigger_price, intent.price, intent.time_in_force) == (Decimal(99500), None, None)
    assert (intent.quantity, intent.reduce_only, intent.close_position) == (Decimal("0.010"), True, False)
    assert (intent.working_type, intent.price_protect) == (WorkingType.MARK_PRICE, True)
    assert (intent.origin, intent.purpose, intent.reason) == (Origin.HAND, Purpose.PROTECTION, "moved_by_hand")


def test_a_limit_behind_the_trigger_keeps_its_distance_and_a_whole_position_stays_whole():
    limit = replace(STOP, order_type=OrderType.STOP, price=dec("98990"), time_in_force=TimeInForce.GTX)
    intent = moved_intent(limit, dec("99500"), 7)
    assert (intent.price, intent.time_in_force) == (Decimal(99490), TimeInForce.GTX)
    whole = moved_intent(replace(STOP, reduce_only=False, close_position=True), dec("99500"), 7)
    assert (whole.quantity, whole.reduce_only, whole.close_position) == (None, False, True)


def test_a_leg_is_named_and_only_reduced():
    leg = moved_intent(replace(STOP, reduce_only=False, position_side=PositionSide.LONG), dec("99500"), 7)
    assert (leg.position_side, leg.reduce_only, leg.purpose) == (PositionSide.LONG, True, Purpose.PROTECTION)
    opening = moved_intent(replace(STOP, side=Side.BUY, reduce_only=False, position_side=PositionSide.LONG), dec(9), 7)
    assert (opening.reduce_only, opening.purpose) == (False, Purpose.ENTRY)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (STOP, True),
        (replace(STOP, order_type=OrderType.TRAILING_STOP_MARKET, trigger_price=dec(0)), False),
        (replace(STOP, order_type=OrderType.STOP, price=dec(0)), False),
        (replace(STOP, order_type=OrderType.STOP, price=dec(1), time_in_force=TimeInForce.GTD), False),
    ],
)
def test_what_is_not_told_whole_is_not_placed_anew(order, expected):
    assert is_movable(order) is expected


@given(st.integers(1, 1000), st.integers(1, 1000), st.sampled_from(Side))
def test_a_stop_waits_beyond_the_market_and_a_target_before_it(trigger, seen, side):
    stop = replace(STOP, side=side)
    target = replace(stop, order_type=OrderType.TAKE_PROFIT_MARKET)
    hit = triggers_at_once(stop, Decimal(trigger), Decimal(seen))
    assert hit is (trigger <= seen if side is Side.BUY else trigger >= seen)
    if trigger != seen:
        assert triggers_at_once(target, Decimal(trigger), Decimal(seen)) is not hit


def test_a_stop_on_a_symbol_that_is_not_shown_any_more_is_not_held_back_by_prices_of_then() -> None:
    """It looks at the last price, which is not followed: the exchange judges it by today's."""
    rig, asked = Rig(), []
    stop = replace(STOP, symbol="ETHUSDT", trigger_price=dec(2900), working_type=WorkingType.CONTRACT_PRICE)
    rig.send(RulesUpdate((RULES, replace(RULES, symbol="ETHUSDT")), 0))
    held = make_position("0.010", symbol="ETHUSDT", entry_price=dec(3000))
    rig.send(make_snapshot(held, open_orders=(stop,), taken_time_ms=rig.now_ms))
    rig.send(SymbolStatus("ETHUSDT", MarketState.FRESH, rig.now_ms))
    rig.send(make_kline(0, 3000, symbol="ETHUSDT", is_closed=False, event_time_ms=rig.now_ms))
    rig.send(SymbolStatus("ETHUSDT", MarketState.MARKS, rig.now_ms))
    rig.send(MarkPrice("ETHUSDT", dec(4500), dec(4500), dec(0), 0, rig.now_ms))

    async def ask(wishes: Sequence[Any]) -> tuple[Step, list[OrderOutcome]]:
        asked.extend(wishes)
        return rig.callback.request(wishes), [OrderOutcome("new", OutcomeKind.REFUSED, False, 0, None, -2021, "told")]

    mover = Mover(rig.callback, ask, lambda *_: False, lambda: False)
    report = asyncio.run(mover.move(stop, dec(4300)))
    assert [wish.trigger_price for wish in asked] == [dec(4300)]
    assert report.trouble is not None and report.trouble.code == "-2021"
    by_mark = replace(stop, working_type=WorkingType.MARK_PRICE)
    rig.send(make_snapshot(held, open_orders=(by_mark,), taken_time_ms=rig.now_ms + 1))
    report = asyncio.run(mover.move(by_mark, dec(4600)))
    assert report.trouble is not None and report.trouble.code == "would_trigger", "the mark price is followed"
