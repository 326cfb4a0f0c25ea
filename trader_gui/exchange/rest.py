"""The blocking connector behind an async face: own threads, time limits, request weight, errors told apart.

`binance` is imported here alone, and only in a calling thread at its first call, so that a window opens without it.
The connector is used as a signed HTTP layer: it builds and signs the query string and keeps the connection. What it
lacks is put right in one subclass: no clock offset, bodies written to the root logger, a changed parameter dictionary,
redirects followed with the key in the header.
"""

import asyncio
import functools
import logging
import random
import time
from collections.abc import Callable, Collection, Coroutine
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from trader_gui.clock import SystemClock
from trader_gui.domain.account import AccountSnapshot, MarginType, Position, PositionKey, SymbolConfig
from trader_gui.domain.market import DayTicker, DepthSnapshot, FundingRate, Kline
from trader_gui.domain.order import Fill, Order, OrderFamily
from trader_gui.domain.step import ApprovedAmend, ApprovedCancel, ApprovedOrder
from trader_gui.domain.symbol import SymbolRules
from trader_gui.errors import OutcomeUnknownError, ProtocolError, VenueError
from trader_gui.exchange import endpoints as paths
from trader_gui.exchange import rest_errors
from trader_gui.exchange.endpoints import Endpoints
from trader_gui.exchange.port import CommissionRate, IncomeRow, LeverageBracket, OrderName, Sleep
from trader_gui.exchange.rate_budget import RateBudget
from trader_gui.exchange.rest_calls import Answer, Call, Connector, RestCalls, RestLimits, Security
from trader_gui.exchange.rest_costs import Lane
from trader_gui.exchange.wire import answer, order_answer, request, rules

T = TypeVar("T")

CredentialsProvider = Callable[[], tuple[str, str]]
"""Returns (API key, secret); called in a calling thread, once for each, and must not block."""

_ORDER_PATH = {OrderFamily.BOOK: paths.ORDER, OrderFamily.ALGO: paths.ALGO_ORDER}
_OPEN_PATH = {OrderFamily.BOOK: paths.OPEN_ORDERS, OrderFamily.ALGO: paths.OPEN_ALGO_ORDERS}


@functools.cache
def _connector_class() -> Any:
    """Return the connector's client with its gaps filled; imported late, it takes 200 ms."""
    from binance.um_futures import UMFutures

    # At DEBUG it writes the path of every request, signature and all.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    class VenueConnector(UMFutures):  # type: ignore[misc]  # the connector has no types
        """One thread's client."""

        def __init__(self, key: str | None, secret: str | None, base_url: str, now_ms: Callable[[], int]) -> None:
            super().__init__(key, secret, base_url=base_url)
            self._now_ms = now_ms
            self.session.trust_env = not paths.is_loopback(base_url)

        def make(self, call: Call) -> Answer:
            make = self.sign_request if call.security is Security.SIGNED else self.send_request
            return make(call.method, call.path, dict(call.parameters))

        def sign_request(
            self, http_method: str, url_path: str, payload: dict[str, str] | None = None, special: bool = False
        ) -> Answer:
            stamped = {**(payload or {}), "timestamp": str(self._now_ms())}
            signature = self._get_sign(self._prepare_params(stamped, special))
            return self.send_request(http_method, url_path, {**stamped, "signature": signature}, special)

        def send_request(
            self, http_method: str, url_path: str, payload: dict[str, str] | None = None, special: bool = False
        ) -> Answer:
            started_ns = time.monotonic_ns()
            response = self._dispatch_request(http_method)(
                self.base_url + url_path,
                params=self._prepare_params(payload or {}, special),
                timeout=self.timeout,
                allow_redirects=False,
            )
            latency_ms = (time.monotonic_ns() - started_ns) / 1e6
            return Answer(response.status_code, response.content, response.headers, latency_ms)

        def close(self) -> None:
            self.session.close()

    return VenueConnector


