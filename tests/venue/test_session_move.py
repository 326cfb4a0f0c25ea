"""An order is moved by hand: at the end one is live and it is known which, and the position was covered."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench
from trader_gui.domain.moving import MoveReport
from trader_gui.domain.order import Order, OrderStatus, OrderType, Origin, PositionSide, Purpose, Side
from trader_gui.domain.protection import ProtectionState
from trader_gui.domain.step import EntryBlock
from trader_gui.rt_trader.changing_by_hand import ChangingByHand

PATH = "/fapi/v1/algoOrder"
WHOLE: dict[str, Any] = {"quantity": None, "close_position": True, "purpose": Purpose.PROTECTION}
SIZED: dict[str, Any] = {"quantity": QUANTITY, "reduce_only": True, "purpose": Purpose.PROTECTION}
Expect = Callable[[str], None]


@dataclass
class World:
    """A session with a position, and the exchange's own list of conditional orders.

    Attributes:
        fewest: How few orders waited at the exchange after any cancel.
    """

    desk: Bench
    run: Session
    fewest: int = 99

    @property
    def waiting(self) -> list[Any]:
        return list(self.desk.exchange.venue.core.open_algo_orders(SYMBOL))

    async def plan(self, *faults: dict[str, Any]) -> None:
        """Put faults before the exchange from now on."""
        reply = await self.desk.raw.send(
            "POST",
            "/simulator/faults",
            data=json.dumps({"faults": faults}),
            headers={"X-MBX-APIKEY": self.desk.raw.key},
        )
        assert reply.status == 200, reply.text

    async def hold(self, side: Side = Side.BUY) -> None:
        """Open a position by hand."""
        await self.run.submit(side)
        await self.run.wait("the position", lambda: abs(self.run.position_amount) == QUANTITY)

    async def place(self, side: Side, order_type: OrderType, trigger: str, **more: Any) -> Order:
        """Place a conditional order by hand, so far from the market."""
        answer = await self.run.submit(side, order_type, trigger_price=self.run.far_price(trigger), **more)
        order = answer.outcomes[0].order
        assert order is not None, answer
        await self.run.wait("it rests", lambda: self.known(order).status is OrderStatus.NEW)
        return order

    def known(self, order: Order) -> Order:
        found = self.run.trader.callback.orders.get(order.client_order_id)
        assert found is not None
        return found

    def watch_cancels(self) -> None:
        """Count what is left at the exchange after every cancel."""
        core = self.desk.exchange.venue.core
        original = core.cancel_algo

        def counted(*arguments: Any) -> Any:
            result = original(*arguments)
            self.fewest = min(self.fewest, len(self.waiting))
            return result

        core.cancel_algo = counted  # type: ignore[method-assign]

    async def check(self, report: MoveReport, trigger: Decimal) -> None:
        """One order waits at the exchange, the session knows no other, and the report names it."""
        assert report.live is not None
        (row,) = self.waiting
        assert (row.client_algo_id, row.trigger_price) == (report.live.client_order_id, trigger)
        await self.run.wait("no other is known", lambda: len(self.run.open_orders) == 1)
        (order,) = self.run.open_orders
        assert (order.client_order_id, order.status) == (row.client_algo_id, OrderStatus.NEW)


@asynccontextmanager
async def world(folder: Path, patch: pytest.MonkeyPatch, **more: Any) -> AsyncIterator[World]:
    async with bench(patch) as desk, desk.session(folder, **more) as run:
        run.trader._manager._resolve_delays_s = (0.1, 0.1, 0.2, 0.2)
        made = World(desk, run)
        made.watch_cancels()
        yield made


def on(method: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "method": method, "path": PATH, **more}


LOST = {"kind": "event_lost", "event": "ALGO_UPDATE"}
ONCE = {"count": 1}
FAULTS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "placed, -1007, event lost": [on("POST", "timeout_1007", executed=True, **ONCE), LOST],
    "placed, connection cut": [on("POST", "drop_connection", executed=True, **ONCE), LOST],
    "cancelled, -1007, event lost": [on("DELETE", "timeout_1007", executed=True, **ONCE), LOST],
    "not cancelled, -1007": [on("DELETE", "timeout_1007", **ONCE), LOST],
    "not cancelled, connection cut, twice": [on("DELETE", "drop_connection", count=2)],
    "cancel failed": [on("DELETE", "unavailable_503", **ONCE)],
    "queries lag": [{"kind": "query_lag", "ms": 300}, on("POST", "timeout_1007", executed=True, **ONCE), LOST],
    "all events lost": [LOST],
}
REFUSED: dict[str, list[dict[str, Any]]] = {
    "failed": [on("POST", "unavailable_503", **ONCE)],
    "not placed, -1007": [on("POST", "timeout_1007", **ONCE)],
    "not placed, connection cut": [on("POST", "drop_connection", **ONCE)],
}


@pytest.mark.parametrize("shape", ["whole", "sized", "target"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_stop_is_moved_and_the_position_is_covered_all_the_time(
    name: str, shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_log: Expect
) -> None:
    allow_log("the user stream is doubted")

    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            await w.hold()
            order_type, near, far = OrderType.STOP_MARKET, "-0.02", "-0.03"
            if shape == "target":
                order_type, near, far = OrderType.TAKE_PROFIT_MARKET, "0.02", "0.03"
            old = await w.place(Side.SELL, order_type, far, **(SIZED if shape == "sized" else WHOLE))
            await w.plan(*FAULTS[name])
            price = w.run.far_price(near)
            report = await ChangingByHand.move(w.run.trader, old, price)
            assert (report.is_moved, report.trouble) == (True, None)
            await w.check(report, price)
            assert w.fewest >= 1
            assert report.live is not None
            assert (report.live.close_position, report.live.reduce_only) == (shape != "sized", shape == "sized")
            await w.plan()

    asyncio.run(body())


@pytest.mark.parametrize("name", REFUSED)
def test_a_stop_whose_successor_is_not_placed_stays_where_it_was(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            await w.hold()
            old = await w.place(Side.SELL, OrderType.STOP_MARKET, "-0.03", **WHOLE)
            await w.plan(*REFUSED[name])
            report = await w.run.trader.move(old, w.run.far_price("-0.02"))
            assert report.is_moved is False and report.trouble is not None
            assert report.live is not None and report.live.client_order_id == old.client_order_id
            await w.check(report, old.trigger_price)
            assert w.desk.proxy.count(f"DELETE {PATH}") == 0

    asyncio.run(body())


def test_a_stop_that_cannot_close_the_whole_position_again_stays_as_one_of_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            await w.hold()
            old = await w.place(Side.SELL, OrderType.STOP_MARKET, "-0.03", **WHOLE)
            await w.plan(on("POST", "unavailable_503", every=2))
            price = w.run.far_price("-0.02")
            report = await w.run.trader.move(old, price)
            assert report.is_moved and report.trouble is not None
            await w.check(report, price)
            assert report.live is not None and report.live.quantity == QUANTITY
            assert w.fewest >= 1

    asyncio.run(body())


@pytest.mark.parametrize(("method", "after"), [("place_algo", 1), ("cancel_algo", 1), ("place_algo", 2)])
def test_a_network_that_is_gone_in_mid_air_delays_the_move_and_leaves_one_stop(
    method: str, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_log: Expect
) -> None:
    allow_log("")

    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            await w.hold()
            old = await w.place(Side.SELL, OrderType.STOP_MARKET, "-0.03", **WHOLE)
            core, is_cut, calls = w.desk.exchange.venue.core, asyncio.Event(), 0
            original = getattr(core, method)

            def cutting(*arguments: Any) -> Any:
                nonlocal calls
                result, calls = original(*arguments), calls + 1
                if calls == after:
                    w.desk.proxy.cut("")
                    is_cut.set()
                return result

            monkeypatch.setattr(core, method, cutting)
            price = w.run.far_price("-0.02")
            move = asyncio.create_task(w.run.trader.move(old, price))
            async with asyncio.timeout(5):
                await is_cut.wait()
            await asyncio.wait({move}, timeout=1.5)
            assert not move.done()
            w.desk.proxy.allow("")
            async with asyncio.timeout(30):
                report = await move
            assert (report.is_moved, report.trouble) == (True, None)
            await w.check(report, price)
            assert w.fewest >= 1

    asyncio.run(body())


def test_the_armed_engine_leaves_its_stop_where_the_hand_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            run, callback = w.run, w.run.trader.callback
            assert await run.trader.arm(None) == ()
            await run.trader.submit(replace(run.intent(Side.BUY), origin=Origin.ENGINE))
            await run.wait("a live stop", lambda: callback.protection.finding.state is ProtectionState.PROTECTED)
            (engines,) = run.open_orders
            price = run.far_price("-0.01")
            found = len(run.steps)
            report = await run.trader.move(engines, price)
            await w.check(report, price)
            before = callback.clock_ms
            await run.wait("three seconds", lambda: callback.clock_ms - before > 3_000)
            await w.check(report, price)
            assert w.fewest >= 1
            assert {a.intent.origin for step in run.steps[found:] for a in step.approved} == {Origin.HAND}
            assert callback.protection.finding.state is ProtectionState.PROTECTED

    asyncio.run(body())


def test_the_stop_of_a_leg_is_moved_on_its_leg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            await w.run.trader.set_position_mode(is_hedge=True)
            await w.run.wait("hedge mode", lambda: w.run.trader.callback.account.is_hedge)
            for side in Side:
                await w.run.submit(side)
            await w.run.wait("both legs", lambda: len(w.run.trader.callback.account.legs(SYMBOL)) == 2)
            old = await w.place(Side.BUY, OrderType.STOP_MARKET, "0.03", **WHOLE)
            price = w.run.far_price("0.02")
            report = await w.run.trader.move(old, price)
            await w.check(report, price)
            assert report.live is not None
            assert (report.live.position_side, report.live.close_position) == (PositionSide.SHORT, True)
            assert w.fewest >= 1

    asyncio.run(body())


def test_an_entry_that_waits_is_never_there_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            old = await w.place(Side.BUY, OrderType.STOP, "0.02", price=w.run.far_price("0.021"))
            most, core = 0, w.desk.exchange.venue.core
            original = core.place_algo

            def counted(*arguments: Any) -> Any:
                nonlocal most
                result = original(*arguments)
                most = max(most, len(w.waiting))
                return result

            core.place_algo = counted  # type: ignore[method-assign]
            await w.plan(on("DELETE", "timeout_1007", **ONCE))
            price = w.run.far_price("0.03")
            report = await w.run.trader.move(old, price)
            assert report.is_moved
            await w.check(report, price)
            assert most == 1
            assert report.live is not None and report.live.price - price == old.price - old.trigger_price
            w.run.trader.callback.step(EntryBlock(True, 0))
            refused = await w.run.trader.move(report.live, w.run.far_price("0.04"))
            assert refused.trouble is not None and refused.trouble.code == "flattening"
            await w.check(refused, price)

    asyncio.run(body())


def test_what_cannot_be_moved_is_refused_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            await w.hold(Side.SELL)
            stop = await w.place(Side.BUY, OrderType.STOP_MARKET, "0.03", **WHOLE)
            trailing = {**SIZED, "callback_fraction": Decimal("0.05")}
            answer = await w.run.submit(Side.BUY, OrderType.TRAILING_STOP_MARKET, **trailing)
            follower = answer.outcomes[0].order
            assert follower is not None
            sent = w.desk.proxy.count(f"POST {PATH}")
            move = w.run.trader.move
            reports = [
                await move(stop, w.run.far_price("-0.01")),
                await move(stop, stop.trigger_price),
                await move(stop, stop.trigger_price + Decimal("0.01")),
                await move(follower, w.run.far_price("0.02")),
            ]
            codes = [r.trouble.code for r in reports if r.trouble is not None]
            assert codes == ["would_trigger", "nothing_changes", "off_tick", "not_movable"]
            await w.run.trader.cancel(stop)
            await w.run.wait("it is gone", lambda: w.known(stop).status is OrderStatus.CANCELED)
            gone = await move(stop, w.run.far_price("0.02"))
            assert (gone.live, gone.trouble and gone.trouble.code) == (None, "order_closed")
            assert w.desk.proxy.count(f"POST {PATH}") == sent

    asyncio.run(body())


@pytest.mark.parametrize("is_executed", [True, False])
def test_a_limit_order_is_moved_in_place_and_an_unclear_answer_is_waited_out(
    is_executed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            order = await w.run.resting_buy()
            price = w.run.far_price("-0.03")
            report = await w.run.trader.move(order, price)
            assert report.is_moved and report.live is not None and report.live.price == price
            fault = {"kind": "timeout_1007", "executed": is_executed, "method": "PUT", "path": "/fapi/v1/order"}
            await w.plan(fault, {"kind": "event_lost"})
            second = await w.run.trader.move(report.live, order.price)
            assert second.is_moved is is_executed
            assert second.live is not None and second.live.price == (order.price if is_executed else price)
            assert (second.trouble is None) is is_executed
            assert w.desk.proxy.count("PUT /fapi/v1/order") == 2

    asyncio.run(body())


def test_two_moves_of_the_same_stop_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with world(tmp_path, monkeypatch) as w:
            await w.hold()
            stop = await w.place(Side.SELL, OrderType.STOP_MARKET, "-0.03", **WHOLE)
            first, second = await asyncio.gather(
                w.run.trader.move(stop, w.run.far_price("-0.02")),
                w.run.trader.move(stop, w.run.far_price("-0.01")),
            )
            assert first.is_moved and second.trouble is not None
            assert second.trouble.code == "move_in_flight"
            await w.check(first, w.run.far_price("-0.02"))

    asyncio.run(body())
