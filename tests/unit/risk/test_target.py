"""The target of a part of a position: one at a time, of its size, ever less often while it is refused."""

from decimal import Decimal

from msgspec.structs import replace

from tests.core_records import RULES, dec, make_order, make_position
from trader_gui.domain.order import CancelIntent, OrderFamily, OrderStatus, OrderType, Origin, Purpose, Side
from trader_gui.domain.step import EngineMode
from trader_gui.risk.protection import GAP_MS, ProtectionContext
from trader_gui.risk.target import LONGEST_GAP_MS, TargetCare

PRICE = Decimal("101000.0")


def context(*orders, amount="0.010", clock_ms=0, **more):
    values = {
        "rules": RULES,
        "position": make_position(amount) if dec(amount) else None,
        "is_account_known": True,
        "is_engine_position": True,
        "is_in_doubt": False,
        "mode": EngineMode.ACTIVE,
        "orders": orders,
        "cancels_in_flight": frozenset(),
        "told_flat_ms": 0,
        "clock_ms": clock_ms,
        "now_ms": 0,
    }
    return ProtectionContext(**(values | more))


def target(number=1, **over):
    values = {
        "order_family": OrderFamily.ALGO,
        "side": Side.SELL,
        "order_type": OrderType.TAKE_PROFIT_MARKET,
        "trigger_price": PRICE,
        "reduce_only": True,
        "origin": Origin.HAND,
        "purpose": Purpose.PROTECTION,
    }
    return make_order(f"tg1-hp-{number}", **(values | over))


def asked(care, *args, **more):
    return [w.order_type if not isinstance(w, CancelIntent) else w.client_order_id for w in care.wishes(*args, **more)]


def test_one_of_the_right_size_and_level_is_left_and_any_other_is_taken_back_before_another_is_asked_for():
    care = TargetCare()
    assert asked(care, PRICE, context()) == [OrderType.TAKE_PROFIT_MARKET]
    assert asked(care, PRICE, context(target(status=OrderStatus.SENT))) == []
    assert asked(care, PRICE, context(target())) == []
    assert asked(care, PRICE, context(target(), amount="0.006")) == ["tg1-hp-1"]
    flight = context(target(), amount="0.006", cancels_in_flight=frozenset({"tg1-hp-1"}), clock_ms=10_000)
    assert asked(care, PRICE, flight) == []
    assert asked(care, PRICE, context(target(), amount="0.006", clock_ms=100)) == []  # asked for a moment ago
    assert asked(care, PRICE, context(amount="0.006")) == [OrderType.TAKE_PROFIT_MARKET]
    assert asked(care, PRICE + 10, context(target(), clock_ms=5_000)) == ["tg1-hp-1"]
    assert asked(care, PRICE, context(target(1), target(2), clock_ms=20_000)) == ["tg1-hp-2"]


def test_without_a_position_or_a_level_none_rests():
    assert asked(TargetCare(), PRICE, context(target(), amount="0")) == ["tg1-hp-1"]
    assert asked(TargetCare(), None, context(target())) == ["tg1-hp-1"]
    assert asked(TargetCare(), None, context()) == []
    assert asked(TargetCare(), PRICE, context(target(status=OrderStatus.TRIGGERED), amount="0")) == []


def test_the_gap_between_two_tries_doubles_and_begins_anew_with_other_terms():
    care, clock_ms, gaps, last_ms = TargetCare(), 0, [], 0
    while len(gaps) < 9:
        if care.wishes(PRICE, context(clock_ms=clock_ms)):
            gaps.append(clock_ms - last_ms)
            last_ms = clock_ms
            care.note_refused(-1001, 0, clock_ms)
        clock_ms += 250
    assert gaps == [0, *(min(2 * GAP_MS * 2**n, LONGEST_GAP_MS) for n in range(8))]
    assert asked(care, PRICE + 1, context(clock_ms=clock_ms)) == [OrderType.TAKE_PROFIT_MARKET]


def test_what_the_venue_wants_a_pause_for_waits_that_long():
    care = TargetCare()
    care.note_refused(-1003, 7_000, 0)
    assert asked(care, PRICE, context(clock_ms=7_000)) == []
    assert asked(care, PRICE, context(clock_ms=7_250)) == [OrderType.TAKE_PROFIT_MARKET]


def test_one_that_the_price_has_passed_becomes_one_close_at_a_time_until_the_position_is_gone():
    care = TargetCare()
    care.note_refused(-2021, 0, 0)
    assert asked(care, PRICE, context()) == [OrderType.MARKET]
    close = replace(target(), purpose=Purpose.EXIT, order_type=OrderType.MARKET, order_family=OrderFamily.BOOK)
    assert asked(care, PRICE, context(close, clock_ms=5_000)) == []
    assert asked(care, PRICE, context(clock_ms=250)) == []
    assert asked(care, PRICE, context(clock_ms=5_000)) == [OrderType.MARKET]
    assert asked(care, PRICE, context(amount="0")) == []
    care.restart_clock()
    assert asked(care, PRICE, context()) == [OrderType.TAKE_PROFIT_MARKET]
