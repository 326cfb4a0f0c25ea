"""Reads the raw parameters of order requests into typed records, refusing malformed ones with the venue's codes.

Only what can be judged without knowing the market or the account is judged here. Not offered: `priceMatch` (-5037),
self-trade prevention other than EXPIRE_MAKER (-5039), time in force RPI (-1115), hedge mode (-4061), trailing stops
(-1116).
"""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trader_gui.simulated_exchange.records import VenueRefusal

CONDITIONAL_TYPES: Final = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?")
_CLIENT_ID = re.compile(r"[\.A-Z:/a-z0-9_-]{1,36}")
_LAST_GTD_MS = 253_402_300_799_000
_SHORTEST_GTD_MS = 600_000


class OrderRequest(msgspec.Struct, frozen=True):
    """A LIMIT or MARKET order as asked for; `price` None for MARKET. The last four only come from triggered orders."""

    symbol: str
    side: str
    order_type: str
    time_in_force: str
    quantity: Decimal
    price: Decimal | None
    reduce_only: bool = False
    client_order_id: str = ""
    good_till_date_ms: int = 0
    orig_type: str = ""
    stop_price: Decimal = Decimal(0)
    working_type: str = "CONTRACT_PRICE"
    close_position: bool = False

    @property
    def is_buy(self) -> bool:
        """Whether the order buys."""
        return self.side == "BUY"

    @property
    def is_triggered(self) -> bool:
        """Whether the order comes from a conditional one."""
        return self.stop_price > 0


class ModifyRequest(msgspec.Struct, frozen=True):
    """New total quantity and price of an open LIMIT order."""

    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    order_id: int | None
    orig_client_order_id: str | None
    reduce_only: bool


class AlgoRequest(msgspec.Struct, frozen=True):
    """A conditional order as asked for; `quantity` 0 with `close_position`, `price` 0 for the market types."""

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

    @property
    def needs_position(self) -> bool:
        """Whether the order lives and dies with a position on the side it closes."""
        return self.close_position or self.time_in_force == "GTE_GTC"


def missing(name: str) -> VenueRefusal:
    """Return the refusal for a parameter that is absent, empty or malformed."""
    return VenueRefusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def not_required(name: str) -> VenueRefusal:
    """Return the refusal for a parameter that does not belong to the request."""
    return VenueRefusal(-1106, f"Parameter '{name}' sent when not required.")


def text(params: Mapping[str, str], name: str) -> str:
    """Return a mandatory parameter."""
    value = params.get(name, "")
    if not value:
        raise missing(name)
    return value


def decimal(params: Mapping[str, str], name: str) -> Decimal:
    """Return a mandatory decimal; exponents, NaN and blanks are malformed."""
    value = text(params, name)
    if not _DECIMAL.fullmatch(value):
        raise missing(name)
    return Decimal(value)


def integer(params: Mapping[str, str], name: str) -> int | None:
    """Return an optional integer (at most 19 digits), None when absent."""
    value = params.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 19):
        raise missing(name)
    return int(value)


def flag(params: Mapping[str, str], name: str) -> bool:
    """Return an optional boolean, False when absent; only the words true and false count."""
    value = params.get(name, "false").lower()
    if value not in ("true", "false"):
        raise missing(name)
    return value == "true"


def client_id(params: Mapping[str, str], name: str) -> str:
    """Return an optional client id, "" when absent."""
    if name not in params:
        return ""
    value = params[name]
    if not _CLIENT_ID.fullmatch(value):
        raise VenueRefusal(-4015, "Client order id is not valid.")
    return value


def _one_of(params: Mapping[str, str], name: str, allowed: Collection[str], code: int, message: str) -> str:
    value = text(params, name)
    if value not in allowed:
        raise VenueRefusal(code, message)
    return value


def _side(params: Mapping[str, str]) -> str:
    return _one_of(params, "side", ("BUY", "SELL"), -1117, "Invalid side.")


def _check_common(params: Mapping[str, str]) -> None:
    """Refuse options that mean the same on both order services and are not offered or do not fit the account."""
    position_side = params.get("positionSide", "BOTH")
    if position_side in ("LONG", "SHORT"):
        raise VenueRefusal(-4061, "Order's position side does not match user's setting.")
    if position_side != "BOTH":
        raise VenueRefusal(-4060, "Invalid position side.")
    if params.get("newOrderRespType", "ACK") not in ("ACK", "RESULT"):
        raise VenueRefusal(-1136, "Invalid newOrderRespType.")
    if params.get("selfTradePreventionMode", "EXPIRE_MAKER") != "EXPIRE_MAKER":
        raise VenueRefusal(-5039, "Invalid self trade prevention mode.")
    if params.get("priceMatch", "NONE") != "NONE":
        raise VenueRefusal(-5037, "Invalid price match.")