class RestClient(RestCalls):
    """`MarketReader` and `OrderPort` of the venue, over `RestCalls`.

    Owner: the session; `aclose` ends it.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        clock: SystemClock,
        credentials: CredentialsProvider | None = None,
        *,
        limits: RestLimits | None = None,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        budget: RateBudget | None = None,
    ) -> None:
        super().__init__(self._connect, clock, limits or RestLimits(), sleep, jitter, budget=budget)
        self._endpoints = endpoints
        self._credentials = credentials

    # ---- market data ----------------------------------------------------------------------------------------------

    async def server_time_ms(self) -> int:
        return await self._server_time_ms()

    async def symbol_rules(self) -> dict[str, SymbolRules]:
        info = rules.exchange_info(await self._get(paths.EXCHANGE_INFO, {}, Security.NONE))
        self._budget.set_limits(info.rate_limits)
        return info.rules

    async def klines(
        self,
        symbol: str,
        interval: str,
        *,
        limit: int,
        start_time_ms: int | None = None,
        end_time_ms: int | None = None,
    ) -> tuple[Kline, ...]:
        parameters = {"symbol": symbol, "interval": interval, "limit": str(limit)}
        parameters.update(_times(start_time_ms, end_time_ms))
        body = await self._get(paths.KLINES, parameters, Security.NONE)
        return answer.klines(body, symbol, interval, end_time_ms)

    async def depth(self, symbol: str, *, limit: int = 1000) -> DepthSnapshot:
        body = await self._get(paths.DEPTH, {"symbol": symbol, "limit": str(limit)}, Security.NONE)
        return answer.depth_snapshot(body, symbol)

    async def funding_rates(self, symbol: str, *, limit: int = 1000) -> tuple[FundingRate, ...]:
        parameters = {"symbol": symbol, "limit": str(limit)}
        return answer.funding_rates(await self._get(paths.FUNDING_RATE, parameters, Security.NONE))

    async def day_tickers(self) -> dict[str, DayTicker]:
        return answer.day_tickers(await self._get(paths.DAY_TICKER, {}, Security.NONE))

    # ---- orders ---------------------------------------------------------------------------------------------------

    def bars(self, approved: ApprovedOrder | ApprovedAmend) -> VenueError | None:
        return self.why_not_now(_sending(approved))

    async def place(self, approved: ApprovedOrder) -> Order:
        family = request.family_of(approved.intent.order_type)
        self._need_key(_ORDER_PATH[family], Security.SIGNED)
        body = await self.change(_sending(approved))
        return _read_after_change(lambda: order_answer.order(body, family))

    async def amend(self, approved: ApprovedAmend) -> Order:
        self._need_key(paths.ORDER, Security.SIGNED)
        body = await self.change(_sending(approved))
        return _read_after_change(lambda: order_answer.order(body, OrderFamily.BOOK))

    async def cancel(self, approved: ApprovedCancel) -> Order | None:
        family = approved.intent.order_family
        body = await self._change("DELETE", _ORDER_PATH[family], request.cancel_parameters(approved))
        if family is OrderFamily.ALGO:
            return None
        return _read_after_change(lambda: order_answer.order(body, family))

    async def query_order(self, symbol: str, client_order_id: str, family: OrderFamily) -> Order | None:
        return await self._order(request.query_parameters(symbol, client_order_id, family), family)

    async def order_by_id(self, symbol: str, order_id: int) -> Order | None:
        return await self._order({"symbol": symbol, "orderId": str(order_id)}, OrderFamily.BOOK)

    async def _order(self, parameters: dict[str, str], family: OrderFamily) -> Order | None:
        try:
            body = await self._get(_ORDER_PATH[family], parameters)
        except VenueError as error:
            if error.code in (rest_errors.UNKNOWN_ORDER, rest_errors.CANCEL_REJECTED):
                return None
            raise
        return order_answer.order(body, family)

    async def open_orders(self, symbol: str, family: OrderFamily) -> tuple[Order, ...]:
        return order_answer.open_orders(await self._get(_OPEN_PATH[family], {"symbol": symbol}), family)

    async def set_countdown(self, symbol: str, countdown_ms: int) -> None:
        """Start, renew or (0) stop the countdown; made like a read, so that no order waits behind it."""
        parameters = {"symbol": symbol, "countdownTime": str(countdown_ms)}
        self._need_key(paths.COUNTDOWN, Security.SIGNED)
        await self.query(Call("POST", paths.COUNTDOWN, parameters, Security.SIGNED))

    # ---- account --------------------------------------------------------------------------------------------------

    async def account_snapshot(self, symbol: str, *, orders_of: Collection[str] | None = None) -> AccountSnapshot:
        """Read the account; a flat `symbol` gets a row too, of amount 0, for its leverage and margin type.

        Conditional orders are read before those of the book and positions last: what triggers or fills in between is
        then seen twice rather than not at all.
        """
        taken_time_ms = self._clock.now_ms()
        algo_orders, config_body = await _together(
            self._open_orders(OrderFamily.ALGO, orders_of), self._get(paths.SYMBOL_CONFIG, {"symbol": symbol})
        )
        book_orders = await self._open_orders(OrderFamily.BOOK, orders_of)
        account_body, positions_body = await _together(self._get(paths.ACCOUNT, {}), self._get(paths.POSITION_RISK, {}))
        config = answer.symbol_config(config_body, symbol)
        positions = list(answer.positions(positions_body))
        if not any(p.symbol == symbol for p in positions):
            positions.append(Position(symbol, Decimal(0), Decimal(0), Decimal(0)))
        settings = {"leverage": config.leverage, "margin_type": config.margin_type}
        positions = [msgspec.structs.replace(p, **settings) if p.symbol == symbol else p for p in positions]
        return AccountSnapshot(
            balances=answer.balances(account_body),
            positions=tuple(positions),
            open_orders=(*book_orders, *algo_orders),
            taken_time_ms=taken_time_ms,
            orders_of=None if orders_of is None else tuple(sorted(orders_of)),
        )

    async def _open_orders(self, family: OrderFamily, symbols: Collection[str] | None) -> tuple[Order, ...]:
        wanted = [{}] if symbols is None else [{"symbol": symbol} for symbol in sorted(symbols)]
        bodies = [await self._get(_OPEN_PATH[family], parameters) for parameters in wanted]
        return tuple(order for body in bodies for order in order_answer.open_orders(body, family))

    async def fills(
        self, symbol: str, *, from_trade_id: int | None = None, start_time_ms: int | None = None
    ) -> tuple[Fill, ...]:
        """Return own executions; a trade id goes before a start time, since the venue takes only one of them."""
        parameters = {"symbol": symbol, "limit": "1000"}
        if from_trade_id is not None:
            parameters["fromId"] = str(from_trade_id)
        else:
            parameters.update(_times(start_time_ms, None))
        return answer.fills(await self._get(paths.USER_TRADES, parameters))

    async def order_names(self, symbol: str) -> tuple[OrderName, ...]:
        """Return the names of orders of the book, then those of conditional orders, each oldest first.

        Whose a position is hangs on them, and no session starts without: they are not read for a table of the past.
        """
        parameters, lane = {"symbol": symbol, "limit": "1000"}, Lane.ACCOUNT
        book_body, algo_body = await _together(
            self._get(paths.ALL_ORDERS, parameters, lane=lane), self._get(paths.ALL_ALGO_ORDERS, parameters, lane=lane)
        )
        return (
            *order_answer.order_names(book_body, OrderFamily.BOOK),
            *order_answer.order_names(algo_body, OrderFamily.ALGO),
        )

    async def income(self, *, start_time_ms: int, income_type: str | None = None) -> tuple[IncomeRow, ...]:
        parameters = {"limit": "1000", **_times(start_time_ms, None)}
        if income_type is not None:
            parameters["incomeType"] = income_type
        return answer.income(await self._get(paths.INCOME, parameters))

    async def commission_rate(self, symbol: str) -> CommissionRate:
        return answer.commission_rate(await self._get(paths.COMMISSION_RATE, {"symbol": symbol}))

    async def leverage_brackets(self, symbol: str) -> tuple[LeverageBracket, ...]:
        return answer.leverage_brackets(await self._get(paths.LEVERAGE_BRACKET, {"symbol": symbol}), symbol)

    async def symbol_config(self, symbol: str) -> SymbolConfig:
        asked_ms = self._clock.now_ms()
        told = answer.symbol_config(await self._get(paths.SYMBOL_CONFIG, {"symbol": symbol}), symbol)
        return SymbolConfig(symbol, told.leverage, told.margin_type, asked_ms)

    async def is_hedge_mode(self) -> bool:
        return answer.is_hedge_mode(await self._get(paths.POSITION_SIDE, {}))

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        await self._change("POST", paths.LEVERAGE, {"symbol": symbol, "leverage": str(leverage)})

    async def set_margin_type(self, symbol: str, margin_type: MarginType) -> None:
        """Set the margin type; that it is set already is no error."""
        try:
            await self._change("POST", paths.MARGIN_TYPE, {"symbol": symbol, "marginType": margin_type.value})
        except VenueError as error:
            if error.code != rest_errors.MARGIN_TYPE_ALREADY_SET:
                raise

    async def set_position_mode(self, *, is_hedge: bool) -> None:
        """Set the account's position mode; that it is set already is no error."""
        try:
            await self._change("POST", paths.POSITION_SIDE, {"dualSidePosition": "true" if is_hedge else "false"})
        except VenueError as error:
            if error.code != rest_errors.POSITION_MODE_ALREADY_SET:
                raise

    async def move_margin(self, key: PositionKey, amount: Decimal, *, adds: bool) -> None:
        """Add margin to an isolated position, or take some away; made once, whatever comes of it."""
        await self._change("POST", paths.POSITION_MARGIN, request.margin_parameters(key, amount, adds=adds))

    async def new_listen_key(self) -> str:
        key = await self._listen_key("POST")
        if not key:
            raise ProtocolError("listenKey: the answer names none")
        return key

    async def renew_listen_key(self) -> str:
        """Renew the key and return it; "" from a venue that renews without naming it. Code -1125: there is none."""
        return await self._listen_key("PUT")

    # ---- calls ----------------------------------------------------------------------------------------------------

    def _connect(self) -> Connector:
        """Make one thread's client."""
        key, secret = self._credentials() if self._credentials is not None else (None, None)
        connector = _connector_class()(key, secret, self._endpoints.rest_url, self._clock.now_ms)
        connector.timeout = (self._limits.connect_s, self._limits.read_s)
        return connector  # type: ignore[no-any-return]

    async def _get(
        self,
        path: str,
        parameters: dict[str, str],
        security: Security = Security.SIGNED,
        *,
        lane: Lane | None = None,
    ) -> bytes:
        self._need_key(path, security)
        return await self.query(Call("GET", path, parameters, security), lane)

    async def _change(self, method: str, path: str, parameters: dict[str, str]) -> bytes:
        self._need_key(path, Security.SIGNED)
        return await self.change(Call(method, path, parameters, Security.SIGNED))

    async def _listen_key(self, method: str) -> str:
        """Ask for the listenKey; asking twice does no harm, so it is tried like a read."""
        self._need_key(paths.LISTEN_KEY, Security.KEY)
        return answer.listen_key(await self.query(Call(method, paths.LISTEN_KEY, {}, Security.KEY)))

    def _need_key(self, path: str, security: Security) -> None:
        if security is not Security.NONE and self._credentials is None:
            raise VenueError(None, f"{path} needs an API key")


def _sending(approved: ApprovedOrder | ApprovedAmend) -> Call:
    if isinstance(approved, ApprovedAmend):
        return Call("PUT", paths.ORDER, request.amend_parameters(approved), Security.SIGNED)
    path = _ORDER_PATH[request.family_of(approved.intent.order_type)]
    return Call("POST", path, request.order_parameters(approved), Security.SIGNED)


def _times(start_time_ms: int | None, end_time_ms: int | None) -> dict[str, str]:
    times = {"startTime": start_time_ms, "endTime": end_time_ms}
    return {name: str(value) for name, value in times.items() if value is not None}


def _read_after_change(read: Callable[[], T]) -> T:
    """Read the answer to a change; one that cannot be read leaves open what was done."""
    try:
        return read()
    except ProtocolError as error:
        raise OutcomeUnknownError(None, f"the answer cannot be read: {error}", http_status=200) from None


async def _together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """Make calls side by side; the first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call, name="rest-read") for call in calls]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
