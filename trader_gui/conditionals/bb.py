"""BBConditional: the last closes, and the price of now, against their Bollinger bands."""

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from trader_gui.collectors.ring import FloatArray
from trader_gui.conditionals.conditional import Conditional
from trader_gui.domain.step import Condition

LOOKBACK = 5
"""Closed klines that are compared, each with its own bands."""


class Band(NamedTuple):
    """One of the four bands: its name, and the sign that says on which side it lies."""

    name: str
    sign: int
    is_outer: bool

    @property
    def relation(self) -> str:
        """`>` for the upper bands, `<` for the lower ones."""
        return ">" if self.sign > 0 else "<"


BANDS = (
    Band("upper_outer", 1, True),
    Band("upper_inner", 1, False),
    Band("lower_inner", -1, False),
    Band("lower_outer", -1, True),
)


class BBConditional(Conditional):
    """Conditions `close[5] > upper_outer` ... `close[1] < lower_outer` and `price > upper_outer` ...: 24 of them.

    `close[1]` is the last closed kline, compared with the bands of its own window; `price` is compared with the bands
    of the last closed kline. Readings and limits are in quote asset.

    Args:
        window: Closes per band, >= 2.
        inner, outer: Distance of the bands from the middle, in sample deviations.
    """

    def __init__(self, window: int, inner: float, outer: float) -> None:
        self._window = window
        self._widths = tuple(band.sign * (outer if band.is_outer else inner) for band in BANDS)
        self._close: deque[float] = deque(maxlen=window)
        self._recent: deque[tuple[float, tuple[float, ...]]] = deque(maxlen=LOOKBACK)
        self._closed: tuple[Condition, ...] | None = None

    @property
    def limits(self) -> tuple[float, ...] | None:
        """The four bands of the last closed kline in the order of `BANDS`; None while not ready."""
        return self._recent[-1][1] if self._recent else None

    def reset(self, close: FloatArray) -> None:
        self._close.clear()
        self._recent.clear()
        self._closed = None
        for value in close[-(self._window + LOOKBACK - 1) :].tolist():
            self.extend(value)

    def extend(self, close: float) -> None:
        self._close.append(close)
        self._closed = None
        if len(self._close) == self._window:
            middle, deviation = bollinger_of(tuple(self._close))
            self._recent.append((close, tuple(middle + width * deviation for width in self._widths)))

    def evaluate(self, price: float) -> tuple[Condition, ...]:
        if self._closed is None:
            self._closed = self._closed_conditions()
        limits = self.limits
        if limits is None:
            return self._closed + _not_ready(_PRICE_NAMES, self._window - len(self._close))
        return self._closed + _compared(_PRICE_NAMES, price, limits)

    def _closed_conditions(self) -> tuple[Condition, ...]:
        found: tuple[Condition, ...] = ()
        for back in range(LOOKBACK, 0, -1):
            if back <= len(self._recent):
                close, limits = self._recent[-back]
                found += _compared(_CLOSE_NAMES[back], close, limits)
            else:
                missing = self._window - len(self._close) if not self._recent else 0
                found += _not_ready(_CLOSE_NAMES[back], missing + back - len(self._recent) - (not self._recent))
        return found


def bollinger_of(closes: Sequence[float]) -> tuple[float, float]:
    """Return (middle, deviation) of one window: `indicators.bollinger` for a single kline, equal to the last bit."""
    total = 0.0
    for value in closes:
        total += value
    middle = total / len(closes)
    squares = 0.0
    for value in closes:
        distance = value - middle
        squares += distance * distance
    return middle, math.sqrt(squares / (len(closes) - 1))


def _names(subject: str) -> tuple[str, ...]:
    return tuple(f"{subject} {band.relation} {band.name}" for band in BANDS)


_PRICE_NAMES = _names("price")
_CLOSE_NAMES = {back: _names(f"close[{back}]") for back in range(1, LOOKBACK + 1)}
_IS_UPPER = tuple(band.sign > 0 for band in BANDS)


def _compared(names: tuple[str, ...], reading: float, limits: tuple[float, ...]) -> tuple[Condition, ...]:
    return tuple(
        Condition(name, reading > limit if is_upper else reading < limit, reading, limit)
        for name, limit, is_upper in zip(names, limits, _IS_UPPER, strict=True)
    )


def _not_ready(names: tuple[str, ...], needs: int) -> tuple[Condition, ...]:
    return tuple(Condition(name, False, ready=False, needs=needs) for name in names)
