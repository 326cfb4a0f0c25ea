"""One session of the fault campaign: the real client against the real exchange over sockets, and the verdict on it."""

import asyncio
import contextlib
import gc
import logging
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from tests.campaign_books import Ledger
from tests.campaign_brackets import bracket_findings, exits_at
from tests.campaign_hand import Hand
from tests.campaign_plan import Scenario
from tests.campaign_watch import CareWatch, GateWatch, Leftovers, LogWatch, LoopProbe, NakedWatch, SendWatch
from trader_gui.credentials import Credentials
from trader_gui.errors import TraderError
from trader_gui.exchange import rest, rest_errors
from trader_gui.exchange.endpoints import ENDPOINTS, loopback
from trader_gui.exchange.rate_budget import PERCENT, WEIGHT
from trader_gui.exchange.rest_calls import RestLimits
from trader_gui.exchange.rest_costs import DEAREST, Lane
from trader_gui.profiles import PROFILES
from trader_gui.risk.gate import RiskLimits
from trader_gui.rt_trader import reconciler
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.settings import DataDirectory
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.server import SimulatedExchange

PROFILE = "testnet"
START_LIMIT_S = 30.0
SETTLE_LIMIT_S = 30.0
BUDGET_S = 60.0
"""A session of seconds, which looks at the account thirty times as often as it should, may use up a minute's weight."""

STOP_LIMIT_S = 30.0
CARE_LIMIT_S = 2.75
"""The policy's two seconds, the session's look at its clock, and a loop that is shared with the exchange."""

UNTOLD_LIMIT_S = 8.0
"""What is told late, or not at all, is found by the next look at the account that gets through."""

BLOCKED_LIMIT_S = 2.0
"""Of the loop that exchange, client and two cores share with whatever else runs here."""

SHORT_REST = RestLimits(
    connect_s=2.0, read_s=2.0, change_s=3.0, query_s=6.0, queue_s=1.5, overtake_s=0.5, backoff_s=0.2
)
LONGEST_PAUSE_S = 2.0
SHORT_LOOK_S = 1.0
"""Between two reconciliations: a session of a few seconds shall have some."""


@dataclass
class Verdict:
    """How a session went.

    Attributes:
        failures: What did not hold, one line each; empty for a good session.
        strikes: Faults that were carried out, by kind.
        figures: Measured: seconds, counts.
    """

    scenario: Scenario
    failures: list[str] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)
    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@contextlib.contextmanager
def short_limits() -> Iterator[None]:
    """Let the client lose patience sooner, so that a session takes seconds; what it does then is the same."""
    pause_s = rest_errors.pause_s

    def short_pause_s(*args: Any) -> float:
        return min(LONGEST_PAUSE_S, pause_s(*args))

    with (
        mock.patch.object(rest, "RestLimits", lambda: SHORT_REST),
        mock.patch.object(rest_errors, "pause_s", short_pause_s),
        mock.patch.object(reconciler, "LOOK_S", SHORT_LOOK_S),
    ):
        yield


def run_session(scenario: Scenario, *, has_real_limits: bool = False) -> Verdict:
    """Run one session on a loop of its own, and look for what it leaves behind."""
    verdict = Verdict(scenario)
    gc.collect()
    leftovers, log = Leftovers(), LogWatch()
    root = logging.getLogger()
    root.addHandler(log)
    left_tasks: list[str] = []

    async def body() -> None:
        with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
            await _Run(scenario, verdict, Path(folder)).play()
        await asyncio.sleep(0)
        mine = asyncio.current_task()
        left_tasks.extend(f"task {t.get_name()} is left" for t in asyncio.all_tasks() if t is not mine)

    started_s = time.monotonic()
    try:
        with contextlib.nullcontext() if has_real_limits else short_limits():
            asyncio.run(body())
    except Exception as error:
        verdict.failures.append(f"the session raised {type(error).__name__}: {error}")
        logging.getLogger("campaign").info("the session raised", exc_info=error)
    finally:
        root.removeHandler(log)
    gc.collect()
    verdict.failures += [*left_tasks, *leftovers.findings(), *log.findings]
    verdict.notes += [f"{count} x {line}" for line, count in log.warnings.most_common(8)]
    verdict.figures["seconds"] = time.monotonic() - started_s
    return verdict


