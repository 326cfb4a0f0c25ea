"""Whether a position that is looked after is under a stop that lives at the exchange, as last found."""

from enum import StrEnum

import msgspec

from trader_gui.domain.account import PositionKey


class ProtectionState(StrEnum):
    """How the engine's position, or that of a bracket, stands.

    NOTHING: there is none. PROTECTED: the venue has told a live stop of its full size. PLACING: none is told yet, and
    the time for it is not over. CLOSING: it is being closed for want of one. NAKED: none, and all that was tried has
    failed, or nothing is tried (disarmed; or the user wants an alarm and no close).
    """

    NOTHING = "nothing"
    PROTECTED = "protected"
    PLACING = "placing"
    CLOSING = "closing"
    NAKED = "naked"


class ProtectionFinding(msgspec.Struct, frozen=True):
    """What the watchdog found.

    Attributes:
        since_ms: Since when no live stop is known, by `Callback.clock_ms`; None while there is one, or no position.
        cause: Code of why: the venue's number, `unknown`, `canceled`, `expired`, `rejected`, `triggered`, the gate's
            refusal, ...; "" while nothing has gone wrong.
        key: The position that needs care, None for none.
    """

    state: ProtectionState = ProtectionState.NOTHING
    since_ms: int | None = None
    cause: str = ""
    key: PositionKey | None = None

    @property
    def needs_care(self) -> bool:
        """Whether there is a position without a stop."""
        return self.state not in (ProtectionState.NOTHING, ProtectionState.PROTECTED)
