"""Where a position is to be left, as it was meant: at a price, or so far from its entry."""

from decimal import Decimal

import msgspec


class ExitLevel(msgspec.Struct, frozen=True):
    """Where a position is to be left: at a price, or that far from its average fill price; exactly one is set.

    `distance` is quote per base, > 0, whichever side the position is on.
    """

    price: Decimal | None = None
    distance: Decimal | None = None

    def at(self, entry_price: Decimal, way: int) -> Decimal:
        """Return the price, not yet on the tick; `way` is +1 for a level above the entry, -1 for one below it."""
        return self.price if self.price is not None else entry_price + way * (self.distance or Decimal(0))
