"""Whole sessions and the exchange's limits and clock: 429, a ban, clocks that are wrong or jump; faults by plan."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.session_world import QUANTITY, Bench, Session, bench
from trader_gui.domain.order import OrderOutcome, OrderStatus, OrderType, OutcomeKind, Purpose, Side
from trader_gui.domain.step import EngineMode
from trader_gui.errors import VenueError
from trader_gui.journal.reader import JournalReader
from trader_gui.settings import DataDirectory
from trader_gui.simulated_exchange.limits import RateLimiter
from trader_gui.simulated_exchange.options import ExchangeOptions

HOUR_MS = 3_600_000
Expect = Callable[[str], None]


async def plan(desk: Bench, *faults: dict[str, Any]) -> None:
    """Put faults before the exchange from now on."""
    reply = await desk.raw.send(
        "POST", "/simulator/faults", data=json.dumps({"faults": faults}), headers={"X-MBX-APIKEY": desk.raw.key}
    )
    assert reply.status == 200, reply.text


def kinds(answer: Any) -> list[tuple[OutcomeKind, str]]:
    return [(o.kind, o.error_message) for o in answer.outcomes]


async def protect(run: Session) -> Any:
    return await run.submit(
        Side.SELL,
        OrderType.STOP_MARKET,
        quantity=None,
        close_position=True,
        purpose=Purpose.PROTECTION,
        trigger_price=run.far_price("-0.03"),
    )


async def close(run: Session) -> Any:
    return await run.submit(Side.SELL, reduce_only=True, purpose=Purpose.EXIT)


def test_after_a_429_nothing_is_polled_and_a_position_can_still_be_protected_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect, allow_log: Expect
) -> None:
    allow_log("the account cannot be confirmed")
    expect_log("order .* not sent: the exchange asked for a pause")
    expect_log("the exchange did not answer every request while the session was stopping")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            resting = await run.resting_buy()
            await plan(desk, {"kind": "rate_limit_429", "method": "GET", "retry_after_s": 600})
            with pytest.raises(VenueError):
                await run.trader.plan_flatten()
            asked = desk.proxy.count("GET /fapi")
            with pytest.raises(VenueError, match="not sent"):
                await run.trader.plan_flatten()
            assert kinds(await run.submit(Side.BUY))[0][0] is OutcomeKind.REFUSED
            assert (await protect(run)).outcomes[0].kind is OutcomeKind.ACCEPTED
            assert (await run.trader.cancel(resting)).outcomes[0].kind is OutcomeKind.ACCEPTED
            assert (await close(run)).outcomes[0].kind is OutcomeKind.ACCEPTED
            await run.wait("flat", lambda: run.position_amount == 0)
            await run.wait("the pause is told", lambda: run.trader.status.reads_paused_until_ns is not None)
            assert desk.proxy.count("GET /fapi") == asked
            assert run.trader.status.banned_until_ms is None
            await plan(desk)

    asyncio.run(body())


def test_polling_goes_on_after_a_short_429_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_log: Expect
) -> None:
    allow_log("the account cannot be confirmed")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await run.resting_buy()
            await plan(desk, {"kind": "rate_limit_429", "method": "GET", "retry_after_s": 1, "count": 3})
            found = await run.trader.plan_flatten()
            assert len(found.cancels) == 1
            assert not run.trader._connection.port.reads_paused_s

    asyncio.run(body())


def test_a_ban_stops_every_call_and_its_end_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect, allow_log: Expect
) -> None:
    allow_log("the account cannot be confirmed")
    expect_log("order .* not sent: the exchange has banned this address until")
    expect_log("the exchange did not answer every request while the session was stopping")

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            status = run.trader.status
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await plan(desk, {"kind": "ban_418", "duration_ms": 600_000, "method": "POST"})  # strikes no read before it
            (outcome,) = (await run.submit(Side.BUY)).outcomes
            assert (outcome.kind, outcome.error_code) == (OutcomeKind.REFUSED, -1003)
            await run.wait("the end is in the status", lambda: status.banned_until_ms is not None)
            assert status.banned_until_ms is not None
            assert 300_000 < status.banned_until_ms - time.time_ns() // 1_000_000 <= 601_000
            asked = len(desk.proxy.requests)
            (refused,) = (await close(run)).outcomes
            assert refused.kind is OutcomeKind.REFUSED and "banned this address until" in refused.error_message
            with pytest.raises(VenueError, match="not sent: the exchange has banned"):
                await run.trader.plan_flatten()
            await run.wait("time goes by", lambda: run.steps[-1].event_time_ms > refused.event_time_ms + 2000)
            assert [line for line in desk.proxy.requests[asked:] if "/fapi" in line] == []
            await plan(desk)
        with JournalReader(DataDirectory(tmp_path / "data", "testnet").journal_path) as reader:
            (message,) = reader.order_messages(refused.client_order_id)
            assert isinstance(message, OrderOutcome) and message.kind is OutcomeKind.REFUSED

    asyncio.run(body())


def test_a_position_is_closed_once_a_ban_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await plan(desk, {"kind": "ban_418", "duration_ms": 2000, "count": 1})
            assert (await close(run)).outcomes[0].kind is OutcomeKind.REFUSED
            status = run.trader.status
            await run.wait("the ban is told", lambda: status.banned_until_ms is not None)
            await run.wait("the ban is over", lambda: status.banned_until_ms is None)
            assert (await close(run)).outcomes[0].kind is OutcomeKind.ACCEPTED
            await run.wait("flat", lambda: run.position_amount == 0)
            assert len(await desk.order_ids()) == 2

    asyncio.run(body())


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
def test_orders_go_on_when_the_exchanges_clock_jumps_by_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_ms: int
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await plan(desk, {"kind": "clock_jump", "jump_ms": jump_ms})
            answers = await asyncio.gather(protect(run), run.submit(Side.BUY))
            assert [o.kind for a in answers for o in a.outcomes] == [OutcomeKind.ACCEPTED] * 2
            await run.wait("both are there", lambda: run.position_amount == 2 * QUANTITY)
            await run.wait("the stop", lambda: [o.status for o in run.open_orders] == [OrderStatus.NEW])
            await run.wait("the offset is told", lambda: abs((run.trader.status.clock_offset_ms or 0) - jump_ms) < 2000)
            await plan(desk)  # and back

            assert (await close(run)).outcomes[0].kind is OutcomeKind.ACCEPTED
            report = [line for line in desk.proxy.requests if line.startswith("POST /fapi/v1/order?")]
            ids = [line.split("newClientOrderId=")[1].split("&")[0] for line in report]
            assert max(map(ids.count, ids)) == 2  # once more at the most, under the same id
            assert await desk.position_amount() == QUANTITY

    asyncio.run(body())


@pytest.mark.parametrize("wrong_ms", [HOUR_MS, -HOUR_MS])
def test_a_machine_whose_clock_is_wrong_trades_and_one_whose_clock_is_set_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect, wrong_ms: int
) -> None:
    """Only the session's clock is wrong; the exchange in this process has its own."""
    expect_log("clock_jumped: all connections are made anew, the engine is disarmed")
    ahead_ns = wrong_ms * 1_000_000
    wrong = SimpleNamespace(time_ns=lambda: time.time_ns() + ahead_ns, monotonic_ns=time.monotonic_ns)
    monkeypatch.setattr("trader_gui.clock.time", wrong)

    async def body() -> None:
        nonlocal ahead_ns
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            trader, status = run.trader, run.trader.status
            assert (await run.submit(Side.BUY)).outcomes[0].kind is OutcomeKind.ACCEPTED
            await run.wait("the offset", lambda: abs((status.clock_offset_ms or 0) + wrong_ms) < 2000)
            assert desk.proxy.count("POST /fapi/v1/order?") == 1  # not one was refused
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await protect(run)
            assert await trader.arm(None) == ()

            synced_ns = status.clock_synced_ns
            ahead_ns = 0
            await run.wait("disarmed", lambda: trader.callback.gate.mode is EngineMode.HALTED)
            assert (status.halt_reason, status.disturbance) == ("clock_jumped", "clock_jumped")
            assert [o.status for o in run.open_orders] == [OrderStatus.NEW]  # the stop stays
            await run.wait("the clock is set anew", lambda: status.clock_synced_ns != synced_ns)
            assert abs(status.clock_offset_ms or 0) < 2000
            await run.wait("all fresh", lambda: all(trader.callback.routes_fresh.values()))
            assert [s.reason for s in status.routes.values()] == ["clock_jumped"] * 3
            assert (await close(run)).outcomes[0].kind is OutcomeKind.ACCEPTED
            await run.wait("flat", lambda: run.position_amount == 0)
            assert (await run.submit(Side.BUY)).outcomes[0].kind is OutcomeKind.ACCEPTED
            assert await trader.arm(None) == ()
        with JournalReader(DataDirectory(tmp_path / "data", "testnet").journal_path) as reader:
            (noted,) = [n for n in reader.notes(reader.sessions()[0].session_id) if n.kind == "disturbance"]
        assert noted.text == "clock_jumped"

    asyncio.run(body())


