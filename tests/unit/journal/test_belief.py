"""What the journal believes is what memory knew: whatever came in whatever order, however often it began anew."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.unit.journal import samples
from tests.unit.journal.samples import PREFIX
from tests.unit.journal.venue_model import Away, Memory, VenueModel, acts
from trader_gui.domain.order import (
    FillHistory,
    Order,
    OrderFamily,
    OrderOutcome,
    OrderStatus,
    OrderType,
    OutcomeKind,
    WorkingType,
)
from trader_gui.domain.step import ApprovedAmend, ApprovedOrder, Message, Step
from trader_gui.journal.belief import Belief, read_belief
from trader_gui.journal.rows import RowMaker
from trader_gui.journal.schema import connect_for_reading, connect_for_writing

NOWHERE = Path("/nowhere/journal.sqlite")


class Rows:
    """A journal in memory, written row by row without the writer's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        connection.execute("UPDATE installation SET prefix = ?", (PREFIX,))
        self._sequence = 0
        self.begin()

    def begin(self, *, is_account_new: bool = False) -> None:
        """Begin a session, as a start of the program does."""
        self._maker = RowMaker(self.connection)
        self._maker.begin_session("testnet", "BTCUSDT", "1m", "0", 0, is_account_new=is_account_new)

    def write(self, *items: ApprovedOrder | ApprovedAmend | Message | Step) -> None:
        for item in items:
            self._sequence += 1
            if isinstance(item, ApprovedOrder):
                self._maker.insert_intent(item)
            elif isinstance(item, ApprovedAmend):
                self._maker.insert_amend(item)
            else:
                self._maker.add_step(item if isinstance(item, Step) else samples.message_step(self._sequence, item))
        self._maker.insert()
        self._maker.clear()

    def belief(self) -> Belief:
        belief = read_belief(self.connection, PREFIX)
        assert belief is not None
        return belief

    def statuses(self) -> dict[str, OrderStatus]:
        return {order.client_order_id: order.status for order in self.belief().orders}


@contextmanager
def opened() -> Iterator[Rows]:
    connection = connect_for_reading(NOWHERE)
    try:
        yield Rows(connection)
    finally:
        connection.close()


@pytest.fixture
def rows() -> Iterator[Rows]:
    with opened() as found:
        yield found


# ---- orders ---------------------------------------------------------------------------------------------------------


def test_before_the_first_account_nothing_is_believed(rows: Rows) -> None:
    rows.write(samples.approved(1))
    assert read_belief(rows.connection, PREFIX) is None


def test_an_order_of_which_nothing_was_heard_is_unknown_with_all_its_figures(rows: Rows) -> None:
    rows.write(samples.snapshot(), samples.approved(1), samples.approved(2, order_type=OrderType.STOP_MARKET))
    order, stop = rows.belief().orders
    assert order.status is OrderStatus.UNKNOWN
    assert (order.quantity, order.price) == (Decimal("0.010"), Decimal("23847.40"))
    assert (order.working_type, order.order_family) == (WorkingType.CONTRACT_PRICE, OrderFamily.BOOK)
    assert stop.order_family is OrderFamily.ALGO


def test_open_orders_follow_answers_and_events_in_any_order(rows: Rows) -> None:
    rows.write(
        samples.snapshot(),
        *(samples.approved(number) for number in range(1, 6)),
        samples.outcome(1, OutcomeKind.REFUSED),
        samples.update(2, OrderStatus.PARTIALLY_FILLED, trade=samples.fill(1, 2), executed="0.007"),
        samples.outcome(2, OutcomeKind.ACCEPTED),  # the REST reply came after the stream's event
        samples.update(3, OrderStatus.FILLED, trade=samples.fill(2, 3), executed="0.010"),
        samples.outcome(3, OutcomeKind.ACCEPTED),
        samples.outcome(4, OutcomeKind.UNKNOWN),
        samples.outcome(5, OutcomeKind.ACCEPTED),
        samples.outcome(5, OutcomeKind.REFUSED, is_cancel=True),  # a refused cancel leaves the order open
    )
    assert rows.statuses() == {
        "TTEST-en-2": OrderStatus.PARTIALLY_FILLED,
        "TTEST-en-4": OrderStatus.UNKNOWN,
        "TTEST-en-5": OrderStatus.NEW,
    }
    assert next(o for o in rows.belief().orders if o.client_order_id == "TTEST-en-2").executed_quantity == Decimal(
        "0.007"
    )


def test_an_order_that_a_snapshot_leaves_out_is_in_doubt_until_its_end_is_told(rows: Rows) -> None:
    rows.write(samples.snapshot(), samples.approved(1), samples.outcome(1, OutcomeKind.ACCEPTED))
    for number in range(2, 6):  # however many snapshots and sessions later
        rows.begin()
        rows.write(samples.snapshot(taken_ms=1_000 * number), samples.snapshot(taken_ms=1_000 * number + 1))
        assert rows.statuses() == {"TTEST-en-1": OrderStatus.UNKNOWN}
    rows.write(samples.outcome(1, OutcomeKind.REFUSED))
    assert rows.statuses() == {}
    rows.write(samples.snapshot(taken_ms=9_000))
    assert rows.statuses() == {}


