"""Carries the user's wishes from the window to the session, and the answers back into the window."""

import time
from collections.abc import Coroutine
from typing import Any

import msgspec
from PySide6.QtWidgets import QFileDialog

from trader_gui.app.arming import make_checks, make_contract
from trader_gui.credentials import Credentials, KeyStore
from trader_gui.domain.account import MarginType
from trader_gui.domain.order import Order, OrderIntent, OutcomeKind
from trader_gui.errors import TraderError
from trader_gui.i18n import error_words, outcome_words, reason_words, refusal_words
from trader_gui.models.bridge import Bridge
from trader_gui.orders.flatten import FlattenPlan
from trader_gui.rt_trader import Answer, RtTrader
from trader_gui.settings import Settings
from trader_gui.tasks import TaskRegistry
from trader_gui.widgets.dialogs import ArmingSheet, CloseDialog, FlattenPopover, KeysDialog, plan_lines
from trader_gui.widgets.main_window import MainWindow

CHECKS_INTERVAL_MS = 500


class Commands:
    """Everything that the window can ask for, connected once.

    Owner: the app; tasks born here belong to `tasks`.
    """

    def __init__(
        self,
        window: MainWindow,
        trader: RtTrader,
        bridge: Bridge,
        tasks: TaskRegistry,
        settings: Settings,
        key_store: KeyStore,
    ) -> None:
        self._window = window
        self._trader = trader
        self._bridge = bridge
        self._tasks = tasks
        self._settings = settings
        self._key_store = key_store
        self._flatten: FlattenPopover | None = None
        self._plan: FlattenPlan | None = None
        window.order_requested.connect(self._on_order)
        window.cancel_order_requested.connect(self._on_cancel)
        window.close_position_requested.connect(self._on_close_position)
        window.arm_requested.connect(self._on_arm)
        window.disarm_requested.connect(lambda: self._spawn(trader.disarm(), "disarm"))
        window.cancel_entries_requested.connect(lambda: self._spawn(self._cancel_entries(), "cancel entries"))
        window.flatten_requested.connect(self._on_flatten)
        window.check_account_requested.connect(trader.check_account)
        window.leverage_requested.connect(lambda value: self._spawn(self._set_leverage(value), "leverage"))
        window.margin_type_requested.connect(lambda name: self._spawn(self._set_margin_type(name), "margin type"))
        window.keys_requested.connect(lambda: self._spawn(self._open_keys(), "keys"))
        window.screenshot_requested.connect(self._on_screenshot)
        window.look_changed.connect(self._on_look_changed)

    def _spawn(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Start one task of a name at a time: a second click while the first is under way asks for nothing new."""
        if self._tasks.is_running(name) or not self._trader.is_ready:
            work.close()
            return
        self._tasks.spawn(self._guard(work), name)

    async def _guard(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except TraderError as error:
            self._window.notify("danger", "Not done", error_words(error))

    # ---- orders ----------------------------------------------------------------------------------------------------

    def _on_order(self, intent: OrderIntent) -> None:
        self._spawn(self._send_from_ticket(intent), "ticket order")

    async def _send_from_ticket(self, intent: OrderIntent) -> None:
        ticket = self._window.order_entry
        ticket.set_busy(intent.side)
        try:
            answer = await self._trader.submit(intent)
        except TraderError as error:
            ticket.show_result(error)
            return
        ticket.show_result(answer.step, answer.outcomes)

    def _on_cancel(self, order: Order) -> None:
        self._spawn(self._cancel(order), f"cancel {order.client_order_id}")

    async def _cancel(self, order: Order) -> None:
        try:
            self._tell(await self._trader.cancel(order), "Not cancelled")
        finally:
            self._window.finish_cancel(order)

    async def _cancel_entries(self) -> None:
        answer = await self._trader.cancel_entries()
        if not answer.outcomes and not answer.step.refusals:
            self._window.notify("info", "No entry order is open")
            return
        self._tell(answer, "Not cancelled")

    def _on_close_position(self, symbol: str) -> None:
        if symbol != self._trader.symbol or self._bridge.ticket.facts is None:
            self._window.finish_close(symbol)
            self._window.notify("warn", f"{symbol} cannot be closed here", "Start the program with that symbol.")
            return
        dialog = CloseDialog(self._bridge.ticket, self._trader.profile.name, self._window)
        dialog.order_requested.connect(lambda intent: self._spawn(self._close(intent), "close position"))
        dialog.finished.connect(lambda _result: self._window.finish_close(symbol))
        dialog.open()

    async def _close(self, intent: OrderIntent) -> None:
        self._tell(await self._trader.submit(intent), "Not closed")

    def _tell(self, answer: Answer, failure: str) -> None:
        """Show what the gate or the exchange refused; what was accepted shows itself in the tables."""
        for refusal in answer.step.refusals:
            self._window.notify("danger", failure, refusal_words(refusal))
        for outcome in answer.outcomes:
            if outcome.kind is not OutcomeKind.ACCEPTED:
                tone = "danger" if outcome.kind is OutcomeKind.REFUSED else "warn"
                self._window.notify(tone, failure, outcome_words(outcome))

    async def _set_leverage(self, leverage: int) -> None:
        await self._trader.set_leverage(leverage)

    async def _set_margin_type(self, name: str) -> None:
        await self._trader.set_margin_type(MarginType(name))

    # ---- engine ----------------------------------------------------------------------------------------------------

    def _on_arm(self) -> None:
        if not self._trader.started.is_set():
            return
        sheet = ArmingSheet(make_contract(self._trader), self._trader.profile.name, self._window)
        sheet.set_checks(make_checks(self._trader, time.monotonic_ns()))
        refresh = sheet.startTimer(CHECKS_INTERVAL_MS)
        sheet.timerEvent = lambda _event: sheet.set_checks(make_checks(self._trader, time.monotonic_ns()))  # type: ignore[method-assign]
        sheet.finished.connect(lambda _result: sheet.killTimer(refresh))
        sheet.arm_requested.connect(lambda seconds: self._spawn(self._arm(sheet, seconds), "arm"))
        sheet.open()

    async def _arm(self, sheet: ArmingSheet, seconds: float) -> None:
        refusals = await self._trader.arm(seconds)
        if refusals:
            sheet.show_refusals(refusals)
        else:
            sheet.accept()

    # ---- flatten ---------------------------------------------------------------------------------------------------

    def _on_flatten(self) -> None:
        if not self._trader.started.is_set():
            return
        if self._flatten is not None and self._flatten.state == "ready":
            self._flatten.press()
            return
        if self._flatten is None:
            self._flatten = FlattenPopover(self._window)
            self._flatten.confirmed.connect(lambda: self._spawn(self._flatten_now(), "flatten"))
        self._flatten.open_at(self._window.session_bar.flatten_button)
        self._spawn(self._plan_flatten(self._flatten), "plan flatten")

    async def _plan_flatten(self, popover: FlattenPopover) -> None:
        try:
            self._plan = await self._trader.plan_flatten()
        except TraderError as error:
            popover.set_report(False, [error_words(error)])
            return
        popover.set_plan(_lines(self._plan))

    async def _flatten_now(self) -> None:
        popover, plan = self._flatten, self._plan
        if popover is None or plan is None:
            return
        popover.set_working()
        try:
            report = await self._trader.flatten(plan)
        except TraderError as error:
            popover.set_report(False, [error_words(error)])
            return
        if report.changed_plan is not None:
            self._plan = report.changed_plan
            popover.set_plan(_lines(self._plan), note="The account has changed meanwhile: this is the new plan.")
            return
        popover.set_report(report.is_flat, [*_lines(report.remaining), *map(reason_words, report.refusals)])

    # ---- keys, pictures, looks -------------------------------------------------------------------------------------

    async def _open_keys(self) -> None:
        profile = self._trader.profile
        if not profile.needs_key:
            self._window.notify("info", f"{profile.title} needs no API key")
            return
        stored = await self._key_store.load(profile.name)
        dialog = KeysDialog(profile.name, stored.hint if stored else "", self._window)
        connect_keys(dialog, self._key_store, profile.name, self._tasks)
        dialog.open()

    def _on_screenshot(self) -> None:
        dialog = QFileDialog(self._window, "Save a picture of the window", "trader-gui.png", "Pictures (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.fileSelected.connect(self._save_picture)
        dialog.open()

    def _save_picture(self, path: str) -> None:
        if self._window.grab().save(path):
            self._window.notify("ok", "Picture saved", path)
        else:
            self._window.notify("danger", "Picture not saved", f"{path} cannot be written: choose another place.")

    def _on_look_changed(self, theme_name: str, palette: str) -> None:
        common = msgspec.structs.replace(self._settings.common, theme=theme_name, palette=palette)
        try:
            self._settings.save_common(common)
        except TraderError as error:
            self._window.notify("warn", "Settings not saved", error_words(error))


def connect_keys(dialog: KeysDialog, store: KeyStore, profile: str, tasks: TaskRegistry) -> None:
    """Let a keys dialog store and delete the pair of a profile."""

    async def save(api_key: str, secret: str) -> None:
        try:
            credentials = Credentials(api_key, secret)
        except TraderError as error:
            dialog.show_error(error_words(error))
            return
        try:
            await store.save(profile, credentials)
        except TraderError as error:  # without a key store the keys still serve, in memory, until the program ends
            store.keep_for_session(profile, credentials)
            dialog.show_stored(credentials.hint)
            dialog.show_error(f"Kept for this session only: {error_words(error)}")
            return
        dialog.show_stored(credentials.hint)

    async def delete() -> None:
        try:
            await store.delete(profile)
        except TraderError as error:
            dialog.show_error(error_words(error))
            return
        dialog.show_stored("")

    dialog.save_requested.connect(lambda api_key, secret: tasks.spawn(save(api_key, secret), "save keys"))
    dialog.delete_requested.connect(lambda: tasks.spawn(delete(), "delete keys"))


def _lines(plan: FlattenPlan) -> list[str]:
    return plan_lines(plan.cancels, plan.close, plan.cannot)
