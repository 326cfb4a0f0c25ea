"""Which executions made a position: the ground for saying whose it is."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from trader_gui.domain.account import PositionKey
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


class Opening(msgspec.Struct, frozen=True):
    """How a position came to be what it is.

    Attributes:
        since_ms: When it was opened.
        realized_pnl: Of its parts that were closed since, quote asset, before fees.
        commissions: Paid for its executions since, by asset, > 0 is paid.
    """

    since_ms: int
    realized_pnl: Decimal
    commissions: Mapping[str, Decimal]


def opening_of(key: PositionKey, position_amount: Decimal, fills: Iterable[Fill]) -> Opening | None:
    """Return how a position was opened, and what it has realised and cost since.

    Of an execution that closed another position and opened this one with its rest, the rest's share counts.

    Args:
        key: Symbol and leg.
        position_amount: Signed, base asset, + long; not 0.
        fills: Executions of any symbol and leg up to now, in any order.

    Returns:
        None when the executions do not reach back to the beginning.
    """
    left, realized = position_amount, Decimal(0)
    commissions: dict[str, Decimal] = {}
    own = (fill for fill in fills if (fill.symbol, fill.position_side) == key)
    for fill in sorted(own, key=lambda fill: -fill.trade_id):
        before = left - fill.quantity * fill.side.sign
        is_turn = before * position_amount < 0
        share = abs(left) / fill.quantity if is_turn else Decimal(1)
        realized += Decimal(0) if is_turn else fill.realized_pnl
        paid = commissions.get(fill.commission_asset, Decimal(0))
        commissions[fill.commission_asset] = paid + fill.commission * share
        if is_turn or before == 0:
            return Opening(fill.trade_time_ms, realized, commissions)
        left = before
    return None
