"""The engine's switch: arm, disarm, the end of an arming."""

import asyncio
import time

from trader_gui.domain.order import Order, OrderStatus, Origin, Purpose
from trader_gui.domain.step import EngineMode, ModeChange, Refusal
from trader_gui.orders.wishes import cancel_wishes
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import SessionStatus

SETTLE_INTERVAL_S = 0.02
ANSWER_LIMIT_S = 3.0


class EngineSwitch:
    """Changes the gate's mode, always by a message, so that the journal has it.

    HALTED bars the stop of a position, too. So an engine that has an entry on its way, or a position whose stop does
    not rest at the exchange yet, is brought to REDUCING first: nothing is opened any more, and what fills in the last
    moment still gets its stop. A second disarming does not wait for that.
    """

    def __init__(self, road: Road, status: SessionStatus) -> None:
        self._road = road
        self._status = status
        self._ending = ""

    @property
    def needs_care(self) -> bool:
        """Whether the engine has an entry on its way, or a position without a live stop."""
        callback = self._road.callback
        return Purpose.ENTRY in callback.engine_untold or bool(self.entries()) or callback.protection.finding.needs_care

    def entries(self) -> list[Order]:
        """Return the engine's open entry orders."""
        return [o for o in self._own_orders() if o.purpose is Purpose.ENTRY]

    def set_mode(self, mode: EngineMode, reason: str) -> None:
        """Bring the engine to `mode`; `reason` is a code."""
        callback = self._road.callback
        if callback.gate.mode is not mode:
            self._road.step(ModeChange(mode, reason, callback.now_ms))
        if mode is not EngineMode.ACTIVE:
            self._status.armed_until_ns = None

    def arm(self, duration_s: float | None) -> tuple[Refusal, ...]:
        """Let the engine trade for `duration_s` seconds (None: without end); () means armed."""
        refusals = self._refusals()
        if not refusals:
            self._ending = ""
            self.set_mode(EngineMode.ACTIVE, "by_user")
            self._status.halt_reason = ""
            if duration_s is not None:
                self._status.armed_until_ns = time.monotonic_ns() + int(duration_s * 1e9)
        return refusals

    def disarm(self, reason: str) -> None:
        """Open nothing from now on, and halt as soon as nothing needs care; `settle` looks again."""
        mode = self._road.callback.gate.mode
        if mode is EngineMode.HALTED:
            return
        is_second = self._ending == reason and mode is EngineMode.REDUCING
        self._ending = reason
        self.set_mode(EngineMode.REDUCING if self.needs_care and not is_second else EngineMode.HALTED, reason)

    async def take_back_entries(self, reason: str) -> None:
        """Cancel the engine's resting entries once it is disarmed, and halt it when nothing needs care."""
        await self._road.ask(cancel_wishes(self.entries(), reason, self._road.callback.now_ms))
        self.settle()

    async def disarm_and_wait(self, reason: str) -> None:
        """Disarm, and wait a little for the answer to what the engine has sent: an entry in the air is not in sight."""
        self.disarm(reason)
        for _ in range(int(ANSWER_LIMIT_S / SETTLE_INTERVAL_S)):
            if not any(o.status is OrderStatus.SENT for o in self._own_orders()):
                return
            await asyncio.sleep(SETTLE_INTERVAL_S)

    def settle(self) -> None:
        """Halt an engine that was disarmed, once nothing of it needs care."""
        if self._ending and self._road.callback.gate.mode is EngineMode.REDUCING and not self.needs_care:
            self.set_mode(EngineMode.HALTED, self._ending)

    async def wait_settled(self) -> None:
        """Wait until a disarmed engine is HALTED; the caller sets the limit."""
        while self._road.callback.gate.mode is not EngineMode.HALTED:
            await asyncio.sleep(SETTLE_INTERVAL_S)
            self.settle()

    def check_expiry(self, now_ns: int) -> None:
        """End an arming whose time is over: the engine's position and orders are still managed until they are gone."""
        self.settle()
        mode, until = self._road.callback.gate.mode, self._status.armed_until_ns
        if mode is EngineMode.REDUCING and not self._ending and not self._is_busy():
            self.set_mode(EngineMode.HALTED, "expired")
        elif mode is EngineMode.ACTIVE and until is not None and now_ns >= until:
            self._ending = ""
            self.set_mode(EngineMode.REDUCING if self._is_busy() else EngineMode.HALTED, "expired")

    def _own_orders(self) -> list[Order]:
        callback = self._road.callback
        return [o for o in callback.orders.open_orders(callback.symbol) if o.origin is Origin.ENGINE]

    def _is_busy(self) -> bool:
        callback = self._road.callback
        is_trading = any(o.purpose is not Purpose.PROTECTION for o in self._own_orders())
        return callback.engine_holds_position or bool(callback.engine_untold) or is_trading

    def _refusals(self) -> tuple[Refusal, ...]:
        status = self._status
        if status.phase != "running":
            return (Refusal("not_running", status.phase),)
        refusals = [Refusal("stale_feed", route) for route, s in status.routes.items() if not s.is_fresh]
        if not self._road.callback.account.is_known:
            refusals.append(Refusal("unknown_account"))
        if self._road.callback.account.is_hedge:
            refusals.append(Refusal("hedge_mode"))
        if not status.journal_ok:
            refusals.append(Refusal("journal_failed"))
        return tuple(refusals)
