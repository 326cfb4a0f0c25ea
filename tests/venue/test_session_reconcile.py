"""What the screen says is what the exchange holds: lost events, a dead user stream, and others at work."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench
from trader_gui.domain.order import OrderStatus, OrderType, OrderUpdate, Purpose, Side
from trader_gui.domain.step import FeedStatus, Route
from trader_gui.journal.reader import JournalReader
from trader_gui.orders.reconcile import RowKind, RowState
from trader_gui.rt_trader import reconciler as module
from trader_gui.settings import DataDirectory
from trader_gui.simulated_exchange.fault_plan import read_plan

Expect = Callable[[str], None]

LOOK_S = 0.5
FOREVER = {"until_ms": 3_600_000}


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", LOOK_S)


def expect_doubt(expect_log: Expect) -> None:
    """Whether it is an echo that stays out, or a look, that finds it first is a matter of time."""
    expect_log("the user stream (is doubted|did not tell)")


def strike(desk: Bench, *faults: dict[str, Any]) -> None:
    """Put a plan of faults into effect."""
    desk.exchange.trouble.start(read_plan(json.dumps({"seed": 1, "faults": faults}).encode()))


def causes(run: Session) -> dict[tuple[RowKind, str], str]:
    """Return why what was settled differed, by row; what is not explained has its state in the place of a cause."""
    settled = (RowState.EXPLAINED, RowState.UNEXPLAINED)
    rows = [row for row in run.trader.status.reconciliation.rows if row.state in settled]
    return {(row.kind, row.name): row.cause or row.state.value for row in reversed(rows)}


def keys_asked(desk: Bench) -> int:
    return desk.proxy.count("POST /fapi/v1/listenKey")


async def until_confirmed(run: Session) -> None:
    """Wait for a look that finds everything as it is known."""
    status = run.trader.status.reconciliation
    before = status.confirmed_ns
    await run.wait("the account is confirmed", lambda: status.confirmed_ns != before)


def was_stale(run: Session) -> bool:
    return any(
        isinstance(m := s.message, FeedStatus) and m.route is Route.PRIVATE and not m.is_fresh for s in run.steps[-500:]
    )


async def buy_elsewhere(desk: Bench, **more: Any) -> dict[str, Any]:
    values = {"side": "BUY", "type": "MARKET", "quantity": "0.002", "newClientOrderId": "web_1", **more}
    reply = await desk.raw.order(**values)
    assert reply.status == 200, reply.text
    answer: dict[str, Any] = reply.json
    return answer


def test_a_quiet_account_is_confirmed_again_and_again_and_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await run.submit(Side.BUY)
            await run.resting_buy()
            for _ in range(3):
                await until_confirmed(run)
            status = run.trader.status.reconciliation
            assert {row.state for row in status.rows} == {RowState.AGREES}
            kinds = {row.kind: (row.venue, row.journal, row.memory) for row in status.rows}
            assert kinds[RowKind.POSITION] == ("0.01", "0.01", "0.01")
            assert kinds[RowKind.ORDER][1] == kinds[RowKind.ORDER][0]
            # Most looks list the orders of the symbol in play alone, which costs a fortieth.
            lists = [f"GET /fapi/v1/openOrders?{name}=" for name in ("symbol", "timestamp")]
            of_symbol, of_all = (desk.proxy.count(beginning) for beginning in lists)
            for _ in range(3):
                await until_confirmed(run)
            assert desk.proxy.count(lists[0]) >= of_symbol + 3
            assert desk.proxy.count(lists[1]) == of_all
            assert keys_asked(desk) == 1

    asyncio.run(body())


# ---- lost events -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"])
def test_an_event_of_an_own_trade_that_is_lost_has_the_stream_replaced_within_seconds(
    event: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)
    monkeypatch.setattr(module, "LOOK_S", 60.0)  # a look may be under way; else the echo finds it

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            strike(desk, {"kind": "event_lost", "event": event, "count": 2 if event == "ORDER_TRADE_UPDATE" else 1})
            started = asyncio.get_running_loop().time()
            await run.submit(Side.BUY)
            await run.wait("the key is asked for anew", lambda: keys_asked(desk) == 2)
            assert asyncio.get_running_loop().time() - started < 4.0
            assert was_stale(run)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await run.wait("fresh", lambda: run.trader.callback.routes_fresh[Route.PRIVATE])
            await run.wait("the fill", lambda: len(run.fills) >= 1)
            await run.wait("the order is over", lambda: not run.open_orders)

    asyncio.run(body())


def test_a_stop_that_the_stream_does_not_tell_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)
    monkeypatch.setattr(module, "LOOK_S", 60.0)

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            strike(desk, {"kind": "event_lost", "event": "ALGO_UPDATE", "count": 1})
            await run.submit(
                Side.SELL,
                OrderType.STOP_MARKET,
                quantity=None,
                close_position=True,
                purpose=Purpose.PROTECTION,
                trigger_price=run.far_price("-0.02"),
            )
            await run.wait("the key is asked for anew", lambda: keys_asked(desk) == 2)
            await run.wait("fresh", lambda: run.trader.callback.routes_fresh[Route.PRIVATE])
            assert [o.status for o in run.open_orders] == [OrderStatus.NEW]

    asyncio.run(body())


def test_a_key_that_ends_without_a_word_is_found_out_by_the_next_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)
    monkeypatch.setattr(module, "LOOK_S", 60.0)

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            desk.exchange.trouble.expire_listen_key(is_announced=False)
            started = asyncio.get_running_loop().time()
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await run.wait("fresh", lambda: run.trader.callback.routes_fresh[Route.PRIVATE])
            assert asyncio.get_running_loop().time() - started < 4.0
            asked = keys_asked(desk)
            await run.submit(Side.SELL, purpose=Purpose.EXIT, reduce_only=True)
            await run.wait("flat, told by the new stream", lambda: run.position_amount == 0)
            assert (asked, keys_asked(desk)) == (2, 2)

    asyncio.run(body())


# ---- others, unheard -------------------------------------------------------------------------------------------------


def test_a_trade_made_elsewhere_while_the_stream_is_silent_is_adopted_and_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            strike(desk, {"kind": "stream_silent", "route": "private", "until_ms": 1500})
            await buy_elsewhere(desk)
            await run.wait("the position", lambda: run.position_amount == Decimal("0.002"))
            await run.wait("explained", lambda: causes(run).get((RowKind.WALLET, "USDT")))
            found = causes(run)
            assert found.pop((RowKind.WALLET, "USDT")) == "executions"
            assert found.pop((RowKind.POSITION, SYMBOL)) == "foreign_executions"
            assert [(kind, cause) for (kind, _), cause in found.items()] == [(RowKind.EXECUTION, "foreign_executions")]
            assert [f.client_order_id for f in run.fills] == ["web_1"]
            assert run.trader.status.halt_reason == ""
            await run.wait("fresh", lambda: run.trader.callback.routes_fresh[Route.PRIVATE])
            await until_confirmed(run)
        with JournalReader(DataDirectory(tmp_path / "data", "testnet").journal_path) as reader:
            session = reader.last_session()
            assert session is not None
            notes = [note.text for note in reader.notes(session.session_id) if note.kind == "difference"]
            assert [f.client_order_id for f in reader.fills()] == ["web_1"]
        assert any(SYMBOL in text and "foreign_executions" in text for text in notes)

    asyncio.run(body())


def test_money_that_came_from_elsewhere_unheard_is_a_transfer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            strike(desk, {"kind": "event_lost", "event": "ACCOUNT_UPDATE", "count": 1})
            venue = desk.exchange.venue
            venue.deliver(venue.core.transfer("USDT", Decimal("-250.5"), venue.market_ms))
            venue.hub.flush()
            await run.wait("explained", lambda: causes(run) == {(RowKind.WALLET, "USDT"): "transfer"})
            assert run.trader.callback.account.balances["USDT"].wallet_balance == Decimal("9749.5")
            assert run.trader.status.halt_reason == ""

    asyncio.run(body())


def test_an_order_placed_and_taken_back_elsewhere_unheard_is_found_both_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            lost = {"kind": "event_lost", "event": "ORDER_TRADE_UPDATE", **FOREVER}
            strike(desk, lost)
            price = str(run.far_price("-0.02"))
            await buy_elsewhere(desk, type="LIMIT", price=price, timeInForce="GTC", newClientOrderId="web_9")
            await run.wait("the order", lambda: run.trader.callback.orders.get("web_9"))
            await run.wait("explained", lambda: causes(run) == {(RowKind.ORDER, "web_9"): "foreign_order"})
            await until_confirmed(run)
            reply = await desk.raw.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="web_9")
            assert reply.status == 200
            await run.wait("its end", lambda: causes(run).get((RowKind.ORDER, "web_9")) == "order_ended")
            known = run.trader.callback.orders.get("web_9")
            assert known is not None and known.status is OrderStatus.CANCELED

    asyncio.run(body())


def test_an_automatic_deleveraging_that_was_not_told_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await until_confirmed(run)
            strike(desk, {"kind": "stream_silent", "route": "private", "until_ms": 1500})
            venue = desk.exchange.venue
            venue.deliver(venue.core.auto_deleverage(SYMBOL, "BOTH", None, venue.market_ms))
            venue.hub.flush()
            await run.wait("flat", lambda: run.position_amount == 0)
            await run.wait("named", lambda: causes(run).get((RowKind.POSITION, SYMBOL)) == "auto_deleveraging")

    asyncio.run(body())


# ---- what cannot be, and what only seems to be -----------------------------------------------------------------------


def test_a_wallet_that_nothing_explains_halts_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)
    expect_log("the exchange differs: USDT wallet")
    monkeypatch.setattr(module, "SOON_S", 0.1)

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            assert await run.trader.arm(None) == ()
            desk.exchange.venue.core._account.wallet_balance -= Decimal("1.5")  # as no event and no list will tell
            await run.wait("halted", lambda: run.trader.status.halt_reason)
            assert run.trader.status.halt_reason == "unexplained_difference"
            assert not run.trader.is_armed
            assert causes(run) == {(RowKind.WALLET, "USDT"): "unexplained"}
            assert run.trader.callback.account.balances["USDT"].wallet_balance == Decimal("9998.5")
            run.trader.check_account()
            await until_confirmed(run)
            assert causes(run) == {}

    asyncio.run(body())


def test_an_order_under_our_own_name_that_the_journal_does_not_know_halts_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("second_program")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            assert await run.trader.arm(None) == ()
            name = f"{run.trader.callback.gate.prefix}-hn-77"
            price = str(run.far_price("-0.02"))
            await buy_elsewhere(desk, type="LIMIT", price=price, timeInForce="GTC", newClientOrderId=name)
            await run.wait("halted", lambda: run.trader.status.halt_reason)
            assert run.trader.status.halt_reason == "second_program"
            assert causes(run) == {(RowKind.ORDER, name): "second_program"}

    asyncio.run(body())


def test_slow_answers_and_a_busy_market_are_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each list shows another moment of an account that trades all the time."""

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            strike(
                desk,
                {"kind": "delay_answer", "path": "/fapi/v3/*", "ms": "uniform:0:600", **FOREVER},
                {"kind": "event_delayed", "ms": "uniform:0:300", **FOREVER},
            )
            for turn in range(12):
                side = Side.SELL if turn % 2 else Side.BUY
                more = {"purpose": Purpose.EXIT, "reduce_only": True} if turn % 2 else {}
                await run.submit(side, **more)
                wanted = Decimal(0) if turn % 2 else QUANTITY
                await run.wait("told", lambda w=wanted: run.position_amount == w and not run.open_orders)
            await until_confirmed(run)
            assert causes(run) == {}
            assert keys_asked(desk) == 1

    asyncio.run(body())


