from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QTableView

from trader_gui.models import sorted_table
from trader_gui.models.sorted_table import SortedTable
from trader_gui.models.table import ROW_ROLE, Column, KeyedTableModel

COLUMNS = (
    Column("name", "Name", lambda r: r[0]),
    Column("size", "Size", lambda r: r[1], is_number=True),
    Column("time", "Time", lambda r: r[2], is_time=True),
)
UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
Sizes = st.one_of(st.none(), st.integers(0, 3).map(Decimal))
Puts = st.dictionaries(st.integers(0, 9), st.tuples(Sizes, st.integers(0, 2)), max_size=6)
Steps = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), Puts, st.sets(st.integers(0, 9), max_size=3)),
        st.tuples(st.just("set"), Puts),
        st.tuples(st.just("sort"), st.integers(-1, 1), st.sampled_from([UP, DOWN])),
        st.tuples(st.just("filter"), st.sampled_from([None, 0, 1])),
    ),
    max_size=8,
)


class Ranked(KeyedTableModel):
    """Ranks by time, newest first, as histories do; several rows may have one rank."""

    def rank(self, key):
        return (-self.get(key)[2],)


def rows_of(puts):
    return [(key, (f"row {key}", size, time)) for key, (size, time) in puts.items()]


def shown(table, column=None):
    if column is None:
        return [table.index(i, 0).data(ROW_ROLE) for i in range(table.rowCount())]
    return [table.index(i, column).data() for i in range(table.rowCount())]


class Mirror:
    """A copy of the table kept from its signals alone; rows of one sort key may stand in any order in it."""

    def __init__(self, table):
        self.table, self.rows = table, shown(table)
        table.rowsInserted.connect(self._on_inserted)
        table.rowsRemoved.connect(self._on_removed)
        table.rowsMoved.connect(self._on_moved)
        table.dataChanged.connect(self._on_changed)
        table.modelReset.connect(self._on_all)
        table.layoutChanged.connect(self._on_all)

    def _on_inserted(self, _, first, last):
        self.rows[first:first] = shown(self.table)[first : last + 1]

    def _on_removed(self, _, first, last):
        del self.rows[first : last + 1]

    def _on_moved(self, _, first, last, __, target):
        row = self.rows.pop(first)
        self.rows.insert(target if target < first else target - 1, row)

    def _on_changed(self, top, bottom, *_):
        for i in range(top.row(), bottom.row() + 1):
            self.rows[i] = self.table.index(i, 0).data(ROW_ROLE)

    def _on_all(self):
        self.rows = shown(self.table)


def expected(source, sorting, wanted):
    """What must be shown, said in the plainest way."""
    rows = [(source.rank(key), row) for key, row in source.items() if wanted is None or row[2] == wanted]
    rows.sort(key=lambda pair: pair[0])
    column, order = sorting
    if column >= 0:
        value = COLUMNS[column].value
        rows.sort(key=lambda p: (value(p[1]) is not None, value(p[1]) or 0), reverse=order == DOWN)
    return rows


