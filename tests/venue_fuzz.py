"""Requests that no well-meaning client would send: made from the right ones, bent in one or a few places.

Everything comes from a `Random`, so that a seed and a number name one request again.
"""

import json
from random import Random
from typing import Any
from urllib.parse import quote

from trader_gui.simulated_exchange.requests import ENDPOINTS

DAY_MS = 86_400_000
NOW_MS = 1_767_225_600_000
PRICES = ("105000.0", "107000.0", "108000", "108000.1", "108500", "109000.0", "110000.00")
"""About where the generated market begins."""

GARBAGE = (
    "", " ", "0", "-0", "-1", "+1", "00", "007", "1.", ".5", "1.0", "1e5", "1E-7", "1e999999999", "NaN", "nan", "sNaN",
    "Infinity", "-Infinity", "0x10", "1_000", "1,5", "٣", "１２", "½", "²", "😀", "\x00", "\n", "BTCUSDT\n", "%", "+",
    "&", "=", "';", "null", "true", "TRUE", "false", "[]", "{}", "[[]]", "btcusdt", "BTCUSDT ", "币安人生USDT",
    "9" * 19, "9" * 20, "9" * 21, "9" * 5000, "0." + "0" * 19 + "1", "0." + "0" * 60 + "1", "9" * 20 + "." + "9" * 20,
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "-9223372036854775809", "x" * 37, "x" * 3000,
)  # fmt: skip
VALUES: dict[str, tuple[str, ...]] = {
    "symbol": ("BTCUSDT", "BTCUSDT", "ETHUSDT", "NOCOIN"),
    "pair": ("BTCUSDT", "NOCOIN"),
    "contractType": ("PERPETUAL", "NEVER"),
    "interval": ("1m", "1h", "1d", "1w", "1M", "1s"),
    "period": ("5m", "1d", "1m"),
    "side": ("BUY", "SELL", "buy", "LONG"),
    "type": ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TRAILING_STOP_MARKET", "LIQUIDATION", "1", "2"),
    "positionSide": ("BOTH", "LONG", "SHORT", "both"),
    "timeInForce": ("GTC", "IOC", "FOK", "GTX", "GTD", "RPI", "GTE_GTC"),
    "quantity": ("0.001", "0.010", "0.02", "0.5", "1000", "0.0001", "121"),
    "price": (*PRICES, "1", "556.80", "4529764", "108000.15", "108000.001", "4529765", "107999.9"),
    "triggerPrice": (*PRICES, "1", "2", "9000000", "108000.05", "60000", "60001"),
    "activatePrice": PRICES,
    "callbackRate": ("0.1", "1", "20", "20.1", "0.15"),
    "priceMatch": ("NONE", "OPPONENT", "QUEUE_20", "BEST"),
    "reduceOnly": ("true", "false", "True", "1"),
    "closePosition": ("true", "false", "TRUE"),
    "priceProtect": ("true", "FALSE"),
    "workingType": ("MARK_PRICE", "CONTRACT_PRICE", "INDEX"),
    "newClientOrderId": ("a", "b", "x" * 36, "web-9100000000000003"),
    "clientAlgoId": ("a", "c"),
    "origClientOrderId": ("a", "b"),
    "newOrderRespType": ("ACK", "RESULT", "FULL"),
    "selfTradePreventionMode": ("NONE", "EXPIRE_BOTH", "EXPIRE"),
    "goodTillDate": (str(NOW_MS + 700_000), str(NOW_MS), "253402300799000", "0"),
    "orderId": ("9100000000000001", "9100000000000002", "1"),
    "algoId": ("2000000000000001", "1"),
    "fromId": ("300000001", "0"),
    "modifyId": ("7",),
    "algoType": ("CONDITIONAL", "TWAP"),
    "limit": ("1", "5", "500", "1000", "1500", "1501"),
    "startTime": ("0", str(NOW_MS - DAY_MS), str(NOW_MS)),
    "endTime": ("0", str(NOW_MS), str(NOW_MS + 400 * DAY_MS)),
    "incomeType": ("TRANSFER", "COMMISSION"),
    "autoCloseType": ("LIQUIDATION", "ADL"),
    "leverage": ("1", "20", "125", "126"),
    "marginType": ("ISOLATED", "CROSSED", "CROSS", "isolated"),
    "dualSidePosition": ("true", "false"),
    "multiAssetsMargin": ("true", "false"),
    "feeBurn": ("true", "false"),
    "amount": ("1", "0.00000001", "0.000000001", "10000"),
    "countdownTime": ("0", "1", "120000"),
    "recvWindow": ("5000", "60000", "60001", "0"),
    "orderIdList": ("[1,2]", "[9100000000000001]", "[1,[2]]", "[1.5]", "[true]", "[1e3]", "[" * 60_000),
    "origClientOrderIdList": ('["a","b"]', "[1]", '["a",null]', "[" + ",".join(["1"] * 11) + "]"),
    "batchOrders": (),
}
_TIMES = ("startTime", "endTime", "limit")
_NEEDED: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "order"): ("symbol", "side", "type", "quantity", "price", "timeInForce"),
    ("POST", "test"): ("symbol", "side", "type", "quantity", "price", "timeInForce"),
    ("PUT", "order"): ("symbol", "side", "quantity", "price", "orderId"),
    ("DELETE", "order"): ("symbol", "orderId"),
    ("POST", "algoOrder"): ("algoType", "symbol", "side", "type", "quantity", "triggerPrice"),
    ("POST", "batchOrders"): ("batchOrders",),
    ("PUT", "batchOrders"): ("batchOrders",),
    ("DELETE", "batchOrders"): ("symbol", "orderIdList"),
    ("POST", "leverage"): ("symbol", "leverage"),
    ("POST", "marginType"): ("symbol", "marginType"),
    ("POST", "dual"): ("dualSidePosition",),
    ("POST", "multiAssetsMargin"): ("multiAssetsMargin",),
    ("POST", "feeBurn"): ("feeBurn",),
    ("POST", "positionMargin"): ("symbol", "amount", "type"),
    ("POST", "countdownCancelAll"): ("symbol", "countdownTime"),
    ("DELETE", "algoOrder"): ("algoId",),
    ("GET", "algoOrder"): ("algoId",),
    ("GET", "order"): ("symbol", "orderId"),
    ("GET", "openOrder"): ("symbol", "orderId"),
    ("GET", "orderAmendment"): ("symbol", "orderId"),
    ("GET", "klines"): ("symbol", "interval"),
    ("GET", "markPriceKlines"): ("symbol", "interval"),
    ("GET", "premiumIndexKlines"): ("symbol", "interval"),
    ("GET", "indexPriceKlines"): ("pair", "interval"),
    ("GET", "continuousKlines"): ("pair", "contractType", "interval"),
    ("GET", "openInterestHist"): ("symbol", "period"),
    ("GET", "takerlongshortRatio"): ("symbol", "period"),
    ("GET", "basis"): ("pair", "contractType", "period"),
}
"""What an endpoint needs, by method and the last word of its path; the others need at most a symbol."""

