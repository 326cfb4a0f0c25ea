"""The tables in the whole program: the past out of journal and exchange, cancelling many, files, an order's life."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from tests.app_rig import AppRig, open_app
from trader_gui.domain.order import (
    OrderIntent,
    OrderOutcome,
    OrderType,
    Origin,
    OutcomeKind,
    Purpose,
    Side,
    TimeInForce,
)
from trader_gui.models import history_loader
from trader_gui.risk.gate import RiskLimits
from trader_gui.widgets.dialogs.cancel_many import CancelManyDialog
from trader_gui.widgets.dialogs.order_life import OrderLifeDialog

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window
DEMO = ("--profile", "demo", "--seed", "3", "--size", "1920x1080")


def wish(side: Side, price: Decimal | None = None) -> OrderIntent:
    return OrderIntent(
        "BTCUSDT",
        side,
        OrderType.MARKET if price is None else OrderType.LIMIT,
        Purpose.ENTRY,
        Origin.HAND,
        "by_hand",
        0,
        Decimal("0.010"),
        price,
        time_in_force=None if price is None else TimeInForce.GTC,
    )


def far(rig: AppRig, fraction: str) -> Decimal:
    last = rig.trader.callback.last_price
    assert last is not None
    return rig.trader.rules.snap_price(last * (1 + Decimal(fraction)))


async def started(rig: AppRig) -> None:
    await rig.until("the window", lambda: rig.desk._trader is not None)
    await rig.until("the session", rig.trader.started.is_set)
    await rig.until("a price", lambda: rig.trader.callback.last_price is not None)


def menu_of(widget: Any) -> QMenu:
    return next(menu for menu in widget.findChildren(QMenu) if menu.isVisible())


async def positions_exported(rig: AppRig, path: Path) -> None:
    """Export the one position by what its row's menu offers, and look into the file."""
    positions = rig.window.positions
    await rig.until("the position", lambda: positions.table.rows.rowCount() == 1)
    menu = positions.table.menu_for(positions.table.model().index(0, 0))
    offered = next(action for action in menu.actions() if action.text() == "Export").menu()
    assert isinstance(offered, QMenu)
    assert [action.text() for action in offered.actions()] == ["1 row as CSV…", "1 row as Parquet…"]
    menu.deleteLater()
    commands = rig.desk._table_commands
    assert commands is not None
    commands.export(positions.export, "parquet", path)
    await rig.until("the file", path.exists)
    (row,) = pq.read_table(path).to_pylist()
    assert (row["symbol"], Decimal(row["quantity"])) == ("BTCUSDT", Decimal("0.010"))


def test_fills_are_read_exported_and_lead_to_their_orders_life(
    qt_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_loader, "LAG_MS", 500)
    monkeypatch.setattr(history_loader, "HEAD_EVERY_NS", 300_000_000)

    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            await rig.trader.submit(wish(Side.BUY))
            await positions_exported(rig, tmp_path / "positions.parquet")
            await rig.trader.submit(wish(Side.SELL))
            tabs, loader = rig.window.tabs, rig.bridge.history.loader
            assert not loader.symbols - {"BTCUSDT"} and loader.whole_since(rig.bridge.history.now_ms) is None
            rig.open_tab("Fills")
            await rig.until("both fills", lambda: tabs.fills.table.rows.rowCount() == 2)
            await rig.until("it is said what is whole", lambda: tabs.fills.note.words.startswith("Whole since"))
            rig.open_tab("Income")
            incomes = rig.bridge.income
            await rig.until("the exchange lists it", lambda: {r.source.value for r in incomes.rows()} == {"exchange"})
            rig.open_tab("Assets")
            await rig.until("the assets", lambda: rig.bridge.assets.rowCount() == 1)
            path = tmp_path / "fills.csv"
            commands = rig.desk._table_commands
            assert commands is not None
            commands.export(tabs.fills.export, "csv", path)
            await rig.until("the file", path.exists)
            await rig.until(
                "it is said", lambda: any("exported" in t.accessibleName() for t in rig.window.toasts.toasts())
            )
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
            assert [row["side"] for row in rows] == ["SELL", "BUY"] and rows[0]["opened_by"] == "HAND"
            assert sum(Decimal(row["fee"]) for row in rows) == -sum(r.fill.commission for r in rig.bridge.fills.rows())
            rig.open_tab("Fills")
            tabs.fills.life_requested.emit(tabs.fills.table.rows.rows()[0])
            dialog = await rig.dialog(OrderLifeDialog)
            whats = [dialog.table.model().index(i, 2).data() for i in range(dialog.table.model().rowCount())]
            assert whats[0] == "wanted" and {"answer", "fill"} <= set(whats)
            rig.click(dialog.cancel_button)

    qt_run(act(), 60)


