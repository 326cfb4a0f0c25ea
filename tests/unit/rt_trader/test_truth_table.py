"""The table after a look: three columns, a state that keeps its age, a journal that is behind when it was so twice."""

import asyncio
from typing import Any

from tests.core_records import START_MS, dec, make_account_update, make_belief, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.order import OrderUpdate
from trader_gui.errors import UserError
from trader_gui.journal.belief import Belief
from trader_gui.orders.reconcile import Pair, RowKey, RowKind, RowState, compare
from trader_gui.rt_trader.provenance import Provenance
from trader_gui.rt_trader.status import Reconciliation
from trader_gui.rt_trader.truth_table import TruthTable

POSITION, WALLET, SETTINGS = (RowKind.POSITION, "BTCUSDT"), (RowKind.WALLET, "USDT"), (RowKind.SETTINGS, "BTCUSDT")
RIGHT = make_belief()


class World:
    """A table; the journal says `says`, or cannot be read when it is None."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.status = Reconciliation()
        self.provenance = Provenance()
        self.says: Belief | None = RIGHT
        world: Any = self
        self.table = TruthTable(self.rig.callback, world, world, self.provenance, self.status)
        self.changed: Any = None

    def rows(self) -> list[Any]:
        """Stand in for the claims: there are none."""
        return []

    async def belief(self) -> Belief:
        if self.says is None:
            raise UserError("the journal is closed")
        return self.says

    def pairs(self) -> dict[RowKey, Pair]:
        callback = self.rig.callback
        return compare(make_snapshot(), callback.account, callback.orders, "BTCUSDT")

    def update(self, *suspects: RowKey) -> None:
        asyncio.run(self.table.update(self.pairs(), suspects, self.pairs))

    def state(self, key: RowKey) -> tuple[RowState, str]:
        row = next(row for row in self.status.rows if row.key == key)
        return row.state, row.cause


def test_rows_say_what_each_side_holds_and_since_when() -> None:
    world = World()
    world.rig.tick()
    world.update()
    (row,) = world.status.rows
    assert (row.venue, row.journal, row.memory, row.state) == ("10000", "10000", "10000", RowState.AGREES)
    since_ms = row.since_ms
    world.rig.tick()
    world.update()
    assert world.status.rows[0].since_ms == since_ms
    world.update(WALLET)
    assert world.state(WALLET) == (RowState.DIFFERS, "looking_again")
    assert world.status.rows[0].since_ms > since_ms
    assert world.status.open_rows == 1


def test_a_journal_that_cannot_be_read_says_nothing() -> None:
    world = World()
    world.says = None
    world.update()
    assert (world.status.rows[0].journal, world.state(WALLET)) == (None, (RowState.AGREES, ""))


def test_the_journal_is_behind_when_it_was_so_twice_and_nothing_was_told_meanwhile() -> None:
    world = World()
    world.says = make_belief(make_position("0.010"))
    world.update()
    assert world.table.is_journal_suspect
    world.update()
    assert not world.table.is_journal_suspect  # known by now: no reason to look again soon
    assert world.state(POSITION) == (RowState.DIFFERS, "journal_behind")  # a row of the journal alone
    world.says = RIGHT
    world.update()
    assert [row.key for row in world.status.rows] == [WALLET]


def test_what_was_told_while_the_journal_was_read_proves_nothing() -> None:
    world = World()
    world.says = make_belief(make_position("0.010"))
    world.provenance.take(make_account_update(make_position(0)), 2**62)
    world.update()
    world.update()
    assert [row.key for row in world.status.rows] == [WALLET]


def test_an_order_that_no_list_was_asked_for_is_not_missing() -> None:
    world = World()
    order = make_order("web-1", symbol="ETHUSDT")
    world.rig.send(OrderUpdate(order, "NEW", None, START_MS, START_MS))
    world.says = make_belief(orders=(order,))
    world.pairs = lambda: {WALLET: Pair(dec(10_000), dec(10_000), 0, agrees=True)}  # type: ignore[method-assign]
    world.update()
    assert not world.table.is_journal_suspect
