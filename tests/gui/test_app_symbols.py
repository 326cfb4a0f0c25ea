"""A person goes to another symbol, trades it, and comes back: the real window on a session with several markets."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.app_rig import AppRig, open_app
from tests.gui.test_app_window import DEMO, send_ticket, started
from trader_gui.domain.order import OrderStatus, Side
from trader_gui.models.table import ROW_ROLE
from trader_gui.widgets.dialogs.confirm import ConfirmDialog
from trader_gui.widgets.dialogs.leverage import LeverageDialog
from trader_gui.widgets.tables import TableView
from trader_gui.widgets.theme import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window
ETHER = "ETHUSDT"


@pytest.fixture(autouse=True)
def _styled(qapp: QApplication) -> None:
    theme().set("dark")
    theme().install(qapp)


def look(rig: AppRig, name: str) -> None:
    """Keep a picture, where somebody wants to see one."""
    folder = os.environ.get("TRADER_GUI_PICTURES")
    if folder:
        rig.window.grab().save(str(Path(folder) / f"{name}.png"))


async def go_to(rig: AppRig, letters: str, symbol: str) -> None:
    """Find a symbol by keys alone, and wait until the ticket trades it by fresh prices."""
    window = rig.window
    window.activateWindow()  # the offscreen platform leaves no window active once a dialog has gone
    await rig.until("the window is active", window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    picker = window.chart.head.picker
    await rig.until("the search", lambda: picker.isVisible() and picker.list.model().rowCount() > 3)
    await rig.until("last prices", lambda: picker.list.model().index(0, 1).data())
    QTest.keyClicks(picker.field, letters)
    look(rig, f"search-{letters}")
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    await shows(rig, symbol)


async def shows(rig: AppRig, symbol: str) -> None:
    def is_traded() -> bool:
        facts = rig.bridge.ticket.facts
        return facts is not None and facts.rules.symbol == symbol == rig.window.order_entry.symbol

    await rig.until(f"the ticket trades {symbol}", is_traded)
    await rig.until("its prices are fresh", lambda: rig.bridge.ticket.facts.feed_is_live)
    await rig.until("its fees are known", lambda: rig.bridge.ticket.facts.taker_fraction is not None)


def cell_of(table: TableView, symbol: str) -> QPoint:
    """Return a point in a table's row of a symbol, beside its button."""
    model = table.model()
    for row in range(model.rowCount()):
        record = model.index(row, 0).data(ROW_ROLE)
        if (getattr(record, "symbol", "") or record.order.symbol) == symbol:
            return table.visualRect(model.index(row, 2)).center()
    raise AssertionError(f"no row of {symbol}")


def test_a_symbol_is_found_traded_and_left_again(qt_run: Any, tmp_path: Path) -> None:
    async def body() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            window, ticket = rig.window, rig.window.order_entry
            rig.type_into(ticket.limit_price.edit, "100,000.0")
            rig.type_into(ticket.size_field.edit, "0.020")
            await go_to(rig, "eth", ETHER)
            assert not ticket.size_field.text, "another symbol, another size"
            assert {b.title for b in ticket.buttons.values()} == {f"▲ Buy {ETHER}", f"▼ Sell {ETHER}"}
            assert ETHER in ticket.other_symbol.text() and ticket.other_symbol.isVisible()
            assert rig.trader.symbol == "BTCUSDT"
            await send_ticket(rig, Side.BUY, "1.5")
            await rig.until("the position", lambda: rig.trader.callback.account.position(ETHER))
            facts = rig.bridge.ticket.facts
            assert facts is not None and facts.best_bid is not None
            await send_ticket(rig, Side.BUY, "0.5", facts.best_bid - 50)
            resting = rig.trader.callback.orders.open_orders(ETHER)
            await rig.until("the order rests", lambda: [o.status for o in resting] == [OrderStatus.NEW])
            await rig.until("the book is its own", lambda: rig.bridge.order_book.state.bids)
            assert abs(rig.bridge.order_book.state.bids[0].price - facts.best_bid) < 50
            await rig.until("the chart draws its lines", lambda: rig.bridge.series.positions)
            rig.type_into(ticket.size_field.edit, "0.7")
            look(rig, "ether")
            # Back to the engine's symbol by a row of it, and what was typed there is there.
            await go_to(rig, "btc", "BTCUSDT")
            assert (ticket.limit_price.text, ticket.size_field.text) == ("100,000.0", "0.020")
            assert ticket.buttons[Side.BUY].title == "▲ Buy / Long" and not ticket.other_symbol.isVisible()
            await send_ticket(rig, Side.SELL, "0.010")
            await rig.until("two positions", lambda: window.positions.table.model().rowCount() == 2)
            look(rig, "bitcoin")
            table = window.positions.table
            cell = cell_of(table, ETHER)
            QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
            QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
            await shows(rig, ETHER)
            assert (ticket.size_field.value, ticket.kind.value.value) == (Decimal("0.7"), "limit")
            assert rig.trader.callback.account.position("BTCUSDT") is not None
            assert window.chart.head.picker._series.picks.recent[:2] == (ETHER, "BTCUSDT")

    qt_run(body(), timeout_s=120)


def test_no_question_about_a_symbol_outlives_it(qt_run: Any, tmp_path: Path) -> None:
    async def body() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            ticket, trader = rig.window.order_entry, rig.trader
            await go_to(rig, "eth", ETHER)
            rig.type_into(ticket.size_field.edit, "1")
            await rig.until("the button is ready", ticket.buttons[Side.BUY].isEnabled)
            rig.click(ticket.buttons[Side.BUY])
            await rig.dialog(ConfirmDialog)
            rig.bridge.series.show("SOLUSDT")
            await shows(rig, "SOLUSDT")
            assert not rig._shown(ConfirmDialog) and not trader.callback.orders.open_orders()
            rig.click(ticket.leverage)
            dialog = await rig.dialog(LeverageDialog)
            dialog.field.set_value(Decimal(7))
            rig.click(dialog.set_button)
            await rig.until("the leverage", lambda: trader.callback.account.leverage("SOLUSDT") == 7)
            assert trader.callback.account.leverage("BTCUSDT") != 7

    qt_run(body(), timeout_s=60)


def test_the_symbol_of_the_last_time_comes_back_with_its_ticket(qt_run: Any, tmp_path: Path) -> None:
    async def body() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            await go_to(rig, "eth", ETHER)
            rig.type_into(rig.window.order_entry.size_field.edit, "2.5")
        async with open_app(tmp_path, *DEMO) as rig:
            await rig.until("the session has started", lambda: rig.desk._trader and rig.trader.started.is_set())
            await shows(rig, ETHER)
            assert rig.window.order_entry.size_field.value == Decimal("2.5")
            assert rig.trader.symbol == "BTCUSDT"

    qt_run(body(), timeout_s=60)
