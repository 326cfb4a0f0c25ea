import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import PREFIX, START_MS, dec, make_fill, make_intent, make_order, make_snapshot
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.domain.client_order_id import make_client_order_id
from trader_gui.domain.order import (
    OrderFamily,
    OrderOutcome,
    OrdersInDoubt,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    OutcomeKind,
    Purpose,
)
from trader_gui.domain.step import _GATE_KEY, ApprovedOrder

ID = f"{PREFIX}-en-1"
BOOK, ALGO = OrderFamily.BOOK, OrderFamily.ALGO


def collector_with(*intents):
    collector = OrderUpdateCollector(PREFIX)
    for number, intent in enumerate(intents, start=1):
        collector.enter(approved(intent, number), START_MS)
    return collector


def approved(intent, number=1):
    client_order_id = make_client_order_id(PREFIX, intent.origin, intent.purpose, number)
    return ApprovedOrder(intent, client_order_id, gate_key=_GATE_KEY)


def engine_entry():
    return make_intent(origin=Origin.ENGINE)


def stop():
    return make_intent(
        origin=Origin.ENGINE,
        purpose=Purpose.PROTECTION,
        order_type=OrderType.STOP_MARKET,
        quantity=None,
        price=None,
        trigger_price=dec(99000),
        close_position=True,
    )


def event(order, fill=None, time=START_MS + 5):
    return OrderUpdate(order, "TRADE" if fill else "NEW", fill, time, time)


def outcome(kind, order=None, client_order_id=ID, is_cancel=False, code=None, message=""):
    return OrderOutcome(client_order_id, kind, is_cancel, START_MS, order, code, message)


def test_an_approved_order_is_known_as_sent_before_anybody_answered():
    collector = collector_with(engine_entry(), stop())
    sent, protection = collector.open_orders("BTCUSDT")
    assert (sent.status, sent.origin, sent.purpose) == (OrderStatus.SENT, Origin.ENGINE, Purpose.ENTRY)
    assert (protection.order_family, protection.quantity, protection.trigger_price) == (ALGO, 0, 99000)
    assert collector.orders[ID] is sent
    assert collector.open_orders("ETHUSDT") == []
    assert collector.origin_of("web_x") == (Origin.OTHER, None)


def test_refused_is_rejected_with_the_venues_words_and_unknown_stays_open():
    collector = collector_with(engine_entry())
    assert collector.apply(outcome(OutcomeKind.UNKNOWN, code=-1007, message="Timeout"))
    assert collector.get(ID).status is OrderStatus.UNKNOWN
    assert collector.open_orders() != []
    assert collector.apply(outcome(OutcomeKind.REFUSED, code=-2019, message="Margin is insufficient."))
    assert collector.open_orders() == []
    assert collector.closed[0].reject_reason == "-2019 Margin is insufficient."


def test_the_stream_knows_better_than_a_late_unknown_or_refused():
    for kind in (OutcomeKind.UNKNOWN, OutcomeKind.REFUSED):
        collector = collector_with(engine_entry())
        collector.apply(event(make_order()))
        assert not collector.apply(outcome(kind, message="not_at_venue"))
        assert collector.get(ID).status is OrderStatus.NEW


def test_an_accepted_outcome_merges_its_order_and_one_without_order_changes_nothing():
    collector = collector_with(engine_entry())
    assert not collector.apply(outcome(OutcomeKind.ACCEPTED))
    assert collector.apply(outcome(OutcomeKind.ACCEPTED, make_order(origin=Origin.OTHER)))
    assert collector.get(ID).origin is Origin.ENGINE
    assert not collector.apply(outcome(OutcomeKind.REFUSED, client_order_id=f"{PREFIX}-en-77"))


def test_fills_are_booked_once_also_across_restarts():
    collector = OrderUpdateCollector(PREFIX)
    collector.load_fills([make_fill(1), make_fill(2, quantity=dec("0.003"))])
    part = make_order(status=OrderStatus.PARTIALLY_FILLED, executed_quantity=dec("0.007"))
    assert collector.apply(event(part, make_fill(3, quantity=dec("0.007"))))
    assert not collector.apply(event(part, make_fill(3, quantity=dec("0.007"))))
    assert not collector.apply(event(part, make_fill(1)))
    assert [f.trade_id for f in collector.fills] == [1, 2, 3]
    assert collector.has_fill(make_fill(3)) and not collector.has_fill(make_fill(3, symbol="ETHUSDT"))
    assert collector.fill_frame()["trade_id"].tolist() == [1, 2, 3]


