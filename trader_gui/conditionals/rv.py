"""RVConditional: realised volatility against its former range."""

import math
from collections import deque

import numpy as np

from trader_gui.collectors.ring import FloatArray
from trader_gui.conditionals.conditional import Conditional
from trader_gui.domain.step import Condition

NAME = "RV in former range"


class RVConditional(Conditional):
    """One condition: the newest realised volatility lies within its range over the values *before* it, ends included.

    `reading` is the volatility as a fraction over the window; `text` is the former range in basis points (`6.1–11.4`).

    Args:
        window: Log returns per value, >= 1.
        range_window: Values per range, >= 1.
    """

    def __init__(self, window: int, range_window: int) -> None:
        self._needed = window + 1 + range_window
        self._squares: deque[float] = deque(maxlen=window)
        self._former: deque[float] = deque(maxlen=range_window + 1)
        self._last: float | None = None
        self._count = 0
        self._condition: Condition | None = None

    def reset(self, close: FloatArray) -> None:
        self._squares.clear()
        self._former.clear()
        self._last = None
        self._count = 0
        self._condition = None
        for value in close[-self._needed :].tolist():
            self.extend(value)

    def extend(self, close: float) -> None:
        self._count += 1
        self._condition = None
        if self._last is not None:
            log_return = float(np.log(close / self._last))
            self._squares.append(log_return * log_return)
        self._last = close
        if len(self._squares) == self._squares.maxlen:
            total = 0.0
            for square in self._squares:
                total += square
            self._former.append(math.sqrt(total))

    def evaluate(self, price: float) -> tuple[Condition, ...]:
        if self._condition is None:
            self._condition = self._made()
        return (self._condition,)

    def _made(self) -> Condition:
        if self._count < self._needed:
            return Condition(NAME, False, ready=False, needs=self._needed - self._count)
        *former, now = self._former
        low, high = min(former), max(former)
        return Condition(NAME, low <= now <= high, reading=now, text=f"{low * 1e4:.1f}–{high * 1e4:.1f}")
