"""A bracket is on disk before its entry is sent, with every order that was sent for it, until it is over."""

import asyncio
import sqlite3
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from tests.unit.journal import samples
from trader_gui.domain.bracket import Bracket, new_bracket
from trader_gui.domain.client_order_id import make_client_order_id
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import OrderType, Origin, Purpose
from trader_gui.domain.step import _GATE_KEY, ApprovedOrder, Step
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.writer import JournalWriter, open_journal

STOP, TARGET = ExitLevel(price=Decimal("23000.0")), ExitLevel(distance=Decimal("500.0"))


def entry(number: int) -> ApprovedOrder:
    intent = replace(samples.intent(number), origin=Origin.HAND, stop=STOP, target=TARGET)
    return _approved(intent, number)


def exit_of(entry_id: str, number: int) -> ApprovedOrder:
    intent = samples.intent(number, order_type=OrderType.STOP_MARKET)
    return _approved(replace(intent, origin=Origin.HAND, purpose=Purpose.PROTECTION, bracket=entry_id), number)


def _approved(intent: object, number: int) -> ApprovedOrder:
    name = make_client_order_id(samples.PREFIX, intent.origin, intent.purpose, number)  # type: ignore[attr-defined]
    return ApprovedOrder(intent, name, gate_key=_GATE_KEY)  # type: ignore[arg-type]


def told(journal: JournalWriter, *brackets: Bracket) -> None:
    journal.record_step(Step(1, None, 5_000, brackets=brackets))


def believed(path: Path) -> tuple[Bracket, ...]:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE installation SET prefix = ?", (samples.PREFIX,))
    connection.close()
    with JournalReader(path) as reader:
        belief = reader.belief()
        assert belief is not None
        return belief.brackets


def test_a_bracket_and_each_of_its_orders_are_on_disk_before_they_are_sent(tmp_path: Path) -> None:
    path, first = tmp_path / "journal.sqlite", entry(9)

    async def main() -> None:
        async with open_journal(path) as journal:
            journal.record_step(samples.message_step(1, samples.snapshot()))
            await journal.write_intent(entry(11))
            await journal.write_intent(first)
            await journal.write_intent(exit_of(first.client_order_id, 12))
            await journal.write_intent(exit_of(first.client_order_id, 10))

    asyncio.run(main())
    older, newer = believed(path)
    assert older == replace(new_bracket(first.intent, "TTEST-hn-9"), orders=("TTEST-hp-10", "TTEST-hp-12"))
    assert (newer.entry_id, newer.stop, newer.target, newer.orders) == ("TTEST-hn-11", STOP, TARGET, ())


def test_how_far_it_has_come_is_kept_and_one_that_is_over_is_not(tmp_path: Path) -> None:
    path, first, second = tmp_path / "journal.sqlite", entry(1), entry(2)
    bracket, other = (new_bracket(e.intent, e.client_order_id) for e in (first, second))
    come = replace(bracket, orders=("TTEST-hp-3",), executed={"TTEST-hn-1": Decimal("0.004")}, target=None)

    async def main() -> None:
        async with open_journal(path) as journal:
            journal.record_step(samples.message_step(1, samples.snapshot()))
            for approved in (first, second, exit_of("TTEST-hn-1", 3), exit_of("TTEST-hn-2", 4)):
                await journal.write_intent(approved)
            told(journal, bracket, other)
            told(journal, come)
            told(journal, replace(other, is_over=True))

    asyncio.run(main())
    assert believed(path) == (come,)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT client_order_id FROM bracket_order").fetchall() == [("TTEST-hp-3",)]
    connection.close()


def test_one_that_was_over_and_proves_not_to_be_comes_back(tmp_path: Path) -> None:
    path, first = tmp_path / "journal.sqlite", entry(1)
    bracket = new_bracket(first.intent, first.client_order_id)
    alive = replace(bracket, executed={"TTEST-hn-1": Decimal("0.010")})

    async def main() -> None:
        async with open_journal(path) as journal:
            journal.record_step(samples.message_step(1, samples.snapshot()))
            await journal.write_intent(first)
            told(journal, replace(bracket, is_over=True))
            told(journal, alive)
            await journal.flush()
            told(journal, replace(bracket, is_over=True))
            await journal.flush()
            told(journal, alive)

    asyncio.run(main())
    assert believed(path) == (alive,)


def test_a_simulated_account_begins_without_brackets(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def main() -> None:
        async with open_journal(path) as journal:
            await journal.write_intent(entry(1))
        async with open_journal(path, is_account_new=True) as journal:
            journal.record_step(samples.message_step(1, samples.snapshot()))

    asyncio.run(main())
    assert believed(path) == ()