def test_a_triggered_stop_and_its_order_of_the_book_are_kept_apart():
    collector = collector_with(stop())
    stop_id = f"{PREFIX}-ep-1"
    child = make_order(stop_id, order_id=500, status=OrderStatus.NEW, order_type=OrderType.MARKET)
    collector.apply(event(child))  # the child's event comes before the trigger's
    parent = make_order(
        stop_id, order_family=ALGO, order_type=OrderType.STOP_MARKET, order_id=10**15, status=OrderStatus.TRIGGERED
    )
    collector.apply(event(parent))
    assert len(collector.open_orders()) == 2
    assert collector.orders[stop_id].order_family is BOOK
    assert collector.get(stop_id).order_id == 500 and collector.get(stop_id, ALGO).order_id == 10**15
    assert collector.get(stop_id, ALGO).purpose is Purpose.PROTECTION
    assert collector.get("nobody") is None
    assert len(collector.frame()) == 2


def test_a_client_id_used_again_by_others_opens_a_new_order_and_late_events_of_the_old_one_do_not():
    collector = OrderUpdateCollector(PREFIX)
    collector.apply(event(make_order("web", order_id=5, status=OrderStatus.FILLED)))
    collector.apply(event(make_order("web", order_id=6)))
    assert collector.orders["web"].order_id == 6
    assert not collector.apply(event(make_order("web", order_id=5, status=OrderStatus.NEW)))
    assert collector.orders["web"].order_id == 6


def test_cancels_are_in_flight_until_answered():
    collector = collector_with(stop())
    stop_id = f"{PREFIX}-ep-1"
    new = make_order(stop_id, order_family=ALGO, order_id=10**15)
    collector.apply(event(new))
    collector.enter_cancel(stop_id, ALGO)
    assert collector.cancel_ids == {stop_id} and collector.cancels_in_flight == {(stop_id, ALGO)}
    collector.apply(outcome(OutcomeKind.REFUSED, client_order_id=stop_id, is_cancel=True, code=-2011))
    assert collector.cancel_ids == frozenset() and collector.get(stop_id).status is OrderStatus.NEW
    collector.enter_cancel(stop_id, ALGO)
    collector.apply(outcome(OutcomeKind.ACCEPTED, client_order_id=stop_id, is_cancel=True))
    assert collector.get(stop_id).status is OrderStatus.CANCELED  # the algo service answers without the order
    assert collector.cancel_ids == frozenset()


@pytest.mark.parametrize("kind", [OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN])
def test_a_cancel_ends_by_its_answer_or_by_the_orders_own_event(kind):
    collector = collector_with(engine_entry())
    collector.apply(event(make_order()))
    collector.enter_cancel(ID, BOOK)
    if kind is OutcomeKind.ACCEPTED:
        done = make_order(status=OrderStatus.CANCELED, update_time_ms=START_MS + 9)
        collector.apply(outcome(kind, done, is_cancel=True))
    else:
        collector.apply(outcome(kind, is_cancel=True))
        assert collector.get(ID).status is OrderStatus.NEW
        collector.enter_cancel(ID, BOOK)
        collector.apply(event(make_order(status=OrderStatus.EXPIRED, update_time_ms=START_MS + 9)))
    assert collector.cancel_ids == frozenset() and collector.open_orders() == []


def test_a_snapshot_replaces_the_open_orders_but_not_those_still_on_their_way():
    collector = collector_with(engine_entry(), make_intent())
    kept, foreign = make_order("web-2", order_id=8), make_order("web-1", order_id=7)
    mine = make_order(f"{PREFIX}-ex-9", order_id=9, reduce_only=True)
    for order in (kept, foreign, mine):
        collector.apply(event(order))
    listed = make_order("web-3", order_id=10, order_family=ALGO)
    collector.apply(make_snapshot(open_orders=(kept, listed)))
    states = {o.client_order_id: o.status for o in collector.open_orders()}
    assert states == {
        ID: OrderStatus.SENT,
        f"{PREFIX}-hn-2": OrderStatus.SENT,
        "web-2": OrderStatus.NEW,
        "web-3": OrderStatus.NEW,
        f"{PREFIX}-ex-9": OrderStatus.UNKNOWN,  # not listed: the venue must be asked
        "web-1": OrderStatus.UNKNOWN,
    }


