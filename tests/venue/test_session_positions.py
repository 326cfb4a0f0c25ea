"""What is done with a position by hand, over sockets: closed in parts, turned round, left by stop, target and trail."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.session_world import QUANTITY, Bench, Session, bench, codes
from trader_gui.domain.account import MarginType, PositionKey
from trader_gui.domain.order import OrderType, OutcomeKind, PositionSide, Purpose, Side, TimeInForce
from trader_gui.domain.step import EngineMode
from trader_gui.domain.ticket import OrderKind
from trader_gui.errors import OutcomeUnknownError, VenueError
from trader_gui.models.exit_draft import ExitDraft, LevelUnit, assess_exit
from trader_gui.models.margin_move import assess_margin
from trader_gui.models.positions import PositionsModel
from trader_gui.models.ticket import read_facts
from trader_gui.models.ticket_records import TicketFacts
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader import funding

Drive = Callable[[Bench, Session], Awaitable[None]]
BTC: PositionKey = ("BTCUSDT", PositionSide.BOTH)
LONG, SHORT = ("BTCUSDT", PositionSide.LONG), ("BTCUSDT", PositionSide.SHORT)


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run a test's coroutine with an exchange and a session of the testnet profile."""

    async def run(body: Drive, is_hedge: bool, is_isolated: bool) -> None:
        async with bench(monkeypatch) as desk:
            if is_hedge:
                await desk.raw.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
            async with desk.session(tmp_path, profile=PROFILES["testnet"]) as session:
                if is_isolated:
                    await session.trader.set_margin_type("BTCUSDT", MarginType.ISOLATED)
                await body(desk, session)

    return lambda body, is_hedge=False, is_isolated=False: asyncio.run(run(body, is_hedge, is_isolated))


def amounts(run: Session) -> dict[PositionKey, Decimal]:
    return {p.key: p.position_amount for p in run.trader.callback.account.positions.values()}


async def hold(run: Session, amount: Decimal, key: PositionKey = BTC) -> None:
    await run.submit(Side.BUY if amount > 0 else Side.SELL, quantity=abs(amount))
    await run.wait("the position", lambda: amounts(run).get(key) == amount)


async def sent(desk: Bench) -> list[tuple[str, str, str, bool]]:
    """Return (side, leg, size, reduce-only) of every order of the book that the exchange has taken."""
    rows = (await desk.raw.signed("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")).json
    return [(r["side"], r["positionSide"], r["origQty"], r["reduceOnly"]) for r in rows]


@pytest.mark.parametrize("is_isolated", [False, True])
def test_a_half_is_closed_and_the_stop_of_the_rest_stays(drive: Callable[..., None], is_isolated: bool) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY * 2)
        stop: dict[str, Any] = {"quantity": None, "close_position": True, "purpose": Purpose.PROTECTION}
        await run.submit(Side.SELL, OrderType.STOP_MARKET, trigger_price=run.far_price("-0.03"), **stop)
        await run.wait("the stop", lambda: len(run.open_orders) == 1)
        report = await run.trader.close(await run.trader.plan_close([BTC], Decimal("0.5")))
        assert report.is_done
        assert (await desk.position_amount(), len(run.open_orders)) == (QUANTITY, 1)
        report = await run.trader.close(await run.trader.plan_close([BTC]))
        assert report.is_done and await desk.position_amount() == 0
        assert (await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")).json == []

    drive(body, is_isolated=is_isolated)


@pytest.mark.parametrize("is_isolated", [False, True])
def test_a_position_is_turned_round(drive: Callable[..., None], is_isolated: bool) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY)
        stop: dict[str, Any] = {"quantity": None, "close_position": True, "purpose": Purpose.PROTECTION}
        await run.submit(Side.SELL, OrderType.STOP_MARKET, trigger_price=run.far_price("-0.03"), **stop)
        resting = await run.resting_buy()
        plan = await run.trader.plan_reverse(BTC)
        assert plan.objection is None
        report = await run.trader.reverse(plan)
        assert report.is_done
        await run.wait("the other side", lambda: amounts(run).get(BTC) == -QUANTITY)
        assert await desk.position_amount() == -QUANTITY
        assert [o.client_order_id for o in run.open_orders] == [resting.client_order_id]
        assert [order[:3] for order in await sent(desk) if order[2] == "0.010"][-2:] == [
            ("SELL", "BOTH", "0.010"),
            ("SELL", "BOTH", "0.010"),
        ]

    drive(body, is_isolated=is_isolated)


