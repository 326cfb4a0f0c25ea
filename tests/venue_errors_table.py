"""The table of errors: how each is caused, and what the venue answers (5, 6 and 8 of its documents)."""

import json
from typing import Any

from tests.venue_errors import Case, Given

NOW_MS = 1_767_225_600_000
"""About where the still market stands."""

_GET, _POST, _PUT, _DELETE = "GET", "POST", "PUT", "DELETE"
_LIMIT: Given = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": "59000.0",
}  # fmt: skip
_MARKET: Given = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
_STOP: Given = {
    "algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010",
    "triggerPrice": "59000.0",
}  # fmt: skip
_TRAILING: Given = {
    "algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "TRAILING_STOP_MARKET", "quantity": "0.010",
    "callbackRate": "1",
}  # fmt: skip
_CLOSING = {name: value for name, value in _STOP.items() if name != "quantity"} | {"closePosition": "true"}
_CHANGE: Given = {
    "symbol": "BTCUSDT", "side": "BUY", "origClientOrderId": "resting", "quantity": "0.010", "price": "58000.0",
}  # fmt: skip


def _without(given: Given, *names: str) -> Given:
    return {name: value for name, value in given.items() if name not in names}


def _order(code: int, text: str, *given: str, base: Given = _LIMIT, name: str = "", **more: Any) -> Case:
    return Case(code, text, (_POST, "/fapi/v1/order", {**base, **more}), given, name=name)


def _algo(code: int, text: str, *given: str, base: Given = _STOP, name: str = "", **more: Any) -> Case:
    return Case(code, text, (_POST, "/fapi/v1/algoOrder", {**base, **more}), given, name=name)


def _modify(code: int, text: str, *given: str, base: Given = _CHANGE, name: str = "", **more: Any) -> Case:
    return Case(code, text, (_PUT, "/fapi/v1/order", {**base, **more}), given, name=name)


def _ask(code: int, text: str, method: str, path: str, *given: str, name: str = "", **params: Any) -> Case:
    return Case(code, text, (method, f"/fapi/v1/{path}", params), given, name=name or path)


def _public(code: int, text: str, path: str, **params: Any) -> Case:
    return Case(code, text, (_GET, path, params), sent="plain", name=path.rpartition("/")[2])


def _script(code: int, text: str, *given: str, **params: Any) -> Case:
    return Case(code, text, (_POST, "/simulator/script", params), given, sent="script", name=f"script {params['do']}")


