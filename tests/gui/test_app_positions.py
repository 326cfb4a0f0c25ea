"""What can be done with a position, in the whole program by mouse and keys."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from tests.app_rig import AppRig, open_app
from trader_gui.domain.account import MarginType
from trader_gui.domain.order import Order, OrderIntent, OrderType, Origin, PositionSide, Purpose, Side
from trader_gui.domain.step import EngineMode
from trader_gui.domain.ticket import AskRules, AskWhen
from trader_gui.models.exit_draft import LevelUnit
from trader_gui.widgets.dialogs import CloseDialog
from trader_gui.widgets.dialogs.exit_order import ExitDialog
from trader_gui.widgets.dialogs.position_margin import PositionMarginDialog
from trader_gui.widgets.dialogs.reverse import ReverseDialog
from trader_gui.widgets.table_cells import menu_rect

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window
DEMO = ("--profile", "demo", "--seed", "11", "--size", "1920x1080")
D = Decimal
NEVER = AskRules(AskWhen.NEVER, AskWhen.NEVER, AskWhen.NEVER, AskWhen.NEVER)


async def holding(rig: AppRig, size: str = "0.020", side: Side = Side.BUY) -> None:
    """Wait until a person would begin, and hold a position."""
    await rig.until("the session", lambda: rig.desk._trader and rig.trader.started.is_set())
    await rig.until("the ticket", lambda: rig.window.order_entry.draft.price_text)
    wish = OrderIntent("BTCUSDT", side, OrderType.MARKET, Purpose.ENTRY, Origin.HAND, "by_hand", 0, D(size))
    await rig.trader.submit(wish)
    await rig.until("its row", lambda: rig.bridge.positions.rowCount() == 1)
    await rig.until("the ticket knows it", lambda: rig.bridge.ticket.facts and rig.bridge.ticket.facts.position)


def held(rig: AppRig) -> Decimal:
    position = rig.trader.callback.account.position("BTCUSDT")
    return position.position_amount if position else D(0)


def row_cell(rig: AppRig, key: str) -> Any:
    table = rig.window.positions.table
    column = next(i for i, c in enumerate(table.source.columns) if c.key == key)
    return table.visualRect(table.model().index(0, column))


async def shown_menu(rig: AppRig) -> QMenu:
    """Return the menu of the table that is open."""
    table = rig.window.positions.table
    await rig.until("the menu", lambda: [m for m in table.findChildren(QMenu) if m.isVisible()])
    return next(m for m in table.findChildren(QMenu) if m.isVisible())


async def choose(rig: AppRig, key: Qt.Key, *, by_key: bool = False) -> None:
    """Open the row's menu, at the button or by key, and press the letter of an entry."""
    table = rig.window.positions.table
    if by_key:
        table.setFocus()
        table.setCurrentIndex(table.model().index(0, 0))
        event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), QPoint(0, 0))
        QApplication.sendEvent(table, event)
    else:
        rig.click(table.viewport(), menu_rect(row_cell(rig, "close")).center())
    QTest.keyClick(await shown_menu(rig), key)


def fields_of(dialog: ExitDialog) -> Any:
    return dialog.fields


def open_algo(rig: AppRig) -> list[Order]:
    return [o for o in rig.trader.callback.orders.open_orders() if o.order_type.is_conditional]


