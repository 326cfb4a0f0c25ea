"""A snapshot that is taken over says what the collectors will hold: nothing that was told meanwhile is undone by it."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import START_MS, dec, make_account_update, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import Order, OrderStatus, OrderUpdate
from trader_gui.orders.adopt import bring_up_to_date

ASKED_MS = START_MS + 100
LATER_MS = ASKED_MS + 5


def adopted(rig: Rig, snapshot: AccountSnapshot) -> AccountSnapshot:
    return bring_up_to_date(snapshot, rig.callback.account, rig.callback.orders)


def told(rig: Rig, order: Order) -> None:
    rig.send(OrderUpdate(order, order.status.value, None, order.update_time_ms, order.update_time_ms))


def names(snapshot: AccountSnapshot) -> dict[str, OrderStatus]:
    return {order.client_order_id: order.status for order in snapshot.open_orders}


def test_what_was_told_before_the_question_is_as_the_venue_says() -> None:
    rig = Rig()
    rig.send(make_account_update(make_position("0.010"), time_ms=ASKED_MS, wallet=9_000))
    told(rig, make_order("web-1"))
    snapshot = make_snapshot(open_orders=(make_order("web-2", order_id=3),), taken_time_ms=ASKED_MS)
    assert adopted(rig, snapshot) == snapshot


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
