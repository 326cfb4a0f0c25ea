"""Rounding of public figures that are computed and only shown (averages, ratios, percentages); never of money.

Any number rounds, however large: prices that are pushed in from outside may lie as far apart as 1e-18 and 1e15, and
the default precision of 28 digits would refuse to round their ratios.
"""

from decimal import Context, Decimal

_WIDE = Context(prec=200)
_EIGHT_PLACES = Decimal("0.00000001")


def rounded(value: Decimal, step: Decimal) -> Decimal:
    """Return `value` with the decimals of `step`, half to even."""
    return value.quantize(step, context=_WIDE)


def eight_places(value: Decimal) -> Decimal:
    """Return `value` with eight decimals, half to even."""
    return value.quantize(_EIGHT_PLACES, context=_WIDE)
