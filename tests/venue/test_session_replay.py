"""Armed sessions at speed `max`: they trade, their money adds up to the last digit, and two runs are one."""

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tests.session_world import (
    BENCH,
    PATIENCE_S,
    Bench,
    Session,
    bench,
    options,
    play,
    session,
    trades_of,
    write_walk,
)
from trader_gui.domain.market import BookTicker, Kline, MarkPrice
from trader_gui.domain.order import OrderStatus, Origin, Purpose
from trader_gui.journal.reader import JournalReader
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader import Summary
from trader_gui.settings import DataDirectory
from trader_gui.simulated_exchange.options import ExchangeOptions

SMALLEST = Decimal("1e-8")
WALLET_INCOME = ("REALIZED_PNL", "COMMISSION", "FUNDING_FEE")


def armed(**more: object) -> dict[str, object]:
    return {"speed": "max", "arm_at_start": True, "stop_at_data_end": True, **more}


async def replay_on(desk: Bench, folder: Path) -> Session:
    return await play(folder, BENCH, options(**armed()), desk.credentials)


def check_money(summary: Summary) -> None:
    change = summary.wallet_balance - summary.start_wallet_balance
    assert abs(change - (summary.realized_pnl - summary.commission + summary.funding_fee)) < SMALLEST


def test_an_armed_replay_trades_and_its_money_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_walk(tmp_path)

    async def body() -> None:
        async with bench(monkeypatch, ExchangeOptions(data=path, speed="max")) as desk:
            run = await replay_on(desk, tmp_path)
            summary = run.trader.summary
            assert summary.trades >= 3
            assert summary.klines == 600
            assert summary.max_orders_in_flight == 1
            check_money(summary)
            income = await desk.income()
            assert len(income) < 1000  # all of it
            ledger = sum(Decimal(row["income"]) for row in income if row["incomeType"] in WALLET_INCOME)
            assert abs(summary.wallet_balance - summary.start_wallet_balance - ledger) < SMALLEST
            assert summary.position_amount == await desk.position_amount()
            await check_fills_are_on_disk(desk, run, tmp_path)

    asyncio.run(body())


async def check_fills_are_on_disk(desk: Bench, run: Session, folder: Path) -> None:
    """The exchange's own list of trades, the steps and the journal are one."""
    reply = await desk.raw.signed("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", limit=1000)
    told = {row["id"]: (Decimal(row["price"]), Decimal(row["qty"]), Decimal(row["commission"])) for row in reply.json}
    with JournalReader(DataDirectory(folder / "data", BENCH.name).journal_path) as reader:
        journalled = {f.trade_id: (f.price, f.quantity, f.commission) for f in reader.fills()}
        intents = reader.intents()
    assert journalled == told
    assert len(told) == len(run.fills) == run.trader.summary.fills
    assert {f.client_order_id for f in run.fills if run.trader.callback.orders.origin_of(f.client_order_id)[1]} <= set(
        intents
    )


def test_every_entry_of_the_engine_gets_a_stop_at_the_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_walk(tmp_path)

    async def body() -> None:
        async with bench(monkeypatch, ExchangeOptions(data=path, speed="max")) as desk:
            run = await replay_on(desk, tmp_path)
            orders = run.trader.callback.orders
            entries = 0
            stops_before: set[str] = set()
            for index, update in enumerate(run.updates):
                origin, purpose = orders.origin_of(update.order.client_order_id)
                is_entry = origin is Origin.ENGINE and purpose is Purpose.ENTRY
                if not is_entry or update.order.status is not OrderStatus.FILLED:
                    continue
                entries += 1
                later = run.updates[index:]
                stop = next(
                    (
                        u.order
                        for u in later
                        if orders.origin_of(u.order.client_order_id) == (Origin.ENGINE, Purpose.PROTECTION)
                        and u.order.client_order_id not in stops_before
                    ),
                    None,
                )
                assert stop is not None, f"no stop after {update.order.client_order_id}"
                stops_before.add(stop.client_order_id)
                assert stop.side is update.order.side.opposite
                assert stop.close_position or stop.reduce_only
                assert stop.status is OrderStatus.NEW
                behind = (stop.trigger_price - update.order.average_price) * stop.side.sign
                assert behind > 0, "the stop lies on the side of loss"
            assert entries >= 3

    asyncio.run(body())


def test_two_runs_of_one_file_are_the_same(tmp_path: Path) -> None:
    """Through the profile itself: the exchange is a child process, and its pace is the session's."""
    path = write_walk(tmp_path, 900)
    runs = [
        asyncio.run(play(tmp_path / name, PROFILES["replay"], options(**armed(data_file=str(path))))) for name in "ab"
    ]
    first, second = map(trades_of, runs)
    assert len(first) >= 4
    assert first == second
    assert [r.trader.summary.wallet_balance for r in runs] == [runs[0].trader.summary.wallet_balance] * 2
    assert Counter(runs[0].trader.summary.refusals) == Counter(runs[1].trader.summary.refusals)


def test_a_generated_market_with_one_seed_is_one_market(tmp_path: Path) -> None:
    """The market has no end: both sessions are stopped some minutes after their first round trip."""

    async def generated(folder: Path) -> Session:
        async with session(folder, PROFILES["demo"], options(**armed(seed=3))) as run:
            await run.wait("the klines", lambda: run.trader.tally.klines >= 6, limit_s=PATIENCE_S)
        return run

    runs = [asyncio.run(generated(tmp_path / name)) for name in "ab"]
    for kinds in (Kline, MarkPrice), (BookTicker,):  # of each socket; between two sockets there is no order
        streams = [[s.message for s in r.steps if isinstance(s.message, kinds)] for r in runs]
        shared = min(map(len, streams))
        assert shared > 500
        assert streams[0][:shared] == streams[1][:shared]
    first, second = (trades_of(r)[:2] for r in runs)
    assert len(first) == 2
    assert first == second
    for run in runs:
        check_money(run.trader.summary)
        assert run.trader.summary.max_orders_in_flight == 1
