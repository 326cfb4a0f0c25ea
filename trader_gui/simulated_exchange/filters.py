"""The symbol's filters: which prices and quantities the venue refuses, and with which code.

Precision (-1111) counts the decimals written in the filter's tick and step ("0.10" allows two), so that 60000.05 at a
tick of 0.10 is a wrong tick (-4014) and 60000.005 is too precise (-1111).

How far from the mark price a trigger may lie (-4210, -4211) is not published; stops far outside PERCENT_PRICE are
accepted, so the band is taken as a tenth to ten times the mark price. Callback rates: 0.1 to 20 percent, one decimal.
"""

from decimal import ROUND_CEILING, Decimal

from trader_gui.simulated_exchange.records import SymbolSpec, VenueRefusal

TRIGGER_BAND = 10
LEAST_CALLBACK, MOST_CALLBACK = Decimal("0.1"), Decimal(20)


def _is_too_precise(value: Decimal, increment: Decimal) -> bool:
    """Whether `value` needs more decimals than `increment` is written with."""
    return value != round(value, max(0, -int(increment.as_tuple().exponent)))


def _check_precision(value: Decimal, increment: Decimal) -> None:
    if _is_too_precise(value, increment):
        raise VenueRefusal(-1111, "Precision is over the maximum defined for this asset.")


def check_price(spec: SymbolSpec, price: Decimal) -> None:
    """Refuse a limit price outside PRICE_FILTER: -4001, -4002, -4013, -4014, -1111."""
    if price <= 0:
        raise VenueRefusal(-4001, "Price less than 0.")
    if price > spec.max_price:
        raise VenueRefusal(-4002, f"Price greater than max price. Max price is {spec.max_price}.")
    if price < spec.min_price:
        raise VenueRefusal(-4013, f"Price less than min price. Min price is {spec.min_price}.")
    _check_precision(price, spec.tick_size)
    if (price - spec.min_price) % spec.tick_size:
        raise VenueRefusal(-4014, f"Price not increased by tick size. Tick size is {spec.tick_size}.")


def check_trigger_price(spec: SymbolSpec, price: Decimal) -> None:
    """Refuse a trigger price outside PRICE_FILTER: -4006, -4007, -4013, -4014, -1111."""
    if price <= 0:
        raise VenueRefusal(-4006, "Stop price less than zero.")
    if price > spec.max_price:
        raise VenueRefusal(-4007, f"Stop price greater than max price. Max price is {spec.max_price}.")
    check_price(spec, price)


def check_trigger_band(price: Decimal, mark_price: Decimal) -> None:
    """Refuse a trigger price out of all proportion to the mark price: above the band -4210, below it -4211."""
    if price > mark_price * TRIGGER_BAND:
        raise VenueRefusal(-4210, "Stop price is higher than price multiplier cap.")
    if price * TRIGGER_BAND < mark_price:
        raise VenueRefusal(-4211, "Stop price is lower than price multiplier floor.")


def check_activation(spec: SymbolSpec, price: Decimal) -> None:
    """Refuse an activation price of a trailing stop outside PRICE_FILTER: -4135; its precision: -1111, -4014."""
    if not (price > 0 and spec.min_price <= price <= spec.max_price):
        raise VenueRefusal(-4135, "Invalid activation price.")
    check_price(spec, price)


def check_callback_rate(rate: Decimal) -> None:
    """Refuse a callback rate (percent) out of range or finer than a tenth: -1130."""
    if not LEAST_CALLBACK <= rate <= MOST_CALLBACK or _is_too_precise(rate, LEAST_CALLBACK):
        raise VenueRefusal(-1130, "Data sent for parameter 'callbackRate' is not valid.")


def check_quantity(spec: SymbolSpec, quantity: Decimal, *, is_market: bool) -> None:
    """Refuse a quantity outside LOT_SIZE or MARKET_LOT_SIZE: -4003, -4004, -4005, -4023, -1111."""
    if quantity <= 0:
        raise VenueRefusal(-4003, "Quantity less than or equal to zero.")
    _check_precision(quantity, spec.step_size)
    if quantity < spec.min_qty:
        raise VenueRefusal(-4004, f"Quantity less than min quantity. Min quantity is {spec.min_qty}.")
    largest = spec.market_max_qty if is_market else spec.max_qty
    if quantity > largest:
        raise VenueRefusal(-4005, f"Quantity greater than max quantity. Max quantity is {largest}.")
    if (quantity - spec.min_qty) % spec.step_size:
        raise VenueRefusal(-4023, f"Qty not increased by step size. Step size is {spec.step_size}.")


def check_percent_price(spec: SymbolSpec, price: Decimal, reference: Decimal, *, is_buy: bool) -> None:
    """Refuse a limit too far through the mark price: a buy above it -4016, a sell below it -4024."""
    if is_buy and price > reference * spec.multiplier_up:
        raise VenueRefusal(-4016, f"Limit price can't be higher than {_highest(spec, reference)}.")
    if not is_buy and price < reference * spec.multiplier_down:
        raise VenueRefusal(-4024, f"Limit price can't be lower than {_lowest(spec, reference)}.")


def check_triggered_limit(spec: SymbolSpec, price: Decimal, trigger_price: Decimal, *, is_buy: bool) -> None:
    """Refuse a conditional order's limit too far through its trigger: a buy above it -4183, a sell below it -4184."""
    if is_buy and price > trigger_price * spec.multiplier_up:
        raise VenueRefusal(-4183, f"Limit price can't be higher than {_highest(spec, trigger_price)}")
    if not is_buy and price < trigger_price * spec.multiplier_down:
        raise VenueRefusal(-4184, f"Limit price can't be lower than {_lowest(spec, trigger_price)}")


def _highest(spec: SymbolSpec, reference: Decimal) -> Decimal:
    """Return the highest price on a tick within the band above a price."""
    return reference * spec.multiplier_up // spec.tick_size * spec.tick_size


def _lowest(spec: SymbolSpec, reference: Decimal) -> Decimal:
    """Return the lowest price on a tick within the band below a price."""
    ticks = (reference * spec.multiplier_down / spec.tick_size).to_integral_value(ROUND_CEILING)
    return ticks * spec.tick_size


def check_notional(spec: SymbolSpec, notional: Decimal) -> None:
    """Refuse an order below MIN_NOTIONAL: -4164. Reduce-only orders are exempt: do not ask."""
    if notional < spec.min_notional:
        message = f"Order's notional must be no smaller than {spec.min_notional} (unless you choose reduce only)."
        raise VenueRefusal(-4164, message)