@pytest.mark.parametrize("is_isolated", [False, True])
def test_a_leg_is_turned_round_into_the_other_leg(drive: Callable[..., None], is_isolated: bool) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY * 2, LONG)
        await hold(run, -QUANTITY, SHORT)
        report = await run.trader.reverse(await run.trader.plan_reverse(LONG))
        assert report.is_done
        await run.wait("one leg", lambda: amounts(run) == {SHORT: -QUANTITY * 3})

    drive(body, is_hedge=True, is_isolated=is_isolated)


def test_an_armed_engine_is_disarmed_before_a_position_is_turned_round(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY)
        assert await run.trader.arm(None) == ()
        plan = await run.trader.plan_reverse(BTC)
        assert plan.disarms
        assert (await run.trader.reverse(plan)).is_done
        assert run.trader.callback.gate.mode is EngineMode.HALTED

    drive(body)


def test_the_close_is_asked_about_when_its_answer_is_lost_and_only_then_the_other_side_is_opened(
    drive: Callable[..., None],
) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY)
        plan = await run.trader.plan_reverse(BTC)
        desk.proxy.swallow("POST /fapi/v1/order")
        assert (await run.trader.reverse(plan)).is_done
        await run.wait("the other side", lambda: amounts(run).get(BTC) == -QUANTITY)
        assert len(await sent(desk)) == 3
        assert desk.proxy.count("POST /fapi/v1/order") == 3

    drive(body)


def test_a_position_that_changed_meanwhile_is_not_turned_round(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY)
        plan = await run.trader.plan_reverse(BTC)
        await hold_more(run)
        report = await run.trader.reverse(plan)
        assert report.close.changed_plan is not None and report.outcomes == ()
        assert await desk.position_amount() == QUANTITY * 2

    async def hold_more(run: Session) -> None:
        await run.submit(Side.BUY)
        await run.wait("more", lambda: amounts(run).get(BTC) == QUANTITY * 2)

    drive(body)


def test_it_is_closed_by_a_limit_that_only_reduces(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY)
        exit_: dict[str, Any] = {"reduce_only": True, "purpose": Purpose.EXIT, "time_in_force": TimeInForce.GTC}
        price = run.far_price("0.005")
        answer = await run.submit(Side.SELL, OrderType.LIMIT, price=price, quantity=QUANTITY * 9, **exit_)
        assert [o.kind for o in answer.outcomes] == [OutcomeKind.ACCEPTED]
        assert (await sent(desk))[-1] == ("SELL", "BOTH", "0.010", True)  # cut to the position
        desk.trade_through(price + 20)
        await run.wait("flat", lambda: amounts(run) == {})

    drive(body)


EXITS = (
    ExitDraft(OrderKind.STOP, "2", LevelUnit.PERCENT),
    ExitDraft(OrderKind.TAKE_PROFIT, "2", LevelUnit.PERCENT),
    ExitDraft(OrderKind.STOP, "1000", LevelUnit.DISTANCE, size_text="0.004"),
    ExitDraft(OrderKind.TRAILING, callback_text="1.5"),
)


