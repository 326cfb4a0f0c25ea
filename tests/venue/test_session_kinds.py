"""Every kind of order that a hand can place: through the gate, over the wire, taken and executed by the exchange."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.session_world import QUANTITY, Bench, Session, bench, codes
from trader_gui.domain.order import (
    Order,
    OrderStatus,
    OrderType,
    OutcomeKind,
    PriceMatch,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.profiles import PROFILES

Drive = Callable[[Bench, Session], Awaitable[None]]
D = Decimal


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Drive], None]:
    """Run a test's coroutine with an exchange and a session of the testnet profile, pointed at it."""

    async def run(body: Drive) -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path, profile=PROFILES["testnet"]) as session:
            await session.wait("a mark price", lambda: session.trader.callback.mark_price.mark)
            await session.wait("a book", lambda: session.trader.callback.book_ticker.ticker)
            await body(desk, session)

    return lambda body: asyncio.run(run(body))


async def taken(run: Session, side: Side, order_type: OrderType, **more: Any) -> Order:
    """Place an order that the gate and the exchange must take, and return it as the answer told it."""
    answer = await run.submit(side, order_type, **more)
    assert answer.step.refusals == ()
    (outcome,) = answer.outcomes
    assert (outcome.kind, outcome.error_message) == (OutcomeKind.ACCEPTED, "")
    assert outcome.order is not None
    return outcome.order


async def book_row(desk: Bench, order: Order) -> Any:
    """Return what the exchange itself says of an order of the book."""
    asked = {"symbol": "BTCUSDT", "origClientOrderId": order.client_order_id}
    return (await desk.raw.signed("GET", "/fapi/v1/order", **asked)).json


async def algo_row(desk: Bench, order: Order) -> Any:
    """Return what the exchange itself says of a conditional order."""
    return (await desk.raw.signed("GET", "/fapi/v1/algoOrder", clientAlgoId=order.client_order_id)).json


