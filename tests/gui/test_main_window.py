import gc
import logging
import weakref
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QTabBar, QWidget

from tests.fakes import FakeProfile, FakeTrader, fill, order, position, snapshot, stop_loss
from trader_gui.domain.order import PositionSide, Side
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import EngineMode
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.log import LogTail
from trader_gui.models.bridge import Bridge
from trader_gui.widgets.chart.price_scale import PriceScale
from trader_gui.widgets.chart.time_marks import Zone
from trader_gui.widgets.main_window import MainWindow
from trader_gui.widgets.theme import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window


@pytest.fixture
def trader():
    made = FakeTrader()
    made.run_quietly()
    return made


@pytest.fixture
def bridge(qapp, trader):
    made = Bridge(trader, log_tail=LogTail(), now_ns=trader.clock)
    yield made
    made.deleteLater()


@pytest.fixture
def make_window(qtbot, bridge, trader):
    def make(width=1920, height=1080, **options):
        window = MainWindow(bridge, trader.profile, version="0.1.0", **options)
        window.close_requested.connect(lambda: None)
        qtbot.addWidget(window, before_close_func=lambda w: w.workspace._save_timer.stop())
        window.resize(width, height)
        window.show()
        QApplication.processEvents()
        bridge.flush()
        QApplication.processEvents()
        return window

    return make


def seen(window):
    """Ids of the docks whose contents can be seen now."""
    return {name for name, dock in window.workspace.docks.items() if not dock.widget().visibleRegion().isEmpty()}


# ---- closing ---------------------------------------------------------------------------------------------------------


def test_closing_asks_and_the_window_stays(qtbot, make_window):
    window = make_window()
    with qtbot.waitSignal(window.close_requested, timeout=500):
        assert window.close() is False
    assert window.isVisible()


def test_what_is_deleted_is_freed(qapp):
    trader = FakeTrader()
    trader.run_quietly()
    widgets = len(QApplication.allWidgets())
    bridge = Bridge(trader, log_tail=LogTail(), now_ns=trader.clock)
    window = MainWindow(bridge, trader.profile, version="0.1.0")
    window.show()
    QApplication.processEvents()
    window.workspace.resize(900, 500)  # leaves work for later that is never done
    known = [weakref.ref(window), weakref.ref(window.workspace), weakref.ref(bridge)]
    window.workspace._save_timer.stop()
    window.deleteLater()
    bridge.deleteLater()
    del window, bridge, trader
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    assert not [ref for ref in known if ref() is not None]
    assert len(QApplication.allWidgets()) == widgets


# ---- layout ----------------------------------------------------------------------------------------------------------


def test_each_size_has_its_default_layout(make_window):
    window = make_window(1920, 1080)
    assert seen(window) == {"chart", "order_book", "order_entry", "conditions", "positions"}
    assert window.positions.orders.isVisible()
    docks = window.workspace.docks
    assert abs(docks["order_book"].width() - 276) <= 8 and abs(docks["order_entry"].width() - 360) <= 8
    window.resize(1500, 900)
    QApplication.processEvents()
    assert seen(window) == {"chart", "order_entry", "conditions", "positions"}
    assert not window.positions.orders.isVisible()
    window.resize(1280, 720)
    QApplication.processEvents()
    assert seen(window) == {"chart", "order_entry", "positions"}
    assert window.footer.isVisible()
    assert docks["chart"].height() > 3 * docks["positions"].height()
    window.resize(1920, 1080)
    QApplication.processEvents()
    assert seen(window) == {"chart", "order_book", "order_entry", "conditions", "positions"}
    assert not window.footer.isVisible()
    assert window.board.matrix.isVisible() and window.board.decisions.isVisible()


@pytest.mark.parametrize(("width", "height"), [(1100, 640), (1280, 720), (1600, 900), (1920, 1080)])
def test_nothing_overlaps_and_nothing_leaves_the_window(make_window, width, height):
    window = make_window(width, height)
    assert (window.width(), window.height()) == (width, height)
    shown = [window.workspace.docks[name] for name in seen(window)]
    for i, dock in enumerate(shown):
        rect = dock.geometry()
        assert window.workspace.rect().contains(rect), dock.objectName()
        for other in shown[i + 1 :]:
            assert not rect.intersects(other.geometry()), (dock.objectName(), other.objectName())