def test_a_quarter_at_once_and_a_half_after_the_dialog(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await holding(rig)
            rig.window.order_entry.menu.set_ask(NEVER)
            await choose(rig, Qt.Key.Key_1)
            table = rig.window.positions.table
            where = menu_rect(row_cell(rig, "close")).center()
            for _ in range(2):  # a hand that clicks on: the first is not over
                QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
            await rig.until("a quarter is closed", lambda: held(rig) == D("0.015"))
            ticket = rig.bridge.ticket
            await rig.until("it is shown", lambda: ticket.facts and ticket.facts.position_amount == D("0.015"))
            rig.window.order_entry.menu.set_ask(AskRules())
            await rig.until("the button is back", lambda: not rig.bridge.positions.is_pending(_key()))
            await choose(rig, Qt.Key.Key_2, by_key=True)
            dialog = await rig.dialog(CloseDialog)
            assert dialog.size_field.text == "0.008"  # rounded up to the step
            dialog.send_button.setFocus()
            for _ in range(3):
                QTest.keyClick(dialog, Qt.Key.Key_Return)
            await rig.until("a half is closed", lambda: held(rig) == D("0.007"))
            await rig.until("the button is back", lambda: not rig.bridge.positions.is_pending(_key()))
        with rig.journal() as journal:
            sizes = [i.quantity for i in journal.intents().values()]
        assert sizes == [D("0.020"), D("0.005"), D("0.008")]

    qt_run(act(), 60)


def _key() -> tuple[str, PositionSide]:
    return "BTCUSDT", PositionSide.BOTH


def test_it_is_closed_by_a_limit_that_rests_first_in_line(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await holding(rig, side=Side.SELL)
            await choose(rig, Qt.Key.Key_L)
            dialog = await rig.dialog(CloseDialog)
            facts = rig.bridge.ticket.facts
            assert facts is not None and facts.best_bid is not None
            assert abs(D(dialog.price_field.text.replace(",", "")) - facts.best_bid) < 100
            price = facts.rules.snap_price(facts.best_bid - 300)
            rig.type_into(dialog.price_field.edit, str(price))
            quarter = next(b for b in dialog.findChildren(QPushButton) if b.text() == "50 %")
            rig.click(quarter)
            assert dialog.send_button.text() == f"Close 0.010 at {price:,f}"
            rig.click(dialog.send_button)
            await rig.until("the order", lambda: rig.bridge.orders.rowCount() == 1)
            (order,) = rig.trader.callback.orders.open_orders()
            assert (order.side, order.price, order.quantity) == (Side.BUY, price, D("0.010"))
            assert order.reduce_only and order.purpose is Purpose.EXIT

    qt_run(act(), 60)


def test_it_is_turned_round_once_its_plan_was_shown_and_the_engine_is_disarmed(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await holding(rig)
            assert await rig.trader.arm(None) == ()
            await choose(rig, Qt.Key.Key_V, by_key=True)
            dialog = await rig.dialog(ReverseDialog)
            lines = [label.text() for label in dialog.findChildren(type(dialog._values["fees"])) if label.text()]
            assert any("Disarm the engine" in line for line in lines)
            assert any("sell 0.020 at market" in line for line in lines)
            assert dialog._values["position_after"].text().startswith("Short 0.020")
            assert held(rig) == D("0.020") and rig.trader.is_armed
            rig.click(dialog.send_button)
            await rig.until("it is turned round", lambda: held(rig) == D("-0.020"))
            assert rig.trader.callback.gate.mode is EngineMode.HALTED
            await rig.until("the button is back", lambda: not rig.bridge.positions.is_pending(_key()))
        with rig.journal() as journal:
            intents = [i for i in journal.intents().values() if i.origin is Origin.HAND]
        assert [(i.side, i.purpose, i.quantity) for i in intents] == [
            (Side.BUY, Purpose.ENTRY, D("0.020")),
            (Side.SELL, Purpose.EXIT, D("0.020")),
            (Side.SELL, Purpose.ENTRY, D("0.020")),
        ]

    qt_run(act(), 60)


def test_a_stop_a_target_and_a_trailing_stop_are_put_to_the_position(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await holding(rig)
            entry = rig.bridge.positions.row(0).entry_price
            rules = rig.trader.rules
            await choose(rig, Qt.Key.Key_S)
            dialog = await rig.dialog(ExitDialog)
            fields = fields_of(dialog)
            QTest.keyClicks(fields.level.edit, str(rules.snap_price(entry * D("0.98"))))
            await rig.until("what it loses", lambda: dialog._values["result"].text().startswith("−"))
            fields._unit_choice.entries[LevelUnit.PERCENT].trigger()
            assert fields.level.text == "2.00"
            rig.type_into(fields.level.edit, "1")
            rig.click(fields.trigger_by.button("MARK_PRICE"))
            QTest.mouseDClick(dialog.send_button, Qt.MouseButton.LeftButton)
            QTest.mouseClick(dialog.send_button, Qt.MouseButton.LeftButton)
            await rig.until("the stop", lambda: len(open_algo(rig)) == 1)
            (stop,) = open_algo(rig)
            assert (stop.order_type, stop.trigger_price) == (
                OrderType.STOP_MARKET,
                rules.snap_price(entry * D("0.99")),
            )
            assert stop.close_position and stop.working_type.value == "MARK_PRICE"
            await rig.until("the row is protected", lambda: rig.bridge.positions.row(0).is_protected)
            await rig.until("the button is back", lambda: not rig.bridge.positions.is_pending(_key()))

            await choose(rig, Qt.Key.Key_S)  # a second one for the whole position would be refused
            dialog = await rig.dialog(ExitDialog)
            rig.type_into(fields_of(dialog).level.edit, str(rules.snap_price(entry * D("0.985"))))
            assert not dialog.send_button.isEnabled()
            assert any("rests at" in m.html for m in dialog.messages.messages)
            rig.click(fields_of(dialog).kind.button("take_profit"))
            rig.click(fields_of(dialog).size_choice.button("part"))
            assert fields_of(dialog).size_field.text == "0.010"
            rig.type_into(fields_of(dialog).level.edit, str(rules.snap_price(entry * D("1.02"))))
            await rig.until("what it gains", lambda: dialog._values["result"].text().startswith("+"))
            rig.click(dialog.send_button)
            await rig.until("the target", lambda: len(open_algo(rig)) == 2)
            await rig.until("the button is back", lambda: not rig.bridge.positions.is_pending(_key()))

            await choose(rig, Qt.Key.Key_R, by_key=True)
            dialog = await rig.dialog(ExitDialog)
            rig.type_into(fields_of(dialog).callback.edit, "1.5")
            rig.click(dialog.send_button)
            await rig.until("the trailing stop", lambda: len(open_algo(rig)) == 3)
            kinds = {o.order_type: (o.close_position, o.reduce_only, o.quantity) for o in open_algo(rig)}
            assert kinds[OrderType.TAKE_PROFIT_MARKET] == (False, True, D("0.010"))
            assert kinds[OrderType.TRAILING_STOP_MARKET] == (False, True, D("0.020"))

    qt_run(act(), 60)


def test_margin_is_added_to_an_isolated_position(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await rig.until("the session", lambda: rig.desk._trader and rig.trader.started.is_set())
            await rig.trader.set_margin_type(rig.trader.symbol, MarginType.ISOLATED)
            await holding(rig)
            await rig.until("its margin type", lambda: rig.bridge.positions.row(0).margin_type is MarginType.ISOLATED)
            before = rig.bridge.positions.row(0).margin
            await choose(rig, Qt.Key.Key_M)
            dialog = await rig.dialog(PositionMarginDialog)
            rig.type_into(dialog.amount.edit, "99999")
            assert not dialog.send_button.isEnabled()
            assert "Most that can be added" in dialog.amount.messages.messages[0].html
            rig.type_into(dialog.amount.edit, "25")
            assert "→" in dialog._values["liquidation"].text()
            QTest.mouseDClick(dialog.send_button, Qt.MouseButton.LeftButton)
            QTest.mouseClick(dialog.send_button, Qt.MouseButton.LeftButton)
            await rig.until("more margin", lambda: rig.bridge.positions.row(0).margin == before + 25)
            await rig.until("the button is back", lambda: not rig.bridge.positions.is_pending(_key()))
            await choose(rig, Qt.Key.Key_M, by_key=True)
            dialog = await rig.dialog(PositionMarginDialog)
            rig.click(dialog.way.button("remove"))
            rig.type_into(dialog.amount.edit, "20")
            rig.click(dialog.send_button)
            await rig.until("less margin", lambda: rig.bridge.positions.row(0).margin == before + 5)

    qt_run(act(), 60)