def _missing(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def _illegal(name: str, legal: str) -> str:
    return f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."


def _invalid(name: str) -> str:
    return f"Data sent for parameter '{name}' is not valid."


_DECIMAL = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
_ABSENT, _UNKNOWN = "Order does not exist.", "Unknown order sent."
_SYMBOL = "Invalid symbol."
_TOO_PRECISE = "Precision is over the maximum defined for this asset."
_NOT_HERE = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
_POSITION_SIDE = "Order's position side does not match user's setting."
_ONE_OF = "Param '{}' or '{}' must be sent, but both were empty/null!"
_WEEK = "Invalid time interval, max period is 7 days."
_NO_GTE = "Time in Force (TIF) GTE can only be used with open positions. Please ensure that positions are available."
_COMBINATION = "Combination of optional parameters invalid."
_NOT_RECORDED = "The order will not be recorded in the order history."

WHO: list[Case] = [
    Case(-2014, "API-key format invalid.", (_GET, "/fapi/v3/account", {"timestamp": 1}), status=401, sent="plain"),
    Case(
        -2015, "Invalid API-key, IP, or permissions for action.", (_GET, "/fapi/v3/account", {}), status=401,
        sent="foreign",
    ),
    Case(-1022, "Signature for this request is not valid.", (_POST, "/fapi/v1/order", _LIMIT), sent="forged"),
    _ask(-1021, "Timestamp for this request is outside of the recvWindow.", _GET, "openOrders", timestamp=1),
    _ask(
        -1021, "Timestamp for this request was 1000ms ahead of the server's time.", _GET, "openOrders",
        timestamp=9_000_000_000_000, name="ahead",
    ),
    _ask(-1102, _missing("timestamp"), _GET, "openOrders", timestamp="soon", name="timestamp"),
    Case(-1102, _missing("timestamp"), (_GET, "/fapi/v1/openOrders", {}), sent="key", name="no timestamp"),
    Case(
        -1101, "Duplicate values for parameter 'symbol' detected.",
        (_GET, "/fapi/v1/depth", {"symbol": "BTCUSDT&symbol=BTCUSDT"}), sent="plain",
    ),
    Case(
        -1100, "Illegal characters found in parameter 'symbol'.", (_GET, "/fapi/v1/depth", {"symbol": "%FF"}),
        sent="plain", name="no UTF-8",
    ),
    _ask(-1125, "This listenKey does not exist.", _PUT, "listenKey"),
]  # fmt: skip

FORM: list[Case] = [
    _ask(-1121, _SYMBOL, _GET, "openOrders", symbol="NOCOIN"),
    _order(-1121, _SYMBOL, symbol="btcusdt", name="lower case"),
    _order(-1102, _missing("quantity"), base=_without(_LIMIT, "quantity"), name="quantity"),
    _order(-1102, _missing("price"), base=_without(_LIMIT, "price"), name="price"),
    _order(-1102, _missing("symbol"), symbol="", name="empty symbol"),
    _order(-1102, _missing("reduceOnly"), reduceOnly="yes", name="boolean"),
    _ask(-1102, _ONE_OF.format("origClientOrderId", "orderId"), _GET, "order", symbol="BTCUSDT", name="no id"),
    _order(-1100, _illegal("quantity", _DECIMAL), quantity="1e-3", name="exponent"),
    _order(-1100, _illegal("price", _DECIMAL), price="NaN", name="NaN"),
    _ask(-1100, _illegal("orderId", "^[0-9]{1,20}$"), _GET, "order", symbol="BTCUSDT", orderId="x", name="orderId"),
    _ask(-1105, "Parameter 'limit' was empty.", _GET, "income", limit=""),
    _order(-1106, "Parameter 'timeInForce' sent when not required.", base=_MARKET, timeInForce="GTC", name="force"),
    _order(-1106, "Parameter 'price' sent when not required.", priceMatch="QUEUE", name="price and match"),
    _order(
        -1106, "Parameter 'reduceonly' sent when not required.", "hedge", positionSide="LONG", reduceOnly="true",
        name="hedge",
    ),
    _order(-1115, "Invalid timeInForce.", timeInForce="GTE"),
    _order(-1116, "Invalid orderType.", type="STOPPER"),
    _order(-1117, "Invalid side.", side="buy"),
    _order(-1136, "Invalid newOrderRespType.", newOrderRespType="FULL"),
    _order(-4015, "Client order id is not valid.", newClientOrderId="x" * 37),
    _order(-1118, "New client order ID was empty.", newClientOrderId=""),
    _ask(-1119, "Original client order ID was empty.", _DELETE, "order", symbol="BTCUSDT", origClientOrderId=""),
    _order(-4060, "Invalid position side.", positionSide="UP"),
    _order(-4061, _POSITION_SIDE, positionSide="LONG", name="one-way"),
    _order(-4061, _POSITION_SIDE, "hedge", name="hedge"),
    _order(-4120, _NOT_HERE, type="STOP_MARKET"),
    _order(-4139, "Order type can not be market.", base=_MARKET, closePosition="true"),
    _order(-5037, "Invalid price match.", base=_without(_LIMIT, "price"), priceMatch="BEST"),
    _order(
        -5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT.", base=_MARKET, priceMatch="QUEUE"
    ),
    _order(-5039, "Invalid self trade prevention mode.", selfTradePreventionMode="EXPIRE"),
    _order(
        -5040,
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than "
        "253402300799000.",
        timeInForce="GTD", goodTillDate=NOW_MS,
    ),
    _ask(-4082, "Invalid number of batch place orders.", _POST, "batchOrders", batchOrders="[]"),
    _ask(-1130, _invalid("batchOrders"), _POST, "batchOrders", batchOrders="{"),
    _ask(-1102, _missing("batchOrders"), _POST, "batchOrders", name="no batch"),
    _ask(
        -4032, "Exceed maximum cancel order size.", _DELETE, "batchOrders", symbol="BTCUSDT",
        orderIdList=json.dumps(list(range(11))),
    ),
]  # fmt: skip

FILTERS: list[Case] = [
    _order(-4001, "Price less than 0.", price="-1"),
    _order(-4002, "Price greater than max price. Max price is 4529764.", price="4529765"),
    _order(-4013, "Price less than min price. Min price is 556.80.", price="500"),
    _order(-4014, "Price not increased by tick size. Tick size is 0.10.", price="59000.05"),
    _order(-1111, _TOO_PRECISE, price="59000.005", name="price"),
    _order(-1111, _TOO_PRECISE, quantity="0.0101", name="quantity"),
    _order(-4003, "Quantity less than or equal to zero.", quantity="0"),
    _order(
        -4004, "Quantity less than min quantity. Min quantity is 0.010.", symbol="ETHUSDT", quantity="0.005",
        price="2900",
    ),
    _order(-4005, "Quantity greater than max quantity. Max quantity is 1000.", quantity="1001"),
    _order(
        -4005, "Quantity greater than max quantity. Max quantity is 120.", base=_MARKET, quantity="121", name="market"
    ),
    _order(
        -4023, "Qty not increased by step size. Step size is 0.005.", symbol="ETHUSDT", quantity="0.032", price="2900"
    ),
    _order(-4016, "Limit price can't be higher than 63000.00.", price="63000.1"),
    _order(-4024, "Limit price can't be lower than 57000.00.", side="SELL", price="56999.9"),
    _order(
        -4164, "Order's notional must be no smaller than 50 (unless you choose reduce only).", symbol="BTCUSDT",
        quantity="0.001", price="40000",
    ),
    _algo(-4006, "Stop price less than zero.", triggerPrice="-1"),
    _algo(-4007, "Stop price greater than max price. Max price is 4529764.", triggerPrice="4529765"),
    _algo(-4210, "Stop price is higher than price multiplier cap.", side="BUY", triggerPrice="600000.1"),
    _algo(-4211, "Stop price is lower than price multiplier floor.", triggerPrice="5999.9"),
    _algo(
        -4183, "Limit price can't be higher than 64050.00", type="STOP", side="BUY", triggerPrice="61000",
        price="65000",
    ),
    _algo(-4184, "Limit price can't be lower than 56050.00", type="STOP", price="56000"),
    _algo(-4135, "Invalid activation price.", base=_TRAILING, activatePrice="100"),
    _algo(-1130, _invalid("callbackRate"), base=_TRAILING | {"callbackRate": "25"}, name="callbackRate"),
]  # fmt: skip

PLACING: list[Case] = [
    _order(-1112, "No orders on book for symbol.", "no_asks", base=_MARKET),
    _order(-1122, "Invalid symbol status.", "halt"),
    _order(
        -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.", "far_mark", base=_MARKET
    ),
    _order(-2019, "Margin is insufficient.", quantity="4"),
    _order(
        -2027, "Exceeded the maximum allowable position at current leverage.", "highest_leverage", quantity="6",
        price="60000",
    ),
    _order(-2022, "ReduceOnly Order is rejected.", reduceOnly="true"),
    _order(-2022, "ReduceOnly Order is rejected.", "hedge", side="SELL", positionSide="LONG", name="hedge"),
    _order(
        -4118, "ReduceOnly Order Failed. Please check your existing position and open orders.", "long", "reducing",
        side="SELL", reduceOnly="true", quantity="0.030", price="61000",
    ),
    _order(-2025, "Reach max open order limit.", "rich", "many_orders"),
    _order(-4116, "ClientOrderId is duplicated.", "resting", newClientOrderId="resting"),
    _order(
        -5021, "Due to the order could not be filled immediately, the FOK order has been rejected. " + _NOT_RECORDED,
        timeInForce="FOK",
    ),
    _order(
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. " + _NOT_RECORDED,
        timeInForce="GTX", price="60000.1",
    ),
    _order(
        -5041, "No depth matches this BBO order.", "few_levels", base=_without(_LIMIT, "price"), priceMatch="QUEUE_20"
    ),
    _ask(-2011, _UNKNOWN, _DELETE, "order", symbol="BTCUSDT", orderId=1),
    _ask(-2013, _ABSENT, _GET, "order", symbol="BTCUSDT", orderId=1),
    _ask(-2013, _ABSENT, _GET, "openOrder", symbol="BTCUSDT", origClientOrderId="none"),
    _ask(-2011, _UNKNOWN, _DELETE, "algoOrder", algoId=1),
    _ask(-2013, _ABSENT, _GET, "algoOrder", clientAlgoId="none"),
    _ask(-2013, _ABSENT, _GET, "order", "named_stop", symbol="BTCUSDT", origClientOrderId="stop", name="waiting"),
    _ask(-2011, _UNKNOWN, _DELETE, "order", "named_stop", symbol="BTCUSDT", origClientOrderId="stop", name="waiting "),
]  # fmt: skip

CHANGING: list[Case] = [
    _modify(-2013, _ABSENT),
    _modify(-1102, _missing("quantity"), "resting", base=_without(_CHANGE, "quantity"), name="modify"),
    _modify(-1117, "Invalid side.", "resting", side="SELL", name="other side"),
    _modify(-4014, "Price not increased by tick size. Tick size is 0.10.", "resting", price="58000.05", name="modify"),
    _modify(-5024, "Symbol is not in trading status. Order amendment is not permitted.", "resting", "halt"),
    _modify(-5026, "Exceed maximum modify order limit.", "amended_often"),
    _modify(-5027, "No need to modify the order.", "resting", price="59000.0"),
    _modify(-5029, "Order's notional must be no smaller than 50.", "resting", quantity="0.001", price="40000"),
    _modify(-5047, "The original order is not a reduce-only order.", "resting", reduceOnly="true"),
    Case(
        -5043, "A pending modification already exists for this order.",
        (_PUT, "/fapi/v1/batchOrders", {"batchOrders": json.dumps([_CHANGE, {**_CHANGE, "price": "57500.0"}])}),
        ("resting",), status=200, keeps=False,
    ),
]  # fmt: skip

ALGO: list[Case] = [
    _algo(-1130, _invalid("algoType"), algoType="TWAP", name="algoType"),
    _algo(-1128, _COMBINATION, "hedge", base=_CLOSING, side="BUY", positionSide="LONG", name="opening side"),
    _algo(-2021, "Order would immediately trigger.", triggerPrice="60000.1"),
    _algo(-2021, "Order would immediately trigger.", base=_TRAILING, triggerPrice="59000", name="trailing"),
    _algo(-4031, "Invalid working type.", workingType="INDEX"),
    _algo(-4045, "Reach max stop order limit.", "many_stops"),
    _algo(-4116, "ClientOrderId is duplicated.", "named_stop", clientAlgoId="stop", name="algo"),
    _algo(-4130, "An open stop or take profit order with GTE and closePosition in the direction is existing.", "long",
          "closing_stop", base=_CLOSING),
    _algo(-4136, "Target strategy invalid for orderType STOP,closePosition true", base=_CLOSING, type="STOP",
          price="59000"),
    _algo(-4137, "Quantity must be zero with closePosition equals true.", closePosition="true"),
    _algo(-4138, "Reduce only must be true with closePosition equals true.", base=_CLOSING, reduceOnly="false"),
    _algo(-4142, "REJECT: take profit or stop order will be triggered immediately.", "long", timeInForce="GTE_GTC",
          triggerPrice="60000.1"),
    _algo(-4509, _NO_GTE, base=_CLOSING),
    _algo(-1122, "Invalid symbol status.", "halt", name="algo"),
]  # fmt: skip

ACCOUNT: list[Case] = [
    _ask(-4028, "Leverage 126 is not valid", _POST, "leverage", symbol="BTCUSDT", leverage=126),
    _ask(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions.", _POST, "leverage",
         "isolated", "long", symbol="BTCUSDT", leverage=10),
    _ask(-2028, "Leverage is smaller than permitted: insufficient margin balance.", _POST, "leverage", "long", "poor",
         symbol="BTCUSDT", leverage=1),
    _ask(-4046, "No need to change margin type.", _POST, "marginType", symbol="BTCUSDT", marginType="CROSSED"),
    _ask(-4047, "Margin type cannot be changed if there exists open orders.", _POST, "marginType", "resting",
         symbol="BTCUSDT", marginType="ISOLATED"),
    _ask(-4048, "Margin type cannot be changed if there exists position.", _POST, "marginType", "long",
         symbol="BTCUSDT", marginType="ISOLATED"),
    _ask(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.", _POST, "marginType",
         "multi_assets", symbol="BTCUSDT", marginType="ISOLATED"),
    _ask(-4059, "No need to change position side.", _POST, "positionSide/dual", dualSidePosition="false"),
    _ask(-4067, "Position side cannot be changed if there exists open orders.", _POST, "positionSide/dual", "resting",
         dualSidePosition="true"),
    _ask(-4068, "Position side cannot be changed if there exists position.", _POST, "positionSide/dual", "long",
         dualSidePosition="true"),
    _ask(-4171, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly", _POST,
         "multiAssetsMargin", multiAssetsMargin="false"),
    _ask(-4167, "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode.",
         _POST, "multiAssetsMargin", "isolated", multiAssetsMargin="true"),
    _ask(-4170, "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures", _POST, "multiAssetsMargin",
         "resting", multiAssetsMargin="true"),
    _ask(-4169, "Unable to adjust Multi-Assets Mode with insufficient margin balance in USDⓈ-M Futures", _POST,
         "multiAssetsMargin", "long", "poorer", multiAssetsMargin="true"),
    _ask(-4172, "Unable to adjust Multi-Assets Mode with a negative wallet balance of margin available asset in "
         "USDⓈ-M Futures account", _POST, "multiAssetsMargin", "in_debt", multiAssetsMargin="true"),
    _ask(-4055, "Amount must be positive.", _POST, "positionMargin", symbol="BTCUSDT", amount="0", type=1),
    _ask(-4049, "Add margin only support for isolated position.", _POST, "positionMargin", "long", symbol="BTCUSDT",
         amount="1", type=1),
    _ask(-4054, "Cannot add position margin: position is 0.", _POST, "positionMargin", "isolated", symbol="BTCUSDT",
         amount="1", type=1),
    _ask(-4050, "Cross balance insufficient.", _POST, "positionMargin", "isolated", "long", symbol="BTCUSDT",
         amount="9999", type=1),
    _ask(-4051, "Isolated balance insufficient.", _POST, "positionMargin", "isolated", "long", symbol="BTCUSDT",
         amount="999", type=2),
    _ask(-1111, _TOO_PRECISE, _POST, "positionMargin", "isolated", "long", symbol="BTCUSDT", amount="0.123456789",
         type=1),
    _ask(-1130, _invalid("type"), _POST, "positionMargin", symbol="BTCUSDT", amount="1", type=3),
    _ask(-1130, _invalid("incomeType"), _GET, "income", incomeType="LUCK"),
    _ask(-1023, "Start time is greater than end time.", _GET, "income", startTime=2, endTime=1),
    _ask(-4165, _WEEK, _GET, "allOrders", symbol="BTCUSDT", startTime=1, endTime=NOW_MS),
    _ask(-1128, _COMBINATION, _GET, "userTrades", symbol="BTCUSDT", fromId=1, startTime=1),
    _script(-1126, "This asset is not supported.", do="transfer", asset="BTC", amount="1"),
    _script(-2018, "Balance is insufficient.", do="transfer", amount="-10000.00000001"),
    _script(-2024, "Position is not sufficient.", do="auto_deleverage", symbol="BTCUSDT"),
]  # fmt: skip

DATA: list[Case] = [
    _public(-1121, _SYMBOL, "/fapi/v1/depth", symbol="NOCOIN"),
    _public(-4021, "Invalid depth limit.", "/fapi/v1/depth", symbol="BTCUSDT", limit=6),
    _public(-1120, "Invalid interval.", "/fapi/v1/klines", symbol="BTCUSDT", interval="1s"),
    _public(-1130, _invalid("limit"), "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=1501),
    _public(-1127, "More than 1 hours between startTime and endTime.", "/fapi/v1/aggTrades", symbol="BTCUSDT",
            startTime=1, endTime=3_600_002),
    _public(-4144, "Invalid pair.", "/fapi/v1/indexPriceKlines", pair="NOCOIN", interval="1m"),
    _public(-4104, "Invalid contract type.", "/fapi/v1/continuousKlines", pair="BTCUSDT", contractType="NEVER",
            interval="1m"),
    _public(-4165, "Invalid time interval. Maximum time interval is 30 days.", "/futures/data/openInterestHist",
            symbol="BTCUSDT", period="5m", startTime=1, endTime=NOW_MS),
]  # fmt: skip

CASES = [*WHO, *FORM, *FILTERS, *PLACING, *CHANGING, *ALGO, *ACCOUNT, *DATA]