def test_a_list_says_nothing_of_what_was_told_after_it_nor_of_symbols_that_it_leaves_out():
    collector = collector_with(engine_entry())
    newer = make_order("web-1", update_time_ms=START_MS + 5)
    elsewhere = make_order("web-2", symbol="ETHUSDT")
    for order in (newer, elsewhere):
        collector.apply(event(order))
    snapshot = make_snapshot(taken_time_ms=START_MS + 4)
    collector.apply(replace(snapshot, orders_of=("BTCUSDT",)))
    assert {o.status for o in collector.open_orders() if o.origin is Origin.OTHER} == {OrderStatus.NEW}


def test_an_order_that_was_placed_after_the_list_was_asked_for_stays():
    collector = OrderUpdateCollector(PREFIX)
    collector.apply(event(make_order("web-1", update_time_ms=START_MS + 5)))
    collector.apply(make_snapshot(taken_time_ms=START_MS + 4))
    assert collector.get("web-1").status is OrderStatus.NEW
    collector.apply(make_snapshot(taken_time_ms=START_MS + 5))
    assert collector.get("web-1").status is OrderStatus.UNKNOWN


def test_an_older_list_of_open_orders_does_not_undo_a_newer_one():
    collector = collector_with(engine_entry())
    collector.apply(make_snapshot(open_orders=(make_order(),), taken_time_ms=START_MS + 2))
    gone = make_order("web-1", update_time_ms=START_MS - 9)
    assert not collector.apply(make_snapshot(open_orders=(gone,), taken_time_ms=START_MS + 1))
    assert {o.client_order_id: o.status for o in collector.open_orders()} == {ID: OrderStatus.NEW}


def test_an_order_in_doubt_is_unknown_until_the_venue_has_told_its_end():
    left = make_order(executed_quantity=dec("0.004"), origin=Origin.ENGINE, purpose=Purpose.ENTRY)
    collector = OrderUpdateCollector(PREFIX)
    assert collector.apply(OrdersInDoubt((left,)))
    (known,) = collector.open_orders()
    assert (known.status, known.executed_quantity) == (OrderStatus.UNKNOWN, dec("0.004"))
    collector.apply(outcome(OutcomeKind.ACCEPTED, make_order(status=OrderStatus.CANCELED, update_time_ms=START_MS + 9)))
    assert collector.open_orders() == []
    assert not collector.apply(OrdersInDoubt((left,)))  # its end is known: there is nothing to doubt


def test_an_order_missing_from_a_snapshot_is_settled_by_the_answer_to_the_question():
    for kind, order, end in (
        (OutcomeKind.ACCEPTED, make_order(), OrderStatus.NEW),
        (
            OutcomeKind.ACCEPTED,
            make_order(status=OrderStatus.FILLED, executed_quantity=dec("0.010")),
            OrderStatus.FILLED,
        ),
        (OutcomeKind.REFUSED, None, OrderStatus.REJECTED),
    ):
        collector = collector_with(engine_entry())
        collector.apply(event(make_order()))
        collector.apply(make_snapshot())
        assert collector.get(ID).status is OrderStatus.UNKNOWN
        collector.apply(outcome(kind, order))
        assert collector.get(ID).status is end


def test_memory_of_closed_orders_and_fills_is_bounded():
    collector = OrderUpdateCollector(PREFIX)
    for n in range(2100):
        order = make_order(f"web-{n}", order_id=n + 1, status=OrderStatus.FILLED)
        collector.apply(event(order, make_fill(n + 1, f"web-{n}")))
    assert len(collector.closed) == 500 and len(collector.fills) == 2000
    assert collector.closed[-1].client_order_id == "web-2099" and collector.fills[0].trade_id == 101


def test_the_memory_of_fill_ids_reaches_ten_times_further_than_the_fills():
    collector = OrderUpdateCollector(PREFIX)
    collector.load_fills(make_fill(n) for n in range(20_001))
    collector.load_fills([make_fill(1), make_fill(20_000)])
    assert collector.fills[-1].trade_id == 20_000 and not collector.has_fill(make_fill(0))


LIFE = (
    event(make_order(update_time_ms=1)),
    outcome(OutcomeKind.ACCEPTED, make_order(update_time_ms=1)),
    event(
        make_order(status=OrderStatus.PARTIALLY_FILLED, executed_quantity=dec("0.007"), update_time_ms=2),
        make_fill(1, quantity=dec("0.007")),
    ),
    event(
        make_order(status=OrderStatus.FILLED, executed_quantity=dec("0.010"), update_time_ms=3),
        make_fill(2, quantity=dec("0.003")),
    ),
    outcome(OutcomeKind.UNKNOWN),
)


