"""What the journal says is true: the ground of the comparison at start, and one of the three sides after it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from trader_gui.journal.reader import JournalReader
from trader_gui.journal.writer import JournalWriter
from trader_gui.orders.reconcile import Belief

T = TypeVar("T")


class JournalTruth:
    """Asks the file that a session writes; all that was recorded before the question is in the answer."""

    def __init__(self, writer: JournalWriter) -> None:
        self._writer = writer

    async def belief(self) -> Belief | None:
        """Return what the disk says; None when it has never seen an account.

        Raises:
            UserError: The journal cannot be written or read.
        """
        await self._writer.flush()
        return await read_belief(self._writer.path)

    async def has_intent(self, client_order_id: str) -> bool:
        """Tell whether the disk holds the intent of an order.

        Raises:
            UserError: As `belief`.
        """
        await self._writer.flush()
        return await _in_thread(self._writer.path, lambda reader: reader.has_intent(client_order_id))


async def read_belief(path: Path) -> Belief | None:
    """Return the journal's last account and open orders; None when it has never seen an account.

    Raises:
        UserError: The journal cannot be read.
    """
    return await _in_thread(path, _read)


async def _in_thread(path: Path, read: Callable[[JournalReader], T]) -> T:
    def work() -> T:
        with JournalReader(path) as reader:
            return read(reader)

    executor = ThreadPoolExecutor(1, thread_name_prefix="journal reader")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, work)
    finally:
        executor.shutdown(wait=False)


def _read(reader: JournalReader) -> Belief | None:
    balances = reader.balances()
    if not balances:
        return None
    return Belief(
        position_amounts={symbol: p.position_amount for symbol, p in reader.positions().items()},
        open_orders=reader.open_orders(),
        wallet_balances={asset: balance.wallet_balance for asset, balance in balances.items()},
        time_ms=reader.account_time_ms(),
    )
