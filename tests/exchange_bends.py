"""What a venue does to its symbols on a bad day: halts one, changes its rules, tears its mark price from its book."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from trader_gui.simulated_exchange.records import MarketTick
from trader_gui.simulated_exchange.server import SimulatedExchange

Bend = Callable[[MarketTick], MarketTick]


class Bends:
    """Bends the market of a running exchange, symbol by symbol."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._venue = exchange.venue
        self._bends: dict[str, Bend] = {}
        self._take_ticks = self._venue.take_ticks
        self._venue.take_ticks = self._bent  # type: ignore[method-assign]

    def _bent(self, ticks: Iterable[MarketTick], time_ms: int) -> None:
        self._take_ticks([self._bends.get(t.symbol, lambda tick: tick)(t) for t in ticks], time_ms)

    def halt(self, symbol: str) -> None:
        """Take no orders of a symbol from the next tick on."""
        self._bends[symbol] = lambda tick: replace(tick, is_trading=False)

    def move_mark(self, symbol: str, factor: str) -> None:
        """Hold the mark price at a distance from the book."""
        self._bends[symbol] = lambda tick: replace(tick, mark_price=round(tick.mark_price * Decimal(factor), 8))

    def resume(self, symbol: str) -> None:
        """Let a symbol be as it is."""
        self._bends.pop(symbol, None)

    def is_trading(self, symbol: str) -> bool:
        return self._venue.feeds[symbol].is_trading

    def change_rules(self, symbol: str, **changes: Any) -> None:
        """Change filters of a symbol; an integer or text is taken for a decimal."""
        core = self._venue.core
        spec = replace(core.specs[symbol], **{name: Decimal(str(value)) for name, value in changes.items()})
        core.specs[symbol] = core._books[symbol].spec = self._venue.feeds[symbol].spec = spec