@pytest.mark.parametrize("is_hedge", [False, True])
def test_what_the_dialog_makes_is_taken_by_the_exchange(drive: Callable[..., None], is_hedge: bool) -> None:
    """Each kind for each leg; what the judge calls a second order for the whole position, the exchange refuses."""

    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY, LONG if is_hedge else BTC)
        if is_hedge:
            await hold(run, -QUANTITY, SHORT)
        for key in amounts(run):
            for draft in EXITS:
                facts = read_facts(run.trader.callback, run.trader.status, 0).for_closing(key)
                assert facts is not None
                judged = assess_exit(draft, facts, run.open_orders)
                assert judged.intent is not None, judged.problems
                answer = await run.trader.submit(judged.intent)
                assert codes(answer.step.refusals) == []
                assert [o.kind for o in answer.outcomes] == [OutcomeKind.ACCEPTED]
                if judged.intent.close_position:
                    told = answer.outcomes[0].client_order_id
                    await run.wait("it rests", lambda c=told: c in {o.client_order_id for o in run.open_orders})
                    again = assess_exit(draft, facts, run.open_orders)
                    assert again.intent is None and not again.hold
                    refused = await run.trader.submit(replace(judged.intent))
                    assert [o.error_code for o in refused.outcomes] == [-4130]
        rows = (await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")).json
        assert len(rows) == 4 * len(amounts(run))
        whole = {(r["positionSide"], r["orderType"]) for r in rows if r["closePosition"]}
        legs = {key[1].value for key in amounts(run)}
        assert whole == {(leg, kind) for leg in legs for kind in ("STOP_MARKET", "TAKE_PROFIT_MARKET")}

    drive(body, is_hedge=is_hedge)


def test_a_stop_that_is_reached_closes_what_was_shown(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY)
        facts = read_facts(run.trader.callback, run.trader.status, 0).for_closing(BTC)
        assert facts is not None
        judged = assess_exit(ExitDraft(OrderKind.STOP, "1", LevelUnit.PERCENT), facts, run.open_orders)
        assert judged.intent is not None and judged.trigger_price is not None and judged.result is not None
        await run.trader.submit(judged.intent)
        before = len(run.fills)
        desk.trade_through(judged.trigger_price)
        await run.wait("flat", lambda: amounts(run) == {} and len(run.fills) > before)
        (closing,) = run.fills[before:]
        brought = sum(f.realized_pnl - f.commission for f in run.fills)
        slipped = closing.price - judged.trigger_price
        assert brought == pytest.approx(judged.result + slipped * QUANTITY, abs=Decimal("0.001"))

    drive(body)


# ---- what it has brought ---------------------------------------------------------------------------------------------


def pay_funding(desk: Bench) -> None:
    """Have the exchange pay funding with its next tick."""
    venue = desk.exchange.venue
    venue.core._book("BTCUSDT").next_funding_ms = venue.market_ms + 1


@pytest.mark.parametrize("is_isolated", [False, True])
def test_the_net_result_is_what_the_wallet_shows_at_the_end(
    drive: Callable[..., None], is_isolated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened twice, reduced once, funding paid twice: gross, fees and funding are what the ledger of the venue has."""
    monkeypatch.setattr(funding, "RETRY_NS", 200_000_000)

    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY * 2)
        await run.submit(Side.BUY)
        await run.wait("more", lambda: amounts(run).get(BTC) == QUANTITY * 3)
        for count in (1, 2):
            pay_funding(desk)
            known = run.trader.status.funding
            await run.wait("the funding", lambda c=count, k=known: k.is_whole and len(k.rows) == c)
        await run.submit(Side.SELL, reduce_only=True, purpose=Purpose.EXIT)
        await run.wait("less", lambda: amounts(run).get(BTC) == QUANTITY * 2)
        await run.wait("a mark price", lambda: run.trader.callback.mark_price.mark)
        model = PositionsModel("BTCUSDT")
        model.refresh(run.trader.callback, run.trader.status, 0)
        row = model.row(0)
        rows = await desk.income()
        sums = {
            kind: sum((Decimal(r["income"]) for r in rows if r["incomeType"] == kind), Decimal(0))
            for kind in ("REALIZED_PNL", "COMMISSION", "FUNDING_FEE")
        }
        assert row.result.gross == sums["REALIZED_PNL"] + row.unrealized_pnl
        assert row.result.fees == -sums["COMMISSION"] != 0
        assert row.result.funding == sums["FUNDING_FEE"] != 0
        (told,) = (await desk.raw.signed("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")).json
        assert row.safety.liquidation_price is not None
        assert float(row.safety.liquidation_price) == pytest.approx(float(told["liquidationPrice"]), rel=1e-4)
        account = (await desk.raw.signed("GET", "/fapi/v3/account")).json
        balance = Decimal(told["isolatedWallet"]) + Decimal(told["unRealizedProfit"])
        if not is_isolated:
            balance = Decimal(account["totalMarginBalance"])
        assert row.safety.ratio_fraction is not None
        ratio = Decimal(told["maintMargin"]) / balance
        assert float(row.safety.ratio_fraction) == pytest.approx(float(ratio), rel=0.02)
        assert row.margin_type is (MarginType.ISOLATED if is_isolated else MarginType.CROSSED)

    drive(body, is_isolated=is_isolated)


def test_a_position_of_before_the_session_has_its_result_when_its_executions_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            await desk.raw.signed(
                "POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010"
            )
            pay_funding(desk)
            async with desk.session(tmp_path, profile=PROFILES["testnet"]) as run:
                known = run.trader.status.funding
                await run.wait("the funding", lambda: known.is_whole and len(known.rows) == 1)
                model = PositionsModel("BTCUSDT")
                model.refresh(run.trader.callback, run.trader.status, 0)
                assert model.row(0).result.net is not None

    asyncio.run(body())


# ---- isolated margin -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_hedge", [False, True])
def test_margin_is_added_and_taken_away_as_it_was_shown(drive: Callable[..., None], is_hedge: bool) -> None:
    key = LONG if is_hedge else BTC

    async def body(desk: Bench, run: Session) -> None:
        trader = run.trader
        await hold(run, QUANTITY * 5, key)
        if is_hedge:
            await hold(run, -QUANTITY, SHORT)

        def facts() -> TicketFacts:
            found = read_facts(trader.callback, trader.status, 0).for_closing(key)
            assert found is not None and found.position is not None
            return found

        async def at_venue() -> tuple[Decimal, Decimal]:
            rows = (await desk.raw.signed("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")).json
            (row,) = [r for r in rows if r["positionSide"] == key[1].value and Decimal(r["positionAmt"])]
            return Decimal(row["isolatedWallet"]), Decimal(row["liquidationPrice"])

        for text, adds in (("100.5", True), ("60", False)):
            move = assess_margin(text, facts(), adds=adds)
            assert move.amount is not None and move.liquidation_after is not None
            await trader.move_margin(key, move.amount, adds=adds)
            margin, liquidation = await at_venue()
            assert margin == move.margin_after
            assert float(liquidation) == pytest.approx(float(move.liquidation_after), rel=1e-4)
            position = trader.callback.account.position(*key)
            assert position is not None and position.isolated_wallet == margin
        kinds = {r["incomeType"] for r in await desk.income()}
        assert "TRANSFER" not in kinds  # it moves within the wallet
        over = assess_margin("", facts(), adds=False).most
        assert over is not None
        with pytest.raises(VenueError) as refused:
            await trader.move_margin(key, over + 50, adds=False)
        assert refused.value.code == -4051
        with pytest.raises(VenueError) as refused:
            await trader.move_margin(key, Decimal(100_000), adds=True)
        assert refused.value.code == -4050
        assert (await at_venue())[0] == margin

    drive(body, is_hedge=is_hedge, is_isolated=True)


def test_margin_whose_answer_is_lost_is_read_and_never_moved_twice(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY)
        before = run.trader.callback.account.position(*BTC)
        assert before is not None
        desk.proxy.swallow("POST /fapi/v1/positionMargin")
        with pytest.raises(OutcomeUnknownError):
            await run.trader.move_margin(BTC, Decimal(10), adds=True)

        def margin() -> Decimal:
            position = run.trader.callback.account.position(*BTC)
            return position.isolated_wallet if position is not None else Decimal(0)

        await run.wait("the margin as it is", lambda: margin() == before.isolated_wallet + 10)
        assert desk.proxy.count("POST /fapi/v1/positionMargin") == 1

    drive(body, is_isolated=True)


def test_a_cross_position_has_no_margin_of_its_own(drive: Callable[..., None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await hold(run, QUANTITY)
        with pytest.raises(VenueError) as refused:
            await run.trader.move_margin(BTC, Decimal(10), adds=True)
        assert refused.value.code == -4049

    drive(body)
