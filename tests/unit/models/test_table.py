from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from trader_gui.models.table import PENDING_ROLE, ROW_ROLE, Changes, Column, KeyedTableModel

COLUMNS = (
    Column("name", "Name", lambda r: r[0]),
    Column("size", "Size", lambda r: r[1], is_number=True),
)
Rows = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), unique_by=lambda r: r[0], max_size=10)


def keyed(rows):
    return [(key, (f"row {key}", value)) for key, value in rows]


@given(st.lists(Rows, min_size=2, max_size=4))
def test_any_change_of_rows_is_announced_rightly(qapp, states):
    """Qt's own tester follows every signal; a copy kept from the signals alone must equal the model."""
    model = KeyedTableModel(COLUMNS)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    mirror = []

    def on_inserted(_, first, last):
        mirror[first:first] = [model.row(i) for i in range(first, last + 1)]

    def on_moved(_, first, last, __, target):
        assert first == last
        row = mirror.pop(first)
        mirror.insert(target if target < first else target - 1, row)

    def on_changed(top, bottom, *_):
        for i in range(top.row(), bottom.row() + 1):
            mirror[i] = model.row(i)

    def on_removed(_, first, last):
        del mirror[first : last + 1]

    model.rowsInserted.connect(on_inserted)
    model.rowsMoved.connect(on_moved)
    model.dataChanged.connect(on_changed)
    model.rowsRemoved.connect(on_removed)
    shown = []
    for rows in states:
        is_changed = model.set_rows(keyed(rows))
        assert is_changed == (keyed(rows) != shown)
        shown = keyed(rows)
        assert model.rows() == mirror == [row for _, row in shown]
    tester.deleteLater()


def test_a_row_keeps_its_place_in_selections_when_others_come_and_go(qapp):
    model = KeyedTableModel(COLUMNS)
    model.set_rows(keyed([(1, 1), (2, 2), (3, 3)]))
    kept = QPersistentModelIndex(model.index(2, 0))
    model.set_rows(keyed([(9, 0), (3, 4)]))
    assert kept.row() == 1
    assert kept.data(ROW_ROLE) == ("row 3", 4)


def test_two_rows_with_one_key_are_refused(qapp):
    with pytest.raises(ValueError, match="same key"):
        KeyedTableModel(COLUMNS).set_rows([(1, ("a", 1)), (1, ("b", 2))])


@given(st.lists(st.tuples(Rows, st.sets(st.integers(0, 9), max_size=4)), max_size=5))
def test_what_is_merged_in_is_told_and_nothing_else(qapp, changes):
    model = KeyedTableModel(COLUMNS)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    told = []
    model.rows_changed.connect(told.append)
    wanted = {}
    for rows, removed in changes:
        before = dict(wanted)
        for key in removed:
            wanted.pop(key, None)
        wanted.update(keyed(rows))
        assert model.merge_rows(keyed(rows), removed) == (wanted != before or any(k in before for k in removed))
        assert dict(model.items()) == wanted and model.rowCount() == len(wanted)
        assert [model.position(model.key(i)) for i in range(len(wanted))] == list(range(len(wanted)))
        assert sorted(wanted, key=model.rank) == [model.key(i) for i in range(len(wanted))]
        put = {k for k in wanted if k not in before or before[k] != wanted[k] or k in removed}
        change = told.pop() if told else Changes(())
        assert (set(change.put), set(change.removed)) == (put, removed & before.keys()) and not told
    tester.deleteLater()


def test_cells_are_plain_numbers_and_times_that_other_programs_read(qapp):
    model = KeyedTableModel((*COLUMNS, Column("time", "Time", lambda r: r[2], is_time=True)))
    model.set_rows([(1, ("a", Decimal("1E+3"), 1_764_534_909_007)), (2, ("b", None, None))])
    right = model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole)
    assert right & Qt.AlignmentFlag.AlignRight
    assert [model.index(0, c).data() for c in range(3)] == ["a", "1000", "2025-11-30T20:35:09.007Z"]
    assert [model.index(1, c).data() for c in range(3)] == ["b", "", ""]


def test_a_pending_row_is_told_until_it_is_finished_or_gone(qapp):
    model = KeyedTableModel(COLUMNS)
    model.set_rows(keyed([(1, 1)]))
    model.set_pending(1, True)
    model.set_rows(keyed([(1, 2)]))
    assert model.index(0, 0).data(PENDING_ROLE)
    model.set_pending(1, False)
    assert not model.index(0, 0).data(PENDING_ROLE)
    model.set_pending(1, True)
    model.set_rows([])
    model.set_rows(keyed([(1, 1)]))
    assert not model.index(0, 0).data(PENDING_ROLE)
