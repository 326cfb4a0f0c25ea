"""A session on an account in hedge mode, traded by hand; and a mode that changes under a running session."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.session_world import QUANTITY, Bench, Session, bench, codes
from trader_gui.domain.order import OrderType, OutcomeKind, PositionSide, Purpose, Side
from trader_gui.profiles import PROFILES

Drive = Callable[[Bench, Session], Awaitable[None]]
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


async def set_hedge(desk: Bench) -> None:
    reply = await desk.raw.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    assert reply.json["code"] == 200


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run a test's coroutine with an exchange, in hedge mode unless told otherwise, and a session of testnet."""

    async def run(body: Drive, is_hedge: bool) -> None:
        async with bench(monkeypatch) as desk:
            if is_hedge:
                await set_hedge(desk)
            async with desk.session(tmp_path, profile=PROFILES["testnet"]) as session:
                await body(desk, session)

    return lambda body, is_hedge=True: asyncio.run(run(body, is_hedge))


def amounts(run: Session) -> dict[PositionSide, Decimal]:
    return {p.position_side: p.position_amount for p in run.trader.callback.account.legs("BTCUSDT")}


async def open_both(run: Session) -> None:
    """Hold 0.020 long and 0.010 short."""
    await run.submit(Side.BUY, quantity=QUANTITY * 2)
    await run.submit(Side.SELL)
    await run.wait("both legs", lambda: amounts(run) == {LONG: QUANTITY * 2, SHORT: -QUANTITY})


def test_both_legs_are_opened_reduced_and_closed_by_hand(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        assert run.trader.status.is_hedge
        await open_both(run)
        exit_: dict[str, Any] = {"reduce_only": True, "purpose": Purpose.EXIT}
        await run.submit(Side.SELL, **exit_)
        await run.wait("a smaller long leg", lambda: amounts(run) == {LONG: QUANTITY, SHORT: -QUANTITY})
        await run.submit(Side.BUY, quantity=QUANTITY * 5, **exit_)  # more than the leg holds: it is cut to it
        await run.wait("the short leg is gone", lambda: amounts(run) == {LONG: QUANTITY})
        again = await run.submit(Side.BUY, **exit_)
        assert codes(again.step.refusals) == ["nothing_to_reduce"]
        rows = (await desk.raw.signed("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")).json
        assert {r["positionSide"]: Decimal(r["positionAmt"]) for r in rows if Decimal(r["positionAmt"])} == {
            "LONG": QUANTITY
        }
        assert {f.position_side for f in run.fills} == {LONG, SHORT}

    drive(body)


def test_each_leg_has_a_stop_of_its_own(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await open_both(run)
        stop: dict[str, Any] = {"quantity": None, "close_position": True, "purpose": Purpose.PROTECTION}
        for side, fraction in ((Side.SELL, "-0.03"), (Side.BUY, "0.03")):
            answer = await run.submit(side, OrderType.STOP_MARKET, trigger_price=run.far_price(fraction), **stop)
            assert [o.kind for o in answer.outcomes] == [OutcomeKind.ACCEPTED]
        await run.wait("two stops", lambda: {o.position_side for o in run.open_orders} == {LONG, SHORT})
        assert all(o.is_reducing for o in run.open_orders)
        rows = (await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")).json
        assert {(r["side"], r["positionSide"], r["closePosition"]) for r in rows} == {
            ("SELL", "LONG", True),
            ("BUY", "SHORT", True),
        }
        await run.trader.cancel_entries()
        assert len(run.open_orders) == 2

    drive(body)


def test_the_engine_is_not_armed_in_hedge_mode(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        assert codes(await run.trader.arm(None)) == ["hedge_mode"]
        assert not run.trader.is_armed

    drive(body)


def test_a_mode_changed_elsewhere_refuses_the_order_once_and_is_then_known(
    drive: Callable[..., None], expect_log: Callable[[str], None]
) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await run.trader.arm(None)
        await set_hedge(desk)
        refused = await run.submit(Side.BUY)
        assert (refused.outcomes[0].kind, refused.outcomes[0].error_code) == (OutcomeKind.REFUSED, -4061)
        await run.wait("the mode is known", lambda: run.trader.status.is_hedge)
        assert not run.trader.is_armed
        assert run.trader.status.halt_reason == "hedge_mode"
        assert desk.proxy.count("POST /fapi/v1/order") == 1  # nobody has sent it again
        await run.submit(Side.BUY)
        await run.wait("the long leg", lambda: amounts(run) == {LONG: QUANTITY})

    expect_log("position mode has changed: it is in hedge mode")
    drive(body, is_hedge=False)


def test_legs_are_known_again_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            await set_hedge(desk)
            async with desk.session(tmp_path, profile=PROFILES["testnet"]) as run:
                await open_both(run)
            assert run.trader.summary.position_amount == QUANTITY
            async with desk.session(tmp_path, profile=PROFILES["testnet"]) as run:
                assert amounts(run) == {LONG: QUANTITY * 2, SHORT: -QUANTITY}
                assert run.trader.status.differences == ()

    asyncio.run(body())
