"""The book of a generated market: other people's orders around a touch, in integer ticks."""

import math
import random
from decimal import Decimal

from trader_gui.simulated_exchange.records import PriceLevel, Print

LEVELS = 60


class StandingBook:
    """Other people's book around a touch; a level keeps its size until something changes it.

    Attributes:
        best_bid, best_ask: The touch, in ticks.
        depth: Factor on the size of levels that are new.
    """

    def __init__(self, rng: random.Random, steps: tuple[Decimal, Decimal], median_level: float) -> None:
        """Make an empty book; `move` puts it somewhere.

        Args:
            rng: Where its changes come from.
            steps: Price step and quantity step.
            median_level: Usual size of a level, base asset.
        """
        self._rng = rng
        self._tick_size, self._step_size = steps
        self._median = median_level / float(self._step_size)
        self._bids: dict[int, PriceLevel] = {}
        self._asks: dict[int, PriceLevel] = {}
        self.best_bid = 0
        self.best_ask = 0
        self.depth = 1.0

    def _new_level(self, tick: int, distance: int) -> PriceLevel:
        size = self._median * (0.35 + 0.65 * min(1.0, distance / 12)) * math.exp(0.9 * self._rng.gauss(0, 1))
        if tick % 100 == 0:
            size *= 3
        return tick * self._tick_size, max(1, int(size * self.depth)) * self._step_size

    def move(self, best_bid: int, best_ask: int) -> None:
        """Put the touch at these ticks: crossed levels go, newly uncovered ones come, a few change size."""
        if self._bids:  # an empty book comes from nowhere: a million ticks would be swept for nothing
            for tick in range(best_bid + 1, self.best_bid + 1):
                self._bids.pop(tick, None)
            for tick in range(self.best_ask, best_ask):
                self._asks.pop(tick, None)
        self.best_bid, self.best_ask = best_bid, best_ask
        self._fill(self._bids, best_bid, -1)
        self._fill(self._asks, best_ask, 1)
        self._churn()

    def _fill(self, levels: dict[int, PriceLevel], best: int, direction: int) -> None:
        for distance in range(LEVELS):
            tick = best + direction * distance
            if tick not in levels:
                levels[tick] = self._new_level(tick, distance)
        if len(levels) > 6 * LEVELS:
            for tick in [tick for tick in levels if abs(tick - best) > 3 * LEVELS]:
                del levels[tick]

    def _churn(self) -> None:
        for _ in range(5):
            distance = min(LEVELS - 1, int(self._rng.expovariate(1 / 8)))
            if self._rng.random() < 0.5:
                self._bids[self.best_bid - distance] = self._new_level(self.best_bid - distance, distance)
            else:
                self._asks[self.best_ask + distance] = self._new_level(self.best_ask + distance, distance)

    def thin_out(self, factor: float) -> None:
        """Scale every level that stands, as when makers withdraw or come back; at least one step is left."""
        for levels in (self._bids, self._asks):
            for tick, (price, size) in levels.items():
                steps = max(1, int(float(size / self._step_size) * factor))
                levels[tick] = (price, steps * self._step_size)

    def eat(self, trade: Print) -> None:
        """Take a trade's quantity out of the touch when it happened there; what is left is at least one step."""
        levels, best = (self._bids, self.best_bid) if trade.is_buyer_maker else (self._asks, self.best_ask)
        price, size = levels[best]
        if price == trade.price:
            levels[best] = (price, max(self._step_size, size - trade.quantity))

    def sides(self) -> tuple[tuple[PriceLevel, ...], tuple[PriceLevel, ...]]:
        """Return (bids, asks), best first."""
        bids, asks = self._bids, self._asks
        return (
            tuple([bids[tick] for tick in range(self.best_bid, self.best_bid - LEVELS, -1)]),
            tuple([asks[tick] for tick in range(self.best_ask, self.best_ask + LEVELS)]),
        )