def test_a_layout_that_the_user_made_is_left_alone_and_comes_back(qtbot, make_window, tmp_path):
    path = tmp_path / "layout.ini"
    window = make_window(1920, 1080, layout_path=path)
    separator = QPoint(window.workspace.docks["chart"].geometry().right() + 2, 200)
    assert window.workspace.isSeparator(separator)
    qtbot.mousePress(window.workspace, Qt.MouseButton.LeftButton, pos=separator)
    qtbot.mouseMove(window.workspace, separator - QPoint(100, 0))
    window.workspace.save()  # the second is over while it is in the hand
    qtbot.mouseRelease(window.workspace, Qt.MouseButton.LeftButton, pos=separator - QPoint(100, 0))
    assert window.workspace.is_custom
    assert window.workspace._save_timer.isActive()
    window.workspace.docks["log"].toggleViewAction().trigger()
    width = window.workspace.docks["chart"].width()
    window.resize(1300, 800)
    QApplication.processEvents()
    assert "conditions" in seen(window)
    window.resize(1920, 1080)
    QApplication.processEvents()
    window.workspace.save()
    again = make_window(1920, 1080, layout_path=path)
    assert again.workspace.is_custom
    assert again.layout_label.text() == "Layout: Own"
    assert again.workspace.docks["log"].isHidden()
    assert abs(again.workspace.docks["chart"].width() - width) < 120
    again.menus.actions["reset_layout"].trigger()
    assert not again.workspace.is_custom and not again.workspace.docks["log"].isHidden()
    assert not path.exists() and not path.with_name("layout.ini.bak").exists()


def test_the_chart_looks_as_it_was_left(qtbot, make_window, trader, tmp_path):
    path = tmp_path / "layout.ini"
    window = make_window(1600, 900, layout_path=path)
    chart = window.chart
    looks = replace(chart.view.options, scale=PriceScale.LOGARITHMIC, zone=Zone.KST, has_mark=True)
    chart.view.set_options(looks)
    chart.head.chosen.emit("ETHUSDT", "4h")
    chart.view.stack.move_border(0, -50)
    chart.view.options_changed.emit()
    weights = chart.view.stack.weights
    window.workspace.save()
    again = MainWindow(Bridge(trader, now_ns=trader.clock), trader.profile, layout_path=path)
    qtbot.addWidget(again, before_close_func=lambda w: w.workspace._save_timer.stop())
    assert again.chart.view.options == looks
    assert again.chart.view.stack.weights == pytest.approx(weights, abs=0.01)
    assert again._bridge.series.choice == ("ETHUSDT", "4h")
    assert not again.workspace.is_custom


@pytest.mark.parametrize("text", ["", "[workspace]\nversion = 1\ngeometry = 00\ndocks = 0102\nis_custom = yes\n"])
def test_in_the_place_of_a_broken_layout_comes_the_one_of_before(qtbot, make_window, tmp_path, text):
    path = tmp_path / "layout.ini"
    window = make_window(1920, 1080, layout_path=path)
    window.workspace.docks["log"].toggleViewAction().trigger()
    window.workspace.is_custom = True
    for _ in range(2):  # the first becomes the backup
        window.workspace.save()
    path.write_text(text, encoding="utf-8")
    again = make_window(1920, 1080, layout_path=path)
    assert again.workspace.is_custom and again.workspace.docks["log"].isHidden()
    (banner,) = again.banners.banners()
    assert "the one of before" in banner.what and "layout.ini.broken-1" in banner.did
    again.workspace.save()
    assert not make_window(1920, 1080, layout_path=path).banners.banners()  # told once


def test_the_columns_of_a_table_come_back_and_those_that_cannot_be_read_are_as_at_first(make_window, tmp_path):
    path = tmp_path / "layout.ini"
    window = make_window(1920, 1080, layout_path=path)
    window.positions.table.header.set_width(3, 123)
    window.orders.header.set_shown(4, False)
    assert window.workspace._save_timer.isActive()
    window.workspace.save()
    path.write_text(path.read_text("utf-8").replace('orders = {"', 'orders = {"x'), "utf-8")
    again = make_window(1920, 1080, layout_path=path)
    assert again.positions.table.columnWidth(3) == 123
    assert 4 in again.orders.header.shown_columns()
    assert again.banners.banners() == []


@pytest.mark.parametrize(
    "text", ["", "[workspace]\nversion = 1\ngeometry = zz\ndocks = 00\n", "\x00\x01", "no section"]
)
def test_a_broken_layout_is_kept_aside_and_told(make_window, tmp_path, text):
    path = tmp_path / "layout.ini"
    path.write_text(text, encoding="utf-8")
    window = make_window(1920, 1080, layout_path=path)
    assert seen(window) >= {"chart", "order_entry"}
    assert [b.key for b in window.banners.banners()] == ["layout"]
    assert (tmp_path / "layout.ini.broken-1").read_text(encoding="utf-8") == text


