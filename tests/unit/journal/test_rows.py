"""Rows: one count across all tables, kept for another try until they are on disk."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.journal import samples
from trader_gui.domain.order import OrderStatus
from trader_gui.journal.migrations import NUMBERED_TABLES
from trader_gui.journal.rows import RowMaker
from trader_gui.journal.schema import connect_for_writing


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = connect_for_writing(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def ids(connection: sqlite3.Connection) -> list[int]:
    return sorted(row[0] for table in NUMBERED_TABLES for row in connection.execute(f"SELECT id FROM {table}"))


def fill_rows(rows: RowMaker) -> None:
    rows.begin_session("demo", "BTCUSDT", "1m", "0.1.0", 1)
    rows.add_step(samples.message_step(1, samples.snapshot()))
    rows.add_step(samples.message_step(2, samples.update(1, OrderStatus.FILLED, trade=samples.fill(1))))
    rows.add_step(samples.evaluation_step(3, True, 1.0))
    rows.note("feed", "market stale", 4)
    rows.end_session(5, "closed")


def test_ids_rise_by_one_across_tables_and_sessions(connection: sqlite3.Connection) -> None:
    for session in (1, 2):
        rows = RowMaker(connection)
        fill_rows(rows)
        rows.insert()
        rows.insert_intent(samples.approved(session))
        rows.clear()
        assert rows.is_empty
    count = len(ids(connection))
    # The second session's fill is the first's, told again: its id is left out, no other is.
    assert set(range(1, count + 2)) - set(ids(connection)) == {max(ids(connection)) - 4}
    sessions = {
        row[0] for table in ("step", "account", "note") for row in connection.execute(f"SELECT session_id FROM {table}")
    }
    assert sessions == {1, 9}


def test_rows_that_were_rolled_back_can_be_inserted_again(connection: sqlite3.Connection) -> None:
    rows = RowMaker(connection)
    fill_rows(rows)
    connection.execute("BEGIN")
    rows.insert()
    connection.execute("ROLLBACK")
    assert ids(connection) == []
    rows.insert()
    assert len(ids(connection)) == 7


def test_an_id_without_a_number_is_refused(connection: sqlite3.Connection) -> None:
    rows = RowMaker(connection)
    strange = samples.approved(1)
    strange.client_order_id = "by-somebody-else"
    with pytest.raises(ValueError, match="else"):
        rows.insert_intent(strange)
