"""Whole sessions for tests: a market file, an exchange in this process, a proxy that makes trouble, a session."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.raw_exchange_client import RawClient
from trader_gui.credentials import Credentials
from trader_gui.domain.order import (
    Fill,
    Order,
    OrderIntent,
    OrderType,
    OrderUpdate,
    Origin,
    Purpose,
    Side,
    TimeInForce,
)
from trader_gui.domain.step import Refusal, Step
from trader_gui.exchange.endpoints import ENDPOINTS, loopback
from trader_gui.profiles import PROFILES, Profile
from trader_gui.risk.gate import RiskLimits
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.road import Answer
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.settings import DataDirectory
from trader_gui.simulated_exchange.klines_file import COLUMNS
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.records import MarketTick, Print
from trader_gui.simulated_exchange.server import SimulatedExchange

SYMBOL = "BTCUSDT"
FILE_NAME = "BTCUSDT-1m-walk.csv.gz"
FIRST_OPEN_MS = 1_700_000_040_000
LIMIT_S = 15.0
PATIENCE_S = 60.0
"""For sessions that play a whole file on a machine that may be busy."""

QUANTITY = Decimal("0.010")

# Where the testnet profile finds an exchange in this process; it may be armed at start, so that `max` is repeatable.
BENCH = msgspec.structs.replace(PROFILES["testnet"], may_arm_at_start=True)


# ---- a market file --------------------------------------------------------------------------------------------------


def walk_rows(count: int, seed: int) -> list[str]:
    """Return rows of a random walk whose volatility comes in clusters (a slow AR(1) in its logarithm)."""
    rng = np.random.default_rng(seed)
    shocks, level, volatility = rng.normal(size=count), 0.0, np.empty(count)
    for index in range(count):
        level = 0.97 * level + 0.25 * shocks[index]
        volatility[index] = 0.0008 * np.exp(level)
    close = 42_000 * np.exp(np.cumsum(rng.normal(size=count) * volatility))
    wicks = np.abs(rng.normal(size=(count, 2))) * (volatility * 20_000)[:, None]
    rows = []
    opened = 42_000.0
    for index in range(count):
        first, last = f"{opened:.1f}", f"{close[index]:.1f}"
        high, low = max(opened, close[index]) + wicks[index, 0], min(opened, close[index]) - wicks[index, 1]
        at = FIRST_OPEN_MS + index * 60_000
        volume = f"{20 + 400 * volatility[index] / 0.0008 * rng.random():.3f}"
        cells = [str(at), first, f"{high + 0.1:.1f}", f"{low - 0.1:.1f}", last, volume, str(at + 59_999)]
        rows.append(",".join([*cells, "0", "0", "0", "0", "0"]))
        opened = close[index]
    return rows


def write_rows(path: Path, rows: list[str]) -> Path:
    """Write rows below the archive's header, zipped when the name says so."""
    text = "\n".join([",".join(COLUMNS), *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    return path


def write_walk(folder: Path, count: int = 1_100, seed: int = 7) -> Path:
    """Write a market of which the first 500 klines are history, and return its path."""
    return write_rows(folder / FILE_NAME, walk_rows(count, seed))


# ---- sessions -------------------------------------------------------------------------------------------------------


class Session:
    """A session that runs, and what its steps said.

    Attributes:
        steps: Every step so far, oldest first.
    """

    def __init__(self, trader: RtTrader) -> None:
        self.trader = trader
        self.steps: list[Step] = []
        self.task: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        trader.add_observer(self._on_step)

    def _on_step(self, step: Step) -> None:
        self.steps.append(step)
        self._moved.set()

    async def wait(self, what: str, holds: Callable[[], Any], limit_s: float = LIMIT_S) -> None:
        """Wait until `holds()` after some step; a session that ends first fails the test."""
        try:
            async with asyncio.timeout(limit_s):
                while not holds():
                    if self.task is not None and self.task.done():
                        self.task.result()
                        raise AssertionError(f"the session ended before: {what}")
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise AssertionError(f"never came: {what}; status {self.trader.status}") from None

    @property
    def fills(self) -> list[Fill]:
        return [m.fill for m in self.updates if m.fill is not None]

    @property
    def updates(self) -> list[OrderUpdate]:
        return [s.message for s in self.steps if isinstance(s.message, OrderUpdate)]

    @property
    def position_amount(self) -> Decimal:
        position = self.trader.callback.account.position(SYMBOL)
        return position.position_amount if position else Decimal(0)

    @property
    def open_orders(self) -> list[Order]:
        return list(self.trader.callback.orders.open_orders(SYMBOL))

    def intent(self, side: Side, order_type: OrderType = OrderType.MARKET, **more: Any) -> OrderIntent:
        """Return a wish by hand."""
        values: dict[str, Any] = {"quantity": QUANTITY, "purpose": Purpose.ENTRY}
        if order_type is OrderType.LIMIT:
            values["time_in_force"] = TimeInForce.GTC
        values.update(more)
        return OrderIntent(SYMBOL, side, order_type, origin=Origin.HAND, reason="by_hand", wanted_time_ms=0, **values)

    def far_price(self, fraction: str) -> Decimal:
        """Return a price on the tick, that fraction away from the last one (below for a negative one)."""
        last = self.trader.callback.last_price
        assert last is not None
        return self.trader.rules.snap_price(last * (1 + Decimal(fraction)))

    async def submit(self, side: Side, order_type: OrderType = OrderType.MARKET, **more: Any) -> Answer:
        return await self.trader.submit(self.intent(side, order_type, **more))

    async def resting_buy(self) -> Order:
        """Place a limit buy far below the market and return it as the session knows it once the venue has told it."""
        before = {o.client_order_id for o in self.open_orders}
        answer = await self.submit(Side.BUY, OrderType.LIMIT, price=self.far_price("-0.02"))
        assert answer.step.refusals == ()
        order = answer.outcomes[0].order
        assert order is not None and order.client_order_id not in before
        await self.wait("the resting order", lambda: self.trader.callback.orders.get(order.client_order_id))
        return order


def options(**more: Any) -> SessionOptions:
    """Return a session's options."""
    return SessionOptions(**{"symbol": SYMBOL, "interval": "1m", "strategy": "bb_rv", **more})


@asynccontextmanager
async def session(
    folder: Path,
    profile: Profile,
    wanted: SessionOptions,
    credentials: Credentials | None = None,
    limits: RiskLimits | None = None,
) -> AsyncIterator[Session]:
    """Run a session until the block ends; it has started, and has heard of the market, when the block begins."""
    directory = DataDirectory.open(folder / "data", profile.name)
    trader = RtTrader(profile, wanted, directory, limits or RiskLimits(), credentials)
    run = Session(trader)
    run.task = asyncio.create_task(trader.run(), name="session")
    started = asyncio.create_task(trader.started.wait(), name="started")
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait({run.task, started}, return_when=asyncio.FIRST_COMPLETED)
            if run.task.done():
                run.task.result()
        await run.wait("every route is fresh", lambda: all(s.is_fresh for s in trader.status.routes.values()))
        yield run
    finally:
        started.cancel()
        trader.request_stop()
        await asyncio.wait({run.task, started}, timeout=PATIENCE_S)
    run.task.result()


async def play(
    folder: Path, profile: Profile, wanted: SessionOptions, credentials: Credentials | None = None
) -> Session:
    """Run a session to the end of its data."""
    directory = DataDirectory.open(folder / "data", profile.name)
    run = Session(RtTrader(profile, wanted, directory, RiskLimits(), credentials))
    async with asyncio.timeout(PATIENCE_S):
        await run.trader.run()
    return run


def trades_of(run: Session) -> list[tuple[int, str, Decimal, Decimal]]:
    """Return what two runs must have in common: time, side, price and quantity of every fill."""
    return [(f.trade_time_ms, f.side.value, f.price, f.quantity) for f in run.fills]


# ---- an exchange in this process ------------------------------------------------------------------------------------


class Bench:
    """An exchange in this process, behind a proxy, and where the profiles find it.

    Attributes:
        raw: Another client of the same account, past the proxy.
    """

    def __init__(self, exchange: SimulatedExchange, proxy: "Proxy", raw: RawClient) -> None:
        self.exchange = exchange
        self.proxy = proxy
        self.raw = raw
        self.credentials = Credentials(exchange.api_key, exchange.api_secret)

    def session(self, folder: Path, *, profile: Profile = BENCH, **more: Any) -> Any:
        return session(folder, profile, options(**more), self.credentials)

    async def income(self) -> list[dict[str, Any]]:
        """Return the account's whole ledger as the exchange keeps it."""
        reply = await self.raw.signed("GET", "/fapi/v1/income", limit=1000)
        rows: list[dict[str, Any]] = reply.json
        return rows

    async def position_amount(self) -> Decimal:
        reply = await self.raw.signed("GET", "/fapi/v3/positionRisk", symbol=SYMBOL)
        return sum((Decimal(row["positionAmt"]) for row in reply.json), Decimal(0))

    async def order_ids(self) -> list[str]:
        """Return the client order ids of every order of the book that the exchange has ever taken."""
        reply = await self.raw.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)
        return [row["clientOrderId"] for row in reply.json]

    def trade_through(self, price: Decimal) -> None:
        """Let other people trade a lot at a price, at once."""
        venue = self.exchange.venue
        bids = tuple((price - Decimal("0.1") * (1 + n), Decimal(5)) for n in range(20))
        asks = tuple((price + Decimal("0.1") * n, Decimal(5)) for n in range(20))
        tick = MarketTick(
            SYMBOL, venue.market_ms, (Print(price, Decimal(50), True),), bids, asks, price, price, Decimal(0)
        )
        venue.take_ticks([tick], venue.market_ms)
        venue.hub.flush()


@asynccontextmanager
async def bench(patch: pytest.MonkeyPatch, wanted: ExchangeOptions | None = None) -> AsyncIterator[Bench]:
    """Run an exchange, and let the testnet and live profiles find it in the place of the real ones."""
    import aiohttp

    async with (
        SimulatedExchange(wanted or ExchangeOptions(seed=5)) as exchange,
        Proxy(int(exchange.rest_url.rsplit(":", 1)[1])) as proxy,
        aiohttp.ClientSession() as client,
    ):
        for name in ("testnet", "live"):
            patch.setitem(ENDPOINTS, name, loopback(f"http://127.0.0.1:{proxy.port}", f"ws://127.0.0.1:{proxy.port}"))
        raw = RawClient(client, exchange.rest_url, exchange.ws_url, exchange.api_key, exchange.api_secret)
        yield Bench(exchange, proxy, raw)


# ---- trouble on the way ---------------------------------------------------------------------------------------------


class Proxy:
    """A TCP proxy that cuts, refuses, holds back and swallows.

    `cut` and `hold` take the beginning of a connection's first request (`GET /market`); `swallow` that of any request.

    Attributes:
        requests: First line of every request seen, oldest first.
    """

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.requests: list[str] = []
        self._target_port = target_port
        self._links: set[_Link] = set()
        self._refused: set[str] = set()
        self._held: set[str] = set()
        self._swallowed: set[str] = set()
        self._released = asyncio.Event()

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()
        self._server.close()
        for link in tuple(self._links):
            link.close()
        while self._links:
            await next(iter(self._links)).ended.wait()

    def cut(self, beginning: str) -> None:
        """Close such connections, and refuse new ones until `allow`."""
        self._refused.add(beginning)
        for link in self._links:
            if link.first_line.startswith(beginning):
                link.close()

    def allow(self, beginning: str) -> None:
        """Let such connections through again."""
        self._refused.discard(beginning)

    def hold(self, beginning: str) -> None:
        """Keep back what the exchange sends on such connections, until `release`."""
        self._held.add(beginning)

    def release(self) -> None:
        """Send on all that was kept back."""
        self._held.clear()
        self._released.set()

    def bury(self) -> None:
        """End what is held back as a network does that comes back as another one.

        The connections of before stay open, and nothing more goes through them in either direction; new ones pass.
        """
        self._held.clear()
        for link in self._links:
            link.is_buried = True

    def swallow(self, beginning: str) -> None:
        """Take the next such request to the exchange, but close the connection in place of its answer."""
        self._swallowed.add(beginning)

    def count(self, beginning: str) -> int:
        """Return how many such requests came."""
        return sum(line.startswith(beginning) for line in self.requests)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(writer)
        self._links.add(link)
        try:
            first = await reader.read(65_536)
            link.first_line = first.partition(b"\r\n")[0].decode()
            if first and not any(link.first_line.startswith(beginning) for beginning in self._refused):
                await self._serve(link, first, reader)
        except OSError:
            pass  # the other end has gone, which is what this proxy is for
        finally:
            link.close()
            self._links.discard(link)
            link.ended.set()

    async def _serve(self, link: "_Link", first: bytes, reader: asyncio.StreamReader) -> None:
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._target_port)
        link.upstream = upstream
        back = asyncio.create_task(self._send_back(link, upstream_reader), name="proxy back")
        try:
            chunk = first
            while chunk:
                if not link.is_buried:
                    self._look_at(link, chunk)
                    upstream.write(chunk)
                    await upstream.drain()
                chunk = await reader.read(65_536)
        finally:
            link.close()
            await asyncio.gather(back, return_exceptions=True)

    def _look_at(self, link: "_Link", chunk: bytes) -> None:
        """Note a request; a client sends each in one piece."""
        line = chunk.partition(b"\r\n")[0]
        if not line.endswith(b" HTTP/1.1"):
            return
        text = line.decode()
        self.requests.append(text)
        for beginning in tuple(self._swallowed):
            if text.startswith(beginning):
                self._swallowed.discard(beginning)
                link.swallows_answer = True

    async def _send_back(self, link: "_Link", reader: asyncio.StreamReader) -> None:
        try:
            while chunk := await reader.read(65_536):
                if link.swallows_answer:
                    return
                while any(link.first_line.startswith(beginning) for beginning in self._held):
                    self._released.clear()
                    await self._released.wait()
                if not link.is_buried:
                    link.writer.write(chunk)
                    await link.writer.drain()
        finally:
            link.close()


class _Link:
    """One proxied connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.upstream: asyncio.StreamWriter | None = None
        self.first_line = ""
        self.swallows_answer = False
        self.is_buried = False
        self.ended = asyncio.Event()

    def close(self) -> None:
        self.writer.close()
        if self.upstream is not None:
            self.upstream.close()


def codes(refusals: tuple[Refusal, ...]) -> list[str]:
    """Return the codes of refusals."""
    return [refusal.code for refusal in refusals]
