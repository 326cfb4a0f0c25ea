"""Text to numbers, steps, and the size units of the order ticket (no Qt)."""

import re
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from trader_gui.domain.symbol import decimals_of, snap
from trader_gui.models.ticket_records import SizeUnit

_PLAIN = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,12})?|\.[0-9]{1,12}", re.ASCII)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<mark>[,  \u00a0\u202f])[0-9]{3}(?:(?P=mark)[0-9]{3}){0,3}(?:\.[0-9]{0,12})?")
_MOST_DECIMALS = 8


def parse_number(text: str) -> Decimal | None:
    """Return the number that a text means, or None when it is none or could be read in two ways.

    The point is the decimal sign, always. Commas or spaces are taken only where thousands are parted by them
    (`1,234.5`); `0,020`, `1,23`, `1.234,5`, `1,234.5,6`, signs and exponents are refused, not guessed at.
    """
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    grouped = _GROUPED.fullmatch(text)
    return Decimal(text.replace(grouped["mark"], "")) if grouped else None


def number_text(value: Decimal, decimals: int) -> str:
    """Return `value` as a field shows it: thousands separated, at least `decimals` decimals, and never rounded."""
    return f"{value:,.{max(decimals, decimals_of(value))}f}"


def stepped(value: Decimal | None, increment: Decimal, steps: int) -> Decimal:
    """Return the multiple of `increment` that lies `steps` steps from `value`; never below one increment.

    A value between two multiples goes to its neighbour with the first step. None counts as 0.
    """
    value = value or Decimal(0)
    base = snap(value, increment, ROUND_DOWN if steps >= 0 else ROUND_UP)
    return max(snap(base + steps * increment, increment, ROUND_DOWN), snap(increment, increment, ROUND_DOWN))


def exact_quantity(value: Decimal, unit: SizeUnit, price: Decimal | None, equity: Decimal | None) -> Decimal | None:
    """Return a size in base asset, not rounded yet; None when price or equity is missing for the unit.

    Args:
        value: In `unit`: base asset, quote asset, or notional as percent of equity (100 is one times equity).
        unit: What `value` counts.
        price: Quote per base, > 0.
        equity: Quote asset.
    """
    if unit is SizeUnit.BASE:
        return value
    if not price:
        return None
    if unit is SizeUnit.QUOTE:
        return value / price
    return value * equity / 100 / price if equity is not None else None


def in_unit(
    quantity: Decimal, unit: SizeUnit, price: Decimal | None, equity: Decimal | None, step_size: Decimal
) -> Decimal | None:
    """Return `quantity` counted in `unit` so that it rounds down to the same quantity again.

    The value is rounded up at the fewest decimals (two or more) that keep the size; None when it cannot be told.
    """
    if unit is SizeUnit.BASE:
        return quantity
    if not price or (unit is SizeUnit.EQUITY and not (equity and equity > 0)):
        return None
    notional = quantity * price
    exact = notional if unit is SizeUnit.QUOTE else notional * 100 / (equity or Decimal(1))
    for decimals in range(2, _MOST_DECIMALS + 1):
        value = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_UP)
        again = exact_quantity(value, unit, price, equity)
        if again is not None and snap(again, step_size, ROUND_DOWN) == quantity:
            return value
    return None
