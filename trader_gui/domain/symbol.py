"""Trading rules of a symbol: filters, snapping, and the reasons why a price or a quantity is refused."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

import msgspec


class SymbolRules(msgspec.Struct, frozen=True):
    """The venue's filters of one symbol. Prices in quote, quantities in base, `min_notional` in quote asset.

    `percent_up` / `percent_down` bound a limit price as multiples of the mark price. A zero disables a bound.
    """

    symbol: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    status: str
    tick_size: Decimal
    min_price: Decimal
    max_price: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_step_size: Decimal
    market_min_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    percent_up: Decimal
    percent_down: Decimal
    max_open_orders: int

    @property
    def is_unknown(self) -> bool:
        """True for a symbol of which the venue has told no rules: nothing can be ordered there."""
        return not (self.tick_size and self.step_size)

    @property
    def price_decimals(self) -> int:
        """Decimals of a price as shown: those of the tick."""
        return decimals_of(self.tick_size)

    @property
    def quantity_decimals(self) -> int:
        """Decimals of a quantity as shown: those of the step."""
        return decimals_of(self.step_size)

    def snap_price(self, price: Decimal, rounding: str = ROUND_HALF_UP) -> Decimal:
        """Return the multiple of the tick nearest to `price` (or below / above it, by `rounding`)."""
        return snap(price, self.tick_size, rounding)

    def snap_quantity(self, quantity: Decimal) -> Decimal:
        """Return `quantity` rounded down to the step: never more than was asked for."""
        return snap(quantity, self.step_size, ROUND_DOWN)


class RulesUpdate(msgspec.Struct, frozen=True):
    """Rules of symbols as the venue lists them now; a symbol that it does not name is unchanged.

    One that it no longer lists comes with the status `NOT_LISTED`.
    """

    rules: tuple[SymbolRules, ...]
    event_time_ms: int


NOT_LISTED = "NOT_LISTED"
"""Status, of ours, of a symbol that has vanished from the venue's list."""


def unknown_rules(symbol: str) -> SymbolRules:
    """Return what stands for the rules of a symbol that the venue has not told."""
    z = Decimal(0)
    return SymbolRules(symbol, "", "", "", "", z, z, z, z, z, z, z, z, z, z, z, z, 0)


def decimals_of(increment: Decimal) -> int:
    """Return the number of decimals of a tick or step (0.10 -> 1, 0.001 -> 3, 10 -> 0)."""
    return max(0, -int(increment.normalize().as_tuple().exponent))


def snap(value: Decimal, increment: Decimal, rounding: str) -> Decimal:
    """Return the multiple of `increment` next to `value`, with exactly the decimals of `increment`.

    Args:
        value: Any finite number.
        increment: > 0; 0 leaves `value` as it is.
        rounding: A rounding mode of `decimal`.
    """
    if not increment:
        return value
    steps = (value / increment).to_integral_value(rounding=rounding)
    return (steps * increment).quantize(Decimal(1).scaleb(-decimals_of(increment)))


def is_multiple(value: Decimal, increment: Decimal) -> bool:
    """Tell whether `value` is a whole multiple of `increment` (True when the increment is 0)."""
    return not increment or value % increment == 0


__all__ = [
    "NOT_LISTED",
    "ROUND_DOWN",
    "ROUND_HALF_UP",
    "ROUND_UP",
    "RulesUpdate",
    "SymbolRules",
    "decimals_of",
    "is_multiple",
    "snap",
    "unknown_rules",
]
