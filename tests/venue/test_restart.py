"""A program that was away: what happened meanwhile, what it had left in doubt, and whose the position is."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench, codes
from trader_gui.domain.order import OrderStatus, OrderType, Origin, OutcomeKind, Purpose, Side
from trader_gui.domain.step import ApprovedOrder, EngineMode, Step
from trader_gui.journal.migrations import VERSION
from trader_gui.journal.reader import JournalReader
from trader_gui.models.protection import ProtectionKind, protection
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.settings import DataDirectory
from trader_gui.simulated_exchange.options import ExchangeOptions

Expect = Callable[[str], None]


def journal_path(folder: Path) -> Path:
    return DataDirectory(folder / "data", "testnet").journal_path


@asynccontextmanager
async def crashing(desk: Bench, folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[Session]:
    """Run a session that ends without a word: it disarms nothing, takes nothing back, asks nothing."""

    async def no_winding_down(self: RtTrader) -> None:
        self._repair.stop()

    with patch.context() as crash:
        crash.setattr(RtTrader, "_wind_down", no_winding_down)
        async with desk.session(folder) as run:
            yield run


def sent_by(run: Session) -> list[str]:
    return [a.client_order_id for s in run.steps for a in s.approved if isinstance(a, ApprovedOrder)]


async def engine_entry(run: Session) -> str:
    """Let the engine enter and get its stop; return the entry's id."""
    assert await run.trader.arm(None) == ()
    answer = await run.trader.submit(replace(run.intent(Side.BUY), origin=Origin.ENGINE))
    await run.wait("the position", lambda: run.position_amount == QUANTITY)
    await run.wait("its stop", lambda: [o.status for o in run.open_orders] == [OrderStatus.NEW])
    (approved,) = answer.step.approved
    assert isinstance(approved, ApprovedOrder)
    return approved.client_order_id


def test_what_was_executed_while_the_program_was_away_is_in_memory_and_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An own order filled, and somebody else traded."""

    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path) as run:
                order = await run.resting_buy()
            desk.trade_through(order.price - Decimal("0.1"))
            foreign = await desk.raw.order(side="SELL", type="MARKET", quantity="0.001", newClientOrderId="web_1")
            assert foreign.status == 200, foreign.text
            async with desk.session(tmp_path) as run:
                callback = run.trader.callback
                await run.wait("the end of the order", lambda: callback.orders.get(order.client_order_id))
                await run.wait("it is known", lambda: not run.open_orders)
                assert run.position_amount == QUANTITY - Decimal("0.001")
                assert not callback.engine_holds_position
                named = [(f.client_order_id, f.quantity) for f in callback.orders.fills]
                assert named == [(order.client_order_id, QUANTITY), ("web_1", Decimal("0.001"))]
                assert callback.result_today == -sum(f.commission for f in callback.orders.fills) + sum(
                    f.realized_pnl for f in callback.orders.fills
                )
                assert run.trader.summary.fills == 0  # not of this session
                await run.trader._journal.flush()
                with JournalReader(journal_path(tmp_path)) as reader:
                    assert list(reader.fills()) == callback.orders.fills
                    ends = [m.order.status for m in reader.order_messages(order.client_order_id) if m.order]  # type: ignore[union-attr]
                assert ends[-1] is OrderStatus.FILLED
                assert sent_by(run) == []
            async with desk.session(tmp_path) as run:  # and once more: nothing is counted twice, nothing differs
                assert len(run.trader.callback.orders.fills) == 2
                assert run.trader.status.differences == ()

    asyncio.run(body())


def test_the_days_result_counts_every_symbol_after_a_restart_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is held there any more, and of LTCUSDT the journal has never heard: another program traded it."""

    async def round_trip(desk: Bench, symbol: str) -> None:
        for side in ("BUY", "SELL"):
            done = await desk.raw.signed(
                "POST", "/fapi/v1/order", symbol=symbol, side=side, type="MARKET", quantity="1.000"
            )
            assert done.status == 200, done.text

    async def body() -> None:
        async with bench(monkeypatch, ExchangeOptions(seed=5, symbols=(SYMBOL, "ETHUSDT", "LTCUSDT"))) as desk:
            async with desk.session(tmp_path) as run:
                orders = run.trader.callback.orders
                await round_trip(desk, "ETHUSDT")
                await run.wait("all executions", lambda: sum(fill.quantity for fill in orders.fills) == 2)
                before = run.trader.callback.result_today
                assert before < 0
            await round_trip(desk, "LTCUSDT")
            async with desk.session(tmp_path) as run:
                fills = run.trader.callback.orders.fills
                assert {fill.symbol for fill in fills} == {"ETHUSDT", "LTCUSDT"}
                cost = sum(f.commission - f.realized_pnl for f in fills if f.symbol == "LTCUSDT")
                assert run.trader.callback.result_today == before - cost

    asyncio.run(body())


