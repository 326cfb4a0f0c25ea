"""What is asked for about positions: closing a part or all, turning round, stops and targets, margin."""

from collections.abc import Coroutine, Sequence
from decimal import Decimal
from typing import Any

from trader_gui.app.answers import refusal_of
from trader_gui.domain.account import PositionKey
from trader_gui.domain.closing import ReversePlan
from trader_gui.domain.order import Order, OrderIntent
from trader_gui.domain.ticket import OrderKind
from trader_gui.errors import TraderError
from trader_gui.i18n import error_words
from trader_gui.models.bridge import Bridge
from trader_gui.models.close_part import close_part
from trader_gui.models.ticket_records import TicketFacts
from trader_gui.rt_trader import RtTrader
from trader_gui.tasks import TaskRegistry
from trader_gui.widgets.close_words import report_lines, reverse_report_words
from trader_gui.widgets.dialogs.close import CloseDialog
from trader_gui.widgets.dialogs.exit_order import ExitDialog
from trader_gui.widgets.dialogs.frame import ProfileDialog
from trader_gui.widgets.dialogs.position_margin import PositionMarginDialog
from trader_gui.widgets.dialogs.reverse import ReverseDialog
from trader_gui.widgets.main_window import MainWindow
from trader_gui.widgets.position_menu import PositionAct, PositionWish

_EXITS = {
    PositionAct.STOP: OrderKind.STOP,
    PositionAct.TARGET: OrderKind.TAKE_PROFIT,
    PositionAct.TRAILING: OrderKind.TRAILING,
}


