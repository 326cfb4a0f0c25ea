"""Venue, journal and collectors side by side: what differs is named, and only that; a sum of changes explains it."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import PREFIX, START_MS, dec, make_belief, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountSnapshot, Balance, Position
from trader_gui.domain.order import Order, OrderFamily, OrderStatus, OrderType, OrderUpdate, PositionSide
from trader_gui.orders.reconcile import (
    Pair,
    Row,
    RowKey,
    RowKind,
    RowState,
    compare,
    fact_text,
    find_sum,
    journal_differences,
    order_key,
)

SYMBOLS = ["BTCUSDT", "ETHUSDT", "XRPUSDT"]
AMOUNTS = st.dictionaries(st.sampled_from(SYMBOLS), st.sampled_from([dec("0"), dec("0.010"), dec("-2")]))
WEB = order_key("web-1", OrderFamily.BOOK)


def snapshot(amounts: dict[str, Decimal], *orders: Order, wallet: str = "10000", time_ms: int = 0) -> AccountSnapshot:
    positions = tuple(Position(s, a, dec(1), dec(0)) for s, a in amounts.items())
    return AccountSnapshot((Balance("USDT", dec(wallet), dec(wallet)),), positions, orders, time_ms)


def pairs_of(rig: Rig, venue: AccountSnapshot) -> dict[RowKey, Pair]:
    return compare(venue, rig.callback.account, rig.callback.orders, "BTCUSDT")


def differing(rig: Rig, venue: AccountSnapshot) -> set[RowKey]:
    return {key for key, pair in pairs_of(rig, venue).items() if not pair.agrees}


def web_order(**over: object) -> Order:
    return make_order("web-1", **over)


def told(rig: Rig, order: Order) -> None:
    rig.send(OrderUpdate(order, order.status.value, None, order.update_time_ms, order.update_time_ms))


@given(AMOUNTS, AMOUNTS)
def test_a_position_differs_exactly_when_the_amounts_do(ours: dict[str, Decimal], venue: dict[str, Decimal]) -> None:
    rig = Rig()
    rig.send(snapshot(ours, time_ms=START_MS + 1))
    wanted = {(RowKind.POSITION, s) for s in SYMBOLS if ours.get(s, 0) != venue.get(s, 0)}
    assert differing(rig, snapshot(venue)) == wanted


def test_the_legs_of_hedge_mode_are_rows_of_their_own() -> None:
    rig = Rig()
    long = make_position("0.010", position_side=PositionSide.LONG)
    short = make_position("-0.020", position_side=PositionSide.SHORT)
    rig.send(make_snapshot(long, short))
    assert differing(rig, make_snapshot(short)) == {(RowKind.POSITION, "BTCUSDT LONG")}


def test_the_settings_of_the_symbol_are_compared_once_they_are_told() -> None:
    rig = Rig()
    rig.send(make_snapshot(make_position("0.010", leverage=10)))
    assert differing(rig, make_snapshot(make_position("0.010"))) == set()
    assert differing(rig, make_snapshot(make_position("0.010", leverage=20))) == {(RowKind.SETTINGS, "BTCUSDT")}


def test_an_order_differs_when_it_is_missing_on_one_side_or_its_terms_do() -> None:
    rig = Rig()
    order = web_order()
    assert differing(rig, make_snapshot(open_orders=(order,))) == {WEB}
    told(rig, order)
    assert differing(rig, make_snapshot(open_orders=(order,))) == set()
    assert differing(rig, make_snapshot()) == {WEB}
    for change in ({"price": dec(99_000)}, {"quantity": dec("0.020")}, {"executed_quantity": dec("0.004")}):
        assert differing(rig, make_snapshot(open_orders=(web_order(**change),))) == {WEB}


def test_a_list_that_lags_behind_what_is_known_is_no_difference() -> None:
    rig = Rig()
    told(rig, web_order(executed_quantity=dec("0.004"), update_time_ms=START_MS + 5))
    listed = make_snapshot(open_orders=(web_order(),))
    assert differing(rig, listed) == set()
    told(rig, web_order(status=OrderStatus.CANCELED, update_time_ms=START_MS + 9))
    assert differing(rig, listed) == set()


def test_an_order_on_its_way_is_no_row_and_an_unknown_one_is_being_asked_about() -> None:
    rig = Rig()
    entry = rig.enter_long()
    key = order_key(entry.client_order_id, OrderFamily.BOOK)
    assert key not in pairs_of(rig, make_snapshot())
    rig.accept(entry)
    rig.send(make_snapshot(taken_time_ms=rig.now_ms))
    assert pairs_of(rig, make_snapshot())[key].is_asked


def test_a_triggered_order_is_stood_for_by_the_order_that_came_of_it() -> None:
    rig = Rig()
    stop = web_order(
        order_family=OrderFamily.ALGO,
        order_type=OrderType.STOP,
        status=OrderStatus.TRIGGERED,
        order_id=7,
        triggered_order_id=8,
    )
    child = web_order(order_id=8)
    told(rig, stop)
    told(rig, child)
    assert differing(rig, make_snapshot(open_orders=(child,))) == set()
    assert order_key("web-1", OrderFamily.ALGO) in differing(rig, make_snapshot())


def test_only_the_orders_of_the_symbols_that_were_asked_for_are_compared() -> None:
    rig = Rig()
    told(rig, web_order(symbol="ETHUSDT"))
    assert differing(rig, make_snapshot()) == {WEB}
    assert differing(rig, replace(make_snapshot(), orders_of=("BTCUSDT",))) == set()


# ---- the journal -----------------------------------------------------------------------------------------------------


def test_what_the_journal_says_else_is_told_with_its_time() -> None:
    order = make_order(f"{PREFIX}-ep-4")
    belief = make_belief(make_position("0.010"), orders=(order,), wallet="9999.5", time_ms=7)
    rig = Rig()
    found = journal_differences(belief, pairs_of(rig, snapshot({})), to_venue=True)
    assert {key[1]: (fact_text(p.venue), fact_text(p.memory), p.memory_ms) for key, p in found.items()} == {
        "BTCUSDT": ("", "0.01", 7),
        f"{PREFIX}-ep-4": ("", "BUY 0.01 @ 100000", 7),
        "USDT": ("10000", "9999.5", 7),
    }


def test_of_an_order_the_journal_only_has_to_know_that_it_is_open() -> None:
    order = web_order(executed_quantity=dec("0.004"))
    rig = Rig()
    told(rig, order)
    belief = make_belief(orders=(replace(order, executed_quantity=dec(0)),))
    assert journal_differences(belief, pairs_of(rig, make_snapshot(open_orders=(order,))), to_venue=False) == {}


def test_a_row_in_words() -> None:
    row = Row(RowKind.POSITION, "BTCUSDT", "", "0.01", None, RowState.EXPLAINED, 0, "own_executions")
    assert str(row) == "BTCUSDT position: journal 0.01, exchange none"


# ---- causes ----------------------------------------------------------------------------------------------------------

CHANGES = st.lists(st.decimals("-5", "5", places=3).filter(bool), min_size=1, max_size=30)


@given(CHANGES, st.data())
def test_changes_since_any_moment_are_found_by_their_sum(changes: list[Decimal], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(changes) - 1))
    difference = sum(changes[start:], Decimal(0))
    found = find_sum(changes, difference)
    assert found is not None
    assert sum(changes[found.start : found.stop], Decimal(0)) == difference


@given(CHANGES)
def test_a_difference_that_no_run_of_changes_makes_is_not_explained(changes: list[Decimal]) -> None:
    assert find_sum(changes, Decimal(1000)) is None
    assert find_sum([], Decimal(1)) is None


def test_rounding_is_tolerated_where_it_may_be() -> None:
    assert find_sum([dec("1.00000001")], dec(1), dec("0.000001")) == range(1)
    assert find_sum([dec("1.00000001")], dec(1)) is None
