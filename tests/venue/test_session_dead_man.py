"""The dead man's switch over sockets: what becomes of entries and stops when the program is no longer heard of."""

import asyncio
import time
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.session_world import SYMBOL, Bench, Session, bench
from trader_gui.callback.quotes import quotes_of
from trader_gui.domain.order import Order, OrderStatus, OrderType, Origin, Purpose, Side
from trader_gui.domain.step import EngineMode
from trader_gui.rt_trader import dead_man
from trader_gui.simulated_exchange.options import ExchangeOptions

COUNTDOWN_MS = 1_500
PATH = "POST /fapi/v1/countdownCancelAll"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_man, "COUNTDOWN_MS", COUNTDOWN_MS)
    monkeypatch.setattr(dead_man, "RENEW_S", 0.5)
    monkeypatch.setattr(dead_man, "LOOK_S", 0.05)


async def rest_entry(run: Session, origin: Origin) -> str:
    """Let an entry far below the market rest, and return its id."""
    price = run.far_price("-0.03")
    wish = replace(run.intent(Side.BUY, OrderType.LIMIT, price=price), origin=origin)
    (approved,) = (await run.trader.submit(wish)).step.approved
    client_order_id = str(approved.client_order_id)  # type: ignore[union-attr]  # an order
    await run.wait("it rests", lambda: _status(run, client_order_id) is OrderStatus.NEW)
    return client_order_id


def _status(run: Session, client_order_id: str) -> OrderStatus | None:
    order: Order | None = run.trader.callback.orders.get(client_order_id)
    return order.status if order is not None else None


async def open_ids(desk: Bench, symbol: str = SYMBOL) -> list[str]:
    return [row["clientOrderId"] for row in (await desk.raw.signed("GET", "/fapi/v1/openOrders", symbol=symbol)).json]


async def stop_ids(desk: Bench) -> list[str]:
    rows = (await desk.raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol=SYMBOL)).json
    return [row["clientAlgoId"] for row in rows]


def countdowns(desk: Bench) -> list[str]:
    """Return the time of every countdown that was asked for, "0" is a stop."""
    found = [line for line in desk.proxy.requests if line.startswith(PATH)]
    return [line.partition("countdownTime=")[2].partition("&")[0] for line in found]


def test_a_program_that_is_killed_leaves_its_stop_and_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            with pytest.raises(asyncio.CancelledError):
                async with desk.session(tmp_path) as run:
                    await run.submit(Side.BUY)
                    await run.wait("the position", lambda: run.position_amount)
                    stop = {"purpose": Purpose.PROTECTION, "quantity": None, "close_position": True}
                    await run.submit(Side.SELL, OrderType.STOP_MARKET, trigger_price=run.far_price("-0.05"), **stop)
                    assert await run.trader.arm(None) == ()
                    entry = await rest_entry(run, Origin.ENGINE)
                    state = run.trader.status.dead_man
                    await run.wait("the countdown", lambda: state.until_ns is not None)
                    alive_s = time.monotonic()
                    await run.wait("it is renewed", lambda: time.monotonic() - alive_s > COUNTDOWN_MS / 1000 + 1)
                    assert await open_ids(desk) == [entry]
                    assert run.task is not None
                    run.task.cancel()  # without a word
                    await asyncio.wait({run.task})
            (stop_id,) = await stop_ids(desk)
            assert await open_ids(desk) == [entry]
            async with asyncio.timeout(COUNTDOWN_MS / 1000 + 1.0):
                while True:
                    if not await open_ids(desk):
                        break
                    await asyncio.sleep(0.02)
            assert await stop_ids(desk) == [stop_id]
            assert "0" not in countdowns(desk)

    asyncio.run(body())


def test_an_engine_that_is_disarmed_stops_the_countdown_and_orders_by_hand_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            by_hand = await rest_entry(run, Origin.HAND)
            assert countdowns(desk) == []
            assert await run.trader.arm(None) == ()
            await rest_entry(run, Origin.ENGINE)
            state = run.trader.status.dead_man
            await run.wait("the countdown", lambda: state.until_ns is not None)
            await run.trader.disarm()
            await run.wait("halted", lambda: run.trader.callback.gate.mode is EngineMode.HALTED)
            await run.wait("it is stopped", lambda: state.until_ns is None)
            assert countdowns(desk)[-1] == "0"
            await asyncio.sleep(COUNTDOWN_MS / 1000 + 0.3)
            assert await open_ids(desk) == [by_hand]

    asyncio.run(body())


@pytest.mark.parametrize("mode", ["off", "all"])
def test_by_a_setting_it_is_for_nobodys_entries_or_for_those_by_hand_too(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path, dead_man_switch=mode) as run:
                by_hand = await rest_entry(run, Origin.HAND)
                if mode == "off":
                    assert await run.trader.arm(None) == ()
                    await asyncio.sleep(0.3)
                    assert countdowns(desk) == []
                    return
                state = run.trader.status.dead_man
                await run.wait("the countdown", lambda: state.until_ns is not None)
            # An orderly end: the person's order stays, and nothing cancels it later.
            assert countdowns(desk)[-1] == "0"
            await asyncio.sleep(COUNTDOWN_MS / 1000 + 0.3)
            assert await open_ids(desk) == [by_hand]

    asyncio.run(body())


def test_entries_by_hand_of_another_symbol_have_a_countdown_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with bench(monkeypatch, ExchangeOptions(seed=5, symbols=(SYMBOL, "ETHUSDT"))) as desk:
            with pytest.raises(asyncio.CancelledError):
                async with desk.session(tmp_path, dead_man_switch="all", with_book=True) as run:
                    callback = run.trader.callback
                    run.trader.show("ETHUSDT", "1m")
                    await run.wait("its terms", lambda: run.trader.status.shown.terms.get("ETHUSDT"))
                    await run.wait("its price", lambda: quotes_of(callback, "ETHUSDT").is_fresh)
                    price = callback.symbol_rules.of("ETHUSDT").snap_price(
                        (quotes_of(callback, "ETHUSDT").mark_price or Decimal(0)) * Decimal("0.97")
                    )
                    wish = run.intent(Side.BUY, OrderType.LIMIT, price=price, quantity=Decimal("0.1"))
                    answer = await run.trader.submit(replace(wish, symbol="ETHUSDT"))
                    assert answer.step.refusals == ()
                    await run.wait("the countdown", lambda: run.trader.status.dead_man.until_ns is not None)
                    assert len(await open_ids(desk, "ETHUSDT")) == 1
                    assert run.task is not None
                    run.task.cancel()  # without a word
                    await asyncio.wait({run.task})
            async with asyncio.timeout(COUNTDOWN_MS / 1000 + 1.0):
                while True:
                    if not await open_ids(desk, "ETHUSDT"):
                        break
                    await asyncio.sleep(0.02)

    asyncio.run(body())
