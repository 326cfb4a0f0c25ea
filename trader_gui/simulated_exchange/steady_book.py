"""The book around a market of which only trades are known: one tick wide, with sizes that depend on the price alone.

The last trade's price is the best price of the side that was hit. A level's size is a fixed function of its price,
about a sixteenth of the usual volume of a minute, so that two runs are equal and a level that is left and reached again
is the same.
"""

from decimal import Decimal

from trader_gui.simulated_exchange.records import PriceLevel, SymbolSpec

LEVELS = 20
KEPT_LEVELS = 100_000


class SteadyBook:
    """Levels by tick."""

    def __init__(self, spec: SymbolSpec, minute_volume: Decimal) -> None:
        """Make the book of a symbol.

        Args:
            spec: Its rules.
            minute_volume: What is usually traded in a minute, base asset; sets the size of levels.
        """
        self._tick_size = spec.tick_size.normalize()
        self._step_size = spec.step_size.normalize()
        self._level_steps = max(2, int(minute_volume / 20 / self._step_size))
        self._levels: dict[int, PriceLevel] = {}

    def at(self, bid: int) -> tuple[tuple[PriceLevel, ...], tuple[PriceLevel, ...]]:
        """Return (bids, asks), best first, with the best bid at that tick and the best ask one above."""
        if len(self._levels) > KEPT_LEVELS:
            self._levels.clear()
        level = self._level
        lowest = max(1, bid - LEVELS + 1)
        return (
            tuple([level(tick) for tick in range(bid, lowest - 1, -1)]),
            tuple([level(tick) for tick in range(bid + 1, bid + 1 + LEVELS)]),
        )

    def _level(self, tick: int) -> PriceLevel:
        level = self._levels.get(tick)
        if level is None:
            steps = self._level_steps // 4 + (tick * 2_654_435_761 >> 7) % (self._level_steps * 2)
            level = self._levels[tick] = (tick * self._tick_size, max(1, steps) * self._step_size)
        return level
