"""The dead man's switch: entries that rest at the exchange vanish there when this program is no longer heard of.

The venue's countdown cancels every order of the book of the symbol, whoever placed it, resting limit exits included;
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


class DeadManSwitch:
    """Keeps the countdown running while entries rest, or may come to rest.

    An entry that rests although nobody wants it any more (it could not be taken back, or an earlier life of this
    program left it) is left to the countdown: it is neither renewed nor stopped then.

    Owner: the session's TaskGroup runs `run`; `end` stops the countdown in an orderly end of the session.
    """

    def __init__(self, port: CountdownPort, callback: Callback, status: SessionStatus, mode: DeadManMode) -> None:
        self._port = port
        self._callback = callback
        self._status = status
        self._mode = mode
        self._renew_ns = self._retry_ns = 0
        self._may_run_until_ns = 0
        self._is_over = False
        self._turn = asyncio.Lock()
        status.dead_man.mode = mode

    @property
    def is_wanted(self) -> bool:
        """Whether there is, or may come to be, an entry at the exchange that must not outlive this program."""
        if self._mode == "off" or self._status.phase != "running":
            return False
        mode = self._callback.gate.mode
        if mode is EngineMode.ACTIVE or (mode is EngineMode.REDUCING and self._rests(Origin.ENGINE)):
            return True
        return self._mode == "all" and self._rests(Origin.HAND)

    async def run(self) -> None:
        """Start, renew and stop the countdown until cancelled."""
        while self._mode != "off":
            await self._look()
            await asyncio.sleep(LOOK_S)

    async def end(self) -> None:
        """Stop the countdown for good, unless an entry of the engine still rests: that is taken back by it."""
        self._is_over = True
        async with self._turn:
            if self._may_be_stopped():
                await self._set(0)

    async def _look(self) -> None:
        async with self._turn:
            now_ns, state = time.monotonic_ns(), self._status.dead_man
            if state.until_ns is not None and now_ns >= state.until_ns:
                state.until_ns = None
            if self._is_over or now_ns < self._retry_ns:
                return
            if self.is_wanted:
                if now_ns >= self._renew_ns:
                    await self._set(COUNTDOWN_MS)
            elif self._may_be_stopped():
                await self._set(0)

    def _may_be_stopped(self) -> bool:
        return time.monotonic_ns() < self._may_run_until_ns and not self._rests(Origin.ENGINE)

    def _rests(self, origin: Origin) -> bool:
        """Tell whether an entry is at the exchange, or on its way there, or unknown."""
        orders = opening_orders(self._callback.orders.open_orders(self._callback.symbol))
        return any(o.origin is origin and not o.order_type.is_conditional for o in orders)

    async def _set(self, countdown_ms: int) -> None:
        """Ask the venue; a failure is shown, and tried again soon."""
        state, sent_ns = self._status.dead_man, time.monotonic_ns()
        if countdown_ms:  # whatever becomes of the answer, from now on it may run there
            self._may_run_until_ns = sent_ns + int((countdown_ms / 1000 + CALL_LIMIT_S) * 1e9)
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                await self._port.set_countdown(self._callback.symbol, countdown_ms)
        except (TimeoutError, VenueError, ProtocolError) as error:
            if not state.failure:
                _log.warning("the dead man's switch could not be set: %s", error)
            state.failure = str(error) or "no answer in time"
            self._retry_ns = time.monotonic_ns() + int(RETRY_S * 1e9)
            return
        state.failure, state.confirmed_ns = "", time.monotonic_ns()
        if countdown_ms:
            state.until_ns, self._renew_ns = sent_ns + countdown_ms * 1_000_000, sent_ns + int(RENEW_S * 1e9)
        else:
            state.until_ns, self._renew_ns, self._may_run_until_ns = None, 0, 0
