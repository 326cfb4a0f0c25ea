"""A session whose connections are cut, held back and swallowed: it says so, bars entries, and learns what it missed."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.session_world import QUANTITY, Session, bench, codes
from trader_gui.domain.order import OrderOutcome, OrderStatus, OrderType, OutcomeKind, Purpose, Side
from trader_gui.domain.step import ApprovedOrder, FeedStatus, Route
from trader_gui.journal.reader import JournalReader
from trader_gui.settings import DataDirectory
from trader_gui.simulated_exchange.fault_plan import read_plan
from trader_gui.simulated_exchange.options import ExchangeOptions

MINUTE_MS = 60_000
Expect = Callable[[str], None]


def told_fresh(run: Session, route: Route) -> list[bool]:
    """Return what the core was told of a route, oldest first."""
    return [s.message.is_fresh for s in run.steps if isinstance(s.message, FeedStatus) and s.message.route is route]


def test_a_cut_of_the_market_bars_entries_and_leaves_no_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    """At a hundred times the market's speed, so that several klines close during the cut."""
    expect_log("market stream lost")

    async def body() -> None:
        async with (
            bench(monkeypatch, ExchangeOptions(seed=5, speed=100.0)) as desk,
            desk.session(tmp_path, speed="100") as run,
        ):
            trader = run.trader
            klines = trader.callback.klines
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            assert await trader.arm(None) == ()
            last_before = klines.last.open_time_ms
            desk.proxy.cut("GET /market")
            await run.wait("the cut is told", lambda: not trader.status.routes[Route.MARKET].is_connected)
            assert trader.status.routes[Route.MARKET].detail
            assert not trader.callback.routes_fresh[Route.MARKET]
            sent = desk.proxy.count("POST /fapi/v1/order")
            assert codes((await run.submit(Side.BUY)).step.refusals) == ["stale_feed"]
            assert "stale_feed" in codes(await trader.arm(None))
            assert desk.proxy.count("POST /fapi/v1/order") == sent
            # What makes it smaller is still possible.
            await run.submit(Side.SELL, reduce_only=True, purpose=Purpose.EXIT)
            await run.wait("flat", lambda: run.position_amount == 0)
            # The other sockets tell that the market goes on: three klines have closed unheard.
            await run.wait("time goes by", lambda: trader.callback.now_ms > last_before + 5 * MINUTE_MS)
            assert klines.last.open_time_ms <= last_before + MINUTE_MS
            desk.proxy.allow("GET /market")
            await run.wait("fresh again", lambda: trader.callback.routes_fresh[Route.MARKET])
            await run.wait("what was missed", lambda: klines.last.open_time_ms >= last_before + 4 * MINUTE_MS)
            await run.wait("no gap", lambda: not klines.has_gap)
            assert np.all(np.diff(klines.arrays().open_time_ms) == MINUTE_MS)
            assert (await run.submit(Side.BUY)).step.refusals == ()

    asyncio.run(body())


def test_a_market_that_falls_silent_is_stale_before_the_socket_says_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("market stream lost: no_pong")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            desk.proxy.hold("GET /market")
            await run.wait("stale", lambda: not run.trader.callback.routes_fresh[Route.MARKET])
            assert codes((await run.submit(Side.BUY)).step.refusals) == ["stale_feed"]
            await run.wait("the loss", lambda: not run.trader.status.routes[Route.MARKET].is_connected)
            desk.proxy.release()
            await run.wait("fresh", lambda: run.trader.callback.routes_fresh[Route.MARKET])
            assert told_fresh(run, Route.MARKET)[-2:] == [False, True]

    asyncio.run(body())