def test_docks_that_qt_cannot_place_again_are_a_broken_layout_too(make_window, tmp_path):
    path = tmp_path / "layout.ini"
    path.write_text("[workspace]\nversion = 1\ngeometry = 00\ndocks = 0102\nis_custom = yes\n", encoding="utf-8")
    window = make_window(1920, 1080, layout_path=path)
    assert [b.key for b in window.banners.banners()] == ["layout"]
    assert not window.workspace.is_custom


def test_a_disk_that_refuses_the_layout_changes_nothing_else(make_window, tmp_path, expect_log):
    expect_log("the layout cannot be saved")
    window = make_window(layout_path=tmp_path / "gone" / "layout.ini")
    window.workspace.save()
    assert window.isVisible()


# ---- asking ----------------------------------------------------------------------------------------------------------


def test_keys_reach_the_session_whatever_has_the_focus(qtbot, make_window, bridge, trader):
    window = make_window()
    trader.set_mode(EngineMode.ACTIVE)
    bridge.flush()
    asked = []
    window.disarm_requested.connect(lambda: asked.append("disarm"))
    window.cancel_entries_requested.connect(lambda: asked.append("cancel"))
    window.flatten_requested.connect(lambda: asked.append("flatten"))
    window.activateWindow()
    window.orders.setFocus()
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_D, control | shift)
    qtbot.keyClick(window, Qt.Key.Key_Backspace, control)
    qtbot.keyClick(window, Qt.Key.Key_Backspace, control | shift)
    qtbot.keyClick(window, Qt.Key.Key_Backspace, control | shift)
    assert asked == ["disarm", "cancel", "flatten", "flatten"]


def test_rows_ask_for_closing_and_cancelling(qtbot, make_window, bridge, trader):
    window = make_window()
    closing, cancelling = [], []
    window.close_position_requested.connect(closing.append)
    window.cancel_order_requested.connect(cancelling.append)
    resting = order(1, Side.BUY, price="100000.0")
    trader.feed(snapshot([position()], [stop_loss(), resting]))
    bridge.flush()
    assert window.workspace.docks["positions"].windowTitle() == "Positions 1"
    assert window.workspace.docks["orders"].windowTitle() == "Orders 2"
    window.positions.table.setFocus()
    window.positions.table.setCurrentIndex(window.positions.table.model().index(0, 0))
    qtbot.keyClick(window.positions.table, Qt.Key.Key_Return)
    window.workspace.docks["orders"].raise_()
    QApplication.processEvents()
    window.orders.setCurrentIndex(window.orders.model().index(1, 0))
    qtbot.keyClick(window.orders, Qt.Key.Key_Delete)
    qtbot.keyClick(window.orders, Qt.Key.Key_Delete)
    assert closing == [("BTCUSDT", PositionSide.BOTH)]
    assert [o.client_order_id for o in cancelling] == [resting.client_order_id]
    window.finish_cancel(cancelling[0])
    qtbot.keyClick(window.orders, Qt.Key.Key_Delete)
    assert len(cancelling) == 2


def test_a_naked_bracket_names_its_own_position_and_offers_the_closing_of_that(qtbot, make_window, bridge, trader):
    """The session's own position, of another symbol, is neither spoken of nor closed."""
    window = make_window()
    ether = position("0.5", "3000", symbol="ETHUSDT")
    rules = msgspec.structs.replace(trader.callback.rules, symbol="ETHUSDT", tick_size=Decimal("0.01"))
    trader.feed(RulesUpdate((rules,), 0), snapshot([position(), ether], [stop_loss()]))
    trader.callback.brackets.finding = ProtectionFinding(ProtectionState.NAKED, 0, "-2021", ether.key)
    bridge.flush()
    (row,) = window.banners._rows.values()
    assert row.banner.did.startswith("Long 0.500 ETHUSDT from 3,000.00.")
    button = next(b for b in row.findChildren(QAbstractButton) if b.text().startswith("Close"))
    with qtbot.waitSignal(window.close_position_requested, timeout=500) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == [("ETHUSDT", PositionSide.BOTH)]