class PositionCommands:
    """Carries the wishes about positions to the session, and the answers back into the window.

    One thing at a time is done with a position: a second wish while the first is under way asks for nothing new.

    Owner: the app; tasks born here belong to `tasks`.
    """

    def __init__(self, window: MainWindow, trader: RtTrader, bridge: Bridge, tasks: TaskRegistry) -> None:
        self._window = window
        self._trader = trader
        self._bridge = bridge
        self._tasks = tasks
        self._busy: set[PositionKey] = set()
        self._dialogs: dict[PositionKey, ProfileDialog] = {}
        window.close_position_requested.connect(lambda key: self._open_close(key))
        window.position_wish_requested.connect(self._on_wish)

    def _on_wish(self, wish: PositionWish) -> None:
        if wish.act in _EXITS:
            self._open_exit(wish.key, _EXITS[wish.act])
        elif wish.act is PositionAct.REVERSE:
            self._spawn(self._plan_reverse(wish.key), wish.key)
        elif wish.act is PositionAct.CLOSE_BY_LIMIT:
            self._open_close(wish.key, OrderKind.LIMIT)
        elif wish.act is PositionAct.MARGIN:
            self._open_margin(wish.key)
        elif wish.part is not None:
            self._close_part(wish.key, wish.part)

    # ---- common ----------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, Any], key: PositionKey) -> None:
        """Do one thing at a time with a position; its row's button waits until it is over."""
        if key in self._busy or not self._trader.is_ready:
            work.close()
            return
        self._busy.add(key)
        self._bridge.positions.set_pending(key, True)
        self._tasks.spawn(self._guard(work, key), f"position {key[0]} {key[1]}")

    async def _guard(self, work: Coroutine[Any, Any, Any], key: PositionKey) -> None:
        try:
            await work
        except TraderError as error:
            self._window.notify("danger", "Not done", error_words(error))
        finally:
            self._busy.discard(key)
            self._window.finish_close(key)

    def _facts(self, key: PositionKey) -> TicketFacts | None:
        facts = self._bridge.ticket.facts
        return None if facts is None else facts.for_closing(key)

    def _show(self, dialog: ProfileDialog, key: PositionKey) -> None:
        """Open the one dialog of a position."""
        self._dialogs[key] = dialog
        dialog.finished.connect(lambda _result: self._on_closed(dialog, key))
        dialog.open()

    def _on_closed(self, dialog: ProfileDialog, key: PositionKey) -> None:
        if self._dialogs.get(key) is not dialog:
            return  # a key that was meant for it came after its end
        del self._dialogs[key]
        if key not in self._busy:
            self._window.finish_close(key)
        dialog.deleteLater()

    def _may_open(self, key: PositionKey) -> bool:
        """Tell whether a dialog can be opened: the position is there, and nothing is being done with it."""
        if key in self._busy:
            return False
        if self._facts(key) is not None and key not in self._dialogs:
            return True
        self._window.finish_close(key)
        return False

    # ---- closing ---------------------------------------------------------------------------------------------------

    def _close_part(self, key: PositionKey, part: int) -> None:
        """Close a part at market; ask first when the rules of closing orders say so, or anything is in its way."""
        facts = self._facts(key)
        judged = None if facts is None else close_part(facts, part)
        if facts is None or judged is None or judged.intent is None or judged.intent.quantity is None:
            self._open_close(key, part=part)
            return
        if self._window.order_entry.reasons(judged.intent, judged.price, facts):
            self._open_close(key, part=part)
        elif self._may_open(key):
            self._spawn(self._close(key, judged.intent.quantity), key)

    def _open_close(self, key: PositionKey, kind: OrderKind = OrderKind.MARKET, part: int = 100) -> None:
        if not self._may_open(key):
            return
        profile = self._trader.profile.name
        dialog = CloseDialog(
            self._bridge.ticket,
            key,
            profile,
            self._window,
            kind=kind,
            part=part,
            reasons=self._window.order_entry.reasons,
        )
        dialog.close_requested.connect(lambda quantity: self._spawn(self._close(key, quantity), key))
        dialog.limit_requested.connect(lambda intent: self._spawn(self._close_by_limit(intent), key))
        self._show(dialog, key)

    async def _close(self, key: PositionKey, quantity: Decimal) -> None:
        report = await self._trader.close(await self._trader.plan_close([key], quantity=quantity))
        if report.changed_plan is not None:
            self._window.notify("warn", "Not closed", "The position changed at that moment. Press again.")
        elif not report.is_done:
            self._window.notify("danger", "Not closed", " ".join(report_lines(report)))

    async def _close_by_limit(self, intent: OrderIntent) -> None:
        refused = refusal_of(await self._trader.submit(intent))
        if refused:
            self._window.notify("danger", "Not placed", refused)

    # ---- turning round ---------------------------------------------------------------------------------------------

    async def _plan_reverse(self, key: PositionKey) -> None:
        plan = await self._trader.plan_reverse(key)
        if key in self._dialogs or self._facts(key) is None:
            return
        dialog = ReverseDialog(
            self._bridge.ticket, plan, self._window.order_entry.reasons, self._trader.profile.name, self._window
        )
        dialog.confirmed.connect(lambda: self._spawn(self._reverse(plan), key))
        self._show(dialog, key)

    async def _reverse(self, plan: ReversePlan) -> None:
        tone, head, detail = reverse_report_words(await self._trader.reverse(plan))
        if head:
            self._window.notify(tone, head, detail)

    # ---- stops and targets -----------------------------------------------------------------------------------------

    def _open_exit(self, key: PositionKey, kind: OrderKind) -> None:
        if not self._may_open(key):
            return
        dialog = ExitDialog(
            self._bridge.ticket,
            key,
            kind,
            self._open_orders,
            self._window.order_entry.reasons,
            self._trader.profile.name,
            self._window,
        )
        dialog.exit_requested.connect(lambda intent: self._spawn(self._place_exit(dialog, key, intent), key))
        self._show(dialog, key)

    def _open_orders(self) -> Sequence[Order]:
        return self._trader.callback.orders.open_orders()

    async def _place_exit(self, dialog: ExitDialog, key: PositionKey, intent: OrderIntent) -> None:
        try:
            refused = refusal_of(await self._trader.submit(intent))
        except TraderError as error:
            refused = error_words(error)
        if self._dialogs.get(key) is dialog:
            dialog.show_result(refused)
        elif refused:
            self._window.notify("danger", "Not placed", refused)

    # ---- margin ----------------------------------------------------------------------------------------------------

    def _open_margin(self, key: PositionKey) -> None:
        if not self._may_open(key):
            return
        dialog = PositionMarginDialog(self._bridge.ticket, key, self._trader.profile.name, self._window)
        dialog.wanted.connect(lambda amount, adds: self._spawn(self._move_margin(dialog, key, amount, adds), key))
        self._show(dialog, key)

    async def _move_margin(self, dialog: PositionMarginDialog, key: PositionKey, amount: Decimal, adds: bool) -> None:
        refused = ""
        try:
            await self._trader.move_margin(key, amount, adds=adds)
        except TraderError as error:
            refused = error_words(error)
        if self._dialogs.get(key) is dialog:
            dialog.show_result(refused)
        elif refused:
            self._window.notify("danger", "Margin not changed", refused)