def test_an_order_filled_while_the_user_stream_was_cut_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("private stream lost")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            trader = run.trader
            order = await run.resting_buy()
            desk.proxy.cut("GET /private")
            await run.wait("the cut is told", lambda: not trader.callback.routes_fresh[Route.PRIVATE])
            assert codes((await run.submit(Side.BUY)).step.refusals) == ["stale_feed"]
            desk.trade_through(order.price - Decimal("0.1"))
            assert await desk.position_amount() == QUANTITY
            # A second change behind the session's back, by another program of the same account.
            foreign = await desk.raw.order(
                side="BUY", type="LIMIT", quantity="0.002", price=str(order.price / 2 // 1), timeInForce="GTC"
            )
            assert foreign.status == 200, foreign.text
            assert run.position_amount == 0  # nothing of it has been heard
            desk.proxy.allow("GET /private")
            await run.wait("fresh again", lambda: trader.callback.routes_fresh[Route.PRIVATE])
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await run.wait(
                "the order is over", lambda: trader.callback.orders.get(order.client_order_id).status.is_terminal
            )
            known = trader.callback.orders.get(order.client_order_id)
            assert known is not None and known.status is OrderStatus.FILLED
            assert known.executed_quantity == QUANTITY
            await run.wait("the foreign order", lambda: len(run.open_orders) == 1)
            assert run.open_orders[0].client_order_id == foreign.json["clientOrderId"]
            # The stream never told the execution: it was read, and is booked like any other.
            await run.wait("the fill", lambda: run.fills)
            summary = trader.summary
            assert (summary.fills, summary.commission) == (1, run.fills[0].commission)
            assert summary.wallet_balance == summary.start_wallet_balance - summary.commission
            assert trader.callback.result_today == -summary.commission
        with JournalReader(DataDirectory(tmp_path / "data", "testnet").journal_path) as reader:
            (fill,) = reader.fills()
        assert (fill.client_order_id, fill.quantity) == (order.client_order_id, QUANTITY)

    asyncio.run(body())


def test_a_stop_that_fell_while_the_user_stream_was_cut_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("private stream lost")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            trader = run.trader
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            stop = run.intent(
                Side.SELL,
                OrderType.STOP_MARKET,
                quantity=None,
                close_position=True,
                purpose=Purpose.PROTECTION,
                trigger_price=run.far_price("-0.01"),
            )
            await trader.submit(stop)
            await run.wait("the stop", lambda: [o.status for o in run.open_orders] == [OrderStatus.NEW])
            desk.proxy.cut("GET /private")
            await run.wait("the cut is told", lambda: not trader.callback.routes_fresh[Route.PRIVATE])
            desk.trade_through(run.far_price("-0.012"))
            assert await desk.position_amount() == 0
            desk.proxy.allow("GET /private")
            await run.wait("flat, and nothing open", lambda: run.position_amount == 0 and not run.open_orders)
            await run.wait("both fills", lambda: len(run.fills) >= 2)
            assert trader.callback.orders.origin_of(run.fills[-1].client_order_id)[1] is Purpose.PROTECTION
            summary = trader.summary
            change = summary.wallet_balance - summary.start_wallet_balance
            assert change == summary.realized_pnl - summary.commission
            assert summary.realized_pnl < 0

    asyncio.run(body())


def test_an_order_whose_answer_was_lost_is_asked_about_and_never_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user stream is held back as well, so that asking is the only way to know."""

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            trader = run.trader
            desk.proxy.hold("GET /private")
            desk.proxy.swallow("POST /fapi/v1/order?")
            answer = await run.submit(Side.BUY)
            (approved,) = answer.step.approved
            assert isinstance(approved, ApprovedOrder)
            client_order_id = approved.client_order_id
            assert answer.outcomes[0].kind is OutcomeKind.UNKNOWN
            await run.wait(
                "unknown is told", lambda: trader.callback.orders.get(client_order_id).status is OrderStatus.UNKNOWN
            )
            # While nobody knows, nothing more may be opened.
            assert codes((await run.submit(Side.BUY)).step.refusals) == ["order_in_flight"]
            await run.wait(
                "the venue is asked", lambda: trader.callback.orders.get(client_order_id).status is OrderStatus.FILLED
            )
            assert desk.proxy.count("POST /fapi/v1/order?") == 1
            assert desk.proxy.count("GET /fapi/v1/order?") >= 1
            assert await desk.order_ids() == [client_order_id]
            assert await desk.position_amount() == QUANTITY
            desk.proxy.release()
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            assert [f.client_order_id for f in run.fills] == [client_order_id]
            assert trader.summary.orders == 1
        with JournalReader(DataDirectory(tmp_path / "data", "testnet").journal_path) as reader:
            kinds = [m.kind for m in reader.order_messages(client_order_id) if isinstance(m, OrderOutcome)]
        assert kinds == [OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED]

    asyncio.run(body())


def test_a_cancel_whose_answer_was_lost_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            order = await run.resting_buy()
            desk.proxy.hold("GET /private")
            desk.proxy.swallow("DELETE /fapi/v1/order?")
            answer = await run.trader.cancel(order)
            assert answer.outcomes[0].kind is OutcomeKind.UNKNOWN
            await run.wait("it is over", lambda: not run.open_orders)
            assert desk.proxy.count("DELETE /fapi/v1/order?") == 1
            desk.proxy.release()

    asyncio.run(body())


def test_a_stop_whose_answer_was_lost_is_found_in_the_algo_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            desk.proxy.hold("GET /private")
            desk.proxy.swallow("POST /fapi/v1/algoOrder?")
            answer = await run.submit(
                Side.SELL,
                OrderType.STOP_MARKET,
                quantity=None,
                close_position=True,
                purpose=Purpose.PROTECTION,
                trigger_price=run.far_price("-0.03"),
            )
            assert answer.outcomes[0].kind is OutcomeKind.UNKNOWN
            await run.wait("it rests", lambda: [o.status for o in run.open_orders] == [OrderStatus.NEW])
            assert desk.proxy.count("POST /fapi/v1/algoOrder?") == 1
            assert len((await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")).json) == 1
            desk.proxy.release()

    asyncio.run(body())


def test_a_setting_whose_answer_outlives_the_session_ends_without_a_repair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is cut off while the answer is under way; who asked has it, and nothing is begun any more."""

    async def body() -> None:
        async with bench(monkeypatch) as desk:
            faults = [{"kind": "delay_answer", "path": "/fapi/v1/leverage", "ms": 800}]
            with pytest.raises(asyncio.CancelledError):
                async with desk.session(tmp_path) as run:
                    desk.exchange.trouble.start(read_plan(json.dumps({"seed": 1, "faults": faults}).encode()))
                    setting = asyncio.create_task(run.trader.set_leverage(run.trader.symbol, 7), name="setting")
                    await run.wait("it is sent", lambda: desk.proxy.count("POST /fapi/v1/leverage"))
                    assert run.task is not None
                    run.task.cancel()
            await setting

    asyncio.run(body())
