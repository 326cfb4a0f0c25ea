"""Watches over what is known of the account: takes every message before and after the core, and doubts the stream."""

import logging
from collections.abc import Callable

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot, AccountUpdate
from trader_gui.domain.order import OrderOutcome, OrderUpdate
from trader_gui.domain.step import Message, Route
from trader_gui.exchange.port import StreamStatus
from trader_gui.orders.adopt import Adoption
from trader_gui.rt_trader.echo import EchoWatch
from trader_gui.rt_trader.freshness import Freshness
from trader_gui.rt_trader.reconciler import Reconciler
from trader_gui.rt_trader.repair import Repair

_log = logging.getLogger(__name__)

_OF_ACCOUNT = frozenset({AccountSnapshot, AccountUpdate, OrderOutcome, OrderUpdate})


class AccountWatch:
    """Joins echo, doubt, resync and reconciliation.

    Args:
        callback: The core; it is read.
        freshness: Whether the routes are believed.
        repair: Reads anew what was missed.
        reconciler: Holds the account against the venue.
        replace_user_stream: Has the user stream take a new socket; takes a code.
    """

    def __init__(
        self,
        callback: Callback,
        freshness: Freshness,
        repair: Repair,
        reconciler: Reconciler,
        replace_user_stream: Callable[[str], None],
    ) -> None:
        self._callback = callback
        self._freshness = freshness
        self._repair = repair
        self._reconciler = reconciler
        self._replace_user_stream = replace_user_stream
        self._echo = EchoWatch()
        self._adoption = Adoption(callback.account, callback.orders)

    def before(self, item: Message, now_ns: int) -> Message:
        """Take a message that the core is about to have; return it, a snapshot with what was told meanwhile."""
        if type(item) not in _OF_ACCOUNT:
            return item
        if isinstance(item, AccountSnapshot):
            return self.before_snapshot(item, now_ns)
        self._reconciler.take(item, now_ns)
        self._echo.take(item, now_ns)
        return item

    def before_snapshot(self, snapshot: AccountSnapshot, now_ns: int) -> AccountSnapshot:
        """Take a snapshot that the core is about to have; return it with what was told meanwhile, and just before."""
        newest = self._adoption.bring_up_to_date(snapshot, now_ns)
        self._reconciler.take_snapshot(snapshot, now_ns, self._adoption.doubted)
        self._echo.take(snapshot, now_ns)
        return newest

    def after(self, item: Message) -> None:
        """Act on a message that the core has now, as it came; a list that was not believed is asked for again."""
        if isinstance(item, AccountSnapshot):
            self._repair.ask_about_orders()
            if self._adoption.doubted:
                self._repair.account_soon()
            if self._repair.has_settled(item):
                self._freshness.note_account_read()
                self._reconciler.wake()

    def on_stream_status(self, status: StreamStatus) -> None:
        """Nothing is replayed after a cut: what a route that comes back may have missed is read anew."""
        if status.route is Route.PRIVATE:
            self._echo.forget()
        if not self._freshness.on_stream_status(status):
            return
        if status.route is Route.PRIVATE:
            self._repair.account()
        elif status.route is Route.MARKET:
            self._repair.klines()
        else:
            self._repair.order_book()

    def check(self, now_ns: int, *, has_backlog: bool) -> None:
        """Doubt the user stream when it is late; what waits in the queue has come, and is not late."""
        is_untold = bool(self._callback.engine_untold)
        reason = "" if has_backlog else self._echo.overdue(now_ns, is_engine_untold=is_untold)
        if reason:
            self.doubt(reason)

    def doubt(self, reason: str) -> None:
        """The user stream did not tell what it should have: believe it no more, replace it, read the account anew."""
        _log.warning("the user stream is doubted: %s", reason)
        self._echo.forget()
        self._freshness.doubt(Route.PRIVATE)
        self._repair.account()
        self._replace_user_stream(reason)
