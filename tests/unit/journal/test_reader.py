"""The reader: what the program last believed is rebuilt from intents, events and snapshots alone."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.journal import samples
from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType, OutcomeKind, WorkingType
from trader_gui.domain.step import ApprovedOrder, EngineMode, FeedStatus, Message, ModeChange, Route, Step
from trader_gui.errors import UserError
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.writer import open_journal


def write(path: Path, items: Iterable[ApprovedOrder | Message | Step]) -> JournalReader:
    async def main() -> None:
        async with open_journal(path, profile="demo", symbol="BTCUSDT", interval="1m") as journal:
            for sequence, item in enumerate(items, 1):
                if isinstance(item, ApprovedOrder):
                    await journal.write_intent(item)
                else:
                    journal.record_step(item if isinstance(item, Step) else samples.message_step(sequence, item))

    asyncio.run(main())
    return JournalReader(path)


def open_ids(reader: JournalReader) -> dict[str, OrderStatus]:
    return {order.client_order_id: order.status for order in reader.open_orders()}


def test_a_missing_file_reads_as_an_empty_journal(tmp_path: Path) -> None:
    with JournalReader(tmp_path / "none.sqlite") as reader:
        assert reader.last_session() is None
        assert reader.open_orders() == reader.fills() == ()
        assert reader.positions() == reader.balances() == {}
        assert reader.next_sequence() == 1
        assert reader.frame("fill").empty
    assert list(tmp_path.iterdir()) == []


def test_an_order_of_which_nothing_was_heard_is_unknown_with_all_its_figures(tmp_path: Path) -> None:
    with write(tmp_path / "j.sqlite", [samples.snapshot(), samples.approved(1)]) as reader:
        (order,) = reader.open_orders()
    assert order.status is OrderStatus.UNKNOWN
    assert (order.quantity, order.price) == (Decimal("0.010"), Decimal("23847.40"))
    assert order.working_type is WorkingType.CONTRACT_PRICE
    assert order.order_family is OrderFamily.BOOK


def test_a_conditional_intent_belongs_to_the_algo_family(tmp_path: Path) -> None:
    with write(tmp_path / "j.sqlite", [samples.approved(1, order_type=OrderType.STOP_MARKET)]) as reader:
        (order,) = reader.open_orders()
    assert order.order_family is OrderFamily.ALGO


def test_open_orders_follow_answers_and_events_in_any_order(tmp_path: Path) -> None:
    items = [
        *(samples.approved(number) for number in range(1, 6)),
        samples.outcome(1, OutcomeKind.REFUSED),
        samples.update(2, OrderStatus.PARTIALLY_FILLED, trade=samples.fill(1, 2), executed="0.007"),
        samples.outcome(2, OutcomeKind.ACCEPTED),  # the REST reply came after the stream's event
        samples.update(3, OrderStatus.FILLED, trade=samples.fill(2, 3), executed="0.010"),
        samples.outcome(3, OutcomeKind.ACCEPTED),
        samples.outcome(4, OutcomeKind.UNKNOWN),
        samples.outcome(5, OutcomeKind.ACCEPTED),
        samples.outcome(5, OutcomeKind.REFUSED, is_cancel=True),  # a refused cancel leaves the order open
    ]
    with write(tmp_path / "j.sqlite", items) as reader:
        assert open_ids(reader) == {
            "TTEST-en-2": OrderStatus.PARTIALLY_FILLED,
            "TTEST-en-4": OrderStatus.UNKNOWN,
            "TTEST-en-5": OrderStatus.NEW,
        }
        assert next(o for o in reader.open_orders() if o.client_order_id == "TTEST-en-2").executed_quantity == Decimal(
            "0.007"
        )
        assert [type(m).__name__ for m in reader.order_messages("TTEST-en-2")] == ["OrderUpdate", "OrderOutcome"]


def test_a_snapshot_tells_what_was_open_but_not_that_an_unanswered_order_is_over(tmp_path: Path) -> None:
    items = [
        samples.approved(1),
        samples.update(1, OrderStatus.NEW),  # heard of, and gone from the snapshot: over
        samples.approved(2),
        samples.outcome(2, OutcomeKind.UNKNOWN),  # may still arrive
        samples.approved(3),  # sent, no answer yet
        samples.snapshot(samples.order(7, OrderStatus.NEW)),
        samples.approved(4),
    ]
    with write(tmp_path / "j.sqlite", items) as reader:
        assert set(open_ids(reader)) == {"TTEST-en-2", "TTEST-en-3", "TTEST-en-4", "TTEST-en-7"}


def test_position_and_balance_are_the_venues_last_word(tmp_path: Path) -> None:
    items = [samples.snapshot(amount="0.5"), samples.account_update("0.007"), samples.account_update("-0.010", "9998")]
    with write(tmp_path / "j.sqlite", items) as reader:
        assert reader.positions()["BTCUSDT"].position_amount == Decimal("-0.010")
        assert reader.balances()["USDT"].wallet_balance == Decimal(9998)


def test_it_knows_whose_intents_it_holds_and_when_the_account_was_last_told(tmp_path: Path) -> None:
    approved = samples.approved(1)
    with write(tmp_path / "j.sqlite", [samples.snapshot(), approved]) as reader:
        assert reader.has_intent(approved.client_order_id)
        assert not reader.has_intent("web-1")
        assert reader.account_time_ms() == samples.snapshot().taken_time_ms
    with JournalReader(tmp_path / "none.sqlite") as reader:
        assert reader.account_time_ms() == 0


@pytest.mark.parametrize("last", [samples.account_update("0"), samples.snapshot()])
def test_flat_is_no_position(tmp_path: Path, last: Message) -> None:
    with write(tmp_path / "j.sqlite", [samples.account_update("0.5"), last]) as reader:
        assert reader.positions() == {}


def test_a_fill_told_twice_is_one_fill_with_exact_decimals(tmp_path: Path) -> None:
    first = samples.update(1, OrderStatus.PARTIALLY_FILLED, trade=samples.fill(1), executed="0.007")
    second = samples.update(1, OrderStatus.FILLED, trade=samples.fill(2, quantity="0.003"), executed="0.010")
    path = tmp_path / "j.sqlite"
    write(path, [first, first, second]).close()
    with write(path, [second]) as reader:  # told again by another session
        assert reader.fills() == (samples.fill(1), samples.fill(2, quantity="0.003"))
        assert reader.fills(since_ms=3_002) == (samples.fill(2, quantity="0.003"),)
        assert reader.fills(symbol="ETHUSDT") == ()
        frame = reader.frame("fill")
    assert frame["quantity"].sum() == Decimal("0.010")
    assert list(frame["trade_id"]) == [1, 2]


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
                journal.record_step(samples.message_step(1, samples.account_update("0.5")))
                await journal.flush()
                assert set(reader.positions()) == {"BTCUSDT"}
                session = reader.last_session()
                assert session is not None and session.ended_ms is None

    asyncio.run(main())
