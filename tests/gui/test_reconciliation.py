"""How the account stands to the exchange, seen in the window: cell, table, banner, tooltips, and the way to them."""

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from tests.fakes import NS, START_MS, FakeTrader, order, position, snapshot, stop_loss
from trader_gui.domain.order import OrderFamily, OrderStatus
from trader_gui.domain.step import Route
from trader_gui.models.bridge import Bridge
from trader_gui.models.reconciliation import Row, RowKind, RowState
from trader_gui.models.session_state import AccountKind
from trader_gui.orders.reconcile import order_key
from trader_gui.rt_trader.provenance import Source, Told
from trader_gui.widgets.main_window import MainWindow
from trader_gui.widgets.provenance_words import account_words, order_source, position_source
from trader_gui.widgets.reconciliation_columns import RECONCILIATION, reconciliation_tip

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window

AGREES = Row(RowKind.WALLET, "USDT", "9984.2", "9984.2", "9984.2", RowState.AGREES, START_MS)
FOREIGN = Row(RowKind.POSITION, "BTCUSDT", "-0.12", None, "", RowState.EXPLAINED, START_MS + 1, "foreign_executions")
LATER = Row(RowKind.POSITION, "BTCUSDT", "", None, "-0.12", RowState.EXPLAINED, START_MS + 2, "own_executions")
SEEN = Row(RowKind.ORDER, "web-1", "BUY 0.01 @ 42000", "", "", RowState.DIFFERS, START_MS, "looking_again")
STRANGE = Row(RowKind.WALLET, "USDT", "9984.2", None, "9985.7", RowState.UNEXPLAINED, START_MS)


@pytest.fixture
def trader() -> FakeTrader:
    made = FakeTrader()
    made.run_quietly()
    made.now_ns = 200 * NS
    made.status.reconciliation.is_running = True
    return made


@pytest.fixture
def bridge(qapp, trader):
    made = Bridge(trader, now_ns=trader.clock)
    yield made
    made.deleteLater()


@pytest.fixture
def window(qtbot, bridge, trader):
    made = MainWindow(bridge, trader.profile)
    qtbot.addWidget(made, before_close_func=lambda w: w.workspace._save_timer.stop())
    made.resize(1280, 720)
    made.show()
    flush(bridge)
    return made


def flush(bridge) -> None:
    QApplication.processEvents()
    bridge.flush()
    QApplication.processEvents()


def is_seen(window) -> bool:
    return not window.reconciliation.visibleRegion().isEmpty()


# ---- the cell --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "age_s", "kind", "text", "tone"),
    [
        ((), None, AccountKind.CHECKING, "checking", "text2"),
        ((AGREES, FOREIGN), 12, AccountKind.CONFIRMED, "confirmed 12 s ago", "text1"),
        ((AGREES,), 61, AccountKind.OLD, "confirmed 1 min ago", "warn"),
        ((AGREES, SEEN), 12, AccountKind.DIFFERS, "1 row in doubt", "warn"),
        ((AGREES, SEEN, STRANGE), 12, AccountKind.UNEXPLAINED, "not explained", "danger"),
    ],
)
def test_the_cell_says_how_the_account_stands(window, bridge, trader, rows, age_s, kind, text, tone):
    looks = trader.status.reconciliation
    looks.rows = rows
    looks.confirmed_ns = None if age_s is None else trader.now_ns - age_s * NS
    flush(bridge)
    assert bridge.session.state.account.kind is kind
    view = window.status_bar.account.view
    assert (view.text, view.tone) == (text, tone)


def test_where_the_exchange_waits_nothing_is_claimed(window, bridge, trader):
    trader.status.reconciliation.is_running = False
    flush(bridge)
    assert window.status_bar.account.view.text == "—"
    assert "waits" in account_words(bridge.session.state.account)


