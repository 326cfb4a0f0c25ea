"""Reads the raw parameters of order requests into typed records, refusing malformed ones with the venue's codes.

Only what can be judged without knowing the market or the account is judged here. Conditional orders: see
`algo_parameters`. The mode of self-trade prevention is EXPIRE_MAKER wherever none is sent (the venue's pages disagree).

In hedge mode `reduceOnly` may not be sent at all (-1106): an order that closes LONG or SHORT reduces by nature, and
is marked so.
"""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trader_gui.simulated_exchange.position import BOTH, POSITION_SIDES, closes_only
from trader_gui.simulated_exchange.records import VenueRefusal

CONDITIONAL_TYPES: Final = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?")
PRICE_MATCHES: Final = {
    "OPPONENT": 1,
    "OPPONENT_5": 5,
    "OPPONENT_10": 10,
    "OPPONENT_20": 20,
    "QUEUE": 1,
    "QUEUE_5": 5,
    "QUEUE_10": 10,
    "QUEUE_20": 20,
}
"""Mode of priceMatch -> which level it takes its price from, of the other side or of the own one."""
NO_MATCH: Final = "NONE"
_STP_MODES = ("EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE")
_CLIENT_ID = re.compile(r"[\.A-Z:/a-z0-9_-]{1,36}")
_LAST_GTD_MS = 253_402_300_799_000
_SHORTEST_GTD_MS = 600_000


class OrderRequest(msgspec.Struct, frozen=True):
    """A LIMIT or MARKET order as asked for; `price` None for MARKET, and while `price_match` is still to find it.

    `orig_type` to `close_position`, and from `price_protect` on, only come from triggered orders.
    """

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
    position_side: str = "BOTH"
    price_match: str = NO_MATCH
    stp_mode: str = "EXPIRE_MAKER"
    price_protect: bool = False
    activate_price: Decimal | None = None
    callback_rate: Decimal | None = None

    @property
    def is_buy(self) -> bool:
        """Whether the order buys."""
        return self.side == "BUY"

    @property
    def is_triggered(self) -> bool:
        """Whether the order comes from a conditional one."""
        return self.orig_type != ""


class ModifyRequest(msgspec.Struct, frozen=True):
    """New total quantity and price of an open LIMIT order; `price` None with `price_match`."""

    symbol: str
    side: str
    quantity: Decimal
    price: Decimal | None
    order_id: int | None
    orig_client_order_id: str | None
    reduce_only: bool
    price_match: str = NO_MATCH
    modify_id: int | None = None


def missing(name: str) -> VenueRefusal:
    """Return the refusal for a parameter that is absent, empty or malformed."""
    return VenueRefusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def not_required(name: str) -> VenueRefusal:
    """Return the refusal for a parameter that does not belong to the request."""
    return VenueRefusal(-1106, f"Parameter '{name}' sent when not required.")


def empty_original_id() -> VenueRefusal:
    """Return the refusal for an order that is to be found by an empty client id."""
    return VenueRefusal(-1119, "Original client order ID was empty.")


def text(params: Mapping[str, str], name: str) -> str:
    """Return a mandatory parameter."""
    value = params.get(name, "")
    if not value:
        raise missing(name)
    return value


def decimal(params: Mapping[str, str], name: str) -> Decimal:
    """Return a mandatory decimal; refuse (-1100) exponents, NaN and blanks."""
    value = text(params, name)
    if not _DECIMAL.fullmatch(value):
        message = (
            f"Illegal characters found in parameter '{name}'; legal range is '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'."
        )
        raise VenueRefusal(-1100, message)
    return Decimal(value)


def integer(params: Mapping[str, str], name: str) -> int | None:
    """Return an optional integer (at most 19 digits), None when absent; refuse (-1100) anything else."""
    value = params.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 19):
        raise VenueRefusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,19}}$'.")
    return int(value)


def flag(params: Mapping[str, str], name: str) -> bool:
    """Return an optional boolean, False when absent; only the words true and false count."""
    value = params.get(name, "false").lower()
    if value not in ("true", "false"):
        raise missing(name)
    return value == "true"


def client_id(params: Mapping[str, str], name: str) -> str:
    """Return an optional client id, "" when absent; refuse an empty (-1118) or ill-formed (-4015) one."""
    if name not in params:
        return ""
    value = params[name]
    if not value:
        raise VenueRefusal(-1118, "New client order ID was empty.")
    if not _CLIENT_ID.fullmatch(value):
        raise VenueRefusal(-4015, "Client order id is not valid.")
    return value


def one_of(params: Mapping[str, str], name: str, allowed: Collection[str], code: int, message: str) -> str:
    """Return a mandatory parameter that has to be one of some words."""
    value = text(params, name)
    if value not in allowed:
        raise VenueRefusal(code, message)
    return value


def side_of(params: Mapping[str, str]) -> str:
    """Return `side`."""
    return one_of(params, "side", ("BUY", "SELL"), -1117, "Invalid side.")


def check_reply_type(params: Mapping[str, str]) -> None:
    """Refuse a `newOrderRespType` that there is not: -1136."""
    if params.get("newOrderRespType", "ACK") not in ("ACK", "RESULT"):
        raise VenueRefusal(-1136, "Invalid newOrderRespType.")


