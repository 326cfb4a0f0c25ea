from decimal import Decimal

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from tests.fakes import FakeTrader, order, position, snapshot, stop_loss
from trader_gui.domain.account import PositionMode
from trader_gui.domain.order import OrderIntent, OrderType, Origin, PositionSide, Purpose, Side, TimeInForce
from trader_gui.models.bridge import Bridge
from trader_gui.models.table import ROW_ROLE
from trader_gui.widgets.position_columns import POSITIONS
from trader_gui.widgets.table_columns import ORDERS
from trader_gui.widgets.tables import TableView

CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def trader():
    made = FakeTrader()
    made.run_quietly()
    return made


@pytest.fixture
def bridge(qapp, trader):
    made = Bridge(trader, now_ns=trader.clock)
    yield made
    made.deleteLater()


@pytest.fixture
def positions(qtbot, bridge, trader):
    view = TableView(bridge.positions, POSITIONS, "Positions", "No open position")
    qtbot.addWidget(view)
    view.resize(1268, 200)
    view.show()
    trader.feed(snapshot([position()], [stop_loss()]))
    bridge.flush()
    return view


@pytest.fixture
def orders(qtbot, bridge):
    view = TableView(bridge.orders, ORDERS, "Orders", "No open order")
    qtbot.addWidget(view)
    view.resize(1268, 200)
    view.show()
    return view


def cell(view, row, key):
    column = next(i for i, look in enumerate(view._looks) if look is not None and look.key == key)
    return view.visualRect(view.model().index(row, column)).center()


def column_of(view, key):
    return next(i for i, look in enumerate(view._looks) if look is not None and look.key == key)


def click(qtbot, view, point):
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=point)


def test_close_is_pressed_by_mouse_once_until_it_is_finished(qtbot, positions):
    asked = []
    positions.action_requested.connect(asked.append)
    where = cell(positions, 0, "close")
    click(qtbot, positions, where)
    qtbot.mouseDClick(positions.viewport(), Qt.MouseButton.LeftButton, pos=where)
    click(qtbot, positions, where)
    assert [r.symbol for r in asked] == ["BTCUSDT"]
    positions.finish_action(("BTCUSDT", PositionSide.BOTH))
    click(qtbot, positions, where)
    assert len(asked) == 2


def test_the_two_legs_of_a_symbol_are_two_rows(qtbot, trader, bridge, positions):
    legs = [position("0.020", position_side=PositionSide.LONG), position("-0.010", position_side=PositionSide.SHORT)]
    trader.feed(PositionMode(True, 0), snapshot(legs, [stop_loss(7, position_side=PositionSide.LONG)]))
    bridge.flush()
    side, cover = (next(look for look in POSITIONS if look.key == key) for key in ("side", "protected_by"))
    told = {row.key: (side.text(row), cover.text(row)) for row in bridge.positions.rows()}
    assert told == {
        ("BTCUSDT", PositionSide.LONG): ("▲ Long leg", "Stop loss 108,248.4"),
        ("BTCUSDT", PositionSide.SHORT): ("▼ Short leg", "NOT PROTECTED"),
    }


def test_a_trailing_stop_protects_a_position_without_a_price_of_its_own(qtbot, trader, bridge, positions):
    """Where it lies the exchange does not tell: a stop that has a price goes before it, and counts for R."""
    fixed = stop_loss(8, symbol="ETHUSDT", trigger="2900", quantity="0.010")
    trailing = msgspec.structs.replace(
        stop_loss(9, symbol="ETHUSDT"), order_type=OrderType.TRAILING_STOP_MARKET, trigger_price=Decimal(0),
        is_activated=True, close_position=False, reduce_only=True, quantity=Decimal("0.010"),
    )  # fmt: skip
    cover = next(look for look in POSITIONS if look.key == "protected_by")
    for stops, words, has_r in (([trailing], "Trailing stop", False), ([trailing, fixed], "Stop loss 2,900", True)):
        trader.feed(snapshot([position("0.010", "3000", symbol="ETHUSDT")], stops))
        bridge.flush()
        (row,) = (row for row in bridge.positions.rows() if row.symbol == "ETHUSDT")
        assert (cover.text(row), row.is_protected, row.r_multiple is not None) == (words, True, has_r)


def test_a_press_that_slides_off_the_button_does_nothing(qtbot, positions):
    asked = []
    positions.action_requested.connect(asked.append)
    where = cell(positions, 0, "close")
    qtbot.mousePress(positions.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.mouseRelease(positions.viewport(), Qt.MouseButton.LeftButton, pos=where - QPoint(300, 0))
    click(qtbot, positions, cell(positions, 0, "entry"))
    assert asked == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Delete])
def test_the_rows_button_works_by_key(qtbot, positions, key):
    positions.setCurrentIndex(positions.model().index(0, 0))
    with qtbot.waitSignal(positions.action_requested, timeout=500) as asked:
        qtbot.keyClick(positions, key)
    assert asked.args[0].quantity == Decimal("0.010")


