"""Closes positions, all of them or some, and proves it: plan, cancel, close, look again.

Every round begins with a fresh snapshot of the account, which the core takes in as well. A close is reduce-only (in
hedge mode by its leg), at market, one at a time for each leg. Stops rest until a snapshot shows their position gone. A
refusal is answered by what it means: orders that stand in the way are cancelled, a book too thin for a market order
gets a limit at the edge of the allowed band, an overloaded venue a pause; all within a limit of time, and what is left
then is told with the reason.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot, PositionKey
from trader_gui.domain.closing import ClosePlan, CloseReport, Trouble
from trader_gui.domain.order import Order
from trader_gui.domain.step import EntryBlock, Route
from trader_gui.errors import ProtocolError, VenueError, first_error
from trader_gui.orders.close_plan import make_plan, part_to_keep
from trader_gui.orders.leg_closer import KNOWN_LIMIT_S, UNSURE, Ask, LegCloser, Resolve, until

LIMIT_S = 45.0
"""How long is tried before the report says what remains."""

PAUSE_S = 0.5
LONGEST_PAUSE_S = 4.0
"""Between two rounds that brought nothing."""

HOPELESS_ROUNDS = 3
"""So many rounds in a row that brought nothing, and failed for a reason that does not pass by itself, are enough."""

_PASSING = frozenset(
    {"not_sent", "unknown_outcome", "account_unread", "order_in_flight"}
    | {"-1000", "-1001", "-1003", "-1006", "-1007", "-1008", "-1015", "-1016", "-1021"}
)


class Closer:
    """Plans a close, and carries it out.

    Args:
        core: Read only.
        read_account: Returns a fresh snapshot that the core has taken in.
        ask: Puts wishes to the gate and waits for the venue's first answer to each that passed.
        resolve: Has the venue asked about an order.
        tell: Hands a message to the core.
        limit_s: How long is tried.
    """

    def __init__(
        self,
        core: Callback,
        read_account: Callable[[], Awaitable[AccountSnapshot]],
        ask: Ask,
        resolve: Resolve,
        tell: Callable[[EntryBlock], None],
        *,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._core = core
        self._read_account = read_account
        self._ask = ask
        self._resolve = resolve
        self._tell = tell
        self._limit_s = limit_s

    async def plan(self, *, last_known: bool = False) -> ClosePlan:
        """Plan the close of the whole account, by a fresh snapshot or, when the venue cannot be asked, by memory.

        Raises:
            VenueError, ProtocolError: The account cannot be read.
        """
        if last_known:
            return self._plan(self._known(), None, is_last_known=True)
        return self._plan(await self._read_account(), None)

    async def plan_close(
        self, keys: Iterable[PositionKey], part: Decimal = Decimal(1), quantity: Decimal | None = None
    ) -> ClosePlan:
        """Plan the close of some positions: whole, a part (0.25) of each, or so much of each.

        While the account's stream is fresh, what it has told is as good as a snapshot, and sooner at hand.

        Raises:
            VenueError, ProtocolError: The account has to be read, and cannot be.
        """
        keep = dict.fromkeys(keys, Decimal(0))
        snapshot = self._known() if self._is_fresh else await self._read_account()
        for position in snapshot.positions:
            if position.key in keep and quantity is not None:
                keep[position.key] = max(abs(position.position_amount) - quantity, Decimal(0))
            elif position.key in keep and part < 1:
                keep[position.key] = part_to_keep(position, part, self._core.symbol_rules.of(position.symbol))
        return self._plan(snapshot, keep)

    async def execute(self, shown: ClosePlan) -> CloseReport:
        """Do what `shown` said, if it still holds; while it is the whole account, nothing new is opened.

        Raises:
            TraderError: The session ended meanwhile.
        """
        if not shown.is_whole_account:
            return await self._execute(shown)
        self._tell(EntryBlock(True, self._core.now_ms))
        try:
            return await self._execute(shown)
        finally:
            self._tell(EntryBlock(False, self._core.now_ms))

    async def _execute(self, shown: ClosePlan) -> CloseReport:
        legs = LegCloser(self._core, self._ask, self._resolve)
        until_s = time.monotonic() + self._limit_s
        plan = await self._first_look(shown, legs, until_s)
        if plan.is_last_known is shown.is_last_known and plan.fingerprint != shown.fingerprint:
            return CloseReport(is_done=False, remaining=plan, changed_plan=plan)
        pause_s, hopeless, rounds = PAUSE_S, 0, 0
        while not plan.is_empty and (plan.has_work or plan.in_doubt) and hopeless < HOPELESS_ROUNDS:
            if plan.is_last_known and (not shown.is_last_known or (rounds and plan.closes)):
                break  # by memory a close is sent once
            rounds += 1
            if time.monotonic() >= until_s:
                legs.note(Trouble("time_over", f"{self._limit_s:.0f}"))
                break
            former = plan.fingerprint
            await self._round(plan, legs, until_s)
            plan = await self._look(shown, legs, until_s)
            if plan.fingerprint == former:
                is_passing = any(code in _PASSING for code, _ in legs.troubles)
                hopeless += not is_passing
                await asyncio.sleep(min(pause_s, max(until_s - time.monotonic(), 0.0)))
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                hopeless = 0
        return _report(plan, legs)

    async def _round(self, plan: ClosePlan, legs: LegCloser, until_s: float) -> None:
        """Cancel what stands in the way, close every leg side by side, cancel the rest."""
        legs.troubles.clear()
        if not plan.has_work:
            await until(lambda: not self._are_in_doubt(plan.in_doubt), min(until_s, time.monotonic() + KNOWN_LIMIT_S))
            return
        closing = {close.position.symbol for close in plan.closes}
        await legs.cancel(o for o in plan.cancels if o.symbol in closing)
        try:
            async with asyncio.TaskGroup() as group:
                for close in plan.closes:
                    group.create_task(legs.close(close), name=f"close {close.position.symbol}")
        except ExceptionGroup as errors:
            raise first_error(errors) from errors
        await legs.cancel(o for o in plan.cancels if o.symbol not in closing)

    async def _first_look(self, shown: ClosePlan, legs: LegCloser, until_s: float) -> ClosePlan:
        if shown.keep is not None and self._is_fresh:
            return self._plan(self._known(), dict(shown.keep))
        return await self._look(shown, legs, until_s)

    async def _look(self, shown: ClosePlan, legs: LegCloser, until_s: float) -> ClosePlan:
        """Plan anew by a fresh snapshot; by what is known when none can be had within the time."""
        while True:
            try:
                snapshot = await self._read_account()
                return self._plan(snapshot, _to_keep(shown, snapshot, legs))
            except (VenueError, ProtocolError) as error:
                wait_s = max(PAUSE_S, error.wait_s if isinstance(error, VenueError) else 0.0)
                legs.note(Trouble("account_unread", str(error)))
                if shown.is_last_known or time.monotonic() + wait_s > until_s:
                    known = self._known()
                    return self._plan(known, _to_keep(shown, known, legs), is_last_known=True)
            await asyncio.sleep(wait_s)

    @property
    def _is_fresh(self) -> bool:
        return self._core.account.is_known and self._core.routes_fresh[Route.PRIVATE]

    def _known(self) -> AccountSnapshot:
        """Return the account as the core knows it."""
        account, orders = self._core.account, self._core.orders.open_orders()
        return AccountSnapshot(
            balances=(),
            positions=tuple(account.positions.values()),
            open_orders=tuple(o for o in orders if o.status not in UNSURE),
            taken_time_ms=self._core.now_ms,
        )

    def _plan(
        self, snapshot: AccountSnapshot, keep: Mapping[PositionKey, Decimal] | None, *, is_last_known: bool = False
    ) -> ClosePlan:
        orders = self._core.orders.open_orders()
        return make_plan(snapshot, self._core.symbol_rules.of, orders, keep, is_last_known=is_last_known)

    def _are_in_doubt(self, orders: Iterable[Order]) -> bool:
        known = (self._core.orders.get(o.client_order_id, o.order_family) for o in orders)
        return any(o is not None and o.status in UNSURE for o in known)


def _to_keep(shown: ClosePlan, snapshot: AccountSnapshot, legs: LegCloser) -> dict[PositionKey, Decimal] | None:
    """Return how much of each position stays: of one that is made smaller, all but what is left of the part shown.

    What an entry adds meanwhile, or a list that is behind still shows, is no reason to close more than that part.
    """
    if shown.keep is None:
        return None
    keep = dict(shown.keep)
    parts = {close.position.key: close for close in shown.closes if keep[close.position.key]}
    for position in snapshot.positions:
        if (close := parts.get(position.key)) is not None:
            is_turned = position.position_amount * close.position.position_amount < 0
            left = Decimal(0) if is_turned else max(close.quantity - legs.executed(position.key), Decimal(0))
            keep[position.key] = max(keep[position.key], abs(position.position_amount) - left)
    return keep


def _report(plan: ClosePlan, legs: LegCloser) -> CloseReport:
    for order in plan.in_doubt:
        legs.note(Trouble("unknown_outcome", order.client_order_id, order.symbol))
    is_done = plan.is_empty and not plan.is_last_known
    return CloseReport(is_done, plan, () if is_done else tuple(legs.troubles.values()))
