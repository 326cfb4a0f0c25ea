"""The dead man's switch (countdownCancelAll): per symbol a moment at which its open orders are to be cancelled.

By the request clock at every speed: it guards against a client that has died, which has nothing to do with the market.
Untriggered conditional orders are never touched.
"""


class Countdowns:
    """Which symbols' orders are to be cancelled, and when, in ms of the request clock."""

    def __init__(self) -> None:
        self._ends_ms: dict[str, int] = {}

    @property
    def is_running(self) -> bool:
        """Whether any countdown runs."""
        return bool(self._ends_ms)

    def set(self, symbol: str, countdown_ms: int, now_ms: int) -> None:
        """Start a symbol's countdown anew; 0 stops it."""
        if countdown_ms:
            self._ends_ms[symbol] = now_ms + countdown_ms
        else:
            self._ends_ms.pop(symbol, None)

    def take_due(self, now_ms: int) -> list[str]:
        """Return the symbols whose countdown is over, the earliest first; theirs are stopped."""
        due = sorted((end_ms, symbol) for symbol, end_ms in self._ends_ms.items() if end_ms <= now_ms)
        for _, symbol in due:
            del self._ends_ms[symbol]
        return [symbol for _, symbol in due]
