"""Rules that the exchange changes under a running session: noticed by the first refusal, followed, and on record."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.exchange_bends import Bends
from tests.session_world import QUANTITY, Session, bench, codes
from trader_gui.domain.order import OrderType, OutcomeKind, Side
from trader_gui.journal.reader import JournalReader
from trader_gui.settings import DataDirectory

D = Decimal


async def limit_buy(run: Session, price: Decimal, quantity: str = "0.010"):
    return await run.submit(Side.BUY, OrderType.LIMIT, price=price, quantity=D(quantity))


def test_a_new_tick_and_step_are_followed_after_one_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path, with_book=True) as run:
            trader, bends = run.trader, Bends(desk.exchange)
            await run.wait("the book", lambda: trader.callback.order_book.is_synced)
            odd = trader.rules.snap_price(run.far_price("-0.02")).to_integral_value() + D("0.3")
            bends.change_rules("BTCUSDT", tick_size="0.5", min_price="1", step_size="0.005", min_qty="0.005")
            (refused,) = (await limit_buy(run, odd)).outcomes
            assert (refused.kind, refused.error_code) == (OutcomeKind.REFUSED, -4014)
            await run.wait("the new tick", lambda: trader.rules.tick_size == D("0.5"))
            again = await limit_buy(run, odd)
            assert codes(again.step.refusals) == ["off_tick"] and again.outcomes == ()
            nearest = again.step.refusals[0].nearest
            assert nearest is not None
            assert codes((await limit_buy(run, nearest, "0.012")).step.refusals) == ["off_step"]
            (accepted,) = (await limit_buy(run, nearest)).outcomes
            assert accepted.kind is OutcomeKind.ACCEPTED
            await run.wait("the book anew", lambda: trader.callback.order_book.is_synced)
            bids, _ = trader.callback.order_book.top(5)
            assert all(price % D("0.5") == 0 for price, _ in bids)
            assert desk.proxy.count("POST /fapi/v1/order") == 2
        with JournalReader(DataDirectory(tmp_path / "data", "testnet").journal_path) as reader:
            session = reader.last_session()
            assert session is not None
            notes = [note.text for note in reader.notes(session.session_id) if note.kind == "rules"]
            assert notes[-1].startswith("BTCUSDT TRADING tick 0.5 step 0.005")

    asyncio.run(body())


def test_the_rules_are_those_of_the_host_that_is_traded_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A halt shows in the list of symbols alone; nothing is sent to a symbol that does not trade, until it does."""

    async def body() -> None:
        async with bench(monkeypatch) as desk, desk.session(tmp_path) as run:
            bends = Bends(desk.exchange)
            bends.halt("BTCUSDT")
            await run.wait("the halt", lambda: not bends.is_trading("BTCUSDT"))
            (refused,) = (await limit_buy(run, run.far_price("-0.02"))).outcomes
            assert refused.error_code == -1122
            await run.wait("the status", lambda: run.trader.rules.status == "PENDING_TRADING")
            answer = await limit_buy(run, run.far_price("-0.02"))
            assert codes(answer.step.refusals) == ["not_trading"]
            assert desk.proxy.count("POST /fapi/v1/order") == 1
            bends.resume("BTCUSDT")
            await run.wait("the end of the halt", lambda: run.trader.rules.status == "TRADING", 5.0)
            (accepted,) = (await limit_buy(run, run.far_price("-0.02"))).outcomes
            assert accepted.kind is OutcomeKind.ACCEPTED

    asyncio.run(body())


def test_a_session_starts_on_a_symbol_that_is_halted_and_trades_it_once_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds a position there must see it, and everything else of the account."""

    async def body() -> None:
        async with bench(monkeypatch) as desk:
            async with desk.session(tmp_path) as run:
                await run.submit(Side.BUY)
                await run.wait("the position", lambda: run.position_amount == QUANTITY)
            bends = Bends(desk.exchange)
            bends.halt("BTCUSDT")
            while bends.is_trading("BTCUSDT"):  # noqa: ASYNC110 - the exchange has no event for it
                await asyncio.sleep(0.02)
            async with desk.session(tmp_path) as run:
                assert (run.trader.rules.status, run.position_amount) == ("PENDING_TRADING", QUANTITY)
                answer = await limit_buy(run, run.far_price("-0.02"))
                assert codes(answer.step.refusals) == ["not_trading"]
                bends.resume("BTCUSDT")
                await run.wait("the end of the halt", lambda: run.trader.rules.status == "TRADING", 5.0)
                (accepted,) = (await limit_buy(run, run.far_price("-0.02"))).outcomes
                assert accepted.kind is OutcomeKind.ACCEPTED

    asyncio.run(body())
