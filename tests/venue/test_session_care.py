"""What a session owes to a position of the engine when it is disarmed, stopped, or has lost an event."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.session_world import QUANTITY, Bench, Session, bench
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import OrderStatus, OrderType, Origin, OutcomeKind, Side
from trader_gui.domain.step import EngineMode, FeedStatus, Route, Step
from trader_gui.rt_trader.road import Answer

Expect = Callable[[str], None]


async def engine_entry(run: Session, order_type: OrderType = OrderType.MARKET, **more: object) -> Answer:
    """Let an entry of the engine be approved and sent, as its rules would."""
    return await run.trader.submit(replace(run.intent(Side.BUY, order_type, **more), origin=Origin.ENGINE))


async def stops_at_the_exchange(desk: Bench) -> int:
    return len((await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")).json)


def test_disarming_takes_back_the_engines_resting_entry_and_leaves_the_hands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            by_hand = await run.resting_buy()
            assert await run.trader.arm(None) == ()
            await engine_entry(run, OrderType.LIMIT, price=run.far_price("-0.03"))
            await run.wait("both rest", lambda: [o.status for o in run.open_orders] == [OrderStatus.NEW] * 2)
            await run.trader.disarm()
            gate = run.trader.callback.gate
            await run.wait("halted", lambda: gate.mode is EngineMode.HALTED)
            rows = (await desk.raw.signed("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")).json
            assert [row["clientOrderId"] for row in rows] == [by_hand.client_order_id]

    asyncio.run(body())


@pytest.mark.parametrize("is_stopped", [False, True])
def test_an_entry_that_fills_while_the_engine_is_disarmed_or_the_session_stops_gets_its_stop(
    is_stopped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue has taken the entry, and nobody has heard of the fill yet."""

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            trader = run.trader
            assert await trader.arm(None) == ()
            desk.proxy.hold("GET /private")
            try:
                answer = await engine_entry(run)
                assert answer.outcomes[0].kind is OutcomeKind.ACCEPTED
                assert await desk.position_amount() == QUANTITY
                assert run.position_amount == 0
                if is_stopped:
                    trader.request_stop()
                else:
                    await trader.disarm()
                await run.wait("nothing more is opened", lambda: trader.callback.gate.mode is EngineMode.REDUCING)
                assert await stops_at_the_exchange(desk) == 0
            finally:
                desk.proxy.release()
            await run.wait("halted", lambda: trader.callback.gate.mode is EngineMode.HALTED)
            assert await stops_at_the_exchange(desk) == 1
            assert await desk.position_amount() == QUANTITY

    asyncio.run(body())


def test_the_account_is_known_before_the_user_stream_counts_as_fresh_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    """Between the reconnect and the answer, entries would be decided on the account of before the cut."""
    expect_log("private stream lost")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            order = await run.resting_buy()
            desk.proxy.cut("GET /private")
            await run.wait("the cut is told", lambda: not run.trader.callback.routes_fresh[Route.PRIVATE])
            desk.trade_through(order.price - Decimal("0.1"))
            known_when_fresh: list[Decimal] = []

            def look(step: Step) -> None:
                if isinstance(step.message, FeedStatus) and step.message == FeedStatus(
                    Route.PRIVATE, True, step.message.event_time_ms
                ):
                    known_when_fresh.append(run.position_amount)

            run.trader.add_observer(look)
            desk.proxy.allow("GET /private")
            await run.wait("fresh again", lambda: run.trader.callback.routes_fresh[Route.PRIVATE])
            assert known_when_fresh == [QUANTITY]

    asyncio.run(body())


def test_an_event_that_cannot_be_read_has_the_account_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("a frame cannot be read")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:

            def snapshots() -> int:
                return sum(isinstance(s.message, AccountSnapshot) for s in run.steps)

            before = snapshots()
            venue = desk.exchange.venue
            hub, key = venue.hub, venue.listen_key.value
            assert key is not None
            hub.publish_private(key, {"e": "ORDER_TRADE_UPDATE", "E": 1, "T": 1, "o": {"s": "BTCUSDT"}})
            hub.flush()
            await run.wait("the account is read", lambda: snapshots() > before)
            await run.wait("fresh again", lambda: run.trader.callback.routes_fresh[Route.PRIVATE])

    asyncio.run(body())