def test_an_order_that_was_refused_and_exists_all_the_same_is_not_forgotten(rows: Rows) -> None:
    rows.write(samples.snapshot(), samples.approved(1), samples.outcome(1, OutcomeKind.REFUSED))
    assert rows.statuses() == {}
    rows.write(samples.update(1, OrderStatus.NEW), samples.snapshot(taken_ms=2_000), samples.snapshot(taken_ms=3_000))
    assert rows.statuses() == {"TTEST-en-1": OrderStatus.UNKNOWN}


def test_what_is_told_twice_or_late_does_not_open_an_order_again(rows: Rows) -> None:
    rows.write(
        samples.snapshot(),
        samples.approved(1),
        samples.update(1, OrderStatus.NEW),
        samples.update(1, OrderStatus.FILLED, trade=samples.fill(1), executed="0.010"),
        samples.snapshot(taken_ms=5_000),
        samples.update(1, OrderStatus.NEW),
        samples.snapshot(samples.order(1, OrderStatus.NEW), taken_ms=6_000),  # a list that lags behind
    )
    assert rows.statuses() == {}


def test_a_stop_whose_cancel_was_accepted_is_over_though_the_venue_does_not_name_it(rows: Rows) -> None:
    new = samples.order(1, OrderStatus.NEW, family=OrderFamily.ALGO)
    cancel = samples.cancel_step(9, 1, OrderFamily.ALGO)
    done = samples.outcome(1, OutcomeKind.ACCEPTED, is_cancel=True, names_order=False)
    rows.write(samples.approved(1, order_type=OrderType.STOP_MARKET), samples.snapshot(new), cancel, done)
    assert rows.statuses() == {}
    rows.write(samples.snapshot(taken_ms=2_000))
    assert rows.statuses() == {}


def test_what_was_being_asked_when_a_simulated_account_began_anew_is_gone(rows: Rows) -> None:
    rows.write(samples.snapshot(samples.order(1, OrderStatus.NEW)), samples.approved(2))
    rows.connection.execute("DELETE FROM open_intent")  # as the writer does at such a start
    rows.begin(is_account_new=True)
    rows.write(samples.snapshot())
    assert rows.statuses() == {}


# ---- account --------------------------------------------------------------------------------------------------------


def test_position_and_balance_are_the_venues_last_word_by_its_own_time(rows: Rows) -> None:
    rows.write(
        samples.snapshot(amount="0.5"),
        samples.account_update("-0.010", "9998", time_ms=4_001),
        samples.account_update("0.007", "9999", time_ms=4_000),  # late
    )
    belief = rows.belief()
    assert [p.position_amount for p in belief.positions.values()] == [Decimal("-0.010")]
    assert belief.balances["USDT"].wallet_balance == Decimal(9998)


def test_an_event_that_overtook_a_snapshot_is_not_undone_by_it(rows: Rows) -> None:
    rows.write(
        samples.snapshot(),
        samples.account_update("0.5", time_ms=4_000),
        samples.snapshot(taken_ms=3_000),  # asked for before, answered after
    )
    belief = rows.belief()
    assert [p.position_amount for p in belief.positions.values()] == [Decimal("0.5")]
    assert belief.balances["USDT"].wallet_balance == Decimal("9999.97")


def test_an_older_snapshot_does_not_undo_a_newer_one(rows: Rows) -> None:
    rows.write(samples.snapshot(samples.order(1, OrderStatus.NEW), taken_ms=5_000))
    rows.write(samples.snapshot(samples.order(7, OrderStatus.NEW), amount="0.5", taken_ms=4_000))
    assert rows.belief().positions == {}
    assert rows.statuses() == {"TTEST-en-1": OrderStatus.NEW}


def test_a_new_sessions_first_snapshot_is_newer_than_all_before_however_it_is_dated(rows: Rows) -> None:
    """It is dated by the last closed kline: up to a minute before the former session's last event."""
    rows.write(samples.snapshot(amount="0.5"), samples.account_update("0.7", "9000", time_ms=50_000))
    rows.begin()
    rows.write(samples.snapshot(taken_ms=30_000))
    belief = rows.belief()
    assert belief.positions == {}
    assert belief.balances["USDT"].wallet_balance == Decimal(10_000)


# ---- executions -----------------------------------------------------------------------------------------------------


def test_only_a_reading_of_the_venues_list_says_up_to_where_executions_are_complete(rows: Rows) -> None:
    told = samples.update(1, OrderStatus.PARTIALLY_FILLED, trade=samples.fill(7), executed="0.007")
    rows.write(samples.snapshot(), samples.approved(1), told)
    assert rows.belief().newest_trade_ids == {"BTCUSDT": 7}  # a journal of before there were readings
    rows.write(FillHistory("BTCUSDT", (), 0))
    assert rows.belief().newest_trade_ids == {}
    assert rows.belief().read_times_ms == {"BTCUSDT": 1_000}
    rows.write(FillHistory("BTCUSDT", (samples.fill(5), samples.fill(6)), 6), FillHistory("ETHUSDT", (), 3))
    assert rows.belief().newest_trade_ids == {"BTCUSDT": 6, "ETHUSDT": 3}


