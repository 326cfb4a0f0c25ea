"""A session that trades several symbols by hand: each by its own prices and terms, the engine's untouched."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench, codes
from trader_gui.callback.quotes import quotes_of
from trader_gui.domain.account import MarginType
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import Order, OrderStatus, OrderType, OutcomeKind, Purpose, Side, TimeInForce
from trader_gui.domain.step import MarketState, Route, SymbolStatus
from trader_gui.models.ticket import read_facts
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader.road import Answer
from trader_gui.simulated_exchange.options import ExchangeOptions

ETHER, SOL = "ETHUSDT", "SOLUSDT"
SIZE = Decimal("0.100")
Body = Callable[[Bench, Session], Awaitable[None]]


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Body], None]:
    """Run a test's coroutine with an exchange of three symbols and a session of the first one."""

    async def run(body: Body) -> None:
        wanted = ExchangeOptions(seed=5, symbols=(SYMBOL, ETHER, SOL))
        async with (
            bench(monkeypatch, wanted) as desk,
            desk.session(tmp_path, profile=PROFILES["testnet"], with_book=True) as session,
        ):
            await body(desk, session)

    return lambda body: asyncio.run(run(body))


async def send(run: Session, symbol: str, side: Side, kind: OrderType = OrderType.MARKET, **more: Any) -> Answer:
    """Put an order of a symbol to the gate."""
    quantity = more.pop("quantity", QUANTITY if symbol == SYMBOL else SIZE)
    return await run.trader.submit(replace(run.intent(side, kind, quantity=quantity, **more), symbol=symbol))


async def show(run: Session, symbol: str, interval: str = "1m") -> None:
    """Show a symbol, and wait until it can be traded."""
    run.trader.show(symbol, interval)
    callback = run.trader.callback
    await run.wait(f"{symbol} is fresh", lambda: quotes_of(callback, symbol).is_fresh)
    await run.wait(f"the terms of {symbol}", lambda: symbol == SYMBOL or run.trader.status.shown.terms.get(symbol))


def held(run: Session, symbol: str) -> Decimal:
    position = run.trader.callback.account.position(symbol)
    return position.position_amount if position else Decimal(0)


def orders_of(run: Session, symbol: str) -> list[Order]:
    return [o for o in run.trader.callback.orders.open_orders(symbol) if o.status is OrderStatus.NEW]


def price_of(run: Session, symbol: str, factor: str) -> Decimal:
    """Return a price of a symbol's own ticks, `factor` times its mark price."""
    mark = quotes_of(run.trader.callback, symbol).mark_price
    assert mark is not None
    return run.trader.callback.symbol_rules.of(symbol).snap_price(mark * Decimal(factor))