def test_a_live_price_does_not_give_a_pending_button_back(qtbot, positions, bridge, trader):
    from tests.fakes import mark_price

    asked = []
    positions.action_requested.connect(asked.append)
    click(qtbot, positions, cell(positions, 0, "close"))
    trader.feed(mark_price("108500.0"))
    bridge.flush()
    click(qtbot, positions, cell(positions, 0, "close"))
    assert len(asked) == 1


def test_an_order_that_is_not_confirmed_has_no_cancel_button(qtbot, orders, bridge, trader):
    asked = []
    orders.action_requested.connect(asked.append)
    wish = OrderIntent(
        "BTCUSDT",
        Side.BUY,
        OrderType.LIMIT,
        Purpose.ENTRY,
        Origin.HAND,
        "by_hand",
        0,
        Decimal("0.010"),
        Decimal("108000.0"),
        time_in_force=TimeInForce.GTC,
    )
    assert trader.callback.request([wish]).refusals == ()
    bridge.flush()
    assert orders.model().rowCount() == 1
    click(qtbot, orders, cell(orders, 0, "cancel"))
    assert asked == []
    trader.feed(snapshot([], [order(1, Side.BUY, price="100000.0")]))
    bridge.flush()
    click(qtbot, orders, cell(orders, 0, "cancel"))
    assert [r.order.client_order_id for r in asked] == ["test1-hn-1"]


def test_a_click_on_a_header_sorts_by_value_then_back(qtbot, orders, bridge, trader):
    prices = ["99000.0", "100000.0", "9500.0"]
    trader.feed(snapshot([], [order(n, Side.BUY, price=p) for n, p in enumerate(prices, start=1)]))
    bridge.flush()
    column = next(i for i, look in enumerate(orders._looks) if look is not None and look.key == "limit")
    header = orders.horizontalHeader()
    point = QPoint(header.sectionViewportPosition(column) + 20, 10)

    def shown():
        return [orders.model().index(i, column).data() for i in range(3)]

    as_it_came = shown()
    seen = []
    for _ in range(3):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)
        seen.append(shown())
    assert seen == [["9500.0", "99000.0", "100000.0"], ["100000.0", "99000.0", "9500.0"], as_it_came]


@pytest.mark.parametrize("change", ["another comes above", "it moves", "all are new", "it goes", "it goes up"])
def test_a_press_is_of_the_row_that_was_pressed_whatever_moves_under_the_mouse(three, bridge, trader, change):
    asked = []
    three.action_requested.connect(asked.append)
    viewport, left, where = three.viewport(), Qt.MouseButton.LeftButton, cell(three, 1, "cancel")
    above, aimed_at = three.rows.key(0), three.rows.row_at(1)
    QTest.mousePress(viewport, left, pos=where)
    if change == "it moves":
        three.header.sort_by(column_of(three, "limit"), is_descending=True)
    elif change == "all are new":
        three.rows.set_filter(lambda row: row is aimed_at)
    elif change == "another comes above":
        trader.feed(snapshot([], [order(4, Side.BUY, price="98000.0", update_time_ms=10**13)]))
        bridge.flush()
    else:
        bridge.orders.merge_rows((), [above if change == "it goes up" else three.rows.key(1)])
    if change != "all are new":
        assert three.indexAt(where).data(ROW_ROLE) != aimed_at
    QTest.mouseRelease(viewport, left, pos=where)
    assert [row.client_order_id for row in asked] == [aimed_at.client_order_id] * (change != "it goes")


def test_an_entry_of_a_rows_menu_is_of_that_row_and_of_no_other_that_took_its_place(three, bridge):
    asked = []
    three.action_requested.connect(asked.append)
    index = three.indexAt(cell(three, 1, "limit"))
    three.setCurrentIndex(index)
    menu = three.menu_for(index)
    bridge.orders.merge_rows((), [three.rows.key(1)])
    assert three.currentIndex().isValid()
    next(action for action in menu.actions() if action.text() == "Cancel order").trigger()
    assert asked == []
    menu.deleteLater()


def clipboard():
    return [line.split("\t") for line in QGuiApplication.clipboard().text().split("\n")]


@pytest.fixture
def three(orders, bridge, trader):
    """Three orders, newest first: 9,500, 100,000 and 99,000."""
    prices = ["99000.0", "100000.0", "9500.0"]
    trader.feed(snapshot([], [order(n, Side.BUY, price=p) for n, p in enumerate(prices, start=1)]))
    bridge.flush()
    return orders


