"""Which executions made a position: the ground for saying whose it is."""

from collections.abc import Sequence
from decimal import Decimal

from trader_gui.domain.order import Fill


def fills_since_flat(position_amount: Decimal, fills: Sequence[Fill]) -> tuple[Fill, ...] | None:
    """Return the executions that made a position, oldest first.

    Args:
        position_amount: Signed, base asset, + long.
        fills: All executions of one symbol (in hedge mode, of one leg) up to now, in the order of trading.

    Returns:
        () for no position; None when the executions do not reach back to flat, or when the position began in the one
        that closed another.
    """
    left = position_amount
    for index in range(len(fills), 0, -1):
        if left == 0:
            return tuple(fills[index:])
        left -= fills[index - 1].quantity * fills[index - 1].side.sign
        if left * position_amount < 0:
            return None
    return tuple(fills) if left == 0 else None