def test_a_naked_position_of_another_symbol_is_the_one_that_is_named(qtbot, make_window, bridge, trader):
    window = make_window()
    ether, solana = (position("-2", "150", symbol=symbol) for symbol in ("ETHUSDT", "SOLUSDT"))
    trader.feed(snapshot([position(), ether], [stop_loss()]))
    bridge.flush()
    (row,) = window.banners._rows.values()
    assert (row.banner.what, row.banner.did) == ("A position has no stop at the exchange.", "Short 2 ETHUSDT from 150.")
    with qtbot.waitSignal(window.close_position_requested, timeout=500) as asked:
        qtbot.mouseClick(row.findChildren(QAbstractButton)[0], Qt.MouseButton.LeftButton)
    assert asked.args == [("ETHUSDT", PositionSide.BOTH)]
    trader.feed(snapshot([position(), ether, solana], [stop_loss()]))
    bridge.flush()
    assert row.banner.what == "2 positions have no stop at the exchange."
    assert row.banner.did == "Short 2 ETHUSDT from 150. Short 2 SOLUSDT from 150."


def test_a_naked_position_offers_its_closing(qtbot, make_window, bridge, trader):
    window = make_window()
    trader.feed(snapshot([position()]))
    bridge.flush()
    (row,) = window.banners._rows.values()
    button = next(b for b in row.findChildren(QAbstractButton) if b.text().startswith("Close"))
    with qtbot.waitSignal(window.close_position_requested, timeout=500) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == [("BTCUSDT", PositionSide.BOTH)]


@pytest.mark.parametrize(
    ("label", "signal"), [("Protect now", "protect_now_requested"), ("Close now", "close_now_requested")]
)
def test_the_engines_naked_position_offers_its_stop_and_its_closing(qtbot, make_window, bridge, trader, label, signal):
    window = make_window()
    trader.feed(snapshot([position()]))
    trader.callback.protection.finding = ProtectionFinding(ProtectionState.NAKED, 0, key=position().key)
    bridge.flush()
    (row,) = window.banners._rows.values()
    button = next(b for b in row.findChildren(QAbstractButton) if b.text() == label)
    with qtbot.waitSignal(getattr(window, signal), timeout=500):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_price_of_the_book_goes_to_the_ticket(qtbot, make_window, bridge):
    window = make_window()
    view = window.order_book.view
    bridge.flush()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.row_rect(2).center())
    assert Decimal(window.order_entry.draft.price_text.replace(",", "")) == view.state.bids[2].price


def test_menu_entries_that_cannot_work_now_are_off(make_window, bridge, trader):
    window = make_window()
    actions = window.menus.actions
    assert actions["arm"].isEnabled() and not actions["disarm"].isEnabled()
    assert not actions["close_position"].isEnabled()
    trader.set_mode(EngineMode.ACTIVE)
    trader.feed(snapshot([position()], [stop_loss()]))
    bridge.flush()
    assert actions["disarm"].isEnabled() and not actions["arm"].isEnabled()
    assert actions["close_position"].isEnabled()


# ---- showing ---------------------------------------------------------------------------------------------------------


def test_hidden_panels_are_not_refreshed(make_window, bridge):
    window = make_window(1280, 720)
    assert not bridge.order_book.is_watched and not bridge.agg_trades.is_watched
    window.workspace.docks["order_book"].raise_()
    QApplication.processEvents()
    assert bridge.order_book.is_watched


def test_tables_behind_other_tabs_follow_nothing_and_read_nothing(make_window, bridge, trader):
    window = make_window()
    tabs, loader = window.tabs, bridge.history.loader
    asked = []
    loader.wanted.connect(lambda: asked.append(1))
    loader.bind(object())
    assert not tabs.fills.isVisible() and bridge.orders.watchers == 1, "the small table below the positions"
    trader.feed(snapshot([], [order(1, Side.BUY, price="100000.0")]))
    bridge.flush()
    assert not asked and window.orders.rows.rowCount() == 0
    window.workspace.docks["orders"].raise_()
    QApplication.processEvents()
    assert window.orders.rows.rowCount() == 1 and not tabs.fills.isVisible()
    window.workspace.docks["fills"].raise_()
    QApplication.processEvents()
    bridge.flush()
    assert tabs.fills.isVisible() and asked and bridge.orders.watchers == 0
    window.workspace.docks["positions"].raise_()
    QApplication.processEvents()
    assert not tabs.fills.isVisible() and bridge.orders.watchers == 1