_OPTIONAL: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "order"): (
        "positionSide", "newClientOrderId", "newOrderRespType", "reduceOnly", "goodTillDate", "priceMatch",
        "selfTradePreventionMode", "closePosition",
    ),
    ("POST", "algoOrder"): (
        "positionSide", "clientAlgoId", "closePosition", "workingType", "priceProtect", "callbackRate", "price",
        "activatePrice", "reduceOnly", "timeInForce", "goodTillDate",
    ),
    ("PUT", "order"): ("origClientOrderId", "modifyId", "reduceOnly", "priceMatch"),
    ("DELETE", "batchOrders"): ("origClientOrderIdList",),
    ("GET", "income"): ("incomeType", *_TIMES),
    ("GET", "forceOrders"): ("autoCloseType", *_TIMES),
    ("GET", "history"): ("type", *_TIMES),
    ("GET", "userTrades"): ("orderId", "fromId", *_TIMES),
    ("GET", "aggTrades"): ("fromId", *_TIMES),
}  # fmt: skip


class Bender:
    """Draws requests."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def target(self) -> tuple[str, str]:
        """Draw a method and a path; those that change something more often."""
        targets = list(ENDPOINTS)
        weights = [3 if method != "GET" else 1 for method, _ in targets]
        return self.random.choices(targets, weights)[0]

    def parameters(self, method: str, path: str) -> list[tuple[str, str]]:
        """Draw parameters for an endpoint: about right, then bent in none to three places."""
        key = method, path.rpartition("/")[2]
        optional = _OPTIONAL.get(key, _TIMES if method == "GET" else ())
        names = [*_NEEDED.get(key, ("symbol",)), *(name for name in optional if self.random.random() < 0.12)]
        drawn = [(name, self.value(name)) for name in dict.fromkeys(names)]
        if "positionMargin" in path:
            drawn = [(name, self.random.choice("12") if name == "type" else value) for name, value in drawn]
        if key[1] in ("order", "test", "algoOrder") and self.random.random() < 0.8:
            drawn = self._fitting(drawn, is_algo=key[1] == "algoOrder")
        for _ in range(self.random.choice((0, 0, 0, 0, 1, 1, 2))):
            self._bend(drawn)
        return drawn

    def _fitting(self, drawn: list[tuple[str, str]], *, is_algo: bool) -> list[tuple[str, str]]:
        """Make the type one of the endpoint's, and leave out what a market order does not have."""
        kind = self.random.choice(("STOP_MARKET", "TAKE_PROFIT_MARKET") if is_algo else ("LIMIT", "LIMIT", "MARKET"))
        unwanted = ("price", "timeInForce") if kind == "MARKET" else ("price",) if is_algo else ()
        fitting = [(name, kind if name == "type" else value) for name, value in drawn if name not in unwanted]
        return [(name, "BTCUSDT" if name == "symbol" else value) for name, value in fitting]

    def value(self, name: str) -> str:
        """Draw a value that about fits a parameter."""
        if name == "batchOrders":
            return self.batch()
        values = VALUES[name]
        return self.random.choice(values[: (len(values) + 1) // 2] if self.random.random() < 0.8 else values)

    def _bend(self, drawn: list[tuple[str, str]]) -> None:
        kind = self.random.randrange(12)
        place = self.random.randrange(len(drawn)) if drawn else 0
        if kind in (0, 4) or not drawn:
            name = self.random.choice((*VALUES, "", "x", "signature", "timestamp", "apiKey", "symbol[]", "ｓymbol"))
            drawn.insert(place, (name, self.garbage()))
        elif kind == 1:
            drawn.append(drawn[place])
        elif kind == 2:
            drawn[place] = (self.random.choice((str.upper, str.lower, str.title))(drawn[place][0]), drawn[place][1])
        elif kind == 3:
            del drawn[place]
        else:
            drawn[place] = (drawn[place][0], self.garbage())

    def garbage(self) -> str:
        """Draw a text that fits nowhere."""
        return self.random.choice(GARBAGE)

    def batch(self) -> str:
        """Draw a batchOrders list, or something like it."""
        draw = self.random.random()
        if draw < 0.1:
            return self.random.choice(
                ("[" * 100_000, '{"a":' * 50_000, "[1]", "[null]", "[[]]", "{}", "[{}", "[{}]" * 2)
            )
        elements = [self._element() for _ in range(self.random.choice((1, 1, 2, 5, 6)))]
        text = json.dumps(elements)
        if draw < 0.2:
            text = text.replace('"symbol"', '"symbol": "ETHUSDT", "symbol"')
        return text

    def _element(self) -> dict[str, Any]:
        names = (*_NEEDED["POST", "order"], *self.random.sample(sorted(VALUES), self.random.randrange(3)))
        element: dict[str, Any] = {name: self.value(name) for name in names if name != "batchOrders"}
        if self.random.random() < 0.5:
            element[self.random.choice(names)] = self.json_value()
        return element

    def json_value(self) -> Any:
        """Draw any JSON value."""
        values = (None, True, 0, -1, 1.5, 1e300, 10**30, [], {}, [["a"]], {"a": {"b": []}}, "\ud800", float("nan"))
        return self.random.choice((*values, self.garbage()))

    def query(self, parameters: list[tuple[str, str]]) -> str:
        """Write parameters as a query, encoded as it should be, or not quite."""
        kind = self.random.random()
        if kind < 0.8:
            return "&".join(f"{quote(n, errors='replace')}={quote(v, errors='replace')}" for n, v in parameters)
        plain = "&".join(f"{name}={value}" for name, value in parameters if len(value) < 5000)
        if kind < 0.9:
            return plain
        place = self.random.randrange(len(plain) + 1)
        return (
            plain[:place]
            + self.random.choice(("%", "%zz", "%ff", "%C0%80", "&&", "=", ";", "%00", "?", "#"))
            + plain[place:]
        )

    def frame(self, base: dict[str, Any]) -> str:
        """Write a JSON message, bent: fields changed, dropped, doubled, or the text cut or no JSON at all."""
        message = dict(base)
        for _ in range(self.random.choice((0, 1, 1, 2))):
            name = self.random.choice((*message, "extra"))
            if self.random.random() < 0.3:
                message.pop(name, None)
            else:
                message[name] = self.json_value()
        text = json.dumps(message)
        kind = self.random.random()
        if kind < 0.06:
            return text[: self.random.randrange(len(text))]
        if kind < 0.1:
            return self.random.choice(("", "null", "[]", "1", '"x"', "[" * 30_000, '{"a":' * 30_000, "{}{}"))
        if kind < 0.15:
            return text[:-1] + ', "id": 5, "method": "LIST_SUBSCRIPTIONS"}'
        return text
