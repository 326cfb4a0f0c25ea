"""The plan of a close: nothing that would be refused, nothing forgotten, no stop taken from a position that stays."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import RULES, dec, make_order, make_position, make_snapshot
from trader_gui.domain.account import Position
from trader_gui.domain.closing import ClosePlan
from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType, PositionSide, Purpose, Side
from trader_gui.domain.step import Refusal
from trader_gui.domain.symbol import is_multiple, unknown_rules
from trader_gui.orders.close_plan import make_plan, part_to_keep, split

BOTH, LONG, SHORT = PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT
ETH = replace(RULES, symbol="ETHUSDT", market_max_quantity=dec(2000))
HALTED = replace(RULES, symbol="XRPUSDT", status="PENDING_TRADING")
KNOWN = {rules.symbol: rules for rules in (RULES, ETH, HALTED)}
ENTRY = make_order("entry")
STOP = make_order(
    "stop",
    side=Side.SELL,
    order_type=OrderType.STOP_MARKET,
    order_family=OrderFamily.ALGO,
    close_position=True,
)
TARGET = make_order("target", side=Side.SELL, reduce_only=True)


def of_symbol(symbol: str, *orders):
    return tuple(replace(o, symbol=symbol, client_order_id=f"{symbol} {o.client_order_id}") for o in orders)


def plan_of(*positions: Position, orders=(), own=(), keep=None) -> ClosePlan:
    snapshot = make_snapshot(*positions, open_orders=tuple(orders))
    return make_plan(snapshot, lambda symbol: KNOWN.get(symbol, unknown_rules(symbol)), own, keep)


def ids(orders) -> list[str]:
    return [o.client_order_id for o in orders]


quantities = st.integers(0, 10**7).map(lambda n: Decimal(n) / 10_000)


@given(
    quantity=quantities,
    step=st.sampled_from(["0.0001", "0.001", "0.03", "1"]).map(Decimal),
    smallest=st.integers(0, 50),
    largest=st.integers(0, 5000),
)
def test_the_pieces_of_a_close_are_orders_that_the_venue_takes(quantity, step, smallest, largest):
    low, high = smallest * step, (smallest + largest) * step
    rules = replace(RULES, market_step_size=step, market_min_quantity=low, market_max_quantity=high)
    pieces, rest = split(quantity, rules)
    assert sum(pieces, Decimal(0)) + rest == quantity and rest >= 0
    high = high or rules.max_quantity
    for piece in pieces:
        assert is_multiple(piece, step) and piece > 0 and (low or 0) <= piece <= high
    if high >= max(low * 2, step):  # one order may be twice the smallest: then only a rest below the smallest stays
        assert rest < max(low or rules.min_quantity, step) + step


def test_every_position_and_every_order_of_the_account_is_in_the_plan():
    eth = make_position("-3", symbol="ETHUSDT")
    away = of_symbol("ETHUSDT", replace(ENTRY, side=Side.SELL))
    plan = plan_of(make_position("0.010"), eth, orders=(ENTRY, STOP, TARGET, *away))
    assert [(c.position.symbol, c.pieces) for c in plan.closes] == [
        ("BTCUSDT", (dec("0.010"),)),
        ("ETHUSDT", (dec(3),)),
    ]
    assert set(ids(plan.cancels)) == {"entry", "target", "ETHUSDT entry"}
    assert ids(plan.cancels_after) == ["stop"]
    assert plan.has_work and not plan.is_empty and plan.is_whole_account


def test_what_cannot_be_closed_keeps_its_stops_and_is_named():
    halted, strange = make_position(5, symbol="XRPUSDT"), make_position(1, symbol="NEWUSDT")
    dust = make_position("0.0004")
    orders = (*of_symbol("XRPUSDT", STOP, TARGET, ENTRY), STOP)
    plan = plan_of(halted, strange, dust, orders=orders)
    assert plan.closes == ()
    assert {(r.position.symbol, r.why) for r in plan.remainders} == {
        ("XRPUSDT", Refusal("not_trading", "PENDING_TRADING")),
        ("NEWUSDT", Refusal("unknown_rules", "NEWUSDT")),
        ("BTCUSDT", Refusal("below_min_quantity", "0.001")),
    }
    assert ids(plan.cancels) == ["XRPUSDT entry"] and plan.cancels_after == ()
    done = plan_of(halted, orders=of_symbol("XRPUSDT", STOP))
    assert not done.is_empty and not done.has_work


def test_orders_that_no_position_needs_go_first_and_legs_are_told_apart():
    long, short = make_position("0.020", position_side=LONG), make_position("-0.010", position_side=SHORT)
    # The venue leaves orders of a leg without flags; the leg itself tells that this one reduces.
    long_stop = replace(STOP, position_side=LONG, close_position=False)
    short_stop = replace(STOP, client_order_id="short stop", side=Side.BUY, position_side=SHORT)
    plan = plan_of(long, short, orders=(long_stop, short_stop))
    assert [(c.position.position_side, c.quantity) for c in plan.closes] == [
        (LONG, dec("0.020")),
        (SHORT, dec("0.010")),
    ]
    assert (plan.cancels, set(ids(plan.cancels_after))) == ((), {"stop", "short stop"})
    flat = plan_of(short, orders=(long_stop, short_stop))
    assert (ids(flat.cancels), ids(flat.cancels_after)) == (["stop"], ["short stop"])


def test_an_entry_in_doubt_keeps_the_stop_until_it_is_known():
    unknown = make_order("tg1-hn-9", purpose=Purpose.ENTRY, status=OrderStatus.UNKNOWN)
    close = make_order("tg1-hx-8", side=Side.SELL, reduce_only=True, status=OrderStatus.UNKNOWN)
    plan = plan_of(orders=(STOP,), own=(unknown, close))
    assert (plan.in_doubt, plan.cancels, plan.is_empty) == ((unknown,), (), False)
    assert ids(plan_of(orders=(STOP,)).cancels) == ["stop"]


def test_a_part_leaves_orders_alone_and_a_whole_position_takes_its_own_with_it():
    key = ("BTCUSDT", BOTH)
    eth = make_position(3, symbol="ETHUSDT")
    orders = (ENTRY, STOP, TARGET, *of_symbol("ETHUSDT", STOP))
    part = plan_of(make_position("0.010"), eth, orders=orders, keep={key: dec("0.007")})
    assert [(c.position.symbol, c.pieces) for c in part.closes] == [("BTCUSDT", (dec("0.003"),))]
    assert part.cancels == part.cancels_after == part.remainders == ()
    whole = plan_of(make_position("0.010"), eth, orders=orders, keep={key: dec(0)})
    assert (ids(whole.cancels), ids(whole.cancels_after)) == (["target"], ["stop"])
    assert plan_of(make_position("0.007"), eth, orders=orders, keep={key: dec("0.007")}).is_empty


def test_a_part_is_rounded_up_to_the_step():
    held = make_position("-0.010")
    assert [part_to_keep(held, dec(p), RULES) for p in ("0.25", "0.5", "0.75", "1")] == [
        dec("0.007"),
        dec("0.005"),
        dec("0.002"),
        dec(0),
    ]
    assert part_to_keep(make_position("0.001"), dec("0.25"), RULES) == 0


def test_only_what_matters_changes_the_fingerprint():
    plan = plan_of(make_position("0.010"), orders=(ENTRY, STOP))
    moved = plan_of(make_position("0.010", unrealized_pnl=dec(7), update_time_ms=99), orders=(STOP, ENTRY))
    assert plan.fingerprint == moved.fingerprint
    for other in (
        plan_of(make_position("0.011"), orders=(ENTRY, STOP)),
        plan_of(make_position("0.010"), orders=(ENTRY,)),
        plan_of(make_position("-0.010"), orders=(ENTRY, STOP)),
        plan_of(make_position("0.010"), make_position(1, symbol="NEWUSDT"), orders=(ENTRY, STOP)),
    ):
        assert other.fingerprint != plan.fingerprint
