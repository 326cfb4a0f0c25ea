"""The strategy's conditionals, kept in step with the closed klines."""

from collections.abc import Sequence

from trader_gui.collectors.kline import KlineCollector
from trader_gui.conditionals.conditional import Conditional
from trader_gui.domain.market import Kline
from trader_gui.domain.step import Condition


class ConditionalSet:
    """Tells each conditional of every closed kline, once and in order."""

    def __init__(self, conditionals: Sequence[Conditional], klines: KlineCollector) -> None:
        """Follow `klines`; `follow` and `reset` are called after each of its changes."""
        self._conditionals = tuple(conditionals)
        self._klines = klines

    def follow(self, kline: Kline, *, had_gap: bool) -> None:
        """Take in what `kline` changed; `had_gap` is whether the series had a hole before it."""
        if had_gap or self._klines.has_gap or self._klines.last is not kline:
            self.reset()
            return
        for conditional in self._conditionals:
            conditional.extend(float(kline.close))

    def reset(self) -> None:
        """Begin anew: bands over a series with a hole are wrong, so with a gap nothing is ready."""
        close = self._klines.arrays().close
        for conditional in self._conditionals:
            conditional.reset(close[:0] if self._klines.has_gap else close)

    def evaluate(self, price: float) -> tuple[Condition, ...]:
        """Return all conditions at a price, quote asset."""
        return tuple(c for conditional in self._conditionals for c in conditional.evaluate(price))
