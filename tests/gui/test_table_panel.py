"""Panels of tables: filters by hand, reading the past at the end of a table, what they say, cancelling many."""

import asyncio
from decimal import Decimal

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from tests.fakes import FakeTrader, order, snapshot, stop_loss
from tests.history_world import DAY_MS, NOW_MS, Deal, FakeHistory, FakeVenue, funding_row, funding_update
from trader_gui.domain.order import OrderStatus, OrderType, Side
from trader_gui.errors import VenueError
from trader_gui.models.bridge import Bridge
from trader_gui.widgets.table_export import count_words
from trader_gui.widgets.table_tabs import TableTabs

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window


class Desk:
    """The tabs' panels on a fake session; readings run when `read` is called."""

    def __init__(self, qtbot, deals=(), seen=()):
        self.qtbot = qtbot
        self.venue = FakeVenue(list(deals))
        self.trader = FakeTrader(history=FakeHistory(self.venue, seen))
        self.trader.run_quietly()
        self.trader.feed(funding_update(NOW_MS, "0"))
        self.bridge = Bridge(self.trader, now_ns=self.trader.clock)
        self.tabs = TableTabs(self.bridge)
        self.bridge.flush()

    def show(self, panel, width=1260, height=200):
        self.qtbot.addWidget(panel)
        panel.resize(width, height)
        panel.show()
        self.bridge.flush()
        QApplication.processEvents()
        return panel

    def read(self):
        asyncio.run(self.bridge.history.loader.load())
        self.bridge.flush()
        QApplication.processEvents()


@pytest.fixture
def desk(qtbot):
    made = []

    def make(*arguments, **options):
        made.append(Desk(qtbot, *arguments, **options))
        return made[-1]

    yield make
    for one in made:
        for panel in (*one.tabs.panels().values(), one.tabs.journal):
            panel.close()
            panel.deleteLater()
        one.bridge.deleteLater()


def choose(qtbot, button, text):
    """Open a button's menu and take an entry."""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    menu = next(m for m in button.findChildren(QMenu) if m.isVisible())
    action = next(a for a in menu.actions() if a.text().startswith(text))
    action.trigger()
    menu.close()


def entries(menu):
    return [action.text() for action in menu.actions() if action.text()]


def ids(panel):
    return [row.fill.trade_id for row in panel.table.rows.rows()]


# ---- filters ---------------------------------------------------------------------------------------------------------


def test_rows_are_chosen_by_value_by_words_and_all_come_back(qtbot, desk):
    one = desk([Deal(n, NOW_MS - n * DAY_MS, "ETHUSDT" if n == 3 else "BTCUSDT") for n in range(1, 6)])
    panel = one.show(one.tabs.fills)
    one.read()
    assert ids(panel) == [1, 2, 3, 4, 5]
    side, symbol = panel.bar.choices[1], panel.bar.choices[0]
    choose(qtbot, side, "Buy")
    assert ids(panel) == [1, 3, 5] and side.text() == "Buy" and side.accessibleName() == "Side: Buy"
    choose(qtbot, symbol, "ETH")
    assert ids(panel) == [3] and panel.note.words.startswith("1 of 5")
    choose(qtbot, symbol, "All")
    panel.bar.search.setFocus()
    qtbot.keyClicks(panel.bar.search, "eth hn")
    qtbot.waitUntil(lambda: ids(panel) == [3])
    qtbot.keyClick(panel.bar.search, Qt.Key.Key_Escape)
    assert ids(panel) == [1, 2, 3, 4, 5] and panel.bar.search.text() == "" and side.text() == "Both sides"


def test_words_find_what_is_shown_and_what_it_is_called_elsewhere(qtbot, desk):
    one = desk([Deal(n, NOW_MS - n * DAY_MS) for n in range(1, 4)])
    panel = one.show(one.tabs.order_history)
    one.read()

    def found(words):
        panel.bar.search.setText(words)
        panel.bar.apply()
        return [row.order.order_id for row in panel.table.rows.rows()]

    assert found("triggered, done") == found("finished") == found("5003") == [1003]
    assert found("manual") == [1001, 1002, 1003] and found("1002") == [1002]
    assert found("nothing of the kind") == []