@given(st.permutations(LIFE), st.lists(st.sampled_from(LIFE), max_size=5))
def test_replies_and_events_in_any_order_and_number_end_in_the_same_state(arrival, again):
    collector = collector_with(engine_entry())
    executed = dec(0)
    for message in [*arrival, *again]:
        collector.apply(message)
        order = collector.get(ID)
        assert order.executed_quantity >= executed
        executed = order.executed_quantity
    assert collector.open_orders() == []
    assert (order.status, order.executed_quantity) == (OrderStatus.FILLED, dec("0.010"))
    assert sum(f.quantity for f in collector.fills) == dec("0.010")


def amended(time, price, quantity="0.010", executed="0"):
    """The order's event AMENDMENT; the venue also cuts a reduce-only order to the position by one."""
    status = OrderStatus.PARTIALLY_FILLED if dec(executed) else OrderStatus.NEW
    order = make_order(
        status=status,
        price=dec(price),
        quantity=dec(quantity),
        executed_quantity=dec(executed),
        average_price=dec("100") if dec(executed) else dec(0),
        update_time_ms=time,
    )
    return OrderUpdate(order, "AMENDMENT", None, time, time)


def traded(time, price, quantity, executed):
    return replace(amended(time, price, quantity, executed), execution_type="TRADE")


def amend_answer(order, kind=OutcomeKind.ACCEPTED):
    return replace(outcome(kind, order), is_amend=True)


AMENDED_LIFE = (
    event(make_order(update_time_ms=1)),
    amended(5, "101"),
    traded(6, "101", "0.010", "0.004"),
    amended(6, "102", "0.010", "0.004"),  # in the millisecond of the execution before it
    amend_answer(amended(6, "102", "0.010", "0.004").order),
    amended(9, "102", "0.007", "0.004"),
    traded(11, "102", "0.007", "0.006"),
)


@given(arrival=st.permutations(AMENDED_LIFE), again=st.lists(st.sampled_from(AMENDED_LIFE), max_size=6))
def test_an_amended_order_ends_with_its_last_terms_whatever_comes_late_or_twice(arrival, again):
    collector = collector_with(engine_entry())
    for message in [*arrival, *again]:
        collector.apply(message)
    known = collector.get(ID)
    assert (known.price, known.quantity, known.executed_quantity) == (dec("102"), dec("0.007"), dec("0.006"))
    assert (known.status, known.origin) == (OrderStatus.PARTIALLY_FILLED, Origin.ENGINE)
    revision = collector.revision
    for message in AMENDED_LIFE[:4] + AMENDED_LIFE[5:]:
        collector.apply(message)
    assert (collector.get(ID), collector.revision) == (known, revision)


def test_an_older_fill_that_comes_late_does_not_undo_an_amendment():
    collector = collector_with(engine_entry())
    collector.apply(amended(9, "105", "0.020"))
    late = traded(5, "100", "0.010", "0.004")
    collector.apply(replace(late, fill=make_fill(1, ID)))
    known = collector.get(ID)
    assert (known.price, known.quantity, known.executed_quantity) == (dec("105"), dec("0.020"), dec("0.004"))


def test_an_amendment_is_in_flight_until_it_is_known_what_became_of_it():
    collector = collector_with(engine_entry())
    collector.apply(event(make_order()))
    for last in (
        amend_answer(amended(9, "105").order),
        amend_answer(None),
        amend_answer(None, OutcomeKind.REFUSED),
        event(make_order(status=OrderStatus.CANCELED, update_time_ms=20)),
    ):
        collector.enter_amend(ID)
        collector.apply(amend_answer(None, OutcomeKind.UNKNOWN))
        assert collector.amends_in_flight == {(ID, OrderFamily.BOOK)}
        before = collector.get(ID).status
        collector.apply(last)
        assert collector.amends_in_flight == frozenset()
        assert before is OrderStatus.NEW


def test_a_trailing_stop_without_an_activation_price_is_active_from_the_beginning():
    trailing = {"order_type": OrderType.TRAILING_STOP_MARKET, "price": None, "callback_fraction": dec("0.01")}
    for more, is_activated in (({}, True), ({"activation_price": dec(130_000)}, False)):
        collector = collector_with(make_intent(**trailing, **more))
        (order,) = collector.open_orders()
        assert order.is_activated is is_activated
    assert not next(iter(collector_with(make_intent()).open_orders())).is_activated