def test_an_event_that_is_only_late_costs_a_reading_of_the_account_and_is_booked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_doubt(expect_log)

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            strike(desk, {"kind": "event_delayed", "ms": 3500, "count": 3})
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            late = lambda: sum(isinstance(s.message, OrderUpdate) and s.message.fill is not None for s in run.steps)  # noqa: E731
            await run.wait("asked for and told", lambda: late() >= 1)
            await until_confirmed(run)
            summary = run.trader.summary
            assert summary.fills == 1
            assert summary.wallet_balance == summary.start_wallet_balance - summary.commission
            assert run.trader.status.halt_reason == ""

    asyncio.run(body())


def test_while_the_exchange_wants_to_be_left_alone_the_account_is_not_confirmed_and_then_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("the account cannot be confirmed")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await until_confirmed(run)
            status = run.trader.status.reconciliation
            strike(
                desk, {"kind": "rate_limit_429", "method": "GET", "path": "/fapi/v3/*", "count": 1, "retry_after_s": 12}
            )
            await run.wait("it says so", lambda: status.problem)
            assert status.confirmed_ns is not None
            sent = desk.proxy.count("GET /fapi/v3")
            await run.wait("confirmed again", lambda: not status.problem, limit_s=30)
            assert desk.proxy.count("GET /fapi/v3") <= sent + 4  # those of the look that succeeded

    asyncio.run(body())


def test_a_start_tells_what_differs_from_the_journal_with_its_cause_and_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path) as run:
                await run.submit(Side.BUY)
                await run.wait("the position", lambda: run.position_amount == QUANTITY)
                order = await run.resting_buy()
            await buy_elsewhere(desk, quantity="0.005")
            reply = await desk.raw.signed(
                "DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId=order.client_order_id
            )
            assert reply.status == 200
            sent = desk.proxy.count("POST /fapi/v1/order")
            async with desk.session(tmp_path) as run:
                assert len(run.trader.status.differences) == 3
                assert not run.trader.is_armed
                await run.wait("explained", lambda: len(causes(run)) == 3)
                assert causes(run) == {
                    (RowKind.POSITION, SYMBOL): "foreign_executions",
                    (RowKind.WALLET, "USDT"): "executions",
                    (RowKind.ORDER, order.client_order_id): "order_ended",
                }
                assert run.trader.status.halt_reason == ""
            assert desk.proxy.count("POST /fapi/v1/order") == sent

    asyncio.run(body())