def read_order(params: Mapping[str, str], now_ms: int) -> OrderRequest:
    """Return the order that the parameters of `POST order` describe.

    Raises:
        VenueRefusal: -1102, -1106, -1115 .. -1117, -1136, -4015, -4060, -4061, -4120, -5037, -5039, -5040.
    """
    symbol = text(params, "symbol")
    side = _side(params)
    order_type = text(params, "type")
    if order_type in CONDITIONAL_TYPES:
        message = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        raise VenueRefusal(-4120, message)
    if order_type not in ("LIMIT", "MARKET"):
        raise VenueRefusal(-1116, "Invalid orderType.")
    _check_common(params)
    for name in ("stopPrice", "closePosition", "activationPrice", "callbackRate"):
        if params.get(name, "false").lower() != "false":
            raise not_required(name)
    is_limit = order_type == "LIMIT"
    if not is_limit and "timeInForce" in params:
        raise VenueRefusal(-1106, "Parameter 'timeInForce' sent when not required.")
    if not is_limit and "price" in params:
        raise not_required("price")
    time_in_force = "GTC"
    if is_limit:
        allowed = ("GTC", "IOC", "FOK", "GTX", "GTD")
        time_in_force = _one_of(params, "timeInForce", allowed, -1115, "Invalid timeInForce.")
    return OrderRequest(
        symbol=symbol,
        side=side,
        order_type=order_type,
        time_in_force=time_in_force,
        quantity=decimal(params, "quantity"),
        price=decimal(params, "price") if is_limit else None,
        reduce_only=flag(params, "reduceOnly"),
        client_order_id=client_id(params, "newClientOrderId"),
        good_till_date_ms=_good_till_date(params, time_in_force, now_ms),
    )


def _good_till_date(params: Mapping[str, str], time_in_force: str, now_ms: int) -> int:
    """Return the cancel time of a GTD order cut to whole seconds, 0 for any other."""
    if time_in_force != "GTD":
        if params.get("goodTillDate", "0") != "0":
            raise not_required("goodTillDate")
        return 0
    value = integer(params, "goodTillDate")
    if value is None:
        raise missing("goodTillDate")
    if not now_ms + _SHORTEST_GTD_MS < value < _LAST_GTD_MS:
        raise VenueRefusal(-5040, "Invalid goodTillDate.")
    return value // 1000 * 1000


def read_modify(params: Mapping[str, str]) -> ModifyRequest:
    """Return the change that the parameters of `PUT order` describe.

    Raises:
        VenueRefusal: -1102, -1117, -5037.
    """
    symbol = text(params, "symbol")
    order_id, orig_client_order_id = integer(params, "orderId"), params.get("origClientOrderId")
    if order_id is None and not orig_client_order_id:
        raise missing("orderId")
    if params.get("priceMatch", "NONE") != "NONE":
        raise VenueRefusal(-5037, "Invalid price match.")
    return ModifyRequest(
        symbol=symbol,
        side=_side(params),
        quantity=decimal(params, "quantity"),
        price=decimal(params, "price"),
        order_id=order_id,
        orig_client_order_id=orig_client_order_id,
        reduce_only=flag(params, "reduceOnly"),
    )


def read_algo(params: Mapping[str, str]) -> AlgoRequest:
    """Return the conditional order that the parameters of `POST algoOrder` describe.

    Raises:
        VenueRefusal: -1102, -1106, -1115 .. -1117, -1128, -1130, -1136, -4015, -4031, -4060, -4061, -4137, -4138,
            -5037, -5039.
    """
    if text(params, "algoType") != "CONDITIONAL":
        raise VenueRefusal(-1130, "Data sent for parameter 'algoType' is not valid.")
    symbol = text(params, "symbol")
    side = _side(params)
    order_type = _one_of(params, "type", CONDITIONAL_TYPES[:-1], -1116, "Invalid orderType.")
    _check_common(params)
    is_market = order_type.endswith("_MARKET")
    if is_market and params.get("price", "0") != "0":
        raise not_required("price")
    close_position = _close_position(params, is_market=is_market)
    working_type = params.get("workingType", "CONTRACT_PRICE")
    if working_type not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise VenueRefusal(-4031, "Invalid working type.")
    time_in_force = params.get("timeInForce", "GTC")
    if time_in_force not in ("GTC", "IOC", "FOK", "GTX", "GTE_GTC"):
        raise VenueRefusal(-1115, "Invalid timeInForce.")
    return AlgoRequest(
        symbol=symbol,
        side=side,
        order_type=order_type,
        time_in_force=time_in_force,
        quantity=Decimal(0) if close_position else decimal(params, "quantity"),
        trigger_price=decimal(params, "triggerPrice"),
        price=Decimal(0) if is_market else decimal(params, "price"),
        working_type=working_type,
        close_position=close_position,
        price_protect=flag(params, "priceProtect"),
        reduce_only=flag(params, "reduceOnly"),
        client_algo_id=client_id(params, "clientAlgoId"),
    )


def _close_position(params: Mapping[str, str], *, is_market: bool) -> bool:
    if not flag(params, "closePosition"):
        return False
    if not is_market:
        raise VenueRefusal(-1128, "Combination of optional parameters invalid.")
    if params.get("quantity", "0") != "0":
        raise VenueRefusal(-4137, "Quantity must be zero with closePosition equals true.")
    if "reduceOnly" in params:
        if flag(params, "reduceOnly"):
            raise not_required("reduceOnly")
        raise VenueRefusal(-4138, "Reduce only must be true with closePosition equals true.")
    return True