def test_our_orders_are_known_by_the_id_under_which_they_are_executed(rows: Rows) -> None:
    child = 42
    stop = samples.order(2, OrderStatus.TRIGGERED, family=OrderFamily.ALGO, triggered_order_id=child)
    foreign = samples.order(3, OrderStatus.NEW, client_order_id="web_1")
    rows.write(
        samples.approved(1),
        samples.approved(2, order_type=OrderType.STOP_MARKET),
        samples.update(1, OrderStatus.FILLED, executed="0.010"),
        samples.snapshot(stop, foreign),
    )
    book = samples.order(1, OrderStatus.NEW).order_id
    assert rows.belief().client_order_ids == {("BTCUSDT", book): "TTEST-en-1", ("BTCUSDT", child): "TTEST-en-2"}


# ---- memory and journal ---------------------------------------------------------------------------------------------


def pictured(orders: Sequence[Order]) -> dict[str, object]:
    """Return orders in full; of ours that must be asked about, only that: its figures are what the answer says.

    Of others that must be asked about, the journal keeps none.
    """
    unknown = {o.client_order_id for o in orders if o.status is OrderStatus.UNKNOWN}
    known = {o.client_order_id: o for o in orders if o.client_order_id not in unknown}
    return known | {name: OrderStatus.UNKNOWN for name in unknown if name.startswith(PREFIX)}


@settings(max_examples=200)
@given(acts())
def test_the_journal_believes_what_memory_knows(script: list[tuple[str, int, int]]) -> None:
    """Events and answers come late, doubled and mixed up; snapshots overlap; the program is killed and begins anew."""
    venue, memory = VenueModel(), Memory()
    with opened() as rows:
        for message in venue.play(script, memory.now_ms):
            if isinstance(message, Away):
                before = rows.belief()
                rows.begin()
                memory = Memory()
                memory.recover(venue.snapshot(0), before)
                rows.write(venue.snapshot(0))
            else:
                memory.take(message)
                rows.write(message)
            venue.known_ms = memory.now_ms()
        belief = rows.belief()
    told, known = pictured(belief.orders), pictured(memory.open_orders())
    # What memory must ask about may be open still for all that the journal knows: both are asked about at a start.
    known |= {name: told[name] for name, order in known.items() if order is OrderStatus.UNKNOWN and name in told}
    assert told == known
    assert belief.positions == memory.account.positions
    assert belief.balances == memory.account.balances


def test_belief_is_read_quickly_from_a_big_journal(tmp_path: Path) -> None:
    """A session traded for weeks, 200,000 rows; since the newest snapshot little has happened."""
    connection = connect_for_writing(tmp_path / "journal.sqlite")
    try:
        connection.execute("PRAGMA synchronous = OFF")
        rows = Rows(connection)
        connection.execute("BEGIN")
        rows.write(samples.snapshot())
        for number in range(1, 40_001):
            rows.write(
                samples.approved(number),
                samples.outcome(number, OutcomeKind.ACCEPTED),
                samples.update(number, OrderStatus.FILLED, trade=samples.fill(number, number), executed="0.010"),
                samples.account_update("0", time_ms=4_000 + number),
            )
        rows.write(samples.snapshot(taken_ms=44_001), samples.approved(50_000), samples.account_update("0.5"))
        connection.execute("COMMIT")
        started = time.perf_counter()
        belief = rows.belief()
        took_s = time.perf_counter() - started
    finally:
        connection.close()
    assert [order.client_order_id for order in belief.orders] == ["TTEST-en-50000"]
    assert len(belief.client_order_ids) == 2_000
    assert took_s < 0.5  # some 30 ms; machines under test are slow


@pytest.mark.parametrize("kind", [OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN, OutcomeKind.REFUSED, None])
def test_an_amendment_ends_no_order_and_is_believed_when_the_venue_told_it(
    rows: Rows, kind: OutcomeKind | None
) -> None:
    rows.write(samples.approved(1), samples.snapshot(), samples.update(1, OrderStatus.NEW))
    amend = samples.approved_amend(1)
    rows.write(amend)
    if kind is not None:
        told = samples.order(1, OrderStatus.NEW, price=amend.amended.price, update_time_ms=2_700)
        order = told if kind is OutcomeKind.ACCEPTED else None
        rows.write(OrderOutcome(amend.client_order_id, kind, False, 2_700, order, is_amend=True))
    (known,) = rows.belief().orders
    is_told = kind is OutcomeKind.ACCEPTED
    assert (known.status, known.price == amend.amended.price) == (OrderStatus.NEW, is_told)
    assert rows.connection.execute("SELECT count(*) FROM open_intent").fetchone()[0] == 1
