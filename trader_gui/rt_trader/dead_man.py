"""The dead man's switch: entries that rest at the exchange vanish there when this program is no longer heard of.

The venue's countdown cancels every order of the book of one symbol, whoever placed it, resting limit exits included;
conditional orders, stops among them, stay (the venue's pages do not say so; the simulated exchange keeps them). It is
renewed long before it is over, and stopped in an orderly end once no entry that it is for rests any more.
"""

import asyncio
import logging
import time
from typing import Protocol

from trader_gui.callback import Callback
from trader_gui.domain.order import Origin
from trader_gui.domain.step import EngineMode
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.orders.wishes import opening_orders
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.settings import DeadManMode

_log = logging.getLogger(__name__)

COUNTDOWN_MS = 120_000
RENEW_S = 30.0
RETRY_S = 5.0
LOOK_S = 0.25
CALL_LIMIT_S = 10.0
"""A call that takes longer is given up, so that the next renewal comes in time."""


class CountdownPort(Protocol):
    """The one call that it makes."""

    async def set_countdown(self, symbol: str, countdown_ms: int) -> None: ...


class Countdown:
    """One symbol's countdown at the venue.

    Attributes:
        until_ns: Monotonic; when it is, or was, over unless it is renewed; None once it is stopped.
        failure: Why it could not be set, "" when it could.
    """

    def __init__(self, port: CountdownPort, symbol: str) -> None:
        self._port = port
        self._symbol = symbol
        self._renew_ns = self._retry_ns = 0
        self._may_run_until_ns = 0
        self.until_ns: int | None = None
        self.failure = ""

    @property
    def may_run(self) -> bool:
        """Whether it runs as far as is known: a start without an answer counts."""
        return time.monotonic_ns() < self._may_run_until_ns

    async def keep(self, *, is_wanted: bool, may_be_stopped: bool) -> None:
        """Renew it when that is due, or stop it."""
        now_ns = time.monotonic_ns()
        if now_ns < self._retry_ns:
            return
        if is_wanted and now_ns >= self._renew_ns:
            await self.set(COUNTDOWN_MS)
        elif not is_wanted and may_be_stopped and self.may_run:
            await self.set(0)

    async def set(self, countdown_ms: int) -> None:
        """Ask the venue; a failure is kept, and tried again soon."""
        sent_ns = time.monotonic_ns()
        if countdown_ms:  # whatever becomes of the answer, from now on it may run there
            self._may_run_until_ns = sent_ns + int((countdown_ms / 1000 + CALL_LIMIT_S) * 1e9)
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                await self._port.set_countdown(self._symbol, countdown_ms)
        except (TimeoutError, VenueError, ProtocolError) as error:
            if not self.failure:
                _log.warning("the dead man's switch of %s could not be set: %s", self._symbol, error)
            self.failure = str(error) or "no answer in time"
            self._retry_ns = time.monotonic_ns() + int(RETRY_S * 1e9)
            return
        self.failure = ""
        if countdown_ms:
            self.until_ns, self._renew_ns = sent_ns + countdown_ms * 1_000_000, sent_ns + int(RENEW_S * 1e9)
        else:
            self.until_ns, self._renew_ns, self._may_run_until_ns = None, 0, 0


class DeadManSwitch:
    """Keeps countdowns running while entries rest, or may come to rest: on each symbol that has any.

    An entry that rests although nobody wants it any more (it could not be taken back, or an earlier life of this
    program left it) is left to the countdown: it is neither renewed nor stopped then.

    Owner: the session's TaskGroup runs `run`; `end` stops the countdowns in an orderly end of the session.
    """

    def __init__(self, port: CountdownPort, callback: Callback, status: SessionStatus, mode: DeadManMode) -> None:
        self._port = port
        self._callback = callback
        self._status = status
        self._mode = mode
        self._countdowns: dict[str, Countdown] = {}
        self._is_over = False
        self._turn = asyncio.Lock()
        status.dead_man.mode = mode

    async def run(self) -> None:
        """Start, renew and stop the countdowns until cancelled."""
        while self._mode != "off":
            await self._look()
            await asyncio.sleep(LOOK_S)

    async def end(self) -> None:
        """Stop them for good, except where an entry of the engine still rests: that is taken back by it."""
        self._is_over = True
        async with self._turn:
            resting = self._resting()
            for symbol, countdown in self._countdowns.items():
                if countdown.may_run and (symbol, Origin.ENGINE) not in resting:
                    await countdown.set(0)
            self._tell()

    async def _look(self) -> None:
        async with self._turn:
            if not self._is_over:
                await self._keep()
            self._tell()

    async def _keep(self) -> None:
        resting = self._resting()
        wanted = self._wanted(resting)
        for symbol in sorted(wanted - self._countdowns.keys()):
            self._countdowns[symbol] = Countdown(self._port, symbol)
        for symbol, countdown in self._countdowns.items():
            may_be_stopped = (symbol, Origin.ENGINE) not in resting
            await countdown.keep(is_wanted=symbol in wanted, may_be_stopped=may_be_stopped)

    def _wanted(self, resting: set[tuple[str, Origin]]) -> set[str]:
        """Return where there is, or may come to be, an entry that must not outlive this program."""
        if self._mode == "off" or self._status.phase != "running":
            return set()
        wanted = {symbol for symbol, origin in resting if self._mode == "all" and origin is Origin.HAND}
        mode, symbol = self._callback.gate.mode, self._callback.symbol
        if mode is EngineMode.ACTIVE or (mode is EngineMode.REDUCING and (symbol, Origin.ENGINE) in resting):
            wanted.add(symbol)
        return wanted

    def _resting(self) -> set[tuple[str, Origin]]:
        """Return where and whose entries are at the exchange, or on their way there, or unknown."""
        orders = opening_orders(self._callback.orders.open_orders())
        return {(o.symbol, o.origin) for o in orders if not o.order_type.is_conditional}

    def _tell(self) -> None:
        """Show the one that is over first, and the first failure."""
        state, countdowns, now_ns = self._status.dead_man, self._countdowns.values(), time.monotonic_ns()
        running = (c.until_ns for c in countdowns if c.until_ns is not None and c.until_ns > now_ns)
        state.until_ns = min(running, default=None)
        state.failure = next((c.failure for c in countdowns if c.failure), "")