def test_a_limit_order_rests_and_is_filled_when_the_market_comes(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        price = run.far_price("-0.01")
        order = await taken(run, Side.BUY, OrderType.LIMIT, price=price, time_in_force=TimeInForce.GTX)
        assert (await book_row(desk, order))["timeInForce"] == "GTX"
        desk.trade_through(price - 1)
        await run.wait("the fill", lambda: run.position_amount == QUANTITY)
        assert [(f.is_maker, f.price) for f in run.fills] == [(True, price)]

    drive(body)


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
def test_what_must_fill_at_once_fills_or_leaves_nothing(
    drive: Callable[[Drive], None], time_in_force: TimeInForce
) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await taken(run, Side.BUY, OrderType.LIMIT, price=run.far_price("0.01"), time_in_force=time_in_force)
        await run.wait("the fill", lambda: run.position_amount == QUANTITY)
        missed = await run.submit(Side.BUY, OrderType.LIMIT, price=run.far_price("-0.02"), time_in_force=time_in_force)
        if time_in_force is TimeInForce.FOK:
            assert missed.outcomes[0].error_code == -5021
        await run.wait("nothing open", lambda: not run.open_orders)
        assert await desk.position_amount() == QUANTITY

    drive(body)


def test_a_good_till_date_reaches_the_exchange_and_one_too_soon_does_not(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        now_s = run.trader.callback.now_ms // 1000
        good: dict[str, Any] = {"price": run.far_price("-0.02"), "time_in_force": TimeInForce.GTD}
        order = await taken(run, Side.BUY, OrderType.LIMIT, **good, good_till_ms=(now_s + 700) * 1000)
        assert (await book_row(desk, order))["goodTillDate"] == (now_s + 700) * 1000
        for end_ms in ((now_s + 500) * 1000, (now_s + 700) * 1000 + 1):
            refused = await run.submit(Side.BUY, OrderType.LIMIT, **good, good_till_ms=end_ms)
            assert codes(refused.step.refusals) == ["good_till_too_soon"]
        assert desk.proxy.count("POST /fapi/v1/order") == 1

    drive(body)


def test_the_exchange_finds_the_price_of_a_price_match(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        async def distance(match: PriceMatch) -> Decimal:
            """Place an order, and return how far it lies below the highest price heard of around it."""
            seen = [run.trader.callback.last_price]
            run.trader.add_observer(lambda _step: seen.append(run.trader.callback.last_price))
            order = await taken(run, Side.BUY, OrderType.LIMIT, price=None, price_match=match)
            row = await book_row(desk, order)
            assert (row["priceMatch"], D(row["price"]) > 0) == (match.value, True)
            await run.wait("later prices", lambda: run.steps[-1].event_time_ms > order.update_time_ms)
            return max(price for price in seen if price is not None) - D(row["price"])

        await distance(PriceMatch.QUEUE)
        for _ in range(5):  # the market goes on meanwhile, and not every price of it is told
            if await distance(PriceMatch.QUEUE_5) > 0:
                break
        else:
            raise AssertionError("never behind the market")
        await run.trader.cancel_entries()
        await run.wait("nothing open", lambda: not run.open_orders)
        held = run.position_amount
        opponent = {"price_match": PriceMatch.OPPONENT_5, "time_in_force": TimeInForce.IOC}
        await taken(run, Side.BUY, OrderType.LIMIT, price=None, **opponent)
        await run.wait("the fill", lambda: run.position_amount > held)

    drive(body)


WAITING: list[tuple[OrderType, Side, str, dict[str, Any]]] = [
    (OrderType.STOP_MARKET, Side.BUY, "0.02", {"price_protect": True}),
    (OrderType.STOP_MARKET, Side.SELL, "-0.02", {"working_type": WorkingType.MARK_PRICE}),
    (OrderType.STOP, Side.BUY, "0.02", {"limit": "0.03", "time_in_force": TimeInForce.IOC}),
    (OrderType.STOP, Side.SELL, "-0.02", {"price_match": PriceMatch.OPPONENT_5}),
    (OrderType.TAKE_PROFIT_MARKET, Side.BUY, "-0.02", {"working_type": WorkingType.MARK_PRICE}),
    (OrderType.TAKE_PROFIT, Side.SELL, "0.02", {"limit": "0.015"}),
]


@pytest.mark.parametrize(("order_type", "side", "way", "more"), WAITING)
def test_a_conditional_order_waits_for_its_price_and_is_executed(
    drive: Callable[[Drive], None], order_type: OrderType, side: Side, way: str, more: dict[str, Any]
) -> None:
    async def body(desk: Bench, run: Session) -> None:
        trigger = run.far_price(way)
        wanted = {name: value for name, value in more.items() if name != "limit"}
        if "limit" in more:
            wanted["price"] = run.far_price(more["limit"])
        order = await taken(run, side, order_type, trigger_price=trigger, **wanted)
        row = await algo_row(desk, order)
        told = (row["orderType"], row["algoStatus"], D(row["triggerPrice"]), row["priceProtect"], row["workingType"])
        working_type = wanted.get("working_type", WorkingType.CONTRACT_PRICE)
        assert told == (order_type, "NEW", trigger, "price_protect" in wanted, working_type)
        assert run.position_amount == 0
        desk.trade_through(trigger)
        await run.wait("the fill", lambda: run.position_amount == side.sign * QUANTITY)
        await run.wait("nothing open", lambda: not run.open_orders)

    drive(body)


def test_a_trailing_stop_follows_from_its_activation_price_and_closes(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        activation = run.far_price("0.02")
        order = await taken(
            run,
            Side.SELL,
            OrderType.TRAILING_STOP_MARKET,
            callback_fraction=D("0.005"),
            activation_price=activation,
            reduce_only=True,
            purpose=Purpose.PROTECTION,
            working_type=WorkingType.MARK_PRICE,
        )
        row = await algo_row(desk, order)
        assert (D(row["callbackRate"]), D(row["activatePrice"]), row["reduceOnly"]) == (D("0.5"), activation, True)
        assert run.open_orders[-1].status is OrderStatus.NEW
        desk.trade_through(activation + 10)
        desk.trade_through((activation + 10) * D("0.994"))
        await run.wait("flat", lambda: run.position_amount == 0)
        assert await desk.position_amount() == 0

    drive(body)


def test_a_trailing_stop_may_begin_at_once(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        order = await taken(run, Side.BUY, OrderType.TRAILING_STOP_MARKET, callback_fraction=D("0.1"))
        assert (await algo_row(desk, order))["algoStatus"] == "NEW"
        answer = await run.submit(Side.BUY, OrderType.TRAILING_STOP_MARKET, callback_fraction=D("0.11"))
        assert codes(answer.step.refusals) == ["callback_out_of_range"]

    drive(body)
