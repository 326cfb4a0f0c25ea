"""`RtTrader`: one session under one TaskGroup: start, arm, trade, stop."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from decimal import Decimal

from trader_gui.callback import Callback
from trader_gui.credentials import Credentials
from trader_gui.decision.registry import make_strategy
from trader_gui.domain.order import Order
from trader_gui.domain.step import EngineMode, Refusal, Route
from trader_gui.domain.symbol import RulesUpdate, SymbolRules
from trader_gui.errors import BugError, TraderError, UserError, VenueError, first_error
from trader_gui.exchange.chart_feed import Market
from trader_gui.exchange.port import DataEnd, PaceMarker, StreamItem, StreamStatus
from trader_gui.exchange.rest_history import RestHistory
from trader_gui.journal.writer import open_journal
from trader_gui.orders.wishes import cancel_wishes, opening_orders
from trader_gui.prelim import Prelim, Prepared
from trader_gui.profiles import Profile
from trader_gui.risk.gate import RiskGate, RiskLimits
from trader_gui.rt_trader.belief import read_belief
from trader_gui.rt_trader.changing_by_hand import ChangingByHand
from trader_gui.rt_trader.connection import open_connection
from trader_gui.rt_trader.history import SessionHistory
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.parts import make_parts
from trader_gui.rt_trader.past import Past, Recovered
from trader_gui.rt_trader.positions_by_hand import PositionsByHand
from trader_gui.rt_trader.pump import Pump
from trader_gui.rt_trader.road import Answer, Observer
from trader_gui.rt_trader.sending_by_hand import SendingByHand
from trader_gui.rt_trader.showing import Showing
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.rt_trader.summary import Summary, Tally, summarize
from trader_gui.rt_trader.watch import Watch, note_journal
from trader_gui.settings import DataDirectory

_log = logging.getLogger(__name__)

STOP_LIMIT_S = 5.0


class RtTrader(SendingByHand, ChangingByHand, PositionsByHand, Showing):
    """One trading session.

    Attributes:
        status: Connections, budget, clock and engine, updated in place.
        started: Set when the streams are up and the session is ready.
        tally: The session's counts so far.
        history: The account's past, to be read by a window; None until `is_ready`.

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
        self.tally = Tally(self.symbol)
        self._directory = directory
        self._limits = limits
        self._credentials = credentials
        self._callback: Callback | None = None
        self.history: SessionHistory | None = None
        self._stop = asyncio.Event()
        self._observers: list[Observer] = []
        self._pump = Pump(self._take, self._on_overflow)
        self._pace: dict[Route, int] = {}
        self._pace_complete = asyncio.Event()
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

    @property
    def market(self) -> Market:
        """Public data for charts; readable once `is_ready`."""
        return self._connection.market

    def add_observer(self, observer: Observer) -> None:
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
            error = first_error(group)
            self.status.failure = str(error)
            raise error from group
        except TraderError as error:
            self.status.phase = "failed"
            self.status.failure = str(error)
            raise

    async def _prepare(self, stack: AsyncExitStack) -> None:
        """Open journal and venue, and read everything the session starts from."""
        path, is_account_new = self._directory.journal_path, self.profile.orders == "simulated"
        session = {"profile": self.profile.name, "symbol": self.symbol, "interval": self.interval}
        self._journal = await stack.enter_async_context(open_journal(path, **session, is_account_new=is_account_new))
        note_journal(self._journal, self.status)
        belief = None if self._journal.failure else await read_belief(path)
        self._connection = await open_connection(
            stack, self.profile, self.options, self._credentials, self._pump.deliver
        )
        prelim = Prelim(self._connection.reader, self._connection.port, self.symbol, self.interval)
        prepared = await prelim.run(self._on_loading)
        self.status.commission, self.status.brackets = prepared.commission, prepared.brackets
        self.history = SessionHistory(
            RestHistory(self._connection.port), path, is_of_this_session=self.profile.orders == "simulated"
        )
        # In an account that begins anew, nothing is left of what the journal knows.
        past = Past(self._connection.port, self._journal, None if is_account_new else belief)
        recovered = await past.read(
            self.symbol, prepared.day_start_ms, prepared.traded_today, lambda: prelim.account(prepared.history)
        )
        self._begin_core(prepared, recovered)
        quote = self.rules.quote_asset
        self._start_wallet = recovered.snapshot.wallet_balance(quote) or Decimal(0)
        self.status.day_start_equity = self._start_wallet - prepared.today_income
        found = self._reconciler.at_start(belief, recovered.snapshot, is_new_account=is_account_new)
        self.status.differences = (*found, *recovered.differences)
        for line in self.status.differences:
            _log.info("at start: %s", line)
            self._journal.note("difference", line, self.callback.now_ms)

    def _begin_core(self, prepared: Prepared, recovered: Recovered) -> None:
        """Make the session's parts, and give the core what was read."""
        decision, conditionals = make_strategy(self.options.strategy, self.symbol)
        gate = RiskGate(self._limits, self._journal.id_prefix, recovered.next_sequence)
        self._callback = Callback(
            symbol=self.symbol,
            interval=self.interval,
            rules=prepared.rules[self.symbol],
            decision=decision,
            conditionals=conditionals,
            gate=gate,
            protection_action=self.options.protection_action,
        )
        parts = make_parts(
            self._callback,
            self._connection,
            self._journal,
            self.tally,
            self.status,
            self._observers,
            self._pump.deliver,
            with_book=self.options.with_book,
            dead_man_switch=self.options.dead_man_switch,
        )
        self._manager, self._road, self._engine = parts.manager, parts.road, parts.engine
        self._freshness, self._repair, self._closer = parts.freshness, parts.repair, parts.closer
        self._reconciler, self._account, self._dead_man = parts.reconciler, parts.account, parts.dead_man
        self._facts, self._venue_settings, self._mover = parts.facts, parts.venue_settings, parts.mover
        self._shown, self._errands, self._held_marks = parts.shown, parts.errands, parts.held_marks
        self._watch = Watch(self._connection, self._callback, parts, self._journal, self.status, self._pump)
        self._road.step(RulesUpdate(tuple(prepared.rules.values()), 0))
        self._facts.take_mode(is_hedge=prepared.is_hedge)
        self._road.step(prepared.history)
        for message in recovered.messages:
            self._road.step(message)
        if prepared.history.klines:
            self._first_time_ms = prepared.history.klines[-1].close_time_ms + 1
        self._repair.executions.begin(self._first_time_ms)

    async def _session(self) -> None:
        try:
            await self._run_tasks()
        finally:
            self._road.end()

    async def _run_tasks(self) -> None:
        async with asyncio.TaskGroup() as self._group:
            background = [
                self._group.create_task(self._manager.run(), name="orders"),
                self._group.create_task(self._pump.run(), name="pump"),
                self._group.create_task(self._answer_pace(), name="pace"),
                self._group.create_task(self._dead_man.run(), name="dead man's switch"),
                *(self._group.create_task(work, name=name) for name, work in self._connection.background()),
            ]
            try:
                await self._freshness.wait_connected(self._stop)
                background.append(self._group.create_task(self._watch.run(self._started_ns), name="watch"))
                await self._begin()
                if not self._connection.is_paced:  # nothing by the machine's time, or no two runs would be the same
                    background.append(self._group.create_task(self._reconciler.run(), name="reconcile"))
                await self._stop.wait()
                await self._wind_down()
            finally:
                # Also of a session that was cut off: others may be waiting for the answers of its repairs.
                for part in (self._repair, self._facts, self._shown, self._held_marks, self._errands):
                    part.stop()
                for task in background:
                    task.cancel()

    async def _begin(self) -> None:
        """The sockets are open: take what happened meanwhile, then let the market come."""
        if self._stop.is_set():
            return
        await self._repair.read_account()
        self.status.phase = "running"
        if self._connection.is_paced:
            for route in Route:
                self._freshness.set_fresh(route, True)
        if self.options.arm_at_start:
            if not self.profile.may_arm_at_start:
                raise UserError(f"--arm works with demo and replay only, not with {self.profile.name}")
            if self._journal.failure:
                raise UserError(self._journal.failure)
            self._engine.set_mode(EngineMode.ACTIVE, "at_start")
        self._repair.start(self._group)
        self._facts.start(self._group)
        for part in (self._errands, self._shown, self._held_marks):
            part.start(self._group)
        if not self._connection.is_paced:
            await self._freshness.wait_first_price(self._stop)
        self.started.set()
        if self._connection.is_paced:
            for stream in self._connection.streams:
                await stream.join_pace()

    async def _wind_down(self) -> None:
        """Disarm, take back the engine's resting entries, and let open requests come to an end, all within limits."""
        self.status.phase = "stopping"
        self._facts.stop()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self.disarm("stopping")
                await self._manager.wait_idle()
                await self._engine.wait_settled()
                await self._dead_man.end()
                self.tally.funding_fee = await self._funding_fee()
        except (TimeoutError, VenueError) as error:
            _log.warning("the exchange did not answer every request while the session was stopping: %s", error)
        finally:
            self._engine.set_mode(EngineMode.HALTED, "stopping")

    async def _funding_fee(self) -> Decimal:
        """Return what funding has changed in the wallet since the session began, as the venue lists it."""
        rows = await self._connection.port.income(start_time_ms=self._first_time_ms, income_type="FUNDING_FEE")
        return sum((row.income for row in rows), Decimal(0))

    @property
    def summary(self) -> Summary:
        """The session in figures so far."""
        return summarize(
            self.tally,
            self.callback,
            profile=self.profile.name,
            strategy=self.options.strategy,
            orders=self._manager.orders_sent,
            start_wallet_balance=self._start_wallet,
            differences=self.status.differences,
            duration_s=round((time.monotonic_ns() - self._started_ns) / 1e9, 3),
        )

    # ---- from the queue to the callback ----------------------------------------------------------------------------

    def _take(self, item: StreamItem, received_ns: int) -> None:
        if isinstance(item, StreamStatus):
            self._account.on_stream_status(item)
        elif isinstance(item, PaceMarker):
            self._pace[item.route] = item.number
            if len(self._pace) == len(Route):
                self._pace_complete.set()
        elif isinstance(item, DataEnd):
            self.status.data_ended = True
            if self.options.stop_at_data_end:
                self._stop.set()
        elif self._shown.takes(item):
            self._shown.take(item, received_ns)
        else:
            self._freshness.note_received(item, received_ns)
            self._road.step(self._account.before(item, time.monotonic_ns()))
            self._facts.note(item)
            self._account.after(item)
            self._repair.look_for_gaps()

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

    def _on_overflow(self, dropped: int) -> None:
        _log.error("%d market messages dropped: the session could not keep up; the engine is halted", dropped)
        self.halt("queue_overflow")
        self._repair.klines()
        self._repair.order_book()

    def _on_loading(self, done: int, total: int) -> None:
        self.status.loading_done, self.status.loading_total = done, total

    # ---- engine ----------------------------------------------------------------------------------------------------

    def check_account(self) -> None:
        """Hold the account against the venue now."""
        if self._callback is not None:
            self._reconciler.check_now()

    @property
    def is_armed(self) -> bool:
        """True while the engine may trade, exits included."""
        return self._callback is not None and self._callback.gate.mode is not EngineMode.HALTED

    async def arm(self, duration_s: float | None) -> tuple[Refusal, ...]:
        """Let the engine trade for `duration_s` seconds (None: without end); () means armed."""
        return self._engine.arm(duration_s)

    async def disarm(self, reason: str = "by_user") -> None:
        """Open nothing from now on, take back the engine's resting entries, and halt; stops at the exchange stay."""
        self._engine.disarm(reason)
        await self._engine.take_back_entries(reason)

    def halt(self, reason: str) -> None:
        """Stop the engine because something went wrong here; `reason` is a code."""
        if self._callback is not None:
            self._road.halt(reason)

    # ---- wishes by hand --------------------------------------------------------------------------------------------

    async def cancel(self, *orders: Order) -> Answer:
        """Cancel orders of either family, with one request each."""
        return await self._road.ask(cancel_wishes(orders, "by_hand", self.callback.now_ms))

    async def cancel_entries(self) -> Answer:
        """Cancel every open order of any symbol that could open or enlarge a position; stops and other exits stay."""
        entries = opening_orders(self.callback.orders.open_orders())
        return await self._road.ask(cancel_wishes(entries, "cancel_entries", self.callback.now_ms))
