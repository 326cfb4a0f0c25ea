"""An order's price or size is typed in its cell: judged as it is typed, sent once by Enter, left by Esc."""

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget

from tests.fakes import START_MS, FakeTrader, fill, order, snapshot, stop_loss
from trader_gui.domain.order import OrderFamily, OrderOutcome, OrderType, OutcomeKind, Purpose, Side
from trader_gui.domain.step import Route
from trader_gui.domain.ticket import AskRules
from trader_gui.exchange.port import CommissionRate
from trader_gui.models.bridge import Bridge
from trader_gui.models.ticket_asking import Circumstances, reasons_to_ask
from trader_gui.widgets.table_columns import ORDERS
from trader_gui.widgets.table_tabs import TableTabs

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window
D = Decimal
NEAR = order(1, Side.BUY, price="108000.0", quantity="0.010")
FAR = order(2, Side.SELL, price="109000.0", quantity="0.020")


class Desk:
    """The orders panel in a window, on a fake session with two limit orders and a stop."""

    def __init__(self, qtbot):
        self.qtbot = qtbot
        self.trader = FakeTrader()
        self.trader.run_quietly()
        self.trader.status.commission = CommissionRate("BTCUSDT", D("0.0002"), D("0.0005"))
        self.trader.feed(snapshot([], [NEAR, FAR, stop_loss(3)]))
        self.bridge = Bridge(self.trader, now_ns=self.trader.clock)
        self.tabs = TableTabs(self.bridge)
        self.panel, self.table = self.tabs.orders, self.tabs.orders.table
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.resize(1268, 400)
        self.panel.setParent(self.window)
        self.panel.resize(1268, 220)
        self.window.show()
        self.panel.show()
        self.asked, self.said = [], []
        self.panel.amend_requested.connect(lambda o, price, quantity: self.asked.append((o, price, quantity)))
        self.table.said.connect(self.said.append)
        self.flush()

    def flush(self):
        self.bridge.flush()
        QApplication.processEvents()

    def cell(self, which, key):
        row = self.table.rows.row_of((which.client_order_id, which.order_family))
        column = next(i for i, c in enumerate(self.table.source.columns) if c.key == key)
        return self.table.rows.index(row, column)

    def open(self, which=NEAR, key="limit"):
        """Double-click a cell with the mouse."""
        where = self.table.visualRect(self.cell(which, key)).center()
        viewport = self.table.viewport()
        self.qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=where)
        self.qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=where)
        return self.panel.editor

    def type(self, text, *keys):
        editor = self.panel.editor
        editor.selectAll()
        self.qtbot.keyClicks(editor, text)
        for key in keys:
            self.qtbot.keyClick(editor, key)
        return editor

    def row(self, which=NEAR):
        return self.bridge.orders.get((which.client_order_id, which.order_family))

    def text(self, key, which=NEAR):
        look = next(look for look in ORDERS if look.key == key)
        return look.text(self.row(which)), look.tone(self.row(which)), look.is_pending(self.row(which))


@pytest.fixture
def desk(qtbot):
    made = Desk(qtbot)
    yield made
    for one in (*made.tabs.panels().values(), made.tabs.journal):
        if one is not made.panel:
            one.close()
            one.deleteLater()


def test_a_price_is_typed_and_sent_once(desk):
    editor = desk.open()
    assert editor.text() == "108,000.0" and editor.hasFocus()
    desk.type("108100.5", Qt.Key.Key_Return)
    assert [(o.client_order_id, p, q) for o, p, q in desk.asked] == [(NEAR.client_order_id, D("108100.5"), None)]
    assert desk.panel.editor is None
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)  # a second Enter comes too late
    assert len(desk.asked) == 1
    assert desk.table.hasFocus()


def test_a_size_is_typed_by_keys_alone(desk):
    desk.table.setCurrentIndex(desk.cell(FAR, "quantity"))
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_F2)
    editor = desk.panel.editor
    assert editor.text() == "0.020"
    desk.qtbot.keyClick(editor, Qt.Key.Key_Up)
    desk.qtbot.keyClick(editor, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert editor.text() == "0.031"
    desk.qtbot.keyClick(editor, Qt.Key.Key_Enter)
    assert [(p, q) for _, p, q in desk.asked] == [(None, D("0.031"))]


def test_f2_elsewhere_in_the_row_means_the_price(desk):
    desk.table.setCurrentIndex(desk.cell(NEAR, "side"))
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_F2)
    assert desk.panel.editor.text() == "108,000.0"


def test_esc_and_another_place_leave_it_as_it_was(desk):
    desk.open()
    desk.type("108100.0", Qt.Key.Key_Escape)
    assert desk.panel.editor is None and desk.table.hasFocus()
    desk.open()
    desk.type("108100.0")
    desk.table.setFocus()
    assert desk.panel.editor is None and desk.asked == []


def test_the_same_number_asks_for_nothing(desk):
    desk.open()
    desk.type("108000", Qt.Key.Key_Return)
    assert desk.panel.editor is None and desk.asked == []


