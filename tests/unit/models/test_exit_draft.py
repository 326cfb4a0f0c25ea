"""A stop, target or trailing stop for what is held: levels in each unit, what it brings, what would be refused."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.core_records import make_order
from tests.ticket_scene import FACTS, held
from trader_gui.domain.order import Order, OrderFamily, OrderStatus, OrderType, PositionSide, Purpose, Side, WorkingType
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.exit_draft import ExitAssessment, ExitDraft, LevelUnit, assess_exit, level_value
from trader_gui.models.ticket_records import Field, TicketFacts

D = Decimal
LONG = replace(FACTS, position=held("0.020", "108000.0"))
SHORT = replace(FACTS, position=held("-0.020", "109000.0"))
STOP = ExitDraft(OrderKind.STOP, "107,000.0")
TARGET = ExitDraft(OrderKind.TAKE_PROFIT, "110,000.0")
TRAIL = ExitDraft(OrderKind.TRAILING, callback_text="1")


def judge(
    draft: ExitDraft, facts: TicketFacts = LONG, orders: tuple[Order, ...] = (), **more: object
) -> ExitAssessment:
    return assess_exit(replace(draft, **more), facts, orders)


def codes(judged: ExitAssessment) -> dict[str, tuple[Decimal, ...]]:
    return {p.code: p.nearest for p in judged.problems}


def test_the_stop_of_the_whole_position_closes_whatever_is_there() -> None:
    judged = judge(STOP, working_type=WorkingType.MARK_PRICE)
    intent = judged.intent
    assert judged.problems == () and intent is not None
    assert (intent.order_type, intent.side, intent.purpose) == (OrderType.STOP_MARKET, Side.SELL, Purpose.PROTECTION)
    assert (intent.close_position, intent.quantity, intent.reduce_only) == (True, None, False)
    assert (intent.trigger_price, intent.working_type) == (D("107000.0"), WorkingType.MARK_PRICE)
    # 0.020 · (107000 - 108000) = -20, fees 0.020 · 108000 · 0.0005 = 1.08 and 0.020 · 107000 · 0.0005 = 1.07
    assert judged.result == D("-22.15")
    assert judged.result_fraction == D("-22.15") / D("9985.02")
    assert judged.distance_fraction == D("107000.0") / D("108449.8") - 1
    assert judged.position_after == 0


def test_a_part_has_a_size_and_only_reduces() -> None:
    judged = judge(TARGET, size_text="0.005")
    intent = judged.intent
    assert intent is not None
    assert (intent.order_type, intent.quantity, intent.reduce_only, intent.close_position) == (
        OrderType.TAKE_PROFIT_MARKET, D("0.005"), True, False,
    )  # fmt: skip
    # 0.005 · 2000 = 10, fees 0.005 · 108000 · 0.0005 = 0.27 and 0.005 · 110000 · 0.0005 = 0.275
    assert judged.result == D("9.455")
    assert judged.position_after == D("0.015")
    assert codes(judge(TARGET, size_text="0.021")) == {"more_than_position": (D("0.020"),)}


@pytest.mark.parametrize(
    ("facts", "kind", "unit", "text", "price"),
    [
        (LONG, OrderKind.STOP, LevelUnit.DISTANCE, "500", "107500.0"),
        (LONG, OrderKind.TAKE_PROFIT, LevelUnit.DISTANCE, "800.05", "108800.1"),
        (LONG, OrderKind.STOP, LevelUnit.PERCENT, "0.5", "107460.0"),
        (LONG, OrderKind.TAKE_PROFIT, LevelUnit.PERCENT, "1", "109080.0"),
        (SHORT, OrderKind.STOP, LevelUnit.DISTANCE, "500", "109500.0"),
        (SHORT, OrderKind.TAKE_PROFIT, LevelUnit.PERCENT, "1", "107910.0"),
    ],
)
def test_a_distance_is_counted_from_the_entry_to_the_side_that_loses_or_gains(
    facts: TicketFacts, kind: OrderKind, unit: LevelUnit, text: str, price: str
) -> None:
    judged = judge(ExitDraft(kind, text, unit), facts)
    assert judged.trigger_price == D(price)
    assert judged.intent is not None and judged.intent.trigger_price == D(price)
    assert judged.result is not None and (judged.result > 0) is kind.takes_profit


def test_a_level_that_would_trigger_at_once_is_explained_in_the_fields_own_unit() -> None:
    assert codes(judge(STOP, level_text="108460.0")) == {"sell_stop_below": (D("108451.1"),)}
    deep = replace(FACTS, position=held("0.020", "110000.0"))  # the price lies 1548.8 below the entry already
    assert codes(judge(STOP, deep, level_text="1000", unit=LevelUnit.DISTANCE)) == {"sell_stop_below": (D("1548.9"),)}
    (nearest,) = codes(judge(STOP, deep, level_text="1", unit=LevelUnit.PERCENT))["sell_stop_below"]
    assert nearest == D("1.41")
    assert judge(STOP, deep, level_text=str(nearest), unit=LevelUnit.PERCENT).intent is not None
    assert codes(judge(TARGET, level_text="1", unit=LevelUnit.DISTANCE)) == {"sell_target_above": (D("451.3"),)}
    high = replace(FACTS, position=held("0.020", "100000.0"))  # in profit: no distance below the entry is too near
    assert judge(STOP, high, level_text="0.1", unit=LevelUnit.DISTANCE).intent is not None


def test_the_price_of_a_distance_is_told_back_in_each_unit() -> None:
    entry = D("108000.0")
    assert level_value(LevelUnit.DISTANCE, D("107460.0"), -1, entry) == D("540.0")
    assert level_value(LevelUnit.PERCENT, D("107460.0"), -1, entry) == D("0.50")
    assert level_value(LevelUnit.PERCENT, D("108100.0"), -1, entry) is None
    assert level_value(LevelUnit.PRICE, D("108100.0"), -1, entry) == D("108100.0")


def test_a_trailing_stop_has_the_size_of_the_position_and_is_told_as_if_the_price_turned_now() -> None:
    judged = judge(TRAIL)
    intent = judged.intent
    assert intent is not None
    assert (intent.order_type, intent.quantity, intent.reduce_only) == (
        OrderType.TRAILING_STOP_MARKET, D("0.020"), True,
    )  # fmt: skip
    assert (intent.callback_fraction, intent.activation_price) == (D("0.01"), None)
    assert judged.trigger_price == D("107366.7")  # 1 % below the last price, 108451.2
    # 0.020 · (107366.7 - 108000) = -12.666, fees 1.08 and 0.020 · 107366.7 · 0.0005 = 1.073667
    assert judged.result == D("-14.819667")
    later = judge(TRAIL, activation_text="110000.0")
    assert later.trigger_price == D("108900.0") and later.intent is not None
    assert judge(TRAIL, SHORT).trigger_price == D("109535.7")
    assert codes(judge(TRAIL, callback_text="0")) == {"callback_out_of_range": (D("0.1"),)}


def rests(order_type: OrderType, side: Side = Side.SELL, **more: object) -> Order:
    return make_order(
        "whole", side=side, order_type=order_type, order_family=OrderFamily.ALGO, close_position=True,
        trigger_price="106000.0", **more,
    )  # fmt: skip


def test_the_venue_takes_one_order_of_a_kind_that_closes_everything() -> None:
    stop = rests(OrderType.STOP_MARKET)
    judged = judge(STOP, orders=(stop,))
    assert codes(judged) == {"whole_stop_rests": ()} and judged.intent is None
    assert judge(STOP, orders=(stop,), size_text="0.020").intent is not None
    assert judge(TARGET, orders=(stop,)).intent is not None
    assert judge(TRAIL, orders=(stop,)).intent is not None
    assert judge(STOP, orders=(replace(stop, status=OrderStatus.CANCELED),)).intent is not None
    assert judge(STOP, orders=(rests(OrderType.STOP_MARKET, Side.BUY),)).intent is not None
    assert codes(judge(TARGET, orders=(rests(OrderType.TAKE_PROFIT_MARKET),))) == {"whole_target_rests": ()}


def test_each_leg_has_exits_of_its_own() -> None:
    long, short = held("0.020", "108000.0", PositionSide.LONG), held("-0.010", "109000.0", PositionSide.SHORT)
    hedge = replace(FACTS, is_hedge=True, legs=(long, short))
    stop = rests(OrderType.STOP_MARKET, position_side=PositionSide.LONG)
    of_long, of_short = (hedge.for_closing(leg.key) for leg in (long, short))
    assert of_long is not None and of_short is not None
    assert judge(STOP, of_long, (stop,)).intent is None
    judged = judge(STOP, of_short, (stop,), level_text="110,000.0")
    assert judged.intent is not None and judged.intent.side is Side.BUY
    assert judged.result == D("-10") - D("0.545") - D("0.55")


def test_a_stop_beyond_the_liquidation_price_is_warned_of() -> None:
    near = replace(FACTS, position=held("0.020", "108000.0", liquidation_price=D("107500.0")))
    judged = judge(STOP, near)
    assert codes(judged) == {"liquidated_before_stop": ()} and judged.intent is not None
    assert judge(STOP, near, level_text="107500.1").problems == ()


def test_nothing_typed_is_no_reproach_and_no_position_no_draft() -> None:
    judged = judge(ExitDraft(OrderKind.STOP))
    assert judged.intent is None and judged.result is None
    assert [(p.field, p.is_silent) for p in judged.problems] == [(Field.TRIGGER, True)]
    assert codes(judge(STOP, level_text="about 100")) == {"not_a_number": ()}
    with pytest.raises(ValueError, match="no position"):
        judge(STOP, FACTS)
