"""An approved order, amendment or cancel to the parameters of its request: texts only, no float is ever on the wire."""

from decimal import Decimal

from trader_gui.domain.account import PositionKey
from trader_gui.domain.order import OrderFamily, OrderIntent, OrderType, PositionSide, TimeInForce
from trader_gui.domain.step import ApprovedAmend, ApprovedCancel, ApprovedOrder
from trader_gui.errors import BugError

_WITH_CLOSE_POSITION = frozenset({OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET})


def family_of(order_type: OrderType) -> OrderFamily:
    """Return which of the venue's two services takes the type."""
    return OrderFamily.ALGO if order_type.is_conditional else OrderFamily.BOOK


def plain(value: Decimal) -> str:
    """Return a number as the venue takes it: digits and a point, never an exponent.

    Raises:
        BugError: Not finite, or not above 0; the risk gate lets no such number through.
    """
    if not value.is_finite() or value <= 0:
        raise BugError(f"a number that no order may carry: {value}")
    return format(value, "f")


def order_parameters(approved: ApprovedOrder) -> dict[str, str]:
    """Return the parameters of `POST /fapi/v1/order`, or of `POST /fapi/v1/algoOrder` for a conditional type.

    The answer is asked for as ACK: a market order then stays open until the stream tells its fills, so nothing is
    taken for done before the position is known.

    Raises:
        BugError: An order that the venue has no words for; the gate lets none through.
    """
    intent = approved.intent
    if intent.order_type is OrderType.LIQUIDATION:
        raise BugError(f"{intent.order_type} cannot be sent")
    parameters = {
        "symbol": intent.symbol,
        "side": intent.side.value,
        "type": intent.order_type.value,
        **_leg(intent),
        **_size(intent),
        **_limit(intent),
    }
    if intent.order_type.is_conditional:
        parameters |= _condition(intent)
        parameters["clientAlgoId"] = approved.client_order_id
    else:
        parameters["newClientOrderId"] = approved.client_order_id
    parameters["newOrderRespType"] = "ACK"
    return parameters


def _leg(intent: OrderIntent) -> dict[str, str]:
    """In hedge mode the venue wants to know the leg; one-way mode is what it takes for granted."""
    if intent.position_side is PositionSide.BOTH:
        return {}
    if intent.is_reducing and not intent.position_side.is_closed_by(intent.side):
        raise BugError(f"an order to {intent.side} does not reduce {intent.position_side}")
    return {"positionSide": intent.position_side.value}


def _size(intent: OrderIntent) -> dict[str, str]:
    if intent.close_position:
        if intent.order_type not in _WITH_CLOSE_POSITION:
            raise BugError(f"{intent.order_type} cannot close whatever is there")
        return {"closePosition": "true"}
    if intent.quantity is None:
        raise BugError("an order without a quantity")
    size = {"quantity": plain(intent.quantity)}
    if intent.reduce_only and intent.position_side is PositionSide.BOTH:  # a leg's orders must not carry it
        size["reduceOnly"] = "true"
    return size


def _condition(intent: OrderIntent) -> dict[str, str]:
    condition = {"algoType": "CONDITIONAL", **_trigger(intent), "workingType": intent.working_type.value}
    if intent.price_protect:
        condition["priceProtect"] = "true"
    return condition


def _trigger(intent: OrderIntent) -> dict[str, str]:
    """A trailing stop has a callback, in percent, in the place of a trigger price, which it may not have."""
    if intent.order_type is not OrderType.TRAILING_STOP_MARKET:
        if intent.trigger_price is None:
            raise BugError("a conditional order without a trigger price")
        return {"triggerPrice": plain(intent.trigger_price)}
    if intent.callback_fraction is None or intent.trigger_price is not None:
        raise BugError("a trailing stop has a callback and no trigger price")
    trigger = {"callbackRate": plain((intent.callback_fraction * 100).normalize())}
    if intent.activation_price is not None:
        trigger["activatePrice"] = plain(intent.activation_price)
    return trigger


def _limit(intent: OrderIntent) -> dict[str, str]:
    if not intent.order_type.has_limit_price:
        return {}
    if (intent.price is None) is (intent.price_match is None):
        raise BugError("a limit order has a price or a price match")
    limit = {"price": plain(intent.price)} if intent.price is not None else {}
    if intent.price_match is not None:
        limit["priceMatch"] = intent.price_match.value
    limit["timeInForce"] = (intent.time_in_force or TimeInForce.GTC).value
    if (intent.time_in_force is TimeInForce.GTD) is (intent.good_till_ms is None):
        raise BugError("GTD has an end, and nothing else has")
    if intent.good_till_ms is not None:
        limit["goodTillDate"] = str(intent.good_till_ms)
    return limit


def amend_parameters(approved: ApprovedAmend) -> dict[str, str]:
    """Return the parameters of `PUT /fapi/v1/order`: all terms, also those that stay.

    `reduceOnly` says there that the least notional does not count; it does not change the order.
    """
    intent, amended = approved.intent, approved.amended
    if intent.price is None or intent.quantity is None:
        raise BugError("an amendment without all its terms")
    parameters = {
        **query_parameters(intent.symbol, intent.client_order_id, OrderFamily.BOOK),
        "side": amended.side.value,
        "price": plain(intent.price),
        "quantity": plain(intent.quantity),
    }
    if amended.reduce_only and amended.position_side is PositionSide.BOTH:
        parameters["reduceOnly"] = "true"
    return parameters


def cancel_parameters(approved: ApprovedCancel) -> dict[str, str]:
    """Return the parameters of `DELETE /fapi/v1/order` or `DELETE /fapi/v1/algoOrder`."""
    return query_parameters(approved.intent.symbol, approved.intent.client_order_id, approved.intent.order_family)


def margin_parameters(key: PositionKey, amount: Decimal, *, adds: bool) -> dict[str, str]:
    """Return the parameters of `POST /fapi/v1/positionMargin`; a leg is named in hedge mode only."""
    symbol, leg = key
    named = {} if leg is PositionSide.BOTH else {"positionSide": leg.value}
    return {"symbol": symbol, **named, "amount": plain(amount), "type": "1" if adds else "2"}


def query_parameters(symbol: str, client_order_id: str, family: OrderFamily) -> dict[str, str]:
    """Return the parameters that name one order; the Algo service takes no symbol."""
    if family is OrderFamily.ALGO:
        return {"clientAlgoId": client_order_id}
    return {"symbol": symbol, "origClientOrderId": client_order_id}
