"""`RtTrader`: one session under one TaskGroup: start, arm, trade, stop."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal

import msgspec

from trader_gui.callback import Callback
from trader_gui.credentials import Credentials
from trader_gui.decision.registry import make_strategy
from trader_gui.domain.account import AccountSnapshot, AccountUpdate, MarginType
from trader_gui.domain.market import AggTrade, BookTicker, DepthUpdate, Kline, MarkPrice
from trader_gui.domain.order import CancelIntent, Order, OrderIntent, OrderOutcome, OrderUpdate, Origin, Purpose
from trader_gui.domain.step import (
    ApprovedOrder,
    EngineMode,
    FeedStatus,
    Message,
    ModeChange,
    Refusal,
    Route,
    Step,
)
from trader_gui.domain.symbol import SymbolRules
from trader_gui.errors import BugError, TraderError, UserError
from trader_gui.exchange.port import DataEnd, PaceMarker, StreamItem, StreamStatus
from trader_gui.journal.writer import open_journal
from trader_gui.orders.flatten import Flattener, FlattenPlan, FlattenReport
from trader_gui.orders.manager import OrderManager
from trader_gui.orders.reconcile import differences
from trader_gui.prelim import Prelim, Prepared
from trader_gui.profiles import Profile
from trader_gui.risk.gate import RiskGate, RiskLimits
from trader_gui.rt_trader.belief import read_belief
from trader_gui.rt_trader.connection import open_connection
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.pump import Pump
from trader_gui.rt_trader.repair import Repair
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.rt_trader.summary import Summary, Tally
from trader_gui.settings import DataDirectory

_log = logging.getLogger(__name__)

ROUTE_OF = {
    Kline: Route.MARKET,
    MarkPrice: Route.MARKET,
    AggTrade: Route.MARKET,
    BookTicker: Route.PUBLIC,
    DepthUpdate: Route.PUBLIC,
    OrderUpdate: Route.PRIVATE,
    AccountUpdate: Route.PRIVATE,
}
"""The route that a streamed message proves alive."""

STALE_AFTER_NS = 3_000_000_000
STOP_LIMIT_S = 5.0
CONNECT_LIMIT_S = 30.0
FIRST_PRICE_LIMIT_S = 5.0
WATCH_INTERVAL_S = 0.25


class Answer(msgspec.Struct, frozen=True):
    """What became of a wish by hand: the step with the gate's word, and the venue's answer to each approved part."""

    step: Step
    outcomes: tuple[OrderOutcome, ...]


class RtTrader:
    """One trading session.

    Attributes:
        status: Connections, budget, clock and engine, updated in place.
        started: Set when the streams are up and the session is ready.
        tally: The session's counts so far.

    Owner: whoever awaits `run`; every task of the session lives in its TaskGroup and ends with it.
    """

    def __init__(
        self,
        profile: Profile,
        options: SessionOptions,
        directory: DataDirectory,
        limits: RiskLimits,
        credentials: Credentials | None,
    ) -> None:
        self.profile = profile
        self.options = options
        self.symbol = options.symbol
        self.interval = options.interval
        self.status = SessionStatus()
        self.started = asyncio.Event()
        self.tally = Tally()
        self._directory = directory
        self._limits = limits
        self._credentials = credentials
        self._callback: Callback | None = None
        self._stop = asyncio.Event()
        self._first_price = asyncio.Event()
        self._observers: list[Callable[[Step], None]] = []
        self._pump = Pump(self._take, self._on_overflow)
        self._pace: dict[Route, int] = {}
        self._pace_complete = asyncio.Event()
        self._connected = {route: asyncio.Event() for route in Route}
        self._started_ns = 0
        self._start_wallet = Decimal(0)
        self._first_time_ms = 0

    @property
    def callback(self) -> Callback:
        """The pure core; observers may read it, never write.

        Raises:
            BugError: Before the symbol's rules have been read.
        """
        if self._callback is None:
            raise BugError("the session has not started yet")
        return self._callback

    @property
    def rules(self) -> SymbolRules:
        """The venue's filters of the session's symbol."""
        return self.callback.rules

    @property
    def is_ready(self) -> bool:
        """True once `callback` may be read."""
        return self._callback is not None

    def add_observer(self, observer: Callable[[Step], None]) -> None:
        """Call `observer` with every step; one that raises is dropped."""
        self._observers.append(observer)

    def request_stop(self) -> None:
        """Ask the session to end in order; `run` returns soon after."""
        self._stop.set()

    # ---- life ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run one session until it is asked to stop, or its data is over when the options say so.

        Raises:
            TraderError: It cannot start, or cannot go on; the text is one line for the user.
        """
        self._started_ns = time.monotonic_ns()
        try:
            async with AsyncExitStack() as stack:
                await self._prepare(stack)
                await self._session()
            self.status.phase = "ended"
        except BaseExceptionGroup as group:
            self.status.phase = "failed"
            error = _first_error(group)
            self.status.failure = str(error)
            raise error from group
        except TraderError as error:
            self.status.phase = "failed"
            self.status.failure = str(error)
            raise

    async def _prepare(self, stack: AsyncExitStack) -> None:
        """Open journal and venue, and read everything the session starts from."""
        path = self._directory.journal_path
        self._journal = await stack.enter_async_context(
            open_journal(path, profile=self.profile.name, symbol=self.symbol, interval=self.interval)
        )
        belief = await read_belief(path)
        self._connection = await open_connection(
            stack, self.profile, self.options, self._credentials, self._pump.deliver
        )
        prepared = await Prelim(self._connection.reader, self._connection.port, self.symbol, self.interval).run(
            self._on_loading
        )
        self.status.commission, self.status.brackets = prepared.commission, prepared.brackets
        self._make_callback(prepared)
        quote = prepared.rules.quote_asset
        self._start_wallet = _wallet(prepared.snapshot, quote)
        self.status.day_start_equity = self._start_wallet - prepared.today_income
        if belief is not None:
            self.status.differences = tuple(map(str, differences(belief, prepared.snapshot, quote)))
        for line in self.status.differences:
            _log.info("at start: %s", line)
            self._journal.note("difference", line, self.callback.now_ms)

    def _make_callback(self, prepared: Prepared) -> None:
        decision, conditionals = make_strategy(self.options.strategy, self.symbol)
        gate = RiskGate(self._limits, self._journal.id_prefix, self._journal.next_sequence)
        self._callback = Callback(
            symbol=self.symbol,
            interval=self.interval,
            rules=prepared.rules,
            decision=decision,
            conditionals=conditionals,
            gate=gate,
            past_fills=prepared.past_fills,
        )
        self._manager = OrderManager(
            self._connection.port,
            self._journal.write_intent,
            lambda outcome: self._pump.deliver(outcome, time.monotonic_ns()),
            lambda: self.callback.now_ms,
        )
        self._repair = Repair(
            self._callback,
            self._connection.reader,
            self._connection.port,
            self._manager,
            self._pump.deliver,
            with_book=self.options.with_book,
        )
        self._flattener = Flattener(
            self.symbol,
            self._repair.snapshot,
            self._request_and_wait,
            lambda: self.callback.now_ms,
            prepared.rules.market_max_quantity,
        )
        self._step(prepared.history)
        self._step(prepared.snapshot)
        if prepared.history.klines:
            self._first_time_ms = prepared.history.klines[-1].close_time_ms + 1

    async def _session(self) -> None:
        async with asyncio.TaskGroup() as self._group:
            background = [
                self._group.create_task(self._manager.run(), name="orders"),
                self._group.create_task(self._pump.run(), name="pump"),
                self._group.create_task(self._answer_pace(), name="pace"),
                *(self._group.create_task(s.run(), name=f"stream {s.route}") for s in self._connection.streams),
            ]
            try:
                await self._wait_connected()
                if not self._connection.is_paced:
                    background.append(self._group.create_task(self._watch(), name="watch"))
                await self._begin()
                await self._stop.wait()
                await self._wind_down()
            finally:
                for task in background:
                    task.cancel()

    async def _wait_connected(self) -> None:
        """Wait until every route is connected, or the session is to stop."""
        stop = asyncio.create_task(self._stop.wait(), name="stop")
        routes = [asyncio.create_task(e.wait(), name=f"{r} connected") for r, e in self._connected.items()]
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                while not stop.done() and not all(task.done() for task in routes):
                    waiting = [task for task in (stop, *routes) if not task.done()]
                    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            missing = ", ".join(route for route, s in self.status.routes.items() if not s.is_connected)
            raise UserError(
                f"no connection to the exchange's streams within {CONNECT_LIMIT_S:.0f} s ({missing}): check the network"
            ) from None
        finally:
            for task in (stop, *routes):
                task.cancel()

    async def _begin(self) -> None:
        """The sockets are open: take what happened meanwhile, then let the market come."""
        if self._stop.is_set():
            return
        await self._repair.read_account()
        self.status.phase = "running"
        if self._connection.is_paced:
            for route in Route:
                self._set_fresh(route, True)
        if self.options.arm_at_start:
            if not self.profile.may_arm_at_start:
                raise UserError(f"--arm works with demo and replay only, not with {self.profile.name}")
            self._set_mode(EngineMode.ACTIVE, "at_start")
        self._repair.start(self._group)
        if not self._connection.is_paced:
            await self._wait_first_price()
        self.started.set()
        if self._connection.is_paced:
            for stream in self._connection.streams:
                await stream.join_pace()

    async def _wait_first_price(self) -> None:
        """Wait for the first price, so that a session that has started can trade; a market that is silent starts, too."""
        waits = [asyncio.create_task(e.wait(), name="first price") for e in (self._first_price, self._stop)]
        await asyncio.wait(waits, timeout=FIRST_PRICE_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()

    async def _wind_down(self) -> None:
        """Halt the engine, take back its resting entries, and let open requests come to an end, all within limits."""
        self.status.phase = "stopping"
        self._repair.stop()
        self._set_mode(EngineMode.HALTED, "stopping")
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                entries = [o for o in self._entries() if o.origin is Origin.ENGINE]
                if entries:
                    await self._request_and_wait([self._cancel_wish(o, "stopping") for o in entries])
                await self._manager.wait_idle()
                self.tally.funding_fee = await self._funding_fee()
        except TimeoutError:
            _log.warning("the exchange did not answer every request within %.0f s of stopping", STOP_LIMIT_S)

    async def _funding_fee(self) -> Decimal:
        """Return what funding has changed in the wallet since the session began, as the venue lists it."""
        rows = await self._connection.port.income(start_time_ms=self._first_time_ms, income_type="FUNDING_FEE")
        return sum((row.income for row in rows), Decimal(0))

    @property
    def summary(self) -> Summary:
        """The session in figures so far."""
        callback, tally = self.callback, self.tally
        position = callback.account.position(self.symbol)
        balance = callback.account.balances.get(callback.rules.quote_asset)
        return Summary(
            profile=self.profile.name,
            symbol=self.symbol,
            interval=self.interval,
            strategy=self.options.strategy,
            klines=tally.klines,
            messages=tally.messages,
            orders=self._manager.orders_sent,
            fills=tally.fills,
            trades=tally.trades,
            realized_pnl=tally.realized_pnl,
            commission=tally.commission,
            funding_fee=tally.funding_fee,
            start_wallet_balance=self._start_wallet,
            wallet_balance=balance.wallet_balance if balance else Decimal(0),
            position_amount=position.position_amount if position else Decimal(0),
            entry_price=position.entry_price if position else Decimal(0),
            unrealized_pnl=position.unrealized_pnl if position else Decimal(0),
            open_orders=len(callback.orders.open_orders(self.symbol)),
            max_orders_in_flight=tally.max_orders_in_flight,
            refusals=dict(tally.refusals),
            first_event_time_ms=tally.first_event_time_ms,
            last_event_time_ms=tally.last_event_time_ms,
            duration_s=round((time.monotonic_ns() - self._started_ns) / 1e9, 3),
        )

    # ---- from the queue to the callback ----------------------------------------------------------------------------

    def _take(self, item: StreamItem, received_ns: int) -> None:
        if isinstance(item, StreamStatus):
            self._on_stream_status(item)
        elif isinstance(item, PaceMarker):
            self._pace[item.route] = item.number
            if len(self._pace) == len(Route):
                self._pace_complete.set()
        elif isinstance(item, DataEnd):
            self.status.data_ended = True
            if self.options.stop_at_data_end:
                self._stop.set()
        else:
            self._note_received(item, received_ns)
            self._step(item)

    def _note_received(self, message: Message, received_ns: int) -> None:
        route = ROUTE_OF.get(type(message))
        if route is None:
            return
        status = self.status.routes[route]
        status.last_received_ns = received_ns
        if not status.is_fresh and status.is_connected:
            self._set_fresh(route, True)
            if route is Route.MARKET:
                self._first_price.set()

    def _step(self, message: Message) -> None:
        """Put one message through the core; a bug there halts trading and leaves the session running."""
        try:
            step = self.callback.step(message)
        except Exception:  # noqa: BLE001 - a bug in the core must not take the window and the streams with it
            _log.exception("bug while working on %s: trading is halted", type(message).__name__)
            self.halt("bug")
            return
        self.status.venue_time_ms = step.event_time_ms or self.status.venue_time_ms
        self._after(step)
        self._repair.look_for_gaps()

    def _after(self, step: Step) -> list[asyncio.Future[OrderOutcome]]:
        """Journal a step, send what it approved, tell the observers."""
        self.tally.count(step)
        self._journal.record_step(step)
        futures = []
        for approved in step.approved:
            futures.append(self._manager.submit(approved))
            if isinstance(approved, ApprovedOrder):
                self.tally.count_in_flight(self._in_flight_with(approved))
        for observer in tuple(self._observers):
            try:
                observer(step)
            except Exception:  # noqa: BLE001 - an observer is not trusted: it goes, trading stays
                _log.exception("an observer of the session failed and was dropped")
                self._observers.remove(observer)
        return futures

    def _in_flight_with(self, approved: ApprovedOrder) -> int:
        intent = approved.intent
        if intent.origin is not Origin.ENGINE:
            return 0
        return sum(
            o.origin is Origin.ENGINE and o.purpose is intent.purpose
            for o in self.callback.orders.open_orders(intent.symbol)
        )

    async def _answer_pace(self) -> None:
        """Tell a pacing exchange to go on when all before its markers is worked off and no request is open."""
        while True:
            await self._pace_complete.wait()
            self._pace_complete.clear()
            while not self._manager.is_idle or len(self._pump):
                await self._manager.wait_idle()
                await asyncio.sleep(0)
            for stream in self._connection.streams:
                await stream.acknowledge_pace(self._pace.pop(stream.route))

    # ---- freshness, gaps, doubt ------------------------------------------------------------------------------------

    def _on_stream_status(self, status: StreamStatus) -> None:
        route = self.status.routes[status.route]
        was_connected, route.is_connected, route.detail = route.is_connected, status.is_connected, status.detail
        if not status.is_connected:
            _log.warning("%s stream lost: %s", status.route, status.detail)
            self._set_fresh(status.route, False)
            return
        self._connected[status.route].set()
        if status.route is Route.PRIVATE:
            self._set_fresh(Route.PRIVATE, True)
            if self.started.is_set() and not was_connected:
                self._repair.account()
        elif self.started.is_set() and not was_connected:
            self._repair.klines()

    def _set_fresh(self, route: Route, is_fresh: bool) -> None:
        status = self.status.routes[route]
        if status.is_fresh is not is_fresh:
            status.is_fresh = is_fresh
            self._step(FeedStatus(route, is_fresh, self.callback.now_ms))

    async def _watch(self) -> None:
        """Grey what has gone silent, and end an arming whose time is over."""
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            now_ns = time.monotonic_ns()
            for route in (Route.MARKET, Route.PUBLIC):
                status = self.status.routes[route]
                if status.is_fresh and now_ns - status.last_received_ns > STALE_AFTER_NS:
                    self._set_fresh(route, False)
            self._connection.read_budget(self.status)
            self.status.journal_ok = not self._journal.failure
            self._check_arming(now_ns)

    def _check_arming(self, now_ns: int) -> None:
        gate = self.callback.gate
        if gate.mode is EngineMode.REDUCING and not self.callback.engine_holds_position:
            self._set_mode(EngineMode.HALTED, "expired")
        until = self.status.armed_until_ns
        if until is not None and now_ns >= until and gate.mode is EngineMode.ACTIVE:
            self._set_mode(EngineMode.REDUCING if self.callback.engine_holds_position else EngineMode.HALTED, "expired")

    def _on_overflow(self, dropped: int) -> None:
        _log.error("%d market messages dropped: the session could not keep up; the engine is halted", dropped)
        self.halt("queue_overflow")
        self._repair.klines()
        self._repair.order_book()

    def _on_loading(self, done: int, total: int) -> None:
        self.status.loading_done, self.status.loading_total = done, total

    # ---- engine ----------------------------------------------------------------------------------------------------

    async def arm(self, duration_s: float | None) -> tuple[Refusal, ...]:
        """Let the engine trade for `duration_s` seconds (None: without end); () means armed."""
        refusals = self._arming_refusals()
        if not refusals:
            self._set_mode(EngineMode.ACTIVE, "by_user")
            self.status.halt_reason = ""
            if duration_s is not None:
                self.status.armed_until_ns = time.monotonic_ns() + int(duration_s * 1e9)
        return refusals

    def _arming_refusals(self) -> tuple[Refusal, ...]:
        if self.status.phase != "running":
            return (Refusal("not_running", self.status.phase),)
        refusals = [Refusal("stale_feed", route) for route, s in self.status.routes.items() if not s.is_fresh]
        if not self.callback.account.is_known:
            refusals.append(Refusal("unknown_account"))
        if not self.status.journal_ok:
            refusals.append(Refusal("journal_failed"))
        return tuple(refusals)

    async def disarm(self, reason: str = "by_user") -> None:
        """Stop the engine at once; stops at the exchange stay where they are."""
        self._set_mode(EngineMode.HALTED, reason)

    @property
    def is_armed(self) -> bool:
        """True while the engine may trade, exits included."""
        return self._callback is not None and self._callback.gate.mode is not EngineMode.HALTED

    def halt(self, reason: str) -> None:
        """Stop the engine because something went wrong here; `reason` is a code."""
        self.status.halt_reason = reason
        if self._callback is not None:
            self._callback.gate.mode = EngineMode.HALTED
        self.status.armed_until_ns = None

    def _set_mode(self, mode: EngineMode, reason: str) -> None:
        if self.callback.gate.mode is not mode:
            self._step(ModeChange(mode, reason, self.callback.now_ms))
        if mode is not EngineMode.ACTIVE:
            self.status.armed_until_ns = None

    # ---- wishes by hand --------------------------------------------------------------------------------------------

    async def submit(self, intent: OrderIntent) -> Answer:
        """Put an order by hand to the gate and, when approved, wait for the venue's first answer."""
        return await self._ask([intent])

    async def cancel(self, order: Order) -> Answer:
        """Cancel one order of either family."""
        return await self._ask([self._cancel_wish(order, "by_hand")])

    async def cancel_entries(self) -> Answer:
        """Cancel every open order that could open or enlarge a position; stops and other exits stay."""
        return await self._ask([self._cancel_wish(o, "cancel_entries") for o in self._entries()])

    async def plan_flatten(self) -> FlattenPlan:
        """Say, by a fresh snapshot, what flattening would do."""
        return await self._flattener.plan()

    async def flatten(self, plan: FlattenPlan) -> FlattenReport:
        """Halt the engine, carry the plan out if it still holds, and report what the venue shows afterwards."""
        self._set_mode(EngineMode.HALTED, "flatten")
        return await self._flattener.execute(plan)

    async def set_leverage(self, leverage: int) -> None:
        """Change the symbol's leverage at the venue; the account is read anew."""
        await self._connection.port.set_leverage(self.symbol, leverage)
        await self._repair.read_account()

    async def set_margin_type(self, margin_type: MarginType) -> None:
        """Change the symbol's margin type at the venue; the account is read anew."""
        await self._connection.port.set_margin_type(self.symbol, margin_type)
        await self._repair.read_account()

    async def _ask(self, wishes: Sequence[OrderIntent | CancelIntent]) -> Answer:
        step = self.callback.request(wishes)
        futures = self._after(step)
        outcomes = await asyncio.gather(*futures)
        return Answer(step, tuple(outcomes))

    async def _request_and_wait(self, wishes: Sequence[OrderIntent | CancelIntent]) -> Step:
        return (await self._ask(wishes)).step

    def _entries(self) -> list[Order]:
        return [
            o
            for o in self.callback.orders.open_orders(self.symbol)
            if not o.reduce_only and not o.close_position and o.purpose is not Purpose.PROTECTION
        ]

    def _cancel_wish(self, order: Order, reason: str) -> CancelIntent:
        return CancelIntent(
            order.symbol, order.client_order_id, order.order_family, Origin.HAND, reason, self.callback.now_ms
        )


def _wallet(snapshot: AccountSnapshot, asset: str) -> Decimal:
    return next((b.wallet_balance for b in snapshot.balances if b.asset == asset), Decimal(0))


def _first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error of this program inside a group, or the first of any kind."""
    for error in group.exceptions:
        found = _first_error(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, TraderError):
            return found
    first = group.exceptions[0]
    return _first_error(first) if isinstance(first, BaseExceptionGroup) else first
