"""Whether every position is covered by a stop that lives at the exchange, and how those stand that are looked after."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from trader_gui.callback import Callback
from trader_gui.domain.account import Position
from trader_gui.domain.order import Order, OrderStatus
from trader_gui.domain.protection import ProtectionState
from trader_gui.risk.cover import is_covered, is_stop_for, live_stops


class ProtectionKind(StrEnum):
    """What the protection cell says."""

    NOTHING = "nothing"
    PROTECTED = "protected"
    PLACING = "placing"
    NAKED = "naked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Protection:
    """How many of the open positions have their whole size under a live stop.

    `naked` are those that have not, whatever is on its way to them.
    """

    kind: ProtectionKind
    protected: int = 0
    total: int = 0
    naked: tuple[Position, ...] = ()


@dataclass(frozen=True)
class EngineWatch:
    """The watchdog of the engine's position, or of a bracket while only that has no stop.

    Attributes:
        state: What it found.
        naked_s: For how long no live stop has been known, whole seconds; None while there is one, or no position.
        cause: Code of why, "" while nothing has gone wrong.
        is_bracket: It is a bracket by hand.
        position: That has no stop; of a bracket the whole one that its part is in. None while there is a stop.
    """

    state: ProtectionState = ProtectionState.NOTHING
    naked_s: int | None = None
    cause: str = ""
    is_bracket: bool = False
    position: Position | None = None


def engine_watch(callback: Callback) -> EngineWatch:
    """Return what the core's watchdog found, with its age as shown."""
    engine, bracket = callback.protection.finding, callback.brackets.finding
    is_bracket = bracket.needs_care and not engine.needs_care
    finding = bracket if is_bracket else engine
    age_s = None if finding.since_ms is None else max(0, callback.clock_ms - finding.since_ms) // 1000
    position = None if finding.key is None else callback.account.position(*finding.key)
    return EngineWatch(finding.state, age_s, finding.cause, is_bracket, position)


def protection(positions: Iterable[Position], orders: Iterable[Order], *, is_known: bool) -> Protection:
    """Return the state of protection over all open positions.

    Args:
        positions: Every position that the account shows; flat ones are passed over.
        orders: Open orders of both families, SENT and UNKNOWN ones included.
        is_known: Whether the account has been read; until then nothing is claimed.
    """
    if not is_known:
        return Protection(ProtectionKind.UNKNOWN)
    held = [p for p in positions if p.position_amount]
    if not held:
        return Protection(ProtectionKind.NOTHING)
    orders = list(orders)
    naked = tuple(p for p in held if not is_covered(p, live_stops(p, orders)))
    protected = len(held) - len(naked)
    if not naked:
        return Protection(ProtectionKind.PROTECTED, protected, len(held))
    for kind, status in ((ProtectionKind.UNKNOWN, OrderStatus.UNKNOWN), (ProtectionKind.PLACING, OrderStatus.SENT)):
        if all(any(is_stop_for(o, p) and o.status is status for o in orders) for p in naked):
            return Protection(kind, protected, len(held), naked)
    return Protection(ProtectionKind.NAKED, protected, len(held), naked)
