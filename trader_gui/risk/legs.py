"""Which leg an order belongs to: the one place where wishes are fitted to the account's position mode.

::

    one-way   everything                   -> BOTH
    hedge     opens: BUY -> LONG           SELL -> SHORT
              reduces: SELL -> LONG        BUY -> SHORT

In hedge mode an order reduces by its leg and side; `reduce_only` says on our side what is meant, and the venue, which
refuses the flag there, is not told.
"""

from msgspec.structs import replace

from trader_gui.domain.order import OrderIntent, PositionSide, Side
from trader_gui.domain.step import Refusal


def leg_of(side: Side, *, reduces: bool, is_hedge: bool) -> PositionSide:
    """Return the leg that an order of `side` belongs to."""
    if not is_hedge:
        return PositionSide.BOTH
    is_long = (side is Side.BUY) is not reduces
    return PositionSide.LONG if is_long else PositionSide.SHORT


def on_its_leg(intent: OrderIntent, *, is_hedge: bool) -> OrderIntent | Refusal:
    """Return the intent on its leg; a wish that names another leg was made for another mode, and is refused."""
    reduces = intent.reduce_only or intent.close_position
    leg = leg_of(intent.side, reduces=reduces, is_hedge=is_hedge)
    if intent.position_side is leg:
        return intent
    if intent.position_side is not PositionSide.BOTH:
        return Refusal("wrong_leg", intent.position_side)
    return replace(intent, position_side=leg)