def test_cell_menu_and_banner_lead_to_the_table(qtbot, window, bridge, trader):
    assert not is_seen(window)
    QTest.mouseClick(window.status_bar.account, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert is_seen(window)
    for way in (
        lambda: QTest.keyClick(window.status_bar.account, Qt.Key.Key_Return),
        lambda: window.menus.actions["reconciliation"].trigger(),
        lambda: window.banners.action_requested.emit("tripped", "account"),
    ):
        window.workspace.docks["positions"].raise_()
        QApplication.processEvents()
        assert not is_seen(window)
        way()
        QApplication.processEvents()
        assert is_seen(window)
    with qtbot.waitSignal(window.check_account_requested, timeout=500):
        QTest.mouseClick(window.reconciliation.button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(window.check_account_requested, timeout=500):
        window.menus.actions["check_account"].trigger()


def test_a_halt_for_what_nothing_explains_tells_the_row(window, bridge, trader):
    trader.status.halt_reason = "unexplained_difference"
    trader.status.reconciliation.rows = (STRANGE, AGREES)
    flush(bridge)
    (banner,) = [b for b in window.banners.banners() if b.key == "tripped"]
    assert banner.what == "Engine halted: account differs."
    assert banner.did.startswith("Wallet USDT: exchange 9,984.2, here 9,985.7.")
    assert ("account", "Show") in banner.actions
    assert window.session_bar.engine_cell.view.text == "TRIPPED"
    window.resize(1920, 1080)
    QApplication.processEvents()
    assert window.session_bar.engine_cell.view.text == "TRIPPED: account differs"


def test_an_account_that_cannot_be_confirmed_for_long_is_a_banner_with_its_reason(window, bridge, trader):
    looks = trader.status.reconciliation
    looks.problem, looks.confirmed_ns = "banned until noon", trader.now_ns - 20 * NS
    flush(bridge)
    assert not window.banners.banners()
    assert "banned until noon" in account_words(bridge.session.state.account)
    looks.confirmed_ns = trader.now_ns - 75 * NS
    flush(bridge)
    (banner,) = window.banners.banners()
    assert (banner.key, banner.did) == ("account", "banned until noon.")


# ---- the table -------------------------------------------------------------------------------------------------------


def test_troubled_rows_come_first_and_the_tab_counts_them(window, bridge, trader):
    trader.status.reconciliation.rows = (FOREIGN, LATER, FOREIGN, AGREES, SEEN, STRANGE)
    flush(bridge)
    assert bridge.reconciliation.rows() == [STRANGE, SEEN, LATER, FOREIGN, AGREES]
    assert window.workspace.docks["reconciliation"].windowTitle() == "Reconciliation 2"
    trader.status.reconciliation.rows = (AGREES,)
    flush(bridge)
    assert window.workspace.docks["reconciliation"].windowTitle() == "Reconciliation 0"


def test_a_row_in_words():
    texts = {look.key: look.text(FOREIGN) for look in RECONCILIATION}
    assert texts["state"] == "explained"
    assert (texts["venue"], texts["journal"], texts["memory"]) == ("−0.12", "—", "none")
    assert texts["cause"] == "Trades made elsewhere that the user stream did not tell."
    assert reconciliation_tip(STRANGE).endswith("the engine was halted.")
    assert reconciliation_tip(AGREES) == "Wallet USDT: exchange 9,984.2, journal 9,984.2, here 9,984.2."


# ---- where a number comes from ---------------------------------------------------------------------------------------


def test_a_position_says_where_its_size_comes_from(window, bridge, trader):
    trader.feed(snapshot([position("-0.120")]))
    told = trader.status.reconciliation.told
    told[RowKind.POSITION, "BTCUSDT"] = Told(Source.STREAM, trader.now_ns - NS * 2 // 5, trader.now_ns - 12 * NS)
    flush(bridge)
    (row,) = bridge.positions.rows()
    words = "position −0.120 BTCUSDT · user stream · 0.4 s ago · confirmed by REST 12 s ago"
    assert position_source(row, bridge.positions.now_ns) == words
    table = window.positions.table
    index = table.model().index(0, 2)
    point = table.visualRect(index).center()
    QApplication.sendEvent(table.viewport(), QHelpEvent(QHelpEvent.Type.ToolTip, point, QPoint(5, 5)))
    assert QToolTip.text() == words
    QToolTip.hideText()


def test_an_order_that_is_asked_about_says_so_and_for_how_long(window, bridge, trader):
    window.workspace.docks["orders"].raise_()
    unknown = order(3, price="108000.0")
    trader.feed(snapshot([], [unknown]), snapshot([], [], taken_ms=START_MS + 60_000))
    flush(bridge)
    (row,) = bridge.orders.rows()
    assert (row.order.status, row.asking_s) == (OrderStatus.UNKNOWN, 0)
    trader.now_ns += 3 * NS
    flush(bridge)
    (row,) = bridge.orders.rows()
    look = next(look for look in window.orders._looks if look is not None and look.key == "state")
    assert look.text(row) == "Asking since 3 s"
    assert order_source(row, bridge.orders.now_ns).endswith(" · —")
    key = order_key(unknown.client_order_id, OrderFamily.BOOK)
    trader.status.reconciliation.told[key] = Told(Source.ANSWER, trader.now_ns - 5 * NS)
    flush(bridge)
    (row,) = bridge.orders.rows()
    words = f"order {unknown.client_order_id} · answer to the request · 5.0 s ago · not confirmed yet"
    assert order_source(row, bridge.orders.now_ns) == words


def test_rows_are_dimmed_while_the_stream_is_not_believed(window, bridge, trader):
    trader.feed(snapshot([position()], [stop_loss()]))
    flush(bridge)
    window.workspace.docks["orders"].raise_()
    tables = (window.positions.table, window.orders, window.positions.orders)
    rows = lambda: (bridge.positions.rows()[0], bridge.orders.rows()[0], bridge.orders.rows()[0])  # noqa: E731
    assert not any(table.is_dimmed(row) for table, row in zip(tables, rows(), strict=True))
    trader.set_route(Route.PRIVATE, is_connected=True, is_fresh=False)
    trader.status.reconciliation.confirmed_ns = trader.now_ns - 7 * NS
    flush(bridge)
    assert all(table.is_dimmed(row) for table, row in zip(tables, rows(), strict=True))
    (banner,) = window.banners.banners()
    assert "The account was last confirmed 7" in banner.did


def test_the_equity_says_where_the_wallet_comes_from(window, bridge, trader):
    trader.status.reconciliation.told[RowKind.WALLET, "USDT"] = Told(Source.ASKED, trader.now_ns - 9 * NS)
    flush(bridge)
    rows = dict(window.session_bar._money_details())
    assert rows["Told by"] == "asked for · 9.0 s ago · not confirmed yet"
    assert Decimal(rows["Wallet balance"].replace(",", "")) == Decimal("9984.20")
