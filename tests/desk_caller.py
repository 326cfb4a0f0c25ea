"""A caller of the simulated exchange's request desk: no socket, and a clock that the test moves."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

from trader_gui.simulated_exchange.keys import ApiKey, KeyRing, hmac_key
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.requests import Reply, RequestDesk
from trader_gui.simulated_exchange.server import SimulatedExchange

START_MS = 1_767_225_600_000
KEY, SECRET = "demo-key-0000", "demo-secret-0000"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}


class Caller:
    """Asks a desk as a client with the demo key would, by a clock of its own."""

    def __init__(self, speed: float | str = 1.0, *more_keys: ApiKey) -> None:
        options = ExchangeOptions(start_time_ms=START_MS, speed=speed)
        exchange = SimulatedExchange(options)
        self.venue = exchange.venue
        self.keys = KeyRing([hmac_key(KEY, SECRET), *more_keys])
        self.desk = RequestDesk(self.venue, self.keys, counts=options.is_counted)
        self.now_ms = START_MS
        self.venue.request_ms = lambda: self.now_ms
        best = self.venue.core.book("BTCUSDT", 1)[0][0][0]
        self.low = str((best * 98 / 100).quantize(best))

    def ask(self, method: str, path: str, query: str = "", body: str = "", key: str | None = KEY) -> Reply:
        return self.desk.answer(method, path, key, query, body)

    def payload(self, **parameters: Any) -> str:
        text = urlencode({"timestamp": self.now_ms} | parameters)
        return f"{text}&signature={hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()}"

    def signed(self, method: str, path: str, **parameters: Any) -> Reply:
        return self.ask(method, path, self.payload(**parameters))

    def order(self, **parameters: Any) -> Reply:
        return self.signed("POST", "/fapi/v1/order", **ORDER | {"price": self.low} | parameters)

    def state(self) -> Any:
        core = self.venue.core
        return core.open_orders(None), core.account(), core.income(None, limit=1000)
