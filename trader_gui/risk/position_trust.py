"""How far a position is believed that is smaller than what brackets opened: somebody closed it, or it is old news."""

from decimal import Decimal
from enum import Enum

from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.domain.account import PositionKey

NEWS_MS = 500
"""It is acted on after this: the position is told before the exit that made it smaller."""

QUIET_MS = 5_000
"""One that was told in the millisecond of an execution, or only by being left out of a list, counts for good after
this: lists lag, and one of several events of a millisecond may have been lost."""


class Trust(Enum):
    """NONE: nothing is done by it. FOR_NOW: the exits follow it. LASTING: what is missing will not come back."""

    NONE = 0
    FOR_NOW = 1
    LASTING = 2


class PositionTrust:
    """Remembers since when each position has been as it is.

    Args:
        account: It is read.
    """

    def __init__(self, account: AccountUpdateCollector) -> None:
        self._account = account
        self._since: dict[PositionKey, tuple[tuple[int, int, Decimal], int]] = {}

    def told_ms(self, key: PositionKey) -> int:
        """Return the time up to which the position is known; what was executed by then is in it."""
        return max(self._account.changed_time_ms(*key), self._account.listed_time_ms)

    def of(self, key: PositionKey, executed_ms: int, clock_ms: int) -> Trust:
        """Say how far a position is believed; `executed_ms` is when a bracket in it executed last."""
        changed_ms, told_ms = self._account.changed_time_ms(*key), self.told_ms(key)
        position = self._account.position(*key)
        state = told_ms, executed_ms, position.position_amount if position is not None else Decimal(0)
        known = self._since.get(key)
        if known is None or known[0] != state:
            known = self._since[key] = state, clock_ms
        quiet_ms = clock_ms - known[1]
        if told_ms < executed_ms or quiet_ms < NEWS_MS:
            return Trust.NONE
        if changed_ms > executed_ms or quiet_ms >= QUIET_MS:
            return Trust.LASTING
        return Trust.FOR_NOW if changed_ms == executed_ms else Trust.NONE

    def restart_clock(self) -> None:
        """Times so far were by another clock."""
        self._since.clear()