def test_two_symbols_are_held_and_ordered_at_once_and_shown_by_turns(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        callback, status = run.trader.callback, run.trader.status
        assert codes((await send(run, ETHER, Side.BUY)).step.refusals) == ["other_symbol"]
        await send(run, SYMBOL, Side.BUY)
        await show(run, ETHER)
        await send(run, ETHER, Side.SELL)
        await run.wait("both positions", lambda: (held(run, SYMBOL), held(run, ETHER)) == (QUANTITY, -SIZE))
        # Orders of every kind rest on both, whichever is shown.
        for kind, more in (
            (OrderType.LIMIT, {"price": price_of(run, ETHER, "0.98"), "time_in_force": TimeInForce.GTC}),
            (OrderType.STOP_MARKET, {"trigger_price": price_of(run, ETHER, "1.02")}),
            (OrderType.TRAILING_STOP_MARKET, {"callback_fraction": Decimal("0.01")}),
        ):
            answer = await send(run, ETHER, Side.BUY, kind, **more)
            assert [o.kind for o in answer.outcomes] == [OutcomeKind.ACCEPTED], (kind, answer)
        await show(run, SYMBOL)
        await send(run, SYMBOL, Side.BUY, OrderType.LIMIT, price=price_of(run, SYMBOL, "0.98"))
        await run.wait("its order", lambda: len(orders_of(run, SYMBOL)) == 1)
        assert len(orders_of(run, ETHER)) == 3
        former = quotes_of(callback, ETHER).mark_price
        await run.wait("its mark price moves on", lambda: quotes_of(callback, ETHER).mark_price not in (None, former))
        # What is no longer shown can be closed and cancelled all the same, and nothing of it is opened.
        assert codes((await send(run, ETHER, Side.BUY)).step.refusals) == ["other_symbol"]
        closing = await send(run, ETHER, Side.BUY, reduce_only=True, purpose=Purpose.EXIT)
        assert closing.step.refusals == ()
        await run.wait("ether is flat", lambda: held(run, ETHER) == 0)
        await run.trader.cancel(*orders_of(run, ETHER))
        await run.wait("its orders are gone", lambda: not orders_of(run, ETHER))
        await run.wait("nothing of it is watched", lambda: callback.markets.of(ETHER) is None)
        await show(run, ETHER)
        assert held(run, SYMBOL) == QUANTITY and len(orders_of(run, SYMBOL)) == 1
        assert (await send(run, ETHER, Side.BUY)).step.refusals == ()
        await run.wait("ether once more", lambda: held(run, ETHER) == SIZE)
        assert await desk.position_amount() == QUANTITY
        assert status.halt_reason == "" and status.reconciliation.open_rows == 0

    drive(body)


def test_a_cut_of_the_shown_market_bars_its_orders_and_no_others(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        callback, status = run.trader.callback, run.trader.status
        await show(run, ETHER)
        await send(run, ETHER, Side.BUY)
        await run.wait("the position", lambda: held(run, ETHER) == SIZE)
        for beginning in ("GET /market/stream?streams=ethusdt", "GET /public/stream?streams=ethusdt"):
            desk.proxy.cut(beginning)
        await run.wait("ether is stale", lambda: not quotes_of(callback, ETHER).is_fresh)
        assert all(route.is_fresh for route in status.routes.values()) and all(callback.routes_fresh.values())
        await run.wait("both routes", lambda: not any(route.is_fresh for route in status.shown.routes.values()))
        assert codes((await send(run, ETHER, Side.BUY)).step.refusals) == ["stale_feed"]
        facts = read_facts(callback, status, 0)
        assert (facts.rules.symbol, facts.feed_is_live) == (ETHER, False)
        assert (await send(run, SYMBOL, Side.BUY)).step.refusals == ()
        closing = await send(run, ETHER, Side.SELL, reduce_only=True, purpose=Purpose.EXIT)
        assert closing.outcomes[0].kind is OutcomeKind.ACCEPTED
        await run.wait("the session's symbol was bought", lambda: held(run, SYMBOL) == QUANTITY)
        for beginning in ("GET /market/stream?streams=ethusdt", "GET /public/stream?streams=ethusdt"):
            desk.proxy.allow(beginning)
        await run.wait("ether is fresh again", lambda: quotes_of(callback, ETHER).is_fresh)
        assert (await send(run, ETHER, Side.BUY)).step.refusals == ()

    drive(body)


def test_one_route_that_falls_silent_is_enough(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await show(run, ETHER)
        desk.proxy.hold("GET /public/stream?streams=ethusdt")
        await run.wait("ether is stale", lambda: not quotes_of(run.trader.callback, ETHER).is_fresh)
        assert run.trader.status.shown.routes[Route.MARKET].is_fresh
        assert codes((await send(run, ETHER, Side.BUY)).step.refusals) == ["stale_feed"]
        desk.proxy.release()
        await run.wait("ether is fresh again", lambda: quotes_of(run.trader.callback, ETHER).is_fresh)

    drive(body)


def test_another_interval_does_not_hold_the_orders_up(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await show(run, ETHER)
        seen = len(run.steps)
        for interval in ("5m", "1h", "1d"):
            sockets = desk.proxy.count("GET /market/stream?streams=ethusdt")
            run.trader.show(ETHER, interval)
            await run.wait(
                "another socket", lambda n=sockets: desk.proxy.count("GET /market/stream?streams=ethusdt") > n
            )
            market = run.trader.callback.markets.of(ETHER)
            assert market is not None
            former = market.mark_price.revision
            await run.wait("prices by it", lambda m=market, r=former: m.mark_price.revision > r + 1)
        told = [s.message.state for s in run.steps[seen:] if isinstance(s.message, SymbolStatus)]
        assert MarketState.STALE not in told
        assert desk.proxy.count("GET /public/stream?streams=ethusdt") == 1

    drive(body)


def test_leverage_and_margin_type_are_those_of_the_shown_symbol(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        trader = run.trader
        before = trader.callback.account.leverage(SYMBOL)
        await show(run, SOL)
        await trader.set_leverage(SOL, 7)
        await trader.set_margin_type(SOL, MarginType.ISOLATED)
        facts = read_facts(trader.callback, trader.status, 0)
        assert (facts.rules.symbol, facts.leverage, facts.margin_type) == (SOL, 7, MarginType.ISOLATED)
        assert facts.brackets != trader.status.brackets and facts.taker_fraction is not None
        assert trader.callback.account.leverage(SYMBOL) == before
        config = (await desk.raw.signed("GET", "/fapi/v1/symbolConfig", symbol=SOL)).json[0]
        assert (config["leverage"], config["marginType"]) == (7, "ISOLATED")

    drive(body)


def test_what_is_free_counts_the_positions_and_orders_of_every_symbol(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        trader = run.trader
        await send(run, SYMBOL, Side.BUY, OrderType.LIMIT, price=price_of(run, SYMBOL, "0.98"))
        await show(run, ETHER)
        await send(run, ETHER, Side.BUY)
        await run.wait("all is told", lambda: held(run, ETHER) and orders_of(run, SYMBOL))

        async def told() -> Decimal:
            return Decimal((await desk.raw.signed("GET", "/fapi/v3/account")).json["availableBalance"])

        facts, free = read_facts(trader.callback, trader.status, 0), await told()
        assert facts.available_balance is not None
        assert abs(facts.available_balance - free) < Decimal(1)
        assert facts.other_cross_pnl == 0
        await show(run, SYMBOL)
        facts = read_facts(trader.callback, trader.status, 0)
        assert facts.available_balance is not None and abs(facts.available_balance - await told()) < Decimal(1)

    drive(body)


def test_nothing_that_happens_to_another_symbol_reaches_the_engine(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        trader = run.trader
        assert await trader.arm(None) == ()
        await show(run, ETHER)
        await send(run, ETHER, Side.BUY)
        await run.wait("the position", lambda: held(run, ETHER) == SIZE)
        evaluated = [s for s in run.steps if s.evaluation is not None]
        assert {s.message.symbol for s in evaluated} == {SYMBOL}  # type: ignore[union-attr]
        assert trader.is_armed and not trader.callback.engine_holds_position
        trader.show(SYMBOL, "5m")  # its klines are for the chart alone
        seen = len(run.steps)
        await run.wait("time goes by", lambda: len(run.steps) > seen + 40)
        klines = {s.message.interval for s in run.steps[seen:] if hasattr(s.message, "interval")}
        assert klines <= {"1m"}

    drive(body)


def test_an_entry_there_gets_its_stop_and_target_and_they_go_with_the_position(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await show(run, ETHER)
        entry = replace(run.intent(Side.BUY, quantity=SIZE), symbol=ETHER)
        stop, target = ExitLevel(price=price_of(run, ETHER, "0.97")), ExitLevel(price=price_of(run, ETHER, "1.03"))
        answer = await run.trader.submit_bracket(BracketWish(entry, stop, target))
        assert answer.step.refusals == ()

        def exits() -> list[OrderType]:
            return sorted(o.order_type for o in orders_of(run, ETHER))

        await run.wait("stop and target rest", lambda: exits() == [OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET])
        await show(run, SYMBOL)  # they are kept, whatever is shown
        await send(run, ETHER, Side.SELL, reduce_only=True, purpose=Purpose.EXIT)
        await run.wait("flat", lambda: held(run, ETHER) == 0)
        await run.wait("nothing of it rests", lambda: not run.trader.callback.orders.open_orders(ETHER))
        assert (await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol=ETHER)).json == []

    drive(body)


def test_a_session_that_is_shown_another_symbol_ends_in_order(drive: Callable[[Body], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await show(run, ETHER)
        await send(run, ETHER, Side.BUY)
        await run.wait("the position", lambda: held(run, ETHER) == SIZE)
        run.trader.show(SOL, "1m")
        run.trader.show(ETHER, "5m")
        run.trader.show(SOL, "1h")

    drive(body)
