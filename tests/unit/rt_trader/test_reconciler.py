"""The looks at the venue: how much is asked, what is judged real, and what becomes of orders that lists do not show."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import START_MS, dec, make_account_update, make_fill, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import Fill, Order, OrderFamily, OrderOutcome, OrderUpdate, OutcomeKind
from trader_gui.domain.step import Step
from trader_gui.errors import UserError, VenueError
from trader_gui.journal.writer import JournalWriter, open_journal
from trader_gui.orders.manager import OrderManager
from trader_gui.orders.reconcile import Row, RowKind, RowState, order_key
from trader_gui.rt_trader import reconciler as module
from trader_gui.rt_trader.belief import JournalTruth, read_belief
from trader_gui.rt_trader.claims import Claims
from trader_gui.rt_trader.reconciler import Reconciler
from trader_gui.rt_trader.repair import Repair
from trader_gui.rt_trader.status import Reconciliation

Expect = Callable[[str], None]
ALL = "all"


class Venue:
    """Shows an account and lists; `failure` is raised at the next question."""

    def __init__(self) -> None:
        self.snapshot = make_snapshot()
        self.executions: tuple[Fill, ...] = ()
        self.orders: dict[str, Order] = {}
        self.asked: list[Any] = []
        self.failure: Exception | None = None
        self.on_look: Callable[[], None] = lambda: None

    async def account_snapshot(self, symbol: str, *, orders_of: set[str] | None = None) -> AccountSnapshot:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.asked.append(ALL if orders_of is None else orders_of)
        seen = replace(self.snapshot, orders_of=None if orders_of is None else tuple(orders_of))
        self.on_look()
        return seen

    async def fills(self, symbol: str, **since: int) -> tuple[Fill, ...]:
        return self.executions

    async def query_order(self, symbol: str, client_order_id: str, family: OrderFamily) -> Order | None:
        self.asked.append(client_order_id)
        return self.orders.get(client_order_id)

    async def order_by_id(self, symbol: str, order_id: int) -> Order | None:
        return None

    async def income(self, **since: int) -> tuple[Any, ...]:
        return ()


class World:
    """A reconciler around a core and a journal; a doubt has the account read at once."""

    def __init__(self, journal: JournalWriter) -> None:
        self.rig = Rig()
        self.venue = Venue()
        self.status = Reconciliation()
        self.doubts: list[str] = []
        self.halts: list[str] = []
        self.halted = asyncio.Event()
        self.journal = journal
        self._sequence = 0
        venue: Any = self.venue
        manager = OrderManager(venue, lambda a: asyncio.sleep(0), lambda o: None, lambda: 0)
        self.repair = Repair(self.rig.callback, venue, venue, manager, self.deliver, with_book=False)
        self.repair.executions.begin(START_MS)
        truth = JournalTruth(journal)
        self.claims = Claims(self.rig.callback, venue, self.repair.executions, truth, journal.note, self._halt)
        self.reconciler = Reconciler(
            self.rig.callback, venue, self.repair, truth, self.claims, self.status, self._doubt, self._halt
        )
        self.deliver(make_snapshot(taken_time_ms=START_MS + 1), 0)

    def deliver(self, item: Any, received_ns: int) -> None:
        if isinstance(item, AccountSnapshot):
            self.reconciler.take_snapshot(item, time.monotonic_ns(), ())
        else:
            self.reconciler.take(item, time.monotonic_ns())
        self.rig.send(item)
        self._sequence += 1
        self.journal.record_step(Step(self._sequence, item, START_MS))

    def _doubt(self, reason: str) -> None:
        self.doubts.append(reason)
        for fill in self.venue.executions:
            self.deliver(OrderUpdate(make_order("web-1"), "TRADE", fill, START_MS, START_MS, is_asked=True), 0)
        self.deliver(replace(self.venue.snapshot, taken_time_ms=self.rig.callback.now_ms), 0)

    def _halt(self, reason: str) -> None:
        self.halts.append(reason)
        self.halted.set()

    def row(self, kind: RowKind, name: str) -> Row:
        return next(row for row in self.status.rows if (row.kind, row.name) == (kind, name))


def run(folder: Path, body: Callable[[World], Any]) -> None:
    async def main() -> None:
        async with open_journal(folder / "journal.sqlite", profile="demo", symbol="BTCUSDT", interval="1m") as journal:
            await body(World(journal))

    asyncio.run(main())


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_NS", 1)


def test_all_orders_are_listed_at_first_after_a_doubt_and_when_a_position_has_moved(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        look = world.reconciler._reconcile
        await look()
        await look()
        assert world.venue.asked == [ALL, {"BTCUSDT"}]
        assert world.status.confirmed_ns is not None
        world.reconciler.wake()
        await look()
        moved = make_position("0.010")
        world.venue.snapshot = make_snapshot(moved)
        world.deliver(make_account_update(moved, time_ms=START_MS + 5), 0)
        await look()
        await look()
        assert world.venue.asked[2:] == [ALL, ALL, {"BTCUSDT"}]

    run(tmp_path, body)


def test_a_table_row_says_what_all_three_hold(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        position = make_position("-0.010")
        world.venue.snapshot = make_snapshot(position)
        world.deliver(make_account_update(position, time_ms=START_MS + 5), 0)
        await world.reconciler._reconcile()
        row = world.row(RowKind.POSITION, "BTCUSDT")
        assert (row.venue, row.journal, row.memory, row.state) == ("-0.01", "-0.01", "-0.01", RowState.AGREES)
        assert world.doubts == []

    run(tmp_path, body)


def test_what_differs_twice_and_was_not_told_is_real_and_doubts_the_stream(tmp_path: Path, expect_log: Expect) -> None:
    expect_log("position BTCUSDT: here none, at the exchange 0.01, and the user stream did not tell")

    async def body(world: World) -> None:
        world.rig.tick()
        world.venue.snapshot = make_snapshot(make_position("0.010"))
        await world.reconciler._reconcile()
        assert world.doubts == ["difference"]
        assert world.venue.asked == [ALL, ALL, ALL]  # seen, seen again, and found as adopted
        assert world.rig.callback.account.position("BTCUSDT") is not None
        assert [row.state for row in world.claims.rows()] == [RowState.ADOPTED]

    run(tmp_path, body)


def test_what_is_told_between_two_looks_is_none(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        moved = make_position("0.010")
        world.venue.snapshot = make_snapshot(moved)

        def tell() -> None:
            if len(world.venue.asked) == 2:
                world.deliver(make_account_update(moved, time_ms=START_MS + 5), 0)

        world.venue.on_look = tell
        await world.reconciler._reconcile()
        assert (world.doubts, len(world.venue.asked)) == ([], 2)

    run(tmp_path, body)


def test_an_order_that_the_lists_lag_behind_with_is_asked_for_by_name(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        order = make_order("web-1")
        world.deliver(OrderUpdate(order, "NEW", None, START_MS, START_MS), 0)
        world.venue.orders["web-1"] = order
        await world.reconciler._reconcile()
        assert (world.doubts, world.venue.asked) == ([], [ALL, ALL, "web-1"])
        assert world.status.told[order_key("web-1", OrderFamily.BOOK)].confirmed_ns is not None
        del world.venue.orders["web-1"]  # unknown to a query, too, just after it was told: that proves nothing
        await world.reconciler._reconcile()
        assert world.doubts == []

    run(tmp_path, body)


def test_an_execution_that_is_not_booked_is_a_difference(tmp_path: Path, expect_log: Expect) -> None:
    expect_log("execution BTCUSDT 5: here none")

    async def body(world: World) -> None:
        world.venue.executions = (make_fill(5, ""),)
        await world.reconciler._reconcile()
        assert world.doubts == ["difference"]

    run(tmp_path, body)


def test_what_no_reading_puts_right_is_given_up(tmp_path: Path, expect_log: Expect) -> None:
    expect_log("and the user stream did not tell")
    expect_log("the exchange differs")

    async def body(world: World) -> None:
        world._doubt = world.doubts.append  # type: ignore[method-assign]
        world.reconciler._doubt = world.doubts.append
        world.venue.snapshot = make_snapshot(make_position("0.010"))
        await world.reconciler._reconcile()
        assert (world.doubts, world.halts) == (["difference"], ["unexplained_difference"])

    run(tmp_path, body)


def test_another_difference_in_the_same_row_is_put_right_like_the_first(tmp_path: Path, expect_log: Expect) -> None:
    """A position is put right, and before the next look it changes once more without a word."""
    expect_log("position BTCUSDT: here none, at the exchange 0.01, and the user stream did not tell")
    expect_log("position BTCUSDT: here 0.01, at the exchange -0.02, and the user stream did not tell")

    async def body(world: World) -> None:
        def change_again() -> None:
            if len(world.doubts) == 1:
                world.venue.snapshot = make_snapshot(make_position("-0.020"))

        put_right = world.reconciler._doubt

        def doubt(reason: str) -> None:
            world.rig.tick()
            put_right(reason)
            change_again()

        world.reconciler._doubt = doubt
        world.venue.snapshot = make_snapshot(make_position("0.010"))
        await world.reconciler._reconcile()
        assert (world.doubts, world.halts) == (["difference", "difference"], [])
        held = world.rig.callback.account.position("BTCUSDT")
        assert held is not None and held.position_amount == dec("-0.020")

    run(tmp_path, body)


def test_an_unknown_order_is_a_row_in_doubt_and_keeps_the_account_unconfirmed(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        entry = world.rig.enter_long()
        world.rig.answer(entry, OutcomeKind.UNKNOWN)
        await world.reconciler._reconcile()
        row = world.row(RowKind.ORDER, entry.client_order_id)
        assert (row.state, row.cause) == (RowState.DIFFERS, "asking")
        assert (world.status.confirmed_ns, world.status.open_rows) == (None, 1)
        assert world.doubts == []

    run(tmp_path, body)


def test_a_journal_that_says_else_twice_is_behind_and_gets_a_whole_account(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        position = make_position("0.010")
        world.venue.snapshot = make_snapshot(position)
        update = make_account_update(position, time_ms=START_MS + 5)
        adopt = world.repair.adopt
        world.repair.adopt = lambda snapshot: None  # type: ignore[method-assign]
        world.reconciler.take(update, time.monotonic_ns())
        world.rig.send(update)  # and the journal never hears of it
        await world.reconciler._reconcile()
        assert world.row(RowKind.POSITION, "BTCUSDT").state is RowState.AGREES
        await world.reconciler._reconcile()
        row = world.row(RowKind.POSITION, "BTCUSDT")
        assert (row.state, row.cause, row.journal) == (RowState.DIFFERS, "journal_behind", "")
        world.repair.adopt = adopt  # type: ignore[method-assign]
        world.reconciler.wake()
        await world.reconciler._reconcile()
        await world.reconciler._reconcile()
        assert world.row(RowKind.POSITION, "BTCUSDT").journal == "0.01"

    run(tmp_path, body)


def test_an_answer_to_a_question_has_open_causes_looked_at_again(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        told = OrderOutcome("web-1", OutcomeKind.ACCEPTED, False, 0, make_order("web-1"), is_asked=True)
        world.deliver(told, 0)
        assert not world.reconciler._wake.is_set()
        world.claims.ask_whose(make_order("web-2"))
        world.deliver(told, 0)
        assert world.reconciler._wake.is_set()

    run(tmp_path, body)


@pytest.mark.parametrize(
    ("failure", "problem"),
    [
        (VenueError(-1003, "Too many requests", http_status=429, retryable=True), "-1003"),
        (UserError("the journal is gone"), "the journal is gone"),
    ],
)
def test_what_cannot_be_asked_is_said_and_tried_again(
    failure: Exception, problem: str, tmp_path: Path, expect_log: Expect, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_log("the account cannot be confirmed")
    monkeypatch.setattr(module, "RETRY_S", 0.01)

    async def body(world: World) -> None:
        world.venue.failure = failure
        problems: list[str] = []
        world.venue.on_look = lambda: problems.append(world.status.problem)
        confirmed = asyncio.Event()
        world.repair.adopt = lambda snapshot: confirmed.set()  # type: ignore[method-assign]
        task = asyncio.create_task(world.reconciler.run(), name="reconcile")
        async with asyncio.timeout(5):
            await confirmed.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert problem in problems[0]
        assert world.status.is_running and not world.status.is_looking

    run(tmp_path, body)


def test_a_bug_in_it_halts_trading_and_leaves_the_session(tmp_path: Path, expect_log: Expect) -> None:
    expect_log("bug in the reconciliation")
    expect_log("the account cannot be confirmed: ZeroDivisionError")

    async def body(world: World) -> None:
        world.venue.failure = ZeroDivisionError()
        task = asyncio.create_task(world.reconciler.run(), name="reconcile")
        async with asyncio.timeout(5):
            await world.halted.wait()
        assert world.halts == ["bug"] and not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(tmp_path, body)


def test_at_the_start_the_journal_is_held_against_the_venue(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        world.deliver(make_account_update(make_position("0.010"), time_ms=START_MS + 5), 0)
        await world.journal.flush()
        belief = await read_belief(world.journal.path)
        start = world.reconciler.at_start
        assert start(None, make_snapshot(), is_new_account=False) == ()
        assert start(belief, make_snapshot(), is_new_account=True) == ()
        assert start(belief, make_snapshot(), is_new_account=False) == (
            "BTCUSDT position: journal 0.01, exchange none",
        )
        assert [row.state for row in world.status.rows] == [RowState.ADOPTED]
        assert world.status.rows[0].memory is None

    run(tmp_path, body)


def test_the_number_of_another_program_under_our_name_is_noticed_at_once(tmp_path: Path, expect_log: Expect) -> None:
    expect_log("second_program")

    async def body(world: World) -> None:
        entry = world.rig.enter_long()
        world.rig.accept(entry)
        theirs = replace(world.rig.order(entry), order_id=5, price=dec(1))
        world.deliver(OrderUpdate(theirs, "NEW", None, START_MS, START_MS), 0)
        assert world.halts == ["second_program"]

    run(tmp_path, body)