def test_the_tab_key_goes_through_what_can_be_seen_and_nothing_else(qtbot, make_window):
    """The bar of the table in front, left to right, then the table; never a panel that lies behind it."""
    window = make_window()
    window.workspace.docks["orders"].raise_()
    QApplication.processEvents()
    panel = window.tabs.orders
    panel.bar.choices[0].setFocus()
    met = []
    for _ in range(60):
        widget = QApplication.focusWidget()
        met.append(widget)
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
    bar = [*panel.bar.choices, panel.bar.search, panel.cancel_button, panel.export_button, panel.table]
    assert met[: len(bar)] == bar
    places = {w: w.mapTo(window, w.rect().center()) for w in met if not isinstance(w, QTabBar)}  # Qt keeps spare bars
    behind = [w for w, place in places.items() if not w.isVisible() or not window.rect().contains(place)]
    assert behind == []


def test_a_failing_panel_says_so_in_itself(make_window, bridge, trader, expect_log):
    expect_log("the fills panel cannot be brought up to date")
    window = make_window()
    entry = order(1, Side.BUY, price="108378.4")
    bridge.fills.merge = object()
    trader.feed(fill(1, entry, "0.010", "108367.6"))
    bridge.flush()
    assert "TypeError" in window.workspace.docks["fills"].panel.failure
    assert window.workspace.docks["orders"].panel.failure == ""


def test_trades_make_toasts_three_at_most(make_window, bridge, trader):
    window = make_window()
    buy = order(1, Side.BUY, price="108000", quantity="0.050")
    for n in range(5):
        update = fill(n, buy, "0.010", "108000.0")
        buy = update.order
        trader.feed(update)
    bridge.flush()
    toasts = window.toasts.toasts()
    assert len(toasts) == 3
    assert toasts[0].accessibleName().startswith("Filled. ▲ Buy 0.010 @ 108,000.0")
    assert all(window.rect().contains(t.geometry()) for t in toasts)
    assert not any(a.geometry().intersects(b.geometry()) for a in toasts for b in toasts if a is not b)


@pytest.mark.parametrize("profile", ["demo", "replay", "paper", "testnet", "live"])
def test_the_profile_is_named_in_title_and_badge_and_only_live_is_framed(make_window, trader, profile):
    trader.profile = FakeProfile(profile)
    window = make_window(1280, 720)
    assert window.windowTitle().startswith(profile.upper())
    image = window.grab().toImage()
    fill_color = theme().profile(profile)[0]
    assert image.pixelColor(640, 1) == fill_color
    left, bottom = image.pixelColor(1, 400), image.pixelColor(640, image.height() - 2)
    assert ((left == fill_color), (bottom == fill_color)) == ((profile == "live"),) * 2


def test_every_control_has_a_name(make_window, bridge, trader):
    window = make_window()
    trader.feed(snapshot([position()], [stop_loss()]))
    bridge.flush()
    unnamed = [
        (type(w).__name__, type(w.parent()).__name__)
        for w in window.findChildren(QWidget)
        if w.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not w.accessibleName()
        and not (isinstance(w, QAbstractButton) and w.text())
        and w.window() is window
        and w.focusProxy() is None
        and not w.objectName().startswith("qt_")
    ]
    assert unnamed == []


def test_the_theme_changes_live(make_window, qapp):
    window = make_window(1280, 720)
    before = window.grab().toImage().pixelColor(700, 60)
    told = []
    window.look_changed.connect(lambda *look: told.append(look))
    window.menus.actions["look_light"].trigger()
    try:
        assert told == [("light", "global")]
        assert window.grab().toImage().pixelColor(700, 60) != before
    finally:
        theme().set("dark")


def test_the_log_view_filters(qtbot, make_window, bridge):
    window = make_window()
    tail = bridge.log._tail
    for level, text in (
        (logging.INFO, "stream open"),
        (logging.WARNING, "stream lost"),
        (logging.ERROR, "order bug <x>"),
    ):
        tail.emit(logging.LogRecord("trader_gui.exchange", level, "", 0, text, None, None))
    bridge.flush()
    view = window.log_view
    assert view.text.toPlainText().count("\n") == 2
    view.level.setCurrentText("Warnings")
    assert "stream open" not in view.text.toPlainText() and "stream lost" in view.text.toPlainText()
    view.search.setText("BUG")
    assert view.text.toPlainText().endswith("exchange: order bug <x>")
    tail.emit(logging.LogRecord("trader_gui.exchange", logging.ERROR, "", 0, "another", None, None))
    bridge.flush()
    assert "another" not in view.text.toPlainText()


def test_a_click_takes_a_toast_away_and_the_others_close_up(qtbot, make_window):
    window = make_window()
    for head in ("one", "two"):
        window.notify("info", head)
    first, second = window.toasts.toasts()
    before = first.y()
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    assert window.toasts.toasts() == [first]
    assert first.y() > before