def test_who_wants_too_much_is_never_refused_by_the_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    """The exchange counts; a program that polls and orders as fast as it can never hears a 429 of it."""
    expect_log("order .* not sent: the exchange's limit of requests is used up for now")
    expect_log("the exchange did not answer every request while the session was stopping")
    refusals: list[str] = []
    refuse = RateLimiter._refusal

    def noted(limiter: RateLimiter, now_ms: int, code: int, text: str, window: Any) -> Any:
        refusals.append(text)
        return refuse(limiter, now_ms, code, text, window)

    monkeypatch.setattr(RateLimiter, "_refusal", noted)

    async def body() -> None:
        async with bench(monkeypatch, ExchangeOptions(seed=5)) as desk, desk.session(tmp_path) as run:
            trader = run.trader
            port = trader._connection.port
            await run.submit(Side.BUY)
            await run.wait("the position", lambda: run.position_amount == QUANTITY)

            async def poll() -> None:
                while True:
                    await port.income(start_time_ms=0)

            with pytest.raises(VenueError, match="used up for now"):
                async with asyncio.timeout(60):
                    await poll()
            used = trader._connection.reader.weight_used
            assert used is not None and 0.6 * 2400 < used <= 0.7 * 2400
            refused = None
            for _ in range(1000):
                (outcome,) = (await run.submit(Side.BUY, OrderType.LIMIT, price=run.far_price("-0.02"))).outcomes
                if outcome.kind is OutcomeKind.REFUSED and "used up" in outcome.error_message:
                    refused = outcome
                    break
            assert (await protect(run)).outcomes[0].kind is OutcomeKind.ACCEPTED
            assert (await close(run)).outcomes[0].kind is OutcomeKind.ACCEPTED
            await run.wait("flat", lambda: run.position_amount == 0)
            assert refused is not None
            assert refusals == []

    asyncio.run(body())
