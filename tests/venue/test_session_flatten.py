"""The whole account is closed, whatever stands in the way: other symbols, legs, foreign orders, faults, a halt."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.exchange_bends import Bends
from tests.session_world import QUANTITY, Bench, Session, bench
from trader_gui.domain.closing import CloseReport
from trader_gui.domain.order import OrderType, OutcomeKind, PositionSide, Purpose, Side
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader.positions_by_hand import PositionsByHand
from trader_gui.simulated_exchange.options import ExchangeOptions

Drive = Callable[[Bench, Session, Bends], Awaitable[None]]
SYMBOLS = ("BTCUSDT", "ETHUSDT", "XRPUSDT")
D = Decimal


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run a test's coroutine with an exchange of three symbols and a session of testnet on the first."""

    async def run(body: Drive, is_hedge: bool) -> None:
        async with bench(monkeypatch, ExchangeOptions(seed=5, symbols=SYMBOLS)) as desk:
            if is_hedge:
                await desk.raw.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
            async with desk.session(tmp_path, profile=PROFILES["testnet"]) as session:
                await body(desk, session, Bends(desk.exchange))

    return lambda body, is_hedge=False: asyncio.run(run(body, is_hedge))


async def faults(desk: Bench, *planned: dict[str, Any]) -> None:
    reply = await desk.raw.send(
        "POST", "/simulator/faults", data=json.dumps({"faults": planned}), headers={"X-MBX-APIKEY": desk.raw.key}
    )
    assert reply.status == 200, reply.text


async def elsewhere(desk: Bench, symbol: str, side: str, quantity: str, **more: Any) -> Any:
    """Place an order from another program: at market unless told otherwise."""
    kind = {"type": "MARKET"} if "price" not in more else {"type": "LIMIT", "timeInForce": "GTC"}
    reply = await desk.raw.signed("POST", "/fapi/v1/order", symbol=symbol, side=side, quantity=quantity, **kind, **more)
    assert reply.status == 200, reply.text
    return reply.json


async def stop_elsewhere(desk: Bench, symbol: str, side: str, trigger: Decimal, **more: Any) -> None:
    how = more or {"closePosition": "true"}
    reply = await desk.raw.signed(
        "POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", type="STOP_MARKET", symbol=symbol, side=side,
        triggerPrice=f"{trigger:f}", **how,
    )  # fmt: skip
    assert reply.status == 200, reply.text


