"""What the journal says was true: read before a session writes to it, whatever the last one left."""

import asyncio
from decimal import Decimal
from pathlib import Path

from tests.core_records import PREFIX, make_account_update, make_order, make_position, make_snapshot
from trader_gui.domain.account import AccountSnapshot, AccountUpdate
from trader_gui.domain.step import Step
from trader_gui.journal.belief import Belief
from trader_gui.journal.writer import open_journal
from trader_gui.rt_trader.belief import read_belief


def believed(folder: Path, *messages: AccountSnapshot | AccountUpdate) -> Belief | None:
    path = folder / "journal.sqlite"

    async def body() -> Belief | None:
        async with open_journal(path, profile="demo", symbol="BTCUSDT", interval="1m") as journal:
            for sequence, message in enumerate(messages, 1):
                journal.record_step(Step(sequence, message, 0))
        return await read_belief(path)

    return asyncio.run(body())


def test_a_journal_without_an_account_believes_nothing(tmp_path: Path) -> None:
    assert believed(tmp_path) is None
    assert asyncio.run(read_belief(tmp_path / "none.sqlite")) is None


def test_the_last_word_counts(tmp_path: Path) -> None:
    order = make_order(f"{PREFIX}-hn-4")
    snapshot = AccountSnapshot(make_snapshot().balances, (), (order,), 0)
    update = make_account_update(make_position("0.010"), wallet="9990.5")
    belief = believed(tmp_path, snapshot, update)
    assert belief is not None
    assert [p.position_amount for p in belief.positions.values()] == [Decimal("0.010")]
    assert belief.balances["USDT"].wallet_balance == Decimal("9990.5")
    assert [o.client_order_id for o in belief.orders] == [f"{PREFIX}-hn-4"]
