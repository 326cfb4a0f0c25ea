"""An open limit order gets another price or size in place: at once, under faults, and when it can not be done."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench, codes
from trader_gui.domain.order import (
    AmendIntent,
    Order,
    OrderOutcome,
    OrderStatus,
    OrderType,
    OutcomeKind,
    Purpose,
    Side,
    TimeInForce,
)
from trader_gui.journal.reader import JournalReader
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader.road import Answer
from trader_gui.simulated_exchange.records import MarketTick

Drive = Callable[[Bench, Session], Awaitable[None]]
ORDER = "/fapi/v1/order"


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Drive], None]:
    """Run a test's coroutine with an exchange and a session of the testnet profile, pointed at it."""

    async def run(body: Drive) -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path, profile=PROFILES["testnet"]) as session:
            session.trader._manager._resolve_delays_s = (0.1, 0.1, 0.2)
            await body(desk, session)

    return lambda body: asyncio.run(run(body))


async def faults(desk: Bench, *planned: dict[str, Any]) -> None:
    reply = await desk.raw.send(
        "POST", "/simulator/faults", data=json.dumps({"faults": planned}), headers={"X-MBX-APIKEY": desk.raw.key}
    )
    assert reply.status == 200, reply.text


async def at_venue(desk: Bench, order: Order) -> dict[str, Any]:
    row: dict[str, Any] = (
        await desk.raw.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId=order.client_order_id)
    ).json
    return row


async def terms_at_venue(desk: Bench, order: Order) -> tuple[str, Decimal, Decimal]:
    row = await at_venue(desk, order)
    return row["status"], Decimal(row["price"]), Decimal(row["origQty"])


def known(run: Session, order: Order) -> Order:
    found = run.trader.callback.orders.get(order.client_order_id)
    assert found is not None
    return found


def sent(desk: Bench) -> int:
    return desk.proxy.count(f"PUT {ORDER}")


def offer(desk: Bench, price: Decimal, quantity: str) -> None:
    """Let other people sell so much at a price, at once; all else of the book is further away."""
    venue, tick = desk.exchange.venue, Decimal("0.1")
    bids = tuple((price - tick * (1 + n), Decimal(5)) for n in range(20))
    asks = ((price, Decimal(quantity)), *((price + tick * (3 + n), Decimal(5)) for n in range(20)))
    market = MarketTick(SYMBOL, venue.market_ms, (), bids, asks, price, price, Decimal(0))
    venue.take_ticks([market], venue.market_ms)
    venue.hub.flush()


def answered(answer: Answer) -> OrderOutcome:
    assert answer.step.refusals == (), answer.step.refusals
    (outcome,) = answer.outcomes
    return outcome


def ends(run: Session, order: Order) -> list[OrderOutcome]:
    """Return what was told of amendments by asking."""
    told = [s.message for s in run.steps if isinstance(s.message, OrderOutcome)]
    return [o for o in told if o.is_amend and o.is_asked and o.client_order_id == order.client_order_id]


