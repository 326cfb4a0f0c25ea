"""How a trailing stop follows the price.

A BUY follows the lowest price since it was placed: it is activated when that is at or below its activation price, and
hit when the price has come back up by the callback rate from there. A SELL follows the highest price the other way
round. An order without an activation price takes the price at its placing, so it is activated at once.
"""

from decimal import Decimal

from trader_gui.simulated_exchange.records import AlgoRow

_PERCENT = Decimal("0.01")


def may_activate_later(side: str, activate_price: Decimal, price: Decimal) -> bool:
    """Whether an activation price lies where the market is not yet: below it for a BUY, above it for a SELL."""
    return activate_price < price if side == "BUY" else activate_price > price


def follow(algo: AlgoRow, price: Decimal) -> bool:
    """Take in a price; return whether it hits. Moves `extreme_price` and `is_activated` of the order."""
    assert algo.activate_price is not None and algo.callback_rate is not None
    extreme, way = algo.extreme_price, algo.callback_rate * _PERCENT
    if algo.side == "BUY":
        if not extreme or price < extreme:
            algo.extreme_price = extreme = price
        algo.is_activated = algo.is_activated or extreme <= algo.activate_price
        return algo.is_activated and price >= extreme * (1 + way)
    if price > extreme:
        algo.extreme_price = extreme = price
    algo.is_activated = algo.is_activated or extreme >= algo.activate_price
    return algo.is_activated and price <= extreme * (1 - way)
