"""The paper profile: prices of the live market, orders on a simulated exchange that mirrors it, nothing sent there."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench, codes, options, session
from trader_gui.domain.market import BookTicker
from trader_gui.domain.order import OrderType, Purpose, Side
from trader_gui.domain.step import Route, Step
from trader_gui.errors import UserError
from trader_gui.profiles import PROFILES
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.records import MarketTick, Print

PAPER = PROFILES["paper"]
MIRROR_BOOK = "GET /public/stream?streams=btcusdt@depth20"
PUBLIC_REQUESTS = {
    "GET /fapi/v1/time",
    "GET /fapi/v1/exchangeInfo",
    "GET /fapi/v1/klines",
    "GET /fapi/v1/depth",
    "GET /public/stream",
    "GET /market/stream",
}


class Tops:
    """Best prices of the live book since this was made: as the session was told them, and as they stood meanwhile."""

    def __init__(self, live: Bench, run: Session) -> None:
        self.bids: set[Decimal] = set()
        self.asks: set[Decimal] = set()
        self._book = live.exchange.venue.feed(run.trader.symbol).book
        self._note(self._book.bids[0][0], self._book.asks[0][0])
        run.trader.add_observer(self._on_step)

    def _on_step(self, step: Step) -> None:
        self._note(self._book.bids[0][0], self._book.asks[0][0])
        if isinstance(step.message, BookTicker):
            self._note(step.message.best_bid, step.message.best_ask)

    def _note(self, bid: Decimal, ask: Decimal) -> None:
        self.bids.add(bid)
        self.asks.add(ask)


def check_nothing_was_sent(live: Bench) -> None:
    """What any order, key or signature would have left behind at the live exchange, or on the way to it."""
    sent = {line.partition("?")[0].removesuffix(" HTTP/1.1") for line in live.proxy.requests}
    assert sent and sent <= PUBLIC_REQUESTS
    assert not any("signature" in line or "timestamp" in line for line in live.proxy.requests)
    assert live.exchange.venue.listen_key.value is None


def trade_through(live: Bench, price: Decimal) -> None:
    """Let somebody sell down to a price of the live market, as its next instant."""
    venue = live.exchange.venue
    feed = venue.feed(SYMBOL)
    bids = tuple((price - Decimal("0.1") * (1 + n), Decimal(5)) for n in range(20))
    asks = tuple((price + Decimal("0.1") * n, Decimal(5)) for n in range(20))
    prints = (Print(price, Decimal(50), True),)
    mark, index, rate = feed.mark_price, feed.index_price, feed.funding_rate
    tick = MarketTick(SYMBOL, venue.market_ms, prints, bids, asks, mark, index, rate)
    venue.take_ticks([tick], venue.market_ms)
    venue.publish()
    venue.hub.flush()


def test_prices_are_the_live_ones_and_orders_meet_its_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as live, session(tmp_path, PAPER, options(with_book=True)) as run:
            callback, venue, tops = run.trader.callback, live.exchange.venue, Tops(live, run)
            closed = [r for r in venue.feed(SYMBOL).klines.rows("1m", 600) if r.close_time_ms <= venue.market_ms]
            arrays = callback.klines.arrays()
            assert len(arrays.close) >= 500
            assert [float(r.close) for r in closed[-400:]] == list(arrays.close[-400:])
            assert closed[-1].open_time_ms == arrays.open_time_ms[-1]
            book = venue.feed(SYMBOL).book
            await run.wait(
                "the live book",
                lambda: [*map(list, callback.order_book.top(20))] == [list(book.bids[:20]), list(book.asks[:20])],
            )

            assert (await run.submit(Side.BUY)).step.refusals == ()
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            assert run.fills[0].price in tops.asks
            assert (await run.submit(Side.SELL, purpose=Purpose.EXIT, reduce_only=True)).step.refusals == ()
            await run.wait("flat again", lambda: run.position_amount == 0)
            assert run.fills[-1].price in tops.bids
            limit = await run.resting_buy()
            assert limit.price is not None
            trade_through(live, limit.price - 10)
            await run.wait("the limit's fill", lambda: run.position_amount == QUANTITY)
            assert run.fills[-1].client_order_id == limit.client_order_id
            assert (run.fills[-1].price, run.fills[-1].is_maker) == (limit.price, True)
            assert await live.order_ids() == []
        figures = run.trader.summary
        change = figures.wallet_balance - figures.start_wallet_balance
        assert change == figures.realized_pnl - figures.commission + figures.funding_fee != 0
        check_nothing_was_sent(live)

    asyncio.run(body())


def test_while_the_market_is_not_mirrored_nothing_is_opened_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("WARNING .*the live market does not reach the simulated exchange")

    async def body() -> None:
        async with bench(monkeypatch) as live, session(tmp_path, PAPER, options()) as run:
            routes = run.trader.status.routes
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            live.proxy.hold(MIRROR_BOOK)  # a network that goes silent closes nothing
            try:
                await run.wait("the exchange stands still", lambda: not routes[Route.PRIVATE].is_fresh)
            except AssertionError:
                live.proxy.release()  # what is held would keep the proxy from ending
                raise
            assert routes[Route.PRIVATE].detail == "mirror_stale"
            assert routes[Route.MARKET].is_fresh and routes[Route.PUBLIC].is_fresh
            assert codes((await run.submit(Side.BUY)).step.refusals) == ["stale_feed"]
            assert codes(await run.trader.arm(None)) == ["stale_feed"]
            # Out is always possible, at the books as they were last seen.
            assert (await run.submit(Side.SELL, purpose=Purpose.EXIT, reduce_only=True)).step.refusals == ()
            await run.wait("flat", lambda: run.position_amount == 0)
            assert not routes[Route.PRIVATE].is_fresh  # own events prove the stream alive, not the market

            live.proxy.release()
            await run.wait("the exchange moves again", lambda: routes[Route.PRIVATE].is_fresh)
            assert routes[Route.PRIVATE].detail == "connected"
            assert (await run.submit(Side.BUY, OrderType.LIMIT, price=run.far_price("-0.02"))).step.refusals == ()
        check_nothing_was_sent(live)

    asyncio.run(body())


@pytest.mark.parametrize("symbol", ["NOSUCHUSDT", "ETHUSDT1"])
def test_an_unknown_symbol_is_named_before_anything_is_started(
    symbol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch):
            with pytest.raises(UserError, match=f"unknown symbol {symbol}; "):
                async with session(tmp_path, PAPER, options(symbol=symbol)):
                    pass

    asyncio.run(body())


def test_a_symbol_of_the_second_kind_trades_by_its_own_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A coin whose ticks and steps differ from the default's, on one interval longer than the mirror's own."""

    async def body() -> None:
        wanted = ExchangeOptions(seed=3, symbols=("DOGEUSDT",))
        async with (
            bench(monkeypatch, wanted) as live,
            session(tmp_path, PAPER, options(symbol="DOGEUSDT", interval="5m")) as run,
        ):
            rules, tops = run.trader.rules, Tops(live, run)
            assert (rules.tick_size, rules.step_size) == (Decimal("0.000010"), Decimal(1))
            intent = msgspec.structs.replace(run.intent(Side.BUY, quantity=Decimal(30)), symbol="DOGEUSDT")
            assert (await run.trader.submit(intent)).step.refusals == ()
            await run.wait("the fill", lambda: run.fills)
            assert run.fills[0].price in tops.asks

    asyncio.run(body())