def test_an_order_gets_another_price_and_size_and_stays_itself(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        order = await run.resting_buy()
        price = run.far_price("-0.03")
        outcome = answered(await run.trader.amend(order, price=price))
        assert (outcome.kind, outcome.is_amend) == (OutcomeKind.ACCEPTED, True)
        assert await terms_at_venue(desk, order) == ("NEW", price, QUANTITY)
        answered(await run.trader.amend(order, quantity=QUANTITY * 2))
        assert await terms_at_venue(desk, order) == ("NEW", price, QUANTITY * 2)
        await run.wait("both events", lambda: [u.execution_type for u in run.updates].count("AMENDMENT") == 2)
        now = known(run, order)
        assert (now.price, now.quantity, now.order_id) == (price, QUANTITY * 2, order.order_id)
        assert [o.client_order_id for o in run.open_orders] == [order.client_order_id]
        again = await run.trader.amend(order, price, QUANTITY * 2)
        assert codes(again.step.refusals) == ["nothing_changes"]
        assert sent(desk) == 2
        await run.trader._journal.flush()
        with JournalReader(run.trader._journal.path) as reader:
            written = [m for m in reader.order_messages(order.client_order_id) if isinstance(m, AmendIntent)]
        assert [(m.price, m.quantity) for m in written] == [(price, QUANTITY), (price, QUANTITY * 2)]

    drive(body)


def test_what_is_filled_counts_and_nothing_is_cancelled_by_an_amendment(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        order = await run.resting_buy()
        offer(desk, order.price, "0.004")
        await run.wait("a part", lambda: known(run, order).status is OrderStatus.PARTIALLY_FILLED)
        filled = known(run, order).executed_quantity
        assert 0 < filled < QUANTITY
        refused = await run.trader.amend(order, quantity=filled)
        assert codes(refused.step.refusals) == ["amend_cancels"]
        assert sent(desk) == 0
        answered(await run.trader.amend(order, order.price - 100, QUANTITY * 3))
        now = known(run, order)
        assert (now.quantity, now.executed_quantity, now.remaining_quantity) == (
            QUANTITY * 3,
            filled,
            QUANTITY * 3 - filled,
        )
        desk.trade_through(now.price - 1)
        await run.wait("the rest", lambda: run.position_amount == QUANTITY * 3)
        assert known(run, order).status is OrderStatus.FILLED

    drive(body)


@pytest.mark.parametrize("is_executed", [True, False])
def test_an_amendment_without_an_answer_is_looked_for_and_never_sent_again(
    drive: Callable[[Drive], None], is_executed: bool
) -> None:
    async def body(desk: Bench, run: Session) -> None:
        order = await run.resting_buy()
        price = run.far_price("-0.03")
        await faults(
            desk,
            {"kind": "timeout_1007", "executed": is_executed, "method": "PUT", "path": ORDER},
            {"kind": "event_lost"},
        )
        outcome = answered(await run.trader.amend(order, price=price))
        assert (outcome.kind, outcome.error_code) == (OutcomeKind.UNKNOWN, -1007)
        again = await run.trader.amend(order, price=run.far_price("-0.04"))
        assert codes(again.step.refusals) == ["amend_in_flight"]
        await run.wait("the end of the asking", lambda: ends(run, order))
        (end,) = ends(run, order)
        expected = (OutcomeKind.ACCEPTED, "") if is_executed else (OutcomeKind.REFUSED, "amend_not_seen")
        assert (end.kind, end.error_message) == expected
        assert known(run, order).price == (price if is_executed else order.price)
        assert sent(desk) == 1
        await faults(desk)  # from here on all is well again
        answered(await run.trader.amend(order, price=run.far_price("-0.04")))
        assert sent(desk) == 2

    drive(body)


def test_an_order_that_somebody_else_has_changed_or_taken_back_is_asked_for(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        order = await run.resting_buy()
        price = run.far_price("-0.03")
        await faults(desk, {"kind": "event_lost"})
        name = {"symbol": SYMBOL, "origClientOrderId": order.client_order_id}
        await desk.raw.signed("PUT", ORDER, side="BUY", price=f"{price:f}", quantity=f"{QUANTITY:f}", **name)
        outcome = answered(await run.trader.amend(order, price=price))  # -5027
        assert (outcome.kind, outcome.order) == (OutcomeKind.ACCEPTED, None)
        await run.wait("its terms", lambda: known(run, order).price == price)
        await desk.raw.signed("DELETE", ORDER, **name)
        outcome = answered(await run.trader.amend(order, price=run.far_price("-0.04")))
        assert (outcome.kind, outcome.error_code) == (OutcomeKind.REFUSED, -2013)
        await run.wait("its end", lambda: known(run, order).status is OrderStatus.CANCELED)
        gone = await run.trader.amend(order, price=price)
        assert codes(gone.step.refusals) == ["order_closed"]

    drive(body)


def test_a_post_only_order_never_takes_and_one_that_the_venue_cancels_is_known_to_be_over(
    drive: Callable[[Drive], None],
) -> None:
    async def body(desk: Bench, run: Session) -> None:
        ticker = run.trader.callback.book_ticker.ticker
        assert ticker is not None
        old_ask = ticker.best_ask
        answer = await run.submit(
            Side.BUY, OrderType.LIMIT, price=run.far_price("-0.02"), time_in_force=TimeInForce.GTX
        )
        order = answered(answer).order
        assert order is not None
        await run.wait("the order", lambda: known(run, order).status is OrderStatus.NEW)
        refused = await run.trader.amend(order, price=run.trader.rules.snap_price(old_ask + 1))
        assert codes(refused.step.refusals) == ["amend_would_take"]
        assert sent(desk) == 0
        # The market falls, and the client has not heard of it when the amendment leaves.
        desk.proxy.hold("GET /public")
        offer(desk, run.far_price("-0.01"), "5")
        outcome = answered(await run.trader.amend(order, price=run.far_price("-0.005")))
        assert (outcome.kind, outcome.order and outcome.order.status) == (OutcomeKind.ACCEPTED, OrderStatus.CANCELED)
        assert known(run, order).status is OrderStatus.CANCELED
        assert run.open_orders == []
        assert run.position_amount == 0

    drive(body)


def test_conditional_orders_and_orders_on_their_way_out_are_refused_here(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        stop: dict[str, Any] = {"quantity": None, "close_position": True, "purpose": Purpose.PROTECTION}
        answer = await run.submit(Side.SELL, OrderType.STOP_MARKET, trigger_price=run.far_price("-0.03"), **stop)
        resting = answered(answer).order
        assert resting is not None
        refused = await run.trader.amend(resting, price=run.far_price("-0.02"))
        assert codes(refused.step.refusals) == ["not_amendable"]
        order = await run.resting_buy()
        cancel, late = await asyncio.gather(
            run.trader.cancel(order), run.trader.amend(order, price=run.far_price("-0.03"))
        )
        assert (answered(cancel).kind, codes(late.step.refusals)) == (OutcomeKind.ACCEPTED, ["cancel_in_flight"])
        assert sent(desk) == 0

    drive(body)


def test_a_reduce_only_target_is_amended_and_cut_to_the_position(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await run.submit(Side.BUY)
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        half: dict[str, Any] = {"quantity": QUANTITY / 2, "reduce_only": True, "purpose": Purpose.EXIT}
        answer = await run.submit(Side.SELL, OrderType.LIMIT, price=run.far_price("0.02"), **half)
        target = answered(answer).order
        assert target is not None
        await run.wait("the target", lambda: known(run, target).status is OrderStatus.NEW)
        price = run.far_price("0.03")
        assert answered(await run.trader.amend(target, price, QUANTITY * 5)).kind is OutcomeKind.ACCEPTED
        assert await terms_at_venue(desk, target) == ("NEW", price, QUANTITY)
        assert (await at_venue(desk, target))["reduceOnly"] is True

    drive(body)


def test_an_amendment_of_which_the_program_did_not_hear_is_taken_over_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("did not answer every request while the session was stopping")

    async def main() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path, profile=PROFILES["testnet"]) as run:
                order = await run.resting_buy()
                price = run.far_price("-0.03")
                await faults(
                    desk,
                    {"kind": "timeout_1007", "executed": True, "method": "PUT", "path": ORDER},
                    {"kind": "event_lost"},
                )
                run.trader._manager._resolve_delays_s = (30.0,)
                assert answered(await run.trader.amend(order, price=price)).kind is OutcomeKind.UNKNOWN
            await faults(desk)
            async with desk.session(tmp_path, profile=PROFILES["testnet"]) as run:
                (left,) = run.open_orders
                assert (left.client_order_id, left.price) == (order.client_order_id, price)
                assert not run.trader.status.halt_reason
                assert answered(await run.trader.amend(left, price=order.price)).kind is OutcomeKind.ACCEPTED

    asyncio.run(main())
