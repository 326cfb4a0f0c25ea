"""The bench of the table of errors: an exchange whose market stands still, requests over HTTP, and stages for them."""

import ast
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import trader_gui.simulated_exchange
from tests.raw_exchange_client import RawClient, Reply, running
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.records import MarketTick, PriceLevel
from trader_gui.simulated_exchange.server import SimulatedExchange
from trader_gui.simulated_exchange.symbols import SPECS
from trader_gui.simulated_exchange.wire import encode, exchange_info

HERE = Path(trader_gui.simulated_exchange.__file__).parent
ELSEWHERE = {
    -1000: "a fault on order: test_server_faults",
    -1001: "a fault on order: test_server_faults",
    -1003: "rate limits, which are off while the market stands still: test_requests",
    -1006: "a fault on order: test_server_faults",
    -1007: "a fault on order: test_server_faults",
    -1008: "a fault on order: test_server_faults",
    -1015: "rate limits, which are off while the market stands still: test_requests",
    -1016: "maintenance: test_server_faults",
    -1020: "the WebSocket API alone: test_ws_api_methods",
    -1135: "the WebSocket API alone: test_ws_api_methods",
    -4056: "the WebSocket API alone: test_ws_api_methods",
    -5025: "no other order than a LIMIT order ever rests",
    -5028: "needs a request that is under way: test_requests",
}
"""Codes that no request to this bench can get, and where they are tested."""

Given = Mapping[str, str | int]
_READ = (
    ("/fapi/v3/account", {}),
    ("/fapi/v3/positionRisk", {}),
    ("/fapi/v1/openOrders", {}),
    ("/fapi/v1/openAlgoOrders", {}),
    ("/fapi/v1/symbolConfig", {}),
    ("/fapi/v1/accountConfig", {}),
)


class Case(NamedTuple):
    """One refusal.

    Attributes:
        code, text: What is answered; `text` is the whole message.
        request: Method, path, parameters.
        given: Names of `Counter` methods that set the stage, in order.
        status: HTTP.
        sent: How the request is sent: "signed", "plain" (no key), "key" (header only), "foreign" (another's key),
            "forged" (with a signature of nothing), "script" (JSON body).
        keeps: Whether all must be as before; a batch may have done other things.
        name: For telling cases of one code apart.
    """

    code: int
    text: str
    request: tuple[str, str, Given]
    given: tuple[str, ...] = ()
    status: int = 400
    sent: str = "signed"
    keeps: bool = True
    name: str = ""