@pytest.mark.parametrize("at_once", [10_000, 3])
@pytest.mark.parametrize("kind", [KeyedTableModel, Ranked])
@settings(max_examples=150)
@given(steps=Steps)
def test_whatever_changes_the_table_is_filtered_sorted_and_announced(qapp, at_once, kind, steps):
    """Small changes, moves, filters and sortings in any order; large tables work in turns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_table, "AT_ONCE", at_once)
        patch.setattr(sorted_table, "TURN_ROWS", 2)
        patch.setattr(sorted_table, "MOST_RUNS", 3)
        source = kind(COLUMNS)
        table = SortedTable(source)
        tester = QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal)
        mirror = Mirror(table)
        sorting, wanted = (-1, UP), None
        for step in steps:
            if step[0] == "merge":
                source.merge_rows(rows_of(step[1]), step[2])
            elif step[0] == "set":
                source.set_rows(rows_of(step[1]))
            elif step[0] == "sort":
                sorting = step[1], step[2]
                table.sort(*sorting)
            else:
                wanted = step[1]
                table.set_filter(None if wanted is None else lambda row, w=wanted: row[2] == w)
            if at_once == 3 and table.is_busy and len(steps) % 2:
                table._work_on()  # some steps come while the work of the last one is under way
                continue
            while table.is_busy:
                table._work_on()
        while table.is_busy:
            table._work_on()
        wanted_rows = expected(source, sorting, wanted)
        assert mirror.rows == shown(table) == table.rows()
        if kind is KeyedTableModel:  # every rank is another one, so there is one right order
            assert shown(table) == [row for _, row in wanted_rows]
        value = COLUMNS[max(0, sorting[0])].value
        assert sorted(row[0] for row in shown(table)) == sorted(row[0] for _, row in wanted_rows)
        if sorting[0] >= 0:
            assert [value(row) for row in shown(table)] == [value(row) for _, row in wanted_rows]
        tester.deleteLater()


def test_values_are_compared_exactly_where_floats_would_be_equal(qapp):
    source = KeyedTableModel(COLUMNS)
    table = SortedTable(source)
    texts = ["1.0000000000000000002", "1.0000000000000000001", "9", "10", "1.0000000000000000003"]
    source.set_rows([(i, ("", Decimal(text), 0)) for i, text in enumerate(texts)])
    table.sort(1, UP)
    assert shown(table, 1) == [*sorted(texts, key=Decimal)]
    table.sort(1, DOWN)
    assert shown(table, 1) == [*sorted(texts, key=Decimal, reverse=True)]


def test_a_selection_stays_with_its_row_when_the_table_is_sorted_and_rows_come(qtbot):
    source = KeyedTableModel(COLUMNS)
    source.set_rows([(i, (f"row {i}", Decimal(i % 5), i)) for i in range(20)])
    table = SortedTable(source)
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(table)
    view.selectionModel().setCurrentIndex(table.index(7, 1), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    table.sort(1, DOWN)
    source.merge_rows([(40, ("row 40", Decimal(9), 0))])
    source.merge_rows([(7, ("row 7", Decimal(8), 0))])
    assert view.currentIndex().data(ROW_ROLE)[0] == "row 7" and view.currentIndex().row() == 1
    assert [i.row() for i in view.selectedIndexes()] == [1]


def test_what_nobody_looks_at_costs_nothing_and_is_right_when_somebody_does(qapp):
    source = KeyedTableModel(COLUMNS)
    table = SortedTable(source)
    table.set_active(False)
    told = []
    for signal in (table.rowsInserted, table.modelReset, table.dataChanged):
        signal.connect(lambda *_: told.append(1))
    source.merge_rows([(1, ("a", None, 0))])
    assert not told and table.rowCount() == 0
    table.set_active(True)
    assert shown(table, 0) == ["a"]


def test_a_large_table_is_sorted_in_turns_and_stands_until_then(qtbot, monkeypatch):
    monkeypatch.setattr(sorted_table, "AT_ONCE", 10)
    monkeypatch.setattr(sorted_table, "TURN_ROWS", 50)
    source = KeyedTableModel(COLUMNS)
    source.merge_rows([(i, (f"row {i}", Decimal(i * 7919 % 1000), i)) for i in range(1000)])
    table = SortedTable(source)
    qtbot.waitUntil(lambda: not table.is_busy)
    before = shown(table, 0)
    kept = QPersistentModelIndex(table.index(3, 0))
    table.sort(1, DOWN)
    assert table.is_busy and shown(table, 0) == before
    source.merge_rows([(2000, ("late", Decimal(5000), 0))])
    qtbot.waitUntil(lambda: not table.is_busy)
    values = [row[1] for row in shown(table)]
    assert values == sorted(values, reverse=True) and table.rowCount() == 1001
    assert shown(table)[0][0] == "late" and kept.data() == "row 3"
