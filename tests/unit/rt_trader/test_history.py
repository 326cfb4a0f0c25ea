"""A window's way to journal and exchange."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.history_world import FakeVenue
from tests.unit.journal import samples
from trader_gui.domain.order import OrderStatus
from trader_gui.errors import UserError
from trader_gui.journal.writer import open_journal
from trader_gui.rt_trader.history import SessionHistory


async def _write(path: Path, number: int) -> None:
    async with open_journal(path, profile="demo", symbol="BTCUSDT", interval="1m") as journal:
        await journal.write_intent(samples.approved(number))
        trade = samples.fill(7, number)
        journal.record_step(samples.message_step(1, samples.update(number, OrderStatus.FILLED, trade=trade)))


def _ids(page: Any) -> list[str]:
    return [past.order.client_order_id for past in page.orders]


def test_a_simulated_account_has_no_past_before_its_session(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"

    async def main() -> None:
        await _write(path, 1)
        await _write(path, 2)
        real = SessionHistory(FakeVenue(), path, is_of_this_session=False)
        simulated = SessionHistory(FakeVenue(), path, is_of_this_session=True)
        first, second = (samples.approved(number).client_order_id for number in (1, 2))
        assert set(_ids(await real.journal_page(None))) == {first, second}
        assert _ids(await simulated.journal_page(None)) == [second]
        assert await real.journal_symbols() == {"BTCUSDT"}
        assert await simulated.journal_symbols() == frozenset()
        assert (await simulated.order_life(second)).intent == samples.intent(2)

    asyncio.run(main())


def test_a_journal_that_cannot_be_read_is_an_error_for_the_tab(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    path.write_text("this is no journal at all, and much too long to be an empty file" * 20)
    history = SessionHistory(FakeVenue(), path, is_of_this_session=False)
    with pytest.raises(UserError):
        asyncio.run(history.journal_page(None))
