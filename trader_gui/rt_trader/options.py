"""What a session is started with, beside its profile."""

import msgspec

from trader_gui.risk.protection import ProtectionAction
from trader_gui.settings import DeadManMode


class SessionOptions(msgspec.Struct, frozen=True):
    """The user's choices for one session.

    Attributes:
        data_file: Klines file of the replay profile.
        speed: 1 to 100, or "max" (the exchange waits for the session).
        seed: Of the generated market; None takes one from the clock.
        arm_at_start: Only where the profile may.
        with_book: Also depth and public trades, which only a window needs.
        stop_at_data_end: End the session when recorded data is over.
        protection_action: What is done when no stop of the engine's position, or of a bracket, is known in time.
        dead_man_switch: For whose entries the exchange's countdown is kept: `off`, `engine` or `all`.
    """

    symbol: str
    interval: str
    strategy: str
    data_file: str | None = None
    speed: str = "1"
    seed: int | None = None
    arm_at_start: bool = False
    with_book: bool = False
    stop_at_data_end: bool = False
    protection_action: ProtectionAction = "close"
    dead_man_switch: DeadManMode = "engine"
