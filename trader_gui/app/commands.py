"""Carries the user's wishes from the window to the session, and the answers back into the window."""

import time
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import msgspec
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog, QWidget

from trader_gui.app.arming import make_checks, make_contract
from trader_gui.credentials import Credentials, KeyStore
from trader_gui.domain.account import MarginType
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.closing import ClosePlan
from trader_gui.domain.moving import MoveReport
from trader_gui.domain.order import Order, OrderIntent, OutcomeKind
from trader_gui.domain.ticket import TicketMemory
from trader_gui.errors import TraderError
from trader_gui.i18n import error_words, outcome_words, refusal_words, trouble_words
from trader_gui.models.bridge import Bridge
from trader_gui.rt_trader import Answer, RtTrader
from trader_gui.settings import Settings
from trader_gui.tasks import TaskRegistry
from trader_gui.widgets.close_words import plan_lines, report_lines
from trader_gui.widgets.dialogs import ArmingSheet, FlattenPopover, KeysDialog
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
        self._plan: ClosePlan | None = None
        window.order_requested.connect(self._on_order)
        window.cancel_order_requested.connect(self._on_cancel)
        window.chart.view.drag.move_requested.connect(self._on_move)
        window.protect_now_requested.connect(lambda: self._spawn(self._protect_now(), "protect now"))
        window.close_now_requested.connect(lambda: self._spawn(self._close_now(), "close now"))
        window.arm_requested.connect(self._on_arm)
        window.disarm_requested.connect(lambda: self._spawn(trader.disarm(), "disarm"))
        window.cancel_entries_requested.connect(lambda: self._spawn(self._cancel_entries(), "cancel entries"))
        window.flatten_requested.connect(self._on_flatten)
        window.check_account_requested.connect(trader.check_account)
        ticket = window.order_entry
        window.leverage_requested.connect(lambda v: self._change_setting(trader.set_leverage(ticket.symbol, v)))
        window.margin_type_requested.connect(
            lambda name: self._change_setting(trader.set_margin_type(ticket.symbol, MarginType(name)))
        )
        bridge.series.picks.recent = settings.trading.recent_symbols
        bridge.ready.connect(self._show_choice)
        bridge.series.chosen.connect(self._show_choice)
        ticket.position_mode_requested.connect(
            lambda is_hedge: self._change_setting(trader.set_position_mode(is_hedge=is_hedge))
        )
        ticket.bracket_requested.connect(self._on_order)
        trading = settings.trading
        ticket.load(trading.tickets, trading.presets, trading.ask)
        ticket.history.changed.connect(self._on_ticket_changed)
        ticket.menu.presets_changed.connect(lambda presets: self._save_trading(presets=presets))
        ticket.menu.ask_changed.connect(lambda ask: self._save_trading(ask=ask))
        window.keys_requested.connect(lambda: self._spawn(self._open_keys(), "keys"))
        window.screenshot_requested.connect(lambda: self._ask_for_picture("window", window))
        window.chart_picture_requested.connect(lambda: self._ask_for_picture("chart", window.chart.view))
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

    def _on_order(self, wish: OrderIntent | BracketWish) -> None:
        self._spawn(self._send_from_ticket(wish), "ticket order")

    async def _send_from_ticket(self, wish: OrderIntent | BracketWish) -> None:
        ticket = self._window.order_entry
        try:
            if isinstance(wish, BracketWish):
                ticket.set_busy(wish.entry.side)
                answer = await self._trader.submit_bracket(wish)
            else:
                ticket.set_busy(wish.side)
                answer = await self._trader.submit(wish)
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

    def _on_move(self, order: Order, price: Decimal) -> None:
        self._spawn(self._move(order, price), f"move {order.client_order_id}")

    async def _move(self, order: Order, price: Decimal) -> None:
        """Ask for another price of an order, and say at its line what came of it."""
        lines = self._window.chart.view.drag
        try:
            report = await self._trader.move(order, price)
        except TraderError as error:
            lines.finish(order, error_words(error))
            return
        words = "" if report.trouble is None else trouble_words(report.trouble)
        lines.finish(order, "" if report.is_moved else words)
        if words:
            self._window.notify("warn" if report.is_moved else "danger", _move_head(report), words)

    async def _cancel_entries(self) -> None:
        answer = await self._trader.cancel_entries()
        if not answer.outcomes and not answer.step.refusals:
            self._window.notify("info", "No entry order is open")
            return
        self._tell(answer, "Not cancelled")

    async def _protect_now(self) -> None:
        """Place the strategy's stop for the position, by hand."""
        callback = self._trader.callback
        position = callback.account.position(callback.symbol)
        if position is not None:
            stop = callback.protection.stop_by_hand(position, callback.rules, callback.now_ms)
            self._tell(await self._trader.submit(stop), "No stop placed")

    async def _close_now(self) -> None:
        """Close the position at market, by hand, without asking once more: it is said to have no stop."""
        callback = self._trader.callback
        position = callback.account.position(callback.symbol)
        if position is not None:
            close = callback.protection.close_by_hand(position, callback.rules, callback.now_ms)
            self._tell(await self._trader.submit(close), "Not closed")

    def _tell(self, answer: Answer, failure: str) -> None:
        """Show what the gate or the exchange refused; what was accepted shows itself in the tables."""
        for refusal in answer.step.refusals:
            self._window.notify("danger", failure, refusal_words(refusal))
        for outcome in answer.outcomes:
            if outcome.kind is not OutcomeKind.ACCEPTED:
                tone = "danger" if outcome.kind is OutcomeKind.REFUSED else "warn"
                self._window.notify(tone, failure, outcome_words(outcome))

    # ---- settings --------------------------------------------------------------------------------------------------

    def _change_setting(self, change: Coroutine[Any, Any, None]) -> None:
        name = "setting at the venue"
        if self._tasks.is_running(name):
            change.close()
            self._window.order_entry.show_setting("The exchange is still being asked about the change before.")
            return
        self._spawn(self._tell_setting(change), name)

    async def _tell_setting(self, change: Coroutine[Any, Any, None]) -> None:
        """Make a change at the venue and say in its form what came of it."""
        try:
            await change
        except TraderError as error:
            self._window.order_entry.show_setting(error_words(error))
            return
        self._window.order_entry.show_setting("")

    def _show_choice(self) -> None:
        """Have the session watch what the chart shows: the ticket trades that symbol from then on."""
        if not self._trader.is_ready:
            return
        symbol, interval = self._bridge.series.choice or (self._trader.symbol, self._trader.interval)
        self._trader.show(symbol, interval)
        picks = self._bridge.series.picks
        picks.note_shown(symbol)
        if picks.recent != self._settings.trading.recent_symbols:
            self._save_trading(recent_symbols=picks.recent)

    def _on_ticket_changed(self, symbol: str, memory: TicketMemory) -> None:
        self._save_trading(tickets={**self._settings.trading.tickets, symbol: memory})

    def _save_trading(self, **changes: Any) -> None:
        try:
            self._settings.save_trading(msgspec.structs.replace(self._settings.trading, **changes))
        except TraderError as error:
            self._window.notify("warn", "Settings not saved", error_words(error))

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
            self._flatten.last_known_wanted.connect(self._on_last_known_wanted)
        self._flatten.open_at(self._window.session_bar.flatten_button)
        self._spawn(self._plan_flatten(self._flatten), "plan flatten")

    def _on_last_known_wanted(self) -> None:
        if self._flatten is not None:
            self._spawn(self._plan_flatten(self._flatten, last_known=True), "plan flatten by last known")

    async def _plan_flatten(self, popover: FlattenPopover, *, last_known: bool = False) -> None:
        try:
            self._plan = await self._trader.plan_flatten(last_known=last_known)
        except TraderError as error:
            popover.set_unread(error_words(error))
            return
        popover.set_plan(plan_lines(self._plan))

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
            popover.set_plan(plan_lines(self._plan), note="The account has changed meanwhile: this is the new plan.")
            return
        popover.set_report(report.is_done, report_lines(report))

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

    def _ask_for_picture(self, what: str, widget: QWidget) -> None:
        """Ask where a picture of a widget, as it is now, shall go."""
        picture = widget.grab()
        dialog = QFileDialog(self._window, f"Save a picture of the {what}", "trader-gui.png", "Pictures (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.fileSelected.connect(lambda path: self._save_picture(picture, path))
        dialog.open()

    def _save_picture(self, picture: QPixmap, path: str) -> None:
        if picture.save(path):
            self._window.notify("ok", "Picture saved", path)
        else:
            self._window.notify("danger", "Picture not saved", f"{path} cannot be written: choose another place.")

    def _on_look_changed(self, theme_name: str, palette: str) -> None:
        common = msgspec.structs.replace(self._settings.common, theme=theme_name, palette=palette)
        try:
            self._settings.save_common(common)
        except TraderError as error:
            self._window.notify("warn", "Settings not saved", error_words(error))


def _move_head(report: MoveReport) -> str:
    """Return in a few words where an order stands after a move that did not go as it was meant."""
    if report.is_moved:
        return "Moved, but not as it was"
    return "Not moved" if report.live is not None else "Not moved: no such order stands"


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
