"""The fee rates of each tier, for USDT-margined contracts, as fractions.

Tier 0 is the venue's regular one; the others follow its published schedule in form and order of size. The 10 % off
for fees paid in BNB is not given: the account holds USDT only. RPI orders pay the maker rate.
"""

from decimal import Decimal
from typing import Final, NamedTuple


class FeeRates(NamedTuple):
    """What a fill costs, as fractions of its notional."""

    maker: Decimal
    taker: Decimal


FEE_TIERS: Final = tuple(
    FeeRates(Decimal(maker), Decimal(taker))
    for maker, taker in (
        ("0.0002", "0.0005"),
        ("0.00016", "0.0004"),
        ("0.00014", "0.00035"),
        ("0.00012", "0.00032"),
        ("0.0001", "0.0003"),
        ("0.00008", "0.00027"),
        ("0.00006", "0.00025"),
        ("0.00004", "0.00022"),
        ("0.00002", "0.0002"),
        ("0", "0.00017"),
    )
)
