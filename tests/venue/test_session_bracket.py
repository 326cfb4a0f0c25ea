"""Brackets by hand over sockets: exits that rest once the entry has filled, and go when the position is gone."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench, codes
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import Order, OrderStatus, OrderType, OutcomeKind, Purpose, Side
from trader_gui.domain.protection import ProtectionState
from trader_gui.domain.step import ApprovedOrder
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.records import MarketTick

Drive = Callable[[Bench, Session], Awaitable[None]]
Expect = Callable[[str], None]
STOP, TARGET = OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET
ALGO = "/fapi/v1/algoOrder"


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Drive], None]:
    """Run a test's coroutine with an exchange and a session of the testnet profile, pointed at it."""

    async def run(body: Drive) -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path, profile=PROFILES["testnet"]) as session:
            await body(desk, session)

    return lambda body: asyncio.run(run(body))


@asynccontextmanager
async def crashing(desk: Bench, folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[Session]:
    """Run a session that ends without a word."""

    async def no_winding_down(self: RtTrader) -> None:
        self._repair.stop()

    with patch.context() as crash:
        crash.setattr(RtTrader, "_wind_down", no_winding_down)
        async with desk.session(folder) as run:
            yield run


async def faults(desk: Bench, *planned: dict[str, Any]) -> None:
    reply = await desk.raw.send(
        "POST", "/simulator/faults", data=json.dumps({"faults": planned}), headers={"X-MBX-APIKEY": desk.raw.key}
    )
    assert reply.status == 200, reply.text


def bracket(run: Session, order_type: OrderType = OrderType.MARKET, **more: Any) -> BracketWish:
    """Return a wish for a buy with a stop 3 % below the market and a target 3 % above it."""
    stop, target = ExitLevel(price=run.far_price("-0.03")), ExitLevel(price=run.far_price("0.03"))
    return BracketWish(run.intent(Side.BUY, order_type, **more), stop, target)


async def resting_entry(run: Session) -> Order:
    """Send a bracket whose entry rests 1 % below the market; return the entry."""
    answer = await run.trader.submit_bracket(bracket(run, OrderType.LIMIT, price=run.far_price("-0.01")))
    assert answer.step.refusals == ()
    order = answer.outcomes[0].order
    assert order is not None
    await run.wait("the entry", lambda: run.trader.callback.orders.get(order.client_order_id).status is OrderStatus.NEW)
    return order


async def held(run: Session) -> tuple[Order, Order]:
    """Send a bracket at market; return its stop and its target once both rest."""
    answer = await run.trader.submit_bracket(bracket(run))
    assert answer.step.refusals == ()
    await run.wait("both exits", lambda: sizes(run) == [QUANTITY, QUANTITY])
    return resting(run, STOP)[0], resting(run, TARGET)[0]


def resting(run: Session, order_type: OrderType) -> list[Order]:
    return [o for o in run.open_orders if o.order_type is order_type and o.status is OrderStatus.NEW]


def sizes(run: Session) -> list[Decimal]:
    """Return the sizes of the stops and targets that rest, stops first."""
    return [o.quantity for kind in (STOP, TARGET) for o in resting(run, kind)]


def at_venue(desk: Bench) -> list[tuple[str, Decimal]]:
    """Return kind and size of the conditional orders that rest at the exchange."""
    return sorted((o.order_type, o.quantity) for o in desk.exchange.venue.core.open_algo_orders(SYMBOL))


def both(quantity: Decimal) -> list[tuple[str, Decimal]]:
    return [("STOP_MARKET", quantity), ("TAKE_PROFIT_MARKET", quantity)]


def offer(desk: Bench, price: Decimal, quantity: str) -> None:
    """Let other people sell so much at a price, at once; all else of the book is further away."""
    venue, tick = desk.exchange.venue, Decimal("0.1")
    bids = tuple((price - tick * (1 + n), Decimal(5)) for n in range(20))
    asks = ((price, Decimal(quantity)), *((price + tick * (3 + n), Decimal(5)) for n in range(20)))
    market = MarketTick(SYMBOL, venue.market_ms, (), bids, asks, price, price, Decimal(0))
    venue.take_ticks([market], venue.market_ms)
    venue.hub.flush()


async def over(desk: Bench, run: Session) -> None:
    """Wait until nothing of any bracket is left, here and at the exchange."""
    await run.wait("nothing is left", lambda: not run.position_amount and not run.open_orders)
    await run.wait("it is over", lambda: run.trader.callback.brackets.records == ())
    assert at_venue(desk) == []
    assert await desk.position_amount() == 0


def sent_by(run: Session) -> list[str]:
    return [a.client_order_id for s in run.steps for a in s.approved if isinstance(a, ApprovedOrder)]


def test_both_exits_rest_once_the_entry_has_filled_and_go_with_the_position(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        await held(run)
        assert at_venue(desk) == both(QUANTITY)
        await run.submit(Side.SELL, reduce_only=True, purpose=Purpose.EXIT)
        await over(desk, run)

    drive(body)


def test_an_entry_that_fills_in_parts_has_exits_of_what_is_filled(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        entry = await resting_entry(run)
        assert at_venue(desk) == []
        filled = Decimal(0)
        for _ in range(2):
            offer(desk, entry.price, "0.003")
            await run.wait("a part", lambda before=filled: run.position_amount > before)  # type: ignore[misc]
            filled = run.position_amount
            await run.wait("exits of it", lambda part=filled: sizes(run) == [part, part])  # type: ignore[misc]
            await run.wait("at the exchange, too", lambda part=filled: at_venue(desk) == both(part))  # type: ignore[misc]
        assert Decimal(0) < filled < QUANTITY
        (order,) = [o for o in run.open_orders if o.purpose is Purpose.ENTRY]
        await run.trader.cancel(order)
        await run.wait("the entry is gone", lambda: len(run.open_orders) == 2)
        assert at_venue(desk) == both(filled)
        plan = await run.trader.plan_flatten()
        assert (await run.trader.flatten(plan)).is_done
        await over(desk, run)

    drive(body)


@pytest.mark.parametrize("is_stop", [True, False])
def test_when_the_market_reaches_one_exit_the_other_goes(is_stop: bool, drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        stop, target = await held(run)
        desk.trade_through(stop.trigger_price - 1 if is_stop else target.trigger_price + 1)
        await over(desk, run)
        assert [f.client_order_id for f in run.fills][-1] == (stop if is_stop else target).client_order_id
        assert len(sent_by(run)) == 3

    drive(body)


def test_what_is_wrong_with_an_exit_refuses_the_whole_and_nothing_is_sent(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        good, last = bracket(run), run.far_price("0")
        for stop, target, code in (
            (ExitLevel(price=last + 500), good.target, "stop_wrong_side"),
            (good.stop, ExitLevel(price=last - 500), "target_wrong_side"),
            (ExitLevel(distance=Decimal("0.05")), good.target, "stop_off_tick"),
            (good.stop, ExitLevel(distance=Decimal(10) ** 9), "target_out_of_range"),
        ):
            answer = await run.trader.submit_bracket(BracketWish(good.entry, stop, target))
            assert codes(answer.step.refusals) == [code]
            assert answer.outcomes == ()
        assert desk.proxy.count("POST") == 1  # the listen key
        assert run.trader.callback.brackets.records == ()

    drive(body)


def test_an_entry_that_the_venue_refuses_leaves_nothing(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        answer = await run.trader.submit_bracket(bracket(run, quantity=Decimal(50)))
        assert (answer.outcomes[0].kind, answer.outcomes[0].error_code) == (OutcomeKind.REFUSED, -2019)
        await over(desk, run)
        assert len(sent_by(run)) == 1

    drive(body)


@pytest.mark.parametrize("how", ["503 twice", "503 at every try", "unknown", "executed, unknown"])
def test_a_stop_that_goes_wrong_is_replaced_or_the_bracket_closed_within_two_seconds(
    how: str, drive: Callable[[Drive], None], allow_log: Expect
) -> None:
    allow_log("the stop of a bracket: closing")
    allow_log("the user stream is doubted")
    kinds = {
        "503 twice": {"kind": "unavailable_503", "count": 3},  # the first target is one of them
        "503 at every try": {"kind": "unavailable_503"},
        "unknown": {"kind": "timeout_1007"},
        "executed, unknown": {"kind": "timeout_1007", "executed": True, "count": 2},
    }

    async def body(desk: Bench, run: Session) -> None:
        await faults(desk, kinds[how] | {"method": "POST", "path": ALGO})
        await run.trader.submit_bracket(bracket(run))
        await run.wait("the position", lambda: run.position_amount == QUANTITY)
        began_ms = run.trader.callback.clock_ms
        if how in ("503 twice", "executed, unknown"):
            await run.wait("both exits", lambda: sizes(run) == [QUANTITY, QUANTITY])
            assert at_venue(desk) == both(QUANTITY)
            assert run.position_amount == QUANTITY
        else:
            await run.wait("flat", lambda: not run.position_amount)
            assert run.trader.callback.clock_ms - began_ms < 3_000
            await faults(desk)
            await over(desk, run)

    drive(body)


def test_a_cut_between_the_fill_and_its_exits_is_made_good_at_once(
    drive: Callable[[Drive], None], allow_log: Expect
) -> None:
    allow_log(".*")

    async def body(desk: Bench, run: Session) -> None:
        entry = await resting_entry(run)
        desk.proxy.cut("GET /private")
        await run.wait("it is noticed", lambda: not run.trader.callback.routes_fresh["private"])
        desk.trade_through(entry.price - 1)
        assert at_venue(desk) == []
        desk.proxy.allow("GET /private")
        await run.wait("both exits", lambda: sizes(run) == [QUANTITY, QUANTITY])
        assert at_venue(desk) == both(QUANTITY)

    drive(body)


def test_a_bracket_goes_on_after_a_crash_wherever_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed with the entry resting, which fills while nobody looks; with exits at rest; and after one was hit."""
    uncounted = ExchangeOptions(seed=5, counts=False)  # or there is no room for so many starts within a minute

    async def body() -> None:
        async with bench(monkeypatch, uncounted) as desk:
            async with crashing(desk, tmp_path, monkeypatch) as run:
                entry = await resting_entry(run)
                offer(desk, entry.price, "0.003")
                await run.wait("a part", lambda: run.position_amount)
                part = run.position_amount
                await run.wait("exits of it", lambda: sizes(run) == [part, part])
            desk.trade_through(entry.price - 1)
            async with crashing(desk, tmp_path, monkeypatch) as run:
                await run.wait("exits of all", lambda: sizes(run) == [QUANTITY, QUANTITY])
                await run.wait("at the exchange", lambda: at_venue(desk) == both(QUANTITY))
                (record,) = run.trader.callback.brackets.records
                assert (record.entry_id, record.held) == (entry.client_order_id, QUANTITY)
            async with crashing(desk, tmp_path, monkeypatch) as run:
                await run.wait("some prices", lambda: len(run.steps) > 60)
                assert sent_by(run) == []
                assert at_venue(desk) == both(QUANTITY)
                (stop,) = resting(run, STOP)
            desk.trade_through(stop.trigger_price - 1)
            assert at_venue(desk) == both(QUANTITY)[1:]
            async with crashing(desk, tmp_path, monkeypatch) as run:
                await over(desk, run)
                assert sent_by(run) == []
            async with desk.session(tmp_path) as run:
                assert run.trader.callback.brackets.records == ()
                await run.submit(Side.BUY)
                await run.wait("the position", lambda: run.position_amount == QUANTITY)
                await run.wait("some prices", lambda: len(run.steps) > 60)
                assert at_venue(desk) == []

    asyncio.run(body())


def test_a_crash_between_the_fill_and_its_exits_and_one_while_a_stop_is_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_log: Expect
) -> None:
    allow_log("the stop of a bracket")

    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with crashing(desk, tmp_path, monkeypatch) as run:
                desk.proxy.hold("GET /private")
                await run.trader.submit_bracket(bracket(run))
            assert at_venue(desk) == []
            desk.proxy.release()
            async with crashing(desk, tmp_path, monkeypatch) as run:
                desk.proxy.hold("POST /fapi/v1/algoOrder")
                await run.wait("a stop is on its way", lambda: len(sent_by(run)) >= 2)
                await run.wait("it is there", lambda: at_venue(desk) == both(QUANTITY))
            desk.proxy.release()
            async with desk.session(tmp_path) as run:
                await run.wait("both are found", lambda: sizes(run) == [QUANTITY, QUANTITY])
                assert sent_by(run) == []
                brackets = run.trader.callback.brackets
                await run.wait("protected", lambda: brackets.finding.state is ProtectionState.PROTECTED)
                await run.submit(Side.SELL, reduce_only=True, purpose=Purpose.EXIT)
                await over(desk, run)

    asyncio.run(body())


@pytest.mark.parametrize("kind", [STOP, TARGET])
@pytest.mark.parametrize("how", ["done", "refused", "no answer", "no answer, not done"])
def test_an_exit_that_the_hand_moves_stays_there_and_keeps_its_size(
    drive: Callable[[Drive], None], kind: OrderType, how: str, allow_log: Expect
) -> None:
    allow_log("the user stream is doubted")

    async def body(desk: Bench, run: Session) -> None:
        run.trader._manager._resolve_delays_s = (0.1, 0.1, 0.2)
        stop, target = await held(run)
        old = stop if kind is STOP else target
        price = run.far_price("-0.02" if kind is STOP else "0.02")
        on_post: dict[str, Any] = {"method": "POST", "path": ALGO, "count": 1}
        planned = {
            "refused": [{"kind": "unavailable_503", **on_post}],
            "no answer": [{"kind": "timeout_1007", "executed": True, **on_post}, {"kind": "event_lost"}],
            "no answer, not done": [{"kind": "timeout_1007", **on_post}],
        }
        await faults(desk, *planned.get(how, []))
        report = await run.trader.move(old, price)
        is_moved = how in ("done", "no answer")
        assert report.is_moved is is_moved
        await faults(desk)
        before = run.trader.callback.clock_ms
        await run.wait("three seconds", lambda: run.trader.callback.clock_ms - before > 3_000)
        assert at_venue(desk) == both(QUANTITY)
        assert run.position_amount == QUANTITY
        (now,) = resting(run, kind)
        assert now.trigger_price == (price if is_moved else old.trigger_price)
        (record,) = run.trader.callback.brackets.records
        level = record.stop if kind is STOP else record.target
        assert level is not None and level.price == now.trigger_price

    drive(body)


def test_an_entry_that_the_hand_moves_keeps_its_exits(drive: Callable[[Drive], None]) -> None:
    async def body(desk: Bench, run: Session) -> None:
        wish = bracket(run, STOP, trigger_price=run.far_price("0.01"))
        answer = await run.trader.submit_bracket(wish)
        order = answer.outcomes[0].order
        assert order is not None
        report = await run.trader.move(order, run.far_price("0.02"))
        assert report.is_moved and report.live is not None, report
        live = report.live
        await run.wait(
            "one bracket", lambda: [r.entry_id for r in run.trader.callback.brackets.records] == [live.client_order_id]
        )
        (record,) = run.trader.callback.brackets.records
        assert (record.stop, record.target) == (wish.stop, wish.target)

    drive(body)
