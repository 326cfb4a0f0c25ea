"""Reads the raw parameters of `POST algoOrder` into a typed record, refusing malformed ones with the venue's codes.

Where the venue's pages are silent: closePosition with a type that does not close by market is -4136 (as live reports
quote it), on the opening side of a hedge position -1128. A trigger price sent with a trailing stop is -2021, as
reported. `timeInForce` of the market types is taken and shown, and means nothing to the order that comes of them,
save for GTD and GTE_GTC, which end the waiting.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trader_gui.simulated_exchange.parameters import (
    CONDITIONAL_TYPES,
    NO_MATCH,
    check_reply_type,
    client_id,
    decimal,
    flag,
    good_till_date,
    not_required,
    position_side_of,
    price_and_match,
    side_of,
    stp_mode,
    text,
)
from trader_gui.simulated_exchange.position import closes_only
from trader_gui.simulated_exchange.records import VenueRefusal

TRAILING: Final = "TRAILING_STOP_MARKET"
_TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD", "RPI", "GTE_GTC")
_ZERO = Decimal(0)


class AlgoRequest(msgspec.Struct, frozen=True):
    """A conditional order as asked for.

    `quantity` is 0 with `close_position`, `price` 0 for the market types and with `price_match`, `trigger_price` 0 for
    a trailing stop; only that has a `callback_rate` (percent) and may have an `activate_price`.
    """

    symbol: str
    side: str
    order_type: str
    time_in_force: str
    quantity: Decimal
    trigger_price: Decimal
    price: Decimal
    working_type: str
    close_position: bool
    price_protect: bool
    reduce_only: bool
    client_algo_id: str
    position_side: str = "BOTH"
    price_match: str = NO_MATCH
    stp_mode: str = "EXPIRE_MAKER"
    good_till_date_ms: int = 0
    activate_price: Decimal | None = None
    callback_rate: Decimal | None = None

    @property
    def needs_position(self) -> bool:
        """Whether the order lives and dies with a position on the side it closes."""
        return self.close_position or self.time_in_force == "GTE_GTC"

    @property
    def is_market(self) -> bool:
        """Whether a MARKET order comes of it."""
        return self.order_type.endswith("_MARKET")


def read_algo(params: Mapping[str, str], now_ms: int, *, is_hedge: bool = False) -> AlgoRequest:
    """Return the conditional order that the parameters of `POST algoOrder` describe.

    Raises:
        VenueRefusal: -1100, -1102, -1106, -1115 .. -1117, -1128, -1130, -1136, -2021, -4015, -4031, -4060, -4061,
            -4136 .. -4139, -5037 .. -5040.
    """
    if text(params, "algoType") != "CONDITIONAL":
        raise VenueRefusal(-1130, "Data sent for parameter 'algoType' is not valid.")
    symbol = text(params, "symbol")
    side = side_of(params)
    order_type = _order_type(params)
    is_market = order_type.endswith("_MARKET")
    position_side = position_side_of(params, is_hedge=is_hedge)
    closes = closes_only(side, position_side)
    check_reply_type(params)
    price, price_match = price_and_match(params, is_limit=not is_market)
    close_position = _close_position(params, order_type)
    if close_position and is_hedge and not closes:
        raise VenueRefusal(-1128, "Combination of optional parameters invalid.")
    working_type = params.get("workingType", "CONTRACT_PRICE")
    if working_type not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise VenueRefusal(-4031, "Invalid working type.")
    time_in_force = params.get("timeInForce", "GTC")
    if time_in_force not in _TIMES_IN_FORCE:
        raise VenueRefusal(-1115, "Invalid timeInForce.")
    trigger_price, activate_price, callback_rate = _condition(params, order_type)
    return AlgoRequest(
        symbol=symbol,
        side=side,
        order_type=order_type,
        time_in_force=time_in_force,
        quantity=_ZERO if close_position else decimal(params, "quantity"),
        trigger_price=trigger_price,
        price=price or _ZERO,
        working_type=working_type,
        close_position=close_position,
        price_protect=flag(params, "priceProtect"),
        reduce_only=flag(params, "reduceOnly") or closes,
        client_algo_id=client_id(params, "clientAlgoId"),
        position_side=position_side,
        price_match=price_match,
        stp_mode=stp_mode(params),
        good_till_date_ms=good_till_date(params, time_in_force, now_ms),
        activate_price=activate_price,
        callback_rate=callback_rate,
    )


def _order_type(params: Mapping[str, str]) -> str:
    order_type = text(params, "type")
    if order_type in CONDITIONAL_TYPES:
        return order_type
    if order_type == "MARKET" and flag(params, "closePosition"):
        raise VenueRefusal(-4139, "Order type can not be market.")
    raise VenueRefusal(-1116, "Invalid orderType.")


def _condition(params: Mapping[str, str], order_type: str) -> tuple[Decimal, Decimal | None, Decimal | None]:
    """Return (trigger price, activation price, callback rate) as far as the type has them."""
    if order_type != TRAILING:
        for name in ("activatePrice", "callbackRate"):
            if params.get(name):
                raise not_required(name)
        return decimal(params, "triggerPrice"), None, None
    if "triggerPrice" in params:
        raise VenueRefusal(-2021, "Order would immediately trigger.")
    activate_price = decimal(params, "activatePrice") if params.get("activatePrice") else None
    return _ZERO, activate_price, decimal(params, "callbackRate")


def _close_position(params: Mapping[str, str], order_type: str) -> bool:
    if not flag(params, "closePosition"):
        return False
    if order_type not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
        raise VenueRefusal(-4136, f"Target strategy invalid for orderType {order_type},closePosition true")
    if params.get("quantity", "0") != "0":
        raise VenueRefusal(-4137, "Quantity must be zero with closePosition equals true.")
    if "reduceOnly" in params:
        if flag(params, "reduceOnly"):
            raise not_required("reduceOnly")
        raise VenueRefusal(-4138, "Reduce only must be true with closePosition equals true.")
    return True