def stp_mode(params: Mapping[str, str]) -> str:
    """Return the mode of self-trade prevention; refuse (-5039) one that there is not."""
    mode = params.get("selfTradePreventionMode", "EXPIRE_MAKER")
    if mode not in _STP_MODES:
        raise VenueRefusal(-5039, "Invalid self trade prevention mode.")
    return mode


def price_and_match(params: Mapping[str, str], *, is_limit: bool) -> tuple[Decimal | None, str]:
    """Return (price, priceMatch): a limit order has one of the two, a market order neither.

    Raises:
        VenueRefusal: -1102 neither, -1106 both or not required, -5037 no such priceMatch, -5038 not with this type.
    """
    match = params.get("priceMatch", NO_MATCH)
    if match != NO_MATCH:
        if match not in PRICE_MATCHES:
            raise VenueRefusal(-5037, "Invalid price match.")
        if not is_limit:
            raise VenueRefusal(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT.")
        if "price" in params:
            raise not_required("price")
        return None, match
    if is_limit:
        return decimal(params, "price"), match
    if params.get("price", "0") != "0":
        raise not_required("price")
    return None, match


def position_side_of(params: Mapping[str, str], *, is_hedge: bool) -> str:
    """Return `positionSide`; refuse one that does not exist (-4060) or does not fit the position mode (-4061)."""
    position_side = params.get("positionSide", BOTH)
    if position_side not in POSITION_SIDES:
        raise VenueRefusal(-4060, "Invalid position side.")
    if (position_side != BOTH) is not is_hedge:
        raise VenueRefusal(-4061, "Order's position side does not match user's setting.")
    if is_hedge and "reduceOnly" in params:
        raise not_required("reduceonly")  # the venue writes it so
    return position_side


def read_order(params: Mapping[str, str], now_ms: int, *, is_hedge: bool = False) -> OrderRequest:
    """Return the order that the parameters of `POST order` describe.

    Raises:
        VenueRefusal: -1100, -1102, -1106, -1115 .. -1117, -1136, -4015, -4060, -4061, -4120, -4139, -5037 .. -5040.
    """
    symbol = text(params, "symbol")
    side = side_of(params)
    order_type = text(params, "type")
    if order_type in CONDITIONAL_TYPES:
        message = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        raise VenueRefusal(-4120, message)
    if order_type not in ("LIMIT", "MARKET"):
        raise VenueRefusal(-1116, "Invalid orderType.")
    is_limit = order_type == "LIMIT"
    position_side = position_side_of(params, is_hedge=is_hedge)
    check_reply_type(params)
    for name in ("stopPrice", "closePosition", "activationPrice", "callbackRate"):
        if name in params and params[name].lower() != "false":
            if name == "closePosition" and not is_limit:
                raise VenueRefusal(-4139, "Order type can not be market.")
            raise not_required(name)
    time_in_force = "GTC"
    if is_limit:
        allowed = ("GTC", "IOC", "FOK", "GTX", "GTD", "RPI")
        time_in_force = one_of(params, "timeInForce", allowed, -1115, "Invalid timeInForce.")
    elif "timeInForce" in params:
        raise not_required("timeInForce")
    price, price_match = price_and_match(params, is_limit=is_limit)
    return OrderRequest(
        symbol=symbol,
        side=side,
        order_type=order_type,
        time_in_force=time_in_force,
        quantity=decimal(params, "quantity"),
        price=price,
        reduce_only=flag(params, "reduceOnly") or closes_only(side, position_side),
        client_order_id=client_id(params, "newClientOrderId"),
        good_till_date_ms=good_till_date(params, time_in_force, now_ms),
        position_side=position_side,
        price_match=price_match,
        stp_mode=stp_mode(params),
    )


def good_till_date(params: Mapping[str, str], time_in_force: str, now_ms: int) -> int:
    """Return the cancel time of a GTD order cut to whole seconds, 0 for any other."""
    if time_in_force != "GTD":
        if params.get("goodTillDate", "0") != "0":
            raise not_required("goodTillDate")
        return 0
    value = integer(params, "goodTillDate")
    if value is None:
        raise missing("goodTillDate")
    if not now_ms + _SHORTEST_GTD_MS < value < _LAST_GTD_MS:
        message = "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than "
        raise VenueRefusal(-5040, message + f"{_LAST_GTD_MS}.")
    return value // 1000 * 1000


def read_modify(params: Mapping[str, str]) -> ModifyRequest:
    """Return the change that the parameters of `PUT order` describe.

    Raises:
        VenueRefusal: -1100, -1102, -1106, -1117, -1119, -5037.
    """
    symbol = text(params, "symbol")
    order_id, orig_client_order_id = integer(params, "orderId"), params.get("origClientOrderId")
    if order_id is None and not orig_client_order_id:
        raise missing("orderId") if orig_client_order_id is None else empty_original_id()
    price, price_match = price_and_match(params, is_limit=True)
    return ModifyRequest(
        symbol=symbol,
        side=side_of(params),
        quantity=decimal(params, "quantity"),
        price=price,
        order_id=order_id,
        orig_client_order_id=orig_client_order_id,
        reduce_only=flag(params, "reduceOnly"),
        price_match=price_match,
        modify_id=integer(params, "modifyId"),
    )
