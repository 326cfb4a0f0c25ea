"""A session driven by hand: orders placed, cancelled, closed and refused; arming; flattening; leverage and margin."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench, codes
from trader_gui.domain.account import MarginType
from trader_gui.domain.order import OrderStatus, OrderType, OutcomeKind, Purpose, Side, TimeInForce
from trader_gui.domain.step import EngineMode
from trader_gui.errors import OutcomeUnknownError, UserError, VenueError
from trader_gui.profiles import PROFILES

Drive = Callable[[Bench, Session], Awaitable[None]]


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Drive], None]:
    """Run a test's coroutine with an exchange and a session of the testnet profile, pointed at it."""

    async def run(body: Drive) -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path, profile=PROFILES["testnet"]) as session:
            await body(desk, session)

    return lambda body: asyncio.run(run(body))


def test_a_limit_order_is_placed_shown_and_cancelled(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        order = await run.resting_buy()
        assert (order.status, order.side, order.quantity) == (OrderStatus.NEW, Side.BUY, QUANTITY)
        assert [o.client_order_id for o in run.open_orders] == [order.client_order_id]
        answer = await run.trader.cancel(order)
        assert answer.outcomes[0].kind is OutcomeKind.ACCEPTED
        await run.wait("no open order", lambda: not run.open_orders)
        assert run.fills == []
        assert (await desk.raw.signed("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")).json == []
        again = await run.trader.cancel(order)
        assert codes(again.step.refusals) == ["order_closed"]
        assert desk.proxy.count("DELETE /fapi/v1/order") == 1

    drive(body)


def test_a_market_buy_is_a_position_and_a_reduce_only_sell_closes_it(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        assert await desk.position_amount() == QUANTITY
        # More than the position, reduce-only: it closes what is there and does not turn it around.
        answer = await run.submit(Side.SELL, quantity=QUANTITY * 3, reduce_only=True, purpose=Purpose.EXIT)
        assert answer.outcomes[0].kind is OutcomeKind.ACCEPTED
        await run.wait("flat", lambda: run.position_amount == 0)
        assert await desk.position_amount() == 0
        assert run.trader.summary.trades == 1

    drive(body)


BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "below_min_quantity": ("quantity", {"quantity": Decimal("0.0001")}),
    "off_step": ("quantity", {"quantity": Decimal("0.0105")}),
    "below_min_notional": ("quantity", {"quantity": Decimal("0.001"), "price": Decimal("1000.0")}),
    "above_max_quantity": ("quantity", {"quantity": Decimal("5000")}),
    "off_tick": ("price", {"price": Decimal("50000.05")}),
    "incomplete_order": ("price", {"price": None}),
    "price_too_far": ("price", {"price": Decimal("4000000.0")}),
    "price_out_of_range": ("price", {"price": Decimal("0.1")}),
}


def test_a_bad_order_is_refused_by_code_and_never_sent(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await run.wait("a mark price", lambda: run.trader.callback.mark_price.mark)
        good = run.intent(Side.BUY, OrderType.LIMIT, price=run.far_price("-0.01"))
        for code, (_, change) in BAD.items():
            answer = await run.trader.submit(msgspec.structs.replace(good, **change))
            assert codes(answer.step.refusals) == [code]
            assert answer.outcomes == ()
        stop_at_market = run.intent(Side.BUY, OrderType.STOP_MARKET, trigger_price=Decimal("50000.05"))
        assert codes((await run.trader.submit(stop_at_market)).step.refusals) == ["off_tick"]
        assert desk.proxy.count("POST /fapi/v1/order") == desk.proxy.count("POST /fapi/v1/algoOrder") == 0
        assert run.trader.summary.orders == 0
        assert set(run.trader.summary.refusals) == set(BAD)
        assert run.open_orders == []

    drive(body)


def test_what_the_venue_refuses_is_told_and_leaves_nothing_behind(drive: Callable[[Drive], None]) -> None:
    """Post-only at a price that would trade, a stop that would trigger at once, and more than the margin allows."""

    async def body(desk: Bench, run: Session) -> None:
        stop = run.intent(Side.SELL, OrderType.STOP_MARKET, trigger_price=run.far_price("0.02"))
        refused = await run.trader.submit(stop)
        assert (refused.outcomes[0].kind, refused.outcomes[0].error_code) == (OutcomeKind.REFUSED, -2021)
        dear = await run.submit(Side.BUY, quantity=Decimal("50"))
        assert (dear.outcomes[0].kind, dear.outcomes[0].error_code) == (OutcomeKind.REFUSED, -2019)
        await run.submit(Side.BUY, OrderType.LIMIT, price=run.far_price("0.01"), time_in_force=TimeInForce.GTX)
        await run.wait("nothing open", lambda: not run.open_orders)
        assert run.fills == []
        assert await desk.position_amount() == 0

    drive(body)


def test_arming_is_by_hand_and_ends(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        gate = run.trader.callback.gate
        assert gate.mode is EngineMode.HALTED
        assert await run.trader.arm(None) == ()
        assert (gate.mode, run.trader.is_armed) == (EngineMode.ACTIVE, True)
        await run.trader.disarm()
        assert gate.mode is EngineMode.HALTED
        assert await run.trader.arm(0.3) == ()
        await run.wait("the arming's time is over", lambda: gate.mode is EngineMode.HALTED)
        assert run.trader.status.armed_until_ns is None

    drive(body)


def test_a_session_that_has_not_started_cannot_be_armed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path) as run:
                trader = run.trader
            assert trader.status.phase == "ended"
            assert codes(await trader.arm(None)) == ["not_running"]
            assert not trader.is_armed

    asyncio.run(body())


def test_flatten_ends_flat_and_says_so(drive: Callable[[Drive], None]) -> None:
    """A position, a resting entry, a stop that closes all and a reduce-only target: nothing of it stays."""

    async def body(desk: Bench, run: Session) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        await run.resting_buy()
        protection: dict[str, Any] = {"purpose": Purpose.PROTECTION}
        stop = await run.submit(
            Side.SELL,
            OrderType.STOP_MARKET,
            quantity=None,
            close_position=True,
            trigger_price=run.far_price("-0.03"),
            **protection,
        )
        target = await run.submit(
            Side.SELL, OrderType.TAKE_PROFIT_MARKET, reduce_only=True, trigger_price=run.far_price("0.03"), **protection
        )
        assert [a.outcomes[0].kind for a in (stop, target)] == [OutcomeKind.ACCEPTED] * 2
        plan = await run.trader.plan_flatten()
        assert [(c.position.position_amount, c.pieces) for c in plan.closes] == [(QUANTITY, (QUANTITY,))]
        assert (len(plan.cancels), len(plan.cancels_after)) == (1, 2)  # stop and target rest until the position is gone
        report = await run.trader.flatten(plan)
        assert report.is_done and report.changed_plan is None and report.troubles == ()
        assert report.remaining.is_empty
        assert await desk.position_amount() == 0
        for path in ("/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"):
            assert (await desk.raw.signed("GET", path, symbol="BTCUSDT")).json == []
        await run.wait("the session knows", lambda: not run.open_orders and run.position_amount == 0)

    drive(body)


def test_a_plan_that_no_longer_holds_is_not_carried_out(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await run.submit(Side.BUY)
        plan = await run.trader.plan_flatten()
        order = await run.resting_buy()
        report = await run.trader.flatten(plan)
        assert not report.is_done
        assert report.changed_plan is not None
        assert [o.client_order_id for o in report.changed_plan.cancels] == [order.client_order_id]
        assert await desk.position_amount() == QUANTITY
        assert [o.client_order_id for o in run.open_orders] == [order.client_order_id]
        assert (await run.trader.flatten(report.changed_plan)).is_done
        assert await desk.position_amount() == 0

    drive(body)


def test_cancel_entries_leaves_stops_alone(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        await run.resting_buy()
        await run.submit(
            Side.SELL,
            OrderType.STOP_MARKET,
            quantity=None,
            close_position=True,
            purpose=Purpose.PROTECTION,
            trigger_price=run.far_price("-0.03"),
        )
        await run.trader.cancel_entries()
        await run.wait("one order stays", lambda: len(run.open_orders) == 1)
        assert run.open_orders[0].order_type is OrderType.STOP_MARKET
        assert len((await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")).json) == 1

    drive(body)


def test_leverage_and_margin_type_are_changed_and_known(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        trader = run.trader
        await trader.set_leverage(SYMBOL, 7)
        await trader.set_margin_type(SYMBOL, MarginType.ISOLATED)
        await run.submit(Side.SELL)
        await run.wait("the position", lambda: run.position_amount == -QUANTITY)
        await trader.set_leverage(SYMBOL, 9)

        def told() -> bool:
            position = trader.callback.account.position("BTCUSDT")
            return position is not None and (position.leverage, position.margin_type) == (9, MarginType.ISOLATED)

        await run.wait("leverage and margin type of the position", told)
        config = (await desk.raw.signed("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")).json[0]
        assert (config["leverage"], config["marginType"]) == (9, "ISOLATED")
        with pytest.raises(VenueError) as refused:
            await trader.set_margin_type(SYMBOL, MarginType.CROSSED)  # not with an open position
        assert refused.value.code == -4048
        with pytest.raises(VenueError):
            await trader.set_leverage(SYMBOL, 500)
        assert trader.status.phase == "running"

    drive(body)


def test_a_refused_setting_leaves_everything_as_it_was_and_says_why(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        trader = run.trader

        async def refused(work: Awaitable[None]) -> int | None:
            before = await settings()
            with pytest.raises(VenueError) as error:
                await work
            assert await settings() == before
            return error.value.code

        async def settings() -> list[Any]:
            config = (await desk.raw.signed("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")).json
            mode = (await desk.raw.signed("GET", "/fapi/v1/positionSide/dual")).json
            return [config, mode, trader.callback.account.leverage("BTCUSDT"), trader.status.is_hedge]

        await run.resting_buy()
        assert await refused(trader.set_margin_type(SYMBOL, MarginType.ISOLATED)) == -4047
        assert await refused(trader.set_position_mode(is_hedge=True)) == -4067
        await trader.cancel_entries()
        await trader.set_leverage(SYMBOL, 75)
        await run.submit(Side.BUY, quantity=Decimal("4"))
        await run.wait("the position", lambda: run.position_amount == 4)
        assert await refused(trader.set_position_mode(is_hedge=True)) == -4068
        assert await refused(trader.set_margin_type(SYMBOL, MarginType.ISOLATED)) == -4048
        assert await refused(trader.set_leverage(SYMBOL, 125)) == -2027
        await trader.flatten(await trader.plan_flatten())
        await trader.set_margin_type(SYMBOL, MarginType.ISOLATED)
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        assert await refused(trader.set_leverage(SYMBOL, 5)) == -4161

    drive(body)


def test_the_position_mode_is_changed_while_flat_and_disarmed(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        trader = run.trader
        await trader.arm(None)
        with pytest.raises(UserError, match="Disarm the engine first"):
            await trader.set_position_mode(is_hedge=True)
        await trader.disarm()
        for is_hedge in (True, True, False):  # that it is set already is no error
            await trader.set_position_mode(is_hedge=is_hedge)
            assert trader.status.is_hedge is is_hedge
            mode = (await desk.raw.signed("GET", "/fapi/v1/positionSide/dual")).json
            assert mode["dualSidePosition"] is is_hedge

    drive(body)


def test_a_setting_whose_answer_never_came_is_asked_about(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        trader = run.trader
        desk.proxy.swallow("POST /fapi/v1/leverage")
        with pytest.raises(OutcomeUnknownError):
            await trader.set_leverage(SYMBOL, 7)
        await run.wait("the leverage as it is", lambda: trader.callback.account.leverage("BTCUSDT") == 7)
        desk.proxy.swallow("POST /fapi/v1/positionSide/dual")
        with pytest.raises(OutcomeUnknownError):
            await trader.set_position_mode(is_hedge=True)
        assert trader.status.is_hedge
        assert desk.proxy.count("POST /fapi/v1/leverage") == desk.proxy.count("POST /fapi/v1/positionSide/dual") == 1
        desk.proxy.cut("GET /fapi/v3/account")
        await trader.set_leverage(SYMBOL, 9)
        desk.proxy.allow("GET /fapi/v3/account")
        await run.wait("the leverage", lambda: trader.callback.account.leverage("BTCUSDT") == 9)

    drive(body)


@pytest.mark.parametrize("name", ["testnet", "live"])
def test_profiles_that_face_the_venue_trade_by_hand_and_are_never_armed_at_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = PROFILES[name]

    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path, profile=profile) as run:
                assert not run.trader.is_armed
                await run.submit(Side.BUY)
                await run.wait("the position", lambda: run.position_amount == QUANTITY)
                assert (await run.trader.flatten(await run.trader.plan_flatten())).is_done
            with pytest.raises(UserError, match="--arm works with demo and replay only"):
                async with desk.session(tmp_path, profile=profile, arm_at_start=True):
                    raise AssertionError("it started")
            assert desk.proxy.count("POST /fapi/v1/order") == 2  # the buy and the close, nothing at the second start

    asyncio.run(body())


def test_a_profile_that_needs_a_key_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            desk.credentials = None  # type: ignore[assignment]
            with pytest.raises(UserError, match="no API key for live"):
                async with desk.session(tmp_path, profile=PROFILES["live"]):
                    raise AssertionError("it started")
            assert desk.proxy.requests == []

    asyncio.run(body())
