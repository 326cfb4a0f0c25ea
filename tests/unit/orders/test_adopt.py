"""A snapshot that is taken over says what the collectors will hold: nothing that was told meanwhile is undone by it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import START_MS, dec, make_account_update, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountSnapshot, Position
from trader_gui.domain.order import Order, OrderStatus, OrderUpdate, PositionSide, Side
from trader_gui.orders.adopt import LIST_LAG_NS, NEWS_MS, Adoption

ASKED_MS = START_MS + 100
LATER_MS = ASKED_MS + 5


def adopted(rig: Rig, snapshot: AccountSnapshot) -> AccountSnapshot:
    return Adoption(rig.callback.account, rig.callback.orders).bring_up_to_date(snapshot, 0)


def told(rig: Rig, order: Order) -> None:
    rig.send(OrderUpdate(order, order.status.value, None, order.update_time_ms, order.update_time_ms))


def names(snapshot: AccountSnapshot) -> dict[str, OrderStatus]:
    return {order.client_order_id: order.status for order in snapshot.open_orders}


def test_what_was_told_before_the_question_is_as_the_venue_says() -> None:
    rig = Rig()
    rig.send(make_account_update(make_position("0.010"), time_ms=ASKED_MS - NEWS_MS, wallet=9_000))
    told(rig, make_order("web-1"))
    snapshot = make_snapshot(open_orders=(make_order("web-2", order_id=3),), taken_time_ms=ASKED_MS)
    assert adopted(rig, snapshot) == snapshot


def dated(amount: str, time_ms: int) -> Position:
    return replace(make_position(amount), update_time_ms=time_ms)


BEHIND = {
    "it lists the row before": ("0.010", (dated("0.030", START_MS),)),
    "it does not list a new position": ("0.010", ()),
    "it lists what is closed": ("0", (dated("0.010", START_MS),)),
    "it gives no date": ("0.010", (dated("0.030", 0),)),
}


@pytest.mark.parametrize("name", BEHIND)
def test_a_list_that_is_behind_the_stream_is_believed_only_when_it_says_so_again(name: str) -> None:
    rig = Rig()
    amount, listed = BEHIND[name]
    rig.send(make_account_update(make_position(amount), time_ms=START_MS + 50))
    adoption = Adoption(rig.callback.account, rig.callback.orders)

    def read(now_ns: int, rows: tuple[Position, ...]) -> Decimal:
        rig.send(adoption.bring_up_to_date(make_snapshot(*rows, taken_time_ms=ASKED_MS), now_ns))
        position = rig.callback.account.position("BTCUSDT")
        return position.position_amount if position is not None else dec(0)

    assert (read(0, listed), read(LIST_LAG_NS - 1, listed)) == (dec(amount), dec(amount))
    assert adoption.doubted == {("BTCUSDT", PositionSide.BOTH)}
    right = (dated(amount, START_MS + 50),)
    assert read(LIST_LAG_NS, right) == dec(amount) and not adoption.doubted
    assert read(LIST_LAG_NS + 1, listed) == dec(amount)  # from the beginning
    assert read(2 * LIST_LAG_NS + 1, listed) == sum((p.position_amount for p in listed), dec(0))
    assert not adoption.doubted


def test_a_list_is_believed_at_once_when_an_execution_is_newer_than_the_position() -> None:
    """The events were lost, and the order was asked about: that the position is gone is what it has to be."""
    rig = Rig()
    rig.send(make_account_update(make_position("0.010"), time_ms=START_MS + 50))
    told(rig, make_order("web-1", side=Side.SELL, status=OrderStatus.FILLED, update_time_ms=START_MS + 60))
    assert adopted(rig, make_snapshot(taken_time_ms=ASKED_MS)).positions == ()


def test_what_was_told_after_it_stands() -> None:
    rig = Rig()
    closed = make_position(0, symbol="ETHUSDT")
    rig.send(make_account_update(make_position("0.010"), closed, time_ms=LATER_MS, wallet=9_000))
    told(rig, make_order("web-1", status=OrderStatus.CANCELED, update_time_ms=LATER_MS))
    told(rig, make_order("web-2", order_id=3, executed_quantity=dec("0.004"), update_time_ms=LATER_MS))
    told(rig, make_order("web-3", order_id=4, update_time_ms=LATER_MS))
    listed = (make_order("web-1"), make_order("web-2", order_id=3))
    held = make_position("5", symbol="ETHUSDT")
    seen = adopted(rig, make_snapshot(held, open_orders=listed, taken_time_ms=ASKED_MS))
    assert seen.wallet_balance("USDT") == 9_000
    amounts = {p.symbol: p.position_amount for p in seen.positions}
    assert amounts == {"BTCUSDT": dec("0.010"), "ETHUSDT": 0}
    assert names(seen) == {"web-2": OrderStatus.NEW, "web-3": OrderStatus.NEW}
    assert seen.open_orders[0].executed_quantity == dec("0.004")


def test_a_row_that_the_venue_dates_later_is_the_venues() -> None:
    """Its clock may be ahead of the last price."""
    rig = Rig()
    rig.send(make_account_update(make_position("0.010"), time_ms=LATER_MS))
    ahead = replace(make_position("0.020"), update_time_ms=LATER_MS + 1)
    seen = adopted(rig, make_snapshot(ahead, taken_time_ms=ASKED_MS))
    assert [p.position_amount for p in seen.positions] == [dec("0.020")]


TIMES = st.sampled_from([ASKED_MS - 5, LATER_MS])
AMOUNTS = st.sampled_from(["0", "0.010", "-2"])


@given(st.lists(st.tuples(st.sampled_from(["BTCUSDT", "ETHUSDT"]), AMOUNTS, TIMES), max_size=6), AMOUNTS, AMOUNTS)
def test_it_is_what_the_collectors_hold_once_they_have_it(
    events: list[tuple[str, str, int]], btc: str, eth: str
) -> None:
    rig = Rig()
    for symbol, amount, time_ms in events:
        rig.send(make_account_update(make_position(amount, symbol=symbol), time_ms=time_ms, wallet=time_ms))
    listed = (make_position(btc), make_position(eth, symbol="ETHUSDT"))
    seen = adopted(rig, make_snapshot(*listed, taken_time_ms=ASKED_MS))
    rig.send(seen)
    account = rig.callback.account
    assert {p.symbol: p.position_amount for p in seen.positions if p.position_amount} == {
        symbol: p.position_amount for (symbol, _), p in account.positions.items()
    }
    assert seen.wallet_balance("USDT") == account.balances["USDT"].wallet_balance