def codes_raised(folder: Path) -> set[int]:
    """Return every error code that the code in a folder names."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")]
    return {code for tree in trees for node in ast.walk(tree) for code in Counter.codes_of(node)}


def _levels(best: str, step: str, count: int) -> tuple[PriceLevel, ...]:
    return tuple((Decimal(best) + i * Decimal(step), Decimal(10)) for i in range(count))


class Counter:
    """A client at the exchange's counter; it makes its own market."""

    run: Callable[..., Any]

    def __init__(self, exchange: SimulatedExchange, client: RawClient, stack: AsyncExitStack) -> None:
        self.exchange = exchange
        self.client = client
        self._stack = stack

    @classmethod
    async def open(cls, folder: Path) -> "Counter":
        rules = folder / "rules.json"
        info = exchange_info([SPECS["BTCUSDT"], SPECS["ETHUSDT"]], 0)
        for entry in info["symbols"][1]["filters"]:
            if entry["filterType"].endswith("LOT_SIZE"):
                entry |= {"minQty": "0.010", "stepSize": "0.005"}
        rules.write_bytes(encode(info))
        stack = AsyncExitStack()
        options = ExchangeOptions(speed="max", symbols=("BTCUSDT", "ETHUSDT"), rules=rules)
        exchange, client = await stack.enter_async_context(running(options))
        return cls(exchange, client, stack)

    async def close(self) -> None:
        await self._stack.aclose()

    @staticmethod
    def codes_of(node: ast.AST) -> Iterator[int]:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            value = node.operand.value
            if isinstance(value, int) and 1000 <= value <= 5999:
                yield -value

    async def judge(self, case: Case) -> None:
        """Set the stage, ask, and hold the answer against the case; then clear the stage."""
        self.market()
        try:
            for name in case.given:
                answer = getattr(self, name)()
                if answer is not None:
                    await answer
            before = await self._state()
            reply = await self._ask(case)
            assert reply.headers["Content-Type"].startswith("application/json"), reply.text
            answer = reply.json
            if isinstance(answer, list):
                answer = next(each for each in answer if "code" in each)
            found, wanted = (reply.status, answer), (case.status, {"code": case.code, "msg": case.text})
            assert found == wanted, f"{found} in place of {wanted}"
            assert not case.keeps or await self._state() == before, "something has changed"
        finally:
            self.clear()

    async def _ask(self, case: Case) -> Reply:
        method, path, given = case.request
        if case.sent == "signed":
            return await self.client.signed(method, path, **given)
        key = {} if case.sent == "plain" else {"X-MBX-APIKEY": "foreign" if case.sent == "foreign" else self.client.key}
        if case.sent == "script":
            return await self.client.send(method, path, headers=key, data=encode(given))
        query = "&".join(f"{name}={value}" for name, value in given.items())
        if case.sent == "forged":
            query += f"&timestamp={time.time_ns() // 1_000_000}&signature={self.client.sign('')}"
        return await self.client.send(method, path, query, headers=key)

    async def _state(self) -> list[Any]:
        return [(await self.client.signed("GET", path, **given)).json for path, given in _READ]

    # ---- stages ------------------------------------------------------------------------------------------------------

    def market(self, *, bids: int = 30, asks: int = 30, is_trading: bool = True, mark: str = "60000") -> None:
        """Show a book of 10 on each of so many levels."""
        core, now_ms = self.exchange.venue.core, self.exchange.venue.market_ms
        tops = (("BTCUSDT", "60000.0", "60000.1", "0.1"), ("ETHUSDT", "3000.00", "3000.01", "0.01"))
        for symbol, bid, ask, step in tops:
            price = Decimal(mark if symbol == "BTCUSDT" else bid)
            sides = _levels(bid, f"-{step}", bids), _levels(ask, step, asks)
            core.on_tick(MarketTick(symbol, now_ms, (), *sides, price, price, Decimal("0.0001"), is_trading))

    def clear(self) -> None:
        """Take everything back: orders, positions, settings."""
        core, now_ms = self.exchange.venue.core, self.exchange.venue.market_ms
        self.market()
        for symbol in core.specs:
            core.cancel_all(symbol, now_ms)
            core.cancel_all_algo(symbol, now_ms)
        for view in core.position_risk():
            core.auto_deleverage(view.symbol, view.position_side, None, now_ms)
        account = core._account
        account.is_hedge = account.is_multi_assets = False
        account.wallet_balance = Decimal(10_000)
        for holding in account.holdings.values():
            holding.leverage, holding.margin_type = 20, "CROSSED"
        self.exchange.venue.listen_key.close()

    def _place(self, side: str, quantity: str, price: str | None = None, **more: str) -> None:
        params = {"symbol": "BTCUSDT", "side": side, "quantity": quantity, "type": "MARKET"} | more
        if price is not None:
            params |= {"type": "LIMIT", "price": price, "timeInForce": "GTC"}
        self.exchange.venue.core.place_order(params | more, self.exchange.venue.market_ms)

    def long(self) -> None:
        self._place("BUY", "0.100")

    def hedge_long(self) -> None:
        self._place("BUY", "0.100", positionSide="LONG")

    def resting(self) -> None:
        self._place("BUY", "0.010", "59000.0", newClientOrderId="resting")

    def amended_often(self) -> None:
        self.resting()
        self.exchange.venue.core.open_orders()[0].amendment_count = 10_000

    def reducing(self) -> None:
        self._place("SELL", "0.080", "60500.0", reduceOnly="true")

    def many_orders(self) -> None:
        for number in range(200):
            self._place("BUY", "0.001", f"{58_500 + number}.0")

    def rich(self) -> None:
        self.exchange.venue.core._account.wallet_balance = Decimal(10_000_000)

    def highest_leverage(self) -> None:
        self.exchange.venue.core.set_leverage("BTCUSDT", 125, self.exchange.venue.market_ms)

    def poor(self) -> None:
        self.exchange.venue.core._account.wallet_balance = Decimal(400)

    def poorer(self) -> None:
        self.exchange.venue.core._account.wallet_balance = Decimal(200)

    def in_debt(self) -> None:
        self.exchange.venue.core._account.wallet_balance = Decimal(-1)

    def hedge(self) -> None:
        self.exchange.venue.core.set_position_mode(True)

    def isolated(self) -> None:
        self.exchange.venue.core.set_margin_type("BTCUSDT", "ISOLATED", self.exchange.venue.market_ms)

    def multi_assets(self) -> None:
        self.exchange.venue.core.set_multi_assets_mode(True, self.exchange.venue.market_ms)

    def halt(self) -> None:
        self.market(is_trading=False)

    def no_asks(self) -> None:
        self.market(asks=0)

    def few_levels(self) -> None:
        self.market(bids=3, asks=3)

    def far_mark(self) -> None:
        self.market(mark="50000")

    def _algo(self, **params: str) -> None:
        common = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET"}
        self.exchange.venue.core.place_algo(common | params, self.exchange.venue.market_ms)

    def closing_stop(self) -> None:
        self._algo(triggerPrice="59000.0", closePosition="true")

    def named_stop(self) -> None:
        self._algo(triggerPrice="59000.0", quantity="0.010", clientAlgoId="stop")

    def many_stops(self) -> None:
        for number in range(200):
            self._algo(triggerPrice=f"{58_000 + number}.0", quantity="0.010")
