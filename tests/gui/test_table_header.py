from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from trader_gui.models.table import Column, KeyedTableModel
from trader_gui.widgets.table_columns import ColumnLook
from trader_gui.widgets.table_header import Sorting
from trader_gui.widgets.tables import TableView

COLUMNS = (
    Column("time", "Time", lambda r: r[0], is_time=True),
    Column("symbol", "Symbol", lambda r: r[1]),
    Column("price", "Price", lambda r: r[2], is_number=True),
    Column("note", "Note", lambda r: r[1]),
    Column("hidden", "Never shown", lambda r: r[1]),
    Column("close", "", lambda r: "Close"),
)
LOOKS = (
    ColumnLook("time", 100, lambda r: str(r[0])),
    ColumnLook("symbol", 100, lambda r: r[1], drop=2),
    ColumnLook("price", 100, lambda r: str(r[2]), drop=1),
    ColumnLook("note", 100, lambda r: r[1], stretch=True),
    ColumnLook("close", 80, lambda r: "Close", is_action=True),
)


@pytest.fixture
def make(qtbot):
    def made(width=700, looks=LOOKS, columns=COLUMNS):
        model = KeyedTableModel(columns)
        model.set_rows([(i, (1000 * i, f"S{i}", Decimal(i * 7 % 5))) for i in range(5)])
        view = TableView(model, looks, "Things", "None", sorting=Sorting("time", is_descending=True))
        qtbot.addWidget(view)
        view.resize(width, 200)
        view.show()
        return view

    return made


def shown(view):
    return [view.rows.source.columns[c].key for c in view.header.shown_columns()]


def widths(view):
    return {view.rows.source.columns[c].key: view.columnWidth(c) for c in view.header.shown_columns()}


def drag(view, start, end):
    """Drag in the header with the left button."""
    header = view.horizontalHeader().viewport()
    QTest.mousePress(header, Qt.MouseButton.LeftButton, pos=start)
    for part in range(1, 11):
        QTest.mouseMove(header, start + (end - start) * part / 10)
    QTest.mouseRelease(header, Qt.MouseButton.LeftButton, pos=end)


def edge(view, column):
    """Return the right edge of a column's head."""
    header = view.horizontalHeader()
    return QPoint(header.sectionViewportPosition(column) + header.sectionSize(column) - 1, 10)


def test_the_default_sorting_is_shown_and_comes_back_with_the_third_click(qtbot, make):
    view = make()
    header = view.horizontalHeader()
    assert [row[0] for row in view.rows.rows()] == [4000, 3000, 2000, 1000, 0]
    assert header.isSortIndicatorShown() and header.sortIndicatorSection() == 0
    place = QPoint(header.sectionViewportPosition(2) + 20, 10)
    seen = []
    for _ in range(3):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
        seen.append([int(row[2]) for row in view.rows.rows()])
    assert seen == [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 1, 4, 2, 0]]
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    assert [row[0] for row in view.rows.rows()] == [0, 1000, 2000, 3000, 4000]


def test_a_head_is_dragged_to_another_place_and_an_edge_to_another_width(make):
    view = make()
    told = []
    view.header.changed.connect(lambda: told.append(1))
    drag(view, edge(view, 0), edge(view, 0) + QPoint(40, 0))
    assert widths(view)["time"] == 140 and told
    drag(view, QPoint(20, 10), QPoint(260, 10))
    assert shown(view) == ["symbol", "time", "price", "note", "close"]


def test_the_stretching_column_takes_the_room_until_the_user_sizes_it(make):
    view = make()
    room = view.viewport().width()
    assert sum(widths(view).values()) == room
    view.header.set_width(0, 150)
    assert sum(widths(view).values()) == room and widths(view)["time"] == 150
    view.header.set_width(3, 60)
    assert widths(view)["note"] == 60
    view.header.reset_width(3)
    assert sum(widths(view).values()) == room


def test_columns_leave_where_room_is_short_but_not_those_that_were_called_for(make):
    view = make(width=330)
    assert "symbol" not in shown(view)
    view.header.set_shown(1, True)
    assert "symbol" in shown(view) and "price" not in shown(view)
    view.header.set_shown(0, False)
    view.resize(900, 200)
    assert shown(view) == ["symbol", "price", "note", "close"]


def test_the_last_column_cannot_be_hidden(make):
    view = make()
    for column in range(6):
        view.header.set_shown(column, False)
    assert len(shown(view)) == 1


def test_what_the_user_made_comes_back_in_another_run(make):
    view = make()
    view.header.move(0, 1)
    view.header.set_width(2, 133)
    view.header.set_shown(3, False)
    view.header.sort_by(2, is_descending=True)
    again = make()
    again.header.restore(view.header.state())
    assert (shown(again), widths(again)) == (shown(view), widths(view))
    assert [row[2] for row in again.rows.rows()] == [4, 3, 2, 1, 0]
    assert again.header.state() == view.header.state()
    again.header.reset()
    fresh = make()
    assert (shown(again), widths(again), again.rows.rows()) == (shown(fresh), widths(fresh), fresh.rows.rows())


def test_a_column_that_is_new_since_stands_at_its_place_and_one_that_is_gone_is_forgotten(make):
    old = make(
        columns=(*COLUMNS[:1], *COLUMNS[2:], Column("former", "Former", lambda r: "")),
        looks=(LOOKS[0], *LOOKS[2:], ColumnLook("former", 50, lambda r: "")),
    )
    old.header.move(0, 1)
    new = make()
    new.header.restore(old.header.state())
    assert shown(new) == ["price", "symbol", "time", "note", "close"]


@pytest.mark.parametrize("state", ["", "{", "[]", "{}", '{"columns": [1], "sort": null}', '{"columns": [], "sort": 3}'])
def test_a_state_that_makes_no_sense_is_refused_and_changes_nothing(make, state):
    view = make()
    before = view.header.state()
    with pytest.raises(ValueError):
        view.header.restore(state)
    assert view.header.state() == before
