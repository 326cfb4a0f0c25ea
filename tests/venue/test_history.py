"""The past read over sockets: journal, exchange and stream of a real session come to the exchange's own ledger."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench
from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType, Origin, Purpose, Side
from trader_gui.domain.step import Route
from trader_gui.errors import VenueError
from trader_gui.exchange.rest_history import KEPT_MS
from trader_gui.models import history_loader
from trader_gui.models.history import History
from trader_gui.models.history_income import Source
from trader_gui.profiles import PROFILES

Drive = Callable[[Bench, Path], Awaitable[None]]
TESTNET = PROFILES["testnet"]


@pytest.fixture(autouse=True)
def little_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated exchange lists at once what it tells, and no test waits for a minute."""
    monkeypatch.setattr(history_loader, "LAG_MS", 1000)
    monkeypatch.setattr(history_loader, "HEAD_EVERY_NS", 0)


@pytest.fixture
def drive(qapp: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Drive], None]:
    async def run(body: Drive) -> None:
        async with bench(monkeypatch) as desk:
            await body(desk, tmp_path)

    return lambda body: asyncio.run(run(body))


class Past:
    """The window's history of a session, without the window."""

    def __init__(self, run: Session) -> None:
        trader = self.trader = run.trader
        self.history = History(trader.symbol)
        self.history.bind(trader.callback, trader.history)
        self.history.loader.set_seen("fills", True)
        trader.add_observer(self.history.take)

    def refresh(self) -> None:
        self.history.refresh(self.trader.callback, self.trader.status, time.monotonic_ns())

    async def read(self, days: int = 7) -> None:
        self.refresh()
        now_ms = self.history.now_ms
        self.history.loader.want_since(now_ms - days * 86_400_000, now_ms)
        await self.history.loader.load()
        assert self.history.loader.error is None

    @property
    def fills(self) -> dict[int, Origin | None]:
        return {row.fill.trade_id: row.origin for row in self.history.fills.rows()}

    @property
    def orders(self) -> dict[tuple[OrderFamily, int], tuple[OrderStatus, Origin]]:
        rows = [row.order for row in self.history.orders.rows()]
        return {(o.order_family, o.order_id or 0): (o.status, o.origin) for o in rows}


async def ledger(desk: Bench) -> tuple[set[int], dict[tuple[OrderFamily, int], str], Decimal]:
    """Return trade ids, ended orders and the sum of income as the exchange has them."""
    trades = await desk.raw.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL)
    book = await desk.raw.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)
    algo = await desk.raw.signed("GET", "/fapi/v1/allAlgoOrders", symbol=SYMBOL)
    orders = {(OrderFamily.BOOK, row["orderId"]): row["status"] for row in book.json}
    orders |= {(OrderFamily.ALGO, row["algoId"]): row["algoStatus"] for row in algo.json}
    ended = {key: status for key, status in orders.items() if OrderStatus(status).is_terminal}
    income = sum((Decimal(row["income"]) for row in await desk.income()), Decimal(0))
    return {row["id"] for row in trades.json}, ended, income


async def elsewhere(desk: Bench, side: str) -> None:
    """Trade with another program on the same account."""
    reply = await desk.raw.signed(
        "POST", "/fapi/v1/order", symbol=SYMBOL, side=side, type="MARKET", quantity=str(QUANTITY)
    )
    assert reply.status == 200


async def agree(desk: Bench, run: Session, past: Past) -> None:
    """See that the tables are the exchange's ledger, no row more and none less, once all is old enough to be whole."""
    while (await ledger(desk))[0] != set(past.fills) or any(
        r.source is Source.SEEN for r in past.history.income.rows()
    ):
        before_ms = run.trader.callback.now_ms
        await run.wait("a while", lambda t=before_ms: run.trader.callback.now_ms > t + history_loader.LAG_MS)
        await past.read()
    trades, orders, income = await ledger(desk)
    assert set(past.fills) == trades and past.history.fills.rowCount() == len(trades)
    assert {key: status.value for key, (status, _) in past.orders.items() if key[1]} == orders
    rows = past.history.income.rows()
    assert sum((row.row.income for row in rows), Decimal(0)) == income
    assert {row.source for row in rows} <= {Source.EXCHANGE}


def test_what_happened_before_here_and_elsewhere_is_in_the_tables_once(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, folder: Path) -> None:
        await elsewhere(desk, "BUY")
        await elsewhere(desk, "SELL")
        async with desk.session(folder, profile=TESTNET) as run:
            past = Past(run)
            await past.read()
            await agree(desk, run, past)
            assert set(past.fills.values()) == {Origin.OTHER}, "the orders of the span tell whose fills they are"
            resting = await run.resting_buy()
            await run.trader.cancel(resting)
            stop = await run.submit(
                Side.SELL,
                OrderType.STOP_MARKET,
                trigger_price=run.far_price("-0.05"),
                purpose=Purpose.ENTRY,
            )
            algo = stop.outcomes[0].order
            assert algo is not None
            await run.wait("the stop", lambda: run.trader.callback.orders.get(algo.client_order_id))
            await run.trader.cancel(algo)
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await run.submit(Side.SELL, reduce_only=True, purpose=Purpose.EXIT)
            await run.wait("flat", lambda: run.position_amount == 0)
            past.refresh()
            assert len(past.fills) == 4, "live ones are there at once"
            seen = [row for row in past.history.income.rows() if row.source is Source.SEEN]
            assert {row.row.income_type for row in seen} >= {"COMMISSION"}
            await past.read()
            await agree(desk, run, past)
            assert {Origin.HAND, Origin.OTHER} == set(past.fills.values())
            assert (OrderStatus.CANCELED, Origin.HAND) in past.orders.values()

    drive(body)


