"""How the move of a conditional order ended."""

import msgspec

from trader_gui.domain.closing import Trouble
from trader_gui.domain.order import Order


class MoveReport(msgspec.Struct, frozen=True):
    """What is live after a move.

    Attributes:
        live: The order that stands now, at the new price or, when the move was refused, at the old one; None when none
            stands any more, or nobody can tell which.
        is_moved: It stands at the new price.
        trouble: Why it was not moved, or what of it is not as before; None when all is well.
    """

    live: Order | None
    is_moved: bool
    trouble: Trouble | None = None