def test_copy_gives_the_chosen_cell_and_its_row_as_plain_values(qtbot, positions):
    positions.setCurrentIndex(positions.model().index(0, 3))
    qtbot.keyClick(positions, Qt.Key.Key_C, CONTROL)
    assert clipboard() == [["108367.6"]]
    qtbot.keyClick(positions, Qt.Key.Key_C, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    (cells,) = clipboard()
    assert cells[0] == "BTCUSDT" and "0.8220" in cells and "Close" not in cells


def test_a_dragged_rectangle_is_copied_as_lines_and_tabs_in_the_order_shown(qtbot, three):
    top, bottom = cell(three, 0, "side"), cell(three, 1, "limit")
    qtbot.mousePress(three.viewport(), Qt.MouseButton.LeftButton, pos=top)
    qtbot.mouseMove(three.viewport(), bottom)
    qtbot.mouseRelease(three.viewport(), Qt.MouseButton.LeftButton, pos=bottom)
    qtbot.keyClick(three, Qt.Key.Key_C, CONTROL)
    assert clipboard() == [["BUY", "0.010", "9500.0"], ["BUY", "0.010", "100000.0"]]
    three.header.move(column_of(three, "limit"), -1)
    qtbot.keyClick(three, Qt.Key.Key_C, CONTROL)
    assert clipboard()[0] == ["BUY", "9500.0", "0.010"]


def test_more_cells_than_a_clipboard_is_for_are_not_copied(qtbot, three, monkeypatch):
    monkeypatch.setattr("trader_gui.widgets.table_copy.MOST_CELLS", 5)
    QGuiApplication.clipboard().setText("before")
    three.selectAll()
    with qtbot.waitSignal(three.said):
        qtbot.keyClick(three, Qt.Key.Key_C, CONTROL)
    assert clipboard() == [["before"]]


def test_columns_are_sorted_moved_and_sized_by_key(qtbot, three):
    limit = column_of(three, "limit")
    three.setCurrentIndex(three.model().index(0, limit))
    qtbot.keyClick(three, Qt.Key.Key_Down, ALT)
    assert [three.model().index(i, limit).data() for i in range(3)] == ["100000.0", "99000.0", "9500.0"]
    assert three.currentIndex().data() == "9500.0"
    qtbot.keyClick(three, Qt.Key.Key_Up, ALT)
    assert [three.model().index(i, limit).data() for i in range(3)] == ["9500.0", "99000.0", "100000.0"]
    place, width = three.header.shown_columns().index(limit), three.columnWidth(limit)
    qtbot.keyClick(three, Qt.Key.Key_Right, ALT)
    qtbot.keyClick(three, Qt.Key.Key_Right, ALT | Qt.KeyboardModifier.ShiftModifier)
    assert three.header.shown_columns().index(limit) == place + 1
    assert three.columnWidth(limit) == width + 8


def test_the_menu_of_a_row_copies_presses_its_button_and_chooses_columns(qtbot, three):
    asked = []
    three.action_requested.connect(asked.append)
    three.setCurrentIndex(three.model().index(1, column_of(three, "limit")))
    menu = three.menu_for(three.currentIndex())
    entries = {action.text().partition("\t")[0]: action for action in menu.actions()}
    assert list(entries)[:3] == ["Copy", "Copy row", "Cancel order"] and "Hide Limit" in entries
    entries["Cancel order"].trigger()
    assert [row.order.price for row in asked] == [Decimal("100000.0")]
    again = three.menu_for(three.currentIndex())
    assert "Cancel order" not in [action.text() for action in again.actions()], "its cancel is on its way"
    entries["Hide Limit"].trigger()
    assert three.isColumnHidden(column_of(three, "limit"))
    menu.deleteLater(), again.deleteLater()


def test_a_table_that_is_not_seen_is_brought_up_to_date_when_it_is(qtbot, orders, bridge, trader):
    orders.hide()
    trader.feed(snapshot([], [order(1, Side.BUY, price="99000.0")]))
    bridge.flush()
    assert orders.model().rowCount() == 0
    orders.show()
    assert orders.model().rowCount() == 1


def test_columns_go_by_rank_when_room_is_short_and_never_what_matters(qtbot, positions):
    keys = [look.key for look in positions._looks]
    always = {"symbol", "side", "quantity", "entry", "liquidation", "unrealized", "net", "protected_by", "close"}

    def shown(width):
        positions.resize(width, 200)
        return {k for i, k in enumerate(keys) if not positions.isColumnHidden(i)}

    assert shown(1700) == set(keys) - {"distance"}
    assert shown(1268) == always | {"mark", "ratio", "terms", "roe"}  # as the window is at 1920
    assert shown(956) == always  # and at 1280
    assert shown(860) == always - {"net"}
    assert shown(1700) == set(keys) - {"distance"}


def test_no_number_is_cut_off_at_its_width(qtbot, positions):
    """Every shown number fits in its cell with the padding, in the font that draws it."""
    from PySide6.QtGui import QFontMetrics

    from trader_gui.models.table import ROW_ROLE
    from trader_gui.widgets.theme import theme

    metrics = QFontMetrics(theme().font("figure"))
    for column, look in enumerate(positions._looks):
        index = positions.model().index(0, column)
        if not positions.isColumnHidden(column) and positions.is_number(column):
            assert metrics.horizontalAdvance(look.text(index.data(ROW_ROLE))) <= positions.columnWidth(column) - 18, (
                look
            )