def test_a_trailing_stop_protects_from_its_activation_on_and_a_restart_does_not_forget_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program's own, and one of another program: no list of the exchange tells whether it was reached."""

    def kind(run: Session) -> ProtectionKind:
        callback = run.trader.callback
        positions, orders = callback.account.positions.values(), callback.orders.open_orders()
        return protection(positions, orders, is_known=callback.account.is_known).kind

    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path) as run:
                await run.submit(Side.BUY)
                await run.wait("the position", lambda: run.position_amount == QUANTITY)
                away = run.far_price("0.02")
                trail = {"callback_fraction": Decimal("0.05"), "activation_price": away, "reduce_only": True}
                half = {"quantity": QUANTITY / 2, "purpose": Purpose.PROTECTION}
                answer = await run.submit(Side.SELL, OrderType.TRAILING_STOP_MARKET, **trail, **half)
                assert [o.kind for o in answer.outcomes] == [OutcomeKind.ACCEPTED]
                other = {"activatePrice": str(away), "callbackRate": "5", "quantity": str(QUANTITY / 2)}
                told = await desk.raw.signed(
                    "POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", symbol=SYMBOL, side="SELL",
                    type="TRAILING_STOP_MARKET", reduceOnly="true", clientAlgoId="web_1", **other,
                )  # fmt: skip
                assert told.status == 200, told.text
                await run.wait("both rest", lambda: [o.status for o in run.open_orders] == [OrderStatus.NEW] * 2)
                assert kind(run) is ProtectionKind.NAKED
                desk.trade_through(away + 1)
                await run.wait("protected", lambda: kind(run) is ProtectionKind.PROTECTED)
            async with desk.session(tmp_path) as run:
                assert len(run.open_orders) == 2
                assert kind(run) is ProtectionKind.PROTECTED
            async with desk.session(tmp_path) as run:
                assert kind(run) is ProtectionKind.PROTECTED

    asyncio.run(body())


def test_an_order_whose_answer_a_crash_took_away_bars_its_purpose_until_the_venue_has_told_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with crashing(desk, tmp_path, monkeypatch) as run:
                desk.proxy.hold("GET /private")
                desk.proxy.swallow("POST /fapi/v1/order?")
                desk.proxy.cut("GET /fapi/v1/order?")  # nor can it be asked
                (approved,) = (await run.submit(Side.BUY)).step.approved
                assert isinstance(approved, ApprovedOrder)
            desk.proxy.release()
            desk.proxy.allow("GET /fapi/v1/order?")
            name, barred = approved.client_order_id, []

            def look(step: Step) -> None:
                order = run.trader.callback.orders.get(name)
                if order is not None and order.status is OrderStatus.UNKNOWN and not barred:
                    barred.extend(codes(run.trader.callback.request([run.intent(Side.BUY)]).refusals))

            desk.proxy.hold("GET /fapi/v1/order?")
            async with desk.session(tmp_path) as run:
                look(run.steps[-1])
                assert "order_in_flight" in barred
                desk.proxy.release()
                await run.wait("its end", lambda: run.trader.callback.orders.get(name).status is OrderStatus.FILLED)
                assert await desk.order_ids() == [name]
                await run.trader._journal.flush()
                with JournalReader(journal_path(tmp_path)) as reader:
                    kinds = [m.kind for m in reader.order_messages(name) if hasattr(m, "is_cancel")]
                    assert [fill.client_order_id for fill in reader.fills()] == [name]
                assert kinds[-1] is OutcomeKind.ACCEPTED

    asyncio.run(body())


