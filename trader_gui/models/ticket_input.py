"""Text to numbers and back, and steps, as the fields of the order ticket need them (no Qt)."""

import re
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from functools import lru_cache

from trader_gui.domain.symbol import decimals_of, snap

_PLAIN = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,12})?|\.[0-9]{1,12}", re.ASCII)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<mark>[,  \u00a0\u202f])[0-9]{3}(?:(?P=mark)[0-9]{3}){0,3}(?:\.[0-9]{0,12})?")


@lru_cache(maxsize=64)
def parse_number(text: str) -> Decimal | None:
    """Return the number that a text means, or None when it is none or could be read in two ways.

    The point is the decimal sign, always. Commas or spaces are taken only where thousands are parted by them
    (`1,234.5`); `0,020`, `1,23`, `1.234,5`, `1,234.5,6`, signs and exponents are refused, not guessed at.

    The texts of a ticket are asked for again with every price, so that the last answers are kept.
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