def test_after_a_restart_own_fills_are_own_and_what_was_refused_is_remembered(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, folder: Path) -> None:
        async with desk.session(folder, profile=TESTNET) as run:
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            refused = await run.submit(Side.BUY, quantity=Decimal(100))
            assert refused.outcomes[0].error_code == -2019
            number = refused.outcomes[0].client_order_id
        async with desk.session(folder, profile=TESTNET) as run:
            past = Past(run)
            past.refresh()
            assert set(past.fills.values()) == {Origin.HAND}, "the journal tells whose they are"
            await past.read()
            assert set(past.fills.values()) == {Origin.HAND}
            (lost,) = [row.order for row in past.history.orders.rows() if row.order.status is OrderStatus.REJECTED]
            assert lost.client_order_id == number and lost.reject_reason.startswith("-2019")
            await agree(desk, run, past)
            history = run.trader.history
            assert history is not None
            life = await history.order_life(number)
            assert life.intent is not None and life.intent.quantity == Decimal(100)
            assert [m.error_code for m in life.messages if hasattr(m, "error_code")] == [-2019]

    drive(body)


def test_what_a_cut_stream_did_not_tell_is_read_when_it_is_back(
    drive: Callable[[Drive], None], expect_log: Any
) -> None:
    expect_log("private stream lost")

    async def body(desk: Bench, folder: Path) -> None:
        async with desk.session(folder, profile=TESTNET) as run:
            past = Past(run)
            await past.read()
            desk.proxy.cut("GET /private")
            await run.wait("the cut", lambda: not run.trader.status.routes[Route.PRIVATE].is_connected)
            await elsewhere(desk, "BUY")
            await elsewhere(desk, "SELL")
            assert not past.fills
            desk.proxy.allow("GET /private")
            await run.wait("the stream", lambda: run.trader.status.routes[Route.PRIVATE].is_fresh)
            asked: list[int] = []
            past.history.loader.wanted.connect(lambda: asked.append(1))
            while not asked:
                steps = len(run.steps)
                await run.wait("more of the market", lambda n=steps: len(run.steps) > n)
                past.refresh()
            assert asked
            await agree(desk, run, past)

    drive(body)


def test_the_end_of_what_the_exchange_keeps_is_reached_and_an_error_on_the_way_is_told(
    drive: Callable[[Drive], None],
) -> None:
    async def body(desk: Bench, folder: Path) -> None:
        await elsewhere(desk, "BUY")
        async with desk.session(folder, profile=TESTNET) as run:
            past = Past(run)
            loader = past.history.loader
            past.refresh()
            await loader.load()
            assert loader.error is None and len(past.fills) == 1
            real, calls = run.trader.history.venue, 0  # type: ignore[union-attr]

            class Failing:
                """The venue, which refuses the third span."""

                def __getattr__(self, name: str) -> Any:
                    nonlocal calls
                    if name == "past_income":
                        calls += 1
                        if calls == 3:
                            raise VenueError(-1003, "Too many requests.", retryable=True)
                    return getattr(real, name)

            run.trader.history.venue = Failing()  # type: ignore[union-attr,assignment]
            loader.want_older()
            await loader.load()
            assert isinstance(loader.error, VenueError) and loader.error.code == -1003
            since = loader.whole_since(past.history.now_ms)
            loader.want_older()
            await loader.load()
            assert loader.error is None and not loader.has_older and loader.is_at_end
            now = loader.whole_since(past.history.now_ms)
            assert since is not None and now is not None and now <= past.history.now_ms - KEPT_MS < since
            assert len(past.fills) == 1

    drive(body)


def test_the_assets_are_the_exchanges_own_figures(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, folder: Path) -> None:
        async with desk.session(folder, profile=TESTNET) as run:
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            past = Past(run)
            assets = past.history.assets
            assets.set_seen(True)
            asked: list[int] = []
            assets.wanted.connect(lambda: asked.append(1))
            past.refresh()
            await assets.load()
            (row,) = assets.rows()
            assert asked == [1] and row.asset == "USDT" and assets.error is None
            cut_off = Decimal("0.00000002")  # the exchange cuts amounts after the eighth decimal
            assert abs(row.margin_balance - row.wallet_balance - row.unrealized_pnl) < cut_off
            assert row.initial_margin > 0 and row.available_balance < row.wallet_balance
            account = (await desk.raw.signed("GET", "/fapi/v3/account")).json["assets"][0]
            assert row.wallet_balance == Decimal(account["walletBalance"])

    drive(body)