def test_the_engine_knows_its_position_and_its_stop_after_a_crash_and_sends_nothing_before_it_is_armed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_log: Callable[[str], None]
) -> None:
    allow_log("the stop of the engine's position: naked")  # told when a look comes between the start and the arming

    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with crashing(desk, tmp_path, monkeypatch) as run:
                await engine_entry(run)
                (stop,) = run.open_orders
            async with crashing(desk, tmp_path, monkeypatch) as run:
                callback = run.trader.callback
                assert callback.gate.mode is EngineMode.HALTED
                assert callback.engine_holds_position
                assert [o.client_order_id for o in run.open_orders] == [stop.client_order_id]
                assert sent_by(run) == []
                assert await run.trader.arm(None) == ()
                await run.wait("some prices", lambda: len(run.steps) > 60)
                assert Purpose.PROTECTION not in {a.intent.purpose for s in run.steps for a in s.approved}
            # The stop is taken away while the program is down: nothing but a restored ledger can bring another.
            reply = await desk.raw.signed(
                "DELETE", "/fapi/v1/algoOrder", symbol=SYMBOL, clientAlgoId=stop.client_order_id
            )
            assert reply.status == 200, reply.text
            async with desk.session(tmp_path) as run:
                assert run.trader.callback.engine_holds_position
                assert await run.trader.arm(None) == ()
                await run.wait("a new stop", lambda: any(o.purpose is Purpose.PROTECTION for o in run.open_orders))

    asyncio.run(body())


def test_a_position_that_somebody_else_added_to_meanwhile_is_not_the_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with crashing(desk, tmp_path, monkeypatch) as run:
                await engine_entry(run)
            assert (await desk.raw.order(side="BUY", type="MARKET", quantity="0.001")).status == 200
            async with desk.session(tmp_path) as run:
                assert run.position_amount == QUANTITY + Decimal("0.001")
                assert not run.trader.callback.engine_holds_position

    asyncio.run(body())


def test_after_an_older_copy_of_the_journal_is_restored_no_id_is_used_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        path = journal_path(tmp_path)
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path) as run:
                await run.resting_buy()
            copy = shutil.copy(path, tmp_path / "copy.sqlite")
            async with desk.session(tmp_path) as run:
                later = await run.resting_buy()
                await run.trader.cancel(later)
                await run.wait("it is over", lambda: len(run.open_orders) == 1)
                await run.submit(Side.BUY)
                await run.wait("the position", lambda: run.position_amount == QUANTITY)
            shutil.copy(copy, path)
            async with desk.session(tmp_path) as run:
                assert [f.client_order_id for f in run.trader.callback.orders.fills] == [
                    f"{run.trader.callback.gate.prefix}-hn-3"
                ]
                told = " ".join(run.trader.status.differences)
                assert "highest number of an order" in told and "journal 1, exchange 3" in told
                again = await run.resting_buy()
                assert again.client_order_id.endswith("-4")
            ids = await desk.order_ids()
            assert len(ids) == len(set(ids)) == 4

    asyncio.run(body())


def test_with_a_journal_of_a_newer_version_one_may_look_and_not_trade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("newer version of this program")
    expect_log("its intent could not be journalled")

    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path):
                pass
            with sqlite3.connect(journal_path(tmp_path)) as connection:
                connection.execute(f"PRAGMA user_version = {VERSION + 1}")
            connection.close()
            async with desk.session(tmp_path) as run:
                status = run.trader.status
                assert (status.journal_ok, "newer version" in status.journal_failure) == (False, True)
                assert "journal_failed" in codes(await run.trader.arm(None))
                answer = await run.submit(Side.BUY, OrderType.LIMIT, price=run.far_price("-0.02"))
                assert [o.kind for o in answer.outcomes] == [OutcomeKind.REFUSED]
                assert await desk.order_ids() == []

    asyncio.run(body())
