"""How the venue writes amounts of the account: money cut to 8 decimals, prices without needless zeros."""

from decimal import Decimal

from trader_gui.simulated_exchange.margin import cut


def money(value: Decimal) -> str:
    """Return an amount of money with 8 decimals, zero too: `0.00000000`."""
    return format(cut(value), "f")


def bare_money(value: Decimal) -> str:
    """Return an amount of money with 8 decimals, but a zero as `0`."""
    return format(cut(value), "f") if value else "0"


def price(value: Decimal) -> str:
    """Return a computed price cut to 8 decimals, without trailing zeros but with one decimal: `60000.0`."""
    whole, _, decimals = format(cut(value), "f").partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"