def test_when_the_filters_leave_nothing_it_is_said_and_not_that_there_is_nothing(qtbot, desk):
    one = desk([Deal(1, NOW_MS - DAY_MS)])
    panel = one.show(one.tabs.fills)
    one.read()
    panel.bar.search.setText("no such thing")
    panel.bar.apply()
    assert panel.table.empty_text == "No row passes the filters" and panel.note.words.startswith("0 of 1")
    panel.bar.clear()
    assert panel.table.empty_text == "No fill yet; your executions appear here"


def test_a_value_that_is_gone_stays_chosen_until_the_user_chooses_another(qtbot, desk):
    one = desk()
    one.trader.feed(snapshot([], [order(1, Side.BUY, price="99000.0")]))
    panel = one.show(one.tabs.orders)
    choose(qtbot, panel.bar.choices[1], "Buy")
    one.trader.feed(snapshot([], []))
    one.bridge.flush()
    panel.bar.choices[1]._open()
    menu = next(m for m in panel.bar.choices[1].findChildren(QMenu) if m.isVisible())
    assert entries(menu) == ["Both sides", "Buy"]
    menu.close()


def test_control_f_goes_to_the_field_of_the_table_that_is_seen(qtbot, desk):
    one = desk()
    panel = one.show(one.tabs.orders)
    panel.activateWindow()
    panel.table.setFocus()
    qtbot.waitUntil(panel.isActiveWindow)
    qtbot.keyClick(panel, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert panel.bar.search.hasFocus()


# ---- spans of time ---------------------------------------------------------------------------------------------------


def test_a_span_shows_its_rows_and_has_read_what_is_missing_of_it(qtbot, desk):
    days = [0, 3, 20, 60]
    one = desk([Deal(n, NOW_MS - 60_000 - d * DAY_MS) for n, d in enumerate(days, 1)])
    panel = one.show(one.tabs.fills)
    one.read()
    assert ids(panel) == [1, 2]
    choose(qtbot, panel.bar.range, "Today")
    assert ids(panel) == [1]
    choose(qtbot, panel.bar.range, "30 days")
    assert one.bridge.history.loader._wants
    one.read()
    assert ids(panel) == [1, 2, 3] and panel.note.words == "3 of 3 · Whole"
    choose(qtbot, panel.bar.range, "From")
    assert panel.bar.first.isVisible() and ids(panel) == [1, 2]
    panel.bar.first.setDate(QDate(2025, 9, 1))
    panel.bar.last.setDate(QDate(2025, 10, 31))
    qtbot.waitUntil(lambda: not panel.bar._typing.isActive())
    one.read()
    assert ids(panel) == [4]
    spans = [(start, end) for what, _, start, end in one.venue.calls if what == "income"]
    assert max(end - start for start, end in spans) < 7 * DAY_MS
    choose(qtbot, panel.bar.range, "All")
    assert ids(panel) == [1, 2, 3, 4] and not panel.bar.first.isVisible()


def test_scrolling_to_the_end_reads_older_rows_and_only_there(qtbot, desk):
    one = desk([Deal(n, NOW_MS - n * DAY_MS // 3) for n in range(1, 31)])
    panel = one.show(one.tabs.fills)
    one.read()
    assert len(ids(panel)) == 20
    bar = panel.table.verticalScrollBar()
    bar.setValue(bar.maximum() - 1)
    assert not one.bridge.history.loader._is_older_wanted
    bar.setValue(bar.maximum())
    assert one.bridge.history.loader._is_older_wanted
    one.read()
    assert len(ids(panel)) == 30
    assert bar.value() < bar.maximum(), "the view stays where it was"
    panel.table.header.sort_by(4, is_descending=False)
    bar.setValue(bar.maximum())
    assert not one.bridge.history.loader._is_older_wanted, "sorted otherwise, the end is not the past"


def test_the_panel_says_what_is_whole_and_offers_older_rows_until_there_are_none(qtbot, desk):
    one = desk([Deal(1, NOW_MS - DAY_MS)])
    panel = one.show(one.tabs.fills)
    assert panel.note.words == "What the journal knows"
    one.read()
    assert panel.note.words == "Whole since 2025-11-23 20:35"
    assert panel.older_button.isEnabled() and panel.older_button.text() == "Older"
    while panel.older_button.isEnabled():
        qtbot.mouseClick(panel.older_button, Qt.MouseButton.LeftButton)
        one.read()
    assert panel.note.words.endswith("the exchange keeps no more")
    assert "BTCUSDT" in panel.note.toolTip() and "3 days" in panel.note.toolTip()


def test_an_error_stands_in_the_panel_and_can_be_tried_again(qtbot, desk):
    one = desk([Deal(1, NOW_MS - DAY_MS)])
    panel = one.show(one.tabs.fills)
    one.venue.error = VenueError(None, "no answer in time", retryable=True)
    one.read()
    assert panel.note.words == "Not all is read. The exchange answered: no answer in time"
    assert panel.older_button.text() == "Try again" and panel.note.property("tone") == "warn"
    qtbot.mouseClick(panel.older_button, Qt.MouseButton.LeftButton)
    one.bridge.flush()
    one.read()
    assert ids(panel) == [1] and panel.older_button.text() == "Older"


# ---- sums ------------------------------------------------------------------------------------------------------------


def test_income_of_the_shown_rows_is_added_up_by_asset_and_by_type(qtbot, desk):
    one = desk([Deal(n, NOW_MS - n * DAY_MS) for n in range(1, 4)])
    one.venue.income_rows.append(funding_row(NOW_MS - DAY_MS, "-0.10"))
    panel = one.show(one.tabs.income)
    one.read()
    qtbot.waitUntil(lambda: panel.sums_label.words == "Sum +0.28 USDT")  # two results of 1, three fees, funding
    assert panel.sums_label.toolTip().split("\n") == [
        "Fee −1.62 USDT",
        "Funding −0.10 USDT",
        "Realised result +2.00 USDT",
    ]
    choose(qtbot, panel.bar.choices[1], "Funding")
    qtbot.waitUntil(lambda: panel.sums_label.words == "Sum −0.10 USDT")


def test_fills_add_up_to_result_and_fees(qtbot, desk):
    one = desk([Deal(n, NOW_MS - n * DAY_MS) for n in range(1, 4)])
    panel = one.show(one.tabs.fills)
    one.read()
    qtbot.waitUntil(lambda: panel.sums_label.words == "Realised +2.00, fees −1.62 USDT")


# ---- assets ----------------------------------------------------------------------------------------------------------


def test_assets_are_read_while_they_are_seen_and_say_of_when(qtbot, desk):
    one = desk()
    assets = one.bridge.assets
    asked = []
    assets.wanted.connect(lambda: asked.append(1))
    one.bridge.flush()
    assert not asked
    panel = one.show(one.tabs.assets)
    assert asked == [1] and panel.note.words == "Reading…"
    asyncio.run(assets.load())
    assert panel.note.words == "As of 20:35:09 UTC" and assets.rowCount() == 1
    one.venue.error = VenueError(-1003, "Too many requests", retryable=True)
    asyncio.run(assets.load())
    assert panel.note.words.startswith("Not read.") and assets.rowCount() == 1
    panel.hide()
    one.trader.now_ns += 3600 * 10**9
    one.bridge.flush()
    assert asked == [1]


# ---- orders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def orders(desk):
    one = desk()
    open_orders = [
        order(1, Side.BUY, price="99000.0"),
        order(2, Side.SELL, price="110000.0"),
        stop_loss(3),
        order(4, Side.BUY, price="2000.0", symbol="ETHUSDT", client_order_id="web-9"),
        order(5, Side.BUY, OrderType.LIMIT, price="98000.0", status=OrderStatus.UNKNOWN),
    ]
    one.trader.feed(snapshot([], open_orders))
    one.panel = one.show(one.tabs.orders)
    return one


def test_orders_are_filtered_by_symbol_side_kind_and_sender(qtbot, orders):
    panel = orders.panel

    def shown():
        return {row.order.client_order_id.rpartition("-")[2] for row in panel.table.rows.rows()}

    choices = panel.bar.choices
    for choice, text, wanted in (
        (choices[0], "ETH", {"9"}),
        (choices[1], "Sell", {"2", "3"}),
        (choices[2], "Stop", {"3"}),
        (choices[3], "Engine", {"3"}),
        (choices[3], "Elsewhere", {"9"}),
    ):
        choose(qtbot, choice, text)
        assert shown() == wanted, text
        panel.bar.clear()
    assert len(shown()) == 5


def test_orders_are_cancelled_in_groups(qtbot, orders):
    panel = orders.panel
    asked = []
    panel.cancel_many_requested.connect(lambda what, of: asked.append((what, sorted(o.client_order_id for o in of))))
    menu = panel.cancel_button.make_menu()
    assert entries(menu) == [
        "All of BTCUSDT (4)…",
        "All of ETHUSDT (1)…",
        "All buys (3)…",
        "All sells (2)…",
        "All orders (5)…",
    ]
    menu.actions()[1].trigger()
    assert asked == [("All of ETHUSDT", ["web-9"])]
    menu.deleteLater()
    choose(qtbot, panel.bar.choices[1], "Sell")
    panel.table.selectAll()
    menu = panel.cancel_button.make_menu()
    assert entries(menu)[:2] == ["Chosen orders (2)…", "Shown orders (2)…"]
    menu.deleteLater()


def test_the_menu_of_an_order_leads_to_its_life_and_to_files(qtbot, orders, monkeypatch):
    panel = orders.panel
    asked = []
    panel.life_requested.connect(lambda row: asked.append(row.client_order_id))
    panel.export.requested.connect(lambda which, kind: asked.append((which, kind)))
    panel.table.setCurrentIndex(panel.table.model().index(0, 0))
    menu = panel.table.menu_for(panel.table.currentIndex())
    names = entries(menu)
    assert names[:3] == ["Copy\tCtrl+C", "Copy row\tCtrl+Shift+C", "Cancel order"] and "Order's life…" in names
    next(a for a in menu.actions() if a.text() == "Order's life…").trigger()
    export = next(a for a in menu.actions() if a.text() == "Export").menu()
    assert export.actions()[0].text() == "5 rows as CSV…"
    for action in export.actions():
        action.trigger()
    assert asked == [panel.table.rows.rows()[0].client_order_id, (panel.export, "csv"), (panel.export, "parquet")]
    menu.deleteLater()


def test_one_row_is_not_called_rows():
    assert [count_words(rows) for rows in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]


def test_copied_fills_are_plain_numbers_and_times(qtbot, desk):
    one = desk([Deal(1, NOW_MS - DAY_MS)])
    panel = one.show(one.tabs.fills)
    one.read()
    panel.table.setCurrentIndex(panel.table.model().index(0, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    cells = QGuiApplication.clipboard().text().split("\t")
    assert cells[0] == "2025-11-29T20:35:09.000Z" and "108000.0" in cells and "-0.54" in cells
    assert Decimal(cells[5]) == Decimal("1080")


def test_every_control_of_every_panel_has_a_name(qtbot, desk):
    one = desk()
    for panel in one.tabs.panels().values():
        one.show(panel)
        for widget in panel.findChildren(object):
            is_control = hasattr(widget, "focusPolicy") and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            if is_control and not widget.objectName().startswith("qt_"):
                assert widget.accessibleName(), widget
        panel.hide()
