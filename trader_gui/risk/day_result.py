"""What the running UTC day has cost or brought."""

from decimal import Decimal

from trader_gui.domain.order import Fill

DAY_MS = 86_400_000


class DayResult:
    """Sums realised profit minus commission of the newest UTC day that has fills; event times only.

    Commission paid in another asset than the quote asset is left out, for want of a price.
    """

    def __init__(self, quote_asset: str) -> None:
        self._quote_asset = quote_asset
        self._day = -1
        self._result = Decimal(0)

    def note_fill(self, fill: Fill) -> None:
        """Add one fill (each once); one of an earlier day changes nothing."""
        day = fill.trade_time_ms // DAY_MS
        if day < self._day:
            return
        if day > self._day:
            self._day, self._result = day, Decimal(0)
        self._result += fill.realized_pnl
        if fill.commission_asset == self._quote_asset:
            self._result -= fill.commission

    def at(self, now_ms: int) -> Decimal:
        """Return the result of the day that `now_ms` lies in, quote asset, < 0 is a loss."""
        return self._result if now_ms // DAY_MS == self._day else Decimal(0)
