"""The past out of the journal, page by page, and the life of one order."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.journal import samples
from trader_gui.domain.order import Fill, OrderOutcome, OrderStatus, OutcomeKind
from trader_gui.domain.step import ApprovedOrder
from trader_gui.journal import history
from trader_gui.journal.history import JournalHistory, JournalPage
from trader_gui.journal.writer import open_journal


@contextmanager
def journal(path: Path, *sessions: Iterable[Any]) -> Iterator[JournalHistory]:
    async def write() -> None:
        for items in sessions:
            async with open_journal(path, profile="demo", symbol="BTCUSDT", interval="1m") as writer:
                for sequence, item in enumerate(items, 1):
                    if isinstance(item, ApprovedOrder):
                        await writer.write_intent(item)
                    else:
                        writer.record_step(samples.message_step(sequence, item))

    asyncio.run(write())
    with JournalHistory(path) as reader:
        yield reader


def one_order(number: int, trade_id: int) -> list[Any]:
    """An order's way from the intent to its fill."""
    return [
        samples.approved(number),
        samples.outcome(number, OutcomeKind.ACCEPTED),
        samples.update(number, OrderStatus.NEW),
        samples.update(number, OrderStatus.FILLED, trade=samples.fill(trade_id, number), executed="0.010"),
        samples.account_update("0.010"),
    ]


def all_pages(reader: JournalHistory, **options: Any) -> list[JournalPage]:
    pages = [reader.page(**options)]
    while pages[-1].before_id is not None:
        pages.append(reader.page(pages[-1].before_id, **options))
    return pages


def trade_ids(fills: Iterable[Fill]) -> list[int]:
    return [fill.trade_id for fill in fills]


def test_an_order_is_told_once_as_its_messages_together_have_it(tmp_path: Path) -> None:
    with journal(tmp_path / "j.sqlite", one_order(1, 10)) as reader:
        page = reader.page()
    (past,) = page.orders
    assert (past.order.status, str(past.order.executed_quantity)) == (OrderStatus.FILLED, "0.010")
    assert (past.placed_time_ms, past.is_told) == (samples.intent(1).wanted_time_ms, False)
    assert trade_ids(page.fills) == [10] and len(page.account_updates) == 1 and page.before_id is None


@pytest.mark.parametrize("page_events", [1, 2, 3, 100])
def test_pages_together_hold_everything_once_whatever_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page_events: int
) -> None:
    monkeypatch.setattr(history, "PAGE_EVENTS", page_events)
    monkeypatch.setattr(history, "_ASKED_AT_ONCE", 1)
    items = [item for number in range(1, 5) for item in one_order(number, 10 * number)]
    with journal(tmp_path / "j.sqlite", items) as reader:
        pages = all_pages(reader)
    assert trade_ids(f for page in pages for f in page.fills) == [40, 30, 20, 10]
    assert sum(len(page.account_updates) for page in pages) == 4
    assert {p.order.client_order_id for page in pages for p in page.orders} == {
        samples.approved(number).client_order_id for number in range(1, 5)
    }
    times = [page.oldest_ms for page in pages if page.oldest_ms is not None]
    assert times and pages[-1].before_id is None


def test_an_order_that_the_exchange_refused_is_known_from_here_alone(tmp_path: Path) -> None:
    refused = msgspec.structs.replace(
        samples.outcome(1, OutcomeKind.REFUSED), error_code=-2019, error_message="Margin is insufficient."
    )
    unknown = samples.outcome(2, OutcomeKind.UNKNOWN)
    foreign = OrderOutcome("someone-1", OutcomeKind.REFUSED, False, 2_500)
    items = [samples.approved(1), refused, samples.approved(2), unknown, foreign]
    with journal(tmp_path / "j.sqlite", items) as reader:
        (past,) = reader.page().orders
    assert past.order.status is OrderStatus.REJECTED and past.order.order_id is None
    assert past.order.reject_reason == "-2019 Margin is insufficient."
    assert past.order.price == samples.intent(1).price


def test_where_each_session_has_an_account_of_its_own_the_earlier_ones_are_left_out(tmp_path: Path) -> None:
    with journal(tmp_path / "j.sqlite", one_order(1, 10), one_order(2, 10)) as reader:
        (page,) = all_pages(reader, newest_session_only=True)
        whole = reader.page()
    assert [p.order.client_order_id for p in page.orders] == [samples.approved(2).client_order_id]
    assert len(page.fills) == len(page.account_updates) == 1
    assert len(whole.orders) == len(whole.fills) == 2, "a fill of the second account is not lost for its trade id"


def test_the_life_of_an_order_has_its_intent_and_every_message(tmp_path: Path) -> None:
    items = [*one_order(1, 10), *one_order(2, 20)]
    with journal(tmp_path / "j.sqlite", items) as reader:
        life = reader.life(samples.approved(2).client_order_id)
        nothing = reader.life("someone-1")
        assert reader.symbols() == {"BTCUSDT"}
    assert life.intent == samples.intent(2)
    assert [type(m).__name__ for m in life.messages] == ["OrderOutcome", "OrderUpdate", "OrderUpdate"]
    assert (nothing.intent, nothing.messages) == (None, ())


def test_a_journal_that_is_not_there_is_an_empty_past(tmp_path: Path) -> None:
    with JournalHistory(tmp_path / "none.sqlite") as reader:
        page = reader.page(newest_session_only=True)
    assert page == JournalPage((), (), (), None, None)