def near(desk: Bench, symbol: str, fraction: str) -> Decimal:
    """Return a price on the tick, that fraction away from the last trade."""
    feed = desk.exchange.venue.feeds[symbol]
    tick = feed.spec.tick_size
    return (desk.exchange.venue.core._books[symbol].last_price * (1 + D(fraction)) // tick) * tick


async def venue_state(desk: Bench) -> tuple[dict[tuple[str, str], Decimal], list[str], list[str]]:
    """Return positions, orders of the book and conditional orders as the exchange has them."""
    positions = (await desk.raw.signed("GET", "/fapi/v3/positionRisk")).json
    book = (await desk.raw.signed("GET", "/fapi/v1/openOrders")).json
    algo = (await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders")).json
    held = {(r["symbol"], r["positionSide"]): D(r["positionAmt"]) for r in positions if D(r["positionAmt"])}
    return held, sorted(r["symbol"] for r in book), sorted(r["symbol"] for r in algo)


async def flatten(trader: PositionsByHand) -> CloseReport:
    """Press twice."""
    return await trader.flatten(await trader.plan_flatten())


def sent(desk: Bench) -> int:
    return desk.proxy.count("POST /fapi/v1/order")


def test_everything_that_can_be_closed_is_closed_and_the_rest_is_told(drive: Callable[..., None]) -> None:
    """Three symbols, targets of full size, stops, entries, orders of other programs; one symbol halted; an order whose
    outcome is unknown, and every event of the account lost meanwhile."""

    async def body(desk: Bench, run: Session, bends: Bends) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        await run.resting_buy()
        await run.submit(
            Side.SELL, OrderType.LIMIT, price=run.far_price("0.02"), reduce_only=True, purpose=Purpose.EXIT
        )
        await run.submit(
            Side.SELL, OrderType.STOP_MARKET, quantity=None, close_position=True, purpose=Purpose.PROTECTION,
            trigger_price=run.far_price("-0.03"),
        )  # fmt: skip
        await elsewhere(desk, "ETHUSDT", "SELL", "0.500")
        await elsewhere(desk, "ETHUSDT", "BUY", "0.500", price=f"{near(desk, 'ETHUSDT', '-0.02'):f}", reduceOnly="true")
        await elsewhere(desk, "ETHUSDT", "BUY", "0.100", price=f"{near(desk, 'ETHUSDT', '-0.03'):f}")
        await stop_elsewhere(desk, "ETHUSDT", "BUY", near(desk, "ETHUSDT", "0.03"), quantity="0.500", reduceOnly="true")
        await elsewhere(desk, "XRPUSDT", "BUY", "50.0")
        await stop_elsewhere(desk, "XRPUSDT", "SELL", near(desk, "XRPUSDT", "-0.05"))
        await elsewhere(desk, "XRPUSDT", "BUY", "40.0", price=f"{near(desk, 'XRPUSDT', '-0.02'):f}")
        bends.halt("XRPUSDT")
        await run.wait("the halt", lambda: not bends.is_trading("XRPUSDT"))
        await faults(
            desk,
            {"kind": "timeout_1007", "executed": True, "method": "POST", "path": "/fapi/v1/order", "symbol": "BTCUSDT"},
            {"kind": "event_lost"},
        )
        plan = await run.trader.plan_flatten()
        assert [c.position.symbol for c in plan.closes] == ["BTCUSDT", "ETHUSDT", "XRPUSDT"]
        assert (len(plan.cancels), len(plan.cancels_after)) == (5, 3)
        before = sent(desk)
        report = await run.trader.flatten(plan)
        assert not report.is_done and report.changed_plan is None
        held, book, algo = await venue_state(desk)
        assert (held, book, algo) == ({("XRPUSDT", "BOTH"): D("50.0")}, [], ["XRPUSDT"])
        assert [(r.position.symbol, r.why.code) for r in report.remaining.remainders] == [("XRPUSDT", "not_trading")]
        assert report.remaining.closes == report.remaining.cancels == report.remaining.in_doubt == ()
        per_symbol = [line for line in desk.proxy.requests if line.startswith("POST /fapi/v1/order")][before:]
        assert [sum(f"symbol={s}&" in line for line in per_symbol) for s in ("BTCUSDT", "ETHUSDT")] == [1, 1]
        # The halt is over: a second flattening closes what was left, and its stop goes last.
        await faults(desk)
        bends.resume("XRPUSDT")
        await run.wait("trading again", lambda: bends.is_trading("XRPUSDT"))
        await run.trader._facts.read_rules()
        await run.wait("the rules", lambda: run.trader.callback.symbol_rules.of("XRPUSDT").status == "TRADING")
        report = await flatten(run.trader)
        assert report.is_done and report.troubles == ()
        assert await venue_state(desk) == ({}, [], [])

    drive(body)


def test_legs_of_several_symbols_end_flat_through_orders_that_were_never_placed(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session, bends: Bends) -> None:
        await run.submit(Side.BUY, quantity=QUANTITY * 2)
        await run.submit(Side.SELL)
        await elsewhere(desk, "ETHUSDT", "BUY", "0.500", positionSide="LONG")
        for side, leg in (("SELL", "LONG"), ("BUY", "SHORT")):
            fraction = "-0.05" if side == "SELL" else "0.05"
            how = {"closePosition": "true", "positionSide": leg}
            await stop_elsewhere(desk, "BTCUSDT", side, near(desk, "BTCUSDT", fraction), **how)
        await elsewhere(
            desk, "ETHUSDT", "SELL", "0.500", positionSide="LONG", price=f"{near(desk, 'ETHUSDT', '0.02'):f}"
        )
        await run.wait("all legs", lambda: len(run.trader.callback.account.positions) == 3)
        await faults(
            desk, {"kind": "unknown_503", "executed": False, "method": "POST", "path": "/fapi/v1/order", "count": 2}
        )
        plan = await run.trader.plan_flatten()
        assert [(c.position.key, c.quantity) for c in plan.closes] == [
            (("BTCUSDT", PositionSide.LONG), D("0.020")),
            (("BTCUSDT", PositionSide.SHORT), D("0.010")),
            (("ETHUSDT", PositionSide.LONG), D("0.500")),
        ]
        report = await run.trader.flatten(plan)
        assert report.is_done, report
        assert await venue_state(desk) == ({}, [], [])

    drive(body, is_hedge=True)


def test_a_position_above_the_largest_market_order_goes_out_in_pieces(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session, bends: Bends) -> None:
        await run.submit(Side.BUY, quantity=D("0.025"))
        await run.wait("the position", lambda: run.position_amount == D("0.025"))
        bends.change_rules("BTCUSDT", market_max_qty="0.010")
        await run.trader._facts.read_rules()
        await run.wait("the rules", lambda: run.trader.rules.market_max_quantity == D("0.010"))
        plan = await run.trader.plan_flatten()
        assert plan.closes[0].pieces == (D("0.010"), D("0.010"), D("0.005"))
        before = sent(desk)
        assert (await run.trader.flatten(plan)).is_done
        assert (await desk.position_amount(), sent(desk) - before) == (0, 3)

    drive(body)


def test_dust_is_told_with_the_smallest_order(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session, bends: Bends) -> None:
        bends.change_rules("BTCUSDT", step_size="0.0001", min_qty="0.0001", min_notional="5")
        await elsewhere(desk, "BTCUSDT", "BUY", "0.0004")
        await stop_elsewhere(desk, "BTCUSDT", "SELL", near(desk, "BTCUSDT", "-0.05"))
        await elsewhere(desk, "ETHUSDT", "BUY", "0.500")
        bends.change_rules("BTCUSDT", min_qty="0.001")
        await run.trader._facts.read_rules()
        await run.wait("the rules", lambda: run.trader.rules.step_size == D("0.0001"))
        plan = await run.trader.plan_flatten()
        assert [c.position.symbol for c in plan.closes] == ["ETHUSDT"]
        report = await run.trader.flatten(plan)
        (rest,) = report.remaining.remainders
        assert not report.is_done and report.troubles == ()
        assert (rest.position.symbol, rest.quantity, rest.why.detail) == ("BTCUSDT", D("0.0004"), "0.001")
        assert await venue_state(desk) == ({("BTCUSDT", "BOTH"): D("0.0004")}, [], ["BTCUSDT"])

    drive(body)


def test_rules_that_changed_unheard_are_read_and_the_close_goes_on(drive: Callable[..., None]) -> None:
    """The first close is refused for its size; the rules are read at once, and the next round keeps to them."""

    async def body(desk: Bench, run: Session, bends: Bends) -> None:
        await run.submit(Side.BUY, quantity=D("0.025"))
        await run.wait("the position", lambda: run.position_amount == D("0.025"))
        bends.change_rules("BTCUSDT", market_max_qty="0.010")
        report = await flatten(run.trader)
        assert report.is_done, report
        assert run.trader.rules.market_max_quantity == D("0.010")

    drive(body)


def test_a_mark_price_far_from_the_book_gets_a_limit_within_the_band(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session, bends: Bends) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        bends.change_rules("BTCUSDT", market_take_bound="0.01")
        mark = desk.exchange.venue.core._books["BTCUSDT"].mark_price
        bends.move_mark("BTCUSDT", "1.02")
        seen = run.trader.callback.mark_price
        await run.wait("the mark", lambda: seen.mark is not None and seen.mark.mark_price > mark * D("1.015"))
        report = await flatten(run.trader)
        assert report.is_done, report
        limits = [r for r in desk.proxy.requests if r.startswith("POST /fapi/v1/order") and "timeInForce=IOC" in r]
        assert len(limits) == 1

    drive(body)


def test_nothing_can_be_opened_while_everything_is_closed(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session, bends: Bends) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        plan = await run.trader.plan_flatten()
        await faults(desk, {"kind": "delay_answer", "ms": 300, "method": "POST", "path": "/fapi/v1/order"})
        flattening = asyncio.create_task(run.trader.flatten(plan), name="flatten")
        await run.wait("the block", lambda: run.trader.callback.gate.are_entries_blocked)
        refused = await run.submit(Side.BUY)
        assert [r.code for r in refused.step.refusals] == ["flattening"]
        assert (await flattening).is_done
        await faults(desk)
        assert (await run.submit(Side.BUY)).outcomes[0].kind is OutcomeKind.ACCEPTED

    drive(body)


def test_a_part_of_another_symbols_position_is_closed_and_its_orders_stay(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session, bends: Bends) -> None:
        await run.submit(Side.BUY)
        await elsewhere(desk, "ETHUSDT", "SELL", "0.500")
        await stop_elsewhere(desk, "ETHUSDT", "BUY", near(desk, "ETHUSDT", "0.03"))
        key = ("ETHUSDT", PositionSide.BOTH)
        account = run.trader.callback.account
        await run.wait("both positions", lambda: len(account.positions) == 2)
        plan = await run.trader.plan_close([key], D("0.25"))
        assert plan.closes[0].pieces == (D("0.125"),) and plan.cancels == plan.cancels_after == ()
        assert (await run.trader.close(plan)).is_done
        held, _, algo = await venue_state(desk)
        assert (held[key[0], "BOTH"], algo) == (D("-0.375"), ["ETHUSDT"])
        assert (await run.trader.close(await run.trader.plan_close([key]))).is_done
        assert await venue_state(desk) == ({("BTCUSDT", "BOTH"): QUANTITY}, [], [])

    drive(body)