class _Run:
    """A session while it runs."""

    def __init__(self, scenario: Scenario, verdict: Verdict, folder: Path) -> None:
        self._scenario = scenario
        self._verdict = verdict
        self._directory = DataDirectory.open(folder, PROFILE)
        self._gate = GateWatch()
        self._care = CareWatch()
        self._probe = LoopProbe()
        self._are_faults_over = asyncio.Event()
        self._trader: RtTrader | None = None

    async def play(self) -> None:
        scenario = self._scenario
        wanted = ExchangeOptions(
            seed=scenario.seed,
            speed=scenario.speed,
            symbols=(scenario.symbol,),
            regime=scenario.regime,
            counts=False,
        )
        async with SimulatedExchange(wanted) as exchange:
            self._exchange = exchange
            self._naked = NakedWatch(exchange.venue.core, scenario.symbol)
            self._sent = SendWatch(exchange.venue.core)
            self._hand = Hand(exchange, scenario.symbol)
            endpoints = loopback(exchange.rest_url, exchange.ws_url)
            with mock.patch.dict(ENDPOINTS, {PROFILE: endpoints}):
                async with _background(self._probe.run(), self._naked.run()):
                    await self._trade()
            self._judge()

    async def _trade(self) -> None:
        scenario, trouble = self._scenario, self._exchange.trouble
        session = await self._start_again()  # the symbol may be halted just now
        faults = trouble.start(scenario.plan)
        jobs = [self._hand.follow(scenario.acts)]
        if scenario.has_engine:
            jobs.append(self._hand.keep_busy())
        async with _background(*jobs):
            if scenario.restart:
                await asyncio.sleep(scenario.restart_at_s)
                await self._end(session, is_crash=scenario.restart == "crash")
                session = asyncio.create_task(self._start_again(), name="start again")
                await asyncio.sleep(scenario.length_s - scenario.restart_at_s)
            else:
                await asyncio.sleep(scenario.length_s)
            self._verdict.strikes += Counter(strike["kind"] for strike in faults.report()["log"])
            trouble.end()
            self._are_faults_over.set()
            if scenario.restart:
                session = await session
        await self._settle(session)
        await self._end(session, is_crash=False)

    # ---- the client's life -------------------------------------------------------------------------------------------

    async def _start(self) -> Any:
        """Start a session and return its task once it trades."""
        exchange, scenario = self._exchange, self._scenario
        options = SessionOptions(symbol=scenario.symbol, interval="1m", strategy="bb_rv", with_book=scenario.with_book)
        keys = Credentials(exchange.api_key, exchange.api_secret)
        trader = RtTrader(PROFILES[PROFILE], options, self._directory, RiskLimits(), keys)
        self._gate.attach(trader)
        self._care.attach(trader)
        session = asyncio.create_task(trader.run(), name="session")
        started = asyncio.create_task(trader.started.wait(), name="started")
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await asyncio.wait({session, started}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            started.cancel()
            if not trader.started.is_set():
                session.cancel()
                await asyncio.gather(session, return_exceptions=True)
        if session.done():
            await session
        self._trader = self._hand.trader = self._naked.trader = trader
        if self._naked.ledger is None:
            self._ledger = self._naked.ledger = Ledger(
                exchange.venue.core, scenario.symbol, trader.callback.gate.prefix
            )
        return session

    async def _start_again(self) -> Any:
        """Start as a person would: again and again while the exchange is in trouble, and while it is closed."""
        deadline_s = time.monotonic() + self._scenario.length_s + START_LIMIT_S
        while True:
            try:
                return await self._start()
            except (TraderError, TimeoutError) as error:
                if self._are_faults_over.is_set() and time.monotonic() > deadline_s:
                    raise
                self._verdict.notes.append(f"no start: {error}")
            await asyncio.sleep(0.3)

    async def _end(self, session: Any, *, is_crash: bool) -> None:
        trader, self._hand.trader, self._naked.trader = self._trader, None, None
        assert trader is not None
        if is_crash:
            session.cancel()
        else:
            trader.request_stop()
        _, pending = await asyncio.wait({session}, timeout=STOP_LIMIT_S)
        if pending:
            self._verdict.failures.append(f"the session did not end within {STOP_LIMIT_S:.0f} s")
            session.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await session

    # ---- the end -----------------------------------------------------------------------------------------------------

    async def _settle(self, session: Any) -> None:
        """Wait until the client's picture is the exchange's, first in the running market, then when it stands still."""
        trader, core_ledger = self._trader, self._ledger
        assert trader is not None
        begun_s = time.monotonic()
        found, calm, limit_s = [""], 0, SETTLE_LIMIT_S
        while calm < 3 and time.monotonic() - begun_s < limit_s:
            await asyncio.sleep(0.1)
            if session.done():
                await session
                raise AssertionError("the session ended by itself")
            found = [*core_ledger.differences(trader.callback), *self._unready(trader)]
            calm = 0 if found else calm + 1
            if found and _is_out_of_weight(trader):
                limit_s = BUDGET_S + SETTLE_LIMIT_S
        self._verdict.figures["settle_s"] = time.monotonic() - begun_s
        if found:
            self._verdict.failures += found
            return
        for task in self._exchange._tasks:
            if task.get_name() == "simulated market":
                task.cancel()
        await asyncio.sleep(0.3)
        self._verdict.failures += [f"in a still market: {line}" for line in core_ledger.differences(trader.callback)]

    def _unready(self, trader: RtTrader) -> list[str]:
        routes = [f"route {route} is not fresh" for route, s in trader.status.routes.items() if not s.is_fresh]
        naked_s = self._naked.now_s
        if naked_s and trader.is_armed:
            routes.append(f"the engine's position has had no stop for {naked_s:.1f} s")
        routes += bracket_findings(trader, exits_at(self._exchange.venue.core, self._scenario.symbol))
        gaps = ["klines have a gap"] if trader.callback.klines.has_gap else []
        return [*routes, *gaps, *(["journal: not written"] if not trader.status.journal_ok else [])]

    def _judge(self) -> None:
        verdict, ledger = self._verdict, self._ledger
        trader = self._trader
        assert trader is not None
        verdict.failures += ledger.nameless_fills(trader.callback)
        verdict.failures += self._gate.findings + self._sent.findings(ledger)
        verdict.failures += ledger.journal_differences(self._directory.journal_path)
        unknown = {*self._gate.approved}
        placed = {cid for cid in self._sent.sent if ledger.is_ours(cid)}
        verdict.failures += [f"{cid} reached the exchange past the gate" for cid in sorted(placed - unknown)]
        if trader.status.halt_reason:
            verdict.failures.append(f"the program halted the engine: {trader.status.halt_reason}")
        if self._care.longest_s > CARE_LIMIT_S:
            verdict.failures.append(f"the engine's position was left without a stop for {self._care.longest_s:.2f} s")
        verdict.failures += self._naked.findings(CARE_LIMIT_S, UNTOLD_LIMIT_S)
        if self._probe.longest_s > BLOCKED_LIMIT_S:
            verdict.failures.append(f"the loop was blocked for {self._probe.longest_s:.2f} s")
        verdict.figures |= {
            "blocked_s": self._probe.longest_s,
            "naked_s": self._naked.longest_s,
            **{f"naked, {cause}": seconds for cause, seconds in self._naked.longest_by_cause.items()},
            "care_s": self._care.longest_s,
            "orders": len(placed),
            "fills": len(ledger.own_trades()),
            "refused": len(self._hand.refused),
        }
        verdict.notes += self._hand.refused[:20]
        verdict.notes += ledger.lives(self._directory.journal_path, " ".join(verdict.failures))


def _is_out_of_weight(trader: RtTrader) -> bool:
    """Tell whether the client has no room left for reading what the market was."""
    status = trader.status
    return (status.weight_used or 0) >= status.weight_limit * PERCENT[WEIGHT][Lane.HISTORY] // 100 - DEAREST


@contextlib.asynccontextmanager
async def _background(*works: Any) -> AsyncIterator[None]:
    """Run works beside the block, and end them with it; one that fails raises here."""
    tasks = [asyncio.create_task(work, name=f"campaign {work.__name__}") for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def plain(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as builtins, for another process."""
    scenario = verdict.scenario
    return {
        "seed": scenario.seed,
        "what": f"{scenario.symbol} {scenario.regime} x{scenario.speed:.0f} {_driver(scenario)}",
        "plan": scenario.plan_json,
        "failures": verdict.failures,
        "strikes": dict(verdict.strikes),
        "figures": verdict.figures,
        "notes": verdict.notes,
        "faults": [msgspec.to_builtins(fault) for fault in scenario.faults],
    }


def _driver(scenario: Scenario) -> str:
    who = [name for name, there in (("engine", scenario.has_engine), ("hand", bool(scenario.acts))) if there]
    return "+".join(who) + (f" {scenario.restart}" if scenario.restart else "")
