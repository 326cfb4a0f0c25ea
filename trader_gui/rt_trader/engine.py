"""The engine's switch: arm, disarm, the end of an arming."""

import time

from trader_gui.domain.step import EngineMode, ModeChange, Refusal
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import SessionStatus


class EngineSwitch:
    """Changes the gate's mode, always by a message, so that the journal has it."""

    def __init__(self, road: Road, status: SessionStatus) -> None:
        self._road = road
        self._status = status

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
            self.set_mode(EngineMode.ACTIVE, "by_user")
            self._status.halt_reason = ""
            if duration_s is not None:
                self._status.armed_until_ns = time.monotonic_ns() + int(duration_s * 1e9)
        return refusals

    def check_expiry(self, now_ns: int) -> None:
        """End an arming whose time is over: exits are still managed while the engine holds a position."""
        mode, holds = self._road.callback.gate.mode, self._road.callback.engine_holds_position
        until = self._status.armed_until_ns
        if mode is EngineMode.REDUCING and not holds:
            self.set_mode(EngineMode.HALTED, "expired")
        elif mode is EngineMode.ACTIVE and until is not None and now_ns >= until:
            self.set_mode(EngineMode.REDUCING if holds else EngineMode.HALTED, "expired")

    def _refusals(self) -> tuple[Refusal, ...]:
        status = self._status
        if status.phase != "running":
            return (Refusal("not_running", status.phase),)
        refusals = [Refusal("stale_feed", route) for route, s in status.routes.items() if not s.is_fresh]
        if not self._road.callback.account.is_known:
            refusals.append(Refusal("unknown_account"))
        if not status.journal_ok:
            refusals.append(Refusal("journal_failed"))
        return tuple(refusals)