def test_a_wrong_number_is_explained_and_the_nearest_can_be_taken(desk):
    desk.open()
    editor = desk.type("108000.05", Qt.Key.Key_Return)
    assert desk.panel.editor is editor and desk.asked == []
    assert "Not a multiple of the tick" in editor.messages[0].html
    editor._bubble.link_taken.emit("108000.1")
    assert editor.text() == "108,000.1"
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert [p for _, p, _ in desk.asked] == [D("108000.1")]


def test_what_is_far_out_of_the_usual_takes_a_second_enter(desk):
    desk.panel.reasons = lambda intent, expected, facts: reasons_to_ask(
        AskRules(), intent, expected, facts, Circumstances()
    )
    desk.open()
    editor = desk.type("105000.0", Qt.Key.Key_Return)
    assert desk.asked == [] and any("away from the mark price" in m.html for m in editor.messages)
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert [p for _, p, _ in desk.asked] == [D("105000.0")]


def test_old_prices_hold_it(desk):
    desk.trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4)
    desk.flush()
    desk.open()
    editor = desk.type("108100.0", Qt.Key.Key_Return)
    assert desk.asked == [] and any("Held" in m.html for m in editor.messages)


def test_the_editor_goes_with_its_order_and_with_its_table(desk):
    desk.open()
    desk.trader.feed(fill(1, NEAR, "0.010", "108000.0"))
    desk.flush()
    assert desk.panel.editor is None
    desk.open(FAR)
    desk.panel.hide()
    assert desk.panel.editor is None and desk.asked == []


def test_it_stays_at_its_cell_when_rows_and_columns_move(desk):
    editor = desk.open(NEAR)
    column = desk.cell(NEAR, "limit").column()
    desk.table.header.move(column, -1)
    assert editor.geometry() == desk.table.visualRect(desk.cell(NEAR, "limit"))
    desk.trader.feed(snapshot([], [NEAR, FAR, order(9, Side.BUY, price="107000.0")], taken_ms=START_MS + 60_000))
    desk.flush()
    assert editor.geometry() == desk.table.visualRect(desk.cell(NEAR, "limit"))
    bubble = editor._bubble.geometry()
    assert desk.window.rect().contains(bubble)
    assert not bubble.intersects(editor.geometry().translated(desk.table.viewport().mapTo(desk.window, QPoint(0, 0))))


def test_a_stop_is_moved_by_its_trigger_alone(desk):
    stop = stop_loss(3)
    desk.open(stop, "quantity")
    assert desk.panel.editor is None
    editor = desk.open(stop, "trigger")
    assert editor.text() == "108,248.4"
    desk.type("108500.0", Qt.Key.Key_Return)  # the last price is 108451.2: it would be executed at once
    assert desk.asked == [] and "must be below the price" in editor.messages[0].html
    desk.type("108300.0", Qt.Key.Key_Return)
    assert [(o.client_order_id, p, q) for o, p, q in desk.asked] == [(stop.client_order_id, D("108300.0"), None)]
    desk.table.setCurrentIndex(desk.cell(stop, "side"))
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_F2)
    assert desk.panel.editor is not None
    desk.qtbot.keyClick(desk.panel.editor, Qt.Key.Key_Escape)


def test_a_trailing_stop_is_said_to_be_no_order_that_can_be_changed(desk):
    trailing = order(4, Side.SELL, OrderType.TRAILING_STOP_MARKET, purpose=Purpose.PROTECTION, close_position=False)
    desk.trader.feed(snapshot([], [NEAR, trailing], taken_ms=START_MS + 60_000))
    desk.flush()
    desk.open(trailing, "trigger")
    assert desk.panel.editor is None and "cannot be changed" in desk.said[0]


def test_a_change_is_hatched_until_it_is_answered_and_a_refusal_stands_at_the_row(desk):
    key = (NEAR.client_order_id, OrderFamily.BOOK)
    desk.bridge.orders.begin_amend(key, D("108100.0"), None)
    desk.flush()
    assert desk.text("limit") == ("108,100.0", "text1", True)
    assert desk.text("state") == ("Being changed", "warn", False)
    assert desk.open() is None  # one change at a time
    desk.bridge.orders.finish_amend(key, "Would take.")
    desk.flush()
    assert desk.text("limit") == ("108,000.0", "text1", False)
    assert desk.text("state") == ("Not changed: Would take.", "danger", False)
    assert "Would take." in desk.table.tip(desk.cell(NEAR, "state"))
    desk.trader.now_ns += 21 * 10**9
    desk.flush()
    assert desk.text("state")[0] == "At exchange"


def test_a_change_of_unknown_outcome_stays_hatched(desk):
    from trader_gui.domain.order import AmendIntent, Origin

    wish = AmendIntent("BTCUSDT", NEAR.client_order_id, Origin.HAND, "by_hand", 0, D("108100.0"))
    desk.trader.callback.request([wish])
    unknown = OrderOutcome(NEAR.client_order_id, OutcomeKind.UNKNOWN, False, START_MS, is_amend=True)
    desk.trader.feed(unknown)
    desk.flush()
    assert desk.text("limit")[2] and desk.text("state")[0] in ("Being changed", "Asking since 0 s")
