"""What the tables ask for: reading the past, cancelling many, exporting, the life of an order."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog

from trader_gui.app.answers import refusal_of
from trader_gui.domain.order import Order, OrderOutcome, OutcomeKind
from trader_gui.errors import TraderError
from trader_gui.i18n import error_words, outcome_words, refusal_words, trouble_words
from trader_gui.models.bridge import Bridge
from trader_gui.models.order_life import OrderLifeModel
from trader_gui.models.table import iso_utc
from trader_gui.models.table_export import ExportProgress, ExportStoppedError, export_table
from trader_gui.rt_trader import Answer, RtTrader
from trader_gui.tasks import TaskRegistry, in_thread
from trader_gui.widgets.dialogs.cancel_many import CancelManyDialog
from trader_gui.widgets.dialogs.order_life import OrderLifeDialog
from trader_gui.widgets.main_window import MainWindow
from trader_gui.widgets.table_export import TableExport, count_words

PROGRESS_S = 0.1
_KINDS = {"csv": "Tables (*.csv)", "parquet": "Parquet (*.parquet)"}


class TableCommands:
    """Carries the wishes of the tables to session, journal and disk, and the answers back.

    Owner: the app; tasks born here belong to `tasks`.
    """

    def __init__(self, window: MainWindow, trader: RtTrader, bridge: Bridge, tasks: TaskRegistry) -> None:
        self._window = window
        self._trader = trader
        self._bridge = bridge
        self._tasks = tasks
        history, tabs = bridge.history, window.tabs
        history.loader.wanted.connect(lambda: tasks.spawn(history.loader.load(), "history"))
        history.assets.wanted.connect(lambda: tasks.spawn(history.assets.load(), "assets"))
        tabs.orders.cancel_many_requested.connect(self._on_cancel_many)
        tabs.orders.amend_requested.connect(self._on_amend)
        for export in (window.positions.export, *(panel.export for panel in tabs.panels().values())):
            export.requested.connect(self._on_export)
        for panel in tabs.panels().values():
            panel.life_requested.connect(self._on_life)
            panel.table.said.connect(lambda text: window.notify("info", "Not done", text))

    def _spawn(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Start one task of a name at a time."""
        if self._tasks.is_running(name):
            work.close()
            return
        self._tasks.spawn(self._guard(work), name)

    async def _guard(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except TraderError as error:
            self._window.notify("danger", "Not done", error_words(error))

    # ---- changing one ----------------------------------------------------------------------------------------------

    def _on_amend(self, order: Order, price: Decimal | None, quantity: Decimal | None) -> None:
        self._spawn(self._amend(order, price, quantity), f"amend {order.client_order_id}")

    async def _amend(self, order: Order, price: Decimal | None, quantity: Decimal | None) -> None:
        """Ask for another price or size; the row shows it hatched until the exchange has answered, and why not.

        A conditional order is moved: what stands then is another order, at whose row is told what went wrong.
        """
        table, key = self._bridge.orders, (order.client_order_id, order.order_family)
        table.begin_amend(key, price, quantity)
        refusal = "the program ended before an answer came"
        try:
            if order.order_type.is_conditional and price is not None:
                report = await self._trader.move(order, price)
                refusal = trouble_words(report.trouble) if report.trouble is not None else ""
                live = report.live
                table.finish_amend(key, "")
                key = key if live is None else (live.client_order_id, live.order_family)
            else:
                refusal = refusal_of(await self._trader.amend(order, price, quantity))
        except TraderError as error:
            refusal = error_words(error)
        finally:
            table.finish_amend(key, refusal)
            if refusal:
                self._window.tabs.orders.show_refusal(key, refusal)

    # ---- cancelling many -------------------------------------------------------------------------------------------

    def _on_cancel_many(self, what: str, orders: list[Order]) -> None:
        if not orders or not self._trader.is_ready:
            return
        dialog = CancelManyDialog(self._trader.profile.name, what, orders, self._window)
        dialog.confirmed.connect(lambda: self._spawn(self._cancel_many(orders), "cancel many"))
        dialog.open()

    async def _cancel_many(self, orders: Sequence[Order]) -> None:
        """Cancel what is still open of these; each row's button waits for its answer."""
        table = self._bridge.orders
        keys = [(order.client_order_id, order.order_family) for order in orders]
        open_keys = {(o.client_order_id, o.order_family) for o in self._trader.callback.orders.open_orders()}
        wanted = [order for order, key in zip(orders, keys, strict=True) if key in open_keys]
        for key in keys:
            table.set_pending(key, True)
        try:
            answer = await self._trader.cancel(*wanted)
        finally:
            for key in keys:
                table.set_pending(key, False)
        tone, head, detail = cancel_words(answer, len(orders) - len(wanted))
        self._window.notify(tone, head, detail)

    # ---- exporting -------------------------------------------------------------------------------------------------

    def _on_export(self, wanted: TableExport, kind: str) -> None:
        day = iso_utc(self._bridge.history.now_ms)[:10]
        name = f"{self._trader.profile.name} {wanted.title} {day}.{kind}".replace(" ", "-")
        dialog = QFileDialog(self._window, f"Export {wanted.title}", name, _KINDS[kind])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.fileSelected.connect(lambda path: self.export(wanted, kind, Path(path)))
        dialog.open()

    def export(self, wanted: TableExport, kind: str, path: Path) -> None:
        """Write the rows that a table shows to a file."""
        self._spawn(self._export(wanted, kind, path), f"export {wanted.title}")

    async def _export(self, wanted: TableExport, kind: str, path: Path) -> None:
        rows = wanted.table.rows.rows()
        progress = ExportProgress(len(rows))
        work = partial(export_table, path, kind, wanted.table.source.columns, rows, progress)
        writing = asyncio.create_task(in_thread(work, "export"), name=f"write {wanted.title}")
        try:
            while not writing.done():
                wanted.show(progress)
                await asyncio.wait({writing}, timeout=PROGRESS_S)
            await writing
        except ExportStoppedError:
            self._window.notify("info", "Export stopped", "No file was written.")
        else:
            self._window.notify("ok", f"{count_words(len(rows))} exported", str(path))
        finally:
            progress.is_stopped = True
            wanted.show(None)

    # ---- an order's life -------------------------------------------------------------------------------------------

    def _on_life(self, row: Any) -> None:
        self._spawn(self._show_life(row), f"life {row.client_order_id}")

    async def _show_life(self, row: Any) -> None:
        history = self._trader.history
        if history is None:
            return
        life = await history.order_life(row.client_order_id)
        OrderLifeDialog(self._trader.profile.name, row, OrderLifeModel(life), self._window).open()


def cancel_words(answer: Answer, gone: int) -> tuple[str, str, str]:
    """Return (tone, head, detail) of what became of a cancelling of many, every reason once, with its count.

    Args:
        answer: Of the session.
        gone: Orders that were over before they were asked for.
    """
    done = sum(outcome.kind is OutcomeKind.ACCEPTED for outcome in answer.outcomes)
    reasons = Counter(refusal_words(refusal) for refusal in answer.step.refusals)
    reasons.update(_why_not(outcome) for outcome in answer.outcomes if outcome.kind is not OutcomeKind.ACCEPTED)
    total = done + reasons.total()
    note = [f"{gone} were over already."] if gone else []
    details = [f"{count} × {why}" if count > 1 else why for why, count in reasons.most_common()]
    if not reasons:
        return "ok", f"{done} orders cancelled" if done != 1 else "1 order cancelled", " ".join(note)
    return ("warn" if done else "danger"), f"{done} of {total} orders cancelled", " ".join([*details, *note])


def _why_not(outcome: OrderOutcome) -> str:
    if outcome.kind is OutcomeKind.UNKNOWN:
        return "No clear answer; the exchange is being asked."
    return outcome_words(outcome)