def test_all_orders_of_a_side_are_cancelled_after_their_plan_was_shown(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            for number in range(3):
                await rig.trader.submit(wish(Side.BUY, far(rig, f"-0.0{number + 2}")))
            await rig.trader.submit(wish(Side.SELL, far(rig, "0.02")))
            await rig.until("the rows", lambda: rig.bridge.orders.rowCount() == 4)
            rig.open_tab("Orders 4")
            panel = rig.window.tabs.orders
            rig.click(panel.cancel_button)
            menu = menu_of(panel.cancel_button)
            next(action for action in menu.actions() if action.text() == "All buys (3)…").trigger()
            menu.close()
            dialog = await rig.dialog(CancelManyDialog)
            rig.click(dialog.send_button)
            await rig.until("one order is left", lambda: rig.bridge.orders.rowCount() == 1)
            said = "3 orders cancelled"
            await rig.until(
                "it is said once", lambda: any(said in t.accessibleName() for t in rig.window.toasts.toasts())
            )
            rig.open_tab("Order history")
            history = rig.window.tabs.order_history.table
            await rig.until("they are in the history", lambda: history.rows.rowCount() == 3)
        with rig.journal() as journal:
            cancels = [
                m for cid in journal.intents() for m in journal.order_messages(cid) if getattr(m, "is_cancel", 0)
            ]
            assert len(cancels) == 3, "one request for each order"

    qt_run(act(), 60)


def test_an_order_is_changed_in_its_cell_and_a_refusal_stands_at_its_row(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            await rig.trader.submit(wish(Side.BUY, far(rig, "-0.005")))
            await rig.until("the row", lambda: rig.bridge.orders.rowCount() == 1)
            rig.open_tab("Orders 1")
            panel = rig.window.tabs.orders
            table = panel.table
            column = next(n for n, c in enumerate(table.source.columns) if c.key == "limit")

            def order() -> Any:
                return rig.trader.callback.orders.open_orders()[0]

            async def edit(text: str) -> None:
                await rig.until("it can be changed", lambda: rig.bridge.orders.row(0).can_amend)
                cell = table.visualRect(table.rows.index(0, column)).center()
                QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
                QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
                assert panel.editor is not None and panel.editor.hasFocus()
                panel.editor.selectAll()
                QTest.keyClicks(panel.editor, text)
                await rig.until("it could be sent", lambda: panel.editor._judged and panel.editor._judged.price)

            price = far(rig, "-0.004")
            await edit(str(price))
            editor = panel.editor
            for _ in range(3):
                QTest.keyClick(editor, Qt.Key.Key_Return)
            await rig.until("it is asked for", lambda: panel.editor is None)
            await rig.until("the new price", lambda: order().price == price or rig.bridge.orders.row(0).refusal)
            assert rig.bridge.orders.row(0).refusal == ""
            await rig.until("nothing is hatched", lambda: not rig.bridge.orders.row(0).is_amending)
            await edit(str(far(rig, "-0.0045")))
            QTest.keyClick(panel.editor, Qt.Key.Key_Escape)
            assert panel.editor is None and order().price == price
            rig.trader.callback.gate.limits = RiskLimits(max_daily_loss=Decimal(0))
            await edit(str(far(rig, "-0.0042")))
            QTest.keyClick(panel.editor, Qt.Key.Key_Return)
            await rig.until("why not", lambda: "loss" in rig.bridge.orders.row(0).refusal)
            assert order().price == price and not rig.bridge.orders.row(0).is_amending
            assert panel.bubble is not None and panel.bubble.isVisible()
            assert rig.window.rect().contains(panel.bubble.geometry())
            client_order_id = order().client_order_id
        with rig.journal() as journal:
            answers = [m for m in journal.order_messages(client_order_id) if isinstance(m, OrderOutcome) and m.is_amend]
        assert [m.kind for m in answers] == [OutcomeKind.ACCEPTED]

    qt_run(act(), 60)
