"""The reader: tables for people, whatever else is going on."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.journal import samples
from trader_gui.domain.order import FillHistory, OrderStatus, OutcomeKind
from trader_gui.domain.step import ApprovedOrder, EngineMode, FeedStatus, Message, ModeChange, Route, Step
from trader_gui.errors import UserError
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.writer import open_journal


def write(
    path: Path, items: Iterable[ApprovedOrder | Message | Step], *, is_account_new: bool = False
) -> JournalReader:
    """Write one session and return a reader of its journal."""

    async def main() -> None:
        async with open_journal(
            path, profile="demo", symbol="BTCUSDT", interval="1m", is_account_new=is_account_new
        ) as journal:
            for sequence, item in enumerate(items, 1):
                if isinstance(item, ApprovedOrder):
                    await journal.write_intent(item)
                else:
                    journal.record_step(item if isinstance(item, Step) else samples.message_step(sequence, item))

    asyncio.run(main())
    return JournalReader(path)


def test_a_missing_file_reads_as_an_empty_journal(tmp_path: Path) -> None:
    with JournalReader(tmp_path / "none.sqlite") as reader:
        assert reader.last_session() is None
        assert reader.belief() is None
        assert reader.fills() == reader.newest_fills("BTCUSDT", 9) == ()
        assert reader.next_sequence() == 1
        assert reader.frame("fill").empty
    assert list(tmp_path.iterdir()) == []


def test_it_knows_whose_intents_it_holds(tmp_path: Path) -> None:
    approved = samples.approved(1)
    with write(tmp_path / "j.sqlite", [samples.snapshot(), approved]) as reader:
        assert reader.has_intent(approved.client_order_id)
        assert not reader.has_intent("web-1")


def test_a_fill_told_twice_is_one_fill_with_exact_decimals(tmp_path: Path) -> None:
    first = samples.update(1, OrderStatus.PARTIALLY_FILLED, trade=samples.fill(1), executed="0.007")
    second = samples.update(1, OrderStatus.FILLED, trade=samples.fill(2, quantity="0.003"), executed="0.010")
    path = tmp_path / "j.sqlite"
    write(path, [first, first, second]).close()
    read_again = FillHistory("BTCUSDT", (samples.fill(2, quantity="0.003"), samples.fill(3)), 3)
    with write(path, [second, read_again]) as reader:  # told again by another session
        assert reader.fills() == (samples.fill(1), samples.fill(2, quantity="0.003"), samples.fill(3))
        assert reader.newest_fills("BTCUSDT", 2) == reader.fills()[1:]
        assert reader.fills(since_ms=3_002) == reader.fills()[1:]
        assert reader.fills(symbol="ETHUSDT") == reader.newest_fills("ETHUSDT", 9) == ()
        assert reader.traded_symbols(3_003) == {"BTCUSDT"}
        assert reader.traded_symbols(3_004) == set()
        frame = reader.frame("fill")
    assert frame["quantity"].sum() == Decimal("0.017")
    assert list(frame["trade_id"]) == [1, 2, 3]


def test_a_fill_whose_order_becomes_known_later_gets_its_name_and_keeps_it(tmp_path: Path) -> None:
    nameless = samples.fill(1)
    nameless = type(nameless)(**{n: getattr(nameless, n) for n in nameless.__struct_fields__} | {"client_order_id": ""})
    named = samples.update(1, OrderStatus.FILLED, trade=samples.fill(1), executed="0.007")
    histories = [FillHistory("BTCUSDT", (fill,), 1) for fill in (nameless, samples.fill(1), nameless)]
    with write(tmp_path / "j.sqlite", [*histories, named]) as reader:
        assert reader.fills() == (samples.fill(1),)


def test_every_simulated_account_has_trades_of_its_own_though_their_ids_begin_anew(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    told = samples.update(1, OrderStatus.FILLED, trade=samples.fill(1), executed="0.007")
    for _ in range(2):
        write(path, [told, told], is_account_new=True).close()
    with JournalReader(path) as reader:
        assert reader.fills() == (samples.fill(1),) * 2
        assert reader.newest_fills("BTCUSDT", 9) == ()  # none of them is the venue's
        assert reader.traded_symbols(0) == set()


def test_an_orders_life_holds_its_cancels_too(tmp_path: Path) -> None:
    items = [
        samples.approved(1),
        samples.outcome(1, OutcomeKind.ACCEPTED),
        samples.cancel_step(2, 1),
        samples.outcome(1, OutcomeKind.UNKNOWN, is_cancel=True),
        samples.update(1, OrderStatus.CANCELED),
    ]
    with write(tmp_path / "j.sqlite", items) as reader:
        names = [type(message).__name__ for message in reader.order_messages("TTEST-en-1")]
    assert names == ["OrderOutcome", "CancelIntent", "OrderOutcome", "OrderUpdate"]


def test_steps_are_stored_in_full_when_the_truth_changes_and_as_before_in_between(tmp_path: Path) -> None:
    steps = [
        samples.evaluation_step(1, False, 99.0),
        samples.evaluation_step(2, False, 99.5),
        samples.evaluation_step(3, True, 100.5),
        samples.evaluation_step(4, True, 100.6, wish=True),
        samples.evaluation_step(5, True, 100.7, is_closed=True),
        samples.evaluation_step(6, True, 100.8),
    ]
    with write(tmp_path / "j.sqlite", steps) as reader:
        session = reader.last_session()
        assert session is not None
        stored = list(reader.steps(session.session_id))
        assert reader.frame("step")["sequence"].tolist() == [1, 2, 3, 4, 5, 6]
    assert [step.is_full for step in stored] == [True, False, True, True, True, False]
    assert [step.conditions[0].value for step in stored] == [False, False, True, True, True, True]
    assert stored[3].wished[0].order == samples.intent(4)
    assert stored[3].refusals == steps[3].refusals
    assert stored[5].wished == ()
    assert stored[5].groups == steps[4].evaluation.groups  # type: ignore[union-attr]
    assert stored[5].event_time_ms == 506


def test_changes_of_mode_and_feed_are_noted(tmp_path: Path) -> None:
    items = [ModeChange(EngineMode.ACTIVE, "by_user", 10), FeedStatus(Route.MARKET, False, 20)]
    with write(tmp_path / "j.sqlite", items) as reader:
        session = reader.last_session()
        assert session is not None
        notes = [(n.kind, n.text, n.event_time_ms) for n in reader.notes(session.session_id)]
    assert notes == [("mode", "ACTIVE by_user", 10), ("feed", "market stale", 20)]


def test_a_table_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with (
        JournalReader(tmp_path / "j.sqlite") as reader,
        pytest.raises(UserError, match="no table sqlite_master"),
    ):
        reader.frame("sqlite_master")


def test_a_journal_reads_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"

    async def main() -> None:
        async with open_journal(path) as journal:
            with JournalReader(path) as reader:
                journal.record_step(samples.message_step(1, samples.snapshot()))
                journal.record_step(samples.message_step(2, samples.account_update("0.5")))
                await journal.flush()
                belief = reader.belief()
                assert belief is not None and [symbol for symbol, _ in belief.positions] == ["BTCUSDT"]
                session = reader.last_session()
                assert session is not None and session.ended_ms is None

    asyncio.run(main())
